/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP prefixes: an address of either family with a length in bits. */
#ifndef NYM_PREFIX_H
#define NYM_PREFIX_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest text: IPv6 address, slash, three digits, terminator. */
#define NYM_PREFIX_STRLEN (INET6_ADDRSTRLEN + 4)

struct nym_prefix {
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t length; /* bits, 0 to 32 or 128 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
};

/* Bits in an address of the family: 32 or 128. */
unsigned int nym_prefix_bits(uint8_t family);

/*
 * Reads "ADDRESS" or "ADDRESS/LENGTH"; without a length the prefix is the
 * single address. Bits behind the length are kept as they are written, since
 * a device's own address has them. False when the text is neither.
 */
bool nym_prefix_parse(const char *text, struct nym_prefix *prefix);

/* Writes "ADDRESS/LENGTH" into buf of NYM_PREFIX_STRLEN bytes, returns buf. */
const char *nym_prefix_format(const struct nym_prefix *prefix, char *buf);

/* Writes the address alone, into a buffer of the same size. */
const char *nym_prefix_format_address(const struct nym_prefix *prefix,
				      char *buf);

/* Clears the bits behind the length. */
void nym_prefix_mask(struct nym_prefix *prefix);

/* True when outer covers every address of inner; bits behind are ignored. */
bool nym_prefix_covers(const struct nym_prefix *outer,
		       const struct nym_prefix *inner);

/* True when both cover the same addresses. */
bool nym_prefix_equal(const struct nym_prefix *a, const struct nym_prefix *b);

#endif
