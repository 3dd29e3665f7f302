/* SPDX-License-Identifier: GPL-2.0 */
/* The device's UDP sockets, and the routes out of them. */
#ifndef _NYM_SOCKET_H
#define _NYM_SOCKET_H

#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/udp.h>

struct nym_device;
struct nym_endpoint;
struct nym_peer;

/**
 * nym_socket_init() - open both sockets on a port
 * @device:	with its creating_net set
 * @port:	host order, 0 draws one
 *
 * Replaces the sockets that were open; 0 is drawn once for both families.
 * Context: process, rtnl not needed. Return: 0 or a negative error; -ENONET
 * where the creating namespace is gone.
 */
int nym_socket_init(struct nym_device *device, u16 port);

/* NAPI poll of struct nym_device.napi: takes what the sockets have received. */
int nym_socket_poll(struct napi_struct *napi, int budget);

/* Work of struct nym_device.take_work: has @napi polled, from process context. */
void nym_socket_take_work(struct work_struct *work);

/* Publishes new sockets (or NULL) and releases the old ones after a grace
 * period. Context: process.
 */
void nym_socket_reinit(struct nym_device *device, struct sock *sock4,
		       struct sock *sock6);

/**
 * nym_socket_send() - send a message, or a train of equal ones, to a peer
 * @peer:	outermost
 * @skb:	consumed; data at the first message, NYM_SOCKET_HEADROOM in front;
 *		a train has gso_size set to the size of its messages, of which
 *		only the last may be smaller
 * @ecn:	ECN field of the outer IP header
 *
 * Context: BH disabled. Return: 0 or a negative error.
 */
int nym_socket_send(struct nym_peer *peer, struct sk_buff *skb, u8 ecn);

/**
 * nym_socket_send_reply() - answer a datagram without knowing a peer
 * @device:	that received it
 * @to:		its sender, with the address it was sent to as local part
 * @message:	message
 * @len:	its size
 *
 * Context: any but hard interrupts. Return: 0 or a negative error.
 */
int nym_socket_send_reply(struct nym_device *device,
			  const struct nym_endpoint *to, const void *message,
			  size_t len);

/* Room that nym_socket_send() needs in front of a message. */
#define NYM_SOCKET_HEADROOM \
	(LL_MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(struct udphdr))

/**
 * nym_socket_path_mtu() - MTU of the real network toward an outermost peer
 * @peer:	outermost
 *
 * Context: BH disabled. Return: bytes of IP packet; 0 where there is no route.
 */
unsigned int nym_socket_path_mtu(struct nym_peer *peer);

#endif /* _NYM_SOCKET_H */
