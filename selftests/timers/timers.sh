#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What follows from the passing of time, in seconds that are the guest's own:
# it takes minutes of them, and so is for a guest whose clock counts
# instructions and skips what it would sleep (guests/run --icount).
. "$(dirname "$0")/../net/lib.sh"

internet device remote
ip -n remote address add 198.18.2.3/24 dev eth0

for name in device remote stranger; do
	export "KEY_${name^^}=$(cat "$(private_key "$name")")"
done
export NYMCTL LINK_KIND WORK PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/../net/wire/timers.py"
