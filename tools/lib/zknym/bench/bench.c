// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Times of the library's operations, beside those of the specification and the
 * targets. These were taken on a core where blst's pairing takes 451 us and a
 * multiplication in G1 61 us; both are measured here in the same run, between
 * the operations, and the last columns say what the same work would take there.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <blst.h>

#include "fixture.h"

#define ROUNDS 41
#define BATCH_MAX 64
#define THRESHOLD 3

#define PAIRING_THERE 451e-6
#define MULT_THERE 61e-6

static struct {
	struct generator generator;
	struct authorities authorities;
	struct book book;
	uint8_t user[ZKNYM_USER_PUBLIC_SIZE];
	uint8_t request[ZKNYM_REQUEST_SIZE];
	struct zknym_request_secret secret;
	uint8_t blinded[ZKNYM_SIGNATURE_SIZE];
	struct zknym_partial_wallet partials[THRESHOLD];
	struct spent_ticket tickets[BATCH_MAX];
	struct zknym_payment *payments[BATCH_MAX];
	struct zknym_spent spent[2];
	blst_p1 g1;
	blst_p1_affine g1_affine;
	blst_p2_affine g2_affine;
	uint8_t scalar[32];
} bench;

static double now(void)
{
	struct timespec t;

	/* The thread's own time: other work on the machine counts less. */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run_pairing(unsigned int count)
{
	blst_fp12 f;

	(void)count;
	blst_miller_loop(&f, &bench.g2_affine, &bench.g1_affine);
	blst_final_exp(&f, &f);
}

static void run_mult(unsigned int count)
{
	(void)count;
	blst_p1_mult(&bench.g1, &bench.g1, bench.scalar, 255);
}

static void request(uint8_t *bytes, struct zknym_request_secret *secret)
{
	must(zknym_request(bytes, secret, &bench.book.user,
			   bench.book.expiration, bench.book.type, NULL));
}

static void run_request(unsigned int count)
{
	struct zknym_request_secret secret;
	uint8_t bytes[ZKNYM_REQUEST_SIZE];

	(void)count;
	request(bytes, &secret);
}

static void issue(unsigned int i)
{
	must(zknym_issue(bench.blinded, &bench.authorities.secrets[i],
			 bench.request, sizeof(bench.request), bench.user,
			 bench.book.expiration, bench.book.type));
}

static void run_issue(unsigned int count)
{
	(void)count;
	issue(0);
}

static void unblind(unsigned int i)
{
	must(zknym_unblind(&bench.partials[i], bench.blinded,
			   sizeof(bench.blinded), &bench.secret,
			   &bench.book.user, &bench.authorities.keys[i],
			   i + 1));
}

static void run_unblind(unsigned int count)
{
	(void)count;
	unblind(0);
}

static void run_aggregate(unsigned int count)
{
	struct zknym_wallet wallet;

	(void)count;
	must(zknym_wallet_aggregate(&wallet, bench.partials, THRESHOLD,
				    THRESHOLD, &bench.book.user,
				    zknym_master_key(bench.authorities.master)));
}

static void run_spend(unsigned int count)
{
	(void)count;
	must(book_spend(&bench.tickets[0], &bench.book, &bench.authorities, 3,
			7, 1, ZKNYM_FORM_RK, &bench.generator));
}

static void decode(unsigned int i)
{
	const struct spent_ticket *t = &bench.tickets[i];

	must(zknym_payment_decode(bench.payments[i], t->payment, t->len, 1,
				  ZKNYM_FORM_RK));
}

static void run_verify(unsigned int count)
{
	const struct spent_ticket *t = &bench.tickets[0];

	(void)count;
	decode(0);
	must(zknym_verify(bench.authorities.master, bench.payments[0],
			  t->pay_info, t->spend_date, NULL));
}

static void run_batch(unsigned int count)
{
	struct zknym_batch_item items[BATCH_MAX];
	unsigned int i;

	for (i = 0; i < count; i++) {
		decode(i);
		items[i] = (struct zknym_batch_item){
			bench.authorities.master,
			bench.payments[i],
			bench.tickets[i].pay_info,
			bench.tickets[i].spend_date,
			0,
		};
	}
	must(zknym_verify_batch(items, count, NULL));
}

static void run_identify(unsigned int count)
{
	uint8_t user[ZKNYM_USER_PUBLIC_SIZE];

	(void)count;
	must(zknym_identify(user, &bench.spent[0], &bench.spent[1]));
}

static void run_sign(unsigned int count)
{
	struct zknym_signature signature;
	unsigned int i;

	for (i = 0; i < count; i++)
		must(zknym_index_sign(&signature, &bench.authorities.secrets[0],
				      zknym_master_key(bench.authorities.master),
				      i));
}

static void run_check(unsigned int count)
{
	const struct zknym_verification_key *key = zknym_master_key(
		bench.authorities.master);

	must(zknym_index_check(bench.book.indices, 0, count, key, key, NULL));
}

static void run_master(unsigned int count)
{
	struct zknym_master *master;

	(void)count;
	must(zknym_master_new(&master,
			      zknym_master_key(bench.authorities.master),
			      NULL));
	zknym_master_free(master);
}

/* Times in ms; "there" is the specification's figure, 0 where it has none. */
static const struct operation {
	const char *name;
	void (*run)(unsigned int count);
	unsigned int count; /* of items in one run */
	bool each;	    /* time is for each item */
	double there, target;
} operations[] = {
	{ "pairing (blst)", run_pairing, 1, false, 0.451, 0 },
	{ "G1 multiplication (blst)", run_mult, 1, false, 0.061, 0 },
	{ "withdraw: request", run_request, 1, false, 1.2, 1.2 },
	{ "issue: verify and sign", run_issue, 1, false, 1.1, 1.1 },
	{ "unblind and check", run_unblind, 1, false, 1.2, 1.2 },
	{ "aggregate 3 and check", run_aggregate, 1, false, 1.3, 0 },
	{ "spend", run_spend, 1, false, 3.45, 3.5 },
	{ "verify", run_verify, 1, false, 4.0, 4.0 },
	{ "verify, 4 together, each", run_batch, 4, true, 0, 0 },
	{ "verify, 16 together, each", run_batch, 16, true, 0, 2.5 },
	{ "verify, 64 together, each", run_batch, 64, true, 0, 0 },
	{ "identify", run_identify, 1, false, 0, 0 },
	{ "sign 50 indices", run_sign, 50, false, 0, 0 },
	{ "check 50 indices together", run_check, 50, false, 0, 0 },
	{ "prepare a master key", run_master, 1, false, 0, 0 },
};

#define OPERATIONS (sizeof(operations) / sizeof(*operations))

static void set_up(void)
{
	static const unsigned int signers[THRESHOLD] = { 0, 1, 2 };
	unsigned int i;
	blst_p1 p;

	bench.generator.state = 1;
	authorities_init(&bench.authorities, THRESHOLD, THRESHOLD,
			 &bench.generator);
	must(zknym_user_generate(&bench.book.user, NULL));
	zknym_user_public(bench.user, &bench.book.user);
	bench.book.expiration = 20600 * ZKNYM_DAY;
	bench.book.type = 2;
	book_signatures(&bench.book, &bench.authorities, signers, 0,
			ZKNYM_TICKETS - 1);
	book_withdraw(&bench.book, &bench.authorities, signers,
		      &bench.generator);
	request(bench.request, &bench.secret);
	for (i = THRESHOLD; i-- > 0;) {
		issue(i);
		unblind(i);
	}
	for (i = 0; i < BATCH_MAX; i++) {
		must(book_spend(&bench.tickets[i], &bench.book,
				&bench.authorities, 3, i % ZKNYM_TICKETS, 1,
				ZKNYM_FORM_RK, &bench.generator));
		bench.payments[i] = zknym_payment_new(1);
		if (!bench.payments[i])
			must(ZKNYM_E_MEMORY);
		decode(i);
	}
	/* Tickets 0 and 50 have the same index. */
	for (i = 0; i < 2; i++)
		must(zknym_payment_spent(&bench.spent[i],
					 bench.payments[i * ZKNYM_TICKETS], 0,
					 bench.tickets[i * ZKNYM_TICKETS]
						 .pay_info));
	generator_fill(&bench.generator, bench.scalar, 31);
	bench.g1 = *blst_p1_generator();
	blst_p1_mult(&p, &bench.g1, bench.scalar, 255);
	blst_p1_to_affine(&bench.g1_affine, &p);
	blst_p2_to_affine(&bench.g2_affine, blst_p2_generator());
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	static double times[OPERATIONS][ROUNDS];
	double pairing, mult, scale;
	size_t i, round;

	set_up();
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < OPERATIONS; i++) {
			const struct operation *o = &operations[i];
			double start = now();

			o->run(o->count);
			times[i][round] = (now() - start) /
					  (o->each ? o->count : 1);
		}
	}
	for (i = 0; i < OPERATIONS; i++)
		qsort(times[i], ROUNDS, sizeof(double), compare);
	pairing = times[0][ROUNDS / 2] / PAIRING_THERE;
	mult = times[1][ROUNDS / 2] / MULT_THERE;
	scale = sqrt(pairing * mult);

	printf("All times in ms; %d rounds, all operations in turn.\n"
	       "This core takes %.2f (pairing) and %.2f (G1 multiplication) of the\n"
	       "specification's times; \"as there\" is the median divided by their mean, %.2f.\n\n"
	       "%-27s %8s %17s %9s %9s %8s\n",
	       ROUNDS, pairing, mult, scale, "", "median", "10% to 90%",
	       "as there", "spec.", "target");
	for (i = 0; i < OPERATIONS; i++) {
		const struct operation *o = &operations[i];
		double median = 1e3 * times[i][ROUNDS / 2];

		printf("%-27s %8.3f %8.3f-%8.3f %9.3f ", o->name, median,
		       1e3 * times[i][ROUNDS / 10],
		       1e3 * times[i][ROUNDS - 1 - ROUNDS / 10],
		       median / scale);
		if (o->there > 0)
			printf("%9.3f ", o->there);
		else
			printf("%9s ", "-");
		if (o->target > 0)
			printf("%8.2f %s\n", o->target,
			       median / scale <= o->target ? "met" : "missed");
		else
			printf("%8s\n", "-");
	}
	for (i = 0; i < BATCH_MAX; i++)
		zknym_payment_free(bench.payments[i]);
	authorities_free(&bench.authorities);
	return EXIT_SUCCESS;
}
