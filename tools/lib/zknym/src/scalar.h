/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scalars: integers mod r, the order of the groups. */
#ifndef ZN_SCALAR_H
#define ZN_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <blst.h>

#include "zknym.h"

/* Uniform and not zero; the order of draws is part of the protocol. */
int zn_scalar_draw(blst_fr *out, const struct zknym_rng *rng);

int zn_scalar_decode(blst_fr *out, const uint8_t in[ZKNYM_SCALAR_SIZE]);
void zn_scalar_encode(uint8_t out[ZKNYM_SCALAR_SIZE], const blst_fr *in);

/* The value of a scalar that must be below 2^32, else 0 and false. */
bool zn_scalar_small(uint32_t *out, const blst_fr *in);
void zn_scalar_from_uint(blst_fr *out, uint64_t value);
bool zn_scalar_is_zero(const blst_fr *in);

/* ZKN 1: HashScalar, and Challenge of a transcript. */
void zn_scalar_hash(blst_fr *out, const uint8_t *msg, size_t len);
void zn_scalar_challenge(blst_fr *out, const uint8_t *transcript, size_t len);
void zn_scalar_from_digest(blst_fr *out, const uint8_t digest[32]);

/* out = nonce - challenge * witness */
void zn_scalar_respond(blst_fr *out, const blst_fr *nonce,
		       const blst_fr *challenge, const blst_fr *witness);

/*
 * Coefficients for interpolation at @at from values at @indices, which must be
 * distinct. E_SIGNERS otherwise, and for a zero index.
 */
int zn_lagrange(blst_fr *out, const uint64_t *indices, size_t count,
		uint64_t at);

#endif
