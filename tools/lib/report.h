/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a library function has to say to the person who called the program.
 *
 * Functions that can fail for a reason worth reading take a struct nym_report.
 * The caller owns it, initialises it with NYM_REPORT_INIT or zeroes, and prints
 * the text; the library writes to no stream. A null report is allowed and
 * keeps the reasons unsaid.
 */
#ifndef NYM_REPORT_H
#define NYM_REPORT_H

/**
 * struct nym_place - what is being read, put before each text: "two-hop.conf:7: Via"
 * @file: name of the file, or null
 * @line: line in the file from 1, or 0
 * @word: the key or word that a value belongs to, or null
 *
 * Both texts are the reader's, and theirs only while it reads.
 */
struct nym_place {
	const char *file;
	unsigned int line;
	const char *word;
};

/**
 * struct nym_report - reasons of a failure, and warnings
 * @place: what is being read; all null where there is nothing
 * @error: why the last call failed, one line without a line feed
 * @warn: called with each warning, one line without a line feed; may be null
 */
struct nym_report {
	struct nym_place place;
	char error[768];
	void (*warn)(const char *text);
};

#define NYM_REPORT_INIT     \
	{                   \
		.error = "" \
	}

/* States the place that later texts begin with. */
void nym_report_place(struct nym_report *report, const char *file,
		      unsigned int line, const char *word);

/* Sets @report->error. Always returns -1, so that callers can return it. */
int nym_fail(struct nym_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What to do about an errno for want of rights, to follow its text; or "". */
const char *nym_rights_advice(int error);

void nym_warn(struct nym_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
