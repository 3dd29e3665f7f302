/* SPDX-License-Identifier: GPL-2.0 */
/* Handshake messages, from and to the network: who sends which when, and what
 * follows from one received. The cryptography is in noise.c and cookie.c.
 */
#ifndef _NYM_HANDSHAKE_H
#define _NYM_HANDSHAKE_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct nym_device;
struct nym_endpoint;
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

/* Has a peer's keys wiped, and its handshake under way. Context: any but hard
 * interrupts.
 */
void nym_handshake_forget(struct nym_peer *peer);

/* Work function of struct nym_peer.handshake_work. */
void nym_handshake_work(struct work_struct *work);

/* Is this the type and size of a handshake or cookie message? */
bool nym_handshake_is_message(__le32 type, unsigned int len);

/**
 * nym_handshake_receive() - queue a handshake message
 * @device:	that received it
 * @message:	one that nym_handshake_is_message(); copied
 * @len:	its size
 * @from:	where it came from; copied
 * @nested:	nested peer whose socket it came to, or NULL from the real network
 * @carrier:	that delivered it, or NULL likewise
 * @bind:	number of the bind that it came to, or 0 likewise
 *
 * Context: BH disabled, RCU read section.
 */
void nym_handshake_receive(struct nym_device *device, const void *message,
			   unsigned int len, const struct nym_endpoint *from,
			   struct nym_peer *nested,
			   const struct nym_peer *carrier, u32 bind);

/* Return: 0 or -ENOMEM; nym_handshake_queue_free() frees it in either case. */
int nym_handshake_queue_init(struct nym_device *device);

/* Has a worker take what has come while the machine was asleep. */
void nym_handshake_queue_resume(struct nym_device *device);

/* Waits for the workers and drops what is queued. Context: process; nothing calls
 * nym_handshake_receive() any more.
 */
void nym_handshake_queue_stop(struct nym_device *device);

/* Context: the queue is empty and the workqueue is gone. */
void nym_handshake_queue_free(struct nym_device *device);

#endif /* _NYM_HANDSHAKE_H */
