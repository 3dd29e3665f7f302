/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Static identities: the key pairs by which this side is known to peers.
 *
 * A device has one by default and a peer may have its own, so that no two
 * gateways see the same client key. An identity never changes: another key is
 * another object, and readers under RCU always see a whole one.
 */
#ifndef _NYM_IDENTITY_H
#define _NYM_IDENTITY_H

#include "messages.h"
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/string.h>

/**
 * struct nym_identity - a static key pair and what is derived from it
 * @public_key:		as peers know it
 * @private_key:	clamped
 * @mac1_key:		HASH(LABEL_MAC1 || @public_key), checks mac1 toward us
 * @cookie_key:		HASH(LABEL_COOKIE || @public_key), seals our cookies
 * @refcount:		peers and devices that use it
 * @rcu:		frees it after readers
 *
 * All but @refcount is constant from creation to wipe.
 */
struct nym_identity {
	u8 public_key[NYM_KEY_SIZE];
	u8 private_key[NYM_KEY_SIZE];
	u8 mac1_key[NYM_SYMMETRIC_KEY_SIZE];
	u8 cookie_key[NYM_SYMMETRIC_KEY_SIZE];
	refcount_t refcount;
	struct rcu_head rcu;
};

/**
 * nym_identity_create() - derive an identity from a private key
 * @private_key: NYM_KEY_SIZE bytes, clamped here; the caller wipes its copy
 *
 * Context: process. Return: identity with one reference, or ERR_PTR(-ENOMEM),
 * or ERR_PTR(-EINVAL) for a key that has no public key.
 */
struct nym_identity *nym_identity_create(const u8 private_key[NYM_KEY_SIZE]);

/* Takes a reference where there still is one. RCU read section or an own
 * reference required. NULL gives NULL.
 */
struct nym_identity *nym_identity_get(struct nym_identity *identity);

/* Drops a reference; the last one wipes and frees after a grace period. NULL
 * is allowed. Any context.
 */
void nym_identity_put(struct nym_identity *identity);

/* Are both the same key pair, or both NULL? Compares what is public. */
static inline bool nym_identity_equal(const struct nym_identity *a,
				      const struct nym_identity *b)
{
	if (!a || !b)
		return a == b;
	return !memcmp(a->public_key, b->public_key, NYM_KEY_SIZE);
}

#endif /* _NYM_IDENTITY_H */
