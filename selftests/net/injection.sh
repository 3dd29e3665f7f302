#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a carrier, and whoever is outside it, can make of a device with a nested
# peer: entry and exit are written in Python, hold the right keys, and misuse
# them.
# usual: 6.1 7.2
. "$(dirname "$0")/lib.sh"

internet device entry exit
# The exit's keys are also at an address that it roams to.
ip -n exit -batch - <<BATCH
address add 198.18.3.3/24 dev eth0
address add 2001:db8:3::3/64 dev eth0 nodad
BATCH
# What puts IPv6 fragments together for the driver, and has a sysctl that is set.
modprobe -q nf_defrag_ipv6 || :
ns device test -e /proc/sys/net/netfilter/nf_conntrack_frag6_timeout ||
	bail_out 'no reassembly of IPv6 fragments'

for name in device entry exit client-entry client-exit; do
	variable=KEY_${name^^}
	export "${variable//-/_}=$(cat "$(private_key "$name")")"
done
export NYMCTL LINK_KIND WORK PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/wire/injection.py"
