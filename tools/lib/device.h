/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device, its peers and their allowed IPs: as the kernel reports them, or as
 * a file or command line wants them. In the second case the flags say which
 * members are stated, and what is not stated stays as it is.
 *
 * The device owns its peers, a peer owns its allowed IPs and endpoint name.
 * nym_device_free() is the one end of all of them and wipes the keys.
 */
#ifndef NYM_DEVICE_H
#define NYM_DEVICE_H

#include <linux/nym.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "key.h"

/* A quota that never ends, in the kernel's words. */
#define NYM_QUOTA_UNLIMITED UINT64_MAX

/**
 * struct nym_allowedip - an address block of a peer
 * @next: next block of the same peer, in the order of configuration
 * @family: AF_INET or AF_INET6
 * @cidr: length of the prefix in bits
 * @remove: take the block away from the peer instead of giving it
 * @ip4: address if @family is AF_INET
 * @ip6: address if @family is AF_INET6
 */
struct nym_allowedip {
	struct nym_allowedip *next;
	uint16_t family;
	uint8_t cidr;
	bool remove;
	union {
		struct in_addr ip4;
		struct in6_addr ip6;
	};
};

/**
 * union nym_endpoint - a UDP address; @addr.sa_family is AF_UNSPEC when none
 */
union nym_endpoint {
	struct sockaddr addr;
	struct sockaddr_in addr4;
	struct sockaddr_in6 addr6;
};

enum nym_peer_flag {
	NYM_PEER_REMOVE = 1U << 0,
	NYM_PEER_REPLACE_ALLOWEDIPS = 1U << 1,
	NYM_PEER_UPDATE_ONLY = 1U << 2,
	NYM_PEER_HAS_PUBLIC_KEY = 1U << 3,
	NYM_PEER_HAS_PRESHARED_KEY = 1U << 4,
	NYM_PEER_HAS_KEEPALIVE = 1U << 5,
	NYM_PEER_HAS_VIA = 1U << 6,
	NYM_PEER_HAS_VIA_ADDRESS = 1U << 7,
	NYM_PEER_HAS_VIA_PORT = 1U << 8,
	NYM_PEER_HAS_PRIVATE_KEY = 1U << 9,
	NYM_PEER_HAS_IDENTITY = 1U << 10,
	NYM_PEER_HAS_QUOTA = 1U << 11,
	NYM_PEER_HAS_QUOTA_ADD = 1U << 12,
	NYM_PEER_HAS_QUOTA_LOW = 1U << 13,
	NYM_PEER_HAS_MTU = 1U << 14,
	NYM_PEER_HAS_HOPS = 1U << 15,
};

/**
 * struct nym_peer - a peer
 * @next: next peer of the device
 * @allowedips: its address blocks
 * @allowedips_end: where the next one is appended
 * @flags: enum nym_peer_flag
 * @public_key: the remote static public key
 * @preshared_key: zeros when there is none
 * @endpoint: where to send; for a nested peer inside its carrier
 * @endpoint_name: "host:port" text that nym_device_resolve() has yet to turn
 *		   into @endpoint, or null
 * @last_handshake_sec: seconds since the epoch, 0 when there was none
 * @last_handshake_nsec: the rest, in nanoseconds
 * @rx_bytes: received
 * @tx_bytes: sent
 * @persistent_keepalive_interval: seconds, 0 for off
 * @via: public key of the carrier, zeros when there is none
 * @via_address4: own IPv4 address inside the carrier, zeros when there is none
 * @via_address6: own IPv6 address inside the carrier, zeros when there is none
 * @via_port: own UDP port inside the carrier; 0 asks the kernel to draw one
 * @via_port_is_drawn: the kernel drew it, and nobody set it
 * @private_key: private key of the peer's own identity, zeros for the device's
 * @identity: public key of the identity that is used toward the peer
 * @quota: bytes that are still carried, or NYM_QUOTA_UNLIMITED
 * @quota_add: bytes to add to the quota
 * @quota_low: an event comes when the quota falls to this; 0 for none
 * @mtu: largest inner packet that the path takes, in bytes
 * @hops: length of the path
 */
struct nym_peer {
	struct nym_peer *next;
	struct nym_allowedip *allowedips, **allowedips_end;
	unsigned int flags;
	uint8_t public_key[NYM_KEY_LEN];
	uint8_t preshared_key[NYM_KEY_LEN];
	union nym_endpoint endpoint;
	char *endpoint_name;
	int64_t last_handshake_sec;
	int64_t last_handshake_nsec;
	uint64_t rx_bytes, tx_bytes;
	uint16_t persistent_keepalive_interval;

	uint8_t via[NYM_KEY_LEN];
	struct in_addr via_address4;
	struct in6_addr via_address6;
	uint16_t via_port;
	bool via_port_is_drawn;
	uint8_t private_key[NYM_KEY_LEN];
	uint8_t identity[NYM_KEY_LEN];
	uint64_t quota, quota_add, quota_low;
	uint32_t mtu;
	uint8_t hops;
};

enum nym_device_flag {
	NYM_DEVICE_REPLACE_PEERS = 1U << 0,
	NYM_DEVICE_HAS_PRIVATE_KEY = 1U << 1,
	NYM_DEVICE_HAS_PUBLIC_KEY = 1U << 2,
	NYM_DEVICE_HAS_LISTEN_PORT = 1U << 3,
	NYM_DEVICE_HAS_FWMARK = 1U << 4,
	NYM_DEVICE_HAS_DROPS = 1U << 5,
};

/**
 * struct nym_device - a device
 * @name: of the network interface
 * @ifindex: of the network interface, 0 when not known
 * @flags: enum nym_device_flag
 * @private_key: of the device's identity
 * @public_key: of the device's identity
 * @fwmark: mark on outer packets, 0 for none
 * @listen_port: UDP port; 0 asks the kernel to draw one
 * @drops: what it has dropped, by enum nym_drop_reason
 * @peers: the peers
 * @peers_end: where the next one is appended
 */
struct nym_device {
	char name[IFNAMSIZ];
	uint32_t ifindex;
	unsigned int flags;
	uint8_t private_key[NYM_KEY_LEN];
	uint8_t public_key[NYM_KEY_LEN];
	uint32_t fwmark;
	uint16_t listen_port;
	uint64_t drops[NYM_DROP_MAX + 1];
	struct nym_peer *peers, **peers_end;
};

/* All of these return null when memory is short. */
struct nym_device *nym_device_new(void);
struct nym_peer *nym_device_add_peer(struct nym_device *device);
struct nym_allowedip *nym_peer_add_allowedip(struct nym_peer *peer);

/* Wipes and frees the device with all it owns; null is allowed. */
void nym_device_free(struct nym_device *device);

/* The same for peers that no device owns, a list or one. */
void nym_peers_free(struct nym_peer *peers);

/* Refuses names that cannot be an interface's. */
struct nym_report;
int nym_device_set_name(struct nym_device *device, const char *name,
			struct nym_report *report);

size_t nym_device_count_peers(const struct nym_device *device);

static inline bool nym_peer_is_nested(const struct nym_peer *peer)
{
	return (peer->flags & NYM_PEER_HAS_VIA) && !nym_key_is_zero(peer->via);
}

static inline bool nym_peer_has_endpoint(const struct nym_peer *peer)
{
	return peer->endpoint.addr.sa_family == AF_INET ||
	       peer->endpoint.addr.sa_family == AF_INET6;
}

static inline unsigned int nym_family_bits(uint16_t family)
{
	return family == AF_INET ? 32 : 128;
}

#endif
