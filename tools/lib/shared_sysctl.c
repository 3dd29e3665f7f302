// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared_sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

static int open_sysctl(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/all/%s", name);
	return open(path, flags | O_CLOEXEC);
}

/* All of them are one digit. */
static int read_sysctl(const char *name, char *value)
{
	int fd = open_sysctl(name, O_RDONLY);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, value, 1);
	close(fd);
	return len == 1 ? 0 : -1;
}

static int write_sysctl(const char *name, char value, struct nym_report *report)
{
	int fd = open_sysctl(name, O_WRONLY);
	ssize_t len = -1;

	if (fd >= 0) {
		len = write(fd, &value, 1);
		close(fd);
	}
	if (len == 1)
		return 0;
	return nym_fail(report, "cannot set net.ipv4.conf.all.%s to %c: %s",
			name, value, strerror(errno));
}

/* The caller holds the base's lock. */
static int remember(struct nym_journal *journal, const char *name, char *now,
		    struct nym_report *report)
{
	char before[2] = "";

	if (read_sysctl(name, now))
		return nym_fail(report,
				"cannot read net.ipv4.conf.all.%s: %s; mount /proc",
				name, strerror(errno));
	if (!nym_journal_find_other(journal, name, NULL, before,
				    sizeof(before)))
		before[0] = *now;
	return nym_journal_append(journal, report, "%s %c", name, before[0]);
}

int nym_sysctl_remember(struct nym_journal *journal, const char *name,
			struct nym_report *report)
{
	char now;
	int ret;

	if (nym_journal_lock_base(journal, report))
		return -1;
	ret = remember(journal, name, &now, report);
	nym_journal_unlock_base(journal);
	return ret;
}

int nym_sysctl_set(struct nym_journal *journal, const char *name,
		   struct nym_report *report)
{
	char now;
	int ret;

	if (nym_journal_lock_base(journal, report))
		return -1;
	ret = remember(journal, name, &now, report);
	if (!ret && now != '1')
		ret = write_sysctl(name, '1', report);
	nym_journal_unlock_base(journal);
	return ret;
}

bool nym_sysctl_is_one(const char *word)
{
	return !strcmp(word, NYM_SYSCTL_SRC_VALID_MARK) ||
	       !strcmp(word, NYM_SYSCTL_SEND_REDIRECTS);
}

int nym_sysctl_restore(struct nym_journal *journal, const char *name,
		       const char *before, struct nym_report *report)
{
	char now;
	int ret = 0;

	if (nym_journal_lock_base(journal, report))
		return -1;
	if (!nym_journal_find_other(journal, name, NULL, NULL, 0) &&
	    !read_sysctl(name, &now) && now != before[0])
		ret = write_sysctl(name, before[0], report) ? -1 : 1;
	nym_journal_unlock_base(journal);
	return ret;
}
