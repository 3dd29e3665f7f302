// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Written after the equations, not after the library's own spender: it also
 * shows that the equations can be followed in the plainest way.
 */
#include <string.h>

#include "cheat.h"
#include "codec.h"
#include "keys.h"
#include "params.h"
#include "payment.h"
#include "scalar.h"
#include "wallet.h"

static void draw(blst_fr *out, struct generator *g)
{
	struct zknym_rng rng = generator_rng(g);

	must(zn_scalar_draw(out, &rng));
}

/* acc += k * p, in the plainest way. */
static void add1(blst_p1 *acc, const blst_fr *k, const blst_p1 *p)
{
	zn_g1_add_mult_point(acc, p, k);
}

static void add2(blst_p2 *acc, const blst_fr *k, const blst_p2_affine *p)
{
	zn_g2_add_mult(acc, p, k);
}

static blst_p1 generator1(const struct zn_g1_table *table)
{
	blst_p1 p;

	blst_p1_from_affine(&p, &table->entry[0][0]);
	return p;
}

static void put1(uint8_t *payment, size_t at, blst_p1 *p)
{
	zn_g1_encode(payment + at + 1, p);
}

static void respond(uint8_t *out, size_t at, const blst_fr *nonce,
		    const blst_fr *c, const blst_fr *witness)
{
	blst_fr response;

	out[at] = ZKNYM_SCALAR_SIZE;
	zn_scalar_respond(&response, nonce, c, witness);
	zn_scalar_encode(out + at + 1, &response);
}

void cheat_payment_set_mu(struct cheat_payment *cheat)
{
	blst_fr one, sum;

	zn_scalar_from_uint(&one, 1);
	blst_fr_add(&sum, &cheat->proof.v, &cheat->proof.l);
	blst_fr_add(&sum, &sum, &one);
	blst_fr_inverse(&cheat->proof.mu, &sum);
	cheat->serial.mu = cheat->proof.mu;
	cheat->tag.mu = cheat->proof.mu;
}

void cheat_payment_init(struct cheat_payment *cheat, const struct book *book,
			unsigned int index,
			const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE])
{
	const struct zn_wallet *w = (const struct zn_wallet *)&book->wallet;
	const struct zn_user *u = (const struct zn_user *)&book->user;

	cheat->proof.sk = u->secret;
	cheat->proof.v = w->v;
	zn_scalar_from_uint(&cheat->proof.expiration, w->expiration);
	zn_scalar_from_uint(&cheat->proof.l, index);
	cheat->kappa.sk = cheat->proof.sk;
	cheat->kappa.v = cheat->proof.v;
	cheat->kappa.expiration = cheat->proof.expiration;
	cheat->kappa_e.expiration = cheat->proof.expiration;
	cheat->c.v = cheat->proof.v;
	cheat->kappa_k.l = cheat->proof.l;
	cheat->a.l = cheat->proof.l;
	cheat->tag.sk = cheat->proof.sk;
	zn_pay_info_hash(&cheat->tag.pay_info_hash, pay_info, 0);
	cheat_payment_set_mu(cheat);
}

/* alpha + r * H + sum of k[i] * b2_i, without what is NULL */
static void make_kappa(blst_p2 *out, const struct zn_verification_key *key,
		       const blst_fr *r, const blst_fr *k1, const blst_fr *k2,
		       const blst_fr *k3)
{
	blst_p2_affine h;

	blst_p2_to_affine(&h, blst_p2_generator());
	blst_p2_from_affine(out, &key->alpha);
	add2(out, r, &h);
	if (k1)
		add2(out, k1, &key->b2[0]);
	if (k2)
		add2(out, k2, &key->b2[1]);
	if (k3)
		add2(out, k3, &key->b2[2]);
}

/* (r' * h, r' * s + r * r' * h) */
static void put_signature(uint8_t *payment, size_t at_h, size_t at_s,
			  const blst_p1_affine *h, const blst_p1_affine *s,
			  const blst_fr *r, struct generator *g)
{
	blst_p1 point, new_h = { 0 }, new_s = { 0 };
	blst_fr r_prime;

	draw(&r_prime, g);
	blst_p1_from_affine(&point, h);
	add1(&new_h, &r_prime, &point);
	blst_p1_from_affine(&point, s);
	add1(&new_s, &r_prime, &point);
	add1(&new_s, r, &new_h);
	put1(payment, at_h, &new_h);
	put1(payment, at_s, &new_s);
}

/* One value for each response: blinding and witnesses, or nonces. */
struct values {
	blst_fr r, re, rk, oc, oa, sk, v, e, l, mu, om;
};

/* A payment in the making. */
struct making {
	const struct cheat_payment *cheat;
	const struct zn_verification_key *key;
	uint8_t *out;
	struct zn_layout l;
	struct values x, n;
	blst_p1 gen, delta, gamma2, c, a;
};

static void draw_values(struct values *values, struct generator *g)
{
	size_t i;

	for (i = 0; i < sizeof(*values) / sizeof(blst_fr); i++)
		draw((blst_fr *)values + i, g);
}

/* kappa, kappa_e, kappa_k, C, A, S, T: each with the cheater's values. */
static void put_statement(struct making *m)
{
	const struct cheat_payment *cheat = m->cheat;
	const struct zn_layout *l = &m->l;
	blst_p1 serial = { 0 }, tag = { 0 };
	blst_p2 kappa;
	blst_fr tmp;

	make_kappa(&kappa, m->key, &m->x.r, &cheat->kappa.sk, &cheat->kappa.v,
		   &cheat->kappa.expiration);
	zn_g2_encode(m->out + l->kappa + 1, &kappa);
	make_kappa(&kappa, m->key, &m->x.re, &cheat->kappa_e.expiration, NULL,
		   NULL);
	zn_g2_encode(m->out + l->kappa_e + 1, &kappa);
	make_kappa(&kappa, m->key, &m->x.rk, &cheat->kappa_k.l, NULL, NULL);
	zn_g2_encode(m->out + zn_element(l->kappa_k, ZN_LP_G2, 0) + 1, &kappa);
	add1(&m->c, &m->x.oc, &m->gen);
	add1(&m->c, &cheat->c.v, &m->gamma2);
	put1(m->out, l->c, &m->c);
	add1(&m->a, &m->x.oa, &m->gen);
	add1(&m->a, &cheat->a.l, &m->gamma2);
	put1(m->out, zn_element(l->a, ZN_LP_G1, 0), &m->a);
	add1(&serial, &cheat->serial.mu, &m->delta);
	put1(m->out, zn_element(l->serials, ZN_LP_G1, 0), &serial);
	blst_fr_mul(&tmp, &cheat->tag.pay_info_hash, &cheat->tag.mu);
	blst_fr_add(&tmp, &tmp, &cheat->tag.sk);
	add1(&tag, &tmp, &m->gen);
	put1(m->out, zn_element(l->tags, ZN_LP_G1, 0), &tag);
}

/* The first messages, from the nonces, and the challenge. */
static void make_challenge(blst_fr *c, struct making *m,
			   const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE])
{
	struct zn_spend_commitments t = { 0 };
	struct zn_coin_commitments coin = { 0 };
	const struct values *n = &m->n;
	blst_p1 base;
	blst_fr tmp;

	make_kappa(&t.kappa, m->key, &n->r, &n->sk, &n->v, &n->e);
	make_kappa(&t.kappa_e, m->key, &n->re, &n->e, NULL, NULL);
	make_kappa(&coin.kappa_k, m->key, &n->rk, &n->l, NULL, NULL);
	add1(&t.c, &n->oc, &m->gen);
	add1(&t.c, &n->v, &m->gamma2);
	add1(&coin.a, &n->oa, &m->gen);
	add1(&coin.a, &n->l, &m->gamma2);
	add1(&coin.serial, &n->mu, &m->delta);
	blst_p1_add_or_double(&base, &m->a, &m->c);
	blst_p1_add_or_double(&base, &base, &m->gamma2);
	add1(&coin.g, &n->mu, &base);
	add1(&coin.g, &n->om, &m->gen);
	zn_pay_info_hash(&tmp, pay_info, 0);
	blst_fr_mul(&tmp, &tmp, &n->mu);
	blst_fr_add(&tmp, &tmp, &n->sk);
	add1(&coin.tag, &tmp, &m->gen);
	zn_spend_challenge(c, m->key, &m->l, m->out, &t, &coin, pay_info);
}

/* Responses for the values of the proof, whatever the statement has. */
static void put_responses(struct making *m, const blst_fr *c)
{
	const struct zn_layout *l = &m->l;
	const struct values *x = &m->x, *n = &m->n;
	const struct {
		size_t at;
		const blst_fr *nonce, *witness;
	} responses[] = {
		{ l->s_r, &n->r, &x->r },
		{ l->s_re, &n->re, &x->re },
		{ l->s_oc, &n->oc, &x->oc },
		{ zn_element(l->s_rk, ZN_LP_SCALAR, 0), &n->rk, &x->rk },
		{ zn_element(l->s_oa, ZN_LP_SCALAR, 0), &n->oa, &x->oa },
		{ zn_element(l->s_om, ZN_LP_SCALAR, 0), &n->om, &x->om },
		{ zn_element(l->s_l, ZN_LP_SCALAR, 0), &n->l, &x->l },
		{ zn_element(l->s_mu, ZN_LP_SCALAR, 0), &n->mu, &x->mu },
		{ zn_element(l->s_attr, ZN_LP_SCALAR, 0), &n->sk, &x->sk },
		{ zn_element(l->s_attr, ZN_LP_SCALAR, 1), &n->v, &x->v },
		{ zn_element(l->s_attr, ZN_LP_SCALAR, 2), &n->e, &x->e },
	};
	size_t i;

	zn_scalar_encode(m->out + l->challenge + 1, c);
	for (i = 0; i < sizeof(responses) / sizeof(*responses); i++)
		respond(m->out, responses[i].at, responses[i].nonce, c,
			responses[i].witness);
}

void cheat_payment(struct spent_ticket *ticket,
		   const struct cheat_payment *cheat, const struct book *book,
		   const struct authorities *a,
		   const struct zknym_signature *index,
		   const struct zknym_signature *date, struct generator *g)
{
	const struct zn_wallet *w = (const struct zn_wallet *)&book->wallet;
	const struct zn_signature *si = (const struct zn_signature *)index;
	const struct zn_signature *sd = (const struct zn_signature *)date;
	const struct zn_params *params = zn_params();
	struct making m = {
		.cheat = cheat,
		.key = (const struct zn_verification_key *)zknym_master_key(
			a->master),
		.out = ticket->payment,
		.gen = generator1(&params->g),
		.delta = generator1(&params->delta),
		.gamma2 = generator1(&params->gamma2),
	};
	blst_fr c, sum;

	draw_values(&m.x, g);
	draw_values(&m.n, g);
	m.x.sk = cheat->proof.sk;
	m.x.v = cheat->proof.v;
	m.x.e = cheat->proof.expiration;
	m.x.l = cheat->proof.l;
	m.x.mu = cheat->proof.mu;
	/* om = -(oa + oc) * mu */
	blst_fr_add(&sum, &m.x.oa, &m.x.oc);
	blst_fr_mul(&m.x.om, &sum, &m.x.mu);
	blst_fr_cneg(&m.x.om, &m.x.om, true);

	zn_layout_init(&m.l, 1, ZKNYM_FORM_RK);
	zn_layout_write(&m.l, m.out);
	ticket->len = m.l.size;
	m.out[m.l.type] = (uint8_t)w->type;
	put_statement(&m);
	put_signature(m.out, m.l.sh, m.l.ss, &w->h, &w->s, &m.x.r, g);
	put_signature(m.out, m.l.eh, m.l.es, &sd->h, &sd->s, &m.x.re, g);
	put_signature(m.out, zn_element(m.l.index_signatures, ZN_LP_G1, 0),
		      zn_element(m.l.index_signatures, ZN_LP_G1, 1), &si->h,
		      &si->s, &m.x.rk, g);
	make_challenge(&c, &m, ticket->pay_info);
	put_responses(&m, &c);
}

void cheat_request_init(struct cheat_request *cheat, const struct book *book,
			struct generator *g)
{
	const struct zn_user *u = (const struct zn_user *)&book->user;

	draw(&cheat->com.o, g);
	draw(&cheat->com.v, g);
	cheat->com.sk = u->secret;
	cheat->proof.o = cheat->com.o;
	cheat->proof.sk = cheat->com.sk;
	cheat->proof.v = cheat->com.v;
	draw(&cheat->c1.o, g);
	draw(&cheat->c2.o, g);
	cheat->c1.m = cheat->com.sk;
	cheat->c2.m = cheat->com.v;
	cheat->c1_proof = cheat->c1;
	cheat->c2_proof = cheat->c2;
	cheat->user = cheat->com.sk;
	cheat->other_h = false;
}

/* com = o * G + sk * gamma1 + v * gamma2 */
static void make_com(blst_p1 *out, const blst_fr *o, const blst_fr *sk,
		     const blst_fr *v)
{
	const struct zn_params *params = zn_params();
	blst_p1 gen = generator1(&params->g);
	blst_p1 gamma1 = generator1(&params->gamma1);
	blst_p1 gamma2 = generator1(&params->gamma2);

	memset(out, 0, sizeof(*out));
	add1(out, o, &gen);
	add1(out, sk, &gamma1);
	add1(out, v, &gamma2);
}

static void make_commitment(blst_p1 *out, const blst_fr *o, const blst_fr *m,
			    const blst_p1 *h)
{
	memset(out, 0, sizeof(*out));
	add1(out, o, blst_p1_generator());
	add1(out, m, h);
}

static void make_h(blst_p1 *h, const blst_p1 *com, const struct book *book)
{
	const struct zn_params *params = zn_params();
	uint8_t bytes[ZKNYM_G1_SIZE];
	blst_p1 full = *com;
	blst_fr k;

	zn_scalar_from_uint(&k, book->expiration);
	zn_g1_add_mult(&full, &params->gamma3, &k);
	zn_scalar_from_uint(&k, book->type);
	zn_g1_add_mult(&full, &params->gamma4, &k);
	zn_g1_encode(bytes, &full);
	zn_g1_hash(h, bytes, sizeof(bytes));
}

void cheat_request(uint8_t request[ZKNYM_REQUEST_SIZE],
		   uint8_t user[ZKNYM_USER_PUBLIC_SIZE],
		   const struct cheat_request *cheat, const struct book *book,
		   struct generator *g)
{
	uint8_t transcript[678], *at = transcript + 486, *z;
	const struct zn_params *params = zn_params();
	blst_p1 com, h, c1, c2, pk = { 0 }, t[4];
	struct {
		blst_fr o, o1, o2, sk, v;
	} n;
	blst_fr c;
	size_t i;

	for (i = 0; i < sizeof(n) / sizeof(blst_fr); i++)
		draw((blst_fr *)&n + i, g);
	make_com(&com, &cheat->com.o, &cheat->com.sk, &cheat->com.v);
	make_h(&h, &com, book);
	if (cheat->other_h)
		blst_p1_add_or_double(&h, &h, blst_p1_generator());
	make_commitment(&c1, &cheat->c1.o, &cheat->c1.m, &h);
	make_commitment(&c2, &cheat->c2.o, &cheat->c2.m, &h);
	add1(&pk, &cheat->user, blst_p1_generator());
	make_com(&t[0], &n.o, &n.sk, &n.v);
	make_commitment(&t[1], &n.o1, &n.sk, &h);
	make_commitment(&t[2], &n.o2, &n.v, &h);
	memset(&t[3], 0, sizeof(t[3]));
	add1(&t[3], &n.sk, blst_p1_generator());

	memset(request, 0, ZKNYM_REQUEST_SIZE);
	request[0] = ZKNYM_G1_SIZE;
	request[49] = ZKNYM_G1_SIZE;
	request[98] = 2;
	request[99] = ZKNYM_G1_SIZE;
	request[148] = ZKNYM_G1_SIZE;
	put1(request, 0, &h);
	put1(request, 49, &com);
	put1(request, 99, &c1);
	put1(request, 148, &c2);
	zn_g1_encode(user, &pk);

	/* [G] [gamma1..4], the instance, the four commitments */
	memcpy(transcript, params->g_bytes, 48);
	memcpy(transcript + 48, params->gamma_bytes, 192);
	memcpy(transcript + 240, request + 49, 49);
	memcpy(transcript + 289, request, 49);
	memcpy(transcript + 338, request + 98, 99);
	transcript[437] = ZKNYM_G1_SIZE;
	memcpy(transcript + 438, user, 48);
	for (i = 0, z = at; i < 4; i++, z += 48)
		zn_g1_encode(z, &t[i]);
	zn_scalar_challenge(&c, transcript, sizeof(transcript));

	request[197] = ZKNYM_SCALAR_SIZE;
	zn_scalar_encode(request + 198, &c);
	respond(request, 230, &n.o, &c, &cheat->proof.o);
	request[263] = 2;
	respond(request, 264, &n.o1, &c, &cheat->c1_proof.o);
	respond(request, 297, &n.o2, &c, &cheat->c2_proof.o);
	request[330] = 2;
	respond(request, 331, &n.sk, &c, &cheat->proof.sk);
	respond(request, 364, &n.v, &c, &cheat->proof.v);
}
