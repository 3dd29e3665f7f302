/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sysctls under net.ipv4.conf.all that all tunnels of a network namespace
 * share: the last one to go restores what the first one found.
 */
#ifndef NYM_SHARED_SYSCTL_H
#define NYM_SHARED_SYSCTL_H

#include <stdbool.h>

#include "journal.h"

struct nym_report;

/* Without it a strict reverse path filter drops answers to marked packets. */
#define NYM_SYSCTL_SRC_VALID_MARK "src_valid_mark"
/* The driver clears it when a device goes up, and does not know when to stop. */
#define NYM_SYSCTL_SEND_REDIRECTS "send_redirects"

/* Puts what the sysctl is now into the journal. */
int nym_sysctl_remember(struct nym_journal *journal, const char *name,
			struct nym_report *report);

/* The same, and then sets it. */
int nym_sysctl_set(struct nym_journal *journal, const char *name,
		   struct nym_report *report);

/* Whether a record of the journal with this word is about a sysctl. */
bool nym_sysctl_is_one(const char *word);

/*
 * Undoes it: before is what follows the name in the record. 1 when it was
 * restored, 0 when it was so already or another tunnel needs it.
 */
int nym_sysctl_restore(struct nym_journal *journal, const char *name,
		       const char *before, struct nym_report *report);

#endif
