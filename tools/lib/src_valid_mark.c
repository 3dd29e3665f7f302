// SPDX-License-Identifier: GPL-2.0-or-later
#include "src_valid_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define SYSCTL "/proc/sys/net/ipv4/conf/all/src_valid_mark"
#define RECORD "src_valid_mark"

static int read_sysctl(char *value)
{
	int fd = open(SYSCTL, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, value, 1);
	close(fd);
	return len == 1 ? 0 : -1;
}

static int write_sysctl(char value)
{
	int fd = open(SYSCTL, O_WRONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = write(fd, &value, 1);
	close(fd);
	return len == 1 ? 0 : -1;
}

int nym_src_valid_mark_set(struct nym_journal *journal,
			   struct nym_report *report)
{
	char now, before[2] = "";
	int ret = -1;

	if (nym_journal_lock_base(journal, report))
		return -1;
	if (read_sysctl(&now)) {
		nym_fail(report, "cannot read " SYSCTL ": %s",
			 strerror(errno));
		goto unlock;
	}
	if (!nym_journal_find_other(journal, RECORD, NULL, before,
				    sizeof(before)))
		before[0] = now;
	ret = nym_journal_append(journal, report, RECORD " %c", before[0]);
	if (!ret && now != '1' && write_sysctl('1'))
		ret = nym_fail(report, "cannot write " SYSCTL ": %s",
			       strerror(errno));
unlock:
	nym_journal_unlock_base(journal);
	return ret;
}

int nym_src_valid_mark_restore(struct nym_journal *journal, const char *before,
			       struct nym_report *report)
{
	char now;
	int ret = 0;

	if (nym_journal_lock_base(journal, report))
		return -1;
	if (!nym_journal_find_other(journal, RECORD, NULL, NULL, 0) &&
	    !read_sysctl(&now) && now != before[0] && write_sysctl(before[0]))
		ret = nym_fail(report, "cannot write " SYSCTL ": %s",
			       strerror(errno));
	nym_journal_unlock_base(journal);
	return ret;
}
