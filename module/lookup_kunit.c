// SPDX-License-Identifier: GPL-2.0
/* The public key table and the index table. */

#include "lookup.h"
#include "peer.h"

#include <kunit/test.h>
#include <linux/prandom.h>

/* More than there are chains, so that all of them have several entries. */
#define PEERS	8192
#define ENTRIES	32768

static struct nym_peer *new_peer(struct kunit *test)
{
	struct nym_peer *peer = kunit_kzalloc(test, sizeof(*peer), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, peer);
	kref_init(&peer->refcount);
	return peer;
}

KUNIT_DEFINE_ACTION_WRAPPER(free_table, kvfree, const void *);

static struct nym_peer *find_peer(struct nym_pubkey_table *table,
				  const struct nym_peer *peer)
{
	return nym_pubkey_table_lookup(table, peer->handshake.remote_static);
}

static void pubkeys(struct kunit *test)
{
	struct nym_pubkey_table *table = nym_pubkey_table_alloc();
	struct nym_peer **peers;
	u8 key[NYM_KEY_SIZE];
	struct rnd_state rnd;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, table);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_table, table), 0);
	peers = kunit_kcalloc(test, PEERS, sizeof(*peers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, peers);
	prandom_seed_state(&rnd, 1);
	for (i = 0; i < PEERS; i++) {
		peers[i] = new_peer(test);
		prandom_bytes_state(&rnd, peers[i]->handshake.remote_static,
				    NYM_KEY_SIZE);
		nym_pubkey_table_add(table, peers[i]);
	}

	for (i = 0; i < PEERS; i++) {
		memcpy(key, peers[i]->handshake.remote_static, NYM_KEY_SIZE);
		KUNIT_ASSERT_PTR_EQ(test, nym_pubkey_table_lookup(table, key),
				    peers[i]);
		KUNIT_ASSERT_EQ(test, kref_read(&peers[i]->refcount), 2);
		key[i % NYM_KEY_SIZE] ^= 1 << i / NYM_KEY_SIZE % 8;
		KUNIT_ASSERT_NULL(test, nym_pubkey_table_lookup(table, key));
		if (i % 2)
			nym_pubkey_table_remove(table, peers[i]);
	}
	for (i = 0; i < PEERS; i++)
		KUNIT_ASSERT_PTR_EQ(test, find_peer(table, peers[i]),
				    i % 2 ? NULL : peers[i]);
}

static void pubkey_of_dying_peer(struct kunit *test)
{
	struct nym_pubkey_table *table = nym_pubkey_table_alloc();
	struct nym_peer *peer = new_peer(test);

	KUNIT_ASSERT_NOT_NULL(test, table);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_table, table), 0);
	nym_pubkey_table_add(table, peer);
	refcount_set(&peer->refcount.refcount, 0);
	KUNIT_EXPECT_NULL(test, find_peer(table, peer));
}

static struct nym_index_table *new_index_table(struct kunit *test)
{
	struct nym_index_table *table = nym_index_table_alloc();

	KUNIT_ASSERT_NOT_NULL(test, table);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_table, table), 0);
	return table;
}

static struct nym_index_entry *new_entries(struct kunit *test, unsigned int n,
					   struct nym_peer *peer)
{
	struct nym_index_entry *entries;
	unsigned int i;

	entries = kunit_kcalloc(test, n, sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	for (i = 0; i < n; i++) {
		entries[i].peer = peer;
		entries[i].kind = i % 2 ? NYM_INDEX_KEYPAIR : NYM_INDEX_HANDSHAKE;
	}
	return entries;
}

/* Looks an index up and drops the reference that comes with it. */
static struct nym_index_entry *find(struct nym_index_table *table,
				    enum nym_index_kind kinds, __le32 index)
{
	struct nym_peer *peer = NULL;
	struct nym_index_entry *entry;

	entry = nym_index_table_lookup(table, kinds, index, &peer);
	if (entry)
		refcount_dec(&peer->refcount.refcount);
	return entry;
}

static void indices(struct kunit *test)
{
	const enum nym_index_kind both = NYM_INDEX_HANDSHAKE | NYM_INDEX_KEYPAIR;
	struct nym_index_table *table = new_index_table(test);
	struct nym_peer *peer = new_peer(test);
	struct nym_index_entry *entries = new_entries(test, ENTRIES, peer);
	enum nym_index_kind other;
	unsigned int i;

	for (i = 0; i < ENTRIES; i++) {
		__le32 index = nym_index_table_insert(table, &entries[i]);

		KUNIT_ASSERT_NE(test, (__force u32)index, 0);
		KUNIT_ASSERT_EQ(test, (__force u32)index,
				(__force u32)entries[i].index);
	}
	/* That each is found also says that no two have the same index. */
	for (i = 0; i < ENTRIES; i++) {
		other = both ^ entries[i].kind;
		KUNIT_ASSERT_PTR_EQ(test, find(table, both, entries[i].index),
				    &entries[i]);
		KUNIT_ASSERT_PTR_EQ(test,
				    find(table, entries[i].kind, entries[i].index),
				    &entries[i]);
		KUNIT_ASSERT_NULL(test, find(table, other, entries[i].index));
	}
	for (i = 0; i < ENTRIES; i += 3)
		nym_index_table_remove(table, &entries[i]);
	for (i = 0; i < ENTRIES; i++)
		KUNIT_ASSERT_PTR_EQ(test, find(table, both, entries[i].index),
				    i % 3 ? &entries[i] : NULL);
	KUNIT_EXPECT_EQ(test, kref_read(&peer->refcount), 1);
}

static void index_is_drawn_anew(struct kunit *test)
{
	struct nym_index_table *table = new_index_table(test);
	struct nym_index_entry *entry = new_entries(test, 1, new_peer(test));
	__le32 first, second;

	first = nym_index_table_insert(table, entry);
	second = nym_index_table_insert(table, entry);
	KUNIT_EXPECT_NE(test, (__force u32)first, (__force u32)second);
	KUNIT_EXPECT_NULL(test, find(table, entry->kind, first));
	KUNIT_EXPECT_PTR_EQ(test, find(table, entry->kind, second), entry);
	nym_index_table_remove(table, entry);
	/* Its first place is empty too. */
	KUNIT_EXPECT_TRUE(test, hash_empty(table->buckets));
	nym_index_table_remove(table, entry);
	KUNIT_EXPECT_NULL(test, find(table, entry->kind, second));
}

static void index_is_handed_over(struct kunit *test)
{
	struct nym_index_table *table = new_index_table(test);
	struct nym_index_entry *entries = new_entries(test, 2, new_peer(test));
	struct nym_index_entry *old = &entries[0], *new = &entries[1];
	__le32 index = nym_index_table_insert(table, old);

	KUNIT_ASSERT_TRUE(test, nym_index_table_replace(table, old, new));
	KUNIT_EXPECT_EQ(test, (__force u32)new->index, (__force u32)index);
	KUNIT_EXPECT_TRUE(test, hlist_unhashed(&old->index_hash));
	KUNIT_EXPECT_NULL(test, find(table, old->kind, index));
	KUNIT_EXPECT_PTR_EQ(test, find(table, new->kind, index), new);

	/* It is not @old's any more to be handed over or removed. */
	KUNIT_EXPECT_FALSE(test, nym_index_table_replace(table, old, &entries[1]));
	nym_index_table_remove(table, old);
	KUNIT_EXPECT_PTR_EQ(test, find(table, new->kind, index), new);

	/* And @old may have another. */
	KUNIT_EXPECT_NE(test, (__force u32)nym_index_table_insert(table, old),
			(__force u32)index);
	KUNIT_EXPECT_PTR_EQ(test, find(table, old->kind, old->index), old);
}

static void index_of_dying_peer(struct kunit *test)
{
	struct nym_index_table *table = new_index_table(test);
	struct nym_peer *peer = new_peer(test);
	struct nym_index_entry *entry = new_entries(test, 1, peer);
	__le32 index = nym_index_table_insert(table, entry);

	refcount_set(&peer->refcount.refcount, 0);
	KUNIT_EXPECT_NULL(test, find(table, entry->kind, index));
}

static struct kunit_case lookup_cases[] = {
	KUNIT_CASE(pubkeys),
	KUNIT_CASE(pubkey_of_dying_peer),
	KUNIT_CASE(indices),
	KUNIT_CASE(index_is_drawn_anew),
	KUNIT_CASE(index_is_handed_over),
	KUNIT_CASE(index_of_dying_peer),
	{}
};

static struct kunit_suite lookup_suite = {
	.name = "nym_lookup",
	.test_cases = lookup_cases,
};

kunit_test_suite(lookup_suite);
