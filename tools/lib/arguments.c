// SPDX-License-Identifier: GPL-2.0-or-later
#include "arguments.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "value.h"

struct parser {
	struct nym_device *device;
	struct nym_peer *peer;
	nym_key_reader *read_key;
	struct nym_report *report;
};

static int parse_listen_port(struct parser *parser, const char *value)
{
	parser->device->flags |= NYM_DEVICE_HAS_LISTEN_PORT;
	return nym_value_port(&parser->device->listen_port, value,
			      parser->report);
}

static int parse_fwmark(struct parser *parser, const char *value)
{
	parser->device->flags |= NYM_DEVICE_HAS_FWMARK;
	return nym_value_fwmark(&parser->device->fwmark, value, parser->report);
}

static int parse_private_key(struct parser *parser, const char *value)
{
	parser->device->flags |= NYM_DEVICE_HAS_PRIVATE_KEY;
	return parser->read_key(parser->device->private_key, value,
				parser->report);
}

static int parse_peer(struct parser *parser, const char *value)
{
	parser->peer = nym_device_add_peer(parser->device);
	if (!parser->peer)
		return nym_fail(parser->report, "Out of memory");
	parser->peer->flags = NYM_PEER_HAS_PUBLIC_KEY;
	return nym_value_public_key(parser->peer->public_key, value,
				    parser->report);
}

static int parse_remove(struct parser *parser, const char *value)
{
	(void)value;
	parser->peer->flags |= NYM_PEER_REMOVE;
	return 0;
}

static int parse_endpoint(struct parser *parser, const char *value)
{
	return nym_value_endpoint(parser->peer, value, parser->report);
}

static int parse_allowedips(struct parser *parser, const char *value)
{
	char *list = strdup(value), *to = list;
	int ret;

	if (!list)
		return nym_fail(parser->report, "Out of memory");
	for (; *value; ++value) {
		if (!isspace((unsigned char)*value))
			*to++ = *value;
	}
	*to = '\0';
	ret = nym_value_allowedips(parser->peer, list, parser->report);
	free(list);
	return ret;
}

static int parse_keepalive(struct parser *parser, const char *value)
{
	return nym_value_keepalive(parser->peer, value, parser->report);
}

static int parse_preshared_key(struct parser *parser, const char *value)
{
	parser->peer->flags |= NYM_PEER_HAS_PRESHARED_KEY;
	return parser->read_key(parser->peer->preshared_key, value,
				parser->report);
}

static int parse_identity(struct parser *parser, const char *value)
{
	parser->peer->flags |= NYM_PEER_HAS_PRIVATE_KEY;
	return parser->read_key(parser->peer->private_key, value,
				parser->report);
}

static int parse_via(struct parser *parser, const char *value)
{
	return nym_value_via(parser->peer, value, parser->report);
}

static int parse_via_address(struct parser *parser, const char *value)
{
	return nym_value_via_address(parser->peer, value, parser->report);
}

static int parse_via_port(struct parser *parser, const char *value)
{
	return nym_value_via_port(parser->peer, value, parser->report);
}

static int parse_quota(struct parser *parser, const char *value)
{
	return nym_value_quota(parser->peer, value, parser->report);
}

static int parse_quota_low(struct parser *parser, const char *value)
{
	return nym_value_quota_low(parser->peer, value, parser->report);
}

enum scope {
	SCOPE_DEVICE, /* before the first peer */
	SCOPE_PEER,   /* behind a peer */
	SCOPE_ANY,
};

static const struct word {
	const char *name;
	enum scope scope;
	bool has_value;
	int (*parse)(struct parser *parser, const char *value);
} words[] = {
	{ "listen-port", SCOPE_DEVICE, true, parse_listen_port },
	{ "fwmark", SCOPE_DEVICE, true, parse_fwmark },
	{ "private-key", SCOPE_DEVICE, true, parse_private_key },
	{ "peer", SCOPE_ANY, true, parse_peer },
	{ "remove", SCOPE_PEER, false, parse_remove },
	{ "preshared-key", SCOPE_PEER, true, parse_preshared_key },
	{ "endpoint", SCOPE_PEER, true, parse_endpoint },
	{ "persistent-keepalive", SCOPE_PEER, true, parse_keepalive },
	{ "allowed-ips", SCOPE_PEER, true, parse_allowedips },
	{ "via", SCOPE_PEER, true, parse_via },
	{ "via-address", SCOPE_PEER, true, parse_via_address },
	{ "via-port", SCOPE_PEER, true, parse_via_port },
	{ "identity", SCOPE_PEER, true, parse_identity },
	{ "quota", SCOPE_PEER, true, parse_quota },
	{ "quota-low", SCOPE_PEER, true, parse_quota_low },
};

static const struct word *find_word(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); ++i) {
		if (!strcmp(words[i].name, name))
			return &words[i];
	}
	return NULL;
}

static int check_word(const struct parser *parser, const struct word *word,
		      const char *name, int argc)
{
	if (!word)
		return nym_fail(parser->report,
				"'%s' is not a word of 'set': see 'nymctl set --help'",
				name);
	if (word->scope == SCOPE_DEVICE && parser->peer)
		return nym_fail(parser->report,
				"'%s' belongs to the device: put it before the first 'peer'",
				name);
	if (word->scope == SCOPE_PEER && !parser->peer)
		return nym_fail(parser->report,
				"'%s' belongs to a peer: put it behind 'peer PUBLIC-KEY'",
				name);
	if (word->has_value && argc < 2)
		return nym_fail(parser->report, "'%s' needs a value behind it",
				name);
	return 0;
}

static int parse_words(struct parser *parser, int argc, char *const argv[])
{
	const struct word *word;
	int used;

	for (; argc > 0; argc -= used, argv += used) {
		nym_report_where(parser->report, NULL);
		word = find_word(argv[0]);
		if (check_word(parser, word, argv[0], argc))
			return -1;
		used = word->has_value ? 2 : 1;
		nym_report_where(parser->report, "%s", word->name);
		if (word->parse(parser, word->has_value ? argv[1] : NULL))
			return -1;
	}
	return 0;
}

struct nym_device *nym_arguments_parse(int argc, char *const argv[],
				       nym_key_reader *read_key,
				       struct nym_report *report)
{
	struct parser parser = {
		.device = nym_device_new(),
		.read_key = read_key,
		.report = report,
	};
	int ret;

	if (!parser.device) {
		nym_fail(report, "Out of memory");
		return NULL;
	}
	ret = parse_words(&parser, argc, argv);
	nym_report_where(report, NULL);
	if (ret) {
		nym_device_free(parser.device);
		return NULL;
	}
	return parser.device;
}
