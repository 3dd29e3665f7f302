/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test results in the kernel's test format (KTAP). */
#ifndef KTAP_H
#define KTAP_H

#include <stdbool.h>
#include <stddef.h>

/* A test: all expectations between its begin and end hold, or it failed. */
void ktap_header(void);
void ktap_begin(void);
void ktap_end(const char *format, ...) __attribute__((format(printf, 1, 2)));
void ktap_skip(const char *name, const char *reason);
/* Prints the plan; returns the exit status of the program. */
int ktap_finish(void);

void ktap_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define EXPECT(condition)                                                \
	do {                                                             \
		if (!(condition))                                        \
			ktap_fail(__FILE__, __LINE__, "%s", #condition); \
	} while (0)

/* @call returns @error of enum zknym_error. */
#define EXPECT_ERROR(call, error)                                         \
	do {                                                              \
		int got_ = (call), want_ = (error);                       \
		if (got_ != want_)                                        \
			ktap_fail(__FILE__, __LINE__, "%s is %s, not %s", \
				  #call, zknym_error_name(got_),          \
				  zknym_error_name(want_));               \
	} while (0)
#define EXPECT_OK(call) EXPECT_ERROR(call, ZKNYM_OK)

#define EXPECT_BYTES(a, b, len) EXPECT(!memcmp((a), (b), (len)))

struct ktap_test {
	const char *name;
	void (*run)(void);
};

int ktap_run(const struct ktap_test *tests, size_t count);

#endif
