/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keys look like inside (ZKN 2). */
#ifndef ZN_KEYS_H
#define ZN_KEYS_H

#include "curve.h"

/*
 * The public structures are arrays of uint64_t; these are made of the same
 * type, of bytes, and of nothing else, so that one may alias the other.
 */
struct zn_secret_key {
	blst_fr x;
	blst_fr y[ZKNYM_ATTRIBUTES_MAX];
	uint64_t attributes;
};

struct zn_verification_key {
	blst_p2_affine alpha;
	blst_p1_affine b1[ZKNYM_ATTRIBUTES_MAX];
	blst_p2_affine b2[ZKNYM_ATTRIBUTES_MAX];
	uint64_t attributes;
	/* Transcripts and hashes contain the encoding, as it is. */
	uint8_t bytes[ZKNYM_VERIFICATION_KEY_SIZE_MAX];
};

struct zn_user {
	blst_fr secret;
	uint8_t public_key[ZKNYM_USER_PUBLIC_SIZE];
};

_Static_assert(sizeof(struct zn_secret_key) == sizeof(struct zknym_secret_key),
	       "size in zknym.h");
_Static_assert(sizeof(struct zn_verification_key) ==
		       sizeof(struct zknym_verification_key),
	       "size in zknym.h");
_Static_assert(sizeof(struct zn_user) == sizeof(struct zknym_user),
	       "size in zknym.h");

static inline size_t zn_key_size(const struct zn_verification_key *key)
{
	return ZKNYM_VERIFICATION_KEY_SIZE(key->attributes);
}

/*
 * What a master key is worth precomputing: tables of b2_1 to b2_3, and those
 * parts of K1, K2, K3 (ZKN 6.2) that do not depend on the payment.
 */
struct zknym_master {
	struct zknym_verification_key key;
	struct zn_g2_table b2[3];
	blst_p2 type_part[4]; /* t * b2_4 */
	blst_p2 date_part;    /* TYPE_EXP * b2_3 */
	blst_p2 index_part;   /* TYPE_IDX * (b2_2 + b2_3) */
};

#endif
