// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Running time and memory accesses do not depend on secrets. To be run under
 * valgrind's memcheck: secrets are marked as undefined memory, and memcheck
 * reports every branch and every address that depends on undefined memory.
 */
#include <string.h>

#include <valgrind/memcheck.h>

#include "fixture.h"
#include "keys.h"
#include "ktap.h"
#include "wallet.h"

static struct generator generator = { 5 };
static struct authorities authorities;
static struct book book;

/* Everything that a user draws is secret. */
static int fill_secret(void *context, void *buf, size_t len)
{
	generator_fill(context, buf, len);
	VALGRIND_MAKE_MEM_UNDEFINED(buf, len);
	return 0;
}

static const struct zknym_rng secret_rng = { fill_secret, &generator };

#define CONCEAL(object) VALGRIND_MAKE_MEM_UNDEFINED(&(object), sizeof(object))
#define REVEAL(object) VALGRIND_MAKE_MEM_DEFINED(&(object), sizeof(object))

static void set_up(void)
{
	static const unsigned int signers[] = { 0, 1 };
	struct zknym_rng rng = generator_rng(&generator);

	authorities_init(&authorities, 2, 2, &generator);
	must(zknym_user_generate(&book.user, &rng));
	book.expiration = 20600U * ZKNYM_DAY;
	book.type = 3;
	book_signatures(&book, &authorities, signers, 0, ZKNYM_TICKETS - 1);
	book_withdraw(&book, &authorities, signers, &generator);
}

/* The checker itself: a table that is indexed by a secret is reported. */
static void test_checker(void)
{
	static const uint8_t table[256] = { 1 };
	volatile uint8_t sink;
	unsigned int before = VALGRIND_COUNT_ERRORS;
	uint8_t secret = (uint8_t)generator_next(&generator);

	CONCEAL(secret);
	sink = table[secret];
	(void)sink;
	EXPECT(VALGRIND_COUNT_ERRORS > before);
	before = VALGRIND_COUNT_ERRORS;
	if (secret & 1)
		sink = 1;
	EXPECT(VALGRIND_COUNT_ERRORS > before);
}

static void test_user(void)
{
	struct zknym_user user;
	uint8_t bytes[ZKNYM_USER_SECRET_SIZE];

	must(zknym_user_generate(&user, &secret_rng));
	zknym_user_encode(bytes, &user);
	must(zknym_user_decode(&user, bytes, sizeof(bytes)));
	must(zknym_user_from_seed(&user, bytes, sizeof(bytes)));
}

static void test_deal(void)
{
	struct zknym_verification_key commitments[2], key;
	struct zknym_secret_key shares[3];

	must(zknym_deal(shares, commitments, 2, 3, &secret_rng));
	/* The number of attributes is no secret, though it is kept inside. */
	must(zknym_verification_key_derive(&key, &shares[1]));
}

static void test_withdraw(void)
{
	struct zn_user *u = (struct zn_user *)&book.user;
	uint8_t request[ZKNYM_REQUEST_SIZE];
	struct zknym_request_secret secret;

	CONCEAL(u->secret);
	must(zknym_request(request, &secret, &book.user, book.expiration,
			   book.type, &secret_rng));
	REVEAL(u->secret);
}

static void test_issue(void)
{
	struct zn_secret_key *k =
		(struct zn_secret_key *)&authorities.secrets[0];
	uint8_t request[ZKNYM_REQUEST_SIZE], user[ZKNYM_USER_PUBLIC_SIZE];
	struct zknym_rng rng = generator_rng(&generator);
	uint8_t blinded[ZKNYM_SIGNATURE_SIZE];
	struct zknym_request_secret secret;

	must(zknym_request(request, &secret, &book.user, book.expiration,
			   book.type, &rng));
	zknym_user_public(user, &book.user);
	CONCEAL(k->x);
	CONCEAL(k->y);
	must(zknym_issue(blinded, &authorities.secrets[0], request,
			 sizeof(request), user, book.expiration, book.type));
	REVEAL(k->x);
	REVEAL(k->y);
}

static void test_sign(void)
{
	struct zn_secret_key *k =
		(struct zn_secret_key *)&authorities.secrets[0];
	struct zknym_signature signature;

	CONCEAL(k->x);
	CONCEAL(k->y);
	must(zknym_index_sign(&signature, &authorities.secrets[0],
			      zknym_master_key(authorities.master), 49));
	must(zknym_date_sign(&signature, &authorities.secrets[0],
			     book.expiration, book_date(&book, 3)));
	REVEAL(k->x);
	REVEAL(k->y);
}

/* Unblind both shares and aggregate them. */
static void test_unblind(void)
{
	uint8_t request[ZKNYM_REQUEST_SIZE], user[ZKNYM_USER_PUBLIC_SIZE];
	struct zn_user *u = (struct zn_user *)&book.user;
	struct zknym_rng rng = generator_rng(&generator);
	uint8_t blinded[2][ZKNYM_SIGNATURE_SIZE];
	struct zknym_partial_wallet partials[2];
	struct zknym_request_secret secret;
	struct zn_request_secret *s = (struct zn_request_secret *)&secret;
	struct zknym_wallet wallet;
	int i;

	must(zknym_request(request, &secret, &book.user, book.expiration,
			   book.type, &rng));
	zknym_user_public(user, &book.user);
	for (i = 0; i < 2; i++)
		must(zknym_issue(blinded[i], &authorities.secrets[i], request,
				 sizeof(request), user, book.expiration,
				 book.type));
	CONCEAL(u->secret);
	CONCEAL(s->o);
	CONCEAL(s->o1);
	CONCEAL(s->o2);
	CONCEAL(s->v);
	for (i = 0; i < 2; i++)
		must(zknym_unblind(&partials[i], blinded[i], sizeof(blinded[i]),
				   &secret, &book.user, &authorities.keys[i],
				   (uint64_t)i + 1));
	must(zknym_wallet_aggregate(&wallet, partials, 2, 2, &book.user,
				    zknym_master_key(authorities.master)));
	REVEAL(u->secret);
}

/* The user, the wallet, its expiration and which ticket it is. */
static void spend(enum zknym_form form, unsigned int coins)
{
	struct zn_user *u = (struct zn_user *)&book.user;
	struct zn_wallet *w = (struct zn_wallet *)&book.wallet;
	uint8_t pay_info[ZKNYM_PAY_INFO_SIZE] = { 1 };
	uint8_t payment[ZKNYM_PAYMENT_SIZE(2)];
	struct zknym_spending spending = {
		authorities.master,
		&book.user,
		&book.wallet,
		31,
		coins,
		form,
		book.indices,
		&book.dates[2],
		book_date(&book, 2),
		pay_info,
	};
	size_t len;

	CONCEAL(u->secret);
	CONCEAL(w->h);
	CONCEAL(w->s);
	CONCEAL(w->v);
	CONCEAL(w->expiration);
	CONCEAL(spending.first);
	must(zknym_spend(payment, sizeof(payment), &len, &spending,
			 &secret_rng));
	REVEAL(book.user);
	REVEAL(book.wallet);
}

static void test_spend(void)
{
	spend(ZKNYM_FORM_RK, 1);
}

static void test_spend_compat(void)
{
	spend(ZKNYM_FORM_COMPAT, 1);
}

static void test_spend_two(void)
{
	spend(ZKNYM_FORM_RK, 2);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "user key", test_user },
		{ "dealing", test_deal },
		{ "withdraw", test_withdraw },
		{ "issue", test_issue },
		{ "sign indices and dates", test_sign },
		{ "unblind and aggregate", test_unblind },
		{ "spend", test_spend },
		{ "spend in compat form", test_spend_compat },
		{ "spend two coins", test_spend_two },
	};
	unsigned int before;
	size_t i;

	ktap_header();
	if (!RUNNING_ON_VALGRIND) {
		ktap_skip("secrecy", "not running under valgrind");
		return ktap_finish();
	}
	set_up();
	ktap_begin();
	test_checker();
	ktap_end("the checker reports a leak");
	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		ktap_begin();
		before = VALGRIND_COUNT_ERRORS;
		tests[i].run();
		EXPECT(VALGRIND_COUNT_ERRORS == before);
		ktap_end("no secret decides time or address: %s",
			 tests[i].name);
	}
	authorities_free(&authorities);
	return ktap_finish();
}
