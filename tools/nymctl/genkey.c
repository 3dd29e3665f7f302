// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "command.h"
#include "key.h"

static void warn_of_open_file(void)
{
	struct stat status;

	if (!fstat(STDOUT_FILENO, &status) && S_ISREG(status.st_mode) &&
	    status.st_mode & S_IRWXO)
		command_warn(
			"everyone can access the file that the key goes to: run 'umask 077' first");
}

int genkey_main(int argc, char *argv[])
{
	struct nym_report report = NYM_REPORT_INIT;
	char base64[NYM_KEY_BASE64_SIZE];
	uint8_t key[NYM_KEY_LEN];
	int ret;

	if (argc != 1)
		return command_usage(argv[0]);
	warn_of_open_file();
	if (!strcmp(argv[0], "genkey"))
		ret = nym_key_generate_private(key, &report);
	else
		ret = nym_key_generate_preshared(key, &report);
	if (ret)
		return command_failed(&report);
	nym_key_to_base64(base64, key);
	puts(base64);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(base64, sizeof(base64));
	return 0;
}
