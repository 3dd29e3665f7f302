// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "report.h"

static unsigned int failures;

int ktap_run(const struct ktap_case *cases, size_t count)
{
	unsigned int failed = 0;
	size_t i;

	printf("KTAP version 1\n1..%zu\n", count);
	for (i = 0; i < count; ++i) {
		failures = 0;
		cases[i].run();
		if (failures)
			++failed;
		printf("%sok %zu %s\n", failures ? "not " : "", i + 1,
		       cases[i].name);
		fflush(stdout);
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

void ktap_expect(bool holds, const char *file, int line, const char *text)
{
	if (holds)
		return;
	++failures;
	printf("# %s:%d: does not hold: %s\n", file, line, text);
}

/* A comment for each line, so that none is taken for a result. */
static void print_quoted(const char *label, const char *text)
{
	const char *end;

	printf("# %s:\n", label);
	for (; *text; text = *end ? end + 1 : end) {
		end = text + strcspn(text, "\n");
		printf("#   '%.*s'\n", (int)(end - text), text);
	}
}

void ktap_expect_text(const char *expected, const char *found, const char *file,
		      int line)
{
	if (!strcmp(expected, found))
		return;
	++failures;
	printf("# %s:%d: texts differ\n", file, line);
	print_quoted("expected", expected);
	print_quoted("found", found);
}

void ktap_expect_number(unsigned long long expected, unsigned long long found,
			const char *file, int line, const char *text)
{
	if (expected == found)
		return;
	++failures;
	printf("# %s:%d: %s: expected %llu, found %llu\n", file, line, text,
	       expected, found);
}

void test_key(uint8_t key[static NYM_KEY_LEN], uint8_t byte)
{
	memset(key, byte, NYM_KEY_LEN);
}

const char *test_key_text(uint8_t byte)
{
	static char texts[256][NYM_KEY_BASE64_SIZE];
	uint8_t key[NYM_KEY_LEN];

	test_key(key, byte);
	nym_key_to_base64(texts[byte], key);
	return texts[byte];
}

struct nym_device *test_config(const char *text)
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device *device;

	device = nym_config_parse("test.conf", text, strlen(text),
				  NYM_CONFIG_REPLACE, NULL, &report);
	if (!device)
		expect_text("", report.error);
	return device;
}

char *test_showconf(const struct nym_device *device)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	nym_config_print(stream, device);
	fclose(stream);
	return text;
}
