/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The difference between what a device is and what a file wants it to be. */
#ifndef NYM_SYNC_H
#define NYM_SYNC_H

#include "device.h"

struct nym_report;

/*
 * Reduces @wanted, which nym_config_parse() read with NYM_CONFIG_REPLACE, to
 * what has to change in @running: what already is so is taken out, what the
 * file does not have is cleared or removed. Setting the result leaves every
 * session alone that the file does not change. Two things of the kernel's own
 * are never taken back: a port that was drawn because the file names none, and
 * a quota that the file says nothing about.
 *
 * A block that several peers of @wanted state is whose setting all of @wanted
 * would make it.
 *
 * Endpoints of @wanted have been resolved. On failure @wanted is only good for
 * nym_device_free().
 */
int nym_sync(struct nym_device *wanted, const struct nym_device *running,
	     struct nym_report *report);

#endif
