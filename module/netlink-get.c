// SPDX-License-Identifier: GPL-2.0
/* Dumps a device for user space. */

#include "allowedips.h"
#include "device.h"
#include "drop.h"
#include "identity.h"
#include "netlink.h"
#include "netlink-gen.h"
#include "path.h"
#include "peer.h"
#include "quota.h"
#include <linux/rtnetlink.h>
#include <linux/time_types.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/sock.h>

/**
 * struct dump_cursor - where a dump goes on in its next message
 * @device_id:		of the device that is dumped
 * @last_peer:		last peer dumped whole; NULL at first
 * @next_allowedip:	first prefix, of the peer after @last_peer, that is still
 *			to be dumped; NULL for that peer from its beginning
 * @ifindex:		of the device
 * @update_gen:		of the device when @last_peer and @next_allowedip were
 *			noted: only as long as that stays are they there
 * @is_begun:		the device's own attributes are dumped
 * @is_done:		all is
 *
 * Who dumps may leave it half read for as long as he likes. So nothing is held from
 * one message to the next: the device could not be removed meanwhile, and who
 * waits for that holds up the namespaces of everybody.
 */
struct dump_cursor {
	u64 device_id;
	struct nym_peer *last_peer;
	struct nym_allowedips_node *next_allowedip;
	int ifindex;
	unsigned int update_gen;
	bool is_begun;
	bool is_done;
};

static struct dump_cursor *dump_cursor(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct dump_cursor) > sizeof(cb->ctx));
	return (struct dump_cursor *)cb->ctx;
}

static int fill_allowedip(struct sk_buff *skb, struct nym_allowedips_node *node)
{
	struct nlattr *nest = nla_nest_start(skb, 0);
	u8 cidr, ip[16] __aligned(__alignof__(u64));
	int family;

	if (!nest)
		return -EMSGSIZE;
	family = nym_allowedips_read_node(node, ip, &cidr);
	if (nla_put_u8(skb, NYMALLOWEDIP_A_CIDR_MASK, cidr) ||
	    nla_put_u16(skb, NYMALLOWEDIP_A_FAMILY, family) ||
	    nla_put(skb, NYMALLOWEDIP_A_IPADDR, family == AF_INET6 ?
		    sizeof(struct in6_addr) : sizeof(struct in_addr), ip)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_via(struct sk_buff *skb, struct nym_peer *peer)
{
	const struct nym_bind *bind = rcu_dereference_protected(peer->via.bind,
		lockdep_is_held(&peer->device->device_update_lock));

	if (!bind)
		return 0;
	if (nla_put(skb, NYMPEER_A_VIA, NYM_KEY_LEN, peer->via.key) ||
	    nla_put_u16(skb, NYMPEER_A_VIA_PORT, ntohs(bind->port)))
		return -EMSGSIZE;
	if (peer->via.port_is_drawn &&
	    nla_put_flag(skb, NYMPEER_A_VIA_PORT_DRAWN))
		return -EMSGSIZE;
	if (bind->address4.s_addr &&
	    nla_put_in_addr(skb, NYMPEER_A_VIA_ADDRESS4, bind->address4.s_addr))
		return -EMSGSIZE;
	if (!ipv6_addr_any(&bind->address6) &&
	    nla_put_in6_addr(skb, NYMPEER_A_VIA_ADDRESS6, &bind->address6))
		return -EMSGSIZE;
	return 0;
}

static int fill_path(struct sk_buff *skb, struct nym_peer *peer)
{
	bool is_nested = nym_via_is_set(&peer->via);
	unsigned int mtu = 0;
	struct nym_path path;
	bool is_complete;

	rcu_read_lock();
	local_bh_disable();
	is_complete = !nym_path_get(&path, peer);
	if (is_complete)
		mtu = nym_path_mtu(&path);
	local_bh_enable();
	rcu_read_unlock();

	if ((is_nested &&
	     nla_put_u8(skb, NYMPEER_A_HOPS, is_complete ? path.hops : 0)) ||
	    (is_complete && nla_put_u32(skb, NYMPEER_A_MTU, mtu)))
		return -EMSGSIZE;
	return 0;
}

static int fill_keys(struct sk_buff *skb, struct nym_peer *peer)
{
	const struct nym_identity *own = rcu_dereference_protected(peer->own_identity,
		lockdep_is_held(&peer->device->device_update_lock));
	int ret;

	down_read(&peer->handshake.lock);
	ret = nla_put(skb, NYMPEER_A_PRESHARED_KEY, NYM_SYMMETRIC_KEY_SIZE,
		      peer->handshake.preshared_key);
	up_read(&peer->handshake.lock);
	if (ret)
		return ret;
	if (own &&
	    (nla_put(skb, NYMPEER_A_PRIVATE_KEY, NYM_KEY_LEN, own->private_key) ||
	     nla_put(skb, NYMPEER_A_IDENTITY, NYM_KEY_LEN, own->public_key)))
		return -EMSGSIZE;
	return 0;
}

static int fill_quota(struct sk_buff *skb, const struct nym_peer *peer)
{
	u64 left = nym_quota_read(&peer->quota);

	if (left != U64_MAX &&
	    nla_put_u64_64bit(skb, NYMPEER_A_QUOTA, left, NYMPEER_A_PAD))
		return -EMSGSIZE;
	if (peer->quota.low &&
	    nla_put_u64_64bit(skb, NYMPEER_A_QUOTA_LOW, peer->quota.low,
			      NYMPEER_A_PAD))
		return -EMSGSIZE;
	return 0;
}

/* All of a peer but its public key and its allowed IPs. What WireGuard dumps is
 * always there; what is only nym's, where it is not the default: a gateway's peers
 * are many, and have none of it.
 */
static int fill_peer_state(struct sk_buff *skb, struct nym_peer *peer)
{
	const struct timespec64 time =
		ns_to_timespec64(atomic64_read(&peer->walltime_last_handshake));
	const struct __kernel_timespec last_handshake = {
		.tv_sec = time.tv_sec,
		.tv_nsec = time.tv_nsec,
	};

	if (fill_keys(skb, peer) || nym_genl_fill_endpoint(skb, peer) ||
	    fill_via(skb, peer) || fill_path(skb, peer) ||
	    fill_quota(skb, peer))
		return -EMSGSIZE;
	if (nla_put(skb, NYMPEER_A_LAST_HANDSHAKE_TIME, sizeof(last_handshake),
		    &last_handshake) ||
	    nla_put_u16(skb, NYMPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
			peer->persistent_keepalive_interval) ||
	    nla_put_u64_64bit(skb, NYMPEER_A_TX_BYTES,
			      atomic64_read(&peer->stats.tx_bytes), NYMPEER_A_PAD) ||
	    nla_put_u64_64bit(skb, NYMPEER_A_RX_BYTES,
			      atomic64_read(&peer->stats.rx_bytes), NYMPEER_A_PAD) ||
	    nla_put_u32(skb, NYMPEER_A_PROTOCOL_VERSION, 1))
		return -EMSGSIZE;
	return 0;
}

/* Return: 0 where the peer is complete; -EMSGSIZE where it is to be continued in
 * the next message, as the cursor tells.
 */
static int fill_peer(struct sk_buff *skb, struct nym_peer *peer,
		     struct dump_cursor *cursor)
{
	struct nym_allowedips_node *node = cursor->next_allowedip;
	struct nlattr *nest, *allowedips;
	int ret = 0;

	nest = nla_nest_start(skb, 0);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put(skb, NYMPEER_A_PUBLIC_KEY, NYM_KEY_LEN,
		    peer->handshake.remote_static))
		goto cancel;

	if (!node) {
		if (fill_peer_state(skb, peer))
			goto cancel;
		node = list_first_entry_or_null(&peer->allowedips_list,
						struct nym_allowedips_node,
						peer_list);
	}

	if (node) {
		allowedips = nla_nest_start(skb, NYMPEER_A_ALLOWEDIPS);
		if (!allowedips)
			goto cancel;
		list_for_each_entry_from(node, &peer->allowedips_list, peer_list) {
			ret = fill_allowedip(skb, node);
			if (ret)
				break;
		}
		nla_nest_end(skb, allowedips);
	}
	nla_nest_end(skb, nest);
	cursor->next_allowedip = ret ? node : NULL;
	return ret;

cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

static int fill_drops(struct sk_buff *skb, const struct nym_device *device)
{
	struct nlattr *nest = nla_nest_start(skb, NYMDEVICE_A_DROPS);
	enum nym_drop_reason reason;

	if (!nest)
		return -EMSGSIZE;
	for (reason = NYM_DROP_PAD + 1; reason <= NYM_DROP_MAX; ++reason)
		if (nla_put_u64_64bit(skb, reason, nym_drops_read(device, reason),
				      NYM_DROP_PAD))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_device(struct sk_buff *skb, struct nym_device *device)
{
	const struct nym_identity *identity = rcu_dereference_protected(device->identity,
		lockdep_is_held(&device->device_update_lock));

	if (nla_put_u16(skb, NYMDEVICE_A_LISTEN_PORT, device->incoming_port) ||
	    nla_put_u32(skb, NYMDEVICE_A_FWMARK, device->fwmark) ||
	    nla_put_u32(skb, NYMDEVICE_A_IFINDEX, device->dev->ifindex) ||
	    nla_put_string(skb, NYMDEVICE_A_IFNAME, device->dev->name))
		return -EMSGSIZE;
	if (identity &&
	    (nla_put(skb, NYMDEVICE_A_PRIVATE_KEY, NYM_KEY_LEN,
		     identity->private_key) ||
	     nla_put(skb, NYMDEVICE_A_PUBLIC_KEY, NYM_KEY_LEN,
		     identity->public_key)))
		return -EMSGSIZE;
	return fill_drops(skb, device);
}

/* Return: 0 where all peers are dumped, -EMSGSIZE where more are to come. */
static int fill_peers(struct sk_buff *skb, struct nym_device *device,
		      struct dump_cursor *cursor)
{
	struct nym_peer *peer = cursor->last_peer;
	struct nlattr *nest;
	int ret = 0;

	if (list_empty(&device->peer_list))
		return 0;

	nest = nla_nest_start(skb, NYMDEVICE_A_PEERS);
	if (!nest)
		return -EMSGSIZE;
	peer = list_prepare_entry(peer, &device->peer_list, peer_list);
	list_for_each_entry_continue(peer, &device->peer_list, peer_list) {
		ret = fill_peer(skb, peer, cursor);
		if (ret)
			break;
		cursor->last_peer = peer;
	}
	nla_nest_end(skb, nest);
	return ret;
}

int nym_nl_get_device_start(struct netlink_callback *cb)
{
	struct nym_device *device;

	rtnl_lock();
	device = nym_genl_find_device(genl_info_dump(cb)->attrs,
				      sock_net(cb->skb->sk), cb->extack);
	if (!IS_ERR(device)) {
		dump_cursor(cb)->device_id = device->internal_id;
		dump_cursor(cb)->ifindex = device->dev->ifindex;
	}
	rtnl_unlock();
	return PTR_ERR_OR_ZERO(device);
}

/* The device that a dump began with, if it is still there, and in the namespace of
 * who dumps it. Context: rtnl held. Return: NULL where it is not.
 */
static struct nym_device *find_dumped(const struct dump_cursor *cursor,
				      struct net *net)
{
	struct net_device *dev = __dev_get_by_index(net, cursor->ifindex);
	struct nym_device *device;

	ASSERT_RTNL();
	if (!dev || !nym_device_is(dev))
		return NULL;
	device = netdev_priv(dev);
	return device->internal_id == cursor->device_id ? device : NULL;
}

int nym_nl_get_device_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump_cursor *cursor = dump_cursor(cb);
	struct nym_device *device;
	int ret = -EMSGSIZE;
	void *header;

	if (cursor->is_done)
		return 0;

	/* rtnl keeps the device, and its name and index as they are. */
	rtnl_lock();
	device = find_dumped(cursor, sock_net(skb->sk));
	if (!device) {
		rtnl_unlock();
		return -ENODEV;
	}
	mutex_lock(&device->device_update_lock);
	/* The core takes 0 for nothing to compare with. */
	cb->seq = device->update_gen | BIT(31);

	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			     &nym_genl_family, NLM_F_MULTI, NYM_CMD_GET_DEVICE);
	if (!header)
		goto out;
	genl_dump_check_consistent(cb, header);
	if (!cursor->is_begun && fill_device(skb, device)) {
		genlmsg_cancel(skb, header);
		goto out;
	}
	/* After a change there is no telling where to go on. The dump ends, marked
	 * as interrupted, and its reader starts anew.
	 */
	if (!cursor->is_begun || cursor->update_gen == device->update_gen)
		cursor->is_done = !fill_peers(skb, device, cursor);
	else
		cursor->is_done = true;
	cursor->is_begun = true;
	cursor->update_gen = device->update_gen;
	genlmsg_end(skb, header);
	ret = skb->len;
out:
	mutex_unlock(&device->device_update_lock);
	rtnl_unlock();
	return ret;
}
