/* SPDX-License-Identifier: GPL-2.0 */
/* The trie of allowed IPs: cryptokey routing. */
#ifndef _NYM_ALLOWEDIPS_H
#define _NYM_ALLOWEDIPS_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

struct nym_peer;

/**
 * struct nym_allowedips_node - a prefix in a trie
 * @key:	its address in host order, IPv4 in the upper half of the first word;
 *		bits beyond @cidr are zero. Constant, as are @cidr and @family
 * @cidr:	bits that count
 * @family:	AF_INET or AF_INET6
 * @peer:	who has it, NULL for a mere fork
 * @child:	longer prefixes, by the bit after @cidr
 * @parent:	node above, NULL at the root; update lock held
 * @peer_list:	link in @peer's allowedips_list; update lock held
 * @rcu:	frees it after readers, once it is off the list
 */
struct nym_allowedips_node {
	u64 key[2];
	u8 cidr;
	u8 family;
	struct nym_peer __rcu *peer;
	struct nym_allowedips_node __rcu *child[2];
	struct nym_allowedips_node *parent;
	union {
		struct list_head peer_list;
		struct rcu_head rcu;
	};
};

/**
 * struct nym_allowedips - both tries of a device
 * @root4:	IPv4
 * @root6:	IPv6
 * @seq:	changes with every insertion and removal, never 0
 *
 * Changes need the device's update lock; look-ups need RCU.
 */
struct nym_allowedips {
	struct nym_allowedips_node __rcu *root4;
	struct nym_allowedips_node __rcu *root6;
	u64 seq;
};

int nym_allowedips_slab_init(void);
void nym_allowedips_slab_uninit(void);

void nym_allowedips_init(struct nym_allowedips *table);
void nym_allowedips_free(struct nym_allowedips *table, struct mutex *lock);

/* Insertion moves the prefix here from the peer that has it. The list through
 * @peer->allowedips_list holds a peer's nodes. Return: 0, -EINVAL, -ENOMEM.
 */
int nym_allowedips_insert4(struct nym_allowedips *table, const struct in_addr *ip,
			   u8 cidr, struct nym_peer *peer, struct mutex *lock);
int nym_allowedips_insert6(struct nym_allowedips *table, const struct in6_addr *ip,
			   u8 cidr, struct nym_peer *peer, struct mutex *lock);

/* Removes a prefix where it is @peer's. Return: 0 also where it was not there. */
int nym_allowedips_remove4(struct nym_allowedips *table, const struct in_addr *ip,
			   u8 cidr, struct nym_peer *peer, struct mutex *lock);
int nym_allowedips_remove6(struct nym_allowedips *table, const struct in6_addr *ip,
			   u8 cidr, struct nym_peer *peer, struct mutex *lock);

void nym_allowedips_remove_by_peer(struct nym_allowedips *table,
				   struct nym_peer *peer, struct mutex *lock);

/* Reads a node back. Return: AF_INET or AF_INET6. */
int nym_allowedips_read_node(struct nym_allowedips_node *node, u8 ip[16], u8 *cidr);

/* Longest match. Context: any; a reference to the peer is NOT taken: the result
 * is valid within the caller's RCU read section. NULL where nothing matches.
 */
struct nym_peer *nym_allowedips_lookup(struct nym_allowedips *table, int family,
				       const void *address);

#endif /* _NYM_ALLOWEDIPS_H */
