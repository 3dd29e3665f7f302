// SPDX-License-Identifier: GPL-2.0-or-later
#include "netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include "device_message.h"
#include "genl.h"
#include "report.h"

struct nym_event_socket {
	struct nym_genl genl;
};

int nym_event_open(struct nym_event_socket **socket, struct nym_report *report)
{
	struct nym_event_socket *opened = calloc(1, sizeof(*opened));
	int ret;

	*socket = NULL;
	if (!opened) {
		nym_fail(report, "Out of memory");
		return -ENOMEM;
	}
	ret = nym_genl_open(&opened->genl, report);
	if (ret) {
		free(opened);
		return ret;
	}
	if (!opened->genl.events) {
		ret = -EOPNOTSUPP;
		nym_fail(report,
			 "The driver has no events: is it an older one?");
	} else if (mnl_socket_setsockopt(opened->genl.netlink.socket,
					 NETLINK_ADD_MEMBERSHIP,
					 &opened->genl.events,
					 sizeof(opened->genl.events))) {
		ret = -errno;
		nym_fail(report, "Unable to receive events: %s",
			 strerror(-ret));
	}
	if (ret) {
		nym_event_close(opened);
		return ret;
	}
	*socket = opened;
	return 0;
}

void nym_event_close(struct nym_event_socket *socket)
{
	if (!socket)
		return;
	nym_genl_close(&socket->genl);
	free(socket);
}

int nym_event_fd(const struct nym_event_socket *socket)
{
	return mnl_socket_get_fd(socket->genl.netlink.socket);
}

static int handle_message(const struct nym_genl *genl,
			  const struct nlmsghdr *message,
			  int (*handle)(void *context,
					const struct nym_event_report *event),
			  void *context)
{
	const struct genlmsghdr *header = mnl_nlmsg_get_payload(message);
	struct nym_event_report event;

	if (message->nlmsg_type != genl->family ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header) ||
	    header->cmd != NYM_CMD_EVENT)
		return 0;
	if (nym_event_decode(&event, message))
		return -EBADMSG;
	return handle(context, &event);
}

int nym_event_read(struct nym_event_socket *socket,
		   int (*handle)(void *context,
				 const struct nym_event_report *event),
		   void *context, struct nym_report *report)
{
	struct nym_netlink *netlink = &socket->genl.netlink;
	struct nym_event_report lost = { 0 };
	const struct nlmsghdr *message;
	ssize_t received;
	int left, ret = 0;

	do {
		received = mnl_socket_recvfrom(netlink->socket, netlink->buffer,
					       NYM_NETLINK_BUFFER_SIZE);
	} while (received < 0 && errno == EINTR);
	if (received < 0 && errno == ENOBUFS)
		return handle(context, &lost);
	if (received < 0) {
		ret = -errno;
		nym_fail(report, "Unable to receive events: %s",
			 strerror(-ret));
		return ret;
	}
	left = (int)received;
	for (message = (const void *)netlink->buffer;
	     !ret && mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left))
		ret = handle_message(&socket->genl, message, handle, context);
	if (ret == -EBADMSG)
		nym_fail(report,
			 "The driver sent an event that this program does not understand: is one of them older?");
	return ret;
}
