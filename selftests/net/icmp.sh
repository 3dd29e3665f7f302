#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Senders of packets that cannot be sent are told so, on this host and beyond.
# usual: 6.1 7.2
. "$(dirname "$0")/lib.sh"

internet device remote
# A host behind the device, for whom it forwards.
netns_add lan
veth lan eth0 device lan0
ip -n device address add 10.8.0.1/24 dev lan0
ip -n device address add fd08::1/64 dev lan0 nodad
ip -n lan address add 10.8.0.2/24 dev eth0
ip -n lan address add fd08::2/64 dev eth0 nodad
ip -n lan route add default via 10.8.0.1
ip -n lan route add default via fd08::1
forwarding device
# As many errors as there are reasons for them.
ns device sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0

for name in device remote stranger; do
	export "KEY_${name^^}=$(cat "$(private_key "$name")")"
done
export NYMCTL LINK_KIND WORK PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/wire/icmp.py"
