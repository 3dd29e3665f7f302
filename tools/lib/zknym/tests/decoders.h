/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All encodings in one table, for the mutation test and the fuzz targets: what
 * is decoded must encode to the same bytes again.
 */
#ifndef DECODERS_H
#define DECODERS_H

#include "fixture.h"

#define ENCODING_MAX 2048

/*
 * Decodes @in and encodes the result into @out, of ENCODING_MAX bytes.
 * Returns the decoder's error.
 */
typedef int recode_function(const uint8_t *in, size_t len, uint8_t *out,
			    size_t *out_len);

recode_function recode_secret_key, recode_verification_key, recode_user,
	recode_base58, recode_request, recode_request_secret, recode_signature,
	recode_partial_wallet, recode_wallet, recode_payment,
	recode_payment_compat, recode_ticket, recode_ticket_compat,
	recode_serde, recode_credential, recode_claim, recode_lp_finalise,
	recode_option_claim, recode_option_serde, recode_top_up,
	recode_claim_compat;

struct encoding {
	const char *name;
	recode_function *recode;
	unsigned int mutations; /* in the short run */
	uint8_t sample[ENCODING_MAX];
	size_t len;
};

extern struct encoding encodings[];
extern const size_t encodings_count;

/* Fills in the samples, from a fixed seed. */
void encodings_init(void);

#endif
