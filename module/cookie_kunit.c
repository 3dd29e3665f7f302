// SPDX-License-Identifier: GPL-2.0
/* MACs and cookies against known answers, and what must not be accepted. */

#include "cookie.h"
#include "noise-testvecs.h"

#include <kunit/test.h>
#include <linux/in.h>
#include <linux/ktime.h>

static struct nym_identity *new_identity(struct kunit *test, const u8 *private_key)
{
	struct nym_identity *identity = nym_identity_create(private_key);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, identity);
	return identity;
}

static struct nym_cookie_secret *new_secret(struct kunit *test)
{
	struct nym_cookie_secret *secret;

	secret = kunit_kzalloc(test, sizeof(*secret), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, secret);
	nym_cookie_secret_init(secret);
	return secret;
}

static struct nym_cookie_secret *known_secret(struct kunit *test)
{
	struct nym_cookie_secret *secret = new_secret(test);

	memcpy(secret->secret, testvec_cookie_secret, sizeof(secret->secret));
	secret->birthdate = ktime_get_coarse_boottime_ns();
	return secret;
}

static struct nym_cookie_source known_source(void)
{
	struct nym_cookie_source source;

	BUILD_BUG_ON(sizeof(source) != sizeof(testvec_cookie_source));
	memcpy(&source, testvec_cookie_source, sizeof(source));
	return source;
}

/* State toward the responder after the known initiation was sent. */
static struct nym_cookie *known_cookie_state(struct kunit *test)
{
	struct nym_cookie *cookie = kunit_kmalloc(test, sizeof(*cookie), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cookie);
	nym_cookie_init(cookie, testvec_responder_public);
	memcpy(cookie->last_mac1_sent, testvec_initiation + 116, NYM_MAC_SIZE);
	cookie->have_sent_mac1 = true;
	return cookie;
}

static struct nym_message_initiation known_initiation(void)
{
	struct nym_message_initiation msg;

	memcpy(&msg, testvec_initiation, sizeof(msg));
	return msg;
}

static void identity_known_answer(struct kunit *test)
{
	struct nym_identity *identity;
	u8 unclamped[NYM_KEY_SIZE];

	memcpy(unclamped, testvec_initiator_private, NYM_KEY_SIZE);
	unclamped[0] |= 7;
	unclamped[31] |= 0x80;
	identity = new_identity(test, unclamped);
	KUNIT_EXPECT_MEMEQ(test, identity->private_key, testvec_initiator_private,
			   NYM_KEY_SIZE);
	KUNIT_EXPECT_MEMEQ(test, identity->public_key, testvec_initiator_public,
			   NYM_KEY_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, nym_identity_get(identity), identity);
	KUNIT_EXPECT_EQ(test, refcount_read(&identity->refcount), 2);
	nym_identity_put(identity);
	nym_identity_put(identity);
	KUNIT_EXPECT_NULL(test, nym_identity_get(NULL));
	nym_identity_put(NULL);
}

static void mac1_known_answer(struct kunit *test)
{
	struct nym_identity *identity = new_identity(test, testvec_responder_private);
	struct nym_identity *other = new_identity(test, testvec_initiator_private);
	struct nym_message_initiation msg = known_initiation();
	unsigned int i;

	KUNIT_EXPECT_TRUE(test, nym_cookie_check_mac1(identity, &msg, sizeof(msg)));
	KUNIT_EXPECT_FALSE(test, nym_cookie_check_mac1(other, &msg, sizeof(msg)));
	KUNIT_EXPECT_TRUE(test, nym_cookie_check_mac1(other, testvec_response,
						      sizeof(testvec_response)));
	/* Every bit up to mac2 counts. */
	for (i = 0; i < offsetof(struct nym_message_initiation, macs.mac2) * 8; i++) {
		((u8 *)&msg)[i / 8] ^= 1 << i % 8;
		KUNIT_EXPECT_FALSE_MSG(test,
				       nym_cookie_check_mac1(identity, &msg,
							     sizeof(msg)),
				       "bit %u", i);
		((u8 *)&msg)[i / 8] ^= 1 << i % 8;
	}
	memset(msg.macs.mac2, 0xff, NYM_MAC_SIZE);
	KUNIT_EXPECT_TRUE(test, nym_cookie_check_mac1(identity, &msg, sizeof(msg)));
	nym_identity_put(identity);
	nym_identity_put(other);
}

static void mac2_known_answer(struct kunit *test)
{
	struct nym_cookie_secret *secret = known_secret(test);
	struct nym_message_initiation msg = known_initiation();
	struct nym_cookie_source source = known_source(), other;
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, nym_cookie_check_mac2(secret, &msg, sizeof(msg),
						       &source));
	memcpy(msg.macs.mac2, testvec_initiation_mac2, NYM_MAC_SIZE);
	KUNIT_EXPECT_TRUE(test, nym_cookie_check_mac2(secret, &msg, sizeof(msg),
						      &source));
	for (i = 0; i < sizeof(msg); i++) {
		((u8 *)&msg)[i] ^= 1;
		KUNIT_EXPECT_FALSE_MSG(test,
				       nym_cookie_check_mac2(secret, &msg,
							     sizeof(msg), &source),
				       "byte %u", i);
		((u8 *)&msg)[i] ^= 1;
	}

	other = source;
	other.address[3] ^= 1;
	KUNIT_EXPECT_FALSE(test, nym_cookie_check_mac2(secret, &msg, sizeof(msg),
						       &other));
	other = source;
	other.port ^= htons(1);
	KUNIT_EXPECT_FALSE(test, nym_cookie_check_mac2(secret, &msg, sizeof(msg),
						       &other));
	other = source;
	other.carrier ^= 1;
	KUNIT_EXPECT_FALSE(test, nym_cookie_check_mac2(secret, &msg, sizeof(msg),
						       &other));
}

static void secret_is_renewed(struct kunit *test)
{
	const u64 max_age = NYM_COOKIE_SECRET_MAX_AGE * (u64)NSEC_PER_SEC;
	struct nym_cookie_secret *secret = known_secret(test);
	struct nym_message_initiation msg = known_initiation();
	struct nym_cookie_source source = known_source();

	memcpy(msg.macs.mac2, testvec_initiation_mac2, NYM_MAC_SIZE);
	secret->birthdate -= max_age;
	KUNIT_EXPECT_FALSE(test, nym_cookie_check_mac2(secret, &msg, sizeof(msg),
						       &source));
	KUNIT_EXPECT_MEMNEQ(test, secret->secret, testvec_cookie_secret,
			    NYM_HASH_SIZE);

	/* One that was never used is drawn first. */
	secret = new_secret(test);
	nym_cookie_check_mac2(secret, &msg, sizeof(msg), &source);
	KUNIT_EXPECT_NE(test, secret->birthdate, 0);
	KUNIT_EXPECT_NOT_NULL(test, memchr_inv(secret->secret, 0, NYM_HASH_SIZE));
}

static void add_macs(struct kunit *test)
{
	const u64 usable = (NYM_COOKIE_SECRET_MAX_AGE - NYM_COOKIE_SECRET_LATENCY) *
			   (u64)NSEC_PER_SEC;
	static const u8 zero[NYM_MAC_SIZE];
	struct nym_cookie *cookie = known_cookie_state(test);
	struct nym_message_initiation msg = known_initiation();

	memset(&msg.macs, 0xff, sizeof(msg.macs));
	memset(cookie->last_mac1_sent, 0, NYM_MAC_SIZE);
	cookie->have_sent_mac1 = false;
	nym_cookie_add_macs(&msg, sizeof(msg), cookie);
	KUNIT_EXPECT_MEMEQ(test, &msg, testvec_initiation, sizeof(msg));
	KUNIT_EXPECT_TRUE(test, cookie->have_sent_mac1);
	KUNIT_EXPECT_MEMEQ(test, cookie->last_mac1_sent, msg.macs.mac1, NYM_MAC_SIZE);

	memcpy(cookie->cookie, testvec_cookie, NYM_COOKIE_SIZE);
	cookie->is_valid = true;
	cookie->birthdate = ktime_get_coarse_boottime_ns();
	nym_cookie_add_macs(&msg, sizeof(msg), cookie);
	KUNIT_EXPECT_MEMEQ(test, msg.macs.mac2, testvec_initiation_mac2, NYM_MAC_SIZE);

	/* Too old to arrive before the responder's secret changes. */
	cookie->birthdate -= usable;
	nym_cookie_add_macs(&msg, sizeof(msg), cookie);
	KUNIT_EXPECT_MEMEQ(test, msg.macs.mac2, zero, NYM_MAC_SIZE);
}

static void reply_known_answer(struct kunit *test)
{
	struct nym_cookie *cookie = known_cookie_state(test);
	struct nym_message_cookie reply;
	unsigned int i;

	memcpy(&reply, testvec_cookie_reply, sizeof(reply));
	for (i = offsetof(struct nym_message_cookie, nonce); i < sizeof(reply); i++) {
		((u8 *)&reply)[i] ^= 1;
		KUNIT_EXPECT_FALSE_MSG(test, nym_cookie_consume_reply(&reply, cookie),
				       "byte %u", i);
		((u8 *)&reply)[i] ^= 1;
	}
	KUNIT_EXPECT_FALSE(test, cookie->is_valid);
	KUNIT_ASSERT_TRUE(test, nym_cookie_consume_reply(&reply, cookie));
	KUNIT_EXPECT_TRUE(test, cookie->is_valid);
	KUNIT_EXPECT_MEMEQ(test, cookie->cookie, testvec_cookie, NYM_COOKIE_SIZE);

	/* It answered one message of ours and answers no other. */
	KUNIT_EXPECT_FALSE(test, nym_cookie_consume_reply(&reply, cookie));
	cookie->have_sent_mac1 = true;
	cookie->last_mac1_sent[0] ^= 1;
	KUNIT_EXPECT_FALSE(test, nym_cookie_consume_reply(&reply, cookie));
}

/* From the message that is answered to the one that then carries a cookie. */
static void exchange(struct kunit *test)
{
	struct nym_identity *identity = new_identity(test, testvec_responder_private);
	struct nym_cookie_secret *secret = new_secret(test);
	struct nym_cookie *cookie = known_cookie_state(test);
	struct nym_message_initiation msg = known_initiation();
	struct nym_cookie_source source = known_source();
	struct nym_message_cookie reply, second;

	nym_cookie_add_macs(&msg, sizeof(msg), cookie);
	KUNIT_EXPECT_FALSE(test, nym_cookie_check_mac2(secret, &msg, sizeof(msg),
						       &source));
	nym_cookie_create_reply(&reply, &msg, sizeof(msg), msg.sender_index, secret,
				identity, &source);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(reply.header.type), NYM_MESSAGE_COOKIE);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(reply.receiver_index),
			TESTVEC_INITIATOR_INDEX);
	nym_cookie_create_reply(&second, &msg, sizeof(msg), msg.sender_index, secret,
				identity, &source);
	KUNIT_EXPECT_MEMNEQ(test, reply.nonce, second.nonce, NYM_COOKIE_NONCE_SIZE);

	KUNIT_ASSERT_TRUE(test, nym_cookie_consume_reply(&reply, cookie));
	nym_cookie_add_macs(&msg, sizeof(msg), cookie);
	KUNIT_EXPECT_TRUE(test, nym_cookie_check_mac1(identity, &msg, sizeof(msg)));
	KUNIT_EXPECT_TRUE(test, nym_cookie_check_mac2(secret, &msg, sizeof(msg),
						      &source));

	nym_cookie_forget(cookie);
	KUNIT_EXPECT_FALSE(test, nym_cookie_consume_reply(&reply, cookie));
	nym_cookie_add_macs(&msg, sizeof(msg), cookie);
	KUNIT_EXPECT_TRUE(test, nym_cookie_check_mac1(identity, &msg, sizeof(msg)));
	KUNIT_EXPECT_FALSE(test, nym_cookie_check_mac2(secret, &msg, sizeof(msg),
						       &source));
	nym_identity_put(identity);
}

static void cookie_test_exit(struct kunit *test)
{
	/* Identities are freed by callbacks of this module. */
	rcu_barrier();
}

static struct kunit_case cookie_cases[] = {
	KUNIT_CASE(identity_known_answer),
	KUNIT_CASE(mac1_known_answer),
	KUNIT_CASE(mac2_known_answer),
	KUNIT_CASE(secret_is_renewed),
	KUNIT_CASE(add_macs),
	KUNIT_CASE(reply_known_answer),
	KUNIT_CASE(exchange),
	{}
};

static struct kunit_suite cookie_suite = {
	.name = "nym_cookie",
	.exit = cookie_test_exit,
	.test_cases = cookie_cases,
};

kunit_test_suite(cookie_suite);
