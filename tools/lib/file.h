/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading of whole files that may hold secrets. */
#ifndef NYM_FILE_H
#define NYM_FILE_H

#include <stddef.h>

struct nym_report;

/**
 * struct nym_file - the content of a file
 * @text: content, followed by a NUL that @len does not count
 * @len: bytes in @text
 * @size: bytes allocated
 */
struct nym_file {
	char *text;
	size_t len;
	size_t size;
};

/* Room enough for every allowed IP that a device can hold, written out. */
#define NYM_FILE_MAX (64U << 20)

/*
 * Reads @path, which may be a pipe or terminal, up to @max bytes. A longer one
 * is refused. The caller ends with nym_file_free(), also after a failure.
 */
int nym_file_read(struct nym_file *file, const char *path, size_t max,
		  struct nym_report *report);

/* The same from an open file, which stays open; @name is for reasons. */
int nym_file_read_fd(struct nym_file *file, int fd, const char *name,
		     size_t max, struct nym_report *report);

/* Wipes and frees the content. */
void nym_file_free(struct nym_file *file);

#endif
