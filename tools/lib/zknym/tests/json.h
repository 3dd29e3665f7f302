/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading vector files. Whatever is missing or of another kind than expected
 * ends the test program: a vector must not be passed over in silence.
 */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/* NYM_VECTORS/name.json; to be released by json_decref(). */
json_t *vector_file(const char *name);

const json_t *member(const json_t *object, const char *key);
const char *text(const json_t *object, const char *key);
uint64_t number(const json_t *object, const char *key);

/* A value, or a member, in hexadecimal; the buffer belongs to the caller. */
size_t hex_value(const json_t *value, uint8_t *out, size_t size);
size_t hex(const json_t *object, const char *key, uint8_t *out, size_t size);

#endif
