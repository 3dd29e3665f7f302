// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "params.h"
#include "payment.h"
#include "scalar.h"

void zn_layout_init(struct zn_layout *l, unsigned int coins,
		    enum zknym_form form)
{
	size_t at = 0;

	l->coins = coins;
	l->form = form;
#define FIELD(name, size) (l->name = at, at += (size))
#define VECTOR(name, n, size) FIELD(name, 1 + (n) * (size))
	FIELD(kappa, ZN_LP_G2);
	FIELD(kappa_e, ZN_LP_G2);
	FIELD(sh, ZN_LP_G1);
	FIELD(ss, ZN_LP_G1);
	FIELD(eh, ZN_LP_G1);
	FIELD(es, ZN_LP_G1);
	VECTOR(kappa_k, coins, ZN_LP_G2);
	VECTOR(index_signatures, coins, 2 * ZN_LP_G1);
	VECTOR(serials, coins, ZN_LP_G1);
	VECTOR(tags, coins, ZN_LP_G1);
	VECTOR(a, coins, ZN_LP_G1);
	FIELD(value, 1);
	FIELD(c, ZN_LP_G1);
	FIELD(type, 1);
	FIELD(challenge, ZN_LP_SCALAR);
	FIELD(s_r, ZN_LP_SCALAR);
	FIELD(s_re, ZN_LP_SCALAR);
	VECTOR(s_rk, form == ZKNYM_FORM_RK ? coins : 0, ZN_LP_SCALAR);
	VECTOR(s_l, coins, ZN_LP_SCALAR);
	VECTOR(s_oa, coins, ZN_LP_SCALAR);
	FIELD(s_oc, ZN_LP_SCALAR);
	VECTOR(s_mu, coins, ZN_LP_SCALAR);
	VECTOR(s_om, coins, ZN_LP_SCALAR);
	VECTOR(s_attr, 3, ZN_LP_SCALAR);
#undef VECTOR
#undef FIELD
	l->size = at;
}

/* What checking and writing the structure have in common: a visit of it. */
struct visit {
	const uint8_t *in; /* to check, or NULL */
	uint8_t *out;	   /* to write, or NULL */
	int err;	   /* first fault */
};

static void visit_byte(struct visit *v, size_t at, uint8_t byte, int error)
{
	if (v->out)
		v->out[at] = byte;
	else if (!v->err && v->in[at] != byte)
		v->err = error;
}

static void visit_element(struct visit *v, size_t at, size_t size)
{
	visit_byte(v, at, (uint8_t)(size - 1), ZKNYM_E_FORMAT);
}

static void visit_vector(struct visit *v, size_t at, unsigned int count,
			 size_t size)
{
	unsigned int i;

	visit_byte(v, at, (uint8_t)count, ZKNYM_E_FORMAT);
	for (i = 0; i < count; i++)
		visit_element(v, zn_element(at, size, i), size);
}

/* Pairs of points: the signatures on the indices. */
static void visit_signatures(struct visit *v, size_t at, unsigned int count)
{
	unsigned int i;

	visit_byte(v, at, (uint8_t)count, ZKNYM_E_FORMAT);
	for (i = 0; i < 2 * count; i++)
		visit_element(v, zn_element(at, ZN_LP_G1, i), ZN_LP_G1);
}

static void visit(struct visit *v, const struct zn_layout *l)
{
	bool rk = l->form == ZKNYM_FORM_RK;

	visit_element(v, l->kappa, ZN_LP_G2);
	visit_element(v, l->kappa_e, ZN_LP_G2);
	visit_element(v, l->sh, ZN_LP_G1);
	visit_element(v, l->ss, ZN_LP_G1);
	visit_element(v, l->eh, ZN_LP_G1);
	visit_element(v, l->es, ZN_LP_G1);
	visit_vector(v, l->kappa_k, l->coins, ZN_LP_G2);
	visit_signatures(v, l->index_signatures, l->coins);
	visit_vector(v, l->serials, l->coins, ZN_LP_G1);
	visit_vector(v, l->tags, l->coins, ZN_LP_G1);
	visit_vector(v, l->a, l->coins, ZN_LP_G1);
	/* From 251 on a varint has further bytes, which have no room here. */
	visit_byte(v, l->value, (uint8_t)l->coins,
		   v->in && v->in[l->value] < 251 ? ZKNYM_E_VALUE :
						    ZKNYM_E_FORMAT);
	visit_element(v, l->c, ZN_LP_G1);
	visit_element(v, l->challenge, ZN_LP_SCALAR);
	visit_element(v, l->s_r, ZN_LP_SCALAR);
	visit_element(v, l->s_re, ZN_LP_SCALAR);
	if (v->in && rk && !v->in[l->s_rk])
		visit_byte(v, l->s_rk, (uint8_t)l->coins,
			   ZKNYM_E_UNBOUND_INDEX);
	visit_vector(v, l->s_rk, rk ? l->coins : 0, ZN_LP_SCALAR);
	visit_vector(v, l->s_l, l->coins, ZN_LP_SCALAR);
	visit_vector(v, l->s_oa, l->coins, ZN_LP_SCALAR);
	visit_element(v, l->s_oc, ZN_LP_SCALAR);
	visit_vector(v, l->s_mu, l->coins, ZN_LP_SCALAR);
	visit_vector(v, l->s_om, l->coins, ZN_LP_SCALAR);
	visit_vector(v, l->s_attr, 3, ZN_LP_SCALAR);
}

int zn_layout_check(const struct zn_layout *layout, const uint8_t *in)
{
	struct visit v = { .in = in };

	visit(&v, layout);
	return v.err;
}

void zn_layout_write(const struct zn_layout *layout, uint8_t *out)
{
	struct visit v = { .out = out };

	visit(&v, layout);
}

struct zknym_payment *zknym_payment_new(unsigned int coins)
{
	struct zknym_payment *p;
	size_t size;

	if (!coins || coins > ZN_COINS_MAX)
		return NULL;
	size = sizeof(*p) + coins * sizeof(p->coin[0]);
	p = calloc(1, size + ZKNYM_PAYMENT_SIZE(coins));
	if (!p)
		return NULL;
	p->room = coins;
	p->bytes = (uint8_t *)p + size;
	return p;
}

void zknym_payment_free(struct zknym_payment *payment)
{
	free(payment);
}

static int decode_scalars(struct zknym_payment *p, const struct zn_layout *l,
			  const uint8_t *in)
{
	unsigned int k;
	int err;

#define SCALAR(field, offset)                                         \
	do {                                                          \
		err = zn_scalar_decode(&p->field, in + (offset) + 1); \
		if (err)                                              \
			return err;                                   \
	} while (0)
#define SCALARS(field)                                                 \
	do {                                                           \
		for (k = 0; k < l->coins; k++)                         \
			SCALAR(coin[k].field,                          \
			       zn_element(l->field, ZN_LP_SCALAR, k)); \
	} while (0)
	SCALAR(challenge, l->challenge);
	SCALAR(s_r, l->s_r);
	SCALAR(s_re, l->s_re);
	if (l->form == ZKNYM_FORM_RK)
		SCALARS(s_rk);
	SCALARS(s_l);
	SCALARS(s_oa);
	SCALAR(s_oc, l->s_oc);
	SCALARS(s_mu);
	SCALARS(s_om);
	SCALAR(s_sk, zn_element(l->s_attr, ZN_LP_SCALAR, 0));
	SCALAR(s_v, zn_element(l->s_attr, ZN_LP_SCALAR, 1));
	SCALAR(s_exp, zn_element(l->s_attr, ZN_LP_SCALAR, 2));
#undef SCALARS
#undef SCALAR
	return ZKNYM_OK;
}

static int decode_points(struct zknym_payment *p, const struct zn_layout *l,
			 const uint8_t *in)
{
	unsigned int k;
	int err;

#define POINT(group, field, offset)                                      \
	do {                                                             \
		err = zn_##group##_decode(&p->field, in + (offset) + 1); \
		if (err)                                                 \
			return err;                                      \
	} while (0)
#define POINTS(group, field, offset)                         \
	do {                                                 \
		for (k = 0; k < l->coins; k++)               \
			POINT(group, coin[k].field, offset); \
	} while (0)
	POINT(g2, kappa, l->kappa);
	POINT(g2, kappa_e, l->kappa_e);
	POINT(g1, sh, l->sh);
	POINT(g1, ss, l->ss);
	POINT(g1, eh, l->eh);
	POINT(g1, es, l->es);
	POINTS(g2, kappa_k, zn_element(l->kappa_k, ZN_LP_G2, k));
	for (k = 0; k < l->coins; k++) {
		POINT(g1, coin[k].oh,
		      zn_element(l->index_signatures, ZN_LP_G1, 2 * k));
		POINT(g1, coin[k].os,
		      zn_element(l->index_signatures, ZN_LP_G1, 2 * k + 1));
	}
	POINTS(g1, serial, zn_element(l->serials, ZN_LP_G1, k));
	POINTS(g1, tag, zn_element(l->tags, ZN_LP_G1, k));
	POINTS(g1, a, zn_element(l->a, ZN_LP_G1, k));
	POINT(g1, c, l->c);
#undef POINTS
#undef POINT
	return ZKNYM_OK;
}

int zknym_payment_decode(struct zknym_payment *payment, const uint8_t *in,
			 size_t len, unsigned int coins, enum zknym_form form)
{
	struct zn_layout layout, other;
	int err;

	/* Until all is well: what was decoded before is gone, too. */
	payment->layout.coins = 0;
	if (!coins || coins > payment->room)
		return ZKNYM_E_RANGE;
	zn_layout_init(&layout, coins, form);
	if (len != layout.size) {
		zn_layout_init(&other, coins, ZKNYM_FORM_COMPAT);
		/* Told apart, so that the client learns which form to use. */
		if (form == ZKNYM_FORM_RK && len == other.size) {
			err = zn_layout_check(&other, in);
			return err ? err : ZKNYM_E_UNBOUND_INDEX;
		}
		return ZKNYM_E_LENGTH;
	}
	err = zn_layout_check(&layout, in);
	if (!err)
		err = decode_scalars(payment, &layout, in);
	if (!err)
		err = decode_points(payment, &layout, in);
	if (err)
		return err;
	payment->layout = layout;
	payment->type = in[layout.type];
	memcpy(payment->bytes, in, len);
	return ZKNYM_OK;
}

static void put_g1(uint8_t *out, size_t at, const blst_p1_affine *point)
{
	blst_p1_affine_compress(out + at + 1, point);
}

static void put_g2(uint8_t *out, size_t at, const blst_p2_affine *point)
{
	blst_p2_affine_compress(out + at + 1, point);
}

static void put_scalar(uint8_t *out, size_t at, const blst_fr *scalar)
{
	zn_scalar_encode(out + at + 1, scalar);
}

static void put_coin(uint8_t *out, const struct zn_layout *l, unsigned int k,
		     const struct zn_coin *coin)
{
	put_g2(out, zn_element(l->kappa_k, ZN_LP_G2, k), &coin->kappa_k);
	put_g1(out, zn_element(l->index_signatures, ZN_LP_G1, 2 * k),
	       &coin->oh);
	put_g1(out, zn_element(l->index_signatures, ZN_LP_G1, 2 * k + 1),
	       &coin->os);
	put_g1(out, zn_element(l->serials, ZN_LP_G1, k), &coin->serial);
	put_g1(out, zn_element(l->tags, ZN_LP_G1, k), &coin->tag);
	put_g1(out, zn_element(l->a, ZN_LP_G1, k), &coin->a);
	if (l->form == ZKNYM_FORM_RK)
		put_scalar(out, zn_element(l->s_rk, ZN_LP_SCALAR, k),
			   &coin->s_rk);
	put_scalar(out, zn_element(l->s_l, ZN_LP_SCALAR, k), &coin->s_l);
	put_scalar(out, zn_element(l->s_oa, ZN_LP_SCALAR, k), &coin->s_oa);
	put_scalar(out, zn_element(l->s_mu, ZN_LP_SCALAR, k), &coin->s_mu);
	put_scalar(out, zn_element(l->s_om, ZN_LP_SCALAR, k), &coin->s_om);
}

int zknym_payment_encode(uint8_t *out, size_t size, size_t *len,
			 const struct zknym_payment *payment)
{
	const struct zknym_payment *p = payment;
	const struct zn_layout *l = &p->layout;
	unsigned int k;

	if (!l->coins || size < l->size)
		return ZKNYM_E_RANGE;
	zn_layout_write(l, out);
	put_g2(out, l->kappa, &p->kappa);
	put_g2(out, l->kappa_e, &p->kappa_e);
	put_g1(out, l->sh, &p->sh);
	put_g1(out, l->ss, &p->ss);
	put_g1(out, l->eh, &p->eh);
	put_g1(out, l->es, &p->es);
	put_g1(out, l->c, &p->c);
	out[l->type] = p->type;
	put_scalar(out, l->challenge, &p->challenge);
	put_scalar(out, l->s_r, &p->s_r);
	put_scalar(out, l->s_re, &p->s_re);
	put_scalar(out, l->s_oc, &p->s_oc);
	put_scalar(out, zn_element(l->s_attr, ZN_LP_SCALAR, 0), &p->s_sk);
	put_scalar(out, zn_element(l->s_attr, ZN_LP_SCALAR, 1), &p->s_v);
	put_scalar(out, zn_element(l->s_attr, ZN_LP_SCALAR, 2), &p->s_exp);
	for (k = 0; k < l->coins; k++)
		put_coin(out, l, k, &p->coin[k]);
	*len = l->size;
	return ZKNYM_OK;
}

unsigned int zknym_payment_coins(const struct zknym_payment *payment)
{
	return payment->layout.coins;
}

uint8_t zknym_payment_type(const struct zknym_payment *payment)
{
	return payment->type;
}

enum zknym_form zknym_payment_form(const struct zknym_payment *payment)
{
	return payment->layout.form;
}

const uint8_t *zknym_payment_serial(const struct zknym_payment *payment,
				    unsigned int coin)
{
	const struct zn_layout *l = &payment->layout;

	if (coin >= l->coins)
		return NULL;
	return payment->bytes + zn_element(l->serials, ZN_LP_G1, coin) + 1;
}

const uint8_t *zknym_payment_tag(const struct zknym_payment *payment,
				 unsigned int coin)
{
	const struct zn_layout *l = &payment->layout;

	if (coin >= l->coins)
		return NULL;
	return payment->bytes + zn_element(l->tags, ZN_LP_G1, coin) + 1;
}
