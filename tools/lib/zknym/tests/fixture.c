// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

uint64_t generator_next(struct generator *g)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

uint64_t generator_below(struct generator *g, uint64_t bound)
{
	return generator_next(g) % bound;
}

void generator_fill(struct generator *g, void *buf, size_t len)
{
	uint8_t *out = buf;
	uint64_t word = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (i % 8 == 0)
			word = generator_next(g);
		out[i] = (uint8_t)(word >> (8 * (i % 8)));
	}
}

static int fill(void *context, void *buf, size_t len)
{
	generator_fill(context, buf, len);
	return 0;
}

struct zknym_rng generator_rng(struct generator *g)
{
	return (struct zknym_rng){ fill, g };
}

void must(int error)
{
	if (error) {
		printf("Bail out! %s\n", zknym_strerror(error));
		exit(EXIT_FAILURE);
	}
}

void authorities_init(struct authorities *a, unsigned int threshold,
		      unsigned int count, struct generator *g)
{
	struct zknym_rng rng = generator_rng(g);
	unsigned int i;

	a->threshold = threshold;
	a->count = count;
	must(zknym_deal(a->secrets, a->commitments, threshold, count, &rng));
	for (i = 0; i < count; i++) {
		a->indices[i] = i + 1;
		must(zknym_verification_key_derive(&a->keys[i],
						   &a->secrets[i]));
	}
	must(zknym_master_new(&a->master, &a->commitments[0], &rng));
}

void authorities_free(struct authorities *a)
{
	zknym_master_free(a->master);
	zknym_wipe(a, sizeof(*a));
}

uint32_t book_date(const struct book *book, unsigned int slot)
{
	return book->expiration - (ZKNYM_VALIDITY_DAYS - 1 - slot) * ZKNYM_DAY;
}

void book_signatures(struct book *book, const struct authorities *a,
		     const unsigned int *signers, unsigned int first,
		     unsigned int last)
{
	const struct zknym_verification_key *master = zknym_master_key(
		a->master);
	struct zknym_signature shares[AUTHORITIES_MAX];
	uint64_t indices[AUTHORITIES_MAX];
	unsigned int i, j;

	for (j = 0; j < a->threshold; j++)
		indices[j] = signers[j] + 1;
	for (i = first; i <= last; i++) {
		for (j = 0; j < a->threshold; j++)
			must(zknym_index_sign(&shares[j],
					      &a->secrets[signers[j]], master,
					      i));
		must(zknym_signature_aggregate(&book->indices[i], shares,
					       indices, a->threshold,
					       a->threshold));
	}
	for (i = 0; i < ZKNYM_VALIDITY_DAYS; i++) {
		for (j = 0; j < a->threshold; j++)
			must(zknym_date_sign(&shares[j],
					     &a->secrets[signers[j]],
					     book->expiration,
					     book_date(book, i)));
		must(zknym_signature_aggregate(&book->dates[i], shares, indices,
					       a->threshold, a->threshold));
	}
}

void book_withdraw(struct book *book, const struct authorities *a,
		   const unsigned int *signers, struct generator *g)
{
	struct zknym_partial_wallet partials[AUTHORITIES_MAX];
	uint8_t request[ZKNYM_REQUEST_SIZE];
	uint8_t blinded[ZKNYM_SIGNATURE_SIZE];
	uint8_t user[ZKNYM_USER_PUBLIC_SIZE];
	struct zknym_rng rng = generator_rng(g);
	struct zknym_request_secret secret;
	unsigned int j;

	zknym_user_public(user, &book->user);
	must(zknym_request(request, &secret, &book->user, book->expiration,
			   book->type, &rng));
	for (j = 0; j < a->threshold; j++) {
		must(zknym_issue(blinded, &a->secrets[signers[j]], request,
				 sizeof(request), user, book->expiration,
				 book->type));
		must(zknym_unblind(&partials[j], blinded, sizeof(blinded),
				   &secret, &book->user, &a->keys[signers[j]],
				   signers[j] + 1));
	}
	must(zknym_wallet_aggregate(&book->wallet, partials, a->threshold,
				    a->threshold, &book->user,
				    zknym_master_key(a->master)));
}

int book_spend(struct spent_ticket *ticket, const struct book *book,
	       const struct authorities *a, unsigned int slot,
	       unsigned int first, unsigned int coins, enum zknym_form form,
	       struct generator *g)
{
	struct zknym_rng rng = generator_rng(g);
	struct zknym_spending spending = {
		.master = a->master,
		.user = &book->user,
		.wallet = &book->wallet,
		.first = first,
		.coins = coins,
		.form = form,
		.indices = book->indices,
		.date = &book->dates[slot],
		.spend_date = book_date(book, slot),
	};
	uint8_t provider[ZKNYM_PROVIDER_SIZE];

	generator_fill(g, provider, sizeof(provider));
	must(zknym_pay_info(ticket->pay_info, spending.spend_date + 43200,
			    provider, &rng));
	spending.pay_info = ticket->pay_info;
	ticket->spend_date = spending.spend_date;
	return zknym_spend(ticket->payment, sizeof(ticket->payment),
			   &ticket->len, &spending, &rng);
}

bool long_tests(void)
{
	const char *value = getenv("ZKNYM_LONG");

	return value && *value && strcmp(value, "0");
}
