// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way up. A child process takes the steps, each with its undo in the
 * journal first; this process waits for it and undoes by the journal if it does
 * not get through. So one piece of code undoes a failed step, an interrupted or
 * killed program, and a tunnel that was up.
 */
#include "tunnel.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "endpoint.h"
#include "journal.h"
#include "link_kind.h"
#include "netlink.h"
#include "program.h"
#include "report.h"
#include "rtnetlink.h"
#include "shared_sysctl.h"
#include "tunnel_dns.h"
#include "tunnel_firewall.h"
#include "tunnel_plan.h"

/* First mark and table that is tried for default routes. */
#define MARK_FIRST 51820
#define MARK_ATTEMPTS 10000

/* What the two processes share. */
struct progress {
	char step[NYM_STEP_TEXT_SIZE]; /* being taken, empty when none is */
	char error[sizeof(((struct nym_report *)0)->error)];
};

struct ascent {
	struct nym_tunnel *tunnel;
	struct nym_journal *journal;
	struct nym_rtnl *rtnl;
	struct progress *progress;
	struct nym_tunnel_plan plan;
	unsigned int ifindex;
};

static int mark_is_free(struct ascent *ascent, uint32_t mark, bool *is_free)
{
	bool in_use4 = false, in_use6 = false;
	char text[16];
	int ret;

	*is_free = false;
	snprintf(text, sizeof(text), "%u", mark);
	if (nym_journal_find_other(ascent->journal, "mark", text, NULL, 0))
		return 0;
	ret = nym_table_in_use(ascent->rtnl, AF_INET, mark, &in_use4);
	if (!ret)
		ret = nym_table_in_use(ascent->rtnl, AF_INET6, mark, &in_use6);
	/* A kernel without IPv6 has none of its tables in use. */
	if (ret && ret != -EAFNOSUPPORT && ret != -EOPNOTSUPP)
		return nym_fail(ascent->tunnel->report,
				"cannot read the routing tables: %s",
				nym_rtnl_text(ascent->rtnl));
	*is_free = !in_use4 && !in_use6;
	return 0;
}

/*
 * The mark of outer packets, and number of the table for default routes: the
 * file's, or one that nothing uses.
 */
static int choose_mark(struct ascent *ascent)
{
	struct nym_tunnel *tunnel = ascent->tunnel;
	struct nym_device *device = tunnel->device;
	bool is_free = false;
	uint32_t mark;
	int ret;

	if (device->fwmark ||
	    (!nym_plan_takes_default(&tunnel->conf, device, AF_INET) &&
	     !nym_plan_takes_default(&tunnel->conf, device, AF_INET6)))
		return 0;
	if (nym_journal_lock_base(ascent->journal, tunnel->report))
		return -1;
	for (mark = MARK_FIRST; mark < MARK_FIRST + MARK_ATTEMPTS; mark++) {
		ret = mark_is_free(ascent, mark, &is_free);
		if (ret || is_free)
			break;
	}
	if (is_free)
		ret = nym_journal_append(ascent->journal, tunnel->report,
					 "mark %u", mark);
	else if (!ret)
		ret = nym_fail(tunnel->report,
			       "all routing tables from %u to %u are in use; set FwMark to a number of your own",
			       MARK_FIRST, mark - 1);
	nym_journal_unlock_base(ascent->journal);
	device->fwmark = is_free ? mark : 0;
	device->flags |= NYM_DEVICE_HAS_FWMARK;
	return ret;
}

static int underlay_mtu(void *context, const union nym_endpoint *endpoint,
			uint32_t *mtu)
{
	const struct ascent *ascent = context;
	uint32_t mark = ascent->tunnel->device->fwmark;
	struct nym_prefix address = { .family = AF_INET };

	if (endpoint && endpoint->addr.sa_family == AF_INET) {
		address.v4 = endpoint->addr4.sin_addr;
	} else if (endpoint) {
		address.family = AF_INET6;
		address.v6 = endpoint->addr6.sin6_addr;
	} else if (!nym_route_mtu(ascent->rtnl, &address, mark, mtu)) {
		return 0;
	} else {
		address.family = AF_INET6;
	}
	return nym_route_mtu(ascent->rtnl, &address, mark, mtu);
}

static int first_priority(struct ascent *ascent, uint8_t family,
			  uint32_t *priority)
{
	struct nym_tunnel *tunnel = ascent->tunnel;

	if (!nym_plan_takes_default(&tunnel->conf, tunnel->device, family) ||
	    !nym_rule_first_priority(ascent->rtnl, family, priority))
		return 0;
	return nym_fail(tunnel->report, "cannot read the %s policy rules: %s",
			family == AF_INET ? "IPv4" : "IPv6",
			nym_rtnl_text(ascent->rtnl));
}

static int make_plan(struct ascent *ascent)
{
	struct nym_tunnel *tunnel = ascent->tunnel;
	struct nym_tunnel_facts facts = {
		.underlay = underlay_mtu,
		.context = ascent,
	};

	if (choose_mark(ascent) ||
	    first_priority(ascent, AF_INET, &facts.first_priority4) ||
	    first_priority(ascent, AF_INET6, &facts.first_priority6))
		return -1;
	facts.mark = tunnel->device->fwmark;
	return nym_plan_make(&ascent->plan, &tunnel->conf, tunnel->device,
			     &facts, tunnel->report);
}

/* What a person can do about the kernel's answer. */
static const char *advice(const struct nym_step *step, int error)
{
	bool ipv6 = step->prefix.family == AF_INET6;

	switch (error) {
	case EPERM:
	case EACCES:
		if (ipv6)
			return "; IPv6 is disabled here: see the sysctl net.ipv6.conf.default.disable_ipv6, or remove it from Address and AllowedIPs";
		return nym_rights_advice(error);
	case EOPNOTSUPP:
		if (step->kind == NYM_STEP_LINK)
			return "; the driver is not there: install it and run \"modprobe " NYM_LINK_KIND
			       "\"";
		if (ipv6)
			return "; this kernel has no IPv6: remove it from Address and AllowedIPs";
		break;
	case EAFNOSUPPORT:
		return "; this kernel has no IPv6: remove it from Address and AllowedIPs";
	case EEXIST:
		if (step->kind == NYM_STEP_ROUTE)
			return "; another route has this destination: remove it, or choose a Table";
		return "; it is there already: remove it";
	case EINVAL:
		if (step->kind == NYM_STEP_LINK_UP)
			return "; the device does not take this MTU: set another in the config file";
		break;
	}
	return "";
}

static int rtnl_verdict(struct ascent *ascent, const struct nym_step *step,
			int ret)
{
	if (!ret)
		return 0;
	return nym_fail(ascent->tunnel->report, "%s%s",
			nym_rtnl_text(ascent->rtnl), advice(step, -ret));
}

static int create_link(struct ascent *ascent, const struct nym_step *step)
{
	struct nym_tunnel *tunnel = ascent->tunnel;
	struct nym_link link;
	int ret;

	if (nym_sysctl_remember(ascent->journal, NYM_SYSCTL_SEND_REDIRECTS,
				tunnel->report) ||
	    nym_journal_append(ascent->journal, tunnel->report, "link"))
		return -1;
	ret = nym_link_create(ascent->rtnl, tunnel->name, NYM_LINK_KIND);
	if (!ret)
		ret = nym_link_get(ascent->rtnl, tunnel->name, &link);
	/* Then the link of this name is another's and must stay. */
	if (ret == -EEXIST)
		nym_journal_drop_last(ascent->journal, NULL);
	if (!ret)
		ascent->ifindex = link.ifindex;
	return rtnl_verdict(ascent, step, ret);
}

static int add_rule(struct ascent *ascent, const struct nym_step *step)
{
	const struct nym_rule *rule = &step->rule;
	int ret;

	if (nym_journal_append(ascent->journal, ascent->tunnel->report,
			       "rule %u %u %u %u %u", rule->kind, rule->family,
			       rule->priority, rule->mark, rule->table))
		return -1;
	ret = nym_rule_add(ascent->rtnl, rule);
	if (ret == -EEXIST)
		nym_journal_drop_last(ascent->journal, NULL);
	return rtnl_verdict(ascent, step, ret);
}

static int add_firewall(struct ascent *ascent)
{
	struct nym_tunnel *tunnel = ascent->tunnel;

	/* What could not be added need not be deleted either. */
	if (nym_firewall_load(tunnel->report) ||
	    nym_journal_append(ascent->journal, tunnel->report, "nftables"))
		return -1;
	return nym_firewall_add(tunnel->name, tunnel->device->fwmark,
				tunnel->conf.addresses,
				tunnel->conf.addresses_count, tunnel->report);
}

/* Addresses and routes need no record: they go with the link. */
static int take_step(struct ascent *ascent, const struct nym_step *step)
{
	struct nym_tunnel *tunnel = ascent->tunnel;

	switch (step->kind) {
	case NYM_STEP_LINK:
		return create_link(ascent, step);
	case NYM_STEP_DEVICE:
		return nym_device_set(tunnel->device, tunnel->report) ? -1 : 0;
	case NYM_STEP_ADDRESS:
		return rtnl_verdict(ascent, step,
				    nym_address_add(ascent->rtnl,
						    ascent->ifindex,
						    &step->prefix));
	case NYM_STEP_LINK_UP:
		return rtnl_verdict(ascent, step,
				    nym_link_up(ascent->rtnl, ascent->ifindex,
						step->mtu));
	case NYM_STEP_FIREWALL:
		return add_firewall(ascent);
	case NYM_STEP_SRC_VALID_MARK:
		return nym_sysctl_set(ascent->journal,
				      NYM_SYSCTL_SRC_VALID_MARK,
				      tunnel->report);
	case NYM_STEP_ROUTE:
		return rtnl_verdict(ascent, step,
				    nym_route_add(ascent->rtnl, ascent->ifindex,
						  &step->prefix, step->table));
	case NYM_STEP_RULE:
		return add_rule(ascent, step);
	case NYM_STEP_DNS:
		return nym_dns_set(ascent->journal, tunnel->name, &tunnel->conf,
				   tunnel->caller, tunnel->report);
	}
	return -1;
}

static void begin(struct ascent *ascent, const char *step)
{
	snprintf(ascent->progress->step, sizeof(ascent->progress->step), "%s",
		 step);
}

static int take_named(struct ascent *ascent, const struct nym_step *step)
{
	struct nym_report *report = ascent->tunnel->report;
	char text[NYM_STEP_TEXT_SIZE];
	char reason[sizeof(report->error)];

	nym_step_text(step, ascent->tunnel->name, text);
	nym_tunnel_announce(ascent->tunnel, "%s", text);
	begin(ascent, text);
	if (!take_step(ascent, step))
		return 0;
	snprintf(reason, sizeof(reason), "%s", report->error);
	return nym_fail(report, "step \"%s\" failed: %s", text, reason);
}

static int take_steps(struct ascent *ascent)
{
	size_t i;

	for (i = 0; i < ascent->plan.count; i++) {
		if (take_named(ascent, &ascent->plan.steps[i]))
			return -1;
	}
	return 0;
}

static int note_hooks(struct ascent *ascent, enum nym_hook hook)
{
	return nym_journal_append(ascent->journal, ascent->tunnel->report,
				  "hooks %s", nym_hook_name(hook));
}

static int run_hooks(struct ascent *ascent, enum nym_hook hook)
{
	begin(ascent, nym_hook_name(hook));
	return nym_tunnel_run_hooks(ascent->tunnel, hook, false);
}

static int climb(struct ascent *ascent)
{
	static const struct nym_step link = { .kind = NYM_STEP_LINK };
	struct nym_tunnel *tunnel = ascent->tunnel;

	/*
	 * PreUp finds the link there and its counterpart PostDown finds it
	 * gone, so it is noted first: what is noted first is undone last.
	 */
	if (note_hooks(ascent, NYM_HOOK_PRE_UP) || take_named(ascent, &link) ||
	    run_hooks(ascent, NYM_HOOK_PRE_UP))
		return -1;
	/* A hook may be what makes names resolve. */
	begin(ascent, "resolve endpoints");
	if (nym_device_resolve(tunnel->device, tunnel->report))
		return -1;
	nym_device_check_endpoints(tunnel->device, true, tunnel->report);
	begin(ascent, "plan");
	if (make_plan(ascent) || take_steps(ascent) ||
	    note_hooks(ascent, NYM_HOOK_POST_UP) ||
	    run_hooks(ascent, NYM_HOOK_POST_UP))
		return -1;
	return nym_journal_append(ascent->journal, tunnel->report, "up");
}

/* The child: it ends at once by any signal and with its parent. */
static void __attribute__((noreturn))
run_child(struct ascent *ascent, pid_t parent, const sigset_t *signals)
{
	struct nym_report *report = ascent->tunnel->report;
	int ret = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigprocmask(SIG_SETMASK, signals, NULL);
	ascent->rtnl = nym_rtnl_open();
	if (ascent->rtnl)
		ret = climb(ascent);
	else
		nym_fail(report, "cannot open route netlink: %s",
			 strerror(errno));
	if (ret)
		snprintf(ascent->progress->error,
			 sizeof(ascent->progress->error), "%s", report->error);
	nym_plan_free(&ascent->plan);
	nym_rtnl_close(ascent->rtnl);
	nym_journal_close(ascent->journal);
	nym_tunnel_free(ascent->tunnel);
	_exit(ret ? 1 : 0);
}

/* Says in the report why the child did not get through. */
static void report_failure(struct ascent *ascent, int status)
{
	struct nym_report *report = ascent->tunnel->report;
	struct progress *progress = ascent->progress;

	if (progress->error[0])
		nym_fail(report, "%s", progress->error);
	else if (WIFSIGNALED(status))
		nym_fail(report, "stopped by signal %d (%s) in step \"%s\"",
			 WTERMSIG(status), strsignal(WTERMSIG(status)),
			 progress->step);
	else
		nym_fail(report, "stopped with exit status %d in step \"%s\"",
			 WEXITSTATUS(status), progress->step);
}

static void undo(struct ascent *ascent)
{
	struct nym_report *report = ascent->tunnel->report;
	char reason[sizeof(report->error)];

	nym_program_begin_undo();
	snprintf(reason, sizeof(reason), "%s", report->error);
	if (nym_journal_load(ascent->journal, report) ||
	    nym_tunnel_undo(ascent->tunnel, ascent->journal))
		nym_warn(report, "%s", report->error);
	nym_fail(report, "%s", reason);
}

/* Whether a signal came that nobody has seen. */
static bool take_signal(const sigset_t *signals)
{
	static const struct timespec at_once;

	return sigtimedwait(signals, NULL, &at_once) > 0;
}

static int climb_or_undo(struct ascent *ascent)
{
	struct nym_report *report = ascent->tunnel->report;
	pid_t pid, parent = getpid();
	sigset_t signals, before;
	int status;

	nym_program_block_signals(&signals, &before);
	nym_program_inherit();
	pid = fork();
	if (!pid)
		run_child(ascent, parent, &before);
	if (pid < 0 || nym_program_wait(pid, &status))
		nym_fail(report, "cannot start a process: %s", strerror(errno));
	else if (!WIFEXITED(status) || WEXITSTATUS(status))
		report_failure(ascent, status);
	else if (take_signal(&signals))
		nym_fail(report, "stopped by a signal");
	else
		return 0;
	/* What it was doing when it ended must not outlast its undoing. */
	nym_program_wait_for_inherited();
	undo(ascent);
	return -1;
}

/*
 * Finds out whether there is something to do. What an earlier attempt left
 * that was killed is undone first.
 */
static int prepare(struct ascent *ascent)
{
	struct nym_tunnel *tunnel = ascent->tunnel;
	struct nym_report *report = tunnel->report;
	struct nym_rtnl *rtnl = nym_rtnl_open();
	struct nym_link link;
	int ret;

	if (!rtnl)
		return nym_fail(report, "cannot open route netlink: %s",
				strerror(errno));
	ret = nym_link_get(rtnl, tunnel->name, &link);
	nym_rtnl_close(rtnl);
	if (!ret && nym_journal_find(ascent->journal, "up"))
		return nym_fail(report, "%s is up already; nothing was changed",
				tunnel->name);
	if (nym_journal_count(ascent->journal)) {
		nym_warn(report,
			 "an earlier %s was not brought down completely; undoing it first",
			 tunnel->name);
		if (nym_tunnel_undo(tunnel, ascent->journal))
			return -1;
		nym_journal_close(ascent->journal);
		ascent->journal = NULL;
		return nym_journal_open(&ascent->journal, NYM_JOURNAL_BASE,
					tunnel->name, NYM_JOURNAL_CREATE,
					report);
	}
	if (ret == -ENODEV)
		return 0;
	nym_journal_remove(ascent->journal, NULL);
	return nym_fail(report,
			ret ? "cannot ask for the link %s" :
			      "a link called %s exists and was not made by \"nymctl up\"; remove it, or give the config file another name. Nothing was changed",
			tunnel->name);
}

int nym_tunnel_up(struct nym_tunnel *tunnel)
{
	struct ascent ascent = { .tunnel = tunnel };
	int ret;

	ascent.progress = mmap(NULL, sizeof(*ascent.progress),
			       PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ascent.progress == MAP_FAILED)
		return nym_fail(tunnel->report, "out of memory");
	ret = nym_journal_open(&ascent.journal, NYM_JOURNAL_BASE, tunnel->name,
			       NYM_JOURNAL_CREATE, tunnel->report);
	if (!ret)
		ret = prepare(&ascent);
	if (!ret) {
		ret = nym_journal_append(ascent.journal, tunnel->report,
					 "config %s", tunnel->path);
		if (ret)
			nym_journal_remove(ascent.journal, NULL);
	}
	if (!ret)
		ret = climb_or_undo(&ascent);
	nym_journal_close(ascent.journal);
	munmap(ascent.progress, sizeof(*ascent.progress));
	return ret;
}
