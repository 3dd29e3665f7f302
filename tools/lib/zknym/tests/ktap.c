// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>

#include "ktap.h"

static unsigned int results, failures;
static bool failed;

void ktap_header(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n");
}

void ktap_begin(void)
{
	failed = false;
}

void ktap_end(const char *format, ...)
{
	va_list args;

	printf("%sok %u ", failed ? "not " : "", ++results);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	failures += failed;
}

void ktap_skip(const char *name, const char *reason)
{
	printf("ok %u %s # SKIP %s\n", ++results, name, reason);
}

void ktap_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	failed = true;
	printf("# %s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

int ktap_finish(void)
{
	printf("1..%u\n", results);
	return failures || !results;
}

int ktap_run(const struct ktap_test *tests, size_t count)
{
	size_t i;

	ktap_header();
	for (i = 0; i < count; i++) {
		ktap_begin();
		tests[i].run();
		ktap_end("%s", tests[i].name);
	}
	return ktap_finish();
}
