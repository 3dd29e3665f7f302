// SPDX-License-Identifier: GPL-2.0
/* Quotas: how many bytes a gateway's device still carries for a peer. */
#include "quota.h"
#include "events.h"
#include "peer.h"
#include <linux/bitops.h>

enum {
	NYM_QUOTA_TOLD_LOW,
	NYM_QUOTA_TOLD_SPENT,
};

void nym_quota_init(struct nym_quota *quota)
{
	atomic64_set(&quota->left, NYM_QUOTA_UNLIMITED);
	quota->low = 0;
	quota->told = 0;
}

static void tell_once(struct nym_peer *peer, int what, enum nym_event event)
{
	if (!test_and_set_bit(what, &peer->quota.told))
		nym_event_send(peer, event);
}

bool nym_quota_charge(struct nym_peer *peer, u64 bytes)
{
	struct nym_quota *quota = &peer->quota;
	s64 left = atomic64_read(&quota->left);

	if (likely(left == NYM_QUOTA_UNLIMITED))
		return true;
	if (left <= 0) {
		tell_once(peer, NYM_QUOTA_TOLD_SPENT, NYM_EVENT_QUOTA_SPENT);
		return false;
	}
	/* A limit that is lifted just now loses these bytes again from the
	 * marker value, so only subtract from what was seen to be a limit.
	 */
	while (!atomic64_try_cmpxchg(&quota->left, &left, left - (s64)bytes)) {
		if (left == NYM_QUOTA_UNLIMITED)
			return true;
		if (left <= 0)
			return false;
	}
	left -= (s64)bytes;
	if (left <= 0)
		tell_once(peer, NYM_QUOTA_TOLD_SPENT, NYM_EVENT_QUOTA_SPENT);
	else if (left <= (s64)READ_ONCE(quota->low))
		tell_once(peer, NYM_QUOTA_TOLD_LOW, NYM_EVENT_QUOTA_LOW);
	return true;
}

void nym_quota_set(struct nym_quota *quota, u64 bytes)
{
	atomic64_set(&quota->left, min_t(u64, bytes, NYM_QUOTA_UNLIMITED));
	WRITE_ONCE(quota->told, 0);
}

void nym_quota_add(struct nym_quota *quota, u64 bytes)
{
	s64 left = atomic64_read(&quota->left);
	s64 sum;

	do {
		if (left == NYM_QUOTA_UNLIMITED)
			return;
		if (check_add_overflow(max_t(s64, left, 0),
				       (s64)min_t(u64, bytes, S64_MAX), &sum))
			sum = NYM_QUOTA_UNLIMITED - 1;
	} while (!atomic64_try_cmpxchg(&quota->left, &left, sum));
	WRITE_ONCE(quota->told, 0);
}

u64 nym_quota_read(const struct nym_quota *quota)
{
	s64 left = atomic64_read(&quota->left);

	if (left == NYM_QUOTA_UNLIMITED)
		return U64_MAX;
	return max_t(s64, left, 0);
}
