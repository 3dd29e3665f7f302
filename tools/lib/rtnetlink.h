/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links, addresses, routes and policy rules of the calling thread's network
 * namespace, over route netlink.
 *
 * Functions return 0 or a negative errno; nym_rtnl_text() then says what the
 * kernel said.
 */
#ifndef NYM_RTNETLINK_H
#define NYM_RTNETLINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "prefix.h"

struct nym_rtnl;

struct nym_link {
	unsigned int ifindex;
	uint32_t mtu;
	bool up;
	char kind[IFNAMSIZ]; /* empty for links without a kind */
};

enum nym_rule_kind {
	/* "not fwmark MARK lookup TABLE" */
	NYM_RULE_UNMARKED,
	/* "lookup main suppress_prefixlength 0" */
	NYM_RULE_MAIN_NO_DEFAULT,
};

struct nym_rule {
	enum nym_rule_kind kind;
	uint8_t family;
	uint32_t priority;
	uint32_t mark; /* NYM_RULE_UNMARKED only, as is table */
	uint32_t table;
};

/* NULL with errno set when there is no route netlink. */
struct nym_rtnl *nym_rtnl_open(void);
void nym_rtnl_close(struct nym_rtnl *rtnl);

/* The kernel's words for the last failure, or strerror()'s. */
const char *nym_rtnl_text(const struct nym_rtnl *rtnl);

/* -ENODEV when there is no link of that name. */
int nym_link_get(struct nym_rtnl *rtnl, const char *name,
		 struct nym_link *link);
int nym_link_create(struct nym_rtnl *rtnl, const char *name, const char *kind);
int nym_link_delete(struct nym_rtnl *rtnl, unsigned int ifindex);
int nym_link_up(struct nym_rtnl *rtnl, unsigned int ifindex, uint32_t mtu);

int nym_address_add(struct nym_rtnl *rtnl, unsigned int ifindex,
		    const struct nym_prefix *address);

/* The link's addresses, which the caller frees, also after a failure. */
struct nym_address_list {
	struct nym_prefix *addresses;
	size_t count;
};

int nym_address_list(struct nym_rtnl *rtnl, unsigned int ifindex,
		     struct nym_address_list *list);

int nym_route_add(struct nym_rtnl *rtnl, unsigned int ifindex,
		  const struct nym_prefix *destination, uint32_t table);

/*
 * MTU of the route that a packet with the mark takes to the address; of the
 * family's default route when the address is all zeros.
 */
int nym_route_mtu(struct nym_rtnl *rtnl, const struct nym_prefix *address,
		  uint32_t mark, uint32_t *mtu);

/* Whether the family's table has a route or a rule leads to it. */
int nym_table_in_use(struct nym_rtnl *rtnl, uint8_t family, uint32_t table,
		     bool *in_use);

/*
 * Priority of the family's first rule behind the local table's: a rule that
 * shall be asked before all others takes a smaller one.
 */
int nym_rule_first_priority(struct nym_rtnl *rtnl, uint8_t family,
			    uint32_t *priority);
int nym_rule_add(struct nym_rtnl *rtnl, const struct nym_rule *rule);
int nym_rule_delete(struct nym_rtnl *rtnl, const struct nym_rule *rule);

#endif
