/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other programs that are run and waited for: helpers and hooks. */
#ifndef NYM_PROGRAM_H
#define NYM_PROGRAM_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct nym_report;

/* Whether PATH has a program of that name. */
bool nym_program_exists(const char *name);

/*
 * From here on SIGINT, SIGQUIT, SIGTERM and SIGHUP wait, until the process ends
 * or is in nym_program_wait(), and SIGPIPE is ignored. Tells which wait and what
 * was blocked before; either may be null.
 */
void nym_program_block_signals(sigset_t *signals, sigset_t *before);

/*
 * Waits for a child process and hands on to it those of these signals that come
 * meanwhile and are blocked, except in the undoing. -1 with errno set when it is not there.
 */
int nym_program_wait(pid_t pid, int *status);

/*
 * From here on programs undo what was done, which a signal must not stop half
 * way: none is handed on to them, and they ignore SIGINT and SIGHUP.
 */
void nym_program_begin_undo(void);

/*
 * From here on this process inherits what its children leave behind that still
 * runs, as the commands of a hook that was killed.
 */
void nym_program_inherit(void);

/*
 * Waits until these have ended, but not for ever: a daemon that a hook started
 * is one of them.
 */
void nym_program_wait_for_inherited(void);

/*
 * Runs a program with the arguments, the first being its name, and with input,
 * if not null, on its standard input. Returns 0 when it ended well, -1 with the
 * reason in the report. Waits as nym_program_wait() does.
 */
int nym_program_run(const char *const arguments[], const char *input,
		    struct nym_report *report);

/*
 * Runs a hook, "%i" in it being the device's name, by bash as wg-quick(8) does,
 * or by sh where there is no bash. It ends when the caller does.
 */
int nym_hook_run(const char *command, const char *device,
		 struct nym_report *report);

#endif
