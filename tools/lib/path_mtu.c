// SPDX-License-Identifier: GPL-2.0-or-later
#include "path_mtu.h"

/*
 * What a hop adds to a packet: the data message's header and tag, 16 bytes
 * each, the UDP header, and the outer IP header.
 */
#define HOP_OVERHEAD_IPV4 (16 + 16 + 8 + 20)
#define HOP_OVERHEAD_IPV6 (16 + 16 + 8 + 40)

uint32_t nym_path_mtu(uint32_t underlay, unsigned int hops, bool ipv4)
{
	uint32_t overhead = hops *
			    (ipv4 ? HOP_OVERHEAD_IPV4 : HOP_OVERHEAD_IPV6);

	return underlay > overhead ? underlay - overhead : 0;
}

static uint32_t underlay_mtu(const struct nym_peer *entry,
			     nym_underlay_fn underlay, void *context)
{
	const union nym_endpoint *endpoint = NULL;
	uint32_t mtu;

	if (entry && nym_peer_has_endpoint(entry))
		endpoint = &entry->endpoint;
	return underlay(context, endpoint, &mtu) ? NYM_MTU_DEFAULT : mtu;
}

static uint32_t peer_mtu(const struct nym_peer_index *index,
			 const struct nym_peer *peer, nym_underlay_fn underlay,
			 void *context)
{
	struct nym_path path;
	bool ipv4 = true;
	unsigned int i;

	/* Without its carrier the peer is silent, and counts for nothing. */
	if (!nym_path_find(&path, index, peer) || !path.complete)
		return UINT32_MAX;
	for (i = 0; i < path.length; i++)
		ipv4 &= path.hops[i]->endpoint.addr.sa_family == AF_INET;
	return nym_path_mtu(underlay_mtu(path.hops[0], underlay, context),
			    path.length, ipv4);
}

uint32_t nym_device_mtu(const struct nym_peer_index *index,
			nym_underlay_fn underlay, void *context)
{
	uint32_t least = UINT32_MAX, mtu;
	size_t i;

	for (i = 0; i < index->count; i++) {
		mtu = peer_mtu(index, index->peers[i], underlay, context);
		if (mtu < least)
			least = mtu;
	}
	if (least != UINT32_MAX)
		return least;
	return nym_path_mtu(underlay_mtu(NULL, underlay, context), 1, false);
}
