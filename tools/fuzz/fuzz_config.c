// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any text as a configuration file. What is accepted must survive printing and
 * reading again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct nym_device *device)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	nym_config_print(stream, device);
	fclose(stream);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device *device, *again;
	char *text, *copy;

	device = nym_config_parse("fuzz", (const char *)data, size,
				  NYM_CONFIG_REPLACE, NULL, &report);
	if (!device) {
		if (!report.error[0])
			abort();
		return 0;
	}
	text = print(device);
	again = nym_config_parse("again", text, strlen(text),
				 NYM_CONFIG_REPLACE, NULL, &report);
	if (!again)
		abort();
	copy = print(again);
	if (strcmp(text, copy))
		abort();
	free(text);
	free(copy);
	nym_device_free(device);
	nym_device_free(again);
	return 0;
}
