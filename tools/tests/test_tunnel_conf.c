// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "report.h"
#include "tunnel_conf.h"

static const char interface[] = "[Interface]\n";

/* Reads the lines as those of an [Interface] section; the reason if refused. */
static bool read_lines(struct nym_tunnel_conf *conf, const char *lines,
		       struct nym_report *report)
{
	const struct nym_config_extension extension = {
		.interface_key = nym_tunnel_conf_key,
		.keeps_comment = nym_tunnel_conf_keeps_comment,
		.context = conf,
	};
	struct nym_device *device;
	char text[1024];
	bool read;

	memset(conf, 0, sizeof(*conf));
	memset(report, 0, sizeof(*report));
	snprintf(text, sizeof(text), "%s%s", interface, lines);
	device = nym_config_parse("t.conf", text, strlen(text),
				  NYM_CONFIG_REPLACE, &extension, report);
	read = device;
	nym_device_free(device);
	return read;
}

static void expect_printed(const char *expected, const char *lines)
{
	struct nym_tunnel_conf conf;
	struct nym_report report;
	char *text = NULL;
	FILE *stream;
	size_t size;

	expect(read_lines(&conf, lines, &report));
	expect_text("", report.error);
	stream = open_memstream(&text, &size);
	nym_tunnel_conf_print(stream, &conf);
	fclose(stream);
	expect_text(expected, text);
	free(text);
	nym_tunnel_conf_free(&conf);
}

static void expect_refused(const char *reason, const char *lines)
{
	struct nym_tunnel_conf conf;
	struct nym_report report;

	expect(!read_lines(&conf, lines, &report));
	expect_text(reason, report.error);
	nym_tunnel_conf_free(&conf);
}

static void reads_all_keys(void)
{
	expect_printed("Address = 10.0.0.2/24\n"
		       "Address = fd00::2/128\n"
		       "Address = 10.0.1.2/32\n"
		       "DNS = 10.0.0.1\n"
		       "DNS = fd00::1\n"
		       "DNS = example.org\n"
		       "DNS = local\n"
		       "MTU = 1400\n"
		       "Table = 1234\n"
		       "SaveConfig = true\n"
		       "PreUp = echo  a; echo b   # comment\n"
		       "PreUp = second\n"
		       "PostUp = sed 's#c#d#' c = d\n"
		       "PreDown = e\n"
		       "PostDown = f %i\n",
		       "address=10.0.0.2/24,fd00::2\n"
		       " Address = 10.0.1.2 # comment\n"
		       "DNS = 10.0.0.1, example.org fd00::1,local\n"
		       "MTU = 1300\n"
		       "mtu = 1400\n"
		       "Table = 0x4d2\n"
		       "SaveConfig = TRUE\n"
		       "PreUp = echo  a; echo b   # comment\n"
		       "PostDown = f %i\n"
		       "PreUp = second\n"
		       "post up=sed 's#c#d#' c = d\n"
		       "# PostUp = not this\n"
		       "PreDown = e\r\n");
	expect_printed("Table = off\n", "Table = OFF\nSaveConfig = false\n");
	expect_printed("", "Table = auto\nAddress =\n");
	expect_printed("Table = 254\n", "Table = main\n");
}

static void refuses_wrong_values(void)
{
	expect_refused("t.conf:2: Address: \"10.0.0.300\" is not an IP address; write one as 10.0.0.2/32 or fd00::2/128",
		       "Address = 10.0.0.300\n");
	expect_refused("t.conf:3: Address: \"10.0.0.2/8\" is there twice; remove one",
		       "Address = 10.0.0.2/24\nAddress = fd00::2, 10.0.0.2/8\n");
	expect_refused("t.conf:2: DNS: \"10.0.0.300\" is neither the IP address of a name server nor a search domain",
		       "DNS = 10.0.0.300\n");
	expect_refused("t.conf:2: DNS: \"10.0.0.1/24\" is neither the IP address of a name server nor a search domain",
		       "DNS = 10.0.0.1/24\n");
	expect_refused("t.conf:2: DNS: \"-x\" is neither the IP address of a name server nor a search domain",
		       "DNS = -x\n");
	expect_refused("t.conf:2: DNS: \"fd00:::1\" is neither the IP address of a name server nor a search domain",
		       "DNS = fd00:::1\n");
	expect_refused("t.conf:2: MTU: \"1400x\" is not an MTU; write a number from 68 to 65535, or leave it out to have it found",
		       "MTU = 1400x\n");
	expect_refused("t.conf:2: MTU: \"65536\" is not an MTU; write a number from 68 to 65535, or leave it out to have it found",
		       "MTU = 65536\n");
	expect_refused("t.conf:2: Table: \"0\" is not a routing table for routes; write auto, off, main or a number",
		       "Table = 0\n");
	expect_refused("t.conf:2: Table: \"255\" is not a routing table for routes; write auto, off, main or a number",
		       "Table = 255\n");
	expect_refused("t.conf:2: Table: \"4294967296\" is not a routing table for routes; write auto, off, main or a number",
		       "Table = 4294967296\n");
	expect_refused("t.conf:2: SaveConfig: \"1\" is neither true nor false; write one of them",
		       "SaveConfig = 1\n");
}

/* What follows cannot break out of its line in what is written back. */
static void keeps_to_its_section(void)
{
	struct nym_tunnel_conf conf;
	struct nym_report report;

	expect(!read_lines(&conf, "[Peer]\nAddress = 10.0.0.2\n", &report));
	expect(strstr(report.error, "Address"));
	nym_tunnel_conf_free(&conf);
	expect(!read_lines(&conf, "Addr = 10.0.0.2\n", &report));
	expect(strstr(report.error, "t.conf:2"));
	nym_tunnel_conf_free(&conf);
}

static void expect_stripped(const char *expected, const char *text,
			    uint32_t mark)
{
	char *stripped = NULL;
	FILE *stream;
	size_t size;

	stream = open_memstream(&stripped, &size);
	nym_tunnel_conf_strip(stream, text, mark);
	fclose(stream);
	expect_text(expected, stripped);
	free(stripped);
}

static void strips(void)
{
	static const char text[] = "# a comment\n"
				   "[ interface ]\n"
				   "PrivateKey = x\n"
				   "Address = 10.0.0.2\n"
				   " post up = y # z\n"
				   "DNS=1.1.1.1\n"
				   "MTU= 1400\r\n"
				   "Table = off\n"
				   "SaveConfig = true\n"
				   "[Peer]\n"
				   "PublicKey = z\n"
				   "Address = of no one";

	expect_stripped("# a comment\n[ interface ]\nPrivateKey = x\n[Peer]\nPublicKey = z\nAddress = of no one\n",
			text, 0);
	expect_stripped("# a comment\n[ interface ]\nFwMark = 0xca6c\nPrivateKey = x\n[Peer]\nPublicKey = z\nAddress = of no one\n",
			text, 51820);
	expect_stripped("[Interface]\nFwMark = 7\n[Interface]\n",
			"[Interface]\nFwMark = 7\n[Interface]\nMTU=1\n", 51820);
	expect_stripped("", "", 0);
}

/* Without it, the tunnel would send its own packets into itself. */
static void strip_states_the_chosen_mark(void)
{
	static const char *const none[] = { "off", "0", " OFF # by default",
					    "0x0", "00" };
	char text[128];
	size_t i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		snprintf(text, sizeof(text),
			 "[Interface]\nfw mark =%s\nListenPort = 1\n", none[i]);
		expect_stripped("[Interface]\nFwMark = 0xca6c\nListenPort = 1\n",
				text, 51820);
		expect_stripped(text, text, 0);
	}
	expect_stripped("[Interface]\nFwMark = 0xca6c\n", "", 51820);
	expect_stripped("[Interface]\nFwMark = 0xca6c\n[Peer]\nPublicKey = z\n",
			"[Peer]\nPublicKey = z", 51820);
	/* Of two lines the later counts. */
	expect_stripped("[Interface]\nFwMark = off\nFwMark = 7\n",
			"[Interface]\nFwMark = off\nFwMark = 7\n", 51820);
}

static const struct ktap_case cases[] = {
	{ "all keys are read and written", reads_all_keys },
	{ "wrong values are refused with line, key and fix",
	  refuses_wrong_values },
	{ "keys belong to [Interface]", keeps_to_its_section },
	{ "strip leaves what is the device's", strips },
	{ "strip states the mark that was chosen",
	  strip_states_the_chosen_mark },
};

KTAP_MAIN(cases)
