/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's side of a device: listing, reading, changing, events.
 *
 * Functions return 0, or a negative errno value with the reason in the report:
 * the kernel's own explanation where it gave one, with the attribute it is
 * about. All block until the kernel has answered.
 */
#ifndef NYM_NETLINK_H
#define NYM_NETLINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"

struct nym_report;

/**
 * struct nym_device_names - the devices of this network namespace
 * @names: in the order of the kernel's list
 * @count: of @names
 */
struct nym_device_names {
	char (*names)[IFNAMSIZ];
	size_t count;
};

/* nym_device_names_free() ends what this fills, also after a failure. */
int nym_device_list(struct nym_device_names *names, struct nym_report *report);
void nym_device_names_free(struct nym_device_names *names);

/* *@device becomes the caller's, and null on failure. */
int nym_device_get(struct nym_device **device, const char *name,
		   struct nym_report *report);

/*
 * Applies what @device states to the device of its name. Its peers are put in
 * the order of nym_device_order_carriers(), and all goes in one message as far
 * as a message reaches (some hundred peers, or thousands of allowed IPs). The
 * report says if only a part was applied.
 */
int nym_device_set(struct nym_device *device, struct nym_report *report);

/**
 * struct nym_event_report - something that happened to a peer
 * @ifindex: of the device
 * @name: of the device
 * @kind: enum nym_event of linux/nym.h, or 0 when events were lost because they
 *	  were not read fast enough; nothing else is set then
 * @peer: its public key and what the kind is about, as its flags say
 */
struct nym_event_report {
	uint32_t ifindex;
	char name[IFNAMSIZ];
	uint32_t kind;
	struct nym_peer peer;
};

struct nym_event_socket;

/* *@socket becomes the caller's and ends with nym_event_close(). */
int nym_event_open(struct nym_event_socket **socket, struct nym_report *report);
void nym_event_close(struct nym_event_socket *socket);

/* Readable when nym_event_read() has something to give. */
int nym_event_fd(const struct nym_event_socket *socket);

/*
 * Waits for a message and calls @handle with each event in it, which are none
 * if it is about something else. Returns 0, a negative errno value, or what
 * @handle returned if that is not 0, which ends the reading of the message.
 */
int nym_event_read(struct nym_event_socket *socket,
		   int (*handle)(void *context,
				 const struct nym_event_report *event),
		   void *context, struct nym_report *report);

#endif
