// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/nym.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: Documentation/netlink/regenerate */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include <uapi/linux/nym.h>
#include <linux/time_types.h>

/* Common nested types */
const struct nla_policy nym_nymallowedip_nl_policy[NYMALLOWEDIP_A_FLAGS + 1] = {
	[NYMALLOWEDIP_A_FAMILY] = { .type = NLA_U16, },
	[NYMALLOWEDIP_A_IPADDR] = NLA_POLICY_MIN_LEN(4),
	[NYMALLOWEDIP_A_CIDR_MASK] = { .type = NLA_U8, },
	[NYMALLOWEDIP_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x1),
};

const struct nla_policy nym_nympeer_nl_policy[NYMPEER_A_VIA_PORT_DRAWN + 1] = {
	[NYMPEER_A_PUBLIC_KEY] = NLA_POLICY_EXACT_LEN(NYM_KEY_LEN),
	[NYMPEER_A_PRESHARED_KEY] = NLA_POLICY_EXACT_LEN(NYM_KEY_LEN),
	[NYMPEER_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x7),
	[NYMPEER_A_ENDPOINT] = NLA_POLICY_MIN_LEN(16),
	[NYMPEER_A_PERSISTENT_KEEPALIVE_INTERVAL] = { .type = NLA_U16, },
	[NYMPEER_A_LAST_HANDSHAKE_TIME] = NLA_POLICY_EXACT_LEN(16),
	[NYMPEER_A_RX_BYTES] = { .type = NLA_U64, },
	[NYMPEER_A_TX_BYTES] = { .type = NLA_U64, },
	[NYMPEER_A_ALLOWEDIPS] = NLA_POLICY_NESTED_ARRAY(nym_nymallowedip_nl_policy),
	[NYMPEER_A_PROTOCOL_VERSION] = { .type = NLA_U32, },
	[NYMPEER_A_VIA] = NLA_POLICY_EXACT_LEN(NYM_KEY_LEN),
	[NYMPEER_A_VIA_ADDRESS4] = NLA_POLICY_EXACT_LEN(4),
	[NYMPEER_A_VIA_ADDRESS6] = NLA_POLICY_EXACT_LEN(16),
	[NYMPEER_A_VIA_PORT] = { .type = NLA_U16, },
	[NYMPEER_A_PRIVATE_KEY] = NLA_POLICY_EXACT_LEN(NYM_KEY_LEN),
	[NYMPEER_A_IDENTITY] = NLA_POLICY_EXACT_LEN(NYM_KEY_LEN),
	[NYMPEER_A_QUOTA] = { .type = NLA_U64, },
	[NYMPEER_A_QUOTA_ADD] = { .type = NLA_U64, },
	[NYMPEER_A_QUOTA_LOW] = { .type = NLA_U64, },
	[NYMPEER_A_MTU] = { .type = NLA_U32, },
	[NYMPEER_A_HOPS] = { .type = NLA_U8, },
	[NYMPEER_A_VIA_PORT_DRAWN] = { .type = NLA_FLAG, },
};

/* NYM_CMD_GET_DEVICE - dump */
static const struct nla_policy nym_get_device_nl_policy[NYMDEVICE_A_IFNAME + 1] = {
	[NYMDEVICE_A_IFINDEX] = { .type = NLA_U32, },
	[NYMDEVICE_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* NYM_CMD_SET_DEVICE - do */
static const struct nla_policy nym_set_device_nl_policy[NYMDEVICE_A_PEERS + 1] = {
	[NYMDEVICE_A_IFINDEX] = { .type = NLA_U32, },
	[NYMDEVICE_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
	[NYMDEVICE_A_PRIVATE_KEY] = NLA_POLICY_EXACT_LEN(NYM_KEY_LEN),
	[NYMDEVICE_A_PUBLIC_KEY] = NLA_POLICY_EXACT_LEN(NYM_KEY_LEN),
	[NYMDEVICE_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x1),
	[NYMDEVICE_A_LISTEN_PORT] = { .type = NLA_U16, },
	[NYMDEVICE_A_FWMARK] = { .type = NLA_U32, },
	[NYMDEVICE_A_PEERS] = NLA_POLICY_NESTED_ARRAY(nym_nympeer_nl_policy),
};

/* Ops table for nym */
const struct genl_split_ops nym_nl_ops[2] = {
	{
		.cmd		= NYM_CMD_GET_DEVICE,
		.start		= nym_nl_get_device_start,
		.dumpit		= nym_nl_get_device_dumpit,
		.policy		= nym_get_device_nl_policy,
		.maxattr	= NYMDEVICE_A_IFNAME,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= NYM_CMD_SET_DEVICE,
		.doit		= nym_nl_set_device_doit,
		.policy		= nym_set_device_nl_policy,
		.maxattr	= NYMDEVICE_A_PEERS,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
};
