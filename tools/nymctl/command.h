/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of nymctl, and what they share on the command line. */
#ifndef NYMCTL_COMMAND_H
#define NYMCTL_COMMAND_H

#include <stdbool.h>

#include "report.h"

/* Each takes its own word as argv[0] and returns the exit code. */
int show_main(int argc, char *argv[]);
int showconf_main(int argc, char *argv[]);
int set_main(int argc, char *argv[]);
int setconf_main(int argc, char *argv[]);
int genkey_main(int argc, char *argv[]);
int pubkey_main(int argc, char *argv[]);
int monitor_main(int argc, char *argv[]);
int up_main(int argc, char *argv[]);
int down_main(int argc, char *argv[]);
int save_main(int argc, char *argv[]);
int strip_main(int argc, char *argv[]);

/* Prints how the subcommand of the name is used; returns the exit code 1. */
int command_usage(const char *name);

/* Prints "nymctl: " and what the report says; returns the exit code 1. */
int command_failed(const struct nym_report *report);

/* The warn hook of a report: prints to the standard error. */
void command_warn(const char *text);

/* Takes --json or -j out of the arguments; returns whether it was there. */
bool command_take_json(int *argc, char *argv[]);

#endif
