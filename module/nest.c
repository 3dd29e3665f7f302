// SPDX-License-Identifier: GPL-2.0
/* Nested datagrams: the bytes, and what a packet out of a carrier is. */
#include "nest.h"
#include "endpoint.h"
#include "messages.h"
#include "path.h"
#include "peer.h"
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>

/* The same for all senders, so that it tells the far side nothing. */
#define NYM_NEST_HOP_LIMIT 64

int nym_nest_header_init(struct nym_nest_header *header,
			 const struct nym_bind *bind,
			 const struct nym_endpoint *to)
{
	struct udphdr *udp;

	if (!to)
		return -EDESTADDRREQ;
	memset(header, 0, sizeof(*header));
	header->family = to->addr.sa_family;
	if (header->family == AF_INET) {
		struct iphdr *ip = (struct iphdr *)header->bytes;

		if (!bind->address4.s_addr)
			return -EADDRNOTAVAIL;
		ip->version = 4;
		ip->ihl = sizeof(*ip) / 4;
		ip->ttl = NYM_NEST_HOP_LIMIT;
		ip->protocol = IPPROTO_UDP;
		ip->saddr = bind->address4.s_addr;
		ip->daddr = to->addr4.sin_addr.s_addr;
		udp = (struct udphdr *)(ip + 1);
		udp->dest = to->addr4.sin_port;
		header->len = sizeof(*ip) + sizeof(*udp);
	} else if (header->family == AF_INET6) {
		struct ipv6hdr *ip = (struct ipv6hdr *)header->bytes;

		if (ipv6_addr_any(&bind->address6))
			return -EADDRNOTAVAIL;
		ip6_flow_hdr(ip, 0, 0);
		ip->nexthdr = IPPROTO_UDP;
		ip->hop_limit = NYM_NEST_HOP_LIMIT;
		ip->saddr = bind->address6;
		ip->daddr = to->addr6.sin6_addr;
		udp = (struct udphdr *)(ip + 1);
		udp->dest = to->addr6.sin6_port;
		header->len = sizeof(*ip) + sizeof(*udp);
	} else {
		return -EDESTADDRREQ;
	}
	udp->source = bind->port;
	return 0;
}

void nym_nest_header_write(const struct nym_nest_header *header, void *at,
			   unsigned int message_len, u16 id, u8 ecn)
{
	unsigned int udp_len = sizeof(struct udphdr) + message_len;
	struct udphdr *udp;
	__wsum sum;

	memcpy(at, header->bytes, header->len);
	if (header->family == AF_INET) {
		struct iphdr *ip = at;

		/* Fragments are allowed: where a link between carrier and peer is
		 * smaller than ours, slow beats silent.
		 */
		ip->tos = ecn;
		ip->tot_len = htons(sizeof(*ip) + udp_len);
		ip->id = htons(id);
		ip->check = ip_fast_csum(ip, ip->ihl);
		udp = (struct udphdr *)(ip + 1);
		udp->len = htons(udp_len);
		sum = csum_partial(udp, udp_len, 0);
		udp->check = csum_tcpudp_magic(ip->saddr, ip->daddr, udp_len,
					       IPPROTO_UDP, sum);
	} else {
		struct ipv6hdr *ip = at;

		ip6_flow_hdr(ip, ecn, 0);
		ip->payload_len = htons(udp_len);
		udp = (struct udphdr *)(ip + 1);
		udp->len = htons(udp_len);
		sum = csum_partial(udp, udp_len, 0);
		udp->check = csum_ipv6_magic(&ip->saddr, &ip->daddr, udp_len,
					     IPPROTO_UDP, sum);
	}
	if (!udp->check)
		udp->check = CSUM_MANGLED_0;
}

/* A UDP header at @offset of a packet from and to these addresses: whose is it? */
static enum nym_nest_verdict classify_udp(struct nym_peer *carrier, int family,
					  const void *packet, unsigned int offset,
					  unsigned int end, const void *daddr,
					  struct nym_nest_result *result)
{
	const struct udphdr *udp = packet + offset;
	const struct nym_bind *bind;
	unsigned int udp_len;

	if (end - offset < sizeof(*udp))
		return NYM_NEST_PACKET;
	bind = nym_path_find_bind(carrier, family, daddr, udp->dest);
	if (!bind)
		return NYM_NEST_PACKET;
	result->peer = bind->nested;
	result->bind = bind->number;
	udp_len = ntohs(udp->len);
	if (udp_len < sizeof(*udp) || udp_len > end - offset)
		return NYM_NEST_MALFORMED;
	result->offset = offset + sizeof(*udp);
	result->len = udp_len - sizeof(*udp);
	return NYM_NEST_MESSAGE;
}

/* Finds the bind whose datagram an ICMP error quotes: from our nested address
 * and port to the peer's endpoint.
 */
static const struct nym_bind *find_quoted(struct nym_peer *carrier, int family,
					  const void *quoted, unsigned int len)
{
	const struct nym_endpoint *endpoint;
	const struct nym_bind *bind;
	const struct udphdr *udp;
	const void *saddr;

	if (family == AF_INET) {
		const struct iphdr *ip = quoted;

		if (len < sizeof(*ip) || ip->version != 4 || ip->ihl != 5 ||
		    ip->protocol != IPPROTO_UDP || ip_is_fragment(ip) ||
		    len < sizeof(*ip) + sizeof(*udp))
			return NULL;
		udp = quoted + sizeof(*ip);
		saddr = &ip->saddr;
	} else {
		const struct ipv6hdr *ip = quoted;

		if (len < sizeof(*ip) + sizeof(*udp) || ip->version != 6 ||
		    ip->nexthdr != IPPROTO_UDP)
			return NULL;
		udp = quoted + sizeof(*ip);
		saddr = &ip->saddr;
	}
	bind = nym_path_find_bind(carrier, family, saddr, udp->source);
	if (!bind)
		return NULL;
	endpoint = rcu_dereference(bind->nested->endpoint);
	if (!endpoint || endpoint->addr.sa_family != family)
		return NULL;
	if (family == AF_INET) {
		const struct iphdr *ip = quoted;

		return endpoint->addr4.sin_addr.s_addr == ip->daddr &&
		       endpoint->addr4.sin_port == udp->dest ? bind : NULL;
	}
	return ipv6_addr_equal(&endpoint->addr6.sin6_addr,
			       &((const struct ipv6hdr *)quoted)->daddr) &&
	       endpoint->addr6.sin6_port == udp->dest ? bind : NULL;
}

static enum nym_nest_verdict classify_icmp(struct nym_peer *carrier,
					   const void *packet, unsigned int offset,
					   unsigned int end,
					   struct nym_nest_result *result)
{
	const struct icmphdr *icmp = packet + offset;
	const struct nym_bind *bind;

	if (end - offset < sizeof(*icmp))
		return NYM_NEST_PACKET;
	switch (icmp->type) {
	case ICMP_DEST_UNREACH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		break;
	default:
		return NYM_NEST_PACKET;
	}
	bind = find_quoted(carrier, AF_INET, icmp + 1,
			   end - offset - sizeof(*icmp));
	if (!bind)
		return NYM_NEST_PACKET;
	result->peer = bind->nested;
	result->bind = bind->number;
	if (icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_FRAG_NEEDED)
		result->mtu = ntohs(icmp->un.frag.mtu);
	return NYM_NEST_ERROR;
}

static enum nym_nest_verdict classify_icmpv6(struct nym_peer *carrier,
					     const void *packet,
					     unsigned int offset,
					     unsigned int end,
					     struct nym_nest_result *result)
{
	const struct icmp6hdr *icmp = packet + offset;
	const struct nym_bind *bind;

	if (end - offset < sizeof(*icmp) ||
	    icmp->icmp6_type & ICMPV6_INFOMSG_MASK)
		return NYM_NEST_PACKET;
	bind = find_quoted(carrier, AF_INET6, icmp + 1,
			   end - offset - sizeof(*icmp));
	if (!bind)
		return NYM_NEST_PACKET;
	result->peer = bind->nested;
	result->bind = bind->number;
	if (icmp->icmp6_type == ICMPV6_PKT_TOOBIG)
		result->mtu = ntohl(icmp->icmp6_mtu);
	return NYM_NEST_ERROR;
}

static enum nym_nest_verdict classify4(struct nym_peer *carrier,
				       const void *packet, unsigned int len,
				       struct nym_nest_result *result)
{
	const struct iphdr *ip = packet;
	unsigned int header_len, end;

	if (len < sizeof(*ip))
		return NYM_NEST_PACKET;
	header_len = ip->ihl * 4;
	end = ntohs(ip->tot_len);
	if (header_len < sizeof(*ip) || end < header_len || end > len)
		return NYM_NEST_PACKET;
	if (ip_is_fragment(ip)) {
		if (ip->protocol != IPPROTO_UDP)
			return NYM_NEST_PACKET;
		result->peer = nym_path_find_address(carrier, AF_INET, &ip->daddr);
		return result->peer ? NYM_NEST_FRAGMENT : NYM_NEST_PACKET;
	}
	if (ip->protocol == IPPROTO_UDP)
		return classify_udp(carrier, AF_INET, packet, header_len, end,
				    &ip->daddr, result);
	if (ip->protocol == IPPROTO_ICMP)
		return classify_icmp(carrier, packet, header_len, end, result);
	return NYM_NEST_PACKET;
}

static enum nym_nest_verdict classify6(struct nym_peer *carrier,
				       const void *packet, unsigned int len,
				       struct nym_nest_result *result)
{
	const struct ipv6hdr *ip = packet;
	unsigned int end;

	if (len < sizeof(*ip))
		return NYM_NEST_PACKET;
	end = sizeof(*ip) + ntohs(ip->payload_len);
	if (end > len)
		return NYM_NEST_PACKET;
	switch (ip->nexthdr) {
	case IPPROTO_UDP:
		return classify_udp(carrier, AF_INET6, packet, sizeof(*ip), end,
				    &ip->daddr, result);
	case IPPROTO_ICMPV6:
		return classify_icmpv6(carrier, packet, sizeof(*ip), end, result);
	case NEXTHDR_FRAGMENT:
		result->peer = nym_path_find_address(carrier, AF_INET6, &ip->daddr);
		return result->peer ? NYM_NEST_FRAGMENT : NYM_NEST_PACKET;
	}
	return NYM_NEST_PACKET;
}

enum nym_nest_verdict nym_nest_classify(struct nym_peer *carrier, const void *packet,
					unsigned int len,
					struct nym_nest_result *result)
{
	memset(result, 0, sizeof(*result));
	if (!len)
		return NYM_NEST_PACKET;
	switch (*(const u8 *)packet >> 4) {
	case 4:
		return classify4(carrier, packet, len, result);
	case 6:
		return classify6(carrier, packet, len, result);
	}
	return NYM_NEST_PACKET;
}

void nym_nest_read_source(struct nym_endpoint *from, const void *packet)
{
	const struct udphdr *udp;

	memset(from, 0, sizeof(*from));
	if (*(const u8 *)packet >> 4 == 4) {
		const struct iphdr *ip = packet;

		udp = packet + ip->ihl * 4;
		from->addr4.sin_family = AF_INET;
		from->addr4.sin_addr.s_addr = ip->saddr;
		from->addr4.sin_port = udp->source;
	} else {
		const struct ipv6hdr *ip = packet;

		udp = packet + sizeof(*ip);
		from->addr6.sin6_family = AF_INET6;
		from->addr6.sin6_addr = ip->saddr;
		from->addr6.sin6_port = udp->source;
	}
}

u8 nym_nest_read_ecn(const void *packet)
{
	if (*(const u8 *)packet >> 4 == 4)
		return ((const struct iphdr *)packet)->tos & INET_ECN_MASK;
	return ipv6_get_dsfield(packet) & INET_ECN_MASK;
}
