#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A peer that configuration moves, to another identity, path or endpoint: what was
# said and heard before shows nobody who it is now, or where. Entry and exit are
# written in Python.
# cpus: 2
# usual: 6.12 7.2
. "$(dirname "$0")/lib.sh"

internet device entry exit
# Where entry and exit roam to.
ip -n exit -batch - <<BATCH
address add 198.18.3.3/24 dev eth0
address add 2001:db8:3::3/64 dev eth0 nodad
BATCH
for name in device entry exit client-entry client-exit; do
	variable=KEY_${name^^}
	export "${variable//-/_}=$(cat "$(private_key "$name")")"
done
export NYMCTL LINK_KIND WORK PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/wire/moves.py"
