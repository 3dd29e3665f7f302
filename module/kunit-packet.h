/* SPDX-License-Identifier: GPL-2.0 */
/* IP packets for tests, with whatever payload and right checksums. */
#ifndef _NYM_KUNIT_PACKET_H
#define _NYM_KUNIT_PACKET_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/prandom.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

/**
 * struct nym_kunit_flow - what the packets of a flow have in common
 * @family:	AF_INET or AF_INET6
 * @protocol:	IPPROTO_TCP or IPPROTO_UDP
 * @options:	bytes of TCP options, a multiple of four
 * @id:		IPv4 identification of the next packet
 * @seq:	TCP's sequence number of the next byte
 */
struct nym_kunit_flow {
	int family;
	int protocol;
	unsigned int options;
	u16 id;
	u32 seq;
};

static inline unsigned int nym_kunit_ip_len(const struct nym_kunit_flow *flow)
{
	return flow->family == AF_INET ? sizeof(struct iphdr) :
					 sizeof(struct ipv6hdr);
}

static inline unsigned int nym_kunit_header_len(const struct nym_kunit_flow *flow)
{
	return nym_kunit_ip_len(flow) +
	       (flow->protocol == IPPROTO_TCP ?
		sizeof(struct tcphdr) + flow->options : sizeof(struct udphdr));
}

static inline unsigned int nym_kunit_check_offset(const struct nym_kunit_flow *flow)
{
	return flow->protocol == IPPROTO_TCP ? offsetof(struct tcphdr, check) :
					       offsetof(struct udphdr, check);
}

/* The checksum of @len bytes of transport header and payload, of which @sum is
 * what has been summed up.
 */
static inline __sum16 nym_kunit_fold(const struct nym_kunit_flow *flow,
				     const void *packet, unsigned int len,
				     __wsum sum)
{
	const struct ipv6hdr *ip6 = packet;
	const struct iphdr *ip4 = packet;

	return flow->family == AF_INET ?
	       csum_tcpudp_magic(ip4->saddr, ip4->daddr, len, flow->protocol, sum) :
	       csum_ipv6_magic(&ip6->saddr, &ip6->daddr, len, flow->protocol, sum);
}

/* Writes the headers of a packet of @len bytes, but for the transport checksum. */
static inline void nym_kunit_write_headers(const struct nym_kunit_flow *flow,
					   void *packet, unsigned int len)
{
	unsigned int ip_len = nym_kunit_ip_len(flow);
	struct ipv6hdr *ip6 = packet;
	struct iphdr *ip4 = packet;
	struct tcphdr *tcp = packet + ip_len;
	struct udphdr *udp = packet + ip_len;

	memset(packet, 0, nym_kunit_header_len(flow));
	if (flow->family == AF_INET) {
		*ip4 = (struct iphdr){
			.version = 4,
			.ihl = 5,
			.tot_len = htons(len),
			.id = htons(flow->id),
			.frag_off = htons(IP_DF),
			.ttl = 64,
			.protocol = flow->protocol,
			.saddr = htonl(0x0a000001),
			.daddr = htonl(0x0a000002),
		};
		ip_send_check(ip4);
	} else {
		ip6_flow_hdr(ip6, 0, htonl(0x12345));
		ip6->payload_len = htons(len - ip_len);
		ip6->nexthdr = flow->protocol;
		ip6->hop_limit = 64;
		ip6->saddr.s6_addr[15] = 1;
		ip6->daddr.s6_addr[15] = 2;
	}
	if (flow->protocol == IPPROTO_UDP) {
		udp->source = htons(1000);
		udp->dest = htons(2000);
		udp->len = htons(len - ip_len);
		return;
	}
	tcp->source = htons(1000);
	tcp->dest = htons(2000);
	tcp->seq = htonl(flow->seq);
	tcp->ack_seq = htonl(77);
	tcp->doff = (sizeof(*tcp) + flow->options) / 4;
	tcp->ack = 1;
	tcp->window = htons(501);
	memset(tcp + 1, TCPOPT_NOP, flow->options);
}

/* Completes the transport checksum of a packet in one piece. */
static inline void nym_kunit_write_checksum(const struct nym_kunit_flow *flow,
					    void *packet, unsigned int len)
{
	unsigned int ip_len = nym_kunit_ip_len(flow);
	__sum16 *check = packet + ip_len + nym_kunit_check_offset(flow);

	*check = 0;
	*check = nym_kunit_fold(flow, packet, len - ip_len,
				csum_partial(packet + ip_len, len - ip_len, 0));
	if (flow->protocol == IPPROTO_UDP && !*check)
		*check = CSUM_MANGLED_0;
}

#endif /* _NYM_KUNIT_PACKET_H */
