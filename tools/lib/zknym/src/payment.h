/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A payment in bytes, decoded, and as transcript (ZKN 5.2, 5.3). */
#ifndef ZN_PAYMENT_H
#define ZN_PAYMENT_H

#include "curve.h"
#include "keys.h"

/* A payment never has more coins than a book has tickets. */
#define ZN_COINS_MAX ZKNYM_TICKETS

/*
 * Offsets of the fields: of the length byte of an element, of the count of a
 * vector, of the byte itself for value and type.
 */
struct zn_layout {
	unsigned int coins;
	enum zknym_form form;
	size_t kappa, kappa_e, sh, ss, eh, es;
	size_t kappa_k, index_signatures, serials, tags, a;
	size_t value, c, type;
	size_t challenge, s_r, s_re, s_rk, s_l, s_oa, s_oc, s_mu, s_om, s_attr;
	size_t size;
};

/* @coins: 1 to ZN_COINS_MAX */
void zn_layout_init(struct zn_layout *layout, unsigned int coins,
		    enum zknym_form form);

/* Offset of the element of one coin in a vector of elements of @size bytes. */
static inline size_t zn_element(size_t vector, size_t size, unsigned int coin)
{
	return vector + 1 + coin * size;
}

/* Length bytes, counts and value; left to right, first fault wins. */
int zn_layout_check(const struct zn_layout *layout, const uint8_t *in);
/* Writes them. */
void zn_layout_write(const struct zn_layout *layout, uint8_t *out);

struct zn_coin {
	blst_p2_affine kappa_k;
	blst_p1_affine oh, os, serial, tag, a;
	blst_fr s_rk, s_l, s_oa, s_mu, s_om;
};

struct zknym_payment {
	unsigned int room;
	struct zn_layout layout;
	uint8_t type;
	blst_p2_affine kappa, kappa_e;
	blst_p1_affine sh, ss, eh, es, c;
	blst_fr challenge, s_r, s_re, s_oc, s_sk, s_v, s_exp;
	uint8_t *bytes; /* what was decoded, behind the coins */
	struct zn_coin coin[];
};

/* The first messages of the proof: of the payment, and of one coin. */
struct zn_spend_commitments {
	blst_p2 kappa, kappa_e;
	blst_p1 c;
};

struct zn_coin_commitments {
	blst_p1 a, serial, g, tag;
	blst_p2 kappa_k;
};

/* Bytes of the transcript for the longest key and most coins. */
#define ZN_TRANSCRIPT_MAX                                                      \
	(5 * ZKNYM_G1_SIZE + ZKNYM_G2_SIZE + ZKNYM_VERIFICATION_KEY_SIZE_MAX + \
	 247 + 244 * ZN_COINS_MAX + 2 * ZKNYM_G2_SIZE + ZKNYM_G1_SIZE +        \
	 (4 * ZKNYM_G1_SIZE + ZKNYM_G2_SIZE) * ZN_COINS_MAX +                  \
	 ZKNYM_PAY_INFO_SIZE + 8)

/*
 * The proof's challenge; @bytes has the payment's points in place. The
 * commitments are disclosed.
 */
void zn_spend_challenge(blst_fr *challenge,
			const struct zn_verification_key *key,
			const struct zn_layout *layout, const uint8_t *bytes,
			struct zn_spend_commitments *commitments,
			struct zn_coin_commitments *coins,
			const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE]);

/* R = HashScalar(pay_info || u64LE(k)) */
void zn_pay_info_hash(blst_fr *out, const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE],
		      uint64_t coin);

#endif
