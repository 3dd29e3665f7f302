// SPDX-License-Identifier: GPL-2.0
/*
 * A binary trie with path compression for each family. A node stands for a
 * prefix and has up to two longer ones below it, chosen by the first bit after
 * its own. A node without a peer is there only because its two children differ.
 *
 * Readers walk it under RCU. A node is complete before it is linked and is never
 * changed after it was unlinked, so a reader that is on one that is going away
 * still finds what was below it.
 */

#include "allowedips.h"
#include "peer.h"

#include <linux/bitops.h>
#include <linux/rculist.h>
#include <linux/slab.h>

static struct kmem_cache *node_cache;

static void key_from_ipv4(u64 key[2], const void *address)
{
	key[0] = (u64)get_unaligned_be32(address) << 32;
	key[1] = 0;
}

static void key_from_ipv6(u64 key[2], const void *address)
{
	key[0] = get_unaligned_be64(address);
	key[1] = get_unaligned_be64(address + sizeof(u64));
}

static void key_mask(u64 key[2], unsigned int cidr)
{
	/* A shift by all 64 bits would be undefined, hence the cases. */
	if (cidr <= 64) {
		key[0] = cidr ? key[0] & (~0ULL << (64 - cidr)) : 0;
		key[1] = 0;
	} else {
		key[1] &= ~0ULL << (128 - cidr);
	}
}

/* Bits are counted from the first on the wire; @bit is below 128. */
static unsigned int key_bit(const u64 key[2], unsigned int bit)
{
	return (key[bit / 64] >> (63 - bit % 64)) & 1;
}

/* How many bits two keys share from the first on. */
static unsigned int key_common(const u64 a[2], const u64 b[2])
{
	u64 differ = a[0] ^ b[0];

	if (differ)
		return 64 - fls64(differ);
	return 128 - fls64(a[1] ^ b[1]);
}

static bool node_covers(const struct nym_allowedips_node *node, const u64 key[2])
{
	return key_common(node->key, key) >= node->cidr;
}

static struct nym_peer *find_peer(struct nym_allowedips_node __rcu *root,
				  const u64 key[2])
{
	struct nym_allowedips_node *node;
	struct nym_peer *peer, *found = NULL;

	node = rcu_dereference_check(root, rcu_read_lock_bh_held());
	while (node && node_covers(node, key)) {
		peer = rcu_dereference_check(node->peer, rcu_read_lock_bh_held());
		if (peer)
			found = peer;
		if (node->cidr == 128)
			break;
		node = rcu_dereference_check(node->child[key_bit(key, node->cidr)],
					     rcu_read_lock_bh_held());
	}
	return found;
}

struct nym_peer *nym_allowedips_lookup(struct nym_allowedips *table, int family,
				       const void *address)
{
	u64 key[2];

	if (family == AF_INET) {
		key_from_ipv4(key, address);
		return find_peer(table->root4, key);
	}
	if (family == AF_INET6) {
		key_from_ipv6(key, address);
		return find_peer(table->root6, key);
	}
	return NULL;
}

static struct nym_allowedips_node *
locked(struct nym_allowedips_node __rcu *node, struct mutex *lock)
{
	return rcu_dereference_protected(node, lockdep_is_held(lock));
}

static struct nym_allowedips_node __rcu **
root_of(struct nym_allowedips *table, int family)
{
	return family == AF_INET ? &table->root4 : &table->root6;
}

static struct nym_allowedips_node __rcu **
slot_below(struct nym_allowedips_node *parent, const u64 key[2])
{
	return &parent->child[key_bit(key, parent->cidr)];
}

static struct nym_allowedips_node *node_create(int family, const u64 key[2],
					       unsigned int cidr)
{
	struct nym_allowedips_node *node = kmem_cache_zalloc(node_cache, GFP_KERNEL);

	if (!node)
		return NULL;
	memcpy(node->key, key, sizeof(node->key));
	key_mask(node->key, cidr);
	node->cidr = cidr;
	node->family = family;
	INIT_LIST_HEAD(&node->peer_list);
	return node;
}

/* Links a node below one that readers do not see yet. */
static void node_adopt(struct nym_allowedips_node *parent,
		       struct nym_allowedips_node *child)
{
	child->parent = parent;
	RCU_INIT_POINTER(*slot_below(parent, child->key), child);
}

static void node_own(struct nym_allowedips_node *node, struct nym_peer *peer)
{
	rcu_assign_pointer(node->peer, peer);
	list_move_tail(&node->peer_list, &peer->allowedips_list);
}

static int insert(struct nym_allowedips *table, int family, const u64 key[2],
		  unsigned int cidr, struct nym_peer *peer, struct mutex *lock)
{
	struct nym_allowedips_node *node, *parent = NULL, *new, *branch = NULL;
	struct nym_allowedips_node __rcu **slot = root_of(table, family);
	unsigned int common;

	while ((node = locked(*slot, lock)) && node->cidr <= cidr &&
	       node_covers(node, key)) {
		if (node->cidr == cidr) {
			node_own(node, peer);
			return 0;
		}
		parent = node;
		slot = slot_below(node, key);
	}

	new = node_create(family, key, cidr);
	if (!new)
		return -ENOMEM;
	if (!node) {
		new->parent = parent;
		node_own(new, peer);
		rcu_assign_pointer(*slot, new);
		return 0;
	}

	/* What is in the slot is longer, or leads elsewhere, or both. */
	common = key_common(node->key, key);
	if (common < cidr) {
		branch = node_create(family, key, common);
		if (!branch) {
			kmem_cache_free(node_cache, new);
			return -ENOMEM;
		}
		node_adopt(branch, new);
	}
	node_own(new, peer);
	branch = branch ?: new;
	branch->parent = parent;
	node_adopt(branch, node);
	rcu_assign_pointer(*slot, branch);
	return 0;
}

int nym_allowedips_insert4(struct nym_allowedips *table, const struct in_addr *ip,
			   u8 cidr, struct nym_peer *peer, struct mutex *lock)
{
	u64 key[2];

	if (cidr > 32)
		return -EINVAL;
	table->seq++;
	key_from_ipv4(key, ip);
	return insert(table, AF_INET, key, cidr, peer, lock);
}

int nym_allowedips_insert6(struct nym_allowedips *table, const struct in6_addr *ip,
			   u8 cidr, struct nym_peer *peer, struct mutex *lock)
{
	u64 key[2];

	if (cidr > 128)
		return -EINVAL;
	table->seq++;
	key_from_ipv6(key, ip);
	return insert(table, AF_INET6, key, cidr, peer, lock);
}

static void node_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(node_cache,
			container_of(rcu, struct nym_allowedips_node, rcu));
}

static unsigned int node_children(const struct nym_allowedips_node *node)
{
	return !!rcu_access_pointer(node->child[0]) +
	       !!rcu_access_pointer(node->child[1]);
}

/* Takes a node that has at most one child out of the trie. */
static void node_unlink(struct nym_allowedips *table,
			struct nym_allowedips_node *node, struct mutex *lock)
{
	struct nym_allowedips_node __rcu **slot = root_of(table, node->family);
	struct nym_allowedips_node *child = locked(node->child[0], lock) ?:
					    locked(node->child[1], lock);

	if (node->parent)
		slot = slot_below(node->parent, node->key);
	if (child)
		child->parent = node->parent;
	rcu_assign_pointer(*slot, child);
	call_rcu(&node->rcu, node_free_rcu);
}

/* Takes a node from its peer, and it and its parent out of the trie where they
 * have no purpose any more.
 */
static void node_disown(struct nym_allowedips *table,
			struct nym_allowedips_node *node, struct mutex *lock)
{
	struct nym_allowedips_node *parent = node->parent;

	list_del_init(&node->peer_list);
	RCU_INIT_POINTER(node->peer, NULL);
	if (node_children(node) == 2)
		return;
	node_unlink(table, node, lock);
	if (parent && !rcu_access_pointer(parent->peer) &&
	    node_children(parent) < 2)
		node_unlink(table, parent, lock);
}

static void remove(struct nym_allowedips *table, int family, const u64 key[2],
		   unsigned int cidr, struct nym_peer *peer, struct mutex *lock)
{
	struct nym_allowedips_node *node = locked(*root_of(table, family), lock);

	while (node && node->cidr < cidr && node_covers(node, key))
		node = locked(*slot_below(node, key), lock);
	if (!node || node->cidr != cidr || !node_covers(node, key) ||
	    rcu_access_pointer(node->peer) != peer)
		return;
	table->seq++;
	node_disown(table, node, lock);
}

int nym_allowedips_remove4(struct nym_allowedips *table, const struct in_addr *ip,
			   u8 cidr, struct nym_peer *peer, struct mutex *lock)
{
	u64 key[2];

	if (cidr > 32)
		return -EINVAL;
	key_from_ipv4(key, ip);
	remove(table, AF_INET, key, cidr, peer, lock);
	return 0;
}

int nym_allowedips_remove6(struct nym_allowedips *table, const struct in6_addr *ip,
			   u8 cidr, struct nym_peer *peer, struct mutex *lock)
{
	u64 key[2];

	if (cidr > 128)
		return -EINVAL;
	key_from_ipv6(key, ip);
	remove(table, AF_INET6, key, cidr, peer, lock);
	return 0;
}

void nym_allowedips_remove_by_peer(struct nym_allowedips *table,
				   struct nym_peer *peer, struct mutex *lock)
{
	struct nym_allowedips_node *node, *next;

	if (list_empty(&peer->allowedips_list))
		return;
	table->seq++;
	/* Of the peer's nodes, disowning frees the one at hand alone: a parent that
	 * goes with it has no peer.
	 */
	list_for_each_entry_safe(node, next, &peer->allowedips_list, peer_list)
		node_disown(table, node, lock);
}

int nym_allowedips_read_node(struct nym_allowedips_node *node, u8 ip[16], u8 *cidr)
{
	*cidr = node->cidr;
	if (node->family == AF_INET) {
		put_unaligned_be32(node->key[0] >> 32, ip);
	} else {
		put_unaligned_be64(node->key[0], ip);
		put_unaligned_be64(node->key[1], ip + sizeof(u64));
	}
	return node->family;
}

void nym_allowedips_init(struct nym_allowedips *table)
{
	RCU_INIT_POINTER(table->root4, NULL);
	RCU_INIT_POINTER(table->root6, NULL);
	table->seq = 1;
}

/* The two below visit all nodes, children before their parent, in a trie that
 * nobody changes. Parent pointers spare a stack of 129 nodes, and the visitor
 * may free the node before the one just returned.
 */
static struct nym_allowedips_node *visit_first(struct nym_allowedips_node *node)
{
	struct nym_allowedips_node *child;

	while ((child = rcu_dereference_raw(node->child[0]) ?:
			rcu_dereference_raw(node->child[1])))
		node = child;
	return node;
}

static struct nym_allowedips_node *visit_next(struct nym_allowedips_node *node)
{
	struct nym_allowedips_node *parent = node->parent, *sibling;

	if (!parent)
		return NULL;
	sibling = rcu_dereference_raw(parent->child[1]);
	return sibling && sibling != node ? visit_first(sibling) : parent;
}

static void trie_free_rcu(struct rcu_head *rcu)
{
	struct nym_allowedips_node *node, *next;

	node = visit_first(container_of(rcu, struct nym_allowedips_node, rcu));
	for (; node; node = next) {
		next = visit_next(node);
		kmem_cache_free(node_cache, node);
	}
}

static void trie_free(struct nym_allowedips_node __rcu **root, struct mutex *lock)
{
	struct nym_allowedips_node *trie, *node;

	trie = rcu_replace_pointer(*root, NULL, lockdep_is_held(lock));
	if (!trie)
		return;
	for (node = visit_first(trie); node; node = visit_next(node))
		list_del_init(&node->peer_list);
	call_rcu(&trie->rcu, trie_free_rcu);
}

void nym_allowedips_free(struct nym_allowedips *table, struct mutex *lock)
{
	table->seq++;
	trie_free(&table->root4, lock);
	trie_free(&table->root6, lock);
}

int __init nym_allowedips_slab_init(void)
{
	node_cache = kmem_cache_create("nym_allowedips",
				       sizeof(struct nym_allowedips_node), 0, 0,
				       NULL);
	return node_cache ? 0 : -ENOMEM;
}

void nym_allowedips_slab_uninit(void)
{
	/* node_free_rcu() and trie_free_rcu() use the cache. */
	rcu_barrier();
	kmem_cache_destroy(node_cache);
}
