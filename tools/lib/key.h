/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Curve25519 and preshared keys and their text forms. Conversions take a time
 * that depends on lengths only, never on the key.
 */
#ifndef NYM_KEY_H
#define NYM_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/nym.h>

struct nym_report;

/* Room for the text forms with their closing NUL. */
#define NYM_KEY_BASE64_SIZE 45
#define NYM_KEY_HEX_SIZE 65

void nym_key_to_base64(char text[static NYM_KEY_BASE64_SIZE],
		       const uint8_t key[static NYM_KEY_LEN]);
void nym_key_to_hex(char text[static NYM_KEY_HEX_SIZE],
		    const uint8_t key[static NYM_KEY_LEN]);

/*
 * False when @text is not exactly one key in canonical form; @key is then
 * zeroed.
 */
bool nym_key_from_base64(uint8_t key[static NYM_KEY_LEN], const char *text);
bool nym_key_from_hex(uint8_t key[static NYM_KEY_LEN], const char *text);

bool nym_key_is_zero(const uint8_t key[static NYM_KEY_LEN]);
bool nym_key_equal(const uint8_t a[static NYM_KEY_LEN],
		   const uint8_t b[static NYM_KEY_LEN]);

/* From the kernel's random numbers. A private key comes clamped. */
int nym_key_generate_private(uint8_t key[static NYM_KEY_LEN],
			     struct nym_report *report);
int nym_key_generate_preshared(uint8_t key[static NYM_KEY_LEN],
			       struct nym_report *report);

/* Fixes the five bits that Curve25519 fixes in each private key. */
void nym_key_clamp(uint8_t key[static NYM_KEY_LEN]);

/* @public_key and @private_key may be the same array. */
void nym_key_derive_public(uint8_t public_key[static NYM_KEY_LEN],
			   const uint8_t private_key[static NYM_KEY_LEN]);

/*
 * Reads the one base64 key that @path holds, which may be a pipe. An empty
 * file, as /dev/null, gives the zero key, which removes a key from a device.
 */
int nym_key_read_file(uint8_t key[static NYM_KEY_LEN], const char *path,
		      struct nym_report *report);

/* The same from an open file, which may not be empty; @name is for reasons. */
int nym_key_read_fd(uint8_t key[static NYM_KEY_LEN], int fd, const char *name,
		    struct nym_report *report);

#endif
