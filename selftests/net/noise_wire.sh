#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the driver does with messages that no honest peer sends, and what it
# sends itself, byte by byte: the other side is written in Python, and knows
# the protocol but none of our code.
# usual: 6.12 7.2
. "$(dirname "$0")/lib.sh"

internet device remote
ip -n remote address add 198.18.2.3/24 dev eth0

for name in device remote stranger; do
	export "KEY_${name^^}=$(cat "$(private_key "$name")")"
done
export NYMCTL LINK_KIND WORK PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/wire/noise_wire.py"
