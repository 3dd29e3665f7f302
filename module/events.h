/* SPDX-License-Identifier: GPL-2.0 */
/* Tells the "events" multicast group what happened. */
#ifndef _NYM_EVENTS_H
#define _NYM_EVENTS_H

#include <uapi/linux/nym.h>

struct nym_peer;

/**
 * nym_event_send() - report an event of a peer to the device's namespace
 * @peer:	kept alive by the caller
 * @kind:	what happened
 *
 * Costs next to nothing while nobody listens. A lost event is not reported.
 * Context: any but hard interrupts.
 */
void nym_event_send(struct nym_peer *peer, enum nym_event kind);

#endif /* _NYM_EVENTS_H */
