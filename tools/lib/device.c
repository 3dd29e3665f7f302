// SPDX-License-Identifier: GPL-2.0-or-later
#include "device.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

struct nym_device *nym_device_new(void)
{
	struct nym_device *device = calloc(1, sizeof(*device));

	if (device)
		device->peers_end = &device->peers;
	return device;
}

struct nym_peer *nym_device_add_peer(struct nym_device *device)
{
	struct nym_peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	peer->allowedips_end = &peer->allowedips;
	peer->quota = NYM_QUOTA_UNLIMITED;
	*device->peers_end = peer;
	device->peers_end = &peer->next;
	return peer;
}

struct nym_allowedip *nym_peer_add_allowedip(struct nym_peer *peer)
{
	struct nym_allowedip *allowedip = calloc(1, sizeof(*allowedip));

	if (!allowedip)
		return NULL;
	*peer->allowedips_end = allowedip;
	peer->allowedips_end = &allowedip->next;
	return allowedip;
}

void nym_peers_free(struct nym_peer *peers)
{
	struct nym_allowedip *allowedip, *next_allowedip;
	struct nym_peer *peer, *next;

	for (peer = peers; peer; peer = next) {
		next = peer->next;
		for (allowedip = peer->allowedips; allowedip;
		     allowedip = next_allowedip) {
			next_allowedip = allowedip->next;
			free(allowedip);
		}
		free(peer->endpoint_name);
		sodium_memzero(peer, sizeof(*peer));
		free(peer);
	}
}

void nym_device_free(struct nym_device *device)
{
	if (!device)
		return;
	nym_peers_free(device->peers);
	sodium_memzero(device, sizeof(*device));
	free(device);
}

int nym_device_set_name(struct nym_device *device, const char *name,
			struct nym_report *report)
{
	size_t len = strlen(name);

	if (!len || len >= sizeof(device->name))
		return nym_fail(report,
				"'%s' is not the name of an interface: it takes 1 to %zu characters",
				name, sizeof(device->name) - 1);
	memcpy(device->name, name, len + 1);
	return 0;
}

size_t nym_device_count_peers(const struct nym_device *device)
{
	const struct nym_peer *peer;
	size_t count = 0;

	for (peer = device->peers; peer; peer = peer->next)
		++count;
	return count;
}
