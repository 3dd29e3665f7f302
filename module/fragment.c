// SPDX-License-Identifier: GPL-2.0
/* Fragments of nested datagrams, and of the packets inside. */
#include "fragment.h"
#include "compat.h"
#include "device.h"
#include "drop.h"
#include "peer.h"
#include <linux/etherdevice.h>
#include <linux/if_ether.h>
#include <linux/random.h>
#include <net/dst_metadata.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/ipv6_frag.h>
#if IS_ENABLED(CONFIG_NF_DEFRAG_IPV6)
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
#endif

/* Where fragments seem to come from. When a datagram stays incomplete, reassembly
 * tells its sender by way of the device that the fragments came from; this one
 * is not registered, so cannot be found, and nobody is told. The error would go
 * to the nested peer's endpoint, by the host's routes and not by the carrier.
 */
static struct net_device *nowhere;

int nym_fragment_init(void)
{
	nowhere = alloc_netdev(0, "nym-nowhere", NET_NAME_UNKNOWN, ether_setup);
	return nowhere ? 0 : -ENOMEM;
}

void nym_fragment_uninit(void)
{
	free_netdev(nowhere);
}

/* Reassembly keeps its users apart by a number. Those of carriers follow on the
 * last that the kernel gives a name.
 */
static u32 user4(const struct nym_peer *carrier)
{
	return IP_DEFRAG_MACVLAN + 1 + (u32)carrier->internal_id;
}

static u32 user6(const struct nym_peer *carrier)
{
	return __IP6_DEFRAG_CONNTRACK_BRIDGE_IN + 1 + (u32)carrier->internal_id;
}

static int gather6(struct nym_peer *carrier, struct net *net, struct sk_buff *skb)
{
	int ret = -EPROTONOSUPPORT;

#if IS_ENABLED(CONFIG_NF_DEFRAG_IPV6)
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	ret = nf_ct_frag6_gather(net, skb, user6(carrier));
#endif
	/* Unlike for IPv4, the fragment is kept only while others are missing. */
	if (ret && ret != -EINPROGRESS)
		kfree_skb(skb);
	return ret;
}

int nym_fragment_gather(struct nym_peer *carrier, struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct net *net = dev_net(dev);
	int ret;

	skb->dev = nowhere;
	if (skb->protocol == htons(ETH_P_IP)) {
		memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
		ret = ip_defrag(net, skb, user4(carrier));
	} else {
		ret = gather6(carrier, net, skb);
	}
	if (ret)
		return ret;
	skb->dev = dev;
	ret = skb_linearize(skb);
	if (ret)
		kfree_skb(skb);
	return ret;
}

/* A fragment of at most @len of the bytes behind @skb's IPv6 header, from @offset
 * on.
 */
static struct sk_buff *cut_piece(const struct sk_buff *skb, unsigned int offset,
				 unsigned int len, __be32 identification)
{
	const struct ipv6hdr *whole = (const struct ipv6hdr *)skb->data;
	unsigned int rest = skb->len - sizeof(*whole) - offset;
	struct sk_buff *piece;
	struct frag_hdr *frag;
	struct ipv6hdr *ip;

	len = min(len, rest);
	piece = alloc_skb(sizeof(*ip) + sizeof(*frag) + len,
			  GFP_ATOMIC | __GFP_NOWARN);
	if (!piece)
		return NULL;
	ip = skb_put_data(piece, whole, sizeof(*ip));
	ip->payload_len = htons(sizeof(*frag) + len);
	ip->nexthdr = NEXTHDR_FRAGMENT;
	frag = skb_put_zero(piece, sizeof(*frag));
	frag->nexthdr = whole->nexthdr;
	frag->frag_off = htons(offset | (rest > len ? IP6_MF : 0));
	frag->identification = identification;
	skb_put_data(piece, (const u8 *)(whole + 1) + offset, len);
	skb_reset_network_header(piece);
	piece->protocol = htons(ETH_P_IPV6);
	piece->priority = skb->priority;
	skb_copy_hash(piece, skb);
	return piece;
}

int nym_fragment_cut(struct sk_buff *skb, unsigned int mtu,
		     struct sk_buff_head *pieces)
{
	__be32 identification = (__force __be32)get_random_u32();
	unsigned int offset, len = skb->len - sizeof(struct ipv6hdr);
	struct sk_buff_head made;
	struct sk_buff *piece;
	unsigned int each;

	if (skb->protocol != htons(ETH_P_IPV6) || skb->len <= mtu) {
		__skb_queue_tail(pieces, skb);
		return 0;
	}
	/* All but the last carry a multiple of eight bytes. */
	each = ALIGN_DOWN(mtu - sizeof(struct ipv6hdr) - sizeof(struct frag_hdr), 8);
	__skb_queue_head_init(&made);
	for (offset = 0; offset < len; offset += each) {
		piece = cut_piece(skb, offset, each, identification);
		if (!piece) {
			__skb_queue_purge(&made);
			return -ENOMEM;
		}
		__skb_queue_tail(&made, piece);
	}
	consume_skb(skb);
	skb_queue_splice_tail(&made, pieces);
	return 0;
}

static void cut_packet(struct sk_buff *skb, unsigned int mtu,
		       int (*output)(struct net *net, struct sock *sk,
				     struct sk_buff *skb))
{
	struct net *net = dev_net(skb->dev);

	if (skb->len <= mtu) {
		output(net, NULL, skb);
		return;
	}
	/* What fits the device does not fit the path. */
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	IPCB(skb)->frag_max_size = mtu;
	ip_do_fragment(net, NULL, skb, output);
}

bool nym_fragment_packet(struct sk_buff *skb, unsigned int mtu,
			 int (*output)(struct net *net, struct sock *sk,
				       struct sk_buff *skb))
{
	struct nym_device *device = netdev_priv(skb->dev);
	struct sk_buff *segs, *segment, *next;

	if (!skb_valid_dst(skb) || skb_dst(skb)->ops->family != AF_INET ||
	    mtu < IPV4_MIN_MTU)
		return false;
	if (!skb_is_gso(skb)) {
		cut_packet(skb, mtu, output);
		return true;
	}
	segs = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(segs)) {
		DEV_STATS_INC(skb->dev, tx_dropped);
		nym_drop(device, skb, NYM_DROP_SEGMENTATION);
		return true;
	}
	consume_skb(skb);
	skb_list_walk_safe(segs, segment, next) {
		skb_mark_not_on_list(segment);
		cut_packet(segment, mtu, output);
	}
	return true;
}
