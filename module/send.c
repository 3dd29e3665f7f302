// SPDX-License-Identifier: GPL-2.0
/*
 * From packets to encrypted messages on the real network.
 *
 * Packets are staged at the innermost peer of their path, GSO packets whole.
 * Whoever finds keys for all hops takes what is staged as a train. The train's
 * packets are copied once, each to where its message will lie on the wire, and
 * encrypted there for all hops, innermost first; messages of equal size lie next
 * to each other and leave as one UDP GSO packet.
 */
#include "send.h"
#include "device.h"
#include "endpoint.h"
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
#include <linux/mm.h>
#include <linux/slab.h>
#include <net/icmp.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>

/* A train takes packets until it has this many bytes. */
#define NYM_TRAIN_BYTES		(64 * 1024)

/* Trains of one peer under way at once; what comes meanwhile stays staged and
 * leaves as a longer train.
 */
#define NYM_TRAINS_UNDER_WAY	16

/* Messages lie in pieces of this size, within each of which they are contiguous. */
#define NYM_SLAB_ORDER		3

/**
 * struct nym_send_train - packets on their way out by one path under one set of
 *			   keys
 * @train:	its place in the innermost peer's pipeline
 * @hops:	length of the path
 * @mtu:	of the path, bounds padding
 * @prefix:	bytes in front of the innermost plaintext
 * @keypairs:	of each hop, innermost first, with references
 * @nest:	headers that hop i's messages get inside hop i + 1's session
 * @bytes:	message bytes of each hop
 * @has_data:	not only keepalives
 * @packets:	plaintext; after encryption, empty
 * @wire:	what goes out
 */
struct nym_send_train {
	struct nym_train train;
	unsigned int hops;
	unsigned int mtu;
	unsigned int prefix;
	struct nym_keypair *keypairs[NYM_MAX_HOPS];
	struct nym_nest_header nest[NYM_MAX_HOPS - 1];
	u64 bytes[NYM_MAX_HOPS];
	bool has_data;
	struct sk_buff_head packets;
	struct sk_buff_head wire;
};

/* Control block of a plaintext packet or segment, and of what goes out. */
struct nym_send_cb {
	struct sk_buff *owner;	/* GSO packet that this last segment ends */
	unsigned int messages;	/* on the wire: how many are in it */
	u8 ecn;			/* on the wire: ECN field */
};

static struct nym_send_cb *send_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct nym_send_cb) > sizeof(skb->cb));
	return (struct nym_send_cb *)skb->cb;
}

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
	kfree(train);
}

/* Encryption */

/* Bytes of plaintext after padding: to a multiple of 16, not beyond the MTU. */
static unsigned int padded_size(unsigned int len, unsigned int mtu)
{
	unsigned int padded = ALIGN(len, NYM_PADDING_MULTIPLE);

	return max(len, min(padded, mtu));
}

/* Bytes that a packet of @len becomes on the wire. */
static unsigned int wire_size(const struct nym_send_train *train, unsigned int len)
{
	unsigned int mtu = train->mtu;
	unsigned int hop;

	for (hop = 0;; ++hop) {
		len = nym_message_data_size(padded_size(len, mtu));
		if (hop == train->hops - 1)
			return len;
		len += train->nest[hop].len;
		mtu += NYM_MESSAGE_DATA_OVERHEAD + train->nest[hop].len;
	}
}

/* Copies a packet to @to, and completes its checksum if that was left to us. */
static bool copy_packet(struct sk_buff *skb, void *to)
{
	unsigned int start;
	__wsum sum;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return !skb_copy_bits(skb, 0, to, skb->len);
	start = skb_checksum_start_offset(skb);
	if (skb_csum_is_sctp(skb) || start + skb->csum_offset + 2 > skb->len ||
	    skb_copy_bits(skb, 0, to, start))
		return false;
	sum = skb_copy_and_csum_bits(skb, start, to + start, skb->len - start);
	*(__sum16 *)(to + start + skb->csum_offset) =
		csum_fold(sum) ?: CSUM_MANGLED_0;
	return true;
}

/* Turns the plaintext of @len bytes at @at + prefix into a message of the
 * outermost hop at @at.
 */
static void encrypt_message(struct nym_send_train *train, void *at,
			    unsigned int len, const u64 *counters,
			    unsigned int index, u8 ecn)
{
	void *plain = at + train->prefix;
	unsigned int mtu = train->mtu;
	unsigned int hop;

	for (hop = 0;; ++hop) {
		const struct nym_keypair *keypair = train->keypairs[hop];
		unsigned int padded = padded_size(len, mtu);
		u64 counter = counters[hop] + index;
		struct nym_message_data *message;

		memset(plain + len, 0, padded - len);
		chacha20poly1305_encrypt(plain, plain, padded, NULL, 0, counter,
					 keypair->sending.key);
		message = plain - sizeof(*message);
		message->header.type = cpu_to_le32(NYM_MESSAGE_DATA);
		message->receiver_index = keypair->remote_index;
		message->counter = cpu_to_le64(counter);
		len = nym_message_data_size(padded);
		train->bytes[hop] += len;
		if (hop == train->hops - 1)
			return;
		plain = (void *)message - train->nest[hop].len;
		nym_nest_header_write(&train->nest[hop], plain, len,
				      counter + keypair->datagram_id_start, ecn);
		len += train->nest[hop].len;
		mtu += NYM_MESSAGE_DATA_OVERHEAD + train->nest[hop].len;
	}
}

/* Takes the next @count counters of every hop. Return: false where a key has no
 * more of them.
 */
static bool take_counters(struct nym_send_train *train, unsigned int count,
			  u64 *counters)
{
	unsigned int hop;

	for (hop = 0; hop < train->hops; ++hop) {
		struct nym_keypair *keypair = train->keypairs[hop];
		u64 next = atomic64_add_return(count, &keypair->sending_counter);

		if (unlikely(next > NYM_REJECT_AFTER_MESSAGES)) {
			WRITE_ONCE(keypair->sending.is_valid, false);
			return false;
		}
		counters[hop] = next - count;
	}
	return true;
}

/* A datagram of one message, which lies in the linear part. */
static struct sk_buff *alloc_single(unsigned int size)
{
	struct sk_buff *skb = alloc_skb(NYM_SOCKET_HEADROOM + size,
					GFP_ATOMIC | __GFP_NOWARN);

	if (!skb)
		return NULL;
	skb_reserve(skb, NYM_SOCKET_HEADROOM);
	skb_put(skb, size);
	return skb;
}

/* A GSO packet of @count messages of @size bytes, which lie in its fragments,
 * as many in each as fit whole. Return: NULL also where that can't be had.
 */
static struct sk_buff *alloc_gso(unsigned int count, unsigned int size)
{
	unsigned int slab = PAGE_SIZE << NYM_SLAB_ORDER;
	unsigned int in_slab = slab / size;
	struct sk_buff *skb;

	if (!in_slab || DIV_ROUND_UP(count, in_slab) > MAX_SKB_FRAGS)
		return NULL;
	skb = alloc_skb(NYM_SOCKET_HEADROOM, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	skb_reserve(skb, NYM_SOCKET_HEADROOM);
	while (count) {
		unsigned int n = min(count, in_slab);
		unsigned int order = get_order(n * size);
		struct page *page = alloc_pages(GFP_ATOMIC | __GFP_COMP |
						__GFP_NOWARN | __GFP_NORETRY,
						order);

		if (!page) {
			kfree_skb(skb);
			return NULL;
		}
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0,
				n * size, PAGE_SIZE << order);
		count -= n;
	}
	skb_shinfo(skb)->gso_size = size;
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	return skb;
}

/* Where message @index of @size bytes lies. */
static void *message_at(struct sk_buff *skb, unsigned int index, unsigned int size)
{
	const skb_frag_t *frag;
	unsigned int in_slab;

	if (!skb_is_gso(skb))
		return skb->data;
	in_slab = skb_frag_size(&skb_shinfo(skb)->frags[0]) / size;
	frag = &skb_shinfo(skb)->frags[index / in_slab];
	return skb_frag_address(frag) + (index % in_slab) * size;
}

static u8 packet_ecn(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return ip_hdr(skb)->tos & INET_ECN_MASK;
	if (skb->protocol == htons(ETH_P_IPV6))
		return ipv6_get_dsfield(ipv6_hdr(skb)) & INET_ECN_MASK;
	return INET_ECN_NOT_ECT; /* keepalive */
}

/* How many of the segments at the head may share a GSO packet: of equal size on
 * the wire but for a smaller last one, and of the same ECN field.
 */
static unsigned int run_length(const struct nym_send_train *train,
			       const struct sk_buff_head *segments,
			       unsigned int size)
{
	unsigned int limit = min_t(unsigned int, NYM_TRAIN_MESSAGES,
				   (IP_MAX_MTU - sizeof(struct ipv6hdr) -
				    sizeof(struct udphdr)) / size);
	u8 ecn = packet_ecn(skb_peek(segments));
	const struct sk_buff *segment;
	unsigned int count = 0;

	skb_queue_walk(segments, segment) {
		unsigned int segment_size = wire_size(train, segment->len);

		if (count >= limit || segment_size > size ||
		    packet_ecn(segment) != ecn)
			break;
		++count;
		if (segment_size < size)
			break;
	}
	return count;
}

/* Has the sending socket charged for @wire, and no longer for the packet that it
 * was made of: it is told when the former leaves the queues below, and keeps
 * them short. Charges are by truesize, so the new one takes over the old one's.
 */
static void hand_over_owner(struct sk_buff *wire, struct sk_buff *packet)
{
	if (wire->destructor || !packet->destructor || !packet->sk)
		return;
	wire->sk = packet->sk;
	wire->destructor = packet->destructor;
	wire->truesize = packet->truesize;
	packet->sk = NULL;
	packet->destructor = NULL;
}

/* Frees a segment that was copied, and the packet that it was the end of. */
static void finish_segment(struct sk_buff *segment, struct sk_buff *wire)
{
	struct sk_buff *owner = send_cb(segment)->owner;

	if (owner) {
		hand_over_owner(wire, owner);
		consume_skb(owner);
	} else {
		hand_over_owner(wire, segment);
	}
	consume_skb(segment);
}

/* Drops the segment at the head, and the packet that it was the end of. */
static void drop_segment(struct nym_send_train *train,
			 struct sk_buff_head *segments)
{
	struct sk_buff *segment = __skb_dequeue(segments);

	kfree_skb(send_cb(segment)->owner);
	kfree_skb(segment);
	DEV_STATS_INC(hop_peer(train, 0)->device->dev, tx_dropped);
}

/* Gives the segments back: the key that they were meant for is used up. */
static void restage(struct nym_send_train *train, struct sk_buff_head *segments)
{
	struct nym_peer *peer = hop_peer(train, 0);
	struct sk_buff *segment;

	skb_queue_walk(segments, segment) {
		consume_skb(send_cb(segment)->owner);
		send_cb(segment)->owner = NULL;
	}
	spin_lock_bh(&peer->staged.lock);
	skb_queue_splice_tail_init(segments, &peer->staged);
	spin_unlock_bh(&peer->staged.lock);
}

/* Makes one datagram, or GSO packet of them, of the segments at the head. */
static void build_wire(struct nym_send_train *train, struct sk_buff_head *segments)
{
	struct sk_buff *first = skb_peek(segments);
	unsigned int size = wire_size(train, first->len);
	u64 counters[NYM_MAX_HOPS];
	struct sk_buff *wire = NULL;
	unsigned int count, index, last_size = size;
	u8 ecn = packet_ecn(first);

	if (unlikely(size > IP_MAX_MTU - sizeof(struct ipv6hdr) -
			    sizeof(struct udphdr))) {
		drop_segment(train, segments);
		return;
	}
	count = run_length(train, segments, size);
	if (count > 1)
		wire = alloc_gso(count, size);
	if (!wire) {
		count = 1;
		wire = alloc_single(size);
	}
	if (unlikely(!wire)) {
		drop_segment(train, segments);
		return;
	}
	if (unlikely(!take_counters(train, count, counters))) {
		kfree_skb(wire);
		restage(train, segments);
		return;
	}
	wire->priority = first->priority;
	skb_copy_hash(wire, first);
	for (index = 0; index < count; ++index) {
		struct sk_buff *segment = __skb_dequeue(segments);
		void *at = message_at(wire, index, size);

		last_size = wire_size(train, segment->len);
		/* A packet whose headers lie about it is sent as zeros: its
		 * counter is taken, and the far side drops it.
		 */
		if (unlikely(!copy_packet(segment, at + train->prefix)))
			memset(at + train->prefix, 0, segment->len);
		if (segment->len)
			train->has_data = true;
		encrypt_message(train, at, segment->len, counters, index, ecn);
		finish_segment(segment, wire);
	}
	if (last_size < size)
		pskb_trim(wire, wire->len - (size - last_size));
	if (count > 1)
		skb_shinfo(wire)->gso_segs = count;
	send_cb(wire)->messages = count;
	send_cb(wire)->ecn = ecn;
	__skb_queue_tail(&train->wire, wire);
}

/* Splits a GSO packet. The segments refer to its data; only their headers are
 * new. Its owner is kept aside, so that it is not divided among the segments.
 */
static void split_packet(struct nym_send_train *train, struct sk_buff *skb,
			 struct sk_buff_head *segments)
{
	void (*destructor)(struct sk_buff *skb) = skb->destructor;
	struct sk_buff *segs, *segment, *next;
	struct sock *sk = skb->sk;

	send_cb(skb)->owner = NULL;
	if (!skb_is_gso(skb)) {
		__skb_queue_tail(segments, skb);
		return;
	}
	skb->destructor = NULL;
	skb->sk = NULL;
	segs = skb_gso_segment(skb, NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_HIGHDMA);
	skb->destructor = destructor;
	skb->sk = sk;
	if (IS_ERR_OR_NULL(segs)) {
		kfree_skb(skb);
		DEV_STATS_INC(hop_peer(train, 0)->device->dev, tx_dropped);
		return;
	}
	skb_list_walk_safe(segs, segment, next) {
		skb_mark_not_on_list(segment);
		send_cb(segment)->owner = next ? NULL : skb;
		__skb_queue_tail(segments, segment);
	}
}

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

static bool may_leave(struct nym_send_train *train)
{
	unsigned int hop;

	if (skb_queue_empty(&train->wire))
		return false;
	for (hop = 0; hop < train->hops; ++hop)
		if (READ_ONCE(hop_peer(train, hop)->is_dead))
			return false;
	return charge_quotas(train);
}

/* Takes a train off the head of its pipeline onto the real network. */
static void leave(struct nym_train *base)
{
	struct nym_send_train *train =
		container_of(base, struct nym_send_train, train);
	struct nym_peer *peer = hop_peer(train, 0);
	struct nym_peer *outermost = hop_peer(train, train->hops - 1);
	struct net_device *dev = peer->device->dev;
	struct sk_buff *skb;

	if (may_leave(train)) {
		note_sent(train);
		while ((skb = __skb_dequeue(&train->wire))) {
			unsigned int messages = send_cb(skb)->messages;

			/* The tunnel below counts it as one packet. */
			if (!nym_socket_send(outermost, skb, send_cb(skb)->ecn))
				dev_sw_netstats_tx_add(dev, messages - 1, 0);
		}
	}
	if (!skb_queue_empty(&train->wire))
		DEV_STATS_ADD(dev, tx_dropped, skb_queue_len(&train->wire));
	nym_peer_get(peer);
	free_train(train);
	/* What was staged while too many trains were under way. */
	nym_send_staged(peer);
	nym_peer_put(peer);
}

static void encrypt_train(struct nym_train *base)
{
	struct nym_send_train *train =
		container_of(base, struct nym_send_train, train);
	struct sk_buff_head segments;
	struct nym_peer *peer;
	struct sk_buff *skb;

	rcu_read_lock();
	peer = hop_peer(train, 0);
	__skb_queue_head_init(&segments);
	while ((skb = __skb_dequeue(&train->packets)))
		split_packet(train, skb, &segments);
	while (!skb_queue_empty(&segments))
		build_wire(train, &segments);
	nym_pipeline_done(&train->train);
	nym_pipeline_drain(&peer->tx, leave);
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

/* Lays out the headers of all nested hops. Return: 0 or a negative error. */
static int lay_out(struct nym_send_train *train, const struct nym_path *path)
{
	unsigned int hop;
	int ret;

	train->hops = path->hops;
	/* Who gave the device less than the path seems to take knows of something
	 * narrower on the way: padding shall not fill it.
	 */
	train->mtu = min(nym_path_mtu(path),
			 READ_ONCE(path->hop[0]->device->dev->mtu));
	train->prefix = path->hops * sizeof(struct nym_message_data);
	for (hop = 0; hop < path->hops - 1; ++hop) {
		ret = nym_nest_header_init(&train->nest[hop], path->bind[hop],
					   rcu_dereference(path->hop[hop]->endpoint));
		if (ret)
			return ret;
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

	if (nym_path_get(&path, peer))
		return NULL;
	train = kzalloc(sizeof(*train), GFP_ATOMIC | __GFP_NOWARN);
	if (!train)
		return NULL;
	__skb_queue_head_init(&train->packets);
	__skb_queue_head_init(&train->wire);
	train->train.process = encrypt_train;
	if (lay_out(train, &path)) {
		nym_send_purge_staged(peer);
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

void nym_send_purge_staged(struct nym_peer *peer)
{
	struct sk_buff_head staged;

	__skb_queue_head_init(&staged);
	spin_lock_bh(&peer->staged.lock);
	skb_queue_splice_init(&peer->staged, &staged);
	spin_unlock_bh(&peer->staged.lock);
	DEV_STATS_ADD(peer->device->dev, tx_dropped, skb_queue_len(&staged));
	__skb_queue_purge(&staged);
}

/* Stages a packet; the oldest makes room for it. */
static void stage(struct nym_peer *peer, struct sk_buff *skb)
{
	struct sk_buff *oldest = NULL;

	spin_lock_bh(&peer->staged.lock);
	if (skb_queue_len(&peer->staged) >= NYM_MAX_STAGED_PACKETS)
		oldest = __skb_dequeue(&peer->staged);
	__skb_queue_tail(&peer->staged, skb);
	spin_unlock_bh(&peer->staged.lock);
	if (oldest) {
		kfree_skb(oldest);
		DEV_STATS_INC(peer->device->dev, tx_dropped);
	}
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

	if (!carrier)
		return -ENOLINK;
	ret = nym_nest_header_init(&header, bind, to);
	if (ret)
		return ret;
	skb = alloc_skb(header.len + len, GFP_ATOMIC);
	if (!skb)
		return -ENOMEM;
	skb_reserve(skb, header.len);
	skb_put_data(skb, message, len);
	nym_nest_header_write(&header, skb_push(skb, header.len), len,
			      get_random_u32(), INET_ECN_NOT_ECT);
	skb_reset_network_header(skb);
	skb->protocol = header.family == AF_INET ? htons(ETH_P_IP) :
						   htons(ETH_P_IPV6);
	atomic64_add(len, &nested->stats.tx_bytes);
	stage(carrier, skb);
	nym_send_staged(carrier);
	return 0;
}

static int send_direct(struct nym_peer *peer, const void *message, size_t len)
{
	struct sk_buff *skb = alloc_single(len);
	int ret;

	if (!skb)
		return -ENOMEM;
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

int nym_send_control_to(struct nym_peer *nested, const struct nym_endpoint *to,
			const void *message, size_t len)
{
	const struct nym_bind *bind;
	int ret = -ENOLINK;

	rcu_read_lock();
	bind = rcu_dereference(nested->via.bind);
	if (bind)
		ret = send_nested(nested, bind, to, message, len);
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

/* Is the packet larger than the path, and its sender one that wants to know? */
static bool is_too_big(const struct sk_buff *skb, unsigned int mtu)
{
	if (skb->protocol == htons(ETH_P_IP) &&
	    !(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return false;
	if (skb_is_gso(skb))
		return !skb_gso_validate_network_len(skb, mtu);
	return skb->len > mtu;
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

/* Judges a packet before it is staged. Return: 0, or why it is dropped; its
 * sender has been told what it may be told.
 */
static int admit_packet(struct nym_device *device, struct sk_buff *skb,
			struct nym_peer **peer)
{
	struct nym_path path;
	unsigned int mtu;
	int ret;

	if (unlikely(!skb->protocol ||
		     ip_tunnel_parse_protocol(skb) != skb->protocol ||
		     !pskb_inet_may_pull(skb))) {
		net_dbg_ratelimited("%s: Invalid IP packet\n", device->dev->name);
		return -EPROTONOSUPPORT;
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
		return -ENOKEY;
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
		return ret;
	}
	mtu = packet_mtu(skb, nym_path_mtu(&path));
	if (unlikely(is_too_big(skb, mtu))) {
		tell_too_big(skb, mtu);
		return -EMSGSIZE;
	}
	return 0;
}

netdev_tx_t nym_send_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct nym_device *device = netdev_priv(dev);
	struct nym_peer *peer;
	int ret;

	rcu_read_lock();
	ret = admit_packet(device, skb, &peer);
	if (likely(!ret)) {
		skb_dst_drop(skb);
		stage(peer, skb);
		nym_send_staged(peer);
	} else {
		DEV_STATS_INC(dev, tx_errors);
		kfree_skb(skb);
	}
	rcu_read_unlock();
	return NETDEV_TX_OK;
}
