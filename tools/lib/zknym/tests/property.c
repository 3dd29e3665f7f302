// SPDX-License-Identifier: GPL-2.0-or-later
/* What must hold for all keys, books and tickets; drawn from a fixed seed. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "ktap.h"

#define SEED 20261120

/* Expiration dates at both ends of what 32 bits hold, and between. */
static const uint32_t expirations[] = {
	6 * ZKNYM_DAY,
	20600U * ZKNYM_DAY,
	49709U * ZKNYM_DAY,
	49710U * ZKNYM_DAY,
};

static void shuffle(unsigned int *order, unsigned int count,
		    struct generator *g)
{
	unsigned int i, j, swap;

	for (i = 0; i < count; i++)
		order[i] = i;
	for (i = count; i > 1; i--) {
		j = (unsigned int)generator_below(g, i);
		swap = order[i - 1];
		order[i - 1] = order[j];
		order[j] = swap;
	}
}

/* Decodes and verifies as a gateway does. */
static int verify(const struct zknym_master *master,
		  const struct spent_ticket *t, unsigned int coins)
{
	struct zknym_payment *p = zknym_payment_new(coins);
	int err;

	err = zknym_payment_decode(p, t->payment, t->len, coins, ZKNYM_FORM_RK);
	if (!err)
		err = zknym_verify(master, p, t->pay_info, t->spend_date, NULL);
	zknym_payment_free(p);
	return err;
}

static void verification_key_bytes(uint8_t *out,
				   const struct zknym_verification_key *key)
{
	size_t len;

	must(zknym_verification_key_encode(out, ZKNYM_VERIFICATION_KEY_SIZE_MAX,
					   &len, key));
}

/* Every subset of the authorities has the master key that was dealt. */
static void check_master_keys(const struct authorities *a, struct generator *g)
{
	uint8_t dealt[ZKNYM_VERIFICATION_KEY_SIZE_MAX];
	uint8_t bytes[ZKNYM_VERIFICATION_KEY_SIZE_MAX];
	struct zknym_verification_key keys[AUTHORITIES_MAX], master;
	uint64_t indices[AUTHORITIES_MAX];
	unsigned int order[AUTHORITIES_MAX], i;

	verification_key_bytes(dealt, &a->commitments[0]);
	shuffle(order, a->count, g);
	for (i = 0; i < a->count; i++) {
		keys[i] = a->keys[order[i]];
		indices[i] = order[i] + 1;
		EXPECT_OK(zknym_share_verify(&a->secrets[i], i + 1,
					     a->commitments, a->threshold));
		EXPECT_OK(zknym_verification_key_check(&a->keys[i], NULL));
	}
	EXPECT_OK(zknym_verification_key_aggregate(&master, keys, indices,
						   a->threshold, a->threshold));
	verification_key_bytes(bytes, &master);
	EXPECT_BYTES(bytes, dealt, ZKNYM_VERIFICATION_KEY_SIZE(4));
	EXPECT_OK(zknym_verification_key_aggregate(&master, keys, indices,
						   a->count, a->threshold));
	verification_key_bytes(bytes, &master);
	EXPECT_BYTES(bytes, dealt, ZKNYM_VERIFICATION_KEY_SIZE(4));
	EXPECT_ERROR(zknym_verification_key_aggregate(&master, keys, indices,
						      a->threshold - 1,
						      a->threshold),
		     ZKNYM_E_SIGNERS);
	if (a->count > a->threshold) {
		/* A key of another set is noticed, wherever it stands. */
		keys[generator_below(g, a->count)] = a->commitments[0];
		EXPECT_ERROR(zknym_verification_key_aggregate(&master, keys,
							      indices, a->count,
							      a->threshold),
			     a->threshold == 1 ? ZKNYM_OK : ZKNYM_E_KEY);
	}
}

/* Shares of one request, unblinded, of all authorities. */
static void withdraw_shares(struct zknym_partial_wallet *partials,
			    const struct book *book,
			    const struct authorities *a, struct generator *g)
{
	uint8_t request[ZKNYM_REQUEST_SIZE], blinded[ZKNYM_SIGNATURE_SIZE];
	uint8_t user[ZKNYM_USER_PUBLIC_SIZE];
	struct zknym_rng rng = generator_rng(g);
	struct zknym_request_secret secret;
	unsigned int i;

	zknym_user_public(user, &book->user);
	EXPECT_OK(zknym_request(request, &secret, &book->user, book->expiration,
				book->type, &rng));
	for (i = 0; i < a->count; i++) {
		EXPECT_OK(zknym_issue(blinded, &a->secrets[i], request,
				      sizeof(request), user, book->expiration,
				      book->type));
		EXPECT_OK(zknym_unblind(&partials[i], blinded, sizeof(blinded),
					&secret, &book->user, &a->keys[i],
					i + 1));
		if (a->threshold > 1)
			EXPECT_ERROR(zknym_unblind(&partials[i], blinded,
						   sizeof(blinded), &secret,
						   &book->user,
						   &a->keys[(i + 1) % a->count],
						   i + 1),
				     ZKNYM_E_SIG_WALLET);
	}
}

/* All subsets of the threshold's size, up to a bound, give one wallet. */
static void check_wallets(struct book *book, const struct authorities *a,
			  struct generator *g)
{
	const struct zknym_verification_key *key = zknym_master_key(a->master);
	struct zknym_partial_wallet partials[AUTHORITIES_MAX];
	struct zknym_partial_wallet chosen[AUTHORITIES_MAX];
	uint8_t first[ZKNYM_WALLET_SIZE] = { 0 }, bytes[ZKNYM_WALLET_SIZE];
	unsigned int order[AUTHORITIES_MAX], i, j;

	withdraw_shares(partials, book, a, g);
	for (i = 0; i < 4; i++) {
		shuffle(order, a->count, g);
		for (j = 0; j < a->count; j++)
			chosen[j] = partials[order[j]];
		/* The threshold, and all of them. */
		EXPECT_OK(
			zknym_wallet_aggregate(&book->wallet, chosen,
					       i == 3 ? a->count : a->threshold,
					       a->threshold, &book->user, key));
		zknym_wallet_encode(bytes, &book->wallet);
		if (i)
			EXPECT_BYTES(first, bytes, sizeof(bytes));
		memcpy(first, bytes, sizeof(first));
	}
	EXPECT_ERROR(zknym_wallet_aggregate(&book->wallet, chosen,
					    a->threshold - 1, a->threshold,
					    &book->user, key),
		     ZKNYM_E_SIGNERS);
	if (a->threshold > 1) {
		/* One less than the threshold have no signature. */
		EXPECT_ERROR(zknym_wallet_aggregate(&book->wallet, chosen,
						    a->threshold - 1,
						    a->threshold - 1,
						    &book->user, key),
			     ZKNYM_E_SIG_WALLET);
		chosen[1] = chosen[0];
		EXPECT_ERROR(zknym_wallet_aggregate(&book->wallet, chosen,
						    a->threshold, a->threshold,
						    &book->user, key),
			     ZKNYM_E_SIGNERS);
	}
	must(zknym_wallet_decode(&book->wallet, first, sizeof(first)));
}

/* First and last index on the first and last day; none beyond. */
static void check_spending(struct book *book, const struct authorities *a,
			   struct generator *g)
{
	static const unsigned int indices[] = { 0, ZKNYM_TICKETS - 1 };
	static const unsigned int slots[] = { 0, ZKNYM_VALIDITY_DAYS - 1 };
	struct spent_ticket t;
	size_t i;

	for (i = 0; i < 2; i++) {
		EXPECT_OK(book_spend(&t, book, a, slots[i], indices[i], 1,
				     ZKNYM_FORM_RK, g));
		EXPECT_OK(verify(a->master, &t, 1));
	}
	EXPECT_ERROR(book_spend(&t, book, a, 0, ZKNYM_TICKETS, 1, ZKNYM_FORM_RK,
				g),
		     ZKNYM_E_EMPTY);
	EXPECT_ERROR(book_spend(&t, book, a, 0, ZKNYM_TICKETS - 1, 2,
				ZKNYM_FORM_RK, g),
		     ZKNYM_E_EMPTY);
	EXPECT_ERROR(book_spend(&t, book, a, 0, UINT32_MAX, 1, ZKNYM_FORM_RK,
				g),
		     ZKNYM_E_EMPTY);
	EXPECT_ERROR(book_spend(&t, book, a, 0, 0, 0, ZKNYM_FORM_RK, g),
		     ZKNYM_E_RANGE);
}

static void check_set(unsigned int threshold, unsigned int count,
		      unsigned int round)
{
	struct generator g = { SEED + 100 * threshold + count };
	struct zknym_rng rng = generator_rng(&g);
	unsigned int order[AUTHORITIES_MAX];
	struct authorities a;
	struct book book;

	ktap_begin();
	authorities_init(&a, threshold, count, &g);
	check_master_keys(&a, &g);
	must(zknym_user_generate(&book.user, &rng));
	book.expiration = expirations[round % 4];
	book.type = (uint8_t)(round % 4);
	check_wallets(&book, &a, &g);
	shuffle(order, count, &g);
	memset(book.indices, 0, sizeof(book.indices));
	book_signatures(&book, &a, order, 0, 0);
	book_signatures(&book, &a, order, ZKNYM_TICKETS - 1, ZKNYM_TICKETS - 1);
	check_spending(&book, &a, &g);
	authorities_free(&a);
	ktap_end("%u of %u authorities, ticket type %u, expiration %u",
		 threshold, count, book.type, book.expiration);
}

/* One set of authorities and a full book for the tests below. */
static struct generator generator = { SEED };
static struct authorities authorities;
static struct book book;

static void set_up(void)
{
	static const unsigned int signers[] = { 2, 0 };
	struct zknym_rng rng = generator_rng(&generator);

	authorities_init(&authorities, 2, 3, &generator);
	must(zknym_user_generate(&book.user, &rng));
	book.expiration = 20600U * ZKNYM_DAY;
	book.type = 1;
	book_signatures(&book, &authorities, signers, 0, ZKNYM_TICKETS - 1);
	book_withdraw(&book, &authorities, signers, &generator);
}

static void test_dates(void)
{
	const struct zknym_verification_key *key = zknym_master_key(
		authorities.master);
	const struct zknym_signature *dates = book.dates;
	uint32_t last = book.expiration, first = last - 6 * ZKNYM_DAY;
	struct zknym_signature signature;
	struct spent_ticket t;
	unsigned int slot;

	for (slot = 0; slot < ZKNYM_VALIDITY_DAYS; slot++) {
		EXPECT_OK(book_spend(&t, &book, &authorities, slot, 5, 1,
				     ZKNYM_FORM_RK, &generator));
		EXPECT_OK(verify(authorities.master, &t, 1));
		t.spend_date += ZKNYM_DAY;
		EXPECT_ERROR(verify(authorities.master, &t, 1),
			     ZKNYM_E_SIG_DATE);
	}
	EXPECT_ERROR(zknym_date_slot(last, first - ZKNYM_DAY, &slot),
		     ZKNYM_E_DATE);
	EXPECT_ERROR(zknym_date_slot(last, last + ZKNYM_DAY, &slot),
		     ZKNYM_E_DATE);
	EXPECT_ERROR(zknym_date_slot(last, first + 1, &slot), ZKNYM_E_DATE);
	EXPECT_ERROR(zknym_date_slot(last + 1, first, &slot), ZKNYM_E_DATE);
	EXPECT_ERROR(zknym_date_sign(&signature, &authorities.secrets[0], last,
				     first - ZKNYM_DAY),
		     ZKNYM_E_DATE);
	EXPECT_ERROR(zknym_date_sign(&signature, &authorities.secrets[0], last,
				     last + ZKNYM_DAY),
		     ZKNYM_E_DATE);
	EXPECT_OK(zknym_date_check(dates, last, first, 7, key, NULL));
	EXPECT_ERROR(zknym_date_check(dates, last, first, 8, key, NULL),
		     ZKNYM_E_RANGE);
	EXPECT_ERROR(zknym_date_check(dates, last, first + ZKNYM_DAY, 6, key,
				      NULL),
		     ZKNYM_E_SIG_DATE);
	EXPECT_ERROR(zknym_date_check(dates, last, first, 7,
				      &authorities.keys[0], NULL),
		     ZKNYM_E_SIG_DATE);
}

static void test_indices(void)
{
	const struct zknym_verification_key *key = zknym_master_key(
		authorities.master);
	struct zknym_signature signatures[ZKNYM_TICKETS], signature;
	unsigned int bad;

	EXPECT_ERROR(zknym_index_sign(&signature, &authorities.secrets[0], key,
				      ZKNYM_TICKETS),
		     ZKNYM_E_RANGE);
	EXPECT_OK(zknym_index_check(book.indices, 0, 50, key, key, NULL));
	EXPECT_OK(zknym_index_check(book.indices + 49, 49, 1, key, key, NULL));
	EXPECT_ERROR(zknym_index_check(book.indices, 0, 51, key, key, NULL),
		     ZKNYM_E_RANGE);
	EXPECT_ERROR(zknym_index_check(book.indices, 50, 1, key, key, NULL),
		     ZKNYM_E_RANGE);
	for (bad = 0; bad < ZKNYM_TICKETS; bad += 7) {
		/* Right h, wrong s; then a signature on another index. */
		memcpy(signatures, book.indices, sizeof(signatures));
		memcpy(signatures[bad].opaque + 12,
		       book.indices[(bad + 1) % ZKNYM_TICKETS].opaque + 12, 96);
		EXPECT_ERROR(zknym_index_check(signatures, 0, 50, key, key,
					       NULL),
			     ZKNYM_E_SIG_INDEX);
		signatures[bad] = book.indices[(bad + 1) % ZKNYM_TICKETS];
		EXPECT_ERROR(zknym_index_check(signatures, 0, 50, key, key,
					       NULL),
			     ZKNYM_E_SIG_INDEX);
	}
}

static void test_missing_signature(void)
{
	struct zknym_signature saved = book.indices[3];
	struct spent_ticket t;

	memset(&book.indices[3], 0, sizeof(saved));
	EXPECT_ERROR(book_spend(&t, &book, &authorities, 0, 3, 1, ZKNYM_FORM_RK,
				&generator),
		     ZKNYM_E_INFINITY);
	book.indices[3] = saved;
}

/* All tickets of a book: valid, and no two alike in anything. */
static void test_whole_book(void)
{
	static struct spent_ticket tickets[ZKNYM_TICKETS];
	struct zknym_batch_item items[ZKNYM_TICKETS];
	struct zknym_wallet wallet = book.wallet;
	unsigned int i, j, first;

	for (i = 0; i < ZKNYM_TICKETS; i++) {
		struct zknym_payment *p = zknym_payment_new(1);
		struct spent_ticket *t = &tickets[i];

		EXPECT(zknym_wallet_left(&wallet) == ZKNYM_TICKETS - i);
		EXPECT_OK(zknym_wallet_take(&wallet, 1, &first));
		EXPECT(first == i);
		EXPECT_OK(book_spend(t, &book, &authorities, 2, first, 1,
				     ZKNYM_FORM_RK, &generator));
		EXPECT_OK(zknym_payment_decode(p, t->payment, t->len, 1,
					       ZKNYM_FORM_RK));
		items[i] = (struct zknym_batch_item){
			authorities.master, p, t->pay_info, t->spend_date, -1,
		};
		for (j = 0; j < i; j++)
			EXPECT(memcmp(zknym_payment_serial(p, 0),
				      zknym_payment_serial(items[j].payment, 0),
				      ZKNYM_SERIAL_SIZE));
	}
	EXPECT_ERROR(zknym_wallet_take(&wallet, 1, &first), ZKNYM_E_EMPTY);
	EXPECT_OK(zknym_verify_batch(items, ZKNYM_TICKETS, NULL));
	for (i = 0; i < ZKNYM_TICKETS; i++) {
		EXPECT_OK(items[i].result);
		zknym_payment_free((struct zknym_payment *)items[i].payment);
	}
}

static void test_several_coins(void)
{
	struct zknym_payment *p = zknym_payment_new(4);
	struct zknym_batch_item items[2];
	struct spent_ticket t, single;
	unsigned int coins;

	for (coins = 1; coins <= 4; coins++) {
		EXPECT_OK(book_spend(&t, &book, &authorities, 1,
				     ZKNYM_TICKETS - coins, coins,
				     ZKNYM_FORM_RK, &generator));
		EXPECT(t.len == (size_t)ZKNYM_PAYMENT_SIZE(coins));
		EXPECT_OK(verify(authorities.master, &t, coins));
		EXPECT_OK(zknym_payment_decode(p, t.payment, t.len, coins,
					       ZKNYM_FORM_RK));
		EXPECT_ERROR(zknym_payment_decode(p, t.payment, t.len,
						  coins % 4 + 1, ZKNYM_FORM_RK),
			     ZKNYM_E_LENGTH);
	}
	/* Payments of different size go into one batch. */
	EXPECT_OK(zknym_payment_decode(p, t.payment, t.len, 4, ZKNYM_FORM_RK));
	items[0] = (struct zknym_batch_item){ authorities.master, p, t.pay_info,
					      t.spend_date, -1 };
	EXPECT_OK(book_spend(&single, &book, &authorities, 1, 0, 1,
			     ZKNYM_FORM_RK, &generator));
	items[1] = (struct zknym_batch_item){
		authorities.master,
		zknym_payment_new(1),
		single.pay_info,
		single.spend_date,
		-1,
	};
	EXPECT_OK(zknym_payment_decode((struct zknym_payment *)items[1].payment,
				       single.payment, single.len, 1,
				       ZKNYM_FORM_RK));
	EXPECT_OK(zknym_verify_batch(items, 2, NULL));
	items[0].spend_date += ZKNYM_DAY;
	EXPECT_ERROR(zknym_verify_batch(items, 2, NULL), ZKNYM_E_SIG_BATCH);
	EXPECT_ERROR(items[0].result, ZKNYM_E_SIG_DATE);
	EXPECT_OK(items[1].result);
	zknym_payment_free((struct zknym_payment *)items[1].payment);
	zknym_payment_free(p);
}

#define BATCH_MAX 64

/* Ways to spoil a ticket, each with what must be said of it. */
static int spoil(struct spent_ticket *t, struct zknym_payment *p,
		 const struct spent_ticket *other, unsigned int way)
{
	static const struct {
		size_t at;
		int error;
	} points[] = {
		{ 244, ZKNYM_E_SIG_WALLET },
		{ 342, ZKNYM_E_SIG_DATE },
		{ 539, ZKNYM_E_SIG_INDEX },
	};
	int error;

	switch (way) {
	case 3:
		t->pay_info[0] ^= 1;
		error = ZKNYM_E_PROOF;
		break;
	case 4:
		t->spend_date += ZKNYM_DAY;
		error = ZKNYM_E_SIG_DATE;
		break;
	default:
		memcpy(t->payment + points[way].at,
		       other->payment + points[way].at, ZKNYM_G1_SIZE);
		error = points[way].error;
	}
	must(zknym_payment_decode(p, t->payment, t->len, 1, ZKNYM_FORM_RK));
	return error;
}

static void test_batches(void)
{
	static struct spent_ticket tickets[BATCH_MAX + 1];
	struct zknym_payment *payments[BATCH_MAX];
	struct zknym_batch_item items[BATCH_MAX];
	unsigned int size, i, bad;
	struct spent_ticket saved;
	int error;

	for (i = 0; i <= BATCH_MAX; i++) {
		EXPECT_OK(book_spend(&tickets[i], &book, &authorities, i % 6,
				     i % ZKNYM_TICKETS, 1, ZKNYM_FORM_RK,
				     &generator));
		if (i == BATCH_MAX)
			break;
		payments[i] = zknym_payment_new(1);
		EXPECT_OK(zknym_payment_decode(payments[i], tickets[i].payment,
					       tickets[i].len, 1,
					       ZKNYM_FORM_RK));
	}
	for (size = 1; size <= BATCH_MAX; size++) {
		bad = (unsigned int)generator_below(&generator, size);
		saved = tickets[bad];
		error = spoil(&tickets[bad], payments[bad], &tickets[BATCH_MAX],
			      size % 5);
		for (i = 0; i < size; i++)
			items[i] = (struct zknym_batch_item){
				authorities.master,
				payments[i],
				tickets[i].pay_info,
				tickets[i].spend_date,
				-1,
			};
		EXPECT_ERROR(zknym_verify_batch(items, size, NULL),
			     ZKNYM_E_SIG_BATCH);
		for (i = 0; i < size; i++)
			EXPECT_ERROR(items[i].result, i == bad ? error : 0);
		tickets[bad] = saved;
		EXPECT_OK(zknym_payment_decode(payments[bad], saved.payment,
					       saved.len, 1, ZKNYM_FORM_RK));
		items[bad].spend_date = saved.spend_date;
		if (size % 16 == 0 || size == 1)
			EXPECT_OK(zknym_verify_batch(items, size, NULL));
	}
	/* Several bad ones are all named. */
	for (i = 0; i < BATCH_MAX; i++)
		items[i].spend_date += i % 9 == 4 ? ZKNYM_DAY : 0;
	EXPECT_ERROR(zknym_verify_batch(items, BATCH_MAX, NULL),
		     ZKNYM_E_SIG_BATCH);
	for (i = 0; i < BATCH_MAX; i++) {
		EXPECT_ERROR(items[i].result,
			     i % 9 == 4 ? ZKNYM_E_SIG_DATE : 0);
		zknym_payment_free(payments[i]);
	}
	EXPECT_OK(zknym_verify_batch(items, 0, NULL));
}

/*
 * Two tickets whose errors cancel out without random weights: s_1 + X in one
 * signature, s_2 - X in another.
 */
static void test_cancelling_errors(void)
{
	struct zknym_payment *p[2] = { zknym_payment_new(1),
				       zknym_payment_new(1) };
	struct zknym_batch_item items[2];
	struct spent_ticket t[2];
	uint8_t swap[ZKNYM_G1_SIZE];
	unsigned int i;

	for (i = 0; i < 2; i++)
		EXPECT_OK(book_spend(&t[i], &book, &authorities, 3, i, 1,
				     ZKNYM_FORM_RK, &generator));
	/* Exchanged: the sum of both s stays the same. */
	memcpy(swap, t[0].payment + 244, sizeof(swap));
	memcpy(t[0].payment + 244, t[1].payment + 244, sizeof(swap));
	memcpy(t[1].payment + 244, swap, sizeof(swap));
	for (i = 0; i < 2; i++) {
		EXPECT_OK(zknym_payment_decode(p[i], t[i].payment, t[i].len, 1,
					       ZKNYM_FORM_RK));
		items[i] = (struct zknym_batch_item){ authorities.master, p[i],
						      t[i].pay_info,
						      t[i].spend_date, 0 };
	}
	EXPECT_ERROR(zknym_verify_batch(items, 2, NULL), ZKNYM_E_SIG_BATCH);
	for (i = 0; i < 2; i++) {
		EXPECT_ERROR(items[i].result, ZKNYM_E_SIG_WALLET);
		zknym_payment_free(p[i]);
	}
	/* The same within one ticket, between wallet and date. */
	EXPECT_OK(book_spend(&t[0], &book, &authorities, 3, 1, 1, ZKNYM_FORM_RK,
			     &generator));
	memcpy(swap, t[0].payment + 244, sizeof(swap));
	memcpy(t[0].payment + 244, t[0].payment + 342, sizeof(swap));
	memcpy(t[0].payment + 342, swap, sizeof(swap));
	EXPECT_ERROR(verify(authorities.master, &t[0], 1), ZKNYM_E_SIG_WALLET);
}

static void spent(struct zknym_spent *out, const struct spent_ticket *t,
		  unsigned int coins, unsigned int coin)
{
	struct zknym_payment *p = zknym_payment_new(coins);

	EXPECT_OK(zknym_payment_decode(p, t->payment, t->len, coins,
				       ZKNYM_FORM_RK));
	EXPECT_OK(zknym_payment_spent(out, p, coin, t->pay_info));
	EXPECT_ERROR(zknym_payment_spent(out, p, coins, t->pay_info),
		     ZKNYM_E_RANGE);
	zknym_payment_free(p);
}

static void test_double_spending(void)
{
	uint8_t user[ZKNYM_USER_PUBLIC_SIZE], found[ZKNYM_USER_PUBLIC_SIZE];
	struct spent_ticket t[3];
	struct zknym_spent s[3];
	unsigned int index;

	zknym_user_public(user, &book.user);
	for (index = 0; index < ZKNYM_TICKETS; index += 7) {
		EXPECT_OK(book_spend(&t[0], &book, &authorities, 0, index, 1,
				     ZKNYM_FORM_RK, &generator));
		EXPECT_OK(book_spend(&t[1], &book, &authorities, 6, index, 1,
				     ZKNYM_FORM_RK, &generator));
		spent(&s[0], &t[0], 1, 0);
		spent(&s[1], &t[1], 1, 0);
		EXPECT_OK(zknym_identify(found, &s[0], &s[1]));
		EXPECT_BYTES(found, user, sizeof(user));
		EXPECT_ERROR(zknym_identify(found, &s[0], &s[0]),
			     ZKNYM_E_REPLAY);
	}
	/* The third coin of one payment, then alone. */
	EXPECT_OK(book_spend(&t[0], &book, &authorities, 0, 10, 4,
			     ZKNYM_FORM_RK, &generator));
	EXPECT_OK(book_spend(&t[1], &book, &authorities, 0, 12, 1,
			     ZKNYM_FORM_RK, &generator));
	EXPECT_OK(book_spend(&t[2], &book, &authorities, 0, 9, 1, ZKNYM_FORM_RK,
			     &generator));
	spent(&s[0], &t[0], 4, 2);
	spent(&s[1], &t[1], 1, 0);
	spent(&s[2], &t[2], 1, 0);
	EXPECT_OK(zknym_identify(found, &s[0], &s[1]));
	EXPECT_BYTES(found, user, sizeof(user));
	EXPECT_ERROR(zknym_identify(found, &s[0], &s[2]), ZKNYM_E_RANGE);
	EXPECT_ERROR(zknym_identify(found, &s[1], &s[2]), ZKNYM_E_RANGE);
}

static void test_compat(void)
{
	struct zknym_payment *p = zknym_payment_new(1);
	struct spent_ticket t;

	EXPECT_OK(book_spend(&t, &book, &authorities, 3, 8, 1,
			     ZKNYM_FORM_COMPAT, &generator));
	EXPECT(t.len == ZKNYM_PAYMENT_COMPAT_SIZE(1) && t.len == 1157);
	EXPECT_ERROR(verify(authorities.master, &t, 1), ZKNYM_E_UNBOUND_INDEX);
	/* Not even when it was decoded on purpose. */
	EXPECT_OK(zknym_payment_decode(p, t.payment, t.len, 1,
				       ZKNYM_FORM_COMPAT));
	EXPECT_ERROR(zknym_verify(authorities.master, p, t.pay_info,
				  t.spend_date, NULL),
		     ZKNYM_E_UNBOUND_INDEX);
	EXPECT_OK(book_spend(&t, &book, &authorities, 3, 8, 1, ZKNYM_FORM_RK,
			     &generator));
	EXPECT_ERROR(zknym_payment_decode(p, t.payment, t.len, 1,
					  ZKNYM_FORM_COMPAT),
		     ZKNYM_E_LENGTH);
	zknym_payment_free(p);
}

/* A generator that fails after some draws, or gives only zeros. */
struct failing {
	struct generator generator;
	unsigned int left;
	bool zeros;
};

static int fail(void *context, void *buf, size_t len)
{
	struct failing *f = context;

	if (!f->left)
		return -1;
	f->left--;
	if (f->zeros)
		memset(buf, 0, len);
	else
		generator_fill(&f->generator, buf, len);
	return 0;
}

static bool all_zero(const void *buf, size_t len)
{
	const uint8_t *bytes = buf;

	while (len && !bytes[len - 1])
		len--;
	return !len;
}

static void test_failing_generator(void)
{
	const struct zknym_spending spending = {
		authorities.master,
		&book.user,
		&book.wallet,
		0,
		1,
		ZKNYM_FORM_RK,
		book.indices,
		&book.dates[0],
		book_date(&book, 0),
		(const uint8_t[ZKNYM_PAY_INFO_SIZE]){ 0 },
	};
	uint8_t request[ZKNYM_REQUEST_SIZE], payment[ZKNYM_PAYMENT_SIZE(1)];
	struct failing f = { .generator = { 1 } };
	const struct zknym_rng rng = { fail, &f };
	struct zknym_request_secret secret;
	struct zknym_secret_key shares[3];
	struct zknym_verification_key keys[2];
	unsigned int draws;
	size_t len;

	for (draws = 0; draws < 9; draws++) {
		f.left = draws;
		EXPECT_ERROR(zknym_request(request, &secret, &book.user,
					   book.expiration, 0, &rng),
			     ZKNYM_E_RANDOM);
		EXPECT(all_zero(&secret, sizeof(secret)));
	}
	f.left = 9;
	EXPECT_OK(zknym_request(request, &secret, &book.user, book.expiration,
				0, &rng));
	for (draws = 0; draws < 19; draws++) {
		f.left = draws;
		memset(payment, 0x55, sizeof(payment));
		EXPECT_ERROR(zknym_spend(payment, sizeof(payment), &len,
					 &spending, &rng),
			     ZKNYM_E_RANDOM);
		EXPECT(all_zero(payment, sizeof(payment)));
	}
	f.left = 19;
	EXPECT_OK(zknym_spend(payment, sizeof(payment), &len, &spending, &rng));
	f.left = 9;
	EXPECT_ERROR(zknym_deal(shares, keys, 2, 3, &rng), ZKNYM_E_RANDOM);
	f.left = 1000;
	f.zeros = true;
	EXPECT_ERROR(zknym_user_generate(&(struct zknym_user){ { 0 } }, &rng),
		     ZKNYM_E_RANDOM);
	EXPECT_ERROR(zknym_verification_key_check(&authorities.keys[0], &rng),
		     ZKNYM_E_RANDOM);
}

static void test_bad_shares(void)
{
	struct zknym_secret_key share = authorities.secrets[0];
	struct zknym_verification_key mixed = authorities.keys[0], key;
	struct zknym_master *master;

	EXPECT_ERROR(zknym_share_verify(&share, 2, authorities.commitments, 2),
		     ZKNYM_E_KEY);
	EXPECT_ERROR(zknym_share_verify(&share, 0, authorities.commitments, 2),
		     ZKNYM_E_SIGNERS);
	EXPECT_ERROR(zknym_share_verify(&share, 1, authorities.commitments, 1),
		     ZKNYM_E_KEY);
	share.opaque[9] ^= 1;
	EXPECT_ERROR(zknym_share_verify(&share, 1, authorities.commitments, 2),
		     ZKNYM_E_KEY);
	/* Halves of different keys: b1_1 of another authority. */
	memcpy(mixed.opaque + 24, authorities.keys[1].opaque + 24, 96);
	EXPECT_ERROR(zknym_verification_key_check(&mixed, NULL), ZKNYM_E_KEY);
	EXPECT_ERROR(zknym_master_new(&master, &mixed, NULL), ZKNYM_E_KEY);
	/* b2_1 and b2_2 exchanged, and b1 unchanged. */
	mixed = authorities.keys[0];
	memcpy(mixed.opaque + 24 + 60, authorities.keys[0].opaque + 24 + 84,
	       192);
	EXPECT_ERROR(zknym_verification_key_check(&mixed, NULL), ZKNYM_E_KEY);
	EXPECT_ERROR(zknym_commitments_evaluate(&key, 1,
						authorities.commitments, 0),
		     ZKNYM_E_RANGE);
	EXPECT_ERROR(zknym_deal(&share, &key, 0, 1, NULL), ZKNYM_E_RANGE);
	EXPECT_ERROR(zknym_deal(&share, &key, 2, 1, NULL), ZKNYM_E_RANGE);
}

static void *verify_many(void *argument)
{
	const struct spent_ticket *t = argument;
	intptr_t failures = 0;
	int i;

	for (i = 0; i < 8; i++)
		failures += verify(authorities.master, t, 1) != 0;
	return (void *)failures;
}

static void test_threads(void)
{
	struct spent_ticket t;
	pthread_t threads[4];
	void *failures;
	int i;

	EXPECT_OK(book_spend(&t, &book, &authorities, 3, 20, 1, ZKNYM_FORM_RK,
			     &generator));
	for (i = 0; i < 4; i++)
		EXPECT(!pthread_create(&threads[i], NULL, verify_many, &t));
	for (i = 0; i < 4; i++) {
		EXPECT(!pthread_join(threads[i], &failures));
		EXPECT(!failures);
	}
}

int main(void)
{
	static const unsigned int sets[][2] = {
		{ 1, 1 }, { 1, 2 }, { 2, 2 }, { 1, 4 },	 { 2, 3 },  { 3, 3 },
		{ 3, 5 }, { 4, 6 }, { 5, 9 }, { 6, 10 }, { 7, 10 }, { 10, 10 },
	};
	static const struct ktap_test tests[] = {
		{ "each of the seven days, and no other", test_dates },
		{ "each of the 50 indices, and no other", test_indices },
		{ "a missing index signature is noticed",
		  test_missing_signature },
		{ "all tickets of a book, serials all different",
		  test_whole_book },
		{ "payments of several coins", test_several_coins },
		{ "batches of 1 to 64 name their bad member", test_batches },
		{ "errors that cancel out are found", test_cancelling_errors },
		{ "double spender is identified", test_double_spending },
		{ "compat form is made and never accepted", test_compat },
		{ "failing generator aborts and leaves no secrets",
		  test_failing_generator },
		{ "shares and halves of keys that do not belong together",
		  test_bad_shares },
		{ "verification in parallel threads", test_threads },
	};
	unsigned int i, threshold, count;

	ktap_header();
	for (i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		check_set(sets[i][0], sets[i][1], i);
	if (long_tests())
		for (count = 1; count <= 10; count++)
			for (threshold = 1; threshold <= count; threshold++)
				check_set(threshold, count, i++);
	set_up();
	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		ktap_begin();
		tests[i].run();
		ktap_end("%s", tests[i].name);
	}
	authorities_free(&authorities);
	return ktap_finish();
}
