// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"
#include "report.h"

static struct nym_report report;

static void says_how_it_ended(void)
{
	const char *const well[] = { "true", NULL };
	const char *const badly[] = { "sh", "-c", "exit 7", NULL };
	const char *const killed[] = { "sh", "-c", "kill -KILL $$", NULL };
	const char *const missing[] = { "no-such-program-here", NULL };

	expect(!nym_program_run(well, NULL, &report));
	expect(nym_program_run(badly, NULL, &report));
	expect_text("sh failed with exit status 7", report.error);
	expect(nym_program_run(killed, NULL, &report));
	expect_text("sh was ended by signal 9 (Killed)", report.error);
	expect(nym_program_run(missing, NULL, &report));
	expect_text("no-such-program-here failed with exit status 127",
		    report.error);
	expect(nym_program_exists("sh"));
	expect(!nym_program_exists("no-such-program-here"));
}

static void passes_input(void)
{
	const char *const check[] = { "sh", "-c", "test \"$(cat)\" = 'a text'",
				      NULL };

	expect(!nym_program_run(check, "a text", &report));
	expect(nym_program_run(check, "another", &report));
}

static void expands_the_name(void)
{
	expect(!nym_hook_run("test %i-%i,%x = t0-t0,%x", "t0", &report));
	expect(nym_hook_run("test %i = t1", "t0", &report));
	expect(!nym_hook_run("", "t0", &report));
}

/* In a child, so that this program's signals stay as they are. */
static void hands_signals_on(void)
{
	const char *const waits[] = {
		"sh", "-c",
		"trap 'exit 5' TERM; kill -TERM $PPID; sleep 20 & wait", NULL
	};
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		nym_program_block_signals(NULL, NULL);
		if (!nym_program_run(waits, NULL, &report))
			_exit(1);
		_exit(strcmp(report.error, "sh failed with exit status 5") ? 2 :
									     0);
	}
	waitpid(pid, &status, 0);
	expect(WIFEXITED(status) && !WEXITSTATUS(status));
}

/*
 * The signal that ended the way up may still wait when its undoing begins, and
 * others may come meanwhile: to this process, or to both from the terminal.
 */
static void undoes_whatever_comes(void)
{
	const char *const sleeps[] = { "sleep", "0.2", NULL };
	const char *const hit[] = {
		"sh", "-c", "kill -HUP $PPID; kill -INT $$; kill -HUP $$", NULL
	};
	const char *const ended[] = { "sh", "-c", "kill -TERM $$", NULL };
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		nym_program_block_signals(NULL, NULL);
		raise(SIGTERM);
		nym_program_begin_undo();
		if (nym_program_run(sleeps, NULL, &report) ||
		    nym_program_run(hit, NULL, &report))
			_exit(1);
		_exit(nym_program_run(ended, NULL, &report) ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	expect(WIFEXITED(status) && !WEXITSTATUS(status));
}

/* What a program was waited for by ends with who waited. */
static void ends_with_its_parent(void)
{
	const char *const lives[] = { "sh", "-c",
				      "echo $$ >&3; exec sleep 1000", NULL };
	char text[16] = "";
	int ends[2], tries;
	pid_t pid, hook;

	expect(!pipe(ends));
	pid = fork();
	if (!pid) {
		dup2(ends[1], 3);
		nym_program_run(lives, NULL, &report);
		_exit(0);
	}
	expect(read(ends[0], text, sizeof(text) - 1) > 0);
	hook = (pid_t)atoi(text);
	expect(hook > 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* Its end comes soon, and somebody else reaps it. */
	for (tries = 0; tries < 6000 && !kill(hook, 0); tries++) {
		snprintf(text, sizeof(text), "/proc/%d/exe", (int)hook);
		if (access(text, F_OK))
			break;
		usleep(10000);
	}
	expect(tries < 6000);
	close(ends[0]);
	close(ends[1]);
}

static const struct ktap_case cases[] = {
	{ "a program's end is told", says_how_it_ended },
	{ "a program gets its input", passes_input },
	{ "%i is the device's name", expands_the_name },
	{ "signals are handed on", hands_signals_on },
	{ "signals do not stop what undoes", undoes_whatever_comes },
	{ "a program ends with who waits for it", ends_with_its_parent },
};

KTAP_MAIN(cases)
