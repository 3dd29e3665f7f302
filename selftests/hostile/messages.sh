#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Many malformed, truncated, extended, bit-flipped, replayed, reordered and
# reflected messages at each layer: each is counted with its reason, none changes
# anything or is answered that is not authentic, and good ones get through.
# HOSTILE_MESSAGES says how many in all, HOSTILE_SEED which.
. "$(dirname "$0")/../net/lib.sh"

internet device entry exit
# From where entry and exit never were.
ip -n exit -batch - <<BATCH
address add 198.18.3.3/24 dev eth0
address add 2001:db8:3::3/64 dev eth0 nodad
BATCH
for name in device entry exit client-entry client-exit; do
	variable=KEY_${name^^}
	export "${variable//-/_}=$(cat "$(private_key "$name")")"
done
if [ -z "${HOSTILE_MESSAGES-}" ]; then
	# What takes half a minute at the speed of the guest.
	case $GUEST in
	7.2 | host)	HOSTILE_MESSAGES=50000 ;;
	7.*)		HOSTILE_MESSAGES=10000 ;;
	*)		HOSTILE_MESSAGES=3000 ;;
	esac
fi
export HOSTILE_MESSAGES NYMCTL LINK_KIND WORK PYTHONDONTWRITEBYTECODE=1
here=$(dirname "$(readlink -f "$0")")
PYTHONPATH=$here/../net/wire:$here/../net/lib exec python3 "$here/messages_cases.py"
