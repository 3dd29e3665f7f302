// SPDX-License-Identifier: GPL-2.0-or-later
/* One value as people write it; the first byte says of which setting. What is
 * taken must read the same once it was printed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "key.h"
#include "prefix.h"
#include "report.h"
#include "value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void base64(const char *text)
{
	char printed[NYM_KEY_BASE64_SIZE];
	uint8_t key[NYM_KEY_LEN];

	if (nym_key_from_base64(key, text)) {
		nym_key_to_base64(printed, key);
		require(!strcmp(printed, text));
	} else {
		require(nym_key_is_zero(key));
	}
}

static void hex(const char *text)
{
	char printed[NYM_KEY_HEX_SIZE];
	uint8_t key[NYM_KEY_LEN];

	if (nym_key_from_hex(key, text)) {
		nym_key_to_hex(printed, key);
		require(!strcasecmp(printed, text));
	} else {
		require(nym_key_is_zero(key));
	}
}

static void endpoint(const char *text)
{
	struct nym_report report = NYM_REPORT_INIT;
	char printed[NYM_ENDPOINT_TEXT_SIZE];
	union nym_endpoint found, again;

	memset(&found, 0, sizeof(found));
	memset(&again, 0, sizeof(again));
	switch (nym_endpoint_parse(&found, text, &report)) {
	case NYM_ENDPOINT_IS_ADDRESS:
		nym_endpoint_to_text(printed, &found);
		require(nym_endpoint_parse(&again, printed, &report) ==
			NYM_ENDPOINT_IS_ADDRESS);
		require(!memcmp(&found, &again, sizeof(found)));
		break;
	case NYM_ENDPOINT_IS_NAME:
		break;
	default:
		require(report.error[0]);
	}
}

static void prefix(const char *text)
{
	struct nym_prefix found, again;
	char printed[NYM_PREFIX_STRLEN];

	if (!nym_prefix_parse(text, &found))
		return;
	require(nym_prefix_parse(nym_prefix_format(&found, printed), &again));
	require(nym_prefix_equal(&found, &again));
	require(nym_prefix_covers(&found, &again));
	nym_prefix_mask(&found);
	require(nym_prefix_equal(&found, &again));
}

/* The reason must not repeat what may be half of a key. */
static void secret_key(const char *text)
{
	struct nym_report report = NYM_REPORT_INIT;
	uint8_t key[NYM_KEY_LEN];

	if (!nym_value_secret_key(key, text, &report))
		return;
	require(report.error[0]);
	require(strlen(text) < 8 || !strstr(report.error, text));
}

static int public_key(struct nym_peer *peer, const char *text,
		      struct nym_report *report)
{
	return nym_value_public_key(peer->public_key, text, report);
}

static int port(struct nym_peer *peer, const char *text,
		struct nym_report *report)
{
	return nym_value_port(&peer->via_port, text, report);
}

static int fwmark(struct nym_peer *peer, const char *text,
		  struct nym_report *report)
{
	return nym_value_fwmark(&peer->mtu, text, report);
}

static void of_peer(int (*value)(struct nym_peer *peer, const char *text,
				 struct nym_report *report),
		    const char *text)
{
	struct nym_report report = NYM_REPORT_INIT;
	struct nym_device *device = nym_device_new();
	struct nym_peer *peer = nym_device_add_peer(device);

	if (value(peer, text, &report))
		require(report.error[0]);
	nym_device_free(device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const formats[])(const char *text) = {
		base64, hex, endpoint, prefix, secret_key,
	};
	static int (*const values[])(struct nym_peer * peer, const char *text,
				     struct nym_report *report) = {
		public_key,
		port,
		fwmark,
		nym_value_keepalive,
		nym_value_endpoint,
		nym_value_allowedips,
		nym_value_via,
		nym_value_via_address,
		nym_value_via_port,
		nym_value_quota,
		nym_value_quota_low,
	};
	const size_t num_formats = sizeof(formats) / sizeof(formats[0]);
	const size_t num_values = sizeof(values) / sizeof(values[0]);
	size_t which;
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	which = data[0] % (num_formats + num_values);
	if (which < num_formats)
		formats[which](text);
	else
		of_peer(values[which - num_formats], text);
	free(text);
	return 0;
}
