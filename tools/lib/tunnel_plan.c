// SPDX-License-Identifier: GPL-2.0-or-later
#include "tunnel_plan.h"

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link_kind.h"
#include "report.h"
#include "tunnel_firewall.h"

/* The least that IPv6 must carry: a link with less has no IPv6. */
#define IPV6_MTU_MIN 1280

static struct nym_prefix allowedip_prefix(const struct nym_allowedip *allowedip)
{
	struct nym_prefix prefix = {
		.family = (uint8_t)allowedip->family,
		.length = allowedip->cidr,
	};

	if (allowedip->family == AF_INET)
		prefix.v4 = allowedip->ip4;
	else
		prefix.v6 = allowedip->ip6;
	nym_prefix_mask(&prefix);
	return prefix;
}

static bool endpoint_prefix(const union nym_endpoint *endpoint,
			    struct nym_prefix *prefix)
{
	memset(prefix, 0, sizeof(*prefix));
	prefix->family = (uint8_t)endpoint->addr.sa_family;
	if (prefix->family == AF_INET)
		prefix->v4 = endpoint->addr4.sin_addr;
	else if (prefix->family == AF_INET6)
		prefix->v6 = endpoint->addr6.sin6_addr;
	else
		return false;
	prefix->length = (uint8_t)nym_prefix_bits(prefix->family);
	return true;
}

bool nym_plan_takes_default(const struct nym_tunnel_conf *conf,
			    const struct nym_device *device, uint8_t family)
{
	const struct nym_allowedip *allowedip;
	const struct nym_peer *peer;

	if (conf->table_choice != NYM_TABLE_AUTO)
		return false;
	for (peer = device->peers; peer; peer = peer->next) {
		for (allowedip = peer->allowedips; allowedip;
		     allowedip = allowedip->next) {
			if (allowedip->family == family && !allowedip->cidr &&
			    !allowedip->remove)
				return true;
		}
	}
	return false;
}

static bool has_ipv6(const struct nym_tunnel_conf *conf,
		     const struct nym_device *device)
{
	const struct nym_allowedip *allowedip;
	const struct nym_peer *peer;
	size_t i;

	for (i = 0; i < conf->addresses_count; i++) {
		if (conf->addresses[i].family == AF_INET6)
			return true;
	}
	for (peer = device->peers; peer; peer = peer->next) {
		for (allowedip = peer->allowedips; allowedip;
		     allowedip = allowedip->next) {
			if (allowedip->family == AF_INET6)
				return true;
		}
	}
	return false;
}

/* 0 when memory is short. */
static uint32_t choose_mtu(const struct nym_tunnel_conf *conf,
			   const struct nym_device *device,
			   const struct nym_tunnel_facts *facts,
			   struct nym_report *report)
{
	struct nym_peer_index index;
	uint32_t path, mtu;

	if (nym_peer_index_build(&index, device))
		return 0;
	path = nym_device_mtu(&index, facts->underlay, facts->context);
	nym_peer_index_free(&index);

	mtu = path;
	if (conf->mtu && conf->mtu <= path)
		mtu = conf->mtu;
	else if (conf->mtu)
		nym_warn(report,
			 "MTU = %u is more than the path carries; using %u",
			 conf->mtu, path);
	if (mtu < IPV6_MTU_MIN && has_ipv6(conf, device)) {
		nym_warn(report,
			 "IPv6 needs an MTU of %d and this would be %u; using %d, so that large outer packets are fragmented",
			 IPV6_MTU_MIN, mtu, IPV6_MTU_MIN);
		mtu = IPV6_MTU_MIN;
	}
	return mtu;
}

static struct nym_step *add_step(struct nym_tunnel_plan *plan,
				 enum nym_step_kind kind)
{
	size_t count = plan->count;
	struct nym_step *step;

	/* Grows at powers of two: a device can have very many routes. */
	if (!(count & (count - 1))) {
		step = realloc(plan->steps,
			       (count ? 2 * count : 1) * sizeof(*step));
		if (!step)
			return NULL;
		plan->steps = step;
	}
	step = &plan->steps[plan->count++];
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	return step;
}

/*
 * A carrier's allowed IPs may hold no more than the address of a peer behind
 * it. The driver sends there by itself; a route would only take other
 * programs' packets to that address past the rest of the path.
 */
static bool is_nested_endpoint(const struct nym_device *device,
			       const struct nym_peer *carrier,
			       const struct nym_prefix *prefix)
{
	const struct nym_peer *peer;
	struct nym_prefix endpoint;

	if (prefix->length != nym_prefix_bits(prefix->family))
		return false;
	for (peer = device->peers; peer; peer = peer->next) {
		if (nym_peer_is_nested(peer) &&
		    nym_key_equal(peer->via, carrier->public_key) &&
		    endpoint_prefix(&peer->endpoint, &endpoint) &&
		    nym_prefix_equal(&endpoint, prefix))
			return true;
	}
	return false;
}

/* An address brings the route to its network with it. */
static bool is_connected(const struct nym_tunnel_conf *conf,
			 const struct nym_prefix *prefix)
{
	size_t i;

	for (i = 0; i < conf->addresses_count; i++) {
		const struct nym_prefix *address = &conf->addresses[i];

		if (address->length < nym_prefix_bits(address->family) &&
		    nym_prefix_covers(address, prefix))
			return true;
	}
	return false;
}

/* Narrow ones first, as a wide one may be what reaches the host itself. */
static int compare_routes(const void *left, const void *right)
{
	const struct nym_prefix *a = &((const struct nym_step *)left)->prefix;
	const struct nym_prefix *b = &((const struct nym_step *)right)->prefix;

	if (a->length != b->length)
		return a->length > b->length ? -1 : 1;
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(&a->v6, &b->v6, nym_prefix_bits(a->family) / 8);
}

static int add_routes(struct nym_tunnel_plan *plan,
		      const struct nym_tunnel_conf *conf,
		      const struct nym_device *device,
		      const struct nym_tunnel_facts *facts)
{
	bool automatic = conf->table_choice == NYM_TABLE_AUTO;
	const struct nym_allowedip *allowedip;
	size_t first = plan->count, from, to;
	const struct nym_peer *peer;
	struct nym_prefix prefix;
	struct nym_step *step;

	if (conf->table_choice == NYM_TABLE_OFF)
		return 0;
	for (peer = device->peers; peer; peer = peer->next) {
		for (allowedip = peer->allowedips; allowedip;
		     allowedip = allowedip->next) {
			prefix = allowedip_prefix(allowedip);
			if (allowedip->remove ||
			    is_nested_endpoint(device, peer, &prefix) ||
			    (automatic && is_connected(conf, &prefix)))
				continue;
			step = add_step(plan, NYM_STEP_ROUTE);
			if (!step)
				return -1;
			step->prefix = prefix;
			if (!automatic)
				step->table = conf->table;
			else
				step->table = prefix.length ? RT_TABLE_MAIN :
							      facts->mark;
		}
	}
	if (plan->count == first)
		return 0;
	qsort(plan->steps + first, plan->count - first, sizeof(*plan->steps),
	      compare_routes);
	/* Two peers may name the same block: the last one has it. */
	for (from = first + 1, to = first + 1; from < plan->count; from++) {
		if (compare_routes(&plan->steps[from], &plan->steps[to - 1]))
			plan->steps[to++] = plan->steps[from];
	}
	plan->count = to;
	return 0;
}

/*
 * Packets without the mark, which are all but the tunnel's own, look into the
 * tunnel's table; before that, routes in table main that are narrower than a
 * default route keep the nearer networks near.
 */
static int add_rules(struct nym_tunnel_plan *plan, uint8_t family,
		     uint32_t first_priority, uint32_t mark,
		     struct nym_report *report)
{
	struct nym_step *step;

	if (first_priority < 3)
		return nym_fail(report,
				"%s policy rules begin at priority %u and leave no room before them; give those rules higher priorities, or set Table and add your own",
				family == AF_INET ? "IPv4" : "IPv6",
				first_priority);
	step = add_step(plan, NYM_STEP_RULE);
	if (!step)
		return nym_fail(report, "out of memory");
	step->rule.kind = NYM_RULE_MAIN_NO_DEFAULT;
	step->rule.family = family;
	step->rule.priority = first_priority - 2;

	step = add_step(plan, NYM_STEP_RULE);
	if (!step)
		return nym_fail(report, "out of memory");
	step->rule.kind = NYM_RULE_UNMARKED;
	step->rule.family = family;
	step->rule.priority = first_priority - 1;
	step->rule.mark = mark;
	step->rule.table = mark;
	return 0;
}

static int add_default(struct nym_tunnel_plan *plan,
		       const struct nym_tunnel_conf *conf,
		       const struct nym_device *device,
		       const struct nym_tunnel_facts *facts,
		       struct nym_report *report)
{
	if (nym_plan_takes_default(conf, device, AF_INET) &&
	    add_rules(plan, AF_INET, facts->first_priority4, facts->mark,
		      report))
		return -1;
	if (nym_plan_takes_default(conf, device, AF_INET6) &&
	    add_rules(plan, AF_INET6, facts->first_priority6, facts->mark,
		      report))
		return -1;
	return 0;
}

static int check_mark(uint32_t mark, struct nym_report *report)
{
	if (mark && mark != RT_TABLE_DEFAULT && mark != RT_TABLE_MAIN &&
	    mark != RT_TABLE_LOCAL)
		return 0;
	return nym_fail(report,
			"FwMark = %u cannot mark a default route, since the routing table of that number is the system's; choose another, or leave it out",
			mark);
}

int nym_plan_make(struct nym_tunnel_plan *plan,
		  const struct nym_tunnel_conf *conf,
		  const struct nym_device *device,
		  const struct nym_tunnel_facts *facts,
		  struct nym_report *report)
{
	bool default4 = nym_plan_takes_default(conf, device, AF_INET);
	bool default6 = nym_plan_takes_default(conf, device, AF_INET6);
	struct nym_step *step;
	size_t i;

	memset(plan, 0, sizeof(*plan));
	if ((default4 || default6) && check_mark(facts->mark, report))
		return -1;
	if (!add_step(plan, NYM_STEP_DEVICE))
		goto no_memory;
	for (i = 0; i < conf->addresses_count; i++) {
		step = add_step(plan, NYM_STEP_ADDRESS);
		if (!step)
			goto no_memory;
		step->prefix = conf->addresses[i];
	}
	step = add_step(plan, NYM_STEP_LINK_UP);
	if (!step)
		goto no_memory;
	step->mtu = choose_mtu(conf, device, facts, report);
	if (!step->mtu)
		goto no_memory;
	if ((default4 || default6) && !add_step(plan, NYM_STEP_FIREWALL))
		goto no_memory;
	if (default4 && !add_step(plan, NYM_STEP_SRC_VALID_MARK))
		goto no_memory;
	if (add_routes(plan, conf, device, facts))
		goto no_memory;
	if (add_default(plan, conf, device, facts, report))
		goto fail;
	if ((conf->dns.count || conf->search.count) &&
	    !add_step(plan, NYM_STEP_DNS))
		goto no_memory;
	return 0;

no_memory:
	nym_fail(report, "out of memory");
fail:
	nym_plan_free(plan);
	return -1;
}

void nym_plan_free(struct nym_tunnel_plan *plan)
{
	free(plan->steps);
	memset(plan, 0, sizeof(*plan));
}

static void rule_text(const struct nym_rule *rule, char *text, size_t size)
{
	int family = rule->family == AF_INET ? 4 : 6;

	if (rule->kind == NYM_RULE_MAIN_NO_DEFAULT)
		snprintf(text, size,
			 "ip -%d rule add priority %u table main suppress_prefixlength 0",
			 family, rule->priority);
	else
		snprintf(text, size,
			 "ip -%d rule add priority %u not fwmark 0x%x table %u",
			 family, rule->priority, rule->mark, rule->table);
}

const char *nym_step_text(const struct nym_step *step, const char *name,
			  char text[static NYM_STEP_TEXT_SIZE])
{
	const size_t size = NYM_STEP_TEXT_SIZE;
	char prefix[NYM_PREFIX_STRLEN], table[NYM_FIREWALL_TABLE_SIZE];
	int family = step->prefix.family == AF_INET ? 4 : 6;

	text[0] = '\0';
	switch (step->kind) {
	case NYM_STEP_LINK:
		snprintf(text, size, "ip link add dev %s type " NYM_LINK_KIND,
			 name);
		break;
	case NYM_STEP_DEVICE:
		snprintf(text, size, "nymctl addconf %s", name);
		break;
	case NYM_STEP_ADDRESS:
		snprintf(text, size, "ip -%d address add %s dev %s", family,
			 nym_prefix_format(&step->prefix, prefix), name);
		break;
	case NYM_STEP_LINK_UP:
		snprintf(text, size, "ip link set mtu %u up dev %s", step->mtu,
			 name);
		break;
	case NYM_STEP_FIREWALL:
		nym_firewall_table(name, table);
		snprintf(text, size, "nft add table inet %s", table);
		break;
	case NYM_STEP_SRC_VALID_MARK:
		snprintf(text, size,
			 "sysctl net.ipv4.conf.all.src_valid_mark=1");
		break;
	case NYM_STEP_ROUTE:
		nym_prefix_format(&step->prefix, prefix);
		if (step->table == RT_TABLE_MAIN)
			snprintf(text, size, "ip -%d route add %s dev %s",
				 family, prefix, name);
		else
			snprintf(text, size,
				 "ip -%d route add %s dev %s table %u", family,
				 prefix, name, step->table);
		break;
	case NYM_STEP_RULE:
		rule_text(&step->rule, text, size);
		break;
	case NYM_STEP_DNS:
		snprintf(text, size, "set the name servers of %s", name);
		break;
	}
	return text;
}
