// SPDX-License-Identifier: GPL-2.0-or-later
/* Base58 with Bitcoin's alphabet: the text form of keys and serials. */
#include <stdbool.h>
#include <string.h>

#include "zknym.h"

static const char alphabet[] =
	"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* One hundred serials. */
#define BYTES_MAX 4800

int zknym_base58_encode(char *out, size_t size, const uint8_t *in, size_t len)
{
	size_t zeros = 0, digits = 0, i, j;

	if (len > BYTES_MAX)
		return ZKNYM_E_RANGE;
	while (zeros < len && !in[zeros])
		zeros++;
	/* Digits, lowest first, stand in out until the end. */
	for (i = zeros; i < len; i++) {
		unsigned int carry = in[i];

		for (j = 0; j < digits; j++) {
			carry += (unsigned int)(uint8_t)out[j] << 8;
			out[j] = (char)(carry % 58);
			carry /= 58;
		}
		for (; carry; carry /= 58) {
			if (digits >= size)
				return ZKNYM_E_RANGE;
			out[digits++] = (char)(carry % 58);
		}
	}
	if (zeros + digits + 1 > size)
		return ZKNYM_E_RANGE;
	for (i = 0; i < zeros; i++)
		out[digits++] = 0;
	for (i = 0; i < digits; i++)
		out[i] = alphabet[(uint8_t)out[i]];
	for (i = 0; i < digits / 2; i++) {
		char swap = out[i];

		out[i] = out[digits - 1 - i];
		out[digits - 1 - i] = swap;
	}
	out[digits] = '\0';
	return ZKNYM_OK;
}

int zknym_base58_decode(uint8_t *out, size_t len, const char *text)
{
	size_t zeros = 0, i, j;

	if (len > BYTES_MAX)
		return ZKNYM_E_RANGE;
	/* The count of leading ones is the count of leading zero bytes. */
	while (text[zeros] == alphabet[0])
		zeros++;
	memset(out, 0, len);
	for (i = zeros; text[i]; i++) {
		const char *digit = strchr(alphabet, text[i]);
		unsigned int carry;

		if (!digit)
			return ZKNYM_E_FORMAT;
		carry = (unsigned int)(digit - alphabet);
		for (j = len; j-- > 0;) {
			carry += 58U * out[j];
			out[j] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry)
			return ZKNYM_E_LENGTH;
	}
	for (i = 0; i < len && !out[i]; i++)
		;
	return i == zeros ? ZKNYM_OK : ZKNYM_E_LENGTH;
}
