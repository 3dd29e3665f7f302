/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets taken a segment at a time, each copied to where it is wanted, without
 * an skb of its own.
 */
#ifndef _NYM_SEGMENT_H
#define _NYM_SEGMENT_H

#include <linux/skbuff.h>
#include <linux/types.h>

/**
 * struct nym_segments - what is left of a packet
 * @left:	segments, the last one included
 * @header_len:	bytes of headers in front of each segment's payload; 0 where the
 *		packet is its only segment
 * @size:	bytes of payload of each segment but the last
 * @offset:	in the packet, of the payload of the next segment
 * @index:	of the next segment
 */
struct nym_segments {
	unsigned int left;
	unsigned int header_len;
	unsigned int size;
	unsigned int offset;
	unsigned int index;
};

/**
 * nym_segments_begin() - look at a packet
 * @segments:	filled
 * @skb:	IP packet, its data at the IP header; its headers may be pulled
 *
 * Return: false where it is a GSO packet of a kind that only the stack can split.
 */
bool nym_segments_begin(struct nym_segments *segments, struct sk_buff *skb);

/* Bytes of the next segment, headers included. */
static inline unsigned int nym_segments_next_len(const struct nym_segments *segments,
						 const struct sk_buff *skb)
{
	return segments->header_len + (segments->left > 1 ? segments->size :
				       skb->len - segments->offset);
}

/* Bytes of the last segment. */
static inline unsigned int nym_segments_last_len(const struct nym_segments *segments,
						 const struct sk_buff *skb)
{
	return segments->header_len + skb->len - segments->offset -
	       (segments->left - 1) * segments->size;
}

/**
 * nym_segments_take() - copy the next segment, its headers and checksums complete
 * @segments:	of @skb, with some left
 * @skb:	packet
 * @to:		room for nym_segments_next_len() bytes
 *
 * Return: false where the packet's headers lie about it: what was copied is to be
 * thrown away. The segment is taken all the same.
 */
bool nym_segments_take(struct nym_segments *segments, const struct sk_buff *skb,
		       void *to);

#endif /* _NYM_SEGMENT_H */
