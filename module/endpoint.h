/* SPDX-License-Identifier: GPL-2.0 */
/* Endpoints: where a peer is reached, and from which of our addresses. */
#ifndef _NYM_ENDPOINT_H
#define _NYM_ENDPOINT_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/socket.h>

struct nym_keypair;
struct nym_peer;

/**
 * struct nym_endpoint - a remote address and the local one that it was reached by
 * @addr:	remote address and port. For a nested peer it is an address inside
 *		its carrier's reach
 * @addr4:	the same
 * @addr6:	the same
 * @src4:	local address that the peer last sent to, 0 for any (sticky source)
 * @src_if4:	interface that @src4 was seen on
 * @src6:	the same for IPv6; its interface is @addr6's scope
 * @rcu:	frees it after readers
 *
 * Constant once published in a peer; a change publishes another. Nested peers
 * do not use the local part: their source is the via-address.
 */
struct nym_endpoint {
	union {
		struct sockaddr addr;
		struct sockaddr_in addr4;
		struct sockaddr_in6 addr6;
	};
	union {
		struct {
			struct in_addr src4;
			int src_if4;
		};
		struct in6_addr src6;
	};
	struct rcu_head rcu;
};

/**
 * nym_endpoint_from_skb() - read sender and receiver off a received datagram
 * @endpoint:	filled whole, unused bytes zero
 * @skb:	with network and transport header set
 *
 * Return: 0, or -EINVAL where @skb is neither IPv4 nor IPv6.
 */
int nym_endpoint_from_skb(struct nym_endpoint *endpoint, const struct sk_buff *skb);

/* Same family, address, port and scope, and the same local part. */
bool nym_endpoint_equal(const struct nym_endpoint *a, const struct nym_endpoint *b);

/**
 * nym_endpoint_set() - publish where a peer is reached
 * @peer:	whose
 * @endpoint:	copied, but for its rcu
 *
 * For configuration. Does nothing where it is equal to what is there. Tells the
 * events group when the remote part of an existing endpoint moved. Where memory runs
 * out the old endpoint stays. Context: any but hard interrupts. Return: 0 or -ENOMEM.
 */
int nym_endpoint_set(struct nym_peer *peer, const struct nym_endpoint *endpoint);

/**
 * nym_endpoint_learn() - a peer was heard from there
 * @peer:	who
 * @endpoint:	where its message came from
 * @bind:	number of the bind that the message came to, 0 for the real network
 * @keypair:	that the message was under; NULL for a handshake message, whose
 *		identity the caller keeps in use by the handshake's lock
 *
 * As nym_endpoint_set(), but for messages to a place that configuration has moved the
 * peer away from, or under an identity that it has left: these move nothing. Where
 * memory runs out the old endpoint stays. Context: RCU read section.
 */
void nym_endpoint_learn(struct nym_peer *peer, const struct nym_endpoint *endpoint,
			u32 bind, const struct nym_keypair *keypair);

/* Forgets the local part and the routes, so that the next packet picks them anew.
 * Where memory runs out the local part stays until it turns out to be wrong.
 */
void nym_endpoint_clear_source(struct nym_peer *peer);

/* Lets go of the routes at once, rather than when the next packet asks for one.
 * Nobody may be sending to the peer.
 */
void nym_endpoint_drop_routes(struct nym_peer *peer);

/* Copies the endpoint out. Return: false where the peer has none. */
bool nym_endpoint_read(struct nym_peer *peer, struct nym_endpoint *endpoint);

/* Drops the endpoint of a peer that is being freed. */
void nym_endpoint_free(struct nym_peer *peer);

#endif /* _NYM_ENDPOINT_H */
