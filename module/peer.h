/* SPDX-License-Identifier: GPL-2.0 */
/* A peer: a remote static key, and all that is known of it. */
#ifndef _NYM_PEER_H
#define _NYM_PEER_H

#include "cookie.h"
#include "device.h"
#include "endpoint.h"
#include "gather.h"
#include "noise.h"
#include "path.h"
#include "pipeline.h"
#include "quota.h"
#include <linux/kref.h>
#include <linux/lockdep.h>
#include <linux/netdevice.h>
#include <net/dst_cache.h>

/**
 * struct nym_peer_stats - what passed, updated once a train
 * @rx_bytes:	bytes of authenticated messages at this peer's layer
 * @tx_bytes:	bytes of messages sent at this peer's layer
 */
struct nym_peer_stats {
	atomic64_t rx_bytes;
	atomic64_t tx_bytes;
};

/**
 * struct nym_peer - a remote static public key and its state
 * @device:		owner; outlives the peer
 * @tx:			trains on their way out, in order
 * @rx:			trains on their way in, in order
 * @napi:		drains @rx
 * @staged:		plaintext packets (GSO ones whole) that wait for keys or
 *			for a carrier's keys; at most NYM_MAX_STAGED_PACKETS
 * @gather:		when they are sent
 * @keypairs:		sessions
 * @endpoint:		where it is, or NULL; see nym_endpoint_set()
 * @endpoint_lock:	serialises changes of @endpoint, and of @via.bind with what is
 *			learnt of either, BH disabled
 * @refcount:		reference count; the device's list has one
 * @endpoint_cache:	route to it (outermost peers only)
 * @handshake:		handshake under way
 * @own_identity:	identity set for this peer alone, or NULL where it uses
 *			the device's; see nym_peer_identity()
 * @identities_entry:	link in the device's list of own identities of outermost
 *			peers, on which messages from the real network are tried
 * @cookie:		cookie that the peer gave us
 * @last_sent_handshake: boottime ns of our last initiation
 * @handshake_work:	does what is wanted in process context
 * @handshake_wanted:	bits of enum nym_handshake_want
 * @pubkey_entry:	link in the device's public key table
 * @via:		carrier and nested peers
 * @stats:		counters
 * @quota:		limit
 * @timer_retransmit_handshake: see timers.c for all five
 * @timer_send_keepalive: see timers.c
 * @timer_new_handshake: see timers.c
 * @timer_zero_key_material: see timers.c
 * @timer_persistent_keepalive: see timers.c
 * @unanswered_since:	first data sent after the last message received (jiffies), or 0
 * @unacknowledged_since: first data received after the last message sent
 *			(jiffies), or 0
 * @persistent_keepalive_interval: seconds, 0 is off
 * @timer_handshake_attempts: initiations sent since the last answer
 * @timer_need_another_keepalive: see timers.c
 * @sent_lastminute_handshake: rekeyed because the key is about to expire
 * @is_dead:		removed: refuses new work; read with READ_ONCE()
 * @is_held_back:	see nym_peer_hold_back(); update lock
 * @walltime_last_handshake: real time in ns, for user space
 * @peer_list:		link in the device's list; update lock held
 * @allowedips_list:	its nodes in the trie; update lock held
 * @rcu:		frees it after readers; it has no allowed IPs any more then
 * @internal_id:	number for log messages, unique over the module's life
 */
struct nym_peer {
	struct nym_device *device;
	struct nym_pipeline tx;
	struct nym_pipeline rx;
	struct napi_struct napi;
	struct sk_buff_head staged;
	struct nym_gather gather;
	struct nym_keypairs keypairs;
	struct nym_endpoint __rcu *endpoint;
	spinlock_t endpoint_lock; /* endpoint */
	struct kref refcount;
	struct dst_cache endpoint_cache;
	struct nym_handshake handshake;
	struct nym_identity __rcu *own_identity;
	struct hlist_node identities_entry;
	struct nym_cookie cookie;
	atomic64_t last_sent_handshake;
	struct work_struct handshake_work;
	unsigned long handshake_wanted;
	struct hlist_node pubkey_entry;
	struct nym_via via;
	struct nym_peer_stats stats;
	struct nym_quota quota;
	struct timer_list timer_retransmit_handshake;
	struct timer_list timer_send_keepalive;
	struct timer_list timer_new_handshake;
	struct timer_list timer_zero_key_material;
	struct timer_list timer_persistent_keepalive;
	u32 unanswered_since;
	u32 unacknowledged_since;
	u16 persistent_keepalive_interval;
	u8 timer_handshake_attempts;
	bool timer_need_another_keepalive;
	bool sent_lastminute_handshake;
	bool is_dead;
	bool is_held_back;
	atomic64_t walltime_last_handshake;
	struct list_head peer_list;
	union {
		struct list_head allowedips_list;
		struct rcu_head rcu;
	};
	u64 internal_id;
};

#define NYM_MAX_STAGED_PACKETS	128
#define NYM_MAX_PEERS_PER_DEVICE (1024U * 1024U)

int nym_peer_slab_init(void);
void nym_peer_slab_uninit(void);

/**
 * nym_peer_create() - make a peer and add it to its device
 * @device:	with its update lock held
 * @public_key:	the peer's; no peer of @device has it
 * @preshared_key: or NULL
 * @via_key:	its carrier's, or NULL for a direct peer: a nested one is silent
 *		from the start, until nym_path_apply()
 * @identity:	own identity, or NULL for the device's; a reference is taken
 *
 * All of these are given at once, since its handshakes are answered as soon as it
 * is there.
 *
 * Context: process. Return: the peer, whose reference the device's list holds,
 * or ERR_PTR(): -ENOMEM, also where the device has NYM_MAX_PEERS_PER_DEVICE.
 */
struct nym_peer *nym_peer_create(struct nym_device *device,
				 const u8 public_key[NYM_KEY_SIZE],
				 const u8 preshared_key[NYM_SYMMETRIC_KEY_SIZE],
				 const u8 via_key[NYM_KEY_SIZE],
				 struct nym_identity *identity);

/* Removes a peer; may sleep for a grace period. Context: update lock held. The
 * reasons for the order of the steps are with the code.
 */
void nym_peer_remove(struct nym_peer *peer);
void nym_peer_remove_all(struct nym_device *device);

/**
 * nym_peer_make_dead() - begin to remove a peer
 * @peer:	nobody finds it any more
 * @dead:	list that it is put on, for nym_peer_bury()
 *
 * The two steps of nym_peer_remove(), for whoever removes several peers: only
 * the second waits, and no longer for many than for one. Context: update lock
 * held, from here to the end of nym_peer_bury().
 */
void nym_peer_make_dead(struct nym_peer *peer, struct list_head *dead);

/* Ends what nym_peer_make_dead() began, for all that is on the list. Sleeps. */
void nym_peer_bury(struct nym_device *device, struct list_head *dead);

/**
 * nym_peer_set_identity() - choose the identity used toward a peer
 * @peer:	whose
 * @identity:	own identity, or NULL for the device's; a reference is taken
 *
 * Does nothing where it is the same key. Otherwise as nym_peer_leave_identity();
 * nym_peer_use_identity() is to follow. Context: update lock held.
 */
void nym_peer_set_identity(struct nym_peer *peer, struct nym_identity *identity);

/**
 * nym_peer_leave_identity() - send nothing more to a peer under its identity
 * @peer:	whom
 *
 * Nor under another, until nym_peer_use_identity(): so path and endpoint can be
 * changed together with the identity, and no one sees two identities at one place.
 * Context: update lock held. Sleeps.
 */
void nym_peer_leave_identity(struct nym_peer *peer);

/* Keeps a peer silent that has left its identity and shall not use the next one yet,
 * since its path or endpoint could not be changed as was asked. Whoever changes them
 * then clears is_held_back. Context: update lock held.
 */
void nym_peer_hold_back(struct nym_peer *peer);

/**
 * nym_peer_use_identity() - shake hands under the identity in effect for a peer
 * @peer:	with whom
 *
 * Does nothing where it is used already, or the peer is held back. Context: update
 * lock held. Sleeps.
 */
void nym_peer_use_identity(struct nym_peer *peer);

/* A peer's own identity, or whether it is nested, may have changed: puts it on
 * its device's list of own identities or takes it off. Context: update lock held.
 */
void nym_peer_update_identities(struct nym_peer *peer);

/**
 * nym_peer_identity() - which identity is in effect toward a peer?
 * @peer:	whose
 *
 * Context: RCU read section or update lock. Return: its own, or else the
 * device's, or else NULL; valid in that section.
 */
static inline struct nym_identity *nym_peer_identity(const struct nym_peer *peer)
{
	struct nym_device *device = peer->device;
	struct nym_identity *own;

	own = rcu_dereference_check(peer->own_identity,
				    lockdep_is_held(&device->device_update_lock));
	return own ?: rcu_dereference_check(device->identity,
					    lockdep_is_held(&device->device_update_lock));
}

/* Lets the next initiation go out at once, whenever the last one did. */
void nym_peer_reset_last_handshake(struct nym_peer *peer);

/* Takes a reference where there still is one. RCU read section required. NULL
 * gives NULL.
 */
struct nym_peer *nym_peer_get_maybe_zero(struct nym_peer *peer);

static inline struct nym_peer *nym_peer_get(struct nym_peer *peer)
{
	kref_get(&peer->refcount);
	return peer;
}

/* Drops a reference; NULL is allowed. Any context. */
void nym_peer_put(struct nym_peer *peer);

#endif /* _NYM_PEER_H */
