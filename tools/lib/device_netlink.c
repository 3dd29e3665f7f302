// SPDX-License-Identifier: GPL-2.0-or-later
#include "netlink.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_message.h"
#include "genl.h"
#include "path.h"
#include "report.h"

/*
 * The length of an attribute, so also that of the list of peers, is a 16-bit
 * number. A message that stays below is within what any kernel takes at once.
 */
#define SET_MESSAGE_SIZE 61440

/* A device that keeps changing between two messages of a dump. */
#define DUMP_ATTEMPTS 100

static int decode_message(void *context, const struct nlmsghdr *message)
{
	return nym_device_decode(context, message);
}

static int dump(struct nym_genl *genl, struct nym_device **device,
		const char *name, struct nym_netlink_reason *reason)
{
	char buffer[256] __attribute__((aligned(4)));
	struct nlmsghdr *request;
	unsigned int attempt;
	int ret = -EINTR;

	for (attempt = 0; attempt < DUMP_ATTEMPTS && ret == -EINTR; ++attempt) {
		nym_device_free(*device);
		*device = nym_device_new();
		if (!*device)
			return -ENOMEM;
		request = nym_genl_message(buffer, genl->family,
					   NYM_CMD_GET_DEVICE, NLM_F_DUMP);
		mnl_attr_put_strz(request, NYMDEVICE_A_IFNAME, name);
		ret = nym_netlink_talk(&genl->netlink, request, decode_message,
				       *device, reason);
	}
	return ret;
}

int nym_device_get(struct nym_device **device, const char *name,
		   struct nym_report *report)
{
	struct nym_netlink_reason reason = { "", 0 };
	struct nym_genl genl;
	int ret;

	*device = NULL;
	if (!name[0] || strlen(name) >= IFNAMSIZ) {
		nym_fail(report, "Unable to access interface %s: %s", name,
			 strerror(ENODEV));
		return -ENODEV;
	}
	ret = nym_genl_open(&genl, report);
	if (ret)
		return ret;
	ret = dump(&genl, device, name, &reason);
	nym_genl_close(&genl);
	if (!ret)
		return 0;
	nym_device_free(*device);
	*device = NULL;
	nym_fail(report, "Unable to access interface %s: %s%s%s", name,
		 reason.text, reason.text[0] ? ": " : "", strerror(-ret));
	return ret;
}

static void report_refusal(struct nym_report *report,
			   const struct nym_device *device,
			   const struct nlmsghdr *message,
			   const struct nym_netlink_reason *reason, int error,
			   bool in_part)
{
	char place[128];

	nym_device_message_locate(place, sizeof(place), message,
				  reason->offset);
	nym_fail(report, "Unable to modify interface %s: %s%s%s%s%s%s",
		 device->name, place, place[0] ? ": " : "", reason->text,
		 reason->text[0] ? ": " : "", strerror(-error),
		 in_part ? " (the peers before this one are configured)" : "");
}

static int send_device(struct nym_genl *genl, void *buffer,
		       const struct nym_device *device,
		       struct nym_report *report)
{
	struct nym_device_cursor cursor = { 0 };
	struct nym_netlink_reason reason;
	struct nlmsghdr *message;
	bool in_part = false, more = true;
	int ret;

	while (more) {
		message = nym_genl_message(buffer, genl->family,
					   NYM_CMD_SET_DEVICE, NLM_F_ACK);
		more = nym_device_encode(message, SET_MESSAGE_SIZE, device,
					 &cursor);
		ret = nym_netlink_talk(&genl->netlink, message, NULL, NULL,
				       &reason);
		if (ret) {
			report_refusal(report, device, message, &reason, ret,
				       in_part);
			return ret;
		}
		in_part = true;
	}
	return 0;
}

int nym_device_set(struct nym_device *device, struct nym_report *report)
{
	struct nym_genl genl;
	void *buffer;
	int ret;

	if (nym_device_check_paths(device, report))
		return -EINVAL;
	if (nym_device_order_carriers(device, report))
		return -ENOMEM;
	ret = nym_genl_open(&genl, report);
	if (ret)
		return ret;
	buffer = malloc(SET_MESSAGE_SIZE);
	if (buffer) {
		ret = send_device(&genl, buffer, device, report);
		sodium_memzero(buffer, SET_MESSAGE_SIZE);
		free(buffer);
	} else {
		ret = -ENOMEM;
		nym_fail(report, "Out of memory");
	}
	nym_genl_close(&genl);
	return ret;
}
