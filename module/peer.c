// SPDX-License-Identifier: GPL-2.0
/* Life of a peer: how it comes into being, and how it goes without anything
 * that still uses it noticing too late.
 */
#include "peer.h"
#include "allowedips.h"
#include "deliver.h"
#include "device.h"
#include "handshake.h"
#include "lookup.h"
#include "send.h"
#include "timers.h"
#include <linux/lockdep.h>
#include <linux/ratelimit.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>

static struct kmem_cache *peer_cache;
static atomic64_t last_internal_id;

void nym_peer_reset_last_handshake(struct nym_peer *peer)
{
	atomic64_set(&peer->last_sent_handshake,
		     ktime_get_coarse_boottime_ns() -
		     (u64)(NYM_REKEY_TIMEOUT + 1) * NSEC_PER_SEC);
}

/* Makes a peer whole that no one else sees yet. */
static void peer_init(struct nym_peer *peer, struct nym_device *device,
		      const u8 *public_key, const u8 *preshared_key,
		      const u8 *via_key, struct nym_identity *identity)
{
	peer->device = device;
	peer->internal_id = atomic64_inc_return(&last_internal_id);
	kref_init(&peer->refcount);
	INIT_LIST_HEAD(&peer->peer_list);
	INIT_LIST_HEAD(&peer->allowedips_list);
	INIT_HLIST_NODE(&peer->identities_entry);
	INIT_HLIST_NODE(&peer->pubkey_entry);
	spin_lock_init(&peer->endpoint_lock);
	skb_queue_head_init(&peer->staged);
	nym_gather_init(peer);
	nym_pipeline_init(&peer->tx, nym_send_done);
	nym_pipeline_init(&peer->rx, nym_deliver_done);
	nym_quota_init(&peer->quota);
	nym_keypairs_init(&peer->keypairs);
	nym_noise_handshake_init(&peer->handshake, public_key, preshared_key,
				 peer);
	RCU_INIT_POINTER(peer->own_identity, nym_identity_get(identity));
	nym_noise_set_identity(&peer->handshake, nym_peer_identity(peer));
	nym_cookie_init(&peer->cookie, public_key);
	nym_timers_init(peer);
	nym_peer_reset_last_handshake(peer);
	INIT_WORK(&peer->handshake_work, nym_handshake_work);
	nym_path_init(peer, via_key);
}

struct nym_peer *nym_peer_create(struct nym_device *device,
				 const u8 public_key[NYM_KEY_SIZE],
				 const u8 preshared_key[NYM_SYMMETRIC_KEY_SIZE],
				 const u8 via_key[NYM_KEY_SIZE],
				 struct nym_identity *identity)
{
	struct nym_peer *peer;
	int ret;

	lockdep_assert_held(&device->device_update_lock);

	if (device->num_peers >= NYM_MAX_PEERS_PER_DEVICE)
		return ERR_PTR(-ENOMEM);

	peer = kmem_cache_zalloc(peer_cache, GFP_KERNEL);
	if (!peer)
		return ERR_PTR(-ENOMEM);
	ret = dst_cache_init(&peer->endpoint_cache, GFP_KERNEL);
	if (ret) {
		kmem_cache_free(peer_cache, peer);
		return ERR_PTR(ret);
	}
	peer_init(peer, device, public_key, preshared_key, via_key, identity);

	/* NAPI contexts are found by busy-polling sockets through a global
	 * table, which a million peers would fill for nothing.
	 */
	set_bit(NAPI_STATE_NO_BUSY_POLL, &peer->napi.state);
	netif_napi_add(device->dev, &peer->napi, nym_deliver_poll);
	napi_enable(&peer->napi);

	/* From here on others find it. */
	list_add_tail(&peer->peer_list, &device->peer_list);
	nym_pubkey_table_add(device->pubkeys, peer);
	nym_peer_update_identities(peer);
	++device->num_peers;
	pr_debug("%s: Peer %llu created\n", device->dev->name, peer->internal_id);

	ret = nym_path_peer_added(peer);
	if (ret) {
		nym_peer_remove(peer);
		return ERR_PTR(ret);
	}
	return peer;
}

struct nym_peer *nym_peer_get_maybe_zero(struct nym_peer *peer)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_held() && !rcu_read_lock_bh_held(),
			 "reference to a peer taken outside of an RCU read section");
	if (unlikely(!peer || !kref_get_unless_zero(&peer->refcount)))
		return NULL;
	return peer;
}

void nym_peer_update_identities(struct nym_peer *peer)
{
	struct nym_device *device = peer->device;
	bool is_listed = !hlist_unhashed(&peer->identities_entry);
	bool wanted;

	lockdep_assert_held(&device->device_update_lock);

	wanted = rcu_access_pointer(peer->own_identity) && !peer->is_dead &&
		 !nym_via_is_set(&peer->via);
	/* No grace period passes between removal and another insertion, so a
	 * reader may be standing on the entry. Insertion at the head has it go
	 * through the list again, where insertion at the tail would have it
	 * skip the rest.
	 */
	if (wanted && !is_listed)
		nym_hlist_add_head_again_rcu(&peer->identities_entry,
					     &device->own_identities);
	else if (!wanted && is_listed)
		hlist_del_init_rcu(&peer->identities_entry);
}

void nym_peer_leave_identity(struct nym_peer *peer)
{
	lockdep_assert_held(&peer->device->device_update_lock);

	nym_noise_set_identity(&peer->handshake, NULL);
	nym_keypairs_expire(&peer->keypairs);
	flush_work(&peer->handshake_work);
	nym_send_purge_control(peer);
}

void nym_peer_hold_back(struct nym_peer *peer)
{
	lockdep_assert_held(&peer->device->device_update_lock);

	if (peer->handshake.identity != nym_peer_identity(peer))
		peer->is_held_back = true;
}

void nym_peer_use_identity(struct nym_peer *peer)
{
	struct nym_identity *identity = nym_peer_identity(peer);

	lockdep_assert_held(&peer->device->device_update_lock);

	/* It is written under the update lock only. */
	if (peer->handshake.identity == identity || peer->is_held_back)
		return;
	/* The gateway shall not meet both identities at one port. */
	nym_path_redraw_port(peer);
	nym_cookie_forget(&peer->cookie);
	nym_noise_set_identity(&peer->handshake, identity);
	nym_peer_reset_last_handshake(peer);
	/* What waited for an identity goes on its way now. */
	if (netif_running(peer->device->dev))
		nym_send_staged(peer);
}

void nym_peer_set_identity(struct nym_peer *peer, struct nym_identity *identity)
{
	struct nym_device *device = peer->device;
	struct nym_identity *old;

	old = rcu_dereference_protected(peer->own_identity,
					lockdep_is_held(&device->device_update_lock));
	if (nym_identity_equal(old, identity))
		return;

	rcu_assign_pointer(peer->own_identity, nym_identity_get(identity));
	nym_peer_update_identities(peer);
	nym_peer_leave_identity(peer);
	nym_identity_put(old);
}

/*
 * Removal.
 *
 * A peer is used by whoever finds it (through the tables, the trie, the list of
 * identities or a path), by what has been set in motion for it (timers, work
 * items, NAPI), and by trains, which hold it through their key pair. So first
 * nobody must find it any more, then nothing new must start, and then what
 * runs is waited for in the order in which one thing sets off the next.
 */

/* First step: nobody finds the peer any more, and those who did find it start
 * nothing new once they see it dead. They look within one RCU read section with
 * what they start, so that after a grace period all of them have come to an end.
 */
void nym_peer_make_dead(struct nym_peer *peer, struct list_head *dead)
{
	struct nym_device *device = peer->device;

	lockdep_assert_held(&device->device_update_lock);

	/* Before the lists are left, as nym_peer_update_identities() would put
	 * it back on one.
	 */
	WRITE_ONCE(peer->is_dead, true);

	list_move_tail(&peer->peer_list, dead);
	--device->num_peers;
	nym_send_purge_control(peer);
	nym_path_peer_removed(peer);
	nym_allowedips_remove_by_peer(&device->allowedips, peer,
				      &device->device_update_lock);
	nym_peer_update_identities(peer);
	nym_pubkey_table_remove(device->pubkeys, peer);
}

/* The other steps, for all @dead at once: grace periods and flushes cost the
 * same for one peer and for a million.
 */
void nym_peer_bury(struct nym_device *device, struct list_head *dead)
{
	struct nym_peer *peer, *next;

	lockdep_assert_held(&device->device_update_lock);

	if (list_empty(dead))
		return;

	synchronize_net();

	list_for_each_entry(peer, dead, peer_list) {
		/* Timers send and start handshakes, and are armed by all that
		 * follows, but not for the dead.
		 */
		nym_timers_stop(peer);
		nym_gather_stop(peer);
		/* Messages are matched with a key pair or a handshake by index.
		 * No new pair is made for the dead, and without the pairs no
		 * message gets as far as the pipelines.
		 */
		nym_noise_handshake_clear(&peer->handshake);
		nym_keypairs_clear(&peer->keypairs);
	}

	/* A message may have been matched just before its key pair went, and
	 * put into the pipeline since the first grace period began.
	 */
	synchronize_net();

	/* Trains end with a worker. It lets those out that are to be sent, and
	 * hands those received to NAPI, which therefore comes next.
	 */
	nym_crypt_flush(device->crypt_wq);

	list_for_each_entry(peer, dead, peer_list) {
		napi_disable(&peer->napi);
		__netif_napi_del(&peer->napi);
		nym_deliver_purge(peer);

		/* Queued while the peer was live. Its reference keeps the peer,
		 * but it must not run once the device's sockets and statistics
		 * are gone.
		 */
		flush_work(&peer->handshake_work);
		nym_send_purge_staged(peer, NYM_DROP_REMOVED);
	}

	/* __netif_napi_del() leaves it to us to wait for those who walk the
	 * device's NAPI contexts.
	 */
	synchronize_net();

	list_for_each_entry_safe(peer, next, dead, peer_list) {
		list_del_init(&peer->peer_list);
		nym_peer_put(peer);
	}
}

void nym_peer_remove(struct nym_peer *peer)
{
	struct nym_device *device = peer->device;
	LIST_HEAD(dead);

	nym_peer_make_dead(peer, &dead);
	nym_peer_bury(device, &dead);
}

void nym_peer_remove_all(struct nym_device *device)
{
	struct nym_peer *peer, *next;
	LIST_HEAD(dead);

	lockdep_assert_held(&device->device_update_lock);

	/* Cheaper than taking each peer's prefixes out one by one. */
	nym_allowedips_free(&device->allowedips, &device->device_update_lock);

	list_for_each_entry_safe(peer, next, &device->peer_list, peer_list)
		nym_peer_make_dead(peer, &dead);
	nym_peer_bury(device, &dead);
}

static void peer_free_rcu(struct rcu_head *rcu)
{
	struct nym_peer *peer = container_of(rcu, struct nym_peer, rcu);

	dst_cache_destroy(&peer->endpoint_cache);
	WARN_ON(!list_empty(&peer->tx.trains) || !list_empty(&peer->rx.trains));

	/* Wipes the preshared key, and what else of secrets is in there. */
	memzero_explicit(peer, sizeof(*peer));
	kmem_cache_free(peer_cache, peer);
}

static void peer_release(struct kref *refcount)
{
	struct nym_peer *peer = container_of(refcount, struct nym_peer, refcount);
	struct nym_endpoint endpoint = {};

	nym_endpoint_read(peer, &endpoint);
	pr_debug("%s: Peer %llu (%pISpfsc) destroyed\n",
		 peer->device->dev->name, peer->internal_id, &endpoint.addr);

	/* Who had a reference when the peer was removed may have started a
	 * handshake, or staged a packet, on behalf of a peer not yet seen dead.
	 */
	nym_index_table_remove(peer->device->indices, &peer->handshake.entry);
	nym_send_purge_staged(peer, NYM_DROP_REMOVED);

	nym_endpoint_free(peer);
	nym_identity_put(peer->handshake.identity);
	nym_identity_put(rcu_dereference_protected(peer->own_identity, true));

	/* Readers of the index table may still look at the handshake's entry. */
	call_rcu(&peer->rcu, peer_free_rcu);
}

void nym_peer_put(struct nym_peer *peer)
{
	if (peer)
		kref_put(&peer->refcount, peer_release);
}

int __init nym_peer_slab_init(void)
{
	peer_cache = KMEM_CACHE(nym_peer, 0);
	return peer_cache ? 0 : -ENOMEM;
}

void nym_peer_slab_uninit(void)
{
	kmem_cache_destroy(peer_cache);
}
