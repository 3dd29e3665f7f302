// SPDX-License-Identifier: GPL-2.0
/* Tells the "events" multicast group what happened. */

#include "events.h"
#include "device.h"
#include "netlink.h"
#include "netlink-gen.h"
#include "path.h"
#include "peer.h"
#include "quota.h"
#include <net/genetlink.h>

static int fill_mtu(struct sk_buff *skb, struct nym_peer *peer)
{
	struct nym_path path;
	int ret = 0;

	local_bh_disable();
	if (!nym_path_get(&path, peer))
		ret = nla_put_u32(skb, NYMPEER_A_MTU, nym_path_mtu(&path));
	local_bh_enable();
	return ret;
}

static int fill_peer(struct sk_buff *skb, struct nym_peer *peer,
		     enum nym_event kind)
{
	struct nlattr *nest = nla_nest_start(skb, NYMEVENT_A_PEER);
	int ret;

	if (!nest)
		return -EMSGSIZE;
	ret = nla_put(skb, NYMPEER_A_PUBLIC_KEY, NYM_KEY_LEN,
		      peer->handshake.remote_static);
	if (ret)
		return ret;

	switch (kind) {
	case NYM_EVENT_ENDPOINT_MOVED:
		ret = nym_genl_fill_endpoint(skb, peer);
		break;
	case NYM_EVENT_QUOTA_LOW:
	case NYM_EVENT_QUOTA_SPENT:
		ret = nla_put_u64_64bit(skb, NYMPEER_A_QUOTA,
					nym_quota_read(&peer->quota),
					NYMPEER_A_PAD);
		break;
	case NYM_EVENT_PATH_MTU:
		ret = fill_mtu(skb, peer);
		break;
	case NYM_EVENT_HANDSHAKE_COMPLETED:
	case NYM_EVENT_PEER_UNREACHABLE:
		break;
	}
	nla_nest_end(skb, nest);
	return ret;
}

static int fill_event(struct sk_buff *skb, struct nym_peer *peer,
		      enum nym_event kind)
{
	struct net_device *dev = peer->device->dev;
	void *header;

	header = genlmsg_put(skb, 0, 0, &nym_genl_family, 0, NYM_CMD_EVENT);
	if (!header)
		return -EMSGSIZE;
	if (nla_put_u32(skb, NYMEVENT_A_IFINDEX, dev->ifindex) ||
	    nla_put_string(skb, NYMEVENT_A_IFNAME, dev->name) ||
	    nla_put_u32(skb, NYMEVENT_A_KIND, kind) ||
	    fill_peer(skb, peer, kind))
		return -EMSGSIZE;
	genlmsg_end(skb, header);
	return 0;
}

void nym_event_send(struct nym_peer *peer, enum nym_event kind)
{
	struct sk_buff *skb;
	struct net *net;

	/* A device that moves to another namespace leaves the old one only after
	 * a grace period, which keeps that one's sockets until we are through.
	 */
	rcu_read_lock();
	net = dev_net(peer->device->dev);
	if (!genl_has_listeners(&nym_genl_family, net, NYM_NLGRP_EVENTS))
		goto out;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!skb)
		goto out;
	if (fill_event(skb, peer, kind))
		nlmsg_free(skb);
	else
		genlmsg_multicast_netns(&nym_genl_family, net, skb, 0,
					NYM_NLGRP_EVENTS, GFP_ATOMIC);
out:
	rcu_read_unlock();
}
