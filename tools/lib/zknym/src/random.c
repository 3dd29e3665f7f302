// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/random.h>

#include "random.h"

static int system_random(uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t got = getrandom(buf, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return ZKNYM_E_RANDOM;
		buf += got;
		len -= (size_t)got;
	}
	return ZKNYM_OK;
}

int zn_random(const struct zknym_rng *rng, void *buf, size_t len)
{
	if (!rng)
		return system_random(buf, len);
	return rng->fill(rng->context, buf, len) ? ZKNYM_E_RANDOM : ZKNYM_OK;
}
