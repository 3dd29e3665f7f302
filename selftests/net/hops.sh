#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Paths of three and five hops, what is refused, and carriers and devices with
# many nested peers.
# usual: 7.2
# shellcheck disable=SC2046 # words to be split
. "$(dirname "$0")/lib.sh"

ktap_plan 10

internet client one two three four five server
path_gateways client "$GATEWAY_KIND" one two three four five
s4=$(outer4 server) s6=$(outer6 server)

set_client()
{
	ns client "$NYMCTL" set nym0 "$@"
}

# wire_begin ENTRY-ADDRESS: capture what leaves the client for anybody else.
wire_begin()
{
	capture wire client eth0 "$(sent_by client) and not (dst host $1 and udp port 51820)"
}

wire_had_entry_only()
{
	capture_end wire
	expect_equal 'packets that are not for the entry' '' "$(capture_show wire)"
}

# Every gateway knows its client under another key, and reached from the one
# before it.
path_of_gateways()
{
	local families=$1 exit=${!#} link previous=client gateway
	shift

	path_device client nym0 "$families" "$@"
	path_route client nym0 server
	wire_begin "$(outer "${families:0:1}" "$1")"
	ping_to client "$s4" -w 60
	ping_to client "$s6" -w 60
	tcp_transfer client server "$s4" 100000 out
	tcp_transfer client server "$s6" 100000 in
	wire_had_entry_only
	for gateway; do
		link=$(ns "$gateway" "$(tool_for "$GATEWAY_KIND")" show wg0 endpoints |
			awk -v key="$(public_key "client-$gateway")" '$1 == key { print $2 }')
		case $link in
		"$(outer4 "$previous")":* | "[$(outer6 "$previous")]":*) ;;
		*) fail "$gateway sees its client at $link, not at $previous" ;;
		esac
		previous=$gateway
	done
	expect_equal 'hops' "$#" \
		"$(ns client "$NYMCTL" show nym0 hops | awk -v key="$(public_key "$exit")" '$1 == key { print $2 }')"
}

# What a path of so many hops leaves of 1500 bytes, all over IPv4.
mtu_of_path()
{
	local mtu=$1

	ip -n client link set nym0 mtu 1500
	ping_to client "$s4" -M 'do' -s $((mtu - 28))
	expect_refused ping_to client "$s4" -M 'do' -s $((mtu - 27)) -w 1
}

remove_device()
{
	ip -n client link del nym0
}

test_case 'three hops over IPv4' path_of_gateways 444 one two three
test_case 'three hops leave 1320 bytes' mtu_of_path 1320
remove_device
test_case 'three hops over IPv4 and IPv6 in turn' path_of_gateways 646 one two three
remove_device
test_case 'five hops over IPv4' path_of_gateways 44444 one two three four five
test_case 'five hops leave 1200 bytes' mtu_of_path 1200

# refused_with TEXT WORD...: nymctl set fails and says why; nothing changes.
refused_with()
{
	local text=$1 before
	shift

	before=$(ns client "$NYMCTL" show nym0 via)
	expect_refused set_client "$@" 2>"$WORK/said"
	grep -q -e "$text" "$WORK/said" ||
		fail "was told '$(cat "$WORK/said")', not '$text'"
	expect_equal 'vias' "$before" "$(ns client "$NYMCTL" show nym0 via)"
}

sixth_hop_refused()
{
	refused_with 'more than 5 hops' peer "$(public_key six)" \
		via "$(public_key five)" via-address 10.9.9.9
	# Also where the hop is added below, or where the carrier is not there yet.
	refused_with 'more than 5 hops' peer "$(public_key one)" \
		via "$(public_key zero)" via-address 10.9.9.9
	set_client peer "$(public_key zero)"
	refused_with 'more than 5 hops' peer "$(public_key one)" \
		via "$(public_key zero)" via-address 10.9.9.9
	set_client peer "$(public_key zero)" remove
	ping_to client "$s4"
}

cycles_refused()
{
	refused_with 'its own carrier' peer "$(public_key two)" \
		via "$(public_key two)" via-address 10.9.9.9
	refused_with 'reached through this peer' peer "$(public_key one)" \
		via "$(public_key two)" via-address 10.9.9.9
	refused_with 'reached through this peer' peer "$(public_key one)" \
		via "$(public_key five)" via-address 10.9.9.9
	ping_to client "$s4"
}

silent_without_the_middle()
{
	wire_begin "$(outer4 one)"
	set_client peer "$(public_key three)" remove
	expect_refused ping_to client "$s4" -w 1
	wire_had_entry_only
	set_client peer "$(public_key three)" \
		endpoint "$(endpoint 4 three 51820)" \
		identity "$(private_key client-three)" \
		via "$(public_key two)" \
		via-address "$(inner 4 two 2),$(inner 6 two 2)"
	ping_to client "$s4" -w 60
}

test_case 'a sixth hop is refused' sixth_hop_refused
test_case 'cycles are refused' cycles_refused
test_case 'five hops are silent without the third' silent_without_the_middle
remove_device

# One carrier with twenty nested peers: as many devices on the host of the second
# gateway, each with its own key, port and network.
NESTED=20

many_nested_peers()
{
	local i

	for ((i = 0; i < NESTED; i++)); do
		echo "link add many$i type wireguard"
		echo "address add 10.100.$i.1/24 dev many$i"
		echo "link set many$i up"
	done | ip -n two -batch -
	ip -n client link add nym0 mtu 1280 type "$LINK_KIND"
	for ((i = 0; i < NESTED; i++)); do
		ns two wg set "many$i" listen-port $((52000 + i)) \
			private-key "$(private_key "many-$i")" \
			peer "$(public_key "client-many-$i")" \
			allowed-ips "10.100.$i.2/32"
		echo "address add 10.100.$i.2/32 dev nym0" >>"$WORK/many.batch"
		echo "route add 10.100.$i.0/24 dev nym0 src 10.100.$i.2" \
			>>"$WORK/many.routes"
		echo "peer $(public_key "many-$i")" \
			"endpoint $(endpoint $((i % 2 ? 4 : 6)) two $((52000 + i)))" \
			"identity $(private_key "client-many-$i")" \
			"via $(public_key one)" \
			"via-address $(inner 4 one 2),$(inner 6 one 2)" \
			"allowed-ips 10.100.$i.0/24" >>"$WORK/many.peers"
	done
	set_client peer "$(public_key one)" endpoint "$(endpoint 4 one 51820)" \
		identity "$(private_key client-one)" $(cat "$WORK/many.peers")
	echo 'link set nym0 up' >>"$WORK/many.batch"
	cat "$WORK/many.batch" "$WORK/many.routes" | ip -n client -batch -
	# Their ports differ, for the addresses do not.
	expect_equal 'ports' "$NESTED" "$(ns client "$NYMCTL" show nym0 via-port |
		awk '$2 > 0 { print $2 }' | sort -u | wc -l)"
	for ((i = 0; i < NESTED; i++)); do
		ns client ping -n -q -c 2 -i 0.2 -w 60 "10.100.$i.1" \
			>"$WORK/ping-$i" 2>&1 &
	done
	wait
	for ((i = 0; i < NESTED; i++)); do
		# While answers are slow, ping asks more often than it needs to.
		grep -qE ' ([2-9]|[1-9][0-9]+) received' "$WORK/ping-$i" ||
			fail "nested peer $i: $(cat "$WORK/ping-$i")"
	done
	# The carrier goes: all of them wait for it, and come back with it.
	set_client peer "$(public_key one)" remove
	expect_refused ping_to client 10.100.0.1 -w 1
	set_client peer "$(public_key one)" endpoint "$(endpoint 4 one 51820)" \
		identity "$(private_key client-one)"
	ping_to client 10.100.0.1 -w 60
	ping_to client 10.100.$((NESTED - 1)).1 -w 60
}

# Two paths that share no hop, one for each inner family.
two_paths()
{
	ip -n client link add nym0 mtu 1280 type "$LINK_KIND"
	set_client $(path_peers client 44 one two) $(path_peers client 46 three four)
	set_client peer "$(public_key two)" allowed-ips 0.0.0.0/0 \
		peer "$(public_key four)" allowed-ips ::/0
	ip -n client -batch - <<-BATCH
	address add $(inner 4 two 2)/32 dev nym0
	address add $(inner 6 four 2)/128 dev nym0 nodad
	link set nym0 up
	BATCH
	path_route client nym0 server
	capture server server eth0 icmp or icmp6
	ping_to client "$s4" -w 60
	ping_to client "$s6" -w 60
	capture_end server
	[ "$(capture_count server "icmp and src $(outer4 two)")" -gt 0 ]
	[ "$(capture_count server "icmp6 and src $(outer6 four)")" -gt 0 ]
	for gateway in one two three four; do
		[ "$(latest_handshake client nym0 "$gateway")" -gt 0 ]
	done
	# One path's carrier is nothing to the other.
	set_client peer "$(public_key one)" remove
	expect_refused ping_to client "$s4" -w 1
	ping_to client "$s6"
}

test_case 'twenty nested peers behind one carrier' many_nested_peers
remove_device
test_case 'two paths on one device' two_paths
remove_device
ktap_end
