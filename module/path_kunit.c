// SPDX-License-Identifier: GPL-2.0
/* Paths: what is refused, what is resolved, what a datagram finds, and the
 * arithmetic of MTUs.
 */

#include "path.h"
#include "cookie.h"
#include "device.h"
#include "endpoint.h"
#include "lookup.h"
#include "messages.h"
#include "peer.h"
#include <kunit/test.h>
#include <linux/slab.h>

#define MAX_PEERS	8

/**
 * struct fixture - a device with peers that are no more than what paths use
 * @device:	with the two tables; its update lock is held for each change
 * @peer:	those made; peer i has the key of all bytes i + 1
 * @endpoint:	theirs
 */
struct fixture {
	struct nym_device *device;
	struct nym_peer *peer[MAX_PEERS];
	struct nym_endpoint endpoint[MAX_PEERS];
};

static const u8 *key_of(unsigned int i)
{
	static u8 keys[MAX_PEERS][NYM_KEY_LEN];

	memset(keys[i], i + 1, NYM_KEY_LEN);
	return keys[i];
}

/* Adds peer @i, as nym_peer_create() does it. */
static struct nym_peer *add_peer(struct kunit *test, unsigned int i,
				 const u8 *via_key)
{
	struct fixture *f = test->priv;
	struct nym_peer *peer = kunit_kzalloc(test, sizeof(*peer), GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, peer);
	peer->device = f->device;
	kref_init(&peer->refcount);
	spin_lock_init(&peer->endpoint_lock);
	INIT_HLIST_NODE(&peer->identities_entry);
	memcpy(peer->handshake.remote_static, key_of(i), NYM_KEY_LEN);
	nym_cookie_init(&peer->cookie, key_of(i));
	nym_path_init(peer, via_key);
	nym_pubkey_table_add(f->device->pubkeys, peer);
	mutex_lock(&f->device->device_update_lock);
	ret = nym_path_peer_added(peer);
	mutex_unlock(&f->device->device_update_lock);
	KUNIT_ASSERT_EQ(test, ret, 0);
	f->peer[i] = peer;
	return peer;
}

static void remove_peer(struct kunit *test, unsigned int i)
{
	struct fixture *f = test->priv;

	mutex_lock(&f->device->device_update_lock);
	nym_path_peer_removed(f->peer[i]);
	mutex_unlock(&f->device->device_update_lock);
	nym_pubkey_table_remove(f->device->pubkeys, f->peer[i]);
	synchronize_rcu();
	f->peer[i] = NULL;
}

/* Checks a via, and applies it where it is legal. @via < 0 makes it direct. */
static int set_via_to(struct kunit *test, unsigned int i, int via,
		      struct nym_via_config *config)
{
	static const u8 none[NYM_KEY_LEN];
	struct netlink_ext_ack extack = {};
	struct fixture *f = test->priv;
	int ret;

	config->key = via < 0 ? none : key_of(via);
	mutex_lock(&f->device->device_update_lock);
	ret = nym_path_check(f->peer[i], config, &extack);
	/* Whoever is refused is told why, and no one else is. */
	KUNIT_EXPECT_EQ(test, !!ret, !!extack._msg);
	if (!ret)
		ret = nym_path_apply(f->peer[i], config);
	mutex_unlock(&f->device->device_update_lock);
	return ret;
}

static int set_via(struct kunit *test, unsigned int i, int via)
{
	struct nym_via_config config = {};

	return set_via_to(test, i, via, &config);
}

static void redraw_port(struct kunit *test, unsigned int i)
{
	struct fixture *f = test->priv;

	mutex_lock(&f->device->device_update_lock);
	nym_path_redraw_port(f->peer[i]);
	mutex_unlock(&f->device->device_update_lock);
}

static unsigned int hops(struct kunit *test, unsigned int i)
{
	struct fixture *f = test->priv;
	struct nym_path path;
	int ret;

	rcu_read_lock();
	ret = nym_path_get(&path, f->peer[i]);
	rcu_read_unlock();
	if (ret)
		KUNIT_EXPECT_EQ(test, ret, -ENOLINK);
	return ret ? 0 : path.hops;
}

static __be16 port_of(struct kunit *test, unsigned int i)
{
	struct fixture *f = test->priv;

	return rcu_dereference_protected(f->peer[i]->via.bind, true)->port;
}

static struct nym_peer *find(struct nym_peer *carrier, int family,
			     const void *address, __be16 port)
{
	const struct nym_bind *bind;
	struct nym_peer *peer;

	rcu_read_lock();
	bind = nym_path_find_bind(carrier, family, address, port);
	peer = bind ? bind->nested : NULL;
	rcu_read_unlock();
	return peer;
}

static struct nym_peer *find4(struct kunit *test, unsigned int carrier,
			      __be32 address, __be16 port)
{
	struct fixture *f = test->priv;

	return find(f->peer[carrier], AF_INET, &address, port);
}

static int path_test_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->device = kunit_kzalloc(test, sizeof(*f->device), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->device);
	mutex_init(&f->device->device_update_lock);
	INIT_HLIST_HEAD(&f->device->own_identities);
	f->device->pubkeys = nym_pubkey_table_alloc();
	KUNIT_ASSERT_NOT_NULL(test, f->device->pubkeys);
	f->device->binds = nym_path_table_alloc();
	KUNIT_ASSERT_NOT_NULL(test, f->device->binds);
	test->priv = f;
	return 0;
}

static void path_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	if (!f || !f->device || !f->device->binds)
		return;
	for (i = 0; i < MAX_PEERS; i++)
		if (f->peer[i])
			remove_peer(test, i);
	nym_path_table_free(f->device->binds);
	kvfree(f->device->pubkeys);
}

static void path_refuses_cycles(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		add_peer(test, i, NULL);

	KUNIT_EXPECT_EQ(test, set_via(test, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, set_via(test, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, set_via(test, 1, 0), -ELOOP);
	KUNIT_EXPECT_EQ(test, set_via(test, 1, 2), 0);
	KUNIT_EXPECT_EQ(test, set_via(test, 2, 0), -ELOOP);
	KUNIT_EXPECT_EQ(test, set_via(test, 2, 1), -ELOOP);
	/* What was refused changed nothing. */
	KUNIT_EXPECT_EQ(test, hops(test, 0), 3);
	KUNIT_EXPECT_EQ(test, hops(test, 2), 1);

	KUNIT_EXPECT_EQ(test, set_via(test, 0, -1), 0);
	KUNIT_EXPECT_EQ(test, set_via(test, 2, 0), 0);
	KUNIT_EXPECT_EQ(test, hops(test, 1), 3);
}

/* A cycle through a key that no peer has yet closes when the peer comes. */
static void path_refuses_cycle_through_absent_carrier(struct kunit *test)
{
	add_peer(test, 0, NULL);
	KUNIT_EXPECT_EQ(test, set_via(test, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, hops(test, 0), 0);

	add_peer(test, 1, key_of(0));
	KUNIT_EXPECT_EQ(test, hops(test, 1), 0);
	KUNIT_EXPECT_EQ(test, set_via(test, 1, 0), -ELOOP);
	/* Peers made together, none of which has its carrier yet. */
	add_peer(test, 2, key_of(3));
	add_peer(test, 3, key_of(2));
	KUNIT_EXPECT_EQ(test, set_via(test, 2, 3), -ELOOP);
	KUNIT_EXPECT_EQ(test, set_via(test, 3, 2), -ELOOP);
}

static void path_refuses_too_many_hops(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < MAX_PEERS; i++)
		add_peer(test, i, NULL);
	for (i = 1; i < NYM_MAX_HOPS; i++)
		KUNIT_EXPECT_EQ(test, set_via(test, i, i - 1), 0);
	KUNIT_EXPECT_EQ(test, hops(test, NYM_MAX_HOPS - 1), NYM_MAX_HOPS);
	KUNIT_EXPECT_EQ(test, set_via(test, 5, 4), -EMLINK);
	KUNIT_EXPECT_EQ(test, set_via(test, 5, 3), 0);

	/* What is nested below counts: 6 has one hop, its subtree three. */
	KUNIT_EXPECT_EQ(test, set_via(test, 7, 6), 0);
	KUNIT_EXPECT_EQ(test, set_via(test, 6, 3), -EMLINK);
	KUNIT_EXPECT_EQ(test, set_via(test, 6, 2), 0);
	KUNIT_EXPECT_EQ(test, hops(test, 7), 5);
	KUNIT_EXPECT_EQ(test, set_via(test, 0, 5), -ELOOP);
}

/* A carrier that does not exist is one hop at least. */
static void path_counts_absent_carrier(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 5; i++)
		add_peer(test, i, NULL);
	for (i = 1; i < 5; i++)
		KUNIT_EXPECT_EQ(test, set_via(test, i, i - 1), 0);
	KUNIT_EXPECT_EQ(test, set_via(test, 0, 5), -EMLINK);
	KUNIT_EXPECT_EQ(test, set_via(test, 4, -1), 0);
	KUNIT_EXPECT_EQ(test, set_via(test, 0, 5), 0);
	KUNIT_EXPECT_EQ(test, set_via(test, 4, 3), -EMLINK);

	/* And the one that comes must not have a carrier itself. */
	add_peer(test, 5, key_of(6));
	KUNIT_EXPECT_EQ(test, set_via(test, 5, 6), -EMLINK);
	KUNIT_EXPECT_EQ(test, hops(test, 3), 0);
	KUNIT_EXPECT_EQ(test, set_via(test, 5, -1), 0);
	KUNIT_EXPECT_EQ(test, hops(test, 3), 5);
}

static void path_follows_its_carrier(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct nym_via_config config = {};
	struct in_addr address = { htonl(0x0a000002) };
	__be16 port;

	config.address4 = &address;
	add_peer(test, 0, key_of(1));
	KUNIT_EXPECT_TRUE(test, nym_via_is_set(&f->peer[0]->via));
	KUNIT_EXPECT_EQ(test, set_via_to(test, 0, 1, &config), 0);
	KUNIT_EXPECT_EQ(test, hops(test, 0), 0);

	add_peer(test, 1, NULL);
	port = port_of(test, 0);
	KUNIT_EXPECT_EQ(test, hops(test, 0), 2);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 1, address.s_addr, port), f->peer[0]);

	/* Without its carrier it is silent, not direct. */
	remove_peer(test, 1);
	KUNIT_EXPECT_EQ(test, hops(test, 0), 0);
	KUNIT_EXPECT_TRUE(test, nym_via_is_set(&f->peer[0]->via));

	add_peer(test, 1, NULL);
	KUNIT_EXPECT_EQ(test, hops(test, 0), 2);
	KUNIT_EXPECT_EQ(test, (__force u16)port_of(test, 0), (__force u16)port);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 1, address.s_addr, port), f->peer[0]);

	KUNIT_EXPECT_EQ(test, set_via(test, 0, -1), 0);
	KUNIT_EXPECT_EQ(test, hops(test, 0), 1);
	KUNIT_EXPECT_NULL(test, find4(test, 1, address.s_addr, port));
	KUNIT_EXPECT_TRUE(test, list_empty(&f->peer[1]->via.nested));
}

/* A removed peer is silent for those that still hold it. */
static void path_removed_nested_peer_is_silent(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct nym_peer *removed;

	add_peer(test, 0, NULL);
	removed = add_peer(test, 1, NULL);
	KUNIT_EXPECT_EQ(test, set_via(test, 1, 0), 0);
	remove_peer(test, 1);
	f->peer[1] = removed;
	KUNIT_EXPECT_EQ(test, hops(test, 1), 0);
	KUNIT_EXPECT_TRUE(test, nym_via_is_set(&removed->via));
	f->peer[1] = NULL;
}

static void path_bind_is_unique(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct in_addr a = { htonl(0x0a000002) }, b = { htonl(0x0a000003) };
	struct in6_addr a6 = { .s6_addr = { 0xfd, [15] = 2 } };
	struct nym_via_config config = {};
	unsigned int i;

	for (i = 0; i < 5; i++)
		add_peer(test, i, NULL);

	config.address4 = &a;
	config.port = htons(1000);
	config.has_port = true;
	KUNIT_EXPECT_EQ(test, set_via_to(test, 1, 0, &config), 0);
	KUNIT_EXPECT_EQ(test, set_via_to(test, 2, 0, &config), -EADDRINUSE);
	/* Its own bind is not in its way. */
	KUNIT_EXPECT_EQ(test, set_via_to(test, 1, 0, &config), 0);

	/* Another address, another port, another carrier: each suffices. */
	config.address4 = &b;
	KUNIT_EXPECT_EQ(test, set_via_to(test, 2, 0, &config), 0);
	config.address4 = &a;
	config.port = htons(1001);
	KUNIT_EXPECT_EQ(test, set_via_to(test, 3, 0, &config), 0);
	config.port = htons(1000);
	KUNIT_EXPECT_EQ(test, set_via_to(test, 4, 1, &config), 0);

	KUNIT_EXPECT_PTR_EQ(test, find4(test, 0, a.s_addr, htons(1000)), f->peer[1]);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 0, b.s_addr, htons(1000)), f->peer[2]);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 0, a.s_addr, htons(1001)), f->peer[3]);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 1, a.s_addr, htons(1000)), f->peer[4]);
	KUNIT_EXPECT_NULL(test, find4(test, 0, b.s_addr, htons(1001)));
	KUNIT_EXPECT_NULL(test, find4(test, 1, b.s_addr, htons(1000)));
	/* An address that a bind has not is not 0.0.0.0. */
	KUNIT_EXPECT_NULL(test, find4(test, 0, 0, htons(1000)));

	/* One address in common is enough to clash. */
	config.address6 = &a6;
	KUNIT_EXPECT_EQ(test, set_via_to(test, 3, 0, &config), -EADDRINUSE);
	config.address4 = &(struct in_addr){ 0 };
	KUNIT_EXPECT_EQ(test, set_via_to(test, 3, 0, &config), 0);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 0, a.s_addr, htons(1000)), f->peer[1]);
	KUNIT_EXPECT_PTR_EQ(test, find(f->peer[0], AF_INET6, &a6, htons(1000)),
			    f->peer[3]);
	rcu_read_lock();
	KUNIT_EXPECT_PTR_EQ(test, nym_path_find_address(f->peer[0], AF_INET6, &a6),
			    f->peer[3]);
	KUNIT_EXPECT_NULL(test, nym_path_find_address(f->peer[1], AF_INET6, &a6));
	rcu_read_unlock();
}

/* What is under way to where a peer was arrives, for a while. */
static void path_former_bind_receives(struct kunit *test)
{
	struct in_addr a = { htonl(0x0a000002) };
	struct nym_via_config config = {
		.address4 = &a, .port = htons(1000), .has_port = true,
	};
	struct fixture *f = test->priv;
	struct nym_bind *former;
	unsigned int i;

	for (i = 0; i < 4; i++)
		add_peer(test, i, NULL);
	KUNIT_EXPECT_EQ(test, set_via_to(test, 1, 0, &config), 0);
	KUNIT_EXPECT_EQ(test, set_via_to(test, 1, 2, &config), 0);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 0, a.s_addr, htons(1000)), f->peer[1]);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 2, a.s_addr, htons(1000)), f->peer[1]);
	/* It is neither on a path nor in anybody's way. */
	KUNIT_EXPECT_EQ(test, set_via(test, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, hops(test, 0), 3);
	KUNIT_EXPECT_EQ(test, set_via(test, 0, -1), 0);
	KUNIT_EXPECT_EQ(test, set_via_to(test, 3, 0, &config), 0);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 0, a.s_addr, htons(1000)), f->peer[3]);
	KUNIT_EXPECT_EQ(test, set_via(test, 3, -1), 0);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 0, a.s_addr, htons(1000)), f->peer[1]);

	former = hlist_entry(f->peer[1]->via.formers.first, struct nym_bind, former);
	former->expires = ktime_get_seconds();
	KUNIT_EXPECT_NULL(test, find4(test, 0, a.s_addr, htons(1000)));
	/* Nor is it open again later. */
	former->expires = 0;
	KUNIT_EXPECT_NULL(test, find4(test, 0, a.s_addr, htons(1000)));

	/* It goes with its carrier, and when its peer is nested no more. */
	KUNIT_EXPECT_EQ(test, set_via_to(test, 1, 0, &config), 0);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 2, a.s_addr, htons(1000)), f->peer[1]);
	remove_peer(test, 2);
	KUNIT_EXPECT_EQ(test, hops(test, 1), 2);
	KUNIT_EXPECT_EQ(test, set_via_to(test, 1, 3, &config), 0);
	KUNIT_EXPECT_EQ(test, set_via(test, 1, -1), 0);
	KUNIT_EXPECT_NULL(test, find4(test, 0, a.s_addr, htons(1000)));
	KUNIT_EXPECT_TRUE(test, hlist_empty(&f->peer[1]->via.formers));
}

/* Those that wait for one carrier will meet in it. */
static void path_bind_is_unique_before_the_carrier(struct kunit *test)
{
	struct in_addr a = { htonl(0x0a000002) };
	struct nym_via_config config = {
		.address4 = &a, .port = htons(1000), .has_port = true,
	};

	add_peer(test, 0, NULL);
	add_peer(test, 1, NULL);
	KUNIT_EXPECT_EQ(test, set_via_to(test, 0, 5, &config), 0);
	KUNIT_EXPECT_EQ(test, set_via_to(test, 1, 5, &config), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, set_via_to(test, 1, 6, &config), 0);
}

static void path_draws_ports(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct nym_via_config config = {};
	struct in_addr a = { htonl(0x0a000002) };
	__be16 port;

	add_peer(test, 0, NULL);
	add_peer(test, 1, NULL);
	add_peer(test, 2, NULL);
	config.address4 = &a;
	KUNIT_EXPECT_EQ(test, set_via_to(test, 2, 0, &config), 0);
	port = port_of(test, 2);
	KUNIT_EXPECT_GE(test, ntohs(port), 32768);
	KUNIT_EXPECT_LE(test, ntohs(port), 60999);

	/* Setting the same again keeps it. */
	KUNIT_EXPECT_EQ(test, set_via_to(test, 2, 0, &config), 0);
	KUNIT_EXPECT_EQ(test, (__force u16)port_of(test, 2), (__force u16)port);

	/* Drawn for another identity it is another one, and the former receives
	 * what is under way.
	 */
	redraw_port(test, 2);
	KUNIT_EXPECT_NE(test, (__force u16)port_of(test, 2), (__force u16)port);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 0, a.s_addr, port), f->peer[2]);
	port = port_of(test, 2);
	KUNIT_EXPECT_PTR_EQ(test, find4(test, 0, a.s_addr, port), f->peer[2]);

	/* A port that was set stays, and goes along to another carrier. */
	config.port = htons(5);
	config.has_port = true;
	KUNIT_EXPECT_EQ(test, set_via_to(test, 2, 0, &config), 0);
	redraw_port(test, 2);
	KUNIT_EXPECT_EQ(test, ntohs(port_of(test, 2)), 5);
	config.has_port = false;
	KUNIT_EXPECT_EQ(test, set_via_to(test, 2, 1, &config), 0);
	KUNIT_EXPECT_EQ(test, ntohs(port_of(test, 2)), 5);

	config.port = 0;
	config.has_port = true;
	KUNIT_EXPECT_EQ(test, set_via_to(test, 2, 1, &config), 0);
	KUNIT_EXPECT_GE(test, ntohs(port_of(test, 2)), 32768);
}

static void path_direct_peer_has_no_address(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct in_addr a = { htonl(0x0a000002) }, none = { 0 };
	struct nym_via_config config = { .address4 = &a };

	add_peer(test, 0, NULL);
	mutex_lock(&f->device->device_update_lock);
	KUNIT_EXPECT_EQ(test, nym_path_check(f->peer[0], &config, NULL), -EINVAL);
	config.address4 = &none;
	KUNIT_EXPECT_EQ(test, nym_path_check(f->peer[0], &config, NULL), 0);
	KUNIT_EXPECT_EQ(test, nym_path_apply(f->peer[0], &config), 0);
	mutex_unlock(&f->device->device_update_lock);
	KUNIT_EXPECT_FALSE(test, nym_via_is_set(&f->peer[0]->via));
}

static void set_families(struct fixture *f, unsigned int n, unsigned int mask)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		f->endpoint[i].addr.sa_family = mask & BIT(i) ? AF_INET6 : AF_INET;
		rcu_assign_pointer(f->peer[i]->endpoint, &f->endpoint[i]);
	}
}

static void path_overhead_of_all_families(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int n, mask, sum;
	struct nym_path path;

	for (n = 1; n <= NYM_MAX_HOPS; n++) {
		add_peer(test, n - 1, NULL);
		if (n > 1)
			KUNIT_EXPECT_EQ(test, set_via(test, n - 1, n - 2), 0);
		for (mask = 0; mask < BIT(n); mask++) {
			set_families(f, n, mask);
			sum = 60 * n + 20 * hweight32(mask);
			rcu_read_lock();
			KUNIT_ASSERT_EQ(test, nym_path_get(&path, f->peer[n - 1]), 0);
			KUNIT_EXPECT_EQ(test, path.hops, n);
			KUNIT_EXPECT_EQ(test, nym_path_overhead(&path), sum);
			KUNIT_EXPECT_EQ(test, nym_path_mtu_over(&path, 1500),
					1500 - sum);
			KUNIT_EXPECT_EQ(test, nym_path_mtu_over(&path, sum), 0);
			KUNIT_EXPECT_EQ(test, nym_path_mtu_over(&path, sum - 1), 0);
			rcu_read_unlock();
		}
	}

	/* A peer whose endpoint is unknown may turn out to have IPv6. */
	RCU_INIT_POINTER(f->peer[0]->endpoint, NULL);
	rcu_read_lock();
	KUNIT_ASSERT_EQ(test, nym_path_get(&path, f->peer[0]), 0);
	KUNIT_EXPECT_EQ(test, nym_path_overhead(&path), 80);
	rcu_read_unlock();
}

static void path_mtu_obeys_what_was_told(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct nym_path path;
	unsigned int i, mtu;

	for (i = 0; i < 3; i++)
		add_peer(test, i, NULL);
	KUNIT_EXPECT_EQ(test, set_via(test, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, set_via(test, 2, 1), 0);
	set_families(f, 3, 0);

	rcu_read_lock();
	KUNIT_ASSERT_EQ(test, nym_path_get(&path, f->peer[2]), 0);
	KUNIT_EXPECT_EQ(test, nym_path_mtu_over(&path, 1500), 1320);

	/* What hop 1 may send inside hop 0, less its own and hop 2's layers. */
	f->peer[1]->via.pmtu_expires = ktime_get_seconds() + 1000;
	f->peer[1]->via.pmtu = 1300;
	KUNIT_EXPECT_EQ(test, nym_path_mtu_over(&path, 1500), 1180);
	/* More than the route carries counts for nothing. */
	f->peer[1]->via.pmtu = 1441;
	KUNIT_EXPECT_EQ(test, nym_path_mtu_over(&path, 1500), 1320);
	KUNIT_EXPECT_EQ(test, nym_path_mtu_over(&path, 1400), 1220);
	f->peer[2]->via.pmtu_expires = ktime_get_seconds() + 1000;
	f->peer[2]->via.pmtu = 1000;
	KUNIT_EXPECT_EQ(test, nym_path_mtu_over(&path, 1500), 940);
	/* It is forgotten in time. */
	f->peer[2]->via.pmtu_expires = ktime_get_seconds();
	KUNIT_EXPECT_EQ(test, nym_path_mtu_over(&path, 1500), 1320);

	/* Nested over IPv6 nothing is cut on the way, but over IPv4 it is. */
	f->peer[2]->via.pmtu_expires = ktime_get_seconds() + 1000;
	KUNIT_EXPECT_EQ(test, nym_path_hard_mtu(&path), UINT_MAX);
	set_families(f, 3, BIT(2));
	KUNIT_EXPECT_EQ(test, nym_path_hard_mtu(&path), 920);
	set_families(f, 3, BIT(1) | BIT(2));
	f->peer[1]->via.pmtu = 1050;
	KUNIT_EXPECT_EQ(test, nym_path_hard_mtu(&path), 890);
	f->peer[1]->via.pmtu = 1441;
	set_families(f, 3, 0);
	f->peer[2]->via.pmtu_expires = ktime_get_seconds();

	/* What cannot be cut on the way is cut here, where that is too narrow. */
	f->peer[2]->via.pmtu = 1280;
	KUNIT_EXPECT_EQ(test, nym_path_reach(&path, &mtu), 3);
	f->peer[2]->via.pmtu_expires = ktime_get_seconds() + 1000;
	KUNIT_EXPECT_EQ(test, nym_path_reach(&path, &mtu), 3);
	set_families(f, 3, BIT(2));
	KUNIT_EXPECT_EQ(test, nym_path_reach(&path, &mtu), 1);
	KUNIT_EXPECT_EQ(test, mtu, 1280);
	f->peer[2]->via.pmtu = 1360;
	KUNIT_EXPECT_EQ(test, nym_path_reach(&path, &mtu), 3);
	set_families(f, 3, BIT(1) | BIT(2));
	f->peer[1]->via.pmtu = 1439;
	KUNIT_EXPECT_EQ(test, nym_path_reach(&path, &mtu), 2);
	f->peer[1]->via.pmtu = 1440;
	KUNIT_EXPECT_EQ(test, nym_path_reach(&path, &mtu), 3);
	rcu_read_unlock();

	/* It is forgotten where the carrier changes. */
	f->peer[2]->via.pmtu_expires = ktime_get_seconds() + 1000;
	KUNIT_EXPECT_EQ(test, set_via(test, 2, 0), 0);
	KUNIT_EXPECT_EQ(test, f->peer[2]->via.pmtu, 0);
}

static struct kunit_case path_cases[] = {
	KUNIT_CASE(path_refuses_cycles),
	KUNIT_CASE(path_refuses_cycle_through_absent_carrier),
	KUNIT_CASE(path_refuses_too_many_hops),
	KUNIT_CASE(path_counts_absent_carrier),
	KUNIT_CASE(path_follows_its_carrier),
	KUNIT_CASE(path_removed_nested_peer_is_silent),
	KUNIT_CASE(path_bind_is_unique),
	KUNIT_CASE(path_former_bind_receives),
	KUNIT_CASE(path_bind_is_unique_before_the_carrier),
	KUNIT_CASE(path_draws_ports),
	KUNIT_CASE(path_direct_peer_has_no_address),
	KUNIT_CASE(path_overhead_of_all_families),
	KUNIT_CASE(path_mtu_obeys_what_was_told),
	{}
};

static struct kunit_suite path_suite = {
	.name = "nym_path",
	.init = path_test_init,
	.exit = path_test_exit,
	.test_cases = path_cases,
};

kunit_test_suite(path_suite);
