// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "report.h"
#include "tunnel_firewall.h"
#include "tunnel_plan.h"

/* The MTUs that the host's routes have; 0 for no route. */
struct underlay {
	uint32_t mtu4, mtu6, mtu_default;
	unsigned int asked;
};

static const struct underlay ethernet = { 1500, 1500, 1500, 0 };

static int underlay_mtu(void *context, const union nym_endpoint *endpoint,
			uint32_t *mtu)
{
	struct underlay *underlay = context;

	underlay->asked++;
	*mtu = underlay->mtu_default;
	if (endpoint && endpoint->addr.sa_family == AF_INET)
		*mtu = underlay->mtu4;
	else if (endpoint)
		*mtu = underlay->mtu6;
	return *mtu ? 0 : -ENETUNREACH;
}

static char warning[256];

static void keep_warning(const char *text)
{
	snprintf(warning, sizeof(warning), "%s", text);
}

/* The steps that a config file leads to, or why there are none. */
static char *steps(const char *text, const struct underlay *underlay)
{
	struct nym_report report = { .warn = keep_warning };
	struct nym_tunnel_conf conf = { 0 };
	struct underlay copy = *underlay;
	const struct nym_config_extension extension = {
		.interface_key = nym_tunnel_conf_key,
		.keeps_comment = nym_tunnel_conf_keeps_comment,
		.context = &conf,
	};
	struct nym_tunnel_facts facts = {
		.mark = 51820,
		.first_priority4 = 32766,
		.first_priority6 = 1000,
		.underlay = underlay_mtu,
		.context = &copy,
	};
	struct nym_tunnel_plan plan = { 0 };
	char step[NYM_STEP_TEXT_SIZE], *result = NULL;
	struct nym_device *device;
	FILE *stream;
	size_t size, i;

	warning[0] = '\0';
	stream = open_memstream(&result, &size);
	device = nym_config_parse("t.conf", text, strlen(text),
				  NYM_CONFIG_REPLACE, &extension, &report);
	if (device && device->fwmark)
		facts.mark = device->fwmark;
	if (device && !nym_plan_make(&plan, &conf, device, &facts, &report)) {
		for (i = 0; i < plan.count; i++)
			fprintf(stream, "%s\n",
				nym_step_text(&plan.steps[i], "t0", step));
	} else {
		fprintf(stream, "%s\n", report.error);
	}
	fclose(stream);
	nym_plan_free(&plan);
	nym_device_free(device);
	nym_tunnel_conf_free(&conf);
	return result;
}

static void expect_steps(const char *expected, const char *text)
{
	char *found = steps(text, &ethernet);

	expect_text(expected, found);
	free(found);
}

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
#define KEY_B "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAI="
#define KEY_C "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAM="
#define PRIVATE "PrivateKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQ=\n"
#define ENTRY(endpoint, allowed)                              \
	"[Peer]\nPublicKey = " KEY_A "\nEndpoint = " endpoint \
	"\nAllowedIPs = " allowed "\n"
#define EXIT(endpoint, allowed)                         \
	"[Peer]\nPublicKey = " KEY_B "\nVia = " KEY_A   \
	"\nViaAddress = 10.1.0.2\nEndpoint = " endpoint \
	"\nAllowedIPs = " allowed "\n"

#define BEGIN "nymctl addconf t0\n"

static void takes_default_routes(void)
{
	expect_steps(BEGIN
		     "ip -4 address add 10.0.0.2/24 dev t0\n"
		     "ip -6 address add fd00::2/64 dev t0\n"
		     "ip link set mtu 1420 up dev t0\n"
		     "nft add table inet nymctl-t0\n"
		     "sysctl net.ipv4.conf.all.src_valid_mark=1\n"
		     "ip -4 route add 0.0.0.0/0 dev t0 table 51820\n"
		     "ip -6 route add ::/0 dev t0 table 51820\n"
		     "ip -4 rule add priority 32764 table main suppress_prefixlength 0\n"
		     "ip -4 rule add priority 32765 not fwmark 0xca6c table 51820\n"
		     "ip -6 rule add priority 998 table main suppress_prefixlength 0\n"
		     "ip -6 rule add priority 999 not fwmark 0xca6c table 51820\n"
		     "set the name servers of t0\n",
		     "[Interface]\n" PRIVATE
		     "Address = 10.0.0.2/24, fd00::2/64\nDNS = 10.0.0.1\n" ENTRY("192.0.2.1:51820",
										 "::/0, 0.0.0.0/0"));
	/* One family takes nothing of the other. */
	expect_steps(BEGIN
		     "ip link set mtu 1420 up dev t0\n"
		     "nft add table inet nymctl-t0\n"
		     "ip -6 route add ::/0 dev t0 table 119\n"
		     "ip -6 rule add priority 998 table main suppress_prefixlength 0\n"
		     "ip -6 rule add priority 999 not fwmark 0x77 table 119\n",
		     "[Interface]\n" PRIVATE
		     "FwMark = 0x77\n" ENTRY("192.0.2.1:51820", "::/0"));
}

static void routes_the_rest_by_table_main(void)
{
	/* Narrow ones first, none twice, none that an address brings. */
	expect_steps(BEGIN "ip -4 address add 10.0.0.2/24 dev t0\n"
			   "ip link set mtu 1420 up dev t0\n"
			   "ip -6 route add fd01::/64 dev t0\n"
			   "ip -4 route add 10.9.9.9/32 dev t0\n"
			   "ip -4 route add 10.2.0.0/16 dev t0\n"
			   "ip -4 route add 10.0.0.0/8 dev t0\n",
		     "[Interface]\n" PRIVATE
		     "Address = 10.0.0.2/24\n" ENTRY("192.0.2.1:51820",
						     "10.0.0.0/8, 10.0.0.7/32, 10.2.3.4/16, fd01::7/64, 10.9.9.9") "[Peer]\nPublicKey = " KEY_C
														   "\nAllowedIPs = 10.2.0.0/16\n");
	/* An address without a network brings nothing. */
	expect_steps(BEGIN "ip -4 address add 10.0.0.2/32 dev t0\n"
			   "ip link set mtu 1420 up dev t0\n"
			   "ip -4 route add 10.0.0.2/32 dev t0\n",
		     "[Interface]\n" PRIVATE
		     "Address = 10.0.0.2/32\n" ENTRY("192.0.2.1:51820",
						     "10.0.0.2/32"));
}

static void keeps_to_table(void)
{
	expect_steps(BEGIN "ip -4 address add 10.0.0.2/24 dev t0\n"
			   "ip link set mtu 1420 up dev t0\n",
		     "[Interface]\n" PRIVATE
		     "Address = 10.0.0.2/24\nTable = off\n" ENTRY("192.0.2.1:51820",
								  "0.0.0.0/0, 10.5.0.0/16"));
	expect_steps(BEGIN "ip -4 address add 10.0.0.2/24 dev t0\n"
			   "ip link set mtu 1420 up dev t0\n"
			   "ip -4 route add 10.0.0.0/24 dev t0 table 7\n"
			   "ip -4 route add 0.0.0.0/0 dev t0 table 7\n",
		     "[Interface]\n" PRIVATE
		     "Address = 10.0.0.2/24\nTable = 7\n" ENTRY("192.0.2.1:51820",
								"0.0.0.0/0, 10.0.0.0/24"));
}

static void nests(void)
{
	/* The order in the file is of no matter. */
	static const char plan[] = BEGIN
		"ip -4 address add 10.2.0.2/32 dev t0\n"
		"ip link set mtu 1360 up dev t0\n"
		"nft add table inet nymctl-t0\n"
		"sysctl net.ipv4.conf.all.src_valid_mark=1\n"
		"ip -4 route add 0.0.0.0/0 dev t0 table 51820\n"
		"ip -4 rule add priority 32764 table main suppress_prefixlength 0\n"
		"ip -4 rule add priority 32765 not fwmark 0xca6c table 51820\n";

	expect_steps(plan, "[Interface]\n" PRIVATE
			   "Address = 10.2.0.2/32\n" ENTRY("192.0.2.1:51820",
							   "198.51.100.1/32")
				   EXIT("198.51.100.1:51820", "0.0.0.0/0"));
	expect_steps(plan, "[Interface]\n" PRIVATE
			   "Address = 10.2.0.2/32\n" EXIT("198.51.100.1:51820",
							  "0.0.0.0/0")
				   ENTRY("192.0.2.1:51820", ""));
	/* A carrier's other allowed IPs are for the host, too. */
	expect_steps(BEGIN "ip link set mtu 1360 up dev t0\n"
			   "ip -4 route add 198.51.100.2/32 dev t0\n"
			   "ip -4 route add 198.51.100.0/24 dev t0\n",
		     "[Interface]\n" PRIVATE
			     ENTRY("192.0.2.1:51820",
				   "198.51.100.0/24, 198.51.100.2/32, 198.51.100.1/32")
				     EXIT("198.51.100.1:51820", ""));
}

static void expect_mtu(uint32_t expected, const char *interface,
		       const char *peers, const struct underlay *underlay)
{
	char text[1024], line[64], *found;

	snprintf(text, sizeof(text), "[Interface]\n" PRIVATE "%s%s", interface,
		 peers);
	found = steps(text, underlay);
	snprintf(line, sizeof(line), "ip link set mtu %u up dev t0\n",
		 expected);
	if (!strstr(found, line))
		expect_text(line, found);
	free(found);
}

static void fits_the_path(void)
{
	static const char entry4[] = ENTRY("192.0.2.1:1", "");
	static const char entry6[] = ENTRY("[2001:db8::1]:1", "");
	static const char exit44[] = ENTRY("192.0.2.1:1", "")
		EXIT("198.51.100.1:1", "");
	static const char exit64[] = ENTRY("[2001:db8::1]:1", "")
		EXIT("198.51.100.1:1", "");
	static const char exit46[] = ENTRY("192.0.2.1:1", "")
		EXIT("[2001:db8::2]:1", "");
	static const char unknown[] = "[Peer]\nPublicKey = " KEY_A "\n";
	static const char both[] = ENTRY("192.0.2.1:1",
					 "") "[Peer]\nPublicKey = " KEY_C
					     "\nEndpoint = [2001:db8::3]:1\n";
	struct underlay underlay = { 1500, 1400, 9000, 0 };

	expect_mtu(1420, "", entry4, &underlay);
	expect_mtu(1320, "", entry6, &underlay);
	expect_mtu(1360, "", exit44, &underlay);
	expect_mtu(1248, "", exit64, &underlay);
	expect_mtu(1328, "", exit46, &underlay);
	/* The smallest of all peers. */
	expect_mtu(1320, "", both, &underlay);
	/* Without an endpoint, by the default route; without that, Ethernet. */
	expect_mtu(8920, "", unknown, &underlay);
	expect_mtu(8920, "", "", &underlay);
	underlay.mtu_default = 0;
	expect_mtu(1420, "", unknown, &underlay);
	expect_mtu(1420, "", "", &underlay);
	underlay.mtu4 = 0;
	expect_mtu(1420, "", entry4, &underlay);
	expect_text("", warning);
}

static void limits_the_mtu(void)
{
	static const char entry[] = ENTRY("192.0.2.1:1", "10.0.0.0/8");
	static const char entry6[] = ENTRY("192.0.2.1:1", "fd00::/8");
	struct underlay small = { 1300, 1300, 1300, 0 };

	expect_mtu(1300, "MTU = 1300\n", entry, &ethernet);
	expect_text("", warning);
	expect_mtu(1420, "MTU = 1450\n", entry, &ethernet);
	expect_text("MTU = 1450 is more than the path carries; using 1420",
		    warning);
	expect_mtu(1220, "", entry, &small);
	expect_text("", warning);
	expect_mtu(1280, "", entry6, &small);
	expect_text("IPv6 needs an MTU of 1280 and this would be 1220; using 1280, so that large outer packets are fragmented",
		    warning);
	expect_mtu(1280, "Address = fd00::2\n", entry, &small);
}

/* Paths whose nested hops all have the one family. */
static uint32_t path_mtu(uint32_t underlay, unsigned int hops,
			 sa_family_t family)
{
	struct nym_path path = { .length = hops, .complete = true };
	struct nym_peer peer = { 0 };
	unsigned int i;

	peer.endpoint.addr.sa_family = family;
	for (i = 0; i < hops; i++)
		path.hops[i] = &peer;
	return nym_path_mtu(&path, underlay);
}

static void hops_add_up(void)
{
	expect_number(1420, path_mtu(1500, 1, AF_INET));
	expect_number(1420, path_mtu(1500, 1, AF_INET6));
	expect_number(1296, path_mtu(1500, 3, AF_INET));
	expect_number(1248, path_mtu(1500, 3, AF_INET6));
	expect_number(1168, path_mtu(1500, 5, AF_INET));
	expect_number(1088, path_mtu(1500, 5, AF_INET6));
	/* Where nothing is known, as for IPv6. */
	expect_number(1328, path_mtu(1500, 2, AF_UNSPEC));
	expect_number(0, path_mtu(80, 1, AF_INET));
	expect_number(0, path_mtu(79, 1, AF_INET));
	expect_number(1, path_mtu(81, 1, AF_INET));
	expect_number(0, path_mtu(155, 2, AF_INET));
	expect_number(16, path_mtu(156, 2, AF_INET));
	expect_number(0, path_mtu(100, 5, AF_INET));
}

/*
 * What a gateway sends back for a packet of the path's MTU, padded as far as
 * its device of 1420 bytes allows, fits into the devices on the way.
 */
static void answers_fit(void)
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	unsigned int hops, size, layer, f;

	for (f = 0; f < 2; f++) {
		for (hops = 2; hops <= NYM_MAX_HOPS; hops++) {
			size = path_mtu(1500, hops, families[f]);
			for (layer = hops; layer > 1; layer--) {
				size = (size + 15) / 16 * 16;
				if (size > 1420)
					size = 1420;
				size += families[f] == AF_INET ? 60 : 80;
				expect(size <= 1420);
			}
		}
	}
}

static void refuses_marks_of_system_tables(void)
{
	static const char *const marks[] = { "253", "254", "255" };
	char text[512], *found;
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof(text),
			 "[Interface]\n" PRIVATE
			 "FwMark = %s\n" ENTRY("192.0.2.1:1", "0.0.0.0/0"),
			 marks[i]);
		found = steps(text, &ethernet);
		expect(strstr(found,
			      "the routing table of that number is the system's"));
		free(found);
	}
}

static void writes_the_firewall(void)
{
	struct nym_prefix addresses[2];
	char *text;

	nym_prefix_parse("10.0.0.2/24", &addresses[0]);
	nym_prefix_parse("fd00::2/64", &addresses[1]);
	text = nym_firewall_text("a=b", 51820, addresses, 2);
	expect_text("table inet nymctl-a/3db {\n"
		    "\tchain preraw {\n"
		    "\t\ttype filter hook prerouting priority raw;\n"
		    "\t\tiifname != \"a=b\" ip daddr 10.0.0.2 fib saddr type != local drop\n"
		    "\t\tiifname != \"a=b\" ip6 daddr fd00::2 fib saddr type != local drop\n"
		    "\t}\n"
		    "\tchain premangle {\n"
		    "\t\ttype filter hook prerouting priority mangle;\n"
		    "\t\tmeta l4proto udp ct mark 0xca6c meta mark set ct mark\n"
		    "\t}\n"
		    "\tchain postmangle {\n"
		    "\t\ttype filter hook postrouting priority mangle;\n"
		    "\t\tmeta l4proto udp meta mark 0xca6c ct mark set meta mark\n"
		    "\t}\n"
		    "}\n",
		    text);
	free(text);
}

static void plans_many_routes(void)
{
	size_t size, i, lines = 0;
	char *text = NULL, *found;
	FILE *stream;

	stream = open_memstream(&text, &size);
	fputs("[Interface]\n" PRIVATE ENTRY("192.0.2.1:1", "10.0.0.0/32"),
	      stream);
	for (i = 0; i < 2 * 5000; i++)
		fprintf(stream, "AllowedIPs = 10.%zu.%zu.0/24\n",
			i % 5000 / 250, i % 250);
	fclose(stream);
	found = steps(text, &ethernet);
	for (i = 0; found[i]; i++)
		lines += found[i] == '\n';
	/* Device, MTU, and each route once. */
	expect_number(2 + 1 + 5000, lines);
	free(found);
	free(text);
}

static const struct ktap_case cases[] = {
	{ "default routes go by mark and rule", takes_default_routes },
	{ "other routes go into table main", routes_the_rest_by_table_main },
	{ "Table says where routes go", keeps_to_table },
	{ "a nested peer's endpoint is not routed", nests },
	{ "the MTU fits the path", fits_the_path },
	{ "the config's MTU and IPv6 limit the MTU", limits_the_mtu },
	{ "hops add up", hops_add_up },
	{ "answers fit into the gateways' devices", answers_fit },
	{ "marks that are a system's table are refused",
	  refuses_marks_of_system_tables },
	{ "the firewall table is written", writes_the_firewall },
	{ "many routes are planned once each", plans_many_routes },
};

KTAP_MAIN(cases)
