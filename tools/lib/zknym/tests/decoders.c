// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "decoders.h"

/* What a request must come with to be accepted. */
static struct {
	uint8_t user[ZKNYM_USER_PUBLIC_SIZE];
	uint32_t expiration;
	uint8_t type;
} asked;

int recode_secret_key(const uint8_t *in, size_t len, uint8_t *out,
		      size_t *out_len)
{
	struct zknym_secret_key key;
	int err = zknym_secret_key_decode(&key, in, len);

	return err ? err :
		     zknym_secret_key_encode(out, ENCODING_MAX, out_len, &key);
}

int recode_verification_key(const uint8_t *in, size_t len, uint8_t *out,
			    size_t *out_len)
{
	struct zknym_verification_key key;
	int err = zknym_verification_key_decode(&key, in, len);

	return err ? err :
		     zknym_verification_key_encode(out, ENCODING_MAX, out_len,
						   &key);
}

int recode_user(const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
	struct zknym_user user;
	int err = zknym_user_decode(&user, in, len);

	if (!err)
		zknym_user_encode(out, &user);
	*out_len = ZKNYM_USER_SECRET_SIZE;
	return err;
}

/* The text form of a public key, and the point inside. */
int recode_base58(const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
	uint8_t key[ZKNYM_USER_PUBLIC_SIZE];
	char *text = malloc(len + 1);
	int err;

	if (!text)
		return ZKNYM_E_MEMORY;
	memcpy(text, in, len);
	text[len] = '\0';
	/* A NUL inside would hide the rest. */
	err = strlen(text) == len ?
		      zknym_base58_decode(key, sizeof(key), text) :
		      ZKNYM_E_FORMAT;
	if (!err)
		err = zknym_base58_encode((char *)out, ENCODING_MAX, key,
					  sizeof(key));
	if (!err)
		*out_len = strlen((char *)out);
	free(text);
	/* Whether it is a key is another question; it must not go wrong. */
	if (!err)
		(void)zknym_user_public_check(key, sizeof(key));
	return err;
}

static struct encoding *encoding(const char *name)
{
	size_t i;

	for (i = 0; i < encodings_count; i++)
		if (!strcmp(encodings[i].name, name))
			return &encodings[i];
	abort();
}

/* A request is not kept, but verified: only the one that was made passes. */
int recode_request(const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
	int err = zknym_request_verify(in, len, asked.user, asked.expiration,
				       asked.type);
	const struct encoding *made = encoding("request");

	if (!err) {
		memcpy(out, made->sample, made->len);
		*out_len = made->len;
	}
	return err;
}

int recode_request_secret(const uint8_t *in, size_t len, uint8_t *out,
			  size_t *out_len)
{
	struct zknym_request_secret secret;
	int err = zknym_request_secret_decode(&secret, in, len);

	if (!err)
		zknym_request_secret_encode(out, &secret);
	*out_len = ZKNYM_REQUEST_SECRET_SIZE;
	return err;
}

int recode_signature(const uint8_t *in, size_t len, uint8_t *out,
		     size_t *out_len)
{
	struct zknym_signature signature;
	int err = zknym_signature_decode(&signature, in, len);

	if (!err)
		zknym_signature_encode(out, &signature);
	*out_len = ZKNYM_SIGNATURE_SIZE;
	return err;
}

int recode_partial_wallet(const uint8_t *in, size_t len, uint8_t *out,
			  size_t *out_len)
{
	struct zknym_partial_wallet partial;
	int err = zknym_partial_wallet_decode(&partial, in, len);

	if (!err)
		zknym_partial_wallet_encode(out, &partial);
	*out_len = ZKNYM_PARTIAL_WALLET_SIZE;
	return err;
}

int recode_wallet(const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
	struct zknym_wallet wallet;
	int err = zknym_wallet_decode(&wallet, in, len);

	if (err)
		return err;
	*out_len = len;
	if (len == ZKNYM_WALLET_SIZE)
		zknym_wallet_encode(out, &wallet);
	else
		zknym_wallet_signatures_encode(out, &wallet);
	return ZKNYM_OK;
}

/* One object for all payments, as a gateway would have. */
static struct zknym_payment *payment(void)
{
	static struct zknym_payment *p;

	if (!p)
		p = zknym_payment_new(1);
	if (!p)
		abort();
	return p;
}

static int recode_either(const uint8_t *in, size_t len, uint8_t *out,
			 size_t *out_len, enum zknym_form form)
{
	int err = zknym_payment_decode(payment(), in, len, 1, form);

	return err ? err :
		     zknym_payment_encode(out, ENCODING_MAX, out_len,
					  payment());
}

int recode_payment(const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
	return recode_either(in, len, out, out_len, ZKNYM_FORM_RK);
}

int recode_payment_compat(const uint8_t *in, size_t len, uint8_t *out,
			  size_t *out_len)
{
	return recode_either(in, len, out, out_len, ZKNYM_FORM_COMPAT);
}

static int recode_any_ticket(const uint8_t *in, size_t len, uint8_t *out,
			     size_t *out_len, enum zknym_form form)
{
	uint8_t bytes[ENCODING_MAX];
	struct zknym_ticket ticket;
	size_t bytes_len;
	int err = zknym_ticket_decode(&ticket, payment(), in, len, 1, form);

	if (!err)
		err = zknym_payment_encode(bytes, sizeof(bytes), &bytes_len,
					   payment());
	return err ? err :
		     zknym_ticket_encode(out, ENCODING_MAX, out_len, &ticket,
					 bytes, bytes_len);
}

int recode_ticket(const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
	return recode_any_ticket(in, len, out, out_len, ZKNYM_FORM_RK);
}

int recode_ticket_compat(const uint8_t *in, size_t len, uint8_t *out,
			 size_t *out_len)
{
	return recode_any_ticket(in, len, out, out_len, ZKNYM_FORM_COMPAT);
}

static int recode_frame(const uint8_t *in, size_t len, uint8_t *out,
			size_t *out_len, enum zknym_framing framing,
			enum zknym_form form)
{
	struct zknym_frame frame = { .framing = framing };
	uint8_t bytes[ENCODING_MAX];
	struct zknym_ticket ticket;
	size_t bytes_len;
	int err = zknym_frame_decode(&frame, &ticket, payment(), in, len, 1,
				     form);

	if (!err)
		err = zknym_payment_encode(bytes, sizeof(bytes), &bytes_len,
					   payment());
	return err ? err :
		     zknym_frame_encode(out, ENCODING_MAX, out_len, &frame,
					&ticket, bytes, bytes_len);
}

#define FRAME(name, framing, form)                                         \
	int recode_##name(const uint8_t *in, size_t len, uint8_t *out,     \
			  size_t *out_len)                                 \
	{                                                                  \
		return recode_frame(in, len, out, out_len, framing, form); \
	}
FRAME(serde, ZKNYM_FRAMING_SERDE, ZKNYM_FORM_RK)
FRAME(credential, ZKNYM_FRAMING_CREDENTIAL, ZKNYM_FORM_RK)
FRAME(claim, ZKNYM_FRAMING_CLAIM, ZKNYM_FORM_RK)
FRAME(lp_finalise, ZKNYM_FRAMING_LP_FINALISE, ZKNYM_FORM_RK)
FRAME(option_claim, ZKNYM_FRAMING_OPTION_CLAIM, ZKNYM_FORM_RK)
FRAME(option_serde, ZKNYM_FRAMING_OPTION_SERDE, ZKNYM_FORM_RK)
FRAME(top_up, ZKNYM_FRAMING_TOP_UP, ZKNYM_FORM_RK)
FRAME(claim_compat, ZKNYM_FRAMING_CLAIM, ZKNYM_FORM_COMPAT)

#define ENCODING(encoding, function, count)                              \
	{                                                                \
		.name = encoding, .recode = function, .mutations = count \
	}

struct encoding encodings[] = {
	ENCODING("secret-key", recode_secret_key, 140000),
	ENCODING("verification-key", recode_verification_key, 30000),
	ENCODING("user", recode_user, 100000),
	ENCODING("base58", recode_base58, 140000),
	ENCODING("request", recode_request, 40000),
	ENCODING("request-secret", recode_request_secret, 140000),
	ENCODING("signature", recode_signature, 100000),
	ENCODING("partial-wallet", recode_partial_wallet, 80000),
	ENCODING("wallet", recode_wallet, 80000),
	ENCODING("wallet-signatures", recode_wallet, 80000),
	ENCODING("payment", recode_payment, 60000),
	ENCODING("payment-compat", recode_payment_compat, 30000),
	ENCODING("ticket", recode_ticket, 60000),
	ENCODING("ticket-compat", recode_ticket_compat, 30000),
	ENCODING("serde", recode_serde, 30000),
	ENCODING("credential", recode_credential, 30000),
	ENCODING("claim", recode_claim, 30000),
	ENCODING("claim-compat", recode_claim_compat, 30000),
	ENCODING("lp-finalise", recode_lp_finalise, 30000),
	ENCODING("option-claim", recode_option_claim, 30000),
	ENCODING("option-serde", recode_option_serde, 30000),
	ENCODING("top-up", recode_top_up, 30000),
};

const size_t encodings_count = sizeof(encodings) / sizeof(*encodings);

static void sample_keys(const struct authorities *a, const struct book *book)
{
	struct encoding *e = encoding("secret-key");

	must(zknym_secret_key_encode(e->sample, sizeof(e->sample), &e->len,
				     &a->secrets[0]));
	e = encoding("verification-key");
	must(zknym_verification_key_encode(e->sample, sizeof(e->sample),
					   &e->len, &a->keys[0]));
	e = encoding("user");
	zknym_user_encode(e->sample, &book->user);
	e->len = ZKNYM_USER_SECRET_SIZE;
	e = encoding("base58");
	must(zknym_base58_encode((char *)e->sample, sizeof(e->sample),
				 asked.user, sizeof(asked.user)));
	e->len = strlen((char *)e->sample);
	e = encoding("signature");
	zknym_signature_encode(e->sample, &book->indices[0]);
	e->len = ZKNYM_SIGNATURE_SIZE;
}

static void sample_withdrawal(const struct authorities *a,
			      const struct book *book, struct generator *g)
{
	struct zknym_rng rng = generator_rng(g);
	struct zknym_request_secret secret;
	struct zknym_partial_wallet partial;
	uint8_t blinded[ZKNYM_SIGNATURE_SIZE];
	struct encoding *e = encoding("request");

	must(zknym_request(e->sample, &secret, &book->user, book->expiration,
			   book->type, &rng));
	e->len = ZKNYM_REQUEST_SIZE;
	must(zknym_issue(blinded, &a->secrets[0], e->sample, e->len, asked.user,
			 asked.expiration, asked.type));
	must(zknym_unblind(&partial, blinded, sizeof(blinded), &secret,
			   &book->user, &a->keys[0], 1));
	e = encoding("request-secret");
	zknym_request_secret_encode(e->sample, &secret);
	e->len = ZKNYM_REQUEST_SECRET_SIZE;
	e = encoding("partial-wallet");
	zknym_partial_wallet_encode(e->sample, &partial);
	e->len = ZKNYM_PARTIAL_WALLET_SIZE;
	e = encoding("wallet");
	zknym_wallet_encode(e->sample, &book->wallet);
	e->len = ZKNYM_WALLET_SIZE;
	e = encoding("wallet-signatures");
	zknym_wallet_signatures_encode(e->sample, &book->wallet);
	e->len = ZKNYM_WALLET_SIGNATURES_SIZE;
}

static void sample_tickets(const struct authorities *a, const struct book *book,
			   struct generator *g)
{
	static const struct {
		const char *name;
		enum zknym_framing framing;
		enum zknym_form form;
	} frames[] = {
		{ "serde", ZKNYM_FRAMING_SERDE, ZKNYM_FORM_RK },
		{ "credential", ZKNYM_FRAMING_CREDENTIAL, ZKNYM_FORM_RK },
		{ "claim", ZKNYM_FRAMING_CLAIM, ZKNYM_FORM_RK },
		{ "claim-compat", ZKNYM_FRAMING_CLAIM, ZKNYM_FORM_COMPAT },
		{ "lp-finalise", ZKNYM_FRAMING_LP_FINALISE, ZKNYM_FORM_RK },
		{ "option-claim", ZKNYM_FRAMING_OPTION_CLAIM, ZKNYM_FORM_RK },
		{ "option-serde", ZKNYM_FRAMING_OPTION_SERDE, ZKNYM_FORM_RK },
		{ "top-up", ZKNYM_FRAMING_TOP_UP, ZKNYM_FORM_RK },
	};
	struct spent_ticket t[2];
	struct zknym_ticket ticket;
	struct encoding *e;
	size_t i;

	for (i = 0; i < 2; i++) {
		e = encoding(i ? "payment-compat" : "payment");
		must(book_spend(&t[i], book, a, 3, 0, 1,
				i ? ZKNYM_FORM_COMPAT : ZKNYM_FORM_RK, g));
		memcpy(e->sample, t[i].payment, t[i].len);
		e->len = t[i].len;
		memcpy(ticket.pay_info, t[i].pay_info, sizeof(ticket.pay_info));
		ticket.spend_date = t[i].spend_date;
		ticket.epoch = 7;
		e = encoding(i ? "ticket-compat" : "ticket");
		must(zknym_ticket_encode(e->sample, sizeof(e->sample), &e->len,
					 &ticket, t[i].payment, t[i].len));
	}
	for (i = 0; i < sizeof(frames) / sizeof(*frames); i++) {
		const struct spent_ticket *s =
			&t[frames[i].form == ZKNYM_FORM_COMPAT];
		struct zknym_frame frame = {
			.framing = frames[i].framing,
			.time = s->spend_date,
		};

		e = encoding(frames[i].name);
		memcpy(ticket.pay_info, s->pay_info, sizeof(ticket.pay_info));
		/* Each size of epoch number is met in some frame. */
		ticket.epoch = 7ULL << (8 * i);
		must(zknym_frame_encode(e->sample, sizeof(e->sample), &e->len,
					&frame, &ticket, s->payment, s->len));
	}
}

void encodings_init(void)
{
	static const unsigned int signers[] = { 0 };
	struct generator g = { 42 };
	struct zknym_rng rng = generator_rng(&g);
	struct authorities a;
	struct book book;

	authorities_init(&a, 1, 1, &g);
	must(zknym_user_generate(&book.user, &rng));
	book.expiration = 20600U * ZKNYM_DAY;
	book.type = 2;
	book_signatures(&book, &a, signers, 0, 0);
	book_withdraw(&book, &a, signers, &g);
	zknym_user_public(asked.user, &book.user);
	asked.expiration = book.expiration;
	asked.type = book.type;
	sample_keys(&a, &book);
	sample_withdrawal(&a, &book, &g);
	sample_tickets(&a, &book, &g);
	authorities_free(&a);
}
