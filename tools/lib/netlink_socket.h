/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A netlink socket and one exchange of a request and its answers over it. */
#ifndef NYM_NETLINK_SOCKET_H
#define NYM_NETLINK_SOCKET_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct nym_netlink - an open netlink socket
 * @socket: libmnl's socket
 * @buffer: where answers are received; keys pass through it
 * @sequence: number of the last request
 */
struct nym_netlink {
	struct mnl_socket *socket;
	char *buffer;
	uint32_t sequence;
};

/**
 * struct nym_netlink_reason - the kernel's explanation of a refusal
 * @text: its words, empty when it gave none
 * @offset: where in the request the attribute is that it is about, 0 for none
 */
struct nym_netlink_reason {
	char text[256];
	uint32_t offset;
};

/* What a request and the kernel's answer to it can take. */
#define NYM_NETLINK_BUFFER_SIZE 65536

/* Returns 0 or a negative errno value. @bus is NETLINK_ROUTE or the like. */
int nym_netlink_open(struct nym_netlink *netlink, int bus);

/* Wipes the buffer. Allowed after a failed open. */
void nym_netlink_close(struct nym_netlink *netlink);

/*
 * Sends @request, whose flags ask for an acknowledgement or a dump, and waits
 * for the end of the answers. Each message before the end goes to @handle,
 * which may be null; a negative value from there ends the exchange and is
 * returned once the answers are read. Otherwise returns 0 or a negative errno
 * value, -EINTR for a dump that changed under way and is to be asked for again.
 * @reason may be null.
 */
int nym_netlink_talk(struct nym_netlink *netlink, struct nlmsghdr *request,
		     int (*handle)(void *context,
				   const struct nlmsghdr *message),
		     void *context, struct nym_netlink_reason *reason);

#endif
