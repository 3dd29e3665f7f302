// SPDX-License-Identifier: GPL-2.0
/* Encryption of a train. */
#include "encrypt.h"
#include "aead.h"
#include "buffer.h"
#include "device.h"
#include "drop.h"
#include "noise.h"
#include "peer.h"
#include "socket.h"
#include <linux/mm.h>
#include <net/inet_ecn.h>
#include <net/tcp.h>

/* The largest UDP payload that both families take. */
#define NYM_MAX_DATAGRAM \
	(IP_MAX_MTU - sizeof(struct ipv6hdr) - sizeof(struct udphdr))

/**
 * struct nym_packet - control block of a packet on a train
 * @segments:	what is left of it
 * @owner:	GSO packet that the stack split, and that this segment is the last
 *		of; or NULL
 */
struct nym_packet {
	struct nym_segments segments;
	struct sk_buff *owner;
};

static struct nym_packet *nym_packet(const struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct nym_packet) > sizeof(skb->cb));
	return (struct nym_packet *)skb->cb;
}

static struct nym_device *train_device(const struct nym_send_train *train)
{
	return nym_keypair_peer(train->keypairs[0])->device;
}

/* Sizes */

/* Bytes of plaintext after padding: to a multiple of 16, not beyond the MTU unless
 * the packet is itself, which is cut anyhow.
 */
static unsigned int padded_size(unsigned int len, unsigned int mtu)
{
	unsigned int padded = ALIGN(len, NYM_PADDING_MULTIPLE);

	return len > mtu ? padded : min(padded, mtu);
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

static u8 packet_ecn(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return ip_hdr(skb)->tos & INET_ECN_MASK;
	if (skb->protocol == htons(ETH_P_IPV6))
		return ipv6_get_dsfield(ipv6_hdr(skb)) & INET_ECN_MASK;
	return INET_ECN_NOT_ECT; /* keepalive */
}

/* How many of the train's next messages may share a GSO packet: of @size bytes on
 * the wire but for a smaller last one, and of the same ECN field.
 */
static unsigned int run_length(const struct nym_send_train *train,
			       unsigned int size)
{
	const unsigned int limit = min_t(unsigned int, NYM_TRAIN_MESSAGES,
					 NYM_MAX_DATAGRAM / size);
	u8 ecn = packet_ecn(skb_peek(&train->packets));
	const struct sk_buff *skb;
	unsigned int count = 0;

	skb_queue_walk(&train->packets, skb) {
		const struct nym_segments *segments = &nym_packet(skb)->segments;
		unsigned int equal = segments->left - 1;
		unsigned int last = wire_size(train,
					      nym_segments_last_len(segments, skb));

		if (count >= limit || packet_ecn(skb) != ecn)
			break;
		if (equal) {
			unsigned int each =
				wire_size(train,
					  nym_segments_next_len(segments, skb));

			if (each != size)
				return each < size ? count + 1 : count;
			count += equal;
		}
		if (count >= limit || last > size)
			break;
		++count;
		if (last < size)
			break;
	}
	return min(count, limit);
}

/* Datagrams */

struct sk_buff *nym_encrypt_alloc_single(unsigned int size)
{
	struct sk_buff *skb = alloc_skb(NYM_SOCKET_HEADROOM + size,
					GFP_ATOMIC | __GFP_NOWARN);

	if (!skb)
		return NULL;
	skb_reserve(skb, NYM_SOCKET_HEADROOM);
	skb_put(skb, size);
	return skb;
}

/* Gives a packet fragments for @count messages of @size bytes. */
static bool add_fragments(struct sk_buff *skb, unsigned int count, unsigned int size)
{
	while (count) {
		unsigned int i = skb_shinfo(skb)->nr_frags;
		struct nym_room room;
		unsigned int bytes;

		if (i == MAX_SKB_FRAGS || !nym_buffer_room(size, &room))
			return false;
		bytes = min(count, room.len / size) * size;
		get_page(room.page);
		skb_add_rx_frag(skb, i, room.page, room.offset, bytes, bytes);
		nym_buffer_commit(bytes);
		count -= bytes / size;
	}
	return true;
}

/* A GSO packet of @count messages of @size bytes, which lie in its fragments,
 * each whole in one. Return: NULL also where that can't be had.
 */
static struct sk_buff *alloc_gso(unsigned int count, unsigned int size)
{
	struct sk_buff *skb = alloc_skb(NYM_SOCKET_HEADROOM,
					GFP_ATOMIC | __GFP_NOWARN);
	bool has_room;

	if (!skb)
		return NULL;
	skb_reserve(skb, NYM_SOCKET_HEADROOM);
	nym_buffer_lock();
	has_room = add_fragments(skb, count, size);
	nym_buffer_unlock();
	if (!has_room) {
		consume_skb(skb);
		return NULL;
	}
	skb_shinfo(skb)->gso_size = size;
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	return skb;
}

/**
 * struct nym_place - where the next message of a datagram or GSO packet lies
 * @wire:	the packet
 * @frag:	index of the fragment
 * @offset:	in the fragment, or in the linear part of a single datagram
 */
struct nym_place {
	struct sk_buff *wire;
	unsigned int frag;
	unsigned int offset;
};

/* Where the next message of @size bytes lies. */
static void *next_place(struct nym_place *place, unsigned int size)
{
	struct skb_shared_info *shared = skb_shinfo(place->wire);
	void *at;

	if (!skb_is_gso(place->wire))
		return place->wire->data;
	if (place->offset + size > skb_frag_size(&shared->frags[place->frag])) {
		++place->frag;
		place->offset = 0;
	}
	at = skb_frag_address(&shared->frags[place->frag]) + place->offset;
	place->offset += size;
	return at;
}

/* Encryption */

/* Turns the plaintext of @len bytes at @at + prefix into a message of the
 * outermost hop at @at. Its counters are the next ones, as are those of @more that
 * follow it.
 */
static void encrypt_message(struct nym_send_train *train, struct nym_aead *aead,
			    void *at, unsigned int len, u64 *counters,
			    unsigned int more, u8 ecn)
{
	void *plain = at + train->prefix;
	unsigned int mtu = train->mtu;
	unsigned int hop;

	for (hop = 0;; ++hop) {
		const struct nym_keypair *keypair = train->keypairs[hop];
		unsigned int padded = padded_size(len, mtu);
		u64 counter = counters[hop]++;
		struct nym_message_data *message;

		memset(plain + len, 0, padded - len);
		nym_aead_use(&aead[hop], keypair->sending.key);
		nym_aead_seal(&aead[hop], plain, padded, counter, more);
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

/* Does the packet's destructor look at nothing but its socket and its charge? TCP
 * has its own, which old kernels do not export: so its sockets are told. They
 * count a pure ACK as next to nothing, which a wire of other packets is not. All
 * others may want the packet itself: a packet ring marks its frame as free.
 */
static bool may_hand_over(const struct sk_buff *packet)
{
	const struct sock *sk = packet->sk;

	if (!sk || !packet->destructor)
		return false;
	return packet->destructor == sock_wfree ||
	       (sk_fullsock(sk) && sk_is_tcp(sk) && !skb_is_tcp_pure_ack(packet));
}

/* Has the sending socket charged for @wire, and no longer for the packet that it
 * was made of: it is told when the former leaves the queues below, and keeps
 * them short. Charges are by truesize, so the new one takes over the old one's.
 */
static void hand_over_owner(struct sk_buff *wire, struct sk_buff *packet)
{
	if (wire->destructor || !may_hand_over(packet))
		return;
	wire->sk = packet->sk;
	wire->destructor = packet->destructor;
	wire->truesize = packet->truesize;
	packet->sk = NULL;
	packet->destructor = NULL;
}

/* Takes a packet off the train whose last segment is in @wire. */
static void finish_packet(struct nym_send_train *train, struct sk_buff *wire)
{
	struct sk_buff *packet = __skb_dequeue(&train->packets);
	struct sk_buff *owner = nym_packet(packet)->owner;

	if (owner) {
		hand_over_owner(wire, owner);
		consume_skb(owner);
	} else {
		hand_over_owner(wire, packet);
	}
	consume_skb(packet);
}

/* Drops what is left of the packet at the head. */
static void drop_packet(struct nym_send_train *train, enum nym_drop_reason reason)
{
	struct sk_buff *packet = __skb_dequeue(&train->packets);

	/* The segments that the stack has split it into count one by one. */
	consume_skb(nym_packet(packet)->owner);
	nym_drop_some(train_device(train), packet, reason,
		      nym_packet(packet)->segments.left);
	DEV_STATS_INC(train_device(train)->dev, tx_dropped);
}

/* Copies and encrypts the train's next @count messages into @wire, in which each
 * but the last has @size bytes.
 */
static void fill_wire(struct nym_send_train *train, struct sk_buff *wire,
		      unsigned int count, unsigned int size, u64 *counters)
{
	struct nym_aead *aead = nym_aead_get();
	struct nym_place place = { .wire = wire };
	u8 ecn = nym_wire(wire)->ecn;
	unsigned int last_size = size;

	while (count--) {
		struct sk_buff *packet = skb_peek(&train->packets);
		struct nym_segments *segments = &nym_packet(packet)->segments;
		unsigned int len = nym_segments_next_len(segments, packet);
		void *at = next_place(&place, size);

		/* A packet whose headers lie about it is sent as zeros: its
		 * counter is taken, and the far side drops it.
		 */
		if (unlikely(!nym_segments_take(segments, packet,
						at + train->prefix)))
			memset(at + train->prefix, 0, len);
		if (len)
			train->has_data = true;
		encrypt_message(train, aead, at, len, counters, count, ecn);
		if (!count)
			last_size = wire_size(train, len);
		if (!segments->left)
			finish_packet(train, wire);
	}
	nym_aead_put(aead);
	if (last_size < size)
		pskb_trim(wire, wire->len - (size - last_size));
}

/* Makes one datagram, or GSO packet of them, of the train's next packets. Return:
 * false where they must wait for new keys.
 */
static bool build_wire(struct nym_send_train *train)
{
	struct sk_buff *first = skb_peek(&train->packets);
	unsigned int size =
		wire_size(train, nym_segments_next_len(&nym_packet(first)->segments,
						       first));
	u64 counters[NYM_MAX_HOPS];
	struct sk_buff *wire = NULL;
	unsigned int count;

	if (unlikely(size > NYM_MAX_DATAGRAM)) {
		drop_packet(train, NYM_DROP_TOO_BIG);
		return true;
	}
	/* What may have to be cut stays single. */
	count = train->carrier ? 1 : run_length(train, size);
	if (count > 1)
		wire = alloc_gso(count, size);
	if (!wire) {
		count = 1;
		wire = nym_encrypt_alloc_single(size);
	}
	if (unlikely(!wire)) {
		drop_packet(train, NYM_DROP_NO_MEMORY);
		return true;
	}
	if (unlikely(!take_counters(train, count, counters))) {
		consume_skb(wire);
		return false;
	}
	wire->priority = first->priority;
	skb_copy_hash(wire, first);
	nym_wire(wire)->messages = count;
	nym_wire(wire)->ecn = packet_ecn(first);
	fill_wire(train, wire, count, size, counters);
	if (count > 1)
		skb_shinfo(wire)->gso_segs = count;
	__skb_queue_tail(&train->wire, wire);
	return true;
}

/* Preparation */

/* Has the stack split a GSO packet of a kind of which we know nothing, and puts
 * the segments onto @to. Its owner is kept aside, so that it is not divided among
 * the segments, with the last of which the packet goes.
 */
static void split_by_stack(struct nym_send_train *train, struct sk_buff *skb,
			   struct sk_buff_head *to)
{
	void (*destructor)(struct sk_buff *skb) = skb->destructor;
	struct sk_buff *segs, *segment, *next;
	struct sock *sk = skb->sk;

	skb->destructor = NULL;
	skb->sk = NULL;
	segs = skb_gso_segment(skb, NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_HIGHDMA);
	skb->destructor = destructor;
	skb->sk = sk;
	if (IS_ERR_OR_NULL(segs)) {
		nym_drop(train_device(train), skb, NYM_DROP_SEGMENTATION);
		DEV_STATS_INC(train_device(train)->dev, tx_dropped);
		return;
	}
	skb_list_walk_safe(segs, segment, next) {
		skb_mark_not_on_list(segment);
		nym_segments_begin(&nym_packet(segment)->segments, segment);
		nym_packet(segment)->owner = next ? NULL : skb;
		__skb_queue_tail(to, segment);
	}
}

/* Looks at every packet, and splits those that are not split on the way. */
static void prepare_packets(struct nym_send_train *train)
{
	struct sk_buff_head packets;
	struct sk_buff *skb;

	__skb_queue_head_init(&packets);
	skb_queue_splice_init(&train->packets, &packets);
	while ((skb = __skb_dequeue(&packets))) {
		struct nym_segments segments;

		if (unlikely(!nym_segments_begin(&segments, skb))) {
			split_by_stack(train, skb, &train->packets);
			continue;
		}
		nym_packet(skb)->segments = segments;
		nym_packet(skb)->owner = NULL;
		__skb_queue_tail(&train->packets, skb);
	}
}

/* Makes what is left on the train packets like those that were staged. */
static void give_back(struct nym_send_train *train)
{
	struct sk_buff *first = skb_peek(&train->packets);
	unsigned int sent = nym_packet(first)->segments.index;
	struct sk_buff_head segments;
	struct sk_buff *skb;

	__skb_queue_head_init(&segments);
	if (sent && nym_packet(first)->segments.header_len) {
		__skb_unlink(first, &train->packets);
		split_by_stack(train, first, &segments);
		while (sent-- && (skb = __skb_dequeue(&segments)))
			consume_skb(skb);
		skb_queue_splice(&segments, &train->packets);
	}
	skb_queue_walk(&train->packets, skb) {
		consume_skb(nym_packet(skb)->owner);
		nym_packet(skb)->owner = NULL;
	}
}

void nym_encrypt_train(struct nym_send_train *train)
{
	prepare_packets(train);
	while (!skb_queue_empty(&train->packets)) {
		if (unlikely(!build_wire(train))) {
			give_back(train);
			break;
		}
	}
}
