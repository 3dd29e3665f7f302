/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tunnel: a device with what the host needs to use it. It comes from a config
 * file, is brought up step by step with an undo journal, and goes down by that
 * journal, also when it never came up completely.
 */
#ifndef NYM_TUNNEL_H
#define NYM_TUNNEL_H

#include <net/if.h>
#include <stdio.h>
#include <sys/types.h>

#include "device.h"
#include "file.h"
#include "tunnel_conf.h"

struct nym_report;

#define NYM_TUNNEL_FOLDER "/etc/nym"

/**
 * struct nym_tunnel - a tunnel
 * @name: of the device
 * @path: of the config file, without symbolic links if it exists
 * @file: its text
 * @device: what it says of the device; null before nym_tunnel_read()
 * @conf: what it says of the host
 * @caller: the process that started this program
 * @announce: called with each step before it is done, in the words of a
 *	      command that would do the same; may be null
 * @report: for failures and warnings
 *
 * nym_tunnel_free() ends what nym_tunnel_find() and nym_tunnel_read() fill.
 */
struct nym_tunnel {
	char name[IFNAMSIZ];
	char *path;
	struct nym_file file;
	struct nym_device *device;
	struct nym_tunnel_conf conf;
	pid_t caller;
	void (*announce)(const char *text);
	struct nym_report *report;
};

/*
 * Takes what a person calls the tunnel: a name, whose file is
 * /etc/nym/NAME.conf, or the path of a file NAME.conf. 0, or -1 with the reason
 * in the report, as with all of these.
 */
int nym_tunnel_find(struct nym_tunnel *tunnel, const char *argument);

/*
 * The same for a tunnel that may be up: a name stands for the file that it was
 * brought up from.
 */
int nym_tunnel_find_running(struct nym_tunnel *tunnel, const char *argument);

/* Reads the file. Endpoint names are left as they are. */
int nym_tunnel_read(struct nym_tunnel *tunnel);

/* Brings it up. After a failure all is as it was, or the report says not. */
int nym_tunnel_up(struct nym_tunnel *tunnel);

/*
 * Brings it down. The tunnel need not have been read: then no hooks are run and
 * nothing is saved.
 */
int nym_tunnel_down(struct nym_tunnel *tunnel);

/* Writes the file anew from what the device is now. */
int nym_tunnel_save(struct nym_tunnel *tunnel);

/*
 * Prints the file without what it says of the host, for setconf and syncconf;
 * with the mark that nym_tunnel_up() chose, since syncconf would clear it.
 */
int nym_tunnel_strip(const struct nym_tunnel *tunnel, FILE *stream);

void nym_tunnel_free(struct nym_tunnel *tunnel);

/* For the files that make up the above. */
struct nym_journal;

void nym_tunnel_announce(const struct nym_tunnel *tunnel, const char *format,
			 ...) __attribute__((format(printf, 2, 3)));

/* Runs all hooks of one kind; all_of_them goes on after one that failed. */
int nym_tunnel_run_hooks(struct nym_tunnel *tunnel, enum nym_hook hook,
			 bool all_of_them);

/* Undoes what the journal has, and removes the journal when all is undone. */
int nym_tunnel_undo(struct nym_tunnel *tunnel, struct nym_journal *journal);

#endif
