// SPDX-License-Identifier: GPL-2.0
/* Handshakes against known answers, with each other, and with all that must not
 * be accepted; and the slots of key pairs.
 */

#include "device.h"
#include "kunit-thread.h"
#include "noise.h"
#include "noise-testvecs.h"
#include "peer.h"

#include <kunit/test.h>
#include <linux/ktime.h>

/**
 * struct side - a device with one peer, as far as handshakes need them
 * @device:	with tables, and a net_device that has but a name
 * @identity:	used toward @peer
 * @peer:	the other side
 * @reason:	why the last message was not accepted
 */
struct side {
	struct nym_device *device;
	struct nym_identity *identity;
	struct nym_peer *peer;
	enum nym_drop_reason reason;
};

static void side_free(void *data)
{
	struct side *side = data;

	nym_keypairs_clear(&side->peer->keypairs);
	nym_noise_set_identity(&side->peer->handshake, NULL);
	nym_pubkey_table_remove(side->device->pubkeys, side->peer);
	nym_identity_put(side->identity);
	/* Key pairs are freed by callbacks of this module. */
	rcu_barrier();
	kvfree(side->device->pubkeys);
	kvfree(side->device->indices);
}

static struct side *new_side(struct kunit *test, const u8 *private_key,
			     const u8 *remote_public, const u8 *preshared_key)
{
	struct side *side = kunit_kzalloc(test, sizeof(*side), GFP_KERNEL);
	struct net_device *dev;

	KUNIT_ASSERT_NOT_NULL(test, side);
	side->device = kunit_kzalloc(test, sizeof(*side->device), GFP_KERNEL);
	side->peer = kunit_kzalloc(test, sizeof(*side->peer), GFP_KERNEL);
	dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, side->device && side->peer && dev);
	strscpy(dev->name, "kunit", sizeof(dev->name));
	side->device->dev = dev;
	side->device->pubkeys = nym_pubkey_table_alloc();
	side->device->indices = nym_index_table_alloc();
	KUNIT_ASSERT_TRUE(test, side->device->pubkeys && side->device->indices);
	side->identity = nym_identity_create(private_key);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, side->identity);

	kref_init(&side->peer->refcount);
	side->peer->device = side->device;
	nym_keypairs_init(&side->peer->keypairs);
	nym_noise_handshake_init(&side->peer->handshake, remote_public,
				 preshared_key, side->peer);
	nym_noise_set_identity(&side->peer->handshake, side->identity);
	nym_pubkey_table_add(side->device->pubkeys, side->peer);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, side_free, side), 0);
	return side;
}

static struct side *new_initiator(struct kunit *test)
{
	return new_side(test, testvec_initiator_private, testvec_responder_public,
			testvec_preshared_key);
}

static struct side *new_responder(struct kunit *test)
{
	return new_side(test, testvec_responder_private, testvec_initiator_public,
			testvec_preshared_key);
}

static bool accept_all(struct nym_peer *peer, void *ctx)
{
	return true;
}

static bool accept_none(struct nym_peer *peer, void *ctx)
{
	*(struct nym_peer **)ctx = peer;
	return false;
}

/* Reads an initiation and drops the reference that comes with success. */
static bool consume_initiation(struct side *side,
			       const struct nym_message_initiation *msg)
{
	struct nym_peer *peer = nym_noise_consume_initiation(msg, side->device,
							     side->identity,
							     accept_all, NULL,
							     &side->reason);

	if (peer)
		refcount_dec(&peer->refcount.refcount);
	return peer == side->peer;
}

static bool consume_response(struct side *side,
			     const struct nym_message_response *msg)
{
	struct nym_peer *peer = nym_noise_consume_response(msg, side->device,
							   accept_all, NULL,
							   &side->reason);

	if (peer)
		refcount_dec(&peer->refcount.refcount);
	return peer == side->peer;
}

static bool begin_session(struct side *side)
{
	return nym_noise_begin_session(&side->peer->handshake, &side->peer->keypairs);
}

static struct nym_keypair *current_of(struct side *side)
{
	return rcu_dereference_raw(side->peer->keypairs.current_keypair);
}

static struct nym_keypair *previous_of(struct side *side)
{
	return rcu_dereference_raw(side->peer->keypairs.previous_keypair);
}

static struct nym_keypair *next_of(struct side *side)
{
	return rcu_dereference_raw(side->peer->keypairs.next_keypair);
}

static struct nym_message_initiation known_initiation(void)
{
	struct nym_message_initiation msg;

	BUILD_BUG_ON(sizeof(msg) != sizeof(testvec_initiation));
	memcpy(&msg, testvec_initiation, sizeof(msg));
	return msg;
}

/* As the known response, but to the index that was drawn here: the index is no
 * part of what is authenticated.
 */
static struct nym_message_response known_response(struct side *initiator)
{
	struct nym_message_response msg;

	BUILD_BUG_ON(sizeof(msg) != sizeof(testvec_response));
	memcpy(&msg, testvec_response, sizeof(msg));
	msg.receiver_index = initiator->peer->handshake.entry.index;
	return msg;
}

/* Puts a side where it is after having sent the known initiation. */
static void sent_known_initiation(struct side *side)
{
	struct nym_handshake *handshake = &side->peer->handshake;

	memcpy(handshake->ephemeral_private, testvec_initiator_ephemeral_private,
	       NYM_KEY_SIZE);
	memcpy(handshake->hash, testvec_initiation_hash, NYM_HASH_SIZE);
	memcpy(handshake->chaining_key, testvec_initiation_chaining_key,
	       NYM_HASH_SIZE);
	handshake->state = NYM_HANDSHAKE_CREATED_INITIATION;
	nym_index_table_insert(side->device->indices, &handshake->entry);
}

static void initiation_known_answer(struct kunit *test)
{
	struct side *side = new_responder(test);
	struct nym_handshake *handshake = &side->peer->handshake;
	struct nym_message_initiation msg = known_initiation();

	KUNIT_ASSERT_TRUE(test, consume_initiation(side, &msg));
	KUNIT_EXPECT_EQ(test, handshake->state, NYM_HANDSHAKE_CONSUMED_INITIATION);
	KUNIT_EXPECT_MEMEQ(test, handshake->hash, testvec_initiation_hash,
			   NYM_HASH_SIZE);
	KUNIT_EXPECT_MEMEQ(test, handshake->chaining_key,
			   testvec_initiation_chaining_key, NYM_HASH_SIZE);
	KUNIT_EXPECT_MEMEQ(test, handshake->latest_timestamp, testvec_timestamp,
			   NYM_TIMESTAMP_SIZE);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(handshake->remote_index),
			TESTVEC_INITIATOR_INDEX);
}

static void response_known_answer(struct kunit *test)
{
	struct side *side = new_initiator(test);
	struct nym_handshake *handshake = &side->peer->handshake;
	struct nym_message_response msg;
	struct nym_keypair *keypair;
	__le32 index;

	sent_known_initiation(side);
	index = handshake->entry.index;
	msg = known_response(side);
	KUNIT_ASSERT_TRUE(test, consume_response(side, &msg));
	KUNIT_EXPECT_EQ(test, handshake->state, NYM_HANDSHAKE_CONSUMED_RESPONSE);
	KUNIT_EXPECT_MEMEQ(test, handshake->hash, testvec_response_hash, NYM_HASH_SIZE);
	KUNIT_EXPECT_MEMEQ(test, handshake->chaining_key,
			   testvec_response_chaining_key, NYM_HASH_SIZE);

	KUNIT_ASSERT_TRUE(test, begin_session(side));
	keypair = current_of(side);
	KUNIT_ASSERT_NOT_NULL(test, keypair);
	KUNIT_EXPECT_TRUE(test, keypair->i_am_the_initiator);
	KUNIT_EXPECT_MEMEQ(test, keypair->sending.key, testvec_initiator_sending_key,
			   NYM_SYMMETRIC_KEY_SIZE);
	KUNIT_EXPECT_MEMEQ(test, keypair->receiving.key,
			   testvec_responder_sending_key, NYM_SYMMETRIC_KEY_SIZE);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(keypair->remote_index),
			TESTVEC_RESPONDER_INDEX);
	KUNIT_EXPECT_EQ(test, (__force u32)keypair->entry.index, (__force u32)index);
}

static void responder_keys_known_answer(struct kunit *test)
{
	struct side *side = new_responder(test);
	struct nym_handshake *handshake = &side->peer->handshake;
	struct nym_keypair *keypair;

	memcpy(handshake->chaining_key, testvec_response_chaining_key, NYM_HASH_SIZE);
	handshake->state = NYM_HANDSHAKE_CREATED_RESPONSE;
	nym_index_table_insert(side->device->indices, &handshake->entry);
	KUNIT_ASSERT_TRUE(test, begin_session(side));
	keypair = next_of(side);
	KUNIT_ASSERT_NOT_NULL(test, keypair);
	KUNIT_EXPECT_FALSE(test, keypair->i_am_the_initiator);
	KUNIT_EXPECT_MEMEQ(test, keypair->sending.key, testvec_responder_sending_key,
			   NYM_SYMMETRIC_KEY_SIZE);
	KUNIT_EXPECT_MEMEQ(test, keypair->receiving.key,
			   testvec_initiator_sending_key, NYM_SYMMETRIC_KEY_SIZE);
}

/* The readers are right by the known answers; here the writers must suit them. */
static void both_sides(struct kunit *test)
{
	struct side *initiator = new_initiator(test);
	struct side *responder = new_responder(test);
	struct nym_message_initiation initiation = {};
	struct nym_message_response response = {};
	struct nym_keypair *sent, *received;

	KUNIT_ASSERT_TRUE(test, nym_noise_create_initiation(&initiation,
							    &initiator->peer->handshake));
	KUNIT_EXPECT_EQ(test, le32_to_cpu(initiation.header.type),
			NYM_MESSAGE_INITIATION);
	KUNIT_ASSERT_TRUE(test, consume_initiation(responder, &initiation));
	KUNIT_ASSERT_TRUE(test, nym_noise_create_response(&response,
							  &responder->peer->handshake));
	KUNIT_EXPECT_EQ(test, le32_to_cpu(response.header.type), NYM_MESSAGE_RESPONSE);
	KUNIT_EXPECT_EQ(test, (__force u32)response.receiver_index,
			(__force u32)initiation.sender_index);
	KUNIT_ASSERT_TRUE(test, begin_session(responder));
	KUNIT_ASSERT_TRUE(test, consume_response(initiator, &response));
	KUNIT_ASSERT_TRUE(test, begin_session(initiator));

	sent = current_of(initiator);
	received = next_of(responder);
	KUNIT_ASSERT_TRUE(test, sent && received);
	KUNIT_EXPECT_MEMEQ(test, sent->sending.key, received->receiving.key,
			   NYM_SYMMETRIC_KEY_SIZE);
	KUNIT_EXPECT_MEMEQ(test, sent->receiving.key, received->sending.key,
			   NYM_SYMMETRIC_KEY_SIZE);
	KUNIT_EXPECT_MEMNEQ(test, sent->sending.key, sent->receiving.key,
			    NYM_SYMMETRIC_KEY_SIZE);
	KUNIT_EXPECT_TRUE(test, sent->sending.is_valid && sent->receiving.is_valid &&
			  received->sending.is_valid && received->receiving.is_valid);
	KUNIT_EXPECT_EQ(test, (__force u32)sent->remote_index,
			(__force u32)received->entry.index);
	KUNIT_EXPECT_EQ(test, (__force u32)received->remote_index,
			(__force u32)sent->entry.index);

	/* Nothing of the handshake is left, and no message starts it again. */
	KUNIT_EXPECT_EQ(test, initiator->peer->handshake.state, NYM_HANDSHAKE_ZEROED);
	KUNIT_EXPECT_NULL(test, memchr_inv(initiator->peer->handshake.chaining_key, 0,
					   NYM_HASH_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(initiator->peer->handshake.ephemeral_private,
					   0, NYM_KEY_SIZE));
	KUNIT_EXPECT_FALSE(test, consume_response(initiator, &response));
	KUNIT_EXPECT_FALSE(test, begin_session(initiator));
	KUNIT_EXPECT_FALSE(test, consume_initiation(responder, &initiation));

	KUNIT_EXPECT_FALSE(test, nym_keypairs_confirm(&initiator->peer->keypairs, sent));
	KUNIT_EXPECT_TRUE(test, nym_keypairs_confirm(&responder->peer->keypairs,
						     received));
	KUNIT_EXPECT_PTR_EQ(test, current_of(responder), received);
	KUNIT_EXPECT_NULL(test, next_of(responder));
	KUNIT_EXPECT_FALSE(test, nym_keypairs_confirm(&responder->peer->keypairs,
						      received));
}

static void timestamp_is_coarse(struct kunit *test)
{
	struct side *initiator = new_initiator(test);
	struct side *responder = new_responder(test);
	struct nym_message_initiation msg;
	s64 ahead = nym_noise_clock_ahead(&initiator->peer->handshake) / NSEC_PER_SEC;
	s64 before = ktime_get_real_seconds(), seconds;
	const u8 *timestamp = responder->peer->handshake.latest_timestamp;

	KUNIT_ASSERT_TRUE(test, nym_noise_create_initiation(&msg,
							    &initiator->peer->handshake));
	KUNIT_ASSERT_TRUE(test, consume_initiation(responder, &msg));
	seconds = get_unaligned_be64(timestamp) - (1ULL << 62) - 10;
	KUNIT_EXPECT_GE(test, seconds, before + ahead);
	KUNIT_EXPECT_LE(test, seconds, (s64)ktime_get_real_seconds() + ahead + 1);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(timestamp + 8) % (1 << 24), 0);
}

/* By how much the clock that a peer sees is ahead follows from the identity and
 * the peer, and from nothing else.
 */
static void clocks_differ(struct kunit *test)
{
	struct side *one = new_initiator(test);
	struct side *same = new_initiator(test);
	struct side *other_peer = new_side(test, testvec_initiator_private,
					   testvec_initiator_public, NULL);
	struct side *other_identity = new_side(test, testvec_preshared_key,
					       testvec_responder_public, NULL);
	u64 ahead = nym_noise_clock_ahead(&one->peer->handshake);

	KUNIT_EXPECT_LT(test, ahead, NYM_CLOCK_AHEAD_LIMIT);
	KUNIT_EXPECT_EQ(test, ahead, nym_noise_clock_ahead(&same->peer->handshake));
	KUNIT_EXPECT_NE(test, ahead, nym_noise_clock_ahead(&other_peer->peer->handshake));
	KUNIT_EXPECT_NE(test, ahead, nym_noise_clock_ahead(&other_identity->peer->handshake));
	nym_noise_set_identity(&one->peer->handshake, NULL);
	nym_noise_set_identity(&one->peer->handshake, one->identity);
	KUNIT_EXPECT_EQ(test, ahead, nym_noise_clock_ahead(&one->peer->handshake));
}

/* What was said to be an hour from now, before the clock was set back, is followed
 * by what is later still, also where that is in the next second.
 */
static void timestamp_goes_on(struct kunit *test)
{
	struct side *initiator = new_initiator(test);
	struct side *responder = new_responder(test);
	struct nym_handshake *heard = &responder->peer->handshake;
	struct nym_handshake *said = &initiator->peer->handshake;
	struct nym_message_initiation msg;
	u8 before[NYM_TIMESTAMP_SIZE];
	int i;

	said->sent_timestamp.tv_sec = ktime_get_real_seconds() + 3600;
	said->sent_timestamp.tv_nsec = rounddown(NSEC_PER_SEC - 1, 1 << 24);
	put_unaligned_be64((1ULL << 62) + 10 + said->sent_timestamp.tv_sec,
			   heard->latest_timestamp);
	put_unaligned_be32(said->sent_timestamp.tv_nsec,
			   heard->latest_timestamp + 8);
	for (i = 0; i < 3; i++) {
		memcpy(before, heard->latest_timestamp, sizeof(before));
		KUNIT_ASSERT_TRUE(test, nym_noise_create_initiation(&msg, said));
		heard->last_initiation_consumption -= NSEC_PER_SEC;
		KUNIT_ASSERT_TRUE(test, consume_initiation(responder, &msg));
		KUNIT_EXPECT_LT(test, memcmp(before, heard->latest_timestamp,
					     sizeof(before)), 0);
		KUNIT_EXPECT_EQ(test, get_unaligned_be32(heard->latest_timestamp + 8) %
				      (1 << 24), 0);
		KUNIT_EXPECT_LT(test, get_unaligned_be32(heard->latest_timestamp + 8),
				NSEC_PER_SEC);
	}
}

static void tampered_initiation(struct kunit *test)
{
	struct side *side = new_responder(test);
	struct nym_message_initiation msg = known_initiation();
	unsigned int i = offsetof(struct nym_message_initiation, unencrypted_ephemeral);

	for (; i < offsetof(struct nym_message_initiation, macs); i++) {
		((u8 *)&msg)[i] ^= 1;
		KUNIT_ASSERT_FALSE_MSG(test, consume_initiation(side, &msg),
				       "byte %u", i);
		KUNIT_EXPECT_EQ(test, side->reason, NYM_DROP_NOT_AUTHENTIC);
		((u8 *)&msg)[i] ^= 1;
	}
	KUNIT_EXPECT_EQ(test, side->peer->handshake.state, NYM_HANDSHAKE_ZEROED);
	KUNIT_EXPECT_NULL(test, memchr_inv(side->peer->handshake.latest_timestamp, 0,
					   NYM_TIMESTAMP_SIZE));
	KUNIT_EXPECT_EQ(test, kref_read(&side->peer->refcount), 1);
	KUNIT_EXPECT_TRUE(test, consume_initiation(side, &msg));
}

static void tampered_response(struct kunit *test)
{
	struct side *side = new_initiator(test);
	struct nym_handshake *handshake = &side->peer->handshake;
	struct nym_message_response msg;
	unsigned int i = offsetof(struct nym_message_response, unencrypted_ephemeral);

	sent_known_initiation(side);
	msg = known_response(side);
	for (; i < offsetof(struct nym_message_response, macs); i++) {
		((u8 *)&msg)[i] ^= 1;
		KUNIT_ASSERT_FALSE_MSG(test, consume_response(side, &msg), "byte %u", i);
		KUNIT_EXPECT_EQ(test, side->reason, NYM_DROP_NOT_AUTHENTIC);
		((u8 *)&msg)[i] ^= 1;
	}
	KUNIT_EXPECT_EQ(test, handshake->state, NYM_HANDSHAKE_CREATED_INITIATION);
	KUNIT_EXPECT_MEMEQ(test, handshake->hash, testvec_initiation_hash,
			   NYM_HASH_SIZE);
	KUNIT_EXPECT_EQ(test, kref_read(&side->peer->refcount), 1);
	KUNIT_EXPECT_TRUE(test, consume_response(side, &msg));
}

static void wrong_preshared_key(struct kunit *test)
{
	struct side *side = new_initiator(test);
	struct nym_message_response msg;
	u8 key[NYM_SYMMETRIC_KEY_SIZE] = {};

	sent_known_initiation(side);
	msg = known_response(side);
	nym_noise_set_preshared_key(&side->peer->handshake, key);
	KUNIT_EXPECT_FALSE(test, consume_response(side, &msg));
	nym_noise_set_preshared_key(&side->peer->handshake, testvec_preshared_key);
	KUNIT_EXPECT_TRUE(test, consume_response(side, &msg));
}

static void replayed_initiation(struct kunit *test)
{
	struct side *side = new_responder(test);
	struct nym_handshake *handshake = &side->peer->handshake;
	struct nym_message_initiation msg = known_initiation();

	KUNIT_ASSERT_TRUE(test, consume_initiation(side, &msg));
	handshake->last_initiation_consumption -= NSEC_PER_SEC;
	KUNIT_EXPECT_FALSE(test, consume_initiation(side, &msg));
	KUNIT_EXPECT_EQ(test, side->reason, NYM_DROP_REPLAYED);
	/* Older by one bit, or newer by one. */
	handshake->latest_timestamp[NYM_TIMESTAMP_SIZE - 1]++;
	KUNIT_EXPECT_FALSE(test, consume_initiation(side, &msg));
	memcpy(handshake->latest_timestamp, testvec_timestamp, NYM_TIMESTAMP_SIZE);
	handshake->latest_timestamp[7]--;
	KUNIT_EXPECT_TRUE(test, consume_initiation(side, &msg));
	/* A new handshake of ours does not make the peer's old ones new. */
	nym_noise_handshake_clear(handshake);
	handshake->last_initiation_consumption -= NSEC_PER_SEC;
	KUNIT_EXPECT_FALSE(test, consume_initiation(side, &msg));
}

static void flood_of_initiations(struct kunit *test)
{
	struct side *side = new_responder(test);
	struct nym_handshake *handshake = &side->peer->handshake;
	struct nym_message_initiation msg = known_initiation();

	/* The last one is to come in a minute: too soon for any now. */
	handshake->last_initiation_consumption = ktime_get_coarse_boottime_ns() +
						 60 * (u64)NSEC_PER_SEC;
	KUNIT_EXPECT_FALSE(test, consume_initiation(side, &msg));
	KUNIT_EXPECT_EQ(test, side->reason, NYM_DROP_RATE_LIMITED);
	handshake->last_initiation_consumption = ktime_get_coarse_boottime_ns() -
						 NSEC_PER_SEC / NYM_INITIATIONS_PER_SECOND;
	KUNIT_EXPECT_TRUE(test, consume_initiation(side, &msg));
}

/* A peer is known under the identity it is to see, and under no other. */
static void other_identity(struct kunit *test)
{
	struct side *side = new_responder(test);
	struct nym_message_initiation msg = known_initiation();
	struct nym_identity *other, *same;

	other = nym_identity_create(testvec_preshared_key);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	nym_noise_set_identity(&side->peer->handshake, other);
	KUNIT_EXPECT_FALSE(test, consume_initiation(side, &msg));
	nym_noise_set_identity(&side->peer->handshake, NULL);
	KUNIT_EXPECT_FALSE(test, consume_initiation(side, &msg));
	KUNIT_EXPECT_EQ(test, side->peer->handshake.state, NYM_HANDSHAKE_ZEROED);
	nym_identity_put(other);

	/* The same key given twice is one identity, though it is two objects. */
	same = nym_identity_create(testvec_responder_private);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, same);
	nym_noise_set_identity(&side->peer->handshake, same);
	KUNIT_EXPECT_TRUE(test, consume_initiation(side, &msg));
	nym_identity_put(same);
}

static void unknown_peer(struct kunit *test)
{
	struct side *side = new_side(test, testvec_responder_private,
				     testvec_responder_public, NULL);
	struct nym_message_initiation msg = known_initiation();

	KUNIT_EXPECT_NULL(test, nym_noise_consume_initiation(&msg, side->device,
							     side->identity,
							     accept_all, NULL,
							     &side->reason));
	KUNIT_EXPECT_EQ(test, side->reason, NYM_DROP_UNKNOWN_PEER);
}

static void not_accepted(struct kunit *test)
{
	struct side *initiator = new_initiator(test);
	struct side *responder = new_responder(test);
	struct nym_message_initiation initiation = known_initiation();
	struct nym_message_response response;
	struct nym_peer *asked = NULL;

	KUNIT_EXPECT_NULL(test, nym_noise_consume_initiation(&initiation,
							     responder->device,
							     responder->identity,
							     accept_none, &asked,
							     &responder->reason));
	KUNIT_EXPECT_EQ(test, responder->reason, NYM_DROP_OUTSIDE_CARRIER);
	KUNIT_EXPECT_PTR_EQ(test, asked, responder->peer);
	KUNIT_EXPECT_EQ(test, responder->peer->handshake.state, NYM_HANDSHAKE_ZEROED);
	KUNIT_EXPECT_EQ(test, kref_read(&responder->peer->refcount), 1);
	KUNIT_EXPECT_TRUE(test, consume_initiation(responder, &initiation));

	sent_known_initiation(initiator);
	response = known_response(initiator);
	KUNIT_EXPECT_NULL(test, nym_noise_consume_response(&response, initiator->device,
							   accept_none, &asked,
							   &initiator->reason));
	KUNIT_EXPECT_EQ(test, initiator->reason, NYM_DROP_OUTSIDE_CARRIER);
	KUNIT_EXPECT_PTR_EQ(test, asked, initiator->peer);
	KUNIT_EXPECT_EQ(test, initiator->peer->handshake.state,
			NYM_HANDSHAKE_CREATED_INITIATION);
	KUNIT_EXPECT_EQ(test, kref_read(&initiator->peer->refcount), 1);
	KUNIT_EXPECT_TRUE(test, consume_response(initiator, &response));
}

static void response_to_nothing(struct kunit *test)
{
	struct side *side = new_initiator(test);
	struct nym_message_initiation initiation;
	struct nym_message_response msg;

	sent_known_initiation(side);
	msg = known_response(side);
	/* Another initiation went out meanwhile. */
	KUNIT_ASSERT_TRUE(test, nym_noise_create_initiation(&initiation,
							    &side->peer->handshake));
	KUNIT_EXPECT_FALSE(test, consume_response(side, &msg));
	msg.receiver_index = initiation.sender_index;
	KUNIT_EXPECT_FALSE(test, consume_response(side, &msg));

	/* Our identity changed meanwhile. */
	sent_known_initiation(side);
	msg = known_response(side);
	nym_noise_set_identity(&side->peer->handshake, side->identity);
	KUNIT_EXPECT_FALSE(test, consume_response(side, &msg));
	KUNIT_EXPECT_FALSE(test, begin_session(side));
	KUNIT_EXPECT_FALSE(test, nym_noise_create_response(&msg,
							   &side->peer->handshake));
}

static void no_identity(struct kunit *test)
{
	struct side *side = new_initiator(test);
	struct nym_message_initiation msg;

	nym_noise_set_identity(&side->peer->handshake, NULL);
	KUNIT_EXPECT_FALSE(test, nym_noise_create_initiation(&msg,
							     &side->peer->handshake));
	KUNIT_EXPECT_TRUE(test, hlist_unhashed(&side->peer->handshake.entry.index_hash));
	nym_noise_set_identity(&side->peer->handshake, side->identity);
	KUNIT_EXPECT_TRUE(test, nym_noise_create_initiation(&msg,
							    &side->peer->handshake));
}

/* A point of low order gives a shared secret that everybody knows. */
static void low_order_key(struct kunit *test)
{
	static const u8 zero[NYM_KEY_SIZE], one[NYM_KEY_SIZE] = { 1 };
	struct side *side = new_side(test, testvec_initiator_private, zero, NULL);
	struct side *responder = new_responder(test);
	struct nym_message_initiation msg = known_initiation();

	KUNIT_EXPECT_NULL(test, memchr_inv(side->peer->handshake.static_static, 0,
					   NYM_KEY_SIZE));
	KUNIT_EXPECT_FALSE(test, nym_noise_create_initiation(&msg,
							     &side->peer->handshake));
	memcpy(msg.unencrypted_ephemeral, one, NYM_KEY_SIZE);
	KUNIT_EXPECT_FALSE(test, consume_initiation(responder, &msg));
	msg = known_initiation();
	memset(responder->peer->handshake.static_static, 0, NYM_KEY_SIZE);
	KUNIT_EXPECT_FALSE(test, consume_initiation(responder, &msg));

	/* All in it is right for someone who takes zero for a shared secret. */
	responder = new_side(test, testvec_responder_private, zero, NULL);
	memcpy(&msg, testvec_low_order_initiation, sizeof(msg));
	KUNIT_EXPECT_FALSE(test, consume_initiation(responder, &msg));
}

/* Makes a session as if a handshake had just finished. */
static struct nym_keypair *new_session(struct kunit *test, struct side *side,
				       bool initiator)
{
	struct nym_handshake *handshake = &side->peer->handshake;

	handshake->state = initiator ? NYM_HANDSHAKE_CONSUMED_RESPONSE :
				       NYM_HANDSHAKE_CREATED_RESPONSE;
	nym_index_table_insert(side->device->indices, &handshake->entry);
	KUNIT_ASSERT_TRUE(test, begin_session(side));
	return initiator ? current_of(side) : next_of(side);
}

static void expect_slots(struct kunit *test, struct side *side,
			 struct nym_keypair *now, struct nym_keypair *previous,
			 struct nym_keypair *next)
{
	KUNIT_EXPECT_PTR_EQ(test, current_of(side), now);
	KUNIT_EXPECT_PTR_EQ(test, previous_of(side), previous);
	KUNIT_EXPECT_PTR_EQ(test, next_of(side), next);
	/* Each pair has a reference to the peer, and so has the test. */
	KUNIT_EXPECT_EQ(test, kref_read(&side->peer->refcount),
			1 + !!now + !!previous + !!next);
}

static void slots(struct kunit *test)
{
	struct side *side = new_initiator(test);
	struct nym_keypairs *keypairs = &side->peer->keypairs;
	struct nym_keypair *a, *b, *c;

	a = new_session(test, side, true);
	expect_slots(test, side, a, NULL, NULL);
	b = new_session(test, side, true);
	expect_slots(test, side, b, a, NULL);
	/* A pair that is not confirmed yet displaces the previous one only. */
	c = new_session(test, side, false);
	expect_slots(test, side, b, NULL, c);
	KUNIT_EXPECT_FALSE(test, nym_keypairs_confirm(keypairs, b));
	KUNIT_EXPECT_TRUE(test, nym_keypairs_confirm(keypairs, c));
	expect_slots(test, side, c, b, NULL);
	/* Of two not confirmed the newer stays. */
	a = new_session(test, side, false);
	b = new_session(test, side, false);
	expect_slots(test, side, c, NULL, b);
	/* Both sides started a handshake: theirs is kept for receiving. */
	a = new_session(test, side, true);
	expect_slots(test, side, a, b, NULL);

	nym_keypairs_expire(keypairs);
	KUNIT_EXPECT_FALSE(test, a->sending.is_valid);
	KUNIT_EXPECT_TRUE(test, a->receiving.is_valid);

	KUNIT_EXPECT_PTR_EQ(test, nym_keypair_get(a), a);
	nym_keypairs_clear(keypairs);
	/* Ours is still held, but no message finds it. */
	KUNIT_EXPECT_EQ(test, kref_read(&side->peer->refcount), 2);
	KUNIT_EXPECT_TRUE(test, hlist_unhashed(&a->entry.index_hash));
	nym_keypair_put(a, false);
	expect_slots(test, side, NULL, NULL, NULL);
}

static void dead_peer(struct kunit *test)
{
	struct side *side = new_initiator(test);
	struct nym_handshake *handshake = &side->peer->handshake;

	side->peer->is_dead = true;
	handshake->state = NYM_HANDSHAKE_CONSUMED_RESPONSE;
	nym_index_table_insert(side->device->indices, &handshake->entry);
	KUNIT_EXPECT_FALSE(test, begin_session(side));
	expect_slots(test, side, NULL, NULL, NULL);
}

/**
 * struct race - threads on one peer's key pairs
 * @side:	its device
 * @index:	of the youngest session
 */
struct race {
	struct side *side;
	__le32 index;
};

/* Ends sessions while they begin. */
static int clear_sessions(void *data)
{
	struct race *race = data;

	while (!kthread_should_stop()) {
		nym_keypairs_clear(&race->side->peer->keypairs);
		schedule();
	}
	return 0;
}

/* Uses sessions while they end, as the data path does. */
static int use_sessions(void *data)
{
	struct race *race = data;

	while (!kthread_should_stop()) {
		struct nym_keypair *keypair = NULL;
		struct nym_index_entry *entry;
		struct nym_peer *peer = NULL;

		rcu_read_lock();
		entry = nym_index_table_lookup(race->side->device->indices,
					       NYM_INDEX_KEYPAIR,
					       READ_ONCE(race->index), &peer);
		if (entry)
			keypair = nym_keypair_get(container_of(entry,
							       struct nym_keypair,
							       entry));
		rcu_read_unlock();
		if (keypair) {
			nym_keypairs_confirm(&race->side->peer->keypairs, keypair);
			nym_keypair_put(keypair, false);
		}
		if (peer)
			refcount_dec(&peer->refcount.refcount);
		schedule();
	}
	return 0;
}

static void sessions_come_and_go(struct kunit *test)
{
	struct side *side = new_initiator(test);
	struct race race = { .side = side };
	struct task_struct *clearing, *using;
	unsigned int i;

	clearing = nym_kunit_thread_start(clear_sessions, &race);
	KUNIT_ASSERT_FALSE(test, IS_ERR(clearing));
	using = nym_kunit_thread_start(use_sessions, &race);
	if (IS_ERR(using)) {
		kthread_stop(clearing);
		KUNIT_FAIL_AND_ABORT(test, "no thread");
	}
	for (i = 0; i < 20000; i++) {
		struct nym_handshake *handshake = &side->peer->handshake;

		down_write(&handshake->lock);
		handshake->state = i & 1 ? NYM_HANDSHAKE_CONSUMED_RESPONSE :
					   NYM_HANDSHAKE_CREATED_RESPONSE;
		nym_index_table_insert(side->device->indices, &handshake->entry);
		WRITE_ONCE(race.index, handshake->entry.index);
		up_write(&handshake->lock);
		if (!begin_session(side)) {
			KUNIT_FAIL(test, "no session %u", i);
			break;
		}
		schedule();
	}
	kthread_stop(using);
	kthread_stop(clearing);

	nym_keypairs_clear(&side->peer->keypairs);
	expect_slots(test, side, NULL, NULL, NULL);
	KUNIT_EXPECT_TRUE(test, hash_empty(side->device->indices->buckets));
}

static struct kunit_case noise_cases[] = {
	KUNIT_CASE(initiation_known_answer),
	KUNIT_CASE(response_known_answer),
	KUNIT_CASE(responder_keys_known_answer),
	KUNIT_CASE(both_sides),
	KUNIT_CASE(timestamp_is_coarse),
	KUNIT_CASE(timestamp_goes_on),
	KUNIT_CASE(clocks_differ),
	KUNIT_CASE(tampered_initiation),
	KUNIT_CASE(tampered_response),
	KUNIT_CASE(wrong_preshared_key),
	KUNIT_CASE(replayed_initiation),
	KUNIT_CASE(flood_of_initiations),
	KUNIT_CASE(other_identity),
	KUNIT_CASE(unknown_peer),
	KUNIT_CASE(not_accepted),
	KUNIT_CASE(response_to_nothing),
	KUNIT_CASE(no_identity),
	KUNIT_CASE(low_order_key),
	KUNIT_CASE(slots),
	KUNIT_CASE(dead_peer),
	KUNIT_CASE_SLOW(sessions_come_and_go),
	{}
};

static struct kunit_suite noise_suite = {
	.name = "nym_noise",
	.test_cases = noise_cases,
};

kunit_test_suite(noise_suite);
