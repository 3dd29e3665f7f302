// SPDX-License-Identifier: GPL-2.0-or-later
#include "drop.h"

const char *nym_drop_name(enum nym_drop_reason reason)
{
	static const char *const names[NYM_DROP_MAX + 1] = {
		[NYM_DROP_UNSPEC] = "unspec",
		[NYM_DROP_PAD] = "pad",
		[NYM_DROP_MALFORMED] = "malformed",
		[NYM_DROP_CHECKSUM] = "checksum",
		[NYM_DROP_NO_SESSION] = "no-session",
		[NYM_DROP_NOT_AUTHENTIC] = "not-authentic",
		[NYM_DROP_REPLAYED] = "replayed",
		[NYM_DROP_UNKNOWN_PEER] = "unknown-peer",
		[NYM_DROP_OUTSIDE_CARRIER] = "outside-carrier",
		[NYM_DROP_COOKIE_REQUIRED] = "cookie-required",
		[NYM_DROP_RATE_LIMITED] = "rate-limited",
		[NYM_DROP_ECN] = "ecn",
		[NYM_DROP_NOT_IP] = "not-ip",
		[NYM_DROP_SOURCE_NOT_ALLOWED] = "source-not-allowed",
		[NYM_DROP_REASSEMBLY] = "reassembly",
		[NYM_DROP_NO_ALLOWED_IP] = "no-allowed-ip",
		[NYM_DROP_NO_CARRIER] = "no-carrier",
		[NYM_DROP_NO_VIA_ADDRESS] = "no-via-address",
		[NYM_DROP_NO_ENDPOINT] = "no-endpoint",
		[NYM_DROP_NO_ROUTE] = "no-route",
		[NYM_DROP_UNREACHABLE] = "unreachable",
		[NYM_DROP_TOO_BIG] = "too-big",
		[NYM_DROP_SEGMENTATION] = "segmentation",
		[NYM_DROP_QUEUE_FULL] = "queue-full",
		[NYM_DROP_QUOTA] = "quota",
		[NYM_DROP_REMOVED] = "removed",
		[NYM_DROP_NO_MEMORY] = "no-memory",
	};

	return names[reason];
}
