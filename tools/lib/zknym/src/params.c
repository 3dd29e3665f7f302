// SPDX-License-Identifier: GPL-2.0-or-later
#include <pthread.h>
#include <string.h>

#include "params.h"
#include "scalar.h"

static struct zn_params params;
static pthread_once_t params_once = PTHREAD_ONCE_INIT;

static void hash_generator(blst_p1_affine *out, const char *name)
{
	blst_p1 point;

	zn_g1_hash(&point, (const uint8_t *)name, strlen(name));
	blst_p1_to_affine(out, &point);
}

static void compute(void)
{
	static const char *const names[4] = { "gamma1", "gamma2", "gamma3",
					      "gamma4" };
	blst_p1_affine g, delta, gamma[4];
	blst_p2_affine h;
	blst_p2 negative;
	int i;

	blst_p1_to_affine(&g, blst_p1_generator());
	blst_p2_to_affine(&h, blst_p2_generator());
	hash_generator(&delta, "delta");
	for (i = 0; i < 4; i++) {
		hash_generator(&gamma[i], names[i]);
		blst_p1_affine_compress(params.gamma_bytes[i], &gamma[i]);
	}
	blst_p1_affine_compress(params.g_bytes, &g);
	blst_p2_affine_compress(params.h_bytes, &h);
	params.gamma2_point = gamma[1];
	params.gamma3 = gamma[2];
	params.gamma4 = gamma[3];

	zn_g1_table_fill(&params.g, &g);
	zn_g1_table_fill(&params.gamma1, &gamma[0]);
	zn_g1_table_fill(&params.gamma2, &gamma[1]);
	zn_g1_table_fill(&params.delta, &delta);
	zn_g2_table_fill(&params.h, &h);

	negative = *blst_p2_generator();
	blst_p2_cneg(&negative, true);
	blst_p2_to_affine(&params.negative_h, &negative);

	/* Both texts are below r when read as scalars. */
	zn_scalar_decode(&params.type_exp,
			 (const uint8_t *)"ZKNYMEXPIRATIONDATE4llCBMEypAxr3");
	zn_scalar_decode(&params.type_idx,
			 (const uint8_t *)"ZKNYMSINDICESh^7gTYbhnap*12n5GG6");
}

const struct zn_params *zn_params(void)
{
	pthread_once(&params_once, compute);
	return &params;
}

void zknym_init(void)
{
	zn_params();
}

bool zn_is_date(uint32_t date)
{
	return date % ZKNYM_DAY == 0;
}

int zknym_date(int64_t time, uint32_t *date)
{
	if (time < 0 || time > UINT32_MAX)
		return ZKNYM_E_DATE;
	*date = (uint32_t)time - (uint32_t)time % ZKNYM_DAY;
	return ZKNYM_OK;
}

int zknym_expiration(int64_t time, uint32_t *expiration)
{
	if (time < 0 || time > UINT32_MAX)
		return ZKNYM_E_DATE;
	return zknym_date(time + (ZKNYM_VALIDITY_DAYS - 1) * ZKNYM_DAY,
			  expiration);
}
