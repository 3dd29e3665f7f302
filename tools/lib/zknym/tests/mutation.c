// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every truncation, every extension by up to 64 bytes, and a million mutations
 * of all encodings together (of each, with ZKNYM_LONG=1) are refused, or
 * decode to something that encodes to exactly the same bytes.
 *
 * "mutation corpus DIR" writes the unmutated encodings to DIR/NAME/valid.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "decoders.h"
#include "known_points.h"
#include "ktap.h"

static const uint8_t order_of_group[32] = {
	0x01, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xfe, 0x5b, 0xfe,
	0xff, 0x02, 0xa4, 0xbd, 0x53, 0x05, 0xd8, 0xa1, 0x09, 0x08, 0xd8,
	0x39, 0x33, 0x48, 0x7d, 0x9d, 0x29, 0x53, 0xa7, 0xed, 0x73,
};

/* x of a point on the curve, but outside the subgroup, as in the vectors. */
static const uint8_t outside[48] = { [0] = 0x80, [46] = 0x42, [47] = 0x01 };
static const uint8_t infinity[96] = { [0] = 0xc0 };

struct mutant {
	uint8_t bytes[ENCODING_MAX + 64];
	size_t len;
};

static void overwrite(struct mutant *m, size_t at, const uint8_t *bytes,
		      size_t len)
{
	if (at + len <= m->len)
		memcpy(m->bytes + at, bytes, len);
}

/* A chunk of the encoding to another place of it. */
static void transplant(struct mutant *m, struct generator *g)
{
	size_t len = 1 + generator_below(g, 100), from, to;

	if (len >= m->len)
		return;
	from = generator_below(g, m->len - len);
	to = generator_below(g, m->len - len);
	memmove(m->bytes + to, m->bytes + from, len);
}

static void mutate_once(struct mutant *m, struct generator *g)
{
	size_t at = generator_below(g, m->len ? m->len : 1);
	uint8_t noise[96];

	switch (generator_below(g, 12)) {
	case 0:
	case 1:
	case 2:
		m->bytes[at] ^= (uint8_t)(1 << generator_below(g, 8));
		break;
	case 3:
		m->bytes[at] = (uint8_t)generator_next(g);
		break;
	case 4:
		/* Small numbers, where counts and lengths stand. */
		m->bytes[at] = (uint8_t)generator_below(g, 4);
		break;
	case 5:
		m->bytes[at] = (uint8_t)(248 + generator_below(g, 8));
		break;
	case 6:
		overwrite(m, at, order_of_group, sizeof(order_of_group));
		break;
	case 7:
		overwrite(m, at, infinity, 48 << generator_below(g, 2));
		break;
	case 8:
		overwrite(m, at, outside, sizeof(outside));
		break;
	case 9:
		generator_fill(g, noise, sizeof(noise));
		overwrite(m, at, noise, 1 + generator_below(g, sizeof(noise)));
		break;
	case 10:
		transplant(m, g);
		break;
	default:
		/* A byte less or more somewhere inside. */
		if (m->len && generator_below(g, 2)) {
			memmove(m->bytes + at, m->bytes + at + 1,
				--m->len - at);
		} else if (m->len < sizeof(m->bytes)) {
			memmove(m->bytes + at + 1, m->bytes + at,
				m->len++ - at);
			m->bytes[at] = (uint8_t)generator_next(g);
		}
	}
}

static size_t accepted, refused;

/* In memory of its exact size, so that the sanitizer sees each byte read. */
static void try(const struct encoding *e, const uint8_t *bytes, size_t len)
{
	uint8_t out[ENCODING_MAX], *in = malloc(len ? len : 1);
	size_t out_len = 0;
	int err;

	if (!in)
		abort();
	memcpy(in, bytes, len);
	err = e->recode(in, len, out, &out_len);
	if (err) {
		refused++;
	} else {
		accepted++;
		if (out_len != len || memcmp(out, bytes, len))
			ktap_fail(__FILE__, __LINE__,
				  "%s: accepted, but encodes differently",
				  e->name);
	}
	free(in);
}

static void check_lengths(const struct encoding *e, struct generator *g)
{
	uint8_t bytes[ENCODING_MAX + 64];
	size_t len;

	memcpy(bytes, e->sample, e->len);
	generator_fill(g, bytes + e->len, 64);
	for (len = 0; len <= e->len + 64; len++) {
		size_t before = accepted;

		try(e, bytes, len);
		/*
		 * One form of a wallet begins with the other; a number in
		 * base 58 may be as many bytes with a digit less.
		 */
		if (strncmp(e->name, "wallet", 6) && strcmp(e->name, "base58"))
			EXPECT((accepted != before) == (len == e->len));
	}
}

static void check_encoding(const struct encoding *e)
{
	unsigned long mutations = long_tests() ? 1000000 : e->mutations, i;
	struct generator g = { e->len };
	unsigned int more;
	struct mutant m;

	ktap_begin();
	accepted = 0;
	refused = 0;
	known_points_start();
	try(e, e->sample, e->len);
	known_points_stop();
	EXPECT(accepted == 1);
	check_lengths(e, &g);
	for (i = 0; i < mutations; i++) {
		memcpy(m.bytes, e->sample, e->len);
		m.len = e->len;
		/* One mutation mostly, up to four. */
		for (more = 1; more;
		     more = more < 4 && generator_below(&g, 4) == 0 ? more + 1 :
								      0)
			mutate_once(&m, &g);
		try(e, m.bytes, m.len);
	}
	EXPECT(refused > mutations / 20);
	ktap_end("%s: %lu mutations, %zu refused, %zu encode the same again",
		 e->name, mutations, refused, accepted);
}

static int write_corpus(const char *folder)
{
	char path[4096];
	size_t i;

	for (i = 0; i < encodings_count; i++) {
		const struct encoding *e = &encodings[i];
		FILE *file;

		/* Both forms of a wallet have one decoder. */
		bool wallet = !strcmp(e->name, "wallet-signatures");
		const char *name = wallet ? "wallet" : e->name;

		snprintf(path, sizeof(path), "%s/%s", folder, name);
		mkdir(path, 0777); /* may exist */
		snprintf(path, sizeof(path), "%s/%s/%s", folder, name,
			 wallet ? "signatures" : "valid");
		file = fopen(path, "wb");
		if (!file || fwrite(e->sample, e->len, 1, file) != 1 ||
		    fclose(file)) {
			perror(path);
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	unsigned long share = 0, shares = 1;
	size_t i;

	encodings_init();
	if (argc == 3 && !strcmp(argv[1], "corpus"))
		return write_corpus(argv[2]);
	/* "mutation 1 2" is the second half: two runs use two cores. */
	if (argc == 3) {
		share = strtoul(argv[1], NULL, 10);
		shares = strtoul(argv[2], NULL, 10);
	}
	ktap_header();
	for (i = 0; i < encodings_count; i++)
		if (shares && i % shares == share)
			check_encoding(&encodings[i]);
	return ktap_finish();
}
