/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What most tests need: a repeatable generator, a set of authorities, a user
 * with a book of tickets.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <stdbool.h>

#include "zknym.h"

#define AUTHORITIES_MAX 10

/* splitmix64: repeatable, spread well enough, not for secrets. */
struct generator {
	uint64_t state;
};

uint64_t generator_next(struct generator *g);
/* Uniform enough below @bound. */
uint64_t generator_below(struct generator *g, uint64_t bound);
void generator_fill(struct generator *g, void *buf, size_t len);
/* The generator as a source for the library; it must outlive the result. */
struct zknym_rng generator_rng(struct generator *g);

struct authorities {
	unsigned int threshold, count;
	struct zknym_secret_key secrets[AUTHORITIES_MAX];
	struct zknym_verification_key keys[AUTHORITIES_MAX];
	struct zknym_verification_key commitments[AUTHORITIES_MAX];
	uint64_t indices[AUTHORITIES_MAX];
	struct zknym_master *master;
};

/* Aborts on failure: without these nothing can be tested. */
void authorities_init(struct authorities *a, unsigned int threshold,
		      unsigned int count, struct generator *g);
void authorities_free(struct authorities *a);

struct book {
	struct zknym_user user;
	struct zknym_wallet wallet;
	uint32_t expiration;
	uint8_t type;
	struct zknym_signature indices[ZKNYM_TICKETS];
	struct zknym_signature dates[ZKNYM_VALIDITY_DAYS];
};

/*
 * Signatures on indices and dates, by authorities @signers[0..threshold-1]
 * (positions, from 0), aggregated; only @first to @last of the indices.
 */
void book_signatures(struct book *book, const struct authorities *a,
		     const unsigned int *signers, unsigned int first,
		     unsigned int last);
/* A wallet of book->user, book->expiration, book->type by those signers. */
void book_withdraw(struct book *book, const struct authorities *a,
		   const unsigned int *signers, struct generator *g);

/* Date of slot @slot of the book. */
uint32_t book_date(const struct book *book, unsigned int slot);

struct spent_ticket {
	uint8_t pay_info[ZKNYM_PAY_INFO_SIZE];
	uint8_t payment[ZKNYM_PAYMENT_SIZE(4)];
	size_t len;
	uint32_t spend_date;
};

int book_spend(struct spent_ticket *ticket, const struct book *book,
	       const struct authorities *a, unsigned int slot,
	       unsigned int first, unsigned int coins, enum zknym_form form,
	       struct generator *g);

/* Stops the program if @error is one. */
void must(int error);

bool long_tests(void);

#endif
