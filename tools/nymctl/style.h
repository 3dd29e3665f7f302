/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colours of listings for people. */
#ifndef NYMCTL_STYLE_H
#define NYMCTL_STYLE_H

/**
 * struct style - escape sequences, all empty where colours are not wanted
 */
struct style {
	const char *reset;
	const char *bold;
	const char *red;
	const char *green;
	const char *yellow;
	const char *cyan;
};

/*
 * Colours for a terminal, or what NYM_COLOR_MODE or WG_COLOR_MODE says:
 * "always", "never", or anything else for the choice by terminal.
 */
const struct style *style_of_output(void);

#endif
