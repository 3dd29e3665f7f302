// SPDX-License-Identifier: GPL-2.0-or-later
/* The subcommands on a whole tunnel: up, down, save, strip. */
#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "tunnel.h"

static void announce(const char *text)
{
	fprintf(stderr, "[#] %s\n", text);
}

/* What all of them do: find the tunnel that the one argument names, and act. */
static int run(int argc, char *argv[],
	       int (*find)(struct nym_tunnel *tunnel, const char *name),
	       int (*act)(struct nym_tunnel *tunnel))
{
	struct nym_report report = { .warn = command_warn };
	struct nym_tunnel tunnel = {
		.caller = getppid(),
		.announce = announce,
		.report = &report,
	};
	int ret;

	if (argc != 2)
		return command_usage(argv[0]);
	ret = find(&tunnel, argv[1]);
	if (!ret)
		ret = act(&tunnel);
	nym_tunnel_free(&tunnel);
	return ret ? command_failed(&report) : 0;
}

static int up(struct nym_tunnel *tunnel)
{
	int ret = nym_tunnel_read(tunnel);

	return ret ? ret : nym_tunnel_up(tunnel);
}

static int down(struct nym_tunnel *tunnel)
{
	/* The journal is enough to go down; a lost file must not prevent it. */
	if (nym_tunnel_read(tunnel))
		nym_warn(tunnel->report, "%s; going down without hooks",
			 tunnel->report->error);
	return nym_tunnel_down(tunnel);
}

static int save(struct nym_tunnel *tunnel)
{
	int ret = nym_tunnel_read(tunnel);

	return ret ? ret : nym_tunnel_save(tunnel);
}

static int strip(struct nym_tunnel *tunnel)
{
	int ret = nym_tunnel_read(tunnel);

	return ret ? ret : nym_tunnel_strip(tunnel, stdout);
}

int up_main(int argc, char *argv[])
{
	return run(argc, argv, nym_tunnel_find, up);
}

int down_main(int argc, char *argv[])
{
	return run(argc, argv, nym_tunnel_find_running, down);
}

int save_main(int argc, char *argv[])
{
	return run(argc, argv, nym_tunnel_find_running, save);
}

int strip_main(int argc, char *argv[])
{
	return run(argc, argv, nym_tunnel_find_running, strip);
}
