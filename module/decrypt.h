/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decryption of a train: every message through all layers that are ours.
 *
 * The plaintexts of a train lie in buffers, and those of a flow so that their
 * payloads follow on one another: a message is decrypted to where its headers
 * cover the end of the payload before, which is put back once the headers were
 * copied out. A single message is decrypted where it lies.
 */
#ifndef _NYM_DECRYPT_H
#define _NYM_DECRYPT_H

#include "coalesce.h"
#include "endpoint.h"
#include "messages.h"
#include "path.h"
#include "pipeline.h"
#include <linux/skbuff.h>

struct nym_aead;
struct nym_device;
struct nym_keypair;
struct nym_peer;

/**
 * struct nym_sender - who sent a layer of a run of messages
 * @next:	of the same train
 * @keypair:	that the layer is under, with a reference
 * @from:	where its messages came from: on the real network for the outermost
 *		layer, inside the layer without for others
 * @bind:	number of the bind that they came to, 0 for the outermost layer
 */
struct nym_sender {
	struct nym_sender *next;
	struct nym_keypair *keypair;
	struct nym_endpoint from;
	u32 bind;
};

/**
 * struct nym_layer - one layer of a received message
 * @sender:	of the train's
 * @counter:	the message's counter
 * @len:	bytes of this layer's message
 */
struct nym_layer {
	struct nym_sender *sender;
	u64 counter;
	unsigned int len;
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
 * @source:	datagram that it came in, one of the train's
 * @offset:	of the message in @source
 * @len:	bytes of the message
 * @skb:	where it holds the plaintext: an skb of this message's own. NULL
 *		where the plaintext lies in a buffer. The datagram, where that is
 *		this one message and was not decrypted
 * @plain:	innermost plaintext
 * @layers:	how many were decrypted
 * @valid:	how many of them also passed the replay window
 * @content:	what @plain is
 * @ecn:	ECN field to be combined with @plain's
 * @reason:	why it is dropped (enum nym_drop_reason), where it is
 * @nested:	nested peer concerned by a handshake or error, with a reference
 * @bind:	number of the bind that an error is about
 * @mtu:	told by an error
 * @layer:	the layers, outermost first
 */
struct nym_received {
	struct sk_buff *source;
	unsigned int offset;
	unsigned int len;
	struct sk_buff *skb;
	struct nym_plain plain;
	u8 layers;
	u8 valid;
	u8 content;
	u8 ecn;
	u8 reason;
	struct nym_peer *nested;
	u32 bind;
	unsigned int mtu;
	struct nym_layer layer[NYM_MAX_HOPS];
};

/* Blocks that the plaintexts of a train may lie in. */
#define NYM_TRAIN_BLOCKS	8

/**
 * struct nym_receive_train - messages for one key on their way in
 * @train:	its place in the outermost peer's pipeline
 * @outer:	sender of the outermost layer
 * @senders:	of the other layers
 * @ecn:	ECN field of the datagrams
 * @is_large:	made for NYM_TRAIN_MESSAGES
 * @sources:	datagrams; empty once decrypted
 * @blocks:	that plaintexts lie in, with references
 * @num_blocks:	how many
 * @aead:	keys at work on each layer while it is decrypted, or NULL
 * @bytes:	of the messages
 * @count:	how many messages
 * @received:	one for each message
 */
struct nym_receive_train {
	struct nym_train train;
	struct nym_sender outer;
	struct nym_sender *senders;
	u8 ecn;
	bool is_large;
	struct sk_buff_head sources;
	struct page *blocks[NYM_TRAIN_BLOCKS];
	unsigned int num_blocks;
	struct nym_aead *aead;
	unsigned int bytes;
	unsigned int count;
	struct nym_received received[];
};

/* Who a layer's message is from. */
struct nym_peer *nym_received_peer(const struct nym_received *received,
				   unsigned int layer);

/**
 * nym_receive_train_alloc() - make a train
 * @keypair:	of the outermost layer; the caller's reference, taken over
 * @from:	sender of the datagrams
 * @ecn:	their ECN field
 * @count:	messages, at most NYM_TRAIN_MESSAGES
 *
 * The caller fills the sources, and source, offset and len of each message.
 * Return: the train, or NULL.
 */
struct nym_receive_train *nym_receive_train_alloc(struct nym_keypair *keypair,
						  const struct nym_endpoint *from,
						  u8 ecn, unsigned int count);

/* Frees a train and all that it still has, none of which was dropped. */
void nym_receive_train_free(struct nym_receive_train *train);

/* Decrypts all of a train. Context: BH disabled, RCU read section. */
void nym_decrypt_train(struct nym_receive_train *train);

/**
 * nym_decrypt_inside() - open the layers inside a decrypted packet
 * @train:	that @received is of
 * @received:	its plain is the packet, writable; goes on from there
 *
 * For a datagram put together of fragments. Context: BH disabled, RCU read section.
 */
void nym_decrypt_inside(struct nym_receive_train *train,
			struct nym_received *received);

/**
 * nym_find_keypair() - which key does a data message name?
 * @device:	that received it
 * @index:	receiver index
 *
 * Context: RCU read section. Return: key pair with a reference, or NULL.
 */
struct nym_keypair *nym_find_keypair(struct nym_device *device, __le32 index);

int nym_decrypt_init(void);
void nym_decrypt_uninit(void);

#endif /* _NYM_DECRYPT_H */
