/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drops, each with its reason.
 *
 * Whatever of a packet or message goes no further is counted once, by device and
 * reason (enum nym_drop_reason, which user space sees too). The statistics of the
 * interface are counted beside this, as its users expect of them.
 */
#ifndef _NYM_DROP_H
#define _NYM_DROP_H

#include "device.h"
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <uapi/linux/nym.h>

/**
 * struct nym_drops - what one CPU has dropped of a device's
 * @count:	by enum nym_drop_reason; those that are not reasons stay zero
 *
 * Words of the machine, as the core's per-CPU counters are: they need no lock and
 * are never read half written. On 32 bit they wrap.
 */
struct nym_drops {
	unsigned long count[NYM_DROP_MAX + 1];
};

/* Return: per-CPU counters, or NULL. */
struct nym_drops __percpu *nym_drops_alloc(void);

void nym_drops_free(struct nym_drops __percpu *drops);

/* Sum over all CPUs of what @device dropped for @reason. */
u64 nym_drops_read(const struct nym_device *device, enum nym_drop_reason reason);

/* The kernel's reason that comes nearest, for those who watch kfree_skb. */
enum skb_drop_reason nym_drop_core_reason(enum nym_drop_reason reason);

/* Packets or messages in an skb: those of a train, otherwise one. */
static inline unsigned int nym_drop_size(const struct sk_buff *skb)
{
	return skb_is_gso(skb) ? max_t(unsigned int, 1, skb_shinfo(skb)->gso_segs) : 1;
}

/**
 * nym_drop_count() - count what is dropped without an skb of its own
 * @device:	that drops
 * @reason:	why
 * @n:		how many packets or messages
 *
 * Context: any.
 */
static inline void nym_drop_count(struct nym_device *device, enum nym_drop_reason reason,
				  unsigned int n)
{
	this_cpu_add(device->drops->count[reason], n);
}

/* Drops @skb, in which @n packets or messages are dropped; it may be NULL. Inline,
 * so that kfree_skb's tracepoint names the place that drops.
 */
static inline void nym_drop_some(struct nym_device *device, struct sk_buff *skb,
				 enum nym_drop_reason reason, unsigned int n)
{
	nym_drop_count(device, reason, n);
	kfree_skb_reason(skb, nym_drop_core_reason(reason));
}

/* Drops @skb, which is one packet or message, or a train of them. */
static inline void nym_drop(struct nym_device *device, struct sk_buff *skb,
			    enum nym_drop_reason reason)
{
	nym_drop_some(device, skb, reason, nym_drop_size(skb));
}

/* Drops all that is in @queue, which is nobody else's. */
static inline void nym_drop_queue(struct nym_device *device,
				  struct sk_buff_head *queue, enum nym_drop_reason reason)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(queue)))
		nym_drop(device, skb, reason);
}

#endif /* _NYM_DROP_H */
