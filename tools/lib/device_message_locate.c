// SPDX-License-Identifier: GPL-2.0-or-later
#include "device_message.h"

#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

static const char *const device_names[NYMDEVICE_A_MAX + 1] = {
	[NYMDEVICE_A_IFINDEX] = "interface index",
	[NYMDEVICE_A_IFNAME] = "interface name",
	[NYMDEVICE_A_PRIVATE_KEY] = "private key",
	[NYMDEVICE_A_FLAGS] = "flags",
	[NYMDEVICE_A_LISTEN_PORT] = "listen port",
	[NYMDEVICE_A_FWMARK] = "fwmark",
	[NYMDEVICE_A_PEERS] = "peers",
};

static const char *const peer_names[NYMPEER_A_MAX + 1] = {
	[NYMPEER_A_PUBLIC_KEY] = "public key",
	[NYMPEER_A_PRESHARED_KEY] = "preshared key",
	[NYMPEER_A_FLAGS] = "flags",
	[NYMPEER_A_ENDPOINT] = "endpoint",
	[NYMPEER_A_PERSISTENT_KEEPALIVE_INTERVAL] = "persistent keepalive",
	[NYMPEER_A_ALLOWEDIPS] = "allowed ips",
	[NYMPEER_A_VIA] = "via",
	[NYMPEER_A_VIA_ADDRESS4] = "via address",
	[NYMPEER_A_VIA_ADDRESS6] = "via address",
	[NYMPEER_A_VIA_PORT] = "via port",
	[NYMPEER_A_VIA_PORT_DRAWN] = "via port",
	[NYMPEER_A_PRIVATE_KEY] = "identity",
	[NYMPEER_A_QUOTA] = "quota",
	[NYMPEER_A_QUOTA_ADD] = "quota",
	[NYMPEER_A_QUOTA_LOW] = "quota low",
};

static const char *name_of(const char *const *names, size_t count,
			   const struct nlattr *attr)
{
	uint16_t type = mnl_attr_get_type(attr);

	return type < count && names[type] ? names[type] : "an attribute";
}

static bool covers(const struct nlmsghdr *message, const struct nlattr *attr,
		   uint32_t offset)
{
	size_t begin = (size_t)((const char *)attr - (const char *)message);

	return offset >= begin && offset < begin + attr->nla_len;
}

static bool begins_at(const struct nlmsghdr *message, const struct nlattr *attr,
		      uint32_t offset)
{
	return (const char *)message + offset == (const char *)attr;
}

/* @peer covers @offset. */
static void locate_in_peer(char *text, size_t size,
			   const struct nlmsghdr *message,
			   const struct nlattr *peer, uint32_t offset)
{
	char key[NYM_KEY_BASE64_SIZE] = "";
	const struct nlattr *attr;
	const char *name = "";

	mnl_attr_for_each_nested(attr, peer) {
		if (mnl_attr_get_type(attr) == NYMPEER_A_PUBLIC_KEY &&
		    mnl_attr_get_payload_len(attr) == NYM_KEY_LEN)
			nym_key_to_base64(key, mnl_attr_get_payload(attr));
		if (covers(message, attr, offset))
			name = name_of(peer_names, NYMPEER_A_MAX + 1, attr);
	}
	snprintf(text, size, "peer %s%s%s", key, name[0] ? ": " : "", name);
}

void nym_device_message_locate(char *text, size_t size,
			       const struct nlmsghdr *message, uint32_t offset)
{
	const struct nlattr *attr, *peer;

	text[0] = '\0';
	if (!offset)
		return;
	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr)) {
		if (!covers(message, attr, offset))
			continue;
		snprintf(text, size, "%s",
			 name_of(device_names, NYMDEVICE_A_MAX + 1, attr));
		if (mnl_attr_get_type(attr) != NYMDEVICE_A_PEERS ||
		    begins_at(message, attr, offset))
			return;
		mnl_attr_for_each_nested(peer, attr) {
			if (covers(message, peer, offset))
				locate_in_peer(text, size, message, peer,
					       offset);
		}
		return;
	}
}
