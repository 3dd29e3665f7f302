// SPDX-License-Identifier: GPL-2.0
/* Packets taken a segment at a time, against the kernel's own segmentation. */

#include "segment.h"
#include "kunit-packet.h"

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/netdevice.h>

#define ROUNDS		400
#define MOST_PAYLOAD	60000

/* Puts @len random bytes into a fragment behind the packet. */
static void add_fragment(struct kunit *test, struct sk_buff *skb,
			 struct rnd_state *random, unsigned int len)
{
	unsigned int offset = prandom_u32_state(random) % 64;
	unsigned int order = get_order(len + offset);
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, order);

	KUNIT_ASSERT_NOT_NULL(test, page);
	prandom_bytes_state(random, page_address(page) + offset, len);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, offset, len,
			PAGE_SIZE << order);
}

/* A GSO packet as a sender's stack makes it, its payload here and there. */
static struct sk_buff *gso_packet(struct kunit *test,
				  const struct nym_kunit_flow *flow,
				  struct rnd_state *random, unsigned int payload,
				  unsigned int size)
{
	unsigned int header_len = nym_kunit_header_len(flow);
	unsigned int ip_len = nym_kunit_ip_len(flow);
	unsigned int linear = prandom_u32_state(random) % (min(payload, 3000U) + 1);
	struct sk_buff *skb = alloc_skb(header_len + linear + 64, GFP_KERNEL);
	__sum16 *check;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, 64);
	nym_kunit_write_headers(flow, skb_put(skb, header_len),
				header_len + payload);
	prandom_bytes_state(random, skb_put(skb, linear), linear);
	while (skb->len < header_len + payload) {
		unsigned int left = header_len + payload - skb->len;
		unsigned int len = 1 + prandom_u32_state(random) % 30000;

		add_fragment(test, skb, random, min(len, left));
	}
	skb->protocol = flow->family == AF_INET ? htons(ETH_P_IP) :
						  htons(ETH_P_IPV6);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, ip_len);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = nym_kunit_check_offset(flow);
	check = (__sum16 *)(skb->data + ip_len + skb->csum_offset);
	*check = ~nym_kunit_fold(flow, skb->data, header_len + payload - ip_len, 0);
	skb_shinfo(skb)->gso_size = size;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(payload, size);
	if (flow->protocol == IPPROTO_UDP)
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	else
		skb_shinfo(skb)->gso_type = flow->family == AF_INET ?
					    SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	return skb;
}

/* What only TCP has: flags of the first and of the last segment. */
static void set_flags(struct sk_buff *skb, const struct nym_kunit_flow *flow,
		      u32 draw)
{
	struct tcphdr *tcp = (struct tcphdr *)(skb->data + nym_kunit_ip_len(flow));

	if (flow->protocol != IPPROTO_TCP)
		return;
	tcp->psh = draw & 1;
	tcp->fin = draw >> 1 & 1;
	if (draw & 4) {
		tcp->cwr = 1;
		skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_ECN;
	}
	if (flow->family == AF_INET && draw & 8)
		skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_FIXEDID;
}

/* Compares the packet's segments with those that the kernel makes of it. */
static void compare(struct kunit *test, struct sk_buff *skb)
{
	struct sk_buff *expected, *segment, *next;
	struct nym_segments segments;
	u8 *ours, *theirs;

	ours = kunit_kmalloc(test, 2 * 65536, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ours);
	theirs = ours + 65536;

	KUNIT_ASSERT_TRUE(test, nym_segments_begin(&segments, skb));
	KUNIT_EXPECT_EQ(test, segments.left, skb_shinfo(skb)->gso_segs);
	local_bh_disable();
	expected = skb_gso_segment(skb, 0);
	local_bh_enable();
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(expected));
	skb_list_walk_safe(expected, segment, next) {
		unsigned int len = nym_segments_next_len(&segments, skb);
		bool is_last = !next;

		KUNIT_EXPECT_EQ(test, segments.left == 1, is_last);
		if (is_last)
			KUNIT_EXPECT_EQ(test, nym_segments_last_len(&segments, skb),
					len);
		KUNIT_EXPECT_EQ(test, segment->len, len);
		KUNIT_EXPECT_EQ(test, skb_copy_bits(segment, 0, theirs,
						    segment->len), 0);
		KUNIT_EXPECT_TRUE(test, nym_segments_take(&segments, skb, ours));
		KUNIT_EXPECT_MEMEQ(test, ours, theirs, len);
		kfree_skb(segment);
	}
	KUNIT_EXPECT_EQ(test, segments.left, 0);
	kunit_kfree(test, ours);
}

static void as_the_kernel_splits(struct kunit *test)
{
	struct rnd_state random;
	unsigned int round;

	prandom_seed_state(&random, 20221108);
	for (round = 0; round < ROUNDS; round++) {
		struct nym_kunit_flow flow = {
			.family = round & 1 ? AF_INET6 : AF_INET,
			.protocol = round & 2 ? IPPROTO_UDP : IPPROTO_TCP,
			.options = 4 * (prandom_u32_state(&random) % 11),
			.id = prandom_u32_state(&random),
			.seq = prandom_u32_state(&random),
		};
		unsigned int size = 1 + prandom_u32_state(&random) % 1400;
		unsigned int most = min(MOST_PAYLOAD, size * 60);
		unsigned int payload = size + 1 +
				       prandom_u32_state(&random) % (most - size);
		struct sk_buff *skb = gso_packet(test, &flow, &random, payload, size);

		set_flags(skb, &flow, prandom_u32_state(&random));
		compare(test, skb);
		kfree_skb(skb);
	}
}

/* Whole packets are copied, with the checksum that was left to us. */
static void whole_packets(struct kunit *test)
{
	struct nym_kunit_flow flow = { .family = AF_INET, .protocol = IPPROTO_UDP };
	struct nym_segments segments;
	struct rnd_state random;
	struct sk_buff *skb;
	unsigned int len;
	__wsum sum;
	u8 *ours;

	ours = kunit_kmalloc(test, 2048, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ours);
	prandom_seed_state(&random, 5);
	skb = gso_packet(test, &flow, &random, 999, 999);
	skb_shinfo(skb)->gso_size = 0;
	KUNIT_ASSERT_TRUE(test, nym_segments_begin(&segments, skb));
	KUNIT_EXPECT_EQ(test, nym_segments_next_len(&segments, skb), skb->len);
	KUNIT_EXPECT_TRUE(test, nym_segments_take(&segments, skb, ours));
	KUNIT_EXPECT_EQ(test, segments.left, 0);
	len = skb->len - nym_kunit_ip_len(&flow);
	sum = csum_partial(ours + nym_kunit_ip_len(&flow), len, 0);
	KUNIT_EXPECT_EQ(test, nym_kunit_fold(&flow, ours, len, sum), 0);

	kfree_skb(skb);
}

/* Where user space may have the checksum begin and lie, as seen from the packet. */
static void lying_checksums(struct kunit *test)
{
	static const struct {
		int start;
		u16 offset;
	} lies[] = {
		{ 20, 2000 },	/* beyond the end */
		{ 20, U16_MAX },
		{ 2000, 6 },
		{ 1027, 1 },	/* half of it beyond the end: 1027 + 1 + 2 > 1029 */
		{ -2, 16 },	/* in the link layer's header */
		{ -2, 0 },
		{ -64, 16 },
		{ 0, 10 },	/* in the IP header */
		{ 19, 6 },
	};
	struct nym_kunit_flow flow = { .family = AF_INET, .protocol = IPPROTO_UDP };
	struct rnd_state random;
	struct sk_buff *skb;
	unsigned int i;
	u8 *ours;

	ours = kunit_kmalloc(test, 2048, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ours);
	prandom_seed_state(&random, 7);
	skb = gso_packet(test, &flow, &random, 1001, 1001);
	skb_shinfo(skb)->gso_size = 0;
	for (i = 0; i < ARRAY_SIZE(lies); ++i) {
		struct nym_segments segments;

		skb->csum_start = skb_headroom(skb) + lies[i].start;
		skb->csum_offset = lies[i].offset;
		KUNIT_ASSERT_TRUE(test, nym_segments_begin(&segments, skb));
		KUNIT_EXPECT_FALSE_MSG(test, nym_segments_take(&segments, skb, ours),
				       "start %d, offset %u", lies[i].start,
				       lies[i].offset);
	}
	kfree_skb(skb);
}

/* What is not understood is left to the stack. */
static void others_are_refused(struct kunit *test)
{
	struct nym_kunit_flow flow = { .family = AF_INET, .protocol = IPPROTO_TCP };
	struct nym_segments segments;
	struct rnd_state random;
	struct sk_buff *skb;

	prandom_seed_state(&random, 6);
	skb = gso_packet(test, &flow, &random, 3000, 1000);
	KUNIT_EXPECT_TRUE(test, nym_segments_begin(&segments, skb));
	skb_shinfo(skb)->gso_type |= SKB_GSO_DODGY;
	KUNIT_EXPECT_FALSE(test, nym_segments_begin(&segments, skb));
	skb_shinfo(skb)->gso_type = SKB_GSO_SCTP;
	KUNIT_EXPECT_FALSE(test, nym_segments_begin(&segments, skb));
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	skb->ip_summed = CHECKSUM_NONE;
	KUNIT_EXPECT_FALSE(test, nym_segments_begin(&segments, skb));
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start += 2;
	KUNIT_EXPECT_FALSE(test, nym_segments_begin(&segments, skb));
	skb->csum_start -= 2;
	ip_hdr(skb)->protocol = IPPROTO_UDP;
	KUNIT_EXPECT_FALSE(test, nym_segments_begin(&segments, skb));
	kfree_skb(skb);
}

static struct kunit_case segment_cases[] = {
	KUNIT_CASE(as_the_kernel_splits),
	KUNIT_CASE(whole_packets),
	KUNIT_CASE(lying_checksums),
	KUNIT_CASE(others_are_refused),
	{}
};

static struct kunit_suite segment_suite = {
	.name = "nym_segment",
	.test_cases = segment_cases,
};

kunit_test_suite(segment_suite);
