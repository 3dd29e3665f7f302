// SPDX-License-Identifier: GPL-2.0-or-later
#include "netlink_socket.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int nym_netlink_open(struct nym_netlink *netlink, int bus)
{
	int on = 1, ret;

	memset(netlink, 0, sizeof(*netlink));
	netlink->sequence = (uint32_t)time(NULL);
	netlink->buffer = malloc(NYM_NETLINK_BUFFER_SIZE);
	if (!netlink->buffer)
		return -ENOMEM;
	netlink->socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!netlink->socket ||
	    mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID)) {
		ret = -errno;
		nym_netlink_close(netlink);
		return ret;
	}
	/* Without them there are just fewer words about what is wrong. */
	mnl_socket_setsockopt(netlink->socket, NETLINK_EXT_ACK, &on,
			      sizeof(on));
	mnl_socket_setsockopt(netlink->socket, NETLINK_CAP_ACK, &on,
			      sizeof(on));
	return 0;
}

void nym_netlink_close(struct nym_netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	if (netlink->buffer)
		sodium_memzero(netlink->buffer, NYM_NETLINK_BUFFER_SIZE);
	free(netlink->buffer);
	memset(netlink, 0, sizeof(*netlink));
}

/* The explanation follows @skip bytes of payload. */
static void read_reason(struct nym_netlink_reason *reason,
			const struct nlmsghdr *message, size_t skip)
{
	const struct nlattr *attr;

	if (!reason || !(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each(attr, message, (unsigned int)skip) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			snprintf(reason->text, sizeof(reason->text), "%.*s",
				 (int)mnl_attr_get_payload_len(attr),
				 mnl_attr_get_str(attr));
		else if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_OFFS &&
			 mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			reason->offset = mnl_attr_get_u32(attr);
	}
}

static int read_error(struct nym_netlink_reason *reason,
		      const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	size_t skip = sizeof(*error);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*error))
		return -EBADMSG;
	if (error->error && !(message->nlmsg_flags & NLM_F_CAPPED))
		skip += mnl_nlmsg_get_payload_len(&error->msg);
	if (error->error &&
	    MNL_ALIGN(skip) <= mnl_nlmsg_get_payload_len(message))
		read_reason(reason, message, MNL_ALIGN(skip));
	return error->error;
}

static int read_done(struct nym_netlink_reason *reason,
		     const struct nlmsghdr *message)
{
	int error = 0;

	if (mnl_nlmsg_get_payload_len(message) >= sizeof(error)) {
		memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
		read_reason(reason, message, sizeof(error));
	}
	return error;
}

/**
 * struct exchange - how far an exchange has come
 * @ended: the last answer was read
 * @interrupted: what is being dumped changed under way
 * @error: the first thing that went wrong
 */
struct exchange {
	bool ended;
	bool interrupted;
	int error;
};

static void
read_message(struct exchange *exchange, const struct nlmsghdr *message,
	     int (*handle)(void *context, const struct nlmsghdr *message),
	     void *context, struct nym_netlink_reason *reason)
{
	int ret = 0;

	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		exchange->interrupted = true;
	switch (message->nlmsg_type) {
	case NLMSG_NOOP:
		break;
	case NLMSG_ERROR:
		exchange->ended = true;
		ret = read_error(reason, message);
		break;
	case NLMSG_DONE:
		exchange->ended = true;
		ret = read_done(reason, message);
		break;
	case NLMSG_OVERRUN:
		ret = -EIO;
		break;
	default:
		if (handle && !exchange->error)
			ret = handle(context, message);
	}
	if (ret < 0 && !exchange->error)
		exchange->error = ret;
}

int nym_netlink_talk(struct nym_netlink *netlink, struct nlmsghdr *request,
		     int (*handle)(void *context,
				   const struct nlmsghdr *message),
		     void *context, struct nym_netlink_reason *reason)
{
	const struct nlmsghdr *message;
	struct exchange exchange = { 0 };
	ssize_t received;
	int left;

	if (reason)
		memset(reason, 0, sizeof(*reason));
	request->nlmsg_seq = ++netlink->sequence;
	if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (!exchange.ended) {
		received = mnl_socket_recvfrom(netlink->socket, netlink->buffer,
					       NYM_NETLINK_BUFFER_SIZE);
		if (received < 0 && errno == EINTR)
			continue;
		if (received < 0)
			return -errno;
		left = (int)received;
		for (message = (const void *)netlink->buffer;
		     mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left)) {
			if (message->nlmsg_seq == request->nlmsg_seq)
				read_message(&exchange, message, handle,
					     context, reason);
		}
	}
	if (!exchange.error && exchange.interrupted)
		return -EINTR;
	return exchange.error;
}
