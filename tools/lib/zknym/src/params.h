/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parameters of the scheme: generators, constants, dates (ZKN 1). */
#ifndef ZN_PARAMS_H
#define ZN_PARAMS_H

#include "curve.h"

/* Ticket types are 0 to 3. */
#define ZN_TYPES 4

struct zn_params {
	struct zn_g1_table g, gamma1, gamma2, delta;
	struct zn_g2_table h;
	blst_p1_affine gamma2_point, gamma3, gamma4;
	blst_p2_affine negative_h;
	blst_fr type_exp, type_idx;
	uint8_t g_bytes[ZKNYM_G1_SIZE];
	uint8_t h_bytes[ZKNYM_G2_SIZE];
	uint8_t gamma_bytes[4][ZKNYM_G1_SIZE];
};

/* The one instance; computed on first use, constant from then on. */
const struct zn_params *zn_params(void);

bool zn_is_date(uint32_t date);

#endif
