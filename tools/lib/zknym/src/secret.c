// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "secret.h"

void zknym_wipe(void *buf, size_t len)
{
	memset(buf, 0, len);
	/* The memory counts as read here, so that the memset is not dead. */
	__asm__ volatile("" : : "r"(buf) : "memory");
}
