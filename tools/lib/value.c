// SPDX-License-Identifier: GPL-2.0-or-later
#include "value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "endpoint.h"
#include "report.h"

/* Room for an address with a prefix length and a sign, and for what is wrong. */
#define ELEMENT_SIZE 128

/* strtoull() alone takes blanks and signs, which turn -1 into a huge number. */
static bool scan_number(uint64_t *number, const char *text, int base,
			uint64_t max)
{
	const char *digits = base == 16 ? "0123456789abcdefABCDEF" :
					  "0123456789";
	unsigned long long value;

	if (!text[0] || text[strspn(text, digits)])
		return false;
	errno = 0;
	value = strtoull(text, NULL, base);
	if (errno || value > max)
		return false;
	*number = value;
	return true;
}

static bool is_off(const char *text)
{
	return !strcasecmp(text, "off");
}

int nym_value_port(uint16_t *port, const char *text, struct nym_report *report)
{
	struct servent *service;
	uint64_t number;

	if (scan_number(&number, text, 10, UINT16_MAX)) {
		*port = (uint16_t)number;
		return 0;
	}
	if (isalpha((unsigned char)text[0])) {
		service = getservbyname(text, "udp");
		if (service) {
			*port = ntohs((uint16_t)service->s_port);
			return 0;
		}
	}
	return nym_fail(report,
			"'%s' is not a port: give a number from 0 to 65535",
			text);
}

int nym_value_fwmark(uint32_t *fwmark, const char *text,
		     struct nym_report *report)
{
	uint64_t number;
	bool valid;

	if (is_off(text)) {
		*fwmark = 0;
		return 0;
	}
	if (text[0] == '0' && text[1] == 'x')
		valid = scan_number(&number, text + 2, 16, UINT32_MAX);
	else
		valid = scan_number(&number, text, 10, UINT32_MAX);
	if (!valid)
		return nym_fail(report,
				"'%s' is not a firewall mark: give 'off' or a number from 0 to 0xffffffff",
				text);
	*fwmark = (uint32_t)number;
	return 0;
}

int nym_value_public_key(uint8_t key[static NYM_KEY_LEN], const char *text,
			 struct nym_report *report)
{
	if (nym_key_from_base64(key, text))
		return 0;
	return nym_fail(report,
			"'%s' is not a public key: give the 44 base64 characters that 'nymctl pubkey' prints",
			text);
}

int nym_value_secret_key(uint8_t key[static NYM_KEY_LEN], const char *text,
			 struct nym_report *report)
{
	if (nym_key_from_base64(key, text))
		return 0;
	return nym_fail(report,
			"The key is not the 44 base64 characters that 'nymctl genkey' or 'nymctl genpsk' prints");
}

int nym_value_keepalive(struct nym_peer *peer, const char *text,
			struct nym_report *report)
{
	uint64_t number = 0;

	if (!is_off(text) && !scan_number(&number, text, 10, UINT16_MAX))
		return nym_fail(report,
				"'%s' is not a keepalive interval: give 'off' or seconds from 0 to 65535",
				text);
	peer->persistent_keepalive_interval = (uint16_t)number;
	peer->flags |= NYM_PEER_HAS_KEEPALIVE;
	return 0;
}

int nym_value_endpoint(struct nym_peer *peer, const char *text,
		       struct nym_report *report)
{
	union nym_endpoint endpoint;
	char *name = NULL;
	int ret;

	ret = nym_endpoint_parse(&endpoint, text, report);
	if (ret < 0)
		return ret;
	if (ret == NYM_ENDPOINT_IS_NAME) {
		name = strdup(text);
		if (!name)
			return nym_fail(report, "Out of memory");
	}
	free(peer->endpoint_name);
	peer->endpoint_name = name;
	peer->endpoint = endpoint;
	return 0;
}

static bool scan_address(struct nym_allowedip *block, const char *text)
{
	if (strchr(text, ':')) {
		block->family = AF_INET6;
		return inet_pton(AF_INET6, text, &block->ip6) == 1;
	}
	block->family = AF_INET;
	return inet_pton(AF_INET, text, &block->ip4) == 1;
}

/* @element is cut apart at its slash. */
static bool scan_block(struct nym_allowedip *block, char *element)
{
	char *slash = strchr(element, '/');
	uint64_t cidr;

	if (slash)
		*slash = '\0';
	if (!scan_address(block, element))
		return false;
	block->cidr = (uint8_t)nym_family_bits(block->family);
	if (!slash)
		return true;
	if (!scan_number(&cidr, slash + 1, 10, block->cidr))
		return false;
	block->cidr = (uint8_t)cidr;
	return true;
}

static bool has_host_part(const struct nym_allowedip *block)
{
	const uint8_t *address = (const uint8_t *)&block->ip6;
	unsigned int bit;

	for (bit = block->cidr; bit < nym_family_bits(block->family); ++bit) {
		if (address[bit / 8] & (0x80 >> bit % 8))
			return true;
	}
	return false;
}

/*
 * Takes the next element of a comma-separated list into @element and moves
 * *@list behind it. Returns 0 at the end of the list and -1 when the element
 * does not fit, which no valid one does.
 */
static int next_element(char element[static ELEMENT_SIZE], const char **list)
{
	size_t len;

	if (!*list)
		return 0;
	len = strcspn(*list, ",");
	if (len >= ELEMENT_SIZE)
		return -1;
	memcpy(element, *list, len);
	element[len] = '\0';
	*list = (*list)[len] ? *list + len + 1 : NULL;
	return 1;
}

static int append_allowedip(struct nym_peer *peer, const char *element,
			    struct nym_report *report)
{
	struct nym_allowedip block = { 0 }, *allowedip, *next;
	char text[ELEMENT_SIZE];

	if (element[0] == '+' || element[0] == '-') {
		block.remove = element[0] == '-';
		peer->flags &= ~NYM_PEER_REPLACE_ALLOWEDIPS;
		++element;
	}
	strcpy(text, element);
	if (!scan_block(&block, text))
		return nym_fail(report,
				"'%s' is not an address block: give an IPv4 or IPv6 address with '/' and its prefix length, as 10.0.0.0/8",
				element);
	if (has_host_part(&block))
		nym_warn(report,
			 "'%s' has address bits behind its prefix, which count for nothing",
			 element);
	allowedip = nym_peer_add_allowedip(peer);
	if (!allowedip)
		return nym_fail(report, "Out of memory");
	next = allowedip->next;
	*allowedip = block;
	allowedip->next = next;
	return 0;
}

int nym_value_allowedips(struct nym_peer *peer, const char *text,
			 struct nym_report *report)
{
	const char *list = text[0] ? text : NULL;
	char element[ELEMENT_SIZE];
	int ret;

	peer->flags |= NYM_PEER_REPLACE_ALLOWEDIPS;
	while ((ret = next_element(element, &list)) > 0) {
		if (append_allowedip(peer, element, report))
			return -1;
	}
	if (ret)
		return nym_fail(report,
				"The list of address blocks has an element that is too long: put commas between blocks");
	return 0;
}

int nym_value_via(struct nym_peer *peer, const char *text,
		  struct nym_report *report)
{
	if (is_off(text))
		memset(peer->via, 0, sizeof(peer->via));
	else if (nym_value_public_key(peer->via, text, report))
		return -1;
	peer->flags |= NYM_PEER_HAS_VIA;
	return 0;
}

static int set_via_address(struct nym_peer *peer, unsigned int *families,
			   char *element, struct nym_report *report)
{
	struct nym_allowedip block = { 0 };
	unsigned int family;
	char text[ELEMENT_SIZE];

	strcpy(text, element);
	if (!scan_block(&block, text) ||
	    block.cidr != nym_family_bits(block.family))
		return nym_fail(report,
				"'%s' is not an address: give the IPv4 or IPv6 address that the carrier's gateway assigned, without a prefix length",
				element);
	family = block.family == AF_INET ? 1 : 2;
	if (*families & family)
		return nym_fail(report,
				"'%s' is a second address of its family: give one IPv4 and one IPv6 address at most",
				element);
	*families |= family;
	if (block.family == AF_INET)
		peer->via_address4 = block.ip4;
	else
		peer->via_address6 = block.ip6;
	return 0;
}

int nym_value_via_address(struct nym_peer *peer, const char *text,
			  struct nym_report *report)
{
	const char *list = text;
	char element[ELEMENT_SIZE];
	unsigned int families = 0;
	int ret;

	memset(&peer->via_address4, 0, sizeof(peer->via_address4));
	memset(&peer->via_address6, 0, sizeof(peer->via_address6));
	peer->flags |= NYM_PEER_HAS_VIA_ADDRESS;
	if (is_off(text))
		return 0;
	while ((ret = next_element(element, &list)) > 0) {
		if (set_via_address(peer, &families, element, report))
			return -1;
	}
	if (ret)
		return nym_fail(report,
				"The list of addresses has an element that is too long: put a comma between the addresses");
	return 0;
}

int nym_value_via_port(struct nym_peer *peer, const char *text,
		       struct nym_report *report)
{
	if (nym_value_port(&peer->via_port, text, report))
		return -1;
	peer->flags |= NYM_PEER_HAS_VIA_PORT;
	return 0;
}

int nym_value_quota(struct nym_peer *peer, const char *text,
		    struct nym_report *report)
{
	bool add = text[0] == '+';
	uint64_t number = NYM_QUOTA_UNLIMITED;

	/* The largest number is the kernel's word for unlimited. */
	if ((add || !is_off(text)) &&
	    !scan_number(&number, text + add, 10, NYM_QUOTA_UNLIMITED - 1))
		return nym_fail(report,
				"'%s' is not a quota: give bytes, '+' and the bytes to add, or 'off' for no limit",
				text);
	if (add) {
		peer->quota_add = number;
		peer->flags |= NYM_PEER_HAS_QUOTA_ADD;
	} else {
		peer->quota = number;
		peer->flags |= NYM_PEER_HAS_QUOTA;
	}
	return 0;
}

int nym_value_quota_low(struct nym_peer *peer, const char *text,
			struct nym_report *report)
{
	uint64_t number = 0;

	if (!is_off(text) &&
	    !scan_number(&number, text, 10, NYM_QUOTA_UNLIMITED - 1))
		return nym_fail(report,
				"'%s' is not a number of bytes: give bytes, or 'off' for no event",
				text);
	peer->quota_low = number;
	peer->flags |= NYM_PEER_HAS_QUOTA_LOW;
	return 0;
}
