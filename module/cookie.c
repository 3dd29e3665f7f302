// SPDX-License-Identifier: GPL-2.0
/*
 * mac1 proves that a sender knows whom it talks to; mac2 proves that it gets
 * what is sent to its address. Neither says who it is.
 */

#include "cookie.h"
#include "timers.h"

#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/string.h>

#define LABEL_LEN	8

static const char label_mac1[] = "mac1----";
static const char label_cookie[] = "cookie--";

static_assert(sizeof(label_mac1) == LABEL_LEN + 1);
static_assert(sizeof(label_cookie) == LABEL_LEN + 1);

/* It is hashed as it lies in memory. */
static_assert(sizeof(struct nym_cookie_source) == 32);

static void derive_key(u8 key[NYM_SYMMETRIC_KEY_SIZE], const char *label,
		       const u8 public_key[NYM_KEY_SIZE])
{
	struct blake2s_ctx ctx;

	blake2s_init(&ctx, NYM_SYMMETRIC_KEY_SIZE);
	blake2s_update(&ctx, (const u8 *)label, LABEL_LEN);
	blake2s_update(&ctx, public_key, NYM_KEY_SIZE);
	blake2s_final(&ctx, key);
}

void nym_cookie_derive_keys(u8 mac1_key[NYM_SYMMETRIC_KEY_SIZE],
			    u8 cookie_key[NYM_SYMMETRIC_KEY_SIZE],
			    const u8 public_key[NYM_KEY_SIZE])
{
	derive_key(mac1_key, label_mac1, public_key);
	derive_key(cookie_key, label_cookie, public_key);
}

void nym_cookie_secret_init(struct nym_cookie_secret *secret)
{
	init_rwsem(&secret->lock);
	secret->birthdate = 0;
}

void nym_cookie_init(struct nym_cookie *cookie, const u8 remote_static[NYM_KEY_SIZE])
{
	memset(cookie, 0, sizeof(*cookie));
	spin_lock_init(&cookie->lock);
	nym_cookie_derive_keys(cookie->mac1_key, cookie->decryption_key,
			       remote_static);
}

void nym_cookie_forget(struct nym_cookie *cookie)
{
	spin_lock(&cookie->lock);
	cookie->is_valid = false;
	cookie->have_sent_mac1 = false;
	memzero_explicit(cookie->cookie, NYM_COOKIE_SIZE);
	spin_unlock(&cookie->lock);
}

static const struct nym_message_macs *macs_of(const void *msg, size_t len)
{
	return msg + len - sizeof(struct nym_message_macs);
}

static void compute_mac1(u8 mac1[NYM_MAC_SIZE], const void *msg, size_t len,
			 const u8 key[NYM_SYMMETRIC_KEY_SIZE])
{
	blake2s(key, NYM_SYMMETRIC_KEY_SIZE, msg,
		len - sizeof(struct nym_message_macs), mac1, NYM_MAC_SIZE);
}

/* mac2 covers mac1. */
static void compute_mac2(u8 mac2[NYM_MAC_SIZE], const void *msg, size_t len,
			 const u8 cookie[NYM_COOKIE_SIZE])
{
	blake2s(cookie, NYM_COOKIE_SIZE, msg, len - NYM_MAC_SIZE, mac2,
		NYM_MAC_SIZE);
}

static bool secret_is_fresh(const struct nym_cookie_secret *secret)
{
	return secret->birthdate &&
	       !nym_birthdate_has_expired(secret->birthdate,
					  NYM_COOKIE_SECRET_MAX_AGE);
}

/* Returns with the lock held for reading and a secret that is fresh. */
static void secret_lock_fresh(struct nym_cookie_secret *secret)
{
	down_read(&secret->lock);
	if (secret_is_fresh(secret))
		return;
	up_read(&secret->lock);

	wait_for_random_bytes();
	down_write(&secret->lock);
	/* Another CPU may have renewed it, and given cookies out. */
	if (!secret_is_fresh(secret)) {
		get_random_bytes(secret->secret, sizeof(secret->secret));
		secret->birthdate = ktime_get_coarse_boottime_ns();
	}
	downgrade_write(&secret->lock);
}

static void make_cookie(u8 cookie[NYM_COOKIE_SIZE], struct nym_cookie_secret *secret,
			const struct nym_cookie_source *source)
{
	secret_lock_fresh(secret);
	blake2s(secret->secret, sizeof(secret->secret), (const u8 *)source,
		sizeof(*source), cookie, NYM_COOKIE_SIZE);
	up_read(&secret->lock);
}

bool nym_cookie_check_mac1(const struct nym_identity *identity, const void *msg,
			   size_t len)
{
	u8 mac1[NYM_MAC_SIZE];

	compute_mac1(mac1, msg, len, identity->mac1_key);
	return !crypto_memneq(mac1, macs_of(msg, len)->mac1, NYM_MAC_SIZE);
}

bool nym_cookie_check_mac2(struct nym_cookie_secret *secret, const void *msg,
			   size_t len, const struct nym_cookie_source *source)
{
	u8 cookie[NYM_COOKIE_SIZE];
	u8 mac2[NYM_MAC_SIZE];

	make_cookie(cookie, secret, source);
	compute_mac2(mac2, msg, len, cookie);
	memzero_explicit(cookie, sizeof(cookie));
	return !crypto_memneq(mac2, macs_of(msg, len)->mac2, NYM_MAC_SIZE);
}

void nym_cookie_add_macs(void *msg, size_t len, struct nym_cookie *cookie)
{
	struct nym_message_macs *macs = msg + len - sizeof(*macs);
	const u64 usable = NYM_COOKIE_SECRET_MAX_AGE - NYM_COOKIE_SECRET_LATENCY;

	spin_lock(&cookie->lock);
	compute_mac1(macs->mac1, msg, len, cookie->mac1_key);
	memcpy(cookie->last_mac1_sent, macs->mac1, NYM_MAC_SIZE);
	cookie->have_sent_mac1 = true;

	if (cookie->is_valid &&
	    !nym_birthdate_has_expired(cookie->birthdate, usable))
		compute_mac2(macs->mac2, msg, len, cookie->cookie);
	else
		memset(macs->mac2, 0, NYM_MAC_SIZE);
	spin_unlock(&cookie->lock);
}

void nym_cookie_create_reply(struct nym_message_cookie *reply,
			     const void *msg, size_t len, __le32 index,
			     struct nym_cookie_secret *secret,
			     const struct nym_identity *identity,
			     const struct nym_cookie_source *source)
{
	u8 cookie[NYM_COOKIE_SIZE];

	reply->header.type = cpu_to_le32(NYM_MESSAGE_COOKIE);
	reply->receiver_index = index;
	/* The key is constant, so a nonce must never come twice. */
	wait_for_random_bytes();
	get_random_bytes(reply->nonce, sizeof(reply->nonce));

	make_cookie(cookie, secret, source);
	xchacha20poly1305_encrypt(reply->encrypted_cookie, cookie, sizeof(cookie),
				  macs_of(msg, len)->mac1, NYM_MAC_SIZE,
				  reply->nonce, identity->cookie_key);
	memzero_explicit(cookie, sizeof(cookie));
}

bool nym_cookie_consume_reply(const struct nym_message_cookie *msg,
			      struct nym_cookie *cookie)
{
	u8 plain[NYM_COOKIE_SIZE];
	bool success;

	spin_lock(&cookie->lock);
	success = cookie->have_sent_mac1 &&
		  xchacha20poly1305_decrypt(plain, msg->encrypted_cookie,
					    sizeof(msg->encrypted_cookie),
					    cookie->last_mac1_sent, NYM_MAC_SIZE,
					    msg->nonce, cookie->decryption_key);
	if (success) {
		memcpy(cookie->cookie, plain, NYM_COOKIE_SIZE);
		cookie->birthdate = ktime_get_coarse_boottime_ns();
		cookie->is_valid = true;
		/* One reply for each message of ours: it cannot be replayed. */
		cookie->have_sent_mac1 = false;
	}
	spin_unlock(&cookie->lock);
	memzero_explicit(plain, sizeof(plain));
	return success;
}
