// SPDX-License-Identifier: GPL-2.0-or-later
/* The way down: by what the journal says was done on the way up. */
#include "tunnel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "link_kind.h"
#include "program.h"
#include "report.h"
#include "rtnetlink.h"
#include "shared_sysctl.h"
#include "tunnel_dns.h"
#include "tunnel_firewall.h"

void nym_tunnel_announce(const struct nym_tunnel *tunnel, const char *format,
			 ...)
{
	char text[512];
	va_list args;

	if (!tunnel->announce)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tunnel->announce(text);
}

int nym_tunnel_run_hooks(struct nym_tunnel *tunnel, enum nym_hook hook,
			 bool all_of_them)
{
	const struct nym_text_list *list = &tunnel->conf.hooks[hook];
	char reason[sizeof(tunnel->report->error)];
	int ret = 0;
	size_t i;

	for (i = 0; i < list->count; i++) {
		nym_tunnel_announce(tunnel, "%s: %s", nym_hook_name(hook),
				    list->text[i]);
		if (!nym_hook_run(list->text[i], tunnel->name, tunnel->report))
			continue;
		snprintf(reason, sizeof(reason), "%s", tunnel->report->error);
		ret = nym_fail(tunnel->report,
			       "step \"%s = %s\" failed: %s; correct the command in %s",
			       nym_hook_name(hook), list->text[i], reason,
			       tunnel->path);
		if (!all_of_them)
			return ret;
		nym_warn(tunnel->report, "%s", tunnel->report->error);
	}
	return ret;
}

static int delete_link(struct nym_tunnel *tunnel, struct nym_rtnl *rtnl)
{
	struct nym_link link;
	int ret;

	ret = nym_link_get(rtnl, tunnel->name, &link);
	/* It was not made yet, or somebody was faster, or has the name now. */
	if (ret == -ENODEV || (!ret && strcmp(link.kind, NYM_LINK_KIND)))
		return 0;
	nym_tunnel_announce(tunnel, "ip link delete dev %s", tunnel->name);
	if (!ret)
		ret = nym_link_delete(rtnl, link.ifindex);
	if (!ret || ret == -ENODEV)
		return 0;
	return nym_fail(tunnel->report, "cannot delete the link %s: %s",
			tunnel->name, nym_rtnl_text(rtnl));
}

static int delete_rule(struct nym_tunnel *tunnel, struct nym_rtnl *rtnl,
		       const char *record)
{
	struct nym_rule rule = { 0 };
	unsigned int kind, family;
	int ret;

	if (sscanf(record, "%u %u %" SCNu32 " %" SCNu32 " %" SCNu32, &kind,
		   &family, &rule.priority, &rule.mark, &rule.table) != 5)
		return nym_fail(tunnel->report,
				"the journal's rule \"%s\" makes no sense",
				record);
	rule.kind = (enum nym_rule_kind)kind;
	rule.family = (uint8_t)family;
	nym_tunnel_announce(tunnel, "ip -%d rule delete priority %u",
			    family == AF_INET ? 4 : 6, rule.priority);
	ret = nym_rule_delete(rtnl, &rule);
	if (!ret || ret == -ENOENT)
		return 0;
	return nym_fail(tunnel->report,
			"cannot delete the rule of priority %u: %s",
			rule.priority, nym_rtnl_text(rtnl));
}

static int delete_firewall(struct nym_tunnel *tunnel)
{
	char table[NYM_FIREWALL_TABLE_SIZE];

	nym_firewall_table(tunnel->name, table);
	nym_tunnel_announce(tunnel, "nft delete table inet %s", table);
	return nym_firewall_delete(tunnel->name, tunnel->report);
}

static int restore_sysctl(struct nym_tunnel *tunnel,
			  struct nym_journal *journal, const char *name,
			  const char *before)
{
	int ret;

	ret = nym_sysctl_restore(journal, name, before, tunnel->report);
	if (ret > 0)
		nym_tunnel_announce(tunnel, "sysctl net.ipv4.conf.all.%s=%s",
				    name, before);
	return ret < 0 ? -1 : 0;
}

static int undo_hooks(struct nym_tunnel *tunnel, const char *phase)
{
	enum nym_hook counterpart = NYM_HOOK_POST_DOWN;

	if (!strcmp(phase, nym_hook_name(NYM_HOOK_POST_UP)))
		counterpart = NYM_HOOK_PRE_DOWN;
	return nym_tunnel_run_hooks(tunnel, counterpart, true);
}

/* Cuts the first word off a copy of the record; returns what follows. */
static char *split(char *record)
{
	char *blank = strchr(record, ' ');

	if (!blank)
		return record + strlen(record);
	*blank = '\0';
	return blank + 1;
}

/*
 * Everything here may have been done, in part or not at all, and may have been
 * undone by somebody else: what is not there is no failure.
 */
static int undo_record(struct nym_tunnel *tunnel, struct nym_journal *journal,
		       struct nym_rtnl *rtnl, const char *word,
		       const char *rest)
{
	if (!strcmp(word, "link"))
		return delete_link(tunnel, rtnl);
	if (!strcmp(word, "rule"))
		return delete_rule(tunnel, rtnl, rest);
	if (!strcmp(word, "nftables"))
		return delete_firewall(tunnel);
	if (nym_sysctl_is_one(word))
		return restore_sysctl(tunnel, journal, word, rest);
	if (!strcmp(word, "dns")) {
		nym_tunnel_announce(tunnel, "give up the name servers of %s",
				    tunnel->name);
		return nym_dns_unset(journal, tunnel->name, rest,
				     tunnel->report);
	}
	/* The others state things that go with the journal. */
	return 0;
}

int nym_tunnel_undo(struct nym_tunnel *tunnel, struct nym_journal *journal)
{
	struct nym_report *report = tunnel->report;
	char reason[sizeof(report->error)] = "";
	struct nym_rtnl *rtnl = nym_rtnl_open();
	bool hook_failed = false;
	char *record, *rest;
	size_t i;
	int ret;

	if (!rtnl)
		return nym_fail(report, "cannot open route netlink: %s",
				strerror(errno));
	for (i = nym_journal_count(journal); i; i--) {
		record = strdup(nym_journal_record(journal, i - 1));
		if (!record) {
			snprintf(reason, sizeof(reason), "out of memory");
			break;
		}
		rest = split(record);
		ret = 0;
		if (!strcmp(record, "hooks"))
			hook_failed |= undo_hooks(tunnel, rest) != 0;
		else
			ret = undo_record(tunnel, journal, rtnl, record, rest);
		free(record);
		/*
		 * What can be undone is, whatever else cannot; from the first
		 * failure on the records stay, for another attempt.
		 */
		if (ret && !reason[0])
			snprintf(reason, sizeof(reason), "%s", report->error);
		if (!reason[0] && nym_journal_drop_last(journal, report))
			snprintf(reason, sizeof(reason), "%s", report->error);
	}
	nym_rtnl_close(rtnl);
	if (reason[0])
		return nym_fail(report,
				"%s; not all is undone: run \"nymctl down %s\" again",
				reason, tunnel->name);
	if (nym_journal_remove(journal, report))
		return -1;
	return hook_failed ?
		       nym_fail(report, "all is undone, but a hook failed") :
		       0;
}

/* The device is there, but not by this program: there is only the link. */
static int down_by_hand(struct nym_tunnel *tunnel)
{
	struct nym_rtnl *rtnl = nym_rtnl_open();
	struct nym_link link;
	bool hook_failed;
	int ret = -1;

	if (!rtnl)
		return nym_fail(tunnel->report, "cannot open route netlink: %s",
				strerror(errno));
	if (nym_link_get(rtnl, tunnel->name, &link)) {
		nym_fail(tunnel->report, "%s is not up", tunnel->name);
	} else if (strcmp(link.kind, NYM_LINK_KIND)) {
		nym_fail(tunnel->report,
			 "%s is not a device of kind " NYM_LINK_KIND,
			 tunnel->name);
	} else {
		nym_warn(tunnel->report,
			 "%s was not brought up by \"nymctl up\": only the link is removed",
			 tunnel->name);
		hook_failed = nym_tunnel_run_hooks(tunnel, NYM_HOOK_PRE_DOWN,
						   true);
		ret = tunnel->conf.save ? nym_tunnel_save(tunnel) : 0;
		if (!ret)
			ret = delete_link(tunnel, rtnl);
		if (!ret)
			hook_failed |= nym_tunnel_run_hooks(tunnel,
							    NYM_HOOK_POST_DOWN,
							    true);
		if (!ret && hook_failed)
			ret = nym_fail(tunnel->report,
				       "the link is removed, but a hook failed");
	}
	nym_rtnl_close(rtnl);
	return ret;
}

static bool link_exists(const char *name)
{
	struct nym_rtnl *rtnl = nym_rtnl_open();
	struct nym_link link;
	bool exists;

	exists = rtnl && !nym_link_get(rtnl, name, &link);
	nym_rtnl_close(rtnl);
	return exists;
}

int nym_tunnel_down(struct nym_tunnel *tunnel)
{
	struct nym_journal *journal;
	bool hook_failed = false;
	int ret;

	/* To stop half way down would help nobody. */
	nym_program_block_signals(NULL, NULL);
	nym_program_begin_undo();
	ret = nym_journal_open(&journal, NYM_JOURNAL_BASE, tunnel->name,
			       NYM_JOURNAL_EXISTING, tunnel->report);
	if (ret == 1)
		return down_by_hand(tunnel);
	if (ret)
		return -1;
	if (!nym_journal_find(journal, "up")) {
		nym_warn(tunnel->report,
			 "%s did not come up completely; undoing what was done",
			 tunnel->name);
	} else if (tunnel->conf.save && link_exists(tunnel->name)) {
		/* The hooks may change what is saved, so they come before. */
		hook_failed = nym_tunnel_run_hooks(tunnel, NYM_HOOK_PRE_DOWN,
						   true);
		if (nym_tunnel_save(tunnel)) {
			nym_journal_close(journal);
			return -1;
		}
		while (nym_journal_find(journal, "hooks") &&
		       strcmp(nym_journal_find(journal, "hooks"),
			      nym_hook_name(NYM_HOOK_PRE_UP)))
			if (nym_journal_drop_last(journal, tunnel->report))
				break;
	}
	ret = nym_tunnel_undo(tunnel, journal);
	nym_journal_close(journal);
	if (!ret && hook_failed)
		ret = nym_fail(tunnel->report,
			       "all is undone, but a hook failed");
	return ret;
}
