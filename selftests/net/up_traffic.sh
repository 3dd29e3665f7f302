#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# nymctl up: packets go through the tunnel and only there, as large as it says.
# usual: 7.2

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/tunnel.sh
. "$(dirname "$0")/lib/tunnel.sh"

# carries_traffic GATEWAY: the server is reached, and sees that gateway alone;
# packets as large as the device takes go through whole.
carries_traffic()
{
	local gateway=$1 mtu

	mtu=$(ns client cat /sys/class/net/nymt0/mtu)
	ping_to client "$(outer 4 server)"
	capture seen server eth0 'icmp or icmp6'
	ping_to client "$(outer 4 server)" -c 3 -M 'do' -s $((mtu - 28))
	ping_to client "$(outer 6 server)" -c 3 -M 'do' -s $((mtu - 48))
	capture_end seen
	capture_show seen
	[ "$(capture_count seen "src host $(outer4 "$gateway")")" -gt 0 ]
	[ "$(capture_count seen "src host $(outer6 "$gateway")")" -gt 0 ]
	expect_equal 'packets that came past the tunnel' 0 \
		"$(capture_count seen "src host $(outer4 client) or src host $(outer6 client)")"
}

# The strictest reverse path filter lets answers to the outer packets pass.
filter_strictly()
{
	ns client sysctl -qw net.ipv4.conf.all.rp_filter=1 \
		net.ipv4.conf.eth0.rp_filter=1
}

# run_case DESCRIPTION FUNCTION [ARGUMENT...]
run_case()
{
	test_case "$@"
	ns client "$NYMCTL" down "$CONF" >/dev/null 2>&1 || :
}

# one_hop 4|6
one_hop()
{
	filter_strictly
	{
		echo '[Interface]'
		echo "PrivateKey = $(cat "$(private_key client)")"
		echo "Address = $(inner 4 entry 2)/32, $(inner 6 entry 2)/128"
		echo '[Peer]'
		echo "PublicKey = $(public_key entry)"
		echo "Endpoint = $(endpoint "$1" entry 51820)"
		echo 'AllowedIPs = 0.0.0.0/0, ::/0'
	} >"$CONF"
	chmod 600 "$CONF"
	ns client "$NYMCTL" up "$CONF"
	carries_traffic entry
	ns client "$NYMCTL" down "$CONF"
}

# two_hops 4|6 4|6: the exit comes first in the file, with its own identity.
two_hops()
{
	[ "$LINK_KIND" = nym ] || skip "$LINK_KIND does not nest"
	filter_strictly
	{
		echo '[Interface]'
		echo "PrivateKey = $(cat "$(private_key client)")"
		echo "Address = $(inner 4 exit 2)/32, $(inner 6 exit 2)/128"
		echo '[Peer]'
		echo "PublicKey = $(public_key exit)"
		echo "PrivateKey = $(cat "$(private_key client-exit)")"
		echo "Endpoint = $(endpoint "$2" exit 51820)"
		echo "Via = $(public_key entry)"
		echo "ViaAddress = $(inner "$2" entry 2)"
		echo 'AllowedIPs = 0.0.0.0/0, ::/0'
		echo '[Peer]'
		echo "PublicKey = $(public_key entry)"
		echo "Endpoint = $(endpoint "$1" entry 51820)"
	} >"$CONF"
	chmod 600 "$CONF"
	ns client "$NYMCTL" up "$CONF"
	carries_traffic exit
	ns client "$NYMCTL" down "$CONF"
}

setup()
{
	internet client entry exit server &&
	gateway entry wireguard &&
	gateway_admit entry client &&
	gateway exit wireguard &&
	gateway_admit exit client-exit
}

setup >"$WORK/setup.log" 2>&1 || bail_out "$(cat "$WORK/setup.log")"

ktap_plan 6
run_case 'one hop over IPv4 carries packets' one_hop 4
run_case 'one hop over IPv6 carries packets' one_hop 6
run_case 'two hops over IPv4, IPv4 carry packets' two_hops 4 4
run_case 'two hops over IPv4, IPv6 carry packets' two_hops 4 6
run_case 'two hops over IPv6, IPv4 carry packets' two_hops 6 4
run_case 'two hops over IPv6, IPv6 carry packets' two_hops 6 6
ktap_end
