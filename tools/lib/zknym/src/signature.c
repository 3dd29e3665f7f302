// SPDX-License-Identifier: GPL-2.0-or-later
/* Public signatures on ticket indices and on dates (ZKN 4). */
#include <string.h>

#include "codec.h"
#include "keys.h"
#include "params.h"
#include "scalar.h"
#include "secret.h"
#include "wallet.h"

static const struct zn_verification_key *
verification_key(const struct zknym_verification_key *key)
{
	return (const struct zn_verification_key *)key;
}

/* h = HashG1(master_vk_bytes || u64LE(l)) */
static void hash_index(blst_p1 *h, const struct zknym_verification_key *master,
		       unsigned int index)
{
	const struct zn_verification_key *k = verification_key(master);
	uint8_t msg[ZKNYM_VERIFICATION_KEY_SIZE_MAX + 8];

	memcpy(msg, k->bytes, zn_key_size(k));
	zn_put_le64(msg + zn_key_size(k), index);
	zn_g1_hash(h, msg, zn_key_size(k) + 8);
}

/* h = HashG1({E} || {d}) */
static void hash_date(blst_p1 *h, uint32_t expiration, uint32_t spend_date)
{
	uint8_t msg[2 * ZKNYM_SCALAR_SIZE];
	blst_fr scalar;

	zn_scalar_from_uint(&scalar, expiration);
	zn_scalar_encode(msg, &scalar);
	zn_scalar_from_uint(&scalar, spend_date);
	zn_scalar_encode(msg + ZKNYM_SCALAR_SIZE, &scalar);
	zn_g1_hash(h, msg, sizeof(msg));
}

/* (h, exponent * h); the exponent is secret, the signature is not. */
static void sign(struct zknym_signature *signature, const blst_p1 *h,
		 const blst_fr *exponent)
{
	struct zn_signature *out = (struct zn_signature *)signature;
	blst_p1 s;

	blst_p1_to_affine(&out->h, h);
	memset(&s, 0, sizeof(s));
	zn_g1_add_mult(&s, &out->h, exponent);
	zn_disclose(&s, sizeof(s));
	blst_p1_to_affine(&out->s, &s);
}

/* s = (x + y1 * l + (y2 + y3) * TYPE_IDX) * h */
int zknym_index_sign(struct zknym_signature *signature,
		     const struct zknym_secret_key *key,
		     const struct zknym_verification_key *master,
		     unsigned int index)
{
	const struct zn_secret_key *k = (const struct zn_secret_key *)key;
	blst_fr exponent, attribute;
	blst_p1 h;

	if (index >= ZKNYM_TICKETS)
		return ZKNYM_E_RANGE;
	blst_fr_add(&exponent, &k->y[1], &k->y[2]);
	blst_fr_mul(&exponent, &exponent, &zn_params()->type_idx);
	zn_scalar_from_uint(&attribute, index);
	blst_fr_mul(&attribute, &attribute, &k->y[0]);
	blst_fr_add(&exponent, &exponent, &attribute);
	blst_fr_add(&exponent, &exponent, &k->x);
	hash_index(&h, master, index);
	sign(signature, &h, &exponent);
	zn_wipe(&exponent);
	zn_wipe(&attribute);
	return ZKNYM_OK;
}

int zknym_date_slot(uint32_t expiration, uint32_t spend_date,
		    unsigned int *slot)
{
	const uint32_t span = (ZKNYM_VALIDITY_DAYS - 1) * ZKNYM_DAY;

	if (!zn_is_date(expiration) || !zn_is_date(spend_date) ||
	    spend_date > expiration || expiration - spend_date > span)
		return ZKNYM_E_DATE;
	*slot = (span - (expiration - spend_date)) / ZKNYM_DAY;
	return ZKNYM_OK;
}

/* s = (x + y1 * E + y2 * d + y3 * TYPE_EXP) * h */
int zknym_date_sign(struct zknym_signature *signature,
		    const struct zknym_secret_key *key, uint32_t expiration,
		    uint32_t spend_date)
{
	const struct zn_secret_key *k = (const struct zn_secret_key *)key;
	blst_fr exponent, attribute;
	unsigned int slot;
	blst_p1 h;
	int err;

	err = zknym_date_slot(expiration, spend_date, &slot);
	if (err)
		return err;
	blst_fr_mul(&exponent, &k->y[2], &zn_params()->type_exp);
	zn_scalar_from_uint(&attribute, expiration);
	blst_fr_mul(&attribute, &attribute, &k->y[0]);
	blst_fr_add(&exponent, &exponent, &attribute);
	zn_scalar_from_uint(&attribute, spend_date);
	blst_fr_mul(&attribute, &attribute, &k->y[1]);
	blst_fr_add(&exponent, &exponent, &attribute);
	blst_fr_add(&exponent, &exponent, &k->x);
	hash_date(&h, expiration, spend_date);
	sign(signature, &h, &exponent);
	zn_wipe(&exponent);
	zn_wipe(&attribute);
	return ZKNYM_OK;
}

/* Signatures to be checked in one product with random exponents. */
struct checks {
	struct zn_pair pairs[ZKNYM_TICKETS];
	struct zn_weight weights[ZKNYM_TICKETS];
	blst_p1_affine s[ZKNYM_TICKETS];
	size_t count;
};

/*
 * Adds e(h, k) = e(s, H), where h must be the hash. Returns whether it may
 * still hold.
 */
static int add_check(struct checks *checks,
		     const struct zknym_signature *signature,
		     const blst_p1 *hash, const blst_p2 *k,
		     const struct zknym_rng *rng, int error)
{
	const struct zn_signature *s = (const struct zn_signature *)signature;
	struct zn_weight *weight = &checks->weights[checks->count];
	struct zn_pair *pair = &checks->pairs[checks->count];
	blst_p1_affine h;
	blst_p1 weighed;

	blst_p1_to_affine(&h, hash);
	if (!blst_p1_affine_is_equal(&h, &s->h) || blst_p2_is_inf(k) ||
	    blst_p1_affine_is_inf(&s->s))
		return error;
	if (zn_weight_draw(weight, rng))
		return ZKNYM_E_RANDOM;
	zn_g1_weigh_public(&weighed, &h, weight);
	blst_p1_to_affine(&pair->p, &weighed);
	blst_p2_to_affine(&pair->q, k);
	checks->s[checks->count++] = s->s;
	return ZKNYM_OK;
}

static int finish_checks(const struct checks *checks, int error)
{
	struct zn_pair last;
	blst_p1 sum;

	memset(&sum, 0, sizeof(sum));
	zn_g1_add_weighted_public(&sum, checks->s, checks->weights,
				  checks->count);
	if (blst_p1_is_inf(&sum))
		return error;
	blst_p1_to_affine(&last.p, &sum);
	last.q = zn_params()->negative_h;
	return zn_pairing_product_is_one(checks->pairs, checks->count, &last) ?
		       ZKNYM_OK :
		       error;
}

int zknym_index_check(const struct zknym_signature *signatures,
		      unsigned int first, unsigned int count,
		      const struct zknym_verification_key *key,
		      const struct zknym_verification_key *master,
		      const struct zknym_rng *rng)
{
	const struct zn_verification_key *k = verification_key(key);
	const struct zn_params *params = zn_params();
	struct checks checks;
	blst_p2 factor;
	blst_p1 h;
	unsigned int i;
	int err;

	if (!count || first >= ZKNYM_TICKETS || count > ZKNYM_TICKETS - first)
		return ZKNYM_E_RANGE;
	checks.count = 0;
	/* alpha + TYPE_IDX * (b2_2 + b2_3) + l * b2_1 */
	blst_p2_from_affine(&factor, &k->alpha);
	zn_g2_add_mult(&factor, &k->b2[1], &params->type_idx);
	zn_g2_add_mult(&factor, &k->b2[2], &params->type_idx);
	zn_g2_add_mult_small(&factor, &k->b2[0], first);
	for (i = 0; i < count; i++) {
		hash_index(&h, master, first + i);
		err = add_check(&checks, &signatures[i], &h, &factor, rng,
				ZKNYM_E_SIG_INDEX);
		if (err)
			return err;
		blst_p2_add_or_double_affine(&factor, &factor, &k->b2[0]);
	}
	return finish_checks(&checks, ZKNYM_E_SIG_INDEX);
}

int zknym_date_check(const struct zknym_signature *signatures,
		     uint32_t expiration, uint32_t spend_date,
		     unsigned int count,
		     const struct zknym_verification_key *key,
		     const struct zknym_rng *rng)
{
	const struct zn_verification_key *k = verification_key(key);
	const struct zn_params *params = zn_params();
	unsigned int slot, i;
	struct checks checks;
	blst_p2 base, factor;
	blst_p1 h;
	int err;

	err = zknym_date_slot(expiration, spend_date, &slot);
	if (err)
		return err;
	if (!count || count > ZKNYM_VALIDITY_DAYS - slot)
		return ZKNYM_E_RANGE;
	checks.count = 0;
	/* alpha + E * b2_1 + TYPE_EXP * b2_3 + d * b2_2 */
	blst_p2_from_affine(&base, &k->alpha);
	zn_g2_add_mult_small(&base, &k->b2[0], expiration);
	zn_g2_add_mult(&base, &k->b2[2], &params->type_exp);
	for (i = 0; i < count; i++, spend_date += ZKNYM_DAY) {
		factor = base;
		zn_g2_add_mult_small(&factor, &k->b2[1], spend_date);
		hash_date(&h, expiration, spend_date);
		err = add_check(&checks, &signatures[i], &h, &factor, rng,
				ZKNYM_E_SIG_DATE);
		if (err)
			return err;
	}
	return finish_checks(&checks, ZKNYM_E_SIG_DATE);
}

int zknym_signature_aggregate(struct zknym_signature *signature,
			      const struct zknym_signature *shares,
			      const uint64_t *indices, size_t count,
			      size_t threshold)
{
	const struct zn_signature *s = (const struct zn_signature *)shares;
	struct zn_signature *out = (struct zn_signature *)signature;
	blst_fr lambda[ZKNYM_AUTHORITIES_MAX];
	blst_p1 sum;
	size_t i;
	int err;

	if (!threshold || count < threshold || count > ZKNYM_AUTHORITIES_MAX)
		return ZKNYM_E_SIGNERS;
	err = zn_lagrange(lambda, indices, count, 0);
	if (err)
		return err;
	memset(&sum, 0, sizeof(sum));
	for (i = 0; i < count; i++) {
		if (!blst_p1_affine_is_equal(&s[0].h, &s[i].h))
			return ZKNYM_E_SIG_BATCH;
		zn_g1_add_mult(&sum, &s[i].s, &lambda[i]);
	}
	if (blst_p1_is_inf(&sum))
		return ZKNYM_E_SIG_BATCH;
	out->h = s[0].h;
	blst_p1_to_affine(&out->s, &sum);
	return ZKNYM_OK;
}
