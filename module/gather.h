/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets that come close after one another, each by itself, are left to gather
 * for a moment, so that they leave as one train.
 */
#ifndef _NYM_GATHER_H
#define _NYM_GATHER_H

#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/skbuff.h>

struct nym_peer;

/* The moment: as network cards delay an interrupt for the packets that follow. */
#define NYM_GATHER_NS		(100 * NSEC_PER_USEC)

/* A clock that only knows ticks would make a moment of up to ten milliseconds: there
 * nothing gathers, on the way out or in.
 */
static inline bool nym_gather_is_timed(void)
{
	return hrtimer_resolution <= NYM_GATHER_NS;
}

/**
 * struct nym_gather - what a peer's packets were seen to do
 * @timer:	ends the moment
 * @last:	when the last of them came
 * @at_once:	so many more are sent as they come before gathering is tried
 * @gathered:	how many were left to gather in this moment
 * @is_gathering: the timer is armed
 *
 * Guarded by the lock of the peer's staged packets, but for the timer.
 */
struct nym_gather {
	struct hrtimer timer;
	ktime_t last;
	u16 at_once;
	u16 gathered;
	bool is_gathering;
};

void nym_gather_init(struct nym_peer *peer);

/**
 * nym_gather_waits() - shall a packet wait for those that follow?
 * @peer:	where it is staged
 * @skb:	the packet
 *
 * Return: true where what is staged is going to be sent in a moment, false where it
 * is to be sent now. Context: the staged packets' lock is held; RCU read section.
 */
bool nym_gather_waits(struct nym_peer *peer, const struct sk_buff *skb);

/* Context: process; the peer is dead, and a grace period has passed since. */
void nym_gather_stop(struct nym_peer *peer);

#endif /* _NYM_GATHER_H */
