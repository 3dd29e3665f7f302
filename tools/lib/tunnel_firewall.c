// SPDX-License-Identifier: GPL-2.0-or-later
#include "tunnel_firewall.h"

#include <dlfcn.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

void nym_firewall_table(const char *device,
			char table[static NYM_FIREWALL_TABLE_SIZE])
{
	char *to = stpcpy(table, "nymctl-");

	/*
	 * nft's names cannot have the two characters "=" and "+" that a
	 * device's can; a device's name cannot have the slash that stands in.
	 */
	for (; *device; device++) {
		if (*device == '=' || *device == '+')
			to += sprintf(to, "/%02x", (unsigned char)*device);
		else
			*to++ = *device;
	}
	*to = '\0';
}

char *nym_firewall_text(const char *device, uint32_t mark,
			const struct nym_prefix *addresses, size_t count)
{
	char table[NYM_FIREWALL_TABLE_SIZE], address[NYM_PREFIX_STRLEN];
	char *text = NULL;
	size_t size, i;
	FILE *stream;

	stream = open_memstream(&text, &size);
	if (!stream)
		return NULL;
	nym_firewall_table(device, table);
	fprintf(stream, "table inet %s {\n", table);
	fputs("\tchain preraw {\n"
	      "\t\ttype filter hook prerouting priority raw;\n",
	      stream);
	for (i = 0; i < count; i++)
		fprintf(stream,
			"\t\tiifname != \"%s\" %s daddr %s fib saddr type != local drop\n",
			device, addresses[i].family == AF_INET ? "ip" : "ip6",
			nym_prefix_format_address(&addresses[i], address));
	fputs("\t}\n", stream);
	fprintf(stream,
		"\tchain premangle {\n"
		"\t\ttype filter hook prerouting priority mangle;\n"
		"\t\tmeta l4proto udp ct mark 0x%x meta mark set ct mark\n"
		"\t}\n"
		"\tchain postmangle {\n"
		"\t\ttype filter hook postrouting priority mangle;\n"
		"\t\tmeta l4proto udp meta mark 0x%x ct mark set meta mark\n"
		"\t}\n"
		"}\n",
		mark, mark);
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

#define LIBRARY "libnftables.so.1"

/* What is used of libnftables, once it is loaded. */
static struct {
	__typeof__(nft_ctx_new) *ctx_new;
	__typeof__(nft_ctx_free) *ctx_free;
	__typeof__(nft_ctx_buffer_output) *ctx_buffer_output;
	__typeof__(nft_ctx_buffer_error) *ctx_buffer_error;
	__typeof__(nft_ctx_get_error_buffer) *ctx_get_error_buffer;
	__typeof__(nft_run_cmd_from_buffer) *run_cmd_from_buffer;
} nftables;

int nym_firewall_load(struct nym_report *report)
{
	static const char *const names[] = {
		"nft_ctx_new",
		"nft_ctx_free",
		"nft_ctx_buffer_output",
		"nft_ctx_buffer_error",
		"nft_ctx_get_error_buffer",
		"nft_run_cmd_from_buffer",
	};
	void *symbols[sizeof(names) / sizeof(names[0])], *library;
	size_t i;

	_Static_assert(sizeof(symbols) == sizeof(nftables),
		       "each function has a name");
	if (nftables.ctx_new)
		return 0;
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return nym_fail(report,
				"The firewall needs " LIBRARY
				": install the package libnftables1 (on OpenWrt nftables): %s",
				dlerror());
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		symbols[i] = dlsym(library, names[i]);
		if (!symbols[i])
			return nym_fail(report,
					"The firewall needs %s, which " LIBRARY
					" lacks",
					names[i]);
	}
	/* POSIX has dlsym() return functions as pointers to void. */
	memcpy(&nftables, symbols, sizeof(symbols));
	return 0;
}

/* The first line of what libnftables said, which is the reason. */
static void first_line(char *line, size_t size, const char *text)
{
	snprintf(line, size, "%.*s", (int)strcspn(text ? text : "", "\n"),
		 text ? text : "");
}

static int run(const char *commands, struct nym_report *report)
{
	struct nft_ctx *nft;
	char reason[256];
	int ret;

	if (nym_firewall_load(report))
		return -1;
	nft = nftables.ctx_new(NFT_CTX_DEFAULT);
	if (!nft)
		return nym_fail(report, "out of memory");
	nftables.ctx_buffer_output(nft);
	nftables.ctx_buffer_error(nft);
	ret = nftables.run_cmd_from_buffer(nft, commands);
	if (ret) {
		first_line(reason, sizeof(reason),
			   nftables.ctx_get_error_buffer(nft));
		nym_fail(report, "nftables: %s", reason);
	}
	nftables.ctx_free(nft);
	return ret ? -1 : 0;
}

int nym_firewall_add(const char *device, uint32_t mark,
		     const struct nym_prefix *addresses, size_t count,
		     struct nym_report *report)
{
	char *text = nym_firewall_text(device, mark, addresses, count);
	int ret;

	if (!text)
		return nym_fail(report, "out of memory");
	ret = run(text, report);
	free(text);
	return ret;
}

int nym_firewall_delete(const char *device, struct nym_report *report)
{
	char commands[2 * (NYM_FIREWALL_TABLE_SIZE + 32)];
	char table[NYM_FIREWALL_TABLE_SIZE];

	/* To add what may be there is the way to delete what may not be. */
	nym_firewall_table(device, table);
	snprintf(commands, sizeof(commands),
		 "add table inet %s\ndelete table inet %s\n", table, table);
	return run(commands, report);
}
