// SPDX-License-Identifier: GPL-2.0
/* The network device: how it is made, brought up and down, moved between
 * namespaces and taken away, and what suspend and a cloned machine do to it.
 */
#include "device.h"
#include "drop.h"
#include "endpoint.h"
#include "handshake.h"
#include "noise.h"
#include "path.h"
#include "peer.h"
#include "pipeline.h"
#include "ratelimiter.h"
#include "send.h"
#include "socket.h"
#include "timers.h"
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/suspend.h>
#include <net/addrconf.h>
#include <net/ip_tunnels.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>

/* All devices, of all namespaces; guarded by rtnl. */
static LIST_HEAD(device_list);

static atomic64_t last_internal_id;

static int device_open(struct net_device *dev)
{
	struct in_device *in_dev = __in_dev_get_rtnl(dev);
	struct inet6_dev *in6_dev = __in6_dev_get(dev);
	struct nym_device *device = netdev_priv(dev);
	struct nym_peer *peer;
	int ret;

	if (in_dev) {
		/* A packet that leaves to another peer than it came from is no
		 * detour, as peers do not hear each other. The namespace's own
		 * setting would win over the device's.
		 */
		IN_DEV_CONF_SET(in_dev, SEND_REDIRECTS, false);
		IPV4_DEVCONF_ALL(dev_net(dev), SEND_REDIRECTS) = false;
	}
	/* An address that the kernel makes up is in nobody's allowed IPs. */
	if (in6_dev)
		in6_dev->cnf.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;

	mutex_lock(&device->device_update_lock);
	ret = nym_socket_init(device, device->incoming_port);
	if (ret < 0)
		goto out;
	list_for_each_entry(peer, &device->peer_list, peer_list) {
		nym_send_staged(peer);
		if (peer->persistent_keepalive_interval)
			nym_send_keepalive(peer);
	}
out:
	mutex_unlock(&device->device_update_lock);
	return ret;
}

static int device_init(struct net_device *dev)
{
	struct nym_device *device = netdev_priv(dev);

	/* As for the peers', busy polling would find nothing to spare. */
	set_bit(NAPI_STATE_NO_BUSY_POLL, &device->napi.state);
	netif_napi_add(dev, &device->napi, nym_socket_poll);
	napi_enable(&device->napi);
	INIT_WORK(&device->take_work, nym_socket_take_work);
	return 0;
}

static int device_stop(struct net_device *dev)
{
	struct nym_device *device = netdev_priv(dev);
	struct nym_peer *peer;

	mutex_lock(&device->device_update_lock);
	/* The sockets first: what comes in would make new keys. */
	nym_socket_reinit(device, NULL, NULL);
	nym_handshake_queue_stop(device);

	list_for_each_entry(peer, &device->peer_list, peer_list) {
		nym_send_purge_staged(peer, NYM_DROP_REMOVED);
		nym_timers_stop(peer);
		nym_noise_handshake_clear(&peer->handshake);
		nym_keypairs_clear(&peer->keypairs);
		nym_peer_reset_last_handshake(peer);
	}
	mutex_unlock(&device->device_update_lock);
	return 0;
}

/* The peers go here and not in the destructor, since their last packets are
 * counted in the per-CPU statistics, which are freed between the two.
 */
static void device_uninit(struct net_device *dev)
{
	struct nym_device *device = netdev_priv(dev);

	/* Its sockets are gone; it may still be on its last round. */
	cancel_work_sync(&device->take_work);
	napi_disable(&device->napi);
	netif_napi_del(&device->napi);

	mutex_lock(&device->device_update_lock);
	nym_peer_remove_all(device);
	mutex_unlock(&device->device_update_lock);

	/* A carrier's last packets may have brought messages of its nested
	 * peers, after device_stop() looked.
	 */
	nym_handshake_queue_stop(device);
}

static const struct net_device_ops device_ops = {
	.ndo_init		= device_init,
	.ndo_open		= device_open,
	.ndo_stop		= device_stop,
	.ndo_uninit		= device_uninit,
	.ndo_start_xmit		= nym_send_xmit,
	.ndo_get_stats64	= dev_get_tstats64,
};

bool nym_device_is(const struct net_device *dev)
{
	return dev->netdev_ops == &device_ops;
}

static const struct ethtool_ops device_ethtool_ops = {
	.get_link		= ethtool_op_get_link,
};

static const struct device_type device_type = { .name = KBUILD_MODNAME };

void nym_device_set_identity(struct nym_device *device,
			     struct nym_identity *identity)
{
	struct nym_identity *old;
	struct nym_peer *peer;

	old = rcu_dereference_protected(device->identity,
					lockdep_is_held(&device->device_update_lock));
	if (nym_identity_equal(old, identity))
		return;

	/* Before the change, so that there is no moment in which the device
	 * could shake hands with itself.
	 */
	if (identity) {
		peer = nym_pubkey_table_lookup(device->pubkeys,
					       identity->public_key);
		if (peer) {
			nym_peer_remove(peer);
			nym_peer_put(peer);
		}
	}

	rcu_assign_pointer(device->identity, nym_identity_get(identity));
	list_for_each_entry(peer, &device->peer_list, peer_list) {
		if (!rcu_access_pointer(peer->own_identity))
			nym_peer_leave_identity(peer);
	}
	nym_identity_put(old);
}

void nym_device_use_identity(struct nym_device *device)
{
	struct nym_peer *peer;

	list_for_each_entry(peer, &device->peer_list, peer_list)
		nym_peer_use_identity(peer);
}

/* Frees what device_alloc() has made so far. */
static void device_free(struct nym_device *device)
{
	if (device->handshake_wq)
		destroy_workqueue(device->handshake_wq);
	if (device->crypt_wq)
		destroy_workqueue(device->crypt_wq);
	if (device->crypt)
		nym_crypt_free(device->crypt);
	nym_handshake_queue_free(device);
	nym_drops_free(device->drops);
	if (device->binds)
		nym_path_table_free(device->binds);
	kvfree(device->indices);
	kvfree(device->pubkeys);
	nym_netdev_free_tstats(device->dev);
}

static int device_alloc(struct nym_device *device)
{
	const char *name = device->dev->name;

	if (nym_netdev_alloc_tstats(device->dev))
		return -ENOMEM;

	device->pubkeys = nym_pubkey_table_alloc();
	device->indices = nym_index_table_alloc();
	device->binds = nym_path_table_alloc();
	device->crypt = nym_crypt_alloc();
	device->drops = nym_drops_alloc();
	if (!device->pubkeys || !device->indices || !device->binds ||
	    !device->crypt || !device->drops ||
	    nym_handshake_queue_init(device))
		return -ENOMEM;

	/* Handshakes are slow and rare and may run anywhere. While the machine
	 * sleeps there is nobody to shake hands with.
	 */
	device->handshake_wq = alloc_workqueue("nym-kex-%s",
					       WQ_UNBOUND | WQ_FREEZABLE, 0,
					       name);
	/* Trains are given to a CPU of the submitter's choice. What is freed by
	 * sending them may be what reclaim waits for (swap over the network).
	 */
	device->crypt_wq = alloc_workqueue("nym-crypt-%s",
					   WQ_PERCPU | WQ_CPU_INTENSIVE |
					   WQ_MEM_RECLAIM, 0, name);
	if (!device->handshake_wq || !device->crypt_wq)
		return -ENOMEM;
	return 0;
}

/* Runs without rtnl once nothing refers to the net_device any more: it was taken
 * down, its peers removed, and its sockets closed. Peers may still be held by
 * what is on its way through RCU.
 */
static void device_destruct(struct net_device *dev)
{
	struct nym_device *device = netdev_priv(dev);

	rtnl_lock();
	list_del(&device->device_list);
	rtnl_unlock();

	/* Work items hold references to peers, and those to the tables. */
	destroy_workqueue(device->handshake_wq);
	device->handshake_wq = NULL;
	destroy_workqueue(device->crypt_wq);
	device->crypt_wq = NULL;

	/* A key pair drops its peer after a grace period, and a peer takes
	 * itself out of the index table at once but is freed after another.
	 */
	rcu_barrier();
	rcu_barrier();

	nym_identity_put(rcu_dereference_protected(device->identity, true));
	memzero_explicit(&device->cookie_secret, sizeof(device->cookie_secret));
	device_free(device);
	nym_ratelimiter_uninit();
	pr_debug("%s: Interface destroyed\n", dev->name);
}

/* Room in front of and behind a packet, so that its headers and tags find place
 * without another copy on a path of two hops, which is what most paths are.
 */
#define NYM_USUAL_HOPS	2
#define NYM_HEADROOM	(NET_SKB_PAD + NYM_USUAL_HOPS *				\
			 (sizeof(struct ipv6hdr) + sizeof(struct udphdr) +	\
			  sizeof(struct nym_message_data)))
#define NYM_TAILROOM	(NYM_USUAL_HOPS * nym_sealed_size(NYM_PADDING_MULTIPLE))

static void device_setup(struct net_device *dev)
{
	const netdev_features_t features =
		NETIF_F_HW_CSUM | NETIF_F_RXCSUM | NETIF_F_SG | NETIF_F_GSO |
		NETIF_F_GSO_SOFTWARE | NETIF_F_HIGHDMA;
	struct nym_device *device = netdev_priv(dev);

	dev->netdev_ops = &device_ops;
	dev->ethtool_ops = &device_ethtool_ops;
	dev->header_ops = &ip_tunnel_header_ops;
	dev->hard_header_len = 0;
	dev->addr_len = 0;
	dev->needed_headroom = ALIGN(NYM_HEADROOM, 4);
	dev->needed_tailroom = NYM_TAILROOM;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE;
	nym_netdev_set_lltx(dev);
	dev->features |= features;
	dev->hw_features |= features;
	dev->hw_enc_features |= features;
	/* A gateway forwards its clients' nested datagrams as trains. */
	dev->features |= NETIF_F_GRO_UDP_FWD;
	dev->mtu = ETH_DATA_LEN - NYM_HOP_OVERHEAD6;
	dev->max_mtu = round_down(INT_MAX, NYM_PADDING_MULTIPLE) -
		       NYM_MAX_HOPS * NYM_HOP_OVERHEAD6;
	dev->needs_free_netdev = true;
	SET_NETDEV_DEVTYPE(dev, &device_type);

	/* ICMP errors about a packet need the route that it came by. */
	netif_keep_dst(dev);

	device->dev = dev;
}

int nym_device_newlink(struct net_device *dev, struct rtnl_newlink_params *params,
		       struct netlink_ext_ack *extack)
{
	struct nym_device *device = netdev_priv(dev);
	int ret;

	rcu_assign_pointer(device->creating_net, rtnl_newlink_link_net(params));
	mutex_init(&device->device_update_lock);
	mutex_init(&device->socket_update_lock);
	INIT_LIST_HEAD(&device->peer_list);
	INIT_HLIST_HEAD(&device->own_identities);
	nym_allowedips_init(&device->allowedips);
	nym_cookie_secret_init(&device->cookie_secret);
	device->update_gen = 1;
	device->internal_id = atomic64_inc_return(&last_internal_id);

	ret = device_alloc(device);
	if (ret < 0)
		goto err_free;

	ret = nym_ratelimiter_init();
	if (ret < 0)
		goto err_free;

	ret = register_netdevice(dev);
	if (ret < 0)
		goto err_ratelimiter;

	list_add(&device->device_list, &device_list);

	/* Not before, as a failing register_netdevice() would call it too. */
	dev->priv_destructor = device_destruct;

	pr_debug("%s: Interface created\n", dev->name);
	return 0;

err_ratelimiter:
	nym_ratelimiter_uninit();
err_free:
	device_free(device);
	return ret;
}

static struct rtnl_link_ops link_ops __read_mostly = {
	.kind			= KBUILD_MODNAME,
	.priv_size		= sizeof(struct nym_device),
	.setup			= device_setup,
	.newlink		= nym_device_newlink_op,
};

/* Whether memory is about to be kept for others to read, or is being kept. */
static bool is_asleep;

bool nym_device_is_asleep(void)
{
	return READ_ONCE(is_asleep);
}

/* Takes its keys from a device that makes no new ones. */
static void forget_keys(struct nym_device *device)
{
	struct nym_peer *peer;

	mutex_lock(&device->device_update_lock);
	/* Handshakes that began before the machine was seen to go to sleep. */
	flush_workqueue(device->handshake_wq);
	list_for_each_entry(peer, &device->peer_list, peer_list) {
		timer_delete(&peer->timer_zero_key_material);
		nym_noise_handshake_clear(&peer->handshake);
		nym_keypairs_clear(&peer->keypairs);
	}
	mutex_unlock(&device->device_update_lock);
}

/* Trains hold the key pairs that they found before those were taken away. They
 * end with a worker, or, received, with the NAPI that a worker hands them to.
 * Context: a grace period after forget_keys().
 */
static void wait_for_trains(struct nym_device *device)
{
	struct nym_peer *peer;

	mutex_lock(&device->device_update_lock);
	nym_crypt_flush(device->crypt_wq);
	list_for_each_entry(peer, &device->peer_list, peer_list)
		napi_synchronize(&peer->napi);
	mutex_unlock(&device->device_update_lock);
}

static void fall_asleep(void)
{
	struct nym_device *device;

	rtnl_lock();
	WRITE_ONCE(is_asleep, true);
	list_for_each_entry(device, &device_list, device_list)
		forget_keys(device);
	synchronize_net();
	list_for_each_entry(device, &device_list, device_list)
		wait_for_trains(device);
	rtnl_unlock();

	/* Keys are wiped by RCU callbacks, and must be before memory is kept. */
	rcu_barrier();
}

/* What has waited begins the handshakes that it needs. */
static void wake_up_devices(void)
{
	struct nym_device *device;
	struct nym_peer *peer;

	rtnl_lock();
	WRITE_ONCE(is_asleep, false);
	list_for_each_entry(device, &device_list, device_list) {
		if (!netif_running(device->dev))
			continue;
		mutex_lock(&device->device_update_lock);
		nym_handshake_queue_resume(device);
		list_for_each_entry(peer, &device->peer_list, peer_list)
			nym_send_staged(peer);
		mutex_unlock(&device->device_update_lock);
	}
	rtnl_unlock();
}

static int pm_notification(struct notifier_block *nb, unsigned long action,
			   void *data)
{
	/* Where the machine sleeps all the time as part of its normal work, a
	 * handshake each time would be too much.
	 */
	if (IS_ENABLED(CONFIG_PM_AUTOSLEEP) ||
	    IS_ENABLED(CONFIG_PM_USERSPACE_AUTOSLEEP))
		return NOTIFY_DONE;

	switch (action) {
	case PM_HIBERNATION_PREPARE:
	case PM_SUSPEND_PREPARE:
		fall_asleep();
		break;
	case PM_POST_HIBERNATION:
	case PM_POST_SUSPEND:
		wake_up_devices();
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block pm_notifier = { .notifier_call = pm_notification };

/* Two clones of one machine must not both go on with the same keys and
 * counters, nor both finish a handshake with the same ephemeral key.
 */
static int vmfork_notification(struct notifier_block *nb, unsigned long action,
			       void *data)
{
	struct nym_device *device;
	struct nym_peer *peer;

	rtnl_lock();
	list_for_each_entry(device, &device_list, device_list) {
		mutex_lock(&device->device_update_lock);
		list_for_each_entry(peer, &device->peer_list, peer_list) {
			nym_noise_handshake_clear(&peer->handshake);
			nym_peer_reset_last_handshake(peer);
			nym_keypairs_expire(&peer->keypairs);
		}
		mutex_unlock(&device->device_update_lock);
	}
	rtnl_unlock();
	return NOTIFY_DONE;
}

static struct notifier_block vmfork_notifier = {
	.notifier_call = vmfork_notification,
};

/* A namespace goes. Devices in it are unregistered by the core; those that were
 * created in it and have moved elsewhere stay, but have lost the network that
 * they sent to. Neither the device nor its sockets hold a reference to the
 * namespace, which is why two namespaces that have each other's devices do go.
 */
static void __net_exit net_exit_rtnl(struct net *net,
				     struct list_head *dev_kill_list)
{
	struct nym_device *device;
	struct nym_peer *peer;

	list_for_each_entry(device, &device_list, device_list) {
		if (rcu_access_pointer(device->creating_net) != net)
			continue;
		pr_debug("%s: Creating namespace exiting\n", device->dev->name);
		netif_carrier_off(device->dev);
		mutex_lock(&device->device_update_lock);
		rcu_assign_pointer(device->creating_net, NULL);
		nym_socket_reinit(device, NULL, NULL);
		/* An IPv6 route is counted in its namespace, which is gone when
		 * the peer goes. No more is asked for, for lack of a socket.
		 */
		list_for_each_entry(peer, &device->peer_list, peer_list) {
			nym_endpoint_clear_source(peer);
			nym_endpoint_drop_routes(peer);
		}
		mutex_unlock(&device->device_update_lock);
	}
}

NYM_PERNET_EXIT_RTNL(pernet_ops, net_exit_rtnl);

int __init nym_device_init(void)
{
	int ret;

	ret = register_pm_notifier(&pm_notifier);
	if (ret)
		return ret;

	ret = register_random_vmfork_notifier(&vmfork_notifier);
	if (ret)
		goto err_pm;

	ret = register_pernet_device(&pernet_ops);
	if (ret)
		goto err_vmfork;

	ret = rtnl_link_register(&link_ops);
	if (ret)
		goto err_pernet;

	return 0;

err_pernet:
	unregister_pernet_device(&pernet_ops);
err_vmfork:
	unregister_random_vmfork_notifier(&vmfork_notifier);
err_pm:
	unregister_pm_notifier(&pm_notifier);
	return ret;
}

void nym_device_uninit(void)
{
	rtnl_link_unregister(&link_ops);
	unregister_pernet_device(&pernet_ops);
	unregister_random_vmfork_notifier(&vmfork_notifier);
	unregister_pm_notifier(&pm_notifier);
	/* Callbacks that free identities are code of this module. */
	rcu_barrier();
}
