// SPDX-License-Identifier: GPL-2.0-or-later
#include "text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

void nym_allowedip_address_to_text(char text[static INET6_ADDRSTRLEN],
				   const struct nym_allowedip *allowedip)
{
	if (!inet_ntop(allowedip->family, &allowedip->ip6, text,
		       INET6_ADDRSTRLEN))
		text[0] = '\0';
}

void nym_allowedip_to_text(char text[static NYM_ALLOWEDIP_TEXT_SIZE],
			   const struct nym_allowedip *allowedip)
{
	char address[INET6_ADDRSTRLEN];

	nym_allowedip_address_to_text(address, allowedip);
	snprintf(text, NYM_ALLOWEDIP_TEXT_SIZE, "%s/%u", address,
		 allowedip->cidr);
}

void nym_via_address_to_text(char text[static NYM_VIA_ADDRESS_TEXT_SIZE],
			     const struct nym_peer *peer, const char *separator)
{
	char ip4[INET_ADDRSTRLEN] = "", ip6[INET6_ADDRSTRLEN] = "";

	if (peer->via_address4.s_addr)
		inet_ntop(AF_INET, &peer->via_address4, ip4, sizeof(ip4));
	if (!IN6_IS_ADDR_UNSPECIFIED(&peer->via_address6))
		inet_ntop(AF_INET6, &peer->via_address6, ip6, sizeof(ip6));
	snprintf(text, NYM_VIA_ADDRESS_TEXT_SIZE, "%s%s%s", ip4,
		 ip4[0] && ip6[0] ? separator : "", ip6);
}
