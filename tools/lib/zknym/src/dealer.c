// SPDX-License-Identifier: GPL-2.0-or-later
/* Key generation by a dealer, with verifiable shares (ZKN 2). */
#include <string.h>

#include "keys.h"
#include "scalar.h"
#include "secret.h"

#define POLYNOMIALS (1 + ZKNYM_ATTRIBUTES)

/* One polynomial for x, one for each y; lowest coefficient first. */
struct polynomials {
	blst_fr coefficient[POLYNOMIALS][ZKNYM_AUTHORITIES_MAX];
};

static void evaluate(blst_fr *out, const blst_fr *coefficients,
		     unsigned int count, unsigned int at)
{
	blst_fr x;

	zn_scalar_from_uint(&x, at);
	*out = coefficients[--count];
	while (count) {
		blst_fr_mul(out, out, &x);
		blst_fr_add(out, out, &coefficients[--count]);
	}
}

static void deal_share(struct zknym_secret_key *share,
		       const struct polynomials *p, unsigned int threshold,
		       unsigned int index)
{
	struct zn_secret_key *s = (struct zn_secret_key *)share;
	int i;

	memset(s, 0, sizeof(*s));
	s->attributes = ZKNYM_ATTRIBUTES;
	evaluate(&s->x, p->coefficient[0], threshold, index);
	for (i = 0; i < ZKNYM_ATTRIBUTES; i++)
		evaluate(&s->y[i], p->coefficient[1 + i], threshold, index);
}

/* The coefficients of X^degree, in the exponent. */
static int commit(struct zknym_verification_key *commitment,
		  const struct polynomials *p, unsigned int degree)
{
	struct zknym_secret_key column;
	struct zn_secret_key *c = (struct zn_secret_key *)&column;
	int err, i;

	memset(c, 0, sizeof(*c));
	c->attributes = ZKNYM_ATTRIBUTES;
	c->x = p->coefficient[0][degree];
	for (i = 0; i < ZKNYM_ATTRIBUTES; i++)
		c->y[i] = p->coefficient[1 + i][degree];
	err = zknym_verification_key_derive(commitment, &column);
	zn_wipe(&column);
	return err;
}

int zknym_deal(struct zknym_secret_key *shares,
	       struct zknym_verification_key *commitments,
	       unsigned int threshold, unsigned int count,
	       const struct zknym_rng *rng)
{
	struct polynomials p;
	unsigned int i, j;
	int err = ZKNYM_OK;

	if (!threshold || threshold > count || count > ZKNYM_AUTHORITIES_MAX)
		return ZKNYM_E_RANGE;
	for (i = 0; !err && i < POLYNOMIALS; i++)
		for (j = 0; !err && j < threshold; j++)
			err = zn_scalar_draw(&p.coefficient[i][j], rng);
	for (j = 0; !err && j < threshold; j++)
		err = commit(&commitments[j], &p, j);
	for (i = 0; !err && i < count; i++)
		deal_share(&shares[i], &p, threshold, i + 1);
	zn_wipe(&p);
	return err;
}
