// SPDX-License-Identifier: GPL-2.0-or-later
#include "tunnel_conf.h"

#include <ctype.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "report.h"
#include "value.h"

/* The least that IPv4 must carry, and the most that an IPv4 header can say. */
#define MTU_MIN 68
#define MTU_MAX 65535

static const char *const hook_names[NYM_HOOK_COUNT] = {
	[NYM_HOOK_PRE_UP] = "PreUp",
	[NYM_HOOK_POST_UP] = "PostUp",
	[NYM_HOOK_PRE_DOWN] = "PreDown",
	[NYM_HOOK_POST_DOWN] = "PostDown",
};

const char *nym_hook_name(enum nym_hook hook)
{
	return hook_names[hook];
}

static int append_text(struct nym_text_list *list, const char *text,
		       struct nym_report *report)
{
	char **grown = realloc(list->text, (list->count + 1) * sizeof(*grown));

	if (!grown)
		return nym_fail(report, "out of memory");
	list->text = grown;
	grown[list->count] = strdup(text);
	if (!grown[list->count])
		return nym_fail(report, "out of memory");
	list->count++;
	return 0;
}

/* Calls fn for each word of a list that commas and blanks part. */
static int each_word(struct nym_tunnel_conf *conf, const char *value,
		     int (*fn)(struct nym_tunnel_conf *conf, const char *word,
			       struct nym_report *report),
		     struct nym_report *report)
{
	char *copy = strdup(value), *rest = copy, *word;
	int ret = 0;

	if (!copy)
		return nym_fail(report, "out of memory");
	while (!ret && (word = strsep(&rest, ", \t"))) {
		if (*word)
			ret = fn(conf, word, report);
	}
	free(copy);
	return ret;
}

static int add_address(struct nym_tunnel_conf *conf, const char *word,
		       struct nym_report *report)
{
	struct nym_prefix address, *grown;
	size_t i;

	if (!nym_prefix_parse(word, &address))
		return nym_fail(report,
				"\"%s\" is not an IP address; write one as 10.0.0.2/32 or fd00::2/128",
				word);
	for (i = 0; i < conf->addresses_count; i++) {
		struct nym_prefix *other = &conf->addresses[i];

		if (other->family == address.family &&
		    !memcmp(&other->v6, &address.v6, sizeof(address.v6)))
			return nym_fail(report,
					"\"%s\" is there twice; remove one",
					word);
	}
	grown = realloc(conf->addresses,
			(conf->addresses_count + 1) * sizeof(*grown));
	if (!grown)
		return nym_fail(report, "out of memory");
	conf->addresses = grown;
	grown[conf->addresses_count++] = address;
	return 0;
}

/* A domain goes into resolv.conf and into arguments: letters of names only. */
static bool is_domain(const char *text)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";

	return *text != '-' && strlen(text) < 255 &&
	       !text[strspn(text, letters)];
}

static int add_dns(struct nym_tunnel_conf *conf, const char *word,
		   struct nym_report *report)
{
	struct nym_prefix address;

	if (!strchr(word, '/') && nym_prefix_parse(word, &address))
		return append_text(&conf->dns, word, report);
	if (strchr(word, ':') || !word[strspn(word, "0123456789.")] ||
	    !is_domain(word))
		return nym_fail(report,
				"\"%s\" is neither the IP address of a name server nor a search domain",
				word);
	return append_text(&conf->search, word, report);
}

static bool parse_number(const char *text, uint32_t *number)
{
	unsigned long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end,
			 text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	if (errno || *end || value > UINT32_MAX)
		return false;
	*number = (uint32_t)value;
	return true;
}

static int set_mtu(struct nym_tunnel_conf *conf, const char *value,
		   struct nym_report *report)
{
	uint32_t mtu;

	if (!parse_number(value, &mtu) || mtu < MTU_MIN || mtu > MTU_MAX)
		return nym_fail(report,
				"\"%s\" is not an MTU; write a number from %d to %d, or leave it out to have it found",
				value, MTU_MIN, MTU_MAX);
	conf->mtu = mtu;
	return 0;
}

static int set_table(struct nym_tunnel_conf *conf, const char *value,
		     struct nym_report *report)
{
	uint32_t table = RT_TABLE_MAIN;

	if (!strcasecmp(value, "auto")) {
		conf->table_choice = NYM_TABLE_AUTO;
		return 0;
	}
	if (!strcasecmp(value, "off")) {
		conf->table_choice = NYM_TABLE_OFF;
		return 0;
	}
	if (strcasecmp(value, "main") &&
	    (!parse_number(value, &table) || !table || table == RT_TABLE_LOCAL))
		return nym_fail(report,
				"\"%s\" is not a routing table for routes; write auto, off, main or a number",
				value);
	conf->table_choice = NYM_TABLE_NUMBER;
	conf->table = table;
	return 0;
}

static int set_save(struct nym_tunnel_conf *conf, const char *value,
		    struct nym_report *report)
{
	if (strcasecmp(value, "true") && strcasecmp(value, "false"))
		return nym_fail(report,
				"\"%s\" is neither true nor false; write one of them",
				value);
	conf->save = !strcasecmp(value, "true");
	return 0;
}

int nym_tunnel_conf_key(void *context, const char *key, const char *value,
			struct nym_report *report)
{
	struct nym_tunnel_conf *conf = context;
	int hook;

	for (hook = 0; hook < NYM_HOOK_COUNT; hook++) {
		if (!strcasecmp(key, hook_names[hook]))
			return append_text(&conf->hooks[hook], value, report);
	}
	if (!strcasecmp(key, "Address"))
		return each_word(conf, value, add_address, report);
	if (!strcasecmp(key, "DNS"))
		return each_word(conf, value, add_dns, report);
	if (!strcasecmp(key, "MTU"))
		return set_mtu(conf, value, report);
	if (!strcasecmp(key, "Table"))
		return set_table(conf, value, report);
	if (!strcasecmp(key, "SaveConfig"))
		return set_save(conf, value, report);
	return 1;
}

static void print_list(FILE *stream, const char *key,
		       const struct nym_text_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		fprintf(stream, "%s = %s\n", key, list->text[i]);
}

void nym_tunnel_conf_print(FILE *stream, const struct nym_tunnel_conf *conf)
{
	char text[NYM_PREFIX_STRLEN];
	size_t i;

	for (i = 0; i < conf->addresses_count; i++)
		fprintf(stream, "Address = %s\n",
			nym_prefix_format(&conf->addresses[i], text));
	print_list(stream, "DNS", &conf->dns);
	print_list(stream, "DNS", &conf->search);
	if (conf->mtu)
		fprintf(stream, "MTU = %u\n", conf->mtu);
	if (conf->table_choice == NYM_TABLE_OFF)
		fputs("Table = off\n", stream);
	else if (conf->table_choice == NYM_TABLE_NUMBER)
		fprintf(stream, "Table = %u\n", conf->table);
	if (conf->save)
		fputs("SaveConfig = true\n", stream);
	for (i = 0; i < NYM_HOOK_COUNT; i++)
		print_list(stream, hook_names[i], &conf->hooks[i]);
}

/*
 * Copies the beginning of a line up to one of the letters of @stops, without
 * blanks anywhere, as the parser of the file reads it.
 */
static void copy_part(const char *line, size_t len, const char *stops,
		      char *part, size_t size)
{
	size_t i, end = 0;

	for (i = 0; i < len && !strchr(stops, line[i]); i++) {
		if (!isspace((unsigned char)line[i]) && end < size - 1)
			part[end++] = line[i];
	}
	part[end] = '\0';
}

static void copy_key(const char *line, size_t len, char *key, size_t size)
{
	copy_part(line, len, "=#", key, size);
}

static bool is_hook(const char *key)
{
	size_t i;

	for (i = 0; i < NYM_HOOK_COUNT; i++) {
		if (!strcasecmp(key, hook_names[i]))
			return true;
	}
	return false;
}

bool nym_tunnel_conf_keeps_comment(const char *line)
{
	char key[32];

	copy_key(line, strlen(line), key, sizeof(key));
	return is_hook(key);
}

static bool is_tunnel_key(const char *key)
{
	static const char *const others[] = {
		"Address", "DNS", "MTU", "Table", "SaveConfig",
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!strcasecmp(key, others[i]))
			return true;
	}
	return is_hook(key);
}

/* The length of the line that the text begins with. */
static size_t line_len(const char *text)
{
	size_t len = strcspn(text, "\n");

	return len + (text[len] == '\n');
}

static bool begins_interface(const char *line, size_t len)
{
	char key[32];

	copy_key(line, len, key, sizeof(key));
	return !strcasecmp(key, "[Interface]");
}

static bool has_interface(const char *text)
{
	size_t len;

	for (; *text; text += len) {
		len = line_len(text);
		if (begins_interface(text, len))
			return true;
	}
	return false;
}

/* The mark that the file states, 0 when it states none or that there is none. */
static uint32_t stated_mark(const char *text)
{
	uint32_t mark = 0;
	const char *value;
	char part[32];
	size_t len;

	for (; *text; text += len) {
		len = line_len(text);
		copy_key(text, len, part, sizeof(part));
		value = memchr(text, '=', len);
		if (strcasecmp(part, "FwMark") || !value)
			continue;
		value++;
		copy_part(value, (size_t)(text + len - value), "#", part,
			  sizeof(part));
		nym_value_fwmark(&mark, part, NULL);
	}
	return mark;
}

static void print_mark(FILE *stream, uint32_t mark)
{
	fprintf(stream, "FwMark = 0x%x\n", mark);
}

/* As strip, with the mark in place of what the text says of one. */
static void strip_lines(FILE *stream, const char *text, uint32_t mark)
{
	bool in_interface = false, printed = !mark;
	char key[32];
	size_t len;

	for (; *text; text += len) {
		len = line_len(text);
		copy_key(text, len, key, sizeof(key));
		if (key[0] == '[')
			in_interface = begins_interface(text, len);
		if (in_interface && (is_tunnel_key(key) ||
				     (mark && !strcasecmp(key, "FwMark"))))
			continue;
		fwrite(text, 1, len, stream);
		if (text[len - 1] != '\n')
			fputc('\n', stream);
		if (in_interface && key[0] == '[' && !printed) {
			print_mark(stream, mark);
			printed = true;
		}
	}
}

void nym_tunnel_conf_strip(FILE *stream, const char *text, uint32_t mark)
{
	if (stated_mark(text))
		mark = 0;
	if (mark && !has_interface(text)) {
		fputs("[Interface]\n", stream);
		print_mark(stream, mark);
		mark = 0;
	}
	strip_lines(stream, text, mark);
}

static void free_list(struct nym_text_list *list)
{
	size_t i;

	/* A hook may hold a password. */
	for (i = 0; i < list->count; i++) {
		sodium_memzero(list->text[i], strlen(list->text[i]));
		free(list->text[i]);
	}
	free(list->text);
}

void nym_tunnel_conf_free(struct nym_tunnel_conf *conf)
{
	size_t i;

	free(conf->addresses);
	free_list(&conf->dns);
	free_list(&conf->search);
	for (i = 0; i < NYM_HOOK_COUNT; i++)
		free_list(&conf->hooks[i]);
	memset(conf, 0, sizeof(*conf));
}
