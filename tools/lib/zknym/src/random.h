/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Randomness from the caller's generator or the operating system's. */
#ifndef ZN_RANDOM_H
#define ZN_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "zknym.h"

int zn_random(const struct zknym_rng *rng, void *buf, size_t len);

#endif
