/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handling of secrets: wiping, comparing and selecting in constant time, and
 * marking what is no longer secret.
 */
#ifndef ZN_SECRET_H
#define ZN_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zknym.h"

/*
 * The constant-time test builds the library with ZKNYM_SECRECY_TEST and runs
 * it under valgrind with every secret marked as undefined memory: a branch or
 * an address that depends on one is then reported. zn_disclose() names the
 * values that are public although they were computed from secrets, because
 * they are about to be sent, or because every run takes the same way.
 */
#ifdef ZKNYM_SECRECY_TEST
#include <valgrind/memcheck.h>
#define zn_disclose(p, len) VALGRIND_MAKE_MEM_DEFINED((p), (len))
#else
#define zn_disclose(p, len) ((void)(p), (void)(len))
#endif

/* Keeps the compiler from turning a mask back into a branch. */
static inline uint64_t zn_opaque(uint64_t value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

/* All ones if a == b, else 0. */
static inline uint64_t zn_mask_equal(uint64_t a, uint64_t b)
{
	uint64_t difference = zn_opaque(a ^ b);

	return ((difference | (0 - difference)) >> 63) - 1;
}

static inline bool zn_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint64_t difference = 0;
	bool equal;
	size_t i;

	for (i = 0; i < len; i++)
		difference |= a[i] ^ b[i];
	equal = zn_mask_equal(difference, 0);
	zn_disclose(&equal, sizeof(equal));
	return equal;
}

/* to = from where the mask is all ones; words of 64 bits. */
static inline void zn_copy_masked(uint64_t *to, const uint64_t *from,
				  size_t words, uint64_t mask)
{
	size_t i;

	for (i = 0; i < words; i++)
		to[i] |= from[i] & mask;
}

#define zn_wipe(p) zknym_wipe((p), sizeof(*(p)))

#endif
