// SPDX-License-Identifier: GPL-2.0
/*
 * A token bucket for each source. A source is forgotten after a second without
 * a message, when its bucket has long been full again.
 */

#include "ratelimiter.h"

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define MESSAGES_PER_SECOND	20
#define BURST			5
/* Tokens are nanoseconds. */
#define MESSAGE_COST		((u64)NSEC_PER_SEC / MESSAGES_PER_SECOND)
#define BUCKET_SIZE		(MESSAGE_COST * BURST)
#define FORGET_AFTER		((u64)NSEC_PER_SEC)
#define SOURCES_PER_CHAIN	8

/**
 * struct source - whose messages are bounded together
 * @net:	namespace; only compared
 * @carrier:	internal id of the carrier, or 0
 * @address:	IPv4 address, or the first half of an IPv6 one
 * @family:	of @address
 */
struct source {
	u64 net;
	u64 carrier;
	u64 address;
	u64 family;
};

/**
 * struct bucket - tokens of a source
 * @source:	constant
 * @lock:	guards @tokens and @updated; within table_lock, BH disabled
 * @tokens:	left at @updated
 * @updated:	boottime ns
 * @entry:	link in the table; changed under table_lock, read under RCU
 * @rcu:	frees it after readers
 */
struct bucket {
	struct source source;
	spinlock_t lock;	/* tokens, updated */
	u64 tokens;
	u64 updated;
	struct hlist_node entry;
	struct rcu_head rcu;
};

static DEFINE_MUTEX(users_lock);
static unsigned int users;	/* guarded by users_lock, as are the next four */
static struct kmem_cache *bucket_cache;
static struct hlist_head *table;
static unsigned int table_size;	/* chains, a power of two */
static siphash_key_t table_key;

static DEFINE_SPINLOCK(table_lock);
static atomic_t total = ATOMIC_INIT(0);

static void forget_idle_work(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(forget_work, forget_idle_work);

static void bucket_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(bucket_cache, container_of(rcu, struct bucket, rcu));
	/* Counted until here, since until here it takes memory. */
	atomic_dec(&total);
}

static bool bucket_is_idle(struct bucket *bucket, u64 now)
{
	bool is_idle;

	spin_lock(&bucket->lock);
	/* Signed: another CPU may have updated it after @now was read. */
	is_idle = (s64)(now - bucket->updated) > (s64)FORGET_AFTER;
	spin_unlock(&bucket->lock);
	return is_idle;
}

static void forget(bool idle_only, u64 now)
{
	struct hlist_node *next;
	struct bucket *bucket;
	unsigned int i;

	for (i = 0; i < table_size; i++) {
		if (hlist_empty(&table[i]))
			continue;
		spin_lock_bh(&table_lock);
		hlist_for_each_entry_safe(bucket, next, &table[i], entry) {
			if (idle_only && !bucket_is_idle(bucket, now))
				continue;
			hlist_del_rcu(&bucket->entry);
			call_rcu(&bucket->rcu, bucket_free_rcu);
		}
		spin_unlock_bh(&table_lock);
		cond_resched();
	}
}

void nym_ratelimiter_forget_idle_at(u64 now)
{
	forget(true, now);
}

static void forget_idle_work(struct work_struct *work)
{
	nym_ratelimiter_forget_idle_at(ktime_get_coarse_boottime_ns());
	queue_delayed_work(system_power_efficient_wq, &forget_work, HZ);
}

static bool bucket_take(struct bucket *bucket, u64 now)
{
	bool allowed;

	spin_lock_bh(&bucket->lock);
	/* CPUs may come here in another order than they read the time. */
	if ((s64)(now - bucket->updated) > 0) {
		bucket->tokens = min(bucket->tokens + (now - bucket->updated),
				     BUCKET_SIZE);
		bucket->updated = now;
	}
	allowed = bucket->tokens >= MESSAGE_COST;
	if (allowed)
		bucket->tokens -= MESSAGE_COST;
	spin_unlock_bh(&bucket->lock);
	return allowed;
}

static struct bucket *bucket_find(struct hlist_head *chain,
				  const struct source *source)
{
	struct bucket *bucket;

	hlist_for_each_entry_rcu(bucket, chain, entry,
				 lockdep_is_held(&table_lock)) {
		if (!memcmp(&bucket->source, source, sizeof(*source)))
			return bucket;
	}
	return NULL;
}

/* Return: a full bucket in the table, or NULL where there is no room. */
static struct bucket *bucket_add(struct hlist_head *chain,
				 const struct source *source, u64 now)
{
	struct bucket *bucket, *other;

	if (!atomic_add_unless(&total, 1, table_size * SOURCES_PER_CHAIN))
		return NULL;
	bucket = kmem_cache_alloc(bucket_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!bucket) {
		atomic_dec(&total);
		return NULL;
	}
	bucket->source = *source;
	spin_lock_init(&bucket->lock);
	bucket->tokens = BUCKET_SIZE;
	bucket->updated = now;

	spin_lock_bh(&table_lock);
	/* Two CPUs may meet a new source at once. */
	other = bucket_find(chain, source);
	if (!other)
		hlist_add_head_rcu(&bucket->entry, chain);
	spin_unlock_bh(&table_lock);
	if (!other)
		return bucket;
	kmem_cache_free(bucket_cache, bucket);
	atomic_dec(&total);
	return other;
}

bool nym_ratelimiter_allow_at(const struct net *net, u64 carrier, u8 family,
			      const void *address, u64 now)
{
	struct source source = {
		.net = (unsigned long)net,
		.carrier = carrier,
		.family = family,
	};
	struct hlist_head *chain;
	struct bucket *bucket;
	bool allowed = false;

	if (family == AF_INET)
		source.address = get_unaligned((const u32 *)address);
	else	/* Who has one address of a /64 usually has them all. */
		source.address = get_unaligned((const u64 *)address);

	chain = &table[siphash(&source, sizeof(source), &table_key) &
		       (table_size - 1)];
	rcu_read_lock();
	bucket = bucket_find(chain, &source);
	if (!bucket)
		bucket = bucket_add(chain, &source, now);
	if (bucket)
		allowed = bucket_take(bucket, now);
	rcu_read_unlock();
	return allowed;
}

bool nym_ratelimiter_allow(const struct net *net, u64 carrier, u8 family,
			   const void *address)
{
	return nym_ratelimiter_allow_at(net, carrier, family, address,
					ktime_get_coarse_boottime_ns());
}

/* A chain for each 128 KiB of memory, but no more than an attack from a /16 of
 * sources needs. Full, the buckets then take less than a hundredth of it.
 */
static unsigned int choose_table_size(void)
{
	u64 wanted = ((u64)totalram_pages() << PAGE_SHIFT) / SZ_128K;

	return clamp_t(u64, roundup_pow_of_two(wanted | 1), 16, 8192);
}

static int ratelimiter_start(void)
{
	get_random_bytes(&table_key, sizeof(table_key));
	table_size = choose_table_size();
	table = kvcalloc(table_size, sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	bucket_cache = kmem_cache_create("nym_ratelimiter", sizeof(struct bucket),
					 0, 0, NULL);
	if (!bucket_cache) {
		kvfree(table);
		return -ENOMEM;
	}
	queue_delayed_work(system_power_efficient_wq, &forget_work, HZ);
	return 0;
}

static void ratelimiter_stop(void)
{
	cancel_delayed_work_sync(&forget_work);
	forget(false, 0);
	/* bucket_free_rcu() uses the cache. */
	rcu_barrier();
	kmem_cache_destroy(bucket_cache);
	kvfree(table);
}

int nym_ratelimiter_init(void)
{
	int err = 0;

	mutex_lock(&users_lock);
	if (!users)
		err = ratelimiter_start();
	if (!err)
		users++;
	mutex_unlock(&users_lock);
	return err;
}

void nym_ratelimiter_uninit(void)
{
	mutex_lock(&users_lock);
	if (!--users)
		ratelimiter_stop();
	mutex_unlock(&users_lock);
}
