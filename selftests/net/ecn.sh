#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Congestion marks are carried through the tunnel as RFC 6040 says, and nothing
# else of the traffic class is.
. "$(dirname "$0")/lib.sh"

internet device remote

for name in device remote stranger; do
	export "KEY_${name^^}=$(cat "$(private_key "$name")")"
done
export NYMCTL LINK_KIND WORK PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/wire/ecn.py"
