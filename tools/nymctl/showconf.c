// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "command.h"
#include "config.h"
#include "netlink.h"

int showconf_main(int argc, char *argv[])
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device *device;

	if (argc != 2)
		return command_usage(argv[0]);
	if (nym_device_get(&device, argv[1], &report))
		return command_failed(&report);
	nym_config_print(stdout, device);
	nym_device_free(device);
	return 0;
}
