// SPDX-License-Identifier: GPL-2.0-or-later
/* Every length, count, range and rule of the encodings, one by one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec.h"
#include "decoders.h"
#include "ktap.h"
#include "params.h"
#include "payment.h"
#include "scalar.h"

static const uint8_t order_of_group[32] = {
	0x01, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xfe, 0x5b, 0xfe,
	0xff, 0x02, 0xa4, 0xbd, 0x53, 0x05, 0xd8, 0xa1, 0x09, 0x08, 0xd8,
	0x39, 0x33, 0x48, 0x7d, 0x9d, 0x29, 0x53, 0xa7, 0xed, 0x73,
};

static const struct encoding *encoding(const char *name)
{
	size_t i;

	for (i = 0; i < encodings_count; i++)
		if (!strcmp(encodings[i].name, name))
			return &encodings[i];
	abort();
}

static void test_errors(void)
{
	int i, j;

	for (i = 0; i < ZKNYM_ERRORS; i++) {
		EXPECT(zknym_strerror(i) && *zknym_strerror(i));
		EXPECT(i == 0 || !strncmp(zknym_error_name(i), "E_", 2));
		for (j = 0; j < i; j++) {
			EXPECT(strcmp(zknym_strerror(i), zknym_strerror(j)));
			EXPECT(strcmp(zknym_error_name(i),
				      zknym_error_name(j)));
		}
	}
	EXPECT(zknym_strerror(-1) == zknym_strerror(ZKNYM_ERRORS));
	EXPECT(zknym_error_name(-1) == zknym_error_name(ZKNYM_ERRORS));
}

static void test_dates(void)
{
	uint32_t date;

	EXPECT_OK(zknym_date(0, &date));
	EXPECT(date == 0);
	EXPECT_OK(zknym_date(86399, &date));
	EXPECT(date == 0);
	EXPECT_OK(zknym_date(86400, &date));
	EXPECT(date == 86400);
	EXPECT_OK(zknym_date(UINT32_MAX, &date));
	EXPECT(date == 49710U * 86400U);
	EXPECT_ERROR(zknym_date(-1, &date), ZKNYM_E_DATE);
	EXPECT_ERROR(zknym_date((int64_t)UINT32_MAX + 1, &date), ZKNYM_E_DATE);
	EXPECT_ERROR(zknym_date(INT64_MIN, &date), ZKNYM_E_DATE);
	EXPECT_ERROR(zknym_date(INT64_MAX, &date), ZKNYM_E_DATE);
	EXPECT_OK(zknym_expiration(86399, &date));
	EXPECT(date == 6 * 86400);
	EXPECT_ERROR(zknym_expiration(UINT32_MAX, &date), ZKNYM_E_DATE);
	EXPECT_ERROR(zknym_expiration(INT64_MAX, &date), ZKNYM_E_DATE);
}

static int decode_payment(const uint8_t *in, size_t len, enum zknym_form form)
{
	struct zknym_payment *p = zknym_payment_new(1);
	int err = zknym_payment_decode(p, in, len, 1, form);

	zknym_payment_free(p);
	return err;
}

/* The offsets of ZKN 5.3, written down once more. */
static const struct {
	size_t at;
	uint8_t byte;
} rk_structure[] = {
	{ 0, 96 },    { 97, 96 },   { 194, 48 }, { 243, 48 },  { 292, 48 },
	{ 341, 48 },  { 390, 1 },   { 391, 96 }, { 488, 1 },   { 489, 48 },
	{ 538, 48 },  { 587, 1 },   { 588, 48 }, { 637, 1 },   { 638, 48 },
	{ 687, 1 },   { 688, 48 },  { 738, 48 }, { 788, 32 },  { 821, 32 },
	{ 854, 32 },  { 887, 1 },   { 888, 32 }, { 921, 1 },   { 922, 32 },
	{ 955, 1 },   { 956, 32 },  { 989, 32 }, { 1022, 1 },  { 1023, 32 },
	{ 1056, 1 },  { 1057, 32 }, { 1090, 3 }, { 1091, 32 }, { 1124, 32 },
	{ 1157, 32 },
};

static void test_payment_structure(void)
{
	const struct encoding *e = encoding("payment");
	uint8_t bytes[ENCODING_MAX];
	unsigned int value;
	size_t i;

	memcpy(bytes, e->sample, e->len);
	EXPECT_OK(decode_payment(bytes, e->len, ZKNYM_FORM_RK));
	for (i = 0; i < sizeof(rk_structure) / sizeof(*rk_structure); i++) {
		size_t at = rk_structure[i].at;

		for (value = 0; value < 256; value++) {
			bytes[at] = (uint8_t)value;
			EXPECT_ERROR(decode_payment(bytes, e->len,
						    ZKNYM_FORM_RK),
				     value == rk_structure[i].byte ?
					     ZKNYM_OK :
				     at == 887 && !value ?
					     ZKNYM_E_UNBOUND_INDEX :
					     ZKNYM_E_FORMAT);
			/* The decode of what is right takes its time. */
			if (value > 4 && value < 250)
				value += 16;
		}
		bytes[at] = rk_structure[i].byte;
	}
	for (value = 0; value < 256; value++) {
		bytes[737] = (uint8_t)value;
		EXPECT_ERROR(decode_payment(bytes, e->len, ZKNYM_FORM_RK),
			     value == 1	 ? ZKNYM_OK :
			     value < 251 ? ZKNYM_E_VALUE :
					   ZKNYM_E_FORMAT);
	}
}

static void test_payment_lengths(void)
{
	const struct encoding *e = encoding("payment");
	const struct encoding *compat = encoding("payment-compat");
	uint8_t bytes[ENCODING_MAX] = { 0 };
	struct zknym_payment *p;
	size_t len;

	memcpy(bytes, e->sample, e->len);
	for (len = 0; len < 1300; len++)
		if (len != 1190 && len != 1157)
			EXPECT_ERROR(decode_payment(bytes, len, ZKNYM_FORM_RK),
				     ZKNYM_E_LENGTH);
	/* 33 bytes cut off the right form do not make the compat form. */
	EXPECT_ERROR(decode_payment(bytes, 1157, ZKNYM_FORM_RK),
		     ZKNYM_E_FORMAT);
	EXPECT_ERROR(decode_payment(compat->sample, 1157, ZKNYM_FORM_RK),
		     ZKNYM_E_UNBOUND_INDEX);
	EXPECT_ERROR(decode_payment(compat->sample, 1156, ZKNYM_FORM_COMPAT),
		     ZKNYM_E_LENGTH);
	EXPECT_OK(decode_payment(compat->sample, 1157, ZKNYM_FORM_COMPAT));
	/* What was decoded before does not survive a failure. */
	p = zknym_payment_new(1);
	EXPECT(!zknym_payment_serial(p, 0) && !zknym_payment_tag(p, 0));
	EXPECT_OK(zknym_payment_decode(p, e->sample, e->len, 1, ZKNYM_FORM_RK));
	EXPECT(zknym_payment_serial(p, 0) && !zknym_payment_serial(p, 1));
	EXPECT_ERROR(zknym_payment_decode(p, e->sample, 1189, 1, ZKNYM_FORM_RK),
		     ZKNYM_E_LENGTH);
	EXPECT(!zknym_payment_coins(p) && !zknym_payment_serial(p, 0));
	EXPECT_ERROR(zknym_verify(NULL, p, bytes, 0, NULL), ZKNYM_E_VALUE);
	EXPECT_ERROR(zknym_payment_encode(bytes, sizeof(bytes), &len, p),
		     ZKNYM_E_RANGE);
	zknym_payment_free(p);
	EXPECT(!zknym_payment_new(0));
	EXPECT(!zknym_payment_new(51));
	zknym_payment_free(NULL);
}

static void test_payment_scalars(void)
{
	static const size_t at[] = { 788, 821,	854,  888,  922,  956,
				     989, 1023, 1057, 1091, 1124, 1157 };
	const struct encoding *e = encoding("payment");
	uint8_t bytes[ENCODING_MAX];
	size_t i;

	memcpy(bytes, e->sample, e->len);
	for (i = 0; i < sizeof(at) / sizeof(*at); i++) {
		memcpy(bytes + at[i] + 1, order_of_group, 32);
		EXPECT_ERROR(decode_payment(bytes, e->len, ZKNYM_FORM_RK),
			     ZKNYM_E_SCALAR);
		bytes[at[i] + 1]--;
		EXPECT_OK(decode_payment(bytes, e->len, ZKNYM_FORM_RK));
		memset(bytes + at[i] + 1, 0xff, 32);
		EXPECT_ERROR(decode_payment(bytes, e->len, ZKNYM_FORM_RK),
			     ZKNYM_E_SCALAR);
		memset(bytes + at[i] + 1, 0, 32);
		EXPECT_OK(decode_payment(bytes, e->len, ZKNYM_FORM_RK));
		memcpy(bytes, e->sample, e->len);
	}
}

/* Ways to write no point of the group, each with its error. */
static const struct {
	const char *what;
	uint8_t head, middle, tail;
	int error;
} bad_points[] = {
	{ "infinity", 0xc0, 0, 0, ZKNYM_E_INFINITY },
	{ "infinity with a sign", 0xe0, 0, 0, ZKNYM_E_POINT },
	{ "infinity with a rest", 0xc0, 0, 1, ZKNYM_E_POINT },
	{ "infinity not compressed", 0x40, 0, 0, ZKNYM_E_POINT },
	{ "no flag", 0x00, 0, 4, ZKNYM_E_POINT },
	{ "x of p or more", 0x9f, 0xff, 0xff, ZKNYM_E_POINT },
	{ "x = 1, not on the curve", 0x80, 0, 1, ZKNYM_E_POINT },
	{ "x = 4, not in the subgroup", 0x80, 0, 4, ZKNYM_E_POINT },
};

static void test_payment_points(void)
{
	static const struct {
		size_t at, size;
	} points[] = {
		{ 0, 96 },   { 97, 96 },  { 194, 48 }, { 243, 48 }, { 292, 48 },
		{ 341, 48 }, { 391, 96 }, { 489, 48 }, { 538, 48 }, { 588, 48 },
		{ 638, 48 }, { 688, 48 }, { 738, 48 },
	};
	const struct encoding *e = encoding("payment");
	uint8_t bytes[ENCODING_MAX], *point;
	size_t i, j;

	memcpy(bytes, e->sample, e->len);
	for (i = 0; i < sizeof(points) / sizeof(*points); i++) {
		point = bytes + points[i].at + 1;
		for (j = 0; j < sizeof(bad_points) / sizeof(*bad_points); j++) {
			memset(point, bad_points[j].middle, points[i].size);
			point[0] = bad_points[j].head;
			point[points[i].size - 1] = bad_points[j].tail;
			EXPECT_ERROR(decode_payment(bytes, e->len,
						    ZKNYM_FORM_RK),
				     bad_points[j].error);
		}
		memcpy(bytes, e->sample, e->len);
		point[0] &= 0x7f;
		EXPECT_ERROR(decode_payment(bytes, e->len, ZKNYM_FORM_RK),
			     ZKNYM_E_POINT);
		memcpy(bytes, e->sample, e->len);
	}
}

/* Other encodings: which error for a byte string put at a place. */
static void expect_edit(const char *name, size_t at, const uint8_t *bytes,
			size_t len, int error)
{
	const struct encoding *e = encoding(name);
	uint8_t edited[ENCODING_MAX], out[ENCODING_MAX];
	size_t out_len;
	int err;

	memcpy(edited, e->sample, e->len);
	memcpy(edited + at, bytes, len);
	err = e->recode(edited, e->len, out, &out_len);
	if (err != error)
		ktap_fail(__FILE__, __LINE__, "%s at %zu: %s, not %s", name, at,
			  zknym_error_name(err), zknym_error_name(error));
}

static void expect_byte(const char *name, size_t at, uint8_t byte, int error)
{
	expect_edit(name, at, &byte, 1, error);
}

static void expect_scalar(const char *name, size_t at)
{
	expect_edit(name, at, order_of_group, 32, ZKNYM_E_SCALAR);
}

static void expect_g1(const char *name, size_t at)
{
	static const uint8_t infinity[48] = { 0xc0 };
	static const uint8_t outside[48] = { [0] = 0x80, [47] = 4 };

	expect_edit(name, at, infinity, 48, ZKNYM_E_INFINITY);
	expect_edit(name, at, outside, 48, ZKNYM_E_POINT);
	expect_byte(name, at, 0x17, ZKNYM_E_POINT);
}

static void expect_g2(const char *name, size_t at)
{
	static const uint8_t infinity[96] = { 0xc0 };
	static const uint8_t outside[96] = { [0] = 0x80, [95] = 4 };

	expect_edit(name, at, infinity, 96, ZKNYM_E_INFINITY);
	expect_edit(name, at, outside, 96, ZKNYM_E_POINT);
	expect_byte(name, at, 0x17, ZKNYM_E_POINT);
}

static void test_keys(void)
{
	static const uint8_t counts[][8] = {
		{ 0 },
		{ 3 },
		{ 5 },
		{ 6 },
		{ 4, 1 },
		{ 4, 0, 0, 0, 0, 0, 0, 1 },
		/* 32 q and 144 q wrap around to the right length. */
		{ 4, 0, 0, 0, 0, 0, 0, 8 },
		{ 4, 0, 0, 0, 0, 0, 0, 0x10 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};
	static const uint8_t zero[32];
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		expect_edit("secret-key", 32, counts[i], 8, ZKNYM_E_FORMAT);
		expect_edit("verification-key", 96, counts[i], 8,
			    ZKNYM_E_FORMAT);
	}
	expect_scalar("secret-key", 0);
	for (i = 0; i < 4; i++) {
		expect_scalar("secret-key", 40 + 32 * i);
		expect_g1("verification-key", 104 + 48 * i);
		expect_g2("verification-key", 296 + 96 * i);
	}
	expect_g2("verification-key", 0);
	expect_scalar("user", 0);
	expect_edit("user", 0, zero, 32, ZKNYM_E_SCALAR);
	expect_g1("signature", 0);
	expect_g1("signature", 48);
}

static void test_withdrawal(void)
{
	static const struct {
		size_t at;
		uint8_t byte;
	} structure[] = { { 0, 48 },   { 49, 48 },  { 98, 2 },	 { 99, 48 },
			  { 148, 48 }, { 197, 32 }, { 230, 32 }, { 263, 2 },
			  { 264, 32 }, { 297, 32 }, { 330, 2 },	 { 331, 32 },
			  { 364, 32 } };
	static const size_t scalars[] = { 197, 230, 264, 297, 331, 364 };
	static const size_t points[] = { 0, 49, 99, 148 };
	static const size_t secret_structure[] = { 0,	49,  82,  83,
						   116, 149, 182, 215 };
	static const uint8_t second[32] = { 1 }, year_2106[32] = { [4] = 1 };
	static const uint8_t type_256[32] = { [1] = 1 };
	size_t i;

	for (i = 0; i < sizeof(structure) / sizeof(*structure); i++) {
		expect_byte("request", structure[i].at,
			    (uint8_t)(structure[i].byte - 1), ZKNYM_E_FORMAT);
		expect_byte("request", structure[i].at,
			    (uint8_t)(structure[i].byte + 1), ZKNYM_E_FORMAT);
	}
	for (i = 0; i < sizeof(scalars) / sizeof(*scalars); i++)
		expect_scalar("request", scalars[i] + 1);
	for (i = 0; i < sizeof(points) / sizeof(*points); i++)
		expect_g1("request", points[i] + 1);
	for (i = 0; i < sizeof(secret_structure) / sizeof(*secret_structure);
	     i++) {
		expect_byte("request-secret", secret_structure[i], 3,
			    ZKNYM_E_FORMAT);
		if (i != 0 && i != 2)
			expect_scalar("request-secret",
				      secret_structure[i] + 1);
	}
	expect_g1("request-secret", 1);
	expect_edit("request-secret", 183, second, 32, ZKNYM_E_DATE);
	expect_edit("request-secret", 183, year_2106, 32, ZKNYM_E_DATE);
	expect_edit("request-secret", 216, type_256, 32, ZKNYM_E_TYPE);
}

static void test_wallets(void)
{
	static const uint8_t second[32] = { 1 }, year_2106[32] = { [4] = 1 };
	static const uint8_t type_256[32] = { [1] = 1 }, zero[8];
	static const uint8_t late[4] = { 0xff, 0xff, 0xff, 0xff };
	static const uint8_t full[8] = { [7] = 50 }, more[8] = { [7] = 51 };
	static const uint8_t huge[8] = { 0x80 };
	const struct encoding *e = encoding("wallet");
	struct zknym_wallet wallet;
	uint8_t bytes[ENCODING_MAX];
	unsigned int first;

	expect_g1("partial-wallet", 0);
	expect_g1("partial-wallet", 48);
	expect_scalar("partial-wallet", 96);
	expect_scalar("partial-wallet", 128);
	expect_scalar("partial-wallet", 160);
	expect_edit("partial-wallet", 128, second, 32, ZKNYM_E_DATE);
	expect_edit("partial-wallet", 128, year_2106, 32, ZKNYM_E_DATE);
	expect_edit("partial-wallet", 160, type_256, 32, ZKNYM_E_TYPE);
	expect_edit("partial-wallet", 192, zero, 8, ZKNYM_E_SIGNERS);
	expect_g1("wallet", 0);
	expect_g1("wallet", 48);
	expect_scalar("wallet", 96);
	expect_edit("wallet", 128, late, 4, ZKNYM_E_DATE);
	expect_edit("wallet", 133, full, 8, ZKNYM_OK);
	expect_edit("wallet", 133, more, 8, ZKNYM_E_RANGE);
	expect_edit("wallet", 133, huge, 8, ZKNYM_E_RANGE);

	memcpy(bytes, e->sample, e->len);
	bytes[140] = 48;
	EXPECT_OK(zknym_wallet_decode(&wallet, bytes, e->len));
	EXPECT(zknym_wallet_left(&wallet) == 2);
	EXPECT(zknym_wallet_type(&wallet) == 2);
	EXPECT(zknym_wallet_expiration(&wallet) == 20600U * ZKNYM_DAY);
	EXPECT_ERROR(zknym_wallet_take(&wallet, 3, &first), ZKNYM_E_EMPTY);
	EXPECT_ERROR(zknym_wallet_take(&wallet, 0, &first), ZKNYM_E_RANGE);
	EXPECT_ERROR(zknym_wallet_take(&wallet, UINT32_MAX, &first),
		     ZKNYM_E_EMPTY);
	EXPECT_OK(zknym_wallet_take(&wallet, 2, &first));
	EXPECT(first == 48);
	zknym_wallet_encode(bytes, &wallet);
	EXPECT(bytes[140] == 50);
}

static void test_tickets(void)
{
	static const uint8_t long_payment[4] = { 0, 0, 4, 0xa7 };
	static const uint8_t first_day[4] = { 0x00, 0x25, 0x3d, 0x8c };
	static const uint8_t before[4] = { 0x00, 0x25, 0x3d, 0x8b };
	static const uint8_t negative[4] = { 0xff, 0xff, 0xff, 0xff };
	struct zknym_payment *p = zknym_payment_new(1);
	const struct encoding *e = encoding("ticket");
	uint8_t last[4], beyond[4], bytes[ENCODING_MAX];
	struct zknym_ticket ticket;

	zn_put_be32(last, 2440588 + 49710);
	zn_put_be32(beyond, 2440588 + 49711);
	expect_edit("ticket", 0, long_payment, 4, ZKNYM_E_LENGTH);
	expect_edit("ticket", 1266, first_day, 4, ZKNYM_OK);
	expect_edit("ticket", 1266, before, 4, ZKNYM_E_DATE);
	expect_edit("ticket", 1266, negative, 4, ZKNYM_E_DATE);
	expect_edit("ticket", 1266, last, 4, ZKNYM_OK);
	expect_edit("ticket", 1266, beyond, 4, ZKNYM_E_DATE);
	expect_edit("ticket", 1270, negative, 4, ZKNYM_OK);
	/* The decoder itself, not what encodes the result again, refuses. */
	memcpy(bytes, e->sample, e->len);
	memcpy(bytes + 1266, beyond, 4);
	EXPECT_ERROR(zknym_ticket_decode(&ticket, p, bytes, e->len, 1,
					 ZKNYM_FORM_RK),
		     ZKNYM_E_DATE);
	zknym_payment_free(p);
}

/* The serde form: bytes after the payment of 1190. */
static void expect_tail(const uint8_t *numbers, size_t len, int error)
{
	const struct encoding *e = encoding("serde");
	uint8_t bytes[ENCODING_MAX], out[ENCODING_MAX];
	size_t at = 1190 + 1 + ZKNYM_PAY_INFO_SIZE, out_len;

	memcpy(bytes, e->sample, at);
	memcpy(bytes + at, numbers, len);
	EXPECT_ERROR(e->recode(bytes, at + len, out, &out_len), error);
	if (!error) {
		EXPECT(out_len == at + len);
		EXPECT_BYTES(out, bytes, out_len);
	}
}

#define TAIL(error, ...)                                           \
	do {                                                       \
		static const uint8_t numbers_[] = { __VA_ARGS__ }; \
		expect_tail(numbers_, sizeof(numbers_), error);    \
	} while (0)

static void test_frames(void)
{
	/* 2026-01-01 of epoch 0; 2024-12-31; 2026 has no day 366. */
	TAIL(ZKNYM_OK, 0xfb, 0x0f, 0xd4, 1, 0);
	TAIL(ZKNYM_OK, 0xfb, 0x0f, 0xd0, 0xfb, 0x01, 0x6e, 0);
	TAIL(ZKNYM_E_DATE, 0xfb, 0x0f, 0xd4, 0xfb, 0x01, 0x6e, 0);
	TAIL(ZKNYM_E_DATE, 0xfb, 0x0f, 0xd0, 0xfb, 0x01, 0x6f, 0);
	TAIL(ZKNYM_E_DATE, 0xfb, 0x0f, 0xd4, 0, 0);
	/* Years 1970, 1969, 2106 in and out of range, negative, huge. */
	TAIL(ZKNYM_OK, 0xfb, 0x0f, 0x64, 1, 0);
	TAIL(ZKNYM_E_DATE, 0xfb, 0x0f, 0x62, 1, 0);
	TAIL(ZKNYM_OK, 0xfb, 0x10, 0x74, 38, 0);
	TAIL(ZKNYM_E_DATE, 0xfb, 0x10, 0x74, 39, 0);
	TAIL(ZKNYM_E_DATE, 0xfb, 0x0f, 0xd5, 1, 0);
	TAIL(ZKNYM_E_DATE, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
	     1, 0);
	/* Numbers longer than need be, cut off, or of no known length. */
	TAIL(ZKNYM_E_FORMAT, 0xfc, 0, 0, 0x0f, 0xd4, 1, 0);
	TAIL(ZKNYM_E_FORMAT, 0xfb, 0x0f, 0xd4, 0xfb, 0, 1, 0);
	TAIL(ZKNYM_E_FORMAT, 0xfb, 0x0f, 0xd4, 1, 0xfb, 0, 250);
	TAIL(ZKNYM_OK, 0xfb, 0x0f, 0xd4, 1, 0xfb, 0, 251);
	TAIL(ZKNYM_E_FORMAT, 0xfb, 0x0f, 0xd4, 1, 0xfd, 0, 0, 0, 0, 1, 0, 0, 0);
	TAIL(ZKNYM_OK, 0xfb, 0x0f, 0xd4, 1, 0xfd, 0, 0, 0, 1, 0, 0, 0, 0);
	TAIL(ZKNYM_E_FORMAT, 0xfb, 0x0f, 0xd4, 1, 0xfe);
	TAIL(ZKNYM_E_FORMAT, 0xfb, 0x0f, 0xd4, 1, 0xff);
	TAIL(ZKNYM_E_LENGTH, 0xfb, 0x0f, 0xd4, 1, 0xfb, 1);
	TAIL(ZKNYM_E_LENGTH, 0xfb, 0x0f, 0xd4, 1);
	TAIL(ZKNYM_E_LENGTH, 0xfb, 0x0f, 0xd4, 1, 0, 0);
	/* Length of the pay-info, variants, claimed type. */
	expect_byte("serde", 1190, 0x47, ZKNYM_E_FORMAT);
	expect_byte("credential", 0, 1, ZKNYM_E_FORMAT);
	expect_byte("claim", encoding("claim")->len - 1, 3, ZKNYM_E_TYPE);
	expect_byte("lp-finalise", 0, 1, ZKNYM_E_FORMAT);
	expect_byte("lp-finalise", 1, 0, ZKNYM_E_FORMAT);
	expect_byte("option-claim", 0, 0, ZKNYM_E_FORMAT);
	expect_byte("option-serde", 0, 0, ZKNYM_E_FORMAT);
	expect_byte("top-up", 0, 0x77, ZKNYM_OK);
	expect_byte("serde", 887, 0, ZKNYM_E_FORMAT);
}

/* Every date that a ticket can have, against the C library's calendar. */
static void test_calendar(void)
{
	const struct encoding *e = encoding("payment");
	struct zknym_payment *p = zknym_payment_new(1);
	struct zknym_frame frame = { .framing = ZKNYM_FRAMING_SERDE };
	struct zknym_ticket ticket = { .epoch = 1 };
	uint8_t bytes[ENCODING_MAX];
	uint32_t day;
	size_t len;

	for (day = 0; day <= 49710; day++) {
		time_t time = (time_t)day * ZKNYM_DAY;
		uint64_t year, yday;
		struct zn_reader in;
		struct tm tm;

		ticket.spend_date = day * ZKNYM_DAY;
		EXPECT_OK(zknym_frame_encode(bytes, sizeof(bytes), &len, &frame,
					     &ticket, e->sample, e->len));
		in.at = bytes + 1190 + 73;
		in.left = len - 1190 - 73;
		EXPECT_OK(zn_read_varint(&in, &year));
		EXPECT_OK(zn_read_varint(&in, &yday));
		gmtime_r(&time, &tm);
		EXPECT(year == 2 * (uint64_t)(tm.tm_year + 1900));
		EXPECT(yday == (uint64_t)tm.tm_yday + 1);
	}
	ticket.spend_date = 1;
	EXPECT_ERROR(zknym_frame_encode(bytes, sizeof(bytes), &len, &frame,
					&ticket, e->sample, e->len),
		     ZKNYM_E_DATE);
	EXPECT_ERROR(zknym_ticket_encode(bytes, sizeof(bytes), &len, &ticket,
					 e->sample, e->len),
		     ZKNYM_E_DATE);
	ticket.spend_date = 0;
	EXPECT_ERROR(zknym_ticket_encode(bytes, 1277, &len, &ticket, e->sample,
					 e->len),
		     ZKNYM_E_RANGE);
	EXPECT_ERROR(zknym_frame_encode(bytes, 1190 + 77, &len, &frame, &ticket,
					e->sample, e->len),
		     ZKNYM_E_RANGE);
	EXPECT_ERROR(zknym_frame_encode(bytes, sizeof(bytes), &len, &frame,
					&ticket, e->sample, 1000),
		     ZKNYM_E_LENGTH);
	zknym_payment_free(p);
}

static void test_acceptance(void)
{
	const struct encoding *e = encoding("payment");
	struct zknym_payment *p = zknym_payment_new(1);
	uint8_t provider[ZKNYM_PROVIDER_SIZE] = { 9 };
	uint32_t noon = 20600U * ZKNYM_DAY + 43200;
	struct zknym_acceptance a = { provider, noon, 1 << 2, -1 };
	struct zknym_ticket t = { .spend_date = 20600U * ZKNYM_DAY };
	int64_t midnight = t.spend_date;
	size_t i;

	EXPECT_OK(zknym_payment_decode(p, e->sample, e->len, 1, ZKNYM_FORM_RK));
	EXPECT_OK(zknym_pay_info(t.pay_info, noon, provider, NULL));
	EXPECT_OK(zknym_ticket_check(&t, p, &a));
	a.types = ~(1U << 2);
	EXPECT_ERROR(zknym_ticket_check(&t, p, &a), ZKNYM_E_TYPE);
	a.types = 0xf;
	a.claimed_type = 3;
	EXPECT_ERROR(zknym_ticket_check(&t, p, &a), ZKNYM_E_TYPE);
	a.claimed_type = 2;
	EXPECT_OK(zknym_ticket_check(&t, p, &a));
	for (i = 0; i < ZKNYM_PROVIDER_SIZE; i++) {
		provider[i] ^= 0x80;
		EXPECT_ERROR(zknym_ticket_check(&t, p, &a), ZKNYM_E_PROVIDER);
		provider[i] ^= 0x80;
	}
	a.now = noon + 30;
	EXPECT_OK(zknym_ticket_check(&t, p, &a));
	a.now = noon + 31;
	EXPECT_ERROR(zknym_ticket_check(&t, p, &a), ZKNYM_E_TIMESTAMP);
	a.now = noon - 30;
	EXPECT_OK(zknym_ticket_check(&t, p, &a));
	a.now = noon - 31;
	EXPECT_ERROR(zknym_ticket_check(&t, p, &a), ZKNYM_E_TIMESTAMP);
	a.now = noon;
	for (i = 0; i < 2; i++) {
		EXPECT_OK(zknym_pay_info(t.pay_info, i ? INT64_MIN : INT64_MAX,
					 provider, NULL));
		EXPECT_ERROR(zknym_ticket_check(&t, p, &a), ZKNYM_E_TIMESTAMP);
		a.now = i ? INT64_MIN : INT64_MAX;
		EXPECT_ERROR(zknym_ticket_check(&t, p, &a), ZKNYM_E_TIMESTAMP);
		a.now = noon;
	}
	/* The ticket's day, and half a minute on both sides of it. */
	static const struct {
		int64_t after_midnight;
		int error;
	} moments[] = {
		{ -31, ZKNYM_E_DATE },	  { -30, ZKNYM_OK },
		{ 0, ZKNYM_OK },	  { 86399, ZKNYM_OK },
		{ 86400 + 29, ZKNYM_OK }, { 86400 + 30, ZKNYM_E_DATE },
	};
	for (i = 0; i < sizeof(moments) / sizeof(*moments); i++) {
		a.now = midnight + moments[i].after_midnight;
		EXPECT_OK(zknym_pay_info(t.pay_info, a.now, provider, NULL));
		EXPECT_ERROR(zknym_ticket_check(&t, p, &a), moments[i].error);
	}
	zknym_payment_free(p);
}

static void test_policy(void)
{
	uint32_t expiration = 20606U * ZKNYM_DAY;
	int64_t today = 20600LL * ZKNYM_DAY;

	EXPECT_OK(zknym_request_policy(expiration, 0, today));
	EXPECT_OK(zknym_request_policy(expiration, 3, today + 86399));
	EXPECT_OK(zknym_request_policy(expiration, 3, today - 30));
	EXPECT_ERROR(zknym_request_policy(expiration, 3, today - 31),
		     ZKNYM_E_POLICY);
	EXPECT_OK(zknym_request_policy(expiration, 3, today + 86400 + 29));
	EXPECT_ERROR(zknym_request_policy(expiration, 3, today + 86400 + 30),
		     ZKNYM_E_POLICY);
	today += 43200;
	EXPECT_ERROR(zknym_request_policy(expiration, 4, today),
		     ZKNYM_E_POLICY);
	EXPECT_ERROR(zknym_request_policy(expiration - ZKNYM_DAY, 0, today),
		     ZKNYM_E_POLICY);
	EXPECT_ERROR(zknym_request_policy(expiration + ZKNYM_DAY, 0, today),
		     ZKNYM_E_POLICY);
	EXPECT_ERROR(zknym_request_policy(expiration + 1, 0, today),
		     ZKNYM_E_POLICY);
	EXPECT_ERROR(zknym_request_policy(expiration, 0, INT64_MIN),
		     ZKNYM_E_POLICY);
	EXPECT_ERROR(zknym_request_policy(expiration, 0, INT64_MAX),
		     ZKNYM_E_POLICY);
}

static void test_base58(void)
{
	static const uint8_t bytes[4] = { 0, 0, 1, 2 };
	uint8_t out[8];
	char text[16];

	EXPECT_OK(zknym_base58_encode(text, sizeof(text), bytes, 4));
	EXPECT(!strcmp(text, "115T"));
	EXPECT_OK(zknym_base58_decode(out, 4, text));
	EXPECT_BYTES(out, bytes, 4);
	EXPECT_ERROR(zknym_base58_decode(out, 3, text), ZKNYM_E_LENGTH);
	EXPECT_ERROR(zknym_base58_decode(out, 5, text), ZKNYM_E_LENGTH);
	EXPECT_ERROR(zknym_base58_decode(out, 4, "110T"), ZKNYM_E_FORMAT);
	EXPECT_ERROR(zknym_base58_decode(out, 4, "11l\x80"), ZKNYM_E_FORMAT);
	EXPECT_ERROR(zknym_base58_encode(text, 4, bytes, 4), ZKNYM_E_RANGE);
	EXPECT_OK(zknym_base58_encode(text, 5, bytes, 4));
	EXPECT_OK(zknym_base58_encode(text, 1, bytes, 0));
	EXPECT_OK(zknym_base58_decode(out, 0, ""));
	EXPECT_ERROR(zknym_base58_decode(out, 4801, ""), ZKNYM_E_RANGE);
	EXPECT_ERROR(zknym_base58_encode(text, 16, bytes, 4801), ZKNYM_E_RANGE);
}

/* Multiplication by tables against blst's own, at the digits' edges. */
static void test_tables(void)
{
	const struct zn_params *params = zn_params();
	blst_p1_affine g = params->g.entry[0][0];
	blst_p2_affine h = params->h.entry[0][0];
	struct generator generator = { 77 };
	struct zknym_rng rng = generator_rng(&generator);
	uint8_t bytes[32];
	unsigned int i;
	blst_fr k;

	for (i = 0; i < 256 + 128 + 64; i++) {
		blst_p1 table1 = { 0 }, public1 = { 0 }, plain1 = { 0 };
		blst_p2 table2 = { 0 }, public2 = { 0 }, plain2 = { 0 };

		memset(bytes, 0, sizeof(bytes));
		if (i < 256) {
			/* 2^i - 1: all digits at their largest. */
			memset(bytes, 0xff, i / 8);
			if (i % 8)
				bytes[i / 8] = (uint8_t)((1 << i % 8) - 1);
		} else if (i < 384) {
			/* Near r. */
			memcpy(bytes, order_of_group, sizeof(bytes));
			bytes[4] = (uint8_t)(i - 256);
		}
		if (i >= 384)
			must(zn_scalar_draw(&k, &rng));
		else if (zn_scalar_decode(&k, bytes))
			continue;
		zn_g1_add_fixed(&table1, &params->g, &k);
		zn_g1_add_fixed_public(&public1, &params->g, &k);
		zn_g1_add_mult(&plain1, &g, &k);
		EXPECT(blst_p1_is_equal(&table1, &plain1));
		EXPECT(blst_p1_is_equal(&public1, &plain1));
		zn_g2_add_fixed(&table2, &params->h, &k);
		zn_g2_add_fixed_public(&public2, &params->h, &k);
		zn_g2_add_mult(&plain2, &h, &k);
		EXPECT(blst_p2_is_equal(&table2, &plain2));
		EXPECT(blst_p2_is_equal(&public2, &plain2));
	}
}

/* Weighted sums against single multiplications, at the digits' edges. */
static void test_weighted_sums(void)
{
	blst_p1_affine points[40];
	struct zn_weight weights[40];
	struct generator generator = { 78 };
	unsigned int i, round;

	for (i = 0; i < 40; i++)
		points[i] = zn_params()->gamma1.entry[i % ZN_TABLE_ROWS][i];
	for (round = 0; round < 300; round++) {
		unsigned int count = round < 256 ? 1 : 1 + round % 40;
		blst_p1 sum = { 0 }, expected = { 0 }, p;

		for (i = 0; i < count; i++) {
			generator_fill(&generator, &weights[i],
				       sizeof(weights[i]));
			if (round < 256) {
				/* All ones from a bit on, or up to a bit. */
				memset(&weights[0], round & 1 ? 0xff : 0, 16);
				weights[0].bytes[round / 16] ^=
					(uint8_t)(0xff << round / 2 % 8);
			}
			zn_g1_weigh_public(&p, &points[i], &weights[i]);
			blst_p1_add_or_double(&expected, &expected, &p);
		}
		zn_g1_add_weighted_public(&sum, points, weights, count);
		EXPECT(blst_p1_is_equal(&sum, &expected));
	}
}

static void test_lagrange(void)
{
	const uint64_t repeated[3] = { 1, 2, 1 }, zero[2] = { 0, 1 };
	const uint64_t largest[2] = { UINT64_MAX, 1 };
	blst_fr lambda[3], sum, one;

	EXPECT_ERROR(zn_lagrange(lambda, repeated, 3, 0), ZKNYM_E_SIGNERS);
	EXPECT_ERROR(zn_lagrange(lambda, zero, 2, 0), ZKNYM_E_SIGNERS);
	/* Coefficients add up to one. */
	EXPECT_OK(zn_lagrange(lambda, largest, 2, 0));
	blst_fr_add(&sum, &lambda[0], &lambda[1]);
	zn_scalar_from_uint(&one, 1);
	EXPECT_BYTES(&sum, &one, sizeof(one));
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "error names and texts", test_errors },
		{ "dates", test_dates },
		{ "payment: each length byte, count and value",
		  test_payment_structure },
		{ "payment: each length", test_payment_lengths },
		{ "payment: range of each scalar", test_payment_scalars },
		{ "payment: each point", test_payment_points },
		{ "keys and signatures", test_keys },
		{ "withdrawal", test_withdrawal },
		{ "wallets", test_wallets },
		{ "tickets", test_tickets },
		{ "registration messages", test_frames },
		{ "registration messages: every date", test_calendar },
		{ "a gateway's acceptance", test_acceptance },
		{ "an authority's policy", test_policy },
		{ "base58", test_base58 },
		{ "multiplication by tables", test_tables },
		{ "weighted sums", test_weighted_sums },
		{ "Lagrange coefficients", test_lagrange },
	};

	encodings_init();
	return ktap_run(tests, sizeof(tests) / sizeof(*tests));
}
