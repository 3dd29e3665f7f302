// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as the payload of a message from the kernel. */
#include <linux/genetlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "device_message.h"
#include "path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr) + size;
	/* As in a receive buffer, whose size is a multiple of the alignment. */
	struct nlmsghdr *message = calloc(1, MNL_ALIGN(len));
	struct nym_event_report event;
	struct nym_device *device = nym_device_new();
	struct nym_peer_index index;
	struct nym_path path;
	char text[128];

	message->nlmsg_len = (uint32_t)len;
	memcpy((char *)message + len - size, data, size);
	if (!nym_device_decode(device, message) &&
	    !nym_peer_index_build(&index, device)) {
		if (device->peers)
			nym_path_find(&path, &index, device->peers);
		nym_peer_index_free(&index);
	}
	nym_event_decode(&event, message);
	nym_device_message_locate(text, sizeof(text), message,
				  size ? data[0] : 0);
	nym_device_free(device);
	free(message);
	return 0;
}
