/* SPDX-License-Identifier: GPL-2.0 */
/* What follows from the passing of time, told by events named for what
 * happened. Section 6 of the paper.
 */
#ifndef _NYM_TIMERS_H
#define _NYM_TIMERS_H

#include <linux/ktime.h>

struct nym_peer;

void nym_timers_init(struct nym_peer *peer);

/* Stops them for good and waits for those that run. Context: process; the peer
 * is dead.
 */
void nym_timers_stop(struct nym_peer *peer);

/* All of these: any context but hard interrupts, peer kept alive by caller. */
void nym_timers_data_sent(struct nym_peer *peer);
void nym_timers_data_received(struct nym_peer *peer);
void nym_timers_any_authenticated_packet_sent(struct nym_peer *peer);
void nym_timers_any_authenticated_packet_received(struct nym_peer *peer);
void nym_timers_any_authenticated_packet_traversal(struct nym_peer *peer);
void nym_timers_handshake_initiated(struct nym_peer *peer);
void nym_timers_handshake_complete(struct nym_peer *peer);
void nym_timers_session_derived(struct nym_peer *peer);

static inline bool nym_birthdate_has_expired(u64 birthdate, u64 seconds)
{
	return (s64)(birthdate + seconds * NSEC_PER_SEC) <=
	       (s64)ktime_get_coarse_boottime_ns();
}

#endif /* _NYM_TIMERS_H */
