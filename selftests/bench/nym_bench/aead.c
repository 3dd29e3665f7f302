// SPDX-License-Identifier: GPL-2.0
/*
 * What one pass of the cipher costs in this kernel, in the way in which the
 * driver calls it: ChaCha20-Poly1305 over contiguous memory, in place, as long
 * as a message that fills the path MTU. Reading a parameter measures:
 *
 *	/sys/module/nym_bench/parameters/encrypt_ps
 *	/sys/module/nym_bench/parameters/decrypt_ps
 *
 * Both are picoseconds a message.
 */

#include <crypto/chacha20poly1305.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

enum {
	MESSAGE_SIZE = 1360,
	MESSAGES_IN_BATCH = 100,
	BATCHES = 31,
};

struct samples {
	u64 batch_ns[BATCHES];
	u8 message[MESSAGE_SIZE + CHACHA20POLY1305_AUTHTAG_SIZE];
	u8 sealed[MESSAGE_SIZE + CHACHA20POLY1305_AUTHTAG_SIZE];
	u8 key[CHACHA20POLY1305_KEY_SIZE];
};

static void encrypt_batch(struct samples *samples)
{
	unsigned int i;

	for (i = 0; i < MESSAGES_IN_BATCH; ++i)
		chacha20poly1305_encrypt(samples->message, samples->message,
					 MESSAGE_SIZE, NULL, 0, i, samples->key);
}

/* Out of place, so that each round finds a message that is genuine. */
static bool decrypt_batch(struct samples *samples)
{
	unsigned int i;

	for (i = 0; i < MESSAGES_IN_BATCH; ++i)
		if (!chacha20poly1305_decrypt(samples->message, samples->sealed,
					      sizeof(samples->sealed), NULL, 0,
					      0, samples->key))
			return false;
	return true;
}

static int compare_u64(const void *a, const void *b)
{
	const u64 left = *(const u64 *)a;
	const u64 right = *(const u64 *)b;

	return left < right ? -1 : left > right;
}

/* The median of many short batches: a tick or another task within some of them
 * does not show.
 */
static int measure(char *buffer, bool decrypt)
{
	struct samples *samples = kzalloc(sizeof(*samples), GFP_KERNEL);
	unsigned int i;
	int ret = -EBADMSG;

	if (!samples)
		return -ENOMEM;
	memset(samples->key, 0x5a, sizeof(samples->key));
	chacha20poly1305_encrypt(samples->sealed, samples->message, MESSAGE_SIZE,
				 NULL, 0, 0, samples->key);
	for (i = 0; i < BATCHES; ++i) {
		u64 began = ktime_get_ns();

		if (!decrypt)
			encrypt_batch(samples);
		else if (!decrypt_batch(samples))
			goto out;
		samples->batch_ns[i] = ktime_get_ns() - began;
		cond_resched();
	}
	sort(samples->batch_ns, BATCHES, sizeof(samples->batch_ns[0]), compare_u64,
	     NULL);
	ret = sysfs_emit(buffer, "%llu\n",
			 div_u64(samples->batch_ns[BATCHES / 2] * 1000,
				 MESSAGES_IN_BATCH));
out:
	kfree(samples);
	return ret;
}

static int get_encrypt(char *buffer, const struct kernel_param *param)
{
	return measure(buffer, false);
}

static int get_decrypt(char *buffer, const struct kernel_param *param)
{
	return measure(buffer, true);
}

static const struct kernel_param_ops encrypt_ops = { .get = get_encrypt };
static const struct kernel_param_ops decrypt_ops = { .get = get_decrypt };

module_param_cb(encrypt_ps, &encrypt_ops, NULL, 0400);
MODULE_PARM_DESC(encrypt_ps, "picoseconds to encrypt 1360 bytes, measured on each read");
module_param_cb(decrypt_ps, &decrypt_ops, NULL, 0400);
MODULE_PARM_DESC(decrypt_ps, "picoseconds to decrypt 1360 bytes, measured on each read");

MODULE_DESCRIPTION("cost of ChaCha20-Poly1305, for nym's benchmark");
MODULE_LICENSE("GPL");
