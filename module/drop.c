// SPDX-License-Identifier: GPL-2.0
/* Drops, each with its reason. */
#include "drop.h"
#include <linux/cpumask.h>

/* Names of our own could be registered only by a subsystem that the kernel
 * numbers, which no module from outside is.
 */
static const enum skb_drop_reason core_reasons[NYM_DROP_MAX + 1] = {
	[NYM_DROP_UNSPEC] = SKB_DROP_REASON_NOT_SPECIFIED,
	[NYM_DROP_PAD] = SKB_DROP_REASON_NOT_SPECIFIED,
	[NYM_DROP_MALFORMED] = SKB_DROP_REASON_DEV_HDR,
	[NYM_DROP_CHECKSUM] = SKB_DROP_REASON_UDP_CSUM,
	[NYM_DROP_NO_SESSION] = SKB_DROP_REASON_NO_SOCKET,
	[NYM_DROP_NOT_AUTHENTIC] = SKB_DROP_REASON_SKB_CSUM,
	[NYM_DROP_REPLAYED] = SKB_DROP_REASON_TCP_OLD_DATA,
	[NYM_DROP_UNKNOWN_PEER] = SKB_DROP_REASON_NO_SOCKET,
	[NYM_DROP_OUTSIDE_CARRIER] = SKB_DROP_REASON_IP_RPFILTER,
	[NYM_DROP_COOKIE_REQUIRED] = SKB_DROP_REASON_QDISC_DROP,
	[NYM_DROP_RATE_LIMITED] = SKB_DROP_REASON_QDISC_DROP,
	[NYM_DROP_ECN] = SKB_DROP_REASON_IP_TUNNEL_ECN,
	[NYM_DROP_NOT_IP] = SKB_DROP_REASON_IP_INHDR,
	[NYM_DROP_SOURCE_NOT_ALLOWED] = SKB_DROP_REASON_IP_RPFILTER,
	[NYM_DROP_REASSEMBLY] = SKB_DROP_REASON_INVALID_PROTO,
	[NYM_DROP_NO_ALLOWED_IP] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[NYM_DROP_NO_CARRIER] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[NYM_DROP_NO_VIA_ADDRESS] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[NYM_DROP_NO_ENDPOINT] = SKB_DROP_REASON_NEIGH_FAILED,
	[NYM_DROP_NO_ROUTE] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[NYM_DROP_UNREACHABLE] = SKB_DROP_REASON_NEIGH_FAILED,
	[NYM_DROP_TOO_BIG] = SKB_DROP_REASON_PKT_TOO_BIG,
	[NYM_DROP_SEGMENTATION] = SKB_DROP_REASON_SKB_GSO_SEG,
	[NYM_DROP_QUEUE_FULL] = SKB_DROP_REASON_FULL_RING,
	[NYM_DROP_QUOTA] = SKB_DROP_REASON_QDISC_DROP,
	[NYM_DROP_REMOVED] = SKB_DROP_REASON_DEV_READY,
	[NYM_DROP_NO_MEMORY] = SKB_DROP_REASON_NOMEM,
};

struct nym_drops __percpu *nym_drops_alloc(void)
{
	return alloc_percpu(struct nym_drops);
}

void nym_drops_free(struct nym_drops __percpu *drops)
{
	free_percpu(drops);
}

u64 nym_drops_read(const struct nym_device *device, enum nym_drop_reason reason)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(device->drops, cpu)->count[reason]);
	return sum;
}

enum skb_drop_reason nym_drop_core_reason(enum nym_drop_reason reason)
{
	return core_reasons[reason];
}
