#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Links, addresses, routes and endpoints come and go under traffic, on our side and
# the entry's: whatever the last state is, traffic finds its way in it.
. "$(dirname "$0")/lib.sh"

ktap_plan 3

internet client entry exit server
path_gateways client nym entry exit
counts_begin
path_begin 44

entry_at()
{
	ns client "$NYMCTL" set nym0 peer "$(public_key entry)" endpoint "$1"
}

default_routes()
{
	local n

	n=$(host_number "$1")
	ip -n "$1" route replace default via "198.18.$n.1" &&
	ip -n "$1" -6 route replace default via "2001:db8:$n::1"
}

# What happens to a host that is carried about; some of it fails, depending on what
# was before.
something_happens()
{
	local host n words

	draw 2
	host=client
	[ "$drawn" -eq 0 ] || host=entry
	n=$(host_number "$host")
	draw 9
	words=("$host" "$n" "$drawn")
	echo "${words[*]}"
	case $drawn in
	0)	ip -n "$host" link set eth0 down ;;
	1)	ip -n "$host" link set eth0 up
		default_routes "$host" ;;
	2)	ip -n "$host" address del "198.18.$n.2/24" dev eth0 ;;
	3)	ip -n "$host" address add "198.18.$n.2/24" dev eth0
		default_routes "$host" ;;
	4)	ip -n "$host" address replace "198.18.$n.77/24" dev eth0 ;;
	5)	ip -n "$host" -6 address flush dev eth0 ;;
	6)	entry_at "$(endpoint 6 entry 51820)" ;;
	7)	entry_at "198.18.$(host_number entry).77:51820" ;;
	8)	ip -n "$host" link set eth0 mtu 1280 ;;
	esac 2>/dev/null || :
}

whatever_happens()
{
	local i

	traffic_begin client server
	for ((i = 0; i < 40 * STRESS_ROUNDS; i++)); do
		something_happens
		sleep_up_to 60
	done
	traffic_end
}

# As the hosts were made.
all_comes_back()
{
	local host n

	for host in client entry; do
		n=$(host_number "$host")
		ip -n "$host" address flush dev eth0
		ip -n "$host" -batch - <<-BATCH
		link set eth0 mtu 1500 up
		address add 198.18.$n.2/24 dev eth0
		address add 2001:db8:$n::2/64 dev eth0 nodad
		BATCH
		default_routes "$host"
	done
	entry_at "$(endpoint 4 entry 51820)"
	path_carries client server
}

device_goes()
{
	ip -n client link del nym0
	nothing_is_left
}

test_case 'links, addresses and endpoints flap under traffic' whatever_happens
test_case 'traffic finds its way again' all_comes_back
test_case 'nothing is left of it' device_goes
ktap_end
