// SPDX-License-Identifier: GPL-2.0
/* The replay window at its edges, and against a model that forgets nothing. */

#include "replay.h"

#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/prandom.h>

/* How far back a counter may lie behind the greatest. */
#define REACH	(NYM_REPLAY_WINDOW_BITS - BITS_PER_LONG)
#define LIMIT	((u64)NYM_REJECT_AFTER_MESSAGES)

static struct nym_replay *new_window(struct kunit *test)
{
	struct nym_replay *replay = kunit_kmalloc(test, sizeof(*replay), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, replay);
	/* nym_replay_init() must not rely on zeroed memory. */
	memset(replay, 0xff, sizeof(*replay));
	nym_replay_init(replay);
	return replay;
}

static bool accept(struct nym_replay *replay, u64 counter)
{
	bool accepted;

	spin_lock_bh(&replay->lock);
	accepted = nym_replay_accept(replay, counter);
	spin_unlock_bh(&replay->lock);
	return accepted;
}

static void each_counter_once(struct kunit *test)
{
	struct nym_replay *replay = new_window(test);
	u64 i;

	for (i = 0; i < 3 * NYM_REPLAY_WINDOW_BITS; i++) {
		KUNIT_ASSERT_TRUE(test, accept(replay, i));
		KUNIT_ASSERT_FALSE(test, accept(replay, i));
	}
}

static void backwards(struct kunit *test)
{
	struct nym_replay *replay = new_window(test);
	u64 top = 100000, i;

	KUNIT_ASSERT_TRUE(test, accept(replay, top));
	for (i = 1; i <= REACH; i++)
		KUNIT_ASSERT_TRUE_MSG(test, accept(replay, top - i), "%llu back", i);
	for (i = REACH + 1; i < 3 * REACH; i++)
		KUNIT_ASSERT_FALSE_MSG(test, accept(replay, top - i), "%llu back", i);
	for (i = 0; i <= REACH; i++)
		KUNIT_ASSERT_FALSE_MSG(test, accept(replay, top - i), "%llu again", i);
}

/* Each length of jump must leave behind exactly the counters that it skipped. */
static void jumps(struct kunit *test)
{
	static const u64 lengths[] = {
		1, 2, BITS_PER_LONG - 1, BITS_PER_LONG, BITS_PER_LONG + 1,
		REACH - 1, REACH, REACH + 1,
		NYM_REPLAY_WINDOW_BITS - 1, NYM_REPLAY_WINDOW_BITS,
		NYM_REPLAY_WINDOW_BITS + 1, 5 * NYM_REPLAY_WINDOW_BITS + 17,
		1ULL << 32, 1ULL << 60,
	};
	unsigned int i, start;
	u64 back;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (start = 0; start < 2 * BITS_PER_LONG; start++) {
			struct nym_replay *replay = new_window(test);
			u64 top = start + lengths[i];

			KUNIT_ASSERT_TRUE(test, accept(replay, start));
			KUNIT_ASSERT_TRUE(test, accept(replay, top));
			for (back = 1; back <= min_t(u64, top, REACH); back++)
				KUNIT_ASSERT_EQ_MSG(test, accept(replay, top - back),
						    top - back != start,
						    "from %u by %llu, %llu back",
						    start, lengths[i], back);
			kunit_kfree(test, replay);
		}
	}
}

static void limit(struct kunit *test)
{
	struct nym_replay *replay = new_window(test);
	u64 i;

	KUNIT_EXPECT_FALSE(test, accept(replay, LIMIT));
	KUNIT_EXPECT_FALSE(test, accept(replay, U64_MAX));
	KUNIT_EXPECT_EQ(test, replay->greatest, 0);
	KUNIT_EXPECT_TRUE(test, accept(replay, LIMIT - 1));
	KUNIT_EXPECT_FALSE(test, accept(replay, LIMIT - 1));
	for (i = 0; i < 2 * NYM_REPLAY_WINDOW_BITS; i++)
		KUNIT_ASSERT_FALSE(test, accept(replay, LIMIT + i));
	for (i = 1; i <= REACH; i++)
		KUNIT_ASSERT_TRUE(test, accept(replay, LIMIT - 1 - i));
	KUNIT_EXPECT_FALSE(test, accept(replay, LIMIT - 1 - i));
	KUNIT_EXPECT_FALSE(test, accept(replay, 0));
}

/**
 * struct model - what a window must accept, by its definition
 * @base:	counter of bit 0
 * @top:	greatest accepted, meaningful where @any
 * @any:	one was accepted
 * @seen:	counters accepted
 */
struct model {
	u64 base;
	u64 top;
	bool any;
	unsigned long *seen;
};

#define MODEL_BITS	0x100000U

static bool model_accept(struct model *model, u64 counter)
{
	if (counter >= LIMIT)
		return false;
	if (model->any && model->top > counter && model->top - counter > REACH)
		return false;
	if (!model->any || counter > model->top)
		model->top = counter;
	model->any = true;
	return !__test_and_set_bit(counter - model->base, model->seen);
}

static u64 next_counter(struct rnd_state *rnd, const struct model *model)
{
	u32 r = prandom_u32_state(rnd);
	u64 near = model->any ? model->top : model->base;
	u64 back = (r >> 8) % (2 * NYM_REPLAY_WINDOW_BITS);

	switch (r % 16) {
	case 0:		/* far ahead */
		return near + (r >> 8) % (3 * NYM_REPLAY_WINDOW_BITS);
	case 1 ... 6:	/* a little ahead, as the network reorders */
		return near + (r >> 8) % 100;
	case 7:		/* about the far edge */
		back = REACH - 2 + (r >> 8) % 5;
		break;
	case 8 ... 11:
		back %= 200;
		break;
	}
	return near - min(back, near - model->base);
}

static void against_model(struct kunit *test, u64 base, u32 seed)
{
	struct nym_replay *replay = new_window(test);
	struct model model = { .base = base };
	struct rnd_state rnd;
	unsigned int i;
	u64 counter;

	model.seen = kunit_kzalloc(test, MODEL_BITS / BITS_PER_BYTE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model.seen);
	prandom_seed_state(&rnd, seed);
	for (i = 0; i < 200000; i++) {
		counter = next_counter(&rnd, &model);
		if (counter - base >= MODEL_BITS)
			break;
		KUNIT_ASSERT_EQ_MSG(test, accept(replay, counter),
				    model_accept(&model, counter),
				    "step %u, counter %llu, top %llu, seed %u", i,
				    counter, model.top, seed);
	}
	KUNIT_EXPECT_GT(test, i, 1000);
	kunit_kfree(test, model.seen);
}

static void random_from_zero(struct kunit *test)
{
	u32 seed;

	for (seed = 1; seed <= 10; seed++)
		against_model(test, 0, seed);
}

static void random_about_the_limit(struct kunit *test)
{
	u32 seed;

	for (seed = 1; seed <= 10; seed++)
		against_model(test, LIMIT - MODEL_BITS / 64, seed);
}

static struct kunit_case replay_cases[] = {
	KUNIT_CASE(each_counter_once),
	KUNIT_CASE(backwards),
	KUNIT_CASE(jumps),
	KUNIT_CASE(limit),
	KUNIT_CASE(random_from_zero),
	KUNIT_CASE(random_about_the_limit),
	{}
};

static struct kunit_suite replay_suite = {
	.name = "nym_replay",
	.test_cases = replay_cases,
};

kunit_test_suite(replay_suite);
