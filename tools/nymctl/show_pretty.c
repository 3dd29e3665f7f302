// SPDX-License-Identifier: GPL-2.0-or-later
#include "show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "endpoint.h"
#include "path.h"
#include "style.h"
#include "text.h"

/* A peer and where it stood, which decides between equals. */
struct place {
	struct nym_peer *peer;
	size_t order;
};

/* The latest handshake first, those without one last. */
static int compare_handshakes(const void *a, const void *b)
{
	const struct place *first = a, *second = b;
	const struct nym_peer *p = first->peer, *q = second->peer;

	if (p->last_handshake_sec != q->last_handshake_sec)
		return p->last_handshake_sec > q->last_handshake_sec ? -1 : 1;
	if (p->last_handshake_nsec != q->last_handshake_nsec)
		return p->last_handshake_nsec > q->last_handshake_nsec ? -1 : 1;
	return (first->order > second->order) - (first->order < second->order);
}

static void sort_peers(struct nym_device *device)
{
	size_t count = nym_device_count_peers(device), i = 0;
	struct place *places = calloc(count + 1, sizeof(*places));
	struct nym_peer *peer;

	/* The order is a service; without memory there is none. */
	if (!places)
		return;
	for (peer = device->peers; peer; peer = peer->next, ++i) {
		places[i].peer = peer;
		places[i].order = i;
	}
	qsort(places, count, sizeof(*places), compare_handshakes);
	device->peers_end = &device->peers;
	for (i = 0; i < count; ++i) {
		*device->peers_end = places[i].peer;
		device->peers_end = &places[i].peer->next;
	}
	*device->peers_end = NULL;
	free(places);
}

static void print_label(const struct style *style, const char *label)
{
	printf("  %s%s%s: ", style->bold, label, style->reset);
}

static void print_key(const struct style *style, const char *label,
		      const uint8_t key[static NYM_KEY_LEN])
{
	char base64[NYM_KEY_BASE64_SIZE];

	nym_key_to_base64(base64, key);
	print_label(style, label);
	printf("%s\n", base64);
}

static void print_secret_key(const struct style *style, const char *label,
			     const uint8_t key[static NYM_KEY_LEN])
{
	char base64[NYM_KEY_BASE64_SIZE];

	print_label(style, label);
	if (!show_reveals_keys()) {
		puts("(hidden)");
		return;
	}
	nym_key_to_base64(base64, key);
	puts(base64);
	sodium_memzero(base64, sizeof(base64));
}

static void print_duration(const struct style *style, uint64_t left)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = {
		{ "year", 365 * 24 * 60 * 60 },
		{ "day", 24 * 60 * 60 },
		{ "hour", 60 * 60 },
		{ "minute", 60 },
		{ "second", 1 },
	};
	const char *separator = "";
	uint64_t number;
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); ++i) {
		number = left / units[i].seconds;
		left %= units[i].seconds;
		if (!number)
			continue;
		printf("%s%" PRIu64 " %s%s%s%s", separator, number, style->cyan,
		       units[i].name, number == 1 ? "" : "s", style->reset);
		separator = ", ";
	}
}

static void print_age(const struct style *style, int64_t when)
{
	int64_t now = time(NULL);

	if (now == when) {
		puts("Now");
	} else if (now < when) {
		printf("(%sSystem clock wound backward; connection problems may ensue.%s)\n",
		       style->red, style->reset);
	} else {
		print_duration(style, (uint64_t)(now - when));
		puts(" ago");
	}
}

static void print_bytes(const struct style *style, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double number = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		printf("%" PRIu64 " %sB%s", bytes, style->cyan, style->reset);
		return;
	}
	while (i + 1 < sizeof(units) / sizeof(units[0]) &&
	       bytes >> (10 * (i + 2))) {
		number /= 1024;
		++i;
	}
	printf("%.2f %s%s%s", number, style->cyan, units[i], style->reset);
}

static void print_allowedips(const struct style *style,
			     const struct nym_peer *peer)
{
	const struct nym_allowedip *allowedip;
	char address[INET6_ADDRSTRLEN];

	print_label(style, "allowed ips");
	if (!peer->allowedips)
		puts("(none)");
	for (allowedip = peer->allowedips; allowedip;
	     allowedip = allowedip->next) {
		nym_allowedip_address_to_text(address, allowedip);
		printf("%s%s/%s%u%s", address, style->cyan, style->reset,
		       allowedip->cidr, allowedip->next ? ", " : "\n");
	}
}

/* From the entry inwards, each hop by its endpoint. */
static void print_path(const struct style *style, const struct nym_peer *peer,
		       const struct nym_peer_index *index)
{
	char endpoint[NYM_ENDPOINT_TEXT_SIZE];
	struct nym_path path;
	unsigned int i;

	if (!nym_path_find(&path, index, peer))
		return;
	print_label(style, "path");
	if (!path.complete)
		printf("%s(carrier absent, nothing is sent)%s > ", style->red,
		       style->reset);
	for (i = 0; i < path.length; ++i) {
		if (nym_peer_has_endpoint(path.hops[i]))
			nym_endpoint_to_text(endpoint, &path.hops[i]->endpoint);
		printf("%s%s%s%s%s", i ? " > " : "",
		       nym_peer_has_endpoint(path.hops[i]) ? endpoint :
							     "(no endpoint)",
		       style->cyan,
		       i + 1 == path.length ? " exit" :
		       !i && path.complete  ? " entry" :
					      "",
		       style->reset);
	}
	putchar('\n');
}

static bool has_own_identity(const struct nym_device *device,
			     const struct nym_peer *peer)
{
	return peer->flags & NYM_PEER_HAS_IDENTITY &&
	       !nym_key_equal(peer->identity, device->public_key);
}

static void print_nesting(const struct style *style,
			  const struct nym_peer *peer,
			  const struct nym_peer_index *index)
{
	char addresses[NYM_VIA_ADDRESS_TEXT_SIZE];

	print_key(style, "via", peer->via);
	nym_via_address_to_text(addresses, peer, ", ");
	if (addresses[0]) {
		print_label(style, "via address");
		puts(addresses);
	}
	if (peer->via_port) {
		print_label(style, "via port");
		printf("%u\n", peer->via_port);
	}
	print_path(style, peer, index);
	if (peer->mtu) {
		print_label(style, "mtu");
		printf("%" PRIu32 "\n", peer->mtu);
	}
}

static void print_quota(const struct style *style, const struct nym_peer *peer)
{
	print_label(style, "quota");
	print_bytes(style, peer->quota);
	fputs(" left", stdout);
	if (peer->quota_low) {
		fputs(", low at ", stdout);
		print_bytes(style, peer->quota_low);
	}
	putchar('\n');
}

static void print_peer(const struct style *style,
		       const struct nym_device *device,
		       const struct nym_peer *peer,
		       const struct nym_peer_index *index)
{
	char text[NYM_ENDPOINT_TEXT_SIZE];

	nym_key_to_base64(text, peer->public_key);
	printf("%s%speer%s: %s%s%s\n", style->yellow, style->bold, style->reset,
	       style->yellow, text, style->reset);
	if (peer->flags & NYM_PEER_HAS_PRESHARED_KEY)
		print_secret_key(style, "preshared key", peer->preshared_key);
	if (nym_peer_has_endpoint(peer)) {
		nym_endpoint_to_text(text, &peer->endpoint);
		print_label(style, "endpoint");
		puts(text);
	}
	print_allowedips(style, peer);
	if (peer->last_handshake_sec) {
		print_label(style, "latest handshake");
		print_age(style, peer->last_handshake_sec);
	}
	if (peer->rx_bytes || peer->tx_bytes) {
		print_label(style, "transfer");
		print_bytes(style, peer->rx_bytes);
		fputs(" received, ", stdout);
		print_bytes(style, peer->tx_bytes);
		puts(" sent");
	}
	if (peer->persistent_keepalive_interval) {
		print_label(style, "persistent keepalive");
		fputs("every ", stdout);
		print_duration(style, peer->persistent_keepalive_interval);
		putchar('\n');
	}
	if (has_own_identity(device, peer))
		print_key(style, "identity", peer->identity);
	if (nym_peer_is_nested(peer))
		print_nesting(style, peer, index);
	if (peer->flags & NYM_PEER_HAS_QUOTA &&
	    peer->quota != NYM_QUOTA_UNLIMITED)
		print_quota(style, peer);
	if (peer->next)
		putchar('\n');
}

static void print_device(const struct style *style,
			 const struct nym_device *device)
{
	printf("%s%s%sinterface%s: %s%s%s\n", style->reset, style->green,
	       style->bold, style->reset, style->green, device->name,
	       style->reset);
	if (device->flags & NYM_DEVICE_HAS_PUBLIC_KEY)
		print_key(style, "public key", device->public_key);
	if (device->flags & NYM_DEVICE_HAS_PRIVATE_KEY)
		print_secret_key(style, "private key", device->private_key);
	if (device->listen_port) {
		print_label(style, "listening port");
		printf("%u\n", device->listen_port);
	}
	if (device->fwmark) {
		print_label(style, "fwmark");
		printf("0x%" PRIx32 "\n", device->fwmark);
	}
	if (device->peers)
		putchar('\n');
}

void show_pretty(struct nym_device *device)
{
	const struct style *style = style_of_output();
	struct nym_peer_index index;
	const struct nym_peer *peer;

	if (nym_peer_index_build(&index, device))
		memset(&index, 0, sizeof(index));
	sort_peers(device);
	print_device(style, device);
	for (peer = device->peers; peer; peer = peer->next)
		print_peer(style, device, peer, &index);
	nym_peer_index_free(&index);
}
