// SPDX-License-Identifier: GPL-2.0-or-later
#include "path_mtu.h"

/*
 * What a hop adds to a packet: the data message's header and tag, 16 bytes
 * each, the UDP header, and the outer IP header.
 */
#define HOP_OVERHEAD_IPV4 (16 + 16 + 8 + 20)
#define HOP_OVERHEAD_IPV6 (16 + 16 + 8 + 40)
#define PADDING_MULTIPLE 16

static uint32_t less(uint32_t mtu, uint32_t overhead)
{
	return mtu > overhead ? mtu - overhead : 0;
}

uint32_t nym_path_mtu(const struct nym_path *path, uint32_t underlay)
{
	uint32_t mtu = less(underlay, HOP_OVERHEAD_IPV6);
	unsigned int i;

	for (i = 1; i < path->length; i++) {
		mtu = less(mtu,
			   path->hops[i]->endpoint.addr.sa_family == AF_INET ?
				   HOP_OVERHEAD_IPV4 :
				   HOP_OVERHEAD_IPV6);
		mtu -= mtu % PADDING_MULTIPLE;
	}
	return mtu;
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

uint32_t nym_device_mtu(const struct nym_peer_index *index,
			nym_underlay_fn underlay, void *context)
{
	struct nym_path path = { .length = 1 };
	uint32_t least = UINT32_MAX, mtu;
	size_t i;

	for (i = 0; i < index->count; i++) {
		/* Without its carrier a peer is silent: it does not count. */
		if (!nym_path_find(&path, index, index->peers[i]) ||
		    !path.complete)
			continue;
		mtu = nym_path_mtu(&path, underlay_mtu(path.hops[0], underlay,
						       context));
		if (mtu < least)
			least = mtu;
	}
	if (least != UINT32_MAX)
		return least;
	path = (struct nym_path){ .length = 1 };
	return nym_path_mtu(&path, underlay_mtu(NULL, underlay, context));
}
