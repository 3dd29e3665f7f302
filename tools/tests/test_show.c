// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drop.h"
#include "show.h"
#include "value.h"

#define KEY_A "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_B "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define KEY_C "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="
#define KEY_D "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ="

/* A device as the kernel would report it, with an entry and an exit. */
static struct nym_device *two_hops(void)
{
	struct nym_device *device = test_config(
		"[Interface]\nListenPort = 51820\nFwMark = 0xca6c\n"
		"PrivateKey = " KEY_A "\n"
		"[Peer]\nPublicKey = " KEY_B "\nEndpoint = 192.0.2.1:51820\n"
		"PresharedKey = " KEY_D "\nPersistentKeepalive = 3661\n"
		"[Peer]\nPublicKey = " KEY_C "\nAllowedIPs = 0.0.0.0/0, ::/0\n"
		"Endpoint = [2001:db8::1]:4500\nVia = " KEY_B "\n"
		"ViaAddress = 10.8.0.2, fd00::2\nViaPort = 7000\n"
		"PrivateKey = " KEY_D "\nQuota = 1572864\nQuotaLow = 1000\n");
	struct nym_peer *entry = device->peers, *exit_peer = entry->next;

	strcpy(device->name, "nym0");
	device->ifindex = 7;
	test_key(device->public_key, 9);
	device->flags |= NYM_DEVICE_HAS_PUBLIC_KEY;
	entry->rx_bytes = 1023;
	entry->tx_bytes = 1024;
	entry->hops = 1;
	entry->mtu = 1420;
	memcpy(entry->identity, device->public_key, NYM_KEY_LEN);
	device->flags |= NYM_DEVICE_HAS_DROPS;
	device->drops[NYM_DROP_REPLAYED] = 5;
	exit_peer->hops = 2;
	exit_peer->mtu = 1340;
	test_key(exit_peer->identity, 8);
	entry->flags |= NYM_PEER_HAS_IDENTITY;
	exit_peer->flags |= NYM_PEER_HAS_IDENTITY;
	return device;
}

/* What @print prints to the standard output; the caller frees it. */
static char *captured(void (*print)(struct nym_device *device, void *context),
		      struct nym_device *device, void *context)
{
	FILE *saved = stdout;
	char *text = NULL;
	size_t size;

	stdout = open_memstream(&text, &size);
	print(device, context);
	fclose(stdout);
	stdout = saved;
	return text;
}

static void print_pretty(struct nym_device *device, void *context)
{
	(void)context;
	show_pretty(device);
}

static void print_field(struct nym_device *device, void *context)
{
	show_field(device, context, false);
}

static void print_named_field(struct nym_device *device, void *context)
{
	show_field(device, context, true);
}

static void expect_pretty(const char *expected, struct nym_device *device)
{
	char *text = captured(print_pretty, device, NULL);

	expect_text(expected, text);
	free(text);
}

static void for_people(void)
{
	struct nym_device *device = two_hops();

	setenv("NYM_COLOR_MODE", "never", 1);
	setenv("NYM_HIDE_KEYS", "always", 1);
	expect_pretty("interface: nym0\n"
		      "  public key: CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n"
		      "  private key: (hidden)\n"
		      "  listening port: 51820\n"
		      "  fwmark: 0xca6c\n"
		      "\n"
		      "peer: " KEY_B "\n"
		      "  preshared key: (hidden)\n"
		      "  endpoint: 192.0.2.1:51820\n"
		      "  allowed ips: (none)\n"
		      "  transfer: 1023 B received, 1.00 KiB sent\n"
		      "  persistent keepalive: every 1 hour, 1 minute, 1 second\n"
		      "\n"
		      "peer: " KEY_C "\n"
		      "  endpoint: [2001:db8::1]:4500\n"
		      "  allowed ips: 0.0.0.0/0, ::/0\n"
		      "  identity: CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=\n"
		      "  via: " KEY_B "\n"
		      "  via address: 10.8.0.2, fd00::2\n"
		      "  via port: 7000\n"
		      "  path: 192.0.2.1:51820 entry > [2001:db8::1]:4500 exit\n"
		      "  mtu: 1340\n"
		      "  quota: 1.50 MiB left, low at 1000 B\n",
		      device);
	nym_device_free(device);
}

static void keys_on_request(void)
{
	struct nym_device *device = two_hops();
	char *text;

	setenv("NYM_HIDE_KEYS", "never", 1);
	text = captured(print_pretty, device, NULL);
	expect(strstr(text, "  private key: " KEY_A "\n"));
	expect(strstr(text, "  preshared key: " KEY_D "\n"));
	free(text);
	unsetenv("NYM_HIDE_KEYS");
	setenv("WG_HIDE_KEYS", "never", 1);
	text = captured(print_pretty, device, NULL);
	expect(strstr(text, "  private key: " KEY_A "\n"));
	free(text);
	unsetenv("WG_HIDE_KEYS");
	nym_device_free(device);
}

static void a_missing_carrier_is_pointed_out(void)
{
	struct nym_device *device = two_hops();
	char *text;

	test_key(device->peers->next->via, 66);
	text = captured(print_pretty, device, NULL);
	expect(strstr(text,
		      "  path: (carrier absent, nothing is sent) > [2001:db8::1]:4500 exit\n"));
	free(text);
	nym_device_free(device);
}

static void ages(void)
{
	static const struct {
		int64_t age;
		const char *text;
	} ages[] = {
		{ 0, "Now" },
		{ 1, "1 second ago" },
		{ 120, "2 minutes ago" },
		{ 3600 + 1, "1 hour, 1 second ago" },
		{ 2 * 86400 + 59 * 60, "2 days, 59 minutes ago" },
		{ 366 * 86400, "1 year, 1 day ago" },
		{ -100,
		  "(System clock wound backward; connection problems may ensue.)" },
	};
	struct nym_device *device = two_hops();
	char expected[128], *text;
	size_t i, attempt;
	bool found;

	for (i = 0; i < sizeof(ages) / sizeof(ages[0]); ++i) {
		snprintf(expected, sizeof(expected), "  latest handshake: %s\n",
			 ages[i].text);
		/* The clock may go on by a second between here and there. */
		for (found = false, attempt = 0; !found && attempt < 3;
		     ++attempt) {
			device->peers->last_handshake_sec = time(NULL) -
							    ages[i].age;
			text = captured(print_pretty, device, NULL);
			found = strstr(text, expected);
			free(text);
		}
		expect(found);
	}
	nym_device_free(device);
}

static void the_latest_handshake_comes_first(void)
{
	struct nym_device *device = two_hops();
	char *text;

	device->peers->next->last_handshake_sec = 1000;
	text = captured(print_pretty, device, NULL);
	expect(strstr(text, "peer: " KEY_C) < strstr(text, "peer: " KEY_B));
	free(text);
	/* Sorted by now: the other way round again. */
	device->peers->next->last_handshake_sec = 1000;
	device->peers->next->last_handshake_nsec = 1;
	text = captured(print_pretty, device, NULL);
	expect(strstr(text, "peer: " KEY_B) < strstr(text, "peer: " KEY_C));
	free(text);
	nym_device_free(device);
}

static void fields(void)
{
	static const struct {
		char name[24];
		const char *text;
	} expected[] = {
		{ "public-key",
		  "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n" },
		{ "private-key", KEY_A "\n" },
		{ "listen-port", "51820\n" },
		{ "fwmark", "0xca6c\n" },
		{ "peers", KEY_B "\n" KEY_C "\n" },
		{ "preshared-keys", KEY_B "\t" KEY_D "\n" KEY_C "\t(none)\n" },
		{ "endpoints",
		  KEY_B "\t192.0.2.1:51820\n" KEY_C "\t[2001:db8::1]:4500\n" },
		{ "allowed-ips",
		  KEY_B "\t(none)\n" KEY_C "\t0.0.0.0/0 ::/0\n" },
		{ "latest-handshakes", KEY_B "\t0\n" KEY_C "\t0\n" },
		{ "transfer", KEY_B "\t1023\t1024\n" KEY_C "\t0\t0\n" },
		{ "persistent-keepalive", KEY_B "\t3661\n" KEY_C "\toff\n" },
		{ "via", KEY_B "\t(none)\n" KEY_C "\t" KEY_B "\n" },
		{ "via-address",
		  KEY_B "\t(none)\n" KEY_C "\t10.8.0.2,fd00::2\n" },
		{ "via-port", KEY_B "\t0\n" KEY_C "\t7000\n" },
		{ "identity",
		  KEY_B "\tCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n" KEY_C
			"\tCAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=\n" },
		{ "quota", KEY_B "\toff\n" KEY_C "\t1572864\n" },
		{ "mtu", KEY_B "\t1420\n" KEY_C "\t1340\n" },
		{ "hops", KEY_B "\t1\n" KEY_C "\t2\n" },
		{ "dump", KEY_A
		  "\tCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\t51820\t0xca6c\n" KEY_B
		  "\t" KEY_D
		  "\t192.0.2.1:51820\t(none)\t0\t1023\t1024\t3661\t(none)\t(none)\t0\tCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\t(none)\toff\toff\t1420\t1\n" KEY_C
		  "\t(none)\t[2001:db8::1]:4500\t0.0.0.0/0,::/0\t0\t0\t0\toff\t" KEY_B
		  "\t10.8.0.2,fd00::2\t7000\tCAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=\t" KEY_D
		  "\t1572864\t1000\t1340\t2\n" },
	};
	struct nym_device *device = two_hops();
	char *text;
	size_t i;

	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); ++i) {
		char name[24];

		strcpy(name, expected[i].name);
		expect(show_has_field(name));
		text = captured(print_field, device, name);
		expect_text(expected[i].text, text);
		free(text);
	}
	expect(!show_has_field("nosuch"));
	expect(!show_field(device, "nosuch", false));
	nym_device_free(device);
}

static void fields_with_the_name(void)
{
	struct nym_device *device = two_hops();
	char mark[] = "fwmark", peers[] = "peers", dump[] = "dump";
	unsigned int lines = 0;
	char *text, *line;

	text = captured(print_named_field, device, mark);
	expect_text("nym0\t0xca6c\n", text);
	free(text);
	text = captured(print_named_field, device, peers);
	expect_text("nym0\t" KEY_B "\nnym0\t" KEY_C "\n", text);
	free(text);
	text = captured(print_named_field, device, dump);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		expect(!strncmp(line, "nym0\t", 5));
		++lines;
	}
	expect_number(3, lines);
	free(text);
	nym_device_free(device);
}

static void drops(void)
{
	struct nym_device *device = two_hops();
	unsigned int reason, lines = 0;
	char field[] = "drops";
	char *text, *line;

	for (reason = NYM_DROP_FIRST; reason <= NYM_DROP_MAX; ++reason)
		expect(nym_drop_name(reason));
	text = captured(print_field, device, field);
	expect(!strncmp(text, "malformed\t0\n", 12));
	expect(strstr(text, "\nreplayed\t5\n"));
	free(text);
	text = captured(print_named_field, device, field);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		lines += !strncmp(line, "nym0\t", 5);
	expect_number(NYM_DROP_MAX - NYM_DROP_FIRST + 1, lines);
	free(text);

	device->flags &= ~(unsigned int)NYM_DEVICE_HAS_DROPS;
	text = captured(print_field, device, field);
	expect_text("", text);
	free(text);
	nym_device_free(device);
}

static void expect_json(const char *expected, const char *field,
			bool first_peer)
{
	struct nym_device *device = two_hops();
	json_t *value = show_json(device, field), *part = value;
	char *text;

	if (first_peer)
		part = json_array_get(json_object_get(value, "peers"), 0);
	text = json_dumps(part, JSON_COMPACT);
	expect_text(expected, text);
	free(text);
	json_decref(value);
	nym_device_free(device);
}

static void as_json(void)
{
	setenv("NYM_HIDE_KEYS", "always", 1);
	expect_json("{\"public_key\":\"" KEY_B
		    "\",\"endpoint\":\"192.0.2.1:51820\","
		    "\"allowed_ips\":[],\"latest_handshake\":null,"
		    "\"rx_bytes\":1023,\"tx_bytes\":1024,"
		    "\"persistent_keepalive\":3661,\"via\":null,"
		    "\"via_address\":[],\"via_port\":null,\"via_port_drawn\":null,\"path\":[\"" KEY_B
		    "\"],"
		    "\"identity\":\"CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\","
		    "\"quota\":null,\"quota_low\":null,\"mtu\":1420,\"hops\":1}",
		    NULL, true);
	expect_json("{\"name\":\"nym0\",\"fwmark\":51820}", "fwmark", false);
	expect_json("{\"name\":\"nym0\",\"private_key\":\"" KEY_A "\"}",
		    "private-key", false);
	expect_json("{\"name\":\"nym0\",\"peers\":[{\"public_key\":\"" KEY_B
		    "\",\"via\":null},{\"public_key\":\"" KEY_C
		    "\",\"via\":\"" KEY_B "\"}]}",
		    "via", false);
	expect_json("{\"name\":\"nym0\",\"peers\":[{\"public_key\":\"" KEY_B
		    "\",\"via_port\":null,\"via_port_drawn\":null},"
		    "{\"public_key\":\"" KEY_C
		    "\",\"via_port\":7000,\"via_port_drawn\":false}]}",
		    "via-port", false);
	expect_json("{\"public_key\":\"" KEY_B
		    "\",\"rx_bytes\":1023,\"tx_bytes\":1024}",
		    "transfer", true);
	expect_json("{\"name\":\"nym0\",\"peers\":[{\"public_key\":\"" KEY_B
		    "\"},{\"public_key\":\"" KEY_C "\"}]}",
		    "peers", false);
}

/* Each field for scripts is there as JSON too. */
static void each_field_as_json(void)
{
	static const char *const names[] = {
		"public-key",
		"private-key",
		"listen-port",
		"fwmark",
		"peers",
		"preshared-keys",
		"endpoints",
		"allowed-ips",
		"latest-handshakes",
		"transfer",
		"persistent-keepalive",
		"via",
		"via-address",
		"via-port",
		"identity",
		"quota",
		"mtu",
		"hops",
		"drops",
		"dump",
	};
	struct nym_device *device = two_hops();
	json_t *value, *list;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
		expect(show_has_field(names[i]));
		value = show_json(device, names[i]);
		expect(json_object_size(value) == 2 ||
		       !strcmp(names[i], "dump"));
		json_decref(value);
	}
	value = show_json(device, NULL);
	expect(!json_object_get(value, "private_key"));
	json_decref(value);
	value = show_json(device, "drops");
	list = json_object_get(value, "drops");
	expect_number(5, json_integer_value(json_object_get(list, "replayed")));
	json_decref(value);
	value = show_json(device, "dump");
	expect(json_object_get(value, "private_key"));
	json_decref(value);
	nym_device_free(device);
}

static const struct ktap_case cases[] = {
	{ "for people", for_people },
	{ "keys are shown on request", keys_on_request },
	{ "a missing carrier is pointed out",
	  a_missing_carrier_is_pointed_out },
	{ "ages of handshakes", ages },
	{ "the latest handshake comes first",
	  the_latest_handshake_comes_first },
	{ "fields for scripts", fields },
	{ "fields with the device's name", fields_with_the_name },
	{ "drops", drops },
	{ "as JSON", as_json },
	{ "each field as JSON", each_field_as_json },
};

KTAP_MAIN(cases)
