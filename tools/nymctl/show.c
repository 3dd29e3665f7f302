// SPDX-License-Identifier: GPL-2.0-or-later
#include "show.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "command.h"
#include "netlink.h"

/**
 * struct request - what is to be shown
 * @field: of the device or its peers, or null for all of them
 * @json: as JSON, collected here; null for text
 * @with_name: lines of a field begin with the name of the device
 */
struct request {
	const char *field;
	json_t *json;
	bool with_name;
};

/* Keys pass through JSON's strings. */
static void free_wiped(void *memory)
{
	if (memory)
		sodium_memzero(memory, malloc_usable_size(memory));
	free(memory);
}

static void show_device(struct nym_device *device,
			const struct request *request)
{
	if (request->json)
		json_array_append_new(request->json,
				      show_json(device, request->field));
	else if (request->field)
		show_field(device, request->field, request->with_name);
	else
		show_pretty(device);
}

static int show_one(const char *name, const struct request *request)
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device *device;

	if (nym_device_get(&device, name, &report))
		return command_failed(&report);
	show_device(device, request);
	nym_device_free(device);
	return 0;
}

/* Fails only if there are devices and none of them could be read. */
static int show_all(const struct request *request)
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device_names names;
	bool apart = !request->json && !request->field;
	int ret = 0;
	size_t i;

	if (nym_device_list(&names, &report))
		return command_failed(&report);
	if (names.count)
		ret = 1;
	for (i = 0; i < names.count; ++i) {
		if (show_one(names.names[i], request))
			continue;
		if (apart && i + 1 < names.count)
			putchar('\n');
		ret = 0;
	}
	nym_device_names_free(&names);
	return ret;
}

static int show_interfaces(const struct request *request)
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device_names names;
	size_t i;

	if (nym_device_list(&names, &report))
		return command_failed(&report);
	for (i = 0; i < names.count; ++i) {
		if (request->json)
			json_array_append_new(request->json,
					      json_string(names.names[i]));
		else
			printf("%s%c", names.names[i],
			       i + 1 < names.count ? ' ' : '\n');
	}
	nym_device_names_free(&names);
	return 0;
}

static int show_what(const char *what, struct request *request)
{
	struct nym_report report = NYM_REPORT_INIT;

	if (!strcmp(what, "interfaces")) {
		if (request->field)
			return command_usage("show");
		return show_interfaces(request);
	}
	if (request->field && !show_has_field(request->field)) {
		nym_fail(&report,
			 "'%s' is not a field: see 'nymctl show --help'",
			 request->field);
		return command_failed(&report);
	}
	if (!strcmp(what, "all")) {
		request->with_name = true;
		return show_all(request);
	}
	return show_one(what, request);
}

int show_main(int argc, char *argv[])
{
	bool json = command_take_json(&argc, argv);
	struct request request = { 0 };
	int ret;

	if (argc > 3)
		return command_usage(argv[0]);
	if (json) {
		json_set_alloc_funcs(malloc, free_wiped);
		request.json = json_array();
	}
	request.field = argc == 3 ? argv[2] : NULL;
	ret = show_what(argc > 1 ? argv[1] : "all", &request);
	if (json) {
		if (!ret) {
			json_dumpf(request.json, stdout, JSON_INDENT(2));
			putchar('\n');
		}
		json_decref(request.json);
	}
	return ret;
}
