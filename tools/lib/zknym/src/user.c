// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of users (ZKN 2). */
#include <string.h>

#include "keys.h"
#include "params.h"
#include "scalar.h"
#include "secret.h"

/* Completes a user key whose secret is set; it must not be zero. */
static int complete(struct zn_user *u)
{
	blst_p1 public_key;

	if (zn_scalar_is_zero(&u->secret))
		return ZKNYM_E_SCALAR;
	memset(&public_key, 0, sizeof(public_key));
	zn_g1_add_fixed(&public_key, &zn_params()->g, &u->secret);
	zn_g1_encode(u->public_key, &public_key);
	return ZKNYM_OK;
}

int zknym_user_generate(struct zknym_user *user, const struct zknym_rng *rng)
{
	struct zn_user *u = (struct zn_user *)user;

	if (zn_scalar_draw(&u->secret, rng))
		return ZKNYM_E_RANDOM;
	return complete(u);
}

int zknym_user_from_seed(struct zknym_user *user, const uint8_t *seed,
			 size_t len)
{
	struct zn_user *u = (struct zn_user *)user;

	zn_scalar_hash(&u->secret, seed, len);
	return complete(u);
}

void zknym_user_encode(uint8_t out[ZKNYM_USER_SECRET_SIZE],
		       const struct zknym_user *user)
{
	zn_scalar_encode(out, &((const struct zn_user *)user)->secret);
}

int zknym_user_decode(struct zknym_user *user, const uint8_t *in, size_t len)
{
	struct zn_user *u = (struct zn_user *)user;
	int err;

	if (len != ZKNYM_USER_SECRET_SIZE)
		return ZKNYM_E_LENGTH;
	err = zn_scalar_decode(&u->secret, in);
	if (!err)
		err = complete(u);
	return err;
}

void zknym_user_public(uint8_t out[ZKNYM_USER_PUBLIC_SIZE],
		       const struct zknym_user *user)
{
	memcpy(out, ((const struct zn_user *)user)->public_key,
	       ZKNYM_USER_PUBLIC_SIZE);
}

int zknym_user_public_check(const uint8_t *in, size_t len)
{
	blst_p1_affine point;

	if (len != ZKNYM_USER_PUBLIC_SIZE)
		return ZKNYM_E_LENGTH;
	return zn_g1_decode(&point, in);
}
