/* SPDX-License-Identifier: GPL-2.0 */
/* Bounds handshake messages by source while under load: 20 a second, bursts of
 * 5, by IPv4 address and IPv6 /64, for each network namespace and carrier.
 */
#ifndef _NYM_RATELIMITER_H
#define _NYM_RATELIMITER_H

#include <linux/skbuff.h>

struct net;

/* One table serves all devices; it exists while at least one does. Both calls
 * are paired, may sleep, and need no lock of the caller's.
 */
int nym_ratelimiter_init(void);
void nym_ratelimiter_uninit(void);

/**
 * nym_ratelimiter_allow() - take a token of a message's source
 * @net:	namespace in which the source address means something
 * @carrier:	internal id of the carrier it came through, 0 for the real network
 * @family:	AF_INET or AF_INET6
 * @address:	source: 4 or 16 bytes
 *
 * Context: any. Return: false where the source has used its tokens, or where
 * the table is full.
 */
bool nym_ratelimiter_allow(const struct net *net, u64 carrier, u8 family,
			   const void *address);

/* The same, and what is done every second, at boottime @now in ns, for tests to
 * choose the time. The memory of who is forgotten counts until readers are done.
 */
bool nym_ratelimiter_allow_at(const struct net *net, u64 carrier, u8 family,
			      const void *address, u64 now);
void nym_ratelimiter_forget_idle_at(u64 now);

#endif /* _NYM_RATELIMITER_H */
