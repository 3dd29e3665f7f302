/* SPDX-License-Identifier: GPL-2.0 */
/* Fragments of nested datagrams. A carrier's gateway makes them where what the
 * nested peer sends is larger than the gateway's device takes; we do over IPv6, where
 * no router would, if what we send is larger than the way to the nested peer takes:
 * of the datagrams where even the least packets of IPv6 do not fit, otherwise of the
 * packets inside, where their senders allow it.
 */
#ifndef _NYM_FRAGMENT_H
#define _NYM_FRAGMENT_H

#include <linux/skbuff.h>

struct nym_peer;

/* Once, when the module is loaded, before there are devices; and when there are
 * none any more. Context: process. Return: 0 or -ENOMEM.
 */
int nym_fragment_init(void);
void nym_fragment_uninit(void);

/**
 * nym_fragment_gather() - put a fragment to those that came before it
 * @carrier:	that delivered it; fragments of different carriers do not meet
 * @skb:	fragment as a packet of the device, consumed unless 0 is returned
 *
 * The kernel's reassembly bounds how many wait and how long. Fragments that stay
 * alone are dropped without an ICMP error: it would not go through the carrier.
 * Context: BH disabled. Return: 0 where @skb now is the whole datagram, in one piece;
 * -EINPROGRESS where others are missing; another negative error where it was
 * dropped.
 */
int nym_fragment_gather(struct nym_peer *carrier, struct sk_buff *skb);

/**
 * nym_fragment_cut() - have a nested datagram fit into every network
 * @skb:	datagram, linear, without options; consumed where 0 is returned
 * @mtu:	of the way to the nested peer
 * @pieces:	gets it whole over IPv4, which routers can cut, and over IPv6 in
 *		fragments where it is larger than @mtu
 *
 * Context: any. Return: 0 or -ENOMEM.
 */
int nym_fragment_cut(struct sk_buff *skb, unsigned int mtu,
		     struct sk_buff_head *pieces);

/**
 * nym_fragment_packet() - have a packet fit a path, as a router does
 * @skb:	IPv4 packet without DF that the stack has the device send, its data at
 *		the IP header; consumed where true is returned
 * @mtu:	of the path
 * @output:	gets the fragments one by one, and consumes them
 *
 * Context: BH disabled, RCU read section. Return: false where @skb is as it was,
 * since the stack has no route for it or @mtu is none of IPv4.
 */
bool nym_fragment_packet(struct sk_buff *skb, unsigned int mtu,
			 int (*output)(struct net *net, struct sock *sk,
				       struct sk_buff *skb));

#endif /* _NYM_FRAGMENT_H */
