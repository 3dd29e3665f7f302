// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <stdlib.h>
#include <string.h>

#include "prefix.h"

static void reads_and_writes(void)
{
	static const char *const texts[][2] = {
		{ "10.0.0.2/24", "10.0.0.2/24" },
		{ "10.0.0.2", "10.0.0.2/32" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "fd00::2/64", "fd00::2/64" },
		{ "fd00::2", "fd00::2/128" },
		{ "::/0", "::/0" },
		{ "::ffff:1.2.3.4", "::ffff:1.2.3.4/128" },
	};
	char text[NYM_PREFIX_STRLEN];
	struct nym_prefix prefix;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		expect(nym_prefix_parse(texts[i][0], &prefix));
		expect_text(texts[i][1], nym_prefix_format(&prefix, text));
	}
}

static void refuses_what_is_no_prefix(void)
{
	static const char *const texts[] = {
		"",
		"/",
		"/8",
		"10.0.0.2/",
		"10.0.0.2/33",
		"10.0.0.2/-1",
		"10.0.0.2/+1",
		"10.0.0.2/1x",
		"10.0.0",
		"10.0.0.256",
		"fd00::2/129",
		"fd00:::2",
		"localhost",
		"10.0.0.2/24/24",
		"10.0.0.2 ",
		"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8",
	};
	struct nym_prefix prefix;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect(!nym_prefix_parse(texts[i], &prefix));
}

static bool covers(const char *outer, const char *inner)
{
	struct nym_prefix a, b;

	expect(nym_prefix_parse(outer, &a));
	expect(nym_prefix_parse(inner, &b));
	return nym_prefix_covers(&a, &b);
}

static void covers_what_is_inside(void)
{
	expect(covers("0.0.0.0/0", "255.255.255.255"));
	expect(covers("10.1.2.3/24", "10.1.2.0/24"));
	expect(covers("10.1.2.128/25", "10.1.2.200"));
	expect(!covers("10.1.2.128/25", "10.1.2.127"));
	expect(!covers("10.1.2.0/25", "10.1.2.0/24"));
	expect(covers("fd00::/63", "fd00:0:0:1::/64"));
	expect(!covers("fd00::/63", "fd00:0:0:2::/64"));
	expect(!covers("::/0", "10.0.0.0/8"));
	expect(covers("1.2.3.4", "1.2.3.4"));
}

/* Against a comparison bit by bit. */
static void agrees_with_naive_masks(void)
{
	struct nym_prefix a = { 0 }, b;
	unsigned int round, bit, i;
	bool same;

	srand(2);
	for (round = 0; round < 20000; round++) {
		a.family = round & 1 ? AF_INET : AF_INET6;
		for (i = 0; i < 16; i++)
			a.v6.s6_addr[i] = (uint8_t)(rand() & 3);
		a.length = (uint8_t)((unsigned int)rand() %
				     (nym_prefix_bits(a.family) + 1));
		b = a;
		b.length = (uint8_t)nym_prefix_bits(b.family);
		bit = (unsigned int)rand() % nym_prefix_bits(b.family);
		b.v6.s6_addr[bit / 8] ^= (uint8_t)(0x80 >> (bit % 8));
		same = bit >= a.length;
		expect(nym_prefix_covers(&a, &b) == same);

		nym_prefix_mask(&a);
		b.length = a.length;
		nym_prefix_mask(&b);
		expect(!memcmp(&a.v6, &b.v6, nym_prefix_bits(a.family) / 8) ==
		       same);
		expect(nym_prefix_equal(&a, &b) == same);
	}
}

static const struct ktap_case cases[] = {
	{ "prefixes are read and written", reads_and_writes },
	{ "what is no prefix is refused", refuses_what_is_no_prefix },
	{ "a prefix covers what is inside", covers_what_is_inside },
	{ "masks agree with naive ones", agrees_with_naive_masks },
};

KTAP_MAIN(cases)
