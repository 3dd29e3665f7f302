/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Delivery: what must be done with decrypted messages in order. First the replay
 * windows of all layers, then what follows from having heard each peer, then the
 * packets' way to the stack.
 */
#ifndef _NYM_DELIVER_H
#define _NYM_DELIVER_H

#include <linux/netdevice.h>

struct nym_peer;
struct nym_pipeline;

/* Has NAPI deliver what is done of struct nym_peer.rx: its on_done(). */
void nym_deliver_done(struct nym_pipeline *pipeline);

/* NAPI poll of struct nym_peer.napi: drains struct nym_peer.rx. */
int nym_deliver_poll(struct napi_struct *napi, int budget);

/* Frees what a removed peer still has in its pipeline. Context: its NAPI is
 * disabled, and the crypt workqueue was flushed after the peer's keys went away.
 */
void nym_deliver_purge(struct nym_peer *peer);

#endif /* _NYM_DELIVER_H */
