// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "command.h"
#include "config.h"
#include "endpoint.h"
#include "file.h"
#include "netlink.h"
#include "sync.h"

static struct nym_device *read_device(const char *path,
				      enum nym_config_mode mode,
				      struct nym_report *report)
{
	struct nym_device *device;
	struct nym_file file;

	if (nym_file_read(&file, path, NYM_FILE_MAX, report))
		return NULL;
	device = nym_config_parse(path, file.text, file.len, mode, NULL,
				  report);
	nym_file_free(&file);
	return device;
}

static int reduce_to_changes(struct nym_device *wanted,
			     struct nym_report *report)
{
	struct nym_device *running;
	int ret;

	if (nym_device_get(&running, wanted->name, report))
		return -1;
	ret = nym_sync(wanted, running, report);
	nym_device_free(running);
	return ret;
}

static int apply(struct nym_device *device, const char *name, bool sync,
		 struct nym_report *report)
{
	if (nym_device_set_name(device, name, report) ||
	    nym_device_resolve(device, report))
		return -1;
	/* addconf adds to what the device has. */
	nym_device_check_endpoints(device,
				   device->flags & NYM_DEVICE_REPLACE_PEERS,
				   report);
	if ((sync && reduce_to_changes(device, report)) ||
	    nym_device_set(device, report))
		return -1;
	return 0;
}

int setconf_main(int argc, char *argv[])
{
	struct nym_report report = { .warn = command_warn };
	enum nym_config_mode mode;
	struct nym_device *device;
	int ret;

	if (argc != 3)
		return command_usage(argv[0]);
	mode = strcmp(argv[0], "addconf") ? NYM_CONFIG_REPLACE :
					    NYM_CONFIG_APPEND;
	device = read_device(argv[2], mode, &report);
	if (!device)
		return command_failed(&report);
	ret = apply(device, argv[1], !strcmp(argv[0], "syncconf"), &report);
	nym_device_free(device);
	return ret ? command_failed(&report) : 0;
}
