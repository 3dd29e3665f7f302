/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Encryption of a train: its packets are copied once, each to where its message
 * will lie on the wire, and encrypted there for all hops, innermost first;
 * messages of equal size lie next to each other and leave as one UDP GSO packet.
 */
#ifndef _NYM_ENCRYPT_H
#define _NYM_ENCRYPT_H

#include "messages.h"
#include "nest.h"
#include "path.h"
#include "pipeline.h"
#include "segment.h"
#include <linux/skbuff.h>

struct nym_keypair;

/**
 * struct nym_send_train - packets on their way out by one path under one set of
 *			   keys
 * @train:	its place in the innermost peer's pipeline
 * @hops:	length of the path, as far as the train goes
 * @carrier:	who carries what goes out, with a reference, where the path goes on
 *		from there as another train; NULL where it goes to the network
 * @carrier_mtu: how large what goes to the carrier may be
 * @mtu:	of the path, bounds padding
 * @prefix:	bytes in front of the innermost plaintext
 * @keypairs:	of each hop of the path, innermost first, with references
 * @nest:	headers that hop i's messages get inside hop i + 1's session
 * @bytes:	message bytes of each hop
 * @has_data:	not only keepalives
 * @packets:	plaintext; after encryption, empty but for what must be staged
 *		again, under new keys
 * @wire:	what goes out
 */
struct nym_send_train {
	struct nym_train train;
	unsigned int hops;
	struct nym_peer *carrier;
	unsigned int carrier_mtu;
	unsigned int mtu;
	unsigned int prefix;
	struct nym_keypair *keypairs[NYM_MAX_HOPS];
	struct nym_nest_header nest[NYM_MAX_HOPS - 1];
	u64 bytes[NYM_MAX_HOPS];
	bool has_data;
	struct sk_buff_head packets;
	struct sk_buff_head wire;
};

/**
 * struct nym_wire - control block of what goes out
 * @messages:	how many are in it
 * @ecn:	ECN field of its datagrams
 */
struct nym_wire {
	unsigned int messages;
	u8 ecn;
};

static inline struct nym_wire *nym_wire(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct nym_wire) > sizeof(skb->cb));
	return (struct nym_wire *)skb->cb;
}

/**
 * nym_encrypt_train() - turn a train's packets into what goes out
 * @train:	with path, keys and packets
 *
 * Packets that can't be sent are dropped and counted. Where a key can take no
 * more messages, the packets from there on stay in @train->packets. Context: BH
 * disabled.
 */
void nym_encrypt_train(struct nym_send_train *train);

/* A datagram of one message of @size bytes, in its linear part; or NULL. */
struct sk_buff *nym_encrypt_alloc_single(unsigned int size);

#endif /* _NYM_ENCRYPT_H */
