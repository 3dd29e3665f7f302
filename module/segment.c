// SPDX-License-Identifier: GPL-2.0
/*
 * Packets taken a segment at a time.
 *
 * What a GSO packet's segments are, is said by the kernel's segmentation: each
 * has the packet's headers, but for lengths, checksums, the IPv4 identification,
 * TCP's sequence number, and the flags that belong to its first or last one.
 */
#include "segment.h"
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

/* The kinds of TCP and UDP GSO packets that are split here. */
#define NYM_GSO_TCP	(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN |	\
			 SKB_GSO_TCP_FIXEDID)

/* Bytes of IP header of a packet without extensions that could matter to a
 * segment; 0 for others.
 */
static unsigned int ip_header_len(const struct sk_buff *skb, int protocol)
{
	if (skb->protocol == htons(ETH_P_IP))
		return ip_hdr(skb)->protocol == protocol ? ip_hdrlen(skb) : 0;
	return ipv6_hdr(skb)->nexthdr == protocol ? sizeof(struct ipv6hdr) : 0;
}

/* Bytes of all headers of a GSO packet that is split here; 0 for others. */
static unsigned int gso_header_len(struct sk_buff *skb)
{
	unsigned int type = skb_shinfo(skb)->gso_type;
	bool is_udp = type == SKB_GSO_UDP_L4;
	unsigned int len;

	if (skb->encapsulation || skb->ip_summed != CHECKSUM_PARTIAL ||
	    (!is_udp && (type & ~NYM_GSO_TCP ||
			 !(type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)))))
		return 0;
	len = ip_header_len(skb, is_udp ? IPPROTO_UDP : IPPROTO_TCP);
	if (!len || skb_checksum_start_offset(skb) != len ||
	    skb->csum_offset != (is_udp ? offsetof(struct udphdr, check) :
					  offsetof(struct tcphdr, check)))
		return 0;
	if (is_udp)
		return len + sizeof(struct udphdr);
	if (!pskb_may_pull(skb, len + sizeof(struct tcphdr)))
		return 0;
	return len + __tcp_hdrlen((struct tcphdr *)(skb->data + len));
}

bool nym_segments_begin(struct nym_segments *segments, struct sk_buff *skb)
{
	unsigned int header_len, payload;

	*segments = (struct nym_segments){ .left = 1 };
	if (!skb_is_gso(skb))
		return true;
	header_len = gso_header_len(skb);
	if (!header_len || skb->len <= header_len ||
	    !pskb_may_pull(skb, header_len))
		return false;
	payload = skb->len - header_len;
	segments->header_len = header_len;
	segments->offset = header_len;
	segments->size = skb_shinfo(skb)->gso_size;
	segments->left = DIV_ROUND_UP(payload, segments->size);
	return true;
}

/* Does the checksum that was left to us begin behind the IP header, and lie in the
 * packet? Both are said by user space, if it sent with a virtio header; older
 * kernels take a start in front of the packet, which is then negative.
 */
static bool is_checksum_inside(const struct sk_buff *skb)
{
	int header_len = skb->protocol == htons(ETH_P_IP) ? ip_hdrlen(skb) :
							    sizeof(struct ipv6hdr);
	int start = skb_checksum_start_offset(skb);

	return start >= header_len &&
	       start + skb->csum_offset + sizeof(__sum16) <= skb->len;
}

/* Copies a whole packet, and completes its checksum if that was left to us. */
static bool copy_packet(const struct sk_buff *skb, void *to)
{
	int start;
	__wsum sum;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return !skb_copy_bits(skb, 0, to, skb->len);
	start = skb_checksum_start_offset(skb);
	if (skb_csum_is_sctp((struct sk_buff *)skb) || !is_checksum_inside(skb) ||
	    skb_copy_bits(skb, 0, to, start))
		return false;
	sum = skb_copy_and_csum_bits(skb, start, to + start, skb->len - start);
	*(__sum16 *)(to + start + skb->csum_offset) =
		csum_fold(sum) ?: CSUM_MANGLED_0;
	return true;
}

static void adjust_tcp(const struct nym_segments *segments, struct tcphdr *tcp)
{
	tcp->seq = htonl(ntohl(tcp->seq) + segments->index * segments->size);
	if (segments->left > 1) {
		tcp->fin = 0;
		tcp->psh = 0;
	}
	if (segments->index)
		tcp->cwr = 0;
}

/* Completes the transport header's checksum; @sum is that of the payload. */
static void complete_checksum(const struct sk_buff *skb, void *packet,
			      unsigned int start, unsigned int header_len,
			      unsigned int len, __wsum sum)
{
	__sum16 *check = packet + start + skb->csum_offset;
	bool is_udp = skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4;
	int protocol = is_udp ? IPPROTO_UDP : IPPROTO_TCP;

	*check = 0;
	sum = csum_partial(packet + start, header_len - start, sum);
	if (skb->protocol == htons(ETH_P_IP)) {
		struct iphdr *ip = packet;

		*check = csum_tcpudp_magic(ip->saddr, ip->daddr, len - start,
					   protocol, sum);
	} else {
		struct ipv6hdr *ip = packet;

		*check = csum_ipv6_magic(&ip->saddr, &ip->daddr, len - start,
					 protocol, sum);
	}
	if (is_udp && !*check)
		*check = CSUM_MANGLED_0;
}

/* Copies one segment of a GSO packet, @len bytes with its headers. */
static void copy_segment(const struct nym_segments *segments,
			 const struct sk_buff *skb, void *to, unsigned int len)
{
	unsigned int header_len = segments->header_len;
	unsigned int start = skb_checksum_start_offset(skb);
	unsigned int type = skb_shinfo(skb)->gso_type;
	__wsum sum;

	memcpy(to, skb->data, header_len);
	sum = skb_copy_and_csum_bits(skb, segments->offset, to + header_len,
				     len - header_len);
	if (skb->protocol == htons(ETH_P_IP)) {
		struct iphdr *ip = to;

		ip->tot_len = htons(len);
		if (!(type & SKB_GSO_TCP_FIXEDID))
			ip->id = htons(ntohs(ip->id) + segments->index);
		ip_send_check(ip);
	} else {
		((struct ipv6hdr *)to)->payload_len =
			htons(len - sizeof(struct ipv6hdr));
	}
	if (type & SKB_GSO_UDP_L4)
		((struct udphdr *)(to + start))->len = htons(len - start);
	else
		adjust_tcp(segments, to + start);
	complete_checksum(skb, to, start, header_len, len, sum);
}

bool nym_segments_take(struct nym_segments *segments, const struct sk_buff *skb,
		       void *to)
{
	unsigned int len = nym_segments_next_len(segments, skb);
	bool is_whole = true;

	if (segments->header_len)
		copy_segment(segments, skb, to, len);
	else
		is_whole = copy_packet(skb, to);
	segments->offset += len - segments->header_len;
	--segments->left;
	++segments->index;
	return is_whole;
}
