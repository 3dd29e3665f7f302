// SPDX-License-Identifier: GPL-2.0-or-later
#include "prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

unsigned int nym_prefix_bits(uint8_t family)
{
	return family == AF_INET ? 32 : 128;
}

static const uint8_t *address_bytes(const struct nym_prefix *prefix)
{
	return prefix->family == AF_INET ? (const uint8_t *)&prefix->v4 :
					   prefix->v6.s6_addr;
}

static bool parse_length(const char *text, unsigned int most, uint8_t *length)
{
	unsigned int value = 0;

	if (!*text || strlen(text) > 3)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned int)(*text - '0');
	}
	if (value > most)
		return false;
	*length = (uint8_t)value;
	return true;
}

bool nym_prefix_parse(const char *text, struct nym_prefix *prefix)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';

	memset(prefix, 0, sizeof(*prefix));
	prefix->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	prefix->length = (uint8_t)nym_prefix_bits(prefix->family);
	if (inet_pton(prefix->family, address, &prefix->v6) != 1)
		return false;
	return !slash ||
	       parse_length(slash + 1, prefix->length, &prefix->length);
}

const char *nym_prefix_format_address(const struct nym_prefix *prefix,
				      char *buf)
{
	if (!inet_ntop(prefix->family, address_bytes(prefix), buf,
		       INET6_ADDRSTRLEN))
		buf[0] = '\0';
	return buf;
}

const char *nym_prefix_format(const struct nym_prefix *prefix, char *buf)
{
	size_t len;

	nym_prefix_format_address(prefix, buf);
	len = strlen(buf);
	snprintf(buf + len, NYM_PREFIX_STRLEN - len, "/%u", prefix->length);
	return buf;
}

void nym_prefix_mask(struct nym_prefix *prefix)
{
	uint8_t *bytes = prefix->family == AF_INET ? (uint8_t *)&prefix->v4 :
						     prefix->v6.s6_addr;
	unsigned int bits = nym_prefix_bits(prefix->family);
	unsigned int bit;

	for (bit = prefix->length; bit < bits; bit++)
		bytes[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
}

bool nym_prefix_covers(const struct nym_prefix *outer,
		       const struct nym_prefix *inner)
{
	const uint8_t *a = address_bytes(outer), *b = address_bytes(inner);
	unsigned int whole = outer->length / 8, rest = outer->length % 8;

	if (outer->family != inner->family || outer->length > inner->length)
		return false;
	if (memcmp(a, b, whole))
		return false;
	return !rest || !((a[whole] ^ b[whole]) >> (8 - rest));
}

bool nym_prefix_equal(const struct nym_prefix *a, const struct nym_prefix *b)
{
	return a->length == b->length && nym_prefix_covers(a, b);
}
