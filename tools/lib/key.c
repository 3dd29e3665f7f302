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

/*
 * The character for six bits. By arithmetic alone, as a key must not tell by the
 * time that it takes: each term is a step between two ranges of characters, or 0.
 */
static inline char base64_character(uint32_t bits)
{
	int32_t value = (int32_t)(bits & 63);

	return (char)('A' + value + (((25 - value) >> 8) & ('a' - 'Z' - 1)) -
		      (((51 - value) >> 8) & ('z' - '0' + 1)) -
		      (((61 - value) >> 8) & ('9' - '+' + 1)) +
		      (((62 - value) >> 8) & ('/' - '+' - 1)));
}

/* libsodium's does the same in four times as many instructions. */
void nym_key_to_base64(char text[static NYM_KEY_BASE64_SIZE],
		       const uint8_t key[static NYM_KEY_LEN])
{
	uint32_t bits;
	size_t i;

	for (i = 0; i + 3 <= NYM_KEY_LEN; i += 3) {
		bits = (uint32_t)key[i] << 16 | (uint32_t)key[i + 1] << 8 |
		       key[i + 2];
		*text++ = base64_character(bits >> 18);
		*text++ = base64_character(bits >> 12);
		*text++ = base64_character(bits >> 6);
		*text++ = base64_character(bits);
	}
	/* Two bytes are left of 32. */
	bits = (uint32_t)key[i] << 8 | key[i + 1];
	*text++ = base64_character(bits >> 10);
	*text++ = base64_character(bits >> 4);
	*text++ = base64_character(bits << 2);
	*text++ = '=';
	*text = '\0';
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

/* All of it is looked at, whatever is in it. */
bool nym_key_is_zero(const uint8_t key[static NYM_KEY_LEN])
{
	uint64_t words[NYM_KEY_LEN / sizeof(uint64_t)];

	memcpy(words, key, sizeof(words));
	return !(words[0] | words[1] | words[2] | words[3]);
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
