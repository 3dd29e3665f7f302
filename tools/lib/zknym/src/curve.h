/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points of G1 and G2: encodings, multiplication, tables of multiples of fixed
 * points, pairing products.
 *
 * Functions named _public run in variable time and are for public data only.
 */
#ifndef ZN_CURVE_H
#define ZN_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <blst.h>

#include "zknym.h"

int zn_g1_decode(blst_p1_affine *out, const uint8_t in[ZKNYM_G1_SIZE]);
int zn_g2_decode(blst_p2_affine *out, const uint8_t in[ZKNYM_G2_SIZE]);
/* These disclose the point. */
void zn_g1_encode(uint8_t out[ZKNYM_G1_SIZE], blst_p1 *in);
void zn_g2_encode(uint8_t out[ZKNYM_G2_SIZE], blst_p2 *in);

/* ZKN 1: HashG1. */
void zn_g1_hash(blst_p1 *out, const uint8_t *msg, size_t len);

/* acc += k * p */
void zn_g1_add_mult(blst_p1 *acc, const blst_p1_affine *p, const blst_fr *k);
void zn_g2_add_mult(blst_p2 *acc, const blst_p2_affine *p, const blst_fr *k);
void zn_g1_add_mult_point(blst_p1 *acc, const blst_p1 *p, const blst_fr *k);
void zn_g2_add_mult_point(blst_p2 *acc, const blst_p2 *p, const blst_fr *k);

/* acc += k * p for k below 2^32, in time independent of k. */
void zn_g1_add_mult_small(blst_p1 *acc, const blst_p1_affine *p, uint32_t k);
void zn_g2_add_mult_small(blst_p2 *acc, const blst_p2_affine *p, uint32_t k);

/*
 * Tables of multiples of a point: a scalar is written in signed digits of
 * ZN_TABLE_BITS bits, and entry[i][j] is (j + 1) * 2^(i * ZN_TABLE_BITS) * P.
 */
#define ZN_TABLE_BITS 7
#define ZN_TABLE_ROWS ((256 + ZN_TABLE_BITS - 1) / ZN_TABLE_BITS)
#define ZN_TABLE_HALF (1 << (ZN_TABLE_BITS - 1))

struct zn_g1_table {
	blst_p1_affine entry[ZN_TABLE_ROWS][ZN_TABLE_HALF];
};

struct zn_g2_table {
	blst_p2_affine entry[ZN_TABLE_ROWS][ZN_TABLE_HALF];
};

/* @p must not be infinity. */
void zn_g1_table_fill(struct zn_g1_table *table, const blst_p1_affine *p);
void zn_g2_table_fill(struct zn_g2_table *table, const blst_p2_affine *p);

/* acc += k * P; reads all entries of a row for each digit. */
void zn_g1_add_fixed(blst_p1 *acc, const struct zn_g1_table *table,
		     const blst_fr *k);
void zn_g2_add_fixed(blst_p2 *acc, const struct zn_g2_table *table,
		     const blst_fr *k);
void zn_g1_add_fixed_public(blst_p1 *acc, const struct zn_g1_table *table,
			    const blst_fr *k);
void zn_g2_add_fixed_public(blst_p2 *acc, const struct zn_g2_table *table,
			    const blst_fr *k);

/* Random exponents for checking several equations as one. */
struct zn_weight {
	uint8_t bytes[16];
};

/* Uniform among the non-zero 128-bit integers. */
int zn_weight_draw(struct zn_weight *out, const struct zknym_rng *rng);

/* out = weight * p */
void zn_g1_weigh_public(blst_p1 *out, const blst_p1_affine *p,
			const struct zn_weight *weight);

/* acc += sum of weights[i] * points[i] */
void zn_g1_add_weighted_public(blst_p1 *acc, const blst_p1_affine *points,
			       const struct zn_weight *weights, size_t count);

/* One factor e(p, q) of a product. */
struct zn_pair {
	blst_p1_affine p;
	blst_p2_affine q;
};

/* Is the product of all pairings one? No pair may hold infinity. */
bool zn_pairing_product_is_one(const struct zn_pair *pairs, size_t count,
			       const struct zn_pair *last);

#endif
