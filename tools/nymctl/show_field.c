// SPDX-License-Identifier: GPL-2.0-or-later
#include "show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "drop.h"
#include "endpoint.h"
#include "text.h"

static void print_key(const uint8_t key[static NYM_KEY_LEN], bool present)
{
	char base64[NYM_KEY_BASE64_SIZE];

	if (!present) {
		fputs("(none)", stdout);
		return;
	}
	nym_key_to_base64(base64, key);
	fputs(base64, stdout);
	sodium_memzero(base64, sizeof(base64));
}

static void print_public_key(const struct nym_device *device)
{
	print_key(device->public_key,
		  device->flags & NYM_DEVICE_HAS_PUBLIC_KEY);
}

static void print_private_key(const struct nym_device *device)
{
	print_key(device->private_key,
		  device->flags & NYM_DEVICE_HAS_PRIVATE_KEY);
}

static void print_listen_port(const struct nym_device *device)
{
	printf("%u", device->listen_port);
}

static void print_fwmark(const struct nym_device *device)
{
	if (device->fwmark)
		printf("0x%" PRIx32, device->fwmark);
	else
		fputs("off", stdout);
}

static void print_preshared_key(const struct nym_peer *peer)
{
	print_key(peer->preshared_key,
		  peer->flags & NYM_PEER_HAS_PRESHARED_KEY);
}

static void print_endpoint(const struct nym_peer *peer)
{
	char text[NYM_ENDPOINT_TEXT_SIZE] = "(none)";

	if (nym_peer_has_endpoint(peer))
		nym_endpoint_to_text(text, &peer->endpoint);
	fputs(text, stdout);
}

static void print_blocks(const struct nym_peer *peer, char separator)
{
	const struct nym_allowedip *allowedip;
	char text[NYM_ALLOWEDIP_TEXT_SIZE];

	if (!peer->allowedips)
		fputs("(none)", stdout);
	for (allowedip = peer->allowedips; allowedip;
	     allowedip = allowedip->next) {
		nym_allowedip_to_text(text, allowedip);
		fputs(text, stdout);
		if (allowedip->next)
			putchar(separator);
	}
}

static void print_allowedips(const struct nym_peer *peer)
{
	print_blocks(peer, ' ');
}

static void print_latest_handshake(const struct nym_peer *peer)
{
	printf("%" PRId64, peer->last_handshake_sec);
}

static void print_transfer(const struct nym_peer *peer)
{
	printf("%" PRIu64 "\t%" PRIu64, peer->rx_bytes, peer->tx_bytes);
}

static void print_number_or_off(uint64_t number)
{
	if (number)
		printf("%" PRIu64, number);
	else
		fputs("off", stdout);
}

static void print_keepalive(const struct nym_peer *peer)
{
	print_number_or_off(peer->persistent_keepalive_interval);
}

static void print_via(const struct nym_peer *peer)
{
	print_key(peer->via, nym_peer_is_nested(peer));
}

static void print_via_address(const struct nym_peer *peer)
{
	char text[NYM_VIA_ADDRESS_TEXT_SIZE];

	nym_via_address_to_text(text, peer, ",");
	fputs(text[0] ? text : "(none)", stdout);
}

static void print_via_port(const struct nym_peer *peer)
{
	printf("%u", peer->via_port);
}

static void print_identity(const struct nym_peer *peer)
{
	print_key(peer->identity, peer->flags & NYM_PEER_HAS_IDENTITY);
}

static void print_identity_private_key(const struct nym_peer *peer)
{
	print_key(peer->private_key, peer->flags & NYM_PEER_HAS_PRIVATE_KEY);
}

static void print_quota(const struct nym_peer *peer)
{
	if (peer->quota == NYM_QUOTA_UNLIMITED)
		fputs("off", stdout);
	else
		printf("%" PRIu64, peer->quota);
}

static void print_quota_low(const struct nym_peer *peer)
{
	print_number_or_off(peer->quota_low);
}

static void print_mtu(const struct nym_peer *peer)
{
	printf("%" PRIu32, peer->mtu);
}

static void print_hops(const struct nym_peer *peer)
{
	printf("%u", peer->hops);
}

static const struct {
	const char *name;
	void (*print)(const struct nym_device *device);
} device_fields[] = {
	{ "public-key", print_public_key },
	{ "private-key", print_private_key },
	{ "listen-port", print_listen_port },
	{ "fwmark", print_fwmark },
};

/* Printed behind the peer's public key. */
static const struct {
	const char *name;
	void (*print)(const struct nym_peer *peer);
} peer_fields[] = {
	{ "peers", NULL },
	{ "preshared-keys", print_preshared_key },
	{ "endpoints", print_endpoint },
	{ "allowed-ips", print_allowedips },
	{ "latest-handshakes", print_latest_handshake },
	{ "transfer", print_transfer },
	{ "persistent-keepalive", print_keepalive },
	{ "via", print_via },
	{ "via-address", print_via_address },
	{ "via-port", print_via_port },
	{ "identity", print_identity },
	{ "quota", print_quota },
	{ "mtu", print_mtu },
	{ "hops", print_hops },
};

#define DEVICE_FIELDS (sizeof(device_fields) / sizeof(device_fields[0]))
#define PEER_FIELDS (sizeof(peer_fields) / sizeof(peer_fields[0]))

static void print_name(const struct nym_device *device, bool with_name)
{
	if (with_name)
		printf("%s\t", device->name);
}

/* wg's columns in wg's order, then those for nesting. */
static void (*const dump_columns[])(const struct nym_peer *peer) = {
	print_preshared_key,
	print_endpoint,
	NULL, /* allowed IPs, with commas here */
	print_latest_handshake,
	print_transfer,
	print_keepalive,
	print_via,
	print_via_address,
	print_via_port,
	print_identity,
	print_identity_private_key,
	print_quota,
	print_quota_low,
	print_mtu,
	print_hops,
};

static void dump_peer(const struct nym_peer *peer)
{
	size_t i;

	print_key(peer->public_key, true);
	for (i = 0; i < sizeof(dump_columns) / sizeof(dump_columns[0]); ++i) {
		putchar('\t');
		if (dump_columns[i])
			dump_columns[i](peer);
		else
			print_blocks(peer, ',');
	}
	putchar('\n');
}

static void dump(const struct nym_device *device, bool with_name)
{
	const struct nym_peer *peer;

	print_name(device, with_name);
	print_private_key(device);
	putchar('\t');
	print_public_key(device);
	putchar('\t');
	print_listen_port(device);
	putchar('\t');
	print_fwmark(device);
	putchar('\n');
	for (peer = device->peers; peer; peer = peer->next) {
		print_name(device, with_name);
		dump_peer(peer);
	}
}

static void show_drops(const struct nym_device *device, bool with_name)
{
	unsigned int reason;

	if (!(device->flags & NYM_DEVICE_HAS_DROPS))
		return;
	for (reason = NYM_DROP_FIRST; reason <= NYM_DROP_MAX; ++reason) {
		print_name(device, with_name);
		printf("%s\t%" PRIu64 "\n", nym_drop_name(reason),
		       device->drops[reason]);
	}
}

static void show_peer_field(const struct nym_device *device,
			    void (*print)(const struct nym_peer *peer),
			    bool with_name)
{
	const struct nym_peer *peer;

	for (peer = device->peers; peer; peer = peer->next) {
		print_name(device, with_name);
		print_key(peer->public_key, true);
		if (print) {
			putchar('\t');
			print(peer);
		}
		putchar('\n');
	}
}

bool show_field(const struct nym_device *device, const char *field,
		bool with_name)
{
	size_t i;

	if (!strcmp(field, "dump")) {
		dump(device, with_name);
		return true;
	}
	if (!strcmp(field, "drops")) {
		show_drops(device, with_name);
		return true;
	}
	for (i = 0; i < DEVICE_FIELDS; ++i) {
		if (strcmp(device_fields[i].name, field))
			continue;
		print_name(device, with_name);
		device_fields[i].print(device);
		putchar('\n');
		return true;
	}
	for (i = 0; i < PEER_FIELDS; ++i) {
		if (strcmp(peer_fields[i].name, field))
			continue;
		show_peer_field(device, peer_fields[i].print, with_name);
		return true;
	}
	return false;
}

bool show_has_field(const char *field)
{
	size_t i;

	for (i = 0; i < DEVICE_FIELDS; ++i) {
		if (!strcmp(device_fields[i].name, field))
			return true;
	}
	for (i = 0; i < PEER_FIELDS; ++i) {
		if (!strcmp(peer_fields[i].name, field))
			return true;
	}
	return !strcmp(field, "drops") || !strcmp(field, "dump");
}
