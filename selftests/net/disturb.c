// SPDX-License-Identifier: GPL-2.0
/*
 * Disturbs a program at a chosen place, to see what it leaves behind. Preloaded
 * into it, this counts the calls by which it changes anything outside itself,
 * together with those of its forked children, and before number DISTURB_AT
 *
 *   DISTURB=kill  kills the whole process group, as a crash or a power cut would
 *   DISTURB=fail  lets that one call fail with ENOMEM
 *
 * DISTURB_COUNT names a file that gets the number of calls so far. Programs that
 * the disturbed one starts are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int *count;
static int at, kills, count_fd = -1;

__attribute__((constructor)) static void begin(void)
{
	const char *mode = getenv("DISTURB"), *number = getenv("DISTURB_AT");
	const char *file = getenv("DISTURB_COUNT");

	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (count == MAP_FAILED)
		abort();
	at = number ? atoi(number) : 0;
	kills = mode && !strcmp(mode, "kill");
	if (file)
		count_fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	unsetenv("LD_PRELOAD");
}

/* Whether this call has to fail. */
static int disturbed(void)
{
	int number = atomic_fetch_add(count, 1) + 1;
	char text[16];
	int len;

	if (count_fd >= 0) {
		len = snprintf(text, sizeof(text), "%d\n", number);
		if (pwrite(count_fd, text, (size_t)len, 0) != len)
			abort();
	}
	if (number != at)
		return 0;
	if (kills)
		kill(0, SIGKILL);
	errno = ENOMEM;
	return 1;
}

#define CHANGES(type, name, parameters, ...)                                \
	type name parameters                                                \
	{                                                                   \
		static type(*next) parameters;                              \
                                                                            \
		if (!next)                                                  \
			next = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
		return disturbed() ? -1 : next(__VA_ARGS__);                \
	}

CHANGES(ssize_t, sendto,
	(int fd, const void *data, size_t size, int flags,
	 const struct sockaddr *to, socklen_t len),
	fd, data, size, flags, to, len)
CHANGES(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), fd,
	message, flags)
CHANGES(ssize_t, write, (int fd, const void *data, size_t size), fd, data, size)
CHANGES(int, ftruncate, (int fd, off_t size), fd, size)
CHANGES(int, mkdir, (const char *path, mode_t mode), path, mode)
CHANGES(int, mkdirat, (int fd, const char *path, mode_t mode), fd, path, mode)
CHANGES(int, rmdir, (const char *path), path)
CHANGES(int, unlink, (const char *path), path)
CHANGES(int, unlinkat, (int fd, const char *path, int flags), fd, path, flags)
CHANGES(int, rename, (const char *from, const char *to), from, to)
CHANGES(int, mount,
	(const char *source, const char *target, const char *type,
	 unsigned long flags, const void *data),
	source, target, type, flags, data)
CHANGES(int, umount2, (const char *target, int flags), target, flags)
