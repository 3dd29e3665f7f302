/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoints: their text form, and the resolution of names. */
#ifndef NYM_ENDPOINT_H
#define NYM_ENDPOINT_H

#include <stddef.h>

#include "device.h"

struct nym_report;

/* Room for "[address%scope]:port" with its NUL. */
#define NYM_ENDPOINT_TEXT_SIZE 80

enum nym_endpoint_parsed {
	NYM_ENDPOINT_IS_ADDRESS,
	NYM_ENDPOINT_IS_NAME,
};

/*
 * Reads "host:port". Returns NYM_ENDPOINT_IS_ADDRESS with *@endpoint filled,
 * NYM_ENDPOINT_IS_NAME with an empty *@endpoint when host or port is a name,
 * and -1 when it is neither. Nothing is resolved.
 */
int nym_endpoint_parse(union nym_endpoint *endpoint, const char *text,
		       struct nym_report *report);

/* The text is empty when there is no endpoint. */
void nym_endpoint_to_text(char text[static NYM_ENDPOINT_TEXT_SIZE],
			  const union nym_endpoint *endpoint);

/*
 * Turns the endpoint names of all peers into addresses. What may pass, such as
 * a network that is not up yet, is tried again with growing pauses, each
 * announced as a warning: 15 times, or as often as the environment says in
 * NYM_ENDPOINT_RESOLUTION_RETRIES or WG_ENDPOINT_RESOLUTION_RETRIES ("infinity"
 * for ever). Blocks meanwhile. A nested peer whose stated via-addresses are of
 * one family has an address of that family, or the name is refused.
 */
int nym_device_resolve(struct nym_device *device, struct nym_report *report);

/*
 * Warns of nested peers whose endpoint is of a family that their via-addresses
 * do not have. Where @complete is false, a peer that states no via-address may
 * have one already, or get one later.
 */
void nym_device_check_endpoints(const struct nym_device *device, bool complete,
				struct nym_report *report);

#endif
