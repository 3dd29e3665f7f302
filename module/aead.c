// SPDX-License-Identifier: GPL-2.0
/* ChaCha20-Poly1305 of data messages, a train at a time. */
#include "aead.h"
#include <linux/init.h>
#include <linux/local_lock.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <uapi/linux/nym.h>

/* Vector code begins at two blocks, and makes both in the time of one. */
#ifdef NYM_CHACHA_IS_VECTORISED
#define NYM_AEAD_LEAST		2U
#else
#define NYM_AEAD_LEAST		1U
#endif

/* In place of a counter; no message has it. */
#define NYM_AEAD_ANY		U64_MAX
#define NYM_AEAD_NONE		(U64_MAX - 1)

/**
 * struct nym_aeads - a CPU's
 * @lock:	keeps others out on real-time kernels, where BH disabled does not
 * @layer:	of the train that has it
 */
struct nym_aeads {
	local_lock_t lock;	/* layer */
	struct nym_aead layer[NYM_MAX_HOPS];
};

static DEFINE_PER_CPU(struct nym_aeads, aeads) = {
	.lock = INIT_LOCAL_LOCK(lock),
};

/* Does the library take all of ChaCha's state from where it is told? Some vector code
 * (s390's) has the constants of the first row built in, where a turned state has
 * others.
 */
static bool may_turn __ro_after_init;

struct nym_aead *nym_aead_get(void)
{
	local_lock_nested_bh(&aeads.lock);
	return this_cpu_ptr(aeads.layer);
}

void nym_aead_put(struct nym_aead *aead)
{
	unsigned int layer;

	for (layer = 0; layer < NYM_MAX_HOPS; ++layer)
		if (aead[layer].key)
			memzero_explicit(&aead[layer], sizeof(aead[layer]));
	local_unlock_nested_bh(&aeads.lock);
}

void nym_aead_use(struct nym_aead *aead, const u8 key[NYM_SYMMETRIC_KEY_SIZE])
{
	u32 words[CHACHA_KEY_SIZE / sizeof(u32)];
	u8 iv[CHACHA_IV_SIZE] = {};
	unsigned int i;

	if (likely(aead->key == key))
		return;
	for (i = 0; i < ARRAY_SIZE(words); ++i)
		words[i] = get_unaligned_le32(key + i * sizeof(u32));
	chacha_init(&aead->state, words, iv);
	memzero_explicit(words, sizeof(words));
	/* What changes from key to key is not taken to stay with one. */
	aead->next = aead->key ? NYM_AEAD_NONE : NYM_AEAD_ANY;
	aead->key = key;
	aead->count = 0;
}

/* The first two words of a ChaCha20 state's last row are WireGuard's block counter,
 * the others the message's.
 */
static void set_counters(struct chacha_state *state, u32 block, u64 counter)
{
	state->x[12] = block;
	state->x[13] = 0;
	state->x[14] = lower_32_bits(counter);
	state->x[15] = upper_32_bits(counter);
}

/* Two words to the side within its row, cyclically. */
static unsigned int turned(unsigned int word)
{
	return word ^ 2;
}

/* The one-time key of one counter: the beginning of the message's block 0. */
static void compute_alone(struct chacha_state *message, u64 counter,
			  u8 one_time[POLY1305_KEY_SIZE])
{
	struct chacha_state state;

	set_counters(message, 0, counter);
	state = *message;
	memset(one_time, 0, POLY1305_KEY_SIZE);
	chacha20_crypt(&state, one_time, one_time, POLY1305_KEY_SIZE);
	chacha_zeroize_state(&state);
}

/* The one-time keys of @count consecutive counters.
 *
 * The library computes consecutive blocks of one message side by side, which differ
 * in word 12 of the state. Here it is word 14 that differs. But ChaCha's rounds do
 * the same to each column, and to each diagonal; so when all rows are turned by two
 * words, so is the result, and what was word 14 is where the library counts.
 */
static void compute_side_by_side(struct chacha_state *message, u64 counter,
				 u8 one_time[][POLY1305_KEY_SIZE],
				 unsigned int count)
{
	u32 blocks[NYM_AEAD_BATCH][CHACHA_STATE_WORDS];
	struct chacha_state state;
	unsigned int i, word;

	set_counters(message, 0, counter);
	for (word = 0; word < CHACHA_STATE_WORDS; ++word)
		state.x[turned(word)] = message->x[word];
	memset(blocks, 0, count * CHACHA_BLOCK_SIZE);
	chacha20_crypt(&state, (u8 *)blocks, (u8 *)blocks,
		       count * CHACHA_BLOCK_SIZE);
	for (i = 0; i < count; ++i)
		for (word = 0; word < POLY1305_KEY_SIZE / sizeof(u32); ++word)
			memcpy(&one_time[i][word * sizeof(u32)],
			       &blocks[i][turned(word)], sizeof(u32));
	chacha_zeroize_state(&state);
	memzero_explicit(blocks, count * CHACHA_BLOCK_SIZE);
}

/* Computes the one-time keys of @count consecutive counters, or of fewer. */
static void compute_one_time_keys(struct nym_aead *aead, u64 counter,
				  unsigned int count)
{
	/* The library counts no further than its one word. */
	u32 to_wrap = U32_MAX - lower_32_bits(counter);

	aead->first = counter;
	if (!may_turn) {
		compute_alone(&aead->state, counter, aead->one_time[0]);
		aead->count = 1;
		return;
	}
	count = clamp(count, NYM_AEAD_LEAST, NYM_AEAD_BATCH);
	compute_side_by_side(&aead->state, counter, aead->one_time, count);
	aead->count = min_t(u64, count, (u64)to_wrap + 1);
}

/* Of each number of blocks, which may be code of its own. */
void __init nym_aead_init(void)
{
	static u8 together[NYM_AEAD_BATCH][POLY1305_KEY_SIZE] __initdata;
	u32 key[CHACHA_KEY_SIZE / sizeof(u32)] = {};
	u8 iv[CHACHA_IV_SIZE] = {};
	u8 alone[POLY1305_KEY_SIZE];
	struct chacha_state message;
	unsigned int count, i;

	chacha_init(&message, key, iv);
	for (count = 1; count <= NYM_AEAD_BATCH; ++count) {
		compute_side_by_side(&message, 0, together, count);
		for (i = 0; i < count; ++i) {
			compute_alone(&message, i, alone);
			if (memcmp(together[i], alone, sizeof(alone)))
				return;
		}
	}
	may_turn = true;
}

/* The one-time key of a message, and those of @more that follow where this one
 * followed on the one before.
 */
static const u8 *one_time_key(struct nym_aead *aead, u64 counter, unsigned int more)
{
	u64 index = counter - aead->first;

	if (index >= aead->count) {
		bool follows = aead->next == counter ||
			       aead->next == NYM_AEAD_ANY;

		compute_one_time_keys(aead, counter, follows ? 1 + more : 1);
		index = 0;
	}
	aead->next = counter + 1;
	return aead->one_time[index];
}

static void authenticate(const u8 one_time[POLY1305_KEY_SIZE], const u8 *sealed,
			 unsigned int len, u8 tag[NYM_TAG_SIZE])
{
	unsigned int whole = round_down(len, POLY1305_BLOCK_SIZE);
	struct poly1305_desc_ctx poly1305;
	struct {
		u8 rest[POLY1305_BLOCK_SIZE];
		__le64 associated_len;
		__le64 len;
	} end = { .len = cpu_to_le64(len) };

	poly1305_init(&poly1305, one_time);
	poly1305_update(&poly1305, sealed, whole);
	memcpy(end.rest, sealed + whole, len - whole);
	if (whole < len)
		poly1305_update(&poly1305, (u8 *)&end, sizeof(end));
	else
		poly1305_update(&poly1305, (u8 *)&end.associated_len,
				sizeof(end) - sizeof(end.rest));
	poly1305_final(&poly1305, tag);
}

/* XORs a message with its key stream, which begins behind the block that the
 * one-time key is of.
 */
static void crypt(const struct nym_aead *aead, u8 *to, const u8 *from,
		  unsigned int len, u64 counter)
{
	struct chacha_state state = aead->state;

	set_counters(&state, 1, counter);
	chacha20_crypt(&state, to, from, len);
	chacha_zeroize_state(&state);
}

void nym_aead_seal(struct nym_aead *aead, u8 *text, unsigned int len, u64 counter,
		   unsigned int more)
{
	const u8 *one_time = one_time_key(aead, counter, more);

	crypt(aead, text, text, len, counter);
	authenticate(one_time, text, len, text + len);
}

bool nym_aead_open(struct nym_aead *aead, u8 *to, const u8 *from, unsigned int len,
		   u64 counter, unsigned int more)
{
	u8 tag[NYM_TAG_SIZE];

	authenticate(one_time_key(aead, counter, more), from, len, tag);
	if (crypto_memneq(tag, from + len, sizeof(tag)))
		return false;
	crypt(aead, to, from, len, counter);
	return true;
}
