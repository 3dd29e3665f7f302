// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any text as a tunnel's file. What is accepted must survive printing and
 * reading again, what strip leaves must be the device's alone, and the plan and
 * the firewall must be made of it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "report.h"
#include "tunnel_conf.h"
#include "tunnel_firewall.h"
#include "tunnel_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int underlay(void *context, const union nym_endpoint *endpoint,
		    uint32_t *mtu)
{
	(void)context;
	*mtu = 1500;
	return endpoint ? 0 : -ENETUNREACH;
}

static struct nym_device *read_text(const char *text, size_t size,
				    struct nym_tunnel_conf *conf)
{
	const struct nym_config_extension extension = {
		.interface_key = nym_tunnel_conf_key,
		.keeps_comment = nym_tunnel_conf_keeps_comment,
		.context = conf,
	};
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device *device;

	memset(conf, 0, sizeof(*conf));
	device = nym_config_parse("fuzz", text, size, NYM_CONFIG_REPLACE,
				  &extension, &report);
	if (!device && !report.error[0])
		abort();
	return device;
}

static char *print(const struct nym_tunnel_conf *conf)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	fputs("[Interface]\n", stream);
	nym_tunnel_conf_print(stream, conf);
	fclose(stream);
	return text;
}

static void survives_printing(const struct nym_tunnel_conf *conf)
{
	char *text = print(conf), *copy;
	struct nym_tunnel_conf again;
	struct nym_device *device;

	device = read_text(text, strlen(text), &again);
	if (!device)
		abort();
	copy = print(&again);
	if (strcmp(text, copy))
		abort();
	free(text);
	free(copy);
	nym_device_free(device);
	nym_tunnel_conf_free(&again);
}

static void strips(const char *text)
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device *device;
	char *stripped = NULL;
	size_t size;
	FILE *stream = open_memstream(&stripped, &size);

	nym_tunnel_conf_strip(stream, text, 51820);
	fclose(stream);
	device = nym_config_parse("stripped", stripped, size,
				  NYM_CONFIG_REPLACE, NULL, &report);
	if (!device)
		abort();
	nym_device_free(device);
	free(stripped);
}

static void plans(const struct nym_tunnel_conf *conf,
		  const struct nym_device *device)
{
	const struct nym_tunnel_facts facts = {
		.mark = device->fwmark ? device->fwmark : 51820,
		.first_priority4 = 32766,
		.first_priority6 = 32766,
		.underlay = underlay,
	};
	struct nym_report report = NYM_REPORT_INIT;
	char text[NYM_STEP_TEXT_SIZE];
	struct nym_tunnel_plan plan;
	size_t i;

	if (nym_plan_make(&plan, conf, device, &facts, &report))
		return;
	for (i = 0; i < plan.count; i++) {
		if (!nym_step_text(&plan.steps[i], "fuzz", text)[0])
			abort();
	}
	nym_plan_free(&plan);
	free(nym_firewall_text("fuzz", facts.mark, conf->addresses,
			       conf->addresses_count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct nym_tunnel_conf conf;
	struct nym_device *device;

	memcpy(text, data, size);
	text[size] = '\0';
	device = read_text(text, size, &conf);
	if (device) {
		survives_printing(&conf);
		strips(text);
		plans(&conf, device);
	}
	nym_device_free(device);
	nym_tunnel_conf_free(&conf);
	free(text);
	return 0;
}
