/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver's generic netlink family. */
#ifndef NYM_GENL_H
#define NYM_GENL_H

#include <stdint.h>

#include "netlink_socket.h"

struct nym_report;

/**
 * struct nym_genl - a socket that talks with the driver
 * @netlink: the socket
 * @family: number of the driver's family
 * @events: number of its multicast group, 0 when it has none
 */
struct nym_genl {
	struct nym_netlink netlink;
	uint16_t family;
	uint32_t events;
};

/*
 * Returns 0 or a negative errno value with the reason in @report. What is open
 * ends with nym_genl_close(), what failed has nothing to end.
 */
int nym_genl_open(struct nym_genl *genl, struct nym_report *report);
void nym_genl_close(struct nym_genl *genl);

/* Begins a message of the family's @command in @buffer. */
struct nlmsghdr *nym_genl_message(void *buffer, uint16_t family,
				  uint8_t command, uint16_t flags);

#endif
