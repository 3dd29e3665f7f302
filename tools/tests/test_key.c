// SPDX-License-Identifier: GPL-2.0-or-later
#include "ktap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "key.h"
#include "report.h"

static void round_trips(void)
{
	char base64[NYM_KEY_BASE64_SIZE], hex[NYM_KEY_HEX_SIZE];
	uint8_t key[NYM_KEY_LEN], back[NYM_KEY_LEN];
	unsigned int round, i;

	srand(1);
	for (round = 0; round < 500; ++round) {
		for (i = 0; i < NYM_KEY_LEN; ++i)
			key[i] = (uint8_t)rand();
		nym_key_to_base64(base64, key);
		expect(nym_key_from_base64(back, base64));
		expect(!memcmp(key, back, NYM_KEY_LEN));
		nym_key_to_hex(hex, key);
		expect(nym_key_from_hex(back, hex));
		expect(!memcmp(key, back, NYM_KEY_LEN));
	}
}

static void refuses_what_is_no_key(void)
{
	static const char *const texts[] = {
		"",
		"=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AQEBAQEBAQEBAQEBAQEBAQ\273\305AQEBAQEBAQEBAQEBAQE=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
		/* Two bits behind the 256th. */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
		"AAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAA=",
		" AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	};
	uint8_t key[NYM_KEY_LEN];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i) {
		memset(key, 1, sizeof(key));
		expect(!nym_key_from_base64(key, texts[i]));
		expect(nym_key_is_zero(key));
	}
	expect(!nym_key_from_hex(key, "00"));
	expect(!nym_key_from_hex(key, "0000000000000000000000000000000000000000"
				      "00000000000000000000000g"));
}

/* RFC 7748, section 6.1: Alice's key pair. */
static void derives_the_public_key(void)
{
	char hex[NYM_KEY_HEX_SIZE];
	uint8_t key[NYM_KEY_LEN];

	expect(nym_key_from_hex(key, "77076d0a7318a57d3c16c17251b26645"
				     "df4c2f87ebc0992ab177fba51db92c2a"));
	nym_key_derive_public(key, key);
	nym_key_to_hex(hex, key);
	expect_text("8520f0098930a754748b7ddcb43ef75a"
		    "0dbf3a0d26381af4eba4a98eaa9b4e6a",
		    hex);
}

static void generates_clamped_keys(void)
{
	uint8_t key[NYM_KEY_LEN], other[NYM_KEY_LEN];
	unsigned int round;

	for (round = 0; round < 100; ++round) {
		expect_number(0, (unsigned int)nym_key_generate_private(key,
									NULL));
		expect_number(0, key[0] & 7);
		expect_number(0x40, key[31] & 0xc0);
		expect_number(0,
			      (unsigned int)nym_key_generate_preshared(other,
								       NULL));
		expect(!nym_key_equal(key, other));
	}
}

/* What key files hold around the key, and whether they are taken. */
static void reads_key_files(void)
{
	static const struct {
		const char *before;
		const char *after;
		bool valid;
	} files[] = {
		{ "", "", true },	 { "", "\n", true },
		{ "", "\n\n \t", true }, { "", "\nx\n", false },
		{ " ", "\n", false },	 { "", "=", false },
		{ "x", "", false },	 { "\n", "", false },
	};
	struct nym_report report = NYM_REPORT_INIT;
	uint8_t key[NYM_KEY_LEN], expected[NYM_KEY_LEN];
	const char *text = test_key_text(7);
	char path[] = "/tmp/nym-test-XXXXXX";
	int fd = mkstemp(path), ret;
	size_t i;

	test_key(expected, 7);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); ++i) {
		if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
			abort();
		dprintf(fd, "%s%s%s", files[i].before, text, files[i].after);
		ret = nym_key_read_file(key, path, &report);
		expect(!ret == files[i].valid);
		expect(!files[i].valid || nym_key_equal(key, expected));
		/* What is wrong with a secret is said without the secret. */
		expect(!strstr(report.error, text));
	}
	close(fd);
	unlink(path);
	expect(!nym_key_read_file(key, "/dev/null", &report));
	expect(nym_key_is_zero(key));
	expect(nym_key_read_file(key, path, &report));
	expect(nym_key_read_file(key, "/dev/zero", &report));
}

static const struct ktap_case cases[] = {
	{ "keys survive their text forms", round_trips },
	{ "what is no key is refused", refuses_what_is_no_key },
	{ "a public key follows from its private key", derives_the_public_key },
	{ "new private keys are clamped", generates_clamped_keys },
	{ "key files", reads_key_files },
};

KTAP_MAIN(cases)
