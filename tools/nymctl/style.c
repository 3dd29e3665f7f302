// SPDX-License-Identifier: GPL-2.0-or-later
#include "style.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"

static const struct style coloured = {
	.reset = "\x1b[0m",
	.bold = "\x1b[1m",
	.red = "\x1b[31m",
	.green = "\x1b[32m",
	.yellow = "\x1b[33m",
	.cyan = "\x1b[36m",
};

static const struct style plain = {
	.reset = "",
	.bold = "",
	.red = "",
	.green = "",
	.yellow = "",
	.cyan = "",
};

static bool wants_colours(void)
{
	const char *mode = nym_environment("COLOR_MODE");

	if (mode && !strcmp(mode, "always"))
		return true;
	if (mode && !strcmp(mode, "never"))
		return false;
	return isatty(STDOUT_FILENO);
}

const struct style *style_of_output(void)
{
	return wants_colours() ? &coloured : &plain;
}
