// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Proofs that are wrong in one place only: for every equation, every range and
 * every rule there is one, and it is refused with the error of that place.
 */
#include <stdio.h>
#include <string.h>

#include "cheat.h"
#include "codec.h"
#include "keys.h"
#include "ktap.h"
#include "params.h"
#include "payment.h"
#include "scalar.h"
#include "wallet.h"

static struct generator generator = { 31 };
static struct authorities authorities;
static struct book book;
/* The same user's, expiring a week later. */
static struct book later;

static void set_up(void)
{
	static const unsigned int signers[] = { 0, 1 };
	struct zknym_rng rng = generator_rng(&generator);

	authorities_init(&authorities, 2, 3, &generator);
	must(zknym_user_generate(&book.user, &rng));
	book.expiration = 20600U * ZKNYM_DAY;
	book.type = 2;
	book_signatures(&book, &authorities, signers, 0, ZKNYM_TICKETS - 1);
	book_withdraw(&book, &authorities, signers, &generator);
	later = book;
	later.expiration += 3 * ZKNYM_DAY;
	book_signatures(&later, &authorities, signers, 0, 0);
	book_withdraw(&later, &authorities, signers, &generator);
}

static void start(struct spent_ticket *t, struct cheat_payment *cheat)
{
	/* Day 4 of book is day 1 of later. */
	t->spend_date = book_date(&book, 4);
	generator_fill(&generator, t->pay_info, sizeof(t->pay_info));
	cheat_payment_init(cheat, &book, 7, t->pay_info);
}

static int verify(const struct spent_ticket *t)
{
	struct zknym_payment *p = zknym_payment_new(1);
	int err;

	err = zknym_payment_decode(p, t->payment, t->len, 1, ZKNYM_FORM_RK);
	if (!err)
		err = zknym_verify(authorities.master, p, t->pay_info,
				   t->spend_date, NULL);
	zknym_payment_free(p);
	return err;
}

static int pay(struct spent_ticket *t, const struct cheat_payment *cheat)
{
	cheat_payment(t, cheat, &book, &authorities, &book.indices[7],
		      &book.dates[4], &generator);
	return verify(t);
}

static void other(blst_fr *value)
{
	struct zknym_rng rng = generator_rng(&generator);

	must(zn_scalar_draw(value, &rng));
}

static void test_honest(void)
{
	struct cheat_payment cheat;
	struct spent_ticket t;

	start(&t, &cheat);
	EXPECT_OK(pay(&t, &cheat));
}

/*
 * Each place of the statement with a value that the proof does not have. What
 * the cheater would gain is said beside it.
 */
static void test_statement(void)
{
	const struct {
		const char *what;
		size_t at;
	} places[] = {
#define PLACE(field, gain) \
	{ #field ": " gain, offsetof(struct cheat_payment, field) }
		PLACE(kappa.sk, "spend somebody else's wallet"),
		PLACE(kappa.v, "several serials from one wallet"),
		PLACE(kappa.expiration, "use a book after its end"),
		PLACE(kappa_e.expiration, "use a book after its end"),
		PLACE(c.v, "another serial for the same ticket"),
		PLACE(kappa_k.l, "an index that nobody signed"),
		PLACE(a.l, "an index that nobody signed"),
		PLACE(serial.mu, "a serial of one's own choice"),
		PLACE(tag.sk, "double spending in another's name"),
		PLACE(tag.mu, "double spending without being identified"),
		PLACE(tag.pay_info_hash, "a ticket for two gateways"),
#undef PLACE
	};
	struct cheat_payment cheat;
	struct spent_ticket t;
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		ktap_begin();
		start(&t, &cheat);
		other((blst_fr *)((char *)&cheat + places[i].at));
		EXPECT_ERROR(pay(&t, &cheat), ZKNYM_E_PROOF);
		ktap_end("payment wrong only in %s", places[i].what);
	}
}

/* The same mu everywhere, but not 1 / (v + l + 1): only tg is wrong. */
static void test_serial_relation(void)
{
	struct cheat_payment cheat;
	struct spent_ticket t;

	start(&t, &cheat);
	other(&cheat.proof.mu);
	cheat.serial.mu = cheat.proof.mu;
	cheat.tag.mu = cheat.proof.mu;
	EXPECT_ERROR(pay(&t, &cheat), ZKNYM_E_PROOF);
}

/*
 * The attack that the compat form allows: ticket 50 and beyond, with the
 * signature on index 7 and its own l in kappa_k.
 */
static void test_unsigned_index(void)
{
	struct cheat_payment cheat;
	struct spent_ticket t;

	start(&t, &cheat);
	zn_scalar_from_uint(&cheat.proof.l, 50);
	cheat.a.l = cheat.proof.l;
	cheat_payment_set_mu(&cheat);
	EXPECT_ERROR(pay(&t, &cheat), ZKNYM_E_PROOF);
	/* Consistently: then the signature does not fit. */
	cheat.kappa_k.l = cheat.proof.l;
	EXPECT_ERROR(pay(&t, &cheat), ZKNYM_E_SIG_INDEX);
}

static void test_index_signature(void)
{
	struct cheat_payment cheat;
	struct spent_ticket t;

	start(&t, &cheat);
	cheat_payment(&t, &cheat, &book, &authorities, &book.indices[8],
		      &book.dates[4], &generator);
	EXPECT_ERROR(verify(&t), ZKNYM_E_SIG_INDEX);
}

static void test_date_signature(void)
{
	struct cheat_payment cheat;
	struct spent_ticket t;

	start(&t, &cheat);
	/* Of the same book, for another day. */
	cheat_payment(&t, &cheat, &book, &authorities, &book.indices[7],
		      &book.dates[5], &generator);
	EXPECT_ERROR(verify(&t), ZKNYM_E_SIG_DATE);
	/* For this day, of books with another expiration. */
	cheat_payment(&t, &cheat, &book, &authorities, &book.indices[7],
		      &later.dates[1], &generator);
	EXPECT_ERROR(verify(&t), ZKNYM_E_SIG_DATE);
	/* An index signature is none on a date, nor the other way round. */
	cheat_payment(&t, &cheat, &book, &authorities, &book.indices[7],
		      &book.indices[7], &generator);
	EXPECT_ERROR(verify(&t), ZKNYM_E_SIG_DATE);
	cheat_payment(&t, &cheat, &book, &authorities, &book.dates[4],
		      &book.dates[4], &generator);
	EXPECT_ERROR(verify(&t), ZKNYM_E_SIG_INDEX);
}

/* A consistent proof about attributes that the authorities did not sign. */
static void test_wallet_signature(void)
{
	struct cheat_payment cheat;
	struct spent_ticket t;

	start(&t, &cheat);
	other(&cheat.proof.sk);
	cheat.kappa.sk = cheat.proof.sk;
	cheat.tag.sk = cheat.proof.sk;
	EXPECT_ERROR(pay(&t, &cheat), ZKNYM_E_SIG_WALLET);

	start(&t, &cheat);
	other(&cheat.proof.v);
	cheat.kappa.v = cheat.proof.v;
	cheat.c.v = cheat.proof.v;
	cheat_payment_set_mu(&cheat);
	EXPECT_ERROR(pay(&t, &cheat), ZKNYM_E_SIG_WALLET);

	/* A later expiration, whose date signature does exist. */
	start(&t, &cheat);
	zn_scalar_from_uint(&cheat.proof.expiration, later.expiration);
	cheat.kappa.expiration = cheat.proof.expiration;
	cheat.kappa_e.expiration = cheat.proof.expiration;
	cheat_payment(&t, &cheat, &book, &authorities, &book.indices[7],
		      &later.dates[1], &generator);
	EXPECT_ERROR(verify(&t), ZKNYM_E_SIG_WALLET);
}

static void test_ticket_type(void)
{
	struct cheat_payment cheat;
	struct spent_ticket t;
	unsigned int type;

	for (type = 0; type < 256; type++) {
		start(&t, &cheat);
		cheat_payment(&t, &cheat, &book, &authorities, &book.indices[7],
			      &book.dates[4], &generator);
		t.payment[787] = (uint8_t)type;
		EXPECT_ERROR(verify(&t), type > 3 ? ZKNYM_E_TYPE :
					 type == book.type ?
						    ZKNYM_OK :
						    ZKNYM_E_SIG_WALLET);
		if (type >= 4)
			type += 50;
	}
}

/* Factors at infinity: kappa that cancels what the verifier adds to it. */
static void put_negative(uint8_t *out, const blst_p2 *part)
{
	blst_p2 negative = *part;

	blst_p2_cneg(&negative, true);
	zn_g2_encode(out, &negative);
}

static void test_infinite_factors(void)
{
	const struct zknym_master *master = authorities.master;
	const struct zn_verification_key *key =
		(const struct zn_verification_key *)zknym_master_key(master);
	struct zknym_payment *p = zknym_payment_new(1);
	struct cheat_payment cheat;
	struct spent_ticket t;
	struct zn_layout l;

	zn_layout_init(&l, 1, ZKNYM_FORM_RK);
	start(&t, &cheat);
	EXPECT_OK(pay(&t, &cheat));
	put_negative(t.payment + l.kappa + 1, &master->type_part[book.type]);
	EXPECT_OK(zknym_payment_decode(p, t.payment, t.len, 1, ZKNYM_FORM_RK));
	/* The proof breaks first; it must not crash, nor hold. */
	EXPECT_ERROR(verify(&t), ZKNYM_E_PROOF);
	/* kappa equal to alpha: the difference that is multiplied vanishes. */
	memcpy(t.payment + l.kappa + 1, key->bytes, ZKNYM_G2_SIZE);
	EXPECT_ERROR(verify(&t), ZKNYM_E_PROOF);
	zknym_payment_free(p);
}

static void test_repeated_serial(void)
{
	struct zknym_payment *p = zknym_payment_new(3);
	struct spent_ticket t;
	struct zn_layout l;

	zn_layout_init(&l, 3, ZKNYM_FORM_RK);
	EXPECT_OK(book_spend(&t, &book, &authorities, 4, 5, 3, ZKNYM_FORM_RK,
			     &generator));
	memcpy(t.payment + zn_element(l.serials, ZN_LP_G1, 2),
	       t.payment + zn_element(l.serials, ZN_LP_G1, 0), ZN_LP_G1);
	EXPECT_OK(zknym_payment_decode(p, t.payment, t.len, 3, ZKNYM_FORM_RK));
	EXPECT_ERROR(zknym_verify(authorities.master, p, t.pay_info,
				  t.spend_date, NULL),
		     ZKNYM_E_DUP_SERIAL);
	zknym_payment_free(p);
}

/* A bit of each response, and of the challenge, changed. */
static void test_responses(void)
{
	static const size_t at[] = { 788, 821,	854,  888,  922,  956,
				     989, 1023, 1057, 1091, 1124, 1157 };
	struct cheat_payment cheat;
	struct spent_ticket t;
	size_t i;

	start(&t, &cheat);
	EXPECT_OK(pay(&t, &cheat));
	for (i = 0; i < sizeof(at) / sizeof(*at); i++) {
		t.payment[at[i] + 1] ^= 1;
		EXPECT_ERROR(verify(&t), ZKNYM_E_PROOF);
		t.payment[at[i] + 1] ^= 1;
	}
	EXPECT_OK(verify(&t));
}

/* Every point of the payment replaced by its double. */
static void test_points(void)
{
	static const struct {
		size_t at;
		int error;
	} g1[] = {
		{ 194, ZKNYM_E_SIG_WALLET }, { 243, ZKNYM_E_SIG_WALLET },
		{ 292, ZKNYM_E_SIG_DATE },   { 341, ZKNYM_E_SIG_DATE },
		{ 489, ZKNYM_E_SIG_INDEX },  { 538, ZKNYM_E_SIG_INDEX },
		{ 588, ZKNYM_E_PROOF },	     { 638, ZKNYM_E_PROOF },
		{ 688, ZKNYM_E_PROOF },	     { 738, ZKNYM_E_PROOF },
	};
	static const size_t g2[] = { 0, 97, 391 };
	uint8_t saved[ZKNYM_G2_SIZE];
	struct cheat_payment cheat;
	blst_p1_affine affine1;
	blst_p2_affine affine2;
	struct spent_ticket t;
	blst_p1 p1;
	blst_p2 p2;
	size_t i;

	start(&t, &cheat);
	EXPECT_OK(pay(&t, &cheat));
	for (i = 0; i < sizeof(g1) / sizeof(*g1); i++) {
		memcpy(saved, t.payment + g1[i].at + 1, ZKNYM_G1_SIZE);
		must(zn_g1_decode(&affine1, saved));
		blst_p1_from_affine(&p1, &affine1);
		blst_p1_double(&p1, &p1);
		zn_g1_encode(t.payment + g1[i].at + 1, &p1);
		EXPECT_ERROR(verify(&t), g1[i].error);
		memcpy(t.payment + g1[i].at + 1, saved, ZKNYM_G1_SIZE);
	}
	for (i = 0; i < sizeof(g2) / sizeof(*g2); i++) {
		memcpy(saved, t.payment + g2[i] + 1, ZKNYM_G2_SIZE);
		must(zn_g2_decode(&affine2, saved));
		blst_p2_from_affine(&p2, &affine2);
		blst_p2_double(&p2, &p2);
		zn_g2_encode(t.payment + g2[i] + 1, &p2);
		EXPECT_ERROR(verify(&t), ZKNYM_E_PROOF);
		memcpy(t.payment + g2[i] + 1, saved, ZKNYM_G2_SIZE);
	}
	EXPECT_OK(verify(&t));
}

/* A payment is bound to its gateway, moment and key. */
static void test_binding(void)
{
	struct authorities strangers;
	struct zknym_payment *p = zknym_payment_new(1);
	struct cheat_payment cheat;
	struct spent_ticket t;
	size_t i;

	start(&t, &cheat);
	EXPECT_OK(pay(&t, &cheat));
	for (i = 0; i < ZKNYM_PAY_INFO_SIZE; i++) {
		t.pay_info[i] ^= 0x10;
		EXPECT_ERROR(verify(&t), ZKNYM_E_PROOF);
		t.pay_info[i] ^= 0x10;
	}
	authorities_init(&strangers, 1, 1, &generator);
	EXPECT_OK(zknym_payment_decode(p, t.payment, t.len, 1, ZKNYM_FORM_RK));
	EXPECT_ERROR(zknym_verify(strangers.master, p, t.pay_info, t.spend_date,
				  NULL),
		     ZKNYM_E_PROOF);
	authorities_free(&strangers);
	zknym_payment_free(p);
}

static int request(const struct cheat_request *cheat)
{
	uint8_t bytes[ZKNYM_REQUEST_SIZE], user[ZKNYM_USER_PUBLIC_SIZE];

	cheat_request(bytes, user, cheat, &book, &generator);
	return zknym_request_verify(bytes, sizeof(bytes), user, book.expiration,
				    book.type);
}

static void test_requests(void)
{
	const struct {
		const char *what;
		size_t at;
	} places[] = {
#define PLACE(field, gain) \
	{ #field ": " gain, offsetof(struct cheat_request, field) }
		PLACE(com.o, "another h"),
		PLACE(com.sk, "a signature on two keys"),
		PLACE(com.v, "a signature on two wallets"),
		PLACE(c1.o, "a signature that unblinds to something else"),
		PLACE(c1.m, "a wallet for another's key"),
		PLACE(c2.o, "a signature that unblinds to something else"),
		PLACE(c2.m, "another wallet secret"),
		PLACE(user, "a wallet that identifies somebody else"),
#undef PLACE
	};
	struct cheat_request cheat;
	size_t i;

	ktap_begin();
	cheat_request_init(&cheat, &book, &generator);
	EXPECT_OK(request(&cheat));
	cheat.other_h = true;
	EXPECT_ERROR(request(&cheat), ZKNYM_E_PROOF);
	ktap_end("request wrong only in h");
	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		ktap_begin();
		cheat_request_init(&cheat, &book, &generator);
		other((blst_fr *)((char *)&cheat + places[i].at));
		EXPECT_ERROR(request(&cheat), ZKNYM_E_PROOF);
		ktap_end("request wrong only in %s", places[i].what);
	}
}

/* Answers of a cheating authority. */
static void test_answers(void)
{
	uint8_t bytes[ZKNYM_REQUEST_SIZE], user[ZKNYM_USER_PUBLIC_SIZE];
	uint8_t blinded[ZKNYM_SIGNATURE_SIZE], wrong[ZKNYM_SIGNATURE_SIZE];
	struct zknym_rng rng = generator_rng(&generator);
	struct zknym_partial_wallet partial;
	struct zknym_request_secret secret, shifted;
	struct zn_request_secret *s = (struct zn_request_secret *)&shifted;

	zknym_user_public(user, &book.user);
	EXPECT_OK(zknym_request(bytes, &secret, &book.user, book.expiration,
				book.type, &rng));
	EXPECT_OK(zknym_issue(blinded, &authorities.secrets[0], bytes,
			      sizeof(bytes), user, book.expiration, book.type));
#define UNBLIND(answer, secret, index)                                      \
	zknym_unblind(&partial, answer, sizeof(answer), secret, &book.user, \
		      &authorities.keys[0], index)
	EXPECT_OK(UNBLIND(blinded, &secret, 1));
	EXPECT_ERROR(UNBLIND(blinded, &secret, 0), ZKNYM_E_SIGNERS);
	/* cb is another point; h is another point; both exchanged. */
	memcpy(wrong, blinded, sizeof(wrong));
	memcpy(wrong + 48, user, 48);
	EXPECT_ERROR(UNBLIND(wrong, &secret, 1), ZKNYM_E_SIG_WALLET);
	memcpy(wrong, user, 48);
	memcpy(wrong + 48, blinded + 48, 48);
	EXPECT_ERROR(UNBLIND(wrong, &secret, 1), ZKNYM_E_SIG_WALLET);
	memcpy(wrong, blinded + 48, 48);
	memcpy(wrong + 48, blinded, 48);
	EXPECT_ERROR(UNBLIND(wrong, &secret, 1), ZKNYM_E_SIG_WALLET);
	/* A signature on another expiration, type or wallet secret. */
	shifted = secret;
	s->expiration += ZKNYM_DAY;
	EXPECT_ERROR(UNBLIND(blinded, &shifted, 1), ZKNYM_E_SIG_WALLET);
	shifted = secret;
	s->type ^= 1;
	EXPECT_ERROR(UNBLIND(blinded, &shifted, 1), ZKNYM_E_SIG_WALLET);
	shifted = secret;
	other(&s->v);
	EXPECT_ERROR(UNBLIND(blinded, &shifted, 1), ZKNYM_E_SIG_WALLET);
	shifted = secret;
	other(&s->o1);
	EXPECT_ERROR(UNBLIND(blinded, &shifted, 1), ZKNYM_E_SIG_WALLET);
#undef UNBLIND
}

/*
 * (2h, 2s) is a signature on the same attributes, blinded so that it unblinds
 * well; but shares with different h cannot be aggregated.
 */
static void test_other_h(void)
{
	const struct zn_verification_key *k =
		(const struct zn_verification_key *)&authorities.keys[0];
	uint8_t bytes[ZKNYM_REQUEST_SIZE], user[ZKNYM_USER_PUBLIC_SIZE];
	struct zknym_rng rng = generator_rng(&generator);
	struct zknym_request_secret secret;
	const struct zn_request_secret *s =
		(const struct zn_request_secret *)&secret;
	uint8_t blinded[ZKNYM_SIGNATURE_SIZE];
	struct zknym_partial_wallet partial;
	blst_p1_affine affine;
	blst_p1 h, cb, blinding = { 0 };

	zknym_user_public(user, &book.user);
	EXPECT_OK(zknym_request(bytes, &secret, &book.user, book.expiration,
				book.type, &rng));
	EXPECT_OK(zknym_issue(blinded, &authorities.secrets[0], bytes,
			      sizeof(bytes), user, book.expiration, book.type));
	/* 2 s + o1 b1_1 + o2 b1_2 = 2 cb - (o1 b1_1 + o2 b1_2) */
	must(zn_g1_decode(&affine, blinded + ZKNYM_G1_SIZE));
	blst_p1_from_affine(&cb, &affine);
	blst_p1_double(&cb, &cb);
	zn_g1_add_mult(&blinding, &k->b1[0], &s->o1);
	zn_g1_add_mult(&blinding, &k->b1[1], &s->o2);
	blst_p1_cneg(&blinding, true);
	blst_p1_add_or_double(&cb, &cb, &blinding);
	blst_p1_from_affine(&h, &s->h);
	blst_p1_double(&h, &h);
	zn_g1_encode(blinded, &h);
	zn_g1_encode(blinded + ZKNYM_G1_SIZE, &cb);
	EXPECT_ERROR(zknym_unblind(&partial, blinded, sizeof(blinded), &secret,
				   &book.user, &authorities.keys[0], 1),
		     ZKNYM_E_SIG_WALLET);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "honest payment of the cheater's own making", test_honest },
		{ "serial that is not 1 / (v + l + 1)", test_serial_relation },
		{ "index beyond the book", test_unsigned_index },
		{ "index signature", test_index_signature },
		{ "date signature", test_date_signature },
		{ "wallet signature", test_wallet_signature },
		{ "ticket type", test_ticket_type },
		{ "factors at infinity", test_infinite_factors },
		{ "serial twice in one payment", test_repeated_serial },
		{ "challenge and responses", test_responses },
		{ "points", test_points },
		{ "pay-info and master key", test_binding },
		{ "authorities' answers", test_answers },
		{ "authority's answer with another h", test_other_h },
	};
	size_t i;

	ktap_header();
	set_up();
	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		ktap_begin();
		tests[i].run();
		ktap_end("%s", tests[i].name);
	}
	test_statement();
	test_requests();
	authorities_free(&authorities);
	return ktap_finish();
}
