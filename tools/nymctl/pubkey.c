// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <unistd.h>

#include <sodium.h>

#include "command.h"
#include "key.h"

int pubkey_main(int argc, char *argv[])
{
	struct nym_report report = NYM_REPORT_INIT;
	char base64[NYM_KEY_BASE64_SIZE];
	uint8_t key[NYM_KEY_LEN];

	if (argc != 1)
		return command_usage(argv[0]);
	if (nym_key_read_fd(key, STDIN_FILENO, "The standard input", &report))
		return command_failed(&report);
	nym_key_derive_public(key, key);
	nym_key_to_base64(base64, key);
	puts(base64);
	sodium_memzero(key, sizeof(key));
	return 0;
}
