/* SPDX-License-Identifier: GPL-2.0 */
/* Quotas: how many bytes a gateway's device still carries for a peer, in both
 * directions together, counted as messages of that peer's layer.
 */
#ifndef _NYM_QUOTA_H
#define _NYM_QUOTA_H

#include <linux/atomic.h>
#include <linux/limits.h>
#include <linux/types.h>

struct nym_peer;

/**
 * struct nym_quota - part of struct nym_peer
 * @left:	remaining bytes; NYM_QUOTA_UNLIMITED means no limit
 * @low:	NYM_EVENT_QUOTA_LOW is sent when @left falls to it; 0 never
 * @told:	which events were sent since the quota was last raised
 */
struct nym_quota {
	atomic64_t left;
	u64 low;
	unsigned long told;
};

#define NYM_QUOTA_UNLIMITED	S64_MAX

void nym_quota_init(struct nym_quota *quota);

/**
 * nym_quota_charge() - take bytes off a peer's quota
 * @peer:	whose
 * @bytes:	of a train
 *
 * A train is carried whole as long as anything is left before it, so that at
 * most one train passes beyond the limit. Context: any but hard interrupts.
 * Return: false where nothing is left: the train is to be dropped.
 */
bool nym_quota_charge(struct nym_peer *peer, u64 bytes);

/* Sets what is left; NYM_QUOTA_UNLIMITED (or anything above) lifts the limit. */
void nym_quota_set(struct nym_quota *quota, u64 bytes);

/* Adds to what is left; a spent quota starts from 0, an unlimited one stays. */
void nym_quota_add(struct nym_quota *quota, u64 bytes);

/* What is left, 0 where it is spent, U64_MAX where there is no limit. */
u64 nym_quota_read(const struct nym_quota *quota);

#endif /* _NYM_QUOTA_H */
