// SPDX-License-Identifier: GPL-2.0-or-later
#include "tunnel_dns.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"
#include "report.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLVED_FOLDER "/run/systemd/resolve/"
/* There as long as systemd-resolved runs. */
#define RESOLVED_SOCKET RESOLVED_FOLDER "io.systemd.Resolve"
#define INTERFACE_ORDER "/etc/resolvconf/interface-order"

/*
 * Programs ask systemd-resolved if resolv.conf is one of its own, or names its
 * address. Otherwise what it is told would change nothing for them.
 */
static bool is_resolved_used(void)
{
	static const char address[] = "nameserver 127.0.0.53";
	char path[PATH_MAX], line[128];
	bool used = false;
	FILE *stream;

	if (access(RESOLVED_SOCKET, F_OK) || !nym_program_exists("resolvectl"))
		return false;
	if (realpath(RESOLV_CONF, path) &&
	    !strncmp(path, RESOLVED_FOLDER, strlen(RESOLVED_FOLDER)))
		return true;
	stream = fopen(RESOLV_CONF, "re");
	while (stream && !used && fgets(line, sizeof(line), stream))
		used = !strncmp(line, address, strlen(address));
	if (stream)
		fclose(stream);
	return used;
}

static char *resolv_conf_text(const struct nym_tunnel_conf *conf)
{
	char *text = NULL;
	size_t size, i;
	FILE *stream;

	stream = open_memstream(&text, &size);
	if (!stream)
		return NULL;
	for (i = 0; i < conf->dns.count; i++)
		fprintf(stream, "nameserver %s\n", conf->dns.text[i]);
	for (i = 0; i < conf->search.count; i++)
		fprintf(stream, "%s%s", i ? " " : "search ",
			conf->search.text[i]);
	if (conf->search.count)
		fputc('\n', stream);
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Runs "resolvectl VERB DEVICE WORDS... [LAST]". */
static int resolvectl(const char *verb, const char *device,
		      const struct nym_text_list *words, const char *last,
		      struct nym_report *report)
{
	const char **arguments = calloc(words->count + 5, sizeof(*arguments));
	size_t count = 0, i;
	int ret;

	if (!arguments)
		return nym_fail(report, "out of memory");
	arguments[count++] = "resolvectl";
	arguments[count++] = verb;
	arguments[count++] = device;
	for (i = 0; i < words->count; i++)
		arguments[count++] = words->text[i];
	arguments[count] = last;
	ret = nym_program_run(arguments, NULL, report);
	free(arguments);
	return ret;
}

static int set_resolved(struct nym_journal *journal, const char *device,
			const struct nym_tunnel_conf *conf,
			struct nym_report *report)
{
	if (nym_journal_append(journal, report, "dns resolved"))
		return -1;
	if (conf->dns.count &&
	    resolvectl("dns", device, &conf->dns, NULL, report))
		return -1;
	/* All names go to these servers, none to the other links'. */
	return resolvectl("domain", device, &conf->search,
			  conf->dns.count ? "~." : NULL, report);
}

/*
 * Debian's resolvconf orders its interfaces by patterns in a file; the first
 * pattern that is a word and a star gives the place of tunnels.
 */
static void resolvconf_name(const char *device, char *name, size_t size)
{
	char line[128], *at;
	FILE *stream;

	snprintf(name, size, "%s", device);
	stream = fopen(INTERFACE_ORDER, "re");
	if (!stream)
		return;
	while (fgets(line, sizeof(line), stream)) {
		line[strcspn(line, "\n")] = '\0';
		for (at = line; isalnum((unsigned char)*at) || *at == '-'; at++)
			;
		if (at == line || strcmp(at, "*"))
			continue;
		snprintf(name, size, "%.*s.%s", (int)(at - line), line, device);
		break;
	}
	fclose(stream);
}

static int set_resolvconf(struct nym_journal *journal, const char *device,
			  const struct nym_tunnel_conf *conf,
			  struct nym_report *report)
{
	char name[192], *text;
	const char *const arguments[] = { "resolvconf", "-a", name, "-m",
					  "0",		"-x", NULL };
	int ret;

	resolvconf_name(device, name, sizeof(name));
	text = resolv_conf_text(conf);
	if (!text)
		return nym_fail(report, "out of memory");
	ret = nym_journal_append(journal, report, "dns resolvconf %s", name);
	if (!ret)
		ret = nym_program_run(arguments, text, report);
	free(text);
	return ret;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/*
 * A mount is seen by the processes of one mount namespace, which may be this
 * program's alone, as under "ip netns exec", or may be shared with processes
 * of other network namespaces, which have nothing to do with the tunnel.
 */
static int check_mount_namespace(const struct nym_journal *journal,
				 pid_t caller, struct nym_report *report)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)caller);
	if (!same_file("/proc/self/ns/mnt", path))
		return nym_fail(report,
				"a resolv.conf mounted here would be gone when this command ends; for a network namespace write it to /etc/netns/NAME/resolv.conf and remove DNS from the config file");
	if (!nym_journal_in_first_namespace(journal) &&
	    same_file("/proc/self/ns/mnt", "/proc/1/ns/mnt"))
		return nym_fail(report,
				"a resolv.conf mounted here would be that of all other network namespaces, too; write it to /etc/netns/NAME/resolv.conf and remove DNS from the config file");
	return 0;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t len = strlen(text);
	int ret;

	if (fd < 0)
		return -1;
	ret = write(fd, text, len) == (ssize_t)len ? 0 : -1;
	/* Everybody resolves names, whatever the umask of who calls. */
	if (fchmod(fd, 0644))
		ret = -1;
	close(fd);
	return ret;
}

/* Finds where to mount; the file is made where there is none. */
static int mount_point(struct nym_journal *journal, char path[PATH_MAX],
		       struct nym_report *report)
{
	struct stat st;
	int fd;

	if (realpath(RESOLV_CONF, path))
		return 0;
	if (errno != ENOENT)
		return nym_fail(report, "cannot find " RESOLV_CONF ": %s",
				strerror(errno));
	if (!lstat(RESOLV_CONF, &st))
		return nym_fail(report, RESOLV_CONF
				" is a link to a file that is not there; start the service that makes it, or put a file in the link's place");
	snprintf(path, PATH_MAX, "%s", RESOLV_CONF);
	if (nym_journal_append(journal, report, "dns file %s", path))
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return nym_fail(report, "cannot make %s: %s", path,
				strerror(errno));
	close(fd);
	return 0;
}

static int set_mounted(struct nym_journal *journal, const char *device,
		       const struct nym_tunnel_conf *conf, pid_t caller,
		       struct nym_report *report)
{
	char path[PATH_MAX], own[PATH_MAX], match[PATH_MAX + 16], *text;
	int ret = -1;

	if (check_mount_namespace(journal, caller, report))
		return -1;
	if (mount_point(journal, path, report))
		return -1;
	snprintf(match, sizeof(match), "mount %s", path);
	if (nym_journal_find_other(journal, "dns", match, NULL, 0))
		return nym_fail(report,
				"another tunnel's resolv.conf is mounted at %s already; bring that tunnel down, or remove DNS from one of the two config files",
				path);
	snprintf(own, sizeof(own), "%s/resolv.conf",
		 nym_journal_folder(journal));
	text = resolv_conf_text(conf);
	if (!text)
		return nym_fail(report, "out of memory");
	if (write_file(own, text))
		nym_fail(report, "cannot write %s: %s", own, strerror(errno));
	else if (!nym_journal_append(journal, report, "dns %s", match)) {
		if (mount(own, path, NULL, MS_BIND, NULL))
			nym_fail(report,
				 "cannot mount the name servers of %s at %s: %s",
				 device, path, strerror(errno));
		else
			ret = 0;
	}
	free(text);
	return ret;
}

int nym_dns_set(struct nym_journal *journal, const char *device,
		const struct nym_tunnel_conf *conf, pid_t caller,
		struct nym_report *report)
{
	/* Both services know the links of the first network namespace only. */
	if (nym_journal_in_first_namespace(journal)) {
		if (is_resolved_used())
			return set_resolved(journal, device, conf, report);
		if (nym_program_exists("resolvconf"))
			return set_resolvconf(journal, device, conf, report);
	}
	return set_mounted(journal, device, conf, caller, report);
}

static int unset_mounted(struct nym_journal *journal, const char *path,
			 struct nym_report *report)
{
	char own[PATH_MAX];

	snprintf(own, sizeof(own), "%s/resolv.conf",
		 nym_journal_folder(journal));
	/* It may never have been mounted, or have been unmounted since. */
	if (!same_file(own, path))
		return 0;
	if (!umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
		return 0;
	return nym_fail(report, "cannot unmount %s: %s", path, strerror(errno));
}

static int unset_file(const char *path, struct nym_report *report)
{
	struct stat st;

	/* Only as it was made: somebody may have filled it since. */
	if (stat(path, &st) || st.st_size || !unlink(path) || errno == ENOENT)
		return 0;
	return nym_fail(report, "cannot remove %s: %s", path, strerror(errno));
}

int nym_dns_unset(struct nym_journal *journal, const char *device,
		  const char *record, struct nym_report *report)
{
	static const struct nym_text_list nothing;
	const char *const resolvconf[] = { "resolvconf", "-d",
					   record + strcspn(record, " ") + 1,
					   "-f", NULL };

	/* The link's removal makes resolved forget it; if it is gone, it has. */
	if (!strcmp(record, "resolved")) {
		if (resolvectl("revert", device, &nothing, NULL, report))
			nym_warn(report, "%s", report->error);
		return 0;
	}
	if (!strncmp(record, "resolvconf ", strlen("resolvconf ")))
		return nym_program_run(resolvconf, NULL, report);
	if (!strncmp(record, "mount ", strlen("mount ")))
		return unset_mounted(journal, record + strlen("mount "),
				     report);
	if (!strncmp(record, "file ", strlen("file ")))
		return unset_file(record + strlen("file "), report);
	return nym_fail(report, "nothing is known about name servers by \"%s\"",
			record);
}
