// SPDX-License-Identifier: GPL-2.0-or-later
#include "setting.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "report.h"
#include "value.h"

static int apply_listen_port(struct nym_setting_target *to, const char *value)
{
	to->device->flags |= NYM_DEVICE_HAS_LISTEN_PORT;
	return nym_value_port(&to->device->listen_port, value, to->report);
}

static int apply_fwmark(struct nym_setting_target *to, const char *value)
{
	to->device->flags |= NYM_DEVICE_HAS_FWMARK;
	return nym_value_fwmark(&to->device->fwmark, value, to->report);
}

static int apply_private_key(struct nym_setting_target *to, const char *value)
{
	to->device->flags |= NYM_DEVICE_HAS_PRIVATE_KEY;
	return to->read_key(to->device->private_key, value, to->report);
}

static int apply_preshared_key(struct nym_setting_target *to, const char *value)
{
	to->peer->flags |= NYM_PEER_HAS_PRESHARED_KEY;
	return to->read_key(to->peer->preshared_key, value, to->report);
}

static int apply_identity(struct nym_setting_target *to, const char *value)
{
	to->peer->flags |= NYM_PEER_HAS_PRIVATE_KEY;
	return to->read_key(to->peer->private_key, value, to->report);
}

static int apply_endpoint(struct nym_setting_target *to, const char *value)
{
	return nym_value_endpoint(to->peer, value, to->report);
}

static int apply_keepalive(struct nym_setting_target *to, const char *value)
{
	return nym_value_keepalive(to->peer, value, to->report);
}

/* A list may have blanks wherever its writer likes. */
static int apply_allowedips(struct nym_setting_target *to, const char *value)
{
	char *list = strdup(value), *end = list;
	int ret;

	if (!list)
		return nym_fail(to->report, "Out of memory");
	for (; *value; ++value) {
		if (!isspace((unsigned char)*value))
			*end++ = *value;
	}
	*end = '\0';
	ret = nym_value_allowedips(to->peer, list, to->report);
	free(list);
	return ret;
}

static int apply_via(struct nym_setting_target *to, const char *value)
{
	return nym_value_via(to->peer, value, to->report);
}

static int apply_via_address(struct nym_setting_target *to, const char *value)
{
	return nym_value_via_address(to->peer, value, to->report);
}

static int apply_via_port(struct nym_setting_target *to, const char *value)
{
	return nym_value_via_port(to->peer, value, to->report);
}

static int apply_quota(struct nym_setting_target *to, const char *value)
{
	/* Applied again, the same file would add again. */
	if (value[0] == '+' && !to->may_add)
		return nym_fail(to->report,
				"'+' is for 'nymctl set': a file says what the quota is to be");
	return nym_value_quota(to->peer, value, to->report);
}

static int apply_quota_low(struct nym_setting_target *to, const char *value)
{
	return nym_value_quota_low(to->peer, value, to->report);
}

#define DEVICE NYM_SETTING_OF_DEVICE
#define PEER NYM_SETTING_OF_PEER

static const struct nym_setting settings[] = {
	{ DEVICE, "listen-port", "ListenPort", apply_listen_port },
	{ DEVICE, "fwmark", "FwMark", apply_fwmark },
	{ DEVICE, "private-key", "PrivateKey", apply_private_key },
	{ PEER, "preshared-key", "PresharedKey", apply_preshared_key },
	{ PEER, "endpoint", "Endpoint", apply_endpoint },
	{ PEER, "persistent-keepalive", "PersistentKeepalive",
	  apply_keepalive },
	{ PEER, "allowed-ips", "AllowedIPs", apply_allowedips },
	{ PEER, "via", "Via", apply_via },
	{ PEER, "via-address", "ViaAddress", apply_via_address },
	{ PEER, "via-port", "ViaPort", apply_via_port },
	{ PEER, "identity", "PrivateKey", apply_identity },
	{ PEER, "quota", "Quota", apply_quota },
	{ PEER, "quota-low", "QuotaLow", apply_quota_low },
};

const struct nym_setting *nym_setting_of_word(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); ++i) {
		if (!strcmp(settings[i].word, word))
			return &settings[i];
	}
	return NULL;
}

const struct nym_setting *nym_setting_of_key(enum nym_setting_owner owner,
					     const char *key)
{
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); ++i) {
		if (settings[i].owner == owner &&
		    !strcasecmp(settings[i].key, key))
			return &settings[i];
	}
	return NULL;
}
