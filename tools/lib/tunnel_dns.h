/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name servers of a tunnel, in the way that this host has its own: by
 * systemd-resolved, by resolvconf(8), or else by a resolv.conf of the tunnel's
 * that is mounted over /etc/resolv.conf.
 */
#ifndef NYM_TUNNEL_DNS_H
#define NYM_TUNNEL_DNS_H

#include <sys/types.h>

#include "journal.h"
#include "tunnel_conf.h"

struct nym_report;

/*
 * Sets them and puts what undoes it into the journal. caller is the process
 * that started this program: what is mounted has to be there for it, too.
 */
int nym_dns_set(struct nym_journal *journal, const char *device,
		const struct nym_tunnel_conf *conf, pid_t caller,
		struct nym_report *report);

/* Undoes what a record says: what follows its word "dns" is the argument. */
int nym_dns_unset(struct nym_journal *journal, const char *device,
		  const char *record, struct nym_report *report);

#endif
