/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How large a packet inside a path may be. */
#ifndef NYM_PATH_MTU_H
#define NYM_PATH_MTU_H

#include <stdint.h>

#include "path.h"

/* Of an Ethernet, when nothing better is known. */
#define NYM_MTU_DEFAULT 1500

/*
 * Tells the MTU of the route to an endpoint, of the default route when the
 * endpoint is null. Returns 0, or a negative errno when there is no such route.
 */
typedef int (*nym_underlay_fn)(void *context,
			       const union nym_endpoint *endpoint,
			       uint32_t *mtu);

/*
 * What is left for inner packets on a path over a route of the given MTU, so
 * that nothing is fragmented in either direction. 0 when nothing is left.
 *
 * That the way there has room is not enough. The gateways' answers have to fit
 * into their own devices, whose MTU is by custom 80 bytes less than the route's
 * (wg-quick(8) sets no other), whatever the family. And a gateway pads an answer
 * to a multiple of 16 bytes as far as its own device allows, not ours: with more
 * than one hop, what is left has to be such a multiple on each nested hop.
 */
uint32_t nym_path_mtu(const struct nym_path *path, uint32_t underlay);

/* The smallest path MTU over all peers, which the index has. */
uint32_t nym_device_mtu(const struct nym_peer_index *index,
			nym_underlay_fn underlay, void *context);

#endif
