/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How large a packet inside a path may be. */
#ifndef NYM_PATH_MTU_H
#define NYM_PATH_MTU_H

#include <stdbool.h>
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
 * What is left for inner packets on a path of so many hops over a route of
 * the given MTU; ipv4 when every hop is known to be IPv4. 0 when nothing is.
 */
uint32_t nym_path_mtu(uint32_t underlay, unsigned int hops, bool ipv4);

/* The smallest path MTU over all peers, which the index has. */
uint32_t nym_device_mtu(const struct nym_peer_index *index,
			nym_underlay_fn underlay, void *context);

#endif
