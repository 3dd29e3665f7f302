// SPDX-License-Identifier: GPL-2.0-or-later
/* The spender's side of a payment (ZKN 5.1, 5.2). */
#include <string.h>

#include "codec.h"
#include "params.h"
#include "payment.h"
#include "random.h"
#include "scalar.h"
#include "secret.h"
#include "wallet.h"

int zknym_pay_info(uint8_t pay_info[ZKNYM_PAY_INFO_SIZE], int64_t time,
		   const uint8_t provider[ZKNYM_PROVIDER_SIZE],
		   const struct zknym_rng *rng)
{
	if (zn_random(rng, pay_info, 32))
		return ZKNYM_E_RANDOM;
	zn_put_be64(pay_info + 32, (uint64_t)time);
	memcpy(pay_info + 40, provider, ZKNYM_PROVIDER_SIZE);
	return ZKNYM_OK;
}

/* Everything secret of one coin. */
struct coin_secrets {
	blst_fr l, oa, rk, rk_prime, mu, om, pay_info_hash;
	blst_fr nonce_rk, nonce_l, nonce_oa, nonce_mu, nonce_om;
};

/* Everything secret of a payment. */
struct spend_secrets {
	blst_fr r, r_prime, re, re_prime, oc;
	blst_fr nonce_sk, nonce_v, nonce_exp, nonce_r, nonce_re, nonce_oc;
	blst_p1 c;
	blst_p1 a[ZN_COINS_MAX];
	struct coin_secrets coin[ZN_COINS_MAX];
};

static int draw_each(struct spend_secrets *s, size_t offset, unsigned int coins,
		     const struct zknym_rng *rng)
{
	unsigned int k;

	for (k = 0; k < coins; k++)
		if (zn_scalar_draw((blst_fr *)((char *)&s->coin[k] + offset),
				   rng))
			return ZKNYM_E_RANDOM;
	return ZKNYM_OK;
}

static int draw(struct spend_secrets *s, const struct zknym_spending *spending,
		const struct zknym_rng *rng)
{
	blst_fr *const blinding[] = {
		&s->r, &s->r_prime, &s->re, &s->re_prime, &s->oc,
	};
	blst_fr *const nonces[] = {
		&s->nonce_sk, &s->nonce_v,  &s->nonce_exp,
		&s->nonce_r,  &s->nonce_re, &s->nonce_oc,
	};
	static const size_t coin_nonces[] = {
		offsetof(struct coin_secrets, nonce_rk),
		offsetof(struct coin_secrets, nonce_l),
		offsetof(struct coin_secrets, nonce_oa),
		offsetof(struct coin_secrets, nonce_mu),
		offsetof(struct coin_secrets, nonce_om),
	};
	unsigned int k;
	int err = 0;
	size_t i;

	for (i = 0; i < sizeof(blinding) / sizeof(*blinding); i++)
		err |= zn_scalar_draw(blinding[i], rng);
	for (k = 0; k < spending->coins; k++) {
		err |= zn_scalar_draw(&s->coin[k].oa, rng);
		err |= zn_scalar_draw(&s->coin[k].rk, rng);
		err |= zn_scalar_draw(&s->coin[k].rk_prime, rng);
	}
	for (i = 0; i < sizeof(nonces) / sizeof(*nonces); i++)
		err |= zn_scalar_draw(nonces[i], rng);
	/* The compat form has no responses for rk, hence no nonces. */
	for (i = spending->form == ZKNYM_FORM_COMPAT;
	     i < sizeof(coin_nonces) / sizeof(*coin_nonces); i++)
		err |= draw_each(s, coin_nonces[i], spending->coins, rng);
	return err ? ZKNYM_E_RANDOM : ZKNYM_OK;
}

/* The spent index's signature, read without telling which it is. */
static void select_signature(struct zn_signature *out,
			     const struct zknym_signature *indices,
			     unsigned int index)
{
	unsigned int i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < ZKNYM_TICKETS; i++)
		zn_copy_masked((uint64_t *)out, indices[i].opaque,
			       sizeof(*out) / 8, zn_mask_equal(i, index));
}

/* A second randomisation: (r' * h, r' * s + r * r' * h). */
static int put_signature(uint8_t *out, size_t at_h, size_t at_s,
			 const blst_p1_affine *h, const blst_p1_affine *s,
			 const blst_fr *r, const blst_fr *r_prime)
{
	blst_p1 new_h, new_s;
	bool missing;
	blst_fr both;

	missing = blst_p1_affine_is_inf(h);
	missing |= blst_p1_affine_is_inf(s);
	zn_disclose(&missing, sizeof(missing));
	if (missing)
		return ZKNYM_E_INFINITY;
	blst_fr_mul(&both, r, r_prime);
	memset(&new_h, 0, sizeof(new_h));
	memset(&new_s, 0, sizeof(new_s));
	zn_g1_add_mult(&new_h, h, r_prime);
	zn_g1_add_mult(&new_s, s, r_prime);
	zn_g1_add_mult(&new_s, h, &both);
	zn_g1_encode(out + at_h + 1, &new_h);
	zn_g1_encode(out + at_s + 1, &new_s);
	zn_wipe(&both);
	return ZKNYM_OK;
}

/* out = r * H + alpha + the given multiples of b2_1, b2_2, b2_3 */
static void commit_g2(blst_p2 *out, const struct zknym_master *master,
		      const blst_fr *r, const blst_fr *const factors[3])
{
	const struct zn_verification_key *key =
		(const struct zn_verification_key *)&master->key;
	int i;

	blst_p2_from_affine(out, &key->alpha);
	zn_g2_add_fixed(out, &zn_params()->h, r);
	for (i = 0; i < 3; i++)
		if (factors[i])
			zn_g2_add_fixed(out, &master->b2[i], factors[i]);
}

/* kappa, kappa_e, (sh, ss), (eh, es), C */
static int put_wallet(uint8_t *out, const struct zn_layout *l,
		      struct spend_secrets *s,
		      const struct zknym_spending *spending)
{
	const struct zn_signature *date = (const struct zn_signature *)
						  spending->date;
	const struct zn_wallet *w = (const struct zn_wallet *)spending->wallet;
	const struct zn_user *u = (const struct zn_user *)spending->user;
	const struct zknym_master *master = spending->master;
	blst_fr expiration;
	blst_p2 point;
	int err;

	zn_scalar_from_uint(&expiration, w->expiration);
	commit_g2(&point, master, &s->r,
		  (const blst_fr *[3]){ &u->secret, &w->v, &expiration });
	zn_g2_encode(out + l->kappa + 1, &point);
	commit_g2(&point, master, &s->re,
		  (const blst_fr *[3]){ &expiration, NULL, NULL });
	zn_g2_encode(out + l->kappa_e + 1, &point);
	err = put_signature(out, l->sh, l->ss, &w->h, &w->s, &s->r,
			    &s->r_prime);
	if (!err)
		err = put_signature(out, l->eh, l->es, &date->h, &date->s,
				    &s->re, &s->re_prime);
	if (err)
		return err;
	memset(&s->c, 0, sizeof(s->c));
	zn_g1_add_fixed(&s->c, &zn_params()->g, &s->oc);
	zn_g1_add_fixed(&s->c, &zn_params()->gamma2, &w->v);
	zn_g1_encode(out + l->c + 1, &s->c);
	zn_wipe(&expiration);
	return ZKNYM_OK;
}

/* kappa_k, (oh, os), S, T, A of coin k */
static int put_coin(uint8_t *out, const struct zn_layout *l,
		    struct spend_secrets *s,
		    const struct zknym_spending *spending, unsigned int k)
{
	const struct zn_wallet *w = (const struct zn_wallet *)spending->wallet;
	const struct zn_user *u = (const struct zn_user *)spending->user;
	const struct zn_params *params = zn_params();
	struct coin_secrets *coin = &s->coin[k];
	struct zn_signature signature;
	blst_fr tmp, one;
	blst_p2 kappa_k;
	blst_p1 point;
	int err;

	zn_scalar_from_uint(&coin->l, spending->first + k);
	zn_scalar_from_uint(&one, 1);
	zn_pay_info_hash(&coin->pay_info_hash, spending->pay_info, k);

	/* mu = 1 / (v + l + 1), om = -(oa + oc) * mu */
	blst_fr_add(&tmp, &w->v, &coin->l);
	blst_fr_add(&tmp, &tmp, &one);
	if (zn_scalar_is_zero(&tmp))
		return ZKNYM_E_SCALAR;
	blst_fr_inverse(&coin->mu, &tmp);
	blst_fr_add(&tmp, &coin->oa, &s->oc);
	blst_fr_mul(&coin->om, &tmp, &coin->mu);
	blst_fr_cneg(&coin->om, &coin->om, true);

	commit_g2(&kappa_k, spending->master, &coin->rk,
		  (const blst_fr *[3]){ &coin->l, NULL, NULL });
	zn_g2_encode(out + zn_element(l->kappa_k, ZN_LP_G2, k) + 1, &kappa_k);
	select_signature(&signature, spending->indices, spending->first + k);
	err = put_signature(out,
			    zn_element(l->index_signatures, ZN_LP_G1, 2 * k),
			    zn_element(l->index_signatures, ZN_LP_G1,
				       2 * k + 1),
			    &signature.h, &signature.s, &coin->rk,
			    &coin->rk_prime);
	if (err)
		goto wipe;

	memset(&point, 0, sizeof(point));
	zn_g1_add_fixed(&point, &params->delta, &coin->mu);
	zn_g1_encode(out + zn_element(l->serials, ZN_LP_G1, k) + 1, &point);

	blst_fr_mul(&tmp, &coin->pay_info_hash, &coin->mu);
	blst_fr_add(&tmp, &tmp, &u->secret);
	memset(&point, 0, sizeof(point));
	zn_g1_add_fixed(&point, &params->g, &tmp);
	zn_g1_encode(out + zn_element(l->tags, ZN_LP_G1, k) + 1, &point);

	memset(&s->a[k], 0, sizeof(s->a[k]));
	zn_g1_add_fixed(&s->a[k], &params->g, &coin->oa);
	zn_g1_add_fixed(&s->a[k], &params->gamma2, &coin->l);
	zn_g1_encode(out + zn_element(l->a, ZN_LP_G1, k) + 1, &s->a[k]);
wipe:
	zn_wipe(&tmp);
	zn_wipe(&signature);
	return err;
}

static void commit_wallet(struct zn_spend_commitments *t,
			  const struct spend_secrets *s,
			  const struct zknym_master *master)
{
	commit_g2(&t->kappa, master, &s->nonce_r,
		  (const blst_fr *[3]){ &s->nonce_sk, &s->nonce_v,
					&s->nonce_exp });
	commit_g2(&t->kappa_e, master, &s->nonce_re,
		  (const blst_fr *[3]){ &s->nonce_exp, NULL, NULL });
	memset(&t->c, 0, sizeof(t->c));
	zn_g1_add_fixed(&t->c, &zn_params()->g, &s->nonce_oc);
	zn_g1_add_fixed(&t->c, &zn_params()->gamma2, &s->nonce_v);
}

static void commit_coin(struct zn_coin_commitments *t,
			const struct spend_secrets *s, unsigned int k,
			const struct zknym_spending *spending)
{
	const struct coin_secrets *coin = &s->coin[k];
	const struct zn_params *params = zn_params();
	blst_p1 base;
	blst_fr tmp;

	memset(t, 0, sizeof(*t));
	zn_g1_add_fixed(&t->a, &params->g, &coin->nonce_oa);
	zn_g1_add_fixed(&t->a, &params->gamma2, &coin->nonce_l);
	zn_g1_add_fixed(&t->serial, &params->delta, &coin->nonce_mu);
	if (spending->form == ZKNYM_FORM_RK)
		commit_g2(&t->kappa_k, spending->master, &coin->nonce_rk,
			  (const blst_fr *[3]){ &coin->nonce_l, NULL, NULL });

	blst_p1_add_or_double(&base, &s->a[k], &s->c);
	blst_p1_add_or_double_affine(&base, &base, &params->gamma2_point);
	zn_g1_add_mult_point(&t->g, &base, &coin->nonce_mu);
	zn_g1_add_fixed(&t->g, &params->g, &coin->nonce_om);

	blst_fr_mul(&tmp, &coin->pay_info_hash, &coin->nonce_mu);
	blst_fr_add(&tmp, &tmp, &s->nonce_sk);
	zn_g1_add_fixed(&t->tag, &params->g, &tmp);
	zn_wipe(&tmp);
}

static void put_response(uint8_t *out, size_t at, const blst_fr *nonce,
			 const blst_fr *challenge, const blst_fr *witness)
{
	blst_fr response;

	zn_scalar_respond(&response, nonce, challenge, witness);
	zn_scalar_encode(out + at + 1, &response);
}

static void put_responses(uint8_t *out, const struct zn_layout *l,
			  const blst_fr *c, const struct spend_secrets *s,
			  const struct zknym_spending *spending)
{
	const struct zn_wallet *w = (const struct zn_wallet *)spending->wallet;
	const struct zn_user *u = (const struct zn_user *)spending->user;
	blst_fr expiration;
	unsigned int k;

	zn_scalar_from_uint(&expiration, w->expiration);
	zn_scalar_encode(out + l->challenge + 1, c);
	put_response(out, l->s_r, &s->nonce_r, c, &s->r);
	put_response(out, l->s_re, &s->nonce_re, c, &s->re);
	put_response(out, l->s_oc, &s->nonce_oc, c, &s->oc);
	put_response(out, zn_element(l->s_attr, ZN_LP_SCALAR, 0), &s->nonce_sk,
		     c, &u->secret);
	put_response(out, zn_element(l->s_attr, ZN_LP_SCALAR, 1), &s->nonce_v,
		     c, &w->v);
	put_response(out, zn_element(l->s_attr, ZN_LP_SCALAR, 2), &s->nonce_exp,
		     c, &expiration);
	for (k = 0; k < l->coins; k++) {
		const struct coin_secrets *coin = &s->coin[k];

		if (l->form == ZKNYM_FORM_RK)
			put_response(out, zn_element(l->s_rk, ZN_LP_SCALAR, k),
				     &coin->nonce_rk, c, &coin->rk);
		put_response(out, zn_element(l->s_l, ZN_LP_SCALAR, k),
			     &coin->nonce_l, c, &coin->l);
		put_response(out, zn_element(l->s_oa, ZN_LP_SCALAR, k),
			     &coin->nonce_oa, c, &coin->oa);
		put_response(out, zn_element(l->s_mu, ZN_LP_SCALAR, k),
			     &coin->nonce_mu, c, &coin->mu);
		put_response(out, zn_element(l->s_om, ZN_LP_SCALAR, k),
			     &coin->nonce_om, c, &coin->om);
	}
}

/* May these tickets be spent on this day at all? */
static int check_spending(const struct zknym_spending *spending, size_t size)
{
	const struct zn_wallet *w = (const struct zn_wallet *)spending->wallet;
	uint32_t expiration = (uint32_t)w->expiration;
	bool empty, valid;
	unsigned int slot;

	if (!spending->coins || spending->coins > ZN_COINS_MAX)
		return ZKNYM_E_RANGE;
	/* That a book is used up, or out of date, is no secret. */
	empty = spending->first > ZKNYM_TICKETS - spending->coins;
	zn_disclose(&empty, sizeof(empty));
	if (empty)
		return ZKNYM_E_EMPTY;
	zn_disclose(&expiration, sizeof(expiration));
	valid = !zknym_date_slot(expiration, spending->spend_date, &slot);
	if (!valid)
		return ZKNYM_E_DATE;
	if (spending->form != ZKNYM_FORM_RK &&
	    spending->form != ZKNYM_FORM_COMPAT)
		return ZKNYM_E_RANGE;
	return size < ZKNYM_PAYMENT_SIZE(spending->coins) ? ZKNYM_E_RANGE :
							    ZKNYM_OK;
}

int zknym_spend(uint8_t *payment, size_t size, size_t *len,
		const struct zknym_spending *spending,
		const struct zknym_rng *rng)
{
	const struct zn_wallet *w = (const struct zn_wallet *)spending->wallet;
	struct zn_coin_commitments coins[ZN_COINS_MAX];
	struct zn_spend_commitments t;
	struct spend_secrets s;
	struct zn_layout l;
	unsigned int k;
	blst_fr c;
	int err;

	err = check_spending(spending, size);
	if (err)
		return err;
	zn_layout_init(&l, spending->coins, spending->form);
	err = draw(&s, spending, rng);
	if (err)
		goto wipe;
	zn_layout_write(&l, payment);
	payment[l.type] = (uint8_t)w->type;
	err = put_wallet(payment, &l, &s, spending);
	for (k = 0; !err && k < spending->coins; k++)
		err = put_coin(payment, &l, &s, spending, k);
	if (err)
		goto wipe;
	commit_wallet(&t, &s, spending->master);
	for (k = 0; k < spending->coins; k++)
		commit_coin(&coins[k], &s, k, spending);
	zn_spend_challenge(&c,
			   (const struct zn_verification_key *)&spending->master
				   ->key,
			   &l, payment, &t, coins, spending->pay_info);
	put_responses(payment, &l, &c, &s, spending);
	*len = l.size;
wipe:
	if (err)
		zknym_wipe(payment, size);
	/* Only as far as it was used: the rest is large. */
	zknym_wipe(&s, offsetof(struct spend_secrets, coin[spending->coins]));
	return err;
}
