// SPDX-License-Identifier: GPL-2.0
/* Fragments of nested datagrams. */
#include "fragment.h"
#include "device.h"
#include "peer.h"
#include <linux/etherdevice.h>
#include <linux/if_ether.h>
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
