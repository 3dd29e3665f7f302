// SPDX-License-Identifier: GPL-2.0
/* What the driver seals and opens a train at a time is what the library's own AEAD
 * seals and opens.
 */
#include "aead.h"
#include <kunit/test.h>
#include <linux/prandom.h>
#include <uapi/linux/nym.h>

#define MAX_LEN		1500
#define TRAIN		40

/**
 * struct bench - what messages are made with
 * @aead:	of one layer; has this CPU, with BH disabled
 * @random:	seeded
 * @keys:	two transport keys
 * @plain:	plaintext
 * @sealed:	by the library
 * @work:	by the driver
 */
struct bench {
	struct nym_aead *aead;
	struct rnd_state random;
	u8 keys[2][NYM_SYMMETRIC_KEY_SIZE];
	u8 plain[MAX_LEN];
	u8 sealed[MAX_LEN + NYM_TAG_SIZE];
	u8 work[MAX_LEN + NYM_TAG_SIZE];
};

static struct bench *begin(struct kunit *test, u64 seed)
{
	struct bench *bench = kunit_kzalloc(test, sizeof(*bench), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bench);
	prandom_seed_state(&bench->random, seed);
	prandom_bytes_state(&bench->random, bench->keys, sizeof(bench->keys));
	local_bh_disable();
	bench->aead = nym_aead_get();
	return bench;
}

static void end(struct bench *bench)
{
	nym_aead_put(bench->aead);
	local_bh_enable();
}

/* A message of @len bytes under a key, by both, there and back. */
static void both_ways(struct kunit *test, struct bench *bench, unsigned int key,
		      unsigned int len, u64 counter, unsigned int more)
{
	prandom_bytes_state(&bench->random, bench->plain, len);
	chacha20poly1305_encrypt(bench->sealed, bench->plain, len, NULL, 0, counter,
				 bench->keys[key]);
	nym_aead_use(bench->aead, bench->keys[key]);
	memcpy(bench->work, bench->plain, len);
	nym_aead_seal(bench->aead, bench->work, len, counter, more);
	KUNIT_EXPECT_EQ_MSG(test, 0, memcmp(bench->work, bench->sealed,
					    len + NYM_TAG_SIZE),
			    "%u bytes, counter %llu, sealed", len, counter);
	memset(bench->work, 0, len);
	KUNIT_EXPECT_TRUE_MSG(test, nym_aead_open(bench->aead, bench->work,
						  bench->sealed, len, counter,
						  more),
			      "%u bytes, counter %llu, opened", len, counter);
	KUNIT_EXPECT_EQ_MSG(test, 0, memcmp(bench->work, bench->plain, len),
			    "%u bytes, counter %llu, plaintext", len, counter);
}

static void messages_of_all_lengths(struct kunit *test)
{
	struct bench *bench = begin(test, 1);
	unsigned int len;

	for (len = 0; len <= 130; ++len)
		both_ways(test, bench, 0, len, len, 0);
	for (len = MAX_LEN - 130; len <= MAX_LEN; ++len)
		both_ways(test, bench, 0, len, len, 0);
	end(bench);
}

/* A train, its counters from @counter on. */
static void train(struct kunit *test, u64 counter)
{
	struct bench *bench = begin(test, counter);
	unsigned int i;

	for (i = 0; i < TRAIN; ++i)
		both_ways(test, bench, 0, 64, counter + i, TRAIN - 1 - i);
	end(bench);
}

static void trains_share_their_keys(struct kunit *test)
{
	train(test, 0);
	train(test, 12345);
	train(test, BIT_ULL(60));
}

/* The library counts in one word. */
static void counters_pass_32_bits(struct kunit *test)
{
	unsigned int before;

	for (before = 0; before <= 2 * NYM_AEAD_BATCH; ++before)
		train(test, BIT_ULL(32) - before);
	train(test, 7 * BIT_ULL(32) - 3);
}

static void messages_come_in_any_order(struct kunit *test)
{
	struct bench *bench = begin(test, 2);
	u64 counter = 1000;
	unsigned int i;

	for (i = 0; i < 1000; ++i) {
		u32 random = prandom_u32_state(&bench->random);

		switch (random % 8) {
		case 0:
			counter -= random / 8 % 20;
			break;
		case 1:
			counter += random / 8 % 20;
			break;
		case 2:
			counter = ((u64)prandom_u32_state(&bench->random) << 32) |
				  random;
			break;
		default:
			++counter;
		}
		both_ways(test, bench, 0, random / 256 % 100, counter,
			  random / 8 % 12);
	}
	end(bench);
}

static void layers_change_keys(struct kunit *test)
{
	struct bench *bench = begin(test, 3);
	unsigned int i;

	for (i = 0; i < 200; ++i)
		both_ways(test, bench, prandom_u32_state(&bench->random) % 2, 48,
			  i / 2, 10);
	end(bench);
}

/* Opens a message with one bit wrong. */
static void open_with_error(struct kunit *test, struct bench *bench,
			    unsigned int len, unsigned int bit)
{
	u8 *wrong = &bench->sealed[bit / BITS_PER_BYTE];
	bool opened;

	*wrong ^= BIT(bit % BITS_PER_BYTE);
	memset(bench->work, 0x5a, len);
	opened = nym_aead_open(bench->aead, bench->work, bench->sealed, len, 9, 0);
	*wrong ^= BIT(bit % BITS_PER_BYTE);
	KUNIT_EXPECT_FALSE_MSG(test, opened, "bit %u of %u bytes", bit, len);
	KUNIT_EXPECT_NULL_MSG(test, memchr_inv(bench->work, 0x5a, len),
			      "written to, bit %u of %u bytes", bit, len);
}

static void no_bit_may_be_wrong(struct kunit *test)
{
	static const unsigned int lens[] = { 0, 1, 16, 61 };
	struct bench *bench = begin(test, 4);
	unsigned int i, bit;

	nym_aead_use(bench->aead, bench->keys[0]);
	for (i = 0; i < ARRAY_SIZE(lens); ++i) {
		chacha20poly1305_encrypt(bench->sealed, bench->plain, lens[i], NULL,
					 0, 9, bench->keys[0]);
		for (bit = 0; bit < nym_sealed_size(lens[i]) * BITS_PER_BYTE; ++bit)
			open_with_error(test, bench, lens[i], bit);
	}
	end(bench);
}

static void other_keys_and_counters_do_not_open(struct kunit *test)
{
	struct bench *bench = begin(test, 5);

	chacha20poly1305_encrypt(bench->sealed, bench->plain, 64, NULL, 0, 9,
				 bench->keys[0]);
	nym_aead_use(bench->aead, bench->keys[0]);
	KUNIT_EXPECT_FALSE(test, nym_aead_open(bench->aead, bench->work,
					       bench->sealed, 64, 8, 7));
	KUNIT_EXPECT_FALSE(test, nym_aead_open(bench->aead, bench->work,
					       bench->sealed, 64,
					       9 + BIT_ULL(32), 7));
	KUNIT_EXPECT_TRUE(test, nym_aead_open(bench->aead, bench->work,
					      bench->sealed, 64, 9, 7));
	nym_aead_use(bench->aead, bench->keys[1]);
	KUNIT_EXPECT_FALSE(test, nym_aead_open(bench->aead, bench->work,
					       bench->sealed, 64, 9, 7));
	end(bench);
}

static void nothing_is_left_behind(struct kunit *test)
{
	struct bench *bench = begin(test, 6);
	unsigned int layer;

	for (layer = 0; layer < NYM_MAX_HOPS; layer += 2) {
		nym_aead_use(&bench->aead[layer], bench->keys[0]);
		nym_aead_seal(&bench->aead[layer], bench->work, 64, 9, 7);
	}
	nym_aead_put(bench->aead);
	KUNIT_EXPECT_NULL(test, memchr_inv(bench->aead, 0,
					   NYM_MAX_HOPS * sizeof(*bench->aead)));
	bench->aead = nym_aead_get();
	end(bench);
}

static struct kunit_case aead_cases[] = {
	KUNIT_CASE(messages_of_all_lengths),
	KUNIT_CASE(trains_share_their_keys),
	KUNIT_CASE(counters_pass_32_bits),
	KUNIT_CASE(messages_come_in_any_order),
	KUNIT_CASE(layers_change_keys),
	KUNIT_CASE(no_bit_may_be_wrong),
	KUNIT_CASE(other_keys_and_counters_do_not_open),
	KUNIT_CASE(nothing_is_left_behind),
	{}
};

static struct kunit_suite aead_suite = {
	.name = "nym_aead",
	.test_cases = aead_cases,
};

kunit_test_suite(aead_suite);
