// SPDX-License-Identifier: GPL-2.0-or-later
/* Withdrawal: from the authorities' answers to a wallet (ZKN 3.4, 3.5). */
#include <string.h>

#include "codec.h"
#include "keys.h"
#include "params.h"
#include "scalar.h"
#include "secret.h"
#include "wallet.h"

/* e(h, alpha + sk*b2_1 + v*b2_2 + E*b2_3 + t*b2_4) = e(s, H) */
static int check_signature(const struct zn_wallet *w, const struct zn_user *u,
			   const struct zn_verification_key *k)
{
	struct zn_pair pair, last;
	blst_p2 sum;
	bool infinite, valid;

	blst_p2_from_affine(&sum, &k->alpha);
	zn_g2_add_mult(&sum, &k->b2[0], &u->secret);
	zn_g2_add_mult(&sum, &k->b2[1], &w->v);
	zn_g2_add_mult_small(&sum, &k->b2[2], (uint32_t)w->expiration);
	zn_g2_add_mult_small(&sum, &k->b2[3], (uint32_t)w->type);
	/* Both at infinity only for values that cancel out: never by chance. */
	infinite = blst_p2_is_inf(&sum);
	infinite |= blst_p1_affine_is_inf(&w->s);
	zn_disclose(&infinite, sizeof(infinite));
	if (infinite)
		return ZKNYM_E_SIG_WALLET;

	pair.p = w->h;
	blst_p2_to_affine(&pair.q, &sum);
	last.p = w->s;
	last.q = zn_params()->negative_h;
	valid = zn_pairing_product_is_one(&pair, 1, &last);
	zn_wipe(&sum);
	zn_wipe(&pair);
	zn_wipe(&last);
	return valid ? ZKNYM_OK : ZKNYM_E_SIG_WALLET;
}

int zknym_unblind(struct zknym_partial_wallet *partial, const uint8_t *blinded,
		  size_t len, const struct zknym_request_secret *secret,
		  const struct zknym_user *user,
		  const struct zknym_verification_key *key, uint64_t index)
{
	const struct zn_verification_key *k =
		(const struct zn_verification_key *)key;
	const struct zn_request_secret *r = (const struct zn_request_secret *)
		secret;
	struct zn_partial_wallet *w = (struct zn_partial_wallet *)partial;
	struct zn_wallet candidate;
	blst_p1_affine h, cb;
	blst_p1 s;
	int err;

	if (len != ZKNYM_SIGNATURE_SIZE)
		return ZKNYM_E_LENGTH;
	if (!index)
		return ZKNYM_E_SIGNERS;
	err = zn_g1_decode(&h, blinded);
	if (!err)
		err = zn_g1_decode(&cb, blinded + ZKNYM_G1_SIZE);
	if (err)
		return err;
	if (!blst_p1_affine_is_equal(&h, &r->h))
		return ZKNYM_E_SIG_WALLET;

	/* s = cb - o1 * b1_1 - o2 * b1_2 */
	memset(&s, 0, sizeof(s));
	zn_g1_add_mult(&s, &k->b1[0], &r->o1);
	zn_g1_add_mult(&s, &k->b1[1], &r->o2);
	blst_p1_cneg(&s, true);
	blst_p1_add_or_double_affine(&s, &s, &cb);

	memset(&candidate, 0, sizeof(candidate));
	candidate.h = h;
	blst_p1_to_affine(&candidate.s, &s);
	candidate.v = r->v;
	candidate.expiration = r->expiration;
	candidate.type = r->type;
	err = check_signature(&candidate, (const struct zn_user *)user, k);
	if (!err) {
		w->h = candidate.h;
		w->s = candidate.s;
		w->v = candidate.v;
		w->expiration = candidate.expiration;
		w->type = candidate.type;
		w->index = index;
	}
	zn_wipe(&s);
	zn_wipe(&candidate);
	return err;
}

/* Are both of one request? */
static bool same_request(const struct zn_partial_wallet *a,
			 const struct zn_partial_wallet *b)
{
	return blst_p1_affine_is_equal(&a->h, &b->h) &&
	       zn_equal((const uint8_t *)&a->v, (const uint8_t *)&b->v,
			sizeof(a->v)) &&
	       a->expiration == b->expiration && a->type == b->type;
}

int zknym_wallet_aggregate(struct zknym_wallet *wallet,
			   const struct zknym_partial_wallet *partials,
			   size_t count, size_t threshold,
			   const struct zknym_user *user,
			   const struct zknym_verification_key *key)
{
	const struct zn_partial_wallet *p = (const struct zn_partial_wallet *)
		partials;
	struct zn_wallet *w = (struct zn_wallet *)wallet;
	blst_fr lambda[ZKNYM_AUTHORITIES_MAX];
	uint64_t indices[ZKNYM_AUTHORITIES_MAX] = { 0 };
	blst_p1 s;
	size_t i;
	int err;

	if (!threshold || count < threshold || count > ZKNYM_AUTHORITIES_MAX)
		return ZKNYM_E_SIGNERS;
	for (i = 0; i < count; i++) {
		if (!same_request(&p[0], &p[i]))
			return ZKNYM_E_SIG_WALLET;
		indices[i] = p[i].index;
	}
	err = zn_lagrange(lambda, indices, count, 0);
	if (err)
		return err;
	memset(&s, 0, sizeof(s));
	for (i = 0; i < count; i++)
		zn_g1_add_mult(&s, &p[i].s, &lambda[i]);
	w->h = p[0].h;
	blst_p1_to_affine(&w->s, &s);
	w->v = p[0].v;
	w->expiration = p[0].expiration;
	w->type = p[0].type;
	w->taken = 0;
	zn_wipe(&s);
	err = check_signature(w, (const struct zn_user *)user,
			      (const struct zn_verification_key *)key);
	if (err)
		zn_wipe(wallet);
	return err;
}

int zknym_wallet_take(struct zknym_wallet *wallet, unsigned int coins,
		      unsigned int *first)
{
	struct zn_wallet *w = (struct zn_wallet *)wallet;

	if (!coins)
		return ZKNYM_E_RANGE;
	if (coins > ZKNYM_TICKETS - w->taken)
		return ZKNYM_E_EMPTY;
	*first = (unsigned int)w->taken;
	w->taken += coins;
	return ZKNYM_OK;
}

unsigned int zknym_wallet_left(const struct zknym_wallet *wallet)
{
	const struct zn_wallet *w = (const struct zn_wallet *)wallet;

	return (unsigned int)(ZKNYM_TICKETS - w->taken);
}

uint32_t zknym_wallet_expiration(const struct zknym_wallet *wallet)
{
	return (uint32_t)((const struct zn_wallet *)wallet)->expiration;
}

uint8_t zknym_wallet_type(const struct zknym_wallet *wallet)
{
	return (uint8_t)((const struct zn_wallet *)wallet)->type;
}

/* [h] and [s], as in wallets, partial wallets and signatures. */
static void encode_signature(uint8_t out[ZKNYM_SIGNATURE_SIZE],
			     const blst_p1_affine *h, const blst_p1_affine *s)
{
	blst_p1_affine_compress(out, h);
	blst_p1_affine_compress(out + ZKNYM_G1_SIZE, s);
}

static int decode_signature(blst_p1_affine *h, blst_p1_affine *s,
			    const uint8_t in[ZKNYM_SIGNATURE_SIZE])
{
	int err;

	err = zn_g1_decode(h, in);
	if (err)
		return err;
	return zn_g1_decode(s, in + ZKNYM_G1_SIZE);
}

void zknym_signature_encode(uint8_t out[ZKNYM_SIGNATURE_SIZE],
			    const struct zknym_signature *signature)
{
	const struct zn_signature *s = (const struct zn_signature *)signature;

	encode_signature(out, &s->h, &s->s);
}

int zknym_signature_decode(struct zknym_signature *signature, const uint8_t *in,
			   size_t len)
{
	struct zn_signature *s = (struct zn_signature *)signature;

	if (len != ZKNYM_SIGNATURE_SIZE)
		return ZKNYM_E_LENGTH;
	return decode_signature(&s->h, &s->s, in);
}

/* Offsets in wallets and partial wallets, which begin alike. */
enum {
	AT_SIGNATURE = 0,
	AT_V = 96,
	AT_EXPIRATION = 128,
	PARTIAL_AT_TYPE = 160,
	PARTIAL_AT_INDEX = 192,
	PARTIAL_AT_END = 200,
	WALLET_AT_TYPE = 132,
	WALLET_AT_TAKEN = 133,
	WALLET_AT_END = 141,
};

_Static_assert(PARTIAL_AT_END == ZKNYM_PARTIAL_WALLET_SIZE, "size in zknym.h");
_Static_assert(WALLET_AT_END == ZKNYM_WALLET_SIZE, "size in zknym.h");

void zknym_partial_wallet_encode(uint8_t out[ZKNYM_PARTIAL_WALLET_SIZE],
				 const struct zknym_partial_wallet *partial)
{
	const struct zn_partial_wallet *w = (const struct zn_partial_wallet *)
		partial;
	blst_fr scalar;

	encode_signature(out + AT_SIGNATURE, &w->h, &w->s);
	zn_scalar_encode(out + AT_V, &w->v);
	zn_scalar_from_uint(&scalar, w->expiration);
	zn_scalar_encode(out + AT_EXPIRATION, &scalar);
	zn_scalar_from_uint(&scalar, w->type);
	zn_scalar_encode(out + PARTIAL_AT_TYPE, &scalar);
	zn_put_le64(out + PARTIAL_AT_INDEX, w->index);
}

static int decode_partial(struct zn_partial_wallet *w, const uint8_t *in)
{
	blst_fr expiration_scalar, type_scalar;
	uint32_t expiration, type;
	int err;

	err = zn_scalar_decode(&w->v, in + AT_V);
	if (!err)
		err = zn_scalar_decode(&expiration_scalar, in + AT_EXPIRATION);
	if (!err)
		err = zn_scalar_decode(&type_scalar, in + PARTIAL_AT_TYPE);
	if (!err)
		err = decode_signature(&w->h, &w->s, in + AT_SIGNATURE);
	if (err)
		return err;
	if (!zn_scalar_small(&expiration, &expiration_scalar) ||
	    !zn_is_date(expiration))
		return ZKNYM_E_DATE;
	if (!zn_scalar_small(&type, &type_scalar) || type > UINT8_MAX)
		return ZKNYM_E_TYPE;
	w->expiration = expiration;
	w->type = type;
	w->index = zn_get_le64(in + PARTIAL_AT_INDEX);
	return w->index ? ZKNYM_OK : ZKNYM_E_SIGNERS;
}

int zknym_partial_wallet_decode(struct zknym_partial_wallet *partial,
				const uint8_t *in, size_t len)
{
	int err;

	if (len != ZKNYM_PARTIAL_WALLET_SIZE)
		return ZKNYM_E_LENGTH;
	err = decode_partial((struct zn_partial_wallet *)partial, in);
	if (err)
		zn_wipe(partial);
	return err;
}

void zknym_wallet_signatures_encode(uint8_t out[ZKNYM_WALLET_SIGNATURES_SIZE],
				    const struct zknym_wallet *wallet)
{
	const struct zn_wallet *w = (const struct zn_wallet *)wallet;

	encode_signature(out + AT_SIGNATURE, &w->h, &w->s);
	zn_scalar_encode(out + AT_V, &w->v);
	zn_put_be32(out + AT_EXPIRATION, (uint32_t)w->expiration);
	out[WALLET_AT_TYPE] = (uint8_t)w->type;
}

void zknym_wallet_encode(uint8_t out[ZKNYM_WALLET_SIZE],
			 const struct zknym_wallet *wallet)
{
	const struct zn_wallet *w = (const struct zn_wallet *)wallet;

	zknym_wallet_signatures_encode(out, wallet);
	zn_put_be64(out + WALLET_AT_TAKEN, w->taken);
}

static int decode_wallet(struct zn_wallet *w, const uint8_t *in, size_t len)
{
	int err;

	err = zn_scalar_decode(&w->v, in + AT_V);
	if (!err)
		err = decode_signature(&w->h, &w->s, in + AT_SIGNATURE);
	if (err)
		return err;
	w->expiration = zn_get_be32(in + AT_EXPIRATION);
	if (!zn_is_date((uint32_t)w->expiration))
		return ZKNYM_E_DATE;
	w->type = in[WALLET_AT_TYPE];
	w->taken = len == ZKNYM_WALLET_SIZE ?
			   zn_get_be64(in + WALLET_AT_TAKEN) :
			   0;
	return w->taken > ZKNYM_TICKETS ? ZKNYM_E_RANGE : ZKNYM_OK;
}

int zknym_wallet_decode(struct zknym_wallet *wallet, const uint8_t *in,
			size_t len)
{
	int err;

	if (len != ZKNYM_WALLET_SIGNATURES_SIZE && len != ZKNYM_WALLET_SIZE)
		return ZKNYM_E_LENGTH;
	err = decode_wallet((struct zn_wallet *)wallet, in, len);
	if (err)
		zn_wipe(wallet);
	return err;
}
