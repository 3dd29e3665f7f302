// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two files with a NUL between: the difference from the first to the second.
 * From any file to itself there must be none.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "sync.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct nym_device *parse(const char *text, size_t len)
{
	return nym_config_parse("fuzz", text, len, NYM_CONFIG_REPLACE, NULL,
				NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = memchr(data, 0, size);
	size_t len = nul ? (size_t)(nul - data) : size;
	struct nym_device *running, *wanted;

	running = parse((const char *)data, len);
	wanted = nul ? parse((const char *)nul + 1, size - len - 1) :
		       parse((const char *)data, len);
	if (running && wanted && nym_sync(wanted, running, NULL))
		abort();
	nym_device_free(running);
	nym_device_free(wanted);
	return 0;
}
