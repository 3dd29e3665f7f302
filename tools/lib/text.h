/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text forms of a device's addresses, as files and listings share them. */
#ifndef NYM_TEXT_H
#define NYM_TEXT_H

#include <netinet/in.h>

#include "device.h"

/* Room for "address/length" with its NUL. */
#define NYM_ALLOWEDIP_TEXT_SIZE (INET6_ADDRSTRLEN + 4)

/* Room for an address of each family, a separator and a NUL. */
#define NYM_VIA_ADDRESS_TEXT_SIZE (INET6_ADDRSTRLEN + INET_ADDRSTRLEN + 4)

/* Without the prefix length. */
void nym_allowedip_address_to_text(char text[static INET6_ADDRSTRLEN],
				   const struct nym_allowedip *allowedip);
void nym_allowedip_to_text(char text[static NYM_ALLOWEDIP_TEXT_SIZE],
			   const struct nym_allowedip *allowedip);

/*
 * The addresses that the peer has, IPv4 first, with a @separator of at most two
 * characters between; empty when it has none.
 */
void nym_via_address_to_text(char text[static NYM_VIA_ADDRESS_TEXT_SIZE],
			     const struct nym_peer *peer,
			     const char *separator);

#endif
