/* SPDX-License-Identifier: GPL-2.0 */
/* The sliding window that refuses replayed counters (RFC 6479). */
#ifndef _NYM_REPLAY_H
#define _NYM_REPLAY_H

#include "messages.h"
#include <linux/spinlock.h>

/**
 * struct nym_replay - received counters of one receiving key
 * @lock:	taken with BH disabled, around nym_replay_accept(); callers that
 *		have a train of counters take it once for all of them
 * @greatest:	one more than the greatest counter accepted; 0 before the first
 * @bitmap:	ring of NYM_REPLAY_WINDOW_BITS seen bits, cleared a word at a
 *		time. The word of @greatest may just have been cleared, so the
 *		window reaches back NYM_REPLAY_WINDOW_BITS - BITS_PER_LONG
 */
struct nym_replay {
	spinlock_t lock;	/* greatest, bitmap */
	u64 greatest;
	unsigned long bitmap[NYM_REPLAY_WINDOW_BITS / BITS_PER_LONG];
};

/**
 * nym_replay_init() - start with nothing seen
 * @replay: memory that may hold anything
 */
void nym_replay_init(struct nym_replay *replay);

/**
 * nym_replay_accept() - judge a counter and remember it
 * @replay:	the window; the caller holds its lock
 * @counter:	counter of a message that has been authenticated
 *
 * Return: true the first time for a counter within the window or ahead of it
 * and below NYM_REJECT_AFTER_MESSAGES; false otherwise.
 */
bool nym_replay_accept(struct nym_replay *replay, u64 counter);

#endif /* _NYM_REPLAY_H */
