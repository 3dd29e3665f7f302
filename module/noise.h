/* SPDX-License-Identifier: GPL-2.0 */
/* Noise_IKpsk2: handshakes, and the key pairs that they make. Knows nothing of
 * sockets, timers or nesting.
 */
#ifndef _NYM_NOISE_H
#define _NYM_NOISE_H

#include "identity.h"
#include "lookup.h"
#include "messages.h"
#include "replay.h"
#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <uapi/linux/nym.h>

struct nym_device;
struct nym_peer;

/**
 * struct nym_key - one direction's transport key
 * @key:	ChaCha20-Poly1305 key
 * @birthdate:	ktime_get_coarse_boottime_ns() of its making
 * @is_valid:	cleared when it must not be used any more; read with READ_ONCE()
 */
struct nym_key {
	u8 key[NYM_SYMMETRIC_KEY_SIZE];
	u64 birthdate;
	bool is_valid;
};

/**
 * struct nym_keypair - the two transport keys of one session
 * @entry:		finds it by our index; entry.peer is its peer, to which
 *			it holds a reference until it is freed, so a reference
 *			to a key pair keeps the peer too
 * @sending:		our key
 * @sending_counter:	next counter to send; trains take several at once
 * @datagram_id_start:	added to a message's counter, it is the IPv4
 *			identification of the datagram that nests it: random, so
 *			that a client's datagrams are numbered like any host's,
 *			and not 0
 * @receiving:		the peer's key
 * @replay:		counters received
 * @remote_index:	the peer's index, put into what we send
 * @i_am_the_initiator:	we started the handshake
 * @refcount:		reference count
 * @rcu:		frees it after readers of the keypairs and the index table
 * @internal_id:	number for log messages
 */
struct nym_keypair {
	struct nym_index_entry entry;
	struct nym_key sending;
	atomic64_t sending_counter;
	u16 datagram_id_start;
	struct nym_key receiving;
	struct nym_replay replay;
	__le32 remote_index;
	bool i_am_the_initiator;
	struct kref refcount;
	struct rcu_head rcu;
	u64 internal_id;
};

/**
 * struct nym_keypairs - a peer's sessions
 * @current_keypair:	in use for sending
 * @previous_keypair:	still accepted
 * @next_keypair:	made as responder, not yet confirmed by the peer's data
 * @lock:		held with BH disabled to change the pointers
 */
struct nym_keypairs {
	struct nym_keypair __rcu *current_keypair;
	struct nym_keypair __rcu *previous_keypair;
	struct nym_keypair __rcu *next_keypair;
	spinlock_t lock;	/* the pointers */
};

enum nym_handshake_state {
	NYM_HANDSHAKE_ZEROED,
	NYM_HANDSHAKE_CREATED_INITIATION,
	NYM_HANDSHAKE_CONSUMED_INITIATION,
	NYM_HANDSHAKE_CREATED_RESPONSE,
	NYM_HANDSHAKE_CONSUMED_RESPONSE,
};

/**
 * struct nym_handshake - a peer's handshake under way, and its constants
 * @lock:		all fields but @entry; may sleep
 * @identity:		ours toward this peer, with a reference; NULL where
 *			neither peer nor device has a private key
 * @static_static:	DH(@identity, @remote_static); zeros where the DH of a
 *			low-order key failed, and then handshakes fail
 * @last_initiation_consumption: boottime ns, bounds initiations per second
 * @ephemeral_private:	ours
 * @remote_static:	the peer's public key, constant
 * @remote_ephemeral:	the peer's
 * @preshared_key:	zeros where none is set
 * @hash:		Noise's h
 * @chaining_key:	Noise's ck
 * @latest_timestamp:	greatest TAI64N seen from the peer, refuses replays
 * @remote_index:	the peer's
 * @sent_timestamp:	time that the last initiation told the peer
 * @state:		where it is
 * @entry:		finds the handshake by our index; entry.peer is the peer
 */
struct nym_handshake {
	struct rw_semaphore lock;
	struct nym_identity *identity;
	u8 static_static[NYM_KEY_SIZE];
	u64 last_initiation_consumption;
	u8 ephemeral_private[NYM_KEY_SIZE];
	u8 remote_static[NYM_KEY_SIZE];
	u8 remote_ephemeral[NYM_KEY_SIZE];
	u8 preshared_key[NYM_SYMMETRIC_KEY_SIZE];
	u8 hash[NYM_HASH_SIZE];
	u8 chaining_key[NYM_HASH_SIZE];
	u8 latest_timestamp[NYM_TIMESTAMP_SIZE];
	__le32 remote_index;
	struct timespec64 sent_timestamp;
	enum nym_handshake_state state;
	struct nym_index_entry entry;
};

/* Computes the protocol's constant hashes and makes room for key pairs; called once
 * at module load. Return: 0 or -ENOMEM.
 */
int nym_noise_init(void);
void nym_noise_uninit(void);	/* no key pair is left */

/**
 * nym_noise_handshake_init() - prepare a new peer's handshake
 * @handshake:	zeroed memory within @peer
 * @remote_static: the peer's public key
 * @preshared_key: or NULL for none
 * @peer:	owner
 */
void nym_noise_handshake_init(struct nym_handshake *handshake,
			      const u8 remote_static[NYM_KEY_SIZE],
			      const u8 preshared_key[NYM_SYMMETRIC_KEY_SIZE],
			      struct nym_peer *peer);

/* Forgets a handshake under way, wipes its secrets and takes it out of the
 * index table. Context: process.
 */
void nym_noise_handshake_clear(struct nym_handshake *handshake);

/**
 * nym_noise_set_identity() - change the identity used toward a peer
 * @handshake:	the peer's
 * @identity:	new one, may be NULL; a reference is taken
 *
 * Recomputes the static-static secret and forgets the handshake under way. Key
 * pairs are left to the caller. Context: process.
 */
void nym_noise_set_identity(struct nym_handshake *handshake,
			    struct nym_identity *identity);

/* How many ns our timestamps toward a peer are ahead of our clock: constant for its
 * identity and ours, which there must be. Context: the handshake's lock is held.
 */
u64 nym_noise_clock_ahead(const struct nym_handshake *handshake);

/* Replaces the preshared key. Context: process. */
void nym_noise_set_preshared_key(struct nym_handshake *handshake,
				 const u8 key[NYM_SYMMETRIC_KEY_SIZE]);

/**
 * nym_noise_create_initiation() - write the first message
 * @msg:	filled but for its MACs
 * @handshake:	of the peer to talk to
 *
 * Context: process. Return: false where there is no identity or a DH failed.
 */
bool nym_noise_create_initiation(struct nym_message_initiation *msg,
				 struct nym_handshake *handshake);

/**
 * nym_noise_consume_initiation() - read a first message
 * @msg:	whose mac1 was checked with @identity
 * @device:	that received it
 * @identity:	ours that it is for; the caller keeps it alive
 * @accept:	asked, once the static key is decrypted and before anything
 *		changes, whether that peer may be reached the way that the
 *		message came
 * @ctx:	handed to @accept
 * @reason:	why it was not accepted; set where NULL is returned
 *
 * Peers whose own identity is not @identity are not considered. A replayed
 * timestamp, a flood from one peer or a failed decryption changes nothing.
 *
 * Context: process. Return: the peer with a reference taken, or NULL.
 */
struct nym_peer *
nym_noise_consume_initiation(const struct nym_message_initiation *msg,
			     struct nym_device *device,
			     struct nym_identity *identity,
			     bool (*accept)(struct nym_peer *peer, void *ctx),
			     void *ctx, enum nym_drop_reason *reason);

bool nym_noise_create_response(struct nym_message_response *msg,
			       struct nym_handshake *handshake);

/**
 * nym_noise_consume_response() - read a second message
 * @msg:	whose mac1 was checked
 * @device:	that received it
 * @accept:	asked, before anything changes, whether the peer that owns the
 *		handshake may be reached the way that the message came
 * @ctx:	handed to @accept
 * @reason:	why it was not accepted; set where NULL is returned
 *
 * Context: process. Return: the peer with a reference taken, or NULL.
 */
struct nym_peer *
nym_noise_consume_response(const struct nym_message_response *msg,
			   struct nym_device *device,
			   bool (*accept)(struct nym_peer *peer, void *ctx),
			   void *ctx, enum nym_drop_reason *reason);

/**
 * nym_noise_begin_session() - turn a finished handshake into a key pair
 * @handshake:	finished
 * @keypairs:	of the same peer
 *
 * As initiator the new pair becomes current, as responder next. Context:
 * process. Return: false where the handshake was not finished or memory ran
 * out.
 */
bool nym_noise_begin_session(struct nym_handshake *handshake,
			     struct nym_keypairs *keypairs);

/* Takes a reference where it is not already zero; NULL gives NULL. RCU read
 * section or an own reference required.
 */
struct nym_keypair *nym_keypair_get(struct nym_keypair *keypair);

/* Drops a reference; NULL is allowed. Any context. With @unreachable, first
 * takes it out of the index table.
 */
void nym_keypair_put(struct nym_keypair *keypair, bool unreachable);

static inline struct nym_peer *nym_keypair_peer(const struct nym_keypair *keypair)
{
	return keypair->entry.peer;
}

void nym_keypairs_init(struct nym_keypairs *keypairs);

/* Drops all three pairs; wakes nobody. Any context. */
void nym_keypairs_clear(struct nym_keypairs *keypairs);

/* Makes all three pairs unusable for sending, so that the next packet starts a
 * handshake; used when an identity changes. What is still received under them moves
 * no endpoint. Any context.
 */
void nym_keypairs_expire(struct nym_keypairs *keypairs);

/**
 * nym_keypairs_confirm() - note that a message was received with a pair
 * @keypairs:	of the pair's peer
 * @received:	pair that the message was authentic under
 *
 * Promotes the next pair to current the first time. Context: BH disabled.
 * Return: true where this made it current (the handshake is confirmed).
 */
bool nym_keypairs_confirm(struct nym_keypairs *keypairs,
			  struct nym_keypair *received);

#endif /* _NYM_NOISE_H */
