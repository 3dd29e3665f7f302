// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What is quoted may come from a file: it must not reach a terminal raw. */
static void make_printable(char *text)
{
	for (; *text; ++text) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

static void format_text(char *text, size_t size,
			const struct nym_report *report, const char *format,
			va_list args)
{
	size_t len = 0;

	text[0] = '\0';
	if (report->where[0]) {
		snprintf(text, size, "%s: ", report->where);
		len = strlen(text);
	}
	vsnprintf(text + len, size - len, format, args);
	make_printable(text);
}

void nym_report_where(struct nym_report *report, const char *format, ...)
{
	va_list args;

	if (!report)
		return;
	report->where[0] = '\0';
	if (!format)
		return;
	va_start(args, format);
	vsnprintf(report->where, sizeof(report->where), format, args);
	va_end(args);
}

int nym_fail(struct nym_report *report, const char *format, ...)
{
	va_list args;

	if (!report)
		return -1;
	va_start(args, format);
	format_text(report->error, sizeof(report->error), report, format, args);
	va_end(args);
	return -1;
}

const char *nym_rights_advice(int error)
{
	return error == EACCES || error == EPERM ? "; run it as root" : "";
}

void nym_warn(struct nym_report *report, const char *format, ...)
{
	char text[sizeof(report->error)];
	va_list args;

	if (!report || !report->warn)
		return;
	va_start(args, format);
	format_text(text, sizeof(text), report, format, args);
	va_end(args);
	report->warn(text);
}
