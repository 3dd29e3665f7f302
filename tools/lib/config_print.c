// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <sodium.h>

#include "endpoint.h"
#include "text.h"

static void print_key(FILE *stream, const char *name,
		      const uint8_t key[static NYM_KEY_LEN])
{
	char base64[NYM_KEY_BASE64_SIZE];

	nym_key_to_base64(base64, key);
	fprintf(stream, "%s = %s\n", name, base64);
	sodium_memzero(base64, sizeof(base64));
}

static void print_allowedips(FILE *stream, const struct nym_peer *peer)
{
	const struct nym_allowedip *allowedip;
	char text[NYM_ALLOWEDIP_TEXT_SIZE];
	const char *before = "AllowedIPs = ";

	for (allowedip = peer->allowedips; allowedip;
	     allowedip = allowedip->next) {
		nym_allowedip_to_text(text, allowedip);
		fprintf(stream, "%s%s", before, text);
		before = ", ";
	}
	if (peer->allowedips)
		fputc('\n', stream);
}

static void print_nesting(FILE *stream, const struct nym_peer *peer)
{
	char text[NYM_VIA_ADDRESS_TEXT_SIZE];

	if (peer->flags & NYM_PEER_HAS_PRIVATE_KEY)
		print_key(stream, "PrivateKey", peer->private_key);
	if (nym_peer_is_nested(peer))
		print_key(stream, "Via", peer->via);
	nym_via_address_to_text(text, peer, ", ");
	if (text[0])
		fprintf(stream, "ViaAddress = %s\n", text);
	/* Read back, a drawn port would never be drawn anew. */
	if (peer->flags & NYM_PEER_HAS_VIA_PORT && peer->via_port &&
	    !peer->via_port_is_drawn)
		fprintf(stream, "ViaPort = %u\n", peer->via_port);
	if (peer->flags & NYM_PEER_HAS_QUOTA &&
	    peer->quota != NYM_QUOTA_UNLIMITED)
		fprintf(stream, "Quota = %" PRIu64 "\n", peer->quota);
	if (peer->flags & NYM_PEER_HAS_QUOTA_LOW && peer->quota_low)
		fprintf(stream, "QuotaLow = %" PRIu64 "\n", peer->quota_low);
}

static void print_peer(FILE *stream, const struct nym_peer *peer)
{
	char endpoint[NYM_ENDPOINT_TEXT_SIZE];

	fputs("[Peer]\n", stream);
	print_key(stream, "PublicKey", peer->public_key);
	if (peer->flags & NYM_PEER_HAS_PRESHARED_KEY)
		print_key(stream, "PresharedKey", peer->preshared_key);
	print_allowedips(stream, peer);
	if (nym_peer_has_endpoint(peer)) {
		nym_endpoint_to_text(endpoint, &peer->endpoint);
		fprintf(stream, "Endpoint = %s\n", endpoint);
	} else if (peer->endpoint_name) {
		fprintf(stream, "Endpoint = %s\n", peer->endpoint_name);
	}
	if (peer->persistent_keepalive_interval)
		fprintf(stream, "PersistentKeepalive = %u\n",
			peer->persistent_keepalive_interval);
	print_nesting(stream, peer);
	if (peer->next)
		fputc('\n', stream);
}

void nym_config_print(FILE *stream, const struct nym_device *device)
{
	const struct nym_peer *peer;

	fputs("[Interface]\n", stream);
	if (device->listen_port)
		fprintf(stream, "ListenPort = %u\n", device->listen_port);
	if (device->fwmark)
		fprintf(stream, "FwMark = 0x%x\n", device->fwmark);
	if (device->flags & NYM_DEVICE_HAS_PRIVATE_KEY &&
	    !nym_key_is_zero(device->private_key))
		print_key(stream, "PrivateKey", device->private_key);
	fputc('\n', stream);
	for (peer = device->peers; peer; peer = peer->next)
		print_peer(stream, peer);
}
