// SPDX-License-Identifier: GPL-2.0
/* Handshake messages, from and to the network. */
#include "handshake.h"
#include "cookie.h"
#include "device.h"
#include "drop.h"
#include "endpoint.h"
#include "nest.h"
#include "noise.h"
#include "path.h"
#include "peer.h"
#include "ratelimiter.h"
#include "send.h"
#include "socket.h"
#include "timers.h"
#include <linux/sched.h>
#include <linux/slab.h>

/**
 * struct nym_received_handshake - a queued message
 * @link:	in struct nym_handshake_queue.messages
 * @from:	sender, and the address that it was sent to
 * @nested:	nested peer whose socket it came to, with a reference, or NULL
 * @carrier:	internal id of the peer that delivered it, 0 where @nested is NULL
 * @bind:	number of the bind that it came to, 0 where @nested is NULL
 * @len:	bytes of @message
 * @message:	handshake or cookie message
 */
struct nym_received_handshake {
	struct list_head link;
	struct nym_endpoint from;
	struct nym_peer *nested;
	u64 carrier;
	u32 bind;
	unsigned int len;
	union {
		struct nym_message_header header;
		struct nym_message_initiation initiation;
		struct nym_message_response response;
		struct nym_message_cookie cookie;
	} message;
};

/* Marks now as the time of the last handshake message to a peer, and of what
 * that means to the timers.
 */
static void about_to_send(struct nym_peer *peer)
{
	nym_timers_any_authenticated_packet_traversal(peer);
	nym_timers_any_authenticated_packet_sent(peer);
	atomic64_set(&peer->last_sent_handshake, ktime_get_coarse_boottime_ns());
}

static void send_initiation(struct nym_peer *peer)
{
	struct nym_message_initiation message;
	struct nym_endpoint endpoint = {};

	if (nym_device_is_asleep() ||
	    !nym_birthdate_has_expired(atomic64_read(&peer->last_sent_handshake),
				       NYM_REKEY_TIMEOUT))
		return;
	atomic64_set(&peer->last_sent_handshake, ktime_get_coarse_boottime_ns());
	nym_endpoint_read(peer, &endpoint);
	net_dbg_ratelimited("%s: Sending handshake initiation to peer %llu (%pISpfsc)\n",
			    peer->device->dev->name, peer->internal_id,
			    &endpoint.addr);
	if (!nym_noise_create_initiation(&message, &peer->handshake))
		return;
	nym_cookie_add_macs(&message, sizeof(message), &peer->cookie);
	about_to_send(peer);
	/* Before it is sent, as the response, which stops the timer, may be faster
	 * than we get on.
	 */
	nym_timers_handshake_initiated(peer);
	nym_send_control(peer, &message, sizeof(message));
}

/* Bits of struct nym_peer.handshake_wanted. */
enum nym_handshake_want {
	NYM_HANDSHAKE_INITIATE,
	NYM_HANDSHAKE_FORGET,
};

void nym_handshake_work(struct work_struct *work)
{
	struct nym_peer *peer = container_of(work, struct nym_peer,
					     handshake_work);

	if (test_and_clear_bit(NYM_HANDSHAKE_FORGET, &peer->handshake_wanted)) {
		nym_noise_handshake_clear(&peer->handshake);
		nym_keypairs_clear(&peer->keypairs);
	}
	if (test_and_clear_bit(NYM_HANDSHAKE_INITIATE, &peer->handshake_wanted))
		send_initiation(peer);
	nym_peer_put(peer);
}

/* Context: RCU read section, in which the peer was seen not to be dead. */
static void want(struct nym_peer *peer, enum nym_handshake_want what)
{
	nym_peer_get(peer);
	set_bit(what, &peer->handshake_wanted);
	/* The work drops the reference; queued twice it runs once. */
	if (!queue_work(peer->device->handshake_wq, &peer->handshake_work))
		nym_peer_put(peer);
}

void nym_handshake_initiate(struct nym_peer *peer, bool is_retry)
{
	if (!is_retry)
		WRITE_ONCE(peer->timer_handshake_attempts, 0);

	rcu_read_lock();
	/* Looked at again by the work: this look only spares queueing it. */
	if (nym_birthdate_has_expired(atomic64_read(&peer->last_sent_handshake),
				      NYM_REKEY_TIMEOUT) && !READ_ONCE(peer->is_dead))
		want(peer, NYM_HANDSHAKE_INITIATE);
	rcu_read_unlock();
}

void nym_handshake_forget(struct nym_peer *peer)
{
	rcu_read_lock();
	if (!READ_ONCE(peer->is_dead))
		want(peer, NYM_HANDSHAKE_FORGET);
	rcu_read_unlock();
}

/* Keeps a peer's identity from being left, as configuration may do at any time. What
 * was made under one is sent, and says where the peer is, only while it is in use, lest
 * it come from, or lead to, a place of the next. Return: false where it was left
 * already; otherwise release_identity() is to follow.
 */
static bool hold_identity(struct nym_peer *peer, const struct nym_identity *identity)
{
	down_read(&peer->handshake.lock);
	if (peer->handshake.identity == identity)
		return true;
	up_read(&peer->handshake.lock);
	return false;
}

static void release_identity(struct nym_peer *peer)
{
	up_read(&peer->handshake.lock);
}

static void send_response(struct nym_peer *peer, const struct nym_identity *identity)
{
	struct nym_message_response message;
	struct nym_endpoint endpoint = {};

	atomic64_set(&peer->last_sent_handshake, ktime_get_coarse_boottime_ns());
	nym_endpoint_read(peer, &endpoint);
	net_dbg_ratelimited("%s: Sending handshake response to peer %llu (%pISpfsc)\n",
			    peer->device->dev->name, peer->internal_id,
			    &endpoint.addr);
	if (!nym_noise_create_response(&message, &peer->handshake))
		return;
	nym_cookie_add_macs(&message, sizeof(message), &peer->cookie);
	if (!nym_noise_begin_session(&peer->handshake, &peer->keypairs))
		return;
	nym_timers_session_derived(peer);
	if (!hold_identity(peer, identity))
		return;
	about_to_send(peer);
	nym_send_control(peer, &message, sizeof(message));
	release_identity(peer);
}

static void fill_cookie_source(struct nym_cookie_source *source,
			       const struct nym_received_handshake *received)
{
	const struct nym_endpoint *from = &received->from;

	memset(source, 0, sizeof(*source));
	source->carrier = received->carrier;
	if (from->addr.sa_family == AF_INET) {
		memcpy(source->address, &from->addr4.sin_addr,
		       sizeof(from->addr4.sin_addr));
		source->port = from->addr4.sin_port;
	} else {
		memcpy(source->address, &from->addr6.sin6_addr,
		       sizeof(from->addr6.sin6_addr));
		source->port = from->addr6.sin6_port;
	}
}

static void send_cookie(struct nym_device *device,
			const struct nym_received_handshake *received,
			__le32 sender_index, const struct nym_identity *identity,
			const struct nym_cookie_source *source)
{
	struct nym_peer *nested = received->nested;
	struct nym_message_cookie reply;

	net_dbg_ratelimited("%s: Sending cookie response for denied handshake message for %pISpfsc\n",
			    device->dev->name, &received->from.addr);
	nym_cookie_create_reply(&reply, &received->message, received->len,
				sender_index, &device->cookie_secret, identity,
				source);
	if (!nested) {
		nym_socket_send_reply(device, &received->from, &reply,
				      sizeof(reply));
	} else if (hold_identity(nested, identity)) {
		nym_send_control_to(nested, received->bind, &received->from,
				    &reply, sizeof(reply));
		release_identity(nested);
	}
}

/* May the owner of a handshake be reached the way that its message came? Nested
 * peers only through their own socket, others only from the real network.
 */
static bool came_its_way(struct nym_peer *peer, void *context)
{
	const struct nym_received_handshake *received = context;

	if (received->nested)
		return peer == received->nested;
	return !nym_via_is_set(&peer->via);
}

static struct nym_identity *peer_identity(struct nym_peer *peer)
{
	struct nym_identity *identity;

	down_read(&peer->handshake.lock);
	identity = nym_identity_get(peer->handshake.identity);
	up_read(&peer->handshake.lock);
	return identity;
}

/* Finds the identity that a message was made for: by the socket that a nested
 * message came to, otherwise the one whose mac1 fits. Return: with a reference,
 * or NULL where none fits.
 */
static struct nym_identity *
find_identity(struct nym_device *device,
	      const struct nym_received_handshake *received)
{
	struct nym_identity *identity = NULL, *candidate;
	struct nym_peer *peer;

	if (received->nested) {
		identity = peer_identity(received->nested);
		if (identity &&
		    !nym_cookie_check_mac1(identity, &received->message,
					   received->len)) {
			nym_identity_put(identity);
			identity = NULL;
		}
		return identity;
	}

	rcu_read_lock();
	candidate = rcu_dereference(device->identity);
	if (candidate && nym_cookie_check_mac1(candidate, &received->message,
					       received->len)) {
		identity = nym_identity_get(candidate);
		goto out;
	}
	hlist_for_each_entry_rcu(peer, &device->own_identities, identities_entry) {
		candidate = rcu_dereference(peer->own_identity);
		if (candidate &&
		    nym_cookie_check_mac1(candidate, &received->message,
					  received->len)) {
			identity = nym_identity_get(candidate);
			break;
		}
	}
out:
	rcu_read_unlock();
	return identity;
}

/* Takes the sender for the peer's endpoint. */
static void note_sender(struct nym_peer *peer,
			const struct nym_received_handshake *received,
			const struct nym_identity *identity)
{
	if (!hold_identity(peer, identity))
		return;
	rcu_read_lock();
	nym_endpoint_learn(peer, &received->from, received->bind, NULL);
	rcu_read_unlock();
	release_identity(peer);
}

static void update_rx(struct nym_peer *peer,
		      const struct nym_received_handshake *received)
{
	/* The statistics are this CPU's. */
	local_bh_disable();
	dev_sw_netstats_rx_add(peer->device->dev, received->len);
	local_bh_enable();
	atomic64_add(received->len, &peer->stats.rx_bytes);
	nym_timers_any_authenticated_packet_received(peer);
	nym_timers_any_authenticated_packet_traversal(peer);
}

static void receive_initiation(struct nym_device *device,
			       struct nym_received_handshake *received,
			       struct nym_identity *identity)
{
	enum nym_drop_reason reason;
	struct nym_peer *peer;

	peer = nym_noise_consume_initiation(&received->message.initiation,
					    device, identity, came_its_way,
					    received, &reason);
	if (!peer) {
		nym_drop_count(device, reason, 1);
		net_dbg_ratelimited("%s: Invalid handshake initiation from %pISpfsc\n",
				    device->dev->name, &received->from.addr);
		return;
	}
	note_sender(peer, received, identity);
	net_dbg_ratelimited("%s: Receiving handshake initiation from peer %llu (%pISpfsc)\n",
			    device->dev->name, peer->internal_id,
			    &received->from.addr);
	update_rx(peer, received);
	send_response(peer, identity);
	nym_peer_put(peer);
}

static void receive_response(struct nym_device *device,
			     struct nym_received_handshake *received,
			     const struct nym_identity *identity)
{
	enum nym_drop_reason reason;
	struct nym_peer *peer;

	peer = nym_noise_consume_response(&received->message.response, device,
					  came_its_way, received, &reason);
	if (!peer) {
		nym_drop_count(device, reason, 1);
		net_dbg_ratelimited("%s: Invalid handshake response from %pISpfsc\n",
				    device->dev->name, &received->from.addr);
		return;
	}
	note_sender(peer, received, identity);
	net_dbg_ratelimited("%s: Receiving handshake response from peer %llu (%pISpfsc)\n",
			    device->dev->name, peer->internal_id,
			    &received->from.addr);
	update_rx(peer, received);
	if (nym_noise_begin_session(&peer->handshake, &peer->keypairs)) {
		nym_timers_session_derived(peer);
		nym_timers_handshake_complete(peer);
		/* The responder may not send until it has heard us with the new
		 * keys: what waits, or else a keepalive, tells it.
		 */
		nym_send_keepalive(peer);
		nym_send_session_up(peer);
	}
	nym_peer_put(peer);
}

static void receive_cookie(struct nym_device *device,
			   struct nym_received_handshake *received)
{
	struct nym_peer *peer = NULL;

	net_dbg_ratelimited("%s: Receiving cookie response from %pISpfsc\n",
			    device->dev->name, &received->from.addr);
	rcu_read_lock();
	nym_index_table_lookup(device->indices,
			       NYM_INDEX_HANDSHAKE | NYM_INDEX_KEYPAIR,
			       received->message.cookie.receiver_index, &peer);
	rcu_read_unlock();
	if (!peer) {
		nym_drop_count(device, NYM_DROP_NO_SESSION, 1);
		return;
	}
	if (!came_its_way(peer, received)) {
		nym_drop_count(device, NYM_DROP_OUTSIDE_CARRIER, 1);
	} else if (!nym_cookie_consume_reply(&received->message.cookie,
					     &peer->cookie)) {
		nym_drop_count(device, NYM_DROP_NOT_AUTHENTIC, 1);
		net_dbg_ratelimited("%s: Could not decrypt invalid cookie response\n",
				    device->dev->name);
	}
	nym_peer_put(peer);
}

static bool is_under_load(struct nym_device *device)
{
	u64 now = ktime_get_coarse_boottime_ns();

	if (READ_ONCE(device->handshakes.length) >= NYM_LOADED_HANDSHAKE_QUEUE) {
		WRITE_ONCE(device->last_under_load, now);
		return true;
	}
	if (!READ_ONCE(device->last_under_load))
		return false;
	if (!nym_birthdate_has_expired(READ_ONCE(device->last_under_load), 1))
		return true;
	WRITE_ONCE(device->last_under_load, 0);
	return false;
}

/* Under load, only messages with a valid cookie, and of those only so many a
 * second from one source, get as far as a Diffie-Hellman. Return: false where
 * the message is to be dropped; a cookie may have been sent.
 */
static bool pass_load(struct nym_device *device,
		      struct nym_received_handshake *received,
		      const struct nym_identity *identity, __le32 sender_index)
{
	struct nym_cookie_source source;
	struct net *net;
	bool allowed;

	if (!is_under_load(device))
		return true;
	fill_cookie_source(&source, received);
	if (!nym_cookie_check_mac2(&device->cookie_secret, &received->message,
				   received->len, &source)) {
		nym_drop_count(device, NYM_DROP_COOKIE_REQUIRED, 1);
		send_cookie(device, received, sender_index, identity, &source);
		return false;
	}
	rcu_read_lock();
	net = rcu_dereference(device->creating_net);
	allowed = net && nym_ratelimiter_allow(net, received->carrier,
					       received->from.addr.sa_family,
					       source.address);
	rcu_read_unlock();
	if (!allowed)
		nym_drop_count(device, NYM_DROP_RATE_LIMITED, 1);
	return allowed;
}

static void receive_one(struct nym_device *device,
			struct nym_received_handshake *received)
{
	struct nym_identity *identity;
	__le32 sender_index;

	if (received->message.header.type == cpu_to_le32(NYM_MESSAGE_COOKIE)) {
		receive_cookie(device, received);
		return;
	}
	identity = find_identity(device, received);
	if (!identity) {
		nym_drop_count(device, NYM_DROP_NOT_AUTHENTIC, 1);
		net_dbg_ratelimited("%s: Invalid MAC of handshake, dropping packet from %pISpfsc\n",
				    device->dev->name, &received->from.addr);
		return;
	}
	if (received->message.header.type == cpu_to_le32(NYM_MESSAGE_INITIATION))
		sender_index = received->message.initiation.sender_index;
	else
		sender_index = received->message.response.sender_index;
	if (!pass_load(device, received, identity, sender_index))
		goto out;
	if (received->message.header.type == cpu_to_le32(NYM_MESSAGE_INITIATION))
		receive_initiation(device, received, identity);
	else
		receive_response(device, received, identity);
out:
	nym_identity_put(identity);
}

static struct nym_received_handshake *dequeue(struct nym_handshake_queue *queue)
{
	struct nym_received_handshake *received;

	spin_lock_bh(&queue->lock);
	received = list_first_entry_or_null(&queue->messages,
					    struct nym_received_handshake, link);
	if (received) {
		list_del(&received->link);
		WRITE_ONCE(queue->length, queue->length - 1);
	}
	spin_unlock_bh(&queue->lock);
	return received;
}

static void free_received(struct nym_received_handshake *received)
{
	nym_peer_put(received->nested);
	kfree(received);
}

/**
 * struct nym_handshake_worker - one of those who drain a device's queue
 * @device:	whose
 * @work:	runs on any CPU; there is one for each so that all of them help
 *		where many handshakes come at once
 *
 * Two workers may be at messages of one peer: its handshake has a lock, and the
 * network does not keep messages in order either.
 */
struct nym_handshake_worker {
	struct nym_device *device;
	struct work_struct work;
};

/* The worker that goes on under load. A flood is not worth more than one CPU:
 * the others have traffic to carry.
 */
static struct nym_handshake_worker *
last_resort(struct nym_handshake_queue *queue)
{
	return per_cpu_ptr(queue->workers, cpumask_first(cpu_possible_mask));
}

/* Anyone can have us receive handshakes, as fast as the network carries them. They
 * get what others who have work to do leave over, and at least a tenth of a CPU
 * beside one of usual weight: so a flood costs sessions little, and where nothing
 * else is to be done it is answered as fast as can be.
 */
#define NYM_HANDSHAKE_NICE 10

static void receive_work(struct work_struct *work)
{
	struct nym_handshake_worker *worker =
		container_of(work, struct nym_handshake_worker, work);
	struct nym_device *device = worker->device;
	struct nym_handshake_queue *queue = &device->handshakes;
	struct nym_received_handshake *received;
	int nice = task_nice(current);

	set_user_nice(current, NYM_HANDSHAKE_NICE);
	/* What is left then waits for nym_handshake_queue_resume(). */
	while (!nym_device_is_asleep() && (received = dequeue(queue))) {
		receive_one(device, received);
		free_received(received);
		if (worker != last_resort(queue) &&
		    READ_ONCE(queue->length) >= NYM_LOADED_HANDSHAKE_QUEUE)
			break;
		cond_resched();
	}
	/* The thread is the workqueues', and does others' work afterwards. */
	set_user_nice(current, nice);
}

/* Puts a message into the queue. Return: the worker that is to be called for it.
 * Every message calls one, since one that is about to end may not see it, and
 * every message under load the one that then stays.
 */
static struct work_struct *enqueue(struct nym_handshake_queue *queue,
				   struct nym_received_handshake *received)
{
	struct nym_handshake_worker *worker = last_resort(queue);
	int cpu;

	spin_lock_bh(&queue->lock);
	list_add_tail(&received->link, &queue->messages);
	WRITE_ONCE(queue->length, queue->length + 1);
	if (queue->length < NYM_LOADED_HANDSHAKE_QUEUE) {
		cpu = cpumask_next(queue->last_worker, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		queue->last_worker = cpu;
		worker = per_cpu_ptr(queue->workers, cpu);
	}
	spin_unlock_bh(&queue->lock);
	return &worker->work;
}

bool nym_handshake_is_message(__le32 type, unsigned int len)
{
	switch (type) {
	case cpu_to_le32(NYM_MESSAGE_INITIATION):
		return len == sizeof(struct nym_message_initiation);
	case cpu_to_le32(NYM_MESSAGE_RESPONSE):
		return len == sizeof(struct nym_message_response);
	case cpu_to_le32(NYM_MESSAGE_COOKIE):
		return len == sizeof(struct nym_message_cookie);
	}
	return false;
}

void nym_handshake_receive(struct nym_device *device, const void *message,
			   unsigned int len, const struct nym_endpoint *from,
			   struct nym_peer *nested,
			   const struct nym_peer *carrier, u32 bind)
{
	struct nym_handshake_queue *queue = &device->handshakes;
	enum nym_drop_reason reason = NYM_DROP_QUEUE_FULL;
	struct nym_received_handshake *received;

	if (READ_ONCE(queue->length) >= NYM_MAX_HANDSHAKE_QUEUE)
		goto drop;
	reason = NYM_DROP_NO_MEMORY;
	received = kmalloc(sizeof(*received), GFP_ATOMIC);
	if (!received)
		goto drop;
	received->from = *from;
	received->len = len;
	memcpy(&received->message, message, len);
	received->carrier = carrier ? carrier->internal_id : 0;
	received->bind = bind;
	received->nested = NULL;
	if (nested) {
		received->nested = nym_peer_get_maybe_zero(nested);
		if (!received->nested) {
			kfree(received);
			reason = NYM_DROP_REMOVED;
			goto drop;
		}
	}
	queue_work(device->handshake_wq, enqueue(queue, received));
	return;
drop:
	net_dbg_ratelimited("%s: Dropping handshake packet from %pISpfsc\n",
			    device->dev->name, &from->addr);
	DEV_STATS_INC(device->dev, rx_dropped);
	nym_drop_count(device, reason, 1);
}

int nym_handshake_queue_init(struct nym_device *device)
{
	struct nym_handshake_queue *queue = &device->handshakes;
	int cpu;

	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->messages);
	queue->length = 0;
	queue->last_worker = -1;
	queue->workers = alloc_percpu(struct nym_handshake_worker);
	if (!queue->workers)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct nym_handshake_worker *worker =
			per_cpu_ptr(queue->workers, cpu);

		worker->device = device;
		INIT_WORK(&worker->work, receive_work);
	}
	return 0;
}

void nym_handshake_queue_resume(struct nym_device *device)
{
	queue_work(device->handshake_wq, &last_resort(&device->handshakes)->work);
}

void nym_handshake_queue_stop(struct nym_device *device)
{
	struct nym_handshake_queue *queue = &device->handshakes;
	struct nym_received_handshake *received;
	int cpu;

	for_each_possible_cpu(cpu)
		cancel_work_sync(&per_cpu_ptr(queue->workers, cpu)->work);
	while ((received = dequeue(queue))) {
		nym_drop_count(device, NYM_DROP_REMOVED, 1);
		free_received(received);
	}
}

void nym_handshake_queue_free(struct nym_device *device)
{
	free_percpu(device->handshakes.workers);
}
