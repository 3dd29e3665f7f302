/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nested datagrams: messages of a nested peer as UDP over IP inside the session
 * of its carrier. Knows the bytes, and what a packet out of a carrier is.
 */
#ifndef _NYM_NEST_H
#define _NYM_NEST_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct nym_bind;
struct nym_endpoint;
struct nym_peer;

/**
 * struct nym_nest_header - the IP and UDP headers of a nested peer's datagrams
 * @family:	AF_INET or AF_INET6
 * @len:	bytes of both headers: 28 or 48
 * @bytes:	headers with length, checksum and IP id still zero
 */
struct nym_nest_header {
	u8 family;
	u8 len;
	u8 bytes[48];
};

/**
 * nym_nest_header_init() - lay out a nested peer's headers
 * @header:	filled
 * @bind:	the peer's place inside its carrier
 * @to:		where to, mostly the peer's endpoint; NULL gives -EDESTADDRREQ
 *
 * Context: RCU read section. Return: 0; -EDESTADDRREQ without an address;
 * -EADDRNOTAVAIL without via-address of its family.
 */
int nym_nest_header_init(struct nym_nest_header *header,
			 const struct nym_bind *bind,
			 const struct nym_endpoint *to);

/**
 * nym_nest_header_write() - write the headers in front of a message
 * @header:	from nym_nest_header_init()
 * @at:		where; @header->len bytes, the message already behind them
 * @message_len: bytes of the message
 * @id:		IPv4 identification; any sequence that seldom repeats
 * @ecn:	ECN field of this layer
 */
void nym_nest_header_write(const struct nym_nest_header *header, void *at,
			   unsigned int message_len, u16 id, u8 ecn);

enum nym_nest_verdict {
	NYM_NEST_PACKET,	/* none of ours: judged by allowed IPs */
	NYM_NEST_MESSAGE,	/* message to a nested peer's socket */
	NYM_NEST_FRAGMENT,	/* piece of a datagram to a nested peer's address */
	NYM_NEST_ERROR,		/* ICMP error about a nested peer's datagram */
	NYM_NEST_MALFORMED,	/* to a nested peer's socket, but broken: drop */
};

/**
 * struct nym_nest_result - what nym_nest_classify() found
 * @peer:	nested peer concerned, valid in the RCU read section
 * @bind:	number of the bind that the datagram came to, or was sent from
 *		(NYM_NEST_MESSAGE, NYM_NEST_ERROR)
 * @offset:	of the message within the packet (NYM_NEST_MESSAGE)
 * @len:	bytes of the message (NYM_NEST_MESSAGE)
 * @mtu:	path MTU told by a too-big error, 0 for other errors
 *		(NYM_NEST_ERROR)
 */
struct nym_nest_result {
	struct nym_peer *peer;
	u32 bind;
	unsigned int offset;
	unsigned int len;
	unsigned int mtu;
};

/**
 * nym_nest_classify() - what is this packet that a carrier delivered?
 * @carrier:	its session decrypted the packet
 * @packet:	IP packet, linear
 * @len:	its bytes, padding included
 * @result:	filled as the verdict says
 *
 * Reads nothing beyond @len; the sender's address is read by
 * nym_nest_read_source(). UDP checksums of messages are not verified: the
 * message is authenticated. Context: RCU read section.
 */
enum nym_nest_verdict nym_nest_classify(struct nym_peer *carrier, const void *packet,
					unsigned int len,
					struct nym_nest_result *result);

/* Reads the sender of a datagram that was classified as NYM_NEST_MESSAGE. */
void nym_nest_read_source(struct nym_endpoint *from, const void *packet);

/* A classified datagram's ECN field; any IP packet of 20 bytes or more. */
u8 nym_nest_read_ecn(const void *packet);

#endif /* _NYM_NEST_H */
