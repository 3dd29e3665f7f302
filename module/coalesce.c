// SPDX-License-Identifier: GPL-2.0
/* Plaintext packets of one flow joined into a GSO packet. */
#include "coalesce.h"
#include <linux/ip.h>
#include <linux/mm.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>
#include <net/udp.h>

/* A packet without payload of its own to join is copied up to this size. */
#define NYM_COPY_BYTES	256

/* Of a larger one, this much lies in the linear part. */
#define NYM_LINEAR_BYTES 128

static bool is_ipv4(const u8 *packet)
{
	return packet[0] >> 4 == 4;
}

static unsigned int ip_len(const u8 *packet)
{
	return is_ipv4(packet) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

static bool is_tcp(const u8 *packet)
{
	u8 protocol = is_ipv4(packet) ? ((const struct iphdr *)packet)->protocol :
					((const struct ipv6hdr *)packet)->nexthdr;

	return protocol == IPPROTO_TCP;
}

/* Bytes of TCP or UDP header in a packet of @len; 0 where there is none whole. */
static unsigned int transport_len(const u8 *packet, unsigned int protocol,
				  unsigned int offset, unsigned int len)
{
	const struct udphdr *udp = (const struct udphdr *)(packet + offset);
	const struct tcphdr *tcp = (const struct tcphdr *)(packet + offset);
	unsigned int header_len;

	if (protocol == IPPROTO_UDP)
		return len - offset >= sizeof(*udp) &&
		       ntohs(udp->len) == len - offset ? sizeof(*udp) : 0;
	if (protocol != IPPROTO_TCP || len - offset < sizeof(*tcp))
		return 0;
	header_len = tcp->doff * 4;
	return header_len >= sizeof(*tcp) && header_len <= len - offset ?
	       header_len : 0;
}

unsigned int nym_plain_header_len(const u8 *packet, unsigned int *len)
{
	unsigned int protocol, total, offset, transport;

	if (*len < sizeof(struct iphdr))
		return 0;
	if (is_ipv4(packet)) {
		const struct iphdr *ip = (const struct iphdr *)packet;

		if (ip->ihl != sizeof(*ip) / 4 || ip_is_fragment(ip))
			return 0;
		offset = sizeof(*ip);
		total = ntohs(ip->tot_len);
		protocol = ip->protocol;
	} else if (packet[0] >> 4 == 6 && *len >= sizeof(struct ipv6hdr)) {
		const struct ipv6hdr *ip = (const struct ipv6hdr *)packet;

		offset = sizeof(*ip);
		total = offset + ntohs(ip->payload_len);
		protocol = ip->nexthdr;
	} else {
		return 0;
	}
	if (total > *len || total < offset)
		return 0;
	transport = transport_len(packet, protocol, offset, total);
	if (!transport)
		return 0;
	*len = total;
	return offset + transport;
}

/* Are the IP headers those of consecutive packets of one flow? @index is that of
 * the new one, @fixed_id as in struct nym_coalesce.
 */
static bool follows_ip4(const struct iphdr *first, const struct iphdr *ip,
			unsigned int index, bool *fixed_id)
{
	u16 step = ntohs(ip->id) - ntohs(first->id);

	if (ip->tos != first->tos || ip->ttl != first->ttl ||
	    ip->protocol != first->protocol || ip->frag_off != first->frag_off ||
	    ip->saddr != first->saddr || ip->daddr != first->daddr)
		return false;
	if (index == 1)
		*fixed_id = !step && first->frag_off & htons(IP_DF) &&
			    first->protocol == IPPROTO_TCP;
	return step == (*fixed_id ? 0 : index);
}

static bool follows_ip6(const struct ipv6hdr *first, const struct ipv6hdr *ip)
{
	return *(const __be32 *)ip == *(const __be32 *)first &&
	       ip->nexthdr == first->nexthdr && ip->hop_limit == first->hop_limit &&
	       ipv6_addr_equal(&ip->saddr, &first->saddr) &&
	       ipv6_addr_equal(&ip->daddr, &first->daddr);
}

/* Flags that the last segment alone may have, and the first one. */
#define NYM_LAST_FLAGS	(TCP_FLAG_FIN | TCP_FLAG_PSH)
#define NYM_FIRST_FLAGS	TCP_FLAG_CWR

/* Flags with which a packet stands alone. */
#define NYM_LONE_FLAGS	(TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_URG)

static bool follows_tcp(const struct tcphdr *first, const struct tcphdr *tcp,
			unsigned int payload)
{
	unsigned int len = first->doff * 4;
	__be32 differ = tcp_flag_word(tcp) ^ tcp_flag_word(first);

	return *(const __be32 *)&tcp->source == *(const __be32 *)&first->source &&
	       ntohl(tcp->seq) == ntohl(first->seq) + payload &&
	       tcp->ack_seq == first->ack_seq &&
	       !(differ & ~(NYM_LAST_FLAGS | NYM_FIRST_FLAGS)) &&
	       !(tcp_flag_word(tcp) & (NYM_LONE_FLAGS | NYM_FIRST_FLAGS)) &&
	       tcp->urg_ptr == first->urg_ptr &&
	       !memcmp(tcp + 1, first + 1, len - sizeof(*tcp));
}

/* Does a packet with these headers go on where the joined ones end? */
static bool follows(struct nym_coalesce *coalesce, const struct nym_plain *plain)
{
	const u8 *first = coalesce->skb->data;
	unsigned int offset = ip_len(first);
	unsigned int payload = coalesce->skb->len - plain->header_len;

	if (is_ipv4(first) != is_ipv4(plain->header))
		return false;
	if (is_ipv4(first) ?
	    !follows_ip4((const struct iphdr *)first,
			 (const struct iphdr *)plain->header,
			 coalesce->segments, &coalesce->has_fixed_id) :
	    !follows_ip6((const struct ipv6hdr *)first,
			 (const struct ipv6hdr *)plain->header))
		return false;
	if (is_tcp(first))
		return follows_tcp((const struct tcphdr *)(first + offset),
				   (const struct tcphdr *)(plain->header + offset),
				   payload);
	return *(const __be32 *)(first + offset) ==
		       *(const __be32 *)(plain->header + offset) &&
	       ((const struct udphdr *)(plain->header + offset))->check;
}

/* May another packet follow one with these headers? */
static bool may_go_on(const struct nym_plain *plain)
{
	const u8 *transport = plain->header + ip_len(plain->header);

	if (!plain->len)
		return false;
	if (is_tcp(plain->header))
		return !(tcp_flag_word((const struct tcphdr *)transport) &
			 (NYM_LONE_FLAGS | NYM_LAST_FLAGS));
	return ((const struct udphdr *)transport)->check;
}

/* Puts bytes in a buffer behind the packet's data. */
static bool add_data(struct sk_buff *skb, u8 *data, unsigned int len)
{
	unsigned int i = skb_shinfo(skb)->nr_frags;
	struct page *page = virt_to_head_page(data);
	unsigned int offset = data - (u8 *)page_address(page);

	if (!len)
		return true;
	if (i && skb_can_coalesce(skb, i, page, offset)) {
		skb_frag_size_add(&skb_shinfo(skb)->frags[i - 1], len);
		skb->len += len;
		skb->data_len += len;
		skb->truesize += len;
		return true;
	}
	if (i == MAX_SKB_FRAGS)
		return false;
	get_page(page);
	skb_add_rx_frag(skb, i, page, offset, len, len);
	return true;
}

bool nym_coalesce_begin(struct nym_coalesce *coalesce, struct napi_struct *napi,
			const struct nym_plain *plain)
{
	unsigned int linear = plain->header_len;
	const u8 *from = plain->header;
	unsigned int skip = 0;
	struct sk_buff *skb;

	if (!linear) {
		linear = plain->len <= NYM_COPY_BYTES ? plain->len :
							NYM_LINEAR_BYTES;
		from = plain->data;
		skip = linear;
	}
	skb = napi_alloc_skb(napi, linear);
	if (unlikely(!skb))
		return false;
	skb_put_data(skb, from, linear);
	add_data(skb, plain->data + skip, plain->len - skip);
	*coalesce = (struct nym_coalesce){
		.skb = skb,
		.size = plain->len,
		.segments = 1,
		.is_closed = !plain->header_len || !may_go_on(plain),
	};
	return true;
}

bool nym_coalesce_add(struct nym_coalesce *coalesce, const struct nym_plain *plain)
{
	struct sk_buff *skb = coalesce->skb;

	if (coalesce->is_closed || skb_headlen(skb) != plain->header_len ||
	    !plain->len || plain->len > coalesce->size ||
	    skb->len + plain->len > IP_MAX_MTU ||
	    !follows(coalesce, plain) || !add_data(skb, plain->data, plain->len))
		return false;
	if (is_tcp(plain->header)) {
		unsigned int offset = ip_len(plain->header);

		tcp_flag_word((struct tcphdr *)(skb->data + offset)) |=
			tcp_flag_word((const struct tcphdr *)(plain->header + offset)) &
			NYM_LAST_FLAGS;
	}
	++coalesce->segments;
	coalesce->is_closed = plain->len < coalesce->size || !may_go_on(plain);
	return true;
}

/* Leaves in the transport header the sum of the pseudo header, as whoever divides
 * the packet expects.
 */
static void complete_transport(struct nym_coalesce *coalesce, unsigned int offset)
{
	struct sk_buff *skb = coalesce->skb;
	unsigned int len = skb->len - offset;
	bool tcp = is_tcp(skb->data);
	int protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	__sum16 *check;

	skb->csum_offset = tcp ? offsetof(struct tcphdr, check) :
				 offsetof(struct udphdr, check);
	skb->csum_start = skb_headroom(skb) + offset;
	skb->ip_summed = CHECKSUM_PARTIAL;
	check = (__sum16 *)(skb->data + offset + skb->csum_offset);
	if (is_ipv4(skb->data)) {
		const struct iphdr *ip = (const struct iphdr *)skb->data;

		*check = ~csum_tcpudp_magic(ip->saddr, ip->daddr, len, protocol, 0);
	} else {
		const struct ipv6hdr *ip = (const struct ipv6hdr *)skb->data;

		*check = ~csum_ipv6_magic(&ip->saddr, &ip->daddr, len, protocol, 0);
	}
	if (!tcp)
		((struct udphdr *)(skb->data + offset))->len = htons(len);
}

static unsigned int gso_type(const struct nym_coalesce *coalesce,
			     unsigned int offset)
{
	const u8 *packet = coalesce->skb->data;
	unsigned int type;

	if (!is_tcp(packet))
		return SKB_GSO_UDP_L4;
	type = is_ipv4(packet) ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	if (((const struct tcphdr *)(packet + offset))->cwr)
		type |= SKB_GSO_TCP_ECN;
	if (coalesce->has_fixed_id)
		type |= SKB_GSO_TCP_FIXEDID;
	return type;
}

struct sk_buff *nym_coalesce_end(struct nym_coalesce *coalesce)
{
	struct sk_buff *skb = coalesce->skb;

	if (coalesce->segments > 1) {
		unsigned int offset = ip_len(skb->data);

		if (is_ipv4(skb->data)) {
			struct iphdr *ip = (struct iphdr *)skb->data;

			ip->tot_len = htons(skb->len);
			ip_send_check(ip);
		} else {
			((struct ipv6hdr *)skb->data)->payload_len =
				htons(skb->len - offset);
		}
		complete_transport(coalesce, offset);
		skb_shinfo(skb)->gso_size = coalesce->size;
		skb_shinfo(skb)->gso_segs = coalesce->segments;
		skb_shinfo(skb)->gso_type = gso_type(coalesce, offset);
	} else {
		/* It was authenticated: nothing on the way can have changed it. */
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		skb->csum_level = ~0;
	}
	coalesce->skb = NULL;
	return skb;
}
