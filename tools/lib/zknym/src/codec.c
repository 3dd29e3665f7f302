// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "codec.h"

static void put_be(uint8_t *out, uint64_t value, size_t len)
{
	while (len--) {
		out[len] = (uint8_t)value;
		value >>= 8;
	}
}

static uint64_t get_be(const uint8_t *in, size_t len)
{
	uint64_t value = 0;

	while (len--)
		value = value << 8 | *in++;
	return value;
}

void zn_put_le64(uint8_t *out, uint64_t value)
{
	int i;

	for (i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

uint64_t zn_get_le64(const uint8_t *in)
{
	uint64_t value = 0;
	int i;

	for (i = 8; i-- > 0;)
		value = value << 8 | in[i];
	return value;
}

void zn_put_be32(uint8_t *out, uint32_t value)
{
	put_be(out, value, 4);
}

uint32_t zn_get_be32(const uint8_t *in)
{
	return (uint32_t)get_be(in, 4);
}

void zn_put_be64(uint8_t *out, uint64_t value)
{
	put_be(out, value, 8);
}

uint64_t zn_get_be64(const uint8_t *in)
{
	return get_be(in, 8);
}

/* A first byte from here on says how many bytes follow: 2, 4 or 8. */
#define VARINT_U16 251
#define VARINT_U32 252
#define VARINT_U64 253

int zn_read_varint(struct zn_reader *in, uint64_t *value)
{
	static const uint64_t least[] = { VARINT_U16, 1 << 16, 1ULL << 32 };
	size_t bytes;
	uint8_t head;
	int err;

	err = zn_read_byte(in, &head);
	if (err)
		return err;
	if (head < VARINT_U16) {
		*value = head;
		return ZKNYM_OK;
	}
	if (head > VARINT_U64)
		return ZKNYM_E_FORMAT;
	bytes = (size_t)2 << (head - VARINT_U16);
	if (in->left < bytes)
		return ZKNYM_E_LENGTH;
	*value = get_be(in->at, bytes);
	in->at += bytes;
	in->left -= bytes;
	return *value < least[head - VARINT_U16] ? ZKNYM_E_FORMAT : ZKNYM_OK;
}

int zn_read_byte(struct zn_reader *in, uint8_t *value)
{
	return zn_read_bytes(in, value, 1);
}

int zn_read_bytes(struct zn_reader *in, uint8_t *out, size_t len)
{
	if (in->left < len)
		return ZKNYM_E_LENGTH;
	memcpy(out, in->at, len);
	in->at += len;
	in->left -= len;
	return ZKNYM_OK;
}

int zn_write_varint(struct zn_writer *out, uint64_t value)
{
	uint8_t bytes[9];
	size_t len;

	if (value < VARINT_U16) {
		bytes[0] = (uint8_t)value;
		len = 0;
	} else if (value <= UINT16_MAX) {
		bytes[0] = VARINT_U16;
		len = 2;
	} else if (value <= UINT32_MAX) {
		bytes[0] = VARINT_U32;
		len = 4;
	} else {
		bytes[0] = VARINT_U64;
		len = 8;
	}
	put_be(bytes + 1, value, len);
	return zn_write_bytes(out, bytes, 1 + len);
}

int zn_write_bytes(struct zn_writer *out, const uint8_t *in, size_t len)
{
	if (out->left < len)
		return ZKNYM_E_RANGE;
	memcpy(out->at, in, len);
	out->at += len;
	out->left -= len;
	return ZKNYM_OK;
}
