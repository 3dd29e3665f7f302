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
 * struct nym_report - reasons of a failure, and warnings
 * @where: what is being read, as "two-hop.conf:7: Via"; put before each text.
 *	   Empty when there is no such place.
 * @error: why the last call failed, one line without a line feed
 * @warn: called with each warning, one line without a line feed; may be null
 */
struct nym_report {
	char where[192];
	char error[768];
	void (*warn)(const char *text);
};

#define NYM_REPORT_INIT     \
	{                   \
		.where = "" \
	}

/* States the place that later texts begin with; a null format clears it. */
void nym_report_where(struct nym_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Sets @report->error. Always returns -1, so that callers can return it. */
int nym_fail(struct nym_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What to do about an errno for want of rights, to follow its text; or "". */
const char *nym_rights_advice(int error);

void nym_warn(struct nym_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
