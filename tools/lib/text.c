// SPDX-License-Identifier: GPL-2.0-or-later
#include "text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

char *nym_number_to_text(char text[static NYM_NUMBER_TEXT_SIZE],
			 uint64_t number)
{
	char digits[NYM_NUMBER_TEXT_SIZE];
	char *first = digits + sizeof(digits);
	size_t len;

	*--first = '\0';
	do {
		*--first = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	len = (size_t)(digits + sizeof(digits) - first);
	memcpy(text, first, len);
	return text + len - 1;
}

/* inet_ntop() takes a format for it, and ten times as long. */
static char *ip4_to_text(char text[static INET6_ADDRSTRLEN],
			 const struct in_addr *ip)
{
	const uint8_t *byte = (const uint8_t *)ip;
	char *end = text;
	size_t i;

	for (i = 0; i < sizeof(*ip); ++i) {
		if (i)
			*end++ = '.';
		end = nym_number_to_text(end, byte[i]);
	}
	return end;
}

static char *address_to_text(char text[static INET6_ADDRSTRLEN],
			     const struct nym_allowedip *allowedip)
{
	if (allowedip->family == AF_INET)
		return ip4_to_text(text, &allowedip->ip4);
	if (!inet_ntop(allowedip->family, &allowedip->ip6, text,
		       INET6_ADDRSTRLEN))
		text[0] = '\0';
	return text + strlen(text);
}

void nym_allowedip_address_to_text(char text[static INET6_ADDRSTRLEN],
				   const struct nym_allowedip *allowedip)
{
	address_to_text(text, allowedip);
}

void nym_allowedip_to_text(char text[static NYM_ALLOWEDIP_TEXT_SIZE],
			   const struct nym_allowedip *allowedip)
{
	char length[NYM_NUMBER_TEXT_SIZE];
	char *end = address_to_text(text, allowedip);

	nym_number_to_text(length, allowedip->cidr);
	*end++ = '/';
	strcpy(end, length);
}

void nym_via_address_to_text(char text[static NYM_VIA_ADDRESS_TEXT_SIZE],
			     const struct nym_peer *peer, const char *separator)
{
	char ip4[INET_ADDRSTRLEN] = "", ip6[INET6_ADDRSTRLEN] = "";

	text[0] = '\0';
	if (!(peer->flags & NYM_PEER_HAS_VIA_ADDRESS))
		return;
	if (peer->via_address4.s_addr)
		inet_ntop(AF_INET, &peer->via_address4, ip4, sizeof(ip4));
	if (!IN6_IS_ADDR_UNSPECIFIED(&peer->via_address6))
		inet_ntop(AF_INET6, &peer->via_address6, ip6, sizeof(ip6));
	snprintf(text, NYM_VIA_ADDRESS_TEXT_SIZE, "%s%s%s", ip4,
		 ip4[0] && ip6[0] ? separator : "", ip6);
}
