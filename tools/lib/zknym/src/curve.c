// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "curve.h"
#include "random.h"
#include "scalar.h"
#include "secret.h"

#define G1_DST "NYMECASH-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"

int zn_g1_decode(blst_p1_affine *out, const uint8_t in[ZKNYM_G1_SIZE])
{
	if (blst_p1_uncompress(out, in) != BLST_SUCCESS)
		return ZKNYM_E_POINT;
	if (blst_p1_affine_is_inf(out))
		return ZKNYM_E_INFINITY;
	/* Multiplication by 255-bit scalars is right in the subgroup only. */
	return blst_p1_affine_in_g1(out) ? ZKNYM_OK : ZKNYM_E_POINT;
}

int zn_g2_decode(blst_p2_affine *out, const uint8_t in[ZKNYM_G2_SIZE])
{
	if (blst_p2_uncompress(out, in) != BLST_SUCCESS)
		return ZKNYM_E_POINT;
	if (blst_p2_affine_is_inf(out))
		return ZKNYM_E_INFINITY;
	return blst_p2_affine_in_g2(out) ? ZKNYM_OK : ZKNYM_E_POINT;
}

void zn_g1_encode(uint8_t out[ZKNYM_G1_SIZE], blst_p1 *in)
{
	zn_disclose(in, sizeof(*in));
	blst_p1_compress(out, in);
}

void zn_g2_encode(uint8_t out[ZKNYM_G2_SIZE], blst_p2 *in)
{
	zn_disclose(in, sizeof(*in));
	blst_p2_compress(out, in);
}

void zn_g1_hash(blst_p1 *out, const uint8_t *msg, size_t len)
{
	blst_hash_to_g1(out, msg, len, (const byte *)G1_DST, sizeof(G1_DST) - 1,
			NULL, 0);
}

void zn_g1_add_mult_point(blst_p1 *acc, const blst_p1 *p, const blst_fr *k)
{
	uint8_t bytes[ZKNYM_SCALAR_SIZE];
	blst_p1 product;

	zn_scalar_encode(bytes, k);
	blst_p1_mult(&product, p, bytes, 255);
	blst_p1_add_or_double(acc, acc, &product);
	zn_wipe(&bytes);
	zn_wipe(&product);
}

void zn_g1_add_mult(blst_p1 *acc, const blst_p1_affine *p, const blst_fr *k)
{
	blst_p1 point;

	blst_p1_from_affine(&point, p);
	zn_g1_add_mult_point(acc, &point, k);
}

void zn_g2_add_mult_point(blst_p2 *acc, const blst_p2 *p, const blst_fr *k)
{
	uint8_t bytes[ZKNYM_SCALAR_SIZE];
	blst_p2 product;

	zn_scalar_encode(bytes, k);
	blst_p2_mult(&product, p, bytes, 255);
	blst_p2_add_or_double(acc, acc, &product);
	zn_wipe(&bytes);
	zn_wipe(&product);
}

void zn_g2_add_mult(blst_p2 *acc, const blst_p2_affine *p, const blst_fr *k)
{
	blst_p2 point;

	blst_p2_from_affine(&point, p);
	zn_g2_add_mult_point(acc, &point, k);
}

static void small_bytes(uint8_t out[4], uint32_t k)
{
	out[0] = (uint8_t)k;
	out[1] = (uint8_t)(k >> 8);
	out[2] = (uint8_t)(k >> 16);
	out[3] = (uint8_t)(k >> 24);
}

void zn_g1_add_mult_small(blst_p1 *acc, const blst_p1_affine *p, uint32_t k)
{
	blst_p1 product;
	uint8_t bytes[4];

	small_bytes(bytes, k);
	blst_p1_from_affine(&product, p);
	blst_p1_mult(&product, &product, bytes, 32);
	blst_p1_add_or_double(acc, acc, &product);
	zn_wipe(&bytes);
	zn_wipe(&product);
}

void zn_g2_add_mult_small(blst_p2 *acc, const blst_p2_affine *p, uint32_t k)
{
	blst_p2 product;
	uint8_t bytes[4];

	small_bytes(bytes, k);
	blst_p2_from_affine(&product, p);
	blst_p2_mult(&product, &product, bytes, 32);
	blst_p2_add_or_double(acc, acc, &product);
	zn_wipe(&bytes);
	zn_wipe(&product);
}

void zn_g1_table_fill(struct zn_g1_table *table, const blst_p1_affine *p)
{
	const blst_p1 *points[2] = { NULL, NULL };
	blst_p1 multiples[ZN_TABLE_HALF], base;
	int row, i;

	blst_p1_from_affine(&base, p);
	for (row = 0; row < ZN_TABLE_ROWS; row++) {
		multiples[0] = base;
		for (i = 1; i < ZN_TABLE_HALF; i++)
			blst_p1_add_or_double(&multiples[i], &multiples[i - 1],
					      &base);
		points[0] = multiples;
		/* No multiple is infinity: the order of P is prime. */
		blst_p1s_to_affine(table->entry[row], points, ZN_TABLE_HALF);
		blst_p1_double(&base, &multiples[ZN_TABLE_HALF - 1]);
	}
}

void zn_g2_table_fill(struct zn_g2_table *table, const blst_p2_affine *p)
{
	const blst_p2 *points[2] = { NULL, NULL };
	blst_p2 multiples[ZN_TABLE_HALF], base;
	int row, i;

	blst_p2_from_affine(&base, p);
	for (row = 0; row < ZN_TABLE_ROWS; row++) {
		multiples[0] = base;
		for (i = 1; i < ZN_TABLE_HALF; i++)
			blst_p2_add_or_double(&multiples[i], &multiples[i - 1],
					      &base);
		points[0] = multiples;
		blst_p2s_to_affine(table->entry[row], points, ZN_TABLE_HALF);
		blst_p2_double(&base, &multiples[ZN_TABLE_HALF - 1]);
	}
}

struct digits {
	uint8_t magnitude[ZN_TABLE_ROWS]; /* 0 to ZN_TABLE_HALF */
	uint8_t negative[ZN_TABLE_ROWS];
};

/*
 * Signed digits: k = sum of (negative ? -1 : 1) * magnitude[i] * 2^(7 i). The
 * last digit has the top three bits of a 255-bit number, hence no carry.
 */
static void recode(struct digits *out, const blst_fr *k)
{
	uint8_t bytes[ZKNYM_SCALAR_SIZE + 2] = { 0 };
	uint32_t window, carry = 0, negative;
	int row, bit;

	zn_scalar_encode(bytes, k);
	for (row = 0; row < ZN_TABLE_ROWS; row++) {
		bit = row * ZN_TABLE_BITS;
		window = (uint32_t)bytes[bit / 8] | (uint32_t)bytes[bit / 8 + 1]
							    << 8;
		window = (window >> (bit % 8)) & (2 * ZN_TABLE_HALF - 1);
		window += carry;
		negative = (ZN_TABLE_HALF - window) >> 31;
		carry = negative;
		/* negative: 2 * HALF - window, else window */
		out->magnitude[row] =
			(uint8_t)((window ^ (0 - negative)) + negative +
				  (2 * ZN_TABLE_HALF & (0 - negative)));
		out->negative[row] = (uint8_t)negative;
	}
	zn_wipe(&bytes);
}

void zn_g1_add_fixed(blst_p1 *acc, const struct zn_g1_table *table,
		     const blst_fr *k)
{
	struct digits digits;
	blst_p1_affine p;
	int row, i;

	recode(&digits, k);
	for (row = 0; row < ZN_TABLE_ROWS; row++) {
		memset(&p, 0, sizeof(p));
		for (i = 0; i < ZN_TABLE_HALF; i++)
			zn_copy_masked((uint64_t *)&p,
				       (const uint64_t *)&table->entry[row][i],
				       sizeof(p) / 8,
				       zn_mask_equal((uint64_t)i + 1,
						     digits.magnitude[row]));
		blst_fp_cneg(&p.y, &p.y, digits.negative[row]);
		blst_p1_add_or_double_affine(acc, acc, &p);
	}
	zn_wipe(&digits);
	zn_wipe(&p);
}

void zn_g2_add_fixed(blst_p2 *acc, const struct zn_g2_table *table,
		     const blst_fr *k)
{
	struct digits digits;
	blst_p2_affine p;
	int row, i;

	recode(&digits, k);
	for (row = 0; row < ZN_TABLE_ROWS; row++) {
		memset(&p, 0, sizeof(p));
		for (i = 0; i < ZN_TABLE_HALF; i++)
			zn_copy_masked((uint64_t *)&p,
				       (const uint64_t *)&table->entry[row][i],
				       sizeof(p) / 8,
				       zn_mask_equal((uint64_t)i + 1,
						     digits.magnitude[row]));
		blst_fp2_cneg(&p.y, &p.y, digits.negative[row]);
		blst_p2_add_or_double_affine(acc, acc, &p);
	}
	zn_wipe(&digits);
	zn_wipe(&p);
}

void zn_g1_add_fixed_public(blst_p1 *acc, const struct zn_g1_table *table,
			    const blst_fr *k)
{
	struct digits digits;
	blst_p1_affine p;
	int row;

	recode(&digits, k);
	for (row = 0; row < ZN_TABLE_ROWS; row++) {
		if (!digits.magnitude[row])
			continue;
		p = table->entry[row][digits.magnitude[row] - 1];
		blst_fp_cneg(&p.y, &p.y, digits.negative[row]);
		blst_p1_add_or_double_affine(acc, acc, &p);
	}
}

void zn_g2_add_fixed_public(blst_p2 *acc, const struct zn_g2_table *table,
			    const blst_fr *k)
{
	struct digits digits;
	blst_p2_affine p;
	int row;

	recode(&digits, k);
	for (row = 0; row < ZN_TABLE_ROWS; row++) {
		if (!digits.magnitude[row])
			continue;
		p = table->entry[row][digits.magnitude[row] - 1];
		blst_fp2_cneg(&p.y, &p.y, digits.negative[row]);
		blst_p2_add_or_double_affine(acc, acc, &p);
	}
}

int zn_weight_draw(struct zn_weight *out, const struct zknym_rng *rng)
{
	static const struct zn_weight zero;
	int draws;

	for (draws = 0; draws < 16; draws++) {
		if (zn_random(rng, out->bytes, sizeof(out->bytes)))
			break;
		if (memcmp(out, &zero, sizeof(zero)))
			return ZKNYM_OK;
	}
	return ZKNYM_E_RANDOM;
}

void zn_g1_weigh_public(blst_p1 *out, const blst_p1_affine *p,
			const struct zn_weight *weight)
{
	blst_p1_from_affine(out, p);
	blst_p1_mult(out, out, weight->bytes, 8 * sizeof(weight->bytes));
}

#define WEIGHT_DIGITS (8 * sizeof(struct zn_weight) + 1)
#define WEIGHT_WINDOW 4

/* Non-adjacent form of width 4: digits are 0 or odd, of magnitude below 8. */
static void recode_weight(int8_t out[WEIGHT_DIGITS],
			  const struct zn_weight *weight)
{
	unsigned __int128 rest = 0;
	size_t i;
	int digit;

	for (i = sizeof(weight->bytes); i-- > 0;)
		rest = rest << 8 | weight->bytes[i];
	for (i = 0; i < WEIGHT_DIGITS; i++) {
		digit = 0;
		if (rest & 1) {
			digit = (int)(rest & ((1 << WEIGHT_WINDOW) - 1));
			if (digit >= 1 << (WEIGHT_WINDOW - 1))
				digit -= 1 << WEIGHT_WINDOW;
		}
		out[i] = (int8_t)digit;
		/* (rest - digit) / 2, without a carry out of the top bit */
		rest >>= 1;
		if (digit)
			rest -= (unsigned __int128)((digit - 1) / 2);
	}
}

/* Straus: doublings are shared by this many points at a time. */
#define WEIGHTED_POINTS 16

static void add_weighted(blst_p1 *acc, const blst_p1_affine *points,
			 const struct zn_weight *weights, size_t count)
{
	blst_p1 odd[WEIGHTED_POINTS][1 << (WEIGHT_WINDOW - 2)], twice, sum, p;
	int8_t digits[WEIGHTED_POINTS][WEIGHT_DIGITS];
	size_t i, j, bit;

	for (i = 0; i < count; i++) {
		recode_weight(digits[i], &weights[i]);
		blst_p1_from_affine(&odd[i][0], &points[i]);
		blst_p1_double(&twice, &odd[i][0]);
		for (j = 1; j < 1 << (WEIGHT_WINDOW - 2); j++)
			blst_p1_add_or_double(&odd[i][j], &odd[i][j - 1],
					      &twice);
	}
	memset(&sum, 0, sizeof(sum));
	for (bit = WEIGHT_DIGITS; bit-- > 0;) {
		blst_p1_double(&sum, &sum);
		for (i = 0; i < count; i++) {
			int digit = digits[i][bit];

			if (!digit)
				continue;
			p = odd[i][(digit < 0 ? -digit : digit) / 2];
			blst_p1_cneg(&p, digit < 0);
			blst_p1_add_or_double(&sum, &sum, &p);
		}
	}
	blst_p1_add_or_double(acc, acc, &sum);
}

void zn_g1_add_weighted_public(blst_p1 *acc, const blst_p1_affine *points,
			       const struct zn_weight *weights, size_t count)
{
	size_t some;

	for (; count; count -= some, points += some, weights += some) {
		some = count < WEIGHTED_POINTS ? count : WEIGHTED_POINTS;
		add_weighted(acc, points, weights, some);
	}
}

/* As many pairs share the squarings of one Miller loop in blst. */
#define LOOP_PAIRS 16

bool zn_pairing_product_is_one(const struct zn_pair *pairs, size_t count,
			       const struct zn_pair *last)
{
	const blst_p1_affine *ps[LOOP_PAIRS];
	const blst_p2_affine *qs[LOOP_PAIRS];
	blst_fp12 product, part;
	bool first = true, one;
	size_t i, n = 0;

	for (i = 0; i <= count; i++) {
		const struct zn_pair *pair = i < count ? &pairs[i] : last;

		ps[n] = &pair->p;
		qs[n] = &pair->q;
		n++;
		if (n < LOOP_PAIRS && i < count)
			continue;
		blst_miller_loop_n(first ? &product : &part, qs, ps, n);
		if (!first)
			blst_fp12_mul(&product, &product, &part);
		first = false;
		n = 0;
	}
	blst_final_exp(&product, &product);
	one = blst_fp12_is_one(&product);
	zn_disclose(&one, sizeof(one));
	zn_wipe(&product);
	return one;
}
