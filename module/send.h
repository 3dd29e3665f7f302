/* SPDX-License-Identifier: GPL-2.0 */
/* From packets to encrypted messages on the real network. */
#ifndef _NYM_SEND_H
#define _NYM_SEND_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

struct nym_peer;

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

/* A peer's session came up: sends what waits at it and at all nested below it.
 * Context: any but hard interrupts.
 */
void nym_send_session_up(struct nym_peer *peer);

/* Drops what waits. Context: any but hard interrupts. */
void nym_send_purge_staged(struct nym_peer *peer);

/* Sends an empty message, or whatever waits. Context: any but hard interrupts. */
void nym_send_keepalive(struct nym_peer *peer);

#endif /* _NYM_SEND_H */
