/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a withdrawal and its result look like inside (ZKN 3). */
#ifndef ZN_WALLET_H
#define ZN_WALLET_H

#include "curve.h"

/* Made of uint64_t only, as the public structures that they alias. */
struct zn_request_secret {
	blst_p1_affine h;
	blst_fr o, o1, o2, v;
	uint64_t expiration;
	uint64_t type;
};

struct zn_partial_wallet {
	blst_p1_affine h, s;
	blst_fr v;
	uint64_t expiration;
	uint64_t type;
	uint64_t index;
};

struct zn_wallet {
	blst_p1_affine h, s;
	blst_fr v;
	uint64_t expiration;
	uint64_t type;
	uint64_t taken;
};

struct zn_signature {
	blst_p1_affine h, s;
};

_Static_assert(sizeof(struct zn_request_secret) ==
		       sizeof(struct zknym_request_secret),
	       "size in zknym.h");
_Static_assert(sizeof(struct zn_partial_wallet) ==
		       sizeof(struct zknym_partial_wallet),
	       "size in zknym.h");
_Static_assert(sizeof(struct zn_wallet) == sizeof(struct zknym_wallet),
	       "size in zknym.h");
_Static_assert(sizeof(struct zn_signature) == sizeof(struct zknym_signature),
	       "size in zknym.h");

#endif
