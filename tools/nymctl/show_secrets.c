// SPDX-License-Identifier: GPL-2.0-or-later
#include "show.h"

#include <string.h>

#include "environment.h"

bool show_reveals_keys(void)
{
	const char *mode = nym_environment("HIDE_KEYS");

	return mode && !strcmp(mode, "never");
}
