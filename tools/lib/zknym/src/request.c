// SPDX-License-Identifier: GPL-2.0-or-later
/* Withdrawal: the user's request and the authority's answer (ZKN 3.1-3.3). */
#include <string.h>

#include "codec.h"
#include "keys.h"
#include "params.h"
#include "scalar.h"
#include "secret.h"
#include "wallet.h"

/* Offsets in a request; the elements begin with their length byte. */
enum {
	AT_H = 0,
	AT_COM = 49,
	AT_COMMITMENTS = 98, /* count, 2 */
	AT_C1 = 99,
	AT_C2 = 148,
	AT_CHALLENGE = 197,
	AT_S_O = 230,
	AT_OPENINGS = 263, /* count, 2 */
	AT_S_O1 = 264,
	AT_S_O2 = 297,
	AT_ATTRIBUTES = 330, /* count, 2 */
	AT_S_SK = 331,
	AT_S_V = 364,
	AT_END = 397,
};

_Static_assert(AT_END == ZKNYM_REQUEST_SIZE, "size in zknym.h");

struct request {
	blst_p1_affine h, com, c1, c2;
	blst_fr challenge, s_o, s_o1, s_o2, s_sk, s_v;
};

/* The first messages of the proof. */
struct commitments {
	blst_p1 com, c1, c2, user;
};

static void put_g1(uint8_t *out, blst_p1 *point)
{
	out[0] = ZKNYM_G1_SIZE;
	zn_g1_encode(out + 1, point);
}

static void put_scalar(uint8_t *out, const blst_fr *scalar)
{
	out[0] = ZKNYM_SCALAR_SIZE;
	zn_scalar_encode(out + 1, scalar);
}

/* h = HashG1([com + E * gamma3 + t * gamma4]) */
static void derive_h(blst_p1 *h, const blst_p1 *com, uint32_t expiration,
		     uint8_t type)
{
	const struct zn_params *params = zn_params();
	uint8_t bytes[ZKNYM_G1_SIZE];
	blst_p1 full = *com;

	zn_g1_add_mult_small(&full, &params->gamma3, expiration);
	zn_g1_add_mult_small(&full, &params->gamma4, type);
	zn_g1_encode(bytes, &full);
	zn_g1_hash(h, bytes, sizeof(bytes));
}

/* @request has its points in place; @z is disclosed. */
static void derive_challenge(blst_fr *challenge, const uint8_t *request,
			     const uint8_t user[ZKNYM_USER_PUBLIC_SIZE],
			     struct commitments *z)
{
	const struct zn_params *params = zn_params();
	uint8_t transcript[5 * ZKNYM_G1_SIZE + 5 * ZN_LP_G1 + 1 +
			   4 * ZKNYM_G1_SIZE];
	uint8_t *at = transcript;

	memcpy(at, params->g_bytes, ZKNYM_G1_SIZE);
	at += ZKNYM_G1_SIZE;
	memcpy(at, params->gamma_bytes, sizeof(params->gamma_bytes));
	at += sizeof(params->gamma_bytes);
	/* Here com comes before h. */
	memcpy(at, request + AT_COM, ZN_LP_G1);
	at += ZN_LP_G1;
	memcpy(at, request + AT_H, ZN_LP_G1);
	at += ZN_LP_G1;
	memcpy(at, request + AT_COMMITMENTS, 1 + 2 * ZN_LP_G1);
	at += 1 + 2 * ZN_LP_G1;
	*at++ = ZKNYM_USER_PUBLIC_SIZE;
	memcpy(at, user, ZKNYM_USER_PUBLIC_SIZE);
	at += ZKNYM_USER_PUBLIC_SIZE;
	zn_g1_encode(at, &z->com);
	zn_g1_encode(at + ZKNYM_G1_SIZE, &z->c1);
	zn_g1_encode(at + 2 * ZKNYM_G1_SIZE, &z->c2);
	zn_g1_encode(at + 3 * ZKNYM_G1_SIZE, &z->user);
	zn_scalar_challenge(challenge, transcript, sizeof(transcript));
}

struct request_nonces {
	blst_fr o, o1, o2, sk, v;
};

static int draw(struct zn_request_secret *secret, struct request_nonces *nonces,
		const struct zknym_rng *rng)
{
	blst_fr *const order[] = {
		&secret->v,  &secret->o,  &secret->o1, &secret->o2, &nonces->o,
		&nonces->o1, &nonces->o2, &nonces->sk, &nonces->v,
	};
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (zn_scalar_draw(order[i], rng))
			return ZKNYM_E_RANDOM;
	return ZKNYM_OK;
}

/* out = k * G + m * h */
static void commit_attribute(blst_p1 *out, const blst_fr *k, const blst_fr *m,
			     const blst_p1_affine *h)
{
	memset(out, 0, sizeof(*out));
	zn_g1_add_fixed(out, &zn_params()->g, k);
	zn_g1_add_mult(out, h, m);
}

/* out = k * G + sk * gamma1 + v * gamma2 */
static void commit_attributes(blst_p1 *out, const blst_fr *k, const blst_fr *sk,
			      const blst_fr *v)
{
	const struct zn_params *params = zn_params();

	memset(out, 0, sizeof(*out));
	zn_g1_add_fixed(out, &params->g, k);
	zn_g1_add_fixed(out, &params->gamma1, sk);
	zn_g1_add_fixed(out, &params->gamma2, v);
}

int zknym_request(uint8_t request[ZKNYM_REQUEST_SIZE],
		  struct zknym_request_secret *secret,
		  const struct zknym_user *user, uint32_t expiration,
		  uint8_t type, const struct zknym_rng *rng)
{
	struct zn_request_secret *s = (struct zn_request_secret *)secret;
	const struct zn_user *u = (const struct zn_user *)user;
	struct request_nonces nonces;
	struct commitments z;
	blst_fr c, response;
	blst_p1 com, h, point;
	int err;

	if (!zn_is_date(expiration))
		return ZKNYM_E_DATE;
	err = draw(s, &nonces, rng);
	if (err)
		goto wipe;
	s->expiration = expiration;
	s->type = type;

	commit_attributes(&com, &s->o, &u->secret, &s->v);
	put_g1(request + AT_COM, &com);
	derive_h(&h, &com, expiration, type);
	put_g1(request + AT_H, &h);
	blst_p1_to_affine(&s->h, &h);
	request[AT_COMMITMENTS] = 2;
	commit_attribute(&point, &s->o1, &u->secret, &s->h);
	put_g1(request + AT_C1, &point);
	commit_attribute(&point, &s->o2, &s->v, &s->h);
	put_g1(request + AT_C2, &point);

	commit_attributes(&z.com, &nonces.o, &nonces.sk, &nonces.v);
	commit_attribute(&z.c1, &nonces.o1, &nonces.sk, &s->h);
	commit_attribute(&z.c2, &nonces.o2, &nonces.v, &s->h);
	memset(&z.user, 0, sizeof(z.user));
	zn_g1_add_fixed(&z.user, &zn_params()->g, &nonces.sk);
	derive_challenge(&c, request, u->public_key, &z);

	put_scalar(request + AT_CHALLENGE, &c);
	zn_scalar_respond(&response, &nonces.o, &c, &s->o);
	put_scalar(request + AT_S_O, &response);
	request[AT_OPENINGS] = 2;
	zn_scalar_respond(&response, &nonces.o1, &c, &s->o1);
	put_scalar(request + AT_S_O1, &response);
	zn_scalar_respond(&response, &nonces.o2, &c, &s->o2);
	put_scalar(request + AT_S_O2, &response);
	request[AT_ATTRIBUTES] = 2;
	zn_scalar_respond(&response, &nonces.sk, &c, &u->secret);
	put_scalar(request + AT_S_SK, &response);
	zn_scalar_respond(&response, &nonces.v, &c, &s->v);
	put_scalar(request + AT_S_V, &response);
wipe:
	zn_wipe(&nonces);
	if (err)
		zn_wipe(secret);
	return err;
}

static const struct {
	uint16_t at;
	uint8_t byte;
} request_structure[] = {
	{ AT_H, ZKNYM_G1_SIZE },	{ AT_COM, ZKNYM_G1_SIZE },
	{ AT_COMMITMENTS, 2 },		{ AT_C1, ZKNYM_G1_SIZE },
	{ AT_C2, ZKNYM_G1_SIZE },	{ AT_CHALLENGE, ZKNYM_SCALAR_SIZE },
	{ AT_S_O, ZKNYM_SCALAR_SIZE },	{ AT_OPENINGS, 2 },
	{ AT_S_O1, ZKNYM_SCALAR_SIZE }, { AT_S_O2, ZKNYM_SCALAR_SIZE },
	{ AT_ATTRIBUTES, 2 },		{ AT_S_SK, ZKNYM_SCALAR_SIZE },
	{ AT_S_V, ZKNYM_SCALAR_SIZE },
};

static int decode_request(struct request *r, const uint8_t *in, size_t len)
{
	const struct {
		blst_fr *scalar;
		size_t at;
	} scalars[] = {
		{ &r->challenge, AT_CHALLENGE }, { &r->s_o, AT_S_O },
		{ &r->s_o1, AT_S_O1 },		 { &r->s_o2, AT_S_O2 },
		{ &r->s_sk, AT_S_SK },		 { &r->s_v, AT_S_V },
	};
	const struct {
		blst_p1_affine *point;
		size_t at;
	} points[] = {
		{ &r->h, AT_H },
		{ &r->com, AT_COM },
		{ &r->c1, AT_C1 },
		{ &r->c2, AT_C2 },
	};
	size_t i;
	int err;

	if (len != ZKNYM_REQUEST_SIZE)
		return ZKNYM_E_LENGTH;
	for (i = 0; i < sizeof(request_structure) / sizeof(*request_structure);
	     i++)
		if (in[request_structure[i].at] != request_structure[i].byte)
			return ZKNYM_E_FORMAT;
	for (i = 0; i < sizeof(scalars) / sizeof(*scalars); i++) {
		err = zn_scalar_decode(scalars[i].scalar,
				       in + scalars[i].at + 1);
		if (err)
			return err;
	}
	for (i = 0; i < sizeof(points) / sizeof(*points); i++) {
		err = zn_g1_decode(points[i].point, in + points[i].at + 1);
		if (err)
			return err;
	}
	return ZKNYM_OK;
}

/* z = challenge * point + s_o * G + s_m * h */
static void recommit_attribute(blst_p1 *z, const struct request *r,
			       const blst_p1_affine *point, const blst_fr *s_o,
			       const blst_fr *s_m)
{
	memset(z, 0, sizeof(*z));
	zn_g1_add_mult(z, point, &r->challenge);
	zn_g1_add_fixed_public(z, &zn_params()->g, s_o);
	zn_g1_add_mult(z, &r->h, s_m);
}

static int verify_request(struct request *r, const uint8_t *request, size_t len,
			  const uint8_t user[ZKNYM_USER_PUBLIC_SIZE],
			  uint32_t expiration, uint8_t type)
{
	const struct zn_params *params = zn_params();
	blst_p1_affine user_point, h_point;
	struct commitments z;
	blst_p1 com, h;
	blst_fr c;
	int err;

	err = decode_request(r, request, len);
	if (!err)
		err = zn_g1_decode(&user_point, user);
	if (!err && !zn_is_date(expiration))
		err = ZKNYM_E_DATE;
	if (err)
		return err;

	blst_p1_from_affine(&com, &r->com);
	derive_h(&h, &com, expiration, type);
	blst_p1_to_affine(&h_point, &h);
	if (!blst_p1_affine_is_equal(&h_point, &r->h))
		return ZKNYM_E_PROOF;

	memset(&z, 0, sizeof(z));
	zn_g1_add_mult(&z.com, &r->com, &r->challenge);
	zn_g1_add_fixed_public(&z.com, &params->g, &r->s_o);
	zn_g1_add_fixed_public(&z.com, &params->gamma1, &r->s_sk);
	zn_g1_add_fixed_public(&z.com, &params->gamma2, &r->s_v);
	recommit_attribute(&z.c1, r, &r->c1, &r->s_o1, &r->s_sk);
	recommit_attribute(&z.c2, r, &r->c2, &r->s_o2, &r->s_v);
	zn_g1_add_mult(&z.user, &user_point, &r->challenge);
	zn_g1_add_fixed_public(&z.user, &params->g, &r->s_sk);
	derive_challenge(&c, request, user, &z);
	return memcmp(&c, &r->challenge, sizeof(c)) ? ZKNYM_E_PROOF : ZKNYM_OK;
}

int zknym_request_verify(const uint8_t *request, size_t len,
			 const uint8_t user[ZKNYM_USER_PUBLIC_SIZE],
			 uint32_t expiration, uint8_t type)
{
	struct request r;

	return verify_request(&r, request, len, user, expiration, type);
}

int zknym_request_policy(uint32_t expiration, uint8_t type, int64_t now)
{
	uint32_t early, late;

	if (type >= ZN_TYPES || now < INT64_MIN + ZKNYM_SKEW ||
	    now > INT64_MAX - ZKNYM_SKEW ||
	    zknym_expiration(now - ZKNYM_SKEW, &early) ||
	    zknym_expiration(now + ZKNYM_SKEW, &late) ||
	    (expiration != early && expiration != late))
		return ZKNYM_E_POLICY;
	return ZKNYM_OK;
}

/* cb = (x + y3 * E + y4 * t) * h + y1 * C1 + y2 * C2 */
int zknym_issue(uint8_t blinded[ZKNYM_SIGNATURE_SIZE],
		const struct zknym_secret_key *key, const uint8_t *request,
		size_t len, const uint8_t user[ZKNYM_USER_PUBLIC_SIZE],
		uint32_t expiration, uint8_t type)
{
	const struct zn_secret_key *k = (const struct zn_secret_key *)key;
	blst_fr exponent, attribute;
	struct request r;
	blst_p1 cb;
	int err;

	err = verify_request(&r, request, len, user, expiration, type);
	if (err)
		return err;
	zn_scalar_from_uint(&attribute, expiration);
	blst_fr_mul(&exponent, &k->y[2], &attribute);
	blst_fr_add(&exponent, &exponent, &k->x);
	zn_scalar_from_uint(&attribute, type);
	blst_fr_mul(&attribute, &attribute, &k->y[3]);
	blst_fr_add(&exponent, &exponent, &attribute);

	memset(&cb, 0, sizeof(cb));
	zn_g1_add_mult(&cb, &r.h, &exponent);
	zn_g1_add_mult(&cb, &r.c1, &k->y[0]);
	zn_g1_add_mult(&cb, &r.c2, &k->y[1]);
	memcpy(blinded, request + AT_H + 1, ZKNYM_G1_SIZE);
	zn_g1_encode(blinded + ZKNYM_G1_SIZE, &cb);
	zn_wipe(&exponent);
	zn_wipe(&attribute);
	return ZKNYM_OK;
}

/* Offsets in the stored secret of a request. */
enum {
	SECRET_AT_H = 0,
	SECRET_AT_O = 49,
	SECRET_AT_OPENINGS = 82, /* count, 2 */
	SECRET_AT_O1 = 83,
	SECRET_AT_O2 = 116,
	SECRET_AT_V = 149,
	SECRET_AT_EXPIRATION = 182,
	SECRET_AT_TYPE = 215,
	SECRET_AT_END = 248,
};

_Static_assert(SECRET_AT_END == ZKNYM_REQUEST_SECRET_SIZE, "size in zknym.h");

void zknym_request_secret_encode(uint8_t out[ZKNYM_REQUEST_SECRET_SIZE],
				 const struct zknym_request_secret *secret)
{
	const struct zn_request_secret *s = (const struct zn_request_secret *)
		secret;
	blst_fr scalar;

	out[SECRET_AT_H] = ZKNYM_G1_SIZE;
	blst_p1_affine_compress(out + SECRET_AT_H + 1, &s->h);
	put_scalar(out + SECRET_AT_O, &s->o);
	out[SECRET_AT_OPENINGS] = 2;
	put_scalar(out + SECRET_AT_O1, &s->o1);
	put_scalar(out + SECRET_AT_O2, &s->o2);
	put_scalar(out + SECRET_AT_V, &s->v);
	zn_scalar_from_uint(&scalar, s->expiration);
	put_scalar(out + SECRET_AT_EXPIRATION, &scalar);
	zn_scalar_from_uint(&scalar, s->type);
	put_scalar(out + SECRET_AT_TYPE, &scalar);
}

static int decode_secret(struct zn_request_secret *s, const uint8_t *in)
{
	static const struct {
		uint8_t at;
		uint8_t byte;
	} structure[] = {
		{ SECRET_AT_H, ZKNYM_G1_SIZE },
		{ SECRET_AT_O, ZKNYM_SCALAR_SIZE },
		{ SECRET_AT_OPENINGS, 2 },
		{ SECRET_AT_O1, ZKNYM_SCALAR_SIZE },
		{ SECRET_AT_O2, ZKNYM_SCALAR_SIZE },
		{ SECRET_AT_V, ZKNYM_SCALAR_SIZE },
		{ SECRET_AT_EXPIRATION, ZKNYM_SCALAR_SIZE },
		{ SECRET_AT_TYPE, ZKNYM_SCALAR_SIZE },
	};
	blst_fr expiration_scalar, type_scalar;
	const struct {
		blst_fr *scalar;
		size_t at;
	} scalars[] = {
		{ &s->o, SECRET_AT_O },
		{ &s->o1, SECRET_AT_O1 },
		{ &s->o2, SECRET_AT_O2 },
		{ &s->v, SECRET_AT_V },
		{ &expiration_scalar, SECRET_AT_EXPIRATION },
		{ &type_scalar, SECRET_AT_TYPE },
	};
	uint32_t expiration, type;
	size_t i;
	int err;

	for (i = 0; i < sizeof(structure) / sizeof(*structure); i++)
		if (in[structure[i].at] != structure[i].byte)
			return ZKNYM_E_FORMAT;
	for (i = 0; i < sizeof(scalars) / sizeof(*scalars); i++) {
		err = zn_scalar_decode(scalars[i].scalar,
				       in + scalars[i].at + 1);
		if (err)
			return err;
	}
	err = zn_g1_decode(&s->h, in + SECRET_AT_H + 1);
	if (err)
		return err;
	if (!zn_scalar_small(&expiration, &expiration_scalar) ||
	    !zn_is_date(expiration))
		return ZKNYM_E_DATE;
	if (!zn_scalar_small(&type, &type_scalar) || type > UINT8_MAX)
		return ZKNYM_E_TYPE;
	s->expiration = expiration;
	s->type = type;
	return ZKNYM_OK;
}

int zknym_request_secret_decode(struct zknym_request_secret *secret,
				const uint8_t *in, size_t len)
{
	int err;

	if (len != ZKNYM_REQUEST_SECRET_SIZE)
		return ZKNYM_E_LENGTH;
	err = decode_secret((struct zn_request_secret *)secret, in);
	if (err)
		zn_wipe(secret);
	return err;
}
