// SPDX-License-Identifier: GPL-2.0-or-later
#include "zknym.h"

static const struct {
	const char *name;
	const char *text;
} errors[ZKNYM_ERRORS] = {
	[ZKNYM_OK] = { "OK", "success" },
	[ZKNYM_E_LENGTH] = { "E_LENGTH", "wrong length" },
	[ZKNYM_E_FORMAT] = { "E_FORMAT",
			     "wrong length byte, count or number encoding" },
	[ZKNYM_E_UNBOUND_INDEX] = { "E_UNBOUND_INDEX",
				    "compat form: the ticket's index is not bound, use the r_k form" },
	[ZKNYM_E_SCALAR] = { "E_SCALAR", "scalar out of range" },
	[ZKNYM_E_POINT] = { "E_POINT", "no encoding of a point of the group" },
	[ZKNYM_E_INFINITY] = { "E_INFINITY", "point at infinity" },
	[ZKNYM_E_VALUE] = { "E_VALUE",
			    "spend value differs from the required one" },
	[ZKNYM_E_TYPE] = { "E_TYPE",
			   "ticket type unknown, unwanted or not as claimed" },
	[ZKNYM_E_PROVIDER] = { "E_PROVIDER", "made out to another gateway" },
	[ZKNYM_E_TIMESTAMP] = { "E_TIMESTAMP",
				"payment time is too far from now" },
	[ZKNYM_E_DATE] = { "E_DATE", "date is not valid here and now" },
	[ZKNYM_E_EPOCH] = { "E_EPOCH", "no master key for this epoch" },
	[ZKNYM_E_REPLAY] = { "E_REPLAY", "payment was seen before" },
	[ZKNYM_E_DOUBLE_SPEND] = { "E_DOUBLE_SPEND",
				   "ticket was spent before" },
	[ZKNYM_E_DUP_SERIAL] = { "E_DUP_SERIAL",
				 "ticket spent twice in one payment" },
	[ZKNYM_E_PROOF] = { "E_PROOF", "proof does not hold" },
	[ZKNYM_E_SIG_WALLET] = { "E_SIG_WALLET",
				 "signature on the wallet does not hold" },
	[ZKNYM_E_SIG_DATE] = { "E_SIG_DATE",
			       "signature on the date does not hold" },
	[ZKNYM_E_SIG_INDEX] = { "E_SIG_INDEX",
				"signature on the index does not hold" },
	[ZKNYM_E_SIG_BATCH] = { "E_SIG_BATCH",
				"a signature among several does not hold" },
	[ZKNYM_E_POLICY] = { "E_POLICY",
			     "expiration or type is not issued now" },
	[ZKNYM_E_KEY] = { "E_KEY", "keys do not belong together" },
	[ZKNYM_E_SIGNERS] = { "E_SIGNERS",
			      "too few signers, or an index is zero or repeated" },
	[ZKNYM_E_EMPTY] = { "E_EMPTY", "not enough tickets left" },
	[ZKNYM_E_RANGE] = { "E_RANGE", "index, count or size out of range" },
	[ZKNYM_E_RANDOM] = { "E_RANDOM", "random generator failed" },
	[ZKNYM_E_MEMORY] = { "E_MEMORY", "out of memory" },
};

const char *zknym_strerror(int error)
{
	if (error < 0 || error >= ZKNYM_ERRORS)
		return "unknown error";
	return errors[error].text;
}

const char *zknym_error_name(int error)
{
	if (error < 0 || error >= ZKNYM_ERRORS)
		return "E_UNKNOWN";
	return errors[error].name;
}
