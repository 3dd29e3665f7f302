// SPDX-License-Identifier: GPL-2.0
/*
 * RFC 6479: the bitmap is a ring of words. Moving the window ahead clears the
 * words that it enters and shifts nothing.
 */

#include "replay.h"

#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/string.h>

void nym_replay_init(struct nym_replay *replay)
{
	spin_lock_init(&replay->lock);
	replay->greatest = 0;
	memset(replay->bitmap, 0, sizeof(replay->bitmap));
}

static void clear_words_between(struct nym_replay *replay, u64 from, u64 to)
{
	const u64 ring = ARRAY_SIZE(replay->bitmap);
	u64 first = from / BITS_PER_LONG + 1;
	u64 count = min(to / BITS_PER_LONG - from / BITS_PER_LONG, ring);

	for (; count; count--, first++)
		replay->bitmap[first & (ring - 1)] = 0;
}

bool nym_replay_accept(struct nym_replay *replay, u64 counter)
{
	const u64 window = NYM_REPLAY_WINDOW_BITS - BITS_PER_LONG;

	BUILD_BUG_ON_NOT_POWER_OF_2(NYM_REPLAY_WINDOW_BITS);

	if (counter >= NYM_REJECT_AFTER_MESSAGES)
		return false;
	if (counter >= replay->greatest) {
		u64 before = replay->greatest ? replay->greatest - 1 : 0;

		clear_words_between(replay, before, counter);
		replay->greatest = counter + 1;
	} else if (replay->greatest - 1 - counter > window) {
		return false;
	}
	return !__test_and_set_bit(counter & (NYM_REPLAY_WINDOW_BITS - 1),
				   replay->bitmap);
}
