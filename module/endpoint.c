// SPDX-License-Identifier: GPL-2.0
/* Endpoints: where a peer is reached, and from which of our addresses. */
#include "endpoint.h"
#include "events.h"
#include "peer.h"
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/ipv6.h>

int nym_endpoint_from_skb(struct nym_endpoint *endpoint, const struct sk_buff *skb)
{
	memset(endpoint, 0, sizeof(*endpoint));
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		endpoint->addr4.sin_family = AF_INET;
		endpoint->addr4.sin_port = udp_hdr(skb)->source;
		endpoint->addr4.sin_addr.s_addr = ip_hdr(skb)->saddr;
		endpoint->src4.s_addr = ip_hdr(skb)->daddr;
		endpoint->src_if4 = skb->skb_iif;
		return 0;
	case htons(ETH_P_IPV6):
		endpoint->addr6.sin6_family = AF_INET6;
		endpoint->addr6.sin6_port = udp_hdr(skb)->source;
		endpoint->addr6.sin6_addr = ipv6_hdr(skb)->saddr;
		endpoint->addr6.sin6_scope_id =
			ipv6_iface_scope_id(&ipv6_hdr(skb)->saddr, skb->skb_iif);
		endpoint->src6 = ipv6_hdr(skb)->daddr;
		return 0;
	}
	return -EINVAL;
}

/* The remote part only. */
static bool remote_equal(const struct nym_endpoint *a, const struct nym_endpoint *b)
{
	if (a->addr.sa_family != b->addr.sa_family)
		return false;
	switch (a->addr.sa_family) {
	case AF_INET:
		return a->addr4.sin_port == b->addr4.sin_port &&
		       a->addr4.sin_addr.s_addr == b->addr4.sin_addr.s_addr;
	case AF_INET6:
		return a->addr6.sin6_port == b->addr6.sin6_port &&
		       ipv6_addr_equal(&a->addr6.sin6_addr, &b->addr6.sin6_addr) &&
		       a->addr6.sin6_scope_id == b->addr6.sin6_scope_id;
	}
	return false;
}

bool nym_endpoint_equal(const struct nym_endpoint *a, const struct nym_endpoint *b)
{
	if (!remote_equal(a, b))
		return false;
	if (a->addr.sa_family == AF_INET)
		return a->src4.s_addr == b->src4.s_addr && a->src_if4 == b->src_if4;
	return ipv6_addr_equal(&a->src6, &b->src6);
}

/* Puts @new, or nothing, in place of the peer's endpoint and drops the routes
 * that led to the old one. Takes @new over; the caller holds endpoint_lock.
 */
static void replace(struct nym_peer *peer, struct nym_endpoint *new)
{
	struct nym_endpoint *old;

	old = rcu_replace_pointer(peer->endpoint, new,
				  lockdep_is_held(&peer->endpoint_lock));
	dst_cache_reset(&peer->endpoint_cache);
	if (old)
		kfree_rcu(old, rcu);
}

/* Almost always nothing has changed: look before locking. */
static bool has_endpoint(struct nym_peer *peer, const struct nym_endpoint *endpoint)
{
	const struct nym_endpoint *old;
	bool ret;

	rcu_read_lock();
	old = rcu_dereference(peer->endpoint);
	ret = old && nym_endpoint_equal(old, endpoint);
	rcu_read_unlock();
	return ret;
}

/* Puts @new in place. Return: whether the peer was elsewhere before. */
static bool move_to(struct nym_peer *peer, struct nym_endpoint *new)
{
	const struct nym_endpoint *old;
	bool moved;

	old = rcu_dereference_protected(peer->endpoint,
					lockdep_is_held(&peer->endpoint_lock));
	moved = old && !remote_equal(old, new);
	replace(peer, new);
	return moved;
}

int nym_endpoint_set(struct nym_peer *peer, const struct nym_endpoint *endpoint)
{
	struct nym_endpoint *new;
	bool moved;

	if (has_endpoint(peer, endpoint))
		return 0;
	new = kmemdup(endpoint, sizeof(*endpoint), GFP_ATOMIC);
	if (!new)
		return -ENOMEM;
	spin_lock_bh(&peer->endpoint_lock);
	moved = move_to(peer, new);
	spin_unlock_bh(&peer->endpoint_lock);
	if (moved)
		nym_event_send(peer, NYM_EVENT_ENDPOINT_MOVED);
	return 0;
}

void nym_endpoint_learn(struct nym_peer *peer, const struct nym_endpoint *endpoint,
			u32 bind, const struct nym_keypair *keypair)
{
	struct nym_endpoint *new;
	bool moved = false;

	if (has_endpoint(peer, endpoint))
		return;
	new = kmemdup(endpoint, sizeof(*endpoint), GFP_ATOMIC);
	if (!new)
		return;
	/* Configuration leaves place and identity before it sets an endpoint, which
	 * takes this lock: it comes after what is learnt here, or is seen here.
	 */
	spin_lock_bh(&peer->endpoint_lock);
	if (nym_via_is_at(&peer->via, bind) &&
	    (!keypair || READ_ONCE(keypair->sending.is_valid))) {
		moved = move_to(peer, new);
		new = NULL;
	}
	spin_unlock_bh(&peer->endpoint_lock);
	kfree(new);
	if (moved)
		nym_event_send(peer, NYM_EVENT_ENDPOINT_MOVED);
}

void nym_endpoint_clear_source(struct nym_peer *peer)
{
	struct nym_endpoint *old, *new;

	spin_lock_bh(&peer->endpoint_lock);
	old = rcu_dereference_protected(peer->endpoint,
					lockdep_is_held(&peer->endpoint_lock));
	if (old) {
		new = kmemdup(old, sizeof(*old), GFP_ATOMIC);
		if (new) {
			memset(&new->src6, 0, sizeof(new->src6));
			replace(peer, new);
		} else {
			/* A route of the old mark must not outlive it. */
			dst_cache_reset(&peer->endpoint_cache);
		}
	}
	spin_unlock_bh(&peer->endpoint_lock);
}

void nym_endpoint_drop_routes(struct nym_peer *peer)
{
	dst_cache_reset_now(&peer->endpoint_cache);
}

bool nym_endpoint_read(struct nym_peer *peer, struct nym_endpoint *endpoint)
{
	struct nym_endpoint *from;

	rcu_read_lock();
	from = rcu_dereference(peer->endpoint);
	if (from)
		*endpoint = *from;
	rcu_read_unlock();
	return from;
}

void nym_endpoint_free(struct nym_peer *peer)
{
	spin_lock_bh(&peer->endpoint_lock);
	replace(peer, NULL);
	spin_unlock_bh(&peer->endpoint_lock);
}
