// SPDX-License-Identifier: GPL-2.0-or-later
/* What surrounds a payment, and a gateway's checks of it (ZKN 5.4 - 6.4). */
#include <string.h>

#include "codec.h"
#include "params.h"
#include "payment.h"
#include "secret.h"

/* Julian day number of 1970-01-01. */
#define JULIAN_1970 2440588

#define TAIL_SIZE (ZKNYM_PAY_INFO_SIZE + 4 + 8)

int zknym_ticket_encode(uint8_t *out, size_t size, size_t *len,
			const struct zknym_ticket *ticket,
			const uint8_t *payment, size_t payment_len)
{
	if (!zn_is_date(ticket->spend_date))
		return ZKNYM_E_DATE;
	if (payment_len > ZKNYM_PAYMENT_SIZE(ZN_COINS_MAX) ||
	    size < 4 + payment_len + TAIL_SIZE)
		return ZKNYM_E_RANGE;
	*len = 4 + payment_len + TAIL_SIZE;
	zn_put_be32(out, (uint32_t)payment_len);
	memcpy(out + 4, payment, payment_len);
	out += 4 + payment_len;
	memcpy(out, ticket->pay_info, ZKNYM_PAY_INFO_SIZE);
	zn_put_be32(out + ZKNYM_PAY_INFO_SIZE,
		    JULIAN_1970 + ticket->spend_date / ZKNYM_DAY);
	zn_put_be64(out + ZKNYM_PAY_INFO_SIZE + 4, ticket->epoch);
	return ZKNYM_OK;
}

int zknym_ticket_decode(struct zknym_ticket *ticket,
			struct zknym_payment *payment, const uint8_t *in,
			size_t len, unsigned int coins, enum zknym_form form)
{
	const uint8_t *tail;
	uint32_t julian;
	int err;

	if (len < 4 + TAIL_SIZE || len - 4 - TAIL_SIZE != zn_get_be32(in))
		return ZKNYM_E_LENGTH;
	err = zknym_payment_decode(payment, in + 4, len - 4 - TAIL_SIZE, coins,
				   form);
	if (err)
		return err;
	tail = in + len - TAIL_SIZE;
	memcpy(ticket->pay_info, tail, ZKNYM_PAY_INFO_SIZE);
	ticket->epoch = zn_get_be64(tail + ZKNYM_PAY_INFO_SIZE + 4);
	julian = zn_get_be32(tail + ZKNYM_PAY_INFO_SIZE);
	if (julian < JULIAN_1970 ||
	    julian - JULIAN_1970 > UINT32_MAX / ZKNYM_DAY)
		return ZKNYM_E_DATE;
	ticket->spend_date = (julian - JULIAN_1970) * ZKNYM_DAY;
	return ZKNYM_OK;
}

/* Is the pay-info's time, a signed number from anywhere, close to now? */
static bool is_recent(const uint8_t *pay_info, int64_t now)
{
	int64_t time = (int64_t)zn_get_be64(pay_info + 32);

	if (time < 0 || now < 0 || time > INT64_MAX - ZKNYM_SKEW ||
	    now > INT64_MAX - ZKNYM_SKEW)
		return false;
	return time <= now + ZKNYM_SKEW && now <= time + ZKNYM_SKEW;
}

static bool is_today(uint32_t date, int64_t now)
{
	uint32_t today;

	/* is_recent() refused everything that could overflow here. */
	if (!zknym_date(now - ZKNYM_SKEW, &today) && date == today)
		return true;
	return !zknym_date(now + ZKNYM_SKEW, &today) && date == today;
}

int zknym_ticket_check(const struct zknym_ticket *ticket,
		       const struct zknym_payment *payment,
		       const struct zknym_acceptance *acceptance)
{
	uint8_t type = zknym_payment_type(payment);

	if (type >= ZN_TYPES || !(acceptance->types >> type & 1) ||
	    (acceptance->claimed_type >= 0 && acceptance->claimed_type != type))
		return ZKNYM_E_TYPE;
	if (!zn_equal(ticket->pay_info + 40, acceptance->provider,
		      ZKNYM_PROVIDER_SIZE))
		return ZKNYM_E_PROVIDER;
	if (!is_recent(ticket->pay_info, acceptance->now))
		return ZKNYM_E_TIMESTAMP;
	if (!is_today(ticket->spend_date, acceptance->now))
		return ZKNYM_E_DATE;
	return ZKNYM_OK;
}
