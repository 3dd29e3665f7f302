#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each kind of WireGuard as entry in front of each kind as exit: with preshared
# keys, handshakes that either side begins, and addresses that move.
# shellcheck disable=SC2046 # words to be split
. "$(dirname "$0")/../net/lib.sh"

KINDS='wireguard wireguard-go nym'
ktap_plan 9

# A family for each hop, so that nine pairs of gateways see all four.
FAMILIES=(44 46 64 66 44 46 64 66 44)

# A name short enough for that of a network device.
host_of()
{
	echo "$1-$2" | sed 's/wireguard-go/user/; s/wireguard/kernel/'
}

setup()
{
	local kind entry exit

	# Devices that go down keep their addresses of IPv6.
	ns client sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1
	for kind in $KINDS; do
		entry=$(host_of entry "$kind")
		exit=$(host_of exit "$kind")
		internet "$entry" "$exit" || return
		ns "$exit" sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1
		path_gateways client "$kind" "$entry" "$exit" || return
	done
}

set_client()
{
	ns client "$NYMCTL" set nym0 "$@"
}

reaches_server()
{
	ping_to client "$(outer4 server)" || fail 'no way over IPv4'
	ping_to client "$(outer6 server)" || fail 'no way over IPv6'
}

# gateway_sees HOST: where a gateway finds the client.
gateway_sees()
{
	ns "$1" "$(tool_for "$(device_kind "$1" wg0)")" show wg0 endpoints |
		awk -v key="$(public_key "client-$1")" '$1 == key { print $2 }'
}

# port_at HOST
port_at()
{
	gateway_sees "$1" | sed 's/.*://'
}

# with_preshared_key HOST [FILE]: on both sides; the client's may be another.
with_preshared_key()
{
	gateway_admit "$1" "client-$1" 2 preshared-key "$(preshared_key "$1")"
	set_client peer "$(public_key "$1")" \
		preshared-key "${2:-$(preshared_key "$1")}"
}

# Both lose their sessions with the one that goes down, and it is the one that
# begins again: a gateway's packets find us through the entry's address
# translation.
gateway_begins()
{
	local gateway=$1

	ip -n "$gateway" link set wg0 down
	ip -n "$gateway" link set wg0 up
	ping_to "$gateway" "$(inner 4 "$gateway" 2)" ||
		fail "$gateway does not reach the client"
}

client_begins()
{
	ip -n client link set nym0 down
	ip -n client link set nym0 up
	path_route client nym0 server
	path_route_inside client nym0 "$exit"
	reaches_server
}

pass_through()
{
	local entry exit families=$3 port before

	entry=$(host_of entry "$1")
	exit=$(host_of exit "$2")
	path_device client nym0 "$families" "$entry" "$exit"
	path_route client nym0 server
	path_route_inside client nym0 "$exit"
	with_preshared_key "$entry"
	with_preshared_key "$exit"
	reaches_server
	tcp_transfer client server "$(outer4 server)" 300000 out
	tcp_transfer client server "$(outer6 server)" 300000 in
	client_begins
	gateway_begins "$exit"
	reaches_server

	# The client moves: seen by the entry only.
	port=$(port_at "$exit")
	set_client listen-port 4500
	reaches_server
	expect_equal 'port at the entry' 4500 "$(port_at "$entry")"
	expect_equal 'port at the exit' "$port" "$(port_at "$exit")"
	# It moves inside the entry: seen by the exit only.
	set_client peer "$(public_key "$exit")" via-port 40404
	reaches_server
	expect_equal 'port at the entry' 4500 "$(port_at "$entry")"
	[ "$(port_at "$exit")" != "$port" ]
	# With another preshared key there is no session with the exit, and so no
	# way to the server.
	set_client peer "$(public_key "$exit")" preshared-key "$(preshared_key other)"
	ip -n client link set nym0 down
	before=$(latest_handshake client nym0 "$exit")
	ip -n client link set nym0 up
	path_route client nym0 server
	expect_refused ping_to client "$(outer4 server)" -w 1
	expect_equal 'handshake with the exit' "$before" \
		"$(latest_handshake client nym0 "$exit")"
}

internet client server || bail_out 'no hosts'
setup >"$WORK/setup.log" 2>&1 || bail_out "$(cat "$WORK/setup.log")"
number=0
for entry in $KINDS; do
	for exit in $KINDS; do
		test_case "entry $entry, exit $exit, over IPv${FAMILIES[number]:0:1} and IPv${FAMILIES[number]:1:1}" \
			pass_through "$entry" "$exit" "${FAMILIES[number]}"
		ip -n client link del nym0
		number=$((number + 1))
	done
done
ktap_end
