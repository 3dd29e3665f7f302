// SPDX-License-Identifier: GPL-2.0-or-later
#include "device_message.h"

#include <string.h>

/* A message that is being written, and the first failure to fit it. */
struct writer {
	struct nlmsghdr *message;
	size_t size;
	bool full;
};

static void put(struct writer *writer, uint16_t type, size_t len,
		const void *data)
{
	if (!mnl_attr_put_check(writer->message, writer->size, type, len, data))
		writer->full = true;
}

static void put_u8(struct writer *writer, uint16_t type, uint8_t value)
{
	put(writer, type, sizeof(value), &value);
}

static void put_u16(struct writer *writer, uint16_t type, uint16_t value)
{
	put(writer, type, sizeof(value), &value);
}

static void put_u32(struct writer *writer, uint16_t type, uint32_t value)
{
	put(writer, type, sizeof(value), &value);
}

static void put_u64(struct writer *writer, uint16_t type, uint64_t value)
{
	put(writer, type, sizeof(value), &value);
}

static struct nlattr *begin_nest(struct writer *writer, uint16_t type)
{
	struct nlattr *nest = mnl_attr_nest_start_check(writer->message,
							writer->size, type);

	if (!nest)
		writer->full = true;
	return nest;
}

/* Ends @nest, or takes it back when it does not fit. */
static bool end_nest(struct writer *writer, struct nlattr *nest)
{
	if (nest && !writer->full) {
		mnl_attr_nest_end(writer->message, nest);
		return true;
	}
	if (nest)
		mnl_attr_nest_cancel(writer->message, nest);
	return false;
}

static void put_device(struct writer *writer, const struct nym_device *device)
{
	if (device->flags & NYM_DEVICE_REPLACE_PEERS)
		put_u32(writer, NYMDEVICE_A_FLAGS, NYMDEVICE_F_REPLACE_PEERS);
	if (device->flags & NYM_DEVICE_HAS_PRIVATE_KEY)
		put(writer, NYMDEVICE_A_PRIVATE_KEY, NYM_KEY_LEN,
		    device->private_key);
	if (device->flags & NYM_DEVICE_HAS_LISTEN_PORT)
		put_u16(writer, NYMDEVICE_A_LISTEN_PORT, device->listen_port);
	if (device->flags & NYM_DEVICE_HAS_FWMARK)
		put_u32(writer, NYMDEVICE_A_FWMARK, device->fwmark);
}

static void put_nesting(struct writer *writer, const struct nym_peer *peer)
{
	if (peer->flags & NYM_PEER_HAS_VIA)
		put(writer, NYMPEER_A_VIA, NYM_KEY_LEN, peer->via);
	if (peer->flags & NYM_PEER_HAS_VIA_ADDRESS) {
		put(writer, NYMPEER_A_VIA_ADDRESS4, sizeof(peer->via_address4),
		    &peer->via_address4);
		put(writer, NYMPEER_A_VIA_ADDRESS6, sizeof(peer->via_address6),
		    &peer->via_address6);
	}
	if (peer->flags & NYM_PEER_HAS_VIA_PORT)
		put_u16(writer, NYMPEER_A_VIA_PORT, peer->via_port);
	if (peer->flags & NYM_PEER_HAS_PRIVATE_KEY)
		put(writer, NYMPEER_A_PRIVATE_KEY, NYM_KEY_LEN,
		    peer->private_key);
	if (peer->flags & NYM_PEER_HAS_QUOTA)
		put_u64(writer, NYMPEER_A_QUOTA, peer->quota);
	if (peer->flags & NYM_PEER_HAS_QUOTA_ADD)
		put_u64(writer, NYMPEER_A_QUOTA_ADD, peer->quota_add);
	if (peer->flags & NYM_PEER_HAS_QUOTA_LOW)
		put_u64(writer, NYMPEER_A_QUOTA_LOW, peer->quota_low);
}

static void put_settings(struct writer *writer, const struct nym_peer *peer)
{
	if (peer->flags & NYM_PEER_HAS_PRESHARED_KEY)
		put(writer, NYMPEER_A_PRESHARED_KEY, NYM_KEY_LEN,
		    peer->preshared_key);
	if (peer->endpoint.addr.sa_family == AF_INET)
		put(writer, NYMPEER_A_ENDPOINT, sizeof(peer->endpoint.addr4),
		    &peer->endpoint.addr4);
	else if (peer->endpoint.addr.sa_family == AF_INET6)
		put(writer, NYMPEER_A_ENDPOINT, sizeof(peer->endpoint.addr6),
		    &peer->endpoint.addr6);
	if (peer->flags & NYM_PEER_HAS_KEEPALIVE)
		put_u16(writer, NYMPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
			peer->persistent_keepalive_interval);
	put_nesting(writer, peer);
}

/* Returns whether the peer's own attributes fit. */
static bool put_peer(struct writer *writer, const struct nym_peer *peer,
		     bool first)
{
	uint32_t flags = 0;

	if (peer->flags & NYM_PEER_REMOVE)
		flags |= NYMPEER_F_REMOVE_ME;
	if (peer->flags & NYM_PEER_UPDATE_ONLY)
		flags |= NYMPEER_F_UPDATE_ONLY;
	/* In a later message it would take away what the first one gave. */
	if (peer->flags & NYM_PEER_REPLACE_ALLOWEDIPS && first)
		flags |= NYMPEER_F_REPLACE_ALLOWEDIPS;
	put(writer, NYMPEER_A_PUBLIC_KEY, NYM_KEY_LEN, peer->public_key);
	if (flags)
		put_u32(writer, NYMPEER_A_FLAGS, flags);
	if (first && !(peer->flags & NYM_PEER_REMOVE))
		put_settings(writer, peer);
	return !writer->full;
}

static bool put_allowedip(struct writer *writer,
			  const struct nym_allowedip *allowedip)
{
	struct nlattr *nest = begin_nest(writer, 0);

	if (nest) {
		put_u16(writer, NYMALLOWEDIP_A_FAMILY, allowedip->family);
		put(writer, NYMALLOWEDIP_A_IPADDR,
		    nym_family_bits(allowedip->family) / 8, &allowedip->ip6);
		put_u8(writer, NYMALLOWEDIP_A_CIDR_MASK, allowedip->cidr);
		if (allowedip->remove)
			put_u32(writer, NYMALLOWEDIP_A_FLAGS,
				NYMALLOWEDIP_F_REMOVE_ME);
	}
	return end_nest(writer, nest);
}

/*
 * Writes the allowed IPs that fit. Once the peer's own attributes are in, an
 * allowed IP that does not fit is the beginning of the next message.
 */
static void put_allowedips(struct writer *writer,
			   struct nym_device_cursor *cursor)
{
	struct nlattr *nest;

	if (cursor->peer->flags & NYM_PEER_REMOVE)
		cursor->allowedip = NULL;
	if (!cursor->allowedip)
		return;
	nest = begin_nest(writer, NYMPEER_A_ALLOWEDIPS);
	if (!nest)
		return;
	while (cursor->allowedip && put_allowedip(writer, cursor->allowedip))
		cursor->allowedip = cursor->allowedip->next;
	mnl_attr_nest_end(writer->message, nest);
}

/* Returns whether the message still has room for the next peer. */
static bool put_next_peer(struct writer *writer,
			  struct nym_device_cursor *cursor)
{
	struct nlattr *nest = begin_nest(writer, 0);

	if (!nest)
		return false;
	if (!cursor->peer_begun)
		cursor->allowedip = cursor->peer->allowedips;
	if (!put_peer(writer, cursor->peer, !cursor->peer_begun)) {
		mnl_attr_nest_cancel(writer->message, nest);
		return false;
	}
	put_allowedips(writer, cursor);
	mnl_attr_nest_end(writer->message, nest);
	cursor->peer_begun = cursor->allowedip;
	if (!cursor->allowedip)
		cursor->peer = cursor->peer->next;
	return !writer->full;
}

bool nym_device_encode(struct nlmsghdr *message, size_t size,
		       const struct nym_device *device,
		       struct nym_device_cursor *cursor)
{
	struct writer writer = { .message = message, .size = size };
	struct nlattr *peers;

	put(&writer, NYMDEVICE_A_IFNAME, strlen(device->name) + 1,
	    device->name);
	if (!cursor->begun) {
		put_device(&writer, device);
		cursor->peer = device->peers;
		cursor->begun = true;
	}
	if (!cursor->peer)
		return false;
	peers = begin_nest(&writer, NYMDEVICE_A_PEERS);
	if (!peers)
		return true;
	while (cursor->peer && put_next_peer(&writer, cursor))
		;
	mnl_attr_nest_end(message, peers);
	return cursor->peer;
}
