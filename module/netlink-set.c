// SPDX-License-Identifier: GPL-2.0
/* Configures a device as user space asks: first all is checked that can be
 * checked without changing anything, then the device is changed, then its peers
 * in three passes.
 */

#include "allowedips.h"
#include "device.h"
#include "endpoint.h"
#include "identity.h"
#include "lookup.h"
#include "netlink.h"
#include "netlink-gen.h"
#include "noise.h"
#include "path.h"
#include "peer.h"
#include "quota.h"
#include "send.h"
#include "socket.h"
#include <linux/capability.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/genetlink.h>

/* Rounds over the vias of one request, see apply_vias(). */
#define MAX_VIA_ROUNDS	(2 * NYM_MAX_HOPS)

static bool key_is_zero(const u8 key[NYM_KEY_LEN])
{
	static const u8 zeros[NYM_KEY_LEN];

	return !crypto_memneq(key, zeros, NYM_KEY_LEN);
}

/**
 * struct peer_change - a peer of a set request while it is being worked on
 * @attrs:		the request's nest
 * @peer:		with a reference; NULL where there is nothing more to do
 * @is_new:		made by this request
 * @via_is_pending:	the request has a via that is not applied yet
 * @moved:		its via was applied
 * @is_placed:		the request has a via or an endpoint, and it was applied
 */
struct peer_change {
	struct nlattr *attrs;
	struct nym_peer *peer;
	bool is_new;
	bool via_is_pending;
	bool moved;
	bool is_placed;
};

/* The core has validated the request by the generated policies, so this cannot
 * fail but for a nest that is not marked as one.
 */
static int parse_peer(struct nlattr **attrs, struct nlattr *nest,
		      struct netlink_ext_ack *extack)
{
	return nla_parse_nested(attrs, NYMPEER_A_MAX, nest, NULL, extack);
}

static int check_allowedip(struct nlattr *nest, struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[NYMALLOWEDIP_A_MAX + 1];
	unsigned int address_len, bits;
	int ret;

	ret = nla_parse_nested(attrs, NYMALLOWEDIP_A_MAX, nest, NULL, extack);
	if (ret)
		return ret;
	if (!attrs[NYMALLOWEDIP_A_FAMILY] || !attrs[NYMALLOWEDIP_A_IPADDR] ||
	    !attrs[NYMALLOWEDIP_A_CIDR_MASK]) {
		NL_SET_ERR_MSG_ATTR(extack, nest,
				    "an allowed IP needs family, address and mask");
		return -EINVAL;
	}

	switch (nla_get_u16(attrs[NYMALLOWEDIP_A_FAMILY])) {
	case AF_INET:
		address_len = sizeof(struct in_addr);
		break;
	case AF_INET6:
		address_len = sizeof(struct in6_addr);
		break;
	default:
		NL_SET_ERR_MSG_ATTR(extack, attrs[NYMALLOWEDIP_A_FAMILY],
				    "the family must be AF_INET or AF_INET6");
		return -EINVAL;
	}
	if (nla_len(attrs[NYMALLOWEDIP_A_IPADDR]) != address_len) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[NYMALLOWEDIP_A_IPADDR],
				    "the address has not the family's length");
		return -EINVAL;
	}
	bits = nla_get_u8(attrs[NYMALLOWEDIP_A_CIDR_MASK]);
	if (bits > address_len * BITS_PER_BYTE) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[NYMALLOWEDIP_A_CIDR_MASK],
				    "the mask must not be longer than the address: 32 or 128");
		return -EINVAL;
	}
	return 0;
}

static int check_endpoint(const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	const struct sockaddr *addr = nla_data(attr);

	if ((addr->sa_family == AF_INET &&
	     nla_len(attr) == sizeof(struct sockaddr_in)) ||
	    (addr->sa_family == AF_INET6 &&
	     nla_len(attr) == sizeof(struct sockaddr_in6)))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "an endpoint is a struct sockaddr_in or sockaddr_in6");
	return -EINVAL;
}

static int check_quota(struct nlattr **attrs, struct netlink_ext_ack *extack)
{
	const struct nlattr *quota = attrs[NYMPEER_A_QUOTA];
	const struct nlattr *add = attrs[NYMPEER_A_QUOTA_ADD];
	const struct nlattr *low = attrs[NYMPEER_A_QUOTA_LOW];

	if (quota && nla_get_u64(quota) >= NYM_QUOTA_UNLIMITED &&
	    nla_get_u64(quota) != U64_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, quota,
				    "a quota is less than 2^63 - 1 bytes, or all ones for no limit");
		return -ERANGE;
	}
	if (add && nla_get_u64(add) >= NYM_QUOTA_UNLIMITED) {
		NL_SET_ERR_MSG_ATTR(extack, add,
				    "less than 2^63 - 1 bytes can be added to a quota");
		return -ERANGE;
	}
	if (low && nla_get_u64(low) >= NYM_QUOTA_UNLIMITED) {
		NL_SET_ERR_MSG_ATTR(extack, low,
				    "the low mark of a quota is less than 2^63 - 1 bytes");
		return -ERANGE;
	}
	return 0;
}

static int check_read_only(struct nlattr **attrs, struct netlink_ext_ack *extack)
{
	static const u8 read_only[] = {
		NYMPEER_A_IDENTITY, NYMPEER_A_MTU, NYMPEER_A_HOPS,
		NYMPEER_A_VIA_PORT_DRAWN,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(read_only); i++) {
		if (!attrs[read_only[i]])
			continue;
		NL_SET_ERR_MSG_ATTR(extack, attrs[read_only[i]],
				    "the attribute can be read only: leave it out");
		return -EINVAL;
	}
	return 0;
}

/* Whatever can be judged without the device's state. */
static int check_peer(struct nlattr *nest, struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[NYMPEER_A_MAX + 1], *allowedip;
	int ret, rem;

	ret = parse_peer(attrs, nest, extack);
	if (ret)
		return ret;
	if (!attrs[NYMPEER_A_PUBLIC_KEY]) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "a peer needs its public key");
		return -EINVAL;
	}
	if (attrs[NYMPEER_A_PROTOCOL_VERSION] &&
	    nla_get_u32(attrs[NYMPEER_A_PROTOCOL_VERSION]) != 1) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[NYMPEER_A_PROTOCOL_VERSION],
				    "the only protocol version is 1: leave it out");
		return -EPFNOSUPPORT;
	}
	if (attrs[NYMPEER_A_ENDPOINT]) {
		ret = check_endpoint(attrs[NYMPEER_A_ENDPOINT], extack);
		if (ret)
			return ret;
	}
	ret = check_quota(attrs, extack) ?: check_read_only(attrs, extack);
	if (ret)
		return ret;

	if (!attrs[NYMPEER_A_ALLOWEDIPS])
		return 0;
	nla_for_each_nested(allowedip, attrs[NYMPEER_A_ALLOWEDIPS], rem) {
		ret = check_allowedip(allowedip, extack);
		if (ret)
			return ret;
	}
	return 0;
}

static int check_device(struct nym_device *device, const struct sk_buff *request,
			struct nlattr **attrs, struct netlink_ext_ack *extack)
{
	struct nlattr *sockets = attrs[NYMDEVICE_A_LISTEN_PORT] ?:
				 attrs[NYMDEVICE_A_FWMARK];
	struct nlattr *peer;
	struct net *net;
	int ret, rem;

	if (sockets) {
		rcu_read_lock();
		net = rcu_dereference(device->creating_net);
		/* Of who opened the socket, too, as the core asks it of both. */
		ret = net && netlink_ns_capable(request, net->user_ns,
						CAP_NET_ADMIN) ? 0 : -EPERM;
		rcu_read_unlock();
		if (ret) {
			NL_SET_ERR_MSG_ATTR(extack, sockets,
					    "the sockets are in the namespace that the device was created in: CAP_NET_ADMIN is needed there");
			return ret;
		}
	}

	if (!attrs[NYMDEVICE_A_PEERS])
		return 0;
	nla_for_each_nested(peer, attrs[NYMDEVICE_A_PEERS], rem) {
		ret = check_peer(peer, extack);
		if (ret)
			return ret;
	}
	return 0;
}

static void set_fwmark(struct nym_device *device, u32 fwmark)
{
	struct nym_peer *peer;

	WRITE_ONCE(device->fwmark, fwmark);
	/* The mark may route elsewhere, where another source is right. */
	list_for_each_entry(peer, &device->peer_list, peer_list)
		nym_endpoint_clear_source(peer);
}

static int set_listen_port(struct nym_device *device, const struct nlattr *attr,
			   struct netlink_ext_ack *extack)
{
	u16 port = nla_get_u16(attr);
	struct nym_peer *peer;
	int ret;

	if (device->incoming_port == port)
		return 0;
	list_for_each_entry(peer, &device->peer_list, peer_list)
		nym_endpoint_clear_source(peer);
	if (!netif_running(device->dev)) {
		device->incoming_port = port;
		return 0;
	}
	ret = nym_socket_init(device, port);
	if (ret)
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the listen port cannot be opened: choose another, or 0 to draw one");
	return ret;
}

/* Return: the identity that an attribute asks for, NULL for none, or ERR_PTR(). */
static struct nym_identity *read_identity(const struct nlattr *attr,
					  struct netlink_ext_ack *extack)
{
	struct nym_identity *identity;

	if (key_is_zero(nla_data(attr)))
		return NULL;
	identity = nym_identity_create(nla_data(attr));
	if (IS_ERR(identity))
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "no identity can be made of this private key");
	return identity;
}

static int set_device_identity(struct nym_device *device,
			       const struct nlattr *attr,
			       struct netlink_ext_ack *extack)
{
	struct nym_identity *identity = read_identity(attr, extack);

	if (IS_ERR(identity))
		return PTR_ERR(identity);
	nym_device_set_identity(device, identity);
	nym_identity_put(identity);
	return 0;
}

static bool is_device_key(struct nym_device *device, const u8 key[NYM_KEY_LEN])
{
	const struct nym_identity *identity = rcu_dereference_protected(device->identity,
		lockdep_is_held(&device->device_update_lock));

	return identity && !memcmp(identity->public_key, key, NYM_KEY_LEN);
}

static bool has_via(struct nlattr **attrs)
{
	return attrs[NYMPEER_A_VIA] || attrs[NYMPEER_A_VIA_ADDRESS4] ||
	       attrs[NYMPEER_A_VIA_ADDRESS6] || attrs[NYMPEER_A_VIA_PORT];
}

/* Return: the identity toward one peer that a request asks for, NULL for none, or
 * ERR_PTR().
 */
static struct nym_identity *read_own_identity(struct nlattr **attrs,
					      struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = attrs[NYMPEER_A_PRIVATE_KEY];
	struct nym_identity *identity;

	if (!attr)
		return NULL;
	identity = read_identity(attr, extack);
	if (IS_ERR_OR_NULL(identity) ||
	    memcmp(identity->public_key, nla_data(attrs[NYMPEER_A_PUBLIC_KEY]),
		   NYM_KEY_LEN))
		return identity;
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "this is the peer's own key: the identity toward it needs another");
	nym_identity_put(identity);
	return ERR_PTR(-EINVAL);
}

/* Makes a peer that from the first knows its keys, lest it be met under another
 * identity or without its preshared key, and that it is nested, lest it be reached
 * or answered outside its carrier.
 *
 * Return: the peer with a reference, or ERR_PTR().
 */
static struct nym_peer *create_peer(struct nym_device *device,
				    struct nlattr **attrs,
				    struct netlink_ext_ack *extack)
{
	const struct nlattr *psk = attrs[NYMPEER_A_PRESHARED_KEY];
	const struct nlattr *via = attrs[NYMPEER_A_VIA];
	struct nym_identity *identity;
	struct nym_peer *peer;

	identity = read_own_identity(attrs, extack);
	if (IS_ERR(identity))
		return ERR_CAST(identity);
	peer = nym_peer_create(device, nla_data(attrs[NYMPEER_A_PUBLIC_KEY]),
			       psk ? nla_data(psk) : NULL,
			       via && !key_is_zero(nla_data(via)) ?
			       nla_data(via) : NULL, identity);
	nym_identity_put(identity);
	return IS_ERR(peer) ? peer : nym_peer_get(peer);
}

/* Gives a peer that was there before the keys that the request has for it. */
static int change_keys(struct nym_peer *peer, struct nlattr **attrs,
		       struct netlink_ext_ack *extack)
{
	const struct nlattr *psk = attrs[NYMPEER_A_PRESHARED_KEY];
	struct nym_identity *identity;

	identity = read_own_identity(attrs, extack);
	if (IS_ERR(identity))
		return PTR_ERR(identity);
	if (attrs[NYMPEER_A_PRIVATE_KEY])
		nym_peer_set_identity(peer, identity);
	nym_identity_put(identity);
	if (psk)
		nym_noise_set_preshared_key(&peer->handshake, nla_data(psk));
	return 0;
}

/* First pass over a peer: finds, makes or removes it, and sets its keys, but where
 * the via may be refused: then it is to stay as it was. One that is removed ends up
 * on @dead.
 */
static int prepare_peer(struct nym_device *device, struct peer_change *change,
			struct list_head *dead, struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[NYMPEER_A_MAX + 1];
	struct nym_peer *peer;
	const u8 *key;
	u32 flags = 0;
	int ret;

	ret = parse_peer(attrs, change->attrs, extack);
	if (ret)
		return ret;
	key = nla_data(attrs[NYMPEER_A_PUBLIC_KEY]);
	if (attrs[NYMPEER_A_FLAGS])
		flags = nla_get_u32(attrs[NYMPEER_A_FLAGS]);
	change->via_is_pending = has_via(attrs);

	peer = nym_pubkey_table_lookup(device->pubkeys, key);
	if (flags & NYMPEER_F_REMOVE_ME) {
		if (peer)
			nym_peer_make_dead(peer, dead);
		nym_peer_put(peer);
		return 0;
	}
	if (!peer) {
		/* A list of peers that is shared by all of them contains each
		 * one's own key; that is no error.
		 */
		if ((flags & NYMPEER_F_UPDATE_ONLY) || is_device_key(device, key))
			return 0;
		peer = create_peer(device, attrs, extack);
		if (IS_ERR(peer))
			return PTR_ERR(peer);
		change->is_new = true;
	} else if (!change->via_is_pending) {
		ret = change_keys(peer, attrs, extack);
		if (ret) {
			nym_peer_put(peer);
			return ret;
		}
	}
	change->peer = peer;
	return 0;
}

static int set_endpoint(struct nym_peer *peer, const struct nlattr *attr)
{
	struct nym_endpoint endpoint = {};

	if (!attr)
		return 0;
	if (nla_len(attr) == sizeof(endpoint.addr4))
		memcpy(&endpoint.addr4, nla_data(attr),
		       offsetof(struct sockaddr_in, sin_zero));
	else
		memcpy(&endpoint.addr6, nla_data(attr), sizeof(endpoint.addr6));
	return nym_endpoint_set(peer, &endpoint);
}

/* Second pass: the via, with it the endpoint, and what the first pass left. What an
 * endpoint means depends on the via: an address inside the carrier is never to be
 * asked of the real network, so of the two the one that is safe with the other's
 * old value goes first.
 */
static int apply_via(struct peer_change *change, struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[NYMPEER_A_MAX + 1], *via;
	struct nym_peer *peer = change->peer;
	struct nym_via_config config = {};
	bool becomes_direct;
	int ret;

	ret = parse_peer(attrs, change->attrs, extack);
	if (ret)
		return ret;
	if (attrs[NYMPEER_A_VIA])
		config.key = nla_data(attrs[NYMPEER_A_VIA]);
	if (attrs[NYMPEER_A_VIA_ADDRESS4])
		config.address4 = nla_data(attrs[NYMPEER_A_VIA_ADDRESS4]);
	if (attrs[NYMPEER_A_VIA_ADDRESS6])
		config.address6 = nla_data(attrs[NYMPEER_A_VIA_ADDRESS6]);
	if (attrs[NYMPEER_A_VIA_PORT]) {
		config.port = htons(nla_get_u16(attrs[NYMPEER_A_VIA_PORT]));
		config.has_port = true;
	}

	ret = nym_path_check(peer, &config, extack);
	if (ret) {
		via = attrs[NYMPEER_A_VIA] ?: attrs[NYMPEER_A_VIA_PORT] ?:
		      attrs[NYMPEER_A_VIA_ADDRESS4] ?:
		      attrs[NYMPEER_A_VIA_ADDRESS6];
		NL_SET_BAD_ATTR(extack, via);
		return ret;
	}
	if (!change->is_new) {
		ret = change_keys(peer, attrs, extack);
		if (ret)
			return ret;
	}
	becomes_direct = config.key && key_is_zero(config.key);
	if (becomes_direct) {
		ret = set_endpoint(peer, attrs[NYMPEER_A_ENDPOINT]);
		if (ret)
			return ret;
	}
	ret = nym_path_apply(peer, &config);
	if (ret)
		return ret;
	if (!becomes_direct) {
		ret = set_endpoint(peer, attrs[NYMPEER_A_ENDPOINT]);
		if (ret)
			return ret;
	}
	change->via_is_pending = false;
	change->moved = true;
	change->is_placed = true;
	return 0;
}

/* Applies the vias of a request in whichever order is legal. Each round applies
 * at least those whose new carriers have their final places already, so that
 * for lack of cycles as many rounds do as there can be hops; as many again are
 * for paths that are too long until something below them has moved away.
 *
 * Return: 0, or the error of the first via that could not be had.
 */
static int apply_vias(struct peer_change *changes, unsigned int n,
		      struct netlink_ext_ack *extack)
{
	struct netlink_ext_ack reason = {}, *told;
	unsigned int round, i;
	bool has_progress = true;
	int ret = 0, err;

	/* What a round complains of the next may solve: only the last is told. */
	for (round = 0; round < MAX_VIA_ROUNDS && has_progress; round++) {
		has_progress = false;
		ret = 0;
		for (i = 0; i < n; i++) {
			if (!changes[i].peer || !changes[i].via_is_pending ||
			    changes[i].peer->is_dead)
				continue;
			told = ret ? NULL : &reason;
			err = apply_via(&changes[i], told);
			if (!err)
				has_progress = true;
			ret = ret ?: err;
		}
		if (!ret)
			return 0;
	}
	if (extack) {
		extack->_msg = reason._msg;
		extack->bad_attr = reason.bad_attr;
	}
	return ret;
}

static int set_allowedip(struct nym_peer *peer, struct nlattr *nest,
			 struct netlink_ext_ack *extack)
{
	struct nym_allowedips *table = &peer->device->allowedips;
	struct mutex *lock = &peer->device->device_update_lock;
	struct nlattr *attrs[NYMALLOWEDIP_A_MAX + 1];
	bool removes = false, is_ip4;
	const void *ip;
	u8 cidr;
	int ret;

	ret = nla_parse_nested(attrs, NYMALLOWEDIP_A_MAX, nest, NULL, extack);
	if (ret)
		return ret;
	is_ip4 = nla_get_u16(attrs[NYMALLOWEDIP_A_FAMILY]) == AF_INET;
	ip = nla_data(attrs[NYMALLOWEDIP_A_IPADDR]);
	cidr = nla_get_u8(attrs[NYMALLOWEDIP_A_CIDR_MASK]);
	if (attrs[NYMALLOWEDIP_A_FLAGS])
		removes = nla_get_u32(attrs[NYMALLOWEDIP_A_FLAGS]) &
			  NYMALLOWEDIP_F_REMOVE_ME;

	if (removes)
		return is_ip4 ?
		       nym_allowedips_remove4(table, ip, cidr, peer, lock) :
		       nym_allowedips_remove6(table, ip, cidr, peer, lock);
	return is_ip4 ? nym_allowedips_insert4(table, ip, cidr, peer, lock) :
			nym_allowedips_insert6(table, ip, cidr, peer, lock);
}

static void set_quota(struct nym_peer *peer, struct nlattr **attrs)
{
	if (attrs[NYMPEER_A_QUOTA_LOW])
		WRITE_ONCE(peer->quota.low,
			   nla_get_u64(attrs[NYMPEER_A_QUOTA_LOW]));
	if (attrs[NYMPEER_A_QUOTA])
		nym_quota_set(&peer->quota, nla_get_u64(attrs[NYMPEER_A_QUOTA]));
	if (attrs[NYMPEER_A_QUOTA_ADD])
		nym_quota_add(&peer->quota,
			      nla_get_u64(attrs[NYMPEER_A_QUOTA_ADD]));
}

/* Third pass: the rest, now that packets take the right path. */
static int finish_peer(struct peer_change *change, struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[NYMPEER_A_MAX + 1], *allowedip, *keepalive;
	struct nym_peer *peer = change->peer;
	struct nym_device *device = peer->device;
	bool is_up = netif_running(device->dev);
	bool had_keepalive;
	int ret, rem;

	ret = parse_peer(attrs, change->attrs, extack);
	if (ret)
		return ret;
	if (!change->moved) {
		ret = set_endpoint(peer, attrs[NYMPEER_A_ENDPOINT]);
		if (ret)
			return ret;
		change->is_placed = attrs[NYMPEER_A_ENDPOINT];
	}
	set_quota(peer, attrs);

	if (attrs[NYMPEER_A_FLAGS] && !change->is_new &&
	    (nla_get_u32(attrs[NYMPEER_A_FLAGS]) & NYMPEER_F_REPLACE_ALLOWEDIPS))
		nym_allowedips_remove_by_peer(&device->allowedips, peer,
					      &device->device_update_lock);
	if (attrs[NYMPEER_A_ALLOWEDIPS]) {
		nla_for_each_nested(allowedip, attrs[NYMPEER_A_ALLOWEDIPS], rem) {
			ret = set_allowedip(peer, allowedip, extack);
			if (ret)
				return ret;
		}
	}

	keepalive = attrs[NYMPEER_A_PERSISTENT_KEEPALIVE_INTERVAL];
	if (keepalive) {
		had_keepalive = peer->persistent_keepalive_interval;
		WRITE_ONCE(peer->persistent_keepalive_interval,
			   nla_get_u16(keepalive));
		if (is_up && !had_keepalive && nla_get_u16(keepalive))
			nym_send_keepalive(peer);
	}

	/* Packets may have waited for a carrier here and at all that is nested
	 * below.
	 */
	if (is_up && (change->is_new || change->moved))
		nym_send_session_up(peer);
	else if (is_up)
		nym_send_staged(peer);
	return 0;
}

/* The peer that a nest names, with a reference, where the nest says where it is. */
static struct nym_peer *placed_peer(struct nym_device *device, struct nlattr *nest)
{
	struct nlattr *attrs[NYMPEER_A_MAX + 1];

	if (parse_peer(attrs, nest, NULL) ||
	    (!has_via(attrs) && !attrs[NYMPEER_A_ENDPOINT]))
		return NULL;
	return nym_pubkey_table_lookup(device->pubkeys,
				       nla_data(attrs[NYMPEER_A_PUBLIC_KEY]));
}

/* Last pass: new identities, now that neither path nor endpoint of the former is
 * used any more. A peer whose path or endpoint could not be had stays silent, until
 * a request gives it one. Gives back the references of the first pass.
 */
static void use_identities(struct nym_device *device, struct peer_change *changes,
			   unsigned int n, bool has_failed)
{
	struct nym_peer *peer;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (changes[i].is_placed) {
			changes[i].peer->is_held_back = false;
		} else if (has_failed) {
			peer = placed_peer(device, changes[i].attrs);
			if (peer)
				nym_peer_hold_back(peer);
			nym_peer_put(peer);
		}
	}
	for (i = 0; i < n; i++) {
		peer = changes[i].peer;
		if (peer && !peer->is_dead)
			nym_peer_use_identity(peer);
		nym_peer_put(peer);
	}
}

/* Return: the changes that a request asks for, @n of them; NULL where memory runs out. */
static struct peer_change *list_changes(const struct nlattr *peers, unsigned int *n)
{
	struct peer_change *changes;
	unsigned int count = 0;
	struct nlattr *attr;
	int rem;

	if (peers)
		nla_for_each_nested(attr, peers, rem)
			count++;
	changes = kvcalloc(count + 1, sizeof(*changes), GFP_KERNEL);
	if (!changes)
		return NULL;
	count = 0;
	if (peers)
		nla_for_each_nested(attr, peers, rem)
			changes[count++].attrs = attr;
	*n = count;
	return changes;
}

static int set_peers(struct nym_device *device, struct peer_change *changes,
		     unsigned int n, struct netlink_ext_ack *extack)
{
	LIST_HEAD(dead);
	unsigned int i;
	int ret = 0, err;

	for (i = 0; i < n && !ret; i++)
		ret = prepare_peer(device, &changes[i], &dead, extack);

	/* Where an error came up, those before it are finished nevertheless, for
	 * a new peer must not be left without its via.
	 */
	err = apply_vias(changes, n, ret ? NULL : extack);
	ret = ret ?: err;
	for (i = 0; i < n; i++) {
		struct nym_peer *peer = changes[i].peer;

		if (!peer)
			continue;
		if (changes[i].is_new && changes[i].via_is_pending &&
		    !peer->is_dead) {
			nym_peer_make_dead(peer, &dead);
		} else if (!changes[i].via_is_pending && !peer->is_dead) {
			err = finish_peer(&changes[i], ret ? NULL : extack);
			ret = ret ?: err;
		}
	}
	use_identities(device, changes, n, ret);
	nym_peer_bury(device, &dead);
	return ret;
}

static int apply_request(struct nym_device *device, struct nlattr **attrs,
			 struct peer_change *changes, unsigned int n,
			 struct netlink_ext_ack *extack)
{
	int ret;

	device->update_gen++;
	if (attrs[NYMDEVICE_A_FWMARK])
		set_fwmark(device, nla_get_u32(attrs[NYMDEVICE_A_FWMARK]));
	if (attrs[NYMDEVICE_A_LISTEN_PORT]) {
		ret = set_listen_port(device, attrs[NYMDEVICE_A_LISTEN_PORT],
				      extack);
		if (ret)
			return ret;
	}
	if (attrs[NYMDEVICE_A_FLAGS] &&
	    (nla_get_u32(attrs[NYMDEVICE_A_FLAGS]) & NYMDEVICE_F_REPLACE_PEERS))
		nym_peer_remove_all(device);
	if (attrs[NYMDEVICE_A_PRIVATE_KEY]) {
		ret = set_device_identity(device, attrs[NYMDEVICE_A_PRIVATE_KEY],
					  extack);
		if (ret)
			return ret;
	}
	ret = set_peers(device, changes, n, extack);
	if (attrs[NYMDEVICE_A_PRIVATE_KEY])
		nym_device_use_identity(device);
	return ret;
}

static int set_device(struct nym_device *device, const struct sk_buff *request,
		      struct nlattr **attrs, struct netlink_ext_ack *extack)
{
	struct peer_change *changes;
	unsigned int n;
	int ret;

	ret = check_device(device, request, attrs, extack);
	if (ret)
		return ret;
	changes = list_changes(attrs[NYMDEVICE_A_PEERS], &n);
	if (!changes)
		return -ENOMEM;
	ret = apply_request(device, attrs, changes, n, extack);
	kvfree(changes);
	return ret;
}

/* The request's memory goes back to the allocator as it is. */
static void wipe_secrets(struct nlattr **attrs)
{
	struct nlattr *peer, *attr;
	int peers_rem, rem;

	attr = attrs[NYMDEVICE_A_PRIVATE_KEY];
	if (attr)
		memzero_explicit(nla_data(attr), nla_len(attr));
	if (!attrs[NYMDEVICE_A_PEERS])
		return;
	nla_for_each_nested(peer, attrs[NYMDEVICE_A_PEERS], peers_rem) {
		nla_for_each_nested(attr, peer, rem) {
			if (nla_type(attr) == NYMPEER_A_PRESHARED_KEY ||
			    nla_type(attr) == NYMPEER_A_PRIVATE_KEY)
				memzero_explicit(nla_data(attr), nla_len(attr));
		}
	}
}

int nym_nl_set_device_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nym_device *device;
	int ret;

	/* The sockets and the flags of the net_device belong to rtnl. */
	rtnl_lock();
	device = nym_genl_find_device(info->attrs, genl_info_net(info),
				      info->extack);
	if (IS_ERR(device)) {
		ret = PTR_ERR(device);
	} else {
		mutex_lock(&device->device_update_lock);
		ret = set_device(device, skb, info->attrs, info->extack);
		mutex_unlock(&device->device_update_lock);
	}
	rtnl_unlock();
	wipe_secrets(info->attrs);
	return ret;
}
