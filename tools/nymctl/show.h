/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms in which a device is shown. */
#ifndef NYMCTL_SHOW_H
#define NYMCTL_SHOW_H

#include <stdbool.h>

#include <jansson.h>

#include "device.h"

/* For people. Sorts the peers by their latest handshakes. */
void show_pretty(struct nym_device *device);

/*
 * One field, for scripts: lines of words with tabs between, the device's name
 * first if @with_name. Returns whether the field exists.
 */
bool show_field(const struct nym_device *device, const char *field,
		bool with_name);

/*
 * The device as an object, with @field alone if that is not null, which exists.
 * Private and preshared keys are in it only if @field asks for them or the
 * environment does not have them hidden. Null when memory is short.
 */
json_t *show_json(const struct nym_device *device, const char *field);

/* Whether there is such a field. */
bool show_has_field(const char *field);

/*
 * Whether listings for people show private and preshared keys: only where
 * NYM_HIDE_KEYS or WG_HIDE_KEYS is "never".
 */
bool show_reveals_keys(void);

#endif
