// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "config.h"
#include "endpoint.h"
#include "report.h"

#define KEY_A "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_B "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define KEY_C "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="

static const char full[] = "[Interface]\n"
			   "ListenPort = 51820\n"
			   "FwMark = 0x1234\n"
			   "PrivateKey = " KEY_A "\n"
			   "\n"
			   "[Peer]\n"
			   "PublicKey = " KEY_B "\n"
			   "PresharedKey = " KEY_C "\n"
			   "AllowedIPs = 10.0.0.0/8, fd00::/8\n"
			   "Endpoint = 192.0.2.1:51820\n"
			   "PersistentKeepalive = 25\n"
			   "\n"
			   "[Peer]\n"
			   "PublicKey = " KEY_C "\n"
			   "AllowedIPs = 0.0.0.0/0\n"
			   "Endpoint = [2001:db8::1]:4500\n"
			   "PrivateKey = " KEY_A "\n"
			   "Via = " KEY_B "\n"
			   "ViaAddress = 10.8.0.2, fd00::2\n"
			   "ViaPort = 7000\n"
			   "Quota = 1000000\n"
			   "QuotaLow = 1000\n";

static void prints_what_it_reads(void)
{
	struct nym_device *device = test_config(full);
	char *text;

	if (!device)
		return;
	text = test_showconf(device);
	expect_text(full, text);
	free(text);
	nym_device_free(device);
}

/* Read again, it would be a port that never changes. */
static void leaves_a_drawn_port_out(void)
{
	struct nym_device *device = test_config(full);
	char *text;

	device->peers->next->via_port_is_drawn = true;
	text = test_showconf(device);
	expect(!strstr(text, "ViaPort"));
	expect(strstr(text, "ViaAddress"));
	free(text);
	nym_device_free(device);
}

/* Blanks, case, comments, line ends, and a last line without one. */
static void reads_loose_writing(void)
{
	static const char loose[] =
		"# a comment\r\n"
		" [ interface ] # another\r\n"
		"listenport=51820\r\nFWMARK\t=\t0x12 34\n"
		"PrivateKey= " KEY_A "#x\n\n"
		"[PEER]\nPublicKey=" KEY_B "\nPresharedKey = " KEY_C "\n"
		"AllowedIPs = 10.0.0.0 / 8\n"
		"AllowedIPs=fd00::/8\n"
		"Endpoint=192.0.2.1:51820\nPersistentKeepalive=25\n"
		"[Peer]\n"
		"Via = " KEY_B "\nViaAddress = fd00::2,10.8.0.2\nViaPort=7000\n"
		"Quota=1000000\nQuotaLow=1000\n"
		"Endpoint=[2001:db8::1]:4500\nPrivateKey=" KEY_A "\n"
		"AllowedIPs = 0.0.0.0/0\nPublicKey = " KEY_C;
	struct nym_device *device = test_config(loose);
	char *text;

	if (!device)
		return;
	text = test_showconf(device);
	expect_text(full, text);
	free(text);
	nym_device_free(device);
}

static void modes_differ_in_what_is_left_out(void)
{
	static const char text[] = "[Interface]\n[Peer]\nPublicKey=" KEY_B "\n";
	struct nym_device *device;

	device = nym_config_parse("x", text, strlen(text), NYM_CONFIG_REPLACE,
				  NULL, NULL);
	expect_number(NYM_DEVICE_REPLACE_PEERS | NYM_DEVICE_HAS_PRIVATE_KEY |
			      NYM_DEVICE_HAS_LISTEN_PORT |
			      NYM_DEVICE_HAS_FWMARK,
		      device->flags);
	expect(device->peers->flags & NYM_PEER_REPLACE_ALLOWEDIPS);
	nym_device_free(device);
	device = nym_config_parse("x", text, strlen(text), NYM_CONFIG_APPEND,
				  NULL, NULL);
	expect_number(0, device->flags);
	nym_device_free(device);
}

static void says_what_is_wrong_and_where(void)
{
	static const struct {
		const char *text;
		const char *reason;
	} wrong[] = {
		{ "[Interface]\nListenPort = x\n",
		  "f.conf:2: ListenPort: 'x' is not a port: give a number from 0 to 65535" },
		{ "[Interface]\nPrivateKey = secret\n",
		  "f.conf:2: PrivateKey: The key is not the 44 base64 characters that 'nymctl genkey' or 'nymctl genpsk' prints" },
		{ "\n\n[Nosuch]\n",
		  "f.conf:3: '[Nosuch]' is not a section: there are [Interface] and [Peer]" },
		{ "ListenPort = 1\n",
		  "f.conf:1: 'ListenPort' stands before any section: put [Interface] or [Peer] above it" },
		{ "[Peer]\n[Peer]\n",
		  "f.conf:1: This [Peer] has no PublicKey: add the one that the other side's 'nymctl show' or 'wg show' prints" },
		{ "[Peer]\nPublicKey\n",
		  "f.conf:2: This line is neither a section nor 'Key = value'" },
		{ "[Peer]\nListenPort = 1\n",
		  "f.conf:2: 'ListenPort' is not a key of [Peer]: see CONFIGURATION FILE FORMAT in nymctl(8)" },
		{ "[Interface]\nDNS = 1\n",
		  "f.conf:2: 'DNS' is not a key of [Interface] here: there are PrivateKey, ListenPort and FwMark. Keys of 'nymctl up', as Address and DNS, are left out by 'nymctl strip'" },
		{ "[Peer]\nQuota = +5\n",
		  "f.conf:2: Quota: '+' is for 'nymctl set': a file says what the quota is to be" },
		{ "[Peer]\nPublicKey = " KEY_A "\nVia = " KEY_A "\n",
		  "f.conf: Peer " KEY_A
		  " is its own carrier over the peers it goes via: take 'via' off one of them" },
	};
	struct nym_report report = NYM_REPORT_INIT;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i) {
		expect(!nym_config_parse("f.conf", wrong[i].text,
					 strlen(wrong[i].text),
					 NYM_CONFIG_REPLACE, NULL, &report));
		expect_text(wrong[i].reason, report.error);
		expect(!report.place.file && !report.place.word);
	}
	expect(!nym_config_parse("f.conf", "[Peer]\0\n", 8, NYM_CONFIG_REPLACE,
				 NULL, &report));
	expect_text("f.conf:1: This line holds a NUL character: is it a text file?",
		    report.error);
}

struct seen {
	char text[256];
};

static int take_dns(void *context, const char *key, const char *value,
		    struct nym_report *report)
{
	struct seen *seen = context;

	if (!strcmp(key, "Bad"))
		return nym_fail(report, "it is bad");
	if (strcmp(key, "DNS") && strcmp(key, "PostUp"))
		return 1;
	strcat(strcat(strcat(seen->text, key), "="), value);
	return 0;
}

static struct nym_device *parse_extended(const char *text, struct seen *seen,
					 struct nym_report *report)
{
	struct nym_config_extension extension = {
		.interface_key = take_dns,
		.context = seen,
	};

	memset(seen, 0, sizeof(*seen));
	return nym_config_parse("x", text, strlen(text), NYM_CONFIG_REPLACE,
				&extension, report);
}

static void leaves_other_keys_to_another_reader(void)
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device *device;
	struct seen seen = { "" };

	device = parse_extended("[Interface]\nDNS = 1.1.1.1, 9.9.9.9 # x\n"
				"FwMark = 7\nPostUp = echo a  b\n",
				&seen, &report);
	expect(device && device->fwmark == 7);
	expect_text("DNS=1.1.1.1, 9.9.9.9PostUp=echo a  b", seen.text);
	nym_device_free(device);
	expect(!parse_extended("[Interface]\nNosuch = 1\n", &seen, &report));
	expect_text("x:2: 'Nosuch' is not a key of [Interface]: see CONFIGURATION FILE FORMAT in nymctl(8)",
		    report.error);
	expect(!parse_extended("[Interface]\nBad = 1\n", &seen, &report));
	expect_text("x:2: Bad: it is bad", report.error);
	/* Those of a peer are never another reader's. */
	expect(!parse_extended("[Peer]\nDNS = 1\n", &seen, &report));
}

static int read_no_file(uint8_t key[static NYM_KEY_LEN], const char *path,
			struct nym_report *report)
{
	if (!strcmp(path, "missing"))
		return nym_fail(report, "Cannot open it");
	test_key(key, (uint8_t)atoi(path));
	return 0;
}

static struct nym_device *parse_words(const char *line,
				      struct nym_report *report)
{
	char copy[512], *argv[64];
	struct nym_device *device;
	char *rest = copy;
	int argc = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	while (rest && argc < 64)
		argv[argc++] = strsep(&rest, "|");
	device = nym_arguments_parse(argc, argv, read_no_file, report);
	return device;
}

/* The words of the command line say the same as the keys of the file. */
static void command_line_says_the_same(void)
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device *device;
	char *text;

	device = parse_words("listen-port|51820|fwmark|0x1234|private-key|1|"
			     "peer|" KEY_B "|preshared-key|3|allowed-ips|"
			     "10.0.0.0/8, fd00::/8|endpoint|192.0.2.1:51820|"
			     "persistent-keepalive|25|peer|" KEY_C
			     "|allowed-ips|0.0.0.0/0|endpoint|[2001:db8::1]:4500|"
			     "identity|1|via|" KEY_B
			     "|via-address|10.8.0.2,fd00::2|via-port|7000|"
			     "quota|1000000|quota-low|1000",
			     &report);
	expect_text("", report.error);
	if (!device)
		return;
	text = test_showconf(device);
	expect_text(full, text);
	expect(!(device->flags & NYM_DEVICE_REPLACE_PEERS));
	free(text);
	nym_device_free(device);
}

static void command_line_errors(void)
{
	static const struct {
		const char *line;
		const char *reason;
	} wrong[] = {
		{ "nosuch",
		  "'nosuch' is not a word of 'set': see 'nymctl set --help'" },
		{ "fwmark", "'fwmark' needs a value behind it" },
		{ "endpoint|192.0.2.1:1",
		  "'endpoint' belongs to a peer: put it behind 'peer PUBLIC-KEY'" },
		{ "peer|" KEY_A "|fwmark|1",
		  "'fwmark' belongs to the device: put it before the first 'peer'" },
		{ "private-key|missing", "private-key: Cannot open it" },
		{ "peer|" KEY_A "|quota|x",
		  "quota: 'x' is not a quota: give bytes, '+' and the bytes to add, or 'off' for no limit" },
	};
	struct nym_report report = NYM_REPORT_INIT;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i) {
		expect(!parse_words(wrong[i].line, &report));
		expect_text(wrong[i].reason, report.error);
	}
}

static void names_are_left_to_resolve(void)
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device *device;
	char text[NYM_ENDPOINT_TEXT_SIZE];

	setenv("NYM_ENDPOINT_RESOLUTION_RETRIES", "0", 1);
	device = test_config("[Peer]\nPublicKey=" KEY_A
			     "\nEndpoint=127.0.0.1:domain\n");
	expect_text("127.0.0.1:domain", device->peers->endpoint_name);
	expect(!nym_device_resolve(device, &report));
	nym_endpoint_to_text(text, &device->peers->endpoint);
	expect_text("127.0.0.1:53", text);
	expect(!device->peers->endpoint_name);
	nym_device_free(device);

	setenv("NYM_ENDPOINT_RESOLUTION_RETRIES", "x", 1);
	device = test_config("[Peer]\nPublicKey=" KEY_A "\n");
	expect(!nym_device_resolve(device, &report));
	nym_device_free(device);
	device = test_config("[Peer]\nPublicKey=" KEY_A
			     "\nEndpoint=127.0.0.1:domain\n");
	expect(nym_device_resolve(device, &report));
	expect_text("The environment's ENDPOINT_RESOLUTION_RETRIES is 'x': give a number or 'infinity'",
		    report.error);
	nym_device_free(device);
	unsetenv("NYM_ENDPOINT_RESOLUTION_RETRIES");
}

static char warned[1024];

static void note_warning(const char *text)
{
	snprintf(warned, sizeof(warned), "%s", text);
}

/* @lines are of a nested peer. */
static struct nym_device *nested_config(const char *lines)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "[Peer]\n%s\nPublicKey=" KEY_A "\nVia=" KEY_B "\n", lines);
	return test_config(text);
}

/* A port's name has an address resolved without asking anybody. */
static void names_resolve_to_what_the_via_address_reaches(void)
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device *device;

	setenv("NYM_ENDPOINT_RESOLUTION_RETRIES", "0", 1);
	device = nested_config(
		"Endpoint=127.0.0.1:domain\nViaAddress=10.0.0.2");
	expect(!nym_device_resolve(device, &report));
	expect_number(AF_INET, device->peers->endpoint.addr.sa_family);
	nym_device_free(device);
	device = nested_config("ViaAddress=fd00::2\nEndpoint=[::1]:domain");
	expect(!nym_device_resolve(device, &report));
	expect_number(AF_INET6, device->peers->endpoint.addr.sa_family);
	nym_device_free(device);
	device = nested_config(
		"ViaAddress=10.0.0.2, fd00::2\nEndpoint=[::1]:domain");
	expect(!nym_device_resolve(device, &report));
	nym_device_free(device);
	/* What the peer has already may be of either family. */
	device = nested_config("Endpoint=[::1]:domain");
	expect(!nym_device_resolve(device, &report));
	nym_device_free(device);

	device = nested_config("Endpoint=[::1]:domain\nViaAddress=10.0.0.2");
	expect(nym_device_resolve(device, &report));
	expect_text("Endpoint '[::1]:domain' has no IPv4 address, and the peer's via-address (ViaAddress) has none of IPv6: add one to it, or give an endpoint with an IPv4 address",
		    report.error);
	nym_device_free(device);
	device = nested_config("ViaAddress=fd00::2\nEndpoint=127.0.0.1:domain");
	expect(nym_device_resolve(device, &report));
	expect(strstr(report.error, "has no IPv6 address"));
	nym_device_free(device);
	unsetenv("NYM_ENDPOINT_RESOLUTION_RETRIES");
}

static void expect_warned(const char *lines, bool complete, const char *text)
{
	struct nym_report report = { .warn = note_warning };
	struct nym_device *device = nested_config(lines);

	warned[0] = '\0';
	nym_device_check_endpoints(device, complete, &report);
	expect_text(text, warned);
	nym_device_free(device);
}

static void endpoints_out_of_reach_are_warned_of(void)
{
	static const char said[] =
		"Peer " KEY_A
		" has an IPv6 endpoint and no IPv6 via-address (ViaAddress), so that nothing can be sent to it: add the one that the carrier's gateway gave you";

	expect_warned("Endpoint=[::1]:1\nViaAddress=10.0.0.2", true, said);
	expect_warned("ViaAddress=10.0.0.2\nEndpoint=[::1]:1", false, said);
	expect_warned("Endpoint=[::1]:1", true, said);
	/* A later command may give it. */
	expect_warned("Endpoint=[::1]:1", false, "");
	expect_warned("Endpoint=[::1]:1\nViaAddress=10.0.0.2,fd00::1", true,
		      "");
	expect_warned("ViaAddress=10.0.0.2\nEndpoint=127.0.0.1:1", true, "");
	expect_warned("ViaAddress=10.0.0.2", true, "");
	expect_warned("PublicKey=" KEY_C "\nEndpoint=127.0.0.1:1\n[Peer]", true,
		      "");
}

static const struct ktap_case cases[] = {
	{ "a file is printed as it is read", prints_what_it_reads },
	{ "a drawn port is left out", leaves_a_drawn_port_out },
	{ "loose writing means the same", reads_loose_writing },
	{ "modes differ in what is left out",
	  modes_differ_in_what_is_left_out },
	{ "errors say what and where", says_what_is_wrong_and_where },
	{ "other keys go to another reader",
	  leaves_other_keys_to_another_reader },
	{ "the command line says the same", command_line_says_the_same },
	{ "errors of the command line", command_line_errors },
	{ "names are resolved apart", names_are_left_to_resolve },
	{ "nested endpoints are of a family that the via-address has",
	  names_resolve_to_what_the_via_address_reaches },
	{ "endpoints out of reach are warned of",
	  endpoints_out_of_reach_are_warned_of },
};

KTAP_MAIN(cases)
