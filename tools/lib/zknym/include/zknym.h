/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zknym - unlinkable tickets: threshold-issued offline compact e-cash
 *
 * Authorities, any `threshold` of them together, issue books of 50 tickets
 * blindly. A user spends each ticket once, as a fresh zero-knowledge proof
 * that a gateway checks offline. Two spends of one ticket reveal the user's
 * public key; anything less reveals nothing. The curve is BLS12-381. Byte
 * formats are those of Nym's zk-nyms.
 *
 * The scheme is compact e-cash (Camenisch, Hohenberger, Lysyanskaya,
 * Eurocrypt 2005) in its offline threshold-issued form (Rial, Piotrowska,
 * "Compact and Divisible E-Cash with Threshold Issuance", PETS 2023) on
 * Pointcheval-Sanders signatures (CT-RSA 2016) issued by thresholds as in
 * Coconut (NDSS 2019). Below, "ZKN n" is the section of
 * Documentation/tickets.rst that gives the equations.
 *
 * Conventions
 * -----------
 * - Every function that can fail returns 0 (ZKNYM_OK) or one of
 *   enum zknym_error. On failure outputs hold nothing of use, and nothing
 *   secret.
 * - Structures are plain memory owned by the caller: no hidden pointers,
 *   copy them freely, zknym_wipe() the secret ones. The two exceptions,
 *   struct zknym_master and struct zknym_payment, are made by _new() and
 *   released by _free().
 * - Lengths are in bytes, dates are Unix times of 00:00:00 UTC in seconds,
 *   indices of tickets count from 0, those of authorities from 1.
 * - Nothing here does I/O, except that the default generator asks the
 *   kernel (getrandom). The only global state is a table of multiples of the
 *   fixed generators, computed once and never changed: all functions may be
 *   called from any thread, as long as no two threads write one object.
 * - Running time does not depend on secrets: user secrets, wallets, blinding
 *   factors and authority keys. Verification works on public data and runs
 *   in variable time.
 */
#ifndef ZKNYM_H
#define ZKNYM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sizes of encodings, in bytes. */
#define ZKNYM_G1_SIZE 48     /* compressed point of G1 */
#define ZKNYM_G2_SIZE 96     /* compressed point of G2 */
#define ZKNYM_SCALAR_SIZE 32 /* little endian, below r */
#define ZKNYM_USER_SECRET_SIZE 32
#define ZKNYM_USER_PUBLIC_SIZE 48
#define ZKNYM_USER_TEXT_SIZE 67 /* base58 and its NUL */
#define ZKNYM_REQUEST_SIZE 397
#define ZKNYM_REQUEST_SECRET_SIZE 248
#define ZKNYM_SIGNATURE_SIZE 96
#define ZKNYM_PARTIAL_WALLET_SIZE 200
#define ZKNYM_WALLET_SIGNATURES_SIZE 133
#define ZKNYM_WALLET_SIZE 141
#define ZKNYM_PAY_INFO_SIZE 72
#define ZKNYM_PROVIDER_SIZE 32 /* ed25519 public key */
#define ZKNYM_SERIAL_SIZE 48
#define ZKNYM_TAG_SIZE 48

/* Keys have 4 signed attributes; keys with an unused fifth are accepted. */
#define ZKNYM_ATTRIBUTES 4
#define ZKNYM_ATTRIBUTES_MAX 5
#define ZKNYM_SECRET_KEY_SIZE(q) (40 + 32 * (q))
#define ZKNYM_VERIFICATION_KEY_SIZE(q) (104 + 144 * (q))
#define ZKNYM_SECRET_KEY_SIZE_MAX ZKNYM_SECRET_KEY_SIZE(5)
#define ZKNYM_VERIFICATION_KEY_SIZE_MAX ZKNYM_VERIFICATION_KEY_SIZE(5)

/* Payments of n coins, and tickets around them. */
#define ZKNYM_PAYMENT_SIZE(n) (683 + 507 * (n))
#define ZKNYM_PAYMENT_COMPAT_SIZE(n) (683 + 474 * (n))
#define ZKNYM_TICKET_SIZE(n) (ZKNYM_PAYMENT_SIZE(n) + 88)
#define ZKNYM_TICKET_COMPAT_SIZE(n) (ZKNYM_PAYMENT_COMPAT_SIZE(n) + 88)
#define ZKNYM_SERDE_SIZE_MAX(n) (ZKNYM_PAYMENT_SIZE(n) + 90)

/* Figures of the scheme. */
#define ZKNYM_TICKETS 50	  /* tickets in a book */
#define ZKNYM_VALIDITY_DAYS 7	  /* the day of issue counted */
#define ZKNYM_DAY 86400		  /* seconds */
#define ZKNYM_SKEW 30		  /* clock tolerance, seconds */
#define ZKNYM_AUTHORITIES_MAX 100 /* in one aggregation */

/**
 * enum zknym_error - what was wrong
 * @ZKNYM_OK: nothing
 * @ZKNYM_E_LENGTH: the total length is not the format's
 * @ZKNYM_E_FORMAT: a length byte, a count or the encoding of a number
 * @ZKNYM_E_UNBOUND_INDEX: compat form: the index is not bound to the proof
 * @ZKNYM_E_SCALAR: a scalar is not below r
 * @ZKNYM_E_POINT: not the encoding of a point, or outside the subgroup
 * @ZKNYM_E_INFINITY: a point at infinity
 * @ZKNYM_E_VALUE: the spend value is not the required one
 * @ZKNYM_E_TYPE: the ticket type is unknown, unwanted or not as claimed
 * @ZKNYM_E_PROVIDER: made out to another gateway
 * @ZKNYM_E_TIMESTAMP: the pay-info's time is too far from now
 * @ZKNYM_E_DATE: not today's date, or not a date
 * @ZKNYM_E_EPOCH: no master key for this epoch; for callers
 * @ZKNYM_E_REPLAY: the same payment again
 * @ZKNYM_E_DOUBLE_SPEND: the same ticket in another payment; for callers
 * @ZKNYM_E_DUP_SERIAL: one payment spends a ticket twice
 * @ZKNYM_E_PROOF: the zero-knowledge proof does not hold
 * @ZKNYM_E_SIG_WALLET: the signature on the wallet does not hold
 * @ZKNYM_E_SIG_DATE: the signature on expiration and spend date does not hold
 * @ZKNYM_E_SIG_INDEX: the signature on the ticket's index does not hold
 * @ZKNYM_E_SIG_BATCH: a signature among several does not hold
 * @ZKNYM_E_POLICY: the issuing rules do not allow the request
 * @ZKNYM_E_KEY: halves or shares of a key do not belong together
 * @ZKNYM_E_SIGNERS: too few or too many signers, or an index is zero or
 *                   repeated
 * @ZKNYM_E_EMPTY: the book has not that many tickets left
 * @ZKNYM_E_RANGE: an index, count or size is outside its range
 * @ZKNYM_E_RANDOM: the random generator failed
 * @ZKNYM_E_MEMORY: out of memory
 * @ZKNYM_ERRORS: number of values
 *
 * The names up to E_POLICY are the protocol's (ZKN 6.4, 3.2); values are not
 * part of it. None changes any state of the verifier.
 */
enum zknym_error {
	ZKNYM_OK = 0,
	ZKNYM_E_LENGTH,
	ZKNYM_E_FORMAT,
	ZKNYM_E_UNBOUND_INDEX,
	ZKNYM_E_SCALAR,
	ZKNYM_E_POINT,
	ZKNYM_E_INFINITY,
	ZKNYM_E_VALUE,
	ZKNYM_E_TYPE,
	ZKNYM_E_PROVIDER,
	ZKNYM_E_TIMESTAMP,
	ZKNYM_E_DATE,
	ZKNYM_E_EPOCH,
	ZKNYM_E_REPLAY,
	ZKNYM_E_DOUBLE_SPEND,
	ZKNYM_E_DUP_SERIAL,
	ZKNYM_E_PROOF,
	ZKNYM_E_SIG_WALLET,
	ZKNYM_E_SIG_DATE,
	ZKNYM_E_SIG_INDEX,
	ZKNYM_E_SIG_BATCH,
	ZKNYM_E_POLICY,
	ZKNYM_E_KEY,
	ZKNYM_E_SIGNERS,
	ZKNYM_E_EMPTY,
	ZKNYM_E_RANGE,
	ZKNYM_E_RANDOM,
	ZKNYM_E_MEMORY,
	ZKNYM_ERRORS
};

/**
 * zknym_strerror() - one line for people
 * @error: value of enum zknym_error
 *
 * Return: a constant text, also for values that do not exist.
 */
const char *zknym_strerror(int error);

/**
 * zknym_error_name() - the protocol's name, "E_PROOF"
 * @error: value of enum zknym_error
 *
 * Return: a constant text; "OK" for 0.
 */
const char *zknym_error_name(int error);

/**
 * struct zknym_rng - a source of randomness
 * @fill: puts @len random bytes at @buf; returns 0, anything else aborts the
 *        operation with ZKNYM_E_RANDOM
 * @context: given to @fill
 *
 * Everywhere NULL stands for the operating system's generator. Another one
 * serves to reproduce test vectors; nonces drawn from a predictable generator
 * give the user's secret away. A scalar takes 64 bytes, read as a little
 * endian integer mod r and drawn again when zero.
 */
struct zknym_rng {
	int (*fill)(void *context, void *buf, size_t len);
	void *context;
};

/**
 * zknym_wipe() - overwrite secrets so that no compiler leaves it out
 * @buf: memory
 * @len: bytes
 */
void zknym_wipe(void *buf, size_t len);

/**
 * zknym_init() - compute the constant tables now
 *
 * Optional: whatever needs the tables computes them on first use, in about
 * 10 ms, once per process.
 */
void zknym_init(void);

/* Dates (ZKN 1). */

/**
 * zknym_date() - the date of a moment
 * @time: Unix time in seconds
 * @date: result, divisible by ZKNYM_DAY
 *
 * Return: 0; ZKNYM_E_DATE where @time does not fit 32 bits.
 */
int zknym_date(int64_t time, uint32_t *date);

/**
 * zknym_expiration() - the expiration date of a book issued at a moment
 * @time: Unix time in seconds
 * @expiration: result, the date six days later
 *
 * Return: 0; ZKNYM_E_DATE.
 */
int zknym_expiration(int64_t time, uint32_t *expiration);

/* Keys of authorities (ZKN 2). */

/** struct zknym_secret_key - an authority's share; secret, wipe after use */
struct zknym_secret_key {
	uint64_t opaque[25];
};

/** struct zknym_verification_key - public part of a share, or of the whole */
struct zknym_verification_key {
	uint64_t opaque[308];
};

/**
 * zknym_deal() - make the shares of a new set of authorities
 * @shares: @count results; authority i (from 1) gets shares[i - 1]
 * @commitments: @threshold results, Feldman's (FOCS 1987): the coefficients of
 *               the dealer's polynomials, each in the form of a verification
 *               key. commitments[0] is the master verification key.
 * @threshold: how many authorities suffice to issue
 * @count: how many there are, at most ZKNYM_AUTHORITIES_MAX
 * @rng: generator, NULL for the system's
 *
 * The master secret exists only as intermediate values, which are wiped.
 *
 * Return: 0; ZKNYM_E_RANGE unless 1 <= @threshold <= @count; ZKNYM_E_RANDOM.
 */
int zknym_deal(struct zknym_secret_key *shares,
	       struct zknym_verification_key *commitments,
	       unsigned int threshold, unsigned int count,
	       const struct zknym_rng *rng);

/**
 * zknym_share_verify() - does my share belong to the announced key set?
 * @share: the share received from the dealer
 * @index: whose it is, from 1
 * @commitments: the dealer's public commitments
 * @threshold: how many commitments there are
 *
 * Return: 0; ZKNYM_E_KEY if not; ZKNYM_E_SIGNERS for index 0; ZKNYM_E_RANGE.
 */
int zknym_share_verify(const struct zknym_secret_key *share, unsigned int index,
		       const struct zknym_verification_key *commitments,
		       unsigned int threshold);

/**
 * zknym_commitments_evaluate() - verification key of one authority
 * @key: result
 * @index: whose, from 1
 * @commitments: the dealer's public commitments
 * @threshold: how many commitments there are
 *
 * Lets anybody compute every authority's verification key without asking it.
 *
 * Return: 0; ZKNYM_E_SIGNERS, ZKNYM_E_RANGE, ZKNYM_E_KEY.
 */
int zknym_commitments_evaluate(struct zknym_verification_key *key,
			       unsigned int index,
			       const struct zknym_verification_key *commitments,
			       unsigned int threshold);

/**
 * zknym_secret_key_encode() - write a share
 * @out: buffer
 * @size: its size; 168 bytes suffice for 4 attributes, 200 for 5
 * @len: bytes written
 * @key: share
 *
 * Return: 0; ZKNYM_E_RANGE if @size is too small.
 */
int zknym_secret_key_encode(uint8_t *out, size_t size, size_t *len,
			    const struct zknym_secret_key *key);

/**
 * zknym_secret_key_decode() - read a share
 * @key: result
 * @in: 168 or 200 bytes
 * @len: length of @in
 *
 * Return: 0; ZKNYM_E_LENGTH, ZKNYM_E_FORMAT, ZKNYM_E_SCALAR.
 */
int zknym_secret_key_decode(struct zknym_secret_key *key, const uint8_t *in,
			    size_t len);

/**
 * zknym_verification_key_derive() - the public part of a share
 * @key: result
 * @secret: share
 *
 * Return: 0; ZKNYM_E_INFINITY for a share with a zero component.
 */
int zknym_verification_key_derive(struct zknym_verification_key *key,
				  const struct zknym_secret_key *secret);

/**
 * zknym_verification_key_encode() - write a verification key
 * @out: buffer
 * @size: its size; 680 bytes suffice for 4 attributes, 824 for 5
 * @len: bytes written
 * @key: verification key
 *
 * Return: 0; ZKNYM_E_RANGE if @size is too small.
 */
int zknym_verification_key_encode(uint8_t *out, size_t size, size_t *len,
				  const struct zknym_verification_key *key);

/**
 * zknym_verification_key_decode() - read a verification key
 * @key: result
 * @in: 680 or 824 bytes
 * @len: length of @in
 *
 * Checks every point, but not that they belong together: call
 * zknym_verification_key_check() on every key that comes from outside.
 *
 * Return: 0; ZKNYM_E_LENGTH, ZKNYM_E_FORMAT, ZKNYM_E_POINT, ZKNYM_E_INFINITY.
 */
int zknym_verification_key_decode(struct zknym_verification_key *key,
				  const uint8_t *in, size_t len);

/**
 * zknym_verification_key_check() - do the halves of a key belong together?
 * @key: verification key
 * @rng: generator, NULL for the system's
 *
 * e(b1_i, H) = e(G, b2_i) for every attribute i, in one pairing product with
 * random exponents.
 *
 * Return: 0; ZKNYM_E_KEY; ZKNYM_E_RANDOM.
 */
int zknym_verification_key_check(const struct zknym_verification_key *key,
				 const struct zknym_rng *rng);

/**
 * zknym_verification_key_aggregate() - the master key from authorities' keys
 * @master: result
 * @keys: verification keys
 * @indices: whose they are, distinct, from 1
 * @count: how many
 * @threshold: how many suffice
 *
 * With more keys than @threshold, every further key is checked against the
 * first @threshold: all subsets give the same master key, or the call fails.
 *
 * Return: 0; ZKNYM_E_SIGNERS; ZKNYM_E_KEY if the keys are not of one set.
 */
int zknym_verification_key_aggregate(struct zknym_verification_key *master,
				     const struct zknym_verification_key *keys,
				     const uint64_t *indices, size_t count,
				     size_t threshold);

/** struct zknym_master - a master verification key with its precomputation */
struct zknym_master;

/**
 * zknym_master_new() - prepare a master key for spending and verifying
 * @master: result; 1.4 MB, takes some 10 ms to compute; immutable
 * @key: master verification key
 * @rng: generator for the check of the key, NULL for the system's
 *
 * Return: 0; ZKNYM_E_KEY as zknym_verification_key_check(); ZKNYM_E_MEMORY,
 * ZKNYM_E_RANDOM.
 */
int zknym_master_new(struct zknym_master **master,
		     const struct zknym_verification_key *key,
		     const struct zknym_rng *rng);

/** zknym_master_free() - release; NULL is allowed */
void zknym_master_free(struct zknym_master *master);

/** zknym_master_key() - the verification key inside; lives as long as it */
const struct zknym_verification_key *
zknym_master_key(const struct zknym_master *master);

/* Keys of users (ZKN 2). */

/** struct zknym_user - a user's key pair; secret, wipe after use */
struct zknym_user {
	uint64_t opaque[10];
};

/**
 * zknym_user_generate() - a random user key
 * @user: result
 * @rng: generator, NULL for the system's
 *
 * Return: 0; ZKNYM_E_RANDOM.
 */
int zknym_user_generate(struct zknym_user *user, const struct zknym_rng *rng);

/**
 * zknym_user_from_seed() - a recoverable user key
 * @user: result
 * @seed: secret with at least 128 bits of entropy
 * @len: its length
 *
 * Return: 0; ZKNYM_E_SCALAR if the seed hashes to zero (it does not happen).
 */
int zknym_user_from_seed(struct zknym_user *user, const uint8_t *seed,
			 size_t len);

/** zknym_user_encode() - write the 32 secret bytes */
void zknym_user_encode(uint8_t out[ZKNYM_USER_SECRET_SIZE],
		       const struct zknym_user *user);

/**
 * zknym_user_decode() - read a user key
 * @user: result
 * @in: secret scalar
 * @len: must be 32
 *
 * Return: 0; ZKNYM_E_LENGTH; ZKNYM_E_SCALAR, also for zero.
 */
int zknym_user_decode(struct zknym_user *user, const uint8_t *in, size_t len);

/** zknym_user_public() - the 48 bytes of the public key */
void zknym_user_public(uint8_t out[ZKNYM_USER_PUBLIC_SIZE],
		       const struct zknym_user *user);

/**
 * zknym_user_public_check() - is this a user's public key?
 * @in: compressed point
 * @len: must be 48
 *
 * Return: 0; ZKNYM_E_LENGTH, ZKNYM_E_POINT, ZKNYM_E_INFINITY.
 */
int zknym_user_public_check(const uint8_t *in, size_t len);

/**
 * zknym_base58_encode() - text form of keys and serials (Bitcoin's alphabet)
 * @out: buffer
 * @size: its size; (len * 138) / 100 + 2 always suffice
 * @in: public data, at most 4800 bytes
 * @len: bytes
 *
 * Return: 0; ZKNYM_E_RANGE if a buffer is too small.
 */
int zknym_base58_encode(char *out, size_t size, const uint8_t *in, size_t len);

/**
 * zknym_base58_decode() - back to bytes
 * @out: buffer of exactly the expected length
 * @len: its length, at most 4800
 * @text: text, NUL-terminated
 *
 * Return: 0; ZKNYM_E_FORMAT for a character outside the alphabet;
 * ZKNYM_E_LENGTH if the text stands for more or fewer bytes; ZKNYM_E_RANGE.
 */
int zknym_base58_decode(uint8_t *out, size_t len, const char *text);

/* Withdrawal (ZKN 3). */

/** struct zknym_request_secret - what a request blinds with; secret */
struct zknym_request_secret {
	uint64_t opaque[30];
};

/**
 * zknym_request() - ask for a book of tickets
 * @request: result, to be sent to each authority with the public key, the
 *           expiration and the type
 * @secret: result, to be kept until the wallet is aggregated, then wiped
 * @user: who asks
 * @expiration: date, see zknym_expiration()
 * @type: ticket type
 * @rng: generator, NULL for the system's
 *
 * Return: 0; ZKNYM_E_DATE; ZKNYM_E_RANDOM.
 */
int zknym_request(uint8_t request[ZKNYM_REQUEST_SIZE],
		  struct zknym_request_secret *secret,
		  const struct zknym_user *user, uint32_t expiration,
		  uint8_t type, const struct zknym_rng *rng);

/** zknym_request_secret_encode() - write for safe keeping; secret */
void zknym_request_secret_encode(uint8_t out[ZKNYM_REQUEST_SECRET_SIZE],
				 const struct zknym_request_secret *secret);

/**
 * zknym_request_secret_decode() - read back
 * @secret: result
 * @in: encoding
 * @len: must be 248
 *
 * Return: 0; ZKNYM_E_LENGTH, ZKNYM_E_FORMAT, ZKNYM_E_SCALAR, ZKNYM_E_POINT,
 * ZKNYM_E_INFINITY; ZKNYM_E_DATE, ZKNYM_E_TYPE.
 */
int zknym_request_secret_decode(struct zknym_request_secret *secret,
				const uint8_t *in, size_t len);

/**
 * zknym_request_policy() - is an authority to sign this today?
 * @expiration: of the request
 * @type: of the request
 * @now: the authority's clock, Unix time in seconds
 *
 * A book expires six days after today, with ZKNYM_SKEW seconds of tolerance
 * around midnight; types are 0 to 3.
 *
 * Return: 0; ZKNYM_E_POLICY.
 */
int zknym_request_policy(uint32_t expiration, uint8_t type, int64_t now);

/**
 * zknym_request_verify() - check a request's form and proof
 * @request: as received
 * @len: its length, must be 397
 * @user: the user's public key, 48 bytes as received
 * @expiration: date
 * @type: ticket type
 *
 * Return: 0; ZKNYM_E_LENGTH, ZKNYM_E_FORMAT, ZKNYM_E_SCALAR, ZKNYM_E_POINT,
 * ZKNYM_E_INFINITY, ZKNYM_E_DATE; ZKNYM_E_PROOF.
 */
int zknym_request_verify(const uint8_t *request, size_t len,
			 const uint8_t user[ZKNYM_USER_PUBLIC_SIZE],
			 uint32_t expiration, uint8_t type);

/**
 * zknym_issue() - verify a request and sign it blindly
 * @blinded: result, 96 bytes for the user
 * @key: the authority's share
 * @request: as received
 * @len: its length
 * @user: the user's public key
 * @expiration: date
 * @type: ticket type
 *
 * A blind signature as in Coconut (ZKN 3.3). Deterministic: the same request
 * gives the same answer. The caller applies zknym_request_policy() and sees to
 * one issuance per payment.
 *
 * Return: 0 or what zknym_request_verify() returns.
 */
int zknym_issue(uint8_t blinded[ZKNYM_SIGNATURE_SIZE],
		const struct zknym_secret_key *key, const uint8_t *request,
		size_t len, const uint8_t user[ZKNYM_USER_PUBLIC_SIZE],
		uint32_t expiration, uint8_t type);

/** struct zknym_partial_wallet - one authority's signature, unblinded; secret */
struct zknym_partial_wallet {
	uint64_t opaque[31];
};

/**
 * zknym_unblind() - remove the blinding of one authority's answer, and check it
 * @partial: result
 * @blinded: the answer
 * @len: its length, must be 96
 * @secret: of the request
 * @user: who asked
 * @key: the authority's verification key
 * @index: the authority's index, from 1
 *
 * Return: 0; ZKNYM_E_LENGTH, ZKNYM_E_POINT, ZKNYM_E_INFINITY, ZKNYM_E_SIGNERS;
 * ZKNYM_E_SIG_WALLET: drop this share.
 */
int zknym_unblind(struct zknym_partial_wallet *partial, const uint8_t *blinded,
		  size_t len, const struct zknym_request_secret *secret,
		  const struct zknym_user *user,
		  const struct zknym_verification_key *key, uint64_t index);

/** zknym_partial_wallet_encode() - write a partial wallet; secret */
void zknym_partial_wallet_encode(uint8_t out[ZKNYM_PARTIAL_WALLET_SIZE],
				 const struct zknym_partial_wallet *partial);

/**
 * zknym_partial_wallet_decode() - read a partial wallet
 * @partial: result
 * @in: encoding
 * @len: must be 200
 *
 * Return: 0; ZKNYM_E_LENGTH, ZKNYM_E_SCALAR, ZKNYM_E_POINT, ZKNYM_E_INFINITY,
 * ZKNYM_E_DATE, ZKNYM_E_TYPE, ZKNYM_E_SIGNERS.
 */
int zknym_partial_wallet_decode(struct zknym_partial_wallet *partial,
				const uint8_t *in, size_t len);

/** struct zknym_wallet - a book of tickets; secret */
struct zknym_wallet {
	uint64_t opaque[31];
};

/**
 * zknym_wallet_aggregate() - make the wallet from enough authorities' shares
 * @wallet: result, no ticket spent
 * @partials: partial wallets of one request, of distinct authorities
 * @count: how many
 * @threshold: how many are needed
 * @user: who asked
 * @key: master verification key
 *
 * The result does not depend on which shares were used.
 *
 * Return: 0; ZKNYM_E_SIGNERS; ZKNYM_E_SIG_WALLET if the shares are of
 * different requests or the result is no signature.
 */
int zknym_wallet_aggregate(struct zknym_wallet *wallet,
			   const struct zknym_partial_wallet *partials,
			   size_t count, size_t threshold,
			   const struct zknym_user *user,
			   const struct zknym_verification_key *key);

/**
 * zknym_wallet_take() - reserve tickets
 * @wallet: is advanced
 * @coins: how many
 * @first: index of the first
 *
 * Store the advanced wallet durably before the payment is made, and never
 * make two payments for one index: that is double spending (ZKN 7.3).
 *
 * Return: 0; ZKNYM_E_EMPTY; ZKNYM_E_RANGE for no coins.
 */
int zknym_wallet_take(struct zknym_wallet *wallet, unsigned int coins,
		      unsigned int *first);

/** zknym_wallet_left() - tickets not taken yet */
unsigned int zknym_wallet_left(const struct zknym_wallet *wallet);

/** zknym_wallet_expiration() - the last day on which it can be spent */
uint32_t zknym_wallet_expiration(const struct zknym_wallet *wallet);

/** zknym_wallet_type() - ticket type of the book */
uint8_t zknym_wallet_type(const struct zknym_wallet *wallet);

/** zknym_wallet_signatures_encode() - the 133 bytes without the counter */
void zknym_wallet_signatures_encode(uint8_t out[ZKNYM_WALLET_SIGNATURES_SIZE],
				    const struct zknym_wallet *wallet);

/** zknym_wallet_encode() - the 141 bytes with the count of tickets taken */
void zknym_wallet_encode(uint8_t out[ZKNYM_WALLET_SIZE],
			 const struct zknym_wallet *wallet);

/**
 * zknym_wallet_decode() - read either form
 * @wallet: result; from 133 bytes, no ticket is taken yet
 * @in: encoding
 * @len: 133 or 141
 *
 * Return: 0; ZKNYM_E_LENGTH, ZKNYM_E_SCALAR, ZKNYM_E_POINT, ZKNYM_E_INFINITY,
 * ZKNYM_E_DATE, ZKNYM_E_TYPE; ZKNYM_E_RANGE for a count above 50.
 */
int zknym_wallet_decode(struct zknym_wallet *wallet, const uint8_t *in,
			size_t len);

/* Signatures on indices and dates (ZKN 4). */

/** struct zknym_signature - an authority's, or the aggregated, signature */
struct zknym_signature {
	uint64_t opaque[24];
};

/** zknym_signature_encode() - the 96 bytes */
void zknym_signature_encode(uint8_t out[ZKNYM_SIGNATURE_SIZE],
			    const struct zknym_signature *signature);

/**
 * zknym_signature_decode() - read a signature
 * @signature: result
 * @in: encoding
 * @len: must be 96
 *
 * Return: 0; ZKNYM_E_LENGTH, ZKNYM_E_POINT, ZKNYM_E_INFINITY.
 */
int zknym_signature_decode(struct zknym_signature *signature, const uint8_t *in,
			   size_t len);

/**
 * zknym_index_sign() - sign one index of the epoch's books
 * @signature: result
 * @key: the authority's share
 * @master: master verification key of the epoch
 * @index: 0 to 49; no other may ever be signed
 *
 * Return: 0; ZKNYM_E_RANGE.
 */
int zknym_index_sign(struct zknym_signature *signature,
		     const struct zknym_secret_key *key,
		     const struct zknym_verification_key *master,
		     unsigned int index);

/**
 * zknym_index_check() - check signatures on consecutive indices, in one product
 * @signatures: @count signatures, on @first and following
 * @first: first index
 * @count: how many, 1 to 50
 * @key: the signer's verification key; @master itself for aggregated ones
 * @master: master verification key of the epoch
 * @rng: generator, NULL for the system's
 *
 * Return: 0; ZKNYM_E_SIG_INDEX; ZKNYM_E_RANGE, ZKNYM_E_RANDOM.
 */
int zknym_index_check(const struct zknym_signature *signatures,
		      unsigned int first, unsigned int count,
		      const struct zknym_verification_key *key,
		      const struct zknym_verification_key *master,
		      const struct zknym_rng *rng);

/**
 * zknym_date_sign() - sign a spend date for books of one expiration
 * @signature: result
 * @key: the authority's share
 * @expiration: the books' expiration date
 * @spend_date: one of the seven dates up to @expiration; no other may ever be
 *              signed
 *
 * Return: 0; ZKNYM_E_DATE.
 */
int zknym_date_sign(struct zknym_signature *signature,
		    const struct zknym_secret_key *key, uint32_t expiration,
		    uint32_t spend_date);

/**
 * zknym_date_slot() - which of the seven signatures serves a spend date
 * @expiration: the books' expiration date
 * @spend_date: date
 * @slot: 0 (first day) to 6 (@expiration itself)
 *
 * Return: 0; ZKNYM_E_DATE.
 */
int zknym_date_slot(uint32_t expiration, uint32_t spend_date,
		    unsigned int *slot);

/**
 * zknym_date_check() - check signatures on consecutive dates, in one product
 * @signatures: @count signatures, on @spend_date and following days
 * @expiration: the books' expiration date
 * @spend_date: first date
 * @count: how many, 1 to 7
 * @key: the signer's verification key
 * @rng: generator, NULL for the system's
 *
 * Return: 0; ZKNYM_E_SIG_DATE; ZKNYM_E_DATE, ZKNYM_E_RANGE, ZKNYM_E_RANDOM.
 */
int zknym_date_check(const struct zknym_signature *signatures,
		     uint32_t expiration, uint32_t spend_date,
		     unsigned int count,
		     const struct zknym_verification_key *key,
		     const struct zknym_rng *rng);

/**
 * zknym_signature_aggregate() - combine shares on the same index or date
 * @signature: result, to be checked with the master key
 * @shares: signatures of distinct authorities
 * @indices: whose they are, from 1
 * @count: how many
 * @threshold: how many are needed
 *
 * Return: 0; ZKNYM_E_SIGNERS; ZKNYM_E_SIG_BATCH if they are not on the same
 * thing, or cancel out.
 */
int zknym_signature_aggregate(struct zknym_signature *signature,
			      const struct zknym_signature *shares,
			      const uint64_t *indices, size_t count,
			      size_t threshold);

/* Spending (ZKN 5). */

/**
 * enum zknym_form - form of a payment
 * @ZKNYM_FORM_RK: the form to use, in which the proof binds the ticket's index
 * @ZKNYM_FORM_COMPAT: 33 bytes a coin less, for gateways that know no better;
 *                     never accepted by zknym_verify()
 */
enum zknym_form {
	ZKNYM_FORM_RK,
	ZKNYM_FORM_COMPAT,
};

/**
 * zknym_pay_info() - what a payment is made out to
 * @pay_info: result: 32 random bytes, @time as i64 big endian, @provider
 * @time: Unix time in seconds
 * @provider: the gateway's ed25519 identity key
 * @rng: generator, NULL for the system's
 *
 * Return: 0; ZKNYM_E_RANDOM.
 */
int zknym_pay_info(uint8_t pay_info[ZKNYM_PAY_INFO_SIZE], int64_t time,
		   const uint8_t provider[ZKNYM_PROVIDER_SIZE],
		   const struct zknym_rng *rng);

/**
 * struct zknym_spending - what zknym_spend() needs
 * @master: master key of the epoch
 * @user: who spends
 * @wallet: the book
 * @first: index of the first ticket, from zknym_wallet_take()
 * @coins: how many, 1 for a ticket
 * @form: form of the payment
 * @indices: all 50 aggregated signatures on indices. All are read, so that
 *           memory accesses do not tell which ticket is spent.
 * @date: aggregated signature on the wallet's expiration and @spend_date
 * @spend_date: today
 * @pay_info: see zknym_pay_info(), ZKNYM_PAY_INFO_SIZE bytes
 */
struct zknym_spending {
	const struct zknym_master *master;
	const struct zknym_user *user;
	const struct zknym_wallet *wallet;
	unsigned int first;
	unsigned int coins;
	enum zknym_form form;
	const struct zknym_signature *indices;
	const struct zknym_signature *date;
	uint32_t spend_date;
	const uint8_t *pay_info;
};

/**
 * zknym_spend() - make a payment
 * @payment: buffer
 * @size: its size, at least ZKNYM_PAYMENT_SIZE(coins)
 * @len: bytes written
 * @spending: what and how
 * @rng: generator, NULL for the system's
 *
 * The payment is a proof of knowledge of a signed book, in the manner of
 * Camenisch, Hohenberger and Lysyanskaya (ZKN 5.1, 5.2). Needs 120 KB of stack.
 *
 * Return: 0; ZKNYM_E_EMPTY if @first + @coins exceeds 50; ZKNYM_E_DATE if the
 * book is not valid on @spend_date; ZKNYM_E_INFINITY if a needed signature is
 * missing; ZKNYM_E_RANGE, ZKNYM_E_RANDOM; ZKNYM_E_SCALAR: give up this wallet
 * (it does not happen).
 */
int zknym_spend(uint8_t *payment, size_t size, size_t *len,
		const struct zknym_spending *spending,
		const struct zknym_rng *rng);

/* Payments and tickets (ZKN 5.3 to 5.5). */

/** struct zknym_payment - a decoded payment; public data */
struct zknym_payment;

/**
 * zknym_payment_new() - room for payments of up to @coins coins
 * @coins: 1 to 50
 *
 * Can be used for one payment after the other.
 *
 * Return: the object, or NULL: out of memory, or @coins out of range.
 */
struct zknym_payment *zknym_payment_new(unsigned int coins);

/** zknym_payment_free() - release; NULL is allowed */
void zknym_payment_free(struct zknym_payment *payment);

/**
 * zknym_payment_decode() - read a payment
 * @payment: result
 * @in: encoding
 * @len: its length
 * @coins: required spend value, at most what @payment has room for
 * @form: required form
 *
 * Checks 1 to 7 of ZKN 6.4: structure, left to right, then scalars, then
 * points. The compat form where ZKNYM_FORM_RK is required is told apart as
 * ZKNYM_E_UNBOUND_INDEX. After an error @payment is empty, and verifies as
 * ZKNYM_E_VALUE.
 *
 * Return: 0; ZKNYM_E_LENGTH, ZKNYM_E_FORMAT, ZKNYM_E_UNBOUND_INDEX,
 * ZKNYM_E_VALUE, ZKNYM_E_SCALAR, ZKNYM_E_POINT, ZKNYM_E_INFINITY;
 * ZKNYM_E_RANGE.
 */
int zknym_payment_decode(struct zknym_payment *payment, const uint8_t *in,
			 size_t len, unsigned int coins, enum zknym_form form);

/**
 * zknym_payment_encode() - write a decoded payment
 * @out: buffer
 * @size: its size
 * @len: bytes written
 * @payment: payment
 *
 * Return: 0; ZKNYM_E_RANGE if @size is too small.
 */
int zknym_payment_encode(uint8_t *out, size_t size, size_t *len,
			 const struct zknym_payment *payment);

/** zknym_payment_coins() - how many tickets it spends; 0: none was decoded */
unsigned int zknym_payment_coins(const struct zknym_payment *payment);

/** zknym_payment_type() - its ticket type, 0 to 255: as sent */
uint8_t zknym_payment_type(const struct zknym_payment *payment);

/** zknym_payment_form() - its form */
enum zknym_form zknym_payment_form(const struct zknym_payment *payment);

/**
 * zknym_payment_serial() - serial number (nullifier) of coin @coin
 * @payment: decoded
 * @coin: position, from 0
 *
 * Return: 48 bytes that live as long as the payment is decoded, or NULL.
 */
const uint8_t *zknym_payment_serial(const struct zknym_payment *payment,
				    unsigned int coin);

/**
 * zknym_payment_tag() - identification tag of coin @coin
 * @payment: decoded
 * @coin: position, from 0
 *
 * Return: 48 bytes that live as long as the payment is decoded, or NULL.
 */
const uint8_t *zknym_payment_tag(const struct zknym_payment *payment,
				 unsigned int coin);

/**
 * struct zknym_ticket - what surrounds a payment
 * @pay_info: what it is made out to
 * @spend_date: date
 * @epoch: selects the master key
 */
struct zknym_ticket {
	uint8_t pay_info[ZKNYM_PAY_INFO_SIZE];
	uint32_t spend_date;
	uint64_t epoch;
};

/**
 * zknym_ticket_encode() - the byte string handed to a gateway
 * @out: buffer
 * @size: its size, at least @payment_len + 88
 * @len: bytes written
 * @ticket: what surrounds the payment
 * @payment: encoded payment
 * @payment_len: its length
 *
 * Return: 0; ZKNYM_E_RANGE; ZKNYM_E_DATE.
 */
int zknym_ticket_encode(uint8_t *out, size_t size, size_t *len,
			const struct zknym_ticket *ticket,
			const uint8_t *payment, size_t payment_len);

/**
 * zknym_ticket_decode() - read a ticket and its payment
 * @ticket: result
 * @payment: result
 * @in: encoding
 * @len: its length
 * @coins: required spend value, 1 for a gateway
 * @form: required form, ZKNYM_FORM_RK for a gateway
 *
 * Return: as zknym_payment_decode(); ZKNYM_E_LENGTH unless @len is the inner
 * length and 88; ZKNYM_E_DATE for a day that is no Unix date.
 */
int zknym_ticket_decode(struct zknym_ticket *ticket,
			struct zknym_payment *payment, const uint8_t *in,
			size_t len, unsigned int coins, enum zknym_form form);

/**
 * enum zknym_framing - how a ticket sits in registration messages (ZKN 5.5)
 * @ZKNYM_FRAMING_SERDE: the serde form alone
 * @ZKNYM_FRAMING_CREDENTIAL: 00, serde form
 * @ZKNYM_FRAMING_CLAIM: credential, varint(type)
 * @ZKNYM_FRAMING_LP_FINALISE: 00 01, claim, varint(Unix time)
 * @ZKNYM_FRAMING_OPTION_CLAIM: 01, claim: the end of authenticator v6's final
 *                              message
 * @ZKNYM_FRAMING_OPTION_SERDE: 01, serde form: of v2's to v5's
 * @ZKNYM_FRAMING_TOP_UP: peer public key (32 bytes), serde form
 */
enum zknym_framing {
	ZKNYM_FRAMING_SERDE,
	ZKNYM_FRAMING_CREDENTIAL,
	ZKNYM_FRAMING_CLAIM,
	ZKNYM_FRAMING_LP_FINALISE,
	ZKNYM_FRAMING_OPTION_CLAIM,
	ZKNYM_FRAMING_OPTION_SERDE,
	ZKNYM_FRAMING_TOP_UP,
	ZKNYM_FRAMINGS
};

/**
 * struct zknym_frame - what a framing adds to a ticket
 * @framing: which
 * @time: ZKNYM_FRAMING_LP_FINALISE: Unix time in seconds
 * @peer: ZKNYM_FRAMING_TOP_UP: peer public key
 */
struct zknym_frame {
	enum zknym_framing framing;
	uint64_t time;
	uint8_t peer[32];
};

/**
 * zknym_frame_encode() - a ticket as registration messages carry it
 * @out: buffer; ZKNYM_SERDE_SIZE_MAX(coins) + 44 bytes suffice
 * @size: its size
 * @len: bytes written
 * @frame: framing
 * @ticket: what surrounds the payment
 * @payment: encoded payment
 * @payment_len: its length
 *
 * The claimed type is the payment's own.
 *
 * Return: 0; ZKNYM_E_LENGTH if @payment is none; ZKNYM_E_RANGE, ZKNYM_E_DATE.
 */
int zknym_frame_encode(uint8_t *out, size_t size, size_t *len,
		       const struct zknym_frame *frame,
		       const struct zknym_ticket *ticket,
		       const uint8_t *payment, size_t payment_len);

/**
 * zknym_frame_decode() - read it
 * @frame: result; @frame->framing says what to expect
 * @ticket: result
 * @payment: result
 * @in: encoding
 * @len: its length
 * @coins: required spend value
 * @form: required form
 *
 * Return: as zknym_payment_decode(); ZKNYM_E_LENGTH for missing or further
 * bytes; ZKNYM_E_FORMAT for a number not in its shortest form; ZKNYM_E_DATE;
 * ZKNYM_E_TYPE if the claimed type is not the payment's.
 */
int zknym_frame_decode(struct zknym_frame *frame, struct zknym_ticket *ticket,
		       struct zknym_payment *payment, const uint8_t *in,
		       size_t len, unsigned int coins, enum zknym_form form);

/* Verification (ZKN 6). */

/**
 * struct zknym_acceptance - what a gateway takes
 * @provider: the gateway's own ed25519 identity key
 * @now: its clock, Unix time in seconds
 * @types: bit t set: takes tickets of type t
 * @claimed_type: type that the message around the ticket claims, or -1
 */
struct zknym_acceptance {
	const uint8_t *provider;
	int64_t now;
	unsigned int types;
	int claimed_type;
};

/**
 * zknym_ticket_check() - the checks that need no key: 8 to 11 of ZKN 6.4
 * @ticket: decoded
 * @payment: decoded
 * @acceptance: what the gateway takes
 *
 * Then follow, by the caller: the epoch's master key (ZKNYM_E_EPOCH) and the
 * store of serials (ZKNYM_E_REPLAY, ZKNYM_E_DOUBLE_SPEND), then
 * zknym_verify(), then the durable insert of the serial, then the grant.
 *
 * Return: 0; ZKNYM_E_TYPE, ZKNYM_E_PROVIDER, ZKNYM_E_TIMESTAMP, ZKNYM_E_DATE.
 */
int zknym_ticket_check(const struct zknym_ticket *ticket,
		       const struct zknym_payment *payment,
		       const struct zknym_acceptance *acceptance);

/**
 * zknym_verify() - check a payment's proof and signatures: 14 to 18 of ZKN 6.4
 * @master: master key of the ticket's epoch
 * @payment: decoded
 * @pay_info: what it is made out to
 * @spend_date: date
 * @rng: generator, NULL for the system's; must be unpredictable for the payer
 *
 * The signatures (Pointcheval, Sanders; ZKN 6.2) are checked in one product
 * with random 128-bit exponents (ZKN 6.3); where that fails, one by one to say
 * which is wrong. Needs 120 KB of stack.
 *
 * Return: 0; ZKNYM_E_UNBOUND_INDEX, ZKNYM_E_VALUE, ZKNYM_E_TYPE,
 * ZKNYM_E_DUP_SERIAL, ZKNYM_E_PROOF, ZKNYM_E_SIG_WALLET, ZKNYM_E_SIG_DATE,
 * ZKNYM_E_SIG_INDEX; ZKNYM_E_RANDOM.
 */
int zknym_verify(const struct zknym_master *master,
		 const struct zknym_payment *payment,
		 const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE],
		 uint32_t spend_date, const struct zknym_rng *rng);

/**
 * struct zknym_batch_item - one payment of a batch
 * @master: master key of its epoch; may differ between items
 * @payment: decoded
 * @pay_info: what it is made out to
 * @spend_date: date
 * @result: set by zknym_verify_batch(): what zknym_verify() would return
 */
struct zknym_batch_item {
	const struct zknym_master *master;
	const struct zknym_payment *payment;
	const uint8_t *pay_info;
	uint32_t spend_date;
	int result;
};

/**
 * zknym_verify_batch() - check many payments together
 * @items: payments; every @result is set
 * @count: how many
 * @rng: generator, NULL for the system's; must be unpredictable for payers
 *
 * All signatures go into one pairing product, each with its own random 128-bit
 * exponent. If the product is wrong, halves of the batch are tried until the
 * wrong payments are named. Does not compare serials between payments: that
 * is the store's part. Allocates scratch memory of about 2 KB for each item.
 *
 * Return: 0 if every payment is good; ZKNYM_E_SIG_BATCH if one or more are
 * not, see their @result; ZKNYM_E_RANDOM, ZKNYM_E_MEMORY: nothing was decided,
 * and every @result says so.
 */
int zknym_verify_batch(struct zknym_batch_item *items, size_t count,
		       const struct zknym_rng *rng);

/* Double spending (ZKN 7). */

/**
 * struct zknym_spent - what a store keeps of one spent coin
 * @serial: serial number
 * @tag: identification tag
 * @pay_info: what the payment was made out to
 * @coin: position of the coin within its payment, from 0
 */
struct zknym_spent {
	uint8_t serial[ZKNYM_SERIAL_SIZE];
	uint8_t tag[ZKNYM_TAG_SIZE];
	uint8_t pay_info[ZKNYM_PAY_INFO_SIZE];
	uint64_t coin;
};

/**
 * zknym_payment_spent() - the record of coin @coin of a payment
 * @spent: result
 * @payment: decoded
 * @coin: position
 * @pay_info: what it is made out to
 *
 * Return: 0; ZKNYM_E_RANGE.
 */
int zknym_payment_spent(struct zknym_spent *spent,
			const struct zknym_payment *payment, unsigned int coin,
			const uint8_t pay_info[ZKNYM_PAY_INFO_SIZE]);

/**
 * zknym_identify() - who spent one ticket twice?
 * @user: result, the double spender's public key
 * @first: record of one verified payment
 * @second: record of another verified payment
 *
 * pk = (R1 * T2 - R2 * T1) / (R1 - R2), as in compact e-cash (ZKN 7.1). Only
 * payments that zknym_verify() accepted prove anything.
 *
 * Return: 0 if @user was identified; ZKNYM_E_REPLAY if both are one payment;
 * ZKNYM_E_RANGE if the serials differ: no double spending; ZKNYM_E_POINT,
 * ZKNYM_E_INFINITY for records that come from no verified payment.
 */
int zknym_identify(uint8_t user[ZKNYM_USER_PUBLIC_SIZE],
		   const struct zknym_spent *first,
		   const struct zknym_spent *second);

#ifdef __cplusplus
}
#endif

#endif
