// SPDX-License-Identifier: GPL-2.0
/*
 * From packets to encrypted messages on the real network.
 *
 * Packets are staged at the innermost peer of their path, GSO packets whole.
 * Whoever finds keys for all hops takes what is staged as a train, which is
 * encrypted (encrypt.c) and then leaves in its turn.
 */
#include "send.h"
#include "device.h"
#include "drop.h"
#include "encrypt.h"
#include "endpoint.h"
#include "fragment.h"
#include "gather.h"
#include "handshake.h"
#include "messages.h"
#include "nest.h"
#include "noise.h"
#include "path.h"
#include "peer.h"
#include "pipeline.h"
#include "quota.h"
#include "socket.h"
#include "timers.h"
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/slab.h>
#include <net/icmp.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>

/* Trains of one peer under way at once; what comes meanwhile stays staged and
 * leaves as a longer train.
 */
#define NYM_TRAINS_UNDER_WAY	16

static struct nym_peer *hop_peer(const struct nym_send_train *train,
				 unsigned int hop)
{
	return nym_keypair_peer(train->keypairs[hop]);
}

static void free_train(struct nym_send_train *train)
{
	unsigned int hop;

	__skb_queue_purge(&train->packets);
	__skb_queue_purge(&train->wire);
	for (hop = 0; hop < NYM_MAX_HOPS; ++hop)
		nym_keypair_put(train->keypairs[hop], false);
	nym_peer_put(train->carrier);
	kfree(train);
}

/* Puts a packet into the queue, whose lock is held. Return: the oldest one, which
 * had to make room for it, or NULL.
 */
static struct sk_buff *enqueue_staged(struct nym_peer *peer, struct sk_buff *skb)
{
	struct sk_buff *oldest = NULL;

	if (skb_queue_len(&peer->staged) >= NYM_MAX_STAGED_PACKETS)
		oldest = __skb_dequeue(&peer->staged);
	__skb_queue_tail(&peer->staged, skb);
	return oldest;
}

static void drop_oldest(struct nym_peer *peer, struct sk_buff *oldest)
{
	if (!oldest)
		return;
	nym_drop(peer->device, oldest, NYM_DROP_QUEUE_FULL);
	DEV_STATS_INC(peer->device->dev, tx_dropped);
}

/* Stages a packet. */
static void stage(struct nym_peer *peer, struct sk_buff *skb)
{
	struct sk_buff *oldest;

	spin_lock_bh(&peer->staged.lock);
	oldest = enqueue_staged(peer, skb);
	spin_unlock_bh(&peer->staged.lock);
	drop_oldest(peer, oldest);
}

/* Makes a message a nested datagram, a packet for the carrier. */
static void nest_message(struct sk_buff *skb, const struct nym_nest_header *header,
			 u8 ecn)
{
	unsigned int len = skb->len;

	nym_nest_header_write(header, skb_push(skb, header->len), len,
			      get_random_u32(), ecn);
	skb_reset_network_header(skb);
	skb->protocol = header->family == AF_INET ? htons(ETH_P_IP) :
						    htons(ETH_P_IPV6);
}

/* Departure */

/* Charges the train to every hop's quota. */
static bool charge_quotas(struct nym_send_train *train)
{
	unsigned int hop;

	for (hop = 0; hop < train->hops; ++hop)
		if (!nym_quota_charge(hop_peer(train, hop), train->bytes[hop]))
			return false;
	return true;
}

/* Rekeys in time: when the initiator's key is old, or much used. */
static void keep_key_fresh(struct nym_keypair *keypair)
{
	if (atomic64_read(&keypair->sending_counter) > NYM_REKEY_AFTER_MESSAGES ||
	    (keypair->i_am_the_initiator &&
	     nym_birthdate_has_expired(keypair->sending.birthdate,
				       NYM_REKEY_AFTER_TIME)))
		nym_handshake_initiate(nym_keypair_peer(keypair), false);
}

/* What follows at each hop from having sent. */
static void note_sent(struct nym_send_train *train)
{
	unsigned int hop;

	for (hop = 0; hop < train->hops; ++hop) {
		struct nym_peer *peer = hop_peer(train, hop);

		nym_timers_any_authenticated_packet_traversal(peer);
		nym_timers_any_authenticated_packet_sent(peer);
		if (hop || train->has_data)
			nym_timers_data_sent(peer);
		atomic64_add(train->bytes[hop], &peer->stats.tx_bytes);
		keep_key_fresh(train->keypairs[hop]);
	}
}

/* Return: NYM_DROP_UNSPEC where the train may leave, otherwise why not. */
static enum nym_drop_reason judge_departure(struct nym_send_train *train)
{
	unsigned int hop;

	for (hop = 0; hop < train->hops; ++hop)
		if (READ_ONCE(hop_peer(train, hop)->is_dead))
			return NYM_DROP_REMOVED;
	if (train->carrier && READ_ONCE(train->carrier->is_dead))
		return NYM_DROP_REMOVED;
	return charge_quotas(train) ? NYM_DROP_UNSPEC : NYM_DROP_QUOTA;
}

/* Has the carrier take what goes out, as packets that fit. */
static void put_into_carrier(struct nym_send_train *train)
{
	const struct nym_nest_header *header = &train->nest[train->hops - 1];
	struct nym_peer *carrier = train->carrier;
	struct sk_buff_head pieces;
	struct sk_buff *skb, *piece;

	__skb_queue_head_init(&pieces);
	while ((skb = __skb_dequeue(&train->wire))) {
		nest_message(skb, header, nym_wire(skb)->ecn);
		if (nym_fragment_cut(skb, train->carrier_mtu, &pieces)) {
			nym_drop(carrier->device, skb, NYM_DROP_NO_MEMORY);
			DEV_STATS_INC(carrier->device->dev, tx_dropped);
			continue;
		}
		while ((piece = __skb_dequeue(&pieces)))
			stage(carrier, piece);
		nym_send_staged(carrier);
	}
}

static void put_on_network(struct nym_send_train *train)
{
	struct nym_peer *outermost = hop_peer(train, train->hops - 1);
	struct net_device *dev = outermost->device->dev;
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&train->wire))) {
		unsigned int messages = nym_wire(skb)->messages;

		/* The tunnel below counts it as one packet. */
		if (!nym_socket_send(outermost, skb, nym_wire(skb)->ecn))
			dev_sw_netstats_tx_add(dev, messages - 1, 0);
	}
}

static void put_out(struct nym_send_train *train)
{
	struct nym_device *device = hop_peer(train, 0)->device;
	enum nym_drop_reason reason;

	if (skb_queue_empty(&train->wire))
		return;
	reason = judge_departure(train);
	if (unlikely(reason)) {
		DEV_STATS_ADD(device->dev, tx_dropped,
			      skb_queue_len(&train->wire));
		nym_drop_queue(device, &train->wire, reason);
		return;
	}
	note_sent(train);
	if (unlikely(train->carrier))
		put_into_carrier(train);
	else
		put_on_network(train);
}

/* Takes a train off the head of its pipeline. */
static void leave(struct nym_train *base)
{
	struct nym_send_train *train =
		container_of(base, struct nym_send_train, train);
	struct nym_peer *peer = hop_peer(train, 0);

	put_out(train);
	nym_peer_get(peer);
	free_train(train);
	/* What was staged while too many trains were under way. */
	nym_send_staged(peer);
	nym_peer_put(peer);
}

void nym_send_done(struct nym_pipeline *pipeline)
{
	nym_pipeline_drain(pipeline, leave);
}

/* Gives packets back: the keys that they were meant for are used up. */
static void restage(struct nym_peer *peer, struct sk_buff_head *packets)
{
	spin_lock_bh(&peer->staged.lock);
	skb_queue_splice_tail_init(packets, &peer->staged);
	spin_unlock_bh(&peer->staged.lock);
}

static void process_train(struct nym_train *base)
{
	struct nym_send_train *train =
		container_of(base, struct nym_send_train, train);
	struct nym_peer *peer;

	rcu_read_lock();
	peer = hop_peer(train, 0);
	nym_encrypt_train(train);
	if (unlikely(!skb_queue_empty(&train->packets)))
		restage(peer, &train->packets);
	nym_pipeline_done(peer->device, &peer->tx, &train->train);
	rcu_read_unlock();
}

/* Staging */

static struct nym_keypair *usable_keypair(struct nym_peer *peer)
{
	struct nym_keypair *keypair =
		nym_keypair_get(rcu_dereference(peer->keypairs.current_keypair));

	if (!keypair)
		return NULL;
	if (likely(READ_ONCE(keypair->sending.is_valid) &&
		   !nym_birthdate_has_expired(keypair->sending.birthdate,
					      NYM_REJECT_AFTER_TIME)))
		return keypair;
	WRITE_ONCE(keypair->sending.is_valid, false);
	nym_keypair_put(keypair, false);
	return NULL;
}

/* The reason to drop for what check_path() and lay_out() return. */
static enum nym_drop_reason path_drop_reason(int error)
{
	switch (error) {
	case -EDESTADDRREQ:
		return NYM_DROP_NO_ENDPOINT;
	case -EADDRNOTAVAIL:
		return NYM_DROP_NO_VIA_ADDRESS;
	default:
		return NYM_DROP_NO_CARRIER;
	}
}

/* Lays out the headers of the nested hops. Return: 0 or a negative error. */
static int lay_out(struct nym_send_train *train, const struct nym_path *path)
{
	unsigned int hop;
	int ret;

	train->hops = nym_path_reach(path, &train->carrier_mtu);
	/* Who gave the device less than the path seems to take knows of something
	 * narrower on the way: padding shall not fill it.
	 */
	train->mtu = min(nym_path_mtu(path),
			 READ_ONCE(path->hop[0]->device->dev->mtu));
	if (unlikely(train->hops < path->hops)) {
		train->carrier = nym_peer_get_maybe_zero(path->hop[train->hops]);
		if (!train->carrier)
			return -ENOLINK;
	}
	train->prefix = train->hops * sizeof(struct nym_message_data);
	for (hop = 0; hop < path->hops - 1 && hop < train->hops; ++hop) {
		ret = nym_nest_header_init(&train->nest[hop], path->bind[hop],
					   rcu_dereference(path->hop[hop]->endpoint));
		if (ret)
			return ret;
		if (hop < train->hops - 1)
			train->prefix += train->nest[hop].len;
	}
	return 0;
}

/* Takes a key of every hop; starts the handshakes of those without. */
static bool take_keys(struct nym_send_train *train, const struct nym_path *path)
{
	bool complete = true;
	unsigned int hop;

	/* Outermost first: the handshakes of the others wait for its session. */
	for (hop = path->hops; hop--;) {
		train->keypairs[hop] = usable_keypair(path->hop[hop]);
		if (!train->keypairs[hop]) {
			nym_handshake_initiate(path->hop[hop], false);
			complete = false;
		}
	}
	return complete;
}

/* Packets that wait for a handshake are no longer their sockets' concern, which
 * otherwise could not send even to others.
 */
static void orphan_staged(struct nym_peer *peer)
{
	struct sk_buff *skb;

	spin_lock_bh(&peer->staged.lock);
	skb_queue_walk(&peer->staged, skb)
		skb_orphan(skb);
	spin_unlock_bh(&peer->staged.lock);
}

/* A train for the peer's packets, still empty. Path, keys and addresses are of
 * one moment. Return: NULL where packets must wait or can't be sent.
 */
static struct nym_send_train *make_train(struct nym_peer *peer)
{
	struct nym_send_train *train;
	struct nym_path path;
	int ret;

	if (nym_path_get(&path, peer))
		return NULL;
	train = kzalloc(sizeof(*train), GFP_ATOMIC | __GFP_NOWARN);
	if (!train)
		return NULL;
	__skb_queue_head_init(&train->packets);
	__skb_queue_head_init(&train->wire);
	train->train.process = process_train;
	ret = lay_out(train, &path);
	if (ret) {
		nym_send_purge_staged(peer, path_drop_reason(ret));
		goto err;
	}
	if (!take_keys(train, &path)) {
		orphan_staged(peer);
		goto err;
	}
	return train;
err:
	free_train(train);
	return NULL;
}

/* Should what is staged wait for a train under way to leave? While every CPU has
 * one to work on, few packets are better joined by those to come.
 */
static bool should_wait(struct nym_peer *peer)
{
	unsigned int under_way = READ_ONCE(peer->tx.length);

	return under_way >= NYM_TRAINS_UNDER_WAY ||
	       (under_way >= num_online_cpus() &&
		skb_queue_len_lockless(&peer->staged) < NYM_TRAIN_MESSAGES);
}

/* Moves staged packets onto the train and the train into the pipeline, both
 * under the lock, so that trains keep the packets' order. Return: as
 * nym_pipeline_enter(), or -ENODATA where nothing was staged any more or the peer
 * is removed.
 */
static int depart(struct nym_peer *peer, struct nym_send_train *train,
		  unsigned int *bytes)
{
	struct sk_buff *skb;
	int ret = -ENODATA;

	*bytes = 0;
	spin_lock_bh(&peer->staged.lock);
	/* In the RCU section of the caller: removal waits for it, and then for
	 * the trains that departed before.
	 */
	if (!skb_queue_empty(&peer->staged) && !READ_ONCE(peer->is_dead))
		ret = nym_pipeline_enter(&peer->tx, &train->train);
	if (ret >= 0) {
		do {
			skb = __skb_dequeue(&peer->staged);
			*bytes += skb->len;
			__skb_queue_tail(&train->packets, skb);
			skb = skb_peek(&peer->staged);
		} while (skb && *bytes + skb->len <= NYM_TRAIN_BYTES &&
			 skb_queue_len(&train->packets) < NYM_TRAIN_MESSAGES);
	}
	spin_unlock_bh(&peer->staged.lock);
	return ret;
}

static bool send_one_train(struct nym_peer *peer)
{
	struct nym_send_train *train;
	unsigned int bytes;
	int ret;

	if (skb_queue_empty_lockless(&peer->staged) || should_wait(peer))
		return false;
	train = make_train(peer);
	if (!train)
		return false;
	ret = depart(peer, train, &bytes);
	if (ret < 0) {
		free_train(train);
		return false;
	}
	nym_pipeline_work(peer->device, &train->train, ret, bytes);
	return true;
}

void nym_send_staged(struct nym_peer *peer)
{
	/* Between staging a packet and looking at the pipeline's length, and
	 * between leaving the pipeline and looking for staged packets: one of
	 * the two contexts sees the other's.
	 */
	smp_mb();
	local_bh_disable();
	rcu_read_lock();
	while (send_one_train(peer))
		;
	rcu_read_unlock();
	local_bh_enable();
}

void nym_send_session_up(struct nym_peer *peer)
{
	struct nym_bind *bind;

	nym_send_staged(peer);
	rcu_read_lock();
	nym_via_for_each_nested(bind, &peer->via)
		if (!READ_ONCE(bind->is_former))
			nym_send_session_up(bind->nested);
	rcu_read_unlock();
}

void nym_send_purge_staged(struct nym_peer *peer, enum nym_drop_reason reason)
{
	struct sk_buff_head staged;

	__skb_queue_head_init(&staged);
	spin_lock_bh(&peer->staged.lock);
	skb_queue_splice_init(&peer->staged, &staged);
	spin_unlock_bh(&peer->staged.lock);
	DEV_STATS_ADD(peer->device->dev, tx_dropped, skb_queue_len(&staged));
	nym_drop_queue(peer->device, &staged, reason);
}

/* Stages a packet and sends what is staged, now or in a moment. */
static void stage_and_send(struct nym_peer *peer, struct sk_buff *skb)
{
	struct sk_buff *oldest;
	bool waits;

	spin_lock_bh(&peer->staged.lock);
	oldest = enqueue_staged(peer, skb);
	waits = nym_gather_waits(peer, skb);
	spin_unlock_bh(&peer->staged.lock);
	drop_oldest(peer, oldest);
	if (!waits)
		nym_send_staged(peer);
}

void nym_send_keepalive(struct nym_peer *peer)
{
	struct nym_endpoint endpoint = {};
	struct sk_buff *skb;

	if (skb_queue_empty_lockless(&peer->staged)) {
		skb = alloc_skb(0, GFP_ATOMIC);
		if (unlikely(!skb))
			return;
		nym_endpoint_read(peer, &endpoint);
		net_dbg_ratelimited("%s: Sending keepalive packet to peer %llu (%pISpfsc)\n",
				    peer->device->dev->name, peer->internal_id,
				    &endpoint.addr);
		stage(peer, skb);
	}
	nym_send_staged(peer);
}

/* Control messages */

/* Stages a nested peer's message at its carrier. RCU read section. */
static int send_nested(struct nym_peer *nested, const struct nym_bind *bind,
		       const struct nym_endpoint *to, const void *message,
		       size_t len)
{
	struct nym_peer *carrier = rcu_dereference(bind->carrier);
	struct nym_nest_header header;
	struct sk_buff *skb;
	int ret;

	ret = carrier ? nym_nest_header_init(&header, bind, to) : -ENOLINK;
	if (ret) {
		nym_drop_count(nested->device, path_drop_reason(ret), 1);
		return ret;
	}
	skb = alloc_skb(header.len + len, GFP_ATOMIC);
	if (!skb) {
		nym_drop_count(nested->device, NYM_DROP_NO_MEMORY, 1);
		return -ENOMEM;
	}
	skb_reserve(skb, header.len);
	skb_put_data(skb, message, len);
	nest_message(skb, &header, INET_ECN_NOT_ECT);
	atomic64_add(len, &nested->stats.tx_bytes);
	stage(carrier, skb);
	nym_send_staged(carrier);
	return 0;
}

static int send_direct(struct nym_peer *peer, const void *message, size_t len)
{
	struct sk_buff *skb = nym_encrypt_alloc_single(len);
	int ret;

	if (!skb) {
		nym_drop_count(peer->device, NYM_DROP_NO_MEMORY, 1);
		return -ENOMEM;
	}
	memcpy(skb->data, message, len);
	local_bh_disable();
	ret = nym_socket_send(peer, skb, INET_ECN_NOT_ECT);
	local_bh_enable();
	if (!ret)
		atomic64_add(len, &peer->stats.tx_bytes);
	return ret;
}

int nym_send_control(struct nym_peer *peer, const void *message, size_t len)
{
	const struct nym_bind *bind;
	int ret;

	rcu_read_lock();
	bind = rcu_dereference(peer->via.bind);
	if (bind)
		ret = send_nested(peer, bind, rcu_dereference(peer->endpoint),
				  message, len);
	else
		ret = send_direct(peer, message, len);
	rcu_read_unlock();
	return ret;
}

/* Is it a datagram from there? Staged packets have their headers in one piece. */
static bool is_from(const struct sk_buff *skb, const struct nym_bind *bind)
{
	const struct udphdr *udp;

	if (skb->protocol == htons(ETH_P_IP)) {
		udp = (const void *)(ip_hdr(skb) + 1);
		return skb_headlen(skb) >= sizeof(struct iphdr) + sizeof(*udp) &&
		       ip_hdr(skb)->protocol == IPPROTO_UDP &&
		       ip_hdr(skb)->saddr == bind->address4.s_addr &&
		       udp->source == bind->port;
	}
	if (skb->protocol != htons(ETH_P_IPV6))
		return false;
	udp = (const void *)(ipv6_hdr(skb) + 1);
	return skb_headlen(skb) >= sizeof(struct ipv6hdr) + sizeof(*udp) &&
	       ipv6_hdr(skb)->nexthdr == IPPROTO_UDP &&
	       ipv6_addr_equal(&ipv6_hdr(skb)->saddr, &bind->address6) &&
	       udp->source == bind->port;
}

void nym_send_purge_control(struct nym_peer *nested)
{
	const struct nym_bind *bind;
	struct sk_buff_head purged;
	struct nym_peer *carrier;
	struct sk_buff *skb, *next;

	__skb_queue_head_init(&purged);
	rcu_read_lock();
	bind = rcu_dereference(nested->via.bind);
	carrier = bind ? rcu_dereference(bind->carrier) : NULL;
	if (carrier) {
		spin_lock_bh(&carrier->staged.lock);
		skb_queue_walk_safe(&carrier->staged, skb, next) {
			if (!is_from(skb, bind))
				continue;
			__skb_unlink(skb, &carrier->staged);
			__skb_queue_tail(&purged, skb);
		}
		spin_unlock_bh(&carrier->staged.lock);
	}
	rcu_read_unlock();
	nym_drop_queue(nested->device, &purged, NYM_DROP_REMOVED);
}

int nym_send_control_to(struct nym_peer *nested, u32 number,
			const struct nym_endpoint *to, const void *message,
			size_t len)
{
	const struct nym_bind *bind;
	int ret = -ENOLINK;

	rcu_read_lock();
	bind = rcu_dereference(nested->via.bind);
	if (bind && bind->number == number)
		ret = send_nested(nested, bind, to, message, len);
	else
		nym_drop_count(nested->device, NYM_DROP_NO_CARRIER, 1);
	rcu_read_unlock();
	return ret;
}

/* ndo_start_xmit */

static void tell_unreachable(struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	else if (skb->protocol == htons(ETH_P_IPV6))
		icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
}

static void tell_too_big(struct sk_buff *skb, unsigned int mtu)
{
	skb_dst_update_pmtu_no_confirm(skb, mtu);
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
	else
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
}

static bool is_larger(const struct sk_buff *skb, unsigned int mtu)
{
	if (skb_is_gso(skb))
		return !skb_gso_validate_network_len(skb, mtu);
	return skb->len > mtu;
}

/* Does the sender want to know rather than have the packet cut? */
static bool must_stay_whole(const struct sk_buff *skb)
{
	return skb->protocol != htons(ETH_P_IP) ||
	       ip_hdr(skb)->frag_off & htons(IP_DF);
}

/* What a packet's sender may send at once. A narrower path carries no less than
 * the least MTU of IPv6, whose senders cannot go below it: our own datagrams are
 * fragmented instead.
 */
static unsigned int packet_mtu(const struct sk_buff *skb, unsigned int path_mtu)
{
	if (skb->protocol == htons(ETH_P_IPV6))
		return max_t(unsigned int, path_mtu, IPV6_MIN_MTU);
	return path_mtu;
}

/* Can the path be used at all? Return: 0; -ENOLINK without a carrier,
 * -EDESTADDRREQ without an endpoint, -EADDRNOTAVAIL without via-address.
 */
static int check_path(const struct nym_path *path)
{
	unsigned int hop;

	for (hop = 0; hop < path->hops; ++hop) {
		const struct nym_endpoint *endpoint =
			rcu_dereference(path->hop[hop]->endpoint);
		const struct nym_bind *bind = path->bind[hop];

		if (!endpoint)
			return -EDESTADDRREQ;
		if (bind && (endpoint->addr.sa_family == AF_INET ?
			     !bind->address4.s_addr :
			     ipv6_addr_any(&bind->address6)))
			return -EADDRNOTAVAIL;
	}
	return 0;
}

static struct nym_peer *route_packet(struct nym_device *device,
				     const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return nym_allowedips_lookup(&device->allowedips, AF_INET,
					     &ip_hdr(skb)->daddr);
	return nym_allowedips_lookup(&device->allowedips, AF_INET6,
				     &ipv6_hdr(skb)->daddr);
}

/* Judges a packet before it is staged. Return: NYM_DROP_UNSPEC, with @cut_to set
 * where it is to be cut into fragments first, or why it is dropped; its sender has
 * been told what it may be told.
 */
static enum nym_drop_reason admit_packet(struct nym_device *device,
					 struct sk_buff *skb,
					 struct nym_peer **peer,
					 unsigned int *cut_to)
{
	struct nym_path path;
	unsigned int mtu;
	int ret;

	if (unlikely(!skb->protocol ||
		     ip_tunnel_parse_protocol(skb) != skb->protocol ||
		     !pskb_inet_may_pull(skb))) {
		net_dbg_ratelimited("%s: Invalid IP packet\n", device->dev->name);
		return NYM_DROP_NOT_IP;
	}
	*peer = route_packet(device, skb);
	if (unlikely(!*peer)) {
		if (skb->protocol == htons(ETH_P_IP))
			net_dbg_ratelimited("%s: No peer has allowed IPs matching %pI4\n",
					    device->dev->name, &ip_hdr(skb)->daddr);
		else
			net_dbg_ratelimited("%s: No peer has allowed IPs matching %pI6c\n",
					    device->dev->name, &ipv6_hdr(skb)->daddr);
		tell_unreachable(skb);
		return NYM_DROP_NO_ALLOWED_IP;
	}
	ret = nym_path_get(&path, *peer);
	if (!ret)
		ret = check_path(&path);
	if (unlikely(ret)) {
		if (ret == -EDESTADDRREQ)
			net_dbg_ratelimited("%s: No valid endpoint has been configured or discovered for peer %llu\n",
					    device->dev->name, (*peer)->internal_id);
		else
			net_dbg_ratelimited("%s: No carrier or via-address for peer %llu\n",
					    device->dev->name, (*peer)->internal_id);
		tell_unreachable(skb);
		return path_drop_reason(ret);
	}
	mtu = packet_mtu(skb, nym_path_mtu(&path));
	if (likely(!is_larger(skb, mtu)))
		return NYM_DROP_UNSPEC;
	if (must_stay_whole(skb)) {
		tell_too_big(skb, mtu);
		return NYM_DROP_TOO_BIG;
	}
	if (is_larger(skb, nym_path_hard_mtu(&path)))
		*cut_to = mtu;
	return NYM_DROP_UNSPEC;
}

static int send_fragment(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return nym_send_xmit(skb, skb->dev);
}

netdev_tx_t nym_send_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct nym_device *device = netdev_priv(dev);
	enum nym_drop_reason reason;
	unsigned int cut_to = 0;
	struct nym_peer *peer;

	rcu_read_lock();
	reason = admit_packet(device, skb, &peer, &cut_to);
	if (unlikely(reason)) {
		DEV_STATS_INC(dev, tx_errors);
		nym_drop(device, skb, reason);
	} else if (likely(!cut_to) ||
		   !nym_fragment_packet(skb, cut_to, send_fragment)) {
		skb_dst_drop(skb);
		stage_and_send(peer, skb);
	}
	rcu_read_unlock();
	return NETDEV_TX_OK;
}
