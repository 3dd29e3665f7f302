// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include <blst.h>
#include <blst_aux.h>

#include "random.h"
#include "scalar.h"
#include "secret.h"

#define SCALAR_DST "NYMECASH-V01-CS02-with-expander-SHA256"

/* A generator that gives zero this often does not give random numbers. */
#define DRAWS_MAX 16

int zn_scalar_draw(blst_fr *out, const struct zknym_rng *rng)
{
	int draws, err = ZKNYM_E_RANDOM;
	blst_scalar reduced;
	uint8_t wide[64];
	bool zero;

	for (draws = 0; draws < DRAWS_MAX; draws++) {
		if (zn_random(rng, wide, sizeof(wide)))
			break;
		zero = !blst_scalar_from_le_bytes(&reduced, wide, sizeof(wide));
		/* Zero is drawn again, so that a scalar in use is not it. */
		zn_disclose(&zero, sizeof(zero));
		if (!zero) {
			blst_fr_from_scalar(out, &reduced);
			err = ZKNYM_OK;
			break;
		}
	}
	zn_wipe(&wide);
	zn_wipe(&reduced);
	return err;
}

int zn_scalar_decode(blst_fr *out, const uint8_t in[ZKNYM_SCALAR_SIZE])
{
	blst_scalar scalar;
	bool canonical;

	blst_scalar_from_lendian(&scalar, in);
	canonical = blst_scalar_fr_check(&scalar);
	zn_disclose(&canonical, sizeof(canonical));
	if (canonical)
		blst_fr_from_scalar(out, &scalar);
	zn_wipe(&scalar);
	return canonical ? ZKNYM_OK : ZKNYM_E_SCALAR;
}

void zn_scalar_encode(uint8_t out[ZKNYM_SCALAR_SIZE], const blst_fr *in)
{
	blst_scalar scalar;

	blst_scalar_from_fr(&scalar, in);
	blst_lendian_from_scalar(out, &scalar);
	zn_wipe(&scalar);
}

bool zn_scalar_small(uint32_t *out, const blst_fr *in)
{
	uint8_t bytes[ZKNYM_SCALAR_SIZE];
	static const uint8_t zeros[28];
	bool small;

	zn_scalar_encode(bytes, in);
	small = zn_equal(bytes + 4, zeros, sizeof(zeros));
	*out = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
	       (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
	zn_wipe(&bytes);
	return small;
}

void zn_scalar_from_uint(blst_fr *out, uint64_t value)
{
	const uint64_t limbs[4] = { value };

	blst_fr_from_uint64(out, limbs);
}

bool zn_scalar_is_zero(const blst_fr *in)
{
	static const blst_fr zero;

	return zn_equal((const uint8_t *)in, (const uint8_t *)&zero,
			sizeof(zero));
}

void zn_scalar_hash(blst_fr *out, const uint8_t *msg, size_t len)
{
	blst_scalar reduced;
	uint8_t wide[48];

	blst_expand_message_xmd(wide, sizeof(wide), msg, len,
				(const byte *)SCALAR_DST,
				sizeof(SCALAR_DST) - 1);
	blst_scalar_from_be_bytes(&reduced, wide, sizeof(wide));
	blst_fr_from_scalar(out, &reduced);
	/* The message may be the seed of a user key. */
	zn_wipe(&wide);
	zn_wipe(&reduced);
}

void zn_scalar_from_digest(blst_fr *out, const uint8_t digest[32])
{
	uint8_t wide[64] = { 0 };
	blst_scalar reduced;

	memcpy(wide + 32, digest, 32);
	blst_scalar_from_le_bytes(&reduced, wide, sizeof(wide));
	blst_fr_from_scalar(out, &reduced);
}

void zn_scalar_challenge(blst_fr *out, const uint8_t *transcript, size_t len)
{
	uint8_t digest[32];

	blst_sha256(digest, transcript, len);
	zn_scalar_from_digest(out, digest);
}

void zn_scalar_respond(blst_fr *out, const blst_fr *nonce,
		       const blst_fr *challenge, const blst_fr *witness)
{
	blst_fr product;

	blst_fr_mul(&product, challenge, witness);
	blst_fr_sub(out, nonce, &product);
	zn_wipe(&product);
}

int zn_lagrange(blst_fr *out, const uint64_t *indices, size_t count,
		uint64_t at)
{
	blst_fr numerator, denominator, a, b, x, term;
	size_t i, j;

	zn_scalar_from_uint(&x, at);
	for (i = 0; i < count; i++) {
		if (!indices[i])
			return ZKNYM_E_SIGNERS;
		zn_scalar_from_uint(&a, indices[i]);
		zn_scalar_from_uint(&numerator, 1);
		denominator = numerator;
		for (j = 0; j < count; j++) {
			if (j == i)
				continue;
			if (indices[j] == indices[i])
				return ZKNYM_E_SIGNERS;
			zn_scalar_from_uint(&b, indices[j]);
			blst_fr_sub(&term, &b, &x);
			blst_fr_mul(&numerator, &numerator, &term);
			blst_fr_sub(&term, &b, &a);
			blst_fr_mul(&denominator, &denominator, &term);
		}
		blst_fr_inverse(&denominator, &denominator);
		blst_fr_mul(&out[i], &numerator, &denominator);
	}
	return ZKNYM_OK;
}
