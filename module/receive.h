/* SPDX-License-Identifier: GPL-2.0 */
/* Arrival: from datagrams to trains of messages for one key. */
#ifndef _NYM_RECEIVE_H
#define _NYM_RECEIVE_H

#include "endpoint.h"
#include <linux/skbuff.h>

struct nym_device;

/**
 * struct nym_arrival - messages for one key that arrived one after another
 * @device:	that received them
 * @spans:	datagrams with such messages
 * @from:	their sender
 * @ecn:	their ECN field
 * @index:	receiver index that the messages name
 * @count:	how many messages
 * @bytes:	of the messages
 * @has_trains:	GRO trains were among the datagrams
 */
struct nym_arrival {
	struct nym_device *device;
	struct sk_buff_head spans;
	struct nym_endpoint from;
	u8 ecn;
	__le32 index;
	unsigned int count;
	unsigned int bytes;
	bool has_trains;
};

/* Begins to take what a device's sockets have. */
void nym_receive_begin(struct nym_arrival *arrival, struct nym_device *device);

/**
 * nym_receive() - take a datagram, or a GRO train of them, off a socket
 * @arrival:	begun
 * @skb:	consumed; data behind the UDP header, as the socket queues it
 *
 * A train may wait in @arrival for more of its kind. Context: BH disabled, RCU
 * read section.
 */
void nym_receive(struct nym_arrival *arrival, struct sk_buff *skb);

/* Sends off what waits. Context: as for nym_receive(), and in the same section. */
void nym_receive_end(struct nym_arrival *arrival);

#endif /* _NYM_RECEIVE_H */
