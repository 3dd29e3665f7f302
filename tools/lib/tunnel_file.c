// SPDX-License-Identifier: GPL-2.0-or-later
/* Config files of tunnels: found, read, written anew. */
#include "tunnel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "config.h"
#include "journal.h"
#include "netlink.h"
#include "report.h"
#include "rtnetlink.h"

#define SUFFIX ".conf"

static bool is_device_name(const char *name, size_t len)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-";

	if (!len || len >= IFNAMSIZ || strspn(name, letters) < len)
		return false;
	/* "all" and "default" are what /proc/sys/net calls every link. */
	return !(len == 1 && name[0] == '.') &&
	       !(len == 2 && !memcmp(name, "..", 2)) &&
	       !(len == 3 && !memcmp(name, "all", 3)) &&
	       !(len == 7 && !memcmp(name, "default", 7));
}

/* A name never stands for a file here: that takes a slash or ".conf". */
static bool is_path(const char *argument)
{
	size_t len = strlen(argument), suffix = strlen(SUFFIX);

	return strchr(argument, '/') ||
	       (len > suffix && !strcmp(argument + len - suffix, SUFFIX));
}

int nym_tunnel_find(struct nym_tunnel *tunnel, const char *argument)
{
	struct nym_report *report = tunnel->report;
	const char *name = argument, *slash = strrchr(argument, '/');
	size_t len = strlen(argument);
	char *real;

	if (is_path(argument)) {
		name = slash ? slash + 1 : argument;
		len = strlen(name);
		if (len <= strlen(SUFFIX) ||
		    strcmp(name + len - strlen(SUFFIX), SUFFIX))
			return nym_fail(report,
					"the config file %s must be called NAME.conf, NAME being the device's name",
					argument);
		len -= strlen(SUFFIX);
	}
	if (!is_device_name(name, len))
		return nym_fail(report,
				"\"%.*s\" cannot be a device's name: 1 to 15 letters, digits and _=+.- are allowed",
				(int)len, name);
	memcpy(tunnel->name, name, len);
	tunnel->name[len] = '\0';

	if (is_path(argument))
		tunnel->path = strdup(argument);
	else if (asprintf(&tunnel->path, NYM_TUNNEL_FOLDER "/%s" SUFFIX,
			  argument) < 0)
		tunnel->path = NULL;
	if (!tunnel->path)
		return nym_fail(report, "out of memory");
	real = realpath(tunnel->path, NULL);
	if (real) {
		free(tunnel->path);
		tunnel->path = real;
	}
	return 0;
}

int nym_tunnel_find_running(struct nym_tunnel *tunnel, const char *argument)
{
	char path[PATH_MAX], *copy;

	if (nym_tunnel_find(tunnel, argument))
		return -1;
	if (is_path(argument) ||
	    !nym_journal_peek(NYM_JOURNAL_BASE, tunnel->name, "config", path,
			      sizeof(path)))
		return 0;
	copy = strdup(path);
	if (!copy)
		return nym_fail(tunnel->report, "out of memory");
	free(tunnel->path);
	tunnel->path = copy;
	return 0;
}

/* The file holds private keys, and commands that are run as root. */
static int check_mode(const struct nym_tunnel *tunnel)
{
	struct nym_report *report = tunnel->report;
	struct stat st;

	if (stat(tunnel->path, &st))
		return nym_fail(report, "cannot find the config file %s: %s%s",
				tunnel->path, strerror(errno),
				nym_rights_advice(errno));
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_mode & S_IWOTH)
		return nym_fail(report,
				"everybody can write %s and by that run commands as root; run \"chmod 600 %s\"",
				tunnel->path, tunnel->path);
	if (st.st_mode & (S_IROTH | S_IXOTH))
		nym_warn(report,
			 "everybody can read %s and the keys in it; run \"chmod 600 %s\"",
			 tunnel->path, tunnel->path);
	return 0;
}

int nym_tunnel_read(struct nym_tunnel *tunnel)
{
	const struct nym_config_extension extension = {
		.interface_key = nym_tunnel_conf_key,
		.keeps_comment = nym_tunnel_conf_keeps_comment,
		.context = &tunnel->conf,
	};

	if (check_mode(tunnel) || nym_file_read(&tunnel->file, tunnel->path,
						NYM_FILE_MAX, tunnel->report))
		return -1;
	/* PreUp may have given the device what the file does not state. */
	tunnel->device = nym_config_parse(tunnel->path, tunnel->file.text,
					  tunnel->file.len, NYM_CONFIG_APPEND,
					  &extension, tunnel->report);
	if (!tunnel->device) {
		/* Half of a file's hooks are worse than none. */
		nym_tunnel_conf_free(&tunnel->conf);
		return -1;
	}
	return nym_device_set_name(tunnel->device, tunnel->name,
				   tunnel->report);
}

void nym_tunnel_free(struct nym_tunnel *tunnel)
{
	free(tunnel->path);
	tunnel->path = NULL;
	nym_file_free(&tunnel->file);
	nym_device_free(tunnel->device);
	tunnel->device = NULL;
	nym_tunnel_conf_free(&tunnel->conf);
}

/* Brings the tunnel's own part up to date with the link. */
static int update_conf(struct nym_tunnel *tunnel)
{
	struct nym_rtnl *rtnl = nym_rtnl_open();
	struct nym_address_list list = { 0 };
	struct nym_link link;
	int ret = -1;

	if (!rtnl)
		return nym_fail(tunnel->report, "cannot open route netlink: %s",
				strerror(errno));
	if (nym_link_get(rtnl, tunnel->name, &link) ||
	    nym_address_list(rtnl, link.ifindex, &list)) {
		nym_fail(tunnel->report, "cannot read the addresses of %s: %s",
			 tunnel->name, nym_rtnl_text(rtnl));
	} else {
		free(tunnel->conf.addresses);
		tunnel->conf.addresses = list.addresses;
		tunnel->conf.addresses_count = list.count;
		list.addresses = NULL;
		if (tunnel->conf.mtu)
			tunnel->conf.mtu = link.mtu;
		ret = 0;
	}
	free(list.addresses);
	nym_rtnl_close(rtnl);
	return ret;
}

/* The mark that was chosen on the way up, 0 when none was. */
static uint32_t chosen_mark(const struct nym_tunnel *tunnel)
{
	char mark[16];

	if (!nym_journal_peek(NYM_JOURNAL_BASE, tunnel->name, "mark", mark,
			      sizeof(mark)))
		return 0;
	return (uint32_t)strtoul(mark, NULL, 10);
}

int nym_tunnel_strip(const struct nym_tunnel *tunnel, FILE *stream)
{
	nym_tunnel_conf_strip(stream, tunnel->file.text, chosen_mark(tunnel));
	if (!fflush(stream))
		return 0;
	return nym_fail(tunnel->report, "cannot write: %s", strerror(errno));
}

static void print_config(FILE *stream, const struct nym_tunnel *tunnel,
			 const struct nym_device *device)
{
	static const char header[] = "[Interface]\n";
	char *text = NULL;
	size_t size;
	FILE *buffer;

	/* The device's part follows with the same section's beginning. */
	buffer = open_memstream(&text, &size);
	if (!buffer)
		return;
	nym_config_print(buffer, device);
	if (fclose(buffer)) {
		free(text);
		return;
	}
	fputs(header, stream);
	nym_tunnel_conf_print(stream, &tunnel->conf);
	fputs(strncmp(text, header, strlen(header)) ? text :
						      text + strlen(header),
	      stream);
	sodium_memzero(text, size);
	free(text);
}

/* Writes the whole file or none of it, readable by its owner alone. */
static int replace_file(const struct nym_tunnel *tunnel, const char *text,
			size_t len)
{
	char *temporary, *slash;
	struct stat st;
	int fd, folder;
	int ret = -1;

	if (asprintf(&temporary, "%s.XXXXXX", tunnel->path) < 0)
		return nym_fail(tunnel->report, "out of memory");
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		nym_fail(tunnel->report, "cannot make %s: %s", temporary,
			 strerror(errno));
		free(temporary);
		return -1;
	}
	if (!stat(tunnel->path, &st) && fchown(fd, st.st_uid, st.st_gid))
		nym_warn(tunnel->report, "cannot keep the owner of %s: %s",
			 tunnel->path, strerror(errno));
	errno = ENOSPC; /* what a part of it written means */
	if (write(fd, text, len) != (ssize_t)len || fsync(fd) ||
	    rename(temporary, tunnel->path)) {
		nym_fail(tunnel->report, "cannot write %s: %s", tunnel->path,
			 strerror(errno));
		unlink(temporary);
	} else {
		ret = 0;
	}
	close(fd);
	/* The new name lasts when the folder is on the disk, too. */
	slash = strrchr(temporary, '/');
	*(slash ? slash + 1 : temporary) = '\0';
	folder = open(*temporary ? temporary : ".",
		      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0) {
		fsync(folder);
		close(folder);
	}
	free(temporary);
	return ret;
}

int nym_tunnel_save(struct nym_tunnel *tunnel)
{
	struct nym_device *device = NULL;
	char *text = NULL;
	FILE *stream;
	size_t size;
	int ret = -1;

	if (update_conf(tunnel) ||
	    nym_device_get(&device, tunnel->name, tunnel->report))
		return -1;
	/* It was for this time only; the file does not have it. */
	if (device->fwmark == chosen_mark(tunnel))
		device->fwmark = 0;
	stream = open_memstream(&text, &size);
	if (stream) {
		print_config(stream, tunnel, device);
		if (!fclose(stream) && size) {
			nym_tunnel_announce(tunnel, "save %s", tunnel->path);
			ret = replace_file(tunnel, text, size);
		}
	}
	if (text)
		sodium_memzero(text, size);
	else
		nym_fail(tunnel->report, "out of memory");
	free(text);
	nym_device_free(device);
	return ret;
}
