/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Paths: which peer is reached through which.
 *
 * A nested peer names its carrier by public key (its via); the pointer to the
 * carrier exists only while a peer with that key does. All changes are made
 * under the device's update lock; the data path follows @carrier under RCU, so
 * a packet goes the old path or the new one, never half of each.
 */
#ifndef _NYM_PATH_H
#define _NYM_PATH_H

#include <linux/netlink.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <uapi/linux/nym.h>

struct nym_device;
struct nym_peer;

/**
 * struct nym_via - how a nested peer is reached; part of struct nym_peer
 * @key:	carrier's public key, meaningful where @is_set
 * @is_set:	the peer is nested. Read with READ_ONCE() by the data path: where
 *		it is set and @carrier is NULL the peer is silent
 * @carrier:	the carrier, or NULL while there is no peer with that key
 * @address4:	our source inside the carrier, zeros where there is none
 * @address6:	the same
 * @port:	our UDP port inside the carrier, never 0 while @is_set
 * @pmtu:	path MTU that ICMP errors from inside the carrier told, 0 if none
 * @pmtu_expires: jiffies at which @pmtu is forgotten
 * @siblings:	link in the carrier's @nested list (RCU), empty while none
 * @nested:	list of the peers that this peer carries (RCU readers)
 * @bind_hash:	link in the device's table of nested sockets (RCU)
 */
struct nym_via {
	u8 key[NYM_KEY_LEN];
	bool is_set;
	struct nym_peer __rcu *carrier;
	struct in_addr address4;
	struct in6_addr address6;
	__be16 port;
	u32 pmtu;
	unsigned long pmtu_expires;
	struct list_head siblings;
	struct list_head nested;
	struct hlist_node bind_hash;
};

/**
 * struct nym_path - the hops from a peer outward, taken in one RCU section
 * @hops:	how many
 * @hop:	@hop[0] is the peer itself, @hop[@hops - 1] the outermost
 */
struct nym_path {
	unsigned int hops;
	struct nym_peer *hop[NYM_MAX_HOPS];
};

/**
 * nym_path_get() - follow a peer's carriers
 * @path:	filled; its peers are valid within the RCU read section
 * @peer:	innermost
 *
 * Return: 0; -ENOLINK where a carrier is missing.
 */
int nym_path_get(struct nym_path *path, struct nym_peer *peer);

/**
 * nym_path_overhead() - bytes that a path adds to an inner packet
 * @path:	whose outermost family is its endpoint's
 *
 * Sum over hops of NYM_HOP_OVERHEAD4 or NYM_HOP_OVERHEAD6 by the family of each
 * hop's endpoint (6 where it is unknown). Padding to 16 is clamped to the MTU
 * and adds nothing to it.
 */
unsigned int nym_path_overhead(const struct nym_path *path);

/**
 * struct nym_via_config - a change of a peer's via, as netlink gives it
 * @key:	new carrier's key, or NULL to keep; zeros make the peer direct
 * @address4:	new address or NULL to keep
 * @address6:	new address or NULL to keep
 * @port:	new port, 0 to draw one; meaningful where @has_port
 * @has_port:	@port was given
 */
struct nym_via_config {
	const u8 *key;
	const struct in_addr *address4;
	const struct in6_addr *address6;
	__be16 port;
	bool has_port;
};

/**
 * nym_path_check() - would this change be legal?
 * @peer:	to be changed
 * @config:	change
 * @extack:	told what is wrong: a cycle, a path longer than NYM_MAX_HOPS
 *		(counting the peers nested below @peer), its own key, a port and
 *		address that another peer of that carrier uses
 *
 * Vias to keys that no peer has yet are legal. Context: update lock held.
 */
int nym_path_check(struct nym_peer *peer, const struct nym_via_config *config,
		   struct netlink_ext_ack *extack);

/* Applies a change that nym_path_check() allowed; the switch of carrier is one
 * pointer store. Nested peers whose carrier changed keep their session. Context:
 * update lock held.
 */
void nym_path_apply(struct nym_peer *peer, const struct nym_via_config *config);

/* A peer was added: become the carrier of those that wait for its key. Context:
 * update lock held.
 */
void nym_path_peer_added(struct nym_peer *peer);

/* A peer goes away: its nested peers fall silent, it leaves its carrier. Readers
 * may still see it until a grace period has passed. Context: update lock held.
 */
void nym_path_peer_removed(struct nym_peer *peer);

/**
 * nym_path_find_bind() - whose nested socket is this?
 * @carrier:	the datagram came out of its session
 * @family:	AF_INET or AF_INET6
 * @address:	destination address
 * @port:	destination port
 *
 * Context: RCU read section. Return: nested peer or NULL.
 */
struct nym_peer *nym_path_find_bind(struct nym_peer *carrier, int family,
				    const void *address, __be16 port);

/**
 * nym_path_find_address() - is this the via-address of a nested peer?
 * @carrier:	the packet came out of its session
 * @family:	AF_INET or AF_INET6
 * @address:	destination address
 *
 * Context: RCU read section. Return: any nested peer of @carrier that has the
 * address, or NULL.
 */
struct nym_peer *nym_path_find_address(struct nym_peer *carrier, int family,
				       const void *address);

/**
 * nym_path_mtu() - the largest inner packet that a path carries whole
 * @path:	path
 *
 * The real network's path MTU toward the outermost peer less what the hops add,
 * bounded by what ICMP errors told of the networks behind each carrier. 1500
 * stands for the real network's where there is no route. Context: BH disabled,
 * RCU read section. Return: bytes, 0 where nothing fits.
 */
unsigned int nym_path_mtu(const struct nym_path *path);

/**
 * nym_path_learn_mtu() - take note of a too-big error from behind a carrier
 * @peer:	nested peer whose datagram was too big
 * @mtu:	what the error told, bytes of the nested datagram; less than 576
 *		(IPv4) or 1280 (IPv6) counts as that
 *
 * Forgotten after ten minutes. Tells the events group. Context: any but hard
 * interrupts.
 */
void nym_path_learn_mtu(struct nym_peer *peer, unsigned int mtu);

#endif /* _NYM_PATH_H */
