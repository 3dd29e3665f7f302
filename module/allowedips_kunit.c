// SPDX-License-Identifier: GPL-2.0
/* The trie of allowed IPs against a list that is searched from end to end. */

#include "allowedips.h"
#include "kunit-thread.h"
#include "peer.h"

#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/sort.h>

#define PEERS	8

/* What a prefix is to the list: address bytes as on the wire, host bits zero. */
struct prefix {
	u8 address[16];
	u8 cidr;
	u8 zero[3];	/* prefixes are compared as they lie in memory */
	int family;
	struct nym_peer *peer;
};

/**
 * struct fixture - a trie, the list that it must agree with, and peers
 * @lock:	stands for the device's update lock
 * @table:	under test
 * @peers:	may have prefixes
 * @list:	prefixes
 * @used:	how many are in @list
 * @room:	how many fit
 */
struct fixture {
	struct mutex lock;	/* table */
	struct nym_allowedips table;
	struct nym_peer *peers[PEERS];
	struct prefix *list;
	unsigned int used;
	unsigned int room;
};

static struct fixture *new_fixture(struct kunit *test, unsigned int room)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	mutex_init(&f->lock);
	nym_allowedips_init(&f->table);
	for (i = 0; i < PEERS; i++) {
		f->peers[i] = kunit_kzalloc(test, sizeof(*f->peers[i]), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, f->peers[i]);
		INIT_LIST_HEAD(&f->peers[i]->allowedips_list);
	}
	f->room = room;
	f->list = kvcalloc(room, sizeof(*f->list), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->list);
	test->priv = f;
	return f;
}

static void allowedips_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	if (!f)
		return;
	mutex_lock(&f->lock);
	nym_allowedips_free(&f->table, &f->lock);
	mutex_unlock(&f->lock);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(f->table.root4));
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(f->table.root6));
	for (i = 0; i < PEERS; i++)
		KUNIT_EXPECT_TRUE(test, list_empty(&f->peers[i]->allowedips_list));
	kvfree(f->list);
	/* The nodes are freed by callbacks of this module. */
	rcu_barrier();
}

static unsigned int address_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

static bool bits_equal(const u8 *a, const u8 *b, unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < bits; i++) {
		if ((a[i / 8] ^ b[i / 8]) & (0x80 >> i % 8))
			return false;
	}
	return true;
}

static struct nym_peer *list_lookup(struct fixture *f, int family, const u8 *address)
{
	struct prefix *best = NULL, *p;

	for (p = f->list; p < f->list + f->used; p++) {
		if (p->family == family && (!best || p->cidr > best->cidr) &&
		    bits_equal(p->address, address, p->cidr))
			best = p;
	}
	return best ? best->peer : NULL;
}

static struct prefix *list_find(struct fixture *f, const struct prefix *wanted)
{
	struct prefix *p;

	for (p = f->list; p < f->list + f->used; p++) {
		if (p->family == wanted->family && p->cidr == wanted->cidr &&
		    bits_equal(p->address, wanted->address, p->cidr))
			return p;
	}
	return NULL;
}

static void clear_host_bits(struct prefix *p)
{
	unsigned int i;

	for (i = p->cidr; i < 128; i++)
		p->address[i / 8] &= ~(0x80 >> i % 8);
}

static void list_insert(struct kunit *test, struct fixture *f,
			const struct prefix *prefix)
{
	struct prefix *p = list_find(f, prefix);

	if (!p) {
		KUNIT_ASSERT_LT(test, f->used, f->room);
		p = &f->list[f->used++];
	}
	*p = *prefix;
	clear_host_bits(p);
}

static void list_remove(struct fixture *f, const struct prefix *prefix)
{
	struct prefix *p = list_find(f, prefix);

	if (p && p->peer == prefix->peer)
		*p = f->list[--f->used];
}

static void list_remove_by_peer(struct fixture *f, struct nym_peer *peer)
{
	unsigned int i = 0;

	while (i < f->used) {
		if (f->list[i].peer == peer)
			f->list[i] = f->list[--f->used];
		else
			i++;
	}
}

static int trie_insert(struct fixture *f, const struct prefix *p)
{
	int err;

	mutex_lock(&f->lock);
	if (p->family == AF_INET)
		err = nym_allowedips_insert4(&f->table, (void *)p->address, p->cidr,
					     p->peer, &f->lock);
	else
		err = nym_allowedips_insert6(&f->table, (void *)p->address, p->cidr,
					     p->peer, &f->lock);
	mutex_unlock(&f->lock);
	return err;
}

static int trie_remove(struct fixture *f, const struct prefix *p)
{
	int err;

	mutex_lock(&f->lock);
	if (p->family == AF_INET)
		err = nym_allowedips_remove4(&f->table, (void *)p->address, p->cidr,
					     p->peer, &f->lock);
	else
		err = nym_allowedips_remove6(&f->table, (void *)p->address, p->cidr,
					     p->peer, &f->lock);
	mutex_unlock(&f->lock);
	return err;
}

static void trie_remove_by_peer(struct fixture *f, struct nym_peer *peer)
{
	mutex_lock(&f->lock);
	nym_allowedips_remove_by_peer(&f->table, peer, &f->lock);
	mutex_unlock(&f->lock);
}

static struct nym_peer *trie_lookup(struct fixture *f, int family, const u8 *address)
{
	struct nym_peer *peer;

	rcu_read_lock();
	peer = nym_allowedips_lookup(&f->table, family, address);
	rcu_read_unlock();
	return peer;
}

/* Counts the nodes of a subtree, forks included, and checks that each is where
 * it should be and there for a reason. Not deeper than its 129 lengths.
 */
static unsigned int check_subtree(struct kunit *test, struct nym_allowedips_node *node,
				  struct nym_allowedips_node *parent)
{
	struct nym_allowedips_node *child[2];
	unsigned int count = 1, i;

	child[0] = rcu_dereference_raw(node->child[0]);
	child[1] = rcu_dereference_raw(node->child[1]);
	KUNIT_ASSERT_PTR_EQ(test, node->parent, parent);
	if (parent)
		KUNIT_ASSERT_GT(test, node->cidr, parent->cidr);
	if (!rcu_access_pointer(node->peer))
		KUNIT_ASSERT_TRUE_MSG(test, child[0] && child[1],
				      "a fork to nowhere");
	for (i = 0; i < 2; i++) {
		u64 bit;

		if (!child[i])
			continue;
		KUNIT_ASSERT_LT(test, node->cidr, address_bits(node->family));
		bit = child[i]->key[node->cidr / 64] >> (63 - node->cidr % 64) & 1;
		KUNIT_ASSERT_EQ(test, bit, i);
		count += check_subtree(test, child[i], node);
	}
	return count;
}

static unsigned int check_trie(struct kunit *test, struct fixture *f)
{
	struct nym_allowedips_node *root4 = rcu_dereference_raw(f->table.root4);
	struct nym_allowedips_node *root6 = rcu_dereference_raw(f->table.root6);

	return (root4 ? check_subtree(test, root4, NULL) : 0) +
	       (root6 ? check_subtree(test, root6, NULL) : 0);
}

static int compare_prefixes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct prefix));
}

/* Reads all peers' nodes back: they must be what the list has. */
static void check_read_back(struct kunit *test, struct fixture *f)
{
	struct nym_allowedips_node *node;
	struct prefix *read;
	unsigned int n = 0, i;

	read = kvcalloc(f->used + 1, sizeof(*read), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, read);
	for (i = 0; i < PEERS; i++) {
		list_for_each_entry(node, &f->peers[i]->allowedips_list, peer_list) {
			if (n == f->used) {
				KUNIT_FAIL(test, "more nodes than prefixes");
				goto out;
			}
			read[n].family = nym_allowedips_read_node(node,
								  read[n].address,
								  &read[n].cidr);
			read[n].peer = f->peers[i];
			n++;
		}
	}
	KUNIT_EXPECT_EQ(test, n, f->used);
	sort(read, n, sizeof(*read), compare_prefixes, NULL);
	sort(f->list, f->used, sizeof(*read), compare_prefixes, NULL);
	KUNIT_EXPECT_MEMEQ(test, read, f->list, n * sizeof(*read));
out:
	kvfree(read);
}

/* Few distinct bits, so that prefixes lie inside one another. */
static void random_address(struct rnd_state *rnd, int family, u8 address[16],
			   unsigned int varying)
{
	unsigned int bytes = address_bits(family) / 8, i, bit;

	memset(address, 0, 16);
	address[0] = family == AF_INET ? 10 : 0x20;
	for (i = 0; i < varying; i++) {
		bit = prandom_u32_state(rnd) % (bytes * 8);
		address[bit / 8] ^= 0x80 >> bit % 8;
	}
}

static void random_prefix(struct rnd_state *rnd, struct fixture *f, struct prefix *p)
{
	u32 r = prandom_u32_state(rnd);

	memset(p, 0, sizeof(*p));
	p->family = r & 1 ? AF_INET : AF_INET6;
	p->peer = f->peers[(r >> 1) % PEERS];
	p->cidr = (r >> 8) % (address_bits(p->family) + 1);
	random_address(rnd, p->family, p->address, (r >> 20) % 4);
}

static void random_step(struct kunit *test, struct fixture *f, struct rnd_state *rnd)
{
	u32 r = prandom_u32_state(rnd) % 100;
	struct prefix p;

	random_prefix(rnd, f, &p);
	if (r < 60 && f->used < f->room) {
		KUNIT_ASSERT_EQ(test, trie_insert(f, &p), 0);
		list_insert(test, f, &p);
	} else if (r < 98) {
		if (f->used) {
			/* Mostly one that is there, of a peer that may have it. */
			struct nym_peer *peer = p.peer;

			if (r % 4)
				p = f->list[prandom_u32_state(rnd) % f->used];
			if (r % 8 == 1)
				p.peer = peer;
		}
		KUNIT_ASSERT_EQ(test, trie_remove(f, &p), 0);
		list_remove(f, &p);
	} else {
		trie_remove_by_peer(f, p.peer);
		KUNIT_ASSERT_TRUE(test, list_empty(&p.peer->allowedips_list));
		list_remove_by_peer(f, p.peer);
	}
}

static void random_sets(struct kunit *test)
{
	struct fixture *f = new_fixture(test, 256);
	unsigned int step, i;
	struct rnd_state rnd;
	u8 address[16];

	prandom_seed_state(&rnd, 20261120);
	for (step = 0; step < 4000; step++) {
		random_step(test, f, &rnd);
		for (i = 0; i < 16; i++) {
			int family = i & 1 ? AF_INET : AF_INET6;

			random_address(&rnd, family, address, i / 2);
			KUNIT_ASSERT_PTR_EQ_MSG(test,
						trie_lookup(f, family, address),
						list_lookup(f, family, address),
						"step %u, %*ph", step, 16, address);
		}
		KUNIT_ASSERT_LE(test, check_trie(test, f), 2 * f->used);
		if (step % 50 == 0)
			check_read_back(test, f);
	}
	check_read_back(test, f);
}

/* 2^17 distinct prefixes, as a peer that announces a routing table has. */
static void many(struct kunit *test)
{
	const unsigned int count = 1U << 17;
	struct fixture *f = new_fixture(test, count);
	struct prefix *p;
	struct rnd_state rnd;
	unsigned int i;
	u8 address[16];

	prandom_seed_state(&rnd, 17);
	for (i = 0; i < count; i++) {
		p = &f->list[f->used++];
		p->family = i & 1 ? AF_INET : AF_INET6;
		p->peer = f->peers[i % PEERS];
		/* Distinct by the first 20 bits, /20 to /32 or /20 to /128. */
		prandom_bytes_state(&rnd, p->address, sizeof(p->address));
		p->cidr = 20 + prandom_u32_state(&rnd) % (address_bits(p->family) - 19);
		p->address[0] = i >> 12;
		p->address[1] = i >> 4;
		p->address[2] = (i << 4) | (p->address[2] & 0xf);
		KUNIT_ASSERT_EQ(test, trie_insert(f, p), 0);
		clear_host_bits(p);
	}
	KUNIT_EXPECT_LT(test, check_trie(test, f), 2 * count);

	for (i = 0; i < 300; i++) {
		p = &f->list[prandom_u32_state(&rnd) % count];
		KUNIT_ASSERT_PTR_EQ(test, trie_lookup(f, p->family, p->address),
				    p->peer);
		prandom_bytes_state(&rnd, address, sizeof(address));
		KUNIT_ASSERT_PTR_EQ(test, trie_lookup(f, AF_INET, address),
				    list_lookup(f, AF_INET, address));
		KUNIT_ASSERT_PTR_EQ(test, trie_lookup(f, AF_INET6, address),
				    list_lookup(f, AF_INET6, address));
	}
	check_read_back(test, f);

	for (i = 0; i < PEERS - 1; i++) {
		trie_remove_by_peer(f, f->peers[i]);
		list_remove_by_peer(f, f->peers[i]);
	}
	KUNIT_EXPECT_EQ(test, f->used, count / PEERS);
	KUNIT_EXPECT_LT(test, check_trie(test, f), 2 * f->used);
	check_read_back(test, f);
}

static void insert4(struct kunit *test, struct fixture *f, u8 a, u8 b, u8 c, u8 d,
		    u8 cidr, unsigned int peer)
{
	struct prefix p = {
		.address = { a, b, c, d },
		.cidr = cidr,
		.family = AF_INET,
		.peer = f->peers[peer],
	};

	KUNIT_ASSERT_EQ(test, trie_insert(f, &p), 0);
}

#define EXPECT_PEER(a, b, c, d, peer)						\
	KUNIT_EXPECT_PTR_EQ(test, trie_lookup(f, AF_INET, (u8[]){ a, b, c, d }), peer)

static void longest_match(struct kunit *test)
{
	static const u8 address[16] = { 10, 1, 2, 3 };
	struct fixture *f = new_fixture(test, 1);

	EXPECT_PEER(10, 0, 0, 1, NULL);
	insert4(test, f, 10, 0, 0, 0, 8, 0);
	insert4(test, f, 10, 1, 0, 0, 16, 1);
	insert4(test, f, 10, 1, 2, 3, 32, 2);
	insert4(test, f, 10, 128, 0, 0, 9, 3);
	EXPECT_PEER(9, 255, 255, 255, NULL);
	EXPECT_PEER(11, 0, 0, 0, NULL);
	EXPECT_PEER(10, 0, 0, 0, f->peers[0]);
	EXPECT_PEER(10, 127, 255, 255, f->peers[0]);
	EXPECT_PEER(10, 1, 0, 0, f->peers[1]);
	EXPECT_PEER(10, 1, 2, 2, f->peers[1]);
	EXPECT_PEER(10, 1, 2, 3, f->peers[2]);
	EXPECT_PEER(10, 128, 0, 0, f->peers[3]);
	EXPECT_PEER(10, 255, 255, 255, f->peers[3]);
	insert4(test, f, 0, 0, 0, 0, 0, 4);
	EXPECT_PEER(0, 0, 0, 0, f->peers[4]);
	EXPECT_PEER(255, 255, 255, 255, f->peers[4]);
	EXPECT_PEER(10, 1, 2, 3, f->peers[2]);
	/* The families do not see each other. */
	KUNIT_EXPECT_NULL(test, trie_lookup(f, AF_INET6, address));
	KUNIT_EXPECT_NULL(test, trie_lookup(f, AF_UNIX, address));
}

static void move_between_peers(struct kunit *test)
{
	struct fixture *f = new_fixture(test, 1);
	u64 seq = f->table.seq;

	KUNIT_EXPECT_NE(test, seq, 0);
	insert4(test, f, 10, 0, 0, 0, 8, 0);
	KUNIT_EXPECT_NE(test, f->table.seq, seq);
	/* Host bits are not part of the prefix: this is the same one. */
	insert4(test, f, 10, 9, 8, 7, 8, 1);
	EXPECT_PEER(10, 0, 0, 1, f->peers[1]);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->peers[0]->allowedips_list));
	KUNIT_EXPECT_TRUE(test, list_is_singular(&f->peers[1]->allowedips_list));
}

/* A fork becomes a prefix of its own and a fork again. */
static void fork_gets_a_peer(struct kunit *test)
{
	struct fixture *f = new_fixture(test, 1);
	struct prefix fork = {
		.address = { 10 },
		.cidr = 8,
		.family = AF_INET,
		.peer = f->peers[2],
	};

	insert4(test, f, 10, 0, 0, 0, 16, 0);
	insert4(test, f, 10, 128, 0, 0, 16, 1);
	KUNIT_EXPECT_EQ(test, check_trie(test, f), 3);
	EXPECT_PEER(10, 64, 0, 0, NULL);
	KUNIT_EXPECT_EQ(test, trie_insert(f, &fork), 0);
	KUNIT_EXPECT_EQ(test, check_trie(test, f), 3);
	EXPECT_PEER(10, 64, 0, 0, f->peers[2]);
	KUNIT_EXPECT_EQ(test, trie_remove(f, &fork), 0);
	KUNIT_EXPECT_EQ(test, check_trie(test, f), 3);
	EXPECT_PEER(10, 64, 0, 0, NULL);
	EXPECT_PEER(10, 0, 0, 1, f->peers[0]);
	trie_remove_by_peer(f, f->peers[0]);
	KUNIT_EXPECT_EQ(test, check_trie(test, f), 1);
	EXPECT_PEER(10, 128, 0, 1, f->peers[1]);
}

static void invalid_length(struct kunit *test)
{
	struct fixture *f = new_fixture(test, 1);
	struct prefix p = { .peer = f->peers[0] };

	p.family = AF_INET;
	p.cidr = 33;
	KUNIT_EXPECT_EQ(test, trie_insert(f, &p), -EINVAL);
	KUNIT_EXPECT_EQ(test, trie_remove(f, &p), -EINVAL);
	p.family = AF_INET6;
	p.cidr = 129;
	KUNIT_EXPECT_EQ(test, trie_insert(f, &p), -EINVAL);
	KUNIT_EXPECT_EQ(test, trie_remove(f, &p), -EINVAL);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->peers[0]->allowedips_list));
}

/**
 * struct reading - a thread that looks up while prefixes come and go
 * @f:		has 10.0.0.0/8 and 10.255.0.0/16 throughout
 * @missed:	look-ups that found nobody, or somebody else
 * @done:	look-ups
 */
struct reading {
	struct fixture *f;
	unsigned long missed;
	unsigned long done;
};

static int keep_reading(void *data)
{
	struct reading *reading = data;
	struct fixture *f = reading->f;
	struct rnd_state rnd;
	u8 address[16];

	prandom_seed_state(&rnd, 3);
	while (!kthread_should_stop()) {
		random_address(&rnd, AF_INET, address, 6);
		address[0] = 10;
		if (!trie_lookup(f, AF_INET, address))
			reading->missed++;
		address[1] = 255;
		if (trie_lookup(f, AF_INET, address) != f->peers[1])
			reading->missed++;
		WRITE_ONCE(reading->done, reading->done + 1);
		schedule();
	}
	return 0;
}

/* A prefix is found at every moment while others about it are changed. */
static void reading_during_changes(struct kunit *test)
{
	struct fixture *f = new_fixture(test, 1);
	struct reading reading = { .f = f };
	struct task_struct *reader;
	struct rnd_state rnd;
	unsigned int i;
	int err = 0;

	insert4(test, f, 10, 0, 0, 0, 8, 0);
	insert4(test, f, 10, 255, 0, 0, 16, 1);
	reader = nym_kunit_thread_start(keep_reading, &reading);
	KUNIT_ASSERT_FALSE(test, IS_ERR(reader));

	prandom_seed_state(&rnd, 4);
	for (i = 0; (i < 50000 || !READ_ONCE(reading.done)) && !err; i++) {
		struct prefix p = { .family = AF_INET };
		u32 r = prandom_u32_state(&rnd);

		/* Few enough to be there half of the time, and such that they
		 * and their forks lie on the way to what the reader wants.
		 */
		p.address[0] = 10;
		p.address[1] = 0xff ^ 1 << r % 8;
		p.cidr = 9 + (r >> 8) % 12;
		p.peer = f->peers[2 + p.cidr % (PEERS - 2)];
		err = (r >> 16) & 1 ? trie_insert(f, &p) : trie_remove(f, &p);
		if (i % 64 == 0)
			trie_remove_by_peer(f, p.peer);
		schedule();
	}
	kthread_stop(reader);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, reading.missed, 0);
	KUNIT_EXPECT_GT(test, reading.done, 0);
	check_trie(test, f);
}

static struct kunit_case allowedips_cases[] = {
	KUNIT_CASE(longest_match),
	KUNIT_CASE(move_between_peers),
	KUNIT_CASE(fork_gets_a_peer),
	KUNIT_CASE(invalid_length),
	KUNIT_CASE(random_sets),
	KUNIT_CASE(reading_during_changes),
	KUNIT_CASE_SLOW(many),
	{}
};

static struct kunit_suite allowedips_suite = {
	.name = "nym_allowedips",
	.exit = allowedips_test_exit,
	.test_cases = allowedips_cases,
};

kunit_test_suite(allowedips_suite);
