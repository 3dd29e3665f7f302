// SPDX-License-Identifier: GPL-2.0
/*
 * From encrypted messages to packets for the stack.
 *
 * A datagram, or a GRO train of them, is divided into runs of messages for one
 * key; each run is a train. Whoever works on the train decrypts every message
 * through all layers that are ours. The outermost peer's NAPI then takes trains
 * in order and does what must be serial: replay windows of all layers first,
 * then what follows from having heard each peer, then the packet's way to the
 * stack.
 */
#include "receive.h"
#include "device.h"
#include "endpoint.h"
#include "fragment.h"
#include "handshake.h"
#include "messages.h"
#include "nest.h"
#include "noise.h"
#include "path.h"
#include "peer.h"
#include "pipeline.h"
#include "quota.h"
#include "send.h"
#include "timers.h"
#include <linux/highmem.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>
#include <net/udp.h>

/**
 * struct nym_layer - one layer of a received message
 * @keypair:	that decrypted it, with a reference where @holds
 * @counter:	its counter
 * @packet:	offset in the message's skb of the IP packet that brought this
 *		layer's message; 0 at the outermost, whose sender is the train's
 * @len:	bytes of this layer's message
 * @holds:	whether @keypair is referenced from here, rather than from the
 *		message before
 */
struct nym_layer {
	struct nym_keypair *keypair;
	u64 counter;
	u16 packet;
	u16 len;
	bool holds;
};

enum nym_content {
	NYM_CONTENT_NONE,	/* not authentic, or broken: drop */
	NYM_CONTENT_KEEPALIVE,
	NYM_CONTENT_PACKET,	/* for the stack */
	NYM_CONTENT_HANDSHAKE,	/* to a nested peer's socket */
	NYM_CONTENT_FRAGMENT,	/* of a datagram to a nested peer's socket */
	NYM_CONTENT_ERROR,	/* ICMP error about a nested datagram */
};

/**
 * struct nym_received - a message and what was found in it
 * @skb:	data at the outermost message until decrypted, then at @content
 * @layers:	how many were decrypted
 * @valid:	how many of them also passed the replay window
 * @content:	what the innermost layer holds
 * @ecn:	ECN field to be combined with @content's
 * @nested:	nested peer concerned by a handshake or error, with a reference
 * @mtu:	told by an error
 * @layer:	the layers, outermost first
 */
struct nym_received {
	struct sk_buff *skb;
	u8 layers;
	u8 valid;
	u8 content;
	u8 ecn;
	struct nym_peer *nested;
	unsigned int mtu;
	struct nym_layer layer[NYM_MAX_HOPS];
};

/**
 * struct nym_receive_train - messages for one key on their way in
 * @train:	its place in the outermost peer's pipeline
 * @keypair:	of the outermost layer, with a reference
 * @from:	sender
 * @ecn:	ECN field of the datagrams
 * @source:	datagrams; NULL once decrypted, or where @received has the skb
 * @offset:	of the first message in @source
 * @stride:	from one message to the next
 * @end:	behind the last message
 * @count:	how many
 * @received:	one for each message
 */
struct nym_receive_train {
	struct nym_train train;
	struct nym_keypair *keypair;
	struct nym_endpoint from;
	u8 ecn;
	struct sk_buff *source;
	unsigned int offset;
	unsigned int stride;
	unsigned int end;
	unsigned int count;
	struct nym_received received[];
};

static struct nym_peer *layer_peer(const struct nym_received *received,
				   unsigned int layer)
{
	return nym_keypair_peer(received->layer[layer].keypair);
}

static void free_train(struct nym_receive_train *train)
{
	unsigned int i, l;

	for (i = 0; i < train->count; ++i) {
		struct nym_received *received = &train->received[i];

		kfree_skb(received->skb);
		nym_peer_put(received->nested);
		for (l = 0; l < received->layers; ++l)
			if (received->layer[l].holds)
				nym_keypair_put(received->layer[l].keypair, false);
	}
	kfree_skb(train->source);
	nym_keypair_put(train->keypair, false);
	kfree(train);
}

/* Decryption */

/* Adds a layer to a message. The message before mostly has the same key at the
 * same layer, and then its reference serves both: messages of a train are freed
 * together.
 */
static bool add_layer(struct nym_received *received,
		      const struct nym_received *before,
		      struct nym_keypair *keypair, u64 counter,
		      unsigned int packet, unsigned int len)
{
	struct nym_layer *layer = &received->layer[received->layers];

	layer->holds = !(before && before->layers > received->layers &&
			 before->layer[received->layers].keypair == keypair);
	if (layer->holds && !nym_keypair_get(keypair))
		return false;
	layer->keypair = keypair;
	layer->counter = counter;
	layer->packet = packet;
	layer->len = len;
	++received->layers;
	return true;
}

static bool is_usable(const struct nym_keypair *keypair, u64 counter)
{
	return READ_ONCE(keypair->receiving.is_valid) &&
	       !nym_birthdate_has_expired(keypair->receiving.birthdate,
					  NYM_REJECT_AFTER_TIME) &&
	       counter < NYM_REJECT_AFTER_MESSAGES;
}

/* Finds the key that a data message names. RCU read section. */
static struct nym_keypair *find_keypair(struct nym_device *device, __le32 index)
{
	struct nym_index_entry *entry;
	struct nym_keypair *keypair = NULL;
	struct nym_peer *peer = NULL;

	entry = nym_index_table_lookup(device->indices, NYM_INDEX_KEYPAIR, index,
				       &peer);
	if (entry)
		keypair = nym_keypair_get(container_of(entry, struct nym_keypair,
						       entry));
	nym_peer_put(peer);
	return keypair;
}

/* Decrypts a nested peer's message in place, if its key is that peer's. The
 * train's messages mostly name the same key: @before spares the look-up.
 */
static bool open_nested(struct nym_received *received,
			const struct nym_received *before,
			struct nym_peer *nested, struct nym_message_data *message,
			unsigned int len, unsigned int packet)
{
	struct nym_keypair *keypair = NULL;
	unsigned int l = received->layers;
	u64 counter = le64_to_cpu(message->counter);
	bool found = false;
	bool opened = false;

	if (l >= NYM_MAX_HOPS)
		return false;
	if (before && before->layers > l &&
	    before->layer[l].keypair->entry.index == message->receiver_index &&
	    nym_keypair_peer(before->layer[l].keypair) == nested) {
		keypair = before->layer[l].keypair;
	} else {
		keypair = find_keypair(nested->device, message->receiver_index);
		found = keypair;
	}
	if (keypair && nym_keypair_peer(keypair) == nested &&
	    is_usable(keypair, counter) &&
	    chacha20poly1305_decrypt(message->encrypted_data,
				     message->encrypted_data,
				     len - sizeof(*message), NULL, 0, counter,
				     keypair->receiving.key))
		opened = add_layer(received, before, keypair, counter, packet, len);
	if (found)
		nym_keypair_put(keypair, false);
	return opened;
}

/* Looks into a nested datagram. Return: whether another layer was opened, whose
 * plaintext is then the skb's data.
 */
static bool enter_nested(struct nym_received *received,
			 const struct nym_received *before,
			 const struct nym_nest_result *result)
{
	struct sk_buff *skb = received->skb;
	void *message = skb->data + result->offset;
	struct nym_message_header *header = message;
	unsigned int packet = skb_headroom(skb);
	bool set_ce = false;
	u8 ecn;

	if (result->len < sizeof(*header))
		return false;
	/* RFC 6040, section 4.2: what a router between carrier and peer can't
	 * have done means that the datagram is to be dropped.
	 */
	ecn = nym_nest_read_ecn(skb->data);
	if (__INET_ECN_decapsulate(received->ecn, ecn, &set_ce) > 1)
		return false;
	if (set_ce)
		ecn = INET_ECN_CE;
	else if (received->ecn == INET_ECN_ECT_1 && ecn == INET_ECN_ECT_0)
		ecn = INET_ECN_ECT_1;

	if (nym_handshake_is_message(header->type, result->len)) {
		received->content = NYM_CONTENT_HANDSHAKE;
		received->nested = nym_peer_get_maybe_zero(result->peer);
		return false;
	}
	if (header->type != cpu_to_le32(NYM_MESSAGE_DATA) ||
	    result->len < NYM_MESSAGE_MIN_SIZE ||
	    !open_nested(received, before, result->peer, message, result->len,
			 packet))
		return false;
	skb_pull(skb, result->offset + sizeof(struct nym_message_data));
	skb_trim(skb, result->len - NYM_MESSAGE_DATA_OVERHEAD);
	received->ecn = ecn;
	return true;
}

/* Goes on from a decrypted layer: says what its plaintext is, and opens the
 * layers within.
 */
static void look_inside(struct nym_received *received,
			const struct nym_received *before)
{
	do {
		struct nym_peer *peer = layer_peer(received, received->layers - 1);
		struct sk_buff *skb = received->skb;
		struct nym_nest_result result;

		received->content = NYM_CONTENT_NONE;
		if (!skb->len) {
			received->content = NYM_CONTENT_KEEPALIVE;
			return;
		}
		if (list_empty(&peer->via.nested)) {
			received->content = NYM_CONTENT_PACKET;
			return;
		}
		switch (nym_nest_classify(peer, skb->data, skb->len, &result)) {
		case NYM_NEST_PACKET:
			received->content = NYM_CONTENT_PACKET;
			return;
		case NYM_NEST_FRAGMENT:
			received->content = NYM_CONTENT_FRAGMENT;
			return;
		case NYM_NEST_ERROR:
			received->content = NYM_CONTENT_ERROR;
			received->nested = nym_peer_get_maybe_zero(result.peer);
			received->mtu = result.mtu;
			return;
		case NYM_NEST_MALFORMED:
			return;
		case NYM_NEST_MESSAGE:
			if (!enter_nested(received, before, &result))
				return;
		}
	} while (true);
}

/* Finds where @len bytes at @offset lie in one piece. Return: NULL where they
 * do not.
 */
static const void *find_piece(const struct sk_buff *skb, unsigned int offset,
			      unsigned int len)
{
	const struct sk_buff *list;
	unsigned int end = skb_headlen(skb);
	int i;

	if (offset + len <= end)
		return skb->data + offset;
	for (i = 0; i < skb_shinfo(skb)->nr_frags; ++i) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];
		unsigned int start = end;

		end += skb_frag_size(frag);
		if (offset >= start && offset + len <= end) {
			if (PageHighMem(skb_frag_page(frag)) ||
			    skb_frag_off(frag) + skb_frag_size(frag) >
				    page_size(skb_frag_page(frag)))
				return NULL;
			return skb_frag_address(frag) + offset - start;
		}
	}
	skb_walk_frags(skb, list) {
		unsigned int start = end;

		end += list->len;
		if (offset >= start && offset + len <= end)
			return find_piece(list, offset - start, len);
	}
	return NULL;
}

/* Decrypts a message of a train into an skb of its own. */
static struct sk_buff *open_copy(struct nym_receive_train *train,
				 unsigned int offset, unsigned int len, u64 counter)
{
	unsigned int sealed = len - sizeof(struct nym_message_data);
	const void *from = find_piece(train->source,
				      offset + sizeof(struct nym_message_data),
				      sealed);
	struct sk_buff *skb = netdev_alloc_skb(nym_keypair_peer(train->keypair)->device->dev,
					       sealed);

	if (!skb)
		return NULL;
	if (!from) {
		if (skb_copy_bits(train->source,
				  offset + sizeof(struct nym_message_data),
				  skb->data, sealed))
			goto err;
		from = skb->data;
	}
	if (!chacha20poly1305_decrypt(skb->data, from, sealed, NULL, 0, counter,
				      train->keypair->receiving.key))
		goto err;
	skb_put(skb, sealed - NYM_TAG_SIZE);
	return skb;
err:
	kfree_skb(skb);
	return NULL;
}

/* Decrypts the only message of a datagram where it lies. */
static struct sk_buff *open_in_place(struct nym_receive_train *train, u64 counter)
{
	struct sk_buff *skb = train->source;
	struct nym_message_data *message = (void *)skb->data + train->offset;
	unsigned int sealed = train->end - train->offset - sizeof(*message);

	if (!chacha20poly1305_decrypt(message->encrypted_data,
				      message->encrypted_data, sealed, NULL, 0,
				      counter, train->keypair->receiving.key))
		return NULL;
	train->source = NULL;
	skb_pull(skb, train->offset + sizeof(*message));
	skb_trim(skb, sealed - NYM_TAG_SIZE);
	return skb;
}

/* Is it a single datagram that nobody else looks at? */
static bool is_private(const struct sk_buff *skb)
{
	return !skb_is_gso(skb) && !skb_is_nonlinear(skb) && !skb_cloned(skb) &&
	       !skb_shared(skb);
}

static void open_message(struct nym_receive_train *train, unsigned int index)
{
	struct nym_received *received = &train->received[index];
	const struct nym_received *before = index ? received - 1 : NULL;
	unsigned int offset = train->offset + index * train->stride;
	unsigned int len = min(train->stride, train->end - offset);
	struct nym_message_data header;
	u64 counter;

	if (skb_copy_bits(train->source, offset, &header, sizeof(header)))
		return;
	counter = le64_to_cpu(header.counter);
	if (!is_usable(train->keypair, counter))
		return;
	if (train->count == 1 && is_private(train->source))
		received->skb = open_in_place(train, counter);
	else
		received->skb = open_copy(train, offset, len, counter);
	if (!received->skb)
		return;
	received->ecn = train->ecn;
	if (add_layer(received, before, train->keypair, counter, 0, len))
		look_inside(received, before);
}

static void decrypt_train(struct nym_train *base)
{
	struct nym_receive_train *train =
		container_of(base, struct nym_receive_train, train);
	struct nym_peer *peer;
	unsigned int i;

	/* The peer is touched after the train, and its reference to the peer,
	 * may have gone with the NAPI poll.
	 */
	rcu_read_lock();
	peer = nym_keypair_peer(train->keypair);
	for (i = 0; i < train->count; ++i)
		open_message(train, i);
	consume_skb(train->source);
	train->source = NULL;
	nym_pipeline_done(&train->train);
	napi_schedule(&peer->napi);
	rcu_read_unlock();
}

/* The serial part */

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
	struct nym_keypair *keypair = train->received[i].layer[l].keypair;

	spin_lock(&keypair->replay.lock);
	for (; i < train->count; ++i) {
		struct nym_received *received = &train->received[i];

		if (!awaits_judgement(received, l))
			continue;
		if (received->layer[l].keypair != keypair)
			break;
		if (nym_replay_accept(&keypair->replay,
				      received->layer[l].counter)) {
			received->valid = l + 1;
			*any = true;
		} else {
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
static void keep_key_fresh(struct nym_keypair *keypair)
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

/* A nested peer roams only inside its carrier: where the carrier was changed
 * meanwhile, what came through the old one moves nothing.
 */
static void note_endpoint(struct nym_receive_train *train,
			  const struct nym_received *received, unsigned int l)
{
	struct nym_peer *peer = layer_peer(received, l);
	struct nym_endpoint from;

	if (!l) {
		if (!nym_via_is_set(&peer->via))
			nym_endpoint_set(peer, &train->from);
		return;
	}
	if (nym_via_carrier(&peer->via) != layer_peer(received, l - 1))
		return;
	nym_nest_read_source(&from, received->skb->head +
					    received->layer[l].packet);
	nym_endpoint_set(peer, &from);
}

/* What follows from having heard a peer at one layer. @bytes is what the run of
 * messages had there.
 */
static void note_received(struct nym_receive_train *train,
			  const struct nym_received *received, unsigned int l,
			  u64 bytes, bool has_data)
{
	struct nym_keypair *keypair = received->layer[l].keypair;
	struct nym_peer *peer = nym_keypair_peer(keypair);

	note_endpoint(train, received, l);
	if (unlikely(nym_keypairs_confirm(&peer->keypairs, keypair))) {
		nym_timers_handshake_complete(peer);
		nym_send_session_up(peer);
	}
	keep_key_fresh(keypair);
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
		if (last && received->layer[l].keypair != last->layer[l].keypair) {
			note_received(train, last, l, bytes, has_data);
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
		note_received(train, last, l, bytes, has_data);
}

static void drop_unallowed(struct nym_peer *peer, const struct sk_buff *skb)
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
	DEV_STATS_INC(dev, rx_errors);
	DEV_STATS_INC(dev, rx_frame_errors);
}

/* Makes the plaintext a packet of the device, its headers checked and its
 * padding cut off. Return: false where it is no IP packet.
 */
static bool prepare_packet(struct net_device *dev, struct sk_buff *skb)
{
	unsigned int len;

	/* An skb decrypted in place still has marks of the real network. */
	skb_scrub_packet(skb, true);
	skb_clear_hash(skb);
	skb->queue_mapping = 0;
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
	if (len > skb->len || pskb_trim(skb, len))
		return false;
	/* It was authenticated: nothing on the way can have changed it. */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->csum_level = ~0;
	return true;
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

/* Hands a packet to the stack. */
static void deliver_packet(struct nym_received *received, struct napi_struct *napi)
{
	struct nym_peer *peer = layer_peer(received, received->layers - 1);
	struct net_device *dev = peer->device->dev;
	struct sk_buff *skb = received->skb;
	unsigned int len = received->layer[received->layers - 1].len;

	if (unlikely(!prepare_packet(dev, skb))) {
		net_dbg_ratelimited("%s: Packet is neither ipv4 nor ipv6 from peer %llu\n",
				    dev->name, peer->internal_id);
		DEV_STATS_INC(dev, rx_errors);
		DEV_STATS_INC(dev, rx_length_errors);
		return;
	}
	if (unlikely(!is_allowed_source(peer, skb))) {
		drop_unallowed(peer, skb);
		return;
	}
	if (unlikely(INET_ECN_decapsulate(skb, received->ecn,
					  nym_nest_read_ecn(skb_network_header(skb))) > 1)) {
		DEV_STATS_INC(dev, rx_errors);
		DEV_STATS_INC(dev, rx_frame_errors);
		return;
	}
	received->skb = NULL;
	napi_gro_receive(napi, skb);
	dev_sw_netstats_rx_add(dev, len);
}

static void deliver_handshake(const struct nym_received *received)
{
	struct nym_peer *carrier = layer_peer(received, received->layers - 1);
	struct sk_buff *skb = received->skb;
	struct nym_nest_result result;
	struct nym_endpoint from;

	/* Looked at again, as the carrier may have changed. */
	if (nym_nest_classify(carrier, skb->data, skb->len, &result) !=
		    NYM_NEST_MESSAGE || result.peer != received->nested)
		return;
	nym_nest_read_source(&from, skb->data);
	nym_handshake_receive(carrier->device, skb->data + result.offset,
			      result.len, &from, received->nested, carrier);
}

static void deliver_fragment(struct nym_receive_train *train,
			     struct nym_received *received,
			     struct napi_struct *napi);

static void deliver(struct nym_receive_train *train, struct nym_received *received,
		    struct napi_struct *napi)
{
	struct net_device *dev = nym_keypair_peer(train->keypair)->device->dev;

	if (!received->layers || received->valid < received->layers) {
		DEV_STATS_INC(dev, rx_errors);
		return;
	}
	switch ((enum nym_content)received->content) {
	case NYM_CONTENT_PACKET:
		deliver_packet(received, napi);
		break;
	case NYM_CONTENT_KEEPALIVE:
		net_dbg_ratelimited("%s: Receiving keepalive packet from peer %llu (%pISpfsc)\n",
				    dev->name,
				    layer_peer(received, received->layers - 1)->internal_id,
				    &train->from.addr);
		dev_sw_netstats_rx_add(dev, received->layer[received->layers - 1].len);
		break;
	case NYM_CONTENT_HANDSHAKE:
		if (received->nested)
			deliver_handshake(received);
		break;
	case NYM_CONTENT_FRAGMENT:
		deliver_fragment(train, received, napi);
		break;
	case NYM_CONTENT_ERROR:
		if (received->nested && received->mtu)
			nym_path_learn_mtu(received->nested, received->mtu);
		break;
	case NYM_CONTENT_NONE:
		DEV_STATS_INC(dev, rx_errors);
		break;
	}
}

/* Counts what every layer's peer was sent on its quota. A message beyond it is
 * dropped, and so is what it carries.
 */
static void charge_quotas(struct nym_receive_train *train)
{
	unsigned int i, l;

	for (i = 0; i < train->count; ++i) {
		struct nym_received *received = &train->received[i];

		for (l = 0; l < received->valid; ++l) {
			if (nym_quota_charge(layer_peer(received, l),
					     received->layer[l].len))
				continue;
			received->content = NYM_CONTENT_NONE;
			break;
		}
	}
}

static void take_train(struct nym_receive_train *train, struct napi_struct *napi)
{
	unsigned int i, l, layers;

	for (l = 0; l < NYM_MAX_HOPS; ++l)
		if (!check_replays(train, l))
			break;
	layers = l;
	for (l = 0; l < layers; ++l)
		note_layer(train, l);
	charge_quotas(train);
	for (i = 0; i < train->count; ++i)
		deliver(train, &train->received[i], napi);
}

/* A fragment waits for the others; the last one to come is replaced by the whole
 * datagram, whose nested layers are then opened here.
 */
static void deliver_fragment(struct nym_receive_train *train,
			     struct nym_received *received,
			     struct napi_struct *napi)
{
	struct nym_peer *carrier = layer_peer(received, received->layers - 1);
	struct net_device *dev = carrier->device->dev;
	struct nym_receive_train *whole;
	struct sk_buff *skb = received->skb;
	unsigned int layers = received->layers;
	unsigned int l;

	if (!prepare_packet(dev, skb)) {
		DEV_STATS_INC(dev, rx_errors);
		return;
	}
	received->skb = NULL;
	if (nym_fragment_gather(carrier, skb))
		return;
	whole = kzalloc(struct_size(whole, received, 1), GFP_ATOMIC);
	if (!whole || !nym_keypair_get(train->keypair)) {
		kfree(whole);
		kfree_skb(skb);
		return;
	}
	/* The layers that brought the fragment were judged with it; only those
	 * within are still to be.
	 */
	whole->keypair = train->keypair;
	whole->from = train->from;
	whole->count = 1;
	whole->received[0] = *received;
	whole->received[0].skb = skb;
	whole->received[0].nested = NULL;
	whole->received[0].ecn = INET_ECN_NOT_ECT;
	for (l = 0; l < layers; ++l)
		whole->received[0].layer[l].holds = false;
	look_inside(&whole->received[0], NULL);
	for (l = layers; l < NYM_MAX_HOPS && check_replays(whole, l); ++l)
		note_layer(whole, l);
	/* On a long path a datagram put together may hold another's fragment; but
	 * only inside a further layer, so this ends.
	 */
	if (whole->received[0].content != NYM_CONTENT_FRAGMENT ||
	    whole->received[0].layers > layers)
		deliver(whole, &whole->received[0], napi);
	free_train(whole);
}

int nym_receive_poll(struct napi_struct *napi, int budget)
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
		take_train(train, napi);
		done += train->count;
		free_train(train);
	}
	rcu_read_unlock();
	if (done >= budget)
		return budget;
	napi_complete_done(napi, done);
	return done;
}

void nym_receive_purge(struct nym_peer *peer)
{
	struct nym_train *base;

	while ((base = nym_pipeline_pop(&peer->rx)))
		free_train(container_of(base, struct nym_receive_train, train));
}

/* Arrival */

static void start_train(struct nym_device *device, struct nym_receive_train *train)
{
	struct nym_peer *peer = nym_keypair_peer(train->keypair);
	int ret = -ESHUTDOWN;

	/* In the RCU section that found the key: removal waits for it, and then
	 * for the trains that entered before.
	 */
	if (likely(!READ_ONCE(peer->is_dead)))
		ret = nym_pipeline_enter(&peer->rx, &train->train);
	if (unlikely(ret < 0)) {
		DEV_STATS_ADD(device->dev, rx_dropped, train->count);
		free_train(train);
		return;
	}
	nym_pipeline_work(device, &train->train, ret,
			  train->end - train->offset);
}

/* Makes a train of the run of messages at @offset that name one key. Takes over
 * the caller's reference to @skb.
 */
static void receive_run(struct nym_device *device, struct sk_buff *skb,
			const struct nym_endpoint *from, u8 ecn, __le32 index,
			unsigned int offset, unsigned int stride, unsigned int end)
{
	unsigned int count = DIV_ROUND_UP(end - offset, stride);
	struct nym_keypair *keypair = find_keypair(device, index);
	struct nym_receive_train *train;

	if (unlikely(!keypair))
		goto drop;
	/* A nested peer's message outside its carrier is none. */
	if (unlikely(nym_via_is_set(&nym_keypair_peer(keypair)->via)))
		goto drop;
	train = kzalloc(struct_size(train, received, count),
			GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!train))
		goto drop;
	train->train.process = decrypt_train;
	train->keypair = keypair;
	train->from = *from;
	train->ecn = ecn;
	train->source = skb;
	train->offset = offset;
	train->stride = stride;
	train->end = end;
	train->count = count;
	start_train(device, train);
	return;
drop:
	kfree_skb(skb);
	nym_keypair_put(keypair, false);
	DEV_STATS_ADD(device->dev, rx_dropped, count);
}

/* Is there a data message at @offset, and for which key? */
static bool read_index(const struct sk_buff *skb, unsigned int offset,
		       unsigned int len, __le32 *index)
{
	struct nym_message_data header;

	if (len < NYM_MESSAGE_MIN_SIZE ||
	    skb_copy_bits(skb, offset, &header, sizeof(header)) ||
	    header.header.type != cpu_to_le32(NYM_MESSAGE_DATA))
		return false;
	*index = header.receiver_index;
	return true;
}

static void receive_other(struct nym_device *device, const struct sk_buff *skb,
			  const struct nym_endpoint *from, unsigned int offset,
			  unsigned int len)
{
	u8 message[sizeof(struct nym_message_initiation)];
	struct nym_message_header header;

	if (len >= sizeof(header) &&
	    !skb_copy_bits(skb, offset, &header, sizeof(header)) &&
	    nym_handshake_is_message(header.type, len) &&
	    !skb_copy_bits(skb, offset, message, len)) {
		nym_handshake_receive(device, message, len, from, NULL, NULL);
		return;
	}
	net_dbg_ratelimited("%s: Invalid packet from %pISpfsc\n",
			    device->dev->name, &from->addr);
	DEV_STATS_INC(device->dev, rx_errors);
	DEV_STATS_INC(device->dev, rx_length_errors);
}

/* Divides the messages in @skb, which it consumes, into runs. */
static void receive_messages(struct nym_device *device, struct sk_buff *skb,
			     const struct nym_endpoint *from, u8 ecn)
{
	unsigned int end = skb->len;
	unsigned int stride = skb_is_gso(skb) ? skb_shinfo(skb)->gso_size : end;
	unsigned int offset = 0;
	unsigned int run = 0;
	__le32 index, run_index = 0;

	while (offset < end) {
		unsigned int len = min(stride, end - offset);
		bool is_data = read_index(skb, offset, len, &index);

		if (run < offset && (!is_data || index != run_index ||
				     offset - run >= NYM_TRAIN_MESSAGES * stride)) {
			receive_run(device, skb_get(skb), from, ecn, run_index,
				    run, stride, offset);
			run = offset;
		}
		if (is_data) {
			run_index = index;
		} else {
			receive_other(device, skb, from, offset, len);
			run = offset + len;
		}
		offset += len;
	}
	/* The last run has the skb to itself, if it is the only one. */
	if (run < offset)
		receive_run(device, skb, from, ecn, run_index, run, stride, end);
	else
		consume_skb(skb);
}

void nym_receive(struct nym_device *device, struct sk_buff *skb)
{
	struct nym_endpoint from;
	u8 ecn;

	/* The socket's queue used this field for a note of its own. */
	skb->dev = device->dev;
	if (unlikely(!skb->len || nym_endpoint_from_skb(&from, skb) ||
		     udp_lib_checksum_complete(skb))) {
		DEV_STATS_INC(device->dev, rx_errors);
		kfree_skb(skb);
		return;
	}
	if (from.addr.sa_family == AF_INET)
		ecn = ip_hdr(skb)->tos & INET_ECN_MASK;
	else
		ecn = ipv6_get_dsfield(ipv6_hdr(skb)) & INET_ECN_MASK;
	receive_messages(device, skb, &from, ecn);
}
