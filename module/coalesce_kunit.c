// SPDX-License-Identifier: GPL-2.0
/* Packets that are joined and then divided again must be the same, whatever
 * becomes of a flow.
 */

#include "coalesce.h"
#include "kunit-packet.h"
#include "segment.h"

#include <kunit/test.h>
#include <linux/mm.h>

#define PACKETS		4000
#define BUFFER_ORDER	7
#define BUFFER		(PAGE_SIZE << BUFFER_ORDER)
#define MOST_PACKET	1500

/**
 * struct fixture - packets that went in, of which some have come out
 * @pages:	where they lie, one behind the other
 * @in:		bytes of @pages that are packets
 * @out:	bytes of @pages that came out as they were
 * @joined:	packets that came out with others
 * @packet:	room for one
 * @random:	seeded
 * @napi:	of nobody
 */
struct fixture {
	struct page *pages;
	unsigned int in;
	unsigned int out;
	unsigned int joined;
	u8 packet[MOST_PACKET];
	struct rnd_state random;
	struct napi_struct napi;
};

static u32 draw(struct fixture *fixture, u32 below)
{
	return prandom_u32_state(&fixture->random) % below;
}

static int coalesce_test_init(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	fixture->pages = alloc_pages(GFP_KERNEL | __GFP_COMP, BUFFER_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, fixture->pages);
	prandom_seed_state(&fixture->random, 20240229);
	test->priv = fixture;
	return 0;
}

static void coalesce_test_exit(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	if (fixture && fixture->pages)
		put_page(fixture->pages);
}

/* Divides a packet again, and compares what comes out with what went in. */
static void expect_same(struct kunit *test, struct sk_buff *skb)
{
	struct fixture *fixture = test->priv;
	u8 *in = page_address(fixture->pages);
	struct nym_segments segments;

	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb->protocol = skb->data[0] >> 4 == 4 ? htons(ETH_P_IP) :
						 htons(ETH_P_IPV6);
	KUNIT_ASSERT_TRUE(test, nym_segments_begin(&segments, skb));
	if (segments.left > 1)
		fixture->joined += segments.left;
	while (segments.left) {
		unsigned int len = nym_segments_next_len(&segments, skb);

		KUNIT_ASSERT_LE(test, len, MOST_PACKET);
		KUNIT_ASSERT_TRUE(test, nym_segments_take(&segments, skb,
							  fixture->packet));
		KUNIT_ASSERT_LE(test, fixture->out + len, fixture->in);
		KUNIT_ASSERT_MEMEQ(test, fixture->packet, in + fixture->out, len);
		fixture->out += len;
	}
	kfree_skb(skb);
}

/* Puts in a packet that lies at the end of the buffer. */
static void put_in(struct kunit *test, struct nym_coalesce *coalesce,
		   unsigned int len)
{
	struct fixture *fixture = test->priv;
	u8 *packet = page_address(fixture->pages) + fixture->in;
	struct nym_plain plain = {};

	plain.header_len = nym_plain_header_len(packet, &len);
	memcpy(plain.header, packet, plain.header_len);
	plain.data = packet + plain.header_len;
	plain.len = len - plain.header_len;
	fixture->in += len;

	local_bh_disable();
	if (!coalesce->skb || !nym_coalesce_add(coalesce, &plain)) {
		struct sk_buff *skb = coalesce->skb ? nym_coalesce_end(coalesce) :
						      NULL;

		KUNIT_EXPECT_TRUE(test, nym_coalesce_begin(coalesce, &fixture->napi,
							   &plain));
		local_bh_enable();
		if (skb)
			expect_same(test, skb);
		return;
	}
	local_bh_enable();
}

/* Makes one packet in some way unlike those before; most stay as they are. */
static unsigned int make_odd(struct fixture *fixture, struct nym_kunit_flow *flow,
			     u8 *packet, unsigned int len)
{
	struct tcphdr *tcp = (struct tcphdr *)(packet + nym_kunit_ip_len(flow));
	bool is_tcp = flow->protocol == IPPROTO_TCP;
	bool is_4 = flow->family == AF_INET;
	struct ipv6hdr *ip6 = (struct ipv6hdr *)packet;
	struct iphdr *ip4 = (struct iphdr *)packet;

	switch (draw(fixture, 120)) {
	case 0:
		if (is_4)
			ip4->ttl--;
		else
			ip6->hop_limit--;
		break;
	case 1:
		if (is_4)
			ip4->tos = 2;
		else
			ip6_flow_hdr(ip6, 0x20, htonl(0x12345));
		break;
	case 2:
		if (is_4)
			ip4->daddr ^= htonl(1);
		else
			ip6->daddr.s6_addr[0] ^= 1;
		break;
	case 3:
		if (is_4)
			ip4->id = htons(flow->id + 7);
		else
			ip6_flow_hdr(ip6, 0, htonl(0x54321));
		break;
	case 4:
		if (is_4)
			ip4->frag_off = 0;
		break;
	case 5:
		if (is_4)
			ip4->frag_off = htons(IP_MF);
		break;
	case 6:
		tcp->dest ^= htons(1);
		break;
	case 7 ... 14:
		/* One flag each, from FIN to CWR. */
		if (is_tcp)
			((u8 *)tcp)[13] ^= 1 << draw(fixture, 8);
		break;
	case 15:
		if (is_tcp)
			tcp->ack_seq = htonl(78);
		break;
	case 16:
		if (is_tcp)
			tcp->window = htons(502);
		break;
	case 17:
		if (is_tcp)
			tcp->seq = htonl(flow->seq + 1);
		break;
	case 18:
		if (is_tcp)
			tcp->urg_ptr = htons(1);
		break;
	case 19:
		if (is_tcp && flow->options)
			*(u8 *)(tcp + 1) ^= 2;
		break;
	case 20:
		if (is_tcp)
			tcp->res1 ^= 1;
		break;
	case 21:
		/* Longer, as by padding. */
		memset(packet + len, 0, 16);
		return len + 16;
	}
	return len;
}

/* A packet of a flow at the end of the buffer. Return: its bytes. */
static unsigned int make_packet(struct fixture *fixture,
				struct nym_kunit_flow *flow, unsigned int payload)
{
	unsigned int len = nym_kunit_header_len(flow) + payload;
	u8 *packet = page_address(fixture->pages) + fixture->in;
	unsigned int odd_len;

	nym_kunit_write_headers(flow, packet, len);
	prandom_bytes_state(&fixture->random, packet + len - payload, payload);
	odd_len = make_odd(fixture, flow, packet, len);
	if (flow->family == AF_INET)
		ip_send_check((struct iphdr *)packet);
	nym_kunit_write_checksum(flow, packet, len);
	/* Who sends UDP may leave its checksum out over IPv4. */
	if (flow->protocol == IPPROTO_UDP && flow->family == AF_INET &&
	    !draw(fixture, 50))
		((struct udphdr *)(packet + sizeof(struct iphdr)))->check = 0;
	flow->id += flow->options == 12 ? 0 : 1;
	flow->seq += payload;
	return odd_len;
}

static unsigned int draw_payload(struct fixture *fixture, unsigned int usual)
{
	switch (draw(fixture, 20)) {
	case 0:
		return draw(fixture, usual);
	case 1:
		return usual + draw(fixture, 20);
	default:
		return usual;
	}
}

/* Runs of one flow and of others, most of which can be joined. */
static void joined_and_divided(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct nym_coalesce coalesce = {};
	struct nym_kunit_flow flow = {};
	unsigned int usual = 1000, i;

	for (i = 0; i < PACKETS; i++) {
		if (!i || !draw(fixture, 60)) {
			flow = (struct nym_kunit_flow){
				.family = draw(fixture, 2) ? AF_INET6 : AF_INET,
				.protocol = draw(fixture, 3) ? IPPROTO_TCP : IPPROTO_UDP,
				.options = 4 * draw(fixture, 11),
				.id = prandom_u32_state(&fixture->random),
				.seq = prandom_u32_state(&fixture->random),
			};
			usual = 1 + draw(fixture, 1300);
		}
		if (fixture->in + MOST_PACKET + 16 > BUFFER) {
			/* Nothing refers to what is written over. */
			if (coalesce.skb)
				expect_same(test, nym_coalesce_end(&coalesce));
			KUNIT_ASSERT_EQ(test, fixture->out, fixture->in);
			fixture->in = 0;
			fixture->out = 0;
		}
		put_in(test, &coalesce, make_packet(fixture, &flow,
						    draw_payload(fixture, usual)));
	}
	expect_same(test, nym_coalesce_end(&coalesce));
	KUNIT_EXPECT_EQ(test, fixture->out, fixture->in);
	/* It must not pass for having joined nothing. */
	KUNIT_EXPECT_GT(test, fixture->joined, PACKETS / 2);
}

/* A run without anything odd is one packet. Headers lie between the payloads
 * here, so that each takes a fragment.
 */
static void a_whole_run(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	unsigned int kind, i;

	for (kind = 0; kind < 4; kind++) {
		struct nym_kunit_flow flow = {
			.family = kind & 1 ? AF_INET6 : AF_INET,
			.protocol = kind & 2 ? IPPROTO_UDP : IPPROTO_TCP,
			.options = 12,
			.seq = U32_MAX - 3000,
		};
		struct nym_coalesce coalesce = {};
		unsigned int len = nym_kunit_header_len(&flow) + 1000;

		for (i = 0; i < MAX_SKB_FRAGS; i++) {
			u8 *packet = page_address(fixture->pages) + fixture->in;

			nym_kunit_write_headers(&flow, packet, len);
			prandom_bytes_state(&fixture->random,
					    packet + len - 1000, 1000);
			nym_kunit_write_checksum(&flow, packet, len);
			put_in(test, &coalesce, len);
			flow.seq += 1000;
			flow.id++;
		}
		KUNIT_EXPECT_EQ(test, coalesce.segments, MAX_SKB_FRAGS);
		expect_same(test, nym_coalesce_end(&coalesce));
	}
	KUNIT_EXPECT_EQ(test, fixture->out, fixture->in);
}

/* What lies about its length has no payload that could be joined. */
static void lengths_that_lie(struct kunit *test)
{
	struct nym_kunit_flow flow = { .family = AF_INET, .protocol = IPPROTO_UDP };
	u8 packet[64];
	unsigned int len;

	nym_kunit_write_headers(&flow, packet, sizeof(packet));
	for (len = 0; len < sizeof(packet); len++) {
		unsigned int seen = len;

		KUNIT_EXPECT_EQ(test, nym_plain_header_len(packet, &seen), 0);
		KUNIT_EXPECT_EQ(test, seen, len);
	}
	len = sizeof(packet);
	KUNIT_EXPECT_EQ(test, nym_plain_header_len(packet, &len), 28);
	((struct udphdr *)(packet + 20))->len = htons(43);
	KUNIT_EXPECT_EQ(test, nym_plain_header_len(packet, &len), 0);

	flow.protocol = IPPROTO_TCP;
	nym_kunit_write_headers(&flow, packet, sizeof(packet));
	KUNIT_EXPECT_EQ(test, nym_plain_header_len(packet, &len), 40);
	((struct tcphdr *)(packet + 20))->doff = 4;
	KUNIT_EXPECT_EQ(test, nym_plain_header_len(packet, &len), 0);
	((struct tcphdr *)(packet + 20))->doff = 12;
	KUNIT_EXPECT_EQ(test, nym_plain_header_len(packet, &len), 0);
	((struct tcphdr *)(packet + 20))->doff = 5;
	((struct iphdr *)packet)->ihl = 6;
	KUNIT_EXPECT_EQ(test, nym_plain_header_len(packet, &len), 0);
}

static struct kunit_case coalesce_cases[] = {
	KUNIT_CASE(joined_and_divided),
	KUNIT_CASE(a_whole_run),
	KUNIT_CASE(lengths_that_lie),
	{}
};

static struct kunit_suite coalesce_suite = {
	.name = "nym_coalesce",
	.init = coalesce_test_init,
	.exit = coalesce_test_exit,
	.test_cases = coalesce_cases,
};

kunit_test_suite(coalesce_suite);
