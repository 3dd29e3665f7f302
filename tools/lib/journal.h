/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The undo journal of a tunnel: what was done to the host to bring it up, in
 * order, written before each thing is done. Whatever becomes of the program
 * that does it, another can read there what to undo.
 *
 * A tunnel's journal is the file "journal" in the folder BASE/NAME, where other
 * files that the tunnel needs lie too. A tunnel in another network namespace
 * than the first process has BASE/NAME@COOKIE, after the kernel's cookie of
 * that namespace.
 */
#ifndef NYM_JOURNAL_H
#define NYM_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

struct nym_report;
struct nym_journal;

#define NYM_JOURNAL_BASE "/run/nym"

enum nym_journal_open {
	NYM_JOURNAL_EXISTING,
	NYM_JOURNAL_CREATE,
};

/*
 * Opens and locks the journal of the tunnel in this network namespace. Returns
 * 0; 1 when there is none and none was to be created; -1 with the reason in
 * the report, also when another process holds it.
 *
 * A forked process shares the lock: it is held until both are gone or closed
 * the journal.
 */
int nym_journal_open(struct nym_journal **journal, const char *base,
		     const char *name, enum nym_journal_open mode,
		     struct nym_report *report);
void nym_journal_close(struct nym_journal *journal);

/*
 * Without a lock: what follows the word in the tunnel's journal is copied to
 * rest. False when there is no journal or no such record.
 */
bool nym_journal_peek(const char *base, const char *name, const char *word,
		      char *rest, size_t size);

/* The tunnel's folder. */
const char *nym_journal_folder(const struct nym_journal *journal);

/* Whether the tunnel is in the first process's network namespace. */
bool nym_journal_in_first_namespace(const struct nym_journal *journal);

/* Reads the records anew, since another process may have written. */
int nym_journal_load(struct nym_journal *journal, struct nym_report *report);

/*
 * Records in the order written: a word that says what, and what belongs to it
 * after a blank. They are the journal's and stay until it changes.
 */
size_t nym_journal_count(const struct nym_journal *journal);
const char *nym_journal_record(const struct nym_journal *journal, size_t index);

/* What follows the word in its last record; null without such a record. */
const char *nym_journal_find(const struct nym_journal *journal,
			     const char *word);

int nym_journal_append(struct nym_journal *journal, struct nym_report *report,
		       const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Takes the last record away. */
int nym_journal_drop_last(struct nym_journal *journal,
			  struct nym_report *report);

/* Removes the journal with its folder; only closing is left then. */
int nym_journal_remove(struct nym_journal *journal, struct nym_report *report);

/*
 * Between these two no other process chooses among what tunnels share. What
 * follows the word in the first other tunnel's journal that has it is copied
 * to rest by the search; namespaces that are not this one's are left out.
 */
int nym_journal_lock_base(struct nym_journal *journal,
			  struct nym_report *report);
bool nym_journal_find_other(const struct nym_journal *journal, const char *word,
			    const char *match, char *rest, size_t size);
void nym_journal_unlock_base(struct nym_journal *journal);

#endif
