/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nftables table that a tunnel with a default route needs: packets to the
 * device's addresses are taken from the device alone, and answers to the
 * tunnel's own packets get its mark, so that the reverse path filter looks the
 * same way as they do.
 */
#ifndef NYM_TUNNEL_FIREWALL_H
#define NYM_TUNNEL_FIREWALL_H

#include <net/if.h>
#include <stddef.h>
#include <stdint.h>

#include "prefix.h"

struct nym_report;

/* Each character of a device's name may take three. */
#define NYM_FIREWALL_TABLE_SIZE (sizeof("nymctl-") + 3 * IFNAMSIZ)

/* Name of the device's table. */
void nym_firewall_table(const char *device,
			char table[static NYM_FIREWALL_TABLE_SIZE]);

/*
 * The table in nft(8)'s language, in memory that the caller frees; null when
 * memory is short.
 */
char *nym_firewall_text(const char *device, uint32_t mark,
			const struct nym_prefix *addresses, size_t count);

/*
 * Loads libnftables, which with all that it needs takes longer than most
 * commands do, so that those without a firewall go without it. 0, or -1 with
 * the reason in the report.
 */
int nym_firewall_load(struct nym_report *report);

/* Adds all of the table or nothing. 0, or -1 with the reason in the report. */
int nym_firewall_add(const char *device, uint32_t mark,
		     const struct nym_prefix *addresses, size_t count,
		     struct nym_report *report);

/* Deletes the table; that there is none is no failure. */
int nym_firewall_delete(const char *device, struct nym_report *report);

#endif
