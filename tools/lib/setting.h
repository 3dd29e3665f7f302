/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of a device and of a peer: what each is called on a command line
 * and in a file, and where its value goes.
 */
#ifndef NYM_SETTING_H
#define NYM_SETTING_H

#include <stdbool.h>

#include "arguments.h"
#include "device.h"

struct nym_report;

/**
 * struct nym_setting_target - what settings are stored in
 * @device: not null
 * @peer: the last one that was begun, or null before the first
 * @read_key: takes the value of a key's setting: the key itself in a file, the
 *	      path of a file that holds it on a command line
 * @may_add: a quota may begin with "+"
 * @report: where a wrong value is explained
 */
struct nym_setting_target {
	struct nym_device *device;
	struct nym_peer *peer;
	nym_key_reader *read_key;
	bool may_add;
	struct nym_report *report;
};

enum nym_setting_owner {
	NYM_SETTING_OF_DEVICE,
	NYM_SETTING_OF_PEER,
};

/**
 * struct nym_setting - one of them
 * @owner: a setting of a peer is to be applied when there is one
 * @word: on the command line
 * @key: in a file, where letters may be of either case
 * @apply: stores a value. Returns 0, or -1 with the reason in the report
 */
struct nym_setting {
	enum nym_setting_owner owner;
	const char *word;
	const char *key;
	int (*apply)(struct nym_setting_target *target, const char *value);
};

/* Both return null where there is no such setting. */
const struct nym_setting *nym_setting_of_word(const char *word);
const struct nym_setting *nym_setting_of_key(enum nym_setting_owner owner,
					     const char *key);

#endif
