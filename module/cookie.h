/* SPDX-License-Identifier: GPL-2.0 */
/* mac1, mac2 and cookie replies (section 5.4.4 and 5.4.7 of the paper). */
#ifndef _NYM_COOKIE_H
#define _NYM_COOKIE_H

#include "identity.h"
#include "messages.h"
#include <linux/rwsem.h>
#include <linux/spinlock.h>

/**
 * struct nym_cookie_source - whom a cookie is bound to
 * @address:	IPv4 or IPv6 source address, zero-padded
 * @port:	source port
 * @carrier:	internal id of the carrier the message came through, 0 for the
 *		real network
 * @zero:	padding
 *
 * Hashed as it is, so padding must be zero.
 */
struct nym_cookie_source {
	u8 address[16];
	u64 carrier;
	__be16 port;
	u8 zero[6];
};

/**
 * struct nym_cookie_secret - the secret that makes our cookies
 * @lock:	protects the two below; may sleep
 * @secret:	random, lives NYM_COOKIE_SECRET_MAX_AGE
 * @birthdate:	boottime ns; 0 before the first use
 */
struct nym_cookie_secret {
	struct rw_semaphore lock;
	u8 secret[NYM_HASH_SIZE];
	u64 birthdate;
};

/**
 * struct nym_cookie - what a peer told us to put into mac2
 * @lock:		protects the rest but the keys; process context
 * @is_valid:		we have one
 * @have_sent_mac1:	@last_mac1_sent is set
 * @birthdate:		boottime ns of the cookie
 * @cookie:		the cookie
 * @last_mac1_sent:	associated data of a reply we would accept
 * @decryption_key:	HASH(LABEL_COOKIE || peer's public key)
 * @mac1_key:		HASH(LABEL_MAC1 || peer's public key)
 */
struct nym_cookie {
	spinlock_t lock;	/* all of it but the keys */
	bool is_valid;
	bool have_sent_mac1;
	u64 birthdate;
	u8 cookie[NYM_COOKIE_SIZE];
	u8 last_mac1_sent[NYM_MAC_SIZE];
	u8 decryption_key[NYM_SYMMETRIC_KEY_SIZE];
	u8 mac1_key[NYM_SYMMETRIC_KEY_SIZE];
};

enum nym_mac_state {
	NYM_MAC_INVALID,		/* mac1 is wrong: not for this identity */
	NYM_MAC_VALID,			/* mac1 right, no valid cookie */
	NYM_MAC_VALID_WITH_COOKIE,	/* mac1 and mac2 right */
};

void nym_cookie_secret_init(struct nym_cookie_secret *secret);
void nym_cookie_init(struct nym_cookie *cookie, const u8 remote_static[NYM_KEY_SIZE]);

/* Has messages carry no cookie that was given before, and takes no reply to one
 * sent before. A cookie is of use only from where and as whom it was asked for;
 * shown elsewhere it would tell who gave it, or who saw it given, that this is
 * the same client. Context: process.
 */
void nym_cookie_forget(struct nym_cookie *cookie);

/* Fills @key with HASH(label || @public_key), label being the paper's. */
void nym_cookie_derive_keys(u8 mac1_key[NYM_SYMMETRIC_KEY_SIZE],
			    u8 cookie_key[NYM_SYMMETRIC_KEY_SIZE],
			    const u8 public_key[NYM_KEY_SIZE]);

/**
 * nym_cookie_check_mac1() - is a handshake message meant for an identity?
 * @identity:	ours
 * @msg:	whole message, its MACs being the last 32 bytes
 * @len:	its size
 *
 * Constant time in the MAC. Any context.
 */
bool nym_cookie_check_mac1(const struct nym_identity *identity, const void *msg,
			   size_t len);

/**
 * nym_cookie_check_mac2() - does a message carry the cookie we gave its source?
 * @secret:	the device's
 * @msg:	whole message, its MACs being the last 32 bytes
 * @len:	its size
 * @source:	where it came from
 *
 * Context: process.
 */
bool nym_cookie_check_mac2(struct nym_cookie_secret *secret, const void *msg,
			   size_t len, const struct nym_cookie_source *source);

/**
 * nym_cookie_add_macs() - complete a handshake message
 * @msg:	whole message, its MACs being the last 32 bytes
 * @len:	its size
 * @cookie:	state toward the receiver; remembers the mac1
 *
 * Context: process.
 */
void nym_cookie_add_macs(void *msg, size_t len, struct nym_cookie *cookie);

/**
 * nym_cookie_create_reply() - write a cookie reply
 * @reply:	filled whole
 * @msg:	the message replied to (its mac1 is bound into the reply)
 * @len:	its size
 * @index:	its sender's index
 * @secret:	the device's
 * @identity:	ours that it was for
 * @source:	where it came from, which the cookie is bound to
 */
void nym_cookie_create_reply(struct nym_message_cookie *reply,
			     const void *msg, size_t len, __le32 index,
			     struct nym_cookie_secret *secret,
			     const struct nym_identity *identity,
			     const struct nym_cookie_source *source);

/**
 * nym_cookie_consume_reply() - take a cookie that a peer sent
 * @msg:	cookie reply
 * @cookie:	state toward the peer that owns the reply's receiver index
 *
 * Return: true where it was authentic and has been stored. Context: process.
 */
bool nym_cookie_consume_reply(const struct nym_message_cookie *msg,
			      struct nym_cookie *cookie);

#endif /* _NYM_COOKIE_H */
