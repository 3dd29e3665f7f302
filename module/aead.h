/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ChaCha20-Poly1305 (RFC 8439) of data messages: no associated data, the nonce is
 * the message's counter.
 *
 * It is the library's ChaCha20 and Poly1305, put together so that a train's
 * messages share work: the one-time keys of consecutive counters are computed side
 * by side, where the library's own AEAD computes one for each message, alone.
 */
#ifndef _NYM_AEAD_H
#define _NYM_AEAD_H

#include "messages.h"
#include <crypto/chacha.h>
#include <crypto/poly1305.h>
#include <linux/types.h>

/* One-time keys computed at once: what the widest vector code takes. */
#define NYM_AEAD_BATCH		8U

/**
 * struct nym_aead - a transport key at work on a train
 * @key:	the transport key; NULL before the first nym_aead_use()
 * @state:	ChaCha20 of that key, with counter and nonce to be filled in
 * @first:	message counter that the first of @one_time is for
 * @count:	how many of @one_time are there, for consecutive counters
 * @next:	counter after that of the message before; or that any is, or none,
 *		to be taken for the next
 * @one_time:	Poly1305 keys
 */
struct nym_aead {
	const u8 *key;
	struct chacha_state state;
	u64 first;
	unsigned int count;
	u64 next;
	u8 one_time[NYM_AEAD_BATCH][POLY1305_KEY_SIZE];
};

/* Tries whether one-time keys can be computed side by side; they are computed one by
 * one where not. Once, when the module is loaded.
 */
void nym_aead_init(void);

/**
 * nym_aead_get() - this CPU's, one for each layer of a train
 *
 * The caller's until nym_aead_put(). Context: BH disabled, until after that; inside
 * nym_buffer_lock() where both are wanted. Return: an array of NYM_MAX_HOPS, none of
 * which has a key.
 */
struct nym_aead *nym_aead_get(void);

/* Wipes what was used of the array that nym_aead_get() gave. */
void nym_aead_put(struct nym_aead *aead);

/**
 * nym_aead_use() - say which key the next message is under
 * @aead:	of a layer
 * @key:	the layer's transport key, which stays where it is until
 *		nym_aead_put(). Told by its address: where it is that of the message
 *		before, nothing is done
 */
void nym_aead_use(struct nym_aead *aead, const u8 key[NYM_SYMMETRIC_KEY_SIZE]);

/**
 * nym_aead_seal() - encrypt a message in place
 * @aead:	with its key
 * @text:	plaintext, becomes ciphertext with the tag behind it
 * @len:	bytes of plaintext
 * @counter:	the message's
 * @more:	how many messages with the next counters follow
 */
void nym_aead_seal(struct nym_aead *aead, u8 *text, unsigned int len, u64 counter,
		   unsigned int more);

/**
 * nym_aead_open() - check and decrypt a message
 * @aead:	with its key
 * @to:		where the plaintext goes; may be @from
 * @from:	ciphertext with the tag behind it; only read where it is not @to
 * @len:	bytes of plaintext
 * @counter:	the message's
 * @more:	how many messages follow, probably with the next counters
 *
 * Return: false where it is not authentic, and then @to is as it was.
 */
bool nym_aead_open(struct nym_aead *aead, u8 *to, const u8 *from, unsigned int len,
		   u64 counter, unsigned int more);

#endif /* _NYM_AEAD_H */
