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

static int finish(struct nym_tunnel *tunnel, int ret)
{
	nym_tunnel_free(tunnel);
	return ret ? command_failed(tunnel->report) : 0;
}

int up_main(int argc, char *argv[])
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
	ret = nym_tunnel_find(&tunnel, argv[1]);
	if (!ret)
		ret = nym_tunnel_read(&tunnel);
	if (!ret)
		ret = nym_tunnel_up(&tunnel);
	return finish(&tunnel, ret);
}

int down_main(int argc, char *argv[])
{
	struct nym_report report = { .warn = command_warn };
	struct nym_tunnel tunnel = {
		.announce = announce,
		.report = &report,
	};
	int ret;

	if (argc != 2)
		return command_usage(argv[0]);
	ret = nym_tunnel_find_running(&tunnel, argv[1]);
	if (ret)
		return finish(&tunnel, ret);
	/* The journal is enough to go down; a lost file must not prevent it. */
	if (nym_tunnel_read(&tunnel))
		nym_warn(&report, "%s; going down without hooks", report.error);
	return finish(&tunnel, nym_tunnel_down(&tunnel));
}

int save_main(int argc, char *argv[])
{
	struct nym_report report = { .warn = command_warn };
	struct nym_tunnel tunnel = {
		.announce = announce,
		.report = &report,
	};
	int ret;

	if (argc != 2)
		return command_usage(argv[0]);
	ret = nym_tunnel_find_running(&tunnel, argv[1]);
	if (!ret)
		ret = nym_tunnel_read(&tunnel);
	if (!ret)
		ret = nym_tunnel_save(&tunnel);
	return finish(&tunnel, ret);
}

int strip_main(int argc, char *argv[])
{
	struct nym_report report = { .warn = command_warn };
	struct nym_tunnel tunnel = { .report = &report };
	int ret;

	if (argc != 2)
		return command_usage(argv[0]);
	ret = nym_tunnel_find_running(&tunnel, argv[1]);
	if (!ret)
		ret = nym_tunnel_read(&tunnel);
	if (!ret)
		ret = nym_tunnel_strip(&tunnel, stdout);
	return finish(&tunnel, ret);
}
