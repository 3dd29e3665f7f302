/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user who cheats: makes requests and payments whose proof is wrong in one
 * place only. Each value that an honest user uses in several places can here
 * be another one in each place.
 */
#ifndef CHEAT_H
#define CHEAT_H

#include <blst.h>

#include "fixture.h"

/* Values in a payment's statement; responses are made for those in "proof". */
struct cheat_payment {
	struct {
		blst_fr sk, v, expiration;
	} kappa;
	struct {
		blst_fr expiration;
	} kappa_e;
	struct {
		blst_fr v;
	} c;
	struct {
		blst_fr l;
	} kappa_k, a;
	struct {
		blst_fr mu;
	} serial;
	struct {
		blst_fr sk, mu, pay_info_hash;
	} tag;
	struct {
		blst_fr sk, v, expiration, l, mu;
	} proof;
};

/* All honest, for ticket @index of @book. */
void cheat_payment_init(struct cheat_payment *cheat, const struct book *book,
			unsigned int index,
			const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE]);
/* mu = 1 / (v + l + 1) of the values in the proof, in all places. */
void cheat_payment_set_mu(struct cheat_payment *cheat);

/*
 * The payment, with the signatures @index and @date; form r_k, one coin.
 * ticket->pay_info and ticket->spend_date are used as they are.
 */
void cheat_payment(struct spent_ticket *ticket,
		   const struct cheat_payment *cheat, const struct book *book,
		   const struct authorities *a,
		   const struct zknym_signature *index,
		   const struct zknym_signature *date, struct generator *g);

struct cheat_request {
	struct {
		blst_fr o, sk, v;
	} com, proof;
	struct {
		blst_fr o, m;
	} c1, c2, c1_proof, c2_proof;
	blst_fr user;
	bool other_h;
};

void cheat_request_init(struct cheat_request *cheat, const struct book *book,
			struct generator *g);
/* The request and the public key that goes with it. */
void cheat_request(uint8_t request[ZKNYM_REQUEST_SIZE],
		   uint8_t user[ZKNYM_USER_PUBLIC_SIZE],
		   const struct cheat_request *cheat, const struct book *book,
		   struct generator *g);

#endif
