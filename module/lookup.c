// SPDX-License-Identifier: GPL-2.0
/* The public key table and the index table of a device. */

#include "lookup.h"
#include "peer.h"

#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

static struct hlist_head *pubkey_bucket(struct nym_pubkey_table *table,
					const u8 pubkey[NYM_KEY_SIZE])
{
	/* Anybody may choose public keys; without a secret hash they could choose
	 * ones that share a bucket.
	 */
	u64 hash = siphash(pubkey, NYM_KEY_SIZE, &table->key);

	return &table->buckets[hash & (HASH_SIZE(table->buckets) - 1)];
}

struct nym_pubkey_table *nym_pubkey_table_alloc(void)
{
	struct nym_pubkey_table *table = kvmalloc(sizeof(*table), GFP_KERNEL);

	if (!table)
		return NULL;
	mutex_init(&table->lock);
	get_random_bytes(&table->key, sizeof(table->key));
	hash_init(table->buckets);
	return table;
}

void nym_pubkey_table_add(struct nym_pubkey_table *table, struct nym_peer *peer)
{
	struct hlist_head *bucket = pubkey_bucket(table,
						  peer->handshake.remote_static);

	mutex_lock(&table->lock);
	hlist_add_head_rcu(&peer->pubkey_entry, bucket);
	mutex_unlock(&table->lock);
}

void nym_pubkey_table_remove(struct nym_pubkey_table *table, struct nym_peer *peer)
{
	mutex_lock(&table->lock);
	hlist_del_init_rcu(&peer->pubkey_entry);
	mutex_unlock(&table->lock);
}

struct nym_peer *nym_pubkey_table_lookup(struct nym_pubkey_table *table,
					 const u8 pubkey[NYM_KEY_SIZE])
{
	struct nym_peer *peer, *found = NULL;

	rcu_read_lock();
	hlist_for_each_entry_rcu(peer, pubkey_bucket(table, pubkey), pubkey_entry) {
		/* Public keys are no secret: the time this takes may tell. */
		if (!memcmp(peer->handshake.remote_static, pubkey, NYM_KEY_SIZE)) {
			found = nym_peer_get_maybe_zero(peer);
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

static struct hlist_head *index_bucket(struct nym_index_table *table, __le32 index)
{
	/* Indices that are in the table were drawn at random, so their bits serve
	 * as they are.
	 */
	return &table->buckets[(__force u32)index & (HASH_SIZE(table->buckets) - 1)];
}

struct nym_index_table *nym_index_table_alloc(void)
{
	struct nym_index_table *table = kvmalloc(sizeof(*table), GFP_KERNEL);

	if (!table)
		return NULL;
	spin_lock_init(&table->lock);
	hash_init(table->buckets);
	return table;
}

static struct nym_index_entry *find_index(struct nym_index_table *table,
					  __le32 index)
{
	struct nym_index_entry *entry;

	hlist_for_each_entry_rcu(entry, index_bucket(table, index), index_hash,
				 lockdep_is_held(&table->lock)) {
		if (entry->index == index)
			return entry;
	}
	return NULL;
}

__le32 nym_index_table_insert(struct nym_index_table *table,
			      struct nym_index_entry *entry)
{
	__le32 index;

	spin_lock_bh(&table->lock);
	hlist_del_init_rcu(&entry->index_hash);
	/* A device has at most 2^20 peers with four entries each, so that a draw
	 * out of 2^32 is taken once in a thousand: the loop ends at once.
	 */
	do {
		index = (__force __le32)get_random_u32();
	} while (!index || find_index(table, index));
	/* Readers that are still on the old chain through this entry continue on
	 * the new one, and at worst miss an entry of the old: a lost message.
	 */
	WRITE_ONCE(entry->index, index);
	nym_hlist_add_head_again_rcu(&entry->index_hash,
				     index_bucket(table, index));
	spin_unlock_bh(&table->lock);
	return index;
}

bool nym_index_table_replace(struct nym_index_table *table,
			     struct nym_index_entry *old,
			     struct nym_index_entry *new)
{
	bool found;

	spin_lock_bh(&table->lock);
	found = !hlist_unhashed(&old->index_hash);
	if (found) {
		new->index = old->index;
		hlist_replace_rcu(&old->index_hash, &new->index_hash);
		/* A handshake is in and out of the table many times in its life,
		 * so it must look unhashed. Its next pointer stays as it is for
		 * the readers that are on it.
		 */
		WRITE_ONCE(old->index_hash.pprev, NULL);
	}
	spin_unlock_bh(&table->lock);
	return found;
}

void nym_index_table_remove(struct nym_index_table *table,
			    struct nym_index_entry *entry)
{
	spin_lock_bh(&table->lock);
	hlist_del_init_rcu(&entry->index_hash);
	spin_unlock_bh(&table->lock);
}

struct nym_index_entry *
nym_index_table_lookup(struct nym_index_table *table, enum nym_index_kind kinds,
		       __le32 index, struct nym_peer **peer)
{
	struct nym_index_entry *entry, *found = NULL;

	rcu_read_lock();
	hlist_for_each_entry_rcu(entry, index_bucket(table, index), index_hash) {
		if (READ_ONCE(entry->index) != index)
			continue;
		if (entry->kind & kinds) {
			*peer = nym_peer_get_maybe_zero(entry->peer);
			if (*peer)
				found = entry;
		}
		break;
	}
	rcu_read_unlock();
	return found;
}
