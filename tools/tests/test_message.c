// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "device_message.h"
#include "genl.h"
#include "value.h"

#define KEY_A "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_B "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define KEY_C "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="

static const char full[] =
	"[Interface]\nListenPort = 51820\nFwMark = 0x1234\n"
	"PrivateKey = " KEY_A "\n\n"
	"[Peer]\nPublicKey = " KEY_B "\nPresharedKey = " KEY_C "\n"
	"AllowedIPs = 10.0.0.0/8, fd00::/8\nEndpoint = 192.0.2.1:51820\n"
	"PersistentKeepalive = 25\n\n"
	"[Peer]\nPublicKey = " KEY_C "\nAllowedIPs = 0.0.0.0/0\n"
	"Endpoint = [2001:db8::1]:4500\nPrivateKey = " KEY_A "\n"
	"Via = " KEY_B "\nViaAddress = 10.8.0.2, fd00::2\nViaPort = 7000\n"
	"Quota = 1000000\nQuotaLow = 1000\n";

/* Copied to memory of its own length, for the sanitizer to guard. */
static struct nlmsghdr *copy_message(const struct nlmsghdr *message)
{
	struct nlmsghdr *copy = malloc(message->nlmsg_len);

	memcpy(copy, message, message->nlmsg_len);
	return copy;
}

/*
 * The attributes of a change are those of a dump, so what is written can be
 * read back. Returns the number of messages that it took.
 */
static unsigned int transfer(struct nym_device *to,
			     const struct nym_device *from, size_t size)
{
	struct nym_device_cursor cursor = { 0 };
	struct nlmsghdr *message, *copy;
	unsigned int messages = 0;
	char *buffer = malloc(size);
	bool more = true;

	while (more) {
		message = nym_genl_message(buffer, 20, NYM_CMD_SET_DEVICE, 0);
		more = nym_device_encode(message, size, from, &cursor);
		expect(message->nlmsg_len <= size);
		copy = copy_message(message);
		expect(!nym_device_decode(to, copy));
		free(copy);
		++messages;
	}
	free(buffer);
	return messages;
}

static void what_is_written_is_read(void)
{
	struct nym_device *from = test_config(full), *to = nym_device_new();
	char *text;

	if (from && to) {
		strcpy(from->name, "nym0");
		expect_number(1, transfer(to, from, 8192));
		expect_text("nym0", to->name);
		text = test_showconf(to);
		expect_text(full, text);
		free(text);
	}
	nym_device_free(from);
	nym_device_free(to);
}

static struct nym_device *random_device(void)
{
	struct nym_device *device = nym_device_new();
	unsigned int peers = (unsigned int)rand() % 20, i, j, blocks;
	struct nym_peer *peer;
	char block[64];

	strcpy(device->name, "nym0");
	for (i = 0; i < peers; ++i) {
		peer = nym_device_add_peer(device);
		peer->flags = NYM_PEER_HAS_PUBLIC_KEY;
		test_key(peer->public_key, (uint8_t)(i + 1));
		if (rand() % 2)
			nym_value_via(peer, test_key_text((uint8_t)rand()),
				      NULL);
		if (rand() % 2)
			nym_value_endpoint(peer, "[2001:db8::1]:1", NULL);
		if (rand() % 2)
			nym_value_keepalive(peer, "77", NULL);
		blocks = rand() % 3 ? 0 : (unsigned int)rand() % 200;
		for (j = 0; j < blocks; ++j) {
			snprintf(block, sizeof(block),
				 rand() % 2 ? "10.%u.%u.0/24" :
					      "fd00:%u:%u::/48",
				 i, j);
			nym_value_allowedips(peer, block, NULL);
		}
	}
	return device;
}

static void messages_of_any_size_say_the_same(void)
{
	struct nym_device *from, *to;
	char *expected, *found;
	unsigned int round;

	srand(5);
	for (round = 0; round < 200; ++round) {
		from = random_device();
		to = nym_device_new();
		transfer(to, from,
			 NYM_DEVICE_MESSAGE_MIN + (size_t)rand() % 4096);
		expected = test_showconf(from);
		found = test_showconf(to);
		expect_text(expected, found);
		free(expected);
		free(found);
		nym_device_free(from);
		nym_device_free(to);
	}
}

struct replacing {
	unsigned int device;
	unsigned int peer;
	unsigned int names;
};

static void count_replacing(struct replacing *count,
			    const struct nlmsghdr *message)
{
	const struct nlattr *attr, *peer, *of_peer;

	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == NYMDEVICE_A_IFNAME)
			++count->names;
		if (mnl_attr_get_type(attr) == NYMDEVICE_A_FLAGS)
			count->device += mnl_attr_get_u32(attr) &
					 NYMDEVICE_F_REPLACE_PEERS;
		if (mnl_attr_get_type(attr) != NYMDEVICE_A_PEERS)
			continue;
		mnl_attr_for_each_nested(peer, attr) {
			mnl_attr_for_each_nested(of_peer, peer) {
				if (mnl_attr_get_type(of_peer) ==
					    NYMPEER_A_FLAGS &&
				    mnl_attr_get_u32(of_peer) &
					    NYMPEER_F_REPLACE_ALLOWEDIPS)
					++count->peer;
			}
		}
	}
}

/* Said again, a later message would take away what an earlier one gave. */
static void replacing_is_said_once(void)
{
	char buffer[NYM_DEVICE_MESSAGE_MIN] __attribute__((aligned(4)));
	struct nym_device_cursor cursor = { 0 };
	struct replacing count = { 0 };
	struct nym_device *device = test_config(full);
	struct nlmsghdr *message;
	unsigned int messages = 0, i;
	bool more = true;
	char block[32];

	for (i = 0; i < 500; ++i) {
		snprintf(block, sizeof(block), "10.%u.%u.0/24", i / 256,
			 i % 256);
		nym_value_allowedips(device->peers, block, NULL);
	}
	for (; more; ++messages) {
		message = nym_genl_message(buffer, 20, NYM_CMD_SET_DEVICE, 0);
		more = nym_device_encode(message, sizeof(buffer), device,
					 &cursor);
		count_replacing(&count, message);
	}
	expect(messages > 10);
	expect_number(messages, count.names);
	expect_number(1, count.device);
	expect_number(2, count.peer);
	nym_device_free(device);
}

static void a_removal_says_nothing_else(void)
{
	char buffer[NYM_DEVICE_MESSAGE_MIN] __attribute__((aligned(4)));
	struct nym_device_cursor cursor = { 0 };
	struct nym_device *device = test_config(full),
			  *found = nym_device_new();
	struct nlmsghdr *message;
	char *text;

	device->flags = 0;
	device->peers->flags |= NYM_PEER_REMOVE;
	device->peers->next->flags |= NYM_PEER_REMOVE;
	message = nym_genl_message(buffer, 20, NYM_CMD_SET_DEVICE, 0);
	expect(!nym_device_encode(message, sizeof(buffer), device, &cursor));
	expect(!nym_device_decode(found, message));
	text = test_showconf(found);
	expect_text("[Interface]\n\n[Peer]\nPublicKey = " KEY_B
		    "\n\n[Peer]\nPublicKey = " KEY_C "\n",
		    text);
	free(text);
	nym_device_free(device);
	nym_device_free(found);
}

/* Cut short or with bytes changed, a message is refused or read, no more. */
static void broken_messages_do_no_harm(void)
{
	char buffer[4096] __attribute__((aligned(4)));
	struct nym_device *device = test_config(full), *found;
	struct nym_device_cursor cursor = { 0 };
	struct nym_event_report event;
	struct nlmsghdr *message, *copy;
	unsigned int round, changes;
	size_t place;
	char text[128];

	srand(6);
	message = nym_genl_message(buffer, 20, NYM_CMD_SET_DEVICE, 0);
	nym_device_encode(message, sizeof(buffer), device, &cursor);
	nym_device_free(device);
	for (round = 0; round < 20000; ++round) {
		copy = copy_message(message);
		for (changes = (unsigned int)rand() % 4; changes; --changes) {
			place = sizeof(*copy) +
				(size_t)rand() %
					(copy->nlmsg_len - sizeof(*copy));
			((uint8_t *)copy)[place] = (uint8_t)rand();
		}
		if (rand() % 4 == 0)
			copy->nlmsg_len -= (uint32_t)rand() %
					   (copy->nlmsg_len - sizeof(*copy) -
					    sizeof(struct genlmsghdr));
		found = nym_device_new();
		nym_device_decode(found, copy);
		nym_device_free(found);
		nym_event_decode(&event, copy);
		nym_device_message_locate(text, sizeof(text), copy,
					  (uint32_t)rand() % 1024);
		free(copy);
	}
}

static void wrong_lengths_are_refused(void)
{
	static const struct {
		uint16_t type;
		uint16_t len;
	} wrong[] = {
		{ NYMDEVICE_A_IFINDEX, 2 },	 { NYMDEVICE_A_IFNAME, 17 },
		{ NYMDEVICE_A_PRIVATE_KEY, 31 }, { NYMDEVICE_A_PUBLIC_KEY, 33 },
		{ NYMDEVICE_A_LISTEN_PORT, 4 },	 { NYMDEVICE_A_FWMARK, 2 },
	};
	char buffer[256] __attribute__((aligned(4))), payload[64] = "";
	struct nym_device *device = nym_device_new();
	struct nlmsghdr *message;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i) {
		message = nym_genl_message(buffer, 20, NYM_CMD_GET_DEVICE, 0);
		memset(payload, 'x', sizeof(payload));
		mnl_attr_put(message, wrong[i].type, wrong[i].len, payload);
		expect(nym_device_decode(device, message) == -EBADMSG);
	}
	nym_device_free(device);
}

/* The offset of the given attribute of the second peer. */
static uint32_t offset_of(const struct nlmsghdr *message, uint16_t type)
{
	const struct nlattr *attr, *peer, *of_peer;
	unsigned int number = 0;

	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != NYMDEVICE_A_PEERS)
			continue;
		mnl_attr_for_each_nested(peer, attr) {
			if (++number != 2)
				continue;
			mnl_attr_for_each_nested(of_peer, peer) {
				if (mnl_attr_get_type(of_peer) == type)
					return (uint32_t)((const char *)of_peer -
							  (const char *)message);
			}
		}
	}
	return 0;
}

static void expect_located(const char *expected, const struct nlmsghdr *message,
			   uint32_t offset)
{
	char text[128];

	nym_device_message_locate(text, sizeof(text), message, offset);
	expect_text(expected, text);
}

static void attributes_are_named(void)
{
	char buffer[4096] __attribute__((aligned(4)));
	struct nym_device *device = test_config(full);
	struct nym_device_cursor cursor = { 0 };
	struct nlmsghdr *message;

	message = nym_genl_message(buffer, 20, NYM_CMD_SET_DEVICE, 0);
	nym_device_encode(message, sizeof(buffer), device, &cursor);
	expect_located("peer " KEY_C ": via", message,
		       offset_of(message, NYMPEER_A_VIA));
	expect_located("peer " KEY_C ": allowed ips", message,
		       offset_of(message, NYMPEER_A_ALLOWEDIPS) + 4);
	expect_located("peer " KEY_C ": quota", message,
		       offset_of(message, NYMPEER_A_QUOTA));
	expect_located("interface name", message,
		       sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr));
	expect_located("", message, 0);
	expect_located("", message, message->nlmsg_len);
	nym_device_free(device);
}

static void events(void)
{
	char buffer[512] __attribute__((aligned(4)));
	struct nym_event_report event;
	struct nlmsghdr *message;
	uint8_t key[NYM_KEY_LEN];
	struct nlattr *nest;

	test_key(key, 9);
	message = nym_genl_message(buffer, 20, NYM_CMD_EVENT, 0);
	mnl_attr_put_u32(message, NYMEVENT_A_IFINDEX, 5);
	mnl_attr_put_strz(message, NYMEVENT_A_IFNAME, "nym0");
	mnl_attr_put_u32(message, NYMEVENT_A_KIND, NYM_EVENT_QUOTA_LOW);
	expect(nym_event_decode(&event, message) == -EBADMSG);
	nest = mnl_attr_nest_start(message, NYMEVENT_A_PEER);
	mnl_attr_put(message, NYMPEER_A_PUBLIC_KEY, NYM_KEY_LEN, key);
	mnl_attr_put_u64(message, NYMPEER_A_QUOTA, 77);
	mnl_attr_nest_end(message, nest);
	expect(!nym_event_decode(&event, message));
	expect_number(5, event.ifindex);
	expect_text("nym0", event.name);
	expect_number(NYM_EVENT_QUOTA_LOW, event.kind);
	expect_number(77, event.peer.quota);
	expect(event.peer.flags & NYM_PEER_HAS_QUOTA);
	expect(nym_key_equal(key, event.peer.public_key));
}

static void drops(void)
{
	char buffer[512] __attribute__((aligned(4)));
	struct nym_device *device = nym_device_new();
	struct nlmsghdr *message;
	struct nlattr *nest;

	message = nym_genl_message(buffer, 20, NYM_CMD_GET_DEVICE, 0);
	expect(!nym_device_decode(device, message));
	expect(!(device->flags & NYM_DEVICE_HAS_DROPS));
	nest = mnl_attr_nest_start(message, NYMDEVICE_A_DROPS);
	mnl_attr_put(message, NYM_DROP_PAD, 0, NULL);
	mnl_attr_put_u64(message, NYM_DROP_REPLAYED, 7);
	/* A newer driver's. */
	mnl_attr_put_u64(message, NYM_DROP_MAX + 1, 9);
	mnl_attr_nest_end(message, nest);
	expect(!nym_device_decode(device, message));
	expect(device->flags & NYM_DEVICE_HAS_DROPS);
	expect_number(7, device->drops[NYM_DROP_REPLAYED]);
	expect_number(0, device->drops[NYM_DROP_QUOTA]);

	nest = mnl_attr_nest_start(message, NYMDEVICE_A_DROPS);
	mnl_attr_put_u32(message, NYM_DROP_QUOTA, 7);
	mnl_attr_nest_end(message, nest);
	expect(nym_device_decode(device, message) == -EBADMSG);
	nym_device_free(device);
}

static void a_plain_peer_has_defaults(void)
{
	char buffer[512] __attribute__((aligned(4)));
	struct nym_device *device = nym_device_new();
	struct nlattr *peers, *nest;
	uint8_t key[NYM_KEY_LEN];
	struct nlmsghdr *message;

	message = nym_genl_message(buffer, 20, NYM_CMD_GET_DEVICE, 0);
	test_key(key, 9);
	mnl_attr_put(message, NYMDEVICE_A_PUBLIC_KEY, sizeof(key), key);
	peers = mnl_attr_nest_start(message, NYMDEVICE_A_PEERS);
	nest = mnl_attr_nest_start(message, 0);
	test_key(key, 1);
	mnl_attr_put(message, NYMPEER_A_PUBLIC_KEY, sizeof(key), key);
	mnl_attr_nest_end(message, nest);
	nest = mnl_attr_nest_start(message, 0);
	test_key(key, 2);
	mnl_attr_put(message, NYMPEER_A_PUBLIC_KEY, sizeof(key), key);
	test_key(key, 3);
	mnl_attr_put(message, NYMPEER_A_IDENTITY, sizeof(key), key);
	mnl_attr_put_u8(message, NYMPEER_A_HOPS, 0);
	mnl_attr_put(message, NYMPEER_A_VIA_PORT_DRAWN, 0, NULL);
	mnl_attr_nest_end(message, nest);
	mnl_attr_nest_end(message, peers);
	expect(!nym_device_decode(device, message));
	expect(device->peers && device->peers->next);
	if (device->peers && device->peers->next) {
		expect_number(1, device->peers->hops);
		expect(device->peers->flags & NYM_PEER_HAS_IDENTITY);
		expect(nym_key_equal(device->peers->identity,
				     device->public_key));
		expect(device->peers->quota == NYM_QUOTA_UNLIMITED);
		expect_number(0, device->peers->quota_low);
		expect_number(0, device->peers->next->hops);
		expect(!device->peers->via_port_is_drawn);
		expect(device->peers->next->via_port_is_drawn);
		expect(nym_key_equal(device->peers->next->identity, key));
	}
	nym_device_free(device);
}

static const struct ktap_case cases[] = {
	{ "what is written is read", what_is_written_is_read },
	{ "messages of any size say the same",
	  messages_of_any_size_say_the_same },
	{ "replacing is said once", replacing_is_said_once },
	{ "a removal says nothing else", a_removal_says_nothing_else },
	{ "wrong lengths are refused", wrong_lengths_are_refused },
	{ "broken messages do no harm", broken_messages_do_no_harm },
	{ "attributes are named", attributes_are_named },
	{ "events", events },
	{ "drops", drops },
	{ "a plain peer has defaults", a_plain_peer_has_defaults },
};

KTAP_MAIN(cases)
