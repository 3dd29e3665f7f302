/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wire format of WireGuard and its constants.
 *
 * Sections named below are those of the WireGuard paper (Donenfeld, "WireGuard:
 * Next Generation Kernel Network Tunnel", NDSS 2017).
 */
#ifndef _NYM_MESSAGES_H
#define _NYM_MESSAGES_H

#include <crypto/blake2s.h>
#include <crypto/chacha20poly1305.h>
#include <crypto/curve25519.h>
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/types.h>

#define NYM_KEY_SIZE		CURVE25519_KEY_SIZE
#define NYM_SYMMETRIC_KEY_SIZE	CHACHA20POLY1305_KEY_SIZE
#define NYM_HASH_SIZE		BLAKE2S_HASH_SIZE
#define NYM_TAG_SIZE		CHACHA20POLY1305_AUTHTAG_SIZE
#define NYM_TIMESTAMP_SIZE	(sizeof(__be64) + sizeof(__be32))	/* TAI64N */
#define NYM_MAC_SIZE		16
#define NYM_COOKIE_SIZE		16
#define NYM_COOKIE_NONCE_SIZE	XCHACHA20POLY1305_NONCE_SIZE

#define nym_sealed_size(plain)	((plain) + NYM_TAG_SIZE)

/* Section 6.1 of the paper, "Preliminaries". All are overridden only by test
 * builds that need limits to be reached in seconds.
 */
#ifndef NYM_REKEY_AFTER_MESSAGES
#define NYM_REKEY_AFTER_MESSAGES	BIT_ULL(60)
#endif
#ifndef NYM_REKEY_AFTER_TIME
#define NYM_REKEY_AFTER_TIME		120	/* seconds, as are those below */
#endif
#ifndef NYM_REJECT_AFTER_TIME
#define NYM_REJECT_AFTER_TIME		180
#endif
#define NYM_REKEY_TIMEOUT		5
#define NYM_REKEY_TIMEOUT_JITTER_MAX	(HZ / 3) /* jiffies */
#define NYM_KEEPALIVE_TIMEOUT		10
#define NYM_REKEY_ATTEMPT_TIME		90
#define NYM_MAX_HANDSHAKE_ATTEMPTS	(NYM_REKEY_ATTEMPT_TIME / NYM_REKEY_TIMEOUT)
#define NYM_COOKIE_SECRET_MAX_AGE	120
#define NYM_COOKIE_SECRET_LATENCY	5
#define NYM_INITIATIONS_PER_SECOND	50

/* Our timestamps toward a peer are less than this many ns ahead of our clock. */
#define NYM_CLOCK_AHEAD_LIMIT		BIT_ULL(34)

#define NYM_REPLAY_WINDOW_BITS		8192
#ifndef NYM_REJECT_AFTER_MESSAGES
#define NYM_REJECT_AFTER_MESSAGES	(U64_MAX - NYM_REPLAY_WINDOW_BITS - 1)
#endif

#define NYM_PADDING_MULTIPLE		16

enum nym_message_type {
	NYM_MESSAGE_INVALID	= 0,
	NYM_MESSAGE_INITIATION	= 1,
	NYM_MESSAGE_RESPONSE	= 2,
	NYM_MESSAGE_COOKIE	= 3,
	NYM_MESSAGE_DATA	= 4,
};

/* One byte of type and three zero bytes, read as one little-endian word. */
struct nym_message_header {
	__le32 type;
};

struct nym_message_macs {
	u8 mac1[NYM_MAC_SIZE];
	u8 mac2[NYM_MAC_SIZE];
};

/* Section 5.4.2, "First Message: Initiator to Responder". */
struct nym_message_initiation {
	struct nym_message_header header;
	__le32 sender_index;
	u8 unencrypted_ephemeral[NYM_KEY_SIZE];
	u8 encrypted_static[nym_sealed_size(NYM_KEY_SIZE)];
	u8 encrypted_timestamp[nym_sealed_size(NYM_TIMESTAMP_SIZE)];
	struct nym_message_macs macs;
};

/* Section 5.4.3, "Second Message: Responder to Initiator". */
struct nym_message_response {
	struct nym_message_header header;
	__le32 sender_index;
	__le32 receiver_index;
	u8 unencrypted_ephemeral[NYM_KEY_SIZE];
	u8 encrypted_nothing[nym_sealed_size(0)];
	struct nym_message_macs macs;
};

/* Section 5.4.7, "Under Load: Cookie Reply Message". */
struct nym_message_cookie {
	struct nym_message_header header;
	__le32 receiver_index;
	u8 nonce[NYM_COOKIE_NONCE_SIZE];
	u8 encrypted_cookie[nym_sealed_size(NYM_COOKIE_SIZE)];
};

/* Section 5.4.6, "Subsequent Messages: Transport Data Messages". */
struct nym_message_data {
	struct nym_message_header header;
	__le32 receiver_index;
	__le64 counter;
	u8 encrypted_data[];
};

static_assert(sizeof(struct nym_message_initiation) == 148);
static_assert(sizeof(struct nym_message_response) == 92);
static_assert(sizeof(struct nym_message_cookie) == 64);
static_assert(sizeof(struct nym_message_data) == 16);

/* Size of a data message whose padded plaintext has @plain bytes. */
#define nym_message_data_size(plain) \
	(sizeof(struct nym_message_data) + nym_sealed_size(plain))
#define NYM_MESSAGE_DATA_OVERHEAD	nym_message_data_size(0)
#define NYM_MESSAGE_MIN_SIZE		NYM_MESSAGE_DATA_OVERHEAD

/* Bytes that one hop adds: IP and UDP header, then the data message's own. */
#define NYM_HOP_OVERHEAD4	(20 + 8 + NYM_MESSAGE_DATA_OVERHEAD)
#define NYM_HOP_OVERHEAD6	(40 + 8 + NYM_MESSAGE_DATA_OVERHEAD)

static_assert(NYM_HOP_OVERHEAD4 == 60);
static_assert(NYM_HOP_OVERHEAD6 == 80);

#endif /* _NYM_MESSAGES_H */
