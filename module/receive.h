/* SPDX-License-Identifier: GPL-2.0 */
/* From encrypted messages to packets for the stack. */
#ifndef _NYM_RECEIVE_H
#define _NYM_RECEIVE_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

struct nym_device;
struct nym_peer;

/**
 * nym_receive() - take a datagram, or a GRO train of them, off our UDP socket
 * @device:	that owns the socket
 * @skb:	consumed; data behind the UDP header, as the socket queues it
 *
 * Context: BH disabled, RCU read section.
 */
void nym_receive(struct nym_device *device, struct sk_buff *skb);

/* NAPI poll of struct nym_peer.napi: drains struct nym_peer.rx. */
int nym_receive_poll(struct napi_struct *napi, int budget);

/* Frees what a removed peer still has in its pipeline. Context: its NAPI is
 * disabled, and the crypt workqueue was flushed after the peer's keys went away.
 */
void nym_receive_purge(struct nym_peer *peer);

#endif /* _NYM_RECEIVE_H */
