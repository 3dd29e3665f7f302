// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Of a file's name or a word, so that there is room for what is to be said. */
#define PLACE_MAX 160

/* What is quoted may come from a file: it must not reach a terminal raw. */
static void make_printable(char *text)
{
	for (; *text; ++text) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

static size_t place_to_text(char *text, size_t size,
			    const struct nym_place *place)
{
	char line[16] = "";

	if (place->line)
		snprintf(line, sizeof(line), ":%u", place->line);
	snprintf(text, size, "%.*s%s%s%.*s%s", PLACE_MAX,
		 place->file ? place->file : "", line, place->file ? ": " : "",
		 PLACE_MAX, place->word ? place->word : "",
		 place->word ? ": " : "");
	return strlen(text);
}

static void format_text(char *text, size_t size,
			const struct nym_report *report, const char *format,
			va_list args)
{
	size_t len = place_to_text(text, size, &report->place);

	vsnprintf(text + len, size - len, format, args);
	make_printable(text);
}

void nym_report_place(struct nym_report *report, const char *file,
		      unsigned int line, const char *word)
{
	if (!report)
		return;
	report->place.file = file;
	report->place.line = line;
	report->place.word = word;
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
