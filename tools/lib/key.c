// SPDX-License-Identifier: GPL-2.0-or-later
#include "key.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "report.h"

/* A key file holds one line; what is longer is some other file. */
#define KEY_FILE_MAX 4096

void nym_key_to_base64(char text[static NYM_KEY_BASE64_SIZE],
		       const uint8_t key[static NYM_KEY_LEN])
{
	sodium_bin2base64(text, NYM_KEY_BASE64_SIZE, key, NYM_KEY_LEN,
			  sodium_base64_VARIANT_ORIGINAL);
}

void nym_key_to_hex(char text[static NYM_KEY_HEX_SIZE],
		    const uint8_t key[static NYM_KEY_LEN])
{
	sodium_bin2hex(text, NYM_KEY_HEX_SIZE, key, NYM_KEY_LEN);
}

/*
 * libsodium takes some bytes beyond ASCII for digits, so what was read is right
 * only if it is written the same.
 */
bool nym_key_from_base64(uint8_t key[static NYM_KEY_LEN], const char *text)
{
	char again[NYM_KEY_BASE64_SIZE];
	bool same = false;
	size_t len;

	if (strlen(text) == NYM_KEY_BASE64_SIZE - 1 &&
	    !sodium_base642bin(key, NYM_KEY_LEN, text, NYM_KEY_BASE64_SIZE - 1,
			       NULL, &len, NULL,
			       sodium_base64_VARIANT_ORIGINAL) &&
	    len == NYM_KEY_LEN) {
		nym_key_to_base64(again, key);
		same = !sodium_memcmp(again, text, NYM_KEY_BASE64_SIZE - 1);
		sodium_memzero(again, sizeof(again));
	}
	if (!same)
		sodium_memzero(key, NYM_KEY_LEN);
	return same;
}

bool nym_key_from_hex(uint8_t key[static NYM_KEY_LEN], const char *text)
{
	size_t len;

	if (strlen(text) == NYM_KEY_HEX_SIZE - 1 &&
	    !sodium_hex2bin(key, NYM_KEY_LEN, text, NYM_KEY_HEX_SIZE - 1, NULL,
			    &len, NULL) &&
	    len == NYM_KEY_LEN)
		return true;
	sodium_memzero(key, NYM_KEY_LEN);
	return false;
}

bool nym_key_is_zero(const uint8_t key[static NYM_KEY_LEN])
{
	return sodium_is_zero(key, NYM_KEY_LEN);
}

bool nym_key_equal(const uint8_t a[static NYM_KEY_LEN],
		   const uint8_t b[static NYM_KEY_LEN])
{
	return !sodium_memcmp(a, b, NYM_KEY_LEN);
}

int nym_key_generate_preshared(uint8_t key[static NYM_KEY_LEN],
			       struct nym_report *report)
{
	if (sodium_init() < 0)
		return nym_fail(report,
				"The random number generator of libsodium did not start");
	randombytes_buf(key, NYM_KEY_LEN);
	return 0;
}

void nym_key_clamp(uint8_t key[static NYM_KEY_LEN])
{
	key[0] &= 0xf8;
	key[NYM_KEY_LEN - 1] = (key[NYM_KEY_LEN - 1] & 0x7f) | 0x40;
}

int nym_key_generate_private(uint8_t key[static NYM_KEY_LEN],
			     struct nym_report *report)
{
	if (nym_key_generate_preshared(key, report))
		return -1;
	nym_key_clamp(key);
	return 0;
}

void nym_key_derive_public(uint8_t public_key[static NYM_KEY_LEN],
			   const uint8_t private_key[static NYM_KEY_LEN])
{
	uint8_t result[NYM_KEY_LEN];

	crypto_scalarmult_base(result, private_key);
	memcpy(public_key, result, NYM_KEY_LEN);
}

static int read_text(uint8_t key[static NYM_KEY_LEN], struct nym_file *file,
		     const char *name, struct nym_report *report)
{
	size_t len = file->len;

	while (len && isspace((unsigned char)file->text[len - 1]))
		--len;
	file->text[len] = '\0';
	if (strlen(file->text) == len && nym_key_from_base64(key, file->text))
		return 0;
	return nym_fail(report,
			"%s does not hold exactly one key of 44 base64 characters, as 'nymctl genkey' prints",
			name);
}

int nym_key_read_fd(uint8_t key[static NYM_KEY_LEN], int fd, const char *name,
		    struct nym_report *report)
{
	struct nym_file file;
	int ret;

	memset(key, 0, NYM_KEY_LEN);
	if (nym_file_read_fd(&file, fd, name, KEY_FILE_MAX, report))
		return -1;
	ret = read_text(key, &file, name, report);
	nym_file_free(&file);
	return ret;
}

int nym_key_read_file(uint8_t key[static NYM_KEY_LEN], const char *path,
		      struct nym_report *report)
{
	struct nym_file file;
	int ret = 0;

	memset(key, 0, NYM_KEY_LEN);
	if (nym_file_read(&file, path, KEY_FILE_MAX, report))
		return -1;
	if (file.len)
		ret = read_text(key, &file, path, report);
	nym_file_free(&file);
	return ret;
}
