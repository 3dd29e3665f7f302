// SPDX-License-Identifier: GPL-2.0-or-later
/* Any words behind "set INTERFACE", each ended by a line feed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "path.h"
#include "report.h"

#define MAX_WORDS 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No file is read here: a name stands for a key. */
static int read_key(uint8_t key[static NYM_KEY_LEN], const char *path,
		    struct nym_report *report)
{
	if (!path[0])
		return nym_fail(report, "No such file");
	memset(key, path[0], NYM_KEY_LEN);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nym_report report = NYM_REPORT_INIT;
	char *text = malloc(size + 1), *rest = text;
	struct nym_device *device;
	char *argv[MAX_WORDS];
	int argc = 0;

	memcpy(text, data, size);
	text[size] = '\0';
	while (rest && argc < MAX_WORDS)
		argv[argc++] = strsep(&rest, "\n");
	device = nym_arguments_parse(argc, argv, read_key, &report);
	if (!device && !report.error[0])
		abort();
	if (device && !nym_device_check_paths(device, &report) &&
	    nym_device_order_carriers(device, &report))
		abort();
	nym_device_free(device);
	free(text);
	return 0;
}
