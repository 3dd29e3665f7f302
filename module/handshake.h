/* SPDX-License-Identifier: GPL-2.0 */
/* Handshake messages, from and to the network: who sends which when, and what
 * follows from one received. The cryptography is in noise.c and cookie.c.
 */
#ifndef _NYM_HANDSHAKE_H
#define _NYM_HANDSHAKE_H

#include <linux/skbuff.h>
#include <linux/workqueue.h>

struct nym_device;
struct nym_peer;

/**
 * nym_handshake_initiate() - have an initiation sent, at most one in
 *			      NYM_REKEY_TIMEOUT
 * @peer:	kept alive by the caller
 * @is_retry:	the retransmission timer asks; otherwise attempts start anew
 *
 * Context: any but hard interrupts.
 */
void nym_handshake_initiate(struct nym_peer *peer, bool is_retry);

/* Work function of struct nym_peer.transmit_handshake_work. */
void nym_handshake_transmit_work(struct work_struct *work);

/**
 * nym_handshake_receive() - queue a handshake message
 * @device:	that received it
 * @skb:	consumed; data at the message, network header at the datagram's IP
 *		header, transport header at its UDP header
 * @nested:	nested peer whose socket it came to, or NULL from the real network
 *
 * Context: BH disabled, RCU read section.
 */
void nym_handshake_receive(struct nym_device *device, struct sk_buff *skb,
			   struct nym_peer *nested);

void nym_handshake_queue_init(struct nym_device *device);

/* Drops what is queued. Context: the work is not running and not queued. */
void nym_handshake_queue_purge(struct nym_device *device);

#endif /* _NYM_HANDSHAKE_H */
