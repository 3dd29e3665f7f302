// SPDX-License-Identifier: GPL-2.0-or-later
/* Three authorities, any two of which issue; a user; two gateways. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zknym.h>

/* Reports a step with its size and time; an error ends the program. */
static void step(const char *what, size_t size, int error)
{
	static clock_t begun;

	printf("%-38s %5zu bytes %7.2f ms  %s\n", what, size,
	       1e3 * (double)(clock() - begun) / CLOCKS_PER_SEC, zknym_strerror(error));
	if (error)
		exit(EXIT_FAILURE);
	begun = clock();
}

int main(void)
{
	static const uint8_t gateways[2][ZKNYM_PROVIDER_SIZE] = { "first", "second" };
	static const uint64_t signers[2] = { 1, 3 };
	uint8_t request[ZKNYM_REQUEST_SIZE], blinded[ZKNYM_SIGNATURE_SIZE];
	uint8_t payment[ZKNYM_PAYMENT_SIZE(1)], bytes[ZKNYM_TICKET_SIZE(1)];
	uint8_t key[ZKNYM_USER_PUBLIC_SIZE], found[ZKNYM_USER_PUBLIC_SIZE];
	struct zknym_signature index[2], dates[2], indices[ZKNYM_TICKETS], date;
	struct zknym_verification_key commitments[2], keys[3];
	struct zknym_payment *decoded = zknym_payment_new(1);
	struct zknym_partial_wallet partials[2];
	struct zknym_request_secret secret;
	struct zknym_secret_key shares[3];
	struct zknym_master *master;
	struct zknym_wallet wallet;
	struct zknym_ticket ticket = { .epoch = 1 };
	struct zknym_spent spent[2];
	struct zknym_user user;
	time_t now = time(NULL);
	unsigned int i, j, first;
	size_t payment_len, len;
	uint32_t end;

	zknym_init();
	step("everybody: constant tables", 0, zknym_expiration(now, &end));
	step("dealer: three shares", 168, zknym_deal(shares, commitments, 2, 3, NULL));
	for (i = 0; i < 3; i++) {
		step("authority: check the share", 168,
		     zknym_share_verify(&shares[i], i + 1, commitments, 2));
		step("authority: verification key", 680,
		     zknym_verification_key_derive(&keys[i], &shares[i]));
	}
	step("everybody: prepare the master key", 680,
	     zknym_master_new(&master, &commitments[0], NULL));
	step("user: key", sizeof(key), zknym_user_generate(&user, NULL));
	zknym_user_public(key, &user);
	step("user: request 50 tickets", sizeof(request),
	     zknym_request(request, &secret, &user, end, 2, NULL));
	for (i = 0; i < 2; i++) {
		j = (unsigned int)signers[i] - 1;
		step("authority: verify, sign blindly", sizeof(blinded),
		     zknym_issue(blinded, &shares[j], request, sizeof(request), key, end, 2));
		step("user: unblind, check", ZKNYM_PARTIAL_WALLET_SIZE,
		     zknym_unblind(&partials[i], blinded, sizeof(blinded), &secret, &user,
				   &keys[j], j + 1));
	}
	step("user: aggregate, check", ZKNYM_WALLET_SIZE,
	     zknym_wallet_aggregate(&wallet, partials, 2, 2, &user, &commitments[0]));
	zknym_date(now, &ticket.spend_date);
	for (i = 0; i < ZKNYM_TICKETS; i++) {
		for (j = 0; j < 2; j++) {
			zknym_index_sign(&index[j], &shares[signers[j] - 1], &commitments[0], i);
			zknym_date_sign(&dates[j], &shares[signers[j] - 1], end, ticket.spend_date);
		}
		zknym_signature_aggregate(&indices[i], index, signers, 2, 2);
	}
	step("authorities: sign all indices and today", 51 * ZKNYM_SIGNATURE_SIZE,
	     zknym_signature_aggregate(&date, dates, signers, 2, 2));
	zknym_wallet_take(&wallet, 1, &first);
	for (i = 0; i < 2; i++) {	/* dishonestly, the same ticket twice */
		zknym_pay_info(ticket.pay_info, now, gateways[i], NULL);
		step("user: spend", sizeof(payment), zknym_spend(payment, sizeof(payment),
			&payment_len, &(struct zknym_spending){ master, &user, &wallet, first, 1,
			ZKNYM_FORM_RK, indices, &date, ticket.spend_date, ticket.pay_info }, NULL));
		zknym_ticket_encode(bytes, sizeof(bytes), &len, &ticket, payment, payment_len);
		step("gateway: decode", len, zknym_ticket_decode(&ticket, decoded, bytes, len, 1,
								 ZKNYM_FORM_RK));
		step("gateway: for me, today?", len, zknym_ticket_check(&ticket, decoded,
			&(struct zknym_acceptance){ gateways[i], now, 1 << 2, -1 }));
		step("gateway: verify", len, zknym_verify(master, decoded, ticket.pay_info,
							  ticket.spend_date, NULL));
		zknym_payment_spent(&spent[i], decoded, 0, ticket.pay_info);
	}
	step("authorities: identify", sizeof(found), zknym_identify(found, &spent[0], &spent[1]));
	printf("The double spender %s\n", memcmp(found, key, sizeof(key)) ? "escaped" : "is the user");
	zknym_payment_free(decoded);
	zknym_master_free(master);
}
