/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps that bring a tunnel up, from its configuration and from what is
 * known of the host. Nothing here asks or changes the host.
 */
#ifndef NYM_TUNNEL_PLAN_H
#define NYM_TUNNEL_PLAN_H

#include "device.h"
#include "path_mtu.h"
#include "rtnetlink.h"
#include "tunnel_conf.h"

struct nym_report;

enum nym_step_kind {
	NYM_STEP_LINK,
	NYM_STEP_DEVICE,
	NYM_STEP_ADDRESS,
	NYM_STEP_LINK_UP,
	NYM_STEP_FIREWALL,
	NYM_STEP_SRC_VALID_MARK,
	NYM_STEP_ROUTE,
	NYM_STEP_RULE,
	NYM_STEP_DNS,
};

/**
 * struct nym_step - one change to the host
 * @kind: which; the others belong to one kind each
 * @prefix: address, or destination of the route
 * @table: routing table of the route
 * @mtu: of the link
 * @rule: policy rule
 */
struct nym_step {
	enum nym_step_kind kind;
	struct nym_prefix prefix;
	uint32_t table;
	uint32_t mtu;
	struct nym_rule rule;
};

struct nym_tunnel_plan {
	struct nym_step *steps;
	size_t count;
};

/**
 * struct nym_tunnel_facts - what the plan has to know of the host
 * @mark: mark of outer packets and number of the table for default routes
 * @first_priority4: of the IPv4 policy rules behind the local table's
 * @first_priority6: the same for IPv6
 * @underlay: see nym_underlay_fn
 * @context: for @underlay
 */
struct nym_tunnel_facts {
	uint32_t mark;
	uint32_t first_priority4, first_priority6;
	nym_underlay_fn underlay;
	void *context;
};

/* Whether the tunnel takes the family's default route by mark and rule. */
bool nym_plan_takes_default(const struct nym_tunnel_conf *conf,
			    const struct nym_device *device, uint8_t family);

/*
 * The steps behind NYM_STEP_LINK, which is the first of every tunnel. Endpoint
 * names must be resolved. 0, or -1 with the reason in the report.
 */
int nym_plan_make(struct nym_tunnel_plan *plan,
		  const struct nym_tunnel_conf *conf,
		  const struct nym_device *device,
		  const struct nym_tunnel_facts *facts,
		  struct nym_report *report);
void nym_plan_free(struct nym_tunnel_plan *plan);

/* The step in the words of the command that would do the same. */
#define NYM_STEP_TEXT_SIZE 192
const char *nym_step_text(const struct nym_step *step, const char *name,
			  char text[static NYM_STEP_TEXT_SIZE]);

#endif
