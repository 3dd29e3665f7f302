/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carriers and paths of a device's peers. */
#ifndef NYM_PATH_H
#define NYM_PATH_H

#include <stddef.h>

#include "device.h"

struct nym_report;

/**
 * struct nym_peer_index - the peers of a device by public key
 * @peers: sorted by key; peers of one key stand in the order of the device
 * @count: of @peers
 *
 * Valid as long as no peer is added, removed or freed.
 */
struct nym_peer_index {
	struct nym_peer **peers;
	size_t count;
};

/* Returns -1 when memory is short. nym_peer_index_free() ends it. */
int nym_peer_index_build(struct nym_peer_index *index,
			 const struct nym_device *device);
void nym_peer_index_free(struct nym_peer_index *index);

/* The last peer of the device that has the key, or null. */
struct nym_peer *nym_peer_index_find(const struct nym_peer_index *index,
				     const uint8_t key[static NYM_KEY_LEN]);

/**
 * struct nym_path - the path to a peer
 * @hops: the peers of the path from the entry to the peer itself
 * @length: how many of them are known
 * @complete: the outermost of them has no carrier: it is the entry. Otherwise
 *	      its carrier is not among the peers of the device.
 */
struct nym_path {
	const struct nym_peer *hops[NYM_MAX_HOPS];
	unsigned int length;
	bool complete;
};

/* False when the carriers form a cycle or a path that is too long. */
bool nym_path_find(struct nym_path *path, const struct nym_peer_index *index,
		   const struct nym_peer *peer);

/*
 * Refuses carriers that the kernel would refuse whatever else the device has:
 * cycles, and paths longer than NYM_MAX_HOPS.
 */
int nym_device_check_paths(const struct nym_device *device,
			   struct nym_report *report);

/*
 * Puts each carrier before the peers that it carries, so that no nested peer is
 * configured before its path is, and removals behind, so that no nested peer
 * loses its carrier before it has the next. Where carriers do not ask for it,
 * the order stays. As the kernel gives a block to the last peer that states it,
 * what a carrier states too becomes its nested peer's. The device has passed
 * nym_device_check_paths().
 */
int nym_device_order_carriers(struct nym_device *device,
			      struct nym_report *report);

#endif
