/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/nym.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: Documentation/netlink/regenerate */

#ifndef _LINUX_NYM_GEN_H
#define _LINUX_NYM_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/nym.h>
#include <linux/time_types.h>

/* Common nested types */
extern const struct nla_policy nym_nymallowedip_nl_policy[NYMALLOWEDIP_A_FLAGS + 1];
extern const struct nla_policy nym_nympeer_nl_policy[NYMPEER_A_VIA_PORT_DRAWN + 1];

/* Ops table for nym */
extern const struct genl_split_ops nym_nl_ops[2];

int nym_nl_get_device_start(struct netlink_callback *cb);

int nym_nl_get_device_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int nym_nl_set_device_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	NYM_NLGRP_EVENTS,
};

#endif /* _LINUX_NYM_GEN_H */
