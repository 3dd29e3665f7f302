// SPDX-License-Identifier: GPL-2.0-or-later
#include "genl.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>

#include "link_kind.h"
#include "report.h"

/* A request that holds no more than names. */
#define SMALL_MESSAGE 256

static struct nlmsghdr *put_headers(void *buffer, uint16_t family,
				    uint8_t command, uint8_t version,
				    uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *header;

	message->nlmsg_type = family;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->cmd = command;
	header->version = version;
	return message;
}

struct nlmsghdr *nym_genl_message(void *buffer, uint16_t family,
				  uint8_t command, uint16_t flags)
{
	return put_headers(buffer, family, command, NYM_GENL_VERSION, flags);
}

static bool is_text(const struct nlattr *attr, const char *text)
{
	return !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) &&
	       !strcmp(mnl_attr_get_str(attr), text);
}

static void read_group(struct nym_genl *genl, const struct nlattr *group)
{
	const struct nlattr *attr;
	bool is_events = false;
	uint32_t number = 0;

	mnl_attr_for_each_nested(attr, group) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			is_events = is_text(attr, NYM_MULTICAST_GROUP_EVENTS);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID &&
			 !mnl_attr_validate(attr, MNL_TYPE_U32))
			number = mnl_attr_get_u32(attr);
	}
	if (is_events)
		genl->events = number;
}

static int read_family(void *context, const struct nlmsghdr *message)
{
	struct nym_genl *genl = context;
	const struct nlattr *attr, *group;

	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    !mnl_attr_validate(attr, MNL_TYPE_U16)) {
			genl->family = mnl_attr_get_u16(attr);
		} else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS) {
			mnl_attr_for_each_nested(group, attr) {
				read_group(genl, group);
			}
		}
	}
	return 0;
}

int nym_genl_open(struct nym_genl *genl, struct nym_report *report)
{
	char buffer[SMALL_MESSAGE] __attribute__((aligned(4)));
	struct nlmsghdr *request;
	int ret;

	memset(genl, 0, sizeof(*genl));
	ret = nym_netlink_open(&genl->netlink, NETLINK_GENERIC);
	if (!ret) {
		request = put_headers(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
				      1, NLM_F_ACK);
		mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME,
				  NYM_FAMILY_NAME);
		ret = nym_netlink_talk(&genl->netlink, request, read_family,
				       genl, NULL);
	}
	if (!ret && genl->family)
		return 0;
	nym_genl_close(genl);
	if (ret == -ENOENT) {
		nym_fail(report,
			 "The driver is not loaded: try 'modprobe " NYM_FAMILY_NAME
			 "'");
		return -EPROTONOSUPPORT;
	}
	if (!ret)
		ret = -EBADMSG;
	nym_fail(report, "Generic netlink does not work: %s", strerror(-ret));
	return ret;
}

void nym_genl_close(struct nym_genl *genl)
{
	nym_netlink_close(&genl->netlink);
	memset(genl, 0, sizeof(*genl));
}
