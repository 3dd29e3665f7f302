/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink messages of the driver to and from the device model. Nothing here
 * talks to the kernel.
 */
#ifndef NYM_DEVICE_MESSAGE_H
#define NYM_DEVICE_MESSAGE_H

#include <libmnl/libmnl.h>

#include "device.h"
#include "netlink.h"

/**
 * struct nym_device_cursor - how far a device has been written into messages
 * @begun: the device's own attributes are written
 * @peer: the next peer to write, or to go on with
 * @peer_begun: its own attributes are written
 * @allowedip: its next allowed IP to write
 */
struct nym_device_cursor {
	bool begun;
	const struct nym_peer *peer;
	bool peer_begun;
	const struct nym_allowedip *allowedip;
};

/* The smallest @size that nym_device_encode() can work with. */
#define NYM_DEVICE_MESSAGE_MIN 1024

/*
 * Adds to @message, which has its headers and lies in @size bytes, as much of
 * @device as it takes, and moves @cursor, which starts zeroed. Returns whether
 * there is more for another message.
 */
bool nym_device_encode(struct nlmsghdr *message, size_t size,
		       const struct nym_device *device,
		       struct nym_device_cursor *cursor);

/*
 * Adds what a message of a dump says to @device. Returns 0, or -EBADMSG when
 * the message is malformed, or -ENOMEM.
 */
int nym_device_decode(struct nym_device *device,
		      const struct nlmsghdr *message);

/* The same for an event. @event owns nothing. */
int nym_event_decode(struct nym_event_report *event,
		     const struct nlmsghdr *message);

/*
 * Writes which attribute of @message lies at @offset, as "peer <key>: via";
 * empty when there is none.
 */
void nym_device_message_locate(char *text, size_t size,
			       const struct nlmsghdr *message, uint32_t offset);

#endif
