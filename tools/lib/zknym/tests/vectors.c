// SPDX-License-Identifier: GPL-2.0-or-later
/* The vectors of Nym's own implementation: see vectors/README. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <blst.h>
#include <blst_aux.h>

#include "curve.h"
#include "fixture.h"
#include "json.h"
#include "ktap.h"
#include "params.h"
#include "payment.h"
#include "scalar.h"

/* Other vectors may spend up to a whole book at once. */
#define COINS ZKNYM_TICKETS
#define DRAWS 512
#define BYTES_MAX 32768

/* A generator that gives recorded scalars, each once, and then fails. */
struct record {
	uint8_t scalars[DRAWS][ZKNYM_SCALAR_SIZE];
	size_t count, used;
};

static int replay(void *context, void *buf, size_t len)
{
	struct record *record = context;

	if (len != 64 || record->used == record->count)
		return -1;
	memset(buf, 0, len);
	memcpy(buf, record->scalars[record->used++], ZKNYM_SCALAR_SIZE);
	return 0;
}

static void record_add(struct record *record, const json_t *value)
{
	size_t i;
	json_t *each;

	if (json_is_array(value)) {
		for (i = 0; (each = json_array_get(value, i)); i++)
			record_add(record, each);
		return;
	}
	if (record->count == DRAWS)
		must(ZKNYM_E_RANGE);
	hex_value(value, record->scalars[record->count++], ZKNYM_SCALAR_SIZE);
}

static void record_members(struct record *record, const json_t *object,
			   const char *const *keys)
{
	for (; *keys; keys++)
		record_add(record, member(object, *keys));
}

/* Everything in the key, withdrawal and signature files, as objects. */
static struct {
	unsigned int threshold, issuers;
	struct zknym_secret_key secrets[AUTHORITIES_MAX];
	struct zknym_verification_key keys[AUTHORITIES_MAX];
	struct zknym_verification_key master_key;
	struct zknym_master *master;
	struct zknym_user user;
	uint8_t user_public[ZKNYM_USER_PUBLIC_SIZE];
	struct book book;
} world;

static bool same_point(const json_t *object, const char *key,
		       const uint8_t *bytes, size_t len)
{
	uint8_t expected[ZKNYM_G2_SIZE];

	return hex(object, key, expected, sizeof(expected)) == len &&
	       !memcmp(expected, bytes, len);
}

static void check_generators(const json_t *file)
{
	static const char *const gammas[] = { "gamma1", "gamma2", "gamma3",
					      "gamma4" };
	const json_t *generators = member(file, "generators");
	const struct zn_params *params = zn_params();
	uint8_t bytes[ZKNYM_G1_SIZE];
	int i;

	ktap_begin();
	EXPECT(same_point(generators, "g1", params->g_bytes, ZKNYM_G1_SIZE));
	EXPECT(same_point(generators, "g2", params->h_bytes, ZKNYM_G2_SIZE));
	for (i = 0; i < 4; i++)
		EXPECT(same_point(generators, gammas[i], params->gamma_bytes[i],
				  ZKNYM_G1_SIZE));
	blst_p1_affine_compress(bytes, &params->delta.entry[0][0]);
	EXPECT(same_point(generators, "delta", bytes, sizeof(bytes)));
	ktap_end("hash: generators");

	ktap_begin();
	zn_scalar_encode(bytes, &params->type_exp);
	EXPECT(same_point(member(file, "constants"), "type_exp", bytes, 32));
	zn_scalar_encode(bytes, &params->type_idx);
	EXPECT(same_point(member(file, "constants"), "type_idx", bytes, 32));
	EXPECT(number(member(file, "constants"), "tickets") == ZKNYM_TICKETS);
	EXPECT(number(member(file, "constants"), "validity_days") ==
	       ZKNYM_VALIDITY_DAYS);
	ktap_end("hash: constants");
}

static void check_hashes(void)
{
	json_t *file = vector_file("hash"), *each;
	uint8_t msg[1024], bytes[ZKNYM_G1_SIZE], digest[32];
	blst_fr scalar;
	blst_p1 point;
	size_t i, len;

	check_generators(file);
	ktap_begin();
	for (i = 0;
	     (each = json_array_get(json_object_get(file, "hash_to_scalar"),
				    i));
	     i++) {
		len = hex(each, "msg", msg, sizeof(msg));
		zn_scalar_hash(&scalar, msg, len);
		zn_scalar_encode(bytes, &scalar);
		EXPECT(same_point(each, "scalar", bytes, 32));
	}
	EXPECT(i);
	ktap_end("hash: to scalar");
	ktap_begin();
	for (i = 0;
	     (each = json_array_get(json_object_get(file, "hash_to_g1"), i));
	     i++) {
		len = hex(each, "msg", msg, sizeof(msg));
		zn_g1_hash(&point, msg, len);
		zn_g1_encode(bytes, &point);
		EXPECT(same_point(each, "point", bytes, sizeof(bytes)));
	}
	EXPECT(i);
	ktap_end("hash: to G1");
	ktap_begin();
	for (i = 0;
	     (each = json_array_get(json_object_get(file, "challenge_reduction"),
				    i));
	     i++) {
		hex(each, "digest", digest, sizeof(digest));
		zn_scalar_from_digest(&scalar, digest);
		zn_scalar_encode(bytes, &scalar);
		EXPECT(same_point(each, "scalar", bytes, 32));
	}
	EXPECT(i);
	ktap_end("hash: challenge reduction");
	ktap_begin();
	for (i = 0;
	     (each = json_array_get(json_object_get(file, "pay_info_hash"), i));
	     i++) {
		len = hex(each, "pay_info", msg, sizeof(msg));
		EXPECT(len == ZKNYM_PAY_INFO_SIZE);
		zn_pay_info_hash(&scalar, msg, number(each, "k"));
		zn_scalar_encode(bytes, &scalar);
		EXPECT(same_point(each, "scalar", bytes, 32));
	}
	EXPECT(i);
	ktap_end("hash: pay-info");
	json_decref(file);
}

static bool encodes_to(const struct zknym_verification_key *key,
		       const json_t *value)
{
	uint8_t expected[ZKNYM_VERIFICATION_KEY_SIZE_MAX];
	uint8_t bytes[ZKNYM_VERIFICATION_KEY_SIZE_MAX];
	size_t len;

	return !zknym_verification_key_encode(bytes, sizeof(bytes), &len,
					      key) &&
	       hex_value(value, expected, sizeof(expected)) == len &&
	       !memcmp(bytes, expected, len);
}

static bool secret_encodes_to(const struct zknym_secret_key *key,
			      const json_t *value)
{
	uint8_t expected[ZKNYM_SECRET_KEY_SIZE_MAX];
	uint8_t bytes[ZKNYM_SECRET_KEY_SIZE_MAX];
	size_t len;

	return !zknym_secret_key_encode(bytes, sizeof(bytes), &len, key) &&
	       hex_value(value, expected, sizeof(expected)) == len &&
	       !memcmp(bytes, expected, len);
}

static void check_dealer(const json_t *file)
{
	const json_t *secrets = member(file, "secret_keys");
	const json_t *keys = member(file, "verification_keys");
	struct zknym_verification_key commitments[AUTHORITIES_MAX], key;
	struct record record = { 0 };
	const struct zknym_rng rng = { replay, &record };
	unsigned int i;

	world.threshold = (unsigned int)number(file, "threshold");
	world.issuers = (unsigned int)number(file, "issuers");
	record_add(&record, member(file, "coefficients"));
	ktap_begin();
	EXPECT_OK(zknym_deal(world.secrets, commitments, world.threshold,
			     world.issuers, &rng));
	EXPECT(record.used == record.count);
	for (i = 0; i < world.issuers; i++) {
		EXPECT(secret_encodes_to(&world.secrets[i],
					 json_array_get(secrets, i)));
		EXPECT_OK(zknym_verification_key_derive(&world.keys[i],
							&world.secrets[i]));
		EXPECT(encodes_to(&world.keys[i], json_array_get(keys, i)));
		EXPECT_OK(zknym_share_verify(&world.secrets[i], i + 1,
					     commitments, world.threshold));
		EXPECT_OK(zknym_commitments_evaluate(&key, i + 1, commitments,
						     world.threshold));
		EXPECT(encodes_to(&key, json_array_get(keys, i)));
	}
	world.master_key = commitments[0];
	EXPECT(encodes_to(&world.master_key,
			  member(file, "master_verification_key")));
	ktap_end("keys: dealer");
}

static void check_aggregation(const json_t *file)
{
	struct zknym_verification_key keys[AUTHORITIES_MAX], master;
	uint64_t indices[AUTHORITIES_MAX];
	blst_fr lambda[AUTHORITIES_MAX];
	uint8_t bytes[32], expected[32];
	json_t *each, *index;
	size_t i, j, count;

	ktap_begin();
	for (i = 0;
	     (each = json_array_get(json_object_get(file, "lagrange_at_zero"),
				    i));
	     i++) {
		count = json_array_size(member(each, "indices"));
		for (j = 0;
		     (index = json_array_get(json_object_get(each, "indices"),
					     j));
		     j++) {
			indices[j] = (uint64_t)json_integer_value(index);
			keys[j] = world.keys[indices[j] - 1];
		}
		EXPECT_OK(zn_lagrange(lambda, indices, count, 0));
		for (j = 0; j < count; j++) {
			zn_scalar_encode(bytes, &lambda[j]);
			hex_value(json_array_get(member(each, "coefficients"),
						 j),
				  expected, 32);
			EXPECT_BYTES(bytes, expected, 32);
		}
		EXPECT_OK(zknym_verification_key_aggregate(&master, keys,
							   indices, count,
							   world.threshold));
		EXPECT(encodes_to(&master,
				  member(file, "master_verification_key")));
	}
	EXPECT(i);
	ktap_end("keys: Lagrange coefficients and master key of each subset");
}

static void check_keys(void)
{
	json_t *file = vector_file("keys");
	const json_t *five = member(file, "five_beta_key");
	const json_t *user = member(file, "user");
	uint8_t bytes[ZKNYM_VERIFICATION_KEY_SIZE_MAX], seed[256];
	char base58[ZKNYM_USER_TEXT_SIZE];
	struct zknym_verification_key key;
	struct zknym_secret_key secret;
	struct zknym_user decoded;
	size_t len;

	check_dealer(file);
	check_aggregation(file);

	ktap_begin();
	len = hex(five, "secret_key_1", bytes, sizeof(bytes));
	EXPECT_OK(zknym_secret_key_decode(&secret, bytes, len));
	EXPECT(secret_encodes_to(&secret, member(five, "secret_key_1")));
	EXPECT_OK(zknym_verification_key_derive(&key, &secret));
	EXPECT(encodes_to(&key, member(five, "verification_key_1")));
	len = hex(five, "verification_key_1", bytes, sizeof(bytes));
	EXPECT_OK(zknym_verification_key_decode(&key, bytes, len));
	EXPECT_OK(zknym_verification_key_check(&key, NULL));
	len = hex(five, "master_verification_key", bytes, sizeof(bytes));
	EXPECT_OK(zknym_verification_key_decode(&key, bytes, len));
	EXPECT_OK(zknym_verification_key_check(&key, NULL));
	EXPECT(encodes_to(&key, member(five, "master_verification_key")));
	ktap_end("keys: with a fifth attribute");

	ktap_begin();
	len = hex(user, "seed", seed, sizeof(seed));
	EXPECT_OK(zknym_user_from_seed(&world.user, seed, len));
	zknym_user_encode(bytes, &world.user);
	EXPECT(same_point(user, "secret_key", bytes, 32));
	EXPECT_OK(zknym_user_decode(&decoded, bytes, 32));
	zknym_user_public(world.user_public, &decoded);
	EXPECT(same_point(user, "public_key", world.user_public, 48));
	EXPECT_OK(zknym_base58_encode(base58, sizeof(base58), world.user_public,
				      sizeof(world.user_public)));
	EXPECT(!strcmp(base58, text(user, "public_key_base58")));
	EXPECT_OK(zknym_base58_decode(bytes, 48, base58));
	EXPECT_BYTES(bytes, world.user_public, 48);
	ktap_end("keys: user");

	must(zknym_master_new(&world.master, &world.master_key, NULL));
	json_decref(file);
}

static void check_request(const json_t *file,
			  struct zknym_request_secret *secret,
			  uint8_t request[ZKNYM_REQUEST_SIZE])
{
	static const char *const order[] = { "v",	 "o",	     "o1",
					     "o2",	 "nonce_o",  "nonce_o1",
					     "nonce_o2", "nonce_sk", "nonce_v",
					     NULL };
	uint8_t bytes[1024], stored[ZKNYM_REQUEST_SECRET_SIZE], digest[32];
	struct record record = { 0 };
	const struct zknym_rng rng = { replay, &record };
	struct zknym_request_secret again;
	uint8_t challenge[32];
	blst_fr scalar;
	size_t len;

	record_members(&record, member(file, "randomness"), order);
	ktap_begin();
	EXPECT_OK(zknym_request(request, secret, &world.user,
				world.book.expiration, world.book.type, &rng));
	EXPECT(record.used == record.count);
	len = hex(file, "request", bytes, sizeof(bytes));
	EXPECT(len == ZKNYM_REQUEST_SIZE);
	EXPECT_BYTES(request, bytes, ZKNYM_REQUEST_SIZE);
	zknym_request_secret_encode(stored, secret);
	len = hex(file, "request_info", bytes, sizeof(bytes));
	EXPECT(len == sizeof(stored));
	EXPECT_BYTES(stored, bytes, sizeof(stored));
	EXPECT_OK(zknym_request_secret_decode(&again, bytes, len));
	EXPECT_BYTES(&again, secret, sizeof(again));
	ktap_end("withdrawal: request");

	ktap_begin();
	len = hex(file, "transcript", bytes, sizeof(bytes));
	blst_sha256(digest, bytes, len);
	EXPECT(same_point(file, "transcript_sha256", digest, 32));
	zn_scalar_challenge(&scalar, bytes, len);
	zn_scalar_encode(challenge, &scalar);
	EXPECT_BYTES(challenge, request + 198, 32);
	ktap_end("withdrawal: transcript");
}

static void check_wallets(const json_t *file,
			  struct zknym_partial_wallet *partials)
{
	uint8_t bytes[256], expected[256];
	struct zknym_partial_wallet some[AUTHORITIES_MAX];
	struct zknym_wallet again;
	unsigned int i, j, first;
	size_t len;

	ktap_begin();
	for (i = 0; i < world.issuers; i++) {
		for (j = 0; j < world.threshold; j++)
			some[j] = partials[(i + j) % world.issuers];
		EXPECT_OK(zknym_wallet_aggregate(&world.book.wallet, some,
						 world.threshold,
						 world.threshold, &world.user,
						 &world.master_key));
		zknym_wallet_signatures_encode(bytes, &world.book.wallet);
		len = hex(file, "wallet_signatures", expected,
			  sizeof(expected));
		EXPECT(len == ZKNYM_WALLET_SIGNATURES_SIZE);
		EXPECT_BYTES(bytes, expected, len);
	}
	EXPECT_OK(zknym_wallet_aggregate(&world.book.wallet, partials,
					 world.issuers, world.threshold,
					 &world.user, &world.master_key));
	len = hex(file, "wallet_141", expected, sizeof(expected));
	EXPECT(len == ZKNYM_WALLET_SIZE);
	EXPECT_OK(zknym_wallet_decode(&again, expected, len));
	zknym_wallet_encode(bytes, &again);
	EXPECT_BYTES(bytes, expected, len);
	/* Bring our own to the same count of tickets taken. */
	if (zknym_wallet_left(&again) != ZKNYM_TICKETS)
		EXPECT_OK(zknym_wallet_take(&world.book.wallet,
					    ZKNYM_TICKETS -
						    zknym_wallet_left(&again),
					    &first));
	zknym_wallet_encode(bytes, &world.book.wallet);
	EXPECT_BYTES(bytes, expected, len);
	ktap_end("withdrawal: wallet of any threshold of shares");
}

static void check_withdrawal(void)
{
	json_t *file = vector_file("withdrawal");
	struct zknym_partial_wallet partials[AUTHORITIES_MAX], again;
	uint8_t request[ZKNYM_REQUEST_SIZE], bytes[256], expected[256];
	struct zknym_request_secret secret;
	unsigned int i;
	size_t len;

	world.book.user = world.user;
	world.book.expiration = (uint32_t)number(file, "expiration_date");
	world.book.type = (uint8_t)number(file, "ticket_type");
	check_request(file, &secret, request);

	ktap_begin();
	EXPECT_OK(zknym_request_verify(request, sizeof(request),
				       world.user_public, world.book.expiration,
				       world.book.type));
	for (i = 0; i < world.issuers; i++) {
		EXPECT_OK(zknym_issue(bytes, &world.secrets[i], request,
				      sizeof(request), world.user_public,
				      world.book.expiration, world.book.type));
		len = hex_value(json_array_get(member(file,
						      "blinded_signatures"),
					       i),
				expected, sizeof(expected));
		EXPECT(len == ZKNYM_SIGNATURE_SIZE);
		EXPECT_BYTES(bytes, expected, len);
		EXPECT_OK(zknym_unblind(&partials[i], bytes, len, &secret,
					&world.user, &world.keys[i], i + 1));
		zknym_partial_wallet_encode(bytes, &partials[i]);
		len = hex_value(json_array_get(member(file, "partial_wallets"),
					       i),
				expected, sizeof(expected));
		EXPECT(len == ZKNYM_PARTIAL_WALLET_SIZE);
		EXPECT_BYTES(bytes, expected, len);
		EXPECT_OK(zknym_partial_wallet_decode(&again, expected, len));
		EXPECT_BYTES(&again, &partials[i], sizeof(again));
	}
	ktap_end("withdrawal: blind signatures and partial wallets");
	check_wallets(file, partials);
	json_decref(file);
}

static bool signature_encodes_to(const struct zknym_signature *signature,
				 const json_t *value)
{
	uint8_t bytes[ZKNYM_SIGNATURE_SIZE], expected[ZKNYM_SIGNATURE_SIZE];
	struct zknym_signature again;

	zknym_signature_encode(bytes, signature);
	return hex_value(value, expected, sizeof(expected)) == sizeof(bytes) &&
	       !memcmp(bytes, expected, sizeof(bytes)) &&
	       !zknym_signature_decode(&again, expected, sizeof(expected)) &&
	       !memcmp(&again, signature, sizeof(again));
}

/* Shares of all issuers as recorded, and the aggregate of the first two. */
static void check_shares(const json_t *each,
			 const struct zknym_signature *shares,
			 struct zknym_signature *aggregate)
{
	static const uint64_t indices[AUTHORITIES_MAX] = { 1, 2, 3, 4, 5,
							   6, 7, 8, 9, 10 };
	const json_t *partial = member(each, "partial");
	unsigned int i;

	for (i = 0; i < world.issuers; i++)
		EXPECT(signature_encodes_to(&shares[i],
					    json_array_get(partial, i)));
	i = world.issuers - world.threshold;
	EXPECT_OK(zknym_signature_aggregate(aggregate, shares + i, indices + i,
					    world.threshold, world.threshold));
	EXPECT(signature_encodes_to(aggregate, member(each, "aggregated")));
	EXPECT_OK(zknym_signature_aggregate(aggregate, shares, indices,
					    world.issuers, world.threshold));
	EXPECT(signature_encodes_to(aggregate, member(each, "aggregated")));
}

static void check_signatures(void)
{
	static const unsigned int signers[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	json_t *file = vector_file("signatures"), *each;
	struct zknym_signature shares[AUTHORITIES_MAX], aggregate;
	struct authorities authorities = { 0 };
	unsigned int j, index, date, slot;
	size_t i;

	ktap_begin();
	for (i = 0;
	     (each = json_array_get(json_object_get(file, "coin_index"), i));
	     i++) {
		index = (unsigned int)number(each, "index");
		for (j = 0; j < world.issuers; j++) {
			EXPECT_OK(zknym_index_sign(&shares[j],
						   &world.secrets[j],
						   &world.master_key, index));
			EXPECT_OK(zknym_index_check(&shares[j], index, 1,
						    &world.keys[j],
						    &world.master_key, NULL));
		}
		check_shares(each, shares, &aggregate);
		EXPECT_OK(zknym_index_check(&aggregate, index, 1,
					    &world.master_key,
					    &world.master_key, NULL));
	}
	EXPECT(i);
	ktap_end("signatures: indices");

	ktap_begin();
	for (i = 0;
	     (each = json_array_get(json_object_get(file, "expiration_dates"),
				    i));
	     i++) {
		date = (unsigned int)number(each, "spend_date");
		EXPECT_OK(zknym_date_slot(world.book.expiration, date, &slot));
		EXPECT(slot == number(each, "slot"));
		for (j = 0; j < world.issuers; j++) {
			EXPECT_OK(zknym_date_sign(&shares[j], &world.secrets[j],
						  world.book.expiration, date));
			EXPECT_OK(zknym_date_check(&shares[j],
						   world.book.expiration, date,
						   1, &world.keys[j], NULL));
		}
		check_shares(each, shares, &aggregate);
		EXPECT_OK(zknym_date_check(&aggregate, world.book.expiration,
					   date, 1, &world.master_key, NULL));
	}
	EXPECT(i == ZKNYM_VALIDITY_DAYS);
	ktap_end("signatures: dates");

	/* The payments need those that are not in the file, too. */
	ktap_begin();
	authorities.threshold = world.threshold;
	memcpy(authorities.secrets, world.secrets, sizeof(world.secrets));
	authorities.master = world.master;
	book_signatures(&world.book, &authorities, signers, 0,
			ZKNYM_TICKETS - 1);
	EXPECT_OK(zknym_index_check(world.book.indices, 0, ZKNYM_TICKETS,
				    &world.master_key, &world.master_key,
				    NULL));
	EXPECT_OK(zknym_date_check(world.book.dates, world.book.expiration,
				   book_date(&world.book, 0),
				   ZKNYM_VALIDITY_DAYS, &world.master_key,
				   NULL));
	ktap_end("signatures: all 50 indices and 7 dates in one product each");
	json_decref(file);
}

/* One case of payments.json, in bytes. */
struct payment_case {
	const char *name;
	uint8_t payment[ZKNYM_PAYMENT_SIZE(COINS)];
	size_t len;
	uint8_t pay_info[ZKNYM_PAY_INFO_SIZE];
	uint32_t spend_date;
	unsigned int coins;
	enum zknym_form form;
};

static void read_payment_case(struct payment_case *c, const json_t *object)
{
	c->name = json_string_value(json_object_get(object, "name"));
	c->len = hex(object, "payment", c->payment, sizeof(c->payment));
	hex(object, "pay_info", c->pay_info, sizeof(c->pay_info));
	c->spend_date = (uint32_t)number(object, "spend_date");
	c->coins = (unsigned int)number(object, "spend_value");
	c->form = strcmp(text(object, "form"), "compat") ? ZKNYM_FORM_RK :
							   ZKNYM_FORM_COMPAT;
}

static void check_reproduced(const struct payment_case *c, const json_t *object)
{
	static const char *const blinding[] = { "wallet_r", "wallet_r_prime",
						"date_r",   "date_r_prime",
						"o_c",	    NULL };
	static const char *const per_coin[] = { "o_a", "index_r",
						"index_r_prime", NULL };
	static const char *const nonces[] = { "nonce_sk",  "nonce_v",
					      "nonce_exp", "nonce_r",
					      "nonce_r_e", "nonce_o_c",
					      NULL };
	static const char *const lists[] = { "nonce_l", "nonce_o_a", "nonce_mu",
					     "nonce_o_mu", NULL };
	const json_t *randomness = member(object, "randomness");
	struct record record = { 0 };
	const struct zknym_rng rng = { replay, &record };
	struct zknym_spending spending = {
		.master = world.master,
		.user = &world.user,
		.wallet = &world.book.wallet,
		.first = (unsigned int)number(object, "first_index"),
		.coins = c->coins,
		.form = c->form,
		.indices = world.book.indices,
		.spend_date = c->spend_date,
		.pay_info = c->pay_info,
	};
	uint8_t payment[ZKNYM_PAYMENT_SIZE(COINS)];
	unsigned int slot;
	json_t *coin;
	size_t i, len;

	record_members(&record, randomness, blinding);
	for (i = 0;
	     (coin = json_array_get(json_object_get(randomness, "per_coin"),
				    i));
	     i++)
		record_members(&record, coin, per_coin);
	record_members(&record, randomness, nonces);
	if (c->form == ZKNYM_FORM_RK)
		record_add(&record, member(randomness, "nonce_r_k"));
	record_members(&record, randomness, lists);

	must(zknym_date_slot(world.book.expiration, c->spend_date, &slot));
	spending.date = &world.book.dates[slot];
	ktap_begin();
	EXPECT_OK(zknym_spend(payment, sizeof(payment), &len, &spending, &rng));
	EXPECT(record.used == record.count);
	EXPECT(len == c->len && len == number(object, "payment_len"));
	EXPECT_BYTES(payment, c->payment, c->len);
	ktap_end("payments: %s: reproduced", c->name);
}

static void check_transcript(const struct payment_case *c, const json_t *object)
{
	uint8_t transcript[ZN_TRANSCRIPT_MAX], digest[32], challenge[32];
	struct zn_layout layout;
	blst_fr scalar;
	size_t len;

	zn_layout_init(&layout, c->coins, c->form);
	hex(object, "transcript_sha256", digest, sizeof(digest));
	ktap_begin();
	zn_scalar_from_digest(&scalar, digest);
	zn_scalar_encode(challenge, &scalar);
	EXPECT_BYTES(challenge, c->payment + layout.challenge + 1, 32);
	if (json_is_string(member(object, "transcript"))) {
		len = hex(object, "transcript", transcript, sizeof(transcript));
		zn_scalar_challenge(&scalar, transcript, len);
		zn_scalar_encode(challenge, &scalar);
		EXPECT_BYTES(challenge, c->payment + layout.challenge + 1, 32);
	}
	ktap_end("payments: %s: transcript", c->name);
}

static void check_verified(const struct payment_case *c)
{
	int good = c->form == ZKNYM_FORM_RK ? 0 : ZKNYM_E_UNBOUND_INDEX;
	struct zknym_payment *p = zknym_payment_new(COINS);
	uint8_t pay_info[ZKNYM_PAY_INFO_SIZE];
	uint8_t again[ZKNYM_PAYMENT_SIZE(COINS)];
	size_t i, len;

	ktap_begin();
	EXPECT_ERROR(zknym_payment_decode(p, c->payment, c->len, c->coins,
					  ZKNYM_FORM_RK),
		     good);
	if (c->coins > 1)
		EXPECT_ERROR(zknym_payment_decode(p, c->payment, c->len, 1,
						  ZKNYM_FORM_RK),
			     ZKNYM_E_LENGTH);
	EXPECT_OK(
		zknym_payment_decode(p, c->payment, c->len, c->coins, c->form));
	EXPECT_OK(zknym_payment_encode(again, sizeof(again), &len, p));
	EXPECT(len == c->len);
	EXPECT_BYTES(again, c->payment, len);
	EXPECT_ERROR(zknym_verify(world.master, p, c->pay_info, c->spend_date,
				  NULL),
		     good);
	EXPECT_ERROR(zknym_verify(world.master, p, c->pay_info,
				  c->spend_date + ZKNYM_DAY, NULL),
		     good ? good : ZKNYM_E_SIG_DATE);
	for (i = 0; i < 8 * sizeof(pay_info); i += 73) {
		memcpy(pay_info, c->pay_info, sizeof(pay_info));
		pay_info[i / 8] ^= (uint8_t)(1 << i % 8);
		EXPECT_ERROR(zknym_verify(world.master, p, pay_info,
					  c->spend_date, NULL),
			     good ? good : ZKNYM_E_PROOF);
	}
	ktap_end("payments: %s: verified", c->name);
	zknym_payment_free(p);
}

/* head || middle || tail, all in hexadecimal except the middle */
static size_t join(uint8_t *out, const json_t *object, const char *head,
		   const uint8_t *middle, size_t len, const char *tail)
{
	size_t at = 0;

	if (head)
		at = hex(object, head, out, 64);
	memmove(out + at, middle, len);
	at += len;
	return at + hex(object, tail, out + at, 256);
}

static void check_frame(const struct payment_case *c,
			struct zknym_ticket *ticket, enum zknym_framing framing,
			uint64_t time, const uint8_t *expected, size_t len)
{
	struct zknym_payment *p = zknym_payment_new(COINS);
	struct zknym_frame frame = { .framing = framing, .time = time };
	uint8_t bytes[BYTES_MAX], payment[BYTES_MAX];
	struct zknym_ticket again;
	size_t got, payment_len;

	EXPECT_OK(zknym_frame_encode(bytes, sizeof(bytes), &got, &frame, ticket,
				     c->payment, c->len));
	EXPECT(got == len);
	EXPECT_BYTES(bytes, expected, len);
	frame.time = 0;
	EXPECT_OK(zknym_frame_decode(&frame, &again, p, expected, len, c->coins,
				     c->form));
	EXPECT_OK(zknym_payment_encode(payment, sizeof(payment), &payment_len,
				       p));
	EXPECT(payment_len == c->len);
	EXPECT_BYTES(payment, c->payment, c->len);
	EXPECT(frame.time == time);
	EXPECT_BYTES(again.pay_info, ticket->pay_info, ZKNYM_PAY_INFO_SIZE);
	EXPECT(again.spend_date == ticket->spend_date);
	EXPECT(again.epoch == ticket->epoch);
	zknym_payment_free(p);
}

static void check_encodings(const struct payment_case *c, const json_t *object)
{
	struct zknym_payment *p = zknym_payment_new(COINS);
	struct zknym_ticket ticket, again;
	uint8_t expected[BYTES_MAX], bytes[BYTES_MAX];
	size_t len, got;

	memcpy(ticket.pay_info, c->pay_info, sizeof(c->pay_info));
	ticket.spend_date = c->spend_date;
	ticket.epoch = number(object, "epoch_id");
	ktap_begin();
	expected[0] = (uint8_t)(c->len >> 24);
	expected[1] = (uint8_t)(c->len >> 16);
	expected[2] = (uint8_t)(c->len >> 8);
	expected[3] = (uint8_t)c->len;
	len = 4 + join(expected + 4, object, NULL, c->payment, c->len,
		       "ticket_tail");
	EXPECT(len == number(object, "ticket_len"));
	EXPECT_OK(zknym_ticket_encode(bytes, sizeof(bytes), &got, &ticket,
				      c->payment, c->len));
	EXPECT(got == len);
	EXPECT_BYTES(bytes, expected, len);
	EXPECT_OK(zknym_ticket_decode(&again, p, expected, len, c->coins,
				      c->form));
	EXPECT_BYTES(again.pay_info, ticket.pay_info, ZKNYM_PAY_INFO_SIZE);
	EXPECT(again.spend_date == ticket.spend_date);
	EXPECT(again.epoch == ticket.epoch);
	ktap_end("payments: %s: ticket", c->name);

	ktap_begin();
	len = join(expected, object, NULL, c->payment, c->len, "serde_tail");
	EXPECT(len == number(object, "serde_len"));
	check_frame(c, &ticket, ZKNYM_FRAMING_SERDE, 0, expected, len);
	/* claim = head || serde || tail; LP = 00 01 || claim || tail */
	memcpy(bytes, expected, len);
	len = join(expected, object, "claim_head", bytes, len, "claim_tail");
	check_frame(c, &ticket, ZKNYM_FRAMING_CLAIM, 0, expected, len);
	check_frame(c, &ticket, ZKNYM_FRAMING_CREDENTIAL, 0, expected, len - 1);
	bytes[0] = 0;
	bytes[1] = 1;
	memcpy(bytes + 2, expected, len);
	len = join(expected, object, NULL, bytes, len + 2, "lp_finalise_tail");
	check_frame(c, &ticket, ZKNYM_FRAMING_LP_FINALISE,
		    number(object, "pay_info_timestamp"), expected, len);
	ktap_end("payments: %s: serde form and framings", c->name);
	zknym_payment_free(p);
}

static void check_nullifiers(const struct payment_case *c, const json_t *object)
{
	struct zknym_payment *p = zknym_payment_new(COINS);
	uint8_t serials[COINS * ZKNYM_SERIAL_SIZE], expected[sizeof(serials)];
	char base58[4096];
	unsigned int k;
	size_t len;

	ktap_begin();
	EXPECT_OK(
		zknym_payment_decode(p, c->payment, c->len, c->coins, c->form));
	EXPECT(zknym_payment_type(p) == world.book.type);
	for (k = 0; k < c->coins; k++)
		memcpy(serials + k * ZKNYM_SERIAL_SIZE,
		       zknym_payment_serial(p, k), ZKNYM_SERIAL_SIZE);
	len = hex(object, "nullifier", expected, sizeof(expected));
	EXPECT(len == c->coins * ZKNYM_SERIAL_SIZE);
	EXPECT_BYTES(serials, expected, len);
	EXPECT_OK(zknym_base58_encode(base58, sizeof(base58), serials, len));
	EXPECT(!strcmp(base58, text(object, "nullifier_base58")));
	EXPECT_OK(zknym_base58_decode(expected, len, base58));
	EXPECT_BYTES(serials, expected, len);
	ktap_end("payments: %s: serial", c->name);
	zknym_payment_free(p);
}

static void spent_of(struct zknym_spent *spent, const json_t *cases,
		     const char *name)
{
	struct zknym_payment *p = zknym_payment_new(COINS);
	struct payment_case c;
	json_t *object;
	size_t i;

	for (i = 0; (object = json_array_get(cases, i)); i++) {
		if (strcmp(text(object, "name"), name))
			continue;
		read_payment_case(&c, object);
		must(zknym_payment_decode(p, c.payment, c.len, c.coins,
					  c.form));
		must(zknym_payment_spent(spent, p, 0, c.pay_info));
		zknym_payment_free(p);
		return;
	}
	must(ZKNYM_E_RANGE);
}

static void check_identified(const json_t *file)
{
	const json_t *expected = member(file, "identified_public_key");
	struct zknym_spent first, second;
	uint8_t user[ZKNYM_USER_PUBLIC_SIZE];

	spent_of(&first, member(file, "cases"), text(expected, "first"));
	spent_of(&second, member(file, "cases"), text(expected, "second"));
	ktap_begin();
	EXPECT_OK(zknym_identify(user, &first, &second));
	EXPECT(same_point(expected, "public_key", user, sizeof(user)));
	EXPECT_OK(zknym_identify(user, &second, &first));
	EXPECT(same_point(expected, "public_key", user, sizeof(user)));
	EXPECT_ERROR(zknym_identify(user, &first, &first), ZKNYM_E_REPLAY);
	ktap_end("payments: double spender identified");
}

static void check_fifth_attribute(const json_t *file)
{
	json_t *keys = vector_file("keys");
	uint8_t bytes[ZKNYM_VERIFICATION_KEY_SIZE_MAX];
	struct zknym_payment *p = zknym_payment_new(1);
	struct zknym_verification_key key;
	struct zknym_master *master;
	struct payment_case c;
	size_t len;

	read_payment_case(&c, member(file, "five_beta_case"));
	len = hex(member(keys, "five_beta_key"), "master_verification_key",
		  bytes, sizeof(bytes));
	must(zknym_verification_key_decode(&key, bytes, len));
	must(zknym_master_new(&master, &key, NULL));
	ktap_begin();
	EXPECT_OK(zknym_payment_decode(p, c.payment, c.len, c.coins, c.form));
	EXPECT_OK(zknym_verify(master, p, c.pay_info, c.spend_date, NULL));
	EXPECT_ERROR(zknym_verify(master, p, c.pay_info,
				  c.spend_date + ZKNYM_DAY, NULL),
		     ZKNYM_E_SIG_DATE);
	EXPECT_ERROR(zknym_verify(world.master, p, c.pay_info, c.spend_date,
				  NULL),
		     ZKNYM_E_PROOF);
	c.pay_info[5] ^= 1;
	EXPECT_ERROR(zknym_verify(master, p, c.pay_info, c.spend_date, NULL),
		     ZKNYM_E_PROOF);
	ktap_end("payments: key with a fifth attribute");
	zknym_master_free(master);
	zknym_payment_free(p);
	json_decref(keys);
}

static void check_payments(void)
{
	json_t *file = vector_file("payments"), *object;
	struct payment_case c;
	size_t i;

	for (i = 0;
	     (object = json_array_get(json_object_get(file, "cases"), i));
	     i++) {
		read_payment_case(&c, object);
		check_reproduced(&c, object);
		check_transcript(&c, object);
		check_verified(&c);
		check_encodings(&c, object);
		check_nullifiers(&c, object);
	}
	check_identified(file);
	check_fifth_attribute(file);
	json_decref(file);
}

static int error_named(const char *name)
{
	int error;

	for (error = 0; error < ZKNYM_ERRORS; error++)
		if (!strcmp(zknym_error_name(error), name))
			return error;
	printf("Bail out! vectors: unknown error %s\n", name);
	exit(EXIT_FAILURE);
}

/* Applies at/bytes, append and drop_tail of a negative case. */
static size_t apply_edit(uint8_t *bytes, size_t len, size_t size,
			 const json_t *edit)
{
	if (json_object_get(edit, "at"))
		hex(edit, "bytes", bytes + number(edit, "at"),
		    len - number(edit, "at"));
	if (json_object_get(edit, "append"))
		len += hex(edit, "append", bytes + len, size - len);
	if (json_object_get(edit, "drop_tail"))
		len -= number(edit, "drop_tail");
	return len;
}

static void check_negative_payments(void)
{
	json_t *file = vector_file("negative"), *edit;
	struct zknym_payment *p = zknym_payment_new(1);
	uint8_t payment[BYTES_MAX], pay_info[ZKNYM_PAY_INFO_SIZE];
	struct zknym_batch_item item;
	uint32_t date;
	size_t i, len;
	int err, want;

	for (i = 0; (edit = json_array_get(json_object_get(file, "cases"), i));
	     i++) {
		len = hex(file, "base_payment", payment, sizeof(payment));
		hex(file, "pay_info", pay_info, sizeof(pay_info));
		date = (uint32_t)number(file, "spend_date");
		len = apply_edit(payment, len, sizeof(payment), edit);
		if (json_object_get(edit, "pay_info_at"))
			hex(edit, "bytes",
			    pay_info + number(edit, "pay_info_at"),
			    sizeof(pay_info) - number(edit, "pay_info_at"));
		if (json_object_get(edit, "spend_date"))
			date = (uint32_t)number(edit, "spend_date");
		want = error_named(text(edit, "expect"));

		ktap_begin();
		err = zknym_payment_decode(p, payment, len, 1, ZKNYM_FORM_RK);
		if (!err) {
			err = zknym_verify(world.master, p, pay_info, date,
					   NULL);
			item = (struct zknym_batch_item){ world.master, p,
							  pay_info, date, 0 };
			EXPECT_ERROR(zknym_verify_batch(&item, 1, NULL),
				     ZKNYM_E_SIG_BATCH);
			EXPECT_ERROR(item.result, want);
		}
		EXPECT_ERROR(err, want);
		ktap_end("negative: %s", text(edit, "name"));
	}
	zknym_payment_free(p);
	json_decref(file);
}

static void check_negative_requests(void)
{
	json_t *file = vector_file("negative_withdrawal"), *edit;
	uint8_t request[1024], user[ZKNYM_USER_PUBLIC_SIZE];
	uint8_t blinded[ZKNYM_SIGNATURE_SIZE];
	uint32_t expiration;
	uint8_t type;
	size_t i, len;
	int want;

	for (i = 0; (edit = json_array_get(json_object_get(file, "cases"), i));
	     i++) {
		const json_t *from = file;

		len = hex(file, "base_request", request, sizeof(request));
		len = apply_edit(request, len, sizeof(request), edit);
#define EITHER(key) (from = json_object_get(edit, key) ? edit : file)
		hex(EITHER("user_public_key"), "user_public_key", user,
		    sizeof(user));
		expiration = (uint32_t)number(EITHER("expiration_date"),
					      "expiration_date");
		type = (uint8_t)number(EITHER("ticket_type"), "ticket_type");
#undef EITHER
		(void)from;
		want = error_named(text(edit, "expect"));
		ktap_begin();
		EXPECT_ERROR(zknym_request_verify(request, len, user,
						  expiration, type),
			     want);
		EXPECT_ERROR(zknym_issue(blinded, &world.secrets[0], request,
					 len, user, expiration, type),
			     want);
		ktap_end("negative withdrawal: %s", text(edit, "name"));
	}
	json_decref(file);
}

int main(void)
{
	ktap_header();
	check_hashes();
	check_keys();
	check_withdrawal();
	check_signatures();
	check_payments();
	check_negative_payments();
	check_negative_requests();
	zknym_master_free(world.master);
	return ktap_finish();
}
