/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Generic netlink interface of the nym driver: family "nym", version 1.
 *
 * Documentation/netlink/specs/nym.yaml is the description of record: it says
 * what each attribute means, who may set it and what a dump returns.
 *
 * Commands, attributes and flags that WireGuard has keep WireGuard's numbers,
 * so that a program written for its interface works after renaming the family
 * and the link kind. What only nym has is numbered from 32 up, which leaves
 * WireGuard room to grow.
 */
#ifndef _UAPI_LINUX_NYM_H
#define _UAPI_LINUX_NYM_H

#define NYM_GENL_NAME "nym"
#define NYM_GENL_VERSION 1

#define NYM_MULTICAST_GROUP_EVENTS "events"

#define NYM_KEY_LEN 32

/* Hops in the longest path that a device accepts. */
#define NYM_MAX_HOPS 5

enum nym_cmd {
	NYM_CMD_GET_DEVICE,
	NYM_CMD_SET_DEVICE,

	NYM_CMD_EVENT = 32,
	__NYM_CMD_MAX
};

#define NYM_CMD_MAX (__NYM_CMD_MAX - 1)

enum nymdevice_flag {
	NYMDEVICE_F_REPLACE_PEERS = 1U << 0,
	__NYMDEVICE_F_ALL = NYMDEVICE_F_REPLACE_PEERS
};

enum nymdevice_attribute {
	NYMDEVICE_A_UNSPEC,
	NYMDEVICE_A_IFINDEX,
	NYMDEVICE_A_IFNAME,
	NYMDEVICE_A_PRIVATE_KEY,
	NYMDEVICE_A_PUBLIC_KEY,
	NYMDEVICE_A_FLAGS,
	NYMDEVICE_A_LISTEN_PORT,
	NYMDEVICE_A_FWMARK,
	NYMDEVICE_A_PEERS,

	NYMDEVICE_A_DROPS = 32,		/* nested enum nym_drop_reason, read only */
	__NYMDEVICE_A_LAST
};

#define NYMDEVICE_A_MAX (__NYMDEVICE_A_LAST - 1)

/* Why packets and messages were dropped: attributes of NYMDEVICE_A_DROPS, each a
 * u64 that counts them.
 */
enum nym_drop_reason {
	NYM_DROP_UNSPEC,
	NYM_DROP_PAD,

	/* received */
	NYM_DROP_MALFORMED,		/* no message of the protocol */
	NYM_DROP_CHECKSUM,
	NYM_DROP_NO_SESSION,		/* names none that is in use */
	NYM_DROP_NOT_AUTHENTIC,
	NYM_DROP_REPLAYED,
	NYM_DROP_UNKNOWN_PEER,		/* handshake of nobody we know */
	NYM_DROP_OUTSIDE_CARRIER,	/* not by the way to its peer */
	NYM_DROP_COOKIE_REQUIRED,	/* under load; answered by a cookie */
	NYM_DROP_RATE_LIMITED,		/* handshakes too fast */
	NYM_DROP_ECN,			/* a marking that cannot be */
	NYM_DROP_NOT_IP,		/* also sent */
	NYM_DROP_SOURCE_NOT_ALLOWED,	/* not in the peer's allowed IPs */
	NYM_DROP_REASSEMBLY,		/* of a nested datagram's fragments */

	/* sent */
	NYM_DROP_NO_ALLOWED_IP,		/* of any peer is the destination */
	NYM_DROP_NO_CARRIER,
	NYM_DROP_NO_VIA_ADDRESS,	/* of the endpoint's family */
	NYM_DROP_NO_ENDPOINT,
	NYM_DROP_NO_ROUTE,		/* on the real network, or it is down */
	NYM_DROP_UNREACHABLE,		/* its handshake was given up */
	NYM_DROP_TOO_BIG,
	NYM_DROP_SEGMENTATION,

	/* both */
	NYM_DROP_QUEUE_FULL,
	NYM_DROP_QUOTA,
	NYM_DROP_REMOVED,		/* the peer, or the device went down */
	NYM_DROP_NO_MEMORY,
	__NYM_DROP_LAST
};

#define NYM_DROP_MAX (__NYM_DROP_LAST - 1)

enum nympeer_flag {
	NYMPEER_F_REMOVE_ME = 1U << 0,
	NYMPEER_F_REPLACE_ALLOWEDIPS = 1U << 1,
	NYMPEER_F_UPDATE_ONLY = 1U << 2,
	__NYMPEER_F_ALL = NYMPEER_F_REMOVE_ME | NYMPEER_F_REPLACE_ALLOWEDIPS |
			  NYMPEER_F_UPDATE_ONLY
};

enum nympeer_attribute {
	NYMPEER_A_UNSPEC,
	NYMPEER_A_PUBLIC_KEY,
	NYMPEER_A_PRESHARED_KEY,
	NYMPEER_A_FLAGS,
	NYMPEER_A_ENDPOINT,
	NYMPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
	NYMPEER_A_LAST_HANDSHAKE_TIME,
	NYMPEER_A_RX_BYTES,
	NYMPEER_A_TX_BYTES,
	NYMPEER_A_ALLOWEDIPS,
	NYMPEER_A_PROTOCOL_VERSION,

	NYMPEER_A_VIA = 32,		/* carrier's public key; zeros: none */
	NYMPEER_A_VIA_ADDRESS4,		/* struct in_addr; zeros: none */
	NYMPEER_A_VIA_ADDRESS6,		/* struct in6_addr; zeros: none */
	NYMPEER_A_VIA_PORT,		/* u16; 0 on set: draw one */
	NYMPEER_A_PRIVATE_KEY,		/* identity; zeros: the device's */
	NYMPEER_A_IDENTITY,		/* identity's public key, read only */
	NYMPEER_A_QUOTA,		/* u64 bytes; all ones: unlimited */
	NYMPEER_A_QUOTA_ADD,		/* u64 bytes, added to the quota */
	NYMPEER_A_QUOTA_LOW,		/* u64 bytes; event when passed */
	NYMPEER_A_MTU,			/* u32 of the path, read only */
	NYMPEER_A_HOPS,			/* u8 length of path, read only */
	NYMPEER_A_PAD,
	NYMPEER_A_VIA_PORT_DRAWN,	/* flag: nobody set the port, read only */
	__NYMPEER_A_LAST
};

#define NYMPEER_A_MAX (__NYMPEER_A_LAST - 1)

enum nymallowedip_flag {
	NYMALLOWEDIP_F_REMOVE_ME = 1U << 0,
	__NYMALLOWEDIP_F_ALL = NYMALLOWEDIP_F_REMOVE_ME
};

enum nymallowedip_attribute {
	NYMALLOWEDIP_A_UNSPEC,
	NYMALLOWEDIP_A_FAMILY,
	NYMALLOWEDIP_A_IPADDR,
	NYMALLOWEDIP_A_CIDR_MASK,
	NYMALLOWEDIP_A_FLAGS,
	__NYMALLOWEDIP_A_LAST
};

#define NYMALLOWEDIP_A_MAX (__NYMALLOWEDIP_A_LAST - 1)

/* What a NYM_CMD_EVENT message of the "events" group reports. */
enum nym_event {
	NYM_EVENT_HANDSHAKE_COMPLETED = 1,
	NYM_EVENT_PEER_UNREACHABLE,	/* the handshake was given up */
	NYM_EVENT_ENDPOINT_MOVED,
	NYM_EVENT_QUOTA_LOW,
	NYM_EVENT_QUOTA_SPENT,
	NYM_EVENT_PATH_MTU,
};

enum nymevent_attribute {
	NYMEVENT_A_UNSPEC,
	NYMEVENT_A_IFINDEX,		/* u32 */
	NYMEVENT_A_IFNAME,		/* string */
	NYMEVENT_A_KIND,		/* u32, enum nym_event */
	NYMEVENT_A_PEER,		/* nested, attributes of nympeer:
					 * PUBLIC_KEY, then ENDPOINT, QUOTA or
					 * MTU where the kind has one
					 */
	__NYMEVENT_A_LAST
};

#define NYMEVENT_A_MAX (__NYMEVENT_A_LAST - 1)

#endif /* _UAPI_LINUX_NYM_H */
