// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "command.h"
#include "endpoint.h"
#include "netlink.h"

/**
 * struct monitor - what is printed and how
 * @interface: events of this device alone, or null
 * @json: an object a line
 */
struct monitor {
	const char *interface;
	bool json;
};

/* Which member of the peer a kind of event is about. */
static const struct kind {
	const char *name;
	const char *words;
	bool has_endpoint;
	bool has_quota;
	bool has_mtu;
} kinds[] = {
	[0] = { .name = "events-lost", .words = "events lost" },
	[NYM_EVENT_HANDSHAKE_COMPLETED] = {
		.name = "handshake-completed",
		.words = "handshake completed",
		.has_endpoint = true,
	},
	[NYM_EVENT_PEER_UNREACHABLE] = {
		.name = "peer-unreachable",
		.words = "peer unreachable",
		.has_endpoint = true,
	},
	[NYM_EVENT_ENDPOINT_MOVED] = {
		.name = "endpoint-moved",
		.words = "endpoint moved",
		.has_endpoint = true,
	},
	[NYM_EVENT_QUOTA_LOW] = {
		.name = "quota-low",
		.words = "quota low",
		.has_quota = true,
	},
	[NYM_EVENT_QUOTA_SPENT] = {
		.name = "quota-spent",
		.words = "quota spent",
		.has_quota = true,
	},
	[NYM_EVENT_PATH_MTU] = {
		.name = "path-mtu",
		.words = "path mtu",
		.has_mtu = true,
	},
};

static const struct kind unknown_kind = {
	.name = "unknown",
	.words = "event of an unknown kind",
};

static const struct kind *kind_of(const struct nym_event_report *event)
{
	if (event->kind < sizeof(kinds) / sizeof(kinds[0]))
		return &kinds[event->kind];
	return &unknown_kind;
}

static void print_line(const char *when, const struct nym_event_report *event,
		       const char *key, const char *endpoint)
{
	const struct kind *kind = kind_of(event);
	const struct nym_peer *peer = &event->peer;

	printf("%s", when);
	if (event->name[0])
		printf(" %s:", event->name);
	printf(" %s", kind->words);
	if (key)
		printf(" peer %s", key);
	if (kind->has_endpoint && endpoint)
		printf(" endpoint %s", endpoint);
	if (kind->has_quota && peer->flags & NYM_PEER_HAS_QUOTA)
		printf(" quota %" PRIu64, peer->quota);
	if (kind->has_mtu && peer->flags & NYM_PEER_HAS_MTU)
		printf(" mtu %" PRIu32, peer->mtu);
	putchar('\n');
}

static void print_json(const char *when, const struct nym_event_report *event,
		       const char *key, const char *endpoint)
{
	const struct kind *kind = kind_of(event);
	const struct nym_peer *peer = &event->peer;
	json_t *object = json_pack("{s:s, s:s}", "time", when, "event",
				   kind->name);

	if (event->name[0]) {
		json_object_set_new(object, "device", json_string(event->name));
		json_object_set_new(object, "ifindex",
				    json_integer(event->ifindex));
	}
	if (key)
		json_object_set_new(object, "peer", json_string(key));
	if (kind->has_endpoint && endpoint)
		json_object_set_new(object, "endpoint", json_string(endpoint));
	if (kind->has_quota && peer->flags & NYM_PEER_HAS_QUOTA)
		json_object_set_new(object, "quota",
				    json_integer((json_int_t)peer->quota));
	if (kind->has_mtu && peer->flags & NYM_PEER_HAS_MTU)
		json_object_set_new(object, "mtu", json_integer(peer->mtu));
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

/* The end of the output, as of a pipe to head(1), ends the monitor. */
static int print_event(void *context, const struct nym_event_report *event)
{
	const struct monitor *monitor = context;
	char endpoint[NYM_ENDPOINT_TEXT_SIZE] = "";
	bool has_key = event->peer.flags & NYM_PEER_HAS_PUBLIC_KEY;
	char key[NYM_KEY_BASE64_SIZE];
	time_t now = time(NULL);
	struct tm utc;
	char when[32];

	if (monitor->interface && event->name[0] &&
	    strcmp(monitor->interface, event->name))
		return 0;
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ",
		 gmtime_r(&now, &utc));
	nym_key_to_base64(key, event->peer.public_key);
	if (nym_peer_has_endpoint(&event->peer))
		nym_endpoint_to_text(endpoint, &event->peer.endpoint);
	if (monitor->json)
		print_json(when, event, has_key ? key : NULL,
			   endpoint[0] ? endpoint : NULL);
	else
		print_line(when, event, has_key ? key : NULL,
			   endpoint[0] ? endpoint : NULL);
	return fflush(stdout) ? 1 : 0;
}

int monitor_main(int argc, char *argv[])
{
	struct monitor monitor = { .json = command_take_json(&argc, argv) };
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_event_socket *socket;
	int ret;

	if (argc > 2)
		return command_usage(argv[0]);
	monitor.interface = argc == 2 ? argv[1] : NULL;
	if (nym_event_open(&socket, &report))
		return command_failed(&report);
	do {
		ret = nym_event_read(socket, print_event, &monitor, &report);
	} while (!ret);
	nym_event_close(socket);
	return ret < 0 ? command_failed(&report) : 0;
}
