// SPDX-License-Identifier: GPL-2.0
/*
 * Noise_IKpsk2 as the WireGuard paper uses it (section 5.4). In Noise's words:
 *
 *	<- s
 *	...
 *	-> e, es, s, ss, {timestamp}
 *	<- e, ee, se, psk, {}
 *
 * A handshake function works on a symmetric state of its own and writes it back
 * only once everything has succeeded, so a message that fails changes nothing.
 *
 * Lock order: struct nym_handshake.lock, struct nym_keypairs.lock, struct
 * nym_index_table.lock.
 */

#include "noise.h"
#include "device.h"
#include "peer.h"

#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

static const u8 construction[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
static const u8 identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";

static u8 initial_chaining_key[NYM_HASH_SIZE] __ro_after_init;
static u8 initial_hash[NYM_HASH_SIZE] __ro_after_init;

static atomic64_t keypair_counter = ATOMIC64_INIT(0);

/* Of their own size, which kmalloc() would make nearly twice as large. */
static struct kmem_cache *keypair_cache;

/* HKDF hands hash-sized outputs to keys and the other way round. */
static_assert((int)NYM_HASH_SIZE == (int)NYM_SYMMETRIC_KEY_SIZE);

/**
 * struct symmetric_state - Noise's SymmetricState
 * @chaining_key:	ck
 * @hash:		h
 * @key:		k, meaningful after a DH or the preshared key was mixed in.
 *			Each is used for one message part, so its nonce is 0
 */
struct symmetric_state {
	u8 chaining_key[NYM_HASH_SIZE];
	u8 hash[NYM_HASH_SIZE];
	u8 key[NYM_SYMMETRIC_KEY_SIZE];
};

static void hash_two(u8 out[NYM_HASH_SIZE], const void *first, size_t first_len,
		     const void *second, size_t second_len)
{
	struct blake2s_ctx ctx;

	blake2s_init(&ctx, NYM_HASH_SIZE);
	blake2s_update(&ctx, first, first_len);
	blake2s_update(&ctx, second, second_len);
	blake2s_final(&ctx, out);
}

static void xor_words(u64 *words, unsigned int count, u8 byte)
{
	while (count--)
		*words++ ^= byte * 0x0101010101010101ULL;
}

/* HMAC (RFC 2104) over BLAKE2s; not BLAKE2s' own keyed mode. The key is padded by
 * words: by bytes, that would take a tenth of the time that the hashing does.
 */
static void hmac(u8 out[NYM_HASH_SIZE], const u8 key[NYM_HASH_SIZE],
		 const u8 *in, size_t len)
{
	u64 pad[BLAKE2S_BLOCK_SIZE / sizeof(u64)] = {};
	u8 inner[NYM_HASH_SIZE];

	memcpy(pad, key, NYM_HASH_SIZE);
	xor_words(pad, ARRAY_SIZE(pad), 0x36);
	hash_two(inner, pad, sizeof(pad), in, len);
	xor_words(pad, ARRAY_SIZE(pad), 0x36 ^ 0x5c);
	hash_two(out, pad, sizeof(pad), inner, sizeof(inner));

	memzero_explicit(pad, sizeof(pad));
	memzero_explicit(inner, sizeof(inner));
}

/* HKDF (RFC 5869) with the chaining key as salt and no info: the paper's KDF1
 * to KDF3. Outputs not wanted are NULL, the last ones first. @out1 may be
 * @chaining_key.
 */
static void hkdf(u8 *out1, u8 *out2, u8 *out3,
		 const u8 chaining_key[NYM_HASH_SIZE], const u8 *in, size_t len)
{
	u8 *out[] = { out1, out2, out3 };
	u8 secret[NYM_HASH_SIZE];
	u8 block[NYM_HASH_SIZE + 1];
	unsigned int i;

	hmac(secret, chaining_key, in, len);
	block[NYM_HASH_SIZE] = 1;
	hmac(out1, secret, &block[NYM_HASH_SIZE], 1);
	for (i = 1; i < ARRAY_SIZE(out) && out[i]; i++) {
		memcpy(block, out[i - 1], NYM_HASH_SIZE);
		block[NYM_HASH_SIZE] = i + 1;
		hmac(out[i], secret, block, sizeof(block));
	}
	memzero_explicit(secret, sizeof(secret));
	memzero_explicit(block, sizeof(block));
}

static void mix_hash(struct symmetric_state *state, const void *data, size_t len)
{
	hash_two(state->hash, state->hash, NYM_HASH_SIZE, data, len);
}

/* @key is the state's, or NULL where more is mixed in before it would be used. */
static void mix_key(struct symmetric_state *state, u8 *key,
		    const u8 input[NYM_KEY_SIZE])
{
	hkdf(state->chaining_key, key, NULL, state->chaining_key, input,
	     NYM_KEY_SIZE);
}

static bool __must_check mix_dh(struct symmetric_state *state, u8 *key,
				const u8 private_key[NYM_KEY_SIZE],
				const u8 public_key[NYM_KEY_SIZE])
{
	u8 shared[NYM_KEY_SIZE];
	bool success = curve25519(shared, private_key, public_key);

	if (success)
		mix_key(state, key, shared);
	memzero_explicit(shared, sizeof(shared));
	return success;
}

static bool __must_check mix_static_static(struct symmetric_state *state,
					   const u8 static_static[NYM_KEY_SIZE])
{
	static const u8 failed[NYM_KEY_SIZE];

	if (!crypto_memneq(static_static, failed, NYM_KEY_SIZE))
		return false;
	mix_key(state, state->key, static_static);
	return true;
}

/* The ephemeral goes into the chaining key as well, as psk handshakes demand. */
static void mix_ephemeral(struct symmetric_state *state,
			  const u8 ephemeral[NYM_KEY_SIZE])
{
	mix_hash(state, ephemeral, NYM_KEY_SIZE);
	mix_key(state, NULL, ephemeral);
}

static void mix_preshared_key(struct symmetric_state *state,
			      const u8 preshared_key[NYM_SYMMETRIC_KEY_SIZE])
{
	u8 temp[NYM_HASH_SIZE];

	hkdf(state->chaining_key, temp, state->key, state->chaining_key,
	     preshared_key, NYM_SYMMETRIC_KEY_SIZE);
	mix_hash(state, temp, sizeof(temp));
	memzero_explicit(temp, sizeof(temp));
}

static void encrypt_and_hash(struct symmetric_state *state, u8 *sealed,
			     const u8 *plain, size_t plain_len)
{
	chacha20poly1305_encrypt(sealed, plain, plain_len, state->hash,
				 NYM_HASH_SIZE, 0, state->key);
	mix_hash(state, sealed, nym_sealed_size(plain_len));
}

static bool __must_check decrypt_and_hash(struct symmetric_state *state, u8 *plain,
					  const u8 *sealed, size_t sealed_len)
{
	if (!chacha20poly1305_decrypt(plain, sealed, sealed_len, state->hash,
				      NYM_HASH_SIZE, 0, state->key))
		return false;
	mix_hash(state, sealed, sealed_len);
	return true;
}

static void symmetric_init(struct symmetric_state *state,
			   const u8 responder_static[NYM_KEY_SIZE])
{
	memcpy(state->chaining_key, initial_chaining_key, NYM_HASH_SIZE);
	memcpy(state->hash, initial_hash, NYM_HASH_SIZE);
	mix_hash(state, responder_static, NYM_KEY_SIZE);
}

static void symmetric_load(struct symmetric_state *state,
			   const struct nym_handshake *handshake)
{
	memcpy(state->chaining_key, handshake->chaining_key, NYM_HASH_SIZE);
	memcpy(state->hash, handshake->hash, NYM_HASH_SIZE);
}

static void symmetric_store(struct nym_handshake *handshake,
			    const struct symmetric_state *state)
{
	memcpy(handshake->chaining_key, state->chaining_key, NYM_HASH_SIZE);
	memcpy(handshake->hash, state->hash, NYM_HASH_SIZE);
}

int __init nym_noise_init(void)
{
	blake2s(NULL, 0, construction, sizeof(construction) - 1,
		initial_chaining_key, NYM_HASH_SIZE);
	hash_two(initial_hash, initial_chaining_key, NYM_HASH_SIZE, identifier,
		 sizeof(identifier) - 1);
	keypair_cache = KMEM_CACHE(nym_keypair, 0);
	return keypair_cache ? 0 : -ENOMEM;
}

void nym_noise_uninit(void)
{
	kmem_cache_destroy(keypair_cache);
}

void nym_noise_handshake_init(struct nym_handshake *handshake,
			      const u8 remote_static[NYM_KEY_SIZE],
			      const u8 preshared_key[NYM_SYMMETRIC_KEY_SIZE],
			      struct nym_peer *peer)
{
	init_rwsem(&handshake->lock);
	handshake->state = NYM_HANDSHAKE_ZEROED;
	handshake->entry.kind = NYM_INDEX_HANDSHAKE;
	handshake->entry.peer = peer;
	INIT_HLIST_NODE(&handshake->entry.index_hash);
	memcpy(handshake->remote_static, remote_static, NYM_KEY_SIZE);
	if (preshared_key)
		memcpy(handshake->preshared_key, preshared_key,
		       NYM_SYMMETRIC_KEY_SIZE);
}

static void handshake_wipe(struct nym_handshake *handshake)
{
	memzero_explicit(handshake->ephemeral_private, NYM_KEY_SIZE);
	memzero_explicit(handshake->remote_ephemeral, NYM_KEY_SIZE);
	memzero_explicit(handshake->hash, NYM_HASH_SIZE);
	memzero_explicit(handshake->chaining_key, NYM_HASH_SIZE);
	handshake->remote_index = 0;
	handshake->state = NYM_HANDSHAKE_ZEROED;
}

static void handshake_forget(struct nym_handshake *handshake)
{
	nym_index_table_remove(handshake->entry.peer->device->indices,
			       &handshake->entry);
	handshake_wipe(handshake);
}

void nym_noise_handshake_clear(struct nym_handshake *handshake)
{
	down_write(&handshake->lock);
	handshake_forget(handshake);
	up_write(&handshake->lock);
}

/* How far the clock that we show to a peer is ahead of ours. By how much a clock
 * is wrong tells a machine from others, and so would tell two gateways that two
 * identities are one client. What a peer is shown is always wrong by the same,
 * since its timestamps must grow, also over a restart; it follows from what no
 * peer knows. It is never behind, so that a peer that knew our true clock takes
 * us; and no more ahead than lets one that shows its true clock take our place
 * within seconds.
 */
u64 nym_noise_clock_ahead(const struct nym_handshake *handshake)
{
	u8 digest[NYM_HASH_SIZE];
	u64 ahead;

	hmac(digest, handshake->identity->private_key, handshake->remote_static,
	     NYM_KEY_SIZE);
	ahead = get_unaligned_le64(digest) & (NYM_CLOCK_AHEAD_LIMIT - 1);
	memzero_explicit(digest, sizeof(digest));
	return ahead;
}

void nym_noise_set_identity(struct nym_handshake *handshake,
			    struct nym_identity *identity)
{
	struct nym_identity *old;

	nym_identity_get(identity);
	down_write(&handshake->lock);
	old = handshake->identity;
	handshake->identity = identity;
	if (!identity ||
	    !curve25519(handshake->static_static, identity->private_key,
			handshake->remote_static))
		memzero_explicit(handshake->static_static, NYM_KEY_SIZE);
	/* Nor does the new identity's time go on from the old one's. */
	handshake->sent_timestamp = (struct timespec64){};
	handshake_forget(handshake);
	up_write(&handshake->lock);
	nym_identity_put(old);
}

void nym_noise_set_preshared_key(struct nym_handshake *handshake,
				 const u8 key[NYM_SYMMETRIC_KEY_SIZE])
{
	down_write(&handshake->lock);
	memcpy(handshake->preshared_key, key, NYM_SYMMETRIC_KEY_SIZE);
	up_write(&handshake->lock);
}

/* A TAI64N label of the present, https://cr.yp.to/libtai/tai64.html. It is as
 * coarse as the rate at which initiations are accepted allows, so that it tells
 * little about the clock and hence about the machine. A peer refuses labels that
 * are not later than those before: where the clock was set back, the label goes
 * on from the last one instead.
 */
static void next_timestamp(struct nym_handshake *handshake,
			   u8 out[NYM_TIMESTAMP_SIZE])
{
	const u32 grain = rounddown_pow_of_two(NSEC_PER_SEC /
					       NYM_INITIATIONS_PER_SECOND);
	struct timespec64 label;

	ktime_get_real_ts64(&label);
	timespec64_add_ns(&label, nym_noise_clock_ahead(handshake));
	label.tv_nsec = ALIGN_DOWN((u32)label.tv_nsec, grain);
	if (timespec64_compare(&label, &handshake->sent_timestamp) <= 0) {
		label = timespec64_add(handshake->sent_timestamp,
				       ns_to_timespec64(grain));
		label.tv_nsec = ALIGN_DOWN((u32)label.tv_nsec, grain);
	}
	handshake->sent_timestamp = label;
	put_unaligned_be64((1ULL << 62) + 10 + label.tv_sec, out);
	put_unaligned_be32(label.tv_nsec, out + sizeof(u64));
}

/* Puts a fresh ephemeral key into a message: the token "e". */
static bool __must_check create_ephemeral(struct symmetric_state *state,
					  u8 private_key[NYM_KEY_SIZE],
					  u8 public_key[NYM_KEY_SIZE])
{
	curve25519_generate_secret(private_key);
	if (!curve25519_generate_public(public_key, private_key))
		return false;
	mix_ephemeral(state, public_key);
	return true;
}

bool nym_noise_create_initiation(struct nym_message_initiation *msg,
				 struct nym_handshake *handshake)
{
	struct nym_device *device = handshake->entry.peer->device;
	u8 ephemeral_private[NYM_KEY_SIZE];
	u8 timestamp[NYM_TIMESTAMP_SIZE];
	struct symmetric_state state;
	bool success = false;

	/* create_ephemeral() needs the random number generator seeded. Shortly
	 * after boot that takes its time; nobody shall wait for our lock as long.
	 */
	wait_for_random_bytes();
	down_write(&handshake->lock);
	if (!handshake->identity)
		goto out;

	msg->header.type = cpu_to_le32(NYM_MESSAGE_INITIATION);
	symmetric_init(&state, handshake->remote_static);
	/* e, es */
	if (!create_ephemeral(&state, ephemeral_private,
			      msg->unencrypted_ephemeral) ||
	    !mix_dh(&state, state.key, ephemeral_private,
		    handshake->remote_static))
		goto out;
	/* s */
	encrypt_and_hash(&state, msg->encrypted_static,
			 handshake->identity->public_key, NYM_KEY_SIZE);
	/* ss */
	if (!mix_static_static(&state, handshake->static_static))
		goto out;
	/* {timestamp} */
	next_timestamp(handshake, timestamp);
	encrypt_and_hash(&state, msg->encrypted_timestamp, timestamp,
			 sizeof(timestamp));

	msg->sender_index = nym_index_table_insert(device->indices,
						   &handshake->entry);
	symmetric_store(handshake, &state);
	memcpy(handshake->ephemeral_private, ephemeral_private, NYM_KEY_SIZE);
	handshake->state = NYM_HANDSHAKE_CREATED_INITIATION;
	success = true;
out:
	up_write(&handshake->lock);
	memzero_explicit(ephemeral_private, sizeof(ephemeral_private));
	memzero_explicit(&state, sizeof(state));
	return success;
}

/* Copies the static-static secret, where the identity used toward the peer is
 * the one that an initiation is for. They are compared by key: two peers may
 * have been given the same one, each as an object of its own.
 */
static bool copy_static_static(struct nym_handshake *handshake,
			       const struct nym_identity *identity,
			       u8 static_static[NYM_KEY_SIZE])
{
	bool is_same;

	down_read(&handshake->lock);
	is_same = nym_identity_equal(handshake->identity, identity);
	if (is_same)
		memcpy(static_static, handshake->static_static, NYM_KEY_SIZE);
	up_read(&handshake->lock);
	return is_same;
}

/* Takes over an initiation that has proven authentic, unless it is a replay or
 * one of too many. All is judged under the lock that also covers the change, so
 * of two CPUs that work on the same message one loses. Return: NYM_DROP_UNSPEC
 * where it was taken over, otherwise why not.
 */
static enum nym_drop_reason
accept_initiation(struct nym_handshake *handshake,
		  const struct nym_identity *identity,
		  const struct nym_message_initiation *msg,
		  const struct symmetric_state *state,
		  const u8 timestamp[NYM_TIMESTAMP_SIZE])
{
	enum nym_drop_reason reason = NYM_DROP_UNKNOWN_PEER;
	u64 now = ktime_get_coarse_boottime_ns();
	u64 next_allowed;

	down_write(&handshake->lock);
	/* It may have changed since copy_static_static(). */
	if (!nym_identity_equal(handshake->identity, identity))
		goto out;
	reason = NYM_DROP_REPLAYED;
	if (memcmp(timestamp, handshake->latest_timestamp, NYM_TIMESTAMP_SIZE) <= 0)
		goto out;
	reason = NYM_DROP_RATE_LIMITED;
	next_allowed = handshake->last_initiation_consumption +
		       NSEC_PER_SEC / NYM_INITIATIONS_PER_SECOND;
	if ((s64)(next_allowed - now) > 0)
		goto out;

	memcpy(handshake->latest_timestamp, timestamp, NYM_TIMESTAMP_SIZE);
	memcpy(handshake->remote_ephemeral, msg->unencrypted_ephemeral,
	       NYM_KEY_SIZE);
	handshake->remote_index = msg->sender_index;
	handshake->last_initiation_consumption = now;
	symmetric_store(handshake, state);
	handshake->state = NYM_HANDSHAKE_CONSUMED_INITIATION;
	reason = NYM_DROP_UNSPEC;
out:
	up_write(&handshake->lock);
	return reason;
}

struct nym_peer *
nym_noise_consume_initiation(const struct nym_message_initiation *msg,
			     struct nym_device *device,
			     struct nym_identity *identity,
			     bool (*accept)(struct nym_peer *peer, void *ctx),
			     void *ctx, enum nym_drop_reason *reason)
{
	struct nym_peer *peer = NULL;
	u8 static_static[NYM_KEY_SIZE];
	u8 timestamp[NYM_TIMESTAMP_SIZE];
	u8 remote_static[NYM_KEY_SIZE];
	struct symmetric_state state;

	*reason = NYM_DROP_NOT_AUTHENTIC;
	symmetric_init(&state, identity->public_key);
	/* e, es, s */
	mix_ephemeral(&state, msg->unencrypted_ephemeral);
	if (!mix_dh(&state, state.key, identity->private_key,
		    msg->unencrypted_ephemeral) ||
	    !decrypt_and_hash(&state, remote_static, msg->encrypted_static,
			      sizeof(msg->encrypted_static)))
		goto out;

	*reason = NYM_DROP_UNKNOWN_PEER;
	peer = nym_pubkey_table_lookup(device->pubkeys, remote_static);
	if (!peer || !copy_static_static(&peer->handshake, identity, static_static))
		goto out;
	*reason = NYM_DROP_OUTSIDE_CARRIER;
	if (!accept(peer, ctx))
		goto out;

	/* ss, {timestamp} */
	*reason = NYM_DROP_NOT_AUTHENTIC;
	if (!mix_static_static(&state, static_static) ||
	    !decrypt_and_hash(&state, timestamp, msg->encrypted_timestamp,
			      sizeof(msg->encrypted_timestamp)))
		goto out;
	*reason = accept_initiation(&peer->handshake, identity, msg, &state,
				    timestamp);
out:
	memzero_explicit(&state, sizeof(state));
	memzero_explicit(static_static, sizeof(static_static));
	/* Who calls is what the handshake hides. */
	memzero_explicit(remote_static, sizeof(remote_static));
	if (*reason == NYM_DROP_UNSPEC)
		return peer;
	nym_peer_put(peer);
	return NULL;
}

bool nym_noise_create_response(struct nym_message_response *msg,
			       struct nym_handshake *handshake)
{
	struct nym_device *device = handshake->entry.peer->device;
	u8 ephemeral_private[NYM_KEY_SIZE];
	struct symmetric_state state;
	bool success = false;

	/* As in nym_noise_create_initiation(). */
	wait_for_random_bytes();
	down_write(&handshake->lock);
	if (handshake->state != NYM_HANDSHAKE_CONSUMED_INITIATION)
		goto out;

	msg->header.type = cpu_to_le32(NYM_MESSAGE_RESPONSE);
	msg->receiver_index = handshake->remote_index;
	symmetric_load(&state, handshake);
	/* e, ee, se */
	if (!create_ephemeral(&state, ephemeral_private,
			      msg->unencrypted_ephemeral) ||
	    !mix_dh(&state, NULL, ephemeral_private,
		    handshake->remote_ephemeral) ||
	    !mix_dh(&state, NULL, ephemeral_private, handshake->remote_static))
		goto out;
	/* psk, {} */
	mix_preshared_key(&state, handshake->preshared_key);
	encrypt_and_hash(&state, msg->encrypted_nothing, NULL, 0);

	msg->sender_index = nym_index_table_insert(device->indices,
						   &handshake->entry);
	symmetric_store(handshake, &state);
	memcpy(handshake->ephemeral_private, ephemeral_private, NYM_KEY_SIZE);
	handshake->state = NYM_HANDSHAKE_CREATED_RESPONSE;
	success = true;
out:
	up_write(&handshake->lock);
	memzero_explicit(ephemeral_private, sizeof(ephemeral_private));
	memzero_explicit(&state, sizeof(state));
	return success;
}

/**
 * struct initiation - what we need of our initiation to read its response
 * @state:		symmetric state after it
 * @ephemeral_private:	ours
 * @preshared_key:	with the peer
 * @identity:		ours, with a reference
 */
struct initiation {
	struct symmetric_state state;
	u8 ephemeral_private[NYM_KEY_SIZE];
	u8 preshared_key[NYM_SYMMETRIC_KEY_SIZE];
	struct nym_identity *identity;
};

static bool copy_initiation(struct nym_handshake *handshake,
			    struct initiation *initiation)
{
	bool success;

	down_read(&handshake->lock);
	success = handshake->identity &&
		  handshake->state == NYM_HANDSHAKE_CREATED_INITIATION;
	if (success) {
		symmetric_load(&initiation->state, handshake);
		memcpy(initiation->ephemeral_private,
		       handshake->ephemeral_private, NYM_KEY_SIZE);
		memcpy(initiation->preshared_key, handshake->preshared_key,
		       NYM_SYMMETRIC_KEY_SIZE);
		initiation->identity = nym_identity_get(handshake->identity);
	}
	up_read(&handshake->lock);
	return success;
}

/* Takes over a response that has proven authentic, if the initiation that it
 * answers is still the one under way.
 */
static bool accept_response(struct nym_handshake *handshake,
			    const struct initiation *initiation,
			    const struct nym_message_response *msg)
{
	bool success;

	down_write(&handshake->lock);
	success = handshake->state == NYM_HANDSHAKE_CREATED_INITIATION &&
		  !crypto_memneq(handshake->ephemeral_private,
				 initiation->ephemeral_private, NYM_KEY_SIZE);
	if (success) {
		symmetric_store(handshake, &initiation->state);
		memcpy(handshake->remote_ephemeral, msg->unencrypted_ephemeral,
		       NYM_KEY_SIZE);
		handshake->remote_index = msg->sender_index;
		handshake->state = NYM_HANDSHAKE_CONSUMED_RESPONSE;
	}
	up_write(&handshake->lock);
	return success;
}

struct nym_peer *
nym_noise_consume_response(const struct nym_message_response *msg,
			   struct nym_device *device,
			   bool (*accept)(struct nym_peer *peer, void *ctx),
			   void *ctx, enum nym_drop_reason *reason)
{
	struct initiation initiation = {};
	struct nym_peer *peer = NULL;

	*reason = NYM_DROP_NO_SESSION;
	if (!nym_index_table_lookup(device->indices, NYM_INDEX_HANDSHAKE,
				    msg->receiver_index, &peer))
		return NULL;
	*reason = NYM_DROP_OUTSIDE_CARRIER;
	if (!accept(peer, ctx))
		goto out;
	*reason = NYM_DROP_NO_SESSION;
	if (!copy_initiation(&peer->handshake, &initiation))
		goto out;
	*reason = NYM_DROP_NOT_AUTHENTIC;

	/* e, ee, se */
	mix_ephemeral(&initiation.state, msg->unencrypted_ephemeral);
	if (!mix_dh(&initiation.state, NULL, initiation.ephemeral_private,
		    msg->unencrypted_ephemeral) ||
	    !mix_dh(&initiation.state, NULL, initiation.identity->private_key,
		    msg->unencrypted_ephemeral))
		goto out;
	/* psk, {} */
	mix_preshared_key(&initiation.state, initiation.preshared_key);
	if (!decrypt_and_hash(&initiation.state, NULL, msg->encrypted_nothing,
			      sizeof(msg->encrypted_nothing)))
		goto out;
	*reason = accept_response(&peer->handshake, &initiation, msg) ?
			  NYM_DROP_UNSPEC : NYM_DROP_NO_SESSION;
out:
	nym_identity_put(initiation.identity);
	memzero_explicit(&initiation, sizeof(initiation));
	if (*reason == NYM_DROP_UNSPEC)
		return peer;
	nym_peer_put(peer);
	return NULL;
}

static struct nym_keypair *keypair_create(struct nym_peer *peer)
{
	struct nym_keypair *keypair = kmem_cache_zalloc(keypair_cache, GFP_KERNEL);

	if (!keypair)
		return NULL;
	keypair->entry.kind = NYM_INDEX_KEYPAIR;
	keypair->entry.peer = nym_peer_get(peer);
	nym_replay_init(&keypair->replay);
	keypair->datagram_id_start = get_random_u32_inclusive(1, U16_MAX);
	kref_init(&keypair->refcount);
	keypair->internal_id = atomic64_inc_return(&keypair_counter);
	return keypair;
}

static void keypair_free(struct nym_keypair *keypair)
{
	memzero_explicit(keypair, sizeof(*keypair));
	kmem_cache_free(keypair_cache, keypair);
}

static void keypair_free_rcu(struct rcu_head *rcu)
{
	keypair_free(container_of(rcu, struct nym_keypair, rcu));
}

static void keypair_release(struct kref *kref)
{
	struct nym_keypair *keypair = container_of(kref, struct nym_keypair,
						   refcount);
	struct nym_peer *peer = keypair->entry.peer;

	net_dbg_ratelimited("%s: Keypair %llu destroyed for peer %llu\n",
			    peer->device->dev->name, keypair->internal_id,
			    peer->internal_id);
	nym_index_table_remove(peer->device->indices, &keypair->entry);
	/* Readers that found it in the table or in the peer are still about. They
	 * cannot get a reference any more and so do not use its peer.
	 */
	call_rcu(&keypair->rcu, keypair_free_rcu);
	nym_peer_put(peer);
}

struct nym_keypair *nym_keypair_get(struct nym_keypair *keypair)
{
	if (!keypair || !kref_get_unless_zero(&keypair->refcount))
		return NULL;
	return keypair;
}

void nym_keypair_put(struct nym_keypair *keypair, bool unreachable)
{
	if (!keypair)
		return;
	if (unreachable)
		nym_index_table_remove(keypair->entry.peer->device->indices,
				       &keypair->entry);
	kref_put(&keypair->refcount, keypair_release);
}

void nym_keypairs_init(struct nym_keypairs *keypairs)
{
	RCU_INIT_POINTER(keypairs->current_keypair, NULL);
	RCU_INIT_POINTER(keypairs->previous_keypair, NULL);
	RCU_INIT_POINTER(keypairs->next_keypair, NULL);
	spin_lock_init(&keypairs->lock);
}

/* Replaces the pair in a slot. Return: what was there, its reference included. */
static struct nym_keypair *swap_keypair(struct nym_keypairs *keypairs,
					struct nym_keypair __rcu **slot,
					struct nym_keypair *new)
{
	return rcu_replace_pointer(*slot, new, lockdep_is_held(&keypairs->lock));
}

void nym_keypairs_clear(struct nym_keypairs *keypairs)
{
	struct nym_keypair *next, *previous, *in_use;

	spin_lock_bh(&keypairs->lock);
	/* Next goes first: nym_keypairs_confirm() looks at it without the lock,
	 * and once it is gone that has nothing to promote.
	 */
	next = swap_keypair(keypairs, &keypairs->next_keypair, NULL);
	previous = swap_keypair(keypairs, &keypairs->previous_keypair, NULL);
	in_use = swap_keypair(keypairs, &keypairs->current_keypair, NULL);
	spin_unlock_bh(&keypairs->lock);

	nym_keypair_put(next, true);
	nym_keypair_put(previous, true);
	nym_keypair_put(in_use, true);
}

static void expire_sending(struct nym_keypair *keypair)
{
	if (keypair)
		WRITE_ONCE(keypair->sending.is_valid, false);
}

void nym_keypairs_expire(struct nym_keypairs *keypairs)
{
	spin_lock_bh(&keypairs->lock);
	expire_sending(rcu_dereference_protected(keypairs->next_keypair,
						 lockdep_is_held(&keypairs->lock)));
	expire_sending(rcu_dereference_protected(keypairs->current_keypair,
						 lockdep_is_held(&keypairs->lock)));
	expire_sending(rcu_dereference_protected(keypairs->previous_keypair,
						 lockdep_is_held(&keypairs->lock)));
	spin_unlock_bh(&keypairs->lock);
}

/* Gives a new pair its slot. Fills @dropped with those that have none any more;
 * they are put once the lock is released, since that may free the peer.
 */
static void keypairs_add(struct nym_keypairs *keypairs, struct nym_keypair *new,
			 struct nym_keypair *dropped[2])
{
	struct nym_keypair *next, *in_use;

	lockdep_assert_held(&keypairs->lock);
	if (!new->i_am_the_initiator) {
		/* The initiator has not proven yet that it got our response, so
		 * the current pair stays in use. Of two handshakes under way the
		 * newer counts.
		 */
		dropped[0] = swap_keypair(keypairs, &keypairs->next_keypair, new);
		dropped[1] = swap_keypair(keypairs, &keypairs->previous_keypair, NULL);
		return;
	}

	/* The response confirmed the pair. A next pair that waits for its own
	 * confirmation may be what the peer is about to use, where both sides
	 * started a handshake at once: rather than the older current one it is
	 * kept for receiving.
	 */
	next = swap_keypair(keypairs, &keypairs->next_keypair, NULL);
	in_use = swap_keypair(keypairs, &keypairs->current_keypair, new);
	dropped[0] = swap_keypair(keypairs, &keypairs->previous_keypair, next ?: in_use);
	dropped[1] = next ? in_use : NULL;
}

bool nym_keypairs_confirm(struct nym_keypairs *keypairs,
			  struct nym_keypair *received)
{
	struct nym_keypair *dropped;
	bool is_next;

	/* All but the first message of a session end here, without the lock. */
	if (received != rcu_access_pointer(keypairs->next_keypair))
		return false;

	spin_lock_bh(&keypairs->lock);
	is_next = received == rcu_access_pointer(keypairs->next_keypair);
	if (!is_next) {
		spin_unlock_bh(&keypairs->lock);
		return false;
	}
	dropped = swap_keypair(keypairs, &keypairs->current_keypair, received);
	dropped = swap_keypair(keypairs, &keypairs->previous_keypair, dropped);
	RCU_INIT_POINTER(keypairs->next_keypair, NULL);
	spin_unlock_bh(&keypairs->lock);

	nym_keypair_put(dropped, true);
	return true;
}

/* Derives the transport keys (section 5.4.5): the initiator sends with the
 * first. Noise's Split().
 */
static void keypair_derive(struct nym_keypair *keypair,
			   const u8 chaining_key[NYM_HASH_SIZE])
{
	bool initiator = keypair->i_am_the_initiator;
	struct nym_key *first = initiator ? &keypair->sending : &keypair->receiving;
	struct nym_key *second = initiator ? &keypair->receiving : &keypair->sending;

	hkdf(first->key, second->key, NULL, chaining_key, NULL, 0);
	first->birthdate = ktime_get_coarse_boottime_ns();
	second->birthdate = first->birthdate;
	first->is_valid = true;
	second->is_valid = true;
}

bool nym_noise_begin_session(struct nym_handshake *handshake,
			     struct nym_keypairs *keypairs)
{
	struct nym_peer *peer = handshake->entry.peer;
	struct nym_keypair *dropped[2] = {};
	struct nym_keypair *keypair;
	bool success = false;

	down_write(&handshake->lock);
	if (handshake->state != NYM_HANDSHAKE_CREATED_RESPONSE &&
	    handshake->state != NYM_HANDSHAKE_CONSUMED_RESPONSE)
		goto out;
	keypair = keypair_create(peer);
	if (!keypair)
		goto out;
	keypair->i_am_the_initiator =
		handshake->state == NYM_HANDSHAKE_CONSUMED_RESPONSE;
	keypair->remote_index = handshake->remote_index;
	keypair_derive(keypair, handshake->chaining_key);
	handshake_wipe(handshake);

	/* Whoever removes a peer marks it dead and then clears its key pairs. Both
	 * that and this happen under the lock, so either the mark is seen here or
	 * the pair is seen there. The index is handed over under it as well: a
	 * pair that was cleared meanwhile must not enter the table.
	 */
	spin_lock_bh(&keypairs->lock);
	if (!READ_ONCE(peer->is_dead) &&
	    nym_index_table_replace(peer->device->indices, &handshake->entry,
				    &keypair->entry)) {
		net_dbg_ratelimited("%s: Keypair %llu created for peer %llu\n",
				    peer->device->dev->name,
				    keypair->internal_id, peer->internal_id);
		keypairs_add(keypairs, keypair, dropped);
		success = true;
	}
	spin_unlock_bh(&keypairs->lock);

	nym_keypair_put(dropped[0], true);
	nym_keypair_put(dropped[1], true);
	if (!success) {
		/* Nobody has seen it. */
		nym_peer_put(peer);
		keypair_free(keypair);
	}
out:
	up_write(&handshake->lock);
	return success;
}
