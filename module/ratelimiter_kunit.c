// SPDX-License-Identifier: GPL-2.0
/* The rate limiter at times of the tests' choosing. */

#include "ratelimiter.h"

#include <kunit/test.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <net/net_namespace.h>

#define BURST	5
#define COST	((u64)NSEC_PER_SEC / 20)

static int ratelimiter_test_init(struct kunit *test)
{
	return nym_ratelimiter_init();
}

static void ratelimiter_test_exit(struct kunit *test)
{
	nym_ratelimiter_uninit();
}

/* Sources of the future are not forgotten while a test runs. */
static u64 future(unsigned int seconds)
{
	return ktime_get_coarse_boottime_ns() + seconds * (u64)NSEC_PER_SEC;
}

static bool allow4(u32 address, u64 now)
{
	__be32 be = cpu_to_be32(address);

	return nym_ratelimiter_allow_at(&init_net, 0, AF_INET, &be, now);
}

static unsigned int count_allowed4(u32 address, u64 now)
{
	unsigned int n = 0;

	while (n < 100 && allow4(address, now))
		n++;
	return n;
}

static void burst_and_rate(struct kunit *test)
{
	u64 now = future(3600);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, count_allowed4(0xc0000201, now), BURST);
	KUNIT_EXPECT_EQ(test, count_allowed4(0xc0000201, now + COST - 1), 0);
	KUNIT_EXPECT_EQ(test, count_allowed4(0xc0000201, now + COST), 1);
	now += COST;
	for (i = 1; i <= 100; i++)
		KUNIT_ASSERT_EQ(test, count_allowed4(0xc0000201, now + i * COST), 1);
	now += 100 * COST;
	/* Two at once after twice the time, and never more than the burst. */
	KUNIT_EXPECT_EQ(test, count_allowed4(0xc0000201, now + 2 * COST), 2);
	now += 2 * COST;
	KUNIT_EXPECT_EQ(test, count_allowed4(0xc0000201, now + 900 * COST), BURST);
}

/* Refused messages cost nothing: who floods gets as much as who waits. */
static void flood_does_not_starve(struct kunit *test)
{
	u64 start = future(3600);
	unsigned int allowed = 0, ms;

	for (ms = 0; ms < 1000; ms++)
		allowed += allow4(0xc0000202, start + ms * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, allowed, BURST + 19);
}

static void time_going_backwards(struct kunit *test)
{
	u64 now = future(3600);

	KUNIT_EXPECT_EQ(test, count_allowed4(0xc0000203, now), BURST);
	KUNIT_EXPECT_EQ(test, count_allowed4(0xc0000203, now - COST), 0);
	KUNIT_EXPECT_EQ(test, count_allowed4(0xc0000203, now), 0);
}

static void sources_are_apart(struct kunit *test)
{
	static const struct in6_addr a = { .s6_addr = { 0x20, 1, 0xd, 0xb8, 1 } };
	static const struct in6_addr b = { .s6_addr = { 0x20, 1, 0xd, 0xb8, 2 } };
	static const struct in6_addr c = { .s6_addr = { 0x20, 1, 0xd, 0xb8 } };
	struct in6_addr same_64 = a, other_64 = a;
	u64 now = future(3600);
	const struct net *net = &init_net;
	const struct net *other_net = (void *)test;
	unsigned int i;

	same_64.s6_addr[8] = 0xff;
	same_64.s6_addr[15] = 1;
	other_64.s6_addr[7] = 1;
	for (i = 0; i < BURST; i++)
		KUNIT_EXPECT_TRUE(test, nym_ratelimiter_allow_at(net, 0, AF_INET6,
								 &a, now));
	KUNIT_EXPECT_FALSE(test, nym_ratelimiter_allow_at(net, 0, AF_INET6, &a, now));
	KUNIT_EXPECT_FALSE(test, nym_ratelimiter_allow_at(net, 0, AF_INET6,
							  &same_64, now));
	KUNIT_EXPECT_TRUE(test, nym_ratelimiter_allow_at(net, 0, AF_INET6,
							 &other_64, now));
	KUNIT_EXPECT_TRUE(test, nym_ratelimiter_allow_at(net, 0, AF_INET6, &b, now));
	KUNIT_EXPECT_TRUE(test, nym_ratelimiter_allow_at(net, 1, AF_INET6, &a, now));
	KUNIT_EXPECT_TRUE(test, nym_ratelimiter_allow_at(other_net, 0, AF_INET6, &a,
							 now));
	/* An IPv4 address that looks like the first half of an IPv6 one. */
	for (i = 0; i < BURST; i++)
		KUNIT_EXPECT_TRUE(test, nym_ratelimiter_allow_at(net, 0, AF_INET6,
								 &c, now));
	KUNIT_EXPECT_TRUE(test, nym_ratelimiter_allow_at(net, 0, AF_INET, &c, now));
}

#define FIRST	0x0a000000
#define MOST	(8192 * 8)

/* Return: how many sources are known before one is refused. */
static u32 fill(u32 from, u32 to, u64 now)
{
	u32 i;

	for (i = from; i < to; i++) {
		if (!allow4(FIRST + i, now))
			break;
	}
	return i;
}

/* The table must refuse new sources before it takes all memory, go on to serve
 * those it knows, and recover once some have fallen silent.
 */
static void full_table(struct kunit *test)
{
	const u32 silent = 8;
	u64 now = future(3600), earlier = now - 2 * (u64)NSEC_PER_SEC;
	u32 room;

	room = fill(0, MOST + 1, now);
	KUNIT_ASSERT_GE(test, room, 16 * 8);
	KUNIT_ASSERT_LE(test, room, MOST);

	/* Nothing is left behind when the last user goes. */
	nym_ratelimiter_uninit();
	KUNIT_ASSERT_EQ(test, nym_ratelimiter_init(), 0);
	KUNIT_ASSERT_EQ(test, fill(0, silent, earlier), silent);
	KUNIT_ASSERT_EQ(test, fill(silent, room, now), room);
	KUNIT_EXPECT_FALSE(test, allow4(FIRST + room, now));
	KUNIT_EXPECT_TRUE(test, allow4(FIRST + room - 1, now));

	nym_ratelimiter_forget_idle_at(earlier + NSEC_PER_SEC);
	rcu_barrier();
	KUNIT_EXPECT_FALSE(test, allow4(FIRST + room, now));

	nym_ratelimiter_forget_idle_at(now);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, fill(room, room + 2 * silent, now), room + silent);
}

static void users_are_counted(struct kunit *test)
{
	u64 now = future(3600);

	KUNIT_ASSERT_EQ(test, nym_ratelimiter_init(), 0);
	KUNIT_EXPECT_EQ(test, count_allowed4(0xc0000204, now), BURST);
	nym_ratelimiter_uninit();
	/* The table is the one of before. */
	KUNIT_EXPECT_EQ(test, count_allowed4(0xc0000204, now), 0);
}

static struct kunit_case ratelimiter_cases[] = {
	KUNIT_CASE(burst_and_rate),
	KUNIT_CASE(flood_does_not_starve),
	KUNIT_CASE(time_going_backwards),
	KUNIT_CASE(sources_are_apart),
	KUNIT_CASE_SLOW(full_table),
	KUNIT_CASE(users_are_counted),
	{}
};

static struct kunit_suite ratelimiter_suite = {
	.name = "nym_ratelimiter",
	.init = ratelimiter_test_init,
	.exit = ratelimiter_test_exit,
	.test_cases = ratelimiter_cases,
};

kunit_test_suite(ratelimiter_suite);
