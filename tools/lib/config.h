/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration file format of wg(8) with the keys for nesting: what
 * setconf, addconf and syncconf read and showconf prints.
 */
#ifndef NYM_CONFIG_H
#define NYM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "device.h"

struct nym_report;

/**
 * enum nym_config_mode - what a file says by what it leaves out
 * @NYM_CONFIG_REPLACE: the device is to be as the file says: other peers go,
 *			and a key, port or mark that is not there is cleared
 * @NYM_CONFIG_APPEND: what is not in the file stays as it is
 */
enum nym_config_mode {
	NYM_CONFIG_REPLACE,
	NYM_CONFIG_APPEND,
};

/**
 * struct nym_config_extension - the keys of another reader of the same file
 * @interface_key: called for each key of [Interface] that is not the device's,
 *		   with the value trimmed and without its comment. Returns 0 when
 *		   it took the key, 1 when it does not know it, -1 when the value
 *		   is wrong and the report says why.
 * @keeps_comment: whether the value on this line of [Interface] goes on behind
 *		   a '#'; may be null, then none does
 * @context: first argument of @interface_key
 */
struct nym_config_extension {
	int (*interface_key)(void *context, const char *key, const char *value,
			     struct nym_report *report);
	bool (*keeps_comment)(const char *line);
	void *context;
};

/*
 * Reads @len bytes of @text, which ends with a NUL behind them. @name stands
 * for the text in reasons. @extension may be null. Returns a device of the
 * caller's, or null with the reason in @report. Endpoint names are left to
 * nym_device_resolve(), the name of the device to the caller.
 */
struct nym_device *
nym_config_parse(const char *name, const char *text, size_t len,
		 enum nym_config_mode mode,
		 const struct nym_config_extension *extension,
		 struct nym_report *report);

/* Prints what nym_config_parse() reads. Private and preshared keys included. */
void nym_config_print(FILE *stream, const struct nym_device *device);

#endif
