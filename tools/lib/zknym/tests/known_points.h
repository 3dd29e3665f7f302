/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points that were decoded before. A mutation changes a point or two of a dozen;
 * to check the others again, hundreds of microseconds, finds nothing. The
 * linker puts these in the place of zn_g1_decode() and zn_g2_decode() (--wrap);
 * whatever is not known goes to them.
 */
#ifndef KNOWN_POINTS_H
#define KNOWN_POINTS_H

#include <stdbool.h>

/* Forgets all, and remembers what is decoded until known_points_stop(). */
void known_points_start(void);
void known_points_stop(void);

#endif
