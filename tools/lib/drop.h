/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the reasons for which the driver drops packets and messages. */
#ifndef NYM_DROP_H
#define NYM_DROP_H

#include <linux/nym.h>

/* The reasons are from NYM_DROP_FIRST to NYM_DROP_MAX. */
#define NYM_DROP_FIRST (NYM_DROP_PAD + 1)

/* As in the driver's netlink specification, with dashes; never null. */
const char *nym_drop_name(enum nym_drop_reason reason);

#endif
