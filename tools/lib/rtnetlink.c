// SPDX-License-Identifier: GPL-2.0-or-later
#include "rtnetlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlink_socket.h"

/* Requests hold a handful of attributes, none longer than a link's name. */
#define REQUEST_SIZE 512
/* A dump that changed under way is repeated this often. */
#define DUMP_ATTEMPTS 5

struct nym_rtnl {
	struct nym_netlink netlink;
	char text[320];
};

struct request {
	char buf[REQUEST_SIZE];
	struct nlmsghdr *header;
};

struct nym_rtnl *nym_rtnl_open(void)
{
	struct nym_rtnl *rtnl = calloc(1, sizeof(*rtnl));
	int on = 1, ret;

	if (!rtnl)
		return NULL;
	ret = nym_netlink_open(&rtnl->netlink, NETLINK_ROUTE);
	if (ret) {
		free(rtnl);
		errno = -ret;
		return NULL;
	}
	/* Without it the kernel just sends more than is asked for. */
	mnl_socket_setsockopt(rtnl->netlink.socket, NETLINK_GET_STRICT_CHK, &on,
			      sizeof(on));
	return rtnl;
}

void nym_rtnl_close(struct nym_rtnl *rtnl)
{
	if (!rtnl)
		return;
	nym_netlink_close(&rtnl->netlink);
	free(rtnl);
}

const char *nym_rtnl_text(const struct nym_rtnl *rtnl)
{
	return rtnl->text;
}

static void *start(struct request *request, uint16_t type, uint16_t flags,
		   size_t header_size)
{
	memset(request, 0, sizeof(*request));
	request->header = mnl_nlmsg_put_header(request->buf);
	request->header->nlmsg_type = type;
	request->header->nlmsg_flags = NLM_F_REQUEST | flags;
	return mnl_nlmsg_put_extra_header(request->header, header_size);
}

typedef int (*handle_fn)(void *context, const struct nlmsghdr *message);

static int talk(struct nym_rtnl *rtnl, struct request *request,
		handle_fn handle, void *context)
{
	struct nym_netlink_reason reason;
	int ret;

	ret = nym_netlink_talk(&rtnl->netlink, request->header, handle, context,
			       &reason);
	snprintf(rtnl->text, sizeof(rtnl->text),
		 reason.text[0] ? "%s (%s)" : "%s", strerror(-ret),
		 reason.text);
	return ret;
}

/* Sends a change and waits for the kernel's verdict. */
static int change(struct nym_rtnl *rtnl, struct request *request)
{
	request->header->nlmsg_flags |= NLM_F_ACK;
	return talk(rtnl, request, NULL, NULL);
}

/*
 * Reads a dump. reset makes the context what it was, since a dump that changed
 * under way is read once more from the start.
 */
static int dump(struct nym_rtnl *rtnl, struct request *request,
		handle_fn handle, void (*reset)(void *context), void *context)
{
	int attempt, ret = 0;

	request->header->nlmsg_flags |= NLM_F_DUMP;
	for (attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
		reset(context);
		ret = talk(rtnl, request, handle, context);
		if (ret != -EINTR)
			break;
	}
	return ret;
}

static int read_link(void *context, const struct nlmsghdr *header)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(header);
	const struct nlattr *attr, *inner;
	struct nym_link *link = context;

	link->ifindex = (unsigned int)info->ifi_index;
	link->up = info->ifi_flags & IFF_UP;
	mnl_attr_for_each(attr, header, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_MTU:
			link->mtu = mnl_attr_get_u32(attr);
			break;
		case IFLA_LINKINFO:
			mnl_attr_for_each_nested(inner, attr) {
				if (mnl_attr_get_type(inner) == IFLA_INFO_KIND)
					snprintf(link->kind, sizeof(link->kind),
						 "%s", mnl_attr_get_str(inner));
			}
			break;
		}
	}
	return 0;
}

int nym_link_get(struct nym_rtnl *rtnl, const char *name, struct nym_link *link)
{
	struct ifinfomsg *info;
	struct request request;

	memset(link, 0, sizeof(*link));
	info = start(&request, RTM_GETLINK, NLM_F_ACK, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(request.header, IFLA_IFNAME, name);
	return talk(rtnl, &request, read_link, link);
}

int nym_link_create(struct nym_rtnl *rtnl, const char *name, const char *kind)
{
	struct request request;
	struct nlattr *nest;

	start(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
	      sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request.header, IFLA_IFNAME, name);
	nest = mnl_attr_nest_start(request.header, IFLA_LINKINFO);
	mnl_attr_put_strz(request.header, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(request.header, nest);
	return change(rtnl, &request);
}

int nym_link_delete(struct nym_rtnl *rtnl, unsigned int ifindex)
{
	struct ifinfomsg *info;
	struct request request;

	info = start(&request, RTM_DELLINK, 0, sizeof(*info));
	info->ifi_index = (int)ifindex;
	return change(rtnl, &request);
}

int nym_link_up(struct nym_rtnl *rtnl, unsigned int ifindex, uint32_t mtu)
{
	struct ifinfomsg *info;
	struct request request;

	info = start(&request, RTM_NEWLINK, 0, sizeof(*info));
	info->ifi_index = (int)ifindex;
	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	mnl_attr_put_u32(request.header, IFLA_MTU, mtu);
	return change(rtnl, &request);
}

static void put_address(struct nlmsghdr *header, uint16_t type,
			const struct nym_prefix *prefix)
{
	if (prefix->family == AF_INET)
		mnl_attr_put(header, type, sizeof(prefix->v4), &prefix->v4);
	else
		mnl_attr_put(header, type, sizeof(prefix->v6), &prefix->v6);
}

int nym_address_add(struct nym_rtnl *rtnl, unsigned int ifindex,
		    const struct nym_prefix *address)
{
	struct ifaddrmsg *info;
	struct request request;

	info = start(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
		     sizeof(*info));
	info->ifa_family = address->family;
	info->ifa_prefixlen = address->length;
	info->ifa_index = ifindex;
	put_address(request.header, IFA_LOCAL, address);
	put_address(request.header, IFA_ADDRESS, address);
	return change(rtnl, &request);
}

struct address_walk {
	unsigned int ifindex;
	struct nym_address_list *list;
};

static void reset_addresses(void *context)
{
	struct address_walk *walk = context;

	walk->list->count = 0;
}

static int read_address(void *context, const struct nlmsghdr *header)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(header);
	const struct address_walk *walk = context;
	struct nym_address_list *list = walk->list;
	struct nym_prefix *grown;
	struct nym_prefix address = {
		.family = info->ifa_family,
		.length = info->ifa_prefixlen,
	};
	const struct nlattr *attr, *found = NULL;

	/* A kernel that does not filter dumps sends those of all links. */
	if (info->ifa_index != walk->ifindex ||
	    (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return 0;
	mnl_attr_for_each(attr, header, sizeof(*info)) {
		/* IFA_ADDRESS is the other end's where both are present. */
		if (mnl_attr_get_type(attr) == IFA_LOCAL ||
		    (mnl_attr_get_type(attr) == IFA_ADDRESS && !found))
			found = attr;
	}
	if (!found || mnl_attr_get_payload_len(found) * 8u <
			      nym_prefix_bits(address.family))
		return 0;
	memcpy(&address.v6, mnl_attr_get_payload(found),
	       nym_prefix_bits(address.family) / 8);
	grown = realloc(list->addresses, (list->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->addresses = grown;
	grown[list->count++] = address;
	return 0;
}

int nym_address_list(struct nym_rtnl *rtnl, unsigned int ifindex,
		     struct nym_address_list *list)
{
	struct address_walk walk = { .ifindex = ifindex, .list = list };
	struct ifaddrmsg *info;
	struct request request;

	info = start(&request, RTM_GETADDR, 0, sizeof(*info));
	info->ifa_index = ifindex;
	return dump(rtnl, &request, read_address, reset_addresses, &walk);
}

int nym_route_add(struct nym_rtnl *rtnl, unsigned int ifindex,
		  const struct nym_prefix *destination, uint32_t table)
{
	struct request request;
	struct rtmsg *info;

	info = start(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL,
		     sizeof(*info));
	info->rtm_family = destination->family;
	info->rtm_dst_len = destination->length;
	info->rtm_table = table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC;
	info->rtm_protocol = RTPROT_STATIC;
	/* There is no gateway: all of it is on the link. */
	info->rtm_scope = destination->family == AF_INET ? RT_SCOPE_LINK :
							   RT_SCOPE_UNIVERSE;
	info->rtm_type = RTN_UNICAST;
	put_address(request.header, RTA_DST, destination);
	mnl_attr_put_u32(request.header, RTA_OIF, ifindex);
	mnl_attr_put_u32(request.header, RTA_TABLE, table);
	return change(rtnl, &request);
}

struct route_lookup {
	unsigned int ifindex;
	uint32_t mtu;
};

static int read_route(void *context, const struct nlmsghdr *header)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(header);
	struct route_lookup *lookup = context;
	const struct nlattr *attr, *metric;

	mnl_attr_for_each(attr, header, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF:
			lookup->ifindex = mnl_attr_get_u32(attr);
			break;
		case RTA_METRICS:
			mnl_attr_for_each_nested(metric, attr) {
				if (mnl_attr_get_type(metric) == RTAX_MTU)
					lookup->mtu = mnl_attr_get_u32(metric);
			}
			break;
		}
	}
	return 0;
}

/* A destination that only a default route leads to stands in for it. */
static struct nym_prefix any_global(uint8_t family)
{
	struct nym_prefix address = { 0 };

	nym_prefix_parse(family == AF_INET ? "192.0.2.1" : "2001:db8::1",
			 &address);
	return address;
}

int nym_route_mtu(struct nym_rtnl *rtnl, const struct nym_prefix *address,
		  uint32_t mark, uint32_t *mtu)
{
	static const struct in6_addr zeros;
	struct nym_prefix destination = *address;
	struct route_lookup lookup = { 0 };
	struct nym_link link = { 0 };
	struct ifinfomsg *link_info;
	struct request request;
	struct rtmsg *info;
	int ret;

	if (!memcmp(&address->v6, &zeros, nym_prefix_bits(address->family) / 8))
		destination = any_global(address->family);
	info = start(&request, RTM_GETROUTE, NLM_F_ACK, sizeof(*info));
	info->rtm_family = destination.family;
	info->rtm_dst_len = (uint8_t)nym_prefix_bits(destination.family);
	put_address(request.header, RTA_DST, &destination);
	if (mark)
		mnl_attr_put_u32(request.header, RTA_MARK, mark);
	ret = talk(rtnl, &request, read_route, &lookup);
	if (ret)
		return ret;

	if (!lookup.mtu) {
		link_info = start(&request, RTM_GETLINK, NLM_F_ACK,
				  sizeof(*link_info));
		link_info->ifi_index = (int)lookup.ifindex;
		ret = talk(rtnl, &request, read_link, &link);
		if (ret)
			return ret;
		lookup.mtu = link.mtu;
	}
	*mtu = lookup.mtu;
	return 0;
}

struct table_search {
	uint32_t table;
	bool found;
};

static void reset_table_search(void *context)
{
	struct table_search *search = context;

	search->found = false;
}

static int match_route_table(void *context, const struct nlmsghdr *header)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(header);
	struct table_search *search = context;
	uint32_t table = info->rtm_table;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(*info)) {
		if (mnl_attr_get_type(attr) == RTA_TABLE)
			table = mnl_attr_get_u32(attr);
	}
	if (table == search->table)
		search->found = true;
	return 0;
}

static int match_rule_table(void *context, const struct nlmsghdr *header)
{
	const struct fib_rule_hdr *info = mnl_nlmsg_get_payload(header);
	struct table_search *search = context;
	uint32_t table = info->table;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(*info)) {
		if (mnl_attr_get_type(attr) == FRA_TABLE)
			table = mnl_attr_get_u32(attr);
	}
	if (table == search->table)
		search->found = true;
	return 0;
}

int nym_table_in_use(struct nym_rtnl *rtnl, uint8_t family, uint32_t table,
		     bool *in_use)
{
	struct table_search search = { .table = table };
	struct fib_rule_hdr *rule;
	struct request request;
	struct rtmsg *route;
	int ret;

	route = start(&request, RTM_GETROUTE, 0, sizeof(*route));
	route->rtm_family = family;
	mnl_attr_put_u32(request.header, RTA_TABLE, table);
	ret = dump(rtnl, &request, match_route_table, reset_table_search,
		   &search);
	/* The kernel says so when nothing was ever put into the table. */
	if (ret == -ENOENT)
		ret = 0;
	*in_use = search.found;
	if (ret || search.found)
		return ret;

	rule = start(&request, RTM_GETRULE, 0, sizeof(*rule));
	rule->family = family;
	ret = dump(rtnl, &request, match_rule_table, reset_table_search,
		   &search);
	*in_use = search.found;
	return ret;
}

static void reset_priority(void *context)
{
	*(uint32_t *)context = UINT32_MAX;
}

static int lower_priority(void *context, const struct nlmsghdr *header)
{
	uint32_t *lowest = context, priority = 0;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(struct fib_rule_hdr)) {
		if (mnl_attr_get_type(attr) == FRA_PRIORITY)
			priority = mnl_attr_get_u32(attr);
	}
	if (priority && priority < *lowest)
		*lowest = priority;
	return 0;
}

int nym_rule_first_priority(struct nym_rtnl *rtnl, uint8_t family,
			    uint32_t *priority)
{
	struct fib_rule_hdr *info;
	struct request request;
	int ret;

	info = start(&request, RTM_GETRULE, 0, sizeof(*info));
	info->family = family;
	ret = dump(rtnl, &request, lower_priority, reset_priority, priority);
	/* Somebody may have removed even the rule for table main. */
	if (!ret && *priority == UINT32_MAX)
		*priority = 32766;
	return ret;
}

static int change_rule(struct nym_rtnl *rtnl, uint16_t type, uint16_t flags,
		       const struct nym_rule *rule)
{
	uint32_t table = rule->kind == NYM_RULE_UNMARKED ? rule->table :
							   RT_TABLE_MAIN;
	struct fib_rule_hdr *info;
	struct request request;

	info = start(&request, type, flags, sizeof(*info));
	info->family = rule->family;
	info->action = FR_ACT_TO_TBL;
	info->table = table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC;
	mnl_attr_put_u32(request.header, FRA_PRIORITY, rule->priority);
	mnl_attr_put_u32(request.header, FRA_TABLE, table);
	mnl_attr_put_u8(request.header, FRA_PROTOCOL, RTPROT_STATIC);
	if (rule->kind == NYM_RULE_UNMARKED) {
		info->flags = FIB_RULE_INVERT;
		mnl_attr_put_u32(request.header, FRA_FWMARK, rule->mark);
		mnl_attr_put_u32(request.header, FRA_FWMASK, UINT32_MAX);
	} else {
		mnl_attr_put_u32(request.header, FRA_SUPPRESS_PREFIXLEN, 0);
	}
	return change(rtnl, &request);
}

int nym_rule_add(struct nym_rtnl *rtnl, const struct nym_rule *rule)
{
	return change_rule(rtnl, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
}

int nym_rule_delete(struct nym_rtnl *rtnl, const struct nym_rule *rule)
{
	return change_rule(rtnl, RTM_DELRULE, 0, rule);
}
