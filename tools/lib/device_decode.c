// SPDX-License-Identifier: GPL-2.0-or-later
#include "device_message.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/time_types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drop.h"

/*
 * Collects the attributes of a message or nest by type. Unknown types are those
 * of a newer driver and of no concern here.
 */
static void sort_attribute(const struct nlattr **attrs, size_t count,
			   const struct nlattr *attr)
{
	uint16_t type = mnl_attr_get_type(attr);

	if (type < count)
		attrs[type] = attr;
}

static void sort_nested(const struct nlattr **attrs, size_t count,
			const struct nlattr *nest)
{
	const struct nlattr *attr;

	memset(attrs, 0, count * sizeof(*attrs));
	mnl_attr_for_each_nested(attr, nest) {
		sort_attribute(attrs, count, attr);
	}
}

/* Copies the payload if the attribute is there. False on a wrong length. */
static bool get(void *value, size_t size, const struct nlattr *attr)
{
	if (!attr)
		return true;
	if (mnl_attr_get_payload_len(attr) != size)
		return false;
	memcpy(value, mnl_attr_get_payload(attr), size);
	return true;
}

/* The same for what may be stated or not. */
static bool get_stated(void *value, size_t size, const struct nlattr *attr,
		       unsigned int *flags, unsigned int flag)
{
	if (attr)
		*flags |= flag;
	return get(value, size, attr);
}

/* For keys, zeros stand for none. */
static bool get_key(uint8_t key[static NYM_KEY_LEN], const struct nlattr *attr,
		    unsigned int *flags, unsigned int flag)
{
	if (!get(key, NYM_KEY_LEN, attr))
		return false;
	if (attr && !nym_key_is_zero(key))
		*flags |= flag;
	return true;
}

static bool get_flag(bool *flag, const struct nlattr *attr)
{
	if (!attr)
		return true;
	*flag = true;
	return !mnl_attr_validate(attr, MNL_TYPE_FLAG);
}

static bool get_name(char name[static IFNAMSIZ], const struct nlattr *attr)
{
	if (!attr)
		return true;
	if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) ||
	    mnl_attr_get_payload_len(attr) > IFNAMSIZ)
		return false;
	snprintf(name, IFNAMSIZ, "%s", mnl_attr_get_str(attr));
	return true;
}

static bool get_endpoint(union nym_endpoint *endpoint,
			 const struct nlattr *attr)
{
	sa_family_t family;
	size_t len;

	if (!attr)
		return true;
	len = mnl_attr_get_payload_len(attr);
	if (len < sizeof(family))
		return false;
	memcpy(&family, mnl_attr_get_payload(attr), sizeof(family));
	if (family == AF_INET)
		return get(&endpoint->addr4, sizeof(endpoint->addr4), attr);
	if (family == AF_INET6)
		return get(&endpoint->addr6, sizeof(endpoint->addr6), attr);
	return false;
}

static bool get_handshake_time(struct nym_peer *peer, const struct nlattr *attr)
{
	struct __kernel_timespec time = { 0 };

	if (!get(&time, sizeof(time), attr))
		return false;
	peer->last_handshake_sec = time.tv_sec;
	peer->last_handshake_nsec = time.tv_nsec;
	return true;
}

static bool get_nesting(struct nym_peer *peer, const struct nlattr **attrs)
{
	unsigned int *flags = &peer->flags;

	return get_key(peer->via, attrs[NYMPEER_A_VIA], flags,
		       NYM_PEER_HAS_VIA) &&
	       get_stated(&peer->via_address4, sizeof(peer->via_address4),
			  attrs[NYMPEER_A_VIA_ADDRESS4], flags,
			  NYM_PEER_HAS_VIA_ADDRESS) &&
	       get_stated(&peer->via_address6, sizeof(peer->via_address6),
			  attrs[NYMPEER_A_VIA_ADDRESS6], flags,
			  NYM_PEER_HAS_VIA_ADDRESS) &&
	       get_stated(&peer->via_port, sizeof(peer->via_port),
			  attrs[NYMPEER_A_VIA_PORT], flags,
			  NYM_PEER_HAS_VIA_PORT) &&
	       get_flag(&peer->via_port_is_drawn,
			attrs[NYMPEER_A_VIA_PORT_DRAWN]) &&
	       get_key(peer->private_key, attrs[NYMPEER_A_PRIVATE_KEY], flags,
		       NYM_PEER_HAS_PRIVATE_KEY) &&
	       get_key(peer->identity, attrs[NYMPEER_A_IDENTITY], flags,
		       NYM_PEER_HAS_IDENTITY) &&
	       get_stated(&peer->quota, sizeof(peer->quota),
			  attrs[NYMPEER_A_QUOTA], flags, NYM_PEER_HAS_QUOTA) &&
	       get_stated(&peer->quota_low, sizeof(peer->quota_low),
			  attrs[NYMPEER_A_QUOTA_LOW], flags,
			  NYM_PEER_HAS_QUOTA_LOW) &&
	       get_stated(&peer->mtu, sizeof(peer->mtu), attrs[NYMPEER_A_MTU],
			  flags, NYM_PEER_HAS_MTU) &&
	       get_stated(&peer->hops, sizeof(peer->hops),
			  attrs[NYMPEER_A_HOPS], flags, NYM_PEER_HAS_HOPS);
}

static bool get_settings(struct nym_peer *peer, const struct nlattr **attrs)
{
	return get_key(peer->preshared_key, attrs[NYMPEER_A_PRESHARED_KEY],
		       &peer->flags, NYM_PEER_HAS_PRESHARED_KEY) &&
	       get_endpoint(&peer->endpoint, attrs[NYMPEER_A_ENDPOINT]) &&
	       get_stated(&peer->persistent_keepalive_interval,
			  sizeof(peer->persistent_keepalive_interval),
			  attrs[NYMPEER_A_PERSISTENT_KEEPALIVE_INTERVAL],
			  &peer->flags, NYM_PEER_HAS_KEEPALIVE) &&
	       get_handshake_time(peer, attrs[NYMPEER_A_LAST_HANDSHAKE_TIME]) &&
	       get(&peer->rx_bytes, sizeof(peer->rx_bytes),
		   attrs[NYMPEER_A_RX_BYTES]) &&
	       get(&peer->tx_bytes, sizeof(peer->tx_bytes),
		   attrs[NYMPEER_A_TX_BYTES]) &&
	       get_nesting(peer, attrs);
}

static int decode_allowedip(struct nym_peer *peer, const struct nlattr *nest)
{
	const struct nlattr *attrs[NYMALLOWEDIP_A_MAX + 1];
	struct nym_allowedip *allowedip;
	uint16_t family = AF_UNSPEC;
	uint8_t cidr = 0;

	sort_nested(attrs, NYMALLOWEDIP_A_MAX + 1, nest);
	if (!get(&family, sizeof(family), attrs[NYMALLOWEDIP_A_FAMILY]) ||
	    !get(&cidr, sizeof(cidr), attrs[NYMALLOWEDIP_A_CIDR_MASK]) ||
	    !attrs[NYMALLOWEDIP_A_IPADDR] ||
	    (family != AF_INET && family != AF_INET6) ||
	    cidr > nym_family_bits(family))
		return -EBADMSG;
	allowedip = nym_peer_add_allowedip(peer);
	if (!allowedip)
		return -ENOMEM;
	allowedip->family = family;
	allowedip->cidr = cidr;
	if (!get(&allowedip->ip6, nym_family_bits(family) / 8,
		 attrs[NYMALLOWEDIP_A_IPADDR]))
		return -EBADMSG;
	return 0;
}

static int decode_allowedips(struct nym_peer *peer, const struct nlattr *list)
{
	const struct nlattr *nest;
	int ret = 0;

	if (!list)
		return 0;
	mnl_attr_for_each_nested(nest, list) {
		ret = decode_allowedip(peer, nest);
		if (ret)
			break;
	}
	return ret;
}

/* What holds for a peer unless the message says otherwise. */
static void set_defaults(struct nym_peer *peer, const struct nym_device *device)
{
	peer->hops = 1;
	peer->flags |= NYM_PEER_HAS_HOPS;
	if (device->flags & NYM_DEVICE_HAS_PUBLIC_KEY) {
		memcpy(peer->identity, device->public_key, NYM_KEY_LEN);
		peer->flags |= NYM_PEER_HAS_IDENTITY;
	}
}

/*
 * A peer whose allowed IPs do not fit a message goes on in the next one, where
 * it has no more than its key and the rest of them.
 */
static int decode_peer(struct nym_device *device, struct nym_peer **last,
		       const struct nlattr *nest)
{
	const struct nlattr *attrs[NYMPEER_A_MAX + 1];
	uint8_t key[NYM_KEY_LEN];
	struct nym_peer *peer = *last;

	sort_nested(attrs, NYMPEER_A_MAX + 1, nest);
	if (!attrs[NYMPEER_A_PUBLIC_KEY] ||
	    !get(key, sizeof(key), attrs[NYMPEER_A_PUBLIC_KEY]))
		return -EBADMSG;
	/* Public, so the time that this takes may tell. */
	if (!peer || memcmp(peer->public_key, key, sizeof(key))) {
		peer = nym_device_add_peer(device);
		if (!peer)
			return -ENOMEM;
		memcpy(peer->public_key, key, NYM_KEY_LEN);
		peer->flags = NYM_PEER_HAS_PUBLIC_KEY;
		set_defaults(peer, device);
		*last = peer;
	}
	if (!get_settings(peer, attrs))
		return -EBADMSG;
	return decode_allowedips(peer, attrs[NYMPEER_A_ALLOWEDIPS]);
}

static bool get_drops(struct nym_device *device, const struct nlattr *nest)
{
	const struct nlattr *attrs[NYM_DROP_MAX + 1];
	unsigned int reason;

	if (!nest)
		return true;
	sort_nested(attrs, NYM_DROP_MAX + 1, nest);
	for (reason = NYM_DROP_FIRST; reason <= NYM_DROP_MAX; ++reason) {
		if (!get(&device->drops[reason], sizeof(device->drops[reason]),
			 attrs[reason]))
			return false;
	}
	device->flags |= NYM_DEVICE_HAS_DROPS;
	return true;
}

static struct nym_peer *last_peer(struct nym_device *device)
{
	if (!device->peers)
		return NULL;
	return (struct nym_peer *)((char *)device->peers_end -
				   offsetof(struct nym_peer, next));
}

int nym_device_decode(struct nym_device *device, const struct nlmsghdr *message)
{
	const struct nlattr *attrs[NYMDEVICE_A_MAX + 1] = { NULL };
	const struct nlattr *attr;
	struct nym_peer *last = last_peer(device);
	int ret = 0;

	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr)) {
		sort_attribute(attrs, NYMDEVICE_A_MAX + 1, attr);
	}
	if (!get(&device->ifindex, sizeof(device->ifindex),
		 attrs[NYMDEVICE_A_IFINDEX]) ||
	    !get_name(device->name, attrs[NYMDEVICE_A_IFNAME]) ||
	    !get_key(device->private_key, attrs[NYMDEVICE_A_PRIVATE_KEY],
		     &device->flags, NYM_DEVICE_HAS_PRIVATE_KEY) ||
	    !get_key(device->public_key, attrs[NYMDEVICE_A_PUBLIC_KEY],
		     &device->flags, NYM_DEVICE_HAS_PUBLIC_KEY) ||
	    !get_stated(&device->listen_port, sizeof(device->listen_port),
			attrs[NYMDEVICE_A_LISTEN_PORT], &device->flags,
			NYM_DEVICE_HAS_LISTEN_PORT) ||
	    !get_stated(&device->fwmark, sizeof(device->fwmark),
			attrs[NYMDEVICE_A_FWMARK], &device->flags,
			NYM_DEVICE_HAS_FWMARK) ||
	    !get_drops(device, attrs[NYMDEVICE_A_DROPS]))
		return -EBADMSG;
	if (!attrs[NYMDEVICE_A_PEERS])
		return 0;
	mnl_attr_for_each_nested(attr, attrs[NYMDEVICE_A_PEERS]) {
		ret = decode_peer(device, &last, attr);
		if (ret)
			break;
	}
	return ret;
}

int nym_event_decode(struct nym_event_report *event,
		     const struct nlmsghdr *message)
{
	const struct nlattr *peer_attrs[NYMPEER_A_MAX + 1];
	const struct nlattr *attrs[NYMEVENT_A_MAX + 1] = { NULL };
	const struct nlattr *attr;

	memset(event, 0, sizeof(*event));
	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr)) {
		sort_attribute(attrs, NYMEVENT_A_MAX + 1, attr);
	}
	if (!attrs[NYMEVENT_A_KIND] || !attrs[NYMEVENT_A_PEER] ||
	    !get(&event->ifindex, sizeof(event->ifindex),
		 attrs[NYMEVENT_A_IFINDEX]) ||
	    !get_name(event->name, attrs[NYMEVENT_A_IFNAME]) ||
	    !get(&event->kind, sizeof(event->kind), attrs[NYMEVENT_A_KIND]))
		return -EBADMSG;
	sort_nested(peer_attrs, NYMPEER_A_MAX + 1, attrs[NYMEVENT_A_PEER]);
	if (!get_key(event->peer.public_key, peer_attrs[NYMPEER_A_PUBLIC_KEY],
		     &event->peer.flags, NYM_PEER_HAS_PUBLIC_KEY) ||
	    !get_settings(&event->peer, peer_attrs))
		return -EBADMSG;
	return 0;
}
