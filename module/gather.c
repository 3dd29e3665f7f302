// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that come close after one another, each by itself, are left to gather
 * for a moment, so that they leave as one train: that costs much less than as many
 * trains of one packet, here, at every hop on the way and at its end.
 *
 * Whoever waits for an answer before sending more must not wait for us as well. So
 * a packet that comes after a pause leaves at once, and where a moment gathered
 * nothing, it takes a while until that is tried again.
 */
#include "gather.h"
#include "peer.h"
#include "pipeline.h"
#include "send.h"

/* So many packets without a pause are sent at once before gathering is tried. */
#define NYM_SEND_AT_ONCE	32

static enum hrtimer_restart gathered(struct hrtimer *timer)
{
	struct nym_peer *peer = container_of(timer, struct nym_peer, gather.timer);
	struct nym_gather *gather = &peer->gather;

	spin_lock_bh(&peer->staged.lock);
	if (gather->gathered <= 1)
		gather->at_once = NYM_SEND_AT_ONCE;
	gather->is_gathering = false;
	spin_unlock_bh(&peer->staged.lock);
	nym_send_staged(peer);
	return HRTIMER_NORESTART;
}

void nym_gather_init(struct nym_peer *peer)
{
	/* In softirqs, as it sends. */
	hrtimer_setup(&peer->gather.timer, gathered, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_SOFT);
	peer->gather.at_once = NYM_SEND_AT_ONCE;
}

bool nym_gather_waits(struct nym_peer *peer, const struct sk_buff *skb)
{
	struct nym_gather *gather = &peer->gather;
	ktime_t now = ktime_get();
	bool follows = ktime_sub(now, gather->last) < NYM_GATHER_NS;

	lockdep_assert_held(&peer->staged.lock);
	gather->last = now;
	/* A train by itself, and what came before it goes along. */
	if (skb_is_gso(skb))
		return false;
	if (gather->is_gathering) {
		++gather->gathered;
		return skb_queue_len(&peer->staged) < NYM_TRAIN_MESSAGES;
	}
	if (!follows || !nym_gather_is_timed() || READ_ONCE(peer->is_dead))
		return false;
	if (gather->at_once) {
		--gather->at_once;
		return false;
	}
	gather->is_gathering = true;
	gather->gathered = 1;
	hrtimer_start(&gather->timer, NYM_GATHER_NS, HRTIMER_MODE_REL_SOFT);
	return true;
}

void nym_gather_stop(struct nym_peer *peer)
{
	hrtimer_cancel(&peer->gather.timer);
}
