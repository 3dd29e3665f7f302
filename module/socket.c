// SPDX-License-Identifier: GPL-2.0
/*
 * The device's UDP sockets, and the routes out of them.
 *
 * Datagrams are taken from the sockets' receive queues rather than through
 * encap_rcv: the kernel takes GRO trains apart before it shows them to an
 * encapsulation socket, and leaves them whole for one that only asks for UDP_GRO.
 *
 * They are taken by the device's NAPI, on the CPU and in the round of softirqs that
 * queued them: what comes one by one is found there together. One CPU at a time
 * takes them, so that they enter their peers' pipelines in order; the work on them
 * is spread from there.
 */
#include "socket.h"
#include "device.h"
#include "drop.h"
#include "endpoint.h"
#include "gather.h"
#include "peer.h"
#include "receive.h"
#include <linux/delay.h>
#include <linux/inetdevice.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/sockptr.h>
#include <net/dst_metadata.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/udp.h>
#include <net/udp_tunnel.h>

/* Room for what arrives on other CPUs while one takes the queue. */
#define NYM_SOCKET_RCVBUF	(8 << 20)

/* So many datagrams are taken at once before it is tried to let them gather. */
#define NYM_TAKE_AT_ONCE	32

/**
 * struct nym_socket_user - what a socket knows of us, its sk_user_data
 * @device:	that it belongs to
 * @rcu:	frees it after readers
 */
struct nym_socket_user {
	struct nym_device *device;
	struct rcu_head rcu;
};

/* May a route that was looked up be kept? Who changes endpoint or mark does so before
 * he resets the cache: either this sees it, or the cache is reset after this look-up.
 */
static bool is_current(const struct nym_peer *peer,
		       const struct nym_endpoint *endpoint, u32 mark)
{
	/* What was read before the look-up is not to be read for it later. */
	smp_rmb();
	return rcu_access_pointer(peer->endpoint) == endpoint &&
	       READ_ONCE(peer->device->fwmark) == mark;
}

/* Finds the route to @endpoint, by the peer's cache where there is one. The local
 * address that worked before is kept (sticky source) as long as it is ours and
 * the route leaves by the interface that it was seen on.
 *
 * Context: BH disabled, RCU read section. Return: route with a reference, and
 * @saddr and @sport set; or ERR_PTR().
 */
static struct rtable *route4(struct nym_device *device, struct sock *sk,
			     const struct nym_endpoint *endpoint,
			     struct nym_peer *peer, struct flowi4 *fl)
{
	bool is_stale = false;
	struct rtable *rt;

	*fl = (struct flowi4){
		.saddr = endpoint->src4.s_addr,
		.daddr = endpoint->addr4.sin_addr.s_addr,
		.fl4_dport = endpoint->addr4.sin_port,
		.fl4_sport = inet_sk(sk)->inet_sport,
		.flowi4_mark = READ_ONCE(device->fwmark),
		.flowi4_proto = IPPROTO_UDP,
	};
	if (peer) {
		rt = dst_cache_get_ip4(&peer->endpoint_cache, &fl->saddr);
		if (rt)
			return rt;
	}
	security_sk_classify_flow(sk, flowi4_to_flowi_common(fl));
	if (fl->saddr && !inet_confirm_addr(sock_net(sk), NULL, 0, fl->saddr,
					    RT_SCOPE_HOST)) {
		fl->saddr = 0;
		is_stale = true;
	}
	rt = ip_route_output_flow(sock_net(sk), fl, sk);
	if (!is_stale && endpoint->src_if4 &&
	    (rt == ERR_PTR(-EINVAL) ||
	     (!IS_ERR(rt) && rt->dst.dev->ifindex != endpoint->src_if4))) {
		if (!IS_ERR(rt))
			ip_rt_put(rt);
		fl->saddr = 0;
		rt = ip_route_output_flow(sock_net(sk), fl, sk);
	}
	if (!IS_ERR(rt) && rt->dst.dev == device->dev) {
		/* The tunnel's own packets would go into the tunnel. */
		ip_rt_put(rt);
		rt = ERR_PTR(-ELOOP);
	}
	if (!IS_ERR(rt) && peer && is_current(peer, endpoint, fl->flowi4_mark))
		dst_cache_set_ip4(&peer->endpoint_cache, &rt->dst, fl->saddr);
	return rt;
}

static struct dst_entry *route6(struct nym_device *device, struct sock *sk,
				const struct nym_endpoint *endpoint,
				struct nym_peer *peer, struct flowi6 *fl)
{
	struct dst_entry *dst;

	*fl = (struct flowi6){
		.saddr = endpoint->src6,
		.daddr = endpoint->addr6.sin6_addr,
		.fl6_dport = endpoint->addr6.sin6_port,
		.fl6_sport = inet_sk(sk)->inet_sport,
		.flowi6_mark = READ_ONCE(device->fwmark),
		.flowi6_oif = endpoint->addr6.sin6_scope_id,
		.flowi6_proto = IPPROTO_UDP,
	};
	if (peer) {
		dst = dst_cache_get_ip6(&peer->endpoint_cache, &fl->saddr);
		if (dst)
			return dst;
	}
	security_sk_classify_flow(sk, flowi6_to_flowi_common(fl));
	if (!ipv6_addr_any(&fl->saddr) &&
	    !ipv6_chk_addr(sock_net(sk), &fl->saddr, NULL, 0))
		fl->saddr = in6addr_any;
	dst = ip6_dst_lookup_flow(sock_net(sk), sk, fl, NULL);
	if (!IS_ERR(dst) && dst->dev == device->dev) {
		dst_release(dst);
		dst = ERR_PTR(-ELOOP);
	}
	if (!IS_ERR(dst) && peer && is_current(peer, endpoint, fl->flowi6_mark))
		dst_cache_set_ip6(&peer->endpoint_cache, dst, &fl->saddr);
	return dst;
}

static int send4(struct nym_device *device, struct sk_buff *skb,
		 const struct nym_endpoint *endpoint, struct nym_peer *peer, u8 ecn)
{
	struct sock *sk = rcu_dereference(device->sock4);
	struct rtable *rt;
	struct flowi4 fl;

	if (!sk)
		return -ENONET;
	rt = route4(device, sk, endpoint, peer, &fl);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	udp_tunnel_xmit_skb(rt, sk, skb, fl.saddr, fl.daddr, ecn,
			    ip4_dst_hoplimit(&rt->dst), 0, fl.fl4_sport,
			    fl.fl4_dport, false, false, 0);
	return 0;
}

static int send6(struct nym_device *device, struct sk_buff *skb,
		 const struct nym_endpoint *endpoint, struct nym_peer *peer, u8 ecn)
{
	struct sock *sk = rcu_dereference(device->sock6);
	struct dst_entry *dst;
	struct flowi6 fl;

	if (!sk)
		return -ENONET;
	dst = route6(device, sk, endpoint, peer, &fl);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	/* Fragmented here rather than dropped where the path is too narrow. */
	skb->ignore_df = 1;
	udp_tunnel6_xmit_skb(dst, sk, skb, skb->dev, &fl.saddr, &fl.daddr, ecn,
			     ip6_dst_hoplimit(dst), 0, fl.fl6_sport,
			     fl.fl6_dport, false, 0);
	return 0;
}

/* To a peer by its endpoint, or to somebody else where @peer is NULL. */
static int send_to(struct nym_device *device, struct sk_buff *skb,
		   const struct nym_endpoint *endpoint, struct nym_peer *peer, u8 ecn)
{
	int ret;

	skb->dev = device->dev;
	skb->mark = READ_ONCE(device->fwmark);
	/* From here on bytes count as sent by the device. */
	skb_reset_inner_network_header(skb);
	if (skb_is_gso(skb)) {
		/* udp_set_csum() fills in no more than the pseudo header of a
		 * train: each message's checksum is made where it is split.
		 */
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_headroom(skb) - sizeof(struct udphdr);
		skb->csum_offset = offsetof(struct udphdr, check);
	}
	if (endpoint->addr.sa_family == AF_INET)
		ret = send4(device, skb, endpoint, peer, ecn);
	else
		ret = send6(device, skb, endpoint, peer, ecn);
	if (ret) {
		net_dbg_ratelimited("%s: No route to %pISpfsc, error %d\n",
				    device->dev->name, &endpoint->addr, ret);
		nym_drop(device, skb, NYM_DROP_NO_ROUTE);
	}
	return ret;
}

int nym_socket_send(struct nym_peer *peer, struct sk_buff *skb, u8 ecn)
{
	const struct nym_endpoint *endpoint;
	int ret = -EDESTADDRREQ;

	rcu_read_lock();
	endpoint = rcu_dereference(peer->endpoint);
	/* Pairs with the release of peer->via.bind, which becomes a nested peer's
	 * before its endpoint becomes one inside the carrier: what was made for the
	 * real network before never goes there to such an address.
	 */
	smp_rmb();
	if (unlikely(nym_via_is_set(&peer->via))) {
		ret = -ENOLINK;
		nym_drop(peer->device, skb, NYM_DROP_NO_CARRIER);
	} else if (endpoint) {
		ret = send_to(peer->device, skb, endpoint, peer, ecn);
	} else {
		nym_drop(peer->device, skb, NYM_DROP_NO_ENDPOINT);
	}
	rcu_read_unlock();
	return ret;
}

int nym_socket_send_reply(struct nym_device *device,
			  const struct nym_endpoint *to, const void *message,
			  size_t len)
{
	struct sk_buff *skb = alloc_skb(NYM_SOCKET_HEADROOM + len, GFP_ATOMIC);
	int ret;

	if (!skb) {
		nym_drop_count(device, NYM_DROP_NO_MEMORY, 1);
		return -ENOMEM;
	}
	skb_reserve(skb, NYM_SOCKET_HEADROOM);
	skb_put_data(skb, message, len);
	local_bh_disable();
	rcu_read_lock();
	ret = send_to(device, skb, to, NULL, 0);
	rcu_read_unlock();
	local_bh_enable();
	return ret;
}

unsigned int nym_socket_path_mtu(struct nym_peer *peer)
{
	struct nym_device *device = peer->device;
	const struct nym_endpoint *endpoint;
	struct dst_entry *dst = NULL;
	unsigned int mtu;
	struct sock *sk;

	endpoint = rcu_dereference(peer->endpoint);
	if (!endpoint)
		return 0;
	if (endpoint->addr.sa_family == AF_INET) {
		struct rtable *rt;
		struct flowi4 fl;

		sk = rcu_dereference(device->sock4);
		if (!sk)
			return 0;
		rt = route4(device, sk, endpoint, peer, &fl);
		if (!IS_ERR(rt))
			dst = &rt->dst;
	} else {
		struct flowi6 fl;

		sk = rcu_dereference(device->sock6);
		if (!sk)
			return 0;
		dst = route6(device, sk, endpoint, peer, &fl);
		if (IS_ERR(dst))
			dst = NULL;
	}
	if (!dst)
		return 0;
	mtu = dst_mtu(dst);
	dst_release(dst);
	return mtu;
}

/* Takes up to @budget datagrams off a socket. Return: how many. */
static int take_received(struct nym_arrival *arrival, struct sock *sk, int budget)
{
	int done = 0;

	while (sk && done < budget) {
		int off = 0, err;
		struct sk_buff *skb = __skb_recv_udp(sk, MSG_DONTWAIT, &off, &err);

		if (skb) {
			nym_receive(arrival, skb);
			++done;
		} else if (err == -EAGAIN) {
			break;
		}
		/* Another error is one that ICMP reported: not ours. */
	}
	return done;
}

/* Takes from both sockets: neither waits until the other, which may be flooded, is
 * empty.
 */
static int take_from_both(struct nym_arrival *arrival, struct nym_device *device,
			  int budget)
{
	struct sock *sk4 = rcu_dereference(device->sock4);
	struct sock *sk6 = rcu_dereference(device->sock6);
	int half = budget / 2;
	int done = take_received(arrival, sk4, half);
	bool may_have_more = done == half;

	done += take_received(arrival, sk6, budget - done);
	if (may_have_more)
		done += take_received(arrival, sk4, budget - done);
	return done;
}

int nym_socket_poll(struct napi_struct *napi, int budget)
{
	struct nym_device *device = container_of(napi, struct nym_device, napi);
	struct nym_arrival arrival;
	int done;

	if (unlikely(budget <= 0))
		return 0;
	rcu_read_lock();
	nym_receive_begin(&arrival, device);
	done = take_from_both(&arrival, device, budget);
	nym_receive_end(&arrival);
	rcu_read_unlock();
	/* Where nothing was gained by waiting, what comes now is taken at once
	 * again.
	 */
	if (arrival.has_trains || (done == 1 && READ_ONCE(device->has_waited)))
		WRITE_ONCE(device->take_at_once, NYM_TAKE_AT_ONCE);
	WRITE_ONCE(device->has_waited, false);
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

void nym_socket_take_work(struct work_struct *work)
{
	struct nym_device *device =
		container_of(work, struct nym_device, take_work);

	usleep_range(NYM_GATHER_NS / NSEC_PER_USEC,
		     2 * NYM_GATHER_NS / NSEC_PER_USEC);
	WRITE_ONCE(device->has_waited, true);
	local_bh_disable();
	napi_schedule(&device->napi);
	local_bh_enable();
}

/* Has what was queued taken. Datagrams that come one by one, each in a round of
 * softirqs of its own, are left to gather for a moment: a train costs less than
 * its messages one by one, and so does what it causes, TCP's acknowledgements most
 * of all. Whether they do come so is tried again and again, since for a sender who
 * waits for an answer, as for trains, the moment would be lost.
 */
static void schedule_take(struct nym_device *device)
{
	unsigned int at_once = READ_ONCE(device->take_at_once);
	unsigned long now = jiffies;

	/* Nor is there anything to gather where hardly anything comes. */
	if (now - READ_ONCE(device->last_arrival) > 1 || !nym_gather_is_timed())
		at_once = NYM_TAKE_AT_ONCE;
	WRITE_ONCE(device->last_arrival, now);
	if (at_once) {
		WRITE_ONCE(device->take_at_once, at_once - 1);
		napi_schedule(&device->napi);
	} else {
		queue_work(device->crypt_wq, &device->take_work);
	}
}

static void data_ready(struct sock *sk)
{
	struct nym_socket_user *user;

	local_bh_disable();
	rcu_read_lock();
	user = rcu_dereference_sk_user_data(sk);
	if (user)
		schedule_take(user->device);
	rcu_read_unlock();
	local_bh_enable();
}

static void release(struct sock *sk)
{
	struct nym_socket_user *user;

	if (!sk)
		return;
	/* Nobody but us changes it, and we do only here. */
	user = rcu_dereference_protected((*((void __rcu **)&sk->sk_user_data)),
					 true);
	sk_clear_memalloc(sk);
	udp_tunnel_sock_release(sk);
	if (user)
		kfree_rcu(user, rcu);
}

/* Makes an unpublished socket ours. */
static int set_up(struct sock *sk, struct nym_device *device)
{
	struct nym_socket_user *user;
	int on = 1;
	int ret;

	ret = sk->sk_socket->ops->setsockopt(sk->sk_socket, SOL_UDP, UDP_GRO,
					     KERNEL_SOCKPTR(&on), sizeof(on));
	if (ret)
		return ret;
	user = kzalloc(sizeof(*user), GFP_KERNEL);
	if (!user)
		return -ENOMEM;
	user->device = device;
	sk->sk_allocation = GFP_ATOMIC;
	sock_set_rcvbuf(sk, NYM_SOCKET_RCVBUF);
	sk_set_memalloc(sk);
	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, user);
	sk->sk_data_ready = data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	return 0;
}

static int open_port(struct net *net, struct nym_device *device, int family,
		     __be16 port, struct sock **sk)
{
	struct udp_port_cfg cfg = {
		.family = family,
		.local_udp_port = port,
		.use_udp_checksums = true,
		.use_udp6_tx_checksums = true,
		.use_udp6_rx_checksums = true,
		.ipv6_v6only = true,
	};
	struct socket *sock;
	int ret;

	ret = udp_sock_create(net, &cfg, &sock);
	if (ret < 0) {
		pr_err("%s: Could not create IPv%d socket\n", device->dev->name,
		       family == AF_INET ? 4 : 6);
		return ret;
	}
	ret = set_up(sock->sk, device);
	if (ret < 0) {
		udp_tunnel_sock_release(sock->sk);
		return ret;
	}
	*sk = sock->sk;
	return 0;
}

int nym_socket_init(struct nym_device *device, u16 port)
{
	struct sock *sk4 = NULL, *sk6 = NULL;
	unsigned int retries = 0;
	struct net *net;
	int ret;

	rcu_read_lock();
	net = rcu_dereference(device->creating_net);
	net = net ? maybe_get_net(net) : NULL;
	rcu_read_unlock();
	if (!net)
		return -ENONET;
retry:
	ret = open_port(net, device, AF_INET, htons(port), &sk4);
	if (ret < 0)
		goto out;
	if (IS_ENABLED(CONFIG_IPV6) && ipv6_mod_enabled()) {
		ret = open_port(net, device, AF_INET6,
				inet_sk(sk4)->inet_sport, &sk6);
		if (ret < 0) {
			release(sk4);
			/* The port drawn for IPv4 may be taken for IPv6. */
			if (ret == -EADDRINUSE && !port && retries++ < 100)
				goto retry;
			goto out;
		}
	}
	nym_socket_reinit(device, sk4, sk6);
	ret = 0;
out:
	put_net(net);
	return ret;
}

void nym_socket_reinit(struct nym_device *device, struct sock *sock4,
		       struct sock *sock6)
{
	struct sock *old4, *old6;

	mutex_lock(&device->socket_update_lock);
	old4 = rcu_replace_pointer(device->sock4, sock4,
				   lockdep_is_held(&device->socket_update_lock));
	old6 = rcu_replace_pointer(device->sock6, sock6,
				   lockdep_is_held(&device->socket_update_lock));
	if (sock4)
		device->incoming_port = ntohs(inet_sk(sock4)->inet_sport);
	mutex_unlock(&device->socket_update_lock);
	/* What came before the new ones were found was announced in vain. */
	if (sock4) {
		local_bh_disable();
		napi_schedule(&device->napi);
		local_bh_enable();
	}
	/* Senders and data_ready() that saw the old ones are done afterwards. */
	synchronize_net();
	release(old4);
	release(old6);
}
