/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sysctl net.ipv4.conf.all.src_valid_mark, without which a strict reverse
 * path filter drops the answers to marked packets. All tunnels of a network
 * namespace share it: the last one to go restores what the first one found.
 */
#ifndef NYM_SRC_VALID_MARK_H
#define NYM_SRC_VALID_MARK_H

#include "journal.h"

struct nym_report;

/* Sets it and puts what undoes it into the journal. */
int nym_src_valid_mark_set(struct nym_journal *journal,
			   struct nym_report *report);

/* Undoes it: before is what follows the word "src_valid_mark" in the record. */
int nym_src_valid_mark_restore(struct nym_journal *journal, const char *before,
			       struct nym_report *report);

#endif
