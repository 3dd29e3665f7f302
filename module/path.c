// SPDX-License-Identifier: GPL-2.0
/* Paths: which peer is reached through which. */

#include "path.h"
#include "cookie.h"
#include "device.h"
#include "endpoint.h"
#include "events.h"
#include "lookup.h"
#include "messages.h"
#include "peer.h"
#include "socket.h"
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/stringify.h>
#include <linux/timekeeping.h>
#include <net/ipv6.h>

/* Where Linux draws its own ephemeral ports from, so that a nested peer's port
 * looks to its gateway like that of any other program.
 */
#define PORT_FIRST	32768
#define PORT_LAST	60999
#define PORT_COUNT	(PORT_LAST - PORT_FIRST + 1)

/* The real network's MTU while there is no route to ask. */
#define DEFAULT_ROUTE_MTU	1500

/* What every IPv4 host takes whole (RFC 791), and how long a path MTU that was
 * told is believed (RFC 1191 and RFC 8201: ten minutes).
 */
#define LEAST_PMTU4	576
#define PMTU_LIFETIME	600 /* s */

/* How long a former bind receives, three seconds and what is left of the next, which
 * is longer than anything is under way; and how many of a peer's do.
 */
#define FORMER_LIFETIME	4 /* s */
#define MAX_FORMERS	16

/**
 * struct nym_path_table - what a device knows of its nested peers
 * @binds:	of struct nym_bind.hash, those that have a carrier (RCU)
 * @waiting:	of struct nym_via.waiting, nested peers whose carrier's key no
 *		peer has; update lock
 * @last_number: of a bind; update lock
 *
 * Only configuration fills them, so the hashes need no secret.
 */
struct nym_path_table {
	DECLARE_HASHTABLE(binds, 10);
	DECLARE_HASHTABLE(waiting, 10);
	u32 last_number;
};

/* The bind of nested peers that have none of their own: one that is being made
 * and one that was removed. It never has a carrier.
 */
static struct nym_bind silent_bind;

static const u8 no_key[NYM_KEY_LEN];

static u32 bind_hash(const struct nym_peer *carrier, __be16 port)
{
	return hash_long((unsigned long)carrier ^ (__force u16)port, 32);
}

static u32 key_hash(const u8 key[NYM_KEY_LEN])
{
	return jhash(key, NYM_KEY_LEN, 0);
}

static struct nym_bind *own_bind(const struct nym_peer *peer)
{
	return rcu_dereference_protected(peer->via.bind,
		lockdep_is_held(&peer->device->device_update_lock));
}

static struct nym_peer *bind_carrier(const struct nym_bind *bind,
				     const struct nym_device *device)
{
	return rcu_dereference_protected(bind->carrier,
					 lockdep_is_held(&device->device_update_lock));
}

static struct nym_peer *own_carrier(const struct nym_peer *peer)
{
	const struct nym_bind *bind = own_bind(peer);

	return bind ? bind_carrier(bind, peer->device) : NULL;
}

/* Valid as long as the update lock is held, since removal needs it too. */
static struct nym_peer *find_peer(struct nym_device *device,
				  const u8 key[NYM_KEY_LEN])
{
	struct nym_peer *peer;

	peer = nym_pubkey_table_lookup(device->pubkeys, key);
	nym_peer_put(peer);
	return peer;
}

struct nym_path_table *nym_path_table_alloc(void)
{
	struct nym_path_table *table = kvmalloc(sizeof(*table), GFP_KERNEL);

	if (!table)
		return NULL;
	hash_init(table->binds);
	hash_init(table->waiting);
	table->last_number = 0;
	return table;
}

void nym_path_table_free(struct nym_path_table *table)
{
	kvfree(table);
}

void nym_path_init(struct nym_peer *peer, const u8 *via_key)
{
	struct nym_via *via = &peer->via;

	INIT_LIST_HEAD(&via->nested);
	INIT_HLIST_HEAD(&via->formers);
	INIT_HLIST_NODE(&via->waiting);
	RCU_INIT_POINTER(via->bind, via_key ? &silent_bind : NULL);
	if (via_key)
		memcpy(via->key, via_key, sizeof(via->key));
}

/* Takes a bind out of what finds it, so that nothing more arrives through it. */
static void bind_detach(struct nym_bind *bind)
{
	if (hlist_unhashed(&bind->hash))
		return;
	hash_del_rcu(&bind->hash);
	list_del_rcu(&bind->siblings);
}

static void bind_drop(struct nym_bind *bind)
{
	bind_detach(bind);
	kfree_rcu(bind, rcu);
}

static void former_drop(struct nym_bind *bind)
{
	hlist_del(&bind->former);
	bind_drop(bind);
}

/* Does the bind receive? RCU read section, or update lock. */
static bool bind_is_open(const struct nym_bind *bind)
{
	/* Pairs with smp_store_release() in bind_retire(). */
	return !smp_load_acquire(&bind->is_former) ||
	       (u32)ktime_get_seconds() < bind->expires;
}

/* Lets what is under way to a bind that was replaced arrive. */
static void bind_retire(struct nym_peer *peer, struct nym_bind *bind)
{
	struct hlist_node *next;
	struct nym_bind *former;
	unsigned int count = 0;

	hlist_for_each_entry_safe(former, next, &peer->via.formers, former)
		if (!bind_is_open(former) || ++count >= MAX_FORMERS)
			former_drop(former);
	bind->expires = ktime_get_seconds() + FORMER_LIFETIME;
	/* Who sees that it is a former one, sees until when. */
	smp_store_release(&bind->is_former, true);
	hlist_add_head(&bind->former, &peer->via.formers);
}

static void drop_formers(struct nym_peer *peer)
{
	struct hlist_node *next;
	struct nym_bind *former;

	hlist_for_each_entry_safe(former, next, &peer->via.formers, former)
		former_drop(former);
}

/* Makes @new, which may be NULL, the peer's bind. It receives before the store
 * lets the peer send by it, and the old one until well after, so that no answer
 * finds its bind missing.
 */
static void bind_publish(struct nym_peer *peer, struct nym_bind *new)
{
	struct nym_path_table *table = peer->device->binds;
	struct nym_bind *old = own_bind(peer);
	struct nym_peer *carrier = NULL;

	hash_del(&peer->via.waiting);
	if (new && new != &silent_bind) {
		carrier = bind_carrier(new, peer->device);
		if (carrier) {
			if (!++table->last_number)
				++table->last_number;
			new->number = table->last_number;
			hash_add_rcu(table->binds, &new->hash,
				     bind_hash(carrier, new->port));
			list_add_tail_rcu(&new->siblings, &carrier->via.nested);
		} else {
			hash_add(table->waiting, &peer->via.waiting,
				 key_hash(peer->via.key));
		}
	}
	/* What was heard at the old place is learnt before this, and then is replaced
	 * by what configuration says, or not at all.
	 */
	spin_lock_bh(&peer->endpoint_lock);
	if (carrier != own_carrier(peer))
		WRITE_ONCE(peer->via.pmtu, 0);
	/* Pairs with rcu_dereference() in nym_path_get(): a sender that sees the
	 * bind sees all of it.
	 */
	rcu_assign_pointer(peer->via.bind, new);
	spin_unlock_bh(&peer->endpoint_lock);

	/* A peer that is not nested any more has no business inside. */
	if (!new || new == &silent_bind)
		drop_formers(peer);
	if (!old || old == &silent_bind)
		return;
	if (carrier && !hlist_unhashed(&old->hash))
		bind_retire(peer, old);
	else
		bind_drop(old);
}

static bool addresses_overlap(const struct nym_bind *a, const struct nym_bind *b)
{
	return (a->address4.s_addr && a->address4.s_addr == b->address4.s_addr) ||
	       (!ipv6_addr_any(&a->address6) &&
		ipv6_addr_equal(&a->address6, &b->address6));
}

/* Does another peer of the same carrier have @bind's port at one of its
 * addresses? Peers that wait for the same carrier count, for they will meet.
 * Former binds do not: the newer one lies before them in the table.
 */
static bool port_is_taken(struct nym_peer *peer, const u8 key[NYM_KEY_LEN],
			  struct nym_peer *carrier, const struct nym_bind *bind)
{
	struct nym_path_table *table = peer->device->binds;
	struct nym_peer *waiting;
	struct nym_bind *other;

	if (carrier) {
		hash_for_each_possible(table->binds, other, hash,
				       bind_hash(carrier, bind->port))
			if (rcu_access_pointer(other->carrier) == carrier &&
			    other->port == bind->port && other->nested != peer &&
			    !other->is_former && addresses_overlap(other, bind))
				return true;
		return false;
	}

	hash_for_each_possible(table->waiting, waiting, via.waiting, key_hash(key)) {
		other = own_bind(waiting);
		if (waiting != peer && other->port == bind->port &&
		    !memcmp(waiting->via.key, key, NYM_KEY_LEN) &&
		    addresses_overlap(other, bind))
			return true;
	}
	return false;
}

/* Gives @bind a port that is free and not the one that it has. */
static bool draw_port(struct nym_peer *peer, const u8 key[NYM_KEY_LEN],
		      struct nym_peer *carrier, struct nym_bind *bind)
{
	u32 start = get_random_u32_below(PORT_COUNT);
	__be16 old = bind->port;
	u32 i;

	for (i = 0; i < PORT_COUNT; i++) {
		bind->port = htons(PORT_FIRST + (start + i) % PORT_COUNT);
		if (bind->port != old && !port_is_taken(peer, key, carrier, bind))
			return true;
	}
	return false;
}

/* Fills @bind with what the change makes of the peer's bind. The peer stays, or
 * becomes, nested with a carrier of @key.
 */
static int bind_plan(struct nym_peer *peer, const struct nym_via_config *config,
		     const u8 key[NYM_KEY_LEN], struct nym_bind *bind,
		     bool *port_is_drawn, struct netlink_ext_ack *extack)
{
	struct nym_peer *carrier = find_peer(peer->device, key);
	const struct nym_bind *old = own_bind(peer);
	bool draw;

	RCU_INIT_POINTER(bind->carrier, carrier);
	bind->nested = peer;
	if (old) {
		bind->address4 = old->address4;
		bind->address6 = old->address6;
		bind->port = old->port;
	}
	if (config->address4)
		bind->address4 = *config->address4;
	if (config->address6)
		bind->address6 = *config->address6;

	/* A drawn port is not taken along to another carrier: two gateways that
	 * saw the same one could tell that it is the same client.
	 */
	if (config->has_port) {
		bind->port = config->port;
		draw = !config->port;
	} else {
		draw = !bind->port || (peer->via.port_is_drawn &&
				       memcmp(peer->via.key, key, NYM_KEY_LEN));
	}
	*port_is_drawn = draw || (!config->has_port && peer->via.port_is_drawn);

	if (draw) {
		if (draw_port(peer, key, carrier, bind))
			return 0;
		NL_SET_ERR_MSG(extack,
			       "no via-port is left for this carrier: give the peer another via-address");
		return -EADDRINUSE;
	}
	if (!port_is_taken(peer, key, carrier, bind))
		return 0;
	NL_SET_ERR_MSG(extack,
		       "another peer of this carrier has this via-address and via-port: choose another port, or 0 to draw one");
	return -EADDRINUSE;
}

/* Hops of the longest path that ends in @peer, of those that go through it. */
static unsigned int levels_below(const struct nym_peer *peer, unsigned int limit)
{
	const struct nym_bind *bind;
	unsigned int deepest = 0;

	if (!limit)
		return 0;
	list_for_each_entry(bind, &peer->via.nested, siblings)
		if (!bind->is_former)
			deepest = max(deepest, levels_below(bind->nested, limit - 1));
	return deepest + 1;
}

/* Would the path over a carrier of @key come back to @peer, or grow too long? A
 * carrier that does not exist yet counts as one hop, which it will be at least.
 */
static int carrier_check(const struct nym_peer *peer, const u8 key[NYM_KEY_LEN],
			 struct netlink_ext_ack *extack)
{
	const u8 *own_key = peer->handshake.remote_static;
	/* One more than is legal is enough to know. */
	unsigned int hops = levels_below(peer, NYM_MAX_HOPS + 1);
	const struct nym_peer *hop = find_peer(peer->device, key);

	if (!memcmp(key, own_key, NYM_KEY_LEN)) {
		NL_SET_ERR_MSG(extack, "a peer cannot be its own carrier");
		return -EINVAL;
	}

	for (; hop && hop != peer; hop = own_carrier(hop)) {
		hops++;
		key = own_bind(hop) ? hop->via.key : NULL;
	}
	if (hop || (key && !memcmp(key, own_key, NYM_KEY_LEN))) {
		NL_SET_ERR_MSG(extack,
			       "the carrier is itself reached through this peer: change the carrier's via first");
		return -ELOOP;
	}
	if (key)
		hops++;
	if (hops > NYM_MAX_HOPS) {
		NL_SET_ERR_MSG(extack,
			       "a path would have more than " __stringify(NYM_MAX_HOPS)
			       " hops: choose a carrier closer to the real network");
		return -EMLINK;
	}
	return 0;
}

int nym_path_check(struct nym_peer *peer, const struct nym_via_config *config,
		   struct netlink_ext_ack *extack)
{
	const u8 *key = config->key;
	struct nym_bind bind = {};
	bool port_is_drawn;
	int ret;

	lockdep_assert_held(&peer->device->device_update_lock);

	if (key ? !memcmp(key, no_key, NYM_KEY_LEN) : !own_bind(peer)) {
		if ((config->address4 && config->address4->s_addr) ||
		    (config->address6 && !ipv6_addr_any(config->address6)) ||
		    (config->has_port && config->port)) {
			NL_SET_ERR_MSG(extack,
				       "only a nested peer has a via-address or via-port: name its carrier too");
			return -EINVAL;
		}
		return 0;
	}

	if (key) {
		ret = carrier_check(peer, key, extack);
		if (ret)
			return ret;
	} else {
		key = peer->via.key;
	}
	return bind_plan(peer, config, key, &bind, &port_is_drawn, extack);
}

static bool bind_is_same(const struct nym_bind *a, const struct nym_bind *b)
{
	return rcu_access_pointer(a->carrier) == rcu_access_pointer(b->carrier) &&
	       a->address4.s_addr == b->address4.s_addr &&
	       ipv6_addr_equal(&a->address6, &b->address6) && a->port == b->port;
}

static void make_direct(struct nym_peer *peer)
{
	if (!own_bind(peer))
		return;
	bind_publish(peer, NULL);
	nym_cookie_forget(&peer->cookie);
	memset(peer->via.key, 0, sizeof(peer->via.key));
	peer->via.port_is_drawn = false;
	nym_peer_update_identities(peer);
}

int nym_path_apply(struct nym_peer *peer, const struct nym_via_config *config)
{
	const struct nym_bind *old = own_bind(peer);
	const u8 *key = config->key;
	bool port_is_drawn;
	struct nym_bind *new;
	int ret;

	lockdep_assert_held(&peer->device->device_update_lock);

	if (key ? !memcmp(key, no_key, NYM_KEY_LEN) : !old) {
		make_direct(peer);
		return 0;
	}
	if (!key)
		key = peer->via.key;

	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	ret = bind_plan(peer, config, key, new, &port_is_drawn, NULL);
	if (ret) {
		kfree(new);
		return ret;
	}

	peer->via.port_is_drawn = port_is_drawn;
	if (old && old != &silent_bind && bind_is_same(old, new) &&
	    !memcmp(peer->via.key, key, NYM_KEY_LEN)) {
		kfree(new);
		return 0;
	}
	memmove(peer->via.key, key, NYM_KEY_LEN);
	bind_publish(peer, new);
	nym_cookie_forget(&peer->cookie);
	if (!old)
		nym_peer_update_identities(peer);
	return 0;
}

/* A copy of the peer's bind, still unpublished, for another carrier. */
static struct nym_bind *bind_copy(const struct nym_peer *peer,
				  struct nym_peer *carrier, gfp_t gfp)
{
	struct nym_bind *new = kmemdup(own_bind(peer), sizeof(*new), gfp);

	if (!new)
		return NULL;
	INIT_LIST_HEAD(&new->siblings);
	INIT_HLIST_NODE(&new->former);
	INIT_HLIST_NODE(&new->hash);
	RCU_INIT_POINTER(new->carrier, carrier);
	return new;
}

void nym_path_redraw_port(struct nym_peer *peer)
{
	struct nym_bind *old = own_bind(peer), *new;
	struct nym_peer *carrier;

	lockdep_assert_held(&peer->device->device_update_lock);

	if (!old || old == &silent_bind || !peer->via.port_is_drawn)
		return;
	carrier = bind_carrier(old, peer->device);
	/* There is no going back to the old identity that asks for it. */
	new = bind_copy(peer, carrier, GFP_KERNEL | __GFP_NOFAIL);
	/* Where all ports are taken, 28232 peers behind one address hide each
	 * other.
	 */
	if (draw_port(peer, peer->via.key, carrier, new))
		bind_publish(peer, new);
	else
		kfree(new);
}

int nym_path_peer_added(struct nym_peer *peer)
{
	const u8 *key = peer->handshake.remote_static;
	struct nym_path_table *table = peer->device->binds;
	struct nym_peer *nested;
	struct hlist_node *next;
	struct nym_bind *new;

	lockdep_assert_held(&peer->device->device_update_lock);

	hash_for_each_possible_safe(table->waiting, nested, next, via.waiting,
				    key_hash(key)) {
		if (memcmp(nested->via.key, key, NYM_KEY_LEN))
			continue;
		new = bind_copy(nested, peer, GFP_KERNEL);
		if (!new)
			return -ENOMEM;
		bind_publish(nested, new);
	}
	return 0;
}

void nym_path_peer_removed(struct nym_peer *peer)
{
	struct nym_path_table *table = peer->device->binds;
	struct nym_bind *bind, *next;

	lockdep_assert_held(&peer->device->device_update_lock);

	list_for_each_entry_safe(bind, next, &peer->via.nested, siblings) {
		if (bind->is_former) {
			former_drop(bind);
			continue;
		}
		bind_detach(bind);
		/* The bind itself stays the nested peer's: silent, not direct. */
		RCU_INIT_POINTER(bind->carrier, NULL);
		hash_add(table->waiting, &bind->nested->via.waiting,
			 key_hash(bind->nested->via.key));
	}

	if (own_bind(peer))
		bind_publish(peer, &silent_bind);
}

int nym_path_get(struct nym_path *path, struct nym_peer *peer)
{
	const struct nym_bind *bind;
	unsigned int hops = 0;

	do {
		bind = rcu_dereference(peer->via.bind);
		path->hop[hops] = peer;
		path->bind[hops] = bind;
		hops++;
		if (!bind) {
			path->hops = hops;
			return 0;
		}
		peer = rcu_dereference(bind->carrier);
		/* While carriers are being exchanged, the hops of two moments
		 * may add up to more than is legal.
		 */
	} while (peer && hops < NYM_MAX_HOPS);

	path->hops = 0;
	return -ENOLINK;
}

static unsigned int hop_overhead(const struct nym_peer *peer)
{
	const struct nym_endpoint *endpoint = rcu_dereference(peer->endpoint);

	return endpoint && endpoint->addr.sa_family == AF_INET ?
	       NYM_HOP_OVERHEAD4 : NYM_HOP_OVERHEAD6;
}

/* How large a hop's own datagrams may be, as was told lately; or 0. */
static unsigned int told_mtu(const struct nym_path *path, unsigned int hop)
{
	const struct nym_via *via = &path->hop[hop]->via;
	unsigned int pmtu = READ_ONCE(via->pmtu);

	return path->bind[hop] && pmtu &&
	       (u32)ktime_get_seconds() < READ_ONCE(via->pmtu_expires) ? pmtu : 0;
}

unsigned int nym_path_overhead(const struct nym_path *path)
{
	unsigned int i, sum = 0;

	for (i = 0; i < path->hops; i++)
		sum += hop_overhead(path->hop[i]);
	return sum;
}

unsigned int nym_path_mtu_over(const struct nym_path *path, unsigned int route_mtu)
{
	unsigned int mtu = route_mtu, overhead, pmtu, i;

	for (i = path->hops; i-- > 0; ) {
		pmtu = told_mtu(path, i);
		if (pmtu)
			mtu = min(mtu, pmtu);
		overhead = hop_overhead(path->hop[i]);
		mtu = mtu > overhead ? mtu - overhead : 0;
	}
	return mtu;
}

unsigned int nym_path_hard_mtu(const struct nym_path *path)
{
	unsigned int mtu = UINT_MAX, sum = 0, overhead, pmtu, i;

	for (i = 0; i + 1 < path->hops; i++) {
		overhead = hop_overhead(path->hop[i]);
		sum += overhead;
		pmtu = told_mtu(path, i);
		if (unlikely(pmtu && overhead == NYM_HOP_OVERHEAD6))
			mtu = min(mtu, pmtu > sum ? pmtu - sum : 0);
	}
	return mtu;
}

unsigned int nym_path_reach(const struct nym_path *path, unsigned int *mtu)
{
	unsigned int least = IPV6_MIN_MTU, overhead, pmtu, i;

	for (i = 0; i + 1 < path->hops; i++) {
		overhead = hop_overhead(path->hop[i]);
		least += overhead;
		pmtu = told_mtu(path, i);
		if (unlikely(pmtu && pmtu < least &&
			     overhead == NYM_HOP_OVERHEAD6)) {
			*mtu = pmtu;
			return i + 1;
		}
	}
	return path->hops;
}

unsigned int nym_path_mtu(const struct nym_path *path)
{
	unsigned int route_mtu;

	route_mtu = nym_socket_path_mtu(path->hop[path->hops - 1]);
	return nym_path_mtu_over(path, route_mtu ?: DEFAULT_ROUTE_MTU);
}

/* An absent via-address, all zeros, is none that a packet could go to. */
static bool bind_has_address(const struct nym_bind *bind, int family,
			     const void *address)
{
	if (family == AF_INET)
		return bind->address4.s_addr &&
		       !memcmp(&bind->address4, address, sizeof(bind->address4));
	return family == AF_INET6 && !ipv6_addr_any(&bind->address6) &&
	       !memcmp(&bind->address6, address, sizeof(bind->address6));
}

const struct nym_bind *nym_path_find_bind(struct nym_peer *carrier, int family,
					  const void *address, __be16 port)
{
	struct nym_path_table *table = carrier->device->binds;
	const struct nym_bind *bind;

	hash_for_each_possible_rcu(table->binds, bind, hash,
				   bind_hash(carrier, port)) {
		if (bind->port != port ||
		    rcu_access_pointer(bind->carrier) != carrier)
			continue;
		if (bind_has_address(bind, family, address) && bind_is_open(bind))
			return bind;
	}
	return NULL;
}

struct nym_peer *nym_path_find_address(struct nym_peer *carrier, int family,
				       const void *address)
{
	const struct nym_bind *bind;

	nym_via_for_each_nested(bind, &carrier->via)
		if (bind_has_address(bind, family, address) && bind_is_open(bind))
			return bind->nested;
	return NULL;
}

void nym_path_learn_mtu(struct nym_peer *peer, u32 bind, unsigned int mtu)
{
	const struct nym_endpoint *endpoint;
	struct nym_via *via = &peer->via;
	bool is_news = false;

	/* No link of the family carries less, so whoever tells less lies. Nor does
	 * an IP packet, which is at most 65535 bytes long, need more.
	 */
	rcu_read_lock();
	endpoint = rcu_dereference(peer->endpoint);
	mtu = max_t(unsigned int, mtu,
		    endpoint && endpoint->addr.sa_family == AF_INET ?
		    LEAST_PMTU4 : IPV6_MIN_MTU);
	mtu = min_t(unsigned int, mtu, U16_MAX);

	spin_lock_bh(&peer->endpoint_lock);
	if (nym_via_is_at(via, bind)) {
		is_news = via->pmtu != mtu ||
			  (u32)ktime_get_seconds() >= via->pmtu_expires;
		WRITE_ONCE(via->pmtu_expires, ktime_get_seconds() + PMTU_LIFETIME);
		WRITE_ONCE(via->pmtu, mtu);
	}
	spin_unlock_bh(&peer->endpoint_lock);
	rcu_read_unlock();
	if (is_news)
		nym_event_send(peer, NYM_EVENT_PATH_MTU);
}
