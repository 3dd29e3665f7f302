// SPDX-License-Identifier: GPL-2.0
/*
 * Arrival: from datagrams to trains of messages for one key.
 *
 * Datagrams, or GRO trains of them, are divided into runs of messages for one key
 * from one sender; each run is a train. Whoever works on the train decrypts every
 * message through all layers that are ours (decrypt.c). The outermost peer's NAPI
 * then takes trains in order and delivers them (deliver.c).
 */
#include "receive.h"
#include "decrypt.h"
#include "device.h"
#include "drop.h"
#include "handshake.h"
#include "messages.h"
#include "noise.h"
#include "path.h"
#include "peer.h"
#include "pipeline.h"
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/inet_ecn.h>
#include <net/udp.h>

/**
 * struct nym_span - control block: which messages of a datagram are on the train
 * @offset:	of the first one
 * @end:	behind the last one
 * @stride:	from one to the next
 */
struct nym_span {
	unsigned int offset;
	unsigned int end;
	unsigned int stride;
};

static struct nym_span *nym_span(const struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct nym_span) > sizeof(skb->cb));
	return (struct nym_span *)skb->cb;
}

/* Drops datagrams of which @count messages were to be on a train. */
static void drop_spans(struct nym_device *device, struct sk_buff_head *spans,
		       enum nym_drop_reason reason, unsigned int count)
{
	struct sk_buff *skb;

	DEV_STATS_ADD(device->dev, rx_dropped, count);
	nym_drop_count(device, reason, count);
	while ((skb = __skb_dequeue(spans)))
		nym_drop_some(device, skb, reason, 0);
}

static void start_train(struct nym_device *device, struct nym_receive_train *train)
{
	struct nym_peer *peer = nym_keypair_peer(train->outer.keypair);
	enum nym_drop_reason reason = NYM_DROP_REMOVED;
	int ret = -ESHUTDOWN;

	/* In the RCU section that found the key: removal waits for it, and then
	 * for the trains that entered before.
	 */
	if (likely(!READ_ONCE(peer->is_dead)))
		ret = nym_pipeline_enter(&peer->rx, &train->train);
	if (unlikely(ret < 0)) {
		if (ret == -ENOBUFS)
			reason = NYM_DROP_QUEUE_FULL;
		drop_spans(device, &train->sources, reason, train->count);
		nym_receive_train_free(train);
		return;
	}
	nym_pipeline_work(device, &train->train, ret, train->bytes);
}

static void process_train(struct nym_train *base)
{
	struct nym_receive_train *train =
		container_of(base, struct nym_receive_train, train);
	struct nym_peer *peer;

	/* The train, and its reference to the peer, may be gone once it is done. */
	rcu_read_lock();
	peer = nym_keypair_peer(train->outer.keypair);
	nym_decrypt_train(train);
	nym_pipeline_done(peer->device, &peer->rx, &train->train);
	rcu_read_unlock();
}

/* Moves the datagrams onto a train and notes where its messages are. */
static void fill_train(struct nym_receive_train *train, struct nym_arrival *arrival)
{
	struct nym_received *received = train->received;
	struct sk_buff *skb;

	train->bytes = arrival->bytes;
	train->train.memory = struct_size(train, received, arrival->count);
	skb_queue_walk(&arrival->spans, skb) {
		struct nym_span *span = nym_span(skb);
		unsigned int offset;

		train->train.memory += skb->truesize;
		for (offset = span->offset; offset < span->end;
		     offset += span->stride) {
			received->source = skb;
			received->offset = offset;
			received->len = min(span->stride, span->end - offset);
			++received;
		}
	}
	skb_queue_splice_init(&arrival->spans, &train->sources);
}

/* Sends off the run of messages that waits, if there is one. */
static void depart(struct nym_arrival *arrival)
{
	struct nym_device *device = arrival->device;
	enum nym_drop_reason reason = NYM_DROP_NO_SESSION;
	struct nym_receive_train *train;
	struct nym_keypair *keypair;

	if (!arrival->count)
		return;
	keypair = nym_find_keypair(device, arrival->index);
	if (unlikely(!keypair))
		goto drop;
	/* A nested peer's message outside its carrier is none. */
	reason = NYM_DROP_OUTSIDE_CARRIER;
	if (unlikely(nym_via_is_set(&nym_keypair_peer(keypair)->via)))
		goto drop;
	reason = NYM_DROP_NO_MEMORY;
	train = nym_receive_train_alloc(keypair, &arrival->from, arrival->ecn,
					arrival->count);
	if (unlikely(!train))
		goto drop;
	train->train.process = process_train;
	fill_train(train, arrival);
	start_train(device, train);
	goto out;
drop:
	nym_keypair_put(keypair, false);
	drop_spans(device, &arrival->spans, reason, arrival->count);
out:
	arrival->count = 0;
	arrival->bytes = 0;
}

/* Puts @skb, whose messages from @offset to @end are of the run, into it. */
static void add_span(struct nym_arrival *arrival, struct sk_buff *skb,
		     unsigned int offset, unsigned int end, unsigned int stride)
{
	if (unlikely(!skb)) {
		unsigned int lost = DIV_ROUND_UP(end - offset, stride);

		arrival->count -= lost;
		arrival->bytes -= end - offset;
		DEV_STATS_ADD(arrival->device->dev, rx_dropped, lost);
		nym_drop_count(arrival->device, NYM_DROP_NO_MEMORY, lost);
		return;
	}
	*nym_span(skb) = (struct nym_span){ offset, end, stride };
	__skb_queue_tail(&arrival->spans, skb);
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

static void receive_other(struct nym_arrival *arrival, const struct sk_buff *skb,
			  unsigned int offset, unsigned int len)
{
	struct nym_device *device = arrival->device;
	u8 message[sizeof(struct nym_message_initiation)];
	struct nym_message_header header;

	if (len >= sizeof(header) &&
	    !skb_copy_bits(skb, offset, &header, sizeof(header)) &&
	    nym_handshake_is_message(header.type, len) &&
	    !skb_copy_bits(skb, offset, message, len)) {
		nym_handshake_receive(device, message, len, &arrival->from, NULL,
				      NULL, 0);
		return;
	}
	net_dbg_ratelimited("%s: Invalid packet from %pISpfsc\n",
			    device->dev->name, &arrival->from.addr);
	DEV_STATS_INC(device->dev, rx_errors);
	DEV_STATS_INC(device->dev, rx_length_errors);
	nym_drop_count(device, NYM_DROP_MALFORMED, 1);
}

/* Adds the messages in @skb to the run that waits, as far as they are of it, and
 * begins others where they are not.
 */
static void receive_messages(struct nym_arrival *arrival, struct sk_buff *skb)
{
	unsigned int end = skb->len;
	unsigned int stride = skb_is_gso(skb) ? skb_shinfo(skb)->gso_size : end;
	unsigned int offset = 0;
	unsigned int begin = 0; /* of the messages of the run */
	__le32 index;

	while (offset < end) {
		unsigned int len = min(stride, end - offset);
		bool is_data = read_index(skb, offset, len, &index);

		if (arrival->count && (!is_data || index != arrival->index ||
				       arrival->count == NYM_TRAIN_MESSAGES ||
				       arrival->bytes >= NYM_TRAIN_BYTES)) {
			if (begin < offset)
				add_span(arrival, skb_clone(skb, GFP_ATOMIC),
					 begin, offset, stride);
			depart(arrival);
			begin = offset;
		}
		if (is_data) {
			arrival->index = index;
			++arrival->count;
			arrival->bytes += len;
		} else {
			receive_other(arrival, skb, offset, len);
			begin = offset + len;
		}
		offset += len;
	}
	if (begin < end)
		add_span(arrival, skb, begin, end, stride);
	else
		consume_skb(skb);
}

void nym_receive(struct nym_arrival *arrival, struct sk_buff *skb)
{
	struct nym_device *device = arrival->device;
	struct nym_endpoint from;
	u8 ecn;

	/* The socket's queue used this field for a note of its own. */
	skb->dev = device->dev;
	if (unlikely(!skb->len || nym_endpoint_from_skb(&from, skb))) {
		DEV_STATS_INC(device->dev, rx_errors);
		nym_drop(device, skb, NYM_DROP_MALFORMED);
		return;
	}
	if (unlikely(udp_lib_checksum_complete(skb))) {
		DEV_STATS_INC(device->dev, rx_errors);
		nym_drop(device, skb, NYM_DROP_CHECKSUM);
		return;
	}
	if (from.addr.sa_family == AF_INET)
		ecn = ip_hdr(skb)->tos & INET_ECN_MASK;
	else
		ecn = ipv6_get_dsfield(ipv6_hdr(skb)) & INET_ECN_MASK;
	if (ecn != arrival->ecn || !nym_endpoint_equal(&from, &arrival->from)) {
		depart(arrival);
		arrival->from = from;
		arrival->ecn = ecn;
	}
	if (skb_is_gso(skb))
		arrival->has_trains = true;
	receive_messages(arrival, skb);
}

void nym_receive_begin(struct nym_arrival *arrival, struct nym_device *device)
{
	*arrival = (struct nym_arrival){ .device = device };
	__skb_queue_head_init(&arrival->spans);
}

void nym_receive_end(struct nym_arrival *arrival)
{
	depart(arrival);
}
