// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <sodium.h>

#include "command.h"

static const struct command {
	const char *name;
	int (*main)(int argc, char *argv[]);
	const char *arguments;
	const char *summary;
} commands[] = {
	{ "show", show_main,
	  "[--json] { INTERFACE | all | interfaces } [public-key | private-key | listen-port | fwmark | peers | preshared-keys | endpoints | allowed-ips | latest-handshakes | transfer | persistent-keepalive | via | via-address | via-port | identity | quota | mtu | hops | drops | dump]",
	  "show devices, their peers and paths" },
	{ "showconf", showconf_main, "INTERFACE",
	  "print the configuration of a device as a file for setconf" },
	{ "set", set_main,
	  "INTERFACE [listen-port PORT] [fwmark MARK] [private-key FILE] [peer PUBLIC-KEY [remove] [preshared-key FILE] [endpoint HOST:PORT] [persistent-keepalive SECONDS] [allowed-ips [+|-]IP/LENGTH[,[+|-]IP/LENGTH]...] [via PUBLIC-KEY|off] [via-address IP[,IP]|off] [via-port PORT] [identity FILE] [quota BYTES|+BYTES|off] [quota-low BYTES|off]]...",
	  "change a device, add peers, change or remove them" },
	{ "setconf", setconf_main, "INTERFACE FILE",
	  "make a device what a configuration file says" },
	{ "addconf", setconf_main, "INTERFACE FILE",
	  "add what a configuration file says to a device" },
	{ "syncconf", setconf_main, "INTERFACE FILE",
	  "like setconf, but leave alone what already is so" },
	{ "genkey", genkey_main, "", "print a new private key" },
	{ "genpsk", genkey_main, "", "print a new preshared key" },
	{ "pubkey", pubkey_main, "",
	  "print the public key of the private key on the standard input" },
	{ "monitor", monitor_main, "[--json] [INTERFACE]",
	  "print events of peers as they happen" },
	{ "up", up_main, "NAME|FILE",
	  "bring a tunnel up: its device, addresses, routes and name servers" },
	{ "down", down_main, "NAME|FILE", "bring a tunnel down, completely" },
	{ "save", save_main, "NAME|FILE",
	  "write a tunnel's file anew from what its device is now" },
	{ "strip", strip_main, "NAME|FILE",
	  "print a tunnel's file without the keys that only 'up' knows" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; ++i) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static void print_usage(FILE *stream, const struct command *command)
{
	fprintf(stream, "Usage: nymctl %s%s%s\n", command->name,
		command->arguments[0] ? " " : "", command->arguments);
}

static void print_commands(FILE *stream)
{
	size_t i;

	fputs("Usage: nymctl COMMAND [ARGUMENTS]\n\nCommands:\n", stream);
	for (i = 0; i < COMMANDS; ++i)
		fprintf(stream, "  %-9s %s\n", commands[i].name,
			commands[i].summary);
	fputs("\n'nymctl COMMAND --help' says how a command is used, nymctl(8) the rest.\n"
	      "Without a command, nymctl shows all devices.\n",
	      stream);
}

int command_usage(const char *name)
{
	print_usage(stderr, find_command(name));
	return 1;
}

int command_failed(const struct nym_report *report)
{
	fprintf(stderr, "nymctl: %s\n", report->error);
	return 1;
}

void command_warn(const char *text)
{
	fprintf(stderr, "nymctl: Warning: %s\n", text);
}

bool command_take_json(int *argc, char *argv[])
{
	bool taken = false;
	int i, kept = 1;

	for (i = 1; i < *argc; ++i) {
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "-j"))
			taken = true;
		else
			argv[kept++] = argv[i];
	}
	if (taken)
		argv[kept] = NULL;
	*argc = kept;
	return taken;
}

static bool asks_for_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") ||
	       !strcmp(word, "help");
}

static bool asks_for_version(const char *word)
{
	return !strcmp(word, "--version") || !strcmp(word, "-v") ||
	       !strcmp(word, "version");
}

static int help(const char *name)
{
	const struct command *command = find_command(name);

	if (!command) {
		fprintf(stderr, "nymctl: '%s' is not a command\n", name);
		print_commands(stderr);
		return 1;
	}
	print_usage(stdout, command);
	return 0;
}

static int run(int argc, char *argv[])
{
	char show[] = "show";
	char *show_argv[] = { show, NULL };
	const struct command *command;

	if (argc < 2)
		return show_main(1, show_argv);
	if (asks_for_help(argv[1]) && argc == 3)
		return help(argv[2]);
	if (asks_for_help(argv[1])) {
		print_commands(stdout);
		return 0;
	}
	if (asks_for_version(argv[1])) {
		puts("nymctl v" NYM_VERSION);
		return 0;
	}
	command = find_command(argv[1]);
	if (!command)
		return help(argv[1]);
	if (argc == 3 && asks_for_help(argv[2]))
		return help(argv[1]);
	return command->main(argc - 1, argv + 1);
}

int main(int argc, char *argv[])
{
	/* Keys pass through it, so it is wiped in the end. */
	static char output[BUFSIZ];
	int ret;

	/*
	 * Keys are in its memory, and in that of the process that takes the
	 * steps: neither may leave a core. What they run is as ever.
	 */
	prctl(PR_SET_DUMPABLE, 0);
	/* Who started it may ignore it, and then no child could be waited for. */
	signal(SIGCHLD, SIG_DFL);
	setvbuf(stdout, output, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF,
		sizeof(output));
	if (sodium_init() < 0) {
		fputs("nymctl: libsodium did not start\n", stderr);
		return 1;
	}
	ret = run(argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		perror("nymctl: Unable to write the output");
		ret = 1;
	}
	sodium_memzero(output, sizeof(output));
	return ret;
}
