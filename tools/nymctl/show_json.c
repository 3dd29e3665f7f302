// SPDX-License-Identifier: GPL-2.0-or-later
#include "show.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "drop.h"
#include "endpoint.h"
#include "path.h"
#include "text.h"

/* Which member of the object a field of the listing for scripts is. */
static const struct {
	const char *field;
	const char *members[2];
	bool of_device;
} fields[] = {
	{ "public-key", { "public_key" }, true },
	{ "private-key", { "private_key" }, true },
	{ "listen-port", { "listen_port" }, true },
	{ "fwmark", { "fwmark" }, true },
	{ "drops", { "drops" }, true },
	{ "peers", { NULL }, false },
	{ "preshared-keys", { "preshared_key" }, false },
	{ "endpoints", { "endpoint" }, false },
	{ "allowed-ips", { "allowed_ips" }, false },
	{ "latest-handshakes", { "latest_handshake" }, false },
	{ "transfer", { "rx_bytes", "tx_bytes" }, false },
	{ "persistent-keepalive", { "persistent_keepalive" }, false },
	{ "via", { "via" }, false },
	{ "via-address", { "via_address" }, false },
	{ "via-port", { "via_port", "via_port_drawn" }, false },
	{ "identity", { "identity" }, false },
	{ "quota", { "quota" }, false },
	{ "mtu", { "mtu" }, false },
	{ "hops", { "hops" }, false },
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static void put(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value);
}

static json_t *key_value(const uint8_t key[static NYM_KEY_LEN], bool present)
{
	char base64[NYM_KEY_BASE64_SIZE];
	json_t *value;

	if (!present)
		return json_null();
	nym_key_to_base64(base64, key);
	value = json_string(base64);
	sodium_memzero(base64, sizeof(base64));
	return value;
}

/* Null stands for off, none and unlimited. */
static json_t *number_value(uint64_t number, bool present)
{
	return present ? json_integer((json_int_t)number) : json_null();
}

static json_t *endpoint_value(const struct nym_peer *peer)
{
	char text[NYM_ENDPOINT_TEXT_SIZE];

	if (!nym_peer_has_endpoint(peer))
		return json_null();
	nym_endpoint_to_text(text, &peer->endpoint);
	return json_string(text);
}

static json_t *allowedips_value(const struct nym_peer *peer)
{
	const struct nym_allowedip *allowedip;
	char text[NYM_ALLOWEDIP_TEXT_SIZE];
	json_t *list = json_array();

	for (allowedip = peer->allowedips; allowedip;
	     allowedip = allowedip->next) {
		nym_allowedip_to_text(text, allowedip);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *via_address_value(const struct nym_peer *peer)
{
	char text[NYM_VIA_ADDRESS_TEXT_SIZE], *rest = text, *address;
	json_t *list = json_array();

	nym_via_address_to_text(text, peer, ",");
	while (text[0] && (address = strsep(&rest, ",")))
		json_array_append_new(list, json_string(address));
	return list;
}

/* The public keys from the entry to the peer; null when a carrier is absent. */
static json_t *path_value(const struct nym_peer *peer,
			  const struct nym_peer_index *index)
{
	struct nym_path path;
	unsigned int i;
	json_t *list;

	if (!nym_path_find(&path, index, peer) || !path.complete)
		return json_null();
	list = json_array();
	for (i = 0; i < path.length; ++i)
		json_array_append_new(list, key_value(path.hops[i]->public_key,
						      true));
	return list;
}

static void put_nesting(json_t *object, const struct nym_peer *peer,
			const struct nym_peer_index *index, bool secrets)
{
	bool has_own = peer->flags & NYM_PEER_HAS_PRIVATE_KEY;

	put(object, "via", key_value(peer->via, nym_peer_is_nested(peer)));
	put(object, "via_address", via_address_value(peer));
	put(object, "via_port", number_value(peer->via_port, peer->via_port));
	put(object, "via_port_drawn",
	    peer->via_port ? json_boolean(peer->via_port_is_drawn) :
			     json_null());
	put(object, "path", path_value(peer, index));
	put(object, "identity",
	    key_value(peer->identity, peer->flags & NYM_PEER_HAS_IDENTITY));
	if (secrets)
		put(object, "identity_private_key",
		    key_value(peer->private_key, has_own));
	put(object, "quota",
	    number_value(peer->quota, peer->quota != NYM_QUOTA_UNLIMITED));
	put(object, "quota_low",
	    number_value(peer->quota_low, peer->quota_low));
	put(object, "mtu", number_value(peer->mtu, peer->mtu));
	put(object, "hops", number_value(peer->hops, peer->hops));
}

static json_t *peer_value(const struct nym_peer *peer,
			  const struct nym_peer_index *index, bool secrets)
{
	uint16_t keepalive = peer->persistent_keepalive_interval;
	bool has_preshared = peer->flags & NYM_PEER_HAS_PRESHARED_KEY;
	json_t *object = json_object();

	put(object, "public_key", key_value(peer->public_key, true));
	if (secrets)
		put(object, "preshared_key",
		    key_value(peer->preshared_key, has_preshared));
	put(object, "endpoint", endpoint_value(peer));
	put(object, "allowed_ips", allowedips_value(peer));
	put(object, "latest_handshake",
	    number_value((uint64_t)peer->last_handshake_sec,
			 peer->last_handshake_sec));
	put(object, "rx_bytes", number_value(peer->rx_bytes, true));
	put(object, "tx_bytes", number_value(peer->tx_bytes, true));
	put(object, "persistent_keepalive", number_value(keepalive, keepalive));
	put_nesting(object, peer, index, secrets);
	return object;
}

/* Null where the driver is one that does not count them. */
static json_t *drops_value(const struct nym_device *device)
{
	unsigned int reason;
	json_t *object;

	if (!(device->flags & NYM_DEVICE_HAS_DROPS))
		return json_null();
	object = json_object();
	for (reason = NYM_DROP_FIRST; reason <= NYM_DROP_MAX; ++reason)
		put(object, nym_drop_name(reason),
		    number_value(device->drops[reason], true));
	return object;
}

static json_t *device_value(const struct nym_device *device, bool secrets)
{
	bool has_public = device->flags & NYM_DEVICE_HAS_PUBLIC_KEY;
	bool has_private = device->flags & NYM_DEVICE_HAS_PRIVATE_KEY;
	json_t *object = json_object(), *list = json_array();
	struct nym_peer_index index;
	const struct nym_peer *peer;

	put(object, "name", json_string(device->name));
	put(object, "ifindex", number_value(device->ifindex, true));
	put(object, "public_key", key_value(device->public_key, has_public));
	if (secrets)
		put(object, "private_key",
		    key_value(device->private_key, has_private));
	put(object, "listen_port",
	    number_value(device->listen_port, device->listen_port));
	put(object, "fwmark", number_value(device->fwmark, device->fwmark));
	put(object, "drops", drops_value(device));
	if (nym_peer_index_build(&index, device))
		memset(&index, 0, sizeof(index));
	for (peer = device->peers; peer; peer = peer->next)
		json_array_append_new(list, peer_value(peer, &index, secrets));
	nym_peer_index_free(&index);
	put(object, "peers", list);
	return object;
}

static void copy_member(json_t *to, json_t *from, const char *name)
{
	if (name)
		json_object_set(to, name, json_object_get(from, name));
}

static json_t *select_member(json_t *device, size_t field)
{
	json_t *object = json_object(), *list, *peer, *selected;
	size_t i;

	copy_member(object, device, "name");
	if (fields[field].of_device) {
		copy_member(object, device, fields[field].members[0]);
		return object;
	}
	list = json_array();
	json_array_foreach(json_object_get(device, "peers"), i, peer) {
		selected = json_object();
		copy_member(selected, peer, "public_key");
		copy_member(selected, peer, fields[field].members[0]);
		copy_member(selected, peer, fields[field].members[1]);
		json_array_append_new(list, selected);
	}
	put(object, "peers", list);
	return object;
}

json_t *show_json(const struct nym_device *device, const char *field)
{
	json_t *whole, *selected;
	size_t i;

	whole = device_value(device, field || show_reveals_keys());
	if (!field || !strcmp(field, "dump"))
		return whole;
	for (i = 0; i < FIELDS && strcmp(fields[i].field, field); ++i)
		;
	selected = i < FIELDS ? select_member(whole, i) : json_null();
	json_decref(whole);
	return selected;
}
