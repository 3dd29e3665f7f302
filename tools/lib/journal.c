// SPDX-License-Identifier: GPL-2.0-or-later
#include "journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

#define JOURNAL_FILE "journal"
#define RECORD_SIZE (PATH_MAX + 64)
/* A tunnel has a dozen records; a longer file is not one of ours. */
#define JOURNAL_SIZE_MAX (256 * 1024)

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

struct nym_journal {
	int base_fd; /* its lock guards creation, removal and shared choices */
	int folder_fd; /* its lock is the tunnel's */
	int file_fd;
	char *folder;
	const char *entry; /* last part of the folder's path */
	char **records;
	size_t count;
};

/*
 * What tells the namespaces apart in the folder's name: nothing for that of
 * the first process, whose tunnels a person would look for by their name.
 */
static int namespace_suffix(char *suffix, size_t size,
			    struct nym_report *report)
{
	struct stat own, first;
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int fd, ret;

	suffix[0] = '\0';
	if (stat("/proc/self/ns/net", &own))
		return nym_fail(report,
				"cannot read /proc/self/ns/net: %s; mount /proc",
				strerror(errno));
	if (!stat("/proc/1/ns/net", &first) && first.st_ino == own.st_ino &&
	    first.st_dev == own.st_dev)
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return nym_fail(report, "cannot open a socket: %s",
				strerror(errno));
	ret = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len);
	close(fd);
	if (ret)
		return nym_fail(report,
				"cannot tell which network namespace this is: %s",
				strerror(errno));
	snprintf(suffix, size, "@%" PRIu64, cookie);
	return 0;
}

static bool is_removed(int fd)
{
	struct stat st;

	return fstat(fd, &st) || !st.st_nlink;
}

/*
 * Opens the base folder and locks it. Another process may remove it between
 * the two, when its last tunnel goes.
 */
static int open_base(const char *base, enum nym_journal_open mode,
		     struct nym_report *report)
{
	int fd;

	for (;;) {
		if (mode == NYM_JOURNAL_CREATE && mkdir(base, 0755) &&
		    errno != EEXIST)
			break;
		fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0) {
			if (errno == ENOENT && mode == NYM_JOURNAL_CREATE)
				continue;
			break;
		}
		if (flock(fd, LOCK_EX)) {
			close(fd);
			break;
		}
		if (!is_removed(fd))
			return fd;
		close(fd);
	}
	if (errno != ENOENT || mode == NYM_JOURNAL_CREATE)
		nym_fail(report, "cannot use the folder %s: %s%s", base,
			 strerror(errno), nym_rights_advice(errno));
	return -1;
}

static int open_folder(struct nym_journal *journal, enum nym_journal_open mode,
		       struct nym_report *report)
{
	if (mode == NYM_JOURNAL_CREATE &&
	    mkdirat(journal->base_fd, journal->entry, 0700) && errno != EEXIST)
		return nym_fail(report, "cannot make the folder %s: %s",
				journal->folder, strerror(errno));
	journal->folder_fd = openat(journal->base_fd, journal->entry,
				    O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
					    O_CLOEXEC);
	if (journal->folder_fd < 0) {
		if (errno == ENOENT)
			return 1;
		return nym_fail(report, "cannot open the folder %s: %s",
				journal->folder, strerror(errno));
	}
	if (flock(journal->folder_fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			return nym_fail(report, "cannot lock %s: %s",
					journal->folder, strerror(errno));
		return nym_fail(report,
				"another nymctl is just bringing it up or down; wait for it to end");
	}
	journal->file_fd = openat(journal->folder_fd, JOURNAL_FILE,
				  O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW |
					  O_CLOEXEC,
				  0600);
	if (journal->file_fd < 0)
		return nym_fail(report, "cannot open %s/" JOURNAL_FILE ": %s",
				journal->folder, strerror(errno));
	return 0;
}

int nym_journal_open(struct nym_journal **result, const char *base,
		     const char *name, enum nym_journal_open mode,
		     struct nym_report *report)
{
	struct nym_journal *journal;
	char suffix[32];
	int ret = -1;

	*result = NULL;
	if (namespace_suffix(suffix, sizeof(suffix), report))
		return -1;
	journal = calloc(1, sizeof(*journal));
	if (!journal)
		return nym_fail(report, "out of memory");
	journal->base_fd = -1;
	journal->folder_fd = -1;
	journal->file_fd = -1;
	if (asprintf(&journal->folder, "%s/%s%s", base, name, suffix) < 0) {
		journal->folder = NULL;
		nym_fail(report, "out of memory");
		goto fail;
	}
	journal->entry = journal->folder + strlen(base) + 1;

	journal->base_fd = open_base(base, mode, report);
	if (journal->base_fd < 0) {
		ret = mode == NYM_JOURNAL_EXISTING && errno == ENOENT ? 1 : -1;
		goto fail;
	}
	ret = open_folder(journal, mode, report);
	if (!ret)
		ret = nym_journal_load(journal, report);
	if (ret)
		goto fail;
	nym_journal_unlock_base(journal);
	*result = journal;
	return 0;
fail:
	/* It may be empty, when somebody was killed at the wrong moment. */
	if (journal->base_fd >= 0)
		rmdir(base);
	nym_journal_close(journal);
	return ret;
}

static void free_records(struct nym_journal *journal)
{
	size_t i;

	for (i = 0; i < journal->count; i++)
		free(journal->records[i]);
	free(journal->records);
	journal->records = NULL;
	journal->count = 0;
}

void nym_journal_close(struct nym_journal *journal)
{
	if (!journal)
		return;
	free_records(journal);
	if (journal->file_fd >= 0)
		close(journal->file_fd);
	if (journal->folder_fd >= 0)
		close(journal->folder_fd);
	if (journal->base_fd >= 0)
		close(journal->base_fd);
	free(journal->folder);
	free(journal);
}

const char *nym_journal_folder(const struct nym_journal *journal)
{
	return journal->folder;
}

bool nym_journal_in_first_namespace(const struct nym_journal *journal)
{
	return !strchr(journal->entry, '@');
}

static int keep_record(struct nym_journal *journal, const char *text)
{
	char **grown = realloc(journal->records,
			       (journal->count + 1) * sizeof(*grown));

	if (!grown)
		return -1;
	journal->records = grown;
	grown[journal->count] = strdup(text);
	if (!grown[journal->count])
		return -1;
	journal->count++;
	return 0;
}

/* Reads a journal's text. Returns null with errno set. */
static char *read_text(int fd)
{
	struct stat st;
	size_t done = 0;
	ssize_t len;
	char *text;

	if (fstat(fd, &st))
		return NULL;
	if (st.st_size > JOURNAL_SIZE_MAX) {
		errno = EFBIG;
		return NULL;
	}
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return NULL;
	while (done < (size_t)st.st_size) {
		len = pread(fd, text + done, (size_t)st.st_size - done,
			    (off_t)done);
		if (len < 0) {
			free(text);
			return NULL;
		}
		if (!len)
			break;
		done += (size_t)len;
	}
	text[done] = '\0';
	return text;
}

int nym_journal_load(struct nym_journal *journal, struct nym_report *report)
{
	char *text = read_text(journal->file_fd), *line, *end;
	int ret = 0;

	if (!text)
		return nym_fail(report, "cannot read %s/" JOURNAL_FILE ": %s",
				journal->folder, strerror(errno));
	free_records(journal);
	/*
	 * A line without its end was being written when its writer ended: what
	 * it announces was not begun.
	 */
	for (line = text; !ret && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		ret = keep_record(journal, line);
	}
	if (!ret && *line && ftruncate(journal->file_fd, (off_t)(line - text)))
		ret = -1;
	free(text);
	return ret ? nym_fail(report, "cannot keep the journal: %s",
			      strerror(errno)) :
		     0;
}

size_t nym_journal_count(const struct nym_journal *journal)
{
	return journal->count;
}

const char *nym_journal_record(const struct nym_journal *journal, size_t index)
{
	return journal->records[index];
}

static const char *record_rest(const char *record, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(record, word, len))
		return NULL;
	if (!record[len])
		return record + len;
	return record[len] == ' ' ? record + len + 1 : NULL;
}

const char *nym_journal_find(const struct nym_journal *journal,
			     const char *word)
{
	const char *rest;
	size_t i;

	for (i = journal->count; i; i--) {
		rest = record_rest(journal->records[i - 1], word);
		if (rest)
			return rest;
	}
	return NULL;
}

int nym_journal_append(struct nym_journal *journal, struct nym_report *report,
		       const char *format, ...)
{
	char record[RECORD_SIZE];
	va_list args;
	ssize_t done;
	int len;

	va_start(args, format);
	len = vsnprintf(record, sizeof(record) - 1, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(record) - 1 ||
	    strchr(record, '\n'))
		return nym_fail(report, "this cannot be put into a journal: %s",
				record);
	if (keep_record(journal, record))
		return nym_fail(report, "out of memory");
	record[len] = '\n';
	done = write(journal->file_fd, record, (size_t)len + 1);
	if (done == len + 1)
		return 0;
	return nym_fail(report, "cannot write %s/" JOURNAL_FILE ": %s",
			journal->folder,
			done < 0 ? strerror(errno) : "no space is left");
}

int nym_journal_drop_last(struct nym_journal *journal,
			  struct nym_report *report)
{
	off_t size = 0;
	size_t i;

	if (!journal->count)
		return 0;
	free(journal->records[--journal->count]);
	for (i = 0; i < journal->count; i++)
		size += (off_t)strlen(journal->records[i]) + 1;
	if (ftruncate(journal->file_fd, size))
		return nym_fail(report, "cannot write %s/" JOURNAL_FILE ": %s",
				journal->folder, strerror(errno));
	return 0;
}

static int empty_folder(int folder_fd)
{
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	int ret = 0;
	DIR *dir;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, "..") ||
		    !strcmp(entry->d_name, JOURNAL_FILE))
			continue;
		if (unlinkat(folder_fd, entry->d_name, 0))
			ret = -1;
	}
	closedir(dir);
	/* The journal goes last: without it nobody would look for the rest. */
	if (!ret && unlinkat(folder_fd, JOURNAL_FILE, 0) && errno != ENOENT)
		ret = -1;
	return ret;
}

int nym_journal_remove(struct nym_journal *journal, struct nym_report *report)
{
	int ret = 0;
	char *base;

	if (nym_journal_lock_base(journal, report))
		return -1;
	base = strndup(journal->folder,
		       (size_t)(journal->entry - 1 - journal->folder));
	/* The folder above goes when no other tunnel has one in it. */
	if (!base || empty_folder(journal->folder_fd) ||
	    unlinkat(journal->base_fd, journal->entry, AT_REMOVEDIR) ||
	    (rmdir(base) && errno != ENOTEMPTY && errno != EEXIST))
		ret = nym_fail(report, "cannot remove the folder %s: %s",
			       journal->folder, strerror(errno));
	free(base);
	nym_journal_unlock_base(journal);
	return ret;
}

int nym_journal_lock_base(struct nym_journal *journal,
			  struct nym_report *report)
{
	if (!flock(journal->base_fd, LOCK_EX))
		return 0;
	return nym_fail(report, "cannot lock the folder above %s: %s",
			journal->folder, strerror(errno));
}

void nym_journal_unlock_base(struct nym_journal *journal)
{
	flock(journal->base_fd, LOCK_UN);
}

/* Looks for the word's record in another tunnel's journal. */
static bool find_in(int base_fd, const char *entry, const char *word,
		    const char *match, char *result, size_t size)
{
	char path[NAME_MAX + sizeof("/" JOURNAL_FILE)];
	char *text, *line, *rest_of_text;
	const char *rest = NULL;
	int fd;

	snprintf(path, sizeof(path), "%s/" JOURNAL_FILE, entry);
	fd = openat(base_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	text = read_text(fd);
	close(fd);
	rest_of_text = text;
	while (!rest && text && (line = strsep(&rest_of_text, "\n"))) {
		rest = record_rest(line, word);
		if (rest && match && strcmp(rest, match))
			rest = NULL;
		if (rest && result)
			snprintf(result, size, "%s", rest);
	}
	free(text);
	return rest;
}

bool nym_journal_find_other(const struct nym_journal *journal, const char *word,
			    const char *match, char *result, size_t size)
{
	const char *own_namespace = strchr(journal->entry, '@');
	const struct dirent *entry;
	bool found = false;
	const char *at;
	DIR *dir;
	int fd;

	fd = openat(journal->base_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (entry = readdir(dir))) {
		at = strchr(entry->d_name, '@');
		if (!strcmp(entry->d_name, journal->entry) ||
		    strcmp(at ? at : "", own_namespace ? own_namespace : ""))
			continue;
		found = find_in(journal->base_fd, entry->d_name, word, match,
				result, size);
	}
	closedir(dir);
	return found;
}

bool nym_journal_peek(const char *base, const char *name, const char *word,
		      char *rest, size_t size)
{
	char suffix[32], entry[NAME_MAX];
	bool found;
	int fd;

	if (namespace_suffix(suffix, sizeof(suffix), NULL))
		return false;
	fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	snprintf(entry, sizeof(entry), "%s%s", name, suffix);
	found = find_in(fd, entry, word, NULL, rest, size);
	close(fd);
	return found;
}
