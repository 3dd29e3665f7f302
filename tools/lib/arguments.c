// SPDX-License-Identifier: GPL-2.0-or-later
#include "arguments.h"

#include <stdbool.h>
#include <string.h>

#include "report.h"
#include "setting.h"
#include "value.h"

static int begin_peer(struct nym_setting_target *target, const char *value)
{
	target->peer = nym_device_add_peer(target->device);
	if (!target->peer)
		return nym_fail(target->report, "Out of memory");
	target->peer->flags = NYM_PEER_HAS_PUBLIC_KEY;
	return nym_value_public_key(target->peer->public_key, value,
				    target->report);
}

static int check_word(const struct nym_setting_target *target,
		      const struct nym_setting *setting, const char *word,
		      int argc)
{
	bool begins = !strcmp(word, "peer"), removes = !strcmp(word, "remove");
	bool of_device = setting && setting->owner == NYM_SETTING_OF_DEVICE;
	bool of_peer = removes ||
		       (setting && setting->owner == NYM_SETTING_OF_PEER);

	if (!setting && !begins && !removes)
		return nym_fail(target->report,
				"'%s' is not a word of 'set': see 'nymctl set --help'",
				word);
	if (of_device && target->peer)
		return nym_fail(target->report,
				"'%s' belongs to the device: put it before the first 'peer'",
				word);
	if (of_peer && !target->peer)
		return nym_fail(target->report,
				"'%s' belongs to a peer: put it behind 'peer PUBLIC-KEY'",
				word);
	if (!removes && argc < 2)
		return nym_fail(target->report, "'%s' needs a value behind it",
				word);
	return 0;
}

/* Returns how many arguments the first word and its value are, or -1. */
static int parse_word(struct nym_setting_target *target, int argc,
		      char *const argv[])
{
	const struct nym_setting *setting = nym_setting_of_word(argv[0]);

	nym_report_place(target->report, NULL, 0, NULL);
	if (check_word(target, setting, argv[0], argc))
		return -1;
	nym_report_place(target->report, NULL, 0, argv[0]);
	if (!strcmp(argv[0], "remove")) {
		target->peer->flags |= NYM_PEER_REMOVE;
		return 1;
	}
	if (setting ? setting->apply(target, argv[1]) :
		      begin_peer(target, argv[1]))
		return -1;
	return 2;
}

struct nym_device *nym_arguments_parse(int argc, char *const argv[],
				       nym_key_reader *read_key,
				       struct nym_report *report)
{
	struct nym_setting_target target = {
		.device = nym_device_new(),
		.read_key = read_key,
		.may_add = true,
		.report = report,
	};
	int used = 0;

	if (!target.device) {
		nym_fail(report, "Out of memory");
		return NULL;
	}
	while (argc > 0) {
		used = parse_word(&target, argc, argv);
		if (used < 0)
			break;
		argc -= used;
		argv += used;
	}
	nym_report_place(report, NULL, 0, NULL);
	if (used < 0) {
		nym_device_free(target.device);
		return NULL;
	}
	return target.device;
}
