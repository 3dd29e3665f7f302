/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Environment variables that wg(8) has too. */
#ifndef NYM_ENVIRONMENT_H
#define NYM_ENVIRONMENT_H

/*
 * The value of NYM_<name>, or else of WG_<name>, so that scripts written for
 * wg keep their settings. Null when neither is set.
 */
const char *nym_environment(const char *name);

#endif
