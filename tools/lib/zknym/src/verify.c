// SPDX-License-Identifier: GPL-2.0-or-later
/* The verifier's side of a payment (ZKN 6). Everything here is public. */
#include <stdlib.h>
#include <string.h>

#include "params.h"
#include "payment.h"
#include "scalar.h"

/*
 * c * kappa + (1 - c) * alpha + s_r * H + the given multiples of b2_i, as
 * c * (kappa - alpha) + alpha + ...: one multiplication less.
 */
static void recommit_g2(blst_p2 *out, const struct zknym_master *master,
			const blst_p2_affine *kappa, const blst_fr *c,
			const blst_fr *s_r, const blst_fr *const factors[3])
{
	const struct zn_verification_key *key =
		(const struct zn_verification_key *)&master->key;
	blst_p2 difference;
	int i;

	blst_p2_from_affine(out, &key->alpha);
	difference = *out;
	blst_p2_cneg(&difference, true);
	blst_p2_add_or_double_affine(&difference, &difference, kappa);
	if (!blst_p2_is_inf(&difference))
		zn_g2_add_mult_point(out, &difference, c);
	zn_g2_add_fixed_public(out, &zn_params()->h, s_r);
	for (i = 0; i < 3; i++)
		if (factors[i])
			zn_g2_add_fixed_public(out, &master->b2[i], factors[i]);
}

static void recommit_wallet(struct zn_spend_commitments *t,
			    const struct zknym_master *master,
			    const struct zknym_payment *p)
{
	const struct zn_params *params = zn_params();

	recommit_g2(&t->kappa, master, &p->kappa, &p->challenge, &p->s_r,
		    (const blst_fr *[3]){ &p->s_sk, &p->s_v, &p->s_exp });
	recommit_g2(&t->kappa_e, master, &p->kappa_e, &p->challenge, &p->s_re,
		    (const blst_fr *[3]){ &p->s_exp, NULL, NULL });
	memset(&t->c, 0, sizeof(t->c));
	zn_g1_add_mult(&t->c, &p->c, &p->challenge);
	zn_g1_add_fixed_public(&t->c, &params->g, &p->s_oc);
	zn_g1_add_fixed_public(&t->c, &params->gamma2, &p->s_v);
}

static void recommit_coin(struct zn_coin_commitments *t,
			  const struct zknym_master *master,
			  const struct zknym_payment *p, unsigned int k,
			  const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE])
{
	const struct zn_params *params = zn_params();
	const struct zn_coin *coin = &p->coin[k];
	const blst_fr *c = &p->challenge;
	blst_fr factor;
	blst_p1 base;

	memset(t, 0, sizeof(*t));
	zn_g1_add_mult(&t->a, &coin->a, c);
	zn_g1_add_fixed_public(&t->a, &params->g, &coin->s_oa);
	zn_g1_add_fixed_public(&t->a, &params->gamma2, &coin->s_l);

	zn_g1_add_mult(&t->serial, &coin->serial, c);
	zn_g1_add_fixed_public(&t->serial, &params->delta, &coin->s_mu);

	recommit_g2(&t->kappa_k, master, &coin->kappa_k, c, &coin->s_rk,
		    (const blst_fr *[3]){ &coin->s_l, NULL, NULL });

	blst_p1_from_affine(&base, &coin->a);
	blst_p1_add_or_double_affine(&base, &base, &p->c);
	blst_p1_add_or_double_affine(&base, &base, &params->gamma2_point);
	if (!blst_p1_is_inf(&base))
		zn_g1_add_mult_point(&t->g, &base, &coin->s_mu);
	zn_g1_add_fixed_public(&t->g, &params->gamma2, c);
	zn_g1_add_fixed_public(&t->g, &params->g, &coin->s_om);

	zn_pay_info_hash(&factor, pay_info, k);
	blst_fr_mul(&factor, &factor, &coin->s_mu);
	blst_fr_add(&factor, &factor, &p->s_sk);
	zn_g1_add_mult(&t->tag, &coin->tag, c);
	zn_g1_add_fixed_public(&t->tag, &params->g, &factor);
}

static bool repeats_serial(const struct zknym_payment *p)
{
	unsigned int i, j;

	for (i = 0; i < p->layout.coins; i++)
		for (j = 0; j < i; j++)
			if (!memcmp(zknym_payment_serial(p, i),
				    zknym_payment_serial(p, j),
				    ZKNYM_SERIAL_SIZE))
				return true;
	return false;
}

/* Everything except the authorities' signatures: checks 3, 8, 14, 15. */
static int verify_proof(const struct zknym_master *master,
			const struct zknym_payment *p,
			const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE])
{
	struct zn_coin_commitments coins[ZN_COINS_MAX];
	struct zn_spend_commitments t;
	unsigned int k;
	blst_fr c;

	/*
	 * Without s_rk the proof does not tie l to the signed index: a book
	 * would have no end.
	 */
	if (p->layout.form != ZKNYM_FORM_RK)
		return ZKNYM_E_UNBOUND_INDEX;
	/* Nothing was decoded. */
	if (!p->layout.coins)
		return ZKNYM_E_VALUE;
	if (p->type >= ZN_TYPES)
		return ZKNYM_E_TYPE;
	if (repeats_serial(p))
		return ZKNYM_E_DUP_SERIAL;
	recommit_wallet(&t, master, p);
	for (k = 0; k < p->layout.coins; k++)
		recommit_coin(&coins[k], master, p, k, pay_info);
	zn_spend_challenge(&c, (const struct zn_verification_key *)&master->key,
			   &p->layout, p->bytes, &t, coins, pay_info);
	return memcmp(&c, &p->challenge, sizeof(c)) ? ZKNYM_E_PROOF : ZKNYM_OK;
}

/* One signature equation: e(h, factor) = e(s, H). */
struct equation {
	const blst_p1_affine *h, *s;
	blst_p2_affine factor;
	int error; /* if it does not hold */
};

static size_t equations(const struct zknym_payment *p)
{
	return 2 + p->layout.coins;
}

/* Equation @i of a payment: wallet, date, then the coins' indices. */
static int make_equation(struct equation *e, const struct zknym_master *master,
			 const struct zknym_payment *p, uint32_t spend_date,
			 size_t i)
{
	blst_p2 factor;
	blst_fr date;

	switch (i) {
	case 0:
		e->h = &p->sh;
		e->s = &p->ss;
		e->error = ZKNYM_E_SIG_WALLET;
		factor = master->type_part[p->type];
		blst_p2_add_or_double_affine(&factor, &factor, &p->kappa);
		break;
	case 1:
		e->h = &p->eh;
		e->s = &p->es;
		e->error = ZKNYM_E_SIG_DATE;
		factor = master->date_part;
		blst_p2_add_or_double_affine(&factor, &factor, &p->kappa_e);
		zn_scalar_from_uint(&date, spend_date);
		zn_g2_add_fixed_public(&factor, &master->b2[1], &date);
		break;
	default:
		e->h = &p->coin[i - 2].oh;
		e->s = &p->coin[i - 2].os;
		e->error = ZKNYM_E_SIG_INDEX;
		factor = master->index_part;
		blst_p2_add_or_double_affine(&factor, &factor,
					     &p->coin[i - 2].kappa_k);
	}
	if (blst_p2_is_inf(&factor))
		return e->error;
	blst_p2_to_affine(&e->factor, &factor);
	return ZKNYM_OK;
}

/*
 * Equations raised to random weights and multiplied together:
 * prod e(weight * h, factor) * e(sum weight * s, -H) = 1. They hold each on
 * its own, or the product holds with a chance of 2^-128.
 */
struct product {
	struct zn_pair *pairs;
	blst_p1_affine *s;
	struct zn_weight *weights;
	size_t count;
};

static int add_equation(struct product *product, const struct equation *e,
			const struct zknym_rng *rng)
{
	static const struct zn_weight unit = { { 1 } };
	struct zn_weight *weight = &product->weights[product->count];
	struct zn_pair *pair = &product->pairs[product->count];
	blst_p1 h;

	pair->q = e->factor;
	product->s[product->count] = *e->s;
	if (!product->count++) {
		/* One equation needs no weight beside the others' random. */
		*weight = unit;
		pair->p = *e->h;
		return ZKNYM_OK;
	}
	if (zn_weight_draw(weight, rng))
		return ZKNYM_E_RANDOM;
	zn_g1_weigh_public(&h, e->h, weight);
	blst_p1_to_affine(&pair->p, &h);
	return ZKNYM_OK;
}

/* Does the product of some of the equations hold? */
static bool product_holds(const struct product *product, size_t from,
			  size_t count)
{
	struct zn_pair last;
	blst_p1 sum;

	if (!count)
		return true;
	memset(&sum, 0, sizeof(sum));
	zn_g1_add_weighted_public(&sum, product->s + from,
				  product->weights + from, count);
	if (blst_p1_is_inf(&sum))
		return false;
	blst_p1_to_affine(&last.p, &sum);
	last.q = zn_params()->negative_h;
	return zn_pairing_product_is_one(product->pairs + from, count, &last);
}

/* All equations of a payment; on failure none is left in the product. */
static int add_payment(struct product *product,
		       const struct zknym_master *master,
		       const struct zknym_payment *p, uint32_t spend_date,
		       const struct zknym_rng *rng)
{
	size_t i, before = product->count;
	struct equation e;
	int err = ZKNYM_OK;

	for (i = 0; !err && i < equations(p); i++) {
		err = make_equation(&e, master, p, spend_date, i);
		if (!err)
			err = add_equation(product, &e, rng);
	}
	if (err)
		product->count = before;
	return err;
}

/* Which equation of a payment does not hold? */
static int name_equation(const struct zknym_master *master,
			 const struct zknym_payment *p, uint32_t spend_date)
{
	struct zn_pair pair, last;
	struct equation e;
	size_t i;

	last.q = zn_params()->negative_h;
	for (i = 0; i < equations(p); i++) {
		if (make_equation(&e, master, p, spend_date, i))
			return e.error;
		pair.p = *e.h;
		pair.q = e.factor;
		last.p = *e.s;
		if (!zn_pairing_product_is_one(&pair, 1, &last))
			return e.error;
	}
	return ZKNYM_E_SIG_BATCH;
}

int zknym_verify(const struct zknym_master *master,
		 const struct zknym_payment *payment,
		 const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE],
		 uint32_t spend_date, const struct zknym_rng *rng)
{
	struct zn_weight weights[2 + ZN_COINS_MAX];
	struct zn_pair pairs[2 + ZN_COINS_MAX];
	blst_p1_affine s[2 + ZN_COINS_MAX];
	struct product product = { pairs, s, weights, 0 };
	int err;

	err = verify_proof(master, payment, pay_info);
	if (!err)
		err = add_payment(&product, master, payment, spend_date, rng);
	if (err)
		return err;
	if (product_holds(&product, 0, product.count))
		return ZKNYM_OK;
	return name_equation(master, payment, spend_date);
}

struct batch {
	struct zknym_batch_item *items;
	size_t *begin; /* first equation of each item, and the end */
	struct product product;
};

/*
 * Names the bad items from @first to @last - 1, of which at least one is bad
 * if @bad; returns whether one was.
 */
static bool find_bad(struct batch *b, size_t first, size_t last, bool bad)
{
	struct zknym_batch_item *item = &b->items[first];
	size_t middle;

	if (!bad && product_holds(&b->product, b->begin[first],
				  b->begin[last] - b->begin[first]))
		return false;
	if (last - first == 1) {
		item->result = name_equation(item->master, item->payment,
					     item->spend_date);
		return true;
	}
	middle = first + (last - first) / 2;
	bad = find_bad(b, first, middle, false);
	find_bad(b, middle, last, !bad);
	return true;
}

static int fill_batch(struct batch *b, size_t count,
		      const struct zknym_rng *rng)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct zknym_batch_item *item = &b->items[i];

		b->begin[i] = b->product.count;
		item->result = verify_proof(item->master, item->payment,
					    item->pay_info);
		if (!item->result)
			item->result = add_payment(&b->product, item->master,
						   item->payment,
						   item->spend_date, rng);
		if (item->result == ZKNYM_E_RANDOM)
			return ZKNYM_E_RANDOM;
	}
	b->begin[count] = b->product.count;
	return ZKNYM_OK;
}

int zknym_verify_batch(struct zknym_batch_item *items, size_t count,
		       const struct zknym_rng *rng)
{
	struct batch b = { .items = items };
	int err = ZKNYM_E_MEMORY;
	size_t i, total = 0;

	if (!count)
		return ZKNYM_OK;
	for (i = 0; i < count; i++)
		total += equations(items[i].payment);
	b.begin = calloc(count + 1, sizeof(*b.begin));
	b.product.pairs = calloc(total, sizeof(*b.product.pairs));
	b.product.s = calloc(total, sizeof(*b.product.s));
	b.product.weights = calloc(total, sizeof(*b.product.weights));
	if (b.begin && b.product.pairs && b.product.s && b.product.weights)
		err = fill_batch(&b, count, rng);
	if (!err) {
		find_bad(&b, 0, count, false);
		for (i = 0; i < count; i++)
			if (items[i].result)
				err = ZKNYM_E_SIG_BATCH;
	} else {
		for (i = 0; i < count; i++)
			items[i].result = err;
	}
	free(b.begin);
	free(b.product.pairs);
	free(b.product.s);
	free(b.product.weights);
	return err;
}
