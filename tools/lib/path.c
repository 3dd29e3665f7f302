// SPDX-License-Identifier: GPL-2.0-or-later
#include "path.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"

static int compare_keys(const void *a, const void *b)
{
	const struct nym_peer *const *first = a, *const *second = b;

	return memcmp((*first)->public_key, (*second)->public_key, NYM_KEY_LEN);
}

/* Bottom up, because qsort() does not promise to keep the order of equals. */
static void merge_sort(struct nym_peer **peers, struct nym_peer **spare,
		       size_t count)
{
	size_t width, low, middle, high, i, j, k;

	for (width = 1; width < count; width *= 2) {
		for (low = 0; low < count; low = high) {
			middle = low + width < count ? low + width : count;
			high = middle + width < count ? middle + width : count;
			for (i = low, j = middle, k = low; k < high; ++k) {
				if (i < middle &&
				    (j == high ||
				     compare_keys(&peers[i], &peers[j]) <= 0))
					spare[k] = peers[i++];
				else
					spare[k] = peers[j++];
			}
		}
		memcpy(peers, spare, count * sizeof(*peers));
	}
}

int nym_peer_index_build(struct nym_peer_index *index,
			 const struct nym_device *device)
{
	struct nym_peer **spare, *peer;
	size_t i = 0;

	index->count = nym_device_count_peers(device);
	index->peers = calloc(index->count + 1, sizeof(struct nym_peer *));
	spare = calloc(index->count + 1, sizeof(struct nym_peer *));
	if (!index->peers || !spare) {
		free(index->peers);
		free(spare);
		memset(index, 0, sizeof(*index));
		return -1;
	}
	for (peer = device->peers; peer; peer = peer->next)
		index->peers[i++] = peer;
	merge_sort(index->peers, spare, index->count);
	free(spare);
	return 0;
}

void nym_peer_index_free(struct nym_peer_index *index)
{
	free(index->peers);
	memset(index, 0, sizeof(*index));
}

/* Where the peers with a key greater than @key begin. */
static size_t find_end(const struct nym_peer_index *index,
		       const uint8_t key[static NYM_KEY_LEN])
{
	size_t low = 0, high = index->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (memcmp(index->peers[middle]->public_key, key,
			   NYM_KEY_LEN) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct nym_peer *nym_peer_index_find(const struct nym_peer_index *index,
				     const uint8_t key[static NYM_KEY_LEN])
{
	size_t end = find_end(index, key);

	if (!end || memcmp(index->peers[end - 1]->public_key, key, NYM_KEY_LEN))
		return NULL;
	return index->peers[end - 1];
}

bool nym_path_find(struct nym_path *path, const struct nym_peer_index *index,
		   const struct nym_peer *peer)
{
	const struct nym_peer *inward[NYM_MAX_HOPS];
	unsigned int i;

	memset(path, 0, sizeof(*path));
	for (; peer; peer = nym_peer_index_find(index, peer->via)) {
		if (path->length == NYM_MAX_HOPS)
			return false;
		inward[path->length++] = peer;
		path->complete = !nym_peer_is_nested(peer);
		if (path->complete)
			break;
	}
	for (i = 0; i < path->length; ++i)
		path->hops[i] = inward[path->length - 1 - i];
	return true;
}

static int refuse_path(const struct nym_peer_index *index,
		       const struct nym_peer *peer, struct nym_report *report)
{
	const struct nym_peer *hop = peer;
	char key[NYM_KEY_BASE64_SIZE];
	unsigned int i;

	nym_key_to_base64(key, peer->public_key);
	for (i = 0; i < NYM_MAX_HOPS && hop; ++i) {
		hop = nym_peer_index_find(index, hop->via);
		if (hop == peer)
			return nym_fail(report,
					"Peer %s is its own carrier over the peers it goes via: take 'via' off one of them",
					key);
	}
	return nym_fail(report,
			"The path to peer %s is longer than %d hops: take carriers out of it",
			key, NYM_MAX_HOPS);
}

int nym_device_check_paths(const struct nym_device *device,
			   struct nym_report *report)
{
	struct nym_peer_index index;
	const struct nym_peer *peer;
	struct nym_path path;
	int ret = 0;

	if (nym_peer_index_build(&index, device))
		return nym_fail(report, "Out of memory");
	for (peer = device->peers; peer && !ret; peer = peer->next) {
		if (!nym_path_find(&path, &index, peer))
			ret = refuse_path(&index, peer, report);
	}
	nym_peer_index_free(&index);
	return ret;
}

static bool is_only_of_key(const struct nym_peer_index *index,
			   const struct nym_peer *peer)
{
	size_t end = find_end(index, peer->public_key);

	return index->peers[end - 1] == peer &&
	       (end == 1 || compare_keys(&index->peers[end - 2], &peer));
}

/*
 * In which of the passes over the peers @peer takes its place: the farther from
 * its entry the later, and removals last, since a carrier must stay until the
 * peers that it carries have another. Sections of one key count as one peer,
 * and keep their order.
 */
static unsigned int rank(const struct nym_peer_index *index,
			 const struct nym_peer *peer)
{
	struct nym_path path;

	if (peer->flags & NYM_PEER_REMOVE && is_only_of_key(index, peer))
		return NYM_MAX_HOPS + 1;
	nym_path_find(&path, index,
		      nym_peer_index_find(index, peer->public_key));
	return path.length;
}

static bool states_carriers(const struct nym_device *device)
{
	const struct nym_peer *peer;

	for (peer = device->peers; peer; peer = peer->next) {
		if (peer->flags & NYM_PEER_HAS_VIA)
			return true;
	}
	return false;
}

int nym_device_order_carriers(struct nym_device *device,
			      struct nym_report *report)
{
	struct nym_peer *peer, *sorted = NULL, **end = &sorted, **link;
	struct nym_peer_index index;
	unsigned int pass;

	if (!states_carriers(device))
		return 0;
	if (nym_peer_index_build(&index, device))
		return nym_fail(report, "Out of memory");
	for (pass = 1; device->peers; ++pass) {
		link = &device->peers;
		while ((peer = *link)) {
			if (rank(&index, peer) > pass) {
				link = &peer->next;
				continue;
			}
			*link = peer->next;
			peer->next = NULL;
			*end = peer;
			end = &peer->next;
		}
	}
	device->peers = sorted;
	device->peers_end = end;
	nym_peer_index_free(&index);
	return 0;
}
