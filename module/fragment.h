/* SPDX-License-Identifier: GPL-2.0 */
/* Fragments of nested datagrams. A carrier's gateway makes them where what the
 * nested peer sends is larger than the gateway's device takes.
 */
#ifndef _NYM_FRAGMENT_H
#define _NYM_FRAGMENT_H

#include <linux/skbuff.h>

struct nym_peer;

/**
 * nym_fragment_gather() - put a fragment to those that came before it
 * @carrier:	that delivered it; fragments of different carriers do not meet
 * @skb:	fragment as a packet of the device, consumed unless 0 is returned
 *
 * The kernel's reassembly bounds how many wait and how long. Context: BH
 * disabled. Return: 0 where @skb now is the whole datagram, in one piece;
 * -EINPROGRESS where others are missing; another negative error where it was
 * dropped.
 */
int nym_fragment_gather(struct nym_peer *carrier, struct sk_buff *skb);

#endif /* _NYM_FRAGMENT_H */
