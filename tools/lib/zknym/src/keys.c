// SPDX-License-Identifier: GPL-2.0-or-later
/* Encodings of authorities' keys and checks on them. */
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "keys.h"
#include "params.h"
#include "random.h"
#include "scalar.h"
#include "secret.h"

static const struct zn_secret_key *
secret_key(const struct zknym_secret_key *key)
{
	return (const struct zn_secret_key *)key;
}

static const struct zn_verification_key *
verification_key(const struct zknym_verification_key *key)
{
	return (const struct zn_verification_key *)key;
}

int zknym_secret_key_encode(uint8_t *out, size_t size, size_t *len,
			    const struct zknym_secret_key *key)
{
	const struct zn_secret_key *k = secret_key(key);
	size_t i;

	if (size < ZKNYM_SECRET_KEY_SIZE(k->attributes))
		return ZKNYM_E_RANGE;
	*len = ZKNYM_SECRET_KEY_SIZE(k->attributes);
	zn_scalar_encode(out, &k->x);
	zn_put_le64(out + ZKNYM_SCALAR_SIZE, k->attributes);
	out += ZKNYM_SCALAR_SIZE + 8;
	for (i = 0; i < k->attributes; i++)
		zn_scalar_encode(out + i * ZKNYM_SCALAR_SIZE, &k->y[i]);
	return ZKNYM_OK;
}

int zknym_secret_key_decode(struct zknym_secret_key *key, const uint8_t *in,
			    size_t len)
{
	struct zn_secret_key *k = (struct zn_secret_key *)key;
	size_t i;
	int err;

	if (len != ZKNYM_SECRET_KEY_SIZE(ZKNYM_ATTRIBUTES) &&
	    len != ZKNYM_SECRET_KEY_SIZE(ZKNYM_ATTRIBUTES_MAX))
		return ZKNYM_E_LENGTH;
	memset(k, 0, sizeof(*k));
	k->attributes = zn_get_le64(in + ZKNYM_SCALAR_SIZE);
	/* Only 4 and 5 give one of the two lengths; others may wrap to them. */
	if (k->attributes > ZKNYM_ATTRIBUTES_MAX ||
	    len != ZKNYM_SECRET_KEY_SIZE(k->attributes)) {
		err = ZKNYM_E_FORMAT;
		goto wipe;
	}
	err = zn_scalar_decode(&k->x, in);
	in += ZKNYM_SCALAR_SIZE + 8;
	for (i = 0; !err && i < k->attributes; i++)
		err = zn_scalar_decode(&k->y[i], in + i * ZKNYM_SCALAR_SIZE);
wipe:
	if (err)
		zn_wipe(key);
	return err;
}

/* Fills in the encoding from the points. */
static void encode_key(struct zn_verification_key *k)
{
	uint8_t *out = k->bytes;
	size_t i;

	memset(k->bytes, 0, sizeof(k->bytes));
	blst_p2_affine_compress(out, &k->alpha);
	out += ZKNYM_G2_SIZE;
	zn_put_le64(out, k->attributes);
	out += 8;
	for (i = 0; i < k->attributes; i++, out += ZKNYM_G1_SIZE)
		blst_p1_affine_compress(out, &k->b1[i]);
	for (i = 0; i < k->attributes; i++, out += ZKNYM_G2_SIZE)
		blst_p2_affine_compress(out, &k->b2[i]);
}

int zknym_verification_key_derive(struct zknym_verification_key *key,
				  const struct zknym_secret_key *secret)
{
	struct zn_verification_key *k = (struct zn_verification_key *)key;
	const struct zn_secret_key *s = secret_key(secret);
	const struct zn_params *params = zn_params();
	blst_p1 b1;
	blst_p2 b2;
	size_t i;

	memset(k, 0, sizeof(*k));
	k->attributes = s->attributes;
	memset(&b2, 0, sizeof(b2));
	zn_g2_add_fixed(&b2, &params->h, &s->x);
	zn_disclose(&b2, sizeof(b2));
	if (blst_p2_is_inf(&b2))
		return ZKNYM_E_INFINITY;
	blst_p2_to_affine(&k->alpha, &b2);
	for (i = 0; i < s->attributes; i++) {
		memset(&b1, 0, sizeof(b1));
		memset(&b2, 0, sizeof(b2));
		zn_g1_add_fixed(&b1, &params->g, &s->y[i]);
		zn_g2_add_fixed(&b2, &params->h, &s->y[i]);
		zn_disclose(&b1, sizeof(b1));
		zn_disclose(&b2, sizeof(b2));
		if (blst_p1_is_inf(&b1) || blst_p2_is_inf(&b2))
			return ZKNYM_E_INFINITY;
		blst_p1_to_affine(&k->b1[i], &b1);
		blst_p2_to_affine(&k->b2[i], &b2);
	}
	encode_key(k);
	return ZKNYM_OK;
}

int zknym_verification_key_encode(uint8_t *out, size_t size, size_t *len,
				  const struct zknym_verification_key *key)
{
	const struct zn_verification_key *k = verification_key(key);
	struct zn_verification_key again = *k;

	if (size < zn_key_size(k))
		return ZKNYM_E_RANGE;
	encode_key(&again);
	*len = zn_key_size(k);
	memcpy(out, again.bytes, *len);
	return ZKNYM_OK;
}

int zknym_verification_key_decode(struct zknym_verification_key *key,
				  const uint8_t *in, size_t len)
{
	struct zn_verification_key *k = (struct zn_verification_key *)key;
	const uint8_t *at = in;
	size_t i;
	int err;

	if (len != ZKNYM_VERIFICATION_KEY_SIZE(ZKNYM_ATTRIBUTES) &&
	    len != ZKNYM_VERIFICATION_KEY_SIZE(ZKNYM_ATTRIBUTES_MAX))
		return ZKNYM_E_LENGTH;
	memset(k, 0, sizeof(*k));
	k->attributes = zn_get_le64(in + ZKNYM_G2_SIZE);
	if (k->attributes > ZKNYM_ATTRIBUTES_MAX || len != zn_key_size(k)) {
		k->attributes = 0;
		return ZKNYM_E_FORMAT;
	}
	memcpy(k->bytes, in, len);
	err = zn_g2_decode(&k->alpha, at);
	at += ZKNYM_G2_SIZE + 8;
	for (i = 0; !err && i < k->attributes; i++, at += ZKNYM_G1_SIZE)
		err = zn_g1_decode(&k->b1[i], at);
	for (i = 0; !err && i < k->attributes; i++, at += ZKNYM_G2_SIZE)
		err = zn_g2_decode(&k->b2[i], at);
	return err;
}

/*
 * prod e(rho_i * b1_i, H) / e(rho_i * G, b2_i) = 1, as
 * e(sum rho_i * b1_i, -H) * prod e(rho_i * G, b2_i) = 1.
 */
int zknym_verification_key_check(const struct zknym_verification_key *key,
				 const struct zknym_rng *rng)
{
	const struct zn_verification_key *k = verification_key(key);
	const struct zn_params *params = zn_params();
	struct zn_pair pairs[ZKNYM_ATTRIBUTES_MAX], last;
	struct zn_weight weights[ZKNYM_ATTRIBUTES_MAX];
	blst_p1 point, sum;
	size_t i;

	memset(&sum, 0, sizeof(sum));
	for (i = 0; i < k->attributes; i++) {
		if (zn_weight_draw(&weights[i], rng))
			return ZKNYM_E_RANDOM;
		zn_g1_weigh_public(&point, blst_p1_affine_generator(),
				   &weights[i]);
		blst_p1_to_affine(&pairs[i].p, &point);
		pairs[i].q = k->b2[i];
	}
	zn_g1_add_weighted_public(&sum, k->b1, weights, k->attributes);
	if (blst_p1_is_inf(&sum))
		return ZKNYM_E_KEY;
	blst_p1_to_affine(&last.p, &sum);
	last.q = params->negative_h;
	return zn_pairing_product_is_one(pairs, k->attributes, &last) ?
		       ZKNYM_OK :
		       ZKNYM_E_KEY;
}

/* out = sum of coefficients[i] * keys[i] */
static int combine(struct zn_verification_key *out,
		   const struct zknym_verification_key *keys,
		   const blst_fr *coefficients, size_t count)
{
	const struct zn_verification_key *k;
	blst_p1 b1;
	blst_p2 b2;
	size_t i, j;

	memset(out, 0, sizeof(*out));
	out->attributes = verification_key(&keys[0])->attributes;
	memset(&b2, 0, sizeof(b2));
	for (i = 0; i < count; i++) {
		k = verification_key(&keys[i]);
		if (k->attributes != out->attributes)
			return ZKNYM_E_KEY;
		zn_g2_add_mult(&b2, &k->alpha, &coefficients[i]);
	}
	if (blst_p2_is_inf(&b2))
		return ZKNYM_E_KEY;
	blst_p2_to_affine(&out->alpha, &b2);
	for (j = 0; j < out->attributes; j++) {
		memset(&b1, 0, sizeof(b1));
		memset(&b2, 0, sizeof(b2));
		for (i = 0; i < count; i++) {
			k = verification_key(&keys[i]);
			zn_g1_add_mult(&b1, &k->b1[j], &coefficients[i]);
			zn_g2_add_mult(&b2, &k->b2[j], &coefficients[i]);
		}
		if (blst_p1_is_inf(&b1) || blst_p2_is_inf(&b2))
			return ZKNYM_E_KEY;
		blst_p1_to_affine(&out->b1[j], &b1);
		blst_p2_to_affine(&out->b2[j], &b2);
	}
	encode_key(out);
	return ZKNYM_OK;
}

int zknym_verification_key_aggregate(struct zknym_verification_key *master,
				     const struct zknym_verification_key *keys,
				     const uint64_t *indices, size_t count,
				     size_t threshold)
{
	struct zn_verification_key *out = (struct zn_verification_key *)master;
	blst_fr coefficients[ZKNYM_AUTHORITIES_MAX];
	struct zn_verification_key expected;
	size_t i;
	int err;

	if (!threshold || count < threshold || count > ZKNYM_AUTHORITIES_MAX)
		return ZKNYM_E_SIGNERS;
	/* Refuses a repeated index also among those not needed below. */
	err = zn_lagrange(coefficients, indices, count, 0);
	if (err)
		return err;
	for (i = threshold; i < count; i++) {
		err = zn_lagrange(coefficients, indices, threshold, indices[i]);
		if (!err)
			err = combine(&expected, keys, coefficients, threshold);
		if (err)
			return err;
		if (expected.attributes !=
			    verification_key(&keys[i])->attributes ||
		    memcmp(expected.bytes, verification_key(&keys[i])->bytes,
			   zn_key_size(&expected)))
			return ZKNYM_E_KEY;
	}
	err = zn_lagrange(coefficients, indices, threshold, 0);
	if (err)
		return err;
	return combine(out, keys, coefficients, threshold);
}

int zknym_commitments_evaluate(struct zknym_verification_key *key,
			       unsigned int index,
			       const struct zknym_verification_key *commitments,
			       unsigned int threshold)
{
	blst_fr powers[ZKNYM_AUTHORITIES_MAX], x;
	unsigned int i;

	if (!threshold || threshold > ZKNYM_AUTHORITIES_MAX)
		return ZKNYM_E_RANGE;
	if (!index)
		return ZKNYM_E_SIGNERS;
	zn_scalar_from_uint(&x, index);
	zn_scalar_from_uint(&powers[0], 1);
	for (i = 1; i < threshold; i++)
		blst_fr_mul(&powers[i], &powers[i - 1], &x);
	return combine((struct zn_verification_key *)key, commitments, powers,
		       threshold);
}

int zknym_share_verify(const struct zknym_secret_key *share, unsigned int index,
		       const struct zknym_verification_key *commitments,
		       unsigned int threshold)
{
	struct zknym_verification_key expected, mine;
	const struct zn_verification_key *a, *b;
	int err;

	err = zknym_commitments_evaluate(&expected, index, commitments,
					 threshold);
	if (err)
		return err;
	if (zknym_verification_key_derive(&mine, share))
		return ZKNYM_E_KEY;
	a = verification_key(&expected);
	b = verification_key(&mine);
	if (a->attributes != b->attributes ||
	    memcmp(a->bytes, b->bytes, zn_key_size(a)))
		return ZKNYM_E_KEY;
	return ZKNYM_OK;
}

int zknym_master_new(struct zknym_master **master,
		     const struct zknym_verification_key *key,
		     const struct zknym_rng *rng)
{
	const struct zn_verification_key *k = verification_key(key);
	const struct zn_params *params = zn_params();
	struct zknym_master *m;
	int err, i;

	err = zknym_verification_key_check(key, rng);
	if (err)
		return err;
	m = calloc(1, sizeof(*m));
	if (!m)
		return ZKNYM_E_MEMORY;
	m->key = *key;
	for (i = 0; i < 3; i++)
		zn_g2_table_fill(&m->b2[i], &k->b2[i]);
	for (i = 1; i < ZN_TYPES; i++)
		blst_p2_add_or_double_affine(&m->type_part[i],
					     &m->type_part[i - 1], &k->b2[3]);
	zn_g2_add_fixed_public(&m->date_part, &m->b2[2], &params->type_exp);
	zn_g2_add_fixed_public(&m->index_part, &m->b2[1], &params->type_idx);
	zn_g2_add_fixed_public(&m->index_part, &m->b2[2], &params->type_idx);
	*master = m;
	return ZKNYM_OK;
}

void zknym_master_free(struct zknym_master *master)
{
	free(master);
}

const struct zknym_verification_key *
zknym_master_key(const struct zknym_master *master)
{
	return &master->key;
}
