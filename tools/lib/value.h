/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of settings as people write them, the same on a command line and
 * in a file: text in, binary out. Nothing here resolves names or asks the
 * kernel. All return 0, or -1 with the reason in the report; what is secret is
 * never repeated in a reason.
 *
 * Those that take a peer store the value there and set the flag that says so.
 */
#ifndef NYM_VALUE_H
#define NYM_VALUE_H

#include <stdint.h>

#include "device.h"

struct nym_report;

/* A number, or the name of a UDP service. */
int nym_value_port(uint16_t *port, const char *text, struct nym_report *report);

/* A number, hexadecimal after 0x, or "off". */
int nym_value_fwmark(uint32_t *fwmark, const char *text,
		     struct nym_report *report);

int nym_value_public_key(uint8_t key[static NYM_KEY_LEN], const char *text,
			 struct nym_report *report);
int nym_value_secret_key(uint8_t key[static NYM_KEY_LEN], const char *text,
			 struct nym_report *report);

/* Seconds or "off". */
int nym_value_keepalive(struct nym_peer *peer, const char *text,
			struct nym_report *report);

/*
 * "host:port" with an address or a name as host, an IPv6 address in brackets.
 * A name is kept in @peer->endpoint_name.
 */
int nym_value_endpoint(struct nym_peer *peer, const char *text,
		       struct nym_report *report);

/*
 * Appends a comma-separated list of blocks, each with an optional "/length".
 * The list replaces what the kernel has, unless a block begins with "+" or "-",
 * which adds or removes just that block.
 */
int nym_value_allowedips(struct nym_peer *peer, const char *text,
			 struct nym_report *report);

/* A public key or "off". */
int nym_value_via(struct nym_peer *peer, const char *text,
		  struct nym_report *report);

/* An IPv4 address, an IPv6 address, both with a comma between, or "off". */
int nym_value_via_address(struct nym_peer *peer, const char *text,
			  struct nym_report *report);

/* A port; 0 has the kernel draw one. */
int nym_value_via_port(struct nym_peer *peer, const char *text,
		       struct nym_report *report);

/* Bytes, "+bytes" to add, or "off". */
int nym_value_quota(struct nym_peer *peer, const char *text,
		    struct nym_report *report);

/* Bytes or "off". */
int nym_value_quota_low(struct nym_peer *peer, const char *text,
			struct nym_report *report);

#endif
