// SPDX-License-Identifier: GPL-2.0-or-later
/* Tickets in bincode's form, as registration messages carry them (ZKN 5.5). */
#include <string.h>

#include "codec.h"
#include "params.h"
#include "payment.h"

#define FIRST_YEAR 1970
/* The last date that fits 32 bits of seconds is in 2106. */
#define LAST_YEAR 2106

static unsigned int days_in(unsigned int year)
{
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return leap ? 366 : 365;
}

/* Year and day of the year, from 1. */
static void split_date(uint32_t date, unsigned int *year, unsigned int *day)
{
	*day = date / ZKNYM_DAY;
	for (*year = FIRST_YEAR; *day >= days_in(*year); ++*year)
		*day -= days_in(*year);
	++*day;
}

static int join_date(uint32_t *date, uint64_t year, uint64_t day)
{
	unsigned int days, y;

	if (year < FIRST_YEAR || year > LAST_YEAR || !day ||
	    day > days_in((unsigned int)year))
		return ZKNYM_E_DATE;
	days = (unsigned int)day - 1;
	for (y = FIRST_YEAR; y < year; y++)
		days += days_in(y);
	if (days > UINT32_MAX / ZKNYM_DAY)
		return ZKNYM_E_DATE;
	*date = days * ZKNYM_DAY;
	return ZKNYM_OK;
}

static int write_serde(struct zn_writer *out, const struct zknym_ticket *ticket,
		       const uint8_t *payment, size_t payment_len)
{
	const uint8_t pay_info_size = ZKNYM_PAY_INFO_SIZE;
	unsigned int year, day;
	int err;

	split_date(ticket->spend_date, &year, &day);
	err = zn_write_bytes(out, payment, payment_len);
	if (!err)
		err = zn_write_bytes(out, &pay_info_size, 1);
	if (!err)
		err = zn_write_bytes(out, ticket->pay_info, pay_info_size);
	/* Zigzag: a positive number is doubled. */
	if (!err)
		err = zn_write_varint(out, 2 * (uint64_t)year);
	if (!err)
		err = zn_write_varint(out, day);
	if (!err)
		err = zn_write_varint(out, ticket->epoch);
	return err;
}

/* The payment's length does not precede it; its form is seen from inside. */
static int read_payment(struct zn_reader *in, struct zknym_payment *payment,
			unsigned int coins, enum zknym_form form)
{
	struct zn_layout layout;
	int err;

	if (!coins || coins > ZN_COINS_MAX)
		return ZKNYM_E_RANGE;
	zn_layout_init(&layout, coins, form);
	if (form == ZKNYM_FORM_RK && in->left > layout.s_rk &&
	    !in->at[layout.s_rk])
		zn_layout_init(&layout, coins, ZKNYM_FORM_COMPAT);
	if (in->left < layout.size)
		return ZKNYM_E_LENGTH;
	err = zknym_payment_decode(payment, in->at, layout.size, coins, form);
	in->at += layout.size;
	in->left -= layout.size;
	return err;
}

static int read_serde(struct zn_reader *in, struct zknym_ticket *ticket,
		      struct zknym_payment *payment, unsigned int coins,
		      enum zknym_form form)
{
	uint64_t year, day;
	uint8_t size;
	int err;

	err = read_payment(in, payment, coins, form);
	if (!err)
		err = zn_read_byte(in, &size);
	if (!err && size != ZKNYM_PAY_INFO_SIZE)
		err = ZKNYM_E_FORMAT;
	if (!err)
		err = zn_read_bytes(in, ticket->pay_info, ZKNYM_PAY_INFO_SIZE);
	if (!err)
		err = zn_read_varint(in, &year);
	if (!err)
		err = zn_read_varint(in, &day);
	if (!err)
		err = zn_read_varint(in, &ticket->epoch);
	if (err)
		return err;
	/* Odd zigzag numbers are negative. */
	if (year & 1)
		return ZKNYM_E_DATE;
	return join_date(&ticket->spend_date, year / 2, day);
}

/* Constant bytes in front of the ticket. */
static const struct {
	uint8_t bytes[3];
	uint8_t len;
} heads[ZKNYM_FRAMINGS] = {
	[ZKNYM_FRAMING_CREDENTIAL] = { { 0x00 }, 1 },
	[ZKNYM_FRAMING_CLAIM] = { { 0x00 }, 1 },
	[ZKNYM_FRAMING_LP_FINALISE] = { { 0x00, 0x01, 0x00 }, 3 },
	[ZKNYM_FRAMING_OPTION_CLAIM] = { { 0x01, 0x00 }, 2 },
	[ZKNYM_FRAMING_OPTION_SERDE] = { { 0x01 }, 1 },
};

static bool has_claim(enum zknym_framing framing)
{
	return framing == ZKNYM_FRAMING_CLAIM ||
	       framing == ZKNYM_FRAMING_LP_FINALISE ||
	       framing == ZKNYM_FRAMING_OPTION_CLAIM;
}

/* The type byte of an encoded payment of whatever form and count. */
static int find_type(const uint8_t *payment, size_t len, uint8_t *type)
{
	struct zn_layout layout;
	unsigned int coins;

	for (coins = 1; coins <= ZN_COINS_MAX; coins++) {
		zn_layout_init(&layout, coins, ZKNYM_FORM_RK);
		if (len != layout.size) {
			zn_layout_init(&layout, coins, ZKNYM_FORM_COMPAT);
			if (len != layout.size)
				continue;
		}
		if (zn_layout_check(&layout, payment))
			continue;
		*type = payment[layout.type];
		return ZKNYM_OK;
	}
	return ZKNYM_E_LENGTH;
}

int zknym_frame_encode(uint8_t *out, size_t size, size_t *len,
		       const struct zknym_frame *frame,
		       const struct zknym_ticket *ticket,
		       const uint8_t *payment, size_t payment_len)
{
	struct zn_writer writer = { out, size };
	uint8_t type;
	int err;

	if ((unsigned int)frame->framing >= ZKNYM_FRAMINGS)
		return ZKNYM_E_RANGE;
	if (!zn_is_date(ticket->spend_date))
		return ZKNYM_E_DATE;
	err = find_type(payment, payment_len, &type);
	if (!err)
		err = zn_write_bytes(&writer, heads[frame->framing].bytes,
				     heads[frame->framing].len);
	if (!err && frame->framing == ZKNYM_FRAMING_TOP_UP)
		err = zn_write_bytes(&writer, frame->peer, sizeof(frame->peer));
	if (!err)
		err = write_serde(&writer, ticket, payment, payment_len);
	if (!err && has_claim(frame->framing))
		err = zn_write_varint(&writer, type);
	if (!err && frame->framing == ZKNYM_FRAMING_LP_FINALISE)
		err = zn_write_varint(&writer, frame->time);
	*len = size - writer.left;
	return err;
}

int zknym_frame_decode(struct zknym_frame *frame, struct zknym_ticket *ticket,
		       struct zknym_payment *payment, const uint8_t *in,
		       size_t len, unsigned int coins, enum zknym_form form)
{
	struct zn_reader reader = { in, len };
	uint8_t head[3];
	uint64_t type;
	int err;

	if ((unsigned int)frame->framing >= ZKNYM_FRAMINGS)
		return ZKNYM_E_RANGE;
	err = zn_read_bytes(&reader, head, heads[frame->framing].len);
	if (!err && memcmp(head, heads[frame->framing].bytes,
			   heads[frame->framing].len))
		err = ZKNYM_E_FORMAT;
	if (!err && frame->framing == ZKNYM_FRAMING_TOP_UP)
		err = zn_read_bytes(&reader, frame->peer, sizeof(frame->peer));
	if (!err)
		err = read_serde(&reader, ticket, payment, coins, form);
	if (!err && has_claim(frame->framing)) {
		err = zn_read_varint(&reader, &type);
		if (!err && type != zknym_payment_type(payment))
			err = ZKNYM_E_TYPE;
	}
	if (!err && frame->framing == ZKNYM_FRAMING_LP_FINALISE)
		err = zn_read_varint(&reader, &frame->time);
	if (!err && reader.left)
		err = ZKNYM_E_LENGTH;
	return err;
}
