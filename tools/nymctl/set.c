// SPDX-License-Identifier: GPL-2.0-or-later
#include "arguments.h"
#include "command.h"
#include "endpoint.h"
#include "netlink.h"

static int apply(struct nym_device *device, const char *name,
		 struct nym_report *report)
{
	if (nym_device_set_name(device, name, report) ||
	    nym_device_resolve(device, report))
		return -1;
	nym_device_check_endpoints(device, false, report);
	return nym_device_set(device, report) ? -1 : 0;
}

int set_main(int argc, char *argv[])
{
	struct nym_report report = { .warn = command_warn };
	struct nym_device *device;
	int ret;

	if (argc < 3)
		return command_usage(argv[0]);
	device = nym_arguments_parse(argc - 2, argv + 2, nym_key_read_file,
				     &report);
	if (!device)
		return command_failed(&report);
	ret = apply(device, argv[1], &report);
	nym_device_free(device);
	return ret ? command_failed(&report) : 0;
}
