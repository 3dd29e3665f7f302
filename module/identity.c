// SPDX-License-Identifier: GPL-2.0
/* Making and wiping of static identities. */

#include "identity.h"
#include "cookie.h"

#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

struct nym_identity *nym_identity_create(const u8 private_key[NYM_KEY_SIZE])
{
	struct nym_identity *identity = kzalloc(sizeof(*identity), GFP_KERNEL);

	if (!identity)
		return ERR_PTR(-ENOMEM);
	refcount_set(&identity->refcount, 1);
	memcpy(identity->private_key, private_key, NYM_KEY_SIZE);
	curve25519_clamp_secret(identity->private_key);
	if (!curve25519_generate_public(identity->public_key,
					identity->private_key)) {
		kfree_sensitive(identity);
		return ERR_PTR(-EINVAL);
	}
	nym_cookie_derive_keys(identity->mac1_key, identity->cookie_key,
			       identity->public_key);
	return identity;
}

struct nym_identity *nym_identity_get(struct nym_identity *identity)
{
	if (!identity || !refcount_inc_not_zero(&identity->refcount))
		return NULL;
	return identity;
}

static void identity_free_rcu(struct rcu_head *rcu)
{
	kfree_sensitive(container_of(rcu, struct nym_identity, rcu));
}

void nym_identity_put(struct nym_identity *identity)
{
	if (identity && refcount_dec_and_test(&identity->refcount))
		call_rcu(&identity->rcu, identity_free_rcu);
}
