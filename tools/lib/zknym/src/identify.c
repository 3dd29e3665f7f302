// SPDX-License-Identifier: GPL-2.0-or-later
/* Double spending (ZKN 7.1). */
#include <string.h>

#include "payment.h"
#include "scalar.h"

int zknym_payment_spent(struct zknym_spent *spent,
			const struct zknym_payment *payment, unsigned int coin,
			const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE])
{
	if (coin >= payment->layout.coins)
		return ZKNYM_E_RANGE;
	memcpy(spent->serial, zknym_payment_serial(payment, coin),
	       ZKNYM_SERIAL_SIZE);
	memcpy(spent->tag, zknym_payment_tag(payment, coin), ZKNYM_TAG_SIZE);
	memcpy(spent->pay_info, pay_info, ZKNYM_PAY_INFO_SIZE);
	spent->coin = coin;
	return ZKNYM_OK;
}

/* pk = (R1 - R2)^-1 * (R1 * T2 - R2 * T1) */
int zknym_identify(uint8_t user[ZKNYM_USER_PUBLIC_SIZE],
		   const struct zknym_spent *first,
		   const struct zknym_spent *second)
{
	blst_fr r1, r2, difference;
	blst_p1_affine t1, t2;
	blst_p1 sum;
	int err;

	if (memcmp(first->serial, second->serial, ZKNYM_SERIAL_SIZE))
		return ZKNYM_E_RANGE;
	if (!memcmp(first->pay_info, second->pay_info, ZKNYM_PAY_INFO_SIZE))
		return ZKNYM_E_REPLAY;
	err = zn_g1_decode(&t1, first->tag);
	if (!err)
		err = zn_g1_decode(&t2, second->tag);
	if (err)
		return err;
	zn_pay_info_hash(&r1, first->pay_info, first->coin);
	zn_pay_info_hash(&r2, second->pay_info, second->coin);
	blst_fr_sub(&difference, &r1, &r2);
	if (zn_scalar_is_zero(&difference))
		return ZKNYM_E_REPLAY;
	blst_fr_inverse(&difference, &difference);
	blst_fr_mul(&r1, &r1, &difference);
	blst_fr_mul(&r2, &r2, &difference);
	blst_fr_cneg(&r2, &r2, true);
	memset(&sum, 0, sizeof(sum));
	zn_g1_add_mult(&sum, &t2, &r1);
	zn_g1_add_mult(&sum, &t1, &r2);
	if (blst_p1_is_inf(&sum))
		return ZKNYM_E_INFINITY;
	zn_g1_encode(user, &sum);
	return ZKNYM_OK;
}
