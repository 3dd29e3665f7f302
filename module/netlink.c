// SPDX-License-Identifier: GPL-2.0
/* Generic netlink family "nym". What its attributes mean is said in
 * Documentation/netlink/specs/nym.yaml; netlink-get.c reads a device's
 * configuration, netlink-set.c changes it, events.c fills the group.
 */

#include "netlink.h"
#include "device.h"
#include "peer.h"
#include "messages.h"
#include "netlink-gen.h"
#include <linux/netdevice.h>
#include <linux/socket.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>

struct nym_device *nym_genl_find_device(struct nlattr **attrs, struct net *net,
					struct netlink_ext_ack *extack)
{
	struct nlattr *ifindex = attrs[NYMDEVICE_A_IFINDEX];
	struct nlattr *ifname = attrs[NYMDEVICE_A_IFNAME];
	struct net_device *dev;

	ASSERT_RTNL();

	if (!ifindex == !ifname) {
		NL_SET_ERR_MSG(extack,
			       "name the device either by its index or by its name");
		return ERR_PTR(-EBADR);
	}
	if (ifindex)
		dev = __dev_get_by_index(net, nla_get_u32(ifindex));
	else
		dev = __dev_get_by_name(net, nla_data(ifname));
	if (!dev) {
		NL_SET_ERR_MSG_ATTR(extack, ifindex ?: ifname,
				    "there is no such network device");
		return ERR_PTR(-ENODEV);
	}
	if (!nym_device_is(dev)) {
		NL_SET_ERR_MSG_ATTR(extack, ifindex ?: ifname,
				    "the network device is not of link kind nym");
		return ERR_PTR(-EOPNOTSUPP);
	}
	return netdev_priv(dev);
}

int nym_genl_fill_endpoint(struct sk_buff *skb, struct nym_peer *peer)
{
	const struct nym_endpoint *endpoint;
	int ret = 0;

	rcu_read_lock();
	endpoint = rcu_dereference(peer->endpoint);
	if (endpoint)
		ret = nla_put(skb, NYMPEER_A_ENDPOINT,
			      endpoint->addr.sa_family == AF_INET ?
			      sizeof(endpoint->addr4) : sizeof(endpoint->addr6),
			      &endpoint->addr);
	rcu_read_unlock();
	return ret;
}

static const struct genl_multicast_group nym_genl_groups[] = {
	[NYM_NLGRP_EVENTS] = {
		.name = NYM_MULTICAST_GROUP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family nym_genl_family __ro_after_init = {
	.split_ops = nym_nl_ops,
	.n_split_ops = ARRAY_SIZE(nym_nl_ops),
	.mcgrps = nym_genl_groups,
	.n_mcgrps = ARRAY_SIZE(nym_genl_groups),
	.name = NYM_GENL_NAME,
	.version = NYM_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
};

int __init nym_genl_init(void)
{
	BUILD_BUG_ON(NYM_KEY_LEN != NYM_KEY_SIZE);
	BUILD_BUG_ON(NYM_KEY_LEN != NYM_SYMMETRIC_KEY_SIZE);
	return genl_register_family(&nym_genl_family);
}

void nym_genl_uninit(void)
{
	genl_unregister_family(&nym_genl_family);
}
