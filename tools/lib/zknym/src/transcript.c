// SPDX-License-Identifier: GPL-2.0-or-later
/* What a payment's proof hashes (ZKN 5.2). */
#include <string.h>

#include "codec.h"
#include "params.h"
#include "payment.h"
#include "scalar.h"

static uint8_t *append(uint8_t *at, const uint8_t *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

/* The instance is made of slices of the payment, in another order. */
static uint8_t *append_instance(uint8_t *at, const struct zn_layout *l,
				const uint8_t *bytes)
{
	at = append(at, bytes + l->kappa, ZN_LP_G2);
	at = append(at, bytes + l->c, ZN_LP_G1);
	at = append(at, bytes + l->a, 1 + l->coins * ZN_LP_G1);
	at = append(at, bytes + l->serials, 1 + l->coins * ZN_LP_G1);
	at = append(at, bytes + l->tags, 1 + l->coins * ZN_LP_G1);
	at = append(at, bytes + l->kappa_k, 1 + l->coins * ZN_LP_G2);
	return append(at, bytes + l->kappa_e, ZN_LP_G2);
}

static uint8_t *append_g1(uint8_t *at, blst_p1 *point)
{
	zn_g1_encode(at, point);
	return at + ZKNYM_G1_SIZE;
}

static uint8_t *append_g2(uint8_t *at, blst_p2 *point)
{
	zn_g2_encode(at, point);
	return at + ZKNYM_G2_SIZE;
}

void zn_spend_challenge(blst_fr *challenge,
			const struct zn_verification_key *key,
			const struct zn_layout *layout, const uint8_t *bytes,
			struct zn_spend_commitments *commitments,
			struct zn_coin_commitments *coins,
			const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE])
{
	const struct zn_params *params = zn_params();
	uint8_t transcript[ZN_TRANSCRIPT_MAX];
	uint8_t *at = transcript;
	unsigned int k;

	at = append(at, params->g_bytes, sizeof(params->g_bytes));
	at = append(at, params->h_bytes, sizeof(params->h_bytes));
	at = append(at, params->gamma_bytes[0], sizeof(params->gamma_bytes));
	at = append(at, key->bytes, zn_key_size(key));
	at = append_instance(at, layout, bytes);
	at = append_g2(at, &commitments->kappa);
	at = append_g2(at, &commitments->kappa_e);
	at = append_g1(at, &commitments->c);
	for (k = 0; k < layout->coins; k++)
		at = append_g1(at, &coins[k].a);
	for (k = 0; k < layout->coins; k++)
		at = append_g1(at, &coins[k].serial);
	for (k = 0; k < layout->coins && layout->form == ZKNYM_FORM_RK; k++)
		at = append_g2(at, &coins[k].kappa_k);
	for (k = 0; k < layout->coins; k++)
		at = append_g1(at, &coins[k].g);
	for (k = 0; k < layout->coins; k++)
		at = append_g1(at, &coins[k].tag);
	at = append(at, pay_info, ZKNYM_PAY_INFO_SIZE);
	zn_put_le64(at, layout->coins);
	at += 8;
	zn_scalar_challenge(challenge, transcript, (size_t)(at - transcript));
}

void zn_pay_info_hash(blst_fr *out, const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE],
		      uint64_t coin)
{
	uint8_t msg[ZKNYM_PAY_INFO_SIZE + 8];

	memcpy(msg, pay_info, ZKNYM_PAY_INFO_SIZE);
	zn_put_le64(msg + ZKNYM_PAY_INFO_SIZE, coin);
	zn_scalar_hash(out, msg, sizeof(msg));
}
