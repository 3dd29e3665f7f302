// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target for one decoder: it refuses its input, or what it decoded
 * encodes to exactly the same bytes. Built once for each decoder, with
 * RECODE=recode_... of tests/decoders.h.
 */
#include <stdlib.h>
#include <string.h>

#include "decoders.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	encodings_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t out[ENCODING_MAX];
	size_t len;

	if (!RECODE(data, size, out, &len) &&
	    (len != size || memcmp(out, data, size)))
		abort();
	return 0;
}
