/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a config file's [Interface] section says about the host rather than
 * about the device: the keys that wg-quick(8) has in addition to wg(8)'s.
 */
#ifndef NYM_TUNNEL_CONF_H
#define NYM_TUNNEL_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "prefix.h"

struct nym_report;

enum nym_table_choice {
	/* Routing table main, a default route by mark and policy rule. */
	NYM_TABLE_AUTO,
	NYM_TABLE_OFF,
	NYM_TABLE_NUMBER,
};

enum nym_hook {
	NYM_HOOK_PRE_UP,
	NYM_HOOK_POST_UP,
	NYM_HOOK_PRE_DOWN,
	NYM_HOOK_POST_DOWN,
	NYM_HOOK_COUNT
};

struct nym_text_list {
	char **text;
	size_t count;
};

/**
 * struct nym_tunnel_conf - how the host uses the device
 * @addresses: the device's own addresses, with the length of their network
 * @addresses_count: of @addresses
 * @dns: name servers, as written
 * @search: DNS search domains
 * @mtu: most that the device may have, 0 when not stated
 * @table_choice: where routes go
 * @table: number of the routing table for NYM_TABLE_NUMBER
 * @hooks: commands, in order, by enum nym_hook
 * @save: the file is written anew when the device goes down
 *
 * Zeroes are an empty one. It owns all it points to.
 */
struct nym_tunnel_conf {
	struct nym_prefix *addresses;
	size_t addresses_count;
	struct nym_text_list dns, search;
	uint32_t mtu;
	enum nym_table_choice table_choice;
	uint32_t table;
	struct nym_text_list hooks[NYM_HOOK_COUNT];
	bool save;
};

/* The hook's key in a file: "PreUp" and so on. */
const char *nym_hook_name(enum nym_hook hook);

/*
 * Takes one key of [Interface]; conf is a struct nym_tunnel_conf. Fits struct
 * nym_config_extension: returns 0 when taken, 1 when the key is none of these,
 * -1 when the value is wrong, and says so in the report.
 */
int nym_tunnel_conf_key(void *conf, const char *key, const char *value,
			struct nym_report *report);

/* The same struct's: the shell, which runs hooks, has comments of its own. */
bool nym_tunnel_conf_keeps_comment(const char *line);

/* Writes these keys' lines, as they stand in a file, to a stream. */
void nym_tunnel_conf_print(FILE *stream, const struct nym_tunnel_conf *conf);

/*
 * Writes a config file's text without the lines of these keys. A mark that is
 * not zero is written as FwMark when the text states none, or that there is
 * none.
 */
void nym_tunnel_conf_strip(FILE *stream, const char *text, uint32_t mark);

void nym_tunnel_conf_free(struct nym_tunnel_conf *conf);

#endif
