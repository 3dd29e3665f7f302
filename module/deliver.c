// SPDX-License-Identifier: GPL-2.0
/* Delivery: what must be done with decrypted messages in order. */
#include "deliver.h"
#include "coalesce.h"
#include "decrypt.h"
#include "device.h"
#include "drop.h"
#include "endpoint.h"
#include "fragment.h"
#include "handshake.h"
#include "nest.h"
#include "noise.h"
#include "path.h"
#include "peer.h"
#include "pipeline.h"
#include "quota.h"
#include "send.h"
#include "timers.h"
#include <linux/inetdevice.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>

/* Is the message's layer @l the next to be judged? */
static bool awaits_judgement(const struct nym_received *received, unsigned int l)
{
	return received->layers > l && received->valid == l;
}

/* Judges one layer of a run of messages under one key, holding the lock of its
 * window throughout. Return: index of the message behind the run.
 */
static unsigned int check_run(struct nym_receive_train *train, unsigned int l,
			      unsigned int i, bool *any)
{
	struct nym_keypair *keypair = train->received[i].layer[l].sender->keypair;

	spin_lock(&keypair->replay.lock);
	for (; i < train->count; ++i) {
		struct nym_received *received = &train->received[i];

		if (!awaits_judgement(received, l))
			continue;
		if (received->layer[l].sender->keypair != keypair)
			break;
		if (nym_replay_accept(&keypair->replay,
				      received->layer[l].counter)) {
			received->valid = l + 1;
			*any = true;
		} else {
			received->reason = NYM_DROP_REPLAYED;
			net_dbg_ratelimited("%s: Packet has invalid nonce %llu (max %llu)\n",
					    nym_keypair_peer(keypair)->device->dev->name,
					    received->layer[l].counter,
					    keypair->replay.greatest);
		}
	}
	spin_unlock(&keypair->replay.lock);
	return i;
}

/* Judges one layer of all messages that got that far. Return: whether any got
 * further.
 */
static bool check_replays(struct nym_receive_train *train, unsigned int l)
{
	bool any = false;
	unsigned int i = 0;

	while (i < train->count) {
		if (awaits_judgement(&train->received[i], l))
			i = check_run(train, l, i, &any);
		else
			++i;
	}
	return any;
}

/* Rekeys while the session can still be heard, for the case that nothing is sent
 * on it.
 */
static void rekey_before_rejection(struct nym_keypair *keypair)
{
	struct nym_peer *peer = nym_keypair_peer(keypair);

	if (READ_ONCE(peer->sent_lastminute_handshake) ||
	    !keypair->i_am_the_initiator ||
	    !nym_birthdate_has_expired(keypair->sending.birthdate,
				       NYM_REJECT_AFTER_TIME -
					       NYM_KEEPALIVE_TIMEOUT -
					       NYM_REKEY_TIMEOUT) ||
	    keypair != rcu_access_pointer(peer->keypairs.current_keypair))
		return;
	WRITE_ONCE(peer->sent_lastminute_handshake, true);
	nym_handshake_initiate(peer, false);
}

/* What follows from having heard a peer at one layer. @bytes is what the run of
 * messages had there.
 */
static void note_received(const struct nym_received *received, unsigned int l,
			  u64 bytes, bool has_data)
{
	const struct nym_sender *sender = received->layer[l].sender;
	struct nym_keypair *keypair = sender->keypair;
	struct nym_peer *peer = nym_keypair_peer(keypair);

	nym_endpoint_learn(peer, &sender->from, sender->bind, keypair);
	if (unlikely(nym_keypairs_confirm(&peer->keypairs, keypair))) {
		nym_timers_handshake_complete(peer);
		nym_send_session_up(peer);
	}
	rekey_before_rejection(keypair);
	nym_timers_any_authenticated_packet_received(peer);
	nym_timers_any_authenticated_packet_traversal(peer);
	if (has_data)
		nym_timers_data_received(peer);
	atomic64_add(bytes, &peer->stats.rx_bytes);
}

/* Does note_received() once for each run of messages of one key and sender. */
static void note_layer(struct nym_receive_train *train, unsigned int l)
{
	const struct nym_received *last = NULL;
	bool has_data = false;
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < train->count; ++i) {
		const struct nym_received *received = &train->received[i];

		if (received->valid <= l)
			continue;
		if (last && received->layer[l].sender != last->layer[l].sender) {
			note_received(last, l, bytes, has_data);
			has_data = false;
			bytes = 0;
		}
		last = received;
		bytes += received->layer[l].len;
		if (received->layers > l + 1 ||
		    received->content != NYM_CONTENT_KEEPALIVE)
			has_data = true;
	}
	if (last)
		note_received(last, l, bytes, has_data);
}

/* Drops a message, whose plaintext or datagram may have an skb of its own. */
static void drop_received(struct nym_device *device, struct nym_received *received,
			  enum nym_drop_reason reason)
{
	nym_drop_some(device, received->skb, reason, 1);
	received->skb = NULL;
}

static void log_unallowed(struct nym_peer *peer, const struct sk_buff *skb)
{
	struct net_device *dev = peer->device->dev;
	struct nym_endpoint endpoint = {};

	nym_endpoint_read(peer, &endpoint);
	if (skb->protocol == htons(ETH_P_IP))
		net_dbg_ratelimited("%s: Packet has unallowed src IP (%pI4) from peer %llu (%pISpfsc)\n",
				    dev->name, &ip_hdr(skb)->saddr,
				    peer->internal_id, &endpoint.addr);
	else
		net_dbg_ratelimited("%s: Packet has unallowed src IP (%pI6c) from peer %llu (%pISpfsc)\n",
				    dev->name, &ipv6_hdr(skb)->saddr,
				    peer->internal_id, &endpoint.addr);
}

/* Makes the plaintext a packet of the device, its headers checked and its
 * padding cut off. Return: false where it is no IP packet.
 */
static bool prepare_packet(struct net_device *dev, struct sk_buff *skb)
{
	unsigned int len;

	skb->dev = dev;
	skb_reset_network_header(skb);
	skb_reset_mac_header(skb);
	skb->protocol = ip_tunnel_parse_protocol(skb);
	if (skb->protocol == htons(ETH_P_IP)) {
		len = ntohs(ip_hdr(skb)->tot_len);
		if (len < sizeof(struct iphdr))
			return false;
	} else if (skb->protocol == htons(ETH_P_IPV6)) {
		len = ntohs(ipv6_hdr(skb)->payload_len) + sizeof(struct ipv6hdr);
	} else {
		return false;
	}
	return len <= skb->len && !pskb_trim(skb, len);
}

/* Combines a packet's congestion mark with that of the layer outside it. Return:
 * false where it can't bear that one.
 */
static bool take_mark(struct sk_buff *skb, u8 outer)
{
	u8 inner = nym_nest_read_ecn(skb_network_header(skb));

	return INET_ECN_decapsulate(skb, outer, inner) <= 1;
}

static bool is_allowed_source(struct nym_peer *peer, const struct sk_buff *skb)
{
	struct nym_allowedips *table = &peer->device->allowedips;

	if (skb->protocol == htons(ETH_P_IP))
		return nym_allowedips_lookup(table, AF_INET,
					     &ip_hdr(skb)->saddr) == peer;
	return nym_allowedips_lookup(table, AF_INET6,
				     &ipv6_hdr(skb)->saddr) == peer;
}

/**
 * struct nym_delivery - packets of a train on their way to the stack
 * @napi:	by which they go
 * @is_alone:	there is nothing that GRO could join them with
 * @coalesce:	packet being joined
 * @first:	message that @coalesce began with
 * @bytes:	of the innermost messages in @coalesce
 */
struct nym_delivery {
	struct napi_struct *napi;
	bool is_alone;
	struct nym_coalesce coalesce;
	const struct nym_received *first;
	unsigned int bytes;
};

static struct nym_peer *innermost_peer(const struct nym_received *received)
{
	return nym_received_peer(received, received->layers - 1);
}

static unsigned int innermost_len(const struct nym_received *received)
{
	return received->layer[received->layers - 1].len;
}

static void count_received(struct net_device *dev, unsigned int packets,
			   unsigned int bytes)
{
	struct pcpu_sw_netstats *stats = this_cpu_ptr(dev->tstats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->rx_bytes, bytes);
	u64_stats_add(&stats->rx_packets, packets);
	u64_stats_update_end(&stats->syncp);
}

/* Hands a packet, or @packets joined ones, to the stack. */
static void hand_over(const struct nym_delivery *delivery, struct sk_buff *skb,
		      const struct nym_received *received, unsigned int packets,
		      unsigned int bytes)
{
	struct nym_peer *peer = innermost_peer(received);
	struct net_device *dev = peer->device->dev;
	enum nym_drop_reason reason;

	if (unlikely(!prepare_packet(dev, skb))) {
		net_dbg_ratelimited("%s: Packet is neither ipv4 nor ipv6 from peer %llu\n",
				    dev->name, peer->internal_id);
		DEV_STATS_INC(dev, rx_errors);
		DEV_STATS_INC(dev, rx_length_errors);
		nym_drop_some(peer->device, skb, NYM_DROP_NOT_IP, packets);
		return;
	}
	if (unlikely(!is_allowed_source(peer, skb))) {
		log_unallowed(peer, skb);
		reason = NYM_DROP_SOURCE_NOT_ALLOWED;
		goto drop;
	}
	if (unlikely(!take_mark(skb, received->ecn))) {
		reason = NYM_DROP_ECN;
		goto drop;
	}
	if (delivery->is_alone)
		netif_receive_skb(skb);
	else
		napi_gro_receive(delivery->napi, skb);
	count_received(dev, packets, bytes);
	return;
drop:
	DEV_STATS_ADD(dev, rx_errors, packets);
	DEV_STATS_ADD(dev, rx_frame_errors, packets);
	nym_drop_some(peer->device, skb, reason, packets);
}

/* Hands over what was joined so far. */
static void flush(struct nym_delivery *delivery)
{
	unsigned int packets = delivery->coalesce.segments;

	if (delivery->coalesce.skb)
		hand_over(delivery, nym_coalesce_end(&delivery->coalesce),
			  delivery->first, packets, delivery->bytes);
}

/* Is a joined packet of any use? UDP is joined for who forwards it: to a socket
 * here it would have to be divided again.
 */
static bool may_join(const struct net_device *dev, const struct nym_plain *plain)
{
	bool is_ipv4 = plain->header[0] >> 4 == 4;
	struct in_device *in_dev;
	const struct inet6_dev *in6_dev;

	if (!(dev->features & NETIF_F_GRO))
		return false;
	if (is_ipv4 ? ((const struct iphdr *)plain->header)->protocol == IPPROTO_TCP :
		      ((const struct ipv6hdr *)plain->header)->nexthdr == IPPROTO_TCP)
		return true;
	if (!(dev->features & NETIF_F_GRO_UDP_FWD))
		return false;
	if (is_ipv4) {
		in_dev = __in_dev_get_rcu(dev);
		return in_dev && IN_DEV_FORWARD(in_dev);
	}
	in6_dev = __in6_dev_get(dev);
	return in6_dev && READ_ONCE(in6_dev->cnf.forwarding);
}

/* Delivers a packet that lies in a buffer, joined to those before if it can be. */
static void deliver_plain(struct nym_delivery *delivery,
			  const struct nym_received *received)
{
	const struct nym_received *first = delivery->first;
	struct net_device *dev = innermost_peer(received)->device->dev;

	if (delivery->coalesce.skb) {
		if (first->ecn == received->ecn &&
		    innermost_peer(first) == innermost_peer(received) &&
		    nym_coalesce_add(&delivery->coalesce, &received->plain)) {
			delivery->bytes += innermost_len(received);
			return;
		}
		flush(delivery);
	}
	if (unlikely(!nym_coalesce_begin(&delivery->coalesce, delivery->napi,
					 &received->plain))) {
		DEV_STATS_INC(dev, rx_dropped);
		nym_drop_count(innermost_peer(received)->device,
			       NYM_DROP_NO_MEMORY, 1);
		return;
	}
	delivery->first = received;
	delivery->bytes = innermost_len(received);
	if (!received->plain.header_len || !may_join(dev, &received->plain))
		flush(delivery);
}

static void deliver_packet(struct nym_delivery *delivery,
			   struct nym_received *received)
{
	struct sk_buff *skb = received->skb;

	if (!skb) {
		deliver_plain(delivery, received);
		return;
	}
	flush(delivery);
	received->skb = NULL;
	/* Decrypted in place, it still has marks of the real network. */
	skb_scrub_packet(skb, true);
	skb_clear_hash(skb);
	skb->queue_mapping = 0;
	/* It was authenticated: nothing on the way can have changed it. */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->csum_level = ~0;
	hand_over(delivery, skb, received, 1, innermost_len(received));
}

static void deliver_handshake(struct nym_received *received)
{
	struct nym_peer *carrier = innermost_peer(received);
	const struct nym_plain *plain = &received->plain;
	struct nym_nest_result result;
	struct nym_endpoint from;

	/* Looked at again, as the carrier may have changed, or the peer gone. */
	if (!received->nested ||
	    nym_nest_classify(carrier, plain->data, plain->len, &result) !=
		    NYM_NEST_MESSAGE || result.peer != received->nested) {
		drop_received(carrier->device, received, NYM_DROP_OUTSIDE_CARRIER);
		return;
	}
	nym_nest_read_source(&from, plain->data);
	nym_handshake_receive(carrier->device, plain->data + result.offset,
			      result.len, &from, received->nested, carrier,
			      result.bind);
}

static void deliver_fragment(struct nym_receive_train *train,
			     struct nym_received *received,
			     struct nym_delivery *delivery);

static void deliver(struct nym_receive_train *train, struct nym_received *received,
		    struct nym_delivery *delivery)
{
	struct nym_device *device = nym_keypair_peer(train->outer.keypair)->device;
	struct net_device *dev = device->dev;

	if (!received->layers || received->valid < received->layers ||
	    received->content == NYM_CONTENT_NONE) {
		DEV_STATS_INC(dev, rx_errors);
		drop_received(device, received, received->reason);
		return;
	}
	switch ((enum nym_content)received->content) {
	case NYM_CONTENT_PACKET:
		deliver_packet(delivery, received);
		break;
	case NYM_CONTENT_KEEPALIVE:
		net_dbg_ratelimited("%s: Receiving keepalive packet from peer %llu (%pISpfsc)\n",
				    dev->name, innermost_peer(received)->internal_id,
				    &train->outer.from.addr);
		count_received(dev, 1, innermost_len(received));
		break;
	case NYM_CONTENT_HANDSHAKE:
		deliver_handshake(received);
		break;
	case NYM_CONTENT_FRAGMENT:
		flush(delivery);
		deliver_fragment(train, received, delivery);
		break;
	case NYM_CONTENT_ERROR:
		if (received->nested && received->mtu)
			nym_path_learn_mtu(received->nested, received->bind,
					   received->mtu);
		break;
	case NYM_CONTENT_NONE:
		break;
	}
}

/* Counts what the peers of layer @first and those within were sent on their quotas.
 * A message beyond one is dropped, and so is what it carries.
 */
static void charge_quotas(struct nym_receive_train *train, unsigned int first)
{
	unsigned int i, l;

	for (i = 0; i < train->count; ++i) {
		struct nym_received *received = &train->received[i];

		for (l = first; l < received->valid; ++l) {
			if (nym_quota_charge(nym_received_peer(received, l),
					     received->layer[l].len))
				continue;
			received->content = NYM_CONTENT_NONE;
			received->reason = NYM_DROP_QUOTA;
			break;
		}
	}
}

static void take_train(struct nym_receive_train *train, struct napi_struct *napi,
		       bool is_alone)
{
	struct nym_delivery delivery = { .napi = napi, .is_alone = is_alone };
	unsigned int i, l, layers;

	for (l = 0; l < NYM_MAX_HOPS; ++l)
		if (!check_replays(train, l))
			break;
	layers = l;
	for (l = 0; l < layers; ++l)
		note_layer(train, l);
	charge_quotas(train, 0);
	for (i = 0; i < train->count; ++i)
		deliver(train, &train->received[i], &delivery);
	flush(&delivery);
}

/* The fragment as an skb of its own, or NULL. */
static struct sk_buff *take_fragment(struct nym_received *received,
				     struct napi_struct *napi)
{
	struct nym_plain *plain = &received->plain;
	struct sk_buff *skb = received->skb;

	received->skb = NULL;
	if (skb) {
		skb_scrub_packet(skb, true);
		return skb;
	}
	skb = napi_alloc_skb(napi, plain->len);
	if (skb)
		skb_put_data(skb, plain->data, plain->len);
	return skb;
}

/* The fragment as it goes to reassembly, which joins the congestion marks of all:
 * so each has to bear what its carrier's message came with. Return: NULL where it
 * was dropped.
 */
static struct sk_buff *prepare_fragment(struct nym_received *received,
					struct napi_struct *napi)
{
	struct nym_device *device = innermost_peer(received)->device;
	struct sk_buff *skb = take_fragment(received, napi);
	enum nym_drop_reason reason;

	if (!skb)
		reason = NYM_DROP_NO_MEMORY;
	else if (!prepare_packet(device->dev, skb))
		reason = NYM_DROP_NOT_IP;
	else if (!take_mark(skb, received->ecn))
		reason = NYM_DROP_ECN;
	else
		return skb;
	DEV_STATS_INC(device->dev, rx_errors);
	nym_drop_some(device, skb, reason, 1);
	return NULL;
}

/* A train of the datagram that @skb has become whole; NULL where memory runs out.
 * The layers that brought its last fragment were judged with that; only those
 * within are still to be.
 */
static struct nym_receive_train *make_whole(struct nym_receive_train *train,
					    const struct nym_received *received,
					    struct sk_buff *skb)
{
	struct nym_keypair *keypair = nym_keypair_get(train->outer.keypair);
	struct nym_receive_train *whole = NULL;

	if (keypair)
		whole = nym_receive_train_alloc(keypair, &train->outer.from,
						train->ecn, 1);
	if (!whole) {
		nym_keypair_put(keypair, false);
		return NULL;
	}
	whole->received[0] = *received;
	whole->received[0].skb = skb;
	whole->received[0].plain.header_len = 0;
	whole->received[0].plain.data = skb->data;
	whole->received[0].plain.len = skb->len;
	whole->received[0].nested = NULL;
	/* The marks outside are in the datagram's own by now. */
	whole->received[0].ecn = INET_ECN_NOT_ECT;
	return whole;
}

/* A fragment waits for the others; the last one to come is replaced by the whole
 * datagram, whose nested layers are then opened here.
 */
static void deliver_fragment(struct nym_receive_train *train,
			     struct nym_received *received,
			     struct nym_delivery *delivery)
{
	struct nym_peer *carrier = innermost_peer(received);
	unsigned int layers = received->layers;
	struct nym_receive_train *whole;
	struct sk_buff *skb = prepare_fragment(received, delivery->napi);
	struct nym_received *inside;
	unsigned int l;
	int ret;

	if (!skb)
		return;
	ret = nym_fragment_gather(carrier, skb);
	if (ret) {
		if (ret != -EINPROGRESS)
			nym_drop_count(carrier->device, ret == -ENOMEM ?
				       NYM_DROP_NO_MEMORY : NYM_DROP_REASSEMBLY, 1);
		return;
	}
	whole = make_whole(train, received, skb);
	if (!whole) {
		nym_drop_some(carrier->device, skb, NYM_DROP_NO_MEMORY, 1);
		return;
	}
	inside = &whole->received[0];
	nym_decrypt_inside(whole, inside);
	skb_pull(skb, inside->plain.data - skb->data);
	skb_trim(skb, inside->plain.len);
	for (l = layers; l < NYM_MAX_HOPS && check_replays(whole, l); ++l)
		note_layer(whole, l);
	charge_quotas(whole, layers);
	/* On a long path a datagram put together may hold another's fragment; but
	 * only inside a further layer, so this ends.
	 */
	if (inside->content != NYM_CONTENT_FRAGMENT || inside->layers > layers)
		deliver(whole, inside, delivery);
	else
		drop_received(carrier->device, inside, NYM_DROP_REASSEMBLY);
	nym_receive_train_free(whole);
}

void nym_deliver_done(struct nym_pipeline *pipeline)
{
	napi_schedule(&container_of(pipeline, struct nym_peer, rx)->napi);
}

int nym_deliver_poll(struct napi_struct *napi, int budget)
{
	struct nym_peer *peer = container_of(napi, struct nym_peer, napi);
	int done = 0;

	if (unlikely(budget <= 0))
		return 0;
	rcu_read_lock();
	while (done < budget) {
		struct nym_train *base = nym_pipeline_pop(&peer->rx);
		struct nym_receive_train *train;

		if (!base)
			break;
		train = container_of(base, struct nym_receive_train, train);
		/* The way of one packet is shorter without GRO, if that keeps none
		 * back from the poll before, which this one would overtake.
		 */
		take_train(train, napi, !done && train->count == 1 &&
			   !READ_ONCE(peer->rx.length) &&
			   !nym_napi_gro_holds(napi));
		done += train->count;
		nym_receive_train_free(train);
	}
	rcu_read_unlock();
	if (done >= budget)
		return budget;
	napi_complete_done(napi, done);
	return done;
}

void nym_deliver_purge(struct nym_peer *peer)
{
	struct nym_receive_train *train;
	struct nym_train *base;
	unsigned int i;

	while ((base = nym_pipeline_pop(&peer->rx))) {
		train = container_of(base, struct nym_receive_train, train);
		for (i = 0; i < train->count; ++i)
			drop_received(peer->device, &train->received[i],
				      NYM_DROP_REMOVED);
		nym_receive_train_free(train);
	}
}
