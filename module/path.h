/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Paths: which peer is reached through which.
 *
 * A nested peer names its carrier by public key (its via), and what it sends and
 * receives inside that carrier is fixed by its bind: carrier, source addresses
 * and port. A bind is constant, a change publishes another with one pointer
 * store. So a packet goes the old way or the new one, never out of the new
 * carrier with the old one's source address. What the far side sent before it
 * heard of the change still arrives the old way: so former binds receive for a
 * while, but move no endpoint.
 *
 * All changes are made under the device's update lock; the data path follows the
 * binds under RCU.
 */
#ifndef _NYM_PATH_H
#define _NYM_PATH_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/netlink.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <uapi/linux/nym.h>

struct nym_device;
struct nym_path_table;
struct nym_peer;

/**
 * struct nym_bind - a nested peer's place inside its carrier
 * @carrier:	the carrier, or NULL while there is no peer with its key: then
 *		the nested peer is silent. Set once, cleared when the carrier is
 *		removed
 * @nested:	the peer bound
 * @address4:	our source inside the carrier, zeros where there is none
 * @address6:	the same
 * @port:	our UDP port inside the carrier, never 0 where there is a carrier
 * @is_former:	another bind took its place, and it only receives
 * @number:	that no other bind of the device has; 0 where there is no carrier
 * @siblings:	link in the carrier's list of those that it carries (RCU)
 * @hash:	link in the device's table of nested sockets (RCU)
 * @expires:	ktime_get_seconds() at which a former bind receives no more; of 32 bits
 *		they do not come round
 * @former:	link in @nested's list of former binds; update lock
 * @rcu:	frees it after readers, and once it is off that list
 *
 * All but @carrier, the links and what makes it a former one is constant once
 * published.
 */
struct nym_bind {
	struct nym_peer __rcu *carrier;
	struct nym_peer *nested;
	struct in_addr address4;
	struct in6_addr address6;
	__be16 port;
	bool is_former;
	u32 number;
	u32 expires;
	struct list_head siblings;
	struct hlist_node hash;
	union {
		struct hlist_node former;
		struct rcu_head rcu;
	};
};

/**
 * struct nym_via - how a peer is reached; part of struct nym_peer
 * @key:	carrier's public key, meaningful where @bind is set; update lock
 * @bind:	place inside the carrier; NULL makes the peer direct
 * @pmtu_expires: ktime_get_seconds() at which @pmtu is forgotten; of 32 bits they
 *		do not come round
 * @pmtu:	path MTU that ICMP errors from inside the carrier told, 0 if none
 * @port_is_drawn: the port was drawn, not configured; update lock
 * @nested:	of struct nym_bind.siblings, the peers that this peer carries, and
 *		did until lately (RCU)
 * @formers:	of struct nym_bind.former, latest first; update lock
 * @waiting:	link in the device's table of nested peers without carrier;
 *		update lock
 */
struct nym_via {
	u8 key[NYM_KEY_LEN];
	struct nym_bind __rcu *bind;
	u32 pmtu_expires;
	u16 pmtu;
	bool port_is_drawn;
	struct list_head nested;
	struct hlist_head formers;
	struct hlist_node waiting;
};

/* Is the peer nested? A nested peer without carrier is silent. Any context. */
static inline bool nym_via_is_set(const struct nym_via *via)
{
	return rcu_access_pointer(via->bind);
}

/* Is this where the peer is? @number is that of a bind, or 0 for a direct peer. RCU
 * read section; without endpoint_lock the answer may be out of date at once.
 */
static inline bool nym_via_is_at(const struct nym_via *via, u32 number)
{
	const struct nym_bind *bind = rcu_dereference(via->bind);

	return number ? bind && bind->number == number : !bind;
}

/* The carrier, or NULL where there is none. RCU read section. */
static inline struct nym_peer *nym_via_carrier(const struct nym_via *via)
{
	const struct nym_bind *bind = rcu_dereference(via->bind);

	return bind ? rcu_dereference(bind->carrier) : NULL;
}

/**
 * nym_via_for_each_nested - go through the peers that a peer carries
 * @pos:	struct nym_bind *, whose @nested is the carried peer; former ones are
 *		among them
 * @via:	of the carrier
 *
 * Context: RCU read section.
 */
#define nym_via_for_each_nested(pos, via) \
	list_for_each_entry_rcu(pos, &(via)->nested, siblings)

/**
 * struct nym_path - the hops from a peer outward, taken in one RCU section
 * @hops:	how many
 * @hop:	@hop[0] is the peer itself, @hop[@hops - 1] the outermost
 * @bind:	each hop's place inside the next one, NULL for the outermost
 */
struct nym_path {
	unsigned int hops;
	struct nym_peer *hop[NYM_MAX_HOPS];
	const struct nym_bind *bind[NYM_MAX_HOPS];
};

/* Return: the device's nested sockets and nested peers without carrier, both
 * none yet, or NULL. nym_path_table_free() frees it once all peers are gone.
 */
struct nym_path_table *nym_path_table_alloc(void);
void nym_path_table_free(struct nym_path_table *table);

/**
 * nym_path_init() - prepare a peer that is being made
 * @peer:	no one else sees it yet
 * @via_key:	its carrier's key, or NULL for a direct peer
 *
 * A peer with @via_key is silent until nym_path_apply() gives it its carrier, so
 * it never is seen as a direct one.
 */
void nym_path_init(struct nym_peer *peer, const u8 *via_key);

/**
 * nym_path_get() - follow a peer's carriers
 * @path:	filled; its peers and binds are valid within the RCU read section
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
 * nym_path_mtu() - greatest inner packet that a path carries whole
 * @path:	from nym_path_get()
 *
 * The route's MTU toward the outermost peer, or 1500 while there is no route,
 * less the overhead of each hop, and no more than what ICMP errors from inside
 * any carrier left.
 *
 * Context: BH disabled, RCU read section. Return: bytes of IP packet, 0 where
 * nothing fits.
 */
unsigned int nym_path_mtu(const struct nym_path *path);

/* The same over a real network whose MTU is given. Context: RCU read section. */
unsigned int nym_path_mtu_over(const struct nym_path *path,
			       unsigned int route_mtu);

/**
 * nym_path_hard_mtu() - how large a packet can be that its sender lets be cut
 * @path:	from nym_path_get()
 *
 * What is larger than nym_path_mtu() is cut on the way, by routers or by the real
 * network's IPv6 here. But nobody cuts what is nested over IPv6.
 *
 * Context: RCU read section. Return: bytes of IP packet; UINT_MAX where there is no
 * limit.
 */
unsigned int nym_path_hard_mtu(const struct nym_path *path);

/**
 * nym_path_reach() - how far can packets go as one train?
 * @path:	from nym_path_get()
 * @mtu:	set where it is not the whole path: how large the datagrams of the
 *		last hop may be
 *
 * IPv6 packets of the least MTU are sent whatever a path carries. Nested in a hop
 * over IPv6 they may not fit, and no router cuts them: then their messages are
 * nested datagrams that we cut ourselves, and a train of their carrier's.
 *
 * Context: RCU read section. Return: hops of the train, the last of which is the
 * one that carries too little; @path->hops where none is.
 */
unsigned int nym_path_reach(const struct nym_path *path, unsigned int *mtu);

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
 * @extack:	told what is wrong and what would be right; may be NULL
 *
 * Vias to keys that no peer has yet are legal. Context: update lock held.
 *
 * Return: 0; -EINVAL where the carrier is the peer itself, or where a direct
 * peer is given a via-address or via-port; -ELOOP where it is reached through
 * the peer; -EMLINK where a path, counting the peers nested below @peer, would
 * have more than NYM_MAX_HOPS hops; -EADDRINUSE where another peer of that
 * carrier has the port at one of the addresses, or no port is left to draw.
 */
int nym_path_check(struct nym_peer *peer, const struct nym_via_config *config,
		   struct netlink_ext_ack *extack);

/**
 * nym_path_apply() - make a change that nym_path_check() allowed
 * @peer:	to be changed
 * @config:	change
 *
 * The switch of carrier, addresses and port is one pointer store; from just
 * before it the new bind receives, and for some seconds after it the old one
 * does, if its carrier stays. Nested peers keep their sessions. Context: update
 * lock held. Return: 0, or -ENOMEM and then nothing has changed.
 */
int nym_path_apply(struct nym_peer *peer, const struct nym_via_config *config);

/* Draws a nested peer's port again, if it was drawn and not set: who knows the
 * port that it had shall not know the new one for the same client's. What is
 * under way to the old one still arrives. Context: update lock held.
 */
void nym_path_redraw_port(struct nym_peer *peer);

/**
 * nym_path_peer_added() - become the carrier of those that wait for a new
 *			   peer's key
 * @peer:	that can be found by its key, and is ready to carry
 *
 * Context: update lock held. Return: 0, or -ENOMEM and then some still wait.
 */
int nym_path_peer_added(struct nym_peer *peer);

/* A peer goes away: its nested peers fall silent and wait for its key; it leaves
 * its carrier and, if it was nested, is silent for as long as anyone sees it.
 * Harmless where it was never added. Context: update lock held.
 */
void nym_path_peer_removed(struct nym_peer *peer);

/**
 * nym_path_find_bind() - whose nested socket is this?
 * @carrier:	the datagram came out of its session
 * @family:	AF_INET or AF_INET6
 * @address:	destination address
 * @port:	destination port
 *
 * Context: RCU read section. Return: the bind, which may be a former one, or NULL.
 */
const struct nym_bind *nym_path_find_bind(struct nym_peer *carrier, int family,
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
 * nym_path_learn_mtu() - take note of a too-big error from behind a carrier
 * @peer:	nested peer whose datagram was too big
 * @bind:	number of the bind that it was sent from: of no other is it learnt
 * @mtu:	what the error told, bytes of the nested datagram; less than 576
 *		(IPv4) or 1280 (IPv6) counts as that
 *
 * Forgotten after ten minutes. Tells the events group. Context: any but hard
 * interrupts.
 */
void nym_path_learn_mtu(struct nym_peer *peer, u32 bind, unsigned int mtu);

#endif /* _NYM_PATH_H */
