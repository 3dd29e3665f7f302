/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A network device of link kind "nym".
 *
 * Locks, each taken only inside those above it:
 *
 *   rtnl				the list of devices, up and down
 *   nym_device.device_update_lock	configuration
 *   nym_device.socket_update_lock, nym_pubkey_table.lock,
 *   nym_handshake.lock, nym_cookie.lock, nym_cookie_secret.lock
 *					each sleeps; none inside another
 *   nym_keypairs.lock			a spin lock with BH disabled, as all below
 *   nym_peer.staged.lock
 *   nym_index_table.lock, nym_replay.lock, nym_peer.endpoint_lock,
 *   nym_pipeline.lock, nym_crypt.lock, nym_handshake_queue.lock
 *					innermost; none inside another
 *
 * Workers and timers never take rtnl or device_update_lock, so that who holds
 * them may wait for workers and timers.
 */
#ifndef _NYM_DEVICE_H
#define _NYM_DEVICE_H

#include "allowedips.h"
#include "cookie.h"
#include "identity.h"
#include "lookup.h"
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>

struct nym_crypt;
struct nym_drops;
struct nym_handshake_worker;
struct nym_path_table;

/**
 * struct nym_handshake_queue - received handshake messages
 * @lock:	guards all but @workers; BH disabled
 * @messages:	see handshake.c
 * @length:	how many
 * @last_worker: CPU whose worker was called last
 * @workers:	drain it, as many at a time as there are CPUs, under load one
 *
 * At most NYM_MAX_HANDSHAKE_QUEUE are held; from NYM_LOADED_HANDSHAKE_QUEUE the
 * device is under load.
 */
struct nym_handshake_queue {
	spinlock_t lock; /* messages, length, last_worker */
	struct list_head messages;
	unsigned int length;
	int last_worker;
	struct nym_handshake_worker __percpu *workers;
};

#define NYM_MAX_HANDSHAKE_QUEUE		4096
#define NYM_LOADED_HANDSHAKE_QUEUE	(NYM_MAX_HANDSHAKE_QUEUE / 8)

/**
 * struct nym_device - private part of a net_device
 * @dev:		the net_device
 * @creating_net:	namespace that the sockets live in, NULL once it is gone.
 *			Not counted: the pernet exit clears it
 * @sock4:		UDP over IPv4, or NULL while down
 * @sock6:		UDP over IPv6, or NULL
 * @napi:		takes what the sockets receive
 * @take_work:		has @napi do so later
 * @has_waited:		@take_work has @napi polled
 * @last_arrival:	jiffies when a datagram was last queued
 * @take_at_once:	how many more times @napi is not to wait; a hint, as are the
 *			two before, written without a lock
 * @incoming_port:	UDP port, 0 draws one at each bring-up
 * @fwmark:		mark of the outer packets
 * @identity:		default identity, or NULL while no private key is set
 * @own_identities:	outermost peers with an identity of their own (RCU list
 *			of struct nym_peer.identities_entry)
 * @handshake_wq:	sends and receives handshakes, and wipes keys
 * @crypt_wq:		workqueue of @crypt
 * @crypt:		per-CPU queues of trains to encrypt and decrypt
 * @drops:		per-CPU counters of what was dropped and why
 * @handshakes:		handshake messages received
 * @last_under_load:	boottime ns when it last was under load, 0 for never
 * @cookie_secret:	makes our cookies
 * @pubkeys:		peers by public key
 * @indices:		handshakes and key pairs by index
 * @allowedips:		cryptokey routing
 * @binds:		nested sockets, and nested peers without carrier (path.c)
 * @device_update_lock:	serialises configuration: peers, keys, sockets, paths
 * @socket_update_lock:	guards @sock4, @sock6 against each other's replacement
 * @device_list:	link in the module's list of devices
 * @peer_list:		peers
 * @num_peers:		how many
 * @update_gen:		changes with every configuration change, for dumps
 * @internal_id:	no other device has or had it
 */
struct nym_device {
	struct net_device *dev;
	struct net __rcu *creating_net;
	struct sock __rcu *sock4;
	struct sock __rcu *sock6;
	struct napi_struct napi;
	struct work_struct take_work;
	unsigned int take_at_once;
	bool has_waited;
	unsigned long last_arrival;
	u16 incoming_port;
	u32 fwmark;
	struct nym_identity __rcu *identity;
	struct hlist_head own_identities;
	struct workqueue_struct *handshake_wq;
	struct workqueue_struct *crypt_wq;
	struct nym_crypt __percpu *crypt;
	struct nym_drops __percpu *drops;
	struct nym_handshake_queue handshakes;
	u64 last_under_load;
	struct nym_cookie_secret cookie_secret;
	struct nym_pubkey_table *pubkeys;
	struct nym_index_table *indices;
	struct nym_allowedips allowedips;
	struct nym_path_table *binds;
	struct mutex device_update_lock; /* configuration */
	struct mutex socket_update_lock; /* sock4 and sock6 */
	struct list_head device_list;
	struct list_head peer_list;
	unsigned int num_peers;
	unsigned int update_gen;
	u64 internal_id;
};

/**
 * nym_device_set_identity() - change the identity that peers use by default
 * @device:	whose
 * @identity:	new one or NULL for none; a reference is taken
 *
 * Does nothing where it is the same key. Otherwise removes a peer whose public
 * key it is, since nobody can talk to himself, and peers without an identity of
 * their own are silent until nym_device_use_identity(), which is to follow once
 * their paths and endpoints are what they shall be. Context: update lock held; may
 * sleep for a grace period.
 */
void nym_device_set_identity(struct nym_device *device,
			     struct nym_identity *identity);

/**
 * nym_device_use_identity() - have peers shake hands under a new default identity
 * @device:	whose
 *
 * Context: update lock held. Sleeps.
 */
void nym_device_use_identity(struct nym_device *device);

/* Is it a device of ours? */
bool nym_device_is(const struct net_device *dev);

/* Is the machine about to sleep, or asleep? Then no handshake is begun or answered,
 * since no key shall be in memory that is kept. Context: any; who looks on
 * handshake_wq is waited for before keys are wiped.
 */
bool nym_device_is_asleep(void);

/* newlink of the link kind; compat.h puts it into each kernel's form. */
struct rtnl_newlink_params;
int nym_device_newlink(struct net_device *dev, struct rtnl_newlink_params *params,
		       struct netlink_ext_ack *extack);

int nym_device_init(void);
void nym_device_uninit(void);

#endif /* _NYM_DEVICE_H */
