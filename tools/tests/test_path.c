// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"
#include "report.h"

static struct nym_peer *add_peer(struct nym_device *device, uint8_t key,
				 uint8_t via)
{
	struct nym_peer *peer = nym_device_add_peer(device);

	peer->flags = NYM_PEER_HAS_PUBLIC_KEY;
	test_key(peer->public_key, key);
	if (via) {
		test_key(peer->via, via);
		peer->flags |= NYM_PEER_HAS_VIA;
	}
	return peer;
}

/* Peers as "key<via", with via 0 for none; '-' behind marks a removal. */
static struct nym_device *make_device(const char *text)
{
	struct nym_device *device = nym_device_new();
	struct nym_peer *peer;
	unsigned int key, via;
	int used;

	for (; sscanf(text, " %u<%u%n", &key, &via, &used) == 2; text += used) {
		peer = add_peer(device, (uint8_t)key, (uint8_t)via);
		if (text[used] == '-') {
			peer->flags |= NYM_PEER_REMOVE;
			++used;
		}
	}
	return device;
}

static void expect_order(const char *expected, const struct nym_device *device)
{
	const struct nym_peer *peer;
	char text[256] = "";

	for (peer = device->peers; peer; peer = peer->next)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%u%s", text[0] ? " " : "", peer->public_key[0],
			 peer->flags & NYM_PEER_REMOVE ? "-" : "");
	expect_text(expected, text);
	expect(!*device->peers_end);
}

static void expect_path(const char *expected, const struct nym_device *device,
			uint8_t last)
{
	struct nym_peer_index index;
	uint8_t key[NYM_KEY_LEN];
	struct nym_path path;
	char text[64] = "";
	unsigned int i;

	test_key(key, last);
	expect(!nym_peer_index_build(&index, device));
	if (nym_path_find(&path, &index, nym_peer_index_find(&index, key))) {
		snprintf(text, sizeof(text), "%s", path.complete ? "" : "?");
		for (i = 0; i < path.length; ++i)
			snprintf(text + strlen(text),
				 sizeof(text) - strlen(text), ">%u",
				 path.hops[i]->public_key[0]);
	}
	expect_text(expected, text);
	nym_peer_index_free(&index);
}

static void paths(void)
{
	struct nym_device *device = make_device(
		"5<4 4<3 3<2 2<1 1<0 9<8 7<7 12<11 11<12");

	expect_path(">1", device, 1);
	expect_path(">1>2>3>4>5", device, 5);
	expect_path("?>9", device, 9);
	expect_path("", device, 7);
	expect_path("", device, 11);
	nym_device_free(device);
}

static void the_index_finds_the_last_of_a_key(void)
{
	struct nym_device *device = make_device("3<0 1<0 2<0 1<5 1<6 3<0");
	struct nym_peer_index index;
	uint8_t key[NYM_KEY_LEN];

	expect(!nym_peer_index_build(&index, device));
	test_key(key, 1);
	expect_number(6, nym_peer_index_find(&index, key)->via[0]);
	test_key(key, 4);
	expect(!nym_peer_index_find(&index, key));
	nym_peer_index_free(&index);
	nym_device_free(device);
}

static void expect_checked(const char *peers, const char *reason)
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device *device = make_device(peers);

	expect(!nym_device_check_paths(device, &report) == !reason[0]);
	if (reason[0])
		expect(strstr(report.error, reason));
	nym_device_free(device);
}

static void what_no_kernel_takes_is_refused(void)
{
	expect_checked("", "");
	expect_checked("1<0", "");
	expect_checked("1<9", "");
	expect_checked("5<4 4<3 3<2 2<1 1<0", "");
	expect_checked("6<5 5<4 4<3 3<2 2<1 1<0", "longer than 5 hops");
	/* Its carrier is unknown, but it is too long already. */
	expect_checked("6<5 5<4 4<3 3<2 2<1 1<9", "longer than 5 hops");
	expect_checked("1<1", "its own carrier");
	expect_checked("1<2 2<3 3<1", "its own carrier");
	expect_checked("1<2 2<3 3<4 4<5 5<1", "its own carrier");
}

static void expect_ordered(const char *peers, const char *expected)
{
	struct nym_device *device = make_device(peers);

	expect(!nym_device_order_carriers(device, NULL));
	expect_order(expected, device);
	nym_device_free(device);
}

static void carriers_come_first(void)
{
	expect_ordered("", "");
	expect_ordered("3<0 1<0 2<0", "3 1 2");
	expect_ordered("3<2 2<1 1<0", "1 2 3");
	expect_ordered("1<0 2<1 3<0 4<3", "1 3 2 4");
	/* The carrier may be in the kernel already. */
	expect_ordered("2<1 3<0", "2 3");
	expect_ordered("5<4 4<3 3<2 2<1 1<0", "1 2 3 4 5");
}

static void removals_come_last(void)
{
	expect_ordered("9<0- 2<1 1<0", "1 2 9-");
	/* Removed and added again means to begin anew: that order stays. */
	expect_ordered("1<0- 1<0 2<1", "1- 1 2");
	/* Where no carrier is stated, the order is the caller's. */
	expect_ordered("9<0- 1<0", "9- 1");
}

/* Random devices: each carrier before its nested peers, nobody lost. */
static void random_orders(void)
{
	const struct nym_peer *peer, *earlier;
	unsigned int round, i, count;
	struct nym_device *device;
	uint8_t keys[64];
	bool seen;

	srand(3);
	for (round = 0; round < 300; ++round) {
		device = nym_device_new();
		for (i = 0; i < 64; ++i)
			keys[i] = (uint8_t)(i + 1);
		for (i = 63; i; --i) {
			unsigned int other = (unsigned int)rand() % (i + 1);
			uint8_t key = keys[i];

			keys[i] = keys[other];
			keys[other] = key;
		}
		/* Carriers have a key of an eighth: six levels would be more. */
		for (i = 0; i < 64; ++i)
			add_peer(device, keys[i],
				 rand() % 4 ? (uint8_t)(keys[i] / 8) : 0);
		expect(!nym_device_check_paths(device, NULL));
		expect(!nym_device_order_carriers(device, NULL));
		count = 0;
		for (peer = device->peers; peer; peer = peer->next) {
			seen = !nym_peer_is_nested(peer);
			for (earlier = device->peers; earlier != peer;
			     earlier = earlier->next)
				seen |= nym_key_equal(earlier->public_key,
						      peer->via);
			expect(seen);
			++count;
		}
		expect_number(64, count);
		nym_device_free(device);
	}
}

static const struct ktap_case cases[] = {
	{ "paths from the entry to a peer", paths },
	{ "the last section of a key counts",
	  the_index_finds_the_last_of_a_key },
	{ "cycles and long paths are refused",
	  what_no_kernel_takes_is_refused },
	{ "carriers come before nested peers", carriers_come_first },
	{ "removals come last", removals_come_last },
	{ "random devices are ordered", random_orders },
};

KTAP_MAIN(cases)
