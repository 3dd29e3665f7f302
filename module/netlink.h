/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink family "nym": the only way in for configuration. */
#ifndef _NYM_NETLINK_H
#define _NYM_NETLINK_H

struct genl_family;
struct net;
struct netlink_ext_ack;
struct nlattr;
struct nym_device;
struct nym_peer;
struct sk_buff;

extern struct genl_family nym_genl_family;

int nym_genl_init(void);
void nym_genl_uninit(void);

/**
 * nym_genl_find_device() - which device does a request name?
 * @attrs:	the request's, by enum nymdevice_attribute
 * @net:	namespace of the request's socket
 * @extack:	told why there is none
 *
 * Context: rtnl held, for as long as the device is used: one that was found
 * before may since have lost its peers for good, or be in another namespace.
 * Return: the device or ERR_PTR().
 */
struct nym_device *nym_genl_find_device(struct nlattr **attrs, struct net *net,
					struct netlink_ext_ack *extack);

/* Puts a peer's endpoint, if it has one, into a message. Context: any but hard
 * interrupts. Return: 0 or -EMSGSIZE.
 */
int nym_genl_fill_endpoint(struct sk_buff *skb, struct nym_peer *peer);

#endif /* _NYM_NETLINK_H */
