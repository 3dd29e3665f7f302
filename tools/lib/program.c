// SPDX-License-Identifier: GPL-2.0-or-later
#include "program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "report.h"

#define INHERITED_WAIT_MS 5000
#define INHERITED_PAUSE_MS 10

static bool undoing;

bool nym_program_exists(const char *name)
{
	const char *path = getenv("PATH");
	char *copy, *rest, *folder, *file;
	bool found = false;

	copy = strdup(path ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
	rest = copy;
	while (!found && copy && (folder = strsep(&rest, ":"))) {
		if (asprintf(&file, "%s/%s", folder, name) < 0)
			break;
		found = !access(file, X_OK);
		free(file);
	}
	free(copy);
	return found;
}

/* A file without a name that holds the input, read from its start. */
static int input_file(const char *input)
{
	size_t len = strlen(input);
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (write(fd, input, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * A second Ctrl-C, and the second hangup of a terminal that is closed, come to
 * all processes of its group. wg-quick(8) lets them end the undoing; here they
 * are ignored, as by a command in the background: all is to be undone, and
 * PostDown be run to its end. A program that hangs can still be ended by
 * SIGQUIT (Ctrl-\) or SIGTERM, and then the next one is run.
 */
static void ignore_impatience(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static void __attribute__((noreturn))
run_child(const char *const arguments[], int input, pid_t parent)
{
	static const int signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP,
				       SIGPIPE };
	sigset_t none;
	size_t i;

	/* What is no longer waited for must not go on changing the host. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(126);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	if (undoing)
		ignore_impatience();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (input >= 0 && dup2(input, STDIN_FILENO) < 0)
		_exit(126);
	execvp(arguments[0], (char *const *)arguments);
	dprintf(STDERR_FILENO, "%s: %s\n", arguments[0], strerror(errno));
	_exit(127);
}

static void stop_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGQUIT);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGHUP);
}

void nym_program_block_signals(sigset_t *signals, sigset_t *before)
{
	sigset_t set;

	stop_signals(&set);
	sigprocmask(SIG_BLOCK, &set, before);
	/* That nobody reads what is said must not stop what is done. */
	signal(SIGPIPE, SIG_IGN);
	if (signals)
		*signals = set;
}

void nym_program_begin_undo(void)
{
	undoing = true;
}

/*
 * Hands on to the child what a person or the service manager sends to this
 * process, until it ends. Where these signals are not blocked, they end this
 * process and by that the child.
 */
static void hand_signals_on(pid_t pid)
{
	struct pollfd fds[2] = {
		{ .events = POLLIN },
		{ .events = POLLIN },
	};
	struct signalfd_siginfo info;
	sigset_t signals;

	stop_signals(&signals);
	fds[0].fd = (int)syscall(SYS_pidfd_open, pid, 0);
	fds[1].fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	while (fds[0].fd >= 0 && fds[1].fd >= 0) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			break;
		if (fds[1].revents &&
		    read(fds[1].fd, &info, sizeof(info)) == sizeof(info))
			kill(pid, (int)info.ssi_signo);
		fds[1].revents = 0;
	}
	if (fds[0].fd >= 0)
		close(fds[0].fd);
	if (fds[1].fd >= 0)
		close(fds[1].fd);
}

int nym_program_wait(pid_t pid, int *status)
{
	/* A signal that has stopped the way up may be waiting still. */
	if (!undoing)
		hand_signals_on(pid);
	while (waitpid(pid, status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return 0;
}

void nym_program_inherit(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void nym_program_wait_for_inherited(void)
{
	const struct timespec pause = { .tv_nsec = INHERITED_PAUSE_MS *
						   1000000L };
	unsigned int waited = 0;
	pid_t pid;

	while (waited < INHERITED_WAIT_MS) {
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0)
			return;
		if (pid)
			continue;
		nanosleep(&pause, NULL);
		waited += INHERITED_PAUSE_MS;
	}
}

int nym_program_run(const char *const arguments[], const char *input,
		    struct nym_report *report)
{
	const char *name = arguments[0];
	pid_t pid, parent = getpid();
	int status, fd = -1;

	if (input) {
		fd = input_file(input);
		if (fd < 0)
			return nym_fail(report, "cannot pass input to %s: %s",
					name, strerror(errno));
	}
	pid = fork();
	if (!pid)
		run_child(arguments, fd, parent);
	if (fd >= 0)
		close(fd);
	if (pid < 0 || nym_program_wait(pid, &status))
		return nym_fail(report, "cannot run %s: %s", name,
				strerror(errno));
	if (WIFSIGNALED(status))
		return nym_fail(report, "%s was ended by signal %d (%s)", name,
				WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return nym_fail(report, "%s failed with exit status %d", name,
				WEXITSTATUS(status));
	return 0;
}

/* Returns the command with each "%i" replaced, or null. */
static char *expand(const char *command, const char *device)
{
	size_t size = strlen(command) + 1;
	const char *at;
	char *text, *to;

	for (at = command; (at = strstr(at, "%i")); at += 2)
		size += strlen(device);
	text = malloc(size);
	if (!text)
		return NULL;
	for (to = text; (at = strstr(command, "%i")); command = at + 2) {
		memcpy(to, command, (size_t)(at - command));
		to = stpcpy(to + (at - command), device);
	}
	strcpy(to, command);
	return text;
}

int nym_hook_run(const char *command, const char *device,
		 struct nym_report *report)
{
	char *text = expand(command, device);
	const char *const arguments[] = { nym_program_exists("bash") ? "bash" :
								       "sh",
					  "-c", text, NULL };
	int ret;

	if (!text)
		return nym_fail(report, "out of memory");
	ret = nym_program_run(arguments, NULL, report);
	sodium_memzero(text, strlen(text));
	free(text);
	return ret;
}
