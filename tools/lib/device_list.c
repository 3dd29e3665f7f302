// SPDX-License-Identifier: GPL-2.0-or-later
#include "netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link_kind.h"
#include "netlink_socket.h"
#include "report.h"

static bool is_our_kind(const struct nlattr *link_info)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, link_info)
	{
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			return mnl_attr_get_payload_len(attr) &&
			       !strncmp(mnl_attr_get_str(attr), NYM_LINK_KIND,
					mnl_attr_get_payload_len(attr));
	}
	return false;
}

static int append_name(struct nym_device_names *names, const char *name)
{
	char(*grown)[IFNAMSIZ];

	grown = realloc(names->names, (names->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	names->names = grown;
	snprintf(grown[names->count++], IFNAMSIZ, "%s", name);
	return 0;
}

static int read_link(void *context, const struct nlmsghdr *message)
{
	const struct nlattr *attr, *name = NULL, *link_info = NULL;

	mnl_attr_for_each(attr, message, sizeof(struct ifinfomsg))
	{
		if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			name = attr;
		else if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			link_info = attr;
	}
	if (!name || mnl_attr_validate(name, MNL_TYPE_NUL_STRING) ||
	    !link_info || !is_our_kind(link_info))
		return 0;
	return append_name(context, mnl_attr_get_str(name));
}

static int dump_links(struct nym_netlink *netlink,
		      struct nym_device_names *names)
{
	char buffer[256] __attribute__((aligned(4)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;

	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	return nym_netlink_talk(netlink, request, read_link, names, NULL);
}

int nym_device_list(struct nym_device_names *names, struct nym_report *report)
{
	struct nym_netlink netlink;
	int ret;

	memset(names, 0, sizeof(*names));
	ret = nym_netlink_open(&netlink, NETLINK_ROUTE);
	if (!ret) {
		do {
			nym_device_names_free(names);
			ret = dump_links(&netlink, names);
		} while (ret == -EINTR);
		nym_netlink_close(&netlink);
	}
	if (ret)
		nym_fail(report, "Unable to list interfaces: %s",
			 strerror(-ret));
	return ret;
}

void nym_device_names_free(struct nym_device_names *names)
{
	free(names->names);
	memset(names, 0, sizeof(*names));
}
