// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "path.h"
#include "report.h"
#include "sync.h"
#include "text.h"

#define KEY_A "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_B "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define KEY_C "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="
#define KEY_D "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ="

#define DEVICE                             \
	"[Interface]\nPrivateKey = " KEY_D \
	"\nListenPort = 51820\nFwMark = 0x1234\n"

static void append(char *text, size_t size, const char *more)
{
	snprintf(text + strlen(text), size - strlen(text), "%s", more);
}

static void describe_flags(char *text, size_t size, unsigned int flags)
{
	static const struct {
		unsigned int flag;
		const char *name;
	} names[] = {
		{ NYM_PEER_REMOVE, " remove" },
		{ NYM_PEER_REPLACE_ALLOWEDIPS, " replace" },
		{ NYM_PEER_UPDATE_ONLY, " update" },
		{ NYM_PEER_HAS_PRESHARED_KEY, " preshared-key" },
		{ NYM_PEER_HAS_KEEPALIVE, " keepalive" },
		{ NYM_PEER_HAS_VIA, " via" },
		{ NYM_PEER_HAS_VIA_ADDRESS, " via-address" },
		{ NYM_PEER_HAS_VIA_PORT, " via-port" },
		{ NYM_PEER_HAS_PRIVATE_KEY, " identity" },
		{ NYM_PEER_HAS_QUOTA, " quota" },
		{ NYM_PEER_HAS_QUOTA_LOW, " quota-low" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
		if (flags & names[i].flag)
			append(text, size, names[i].name);
	}
}

/* What a device would change, a line for each peer. */
static void describe(char *text, size_t size, const struct nym_device *device)
{
	const struct nym_allowedip *allowedip;
	char block[NYM_ALLOWEDIP_TEXT_SIZE];
	const struct nym_peer *peer;
	char number[8];

	snprintf(text, size, "device%s%s%s%s\n",
		 device->flags & NYM_DEVICE_REPLACE_PEERS ? " replace" : "",
		 device->flags & NYM_DEVICE_HAS_PRIVATE_KEY ? " private-key" :
							      "",
		 device->flags & NYM_DEVICE_HAS_LISTEN_PORT ? " listen-port" :
							      "",
		 device->flags & NYM_DEVICE_HAS_FWMARK ? " fwmark" : "");
	for (peer = device->peers; peer; peer = peer->next) {
		snprintf(number, sizeof(number), "%u", peer->public_key[0]);
		append(text, size, number);
		describe_flags(text, size, peer->flags);
		if (nym_peer_has_endpoint(peer))
			append(text, size, " endpoint");
		for (allowedip = peer->allowedips; allowedip;
		     allowedip = allowedip->next) {
			append(text, size, allowedip->remove ? " -" : " +");
			nym_allowedip_to_text(block, allowedip);
			append(text, size, block);
		}
		append(text, size, "\n");
	}
}

/* Takes the running device over. */
static void expect_changes_of(struct nym_device *running, const char *after,
			      const char *expected)
{
	struct nym_device *wanted = test_config(after);
	char text[2048];

	if (running && wanted && !nym_sync(wanted, running, NULL)) {
		describe(text, sizeof(text), wanted);
		expect_text(expected, text);
		expect(!*wanted->peers_end);
	}
	nym_device_free(running);
	nym_device_free(wanted);
}

/* The running device is as a file before would have made it. */
static void expect_changes(const char *before, const char *after,
			   const char *expected)
{
	expect_changes_of(test_config(before), after, expected);
}

static const char whole[] = DEVICE
	"[Peer]\nPublicKey = " KEY_A "\nPresharedKey = " KEY_D
	"\nAllowedIPs = 10.0.0.0/8, fd00::/8\nEndpoint = 192.0.2.1:51820\n"
	"PersistentKeepalive = 25\n"
	"[Peer]\nPublicKey = " KEY_B "\nAllowedIPs = 0.0.0.0/0\n"
	"Endpoint = [2001:db8::1]:4500\nPrivateKey = " KEY_C "\nVia = " KEY_A
	"\nViaAddress = 10.8.0.2, fd00::2\nViaPort = 7000\n"
	"Quota = 1000000\nQuotaLow = 1000\n";

static void nothing_to_change(void)
{
	expect_changes(whole, whole, "device\n");
	expect_changes("", "", "device\n");
	expect_changes(DEVICE, DEVICE, "device\n");
}

static void all_is_new(void)
{
	expect_changes("", whole,
		       "device private-key listen-port fwmark\n"
		       "1 replace preshared-key keepalive endpoint +10.0.0.0/8 +fd00::/8\n"
		       "2 replace via via-address via-port identity quota quota-low endpoint +0.0.0.0/0\n");
}

static void all_goes(void)
{
	expect_changes(whole, "",
		       "device private-key fwmark\n1 remove\n2 remove\n");
}

static void what_the_file_leaves_out_is_cleared(void)
{
	expect_changes(whole,
		       DEVICE "[Peer]\nPublicKey = " KEY_A
			      "\n[Peer]\nPublicKey = " KEY_B "\n",
		       "device\n"
		       "1 update preshared-key keepalive -10.0.0.0/8 -fd00::/8\n"
		       "2 update via via-address identity quota-low -0.0.0.0/0\n");
}

static void each_setting_alone(void)
{
	static const struct {
		const char *line;
		const char *change;
	} settings[] = {
		{ "PresharedKey = " KEY_D, "preshared-key" },
		{ "PersistentKeepalive = 9", "keepalive" },
		{ "Via = " KEY_C, "via" },
		{ "ViaAddress = 10.0.0.1", "via-address" },
		{ "ViaAddress = fd00::1", "via-address" },
		{ "ViaPort = 9", "via-port" },
		{ "PrivateKey = " KEY_D, "identity" },
		{ "Quota = 9", "quota" },
		{ "QuotaLow = 9", "quota-low" },
		{ "Endpoint = 192.0.2.1:1", "endpoint" },
	};
	static const char before[] = DEVICE "[Peer]\nPublicKey = " KEY_A "\n";
	char after[512], expected[128];
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); ++i) {
		snprintf(after, sizeof(after), "%s%s\n", before,
			 settings[i].line);
		snprintf(expected, sizeof(expected), "device\n1 update %s\n",
			 settings[i].change);
		expect_changes(before, after, expected);
		expect_changes(after, after, "device\n");
	}
}

static void expect_port_changes(const char *before, bool is_drawn,
				const char *after, const char *expected)
{
	struct nym_device *running = test_config(before);

	running->peers->via_port_is_drawn = is_drawn;
	expect_changes_of(running, after, expected);
}

#define NESTED DEVICE "[Peer]\nPublicKey = " KEY_A "\nVia = " KEY_B "\n"

static void a_drawn_port_is_kept(void)
{
	expect_changes(DEVICE,
		       "[Interface]\nPrivateKey = " KEY_D "\nFwMark = 4660\n",
		       "device\n");
	expect_port_changes(NESTED "ViaPort = 5\n", true, NESTED, "device\n");
	expect_port_changes(NESTED "ViaPort = 5\n", true,
			    NESTED "ViaPort = 0\n", "device\n");
	/* The kernel draws another with the other key. */
	expect_port_changes(NESTED "ViaPort = 5\n", true,
			    NESTED "PrivateKey = " KEY_D "\n",
			    "device\n1 update identity\n");
	expect_port_changes(NESTED "ViaPort = 5\n", true,
			    NESTED "ViaPort = 5\n",
			    "device\n1 update via-port\n");
}

static void a_port_that_is_no_longer_stated_is_drawn(void)
{
	expect_port_changes(NESTED "ViaPort = 5\n", false, NESTED,
			    "device\n1 update via-port\n");
	expect_port_changes(NESTED "ViaPort = 5\n", false,
			    NESTED "ViaPort = 5\n", "device\n");
	/* A direct peer has none. */
	expect_port_changes(NESTED "ViaPort = 5\n", false, NESTED "Via = off\n",
			    "device\n1 update via\n");
}

/* The second form is what the kernel reports of the first. */
static void private_keys_are_compared_as_they_are_used(void)
{
	static const char set[] =
		"[Interface]\nPrivateKey = "
		"//////////////////////////////////////////8=\n"
		"[Peer]\nPublicKey = " KEY_A "\nPrivateKey = "
		"//////////////////////////////////////////8=\n";
	static const char reported[] =
		"[Interface]\nPrivateKey = "
		"+P///////////////////////////////////////38=\n"
		"[Peer]\nPublicKey = " KEY_A "\nPrivateKey = "
		"+P///////////////////////////////////////38=\n";

	expect_changes(reported, set, "device\n");
	expect_changes("[Interface]\n", DEVICE,
		       "device private-key listen-port fwmark\n");
}

/* A gateway's file does not know what its peers have paid since. */
static void a_running_quota_is_kept(void)
{
	expect_changes(DEVICE "[Peer]\nPublicKey = " KEY_A "\nQuota = 5\n",
		       DEVICE "[Peer]\nPublicKey = " KEY_A "\n", "device\n");
	expect_changes(DEVICE "[Peer]\nPublicKey = " KEY_A "\nQuota = 5\n",
		       DEVICE "[Peer]\nPublicKey = " KEY_A "\nQuota = off\n",
		       "device\n1 update quota\n");
}

#define PEERS(a, b)                                             \
	DEVICE "[Peer]\nPublicKey = " KEY_A "\nAllowedIPs = " a \
	       "\n[Peer]\nPublicKey = " KEY_B "\nAllowedIPs = " b "\n"

static void address_blocks(void)
{
	/* Host bits count for nothing. */
	expect_changes(PEERS("10.0.0.0/8", ""), PEERS("10.1.2.3/8", ""),
		       "device\n");
	expect_changes(PEERS("10.0.0.0/8", ""), PEERS("10.0.0.0/9", ""),
		       "device\n1 update +10.0.0.0/9 -10.0.0.0/8\n");
	/* A block that moves is not taken away first. */
	expect_changes(PEERS("10.0.0.0/8, ::/0", ""),
		       PEERS("::/0", "10.0.0.0/8"),
		       "device\n2 update +10.0.0.0/8\n");
	expect_changes(PEERS("10.0.0.0/8", "::/0"), PEERS("::/0", "10.0.0.0/8"),
		       "device\n1 update +::/0\n2 update +10.0.0.0/8\n");
	/* What two peers want is the later one's. */
	expect_changes(PEERS("", "10.0.0.0/8"),
		       PEERS("10.0.0.0/8", "10.0.0.0/8"), "device\n");
	expect_changes(PEERS("10.0.0.0/8", ""),
		       PEERS("10.0.0.0/8", "10.0.0.0/8"),
		       "device\n2 update +10.0.0.0/8\n");
	/* What a peer that goes had and nobody wants goes with it. */
	expect_changes(PEERS("10.0.0.0/8", "::/0"),
		       DEVICE "[Peer]\nPublicKey = " KEY_B
			      "\nAllowedIPs = ::/0, 10.0.0.0/8\n",
		       "device\n2 update +10.0.0.0/8\n1 remove\n");
	/* The file's own differences are left as they are. */
	expect_changes(PEERS("10.0.0.0/8", "::/0"),
		       PEERS("+10.1.0.0/16, -10.0.0.0/8", "::/0"),
		       "device\n1 update +10.1.0.0/16 -10.0.0.0/8\n");
}

#define EXIT(block)                                                           \
	"[Peer]\nPublicKey = " KEY_B "\nVia = " KEY_A "\nAllowedIPs = " block \
	"\n"
#define ENTRY(block) "[Peer]\nPublicKey = " KEY_A "\nAllowedIPs = " block "\n"

/* The traffic that is meant for the exit must not end at the entry. */
static void what_a_carrier_states_too_is_the_nested_peers(void)
{
	expect_changes(DEVICE ENTRY("") EXIT("::/0"),
		       DEVICE EXIT("::/0") ENTRY("::/0"), "device\n");
	expect_changes(DEVICE ENTRY("") EXIT("::/0"),
		       DEVICE ENTRY("::/0") EXIT("::/0"), "device\n");
	expect_changes(DEVICE ENTRY("::/0") EXIT(""),
		       DEVICE EXIT("::/0") ENTRY("::/0"),
		       "device\n2 update +::/0\n");
}

static void sections_of_one_key_are_one_peer(void)
{
	expect_changes(whole,
		       DEVICE
		       "[Peer]\nPublicKey = " KEY_B
		       "\nEndpoint = [2001:db8::1]:4500\nPrivateKey = " KEY_C
		       "\nAllowedIPs = 1.2.3.4/32\nVia = " KEY_D "\n"
		       "[Peer]\nPublicKey = " KEY_A "\nPresharedKey = " KEY_D
		       "\nAllowedIPs = 10.0.0.0/8, fd00::/8\n"
		       "Endpoint = 192.0.2.1:51820\nPersistentKeepalive = 25\n"
		       "[Peer]\nPublicKey = " KEY_B
		       "\nAllowedIPs = 0.0.0.0/0\nVia = " KEY_A
		       "\nViaAddress = 10.8.0.2, fd00::2\nViaPort = 7000\n"
		       "Quota = 1000000\nQuotaLow = 1000\n",
		       "device\n");
}

/* Applies what sync found to a list of owners, as the kernel would. */
static void apply(int owners[static 64], const struct nym_device *device)
{
	const struct nym_allowedip *allowedip;
	const struct nym_peer *peer;
	unsigned int i, block;

	for (peer = device->peers; peer; peer = peer->next) {
		for (i = 0; i < 64; ++i) {
			if (peer->flags & (NYM_PEER_REMOVE |
					   NYM_PEER_REPLACE_ALLOWEDIPS) &&
			    owners[i] == peer->public_key[0])
				owners[i] = 0;
		}
		for (allowedip = peer->allowedips; allowedip;
		     allowedip = allowedip->next) {
			block = ntohl(allowedip->ip4.s_addr) & 63;
			if (!allowedip->remove)
				owners[block] = peer->public_key[0];
			else if (owners[block] == peer->public_key[0])
				owners[block] = 0;
		}
	}
}

/* Paths of five hops at most: a carrier has a smaller key, and all are six. */
static void random_config(char *text, size_t size)
{
	unsigned int peer, other, key, i;
	uint8_t keys[] = { 1, 2, 3, 4, 5, 6 };
	char line[128];

	snprintf(text, size, "%s", DEVICE);
	for (peer = 0; peer < 6; ++peer) {
		other = peer + (unsigned int)rand() % (6 - peer);
		key = keys[other];
		keys[other] = keys[peer];
		if (rand() % 4 == 0)
			continue;
		snprintf(line, sizeof(line), "[Peer]\nPublicKey = %s\n",
			 test_key_text((uint8_t)key));
		append(text, size, line);
		if (key > 1 && rand() % 2) {
			snprintf(line, sizeof(line), "Via = %s\n",
				 test_key_text((uint8_t)(key / 2)));
			append(text, size, line);
		}
		for (i = 0; i < 12; ++i) {
			snprintf(line, sizeof(line),
				 "AllowedIPs = 192.0.2.%u/32\n",
				 (unsigned int)rand() % 64);
			append(text, size, line);
		}
	}
}

/* Leaves the device what its peers ended up with, as a running one has it. */
static void keep_owned(struct nym_device *device, const int owners[static 64])
{
	struct nym_allowedip *block, **link;
	struct nym_peer *peer;

	for (peer = device->peers; peer; peer = peer->next) {
		link = &peer->allowedips;
		while ((block = *link)) {
			if (owners[ntohl(block->ip4.s_addr) & 63] ==
			    peer->public_key[0]) {
				link = &block->next;
				continue;
			}
			*link = block->next;
			free(block);
		}
		peer->allowedips_end = link;
	}
}

/* As nym_device_set() sends it. */
static void send_to(int owners[static 64], struct nym_device *device)
{
	expect(!nym_device_order_carriers(device, NULL));
	apply(owners, device);
}

/* Whatever was and is wanted: changes alone lead where setconf leads. */
static void random_changes(void)
{
	struct nym_device *running, *wanted, *whole_file;
	int synced[64], set[64];
	unsigned int round;
	char text[4096];

	srand(4);
	for (round = 0; round < 500; ++round) {
		memset(synced, 0, sizeof(synced));
		memset(set, 0, sizeof(set));
		random_config(text, sizeof(text));
		running = test_config(text);
		random_config(text, sizeof(text));
		wanted = test_config(text);
		whole_file = test_config(text);
		send_to(synced, running);
		keep_owned(running, synced);
		send_to(set, whole_file);
		expect(!nym_sync(wanted, running, NULL));
		send_to(synced, wanted);
		expect(!memcmp(synced, set, sizeof(set)));
		nym_device_free(running);
		nym_device_free(wanted);
		nym_device_free(whole_file);
	}
}

static const struct ktap_case cases[] = {
	{ "nothing to change", nothing_to_change },
	{ "all is new", all_is_new },
	{ "all goes", all_goes },
	{ "what is left out is cleared", what_the_file_leaves_out_is_cleared },
	{ "each setting alone", each_setting_alone },
	{ "a drawn port is kept", a_drawn_port_is_kept },
	{ "a port that is no longer stated is drawn",
	  a_port_that_is_no_longer_stated_is_drawn },
	{ "private keys are compared as they are used",
	  private_keys_are_compared_as_they_are_used },
	{ "a running quota is kept", a_running_quota_is_kept },
	{ "address blocks", address_blocks },
	{ "what a carrier states too is the nested peer's",
	  what_a_carrier_states_too_is_the_nested_peers },
	{ "sections of one key are one peer",
	  sections_of_one_key_are_one_peer },
	{ "random changes", random_changes },
};

KTAP_MAIN(cases)
