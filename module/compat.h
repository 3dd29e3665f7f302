/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Gives older kernels the names and forms of the newest one. Kbuild includes it
 * before every source, so that the sources read as if there were but one
 * kernel. compat-probe.c finds out what the kernel at hand has; versions are
 * never compared, since kernels of any version carry backports.
 */
#ifndef _NYM_COMPAT_H
#define _NYM_COMPAT_H

#include "compat-probed.h"

#include <crypto/blake2s.h>
#include <crypto/chacha.h>
#include <linux/hrtimer.h>
#include <linux/local_lock.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/rtnetlink.h>
#include <net/udp_tunnel.h>
#ifdef NYM_HAVE_IPV6_STUB
#include <net/ipv6_stubs.h>
#endif

#ifdef NYM_HAVE_UNALIGNED_H
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#ifdef NYM_HAVE_CRYPTO_UTILS_H
#include <crypto/utils.h>	/* crypto_memneq() */
#else
#include <crypto/algapi.h>
#endif

#ifdef NYM_HAVE_GSO_H
#include <net/gso.h>		/* skb_gso_segment() */
#endif

#ifdef NYM_HAVE_RTNL_NEWLINK_PARAMS
#define nym_device_newlink_op	nym_device_newlink
#else
struct rtnl_newlink_params {
	struct net *src_net;
	struct nlattr **tb;
	struct nlattr **data;
};

static inline struct net *
rtnl_newlink_link_net(const struct rtnl_newlink_params *params)
{
	return params->src_net;
}

int nym_device_newlink(struct net_device *dev, struct rtnl_newlink_params *params,
		       struct netlink_ext_ack *extack);

/* nym_device_newlink() in the form that rtnl_link_ops takes here. */
static inline int nym_device_newlink_op(struct net *src_net, struct net_device *dev,
					struct nlattr *tb[], struct nlattr *data[],
					struct netlink_ext_ack *extack)
{
	struct rtnl_newlink_params params = {
		.src_net = src_net,
		.tb = tb,
		.data = data,
	};

	return nym_device_newlink(dev, &params, extack);
}
#endif

/* Defines pernet operations @ops that call @exit(net, dev_kill_list) with rtnl
 * held before the namespace's devices are unregistered.
 */
#ifndef NYM_HAVE_PERNET_EXIT_RTNL
#define NYM_PERNET_EXIT_RTNL(ops, exit)					\
static void __net_exit ops##_pre_exit(struct net *net)			\
{									\
	rtnl_lock();							\
	exit(net, NULL);						\
	rtnl_unlock();							\
}									\
static struct pernet_operations ops __read_mostly = {			\
	.pre_exit = ops##_pre_exit,					\
}
#else
#define NYM_PERNET_EXIT_RTNL(ops, exit)					\
static struct pernet_operations ops __read_mostly = {			\
	.exit_rtnl = exit,						\
}
#endif

static inline void nym_netdev_set_lltx(struct net_device *dev)
{
#ifdef NYM_HAVE_LLTX
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

/* Has the device count with dev->tstats; freed by nym_netdev_free_tstats().
 * Return: 0 or -ENOMEM.
 */
static inline int nym_netdev_alloc_tstats(struct net_device *dev)
{
#ifdef NYM_HAVE_PCPU_STAT_TYPE
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	return 0;
#else
	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	return dev->tstats ? 0 : -ENOMEM;
#endif
}

static inline void nym_netdev_free_tstats(struct net_device *dev)
{
#ifndef NYM_HAVE_PCPU_STAT_TYPE
	free_percpu(dev->tstats);
	dev->tstats = NULL;
#endif
}

#ifndef DEV_STATS_INC
#define DEV_STATS_INC(dev, field)	(((dev)->stats.field)++)
#define DEV_STATS_ADD(dev, field, n)	(((dev)->stats.field) += (n))
#endif

#ifndef NYM_HAVE_DROP_REASON_IP_TUNNEL_ECN
#define SKB_DROP_REASON_IP_TUNNEL_ECN	SKB_DROP_REASON_IP_INHDR
#endif

#ifndef NYM_HAVE_WQ_PERCPU
/* It was what a workqueue was without WQ_UNBOUND. */
#define WQ_PERCPU	0
#endif

#ifndef NYM_HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#ifndef NYM_HAVE_TIMER_DELETE
#define timer_delete		del_timer
#define timer_delete_sync	del_timer_sync
#endif

#ifndef timer_container_of
#define timer_container_of	from_timer
#endif

#ifndef NYM_HAVE_RANDOM_BELOW
static inline u32 get_random_u32_below(u32 ceil)
{
	return prandom_u32_max(ceil);
}

static inline u32 get_random_u32_inclusive(u32 floor, u32 ceil)
{
	return floor + get_random_u32_below(ceil - floor + 1);
}
#endif

#ifndef NYM_HAVE_BLAKE2S_CTX
#define blake2s_ctx	blake2s_state
#define blake2s(key, keylen, in, inlen, out, outlen) \
	blake2s(out, in, key, outlen, inlen, keylen)
#endif

#ifndef NYM_HAVE_CHACHA_STATE
struct chacha_state {
	u32 x[CHACHA_STATE_WORDS];
};

static inline void chacha_zeroize_state(struct chacha_state *state)
{
	memzero_explicit(state, sizeof(*state));
}

#define chacha_init(state, key, iv) \
	chacha_init((state)->x, key, iv)
#define chacha20_crypt(state, dst, src, bytes) \
	chacha20_crypt((state)->x, dst, src, bytes)
#endif

/* Does GRO keep packets back that came by @napi? */
static inline bool nym_napi_gro_holds(const struct napi_struct *napi)
{
#ifdef NYM_HAVE_GRO_NODE
	return napi->gro.bitmask;
#else
	return napi->gro_bitmask;
#endif
}

/* Is the library's ChaCha20 more than portable C? */
#if IS_ENABLED(CONFIG_CRYPTO_LIB_CHACHA_ARCH) || \
	IS_ENABLED(CONFIG_CRYPTO_ARCH_HAVE_LIB_CHACHA)
#define NYM_CHACHA_IS_VECTORISED
#endif

#ifndef local_lock_nested_bh
#define local_lock_nested_bh(lock)	local_lock(lock)
#define local_unlock_nested_bh(lock)	local_unlock(lock)
#endif

#ifndef NYM_HAVE_UDP_TUNNEL_SOCK
#define udp_tunnel_sock_release(sk) \
	udp_tunnel_sock_release((sk)->sk_socket)
#endif

#ifndef NYM_HAVE_UDP_TUNNEL_IPCB_FLAGS
static inline void
nym_udp_tunnel_xmit_skb(struct rtable *rt, struct sock *sk, struct sk_buff *skb,
			__be32 src, __be32 dst, u8 tos, u8 ttl, __be16 df,
			__be16 src_port, __be16 dst_port, bool xnet,
			bool nocheck, u16 ipcb_flags)
{
	udp_tunnel_xmit_skb(rt, sk, skb, src, dst, tos, ttl, df, src_port,
			    dst_port, xnet, nocheck);
}

static inline void
nym_udp_tunnel6_xmit_skb(struct dst_entry *dst, struct sock *sk,
			 struct sk_buff *skb, struct net_device *dev,
			 struct in6_addr *saddr, struct in6_addr *daddr,
			 u8 prio, u8 ttl, __be32 label, __be16 src_port,
			 __be16 dst_port, bool nocheck, u16 ip6cb_flags)
{
	udp_tunnel6_xmit_skb(dst, sk, skb, dev, saddr, daddr, prio, ttl, label,
			     src_port, dst_port, nocheck);
}

#define udp_tunnel_xmit_skb	nym_udp_tunnel_xmit_skb
#define udp_tunnel6_xmit_skb	nym_udp_tunnel6_xmit_skb
#endif

#ifdef NYM_HAVE_IPV6_STUB
/* IPv6 may be a module here, which ours must not depend on. */
#define ip6_dst_lookup_flow(net, sk, fl6, final_dst) \
	ipv6_stub->ipv6_dst_lookup_flow(net, sk, fl6, final_dst)
#endif

#ifndef NYM_HAVE_GENL_INFO_DUMP
/* Only its ->attrs is common to both forms. */
#define genl_info_dump	genl_dumpit_info
#endif

#ifndef NYM_HAVE_GENL_SPLIT_OPS
/* No command here has both a doit and a dumpit, so that one entry is one command
 * in the old form too.
 */
#define genl_split_ops	genl_ops
#define split_ops	ops
#define n_split_ops	n_ops
#endif

#ifndef GENL_MCAST_CAP_NET_ADMIN
/* Its name and value when it still was a flag of operations. */
#define GENL_MCAST_CAP_NET_ADMIN	GENL_UNS_ADMIN_PERM
#endif

#endif /* _NYM_COMPAT_H */
