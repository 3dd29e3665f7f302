// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "path.h"
#include "report.h"
#include "value.h"

enum section {
	SECTION_NONE,
	SECTION_INTERFACE,
	SECTION_PEER,
};

struct parser {
	const char *name;
	unsigned int line;
	unsigned int peer_line;
	enum section section;
	struct nym_device *device;
	struct nym_peer *peer;
	const struct nym_config_extension *extension;
	struct nym_report *report;
};

static int parse_listen_port(struct parser *parser, const char *value)
{
	struct nym_device *device = parser->device;

	device->flags |= NYM_DEVICE_HAS_LISTEN_PORT;
	return nym_value_port(&device->listen_port, value, parser->report);
}

static int parse_fwmark(struct parser *parser, const char *value)
{
	struct nym_device *device = parser->device;

	device->flags |= NYM_DEVICE_HAS_FWMARK;
	return nym_value_fwmark(&device->fwmark, value, parser->report);
}

static int parse_private_key(struct parser *parser, const char *value)
{
	struct nym_device *device = parser->device;

	device->flags |= NYM_DEVICE_HAS_PRIVATE_KEY;
	return nym_value_secret_key(device->private_key, value, parser->report);
}

static int parse_public_key(struct parser *parser, const char *value)
{
	struct nym_peer *peer = parser->peer;

	peer->flags |= NYM_PEER_HAS_PUBLIC_KEY;
	return nym_value_public_key(peer->public_key, value, parser->report);
}

static int parse_preshared_key(struct parser *parser, const char *value)
{
	struct nym_peer *peer = parser->peer;

	peer->flags |= NYM_PEER_HAS_PRESHARED_KEY;
	return nym_value_secret_key(peer->preshared_key, value, parser->report);
}

static int parse_identity(struct parser *parser, const char *value)
{
	struct nym_peer *peer = parser->peer;

	peer->flags |= NYM_PEER_HAS_PRIVATE_KEY;
	return nym_value_secret_key(peer->private_key, value, parser->report);
}

static int parse_allowedips(struct parser *parser, const char *value)
{
	return nym_value_allowedips(parser->peer, value, parser->report);
}

static int parse_endpoint(struct parser *parser, const char *value)
{
	return nym_value_endpoint(parser->peer, value, parser->report);
}

static int parse_keepalive(struct parser *parser, const char *value)
{
	return nym_value_keepalive(parser->peer, value, parser->report);
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
	/* Applied again, the same file would add again. */
	if (value[0] == '+')
		return nym_fail(parser->report,
				"'+' is for 'nymctl set': a file says what the quota is to be");
	return nym_value_quota(parser->peer, value, parser->report);
}

static int parse_quota_low(struct parser *parser, const char *value)
{
	return nym_value_quota_low(parser->peer, value, parser->report);
}

static const struct key {
	enum section section;
	const char *name;
	int (*parse)(struct parser *parser, const char *value);
} keys[] = {
	{ SECTION_INTERFACE, "ListenPort", parse_listen_port },
	{ SECTION_INTERFACE, "FwMark", parse_fwmark },
	{ SECTION_INTERFACE, "PrivateKey", parse_private_key },
	{ SECTION_PEER, "PublicKey", parse_public_key },
	{ SECTION_PEER, "PresharedKey", parse_preshared_key },
	{ SECTION_PEER, "AllowedIPs", parse_allowedips },
	{ SECTION_PEER, "Endpoint", parse_endpoint },
	{ SECTION_PEER, "PersistentKeepalive", parse_keepalive },
	{ SECTION_PEER, "Via", parse_via },
	{ SECTION_PEER, "ViaAddress", parse_via_address },
	{ SECTION_PEER, "ViaPort", parse_via_port },
	{ SECTION_PEER, "PrivateKey", parse_identity },
	{ SECTION_PEER, "Quota", parse_quota },
	{ SECTION_PEER, "QuotaLow", parse_quota_low },
};

static const struct key *find_key(enum section section, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); ++i) {
		if (keys[i].section == section &&
		    !strcasecmp(keys[i].name, name))
			return &keys[i];
	}
	return NULL;
}

static char *trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		++text;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		--len;
	text[len] = '\0';
	return text;
}

static void remove_blanks(char *text)
{
	char *to = text;

	for (; *text; ++text) {
		if (!isspace((unsigned char)*text))
			*to++ = *text;
	}
	*to = '\0';
}

static int begin_section(struct parser *parser, const char *line)
{
	struct nym_report *report = parser->report;

	nym_report_where(report, "%s:%u", parser->name, parser->line);
	if (!strcasecmp(line, "[Interface]")) {
		parser->section = SECTION_INTERFACE;
		return 0;
	}
	if (strcasecmp(line, "[Peer]"))
		return nym_fail(report,
				"'%s' is not a section: there are [Interface] and [Peer]",
				line);
	parser->section = SECTION_PEER;
	parser->peer_line = parser->line;
	parser->peer = nym_device_add_peer(parser->device);
	if (!parser->peer)
		return nym_fail(report, "Out of memory");
	parser->peer->flags = NYM_PEER_REPLACE_ALLOWEDIPS;
	return 0;
}

static int unknown_key(struct parser *parser, const char *name, char *value)
{
	const struct nym_config_extension *extension = parser->extension;
	bool interface = parser->section == SECTION_INTERFACE;
	int ret = 1;

	if (interface && extension)
		ret = extension->interface_key(extension->context, name, value,
					       parser->report);
	if (ret <= 0)
		return ret;
	nym_report_where(parser->report, "%s:%u", parser->name, parser->line);
	if (interface && !extension)
		return nym_fail(parser->report,
				"'%s' is not a key of [Interface] here: there are PrivateKey, ListenPort and FwMark. Keys of 'nymctl up', as Address and DNS, are left out by 'nymctl strip'",
				name);
	return nym_fail(parser->report,
			"'%s' is not a key of [%s]: see CONFIGURATION FILE FORMAT in nymctl(8)",
			name, interface ? "Interface" : "Peer");
}

static int check_last_peer(struct parser *parser)
{
	const struct nym_peer *peer = parser->peer;

	if (!peer || peer->flags & NYM_PEER_HAS_PUBLIC_KEY)
		return 0;
	nym_report_where(parser->report, "%s:%u", parser->name,
			 parser->peer_line);
	return nym_fail(parser->report,
			"This [Peer] has no PublicKey: add the one that the other side's 'nymctl show' or 'wg show' prints");
}

/* @line is the parser's to change. */
static int parse_line(struct parser *parser, char *line)
{
	const struct key *key;
	char *value, *name;

	line[strcspn(line, "#")] = '\0';
	name = trim(line);
	if (!*name)
		return 0;
	if (*name == '[') {
		remove_blanks(name);
		if (check_last_peer(parser))
			return -1;
		return begin_section(parser, name);
	}

	nym_report_where(parser->report, "%s:%u", parser->name, parser->line);
	value = strchr(name, '=');
	if (!value)
		return nym_fail(parser->report,
				"This line is neither a section nor 'Key = value'");
	*value++ = '\0';
	remove_blanks(name);
	value = trim(value);
	if (parser->section == SECTION_NONE)
		return nym_fail(parser->report,
				"'%s' stands before any section: put [Interface] or [Peer] above it",
				name);

	nym_report_where(parser->report, "%s:%u: %s", parser->name,
			 parser->line, name);
	key = find_key(parser->section, name);
	if (!key)
		return unknown_key(parser, name, value);
	remove_blanks(value);
	return key->parse(parser, value);
}

static int parse_text(struct parser *parser, char *text, size_t len)
{
	char *line = text, *end;

	while (line < text + len) {
		++parser->line;
		end = memchr(line, '\n', (size_t)(text + len - line));
		if (!end)
			end = text + len;
		*end = '\0';
		if (strlen(line) != (size_t)(end - line)) {
			nym_report_where(parser->report, "%s:%u", parser->name,
					 parser->line);
			return nym_fail(parser->report,
					"This line holds a NUL character: is it a text file?");
		}
		if (parse_line(parser, line))
			return -1;
		line = end + 1;
	}
	if (check_last_peer(parser))
		return -1;
	nym_report_where(parser->report, "%s", parser->name);
	return nym_device_check_paths(parser->device, parser->report);
}

struct nym_device *
nym_config_parse(const char *name, const char *text, size_t len,
		 enum nym_config_mode mode,
		 const struct nym_config_extension *extension,
		 struct nym_report *report)
{
	struct parser parser = {
		.name = name,
		.extension = extension,
		.report = report,
	};
	char *copy = malloc(len + 1);
	int ret = -1;

	parser.device = nym_device_new();
	if (parser.device && copy) {
		if (mode == NYM_CONFIG_REPLACE)
			parser.device->flags = NYM_DEVICE_REPLACE_PEERS |
					       NYM_DEVICE_HAS_PRIVATE_KEY |
					       NYM_DEVICE_HAS_LISTEN_PORT |
					       NYM_DEVICE_HAS_FWMARK;
		memcpy(copy, text, len);
		copy[len] = '\0';
		ret = parse_text(&parser, copy, len);
	} else {
		nym_fail(report, "Out of memory for %s", name);
	}
	if (copy) {
		sodium_memzero(copy, len + 1);
		free(copy);
	}
	nym_report_where(report, NULL);
	if (ret) {
		nym_device_free(parser.device);
		return NULL;
	}
	return parser.device;
}
