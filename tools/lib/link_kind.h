/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names under which the kernel knows the driver. The in-tree WireGuard
 * driver speaks the same numbers, so a build with its two names can be tested
 * against it.
 */
#ifndef NYM_LINK_KIND_H
#define NYM_LINK_KIND_H

#include <linux/nym.h>

#ifndef NYM_LINK_KIND
#define NYM_LINK_KIND "nym"
#endif

#ifndef NYM_FAMILY_NAME
#define NYM_FAMILY_NAME NYM_GENL_NAME
#endif

#endif
