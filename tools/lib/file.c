// SPDX-License-Identifier: GPL-2.0-or-later
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define FIRST_SIZE 4096

/* realloc() would leave a copy of the secrets behind. */
static int grow(struct nym_file *file)
{
	size_t size = file->size ? 2 * file->size : FIRST_SIZE;
	char *text = malloc(size);

	if (!text)
		return -1;
	if (file->text) {
		memcpy(text, file->text, file->len);
		sodium_memzero(file->text, file->size);
		free(file->text);
	}
	file->text = text;
	file->size = size;
	return 0;
}

static int read_all(struct nym_file *file, int fd, const char *path, size_t max,
		    struct nym_report *report)
{
	ssize_t ret;

	for (;;) {
		if (file->len + 1 >= file->size && grow(file))
			return nym_fail(report, "Out of memory for %s", path);
		ret = read(fd, file->text + file->len,
			   file->size - file->len - 1);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0)
			return nym_fail(report, "Cannot read %s: %s", path,
					strerror(errno));
		if (!ret)
			break;
		file->len += (size_t)ret;
		if (file->len > max)
			return nym_fail(report,
					"%s is longer than %zu bytes: is it the right file?",
					path, max);
	}
	file->text[file->len] = '\0';
	return 0;
}

int nym_file_read_fd(struct nym_file *file, int fd, const char *name,
		     size_t max, struct nym_report *report)
{
	int ret;

	memset(file, 0, sizeof(*file));
	ret = read_all(file, fd, name, max, report);
	if (ret)
		nym_file_free(file);
	return ret;
}

int nym_file_read(struct nym_file *file, const char *path, size_t max,
		  struct nym_report *report)
{
	int fd, ret;

	memset(file, 0, sizeof(*file));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return nym_fail(report, "Cannot open %s: %s%s", path,
				strerror(errno), nym_rights_advice(errno));
	ret = nym_file_read_fd(file, fd, path, max, report);
	close(fd);
	return ret;
}

void nym_file_free(struct nym_file *file)
{
	if (file->text)
		sodium_memzero(file->text, file->size);
	free(file->text);
	memset(file, 0, sizeof(*file));
}
