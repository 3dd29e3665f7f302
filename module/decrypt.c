// SPDX-License-Identifier: GPL-2.0
/* Decryption of a train. */
#include "decrypt.h"
#include "aead.h"
#include "buffer.h"
#include "device.h"
#include "drop.h"
#include "handshake.h"
#include "nest.h"
#include "noise.h"
#include "path.h"
#include "peer.h"
#include "timers.h"
#include <linux/highmem.h>
#include <linux/slab.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>

/* Trains of so many messages are made to measure; larger ones come from a cache,
 * whose objects are not cleared each time.
 */
#define NYM_SMALL_TRAIN		4

static struct kmem_cache *large_trains;

struct nym_peer *nym_received_peer(const struct nym_received *received,
				   unsigned int layer)
{
	return nym_keypair_peer(received->layer[layer].sender->keypair);
}

struct nym_receive_train *nym_receive_train_alloc(struct nym_keypair *keypair,
						  const struct nym_endpoint *from,
						  u8 ecn, unsigned int count)
{
	const gfp_t gfp = GFP_ATOMIC | __GFP_NOWARN;
	struct nym_receive_train *train;
	unsigned int i;

	if (count <= NYM_SMALL_TRAIN)
		train = kmalloc(struct_size(train, received, count), gfp);
	else
		train = kmem_cache_alloc(large_trains, gfp);
	if (!train)
		return NULL;
	/* All but the messages, of which only this much is read before it is
	 * written.
	 */
	memset(train, 0, sizeof(*train));
	for (i = 0; i < count; ++i) {
		struct nym_received *received = &train->received[i];

		received->skb = NULL;
		received->layers = 0;
		received->valid = 0;
		received->content = NYM_CONTENT_NONE;
		received->nested = NULL;
	}
	train->outer.keypair = keypair;
	train->outer.from = *from;
	train->ecn = ecn;
	train->is_large = count > NYM_SMALL_TRAIN;
	train->count = count;
	__skb_queue_head_init(&train->sources);
	return train;
}

void nym_receive_train_free(struct nym_receive_train *train)
{
	struct nym_sender *sender = train->senders;
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < train->count; ++i) {
		consume_skb(train->received[i].skb);
		nym_peer_put(train->received[i].nested);
	}
	while ((skb = __skb_dequeue(&train->sources)))
		consume_skb(skb);
	for (i = 0; i < train->num_blocks; ++i)
		put_page(train->blocks[i]);
	while (sender) {
		struct nym_sender *next = sender->next;

		nym_keypair_put(sender->keypair, false);
		kfree(sender);
		sender = next;
	}
	nym_keypair_put(train->outer.keypair, false);
	if (train->is_large)
		kmem_cache_free(large_trains, train);
	else
		kfree(train);
}

/* Keys and senders */

struct nym_keypair *nym_find_keypair(struct nym_device *device, __le32 index)
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

static bool is_usable(const struct nym_keypair *keypair, u64 counter)
{
	return READ_ONCE(keypair->receiving.is_valid) &&
	       !nym_birthdate_has_expired(keypair->receiving.birthdate,
					  NYM_REJECT_AFTER_TIME) &&
	       counter < NYM_REJECT_AFTER_MESSAGES;
}

/* The train's sender of that key and address, which mostly is that of the message
 * before. A new one has a reference to the key of its own.
 */
static struct nym_sender *get_sender(struct nym_receive_train *train,
				     struct nym_keypair *keypair,
				     const struct nym_endpoint *from, u32 bind)
{
	struct nym_sender *sender;

	for (sender = train->senders; sender; sender = sender->next)
		if (sender->keypair == keypair && sender->bind == bind &&
		    nym_endpoint_equal(&sender->from, from))
			return sender;
	sender = kmalloc(sizeof(*sender), GFP_ATOMIC | __GFP_NOWARN);
	if (!sender)
		return NULL;
	sender->keypair = nym_keypair_get(keypair);
	if (!sender->keypair) {
		kfree(sender);
		return NULL;
	}
	sender->from = *from;
	sender->bind = bind;
	sender->next = train->senders;
	train->senders = sender;
	return sender;
}

/* A sender of the train under the key that a nested peer's message names: its key
 * need not be looked up.
 */
static struct nym_keypair *known_keypair(const struct nym_receive_train *train,
					 const struct nym_peer *nested, __le32 index)
{
	const struct nym_sender *sender;

	for (sender = train->senders; sender; sender = sender->next)
		if (sender->keypair->entry.index == index &&
		    nym_keypair_peer(sender->keypair) == nested)
			return sender->keypair;
	return NULL;
}

static void add_layer(struct nym_received *received, struct nym_sender *sender,
		      u64 counter, unsigned int len)
{
	received->layer[received->layers++] = (struct nym_layer){
		.sender = sender,
		.counter = counter,
		.len = len,
	};
}

/* Decrypts @sealed bytes at @from to @to, which are the layer of a message that is
 * to be added next.
 */
static bool open_layer(const struct nym_receive_train *train,
		       const struct nym_received *received,
		       const struct nym_keypair *keypair, u8 *to, const u8 *from,
		       unsigned int sealed, u64 counter)
{
	struct nym_aead *aead = &train->aead[received->layers];
	unsigned int more = &train->received[train->count - 1] - received;

	nym_aead_use(aead, keypair->receiving.key);
	return nym_aead_open(aead, to, from, sealed - NYM_TAG_SIZE, counter, more);
}

/* Nested layers */

/* Decrypts a nested peer's message in place, if its key is that peer's. */
static bool open_nested(struct nym_receive_train *train,
			struct nym_received *received,
			const struct nym_nest_result *result,
			struct nym_message_data *message)
{
	struct nym_peer *nested = result->peer;
	struct nym_keypair *keypair, *found = NULL;
	u64 counter = le64_to_cpu(message->counter);
	struct nym_sender *sender = NULL;
	struct nym_endpoint from;

	received->reason = NYM_DROP_NO_SESSION;
	if (received->layers >= NYM_MAX_HOPS)
		return false;
	keypair = known_keypair(train, nested, message->receiver_index);
	if (!keypair) {
		found = nym_find_keypair(nested->device, message->receiver_index);
		keypair = found;
	}
	if (!keypair)
		return false;
	if (nym_keypair_peer(keypair) != nested) {
		received->reason = NYM_DROP_OUTSIDE_CARRIER;
		goto out;
	}
	if (!is_usable(keypair, counter))
		goto out;
	received->reason = NYM_DROP_NOT_AUTHENTIC;
	if (!open_layer(train, received, keypair, message->encrypted_data,
			message->encrypted_data, result->len - sizeof(*message),
			counter))
		goto out;
	received->reason = NYM_DROP_NO_MEMORY;
	nym_nest_read_source(&from, received->plain.data);
	sender = get_sender(train, keypair, &from, result->bind);
	if (sender)
		add_layer(received, sender, counter, result->len);
out:
	nym_keypair_put(found, false);
	return sender;
}

/* Looks into a nested datagram. Return: whether another layer was opened, whose
 * plaintext is then @received's.
 */
static bool enter_nested(struct nym_receive_train *train,
			 struct nym_received *received,
			 const struct nym_nest_result *result)
{
	struct nym_message_header *header = (void *)received->plain.data +
					    result->offset;
	bool set_ce = false;
	u8 ecn;

	received->reason = NYM_DROP_MALFORMED;
	if (result->len < sizeof(*header))
		return false;
	/* RFC 6040, section 4.2: what a router between carrier and peer can't
	 * have done means that the datagram is to be dropped.
	 */
	ecn = nym_nest_read_ecn(received->plain.data);
	if (__INET_ECN_decapsulate(received->ecn, ecn, &set_ce) > 1) {
		received->reason = NYM_DROP_ECN;
		return false;
	}
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
	    !open_nested(train, received, result, (void *)header))
		return false;
	received->plain.data = (void *)header + sizeof(struct nym_message_data);
	received->plain.len = result->len - NYM_MESSAGE_DATA_OVERHEAD;
	received->ecn = ecn;
	return true;
}

static void open_inside(struct nym_receive_train *train,
			struct nym_received *received)
{
	do {
		struct nym_peer *peer = nym_received_peer(received,
							  received->layers - 1);
		struct nym_nest_result result;

		received->content = NYM_CONTENT_NONE;
		if (!received->plain.len) {
			received->content = NYM_CONTENT_KEEPALIVE;
			return;
		}
		if (list_empty(&peer->via.nested)) {
			received->content = NYM_CONTENT_PACKET;
			return;
		}
		switch (nym_nest_classify(peer, received->plain.data,
					  received->plain.len, &result)) {
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
			received->bind = result.bind;
			return;
		case NYM_NEST_MALFORMED:
			received->reason = NYM_DROP_MALFORMED;
			return;
		case NYM_NEST_MESSAGE:
			if (!enter_nested(train, received, &result))
				return;
		}
	} while (true);
}

void nym_decrypt_inside(struct nym_receive_train *train,
			struct nym_received *received)
{
	train->aead = nym_aead_get();
	open_inside(train, received);
	nym_aead_put(train->aead);
	train->aead = NULL;
}

/* The outermost layer */

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

/* Decrypts what is sealed in a message to @to. */
static bool open_to(const struct nym_receive_train *train,
		    const struct nym_received *received, u8 *to, u64 counter)
{
	unsigned int offset = received->offset + sizeof(struct nym_message_data);
	unsigned int sealed = received->len - sizeof(struct nym_message_data);
	const u8 *from = find_piece(received->source, offset, sealed);

	if (!from) {
		if (skb_copy_bits(received->source, offset, to, sealed))
			return false;
		from = to;
	}
	return open_layer(train, received, train->outer.keypair, to, from, sealed,
			  counter);
}

static void open_outer(struct nym_receive_train *train,
		       struct nym_received *received, u64 counter)
{
	received->ecn = train->ecn;
	add_layer(received, &train->outer, counter, received->len);
	open_inside(train, received);
}

/* Is it a single datagram that nobody else looks at? */
static bool is_private(const struct sk_buff *skb)
{
	return !skb_is_gso(skb) && !skb_is_nonlinear(skb) && !skb_cloned(skb) &&
	       !skb_shared(skb);
}

/* Decrypts a message into an skb of its own, which is the datagram's where nobody
 * else has it.
 */
static void open_in_skb(struct nym_receive_train *train,
			struct nym_received *received, u64 counter)
{
	struct sk_buff *skb = received->source;
	unsigned int plain = received->len - NYM_MESSAGE_DATA_OVERHEAD;
	struct net_device *dev =
		nym_keypair_peer(train->outer.keypair)->device->dev;
	bool in_place = train->count == 1 && is_private(skb);
	u8 *to;

	if (in_place) {
		to = skb->data + received->offset +
		     sizeof(struct nym_message_data);
	} else {
		skb = netdev_alloc_skb(dev, received->len);
		if (!skb) {
			received->reason = NYM_DROP_NO_MEMORY;
			return;
		}
		to = skb->data;
	}
	if (!open_to(train, received, to, counter)) {
		if (!in_place)
			consume_skb(skb);
		return;
	}
	if (in_place)
		__skb_unlink(skb, &train->sources);
	else
		skb_put(skb, plain);
	received->skb = skb;
	received->plain.header_len = 0;
	received->plain.data = to;
	received->plain.len = plain;
	open_outer(train, received, counter);
	skb_pull(skb, received->plain.data - skb->data);
	skb_trim(skb, received->plain.len);
}

/* Bytes in front of a payload that are put back once its headers are known. */
#define NYM_MAX_OVERLAP		256

/**
 * struct nym_tail - where the plaintexts of a train end
 * @block:	begin of what they take of the block
 * @end:	behind the last one
 * @room:	bytes from @end to the end of the block; 0 without one
 * @overlap:	bytes of the next message's plaintext in front of its payload, as
 *		far as the last one tells; 0 where the next does not follow on it
 */
struct nym_tail {
	u8 *block;
	u8 *end;
	unsigned int room;
	unsigned int overlap;
};

/* Leaves the block to others from where the plaintexts end. */
static void close_block(struct nym_tail *tail)
{
	if (tail->block)
		nym_buffer_commit(tail->end - tail->block);
	*tail = (struct nym_tail){};
}

/* Has room for @len bytes behind the tail, wherever the next message begins. */
static bool make_room(struct nym_receive_train *train, struct nym_tail *tail,
		      unsigned int len)
{
	struct nym_room room;

	/* What is moved behind the tail is aligned there. */
	len += NYM_PADDING_MULTIPLE;
	if (tail->room >= len)
		return true;
	close_block(tail);
	if (!nym_buffer_room(len, &room))
		return false;
	if (!train->num_blocks ||
	    train->blocks[train->num_blocks - 1] != room.page) {
		if (train->num_blocks == NYM_TRAIN_BLOCKS)
			return false;
		get_page(room.page);
		train->blocks[train->num_blocks++] = room.page;
	}
	tail->block = room.at;
	tail->end = room.at;
	tail->room = room.len;
	return true;
}

static void set_end(struct nym_tail *tail, u8 *end)
{
	tail->room -= end - tail->end;
	tail->end = end;
}

/* Says where the payload of a decrypted message is, whose plaintext began at
 * @begin; @saved lay there before. It stays where it follows on the payload
 * before, and otherwise goes behind it.
 */
static void settle(struct nym_tail *tail, struct nym_received *received, u8 *begin,
		   const u8 *saved)
{
	struct nym_plain *plain = &received->plain;
	unsigned int header_len = 0;
	unsigned int overlap = tail->overlap;
	u8 *packet = plain->data;
	unsigned int before;

	if (received->content == NYM_CONTENT_PACKET)
		header_len = nym_plain_header_len(packet, &plain->len);
	before = packet + header_len - begin;
	if (overlap && (!header_len || packet + header_len != tail->end)) {
		packet = PTR_ALIGN(tail->end, sizeof(long));
		memmove(packet, plain->data, plain->len);
	}
	if (header_len)
		memcpy(plain->header, packet, header_len);
	memcpy(begin, saved, overlap);
	plain->header_len = header_len;
	plain->data = packet + header_len;
	plain->len -= header_len;
	set_end(tail, plain->data + plain->len);

	tail->overlap = 0;
	if (IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) && header_len &&
	    before <= NYM_MAX_OVERLAP && before <= tail->end - tail->block)
		tail->overlap = before;
	else
		set_end(tail, PTR_ALIGN(tail->end, sizeof(long)));
}

/* Decrypts a message into a buffer. Return: false where there is no room. */
static bool open_in_buffer(struct nym_receive_train *train,
			   struct nym_received *received, struct nym_tail *tail,
			   u64 counter)
{
	unsigned int plain = received->len - NYM_MESSAGE_DATA_OVERHEAD;
	u8 saved[NYM_MAX_OVERLAP];
	u8 *begin;

	/* Where it comes in pieces, the tag is copied along with the rest. */
	if (!make_room(train, tail, plain + NYM_TAG_SIZE))
		return false;
	begin = tail->end - tail->overlap;
	memcpy(saved, begin, tail->overlap);
	if (!open_to(train, received, begin, counter)) {
		memcpy(begin, saved, tail->overlap);
		return true;
	}
	received->plain.data = begin;
	received->plain.len = plain;
	open_outer(train, received, counter);
	settle(tail, received, begin, saved);
	return true;
}

static void open_message(struct nym_receive_train *train,
			 struct nym_received *received, struct nym_tail *tail)
{
	struct nym_message_data header;
	u64 counter;

	received->reason = NYM_DROP_MALFORMED;
	if (skb_copy_bits(received->source, received->offset, &header,
			  sizeof(header)))
		return;
	counter = le64_to_cpu(header.counter);
	received->reason = NYM_DROP_NO_SESSION;
	if (!is_usable(train->outer.keypair, counter))
		return;
	received->reason = NYM_DROP_NOT_AUTHENTIC;
	if (train->count == 1 || !open_in_buffer(train, received, tail, counter))
		open_in_skb(train, received, counter);
}

void nym_decrypt_train(struct nym_receive_train *train)
{
	struct nym_tail tail = {};
	struct sk_buff *skb;
	unsigned int i;

	nym_buffer_lock();
	train->aead = nym_aead_get();
	for (i = 0; i < train->count; ++i)
		open_message(train, &train->received[i], &tail);
	nym_aead_put(train->aead);
	train->aead = NULL;
	close_block(&tail);
	nym_buffer_unlock();
	/* It is dropped with its reason by who looks at the message. */
	if (train->count == 1 && !train->received[0].layers &&
	    !train->received[0].skb)
		train->received[0].skb = __skb_dequeue(&train->sources);
	while ((skb = __skb_dequeue(&train->sources)))
		consume_skb(skb);
}

/* With a constructor, objects are not cleared when allocated. */
static void construct_train(void *object)
{
}

int nym_decrypt_init(void)
{
	struct nym_receive_train *train;

	large_trains = kmem_cache_create("nym_receive_train",
					 struct_size(train, received,
						     NYM_TRAIN_MESSAGES),
					 0, 0, construct_train);
	return large_trains ? 0 : -ENOMEM;
}

void nym_decrypt_uninit(void)
{
	kmem_cache_destroy(large_trains);
}
