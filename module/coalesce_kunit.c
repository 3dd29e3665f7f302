// SPDX-License-Identifier: GPL-2.0
/*
 * What is joined is what can be divided again: by us, and by the stack. Flows with
 * all that may change from packet to packet are joined, and the segments compared
 * with the packets that they were made of.
 */

#include "buffer.h"
#include "coalesce.h"
#include "segment.h"

#include <kunit/test.h>
#include <linux/ip.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#define PACKETS		24
#define MAX_PAYLOAD	1200
#define ROOM		(PACKETS * (MAX_PAYLOAD + NYM_MAX_PLAIN_HEADER))

/**
 * struct flow - what the next packet of a flow is like
 * @is_ip6:	family
 * @is_udp:	protocol
 * @steps_id:	the IPv4 identification goes up by one each packet
 * @ip4:	IPv4 header, or
 * @ip6:	IPv6 header
 * @tcp:	TCP header, or
 * @udp:	UDP header; zero check means that it has none
 * @options:	TCP's
 * @payload:	bytes of it
 */
struct flow {
	bool is_ip6;
	bool is_udp;
	bool steps_id;
	struct iphdr ip4;
	struct ipv6hdr ip6;
	struct tcphdr tcp;
	struct udphdr udp;
	u8 options[12];
	unsigned int payload;
};

struct packet {
	u8 bytes[NYM_MAX_PLAIN_HEADER + MAX_PAYLOAD] __aligned(8);
	unsigned int len;
};

/**
 * struct coalesce_test - a test's memory
 * @packets:	in order
 * @count:	how many
 * @checked:	how many came out again
 * @page:	block that the payloads lie in, with a reference
 * @end:	behind the payloads
 * @joined:	packets that came out with others
 */
struct coalesce_test {
	struct packet packets[PACKETS];
	unsigned int count;
	unsigned int checked;
	struct page *page;
	u8 *end;
	unsigned int joined;
};

static void flow_init(struct flow *flow, struct rnd_state *rnd)
{
	memset(flow, 0, sizeof(*flow));
	flow->is_ip6 = prandom_u32_state(rnd) & 1;
	flow->is_udp = prandom_u32_state(rnd) & 1;
	flow->steps_id = prandom_u32_state(rnd) % 4;
	flow->ip4.version = 4;
	flow->ip4.ihl = 5;
	flow->ip4.ttl = 64;
	flow->ip4.id = htons(0xfff8);
	flow->ip4.frag_off = prandom_u32_state(rnd) % 4 ? htons(IP_DF) : 0;
	flow->ip4.protocol = flow->is_udp ? IPPROTO_UDP : IPPROTO_TCP;
	flow->ip4.saddr = htonl(0x0a000001);
	flow->ip4.daddr = htonl(0x0a000002);
	flow->ip6.version = 6;
	flow->ip6.hop_limit = 64;
	flow->ip6.nexthdr = flow->ip4.protocol;
	flow->ip6.saddr.s6_addr[15] = 1;
	flow->ip6.daddr.s6_addr[15] = 2;
	flow->tcp.source = htons(1234);
	flow->tcp.dest = htons(80);
	flow->udp.source = flow->tcp.source;
	flow->udp.dest = flow->tcp.dest;
	flow->tcp.seq = htonl(0xffffe000);
	flow->tcp.doff = prandom_u32_state(rnd) & 1 ? 8 : 5;
	flow->tcp.ack = 1;
	flow->tcp.window = htons(1000);
	flow->udp.check = 1;
	flow->payload = 400 + prandom_u32_state(rnd) % (MAX_PAYLOAD - 400);
}

/* Changes something that makes the next packet differ from what follows on the
 * one before, or may be different in the last one only.
 */
static void disturb(struct flow *flow, struct rnd_state *rnd)
{
	switch (prandom_u32_state(rnd) % 16) {
	case 0:
		flow->ip4.ttl ^= 1;
		flow->ip6.hop_limit ^= 1;
		break;
	case 1:
		flow->ip4.tos ^= 4;
		flow->ip6.priority ^= 1;
		break;
	case 2:
		flow->ip4.frag_off ^= htons(IP_DF);
		break;
	case 3:
		be16_add_cpu(&flow->ip4.id, 5);
		break;
	case 4:
		flow->ip4.daddr ^= htonl(1);
		flow->ip6.daddr.s6_addr[9] ^= 1;
		break;
	case 5:
		flow->tcp.source ^= htons(1);
		flow->udp.source ^= htons(1);
		break;
	case 6:
		be32_add_cpu(&flow->tcp.seq, 100);
		break;
	case 7:
		be32_add_cpu(&flow->tcp.ack_seq, 100);
		break;
	case 8:
		be16_add_cpu(&flow->tcp.window, 1);
		break;
	case 9:
		flow->tcp.psh ^= 1;
		break;
	case 10:
		flow->tcp.fin ^= 1;
		break;
	case 11:
		flow->tcp.cwr ^= 1;
		break;
	case 12:
		flow->tcp.ece ^= 1;
		break;
	case 13:
		flow->options[7] ^= 1;
		break;
	case 14:
		flow->payload = prandom_u32_state(rnd) % MAX_PAYLOAD;
		break;
	case 15:
		flow->udp.check ^= 1;
		flow->tcp.urg ^= 1;
		break;
	}
}

static unsigned int put_transport(const struct flow *flow, u8 *at)
{
	if (flow->is_udp) {
		struct udphdr *udp = (struct udphdr *)at;

		*udp = flow->udp;
		udp->check = 0;
		udp->len = htons(sizeof(*udp) + flow->payload);
		return sizeof(*udp);
	}
	memcpy(at, &flow->tcp, sizeof(flow->tcp));
	memcpy(at + sizeof(flow->tcp), flow->options, sizeof(flow->options));
	return flow->tcp.doff * 4;
}

static __sum16 transport_sum(const struct flow *flow, u8 *at, unsigned int len)
{
	__wsum sum = csum_partial(at, len, 0);
	int protocol = flow->ip4.protocol;

	return flow->is_ip6 ? csum_ipv6_magic(&flow->ip6.saddr, &flow->ip6.daddr,
					      len, protocol, sum) :
			      csum_tcpudp_magic(flow->ip4.saddr, flow->ip4.daddr,
						len, protocol, sum);
}

/* Makes the flow's next packet, whole and with right checksums. */
static void put_packet(struct flow *flow, struct packet *packet,
		       struct rnd_state *rnd)
{
	unsigned int offset = flow->is_ip6 ? sizeof(flow->ip6) : sizeof(flow->ip4);
	u8 *transport = packet->bytes + offset;
	unsigned int len = put_transport(flow, transport);
	__sum16 sum;

	prandom_bytes_state(rnd, transport + len, flow->payload);
	len += flow->payload;
	packet->len = offset + len;
	sum = transport_sum(flow, transport, len);
	if (!flow->is_udp)
		((struct tcphdr *)transport)->check = sum;
	else if (flow->udp.check)
		((struct udphdr *)transport)->check = sum ?: CSUM_MANGLED_0;
	flow->ip6.payload_len = htons(len);
	flow->ip4.tot_len = htons(packet->len);
	ip_send_check(&flow->ip4);
	memcpy(packet->bytes, flow->is_ip6 ? (void *)&flow->ip6 :
					     (void *)&flow->ip4, offset);
	be32_add_cpu(&flow->tcp.seq, flow->payload);
	if (flow->steps_id)
		be16_add_cpu(&flow->ip4.id, 1);
}

static struct coalesce_test *new_test(struct kunit *test)
{
	struct coalesce_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	return t;
}

static void expect_packet(struct kunit *test, struct coalesce_test *t,
			  const void *bytes, unsigned int len)
{
	const struct packet *packet = &t->packets[t->checked++];

	KUNIT_ASSERT_LE(test, t->checked, t->count);
	KUNIT_ASSERT_EQ(test, len, packet->len);
	KUNIT_ASSERT_MEMEQ(test, bytes, packet->bytes, len);
}

/* The stack divides @skb into the packets from @first on. */
static void expect_stack_divides(struct kunit *test, struct coalesce_test *t,
				 struct sk_buff *skb, unsigned int first)
{
	struct sk_buff *segs, *segment, *next;

	t->checked = first;
	segs = skb_gso_segment(skb, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(segs));
	skb_list_walk_safe(segs, segment, next) {
		if (!skb_linearize(segment))
			expect_packet(test, t, segment->data, segment->len);
		kfree_skb(segment);
	}
}

/* What was joined is the packets that come next. */
static void expect_joined(struct kunit *test, struct coalesce_test *t,
			  struct sk_buff *skb)
{
	unsigned int first = t->checked;
	struct nym_segments segments;
	u8 *copy = kmalloc(SZ_64K, GFP_ATOMIC);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	skb->protocol = skb->data[0] >> 4 == 4 ? htons(ETH_P_IP) :
						 htons(ETH_P_IPV6);
	skb_reset_network_header(skb);
	skb_reset_mac_header(skb);
	KUNIT_ASSERT_TRUE(test, nym_segments_begin(&segments, skb));
	if (segments.left > 1)
		t->joined += segments.left;
	while (segments.left) {
		unsigned int len = nym_segments_next_len(&segments, skb);

		KUNIT_ASSERT_TRUE(test, nym_segments_take(&segments, skb, copy));
		expect_packet(test, t, copy, len);
	}
	kfree(copy);
	if (skb_is_gso(skb)) {
		unsigned int after = t->checked;

		expect_stack_divides(test, t, skb, first);
		KUNIT_EXPECT_EQ(test, t->checked, after);
	}
	kfree_skb(skb);
}

/* As a packet lies after decryption: its payload behind the one before. */
static void lay_out(struct coalesce_test *t, const struct packet *packet,
		    struct nym_plain *plain)
{
	unsigned int len = packet->len;

	plain->header_len = nym_plain_header_len(packet->bytes, &len);
	plain->len = len - plain->header_len;
	plain->data = t->end;
	memcpy(plain->header, packet->bytes, plain->header_len);
	memcpy(plain->data, packet->bytes + plain->header_len, plain->len);
	t->end += plain->len;
}

/* Joins all packets, and looks at what comes out. Return: how many skbs. */
static unsigned int join(struct kunit *test, struct coalesce_test *t)
{
	struct nym_coalesce coalesce = {};
	struct napi_struct napi = {};
	struct nym_plain plain;
	struct nym_room room;
	unsigned int i, skbs = 1;

	BUILD_BUG_ON(ROOM > NYM_BUFFER_SIZE);
	t->checked = 0;
	t->joined = 0;
	local_bh_disable();
	nym_buffer_lock();
	KUNIT_ASSERT_TRUE(test, nym_buffer_room(ROOM, &room));
	t->page = room.page;
	get_page(t->page);
	t->end = room.at;
	nym_buffer_commit(ROOM);
	nym_buffer_unlock();
	for (i = 0; i < t->count; ++i) {
		lay_out(t, &t->packets[i], &plain);
		if (coalesce.skb && nym_coalesce_add(&coalesce, &plain))
			continue;
		if (coalesce.skb) {
			expect_joined(test, t, nym_coalesce_end(&coalesce));
			++skbs;
		}
		KUNIT_ASSERT_TRUE(test, nym_coalesce_begin(&coalesce, &napi,
							   &plain));
	}
	expect_joined(test, t, nym_coalesce_end(&coalesce));
	local_bh_enable();
	put_page(t->page);
	KUNIT_EXPECT_EQ(test, t->checked, t->count);
	return skbs;
}

/* Packets of an undisturbed flow are one, the last of them shorter. */
static void flows_are_joined(struct kunit *test)
{
	struct coalesce_test *t = new_test(test);
	struct rnd_state rnd;
	struct flow flow;
	u32 seed;

	for (seed = 1; seed <= 64; ++seed) {
		prandom_seed_state(&rnd, seed);
		flow_init(&flow, &rnd);
		/* Datagrams of one number could not be told apart again. */
		if (flow.is_udp || !flow.ip4.frag_off)
			flow.steps_id = true;
		for (t->count = 0; t->count < PACKETS; ++t->count) {
			if (t->count == PACKETS - 1)
				flow.payload /= 2;
			put_packet(&flow, &t->packets[t->count], &rnd);
		}
		KUNIT_EXPECT_EQ_MSG(test, join(test, t), 1, "seed %u", seed);
		KUNIT_EXPECT_EQ(test, t->joined, PACKETS);
	}
}

/* Whatever changes on the way, the same packets come out. */
static void nothing_changes(struct kunit *test)
{
	struct coalesce_test *t = new_test(test);
	unsigned int joined = 0;
	struct rnd_state rnd;
	struct flow flow;
	u32 seed;

	for (seed = 1; seed <= 3000; ++seed) {
		prandom_seed_state(&rnd, seed);
		flow_init(&flow, &rnd);
		for (t->count = 0; t->count < PACKETS; ++t->count) {
			if (!(prandom_u32_state(&rnd) % 4))
				disturb(&flow, &rnd);
			put_packet(&flow, &t->packets[t->count], &rnd);
		}
		join(test, t);
		joined += t->joined;
	}
	KUNIT_EXPECT_GT(test, joined, 3000 * PACKETS / 4);
}

static struct kunit_case coalesce_cases[] = {
	KUNIT_CASE(flows_are_joined),
	KUNIT_CASE(nothing_changes),
	{}
};

static struct kunit_suite coalesce_suite = {
	.name = "nym_coalesce",
	.test_cases = coalesce_cases,
};

kunit_test_suite(coalesce_suite);
