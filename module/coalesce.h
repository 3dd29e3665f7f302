/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plaintext packets of one flow joined into a GSO packet for the stack, as GRO
 * would join them, without an skb for each.
 *
 * What is joined here would be divided into the same packets again, bit for bit.
 */
#ifndef _NYM_COALESCE_H
#define _NYM_COALESCE_H

#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/types.h>

/* The longest headers that are told from the payload: IPv6 and TCP's. */
#define NYM_MAX_PLAIN_HEADER	(sizeof(struct ipv6hdr) + MAX_TCP_HEADER_LEN)
#define MAX_TCP_HEADER_LEN	60

/**
 * struct nym_plain - a plaintext packet
 * @header_len:	bytes of @header; 0 where the packet is one piece at @data
 * @header:	its IP and transport headers
 * @data:	payload, or packet; in a block of struct nym_room or in an skb
 * @len:	bytes at @data
 */
struct nym_plain {
	unsigned int header_len;
	u8 header[NYM_MAX_PLAIN_HEADER] __aligned(8);
	u8 *data;
	unsigned int len;
};

/**
 * nym_plain_header_len() - where does a packet's payload begin?
 * @packet:	IP packet
 * @len:	its bytes; padding behind the packet is taken off
 *
 * Return: bytes of headers of a TCP or UDP packet that may be joined with others;
 * 0 for all others, whose @len stays.
 */
unsigned int nym_plain_header_len(const u8 *packet, unsigned int *len);

/**
 * struct nym_coalesce - a packet being joined
 * @skb:	NULL where there is none
 * @size:	bytes of payload of each segment but the last
 * @segments:	how many
 * @is_closed:	nothing may follow
 * @has_fixed_id: the segments have the same IPv4 identification
 */
struct nym_coalesce {
	struct sk_buff *skb;
	unsigned int size;
	unsigned int segments;
	bool is_closed;
	bool has_fixed_id;
};

/**
 * nym_coalesce_begin() - make an skb of a packet
 * @coalesce:	without an skb; has one afterwards
 * @napi:	that the skb goes to
 * @plain:	packet in a buffer
 *
 * Return: false where memory runs out.
 */
bool nym_coalesce_begin(struct nym_coalesce *coalesce, struct napi_struct *napi,
			const struct nym_plain *plain);

/**
 * nym_coalesce_add() - join a packet to those before
 * @coalesce:	with an skb
 * @plain:	packet in a buffer
 *
 * Return: false where it does not follow on them: it has to begin another.
 */
bool nym_coalesce_add(struct nym_coalesce *coalesce, const struct nym_plain *plain);

/* Completes the packet's headers and gives it up. */
struct sk_buff *nym_coalesce_end(struct nym_coalesce *coalesce);

#endif /* _NYM_COALESCE_H */
