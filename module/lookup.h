/* SPDX-License-Identifier: GPL-2.0 */
/* The tables that find a peer by its public key, and a handshake or key pair
 * by the index that we gave it on the wire.
 */
#ifndef _NYM_LOOKUP_H
#define _NYM_LOOKUP_H

#include "messages.h"
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>

struct nym_peer;

/**
 * nym_hlist_add_head_again_rcu() - hlist_add_head_rcu() without a grace period before
 * @node:	taken out of a list with hlist_del_init_rcu()
 * @head:	the list that it becomes the first of
 *
 * Readers may still be on the node. They go on in the new list, so that what leads
 * them there is published no less than the node itself.
 */
static inline void nym_hlist_add_head_again_rcu(struct hlist_node *node,
						struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	rcu_assign_pointer(hlist_next_rcu(node), first);
	WRITE_ONCE(node->pprev, &head->first);
	rcu_assign_pointer(hlist_first_rcu(head), node);
	if (first)
		WRITE_ONCE(first->pprev, &node->next);
}

/**
 * struct nym_pubkey_table - peers of a device by public key
 * @lock:	held to change it; readers use RCU
 * @key:	keeps chains unpredictable
 * @buckets:	of struct nym_peer.pubkey_entry
 */
struct nym_pubkey_table {
	struct mutex lock;	/* changes of buckets */
	siphash_key_t key;
	DECLARE_HASHTABLE(buckets, 11);
};

struct nym_pubkey_table *nym_pubkey_table_alloc(void);	/* kvfree() frees it */
void nym_pubkey_table_add(struct nym_pubkey_table *table, struct nym_peer *peer);
void nym_pubkey_table_remove(struct nym_pubkey_table *table, struct nym_peer *peer);

/**
 * nym_pubkey_table_lookup() - find a peer by its public key
 * @table:	the device's table
 * @pubkey:	the peer's key
 *
 * Context: any. Return: the peer with a reference taken, or NULL.
 */
struct nym_peer *nym_pubkey_table_lookup(struct nym_pubkey_table *table,
					 const u8 pubkey[NYM_KEY_SIZE]);

enum nym_index_kind {
	NYM_INDEX_HANDSHAKE = 1U << 0,
	NYM_INDEX_KEYPAIR = 1U << 1,
};

/**
 * struct nym_index_entry - something that has an index on the wire
 * @peer:	owner; as long as the entry is in the table the peer is not freed
 * @index_hash:	link; unhashed when not in the table
 * @kind:	what contains the entry
 * @index:	drawn by nym_index_table_insert(), never 0 while in the table
 */
struct nym_index_entry {
	struct nym_peer *peer;
	struct hlist_node index_hash;
	enum nym_index_kind kind;
	__le32 index;
};

/**
 * struct nym_index_table - entries of a device by random index
 * @lock:	held, with BH disabled, to change it; readers use RCU
 * @buckets:	of struct nym_index_entry.index_hash
 */
struct nym_index_table {
	spinlock_t lock;	/* changes of buckets */
	DECLARE_HASHTABLE(buckets, 13);
};

struct nym_index_table *nym_index_table_alloc(void);	/* kvfree() frees it */

/**
 * nym_index_table_insert() - give an entry a fresh random index
 * @table:	the device's table
 * @entry:	of a peer that is kept alive until it is removed
 *
 * Removes it first where it has one. Context: any. Return: the index.
 */
__le32 nym_index_table_insert(struct nym_index_table *table,
			      struct nym_index_entry *entry);

/**
 * nym_index_table_replace() - hand an entry's index over to another
 * @table:	the device's table
 * @old:	entry that gives it up
 * @new:	entry that gets it
 *
 * Return: false where @old was no longer in the table (nothing is done).
 */
bool nym_index_table_replace(struct nym_index_table *table,
			     struct nym_index_entry *old,
			     struct nym_index_entry *new);

void nym_index_table_remove(struct nym_index_table *table,
			    struct nym_index_entry *entry);

/**
 * nym_index_table_lookup() - find an entry by index
 * @table:	the device's table
 * @kinds:	mask of the kinds wanted
 * @index:	as read from the wire
 * @peer:	set to the entry's peer with a reference taken
 *
 * Context: any; the entry itself is valid only within the caller's RCU read
 * section, the peer as long as its reference. Return: entry or NULL.
 */
struct nym_index_entry *
nym_index_table_lookup(struct nym_index_table *table, enum nym_index_kind kinds,
		       __le32 index, struct nym_peer **peer);

#endif /* _NYM_LOOKUP_H */
