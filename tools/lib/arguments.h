/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of 'set' on a command line. */
#ifndef NYM_ARGUMENTS_H
#define NYM_ARGUMENTS_H

#include "device.h"

struct nym_report;

/* nym_key_read_file(), or what stands in for it where no file is to be read. */
typedef int nym_key_reader(uint8_t key[static NYM_KEY_LEN], const char *path,
			   struct nym_report *report);

/*
 * Reads what follows the name of the interface. Keys come from the files that
 * the words name, through @read_key. Returns a device of the caller's, or null
 * with the reason in @report. Endpoint names are left to nym_device_resolve(),
 * the name of the device to the caller.
 */
struct nym_device *nym_arguments_parse(int argc, char *const argv[],
				       nym_key_reader *read_key,
				       struct nym_report *report);

#endif
