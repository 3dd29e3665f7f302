// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "path.h"
#include "report.h"
#include "setting.h"
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
	const struct nym_config_extension *extension;
	struct nym_setting_target to;
};

static int parse_public_key(struct parser *parser, const char *value)
{
	struct nym_peer *peer = parser->to.peer;

	peer->flags |= NYM_PEER_HAS_PUBLIC_KEY;
	return nym_value_public_key(peer->public_key, value, parser->to.report);
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
	struct nym_report *report = parser->to.report;

	nym_report_place(report, parser->name, parser->line, NULL);
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
	parser->to.peer = nym_device_add_peer(parser->to.device);
	if (!parser->to.peer)
		return nym_fail(report, "Out of memory");
	parser->to.peer->flags = NYM_PEER_REPLACE_ALLOWEDIPS;
	return 0;
}

static int unknown_key(struct parser *parser, const char *name, char *value)
{
	const struct nym_config_extension *extension = parser->extension;
	bool interface = parser->section == SECTION_INTERFACE;
	int ret = 1;

	if (interface && extension)
		ret = extension->interface_key(extension->context, name, value,
					       parser->to.report);
	if (ret <= 0)
		return ret;
	nym_report_place(parser->to.report, parser->name, parser->line, NULL);
	if (interface && !extension)
		return nym_fail(parser->to.report,
				"'%s' is not a key of [Interface] here: there are PrivateKey, ListenPort and FwMark. Keys of 'nymctl up', as Address and DNS, are left out by 'nymctl strip'",
				name);
	return nym_fail(parser->to.report,
			"'%s' is not a key of [%s]: see CONFIGURATION FILE FORMAT in nymctl(8)",
			name, interface ? "Interface" : "Peer");
}

static int check_last_peer(struct parser *parser)
{
	const struct nym_peer *peer = parser->to.peer;

	if (!peer || peer->flags & NYM_PEER_HAS_PUBLIC_KEY)
		return 0;
	nym_report_place(parser->to.report, parser->name, parser->peer_line,
			 NULL);
	return nym_fail(parser->to.report,
			"This [Peer] has no PublicKey: add the one that the other side's 'nymctl show' or 'wg show' prints");
}

/* Some values are another language's, in which a '#' may mean something. */
static void cut_comment(const struct parser *parser, char *line)
{
	const struct nym_config_extension *extension = parser->extension;

	if (parser->section != SECTION_INTERFACE || !extension ||
	    !extension->keeps_comment || !extension->keeps_comment(line))
		line[strcspn(line, "#")] = '\0';
}

/* @line is the parser's to change. */
static int parse_line(struct parser *parser, char *line)
{
	const struct nym_setting *setting;
	bool is_of_peer, is_public_key;
	char *value, *name;

	cut_comment(parser, line);
	name = trim(line);
	if (!*name)
		return 0;
	if (*name == '[') {
		remove_blanks(name);
		if (check_last_peer(parser))
			return -1;
		return begin_section(parser, name);
	}

	nym_report_place(parser->to.report, parser->name, parser->line, NULL);
	value = strchr(name, '=');
	if (!value)
		return nym_fail(parser->to.report,
				"This line is neither a section nor 'Key = value'");
	*value++ = '\0';
	remove_blanks(name);
	value = trim(value);
	if (parser->section == SECTION_NONE)
		return nym_fail(parser->to.report,
				"'%s' stands before any section: put [Interface] or [Peer] above it",
				name);

	nym_report_place(parser->to.report, parser->name, parser->line, name);
	is_of_peer = parser->section == SECTION_PEER;
	setting = nym_setting_of_key(is_of_peer ? NYM_SETTING_OF_PEER :
						  NYM_SETTING_OF_DEVICE,
				     name);
	is_public_key = is_of_peer && !strcasecmp(name, "PublicKey");
	if (!setting && !is_public_key)
		return unknown_key(parser, name, value);
	remove_blanks(value);
	return setting ? setting->apply(&parser->to, value) :
			 parse_public_key(parser, value);
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
			nym_report_place(parser->to.report, parser->name,
					 parser->line, NULL);
			return nym_fail(parser->to.report,
					"This line holds a NUL character: is it a text file?");
		}
		if (parse_line(parser, line))
			return -1;
		line = end + 1;
	}
	if (check_last_peer(parser))
		return -1;
	nym_report_place(parser->to.report, parser->name, 0, NULL);
	return nym_device_check_paths(parser->to.device, parser->to.report);
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
		.to = {
			.device = nym_device_new(),
			.read_key = nym_value_secret_key,
			.report = report,
		},
	};
	char *copy = malloc(len + 1);
	int ret = -1;

	if (parser.to.device && copy) {
		if (mode == NYM_CONFIG_REPLACE)
			parser.to.device->flags = NYM_DEVICE_REPLACE_PEERS |
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
	nym_report_place(report, NULL, 0, NULL);
	if (ret) {
		nym_device_free(parser.to.device);
		return NULL;
	}
	return parser.to.device;
}
