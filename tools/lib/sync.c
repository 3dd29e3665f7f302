// SPDX-License-Identifier: GPL-2.0-or-later
#include "sync.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"
#include "report.h"

/**
 * struct block - an address block in canonical form
 * @address: with the bits behind the prefix cleared
 * @family: AF_INET or AF_INET6
 * @cidr: length of the prefix
 * @order: place among all blocks of the device
 * @peer: whose it is
 * @allowedip: where it came from; not to be followed once peers are cut down
 */
struct block {
	uint8_t address[16];
	uint16_t family;
	uint8_t cidr;
	size_t order;
	const struct nym_peer *peer;
	const struct nym_allowedip *allowedip;
};

struct blocks {
	struct block *list;
	size_t count;
};

static int compare_blocks(const struct block *a, const struct block *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->cidr != b->cidr)
		return a->cidr < b->cidr ? -1 : 1;
	return memcmp(a->address, b->address, sizeof(a->address));
}

static int compare_in_order(const void *a, const void *b)
{
	const struct block *first = a, *second = b;
	int ret = compare_blocks(first, second);

	if (ret)
		return ret;
	return (first->order > second->order) - (first->order < second->order);
}

static void fill_block(struct block *block, const struct nym_peer *peer,
		       const struct nym_allowedip *allowedip, size_t order)
{
	unsigned int bit;

	memset(block, 0, sizeof(*block));
	block->family = allowedip->family;
	block->cidr = allowedip->cidr;
	block->order = order;
	block->peer = peer;
	block->allowedip = allowedip;
	memcpy(block->address, &allowedip->ip6,
	       nym_family_bits(allowedip->family) / 8);
	for (bit = block->cidr; bit < 8 * sizeof(block->address); ++bit)
		block->address[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

/*
 * Collects the blocks of a device, each with the peer that ends up with it: the
 * last one that names it, unless it names it in order to remove it.
 */
static int collect_blocks(struct blocks *blocks,
			  const struct nym_device *device)
{
	const struct nym_allowedip *allowedip;
	const struct nym_peer *peer;
	size_t count = 0, i;

	for (peer = device->peers; peer; peer = peer->next) {
		for (allowedip = peer->allowedips; allowedip;
		     allowedip = allowedip->next)
			++count;
	}
	blocks->list = calloc(count + 1, sizeof(*blocks->list));
	blocks->count = 0;
	if (!blocks->list)
		return -1;
	count = 0;
	for (peer = device->peers; peer; peer = peer->next) {
		for (allowedip = peer->allowedips; allowedip;
		     allowedip = allowedip->next) {
			fill_block(&blocks->list[count], peer, allowedip,
				   count);
			++count;
		}
	}
	qsort(blocks->list, count, sizeof(*blocks->list), compare_in_order);
	for (i = 0; i < count; ++i) {
		if (i + 1 < count &&
		    !compare_blocks(&blocks->list[i], &blocks->list[i + 1]))
			continue;
		if (!blocks->list[i].allowedip->remove)
			blocks->list[blocks->count++] = blocks->list[i];
	}
	return 0;
}

static int compare_for_search(const void *a, const void *b)
{
	return compare_blocks(a, b);
}

static const struct block *find_block(const struct blocks *blocks,
				      const struct block *block)
{
	return bsearch(block, blocks->list, blocks->count,
		       sizeof(*blocks->list), compare_for_search);
}

static bool same_peer(const struct nym_peer *a, const struct nym_peer *b)
{
	return nym_key_equal(a->public_key, b->public_key);
}

/* Joins the sections of one key, the later statement winning, as set does. */
static void join_section(struct nym_peer *peer, struct nym_peer *later)
{
	unsigned int flags = later->flags;
	struct nym_allowedip *allowedip, *next;

	if (flags & NYM_PEER_REPLACE_ALLOWEDIPS) {
		for (allowedip = peer->allowedips; allowedip;
		     allowedip = next) {
			next = allowedip->next;
			free(allowedip);
		}
		peer->allowedips = NULL;
		peer->allowedips_end = &peer->allowedips;
	}
	if (later->allowedips) {
		*peer->allowedips_end = later->allowedips;
		peer->allowedips_end = later->allowedips_end;
		later->allowedips = NULL;
	}
	if (flags & NYM_PEER_HAS_PRESHARED_KEY)
		memcpy(peer->preshared_key, later->preshared_key, NYM_KEY_LEN);
	if (flags & NYM_PEER_HAS_KEEPALIVE)
		peer->persistent_keepalive_interval =
			later->persistent_keepalive_interval;
	if (nym_peer_has_endpoint(later))
		peer->endpoint = later->endpoint;
	if (flags & NYM_PEER_HAS_VIA)
		memcpy(peer->via, later->via, NYM_KEY_LEN);
	if (flags & NYM_PEER_HAS_VIA_ADDRESS) {
		peer->via_address4 = later->via_address4;
		peer->via_address6 = later->via_address6;
	}
	if (flags & NYM_PEER_HAS_VIA_PORT)
		peer->via_port = later->via_port;
	if (flags & NYM_PEER_HAS_PRIVATE_KEY)
		memcpy(peer->private_key, later->private_key, NYM_KEY_LEN);
	if (flags & NYM_PEER_HAS_QUOTA)
		peer->quota = later->quota;
	if (flags & NYM_PEER_HAS_QUOTA_ADD)
		peer->quota_add = later->quota_add;
	if (flags & NYM_PEER_HAS_QUOTA_LOW)
		peer->quota_low = later->quota_low;
	peer->flags |= flags;
}

static int join_sections(struct nym_device *device)
{
	struct nym_peer *peer, **link = &device->peers;
	struct nym_peer_index index;
	size_t i;

	if (nym_peer_index_build(&index, device))
		return -1;
	/* From the end, so that each one takes in all that follow it. */
	for (i = index.count; i-- > 1;) {
		if (!same_peer(index.peers[i - 1], index.peers[i]))
			continue;
		join_section(index.peers[i - 1], index.peers[i]);
		index.peers[i]->flags |= NYM_PEER_REMOVE;
	}
	nym_peer_index_free(&index);
	while ((peer = *link)) {
		if (!(peer->flags & NYM_PEER_REMOVE)) {
			link = &peer->next;
			continue;
		}
		*link = peer->next;
		peer->next = NULL;
		nym_peers_free(peer);
	}
	device->peers_end = link;
	return 0;
}

/*
 * The kernel reports a private key as Curve25519 uses it, with five bits fixed;
 * in a file they may be anything.
 */
static bool same_private_key(const uint8_t a[static NYM_KEY_LEN],
			     const uint8_t b[static NYM_KEY_LEN])
{
	uint8_t first[NYM_KEY_LEN], second[NYM_KEY_LEN];
	bool same;

	if (nym_key_is_zero(a) || nym_key_is_zero(b))
		return nym_key_is_zero(a) && nym_key_is_zero(b);
	memcpy(first, a, NYM_KEY_LEN);
	memcpy(second, b, NYM_KEY_LEN);
	nym_key_clamp(first);
	nym_key_clamp(second);
	same = nym_key_equal(first, second);
	sodium_memzero(first, sizeof(first));
	sodium_memzero(second, sizeof(second));
	return same;
}

static void sync_device(struct nym_device *wanted,
			const struct nym_device *running)
{
	wanted->flags &= ~NYM_DEVICE_REPLACE_PEERS;
	if (same_private_key(wanted->private_key, running->private_key))
		wanted->flags &= ~NYM_DEVICE_HAS_PRIVATE_KEY;
	if (wanted->fwmark == running->fwmark)
		wanted->flags &= ~NYM_DEVICE_HAS_FWMARK;
	if (!wanted->listen_port || wanted->listen_port == running->listen_port)
		wanted->flags &= ~NYM_DEVICE_HAS_LISTEN_PORT;
}

/*
 * A setting of @wanted is kept if it differs from the running one, and one that
 * is not stated stands for its cleared value, which the structure holds then.
 */
static void keep_if(struct nym_peer *wanted, unsigned int flag, bool differs)
{
	if (differs)
		wanted->flags |= flag;
	else
		wanted->flags &= ~flag;
}

static bool endpoints_equal(const union nym_endpoint *a,
			    const union nym_endpoint *b)
{
	if (a->addr.sa_family != b->addr.sa_family)
		return false;
	if (a->addr.sa_family == AF_INET)
		return a->addr4.sin_port == b->addr4.sin_port &&
		       a->addr4.sin_addr.s_addr == b->addr4.sin_addr.s_addr;
	return a->addr6.sin6_port == b->addr6.sin6_port &&
	       a->addr6.sin6_scope_id == b->addr6.sin6_scope_id &&
	       IN6_ARE_ADDR_EQUAL(&a->addr6.sin6_addr, &b->addr6.sin6_addr);
}

/* One that is not stated stays if it was drawn, and is drawn if it was set. */
static bool via_port_differs(const struct nym_peer *wanted,
			     const struct nym_peer *running)
{
	if (wanted->via_port)
		return wanted->via_port != running->via_port ||
		       running->via_port_is_drawn;
	return running->via_port && !running->via_port_is_drawn &&
	       !nym_key_is_zero(wanted->via);
}

static void sync_peer(struct nym_peer *wanted, const struct nym_peer *running)
{
	/* Should it have gone meanwhile, half of it must not come back. */
	wanted->flags |= NYM_PEER_UPDATE_ONLY;
	keep_if(wanted, NYM_PEER_HAS_PRESHARED_KEY,
		!nym_key_equal(wanted->preshared_key, running->preshared_key));
	keep_if(wanted, NYM_PEER_HAS_KEEPALIVE,
		wanted->persistent_keepalive_interval !=
			running->persistent_keepalive_interval);
	if (endpoints_equal(&wanted->endpoint, &running->endpoint))
		memset(&wanted->endpoint, 0, sizeof(wanted->endpoint));
	keep_if(wanted, NYM_PEER_HAS_VIA,
		!nym_key_equal(wanted->via, running->via));
	keep_if(wanted, NYM_PEER_HAS_VIA_ADDRESS,
		wanted->via_address4.s_addr != running->via_address4.s_addr ||
			!IN6_ARE_ADDR_EQUAL(&wanted->via_address6,
					    &running->via_address6));
	keep_if(wanted, NYM_PEER_HAS_VIA_PORT,
		via_port_differs(wanted, running));
	keep_if(wanted, NYM_PEER_HAS_PRIVATE_KEY,
		!same_private_key(wanted->private_key, running->private_key));
	if (wanted->flags & NYM_PEER_HAS_QUOTA &&
	    wanted->quota == running->quota)
		wanted->flags &= ~NYM_PEER_HAS_QUOTA;
	keep_if(wanted, NYM_PEER_HAS_QUOTA_LOW,
		wanted->quota_low != running->quota_low);
}

static bool replaces_allowedips(const struct nym_peer *peer)
{
	return peer->flags & NYM_PEER_REPLACE_ALLOWEDIPS;
}

/* Takes out what a later peer has. */
static void drop_lost_allowedips(struct nym_device *wanted,
				 const struct blocks *wanted_blocks)
{
	struct nym_allowedip *allowedip, **link;
	const struct block *found;
	struct nym_peer *peer;
	struct block block;

	for (peer = wanted->peers; peer; peer = peer->next) {
		if (!replaces_allowedips(peer))
			continue;
		link = &peer->allowedips;
		while ((allowedip = *link)) {
			fill_block(&block, peer, allowedip, 0);
			found = find_block(wanted_blocks, &block);
			if (found && found->allowedip == allowedip) {
				link = &allowedip->next;
				continue;
			}
			*link = allowedip->next;
			free(allowedip);
		}
		peer->allowedips_end = link;
	}
}

/* Takes out what the peer has already. */
static void drop_present_allowedips(struct nym_peer *wanted,
				    const struct blocks *running_blocks)
{
	struct nym_allowedip *allowedip, **link = &wanted->allowedips;
	const struct block *found;
	struct block block;

	while ((allowedip = *link)) {
		fill_block(&block, wanted, allowedip, 0);
		found = find_block(running_blocks, &block);
		if (!found || !same_peer(found->peer, wanted)) {
			link = &allowedip->next;
			continue;
		}
		*link = allowedip->next;
		free(allowedip);
	}
	wanted->allowedips_end = link;
}

/* Has those blocks removed that @running has and no peer of the file wants. */
static int remove_allowedips(struct nym_peer *wanted,
			     const struct nym_peer *running,
			     const struct blocks *wanted_blocks)
{
	const struct nym_allowedip *allowedip;
	struct nym_allowedip *gone;
	struct block block;

	for (allowedip = running->allowedips; allowedip;
	     allowedip = allowedip->next) {
		fill_block(&block, running, allowedip, 0);
		if (find_block(wanted_blocks, &block))
			continue;
		gone = nym_peer_add_allowedip(wanted);
		if (!gone)
			return -1;
		*gone = *allowedip;
		gone->next = NULL;
		gone->remove = true;
	}
	return 0;
}

static int sync_allowedips(struct nym_peer *wanted,
			   const struct nym_peer *running,
			   const struct blocks *wanted_blocks,
			   const struct blocks *running_blocks)
{
	/* A list of "+" and "-" is a difference already. */
	if (!replaces_allowedips(wanted))
		return 0;
	wanted->flags &= ~NYM_PEER_REPLACE_ALLOWEDIPS;
	drop_present_allowedips(wanted, running_blocks);
	return remove_allowedips(wanted, running, wanted_blocks);
}

static bool changes_nothing(const struct nym_peer *peer)
{
	return !(peer->flags &
		 ~(NYM_PEER_HAS_PUBLIC_KEY | NYM_PEER_UPDATE_ONLY)) &&
	       !peer->allowedips && !nym_peer_has_endpoint(peer);
}

static int sync_peers(struct nym_device *wanted,
		      const struct nym_peer_index *running_index,
		      const struct blocks *wanted_blocks,
		      const struct blocks *running_blocks)
{
	struct nym_peer *peer, **link = &wanted->peers;
	const struct nym_peer *running;

	while ((peer = *link)) {
		running = nym_peer_index_find(running_index, peer->public_key);
		if (running) {
			sync_peer(peer, running);
			if (sync_allowedips(peer, running, wanted_blocks,
					    running_blocks))
				return -1;
		}
		if (running && changes_nothing(peer)) {
			*link = peer->next;
			peer->next = NULL;
			nym_peers_free(peer);
		} else {
			link = &peer->next;
		}
	}
	wanted->peers_end = link;
	return 0;
}

/* Collects the removals apart: the index of @wanted must stay as it is. */
static int collect_removals(struct nym_device *removals,
			    const struct nym_device *running,
			    const struct nym_peer_index *wanted_index)
{
	const struct nym_peer *peer;
	struct nym_peer *removal;

	for (peer = running->peers; peer; peer = peer->next) {
		if (nym_peer_index_find(wanted_index, peer->public_key))
			continue;
		removal = nym_device_add_peer(removals);
		if (!removal)
			return -1;
		memcpy(removal->public_key, peer->public_key, NYM_KEY_LEN);
		removal->flags = NYM_PEER_HAS_PUBLIC_KEY | NYM_PEER_REMOVE;
	}
	return 0;
}

static void append_peers(struct nym_device *device, struct nym_device *more)
{
	if (!more->peers)
		return;
	*device->peers_end = more->peers;
	device->peers_end = more->peers_end;
	more->peers = NULL;
	more->peers_end = &more->peers;
}

int nym_sync(struct nym_device *wanted, const struct nym_device *running,
	     struct nym_report *report)
{
	struct nym_peer_index wanted_index = { 0 }, running_index = { 0 };
	struct blocks wanted_blocks = { 0 }, running_blocks = { 0 };
	struct nym_device *removals = nym_device_new();
	int ret = -1;

	/* The order of sending decides whose a block is that two peers state. */
	if (!removals || join_sections(wanted) ||
	    nym_device_order_carriers(wanted, report) ||
	    nym_peer_index_build(&wanted_index, wanted) ||
	    nym_peer_index_build(&running_index, running) ||
	    collect_blocks(&wanted_blocks, wanted) ||
	    collect_blocks(&running_blocks, running) ||
	    collect_removals(removals, running, &wanted_index))
		goto out;
	sync_device(wanted, running);
	drop_lost_allowedips(wanted, &wanted_blocks);
	if (sync_peers(wanted, &running_index, &wanted_blocks, &running_blocks))
		goto out;
	append_peers(wanted, removals);
	ret = 0;
out:
	if (ret)
		nym_fail(report, "Out of memory");
	nym_device_free(removals);
	nym_peer_index_free(&wanted_index);
	nym_peer_index_free(&running_index);
	free(wanted_blocks.list);
	free(running_blocks.list);
	return ret;
}
