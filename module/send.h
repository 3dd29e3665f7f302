/* SPDX-License-Identifier: GPL-2.0 */
/* From packets to encrypted messages on the real network. */
#ifndef _NYM_SEND_H
#define _NYM_SEND_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <uapi/linux/nym.h>

struct nym_endpoint;
struct nym_peer;
struct nym_pipeline;

/* ndo_start_xmit of the device. */
netdev_tx_t nym_send_xmit(struct sk_buff *skb, struct net_device *dev);

/**
 * nym_send_staged() - send what waits at a peer, as far as keys allow
 * @peer:	kept alive by the caller
 *
 * Where a key on its path is missing or stale, starts that hop's handshake and
 * leaves the packets. Context: any but hard interrupts.
 */
void nym_send_staged(struct nym_peer *peer);

/* What is done of struct nym_peer.tx leaves: its on_done(). */
void nym_send_done(struct nym_pipeline *pipeline);

/* A peer's session came up: sends what waits at it and at all nested below it.
 * Context: any but hard interrupts.
 */
void nym_send_session_up(struct nym_peer *peer);

/* Drops what waits, for @reason. Context: any but hard interrupts. */
void nym_send_purge_staged(struct nym_peer *peer, enum nym_drop_reason reason);

/* Sends an empty message, or whatever waits. Context: any but hard interrupts. */
void nym_send_keepalive(struct nym_peer *peer);

/**
 * nym_send_control() - send a handshake message to a peer
 * @peer:	kept alive by the caller
 * @message:	message
 * @len:	its size
 *
 * A nested peer's message becomes a datagram in its carrier's session, and waits
 * there for it. Context: process, or any but hard interrupts. Return: 0 or a
 * negative error.
 */
int nym_send_control(struct nym_peer *peer, const void *message, size_t len);

/* The same for a nested peer that still has the bind of that number, to an address
 * other than its endpoint.
 */
int nym_send_control_to(struct nym_peer *nested, u32 number,
			const struct nym_endpoint *to, const void *message,
			size_t len);

/* Drops the control messages of a nested peer that wait for its carrier's session.
 * Context: process; the caller sees to it that no more are made.
 */
void nym_send_purge_control(struct nym_peer *nested);

#endif /* _NYM_SEND_H */
