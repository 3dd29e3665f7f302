// SPDX-License-Identifier: GPL-2.0-or-later
/* Three authorities, any two of which issue; a user; two gateways. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zknym.h>

static struct zknym_signature indices[ZKNYM_TICKETS], date;
static struct zknym_master *master;
static struct zknym_user user;
static struct zknym_wallet wallet;
static uint32_t today, end;
static clock_t last;

/* Reports a step with its size and time; an error ends the program. */
static void step(const char *what, size_t size, int error)
{
	printf("%-33s %5zu bytes %7.2f ms\n", what, size,
	       1e3 * (double)(clock() - last) / CLOCKS_PER_SEC);
	if (error)
		errx(1, "%s", zknym_strerror(error));
	last = clock();
}

static void spend(struct zknym_spent *spent, int64_t now, const uint8_t *gate)
{
	struct zknym_ticket t = { .spend_date = today };
	struct zknym_spending s = {
		master, &user,	 &wallet, 0,	 1,
		0,	indices, &date,	  today, t.pay_info
	};
	struct zknym_acceptance accepted = { gate, now, 1 << 2, -1 };
	struct zknym_payment *p = zknym_payment_new(1);
	uint8_t payment[1190], bytes[1278];
	size_t len;

	zknym_pay_info(t.pay_info, now, gate, NULL);
	step("user: spend", 1190, zknym_spend(payment, 1190, &len, &s, NULL));
	zknym_ticket_encode(bytes, 1278, &len, &t, payment, len);
	step("gateway: decode", len,
	     zknym_ticket_decode(&t, p, bytes, len, 1, ZKNYM_FORM_RK));
	step("gateway: mine?", len, zknym_ticket_check(&t, p, &accepted));
	step("gateway: verify", len,
	     zknym_verify(master, p, t.pay_info, t.spend_date, NULL));
	zknym_payment_spent(spent, p, 0, t.pay_info);
	zknym_payment_free(p);
}

int main(void)
{
	const uint8_t gates[2][32] = { "first", "second" };
	struct zknym_signature index_part[2], date_part[2];
	const uint64_t signers[2] = { 1, 2 };
	uint8_t request[397], answer[96], pk[48], found[48];
	struct zknym_partial_wallet part[2];
	struct zknym_request_secret secret;
	struct zknym_verification_key commitments[2], key;
	struct zknym_secret_key shares[3];
	struct zknym_spent spent[2];
	time_t now = time(NULL);
	unsigned int i;

	step("everybody: today", 0,
	     zknym_date(now, &today) || zknym_expiration(now, &end));
	step("dealer", 3 * 168, zknym_deal(shares, commitments, 2, 3, NULL));
	for (i = 0; i < 3; i++)
		step("authority: check its share", 168,
		     zknym_share_verify(&shares[i], i + 1, commitments, 2));
	step("master key", 680, zknym_master_new(&master, commitments, NULL));
	for (i = 0; i < 2; i++) { /* the first of 50 indices is enough here */
		zknym_index_sign(&index_part[i], &shares[i], commitments, 0);
		zknym_date_sign(&date_part[i], &shares[i], end, today);
	}
	zknym_signature_aggregate(&indices[0], index_part, signers, 2, 2);
	zknym_signature_aggregate(&date, date_part, signers, 2, 2);
	step("user: key", sizeof(pk), zknym_user_generate(&user, NULL));
	zknym_user_public(pk, &user);
	step("user: request 50 tickets", 397,
	     zknym_request(request, &secret, &user, end, 2, NULL));
	for (i = 0; i < 2; i++) {
		step("authority: verify, sign blindly", 96,
		     zknym_issue(answer, &shares[i], request, 397, pk, end, 2));
		zknym_commitments_evaluate(&key, i + 1, commitments, 2);
		step("user: unblind, check", 200,
		     zknym_unblind(&part[i], answer, 96, &secret, &user, &key,
				   i + 1));
	}
	step("user: aggregate, check", 141,
	     zknym_wallet_aggregate(&wallet, part, 2, 2, &user, commitments));
	for (i = 0; i < 2; i++) /* dishonestly, the same ticket */
		spend(&spent[i], now, gates[i]);
	step("authorities: identify", sizeof(found),
	     zknym_identify(found, &spent[0], &spent[1]));
	zknym_master_free(master);
	if (memcmp(found, pk, sizeof(pk)))
		errx(1, "not the user");
	puts("The double spender is the user");
}
