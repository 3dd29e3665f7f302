// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal.h"
#include "report.h"

static char base[] = "/tmp/nym-journal-test.XXXXXX/run";
static struct nym_report report;

/* The base folder is made by the journal; the one above is the test's. */
static void begin(void)
{
	char *slash = strrchr(base, '/');

	memcpy(slash - 6, "XXXXXX", 6);
	*slash = '\0';
	expect(mkdtemp(base));
	*slash = '/';
	memset(&report, 0, sizeof(report));
}

/* Nothing may be left in the folder. */
static void end(void)
{
	char *slash = strrchr(base, '/');

	*slash = '\0';
	expect(!rmdir(base));
	*slash = '/';
}

static struct nym_journal *make(const char *name)
{
	struct nym_journal *journal;

	expect_number(0, (unsigned int)nym_journal_open(&journal, base, name,
							NYM_JOURNAL_CREATE,
							&report));
	expect_text("", report.error);
	return journal;
}

static void keeps_records(void)
{
	struct nym_journal *journal;
	struct stat st;
	char text[16];

	begin();
	expect(nym_journal_open(&journal, base, "t0", NYM_JOURNAL_EXISTING,
				&report) == 1);
	journal = make("t0");
	expect_number(0, nym_journal_count(journal));
	expect(!nym_journal_append(journal, &report, "one %d", 1));
	expect(!nym_journal_append(journal, &report, "two"));
	expect(!nym_journal_append(journal, &report, "one more"));
	expect(!stat(nym_journal_folder(journal), &st));
	expect_number(0700, st.st_mode & 0777);
	nym_journal_close(journal);

	expect(nym_journal_peek(base, "t0", "one", text, sizeof(text)));
	expect_text("1", text);
	expect(!nym_journal_peek(base, "t0", "on", text, sizeof(text)));
	expect(!nym_journal_peek(base, "t1", "one", text, sizeof(text)));

	expect(!nym_journal_open(&journal, base, "t0", NYM_JOURNAL_EXISTING,
				 &report));
	expect_number(3, nym_journal_count(journal));
	expect_text("one 1", nym_journal_record(journal, 0));
	expect_text("more", nym_journal_find(journal, "one"));
	expect_text("", nym_journal_find(journal, "two"));
	expect(!nym_journal_find(journal, "three"));
	expect(!nym_journal_drop_last(journal, &report));
	expect_text("1", nym_journal_find(journal, "one"));
	expect(!nym_journal_append(journal, &report, "three"));
	expect(!nym_journal_load(journal, &report));
	expect_number(3, nym_journal_count(journal));
	expect_text("three", nym_journal_record(journal, 2));
	expect(!nym_journal_remove(journal, &report));
	nym_journal_close(journal);
	end();
}

/* A record that was not written to its end announces nothing. */
static void forgets_half_records(void)
{
	struct nym_journal *journal;
	char path[128];
	int fd;

	begin();
	journal = make("t0");
	expect(!nym_journal_append(journal, &report, "whole"));
	snprintf(path, sizeof(path), "%s/journal", nym_journal_folder(journal));
	nym_journal_close(journal);
	fd = open(path, O_WRONLY | O_APPEND);
	expect(write(fd, "ha", 2) == 2);
	close(fd);

	journal = make("t0");
	expect_number(1, nym_journal_count(journal));
	expect(!nym_journal_append(journal, &report, "next"));
	expect(!nym_journal_load(journal, &report));
	expect_number(2, nym_journal_count(journal));
	expect_text("next", nym_journal_record(journal, 1));
	expect(nym_journal_append(journal, &report, "two\nlines"));
	expect(!nym_journal_remove(journal, &report));
	nym_journal_close(journal);
	end();
}

static void has_one_holder(void)
{
	struct nym_journal *journal, *other;
	int status;
	pid_t pid;

	begin();
	journal = make("t0");
	expect(nym_journal_open(&other, base, "t0", NYM_JOURNAL_CREATE,
				&report) == -1);
	expect(strstr(report.error, "another nymctl"));
	memset(&report, 0, sizeof(report));
	other = make("t1");
	nym_journal_close(other);
	nym_journal_close(journal);

	/* A holder that is gone holds nothing. */
	pid = fork();
	if (!pid) {
		expect(!nym_journal_open(&journal, base, "t0",
					 NYM_JOURNAL_CREATE, &report));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	journal = make("t0");
	expect(!nym_journal_remove(journal, &report));
	nym_journal_close(journal);
	other = make("t1");
	expect(!nym_journal_remove(other, &report));
	nym_journal_close(other);
	end();
}

static void finds_others(void)
{
	struct nym_journal *journal, *other;
	char text[16];

	begin();
	journal = make("t0");
	other = make("t1");
	expect(!nym_journal_append(journal, &report, "mark 1"));
	expect(!nym_journal_lock_base(journal, &report));
	expect(!nym_journal_find_other(journal, "mark", NULL, NULL, 0));
	expect(!nym_journal_append(other, &report, "mark 2"));
	expect(nym_journal_find_other(journal, "mark", NULL, text,
				      sizeof(text)));
	expect_text("2", text);
	expect(nym_journal_find_other(journal, "mark", "2", NULL, 0));
	expect(!nym_journal_find_other(journal, "mark", "1", NULL, 0));
	nym_journal_unlock_base(journal);
	expect(!nym_journal_remove(journal, &report));
	expect(!nym_journal_remove(other, &report));
	nym_journal_close(journal);
	nym_journal_close(other);
	end();
}

static void removes_its_files(void)
{
	struct nym_journal *journal;
	char path[128];
	int fd;

	begin();
	journal = make("t0");
	snprintf(path, sizeof(path), "%s/resolv.conf",
		 nym_journal_folder(journal));
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	expect(fd >= 0);
	close(fd);
	expect(!nym_journal_remove(journal, &report));
	nym_journal_close(journal);
	end();
}

static const struct ktap_case cases[] = {
	{ "records are kept in order", keeps_records },
	{ "half written records are forgotten", forgets_half_records },
	{ "a journal has one holder", has_one_holder },
	{ "other tunnels' records are found", finds_others },
	{ "a tunnel's files go with its journal", removes_its_files },
};

KTAP_MAIN(cases)
