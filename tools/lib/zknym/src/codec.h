/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers in bytes, and the elements that bincode frames with their length
 * (ZKN 0). Positions are checked by the callers, who know the layout.
 */
#ifndef ZN_CODEC_H
#define ZN_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "zknym.h"

void zn_put_le64(uint8_t *out, uint64_t value);
uint64_t zn_get_le64(const uint8_t *in);
void zn_put_be32(uint8_t *out, uint32_t value);
uint32_t zn_get_be32(const uint8_t *in);
void zn_put_be64(uint8_t *out, uint64_t value);
uint64_t zn_get_be64(const uint8_t *in);

/* Length of an element with its length byte. */
#define ZN_LP_G1 (1 + ZKNYM_G1_SIZE)
#define ZN_LP_G2 (1 + ZKNYM_G2_SIZE)
#define ZN_LP_SCALAR (1 + ZKNYM_SCALAR_SIZE)

/* Bytes to read, or to write into. */
struct zn_reader {
	const uint8_t *at;
	size_t left;
};

struct zn_writer {
	uint8_t *at;
	size_t left;
};

/* E_LENGTH where bytes are missing, E_FORMAT for more bytes than needed. */
int zn_read_varint(struct zn_reader *in, uint64_t *value);
int zn_read_byte(struct zn_reader *in, uint8_t *value);
int zn_read_bytes(struct zn_reader *in, uint8_t *out, size_t len);

/* E_RANGE where there is no room. */
int zn_write_varint(struct zn_writer *out, uint64_t value);
int zn_write_bytes(struct zn_writer *out, const uint8_t *in, size_t len);

#endif
