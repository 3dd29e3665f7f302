// SPDX-License-Identifier: GPL-2.0
/*
 * One probe for each difference between kernels that compat.h evens out. It
 * compiles where the kernel has the newest form. See compat-probe.sh; the
 * #line tells it which probe an error belongs to. No two may lack the same
 * identifier, as compilers name it only once. Never linked.
 *
 * Where a macro tells the difference, compat.h asks for that and there is no
 * probe.
 */
#include <crypto/blake2s.h>
#include <crypto/chacha.h>
#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>
#include <net/udp_tunnel.h>
#if __has_include("net/ipv6_stubs.h")
#include <net/ipv6_stubs.h>
#endif

/* Sparse, which reads compat.h, does not know __has_include(). */
#line 1 "probe:NYM_HAVE_UNALIGNED_H"
static const bool probe_unaligned_h =
#if __has_include("linux/unaligned.h")
	true;
#else
	no_unaligned_h;
#endif

#line 1 "probe:NYM_HAVE_CRYPTO_UTILS_H"
static const bool probe_crypto_utils_h =
#if __has_include("crypto/utils.h")
	true;
#else
	no_crypto_utils_h;
#endif

#line 1 "probe:NYM_HAVE_GSO_H"
static const bool probe_gso_h =
#if __has_include("net/gso.h")
	true;
#else
	no_gso_h;
#endif

#line 1 "probe:NYM_HAVE_RTNL_NEWLINK_PARAMS"
static struct net *probe_newlink(struct rtnl_newlink_params *params)
{
	return rtnl_newlink_link_net(params);
}

#line 1 "probe:NYM_HAVE_PERNET_EXIT_RTNL"
static void probe_exit_rtnl(struct pernet_operations *ops)
{
	ops->exit_rtnl = NULL;
}

#line 1 "probe:NYM_HAVE_PCPU_STAT_TYPE"
static void probe_pcpu_stat_type(struct net_device *dev)
{
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
}

#line 1 "probe:NYM_HAVE_LLTX"
static void probe_lltx(struct net_device *dev)
{
	dev->lltx = true;
}

#line 1 "probe:NYM_HAVE_WQ_PERCPU"
static const int probe_wq_percpu = WQ_PERCPU;

#line 1 "probe:NYM_HAVE_HRTIMER_SETUP"
static void probe_hrtimer_setup(struct hrtimer *timer)
{
	hrtimer_setup(timer, NULL, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
}

#line 1 "probe:NYM_HAVE_TIMER_DELETE"
static int probe_timer_delete(struct timer_list *timer)
{
	return timer_delete(timer) + timer_delete_sync(timer);
}

#line 1 "probe:NYM_HAVE_GRO_NODE"
static unsigned long probe_gro_node(const struct napi_struct *napi)
{
	return napi->gro.bitmask;
}

#line 1 "probe:NYM_HAVE_RANDOM_BELOW"
static u32 probe_random(u32 ceil)
{
	return get_random_u32_below(ceil) + get_random_u32_inclusive(1, ceil);
}

#line 1 "probe:NYM_HAVE_BLAKE2S_CTX"
static void probe_blake2s(struct blake2s_ctx *ctx, u8 *out)
{
	void (*hash)(const u8 *key, size_t keylen, const u8 *in, size_t inlen,
		     u8 *out, size_t outlen) = blake2s;

	hash(NULL, 0, NULL, 0, out, BLAKE2S_HASH_SIZE);
	blake2s_final(ctx, out);
}

#line 1 "probe:NYM_HAVE_UDP_TUNNEL_SOCK"
static void probe_udp_tunnel_sock(struct sock *sk)
{
	udp_tunnel_sock_release(sk);
}

#line 1 "probe:NYM_HAVE_UDP_TUNNEL_IPCB_FLAGS"
static void probe_udp_tunnel_xmit(struct rtable *rt, struct sock *sk,
				  struct sk_buff *skb)
{
	udp_tunnel_xmit_skb(rt, sk, skb, 0, 0, 0, 0, 0, 0, 0, false, false, 0);
	udp_tunnel6_xmit_skb(NULL, sk, skb, NULL, NULL, NULL, 0, 0, 0, 0, 0,
			     false, 0);
}

#line 1 "probe:NYM_HAVE_IPV6_STUB"
static struct dst_entry *probe_ipv6_stub(struct net *net, struct sock *sk,
					 struct flowi6 *fl)
{
	return ipv6_stub->ipv6_dst_lookup_flow(net, sk, fl, NULL);
}

#line 1 "probe:NYM_HAVE_GENL_SPLIT_OPS"
static void probe_genl_split_ops(struct genl_family *family,
				 struct genl_split_ops *ops)
{
	ops->maxattr = 0;
	family->split_ops = ops;
}

#line 1 "probe:NYM_HAVE_GENL_INFO_DUMP"
static const struct genl_info *probe_genl_info_dump(struct netlink_callback *cb)
{
	return genl_info_dump(cb);
}

#line 1 "probe:NYM_HAVE_DROP_REASON_IP_TUNNEL_ECN"
static const enum skb_drop_reason probe_ip_tunnel_ecn = SKB_DROP_REASON_IP_TUNNEL_ECN;

#line 1 "probe:NYM_HAVE_CHACHA_STATE"
static u32 probe_chacha_state(const struct chacha_state *state)
{
	return state->x[0];
}
