// SPDX-License-Identifier: GPL-2.0
/*
 * What follows from the passing of time (section 6 of the paper).
 *
 *  - retransmit handshake: no answer to an initiation within REKEY_TIMEOUT and
 *    jitter: send another, up to MAX_HANDSHAKE_ATTEMPTS
 *  - send keepalive: received data and sent nothing for KEEPALIVE_TIMEOUT
 *  - new handshake: sent data and received nothing for KEEPALIVE_TIMEOUT +
 *    REKEY_TIMEOUT
 *  - zero key material: no new session for three times REJECT_AFTER_TIME
 *  - persistent keepalive: as configured
 *
 * Timers hold no reference to their peer: nym_timers_stop() waits for them
 * before the peer goes. Those that need a work item take a reference for it.
 */
#include "timers.h"
#include "device.h"
#include "endpoint.h"
#include "events.h"
#include "handshake.h"
#include "peer.h"
#include "send.h"
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/timer.h>

#define NEW_HANDSHAKE_AFTER	((NYM_KEEPALIVE_TIMEOUT + NYM_REKEY_TIMEOUT) * HZ)

static void mod_peer_timer(struct nym_peer *peer, struct timer_list *timer,
			   unsigned long delay)
{
	rcu_read_lock();
	if (likely(netif_running(peer->device->dev) && !READ_ONCE(peer->is_dead)))
		mod_timer(timer, jiffies + delay);
	rcu_read_unlock();
}

/* A random number below @limit; 0 where that is 0. */
static unsigned long below(u32 limit)
{
	return limit ? get_random_u32_below(limit) : 0;
}

/* Send keepalive and new handshake wait for what mostly comes at once. They are not
 * stopped by it and begun again at the next packet, but run on: what is awaited is
 * kept as the time of its beginning, and a timer that finds it settled ends, or one
 * that finds a later beginning goes on to when that is due. These two take turns at
 * each packet of most exchanges, so they cost it no more than a store.
 *
 * @since is jiffies in 32 bits, or 0 where nothing is awaited; up to @jitter jiffies are added
 * to @delay.
 */
static void begin_to_await(struct nym_peer *peer, u32 *since,
			   struct timer_list *timer, unsigned long delay,
			   u32 jitter)
{
	WRITE_ONCE(*since, (u32)jiffies ?: 1);
	/* Between noting it and looking for the timer: one that is about to end sees
	 * it, or else is not pending any more. Pairs with still_awaited().
	 */
	smp_mb();
	if (!timer_pending(timer))
		mod_peer_timer(peer, timer, delay + below(jitter));
}

static bool is_awaited(const u32 *since, const struct timer_list *timer)
{
	/* Without its timer, as of a device that was down, it is void. */
	return READ_ONCE(*since) && timer_pending(timer);
}

static void settle(u32 *since)
{
	if (READ_ONCE(*since))
		WRITE_ONCE(*since, 0);
}

/* For a timer that expired. Return: whether its time has come; it is settled then,
 * and otherwise the timer goes on where it must.
 */
static bool still_awaited(struct nym_peer *peer, u32 *since,
			  struct timer_list *timer, unsigned long delay,
			  u32 jitter)
{
	u32 began, due;

	/* The timer is not pending any more. Pairs with begin_to_await(). */
	smp_mb();
	began = READ_ONCE(*since);
	if (!began)
		return false;
	due = began + delay;
	if (time_before32((u32)jiffies, due)) {
		mod_peer_timer(peer, timer, due - (u32)jiffies + below(jitter));
		return false;
	}
	WRITE_ONCE(*since, 0);
	return true;
}

static void retransmit_handshake_expired(struct timer_list *timer)
{
	struct nym_peer *peer = timer_container_of(peer, timer,
						   timer_retransmit_handshake);
	unsigned int attempts = READ_ONCE(peer->timer_handshake_attempts);
	struct nym_endpoint endpoint = {};

	nym_endpoint_read(peer, &endpoint);
	if (attempts > NYM_MAX_HANDSHAKE_ATTEMPTS) {
		pr_debug("%s: Handshake for peer %llu (%pISpfsc) did not complete after %d attempts, giving up\n",
			 peer->device->dev->name, peer->internal_id,
			 &endpoint.addr, NYM_MAX_HANDSHAKE_ATTEMPTS + 2);

		settle(&peer->unacknowledged_since);
		/* Packets that waited in vain are dropped, so that they do not
		 * come out much later.
		 */
		nym_send_purge_staged(peer, NYM_DROP_UNREACHABLE);
		if (!timer_pending(&peer->timer_zero_key_material))
			mod_peer_timer(peer, &peer->timer_zero_key_material,
				       NYM_REJECT_AFTER_TIME * 3 * HZ);
		nym_event_send(peer, NYM_EVENT_PEER_UNREACHABLE);
		return;
	}
	/* An attempt that is begun meanwhile may begin to count anew. */
	WRITE_ONCE(peer->timer_handshake_attempts, ++attempts);
	pr_debug("%s: Handshake for peer %llu (%pISpfsc) did not complete after %d seconds, retrying (try %d)\n",
		 peer->device->dev->name, peer->internal_id, &endpoint.addr,
		 NYM_REKEY_TIMEOUT, attempts + 1);
	/* The source address may be what keeps answers from coming. */
	nym_endpoint_clear_source(peer);
	nym_handshake_initiate(peer, true);
}

static void send_keepalive_expired(struct timer_list *timer)
{
	struct nym_peer *peer = timer_container_of(peer, timer,
						   timer_send_keepalive);

	if (!still_awaited(peer, &peer->unacknowledged_since, timer,
			   NYM_KEEPALIVE_TIMEOUT * HZ, 0))
		return;
	nym_send_keepalive(peer);
	if (READ_ONCE(peer->timer_need_another_keepalive)) {
		WRITE_ONCE(peer->timer_need_another_keepalive, false);
		begin_to_await(peer, &peer->unacknowledged_since, timer,
			       NYM_KEEPALIVE_TIMEOUT * HZ, 0);
	}
}

static void new_handshake_expired(struct timer_list *timer)
{
	struct nym_peer *peer = timer_container_of(peer, timer,
						   timer_new_handshake);
	struct nym_endpoint endpoint = {};

	if (!still_awaited(peer, &peer->unanswered_since, timer, NEW_HANDSHAKE_AFTER,
			   NYM_REKEY_TIMEOUT_JITTER_MAX))
		return;
	nym_endpoint_read(peer, &endpoint);
	pr_debug("%s: Retrying handshake with peer %llu (%pISpfsc) because we stopped hearing back after %d seconds\n",
		 peer->device->dev->name, peer->internal_id, &endpoint.addr,
		 NYM_KEEPALIVE_TIMEOUT + NYM_REKEY_TIMEOUT);
	nym_endpoint_clear_source(peer);
	nym_handshake_initiate(peer, false);
}

static void zero_key_material_expired(struct timer_list *timer)
{
	struct nym_peer *peer = timer_container_of(peer, timer,
						   timer_zero_key_material);

	pr_debug("%s: Zeroing out all keys for peer %llu, since we haven't received a new one in %d seconds\n",
		 peer->device->dev->name, peer->internal_id,
		 NYM_REJECT_AFTER_TIME * 3);
	nym_handshake_forget(peer);
}

static void persistent_keepalive_expired(struct timer_list *timer)
{
	struct nym_peer *peer = timer_container_of(peer, timer,
						   timer_persistent_keepalive);

	if (likely(READ_ONCE(peer->persistent_keepalive_interval)))
		nym_send_keepalive(peer);
}

/* A data message, not a keepalive, was sent. */
void nym_timers_data_sent(struct nym_peer *peer)
{
	if (!is_awaited(&peer->unanswered_since, &peer->timer_new_handshake))
		begin_to_await(peer, &peer->unanswered_since,
			       &peer->timer_new_handshake,
			       NEW_HANDSHAKE_AFTER, NYM_REKEY_TIMEOUT_JITTER_MAX);
}

/* A data message, not a keepalive, was received. */
void nym_timers_data_received(struct nym_peer *peer)
{
	if (!netif_running(peer->device->dev))
		return;
	if (!is_awaited(&peer->unacknowledged_since, &peer->timer_send_keepalive))
		begin_to_await(peer, &peer->unacknowledged_since,
			       &peer->timer_send_keepalive,
			       NYM_KEEPALIVE_TIMEOUT * HZ, 0);
	else if (!READ_ONCE(peer->timer_need_another_keepalive))
		WRITE_ONCE(peer->timer_need_another_keepalive, true);
}

/* Any message, keepalive or handshake, was sent. */
void nym_timers_any_authenticated_packet_sent(struct nym_peer *peer)
{
	settle(&peer->unacknowledged_since);
}

/* Any authenticated message was received. */
void nym_timers_any_authenticated_packet_received(struct nym_peer *peer)
{
	settle(&peer->unanswered_since);
}

/* A handshake initiation was sent. */
void nym_timers_handshake_initiated(struct nym_peer *peer)
{
	mod_peer_timer(peer, &peer->timer_retransmit_handshake,
		       NYM_REKEY_TIMEOUT * HZ + below(NYM_REKEY_TIMEOUT_JITTER_MAX));
}

/* A response was received as initiator, or the first data as responder. */
void nym_timers_handshake_complete(struct nym_peer *peer)
{
	timer_delete(&peer->timer_retransmit_handshake);
	WRITE_ONCE(peer->timer_handshake_attempts, 0);
	WRITE_ONCE(peer->sent_lastminute_handshake, false);
	atomic64_set(&peer->walltime_last_handshake, ktime_get_real_ns());
	nym_event_send(peer, NYM_EVENT_HANDSHAKE_COMPLETED);
}

/* A key pair was made. */
void nym_timers_session_derived(struct nym_peer *peer)
{
	mod_peer_timer(peer, &peer->timer_zero_key_material,
		       NYM_REJECT_AFTER_TIME * 3 * HZ);
}

/* Any authenticated message was sent or received. */
void nym_timers_any_authenticated_packet_traversal(struct nym_peer *peer)
{
	u16 interval = READ_ONCE(peer->persistent_keepalive_interval);

	if (interval)
		mod_peer_timer(peer, &peer->timer_persistent_keepalive,
			       interval * HZ);
}

void nym_timers_init(struct nym_peer *peer)
{
	timer_setup(&peer->timer_retransmit_handshake,
		    retransmit_handshake_expired, 0);
	timer_setup(&peer->timer_send_keepalive, send_keepalive_expired, 0);
	timer_setup(&peer->timer_new_handshake, new_handshake_expired, 0);
	timer_setup(&peer->timer_zero_key_material, zero_key_material_expired, 0);
	timer_setup(&peer->timer_persistent_keepalive,
		    persistent_keepalive_expired, 0);
	peer->timer_handshake_attempts = 0;
	peer->sent_lastminute_handshake = false;
	peer->timer_need_another_keepalive = false;
}

void nym_timers_stop(struct nym_peer *peer)
{
	timer_delete_sync(&peer->timer_retransmit_handshake);
	timer_delete_sync(&peer->timer_send_keepalive);
	timer_delete_sync(&peer->timer_new_handshake);
	timer_delete_sync(&peer->timer_zero_key_material);
	timer_delete_sync(&peer->timer_persistent_keepalive);
	flush_work(&peer->handshake_work);
}
