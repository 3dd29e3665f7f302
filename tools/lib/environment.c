// SPDX-License-Identifier: GPL-2.0-or-later
#include "environment.h"

#include <stdio.h>
#include <stdlib.h>

const char *nym_environment(const char *name)
{
	static const char *const prefixes[] = { "NYM_", "WG_" };
	char variable[64];
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); ++i) {
		snprintf(variable, sizeof(variable), "%s%s", prefixes[i], name);
		value = getenv(variable);
		if (value)
			return value;
	}
	return NULL;
}
