/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests that print KTAP. */
#ifndef TESTS_KTAP_H
#define TESTS_KTAP_H

#include <stdbool.h>
#include <stddef.h>

#include "device.h"

struct ktap_case {
	const char *name;
	void (*run)(void);
};

/* Runs the cases and returns the exit code of the program. */
int ktap_run(const struct ktap_case *cases, size_t count);

#define KTAP_MAIN(cases)                                                    \
	int main(void)                                                      \
	{                                                                   \
		return ktap_run(cases, sizeof(cases) / sizeof((cases)[0])); \
	}

/* Records a failure of the running case; it goes on. */
void ktap_expect(bool holds, const char *file, int line, const char *text);
void ktap_expect_text(const char *expected, const char *found, const char *file,
		      int line);
void ktap_expect_number(unsigned long long expected, unsigned long long found,
			const char *file, int line, const char *text);

#define expect(condition) \
	ktap_expect((condition), __FILE__, __LINE__, #condition)
#define expect_text(expected, found) \
	ktap_expect_text((expected), (found), __FILE__, __LINE__)
#define expect_number(expected, found) \
	ktap_expect_number((expected), (found), __FILE__, __LINE__, #found)

/* A key whose bytes are all @byte, and its text in static memory. */
void test_key(uint8_t key[static NYM_KEY_LEN], uint8_t byte);
const char *test_key_text(uint8_t byte);

/* The configuration text as a device, or a failure of the case and null. */
struct nym_device *test_config(const char *text);

/* showconf's text of the device; the caller frees it. */
char *test_showconf(const struct nym_device *device);

#endif
