// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static void bail(const char *what, const char *name)
{
	printf("Bail out! vectors: %s: %s\n", name, what);
	exit(EXIT_FAILURE);
}

json_t *vector_file(const char *name)
{
	const char *folder = getenv("NYM_VECTORS");
	json_error_t error;
	char path[4096];
	json_t *file;

	if (!folder)
		bail("NYM_VECTORS names no folder", name);
	snprintf(path, sizeof(path), "%s/%s.json", folder, name);
	file = json_load_file(path, 0, &error);
	if (!file)
		bail(error.text, path);
	return file;
}

const json_t *member(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		bail("missing", key);
	return value;
}

const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(member(object, key));

	if (!value)
		bail("not a text", key);
	return value;
}

uint64_t number(const json_t *object, const char *key)
{
	const json_t *value = member(object, key);

	if (!json_is_integer(value))
		bail("not a number", key);
	return (uint64_t)json_integer_value(value);
}

size_t hex_value(const json_t *value, uint8_t *out, size_t size)
{
	const char *digits = json_string_value(value);
	size_t len, i;

	if (!digits || strlen(digits) % 2)
		bail("not hexadecimal", "value");
	len = strlen(digits) / 2;
	if (len > size)
		bail("too long", digits);
	for (i = 0; i < len; i++) {
		unsigned int byte;

		if (sscanf(digits + 2 * i, "%2x", &byte) != 1)
			bail("not hexadecimal", digits);
		out[i] = (uint8_t)byte;
	}
	return len;
}

size_t hex(const json_t *object, const char *key, uint8_t *out, size_t size)
{
	return hex_value(member(object, key), out, size);
}
