#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Allowed IPs decide which peer a packet goes to, and from which it may come.
# usual: 6.12 7.2
. "$(dirname "$0")/lib.sh"

internet device remote

for name in device remote stranger; do
	export "KEY_${name^^}=$(cat "$(private_key "$name")")"
done
export NYMCTL LINK_KIND WORK PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/wire/allowedips.py"
