// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "endpoint.h"
#include "report.h"
#include "text.h"
#include "value.h"

/* A peer that a value is read into, and the report about it. */
static struct nym_device *device;
static struct nym_peer *peer;
static struct nym_report report;

static void begin(void)
{
	device = nym_device_new();
	peer = nym_device_add_peer(device);
	memset(&report, 0, sizeof(report));
}

static void end(void)
{
	nym_device_free(device);
}

static void ports(void)
{
	static const char *const wrong[] = { "65536",
					     "-1",
					     "+1",
					     " 1",
					     "1 ",
					     "",
					     "0x1",
					     "nosuchservice",
					     "99999999999999999999" };
	uint16_t port = 7;
	size_t i;

	expect(!nym_value_port(&port, "0", &report));
	expect_number(0, port);
	expect(!nym_value_port(&port, "65535", &report));
	expect_number(65535, port);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i)
		expect(nym_value_port(&port, wrong[i], &report));
	expect_text("'99999999999999999999' is not a port: give a number from 0 to 65535",
		    report.error);
}

static void marks(void)
{
	static const struct {
		const char *text;
		uint32_t mark;
	} right[] = {
		{ "0", 0 },
		{ "off", 0 },
		{ "OFF", 0 },
		{ "77", 77 },
		{ "0x4D", 77 },
		{ "4294967295", UINT32_MAX },
		{ "0xffffffff", UINT32_MAX },
	};
	static const char *const wrong[] = { "",   "0x",    "x",
					     "-1", "0x1g",  "4294967296",
					     "ff", "0x0x1", "0x100000000" };
	uint32_t mark;
	size_t i;

	for (i = 0; i < sizeof(right) / sizeof(right[0]); ++i) {
		expect(!nym_value_fwmark(&mark, right[i].text, &report));
		expect_number(right[i].mark, mark);
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i)
		expect(nym_value_fwmark(&mark, wrong[i], &report));
}

static void secrets_stay_unsaid(void)
{
	uint8_t key[NYM_KEY_LEN];

	begin();
	expect(nym_value_secret_key(key, "hunter2", &report));
	expect(!strstr(report.error, "hunter2"));
	expect(nym_value_public_key(key, "nokey", &report));
	expect(strstr(report.error, "'nokey'"));
	end();
}

static void keepalives(void)
{
	begin();
	expect(!nym_value_keepalive(peer, "65535", &report));
	expect_number(65535, peer->persistent_keepalive_interval);
	expect(peer->flags & NYM_PEER_HAS_KEEPALIVE);
	expect(!nym_value_keepalive(peer, "off", &report));
	expect_number(0, peer->persistent_keepalive_interval);
	expect(nym_value_keepalive(peer, "65536", &report));
	expect(nym_value_keepalive(peer, "", &report));
	end();
}

static void endpoints(void)
{
	static const struct {
		const char *text;
		const char *address;
		const char *name;
	} right[] = {
		{ "192.0.2.1:51820", "192.0.2.1:51820", NULL },
		{ "[2001:db8::1]:1", "[2001:db8::1]:1", NULL },
		{ "2001:db8::1:1", "[2001:db8::1]:1", NULL },
		{ "example.org:51820", "", "example.org:51820" },
		{ "192.0.2.1:domain", "", "192.0.2.1:domain" },
	};
	static const char *const wrong[] = { "",
					     ":",
					     "192.0.2.1",
					     "192.0.2.1:",
					     ":51820",
					     "[::1]",
					     "[::1]:",
					     "[::1",
					     "[::1]51820",
					     "192.0.2.1:65536",
					     "192.0.2.1:99999999999" };
	char text[NYM_ENDPOINT_TEXT_SIZE];
	size_t i;

	begin();
	for (i = 0; i < sizeof(right) / sizeof(right[0]); ++i) {
		expect(!nym_value_endpoint(peer, right[i].text, &report));
		nym_endpoint_to_text(text, &peer->endpoint);
		expect_text(right[i].address, text);
		expect_text(right[i].name ? right[i].name : "",
			    peer->endpoint_name ? peer->endpoint_name : "");
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i)
		expect(nym_value_endpoint(peer, wrong[i], &report));
	end();
}

static void expect_blocks(const char *expected)
{
	const struct nym_allowedip *allowedip;
	char block[NYM_ALLOWEDIP_TEXT_SIZE], list[512] = "";

	for (allowedip = peer->allowedips; allowedip;
	     allowedip = allowedip->next) {
		nym_allowedip_to_text(block, allowedip);
		if (list[0])
			strcat(list, " ");
		strcat(list, allowedip->remove ? "-" : "");
		strcat(list, block);
	}
	expect_text(expected, list);
}

static void allowedips(void)
{
	begin();
	expect(!nym_value_allowedips(peer, "10.0.0.0/8,fd00::/8,192.0.2.1,::1",
				     &report));
	expect(!nym_value_allowedips(peer, "0.0.0.0/0", &report));
	expect_blocks("10.0.0.0/8 fd00::/8 192.0.2.1/32 ::1/128 0.0.0.0/0");
	expect(peer->flags & NYM_PEER_REPLACE_ALLOWEDIPS);
	end();

	begin();
	expect(!nym_value_allowedips(peer, "", &report));
	expect_blocks("");
	expect(peer->flags & NYM_PEER_REPLACE_ALLOWEDIPS);
	end();

	begin();
	expect(!nym_value_allowedips(peer, "+10.0.0.0/8,-fd00::/8", &report));
	expect_blocks("10.0.0.0/8 -fd00::/8");
	expect(!(peer->flags & NYM_PEER_REPLACE_ALLOWEDIPS));
	end();
}

static void wrong_allowedips(void)
{
	static const char *const wrong[] = {
		",",
		"10.0.0.0/8,",
		",10.0.0.0/8",
		"10.0.0.0/33",
		"::/129",
		"10.0.0.0/",
		"10.0.0.0/-1",
		"10.0.0/8",
		"x",
		"10.0.0.0/8/8",
		"+",
		"--10.0.0.0/8",
		"/8",
		"10.0.0.0/ 8",
		"00000000000000000000000000000000000000000000000000000000000000"
		"00000000000000000000000000000000000000000000000000000000000000"
		"000000000000000000000000",
	};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i) {
		begin();
		expect(nym_value_allowedips(peer, wrong[i], &report));
		end();
	}
}

static char warned[256];

static void keep_warning(const char *text)
{
	snprintf(warned, sizeof(warned), "%s", text);
}

static void host_bits_are_warned_of(void)
{
	begin();
	report.warn = keep_warning;
	warned[0] = '\0';
	nym_report_place(&report, NULL, 0, "AllowedIPs");
	expect(!nym_value_allowedips(peer, "10.0.0.0/8,::/0,1.2.3.4/32",
				     &report));
	expect_text("", warned);
	expect(!nym_value_allowedips(peer, "10.0.0.1/31", &report));
	expect_text("AllowedIPs: '10.0.0.1/31' has address bits behind its prefix, which count for nothing",
		    warned);
	end();
}

static void carriers(void)
{
	uint8_t key[NYM_KEY_LEN];

	test_key(key, 3);
	begin();
	expect(!nym_value_via(peer, test_key_text(3), &report));
	expect(nym_key_equal(key, peer->via));
	expect(nym_peer_is_nested(peer));
	expect(!nym_value_via(peer, "off", &report));
	expect(nym_key_is_zero(peer->via));
	expect(peer->flags & NYM_PEER_HAS_VIA);
	expect(!nym_peer_is_nested(peer));
	expect(nym_value_via(peer, "", &report));
	end();
}

static void via_addresses(void)
{
	static const struct {
		const char *text;
		const char *addresses;
	} right[] = {
		{ "10.8.0.2", "10.8.0.2" },
		{ "fd00::2", "fd00::2" },
		{ "10.8.0.2,fd00::2", "10.8.0.2,fd00::2" },
		{ "fd00::2,10.8.0.2", "10.8.0.2,fd00::2" },
		{ "10.8.0.2/32,fd00::2/128", "10.8.0.2,fd00::2" },
		{ "off", "" },
	};
	static const char *const wrong[] = {
		"",	  "x", "10.8.0.2/24", "10.8.0.2,", "10.8.0.2,10.8.0.3",
		"::1,::2"
	};
	char text[NYM_VIA_ADDRESS_TEXT_SIZE];
	size_t i;

	begin();
	for (i = 0; i < sizeof(right) / sizeof(right[0]); ++i) {
		expect(!nym_value_via_address(peer, right[i].text, &report));
		nym_via_address_to_text(text, peer, ",");
		expect_text(right[i].addresses, text);
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i)
		expect(nym_value_via_address(peer, wrong[i], &report));
	end();
}

static void quotas(void)
{
	begin();
	expect(!nym_value_quota(peer, "18446744073709551614", &report));
	expect_number(NYM_QUOTA_UNLIMITED - 1, peer->quota);
	expect(!nym_value_quota(peer, "off", &report));
	expect_number(NYM_QUOTA_UNLIMITED, peer->quota);
	expect(!(peer->flags & NYM_PEER_HAS_QUOTA_ADD));
	expect(!nym_value_quota(peer, "+1000", &report));
	expect_number(1000, peer->quota_add);
	expect(peer->flags & NYM_PEER_HAS_QUOTA_ADD);
	expect(nym_value_quota(peer, "18446744073709551615", &report));
	expect(nym_value_quota(peer, "+off", &report));
	expect(nym_value_quota(peer, "-1", &report));
	expect(nym_value_quota(peer, "", &report));
	expect(!nym_value_quota_low(peer, "5", &report));
	expect_number(5, peer->quota_low);
	expect(!nym_value_quota_low(peer, "off", &report));
	expect_number(0, peer->quota_low);
	expect(nym_value_quota_low(peer, "+1", &report));
	end();
}

static void texts_are_printable(void)
{
	begin();
	expect(nym_value_via(peer, "\x1b[31m\n", &report));
	expect(!strchr(report.error, '\x1b'));
	expect(!strchr(report.error, '\n'));
	end();
}

static const struct ktap_case cases[] = {
	{ "ports", ports },
	{ "firewall marks", marks },
	{ "secrets are not repeated", secrets_stay_unsaid },
	{ "keepalive intervals", keepalives },
	{ "endpoints", endpoints },
	{ "address blocks", allowedips },
	{ "what is no address block", wrong_allowedips },
	{ "host bits are warned of", host_bits_are_warned_of },
	{ "carriers", carriers },
	{ "addresses in the carrier", via_addresses },
	{ "quotas", quotas },
	{ "reasons are printable", texts_are_printable },
};

KTAP_MAIN(cases)
