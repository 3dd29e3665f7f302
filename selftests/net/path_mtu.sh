#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# TCP goes on whole when the device, the route or a router in between carries
# less than it seemed, in either direction.
# usual: 6.12 7.2
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/pair.sh"

ktap_plan 8

pair_hosts

# fragments NAME SOURCE: how many fragments passed.
fragments()
{
	capture_count "$1" "src host $2 and ((ip[6:2] & 0x3fff != 0) or ip6[6] = 44)"
}

route_mtu()
{
	local host n family

	for host in ours stock; do
		n=$(host_number "$host")
		for family in 4 6; do
			ip -n "$host" "-$family" route replace default \
				via "$(router "$family" "$n")" ${1:+mtu "$1"}
		done
	done
}

router()
{
	case $1 in
	4)	echo "198.18.$2.1" ;;
	6)	echo "2001:db8:$2::1" ;;
	esac
}

# The sender learns from the driver what fits the route, so nothing is
# fragmented.
narrow_route()
{
	local family=$1

	pair_connected ours "$family"
	pings ours
	route_mtu 1400
	CAPTURE_BYTES=100 capture route internet ours udp port 51820 or ip6 or \
		'ip[6:2] & 0x3fff != 0'
	stream tcp 4 ours
	stream tcp 6 ours
	capture_end route
	expect_equal 'fragments' 0 "$(fragments route "$(outer "$family" ours)")"
}

for family in 4 6; do
	test_case "the route is narrower, over IPv$family" narrow_route "$family"
	route_mtu ''
done

# Only a router knows.  Over IPv6 it tells; over IPv4 it fragments.
narrow_link()
{
	local family=$1 inner=$2 found

	pair_connected ours "$family"
	pings ours
	host_mtu stock 1380
	CAPTURE_BYTES=100 capture link internet ours 'ip6 or ip'
	stream tcp "$inner" ours
	capture_end link
	found=$(fragments link "$(outer "$family" ours)")
	# Trains may be on their way before the router's word arrives; of all that is sent
	# there would be 1500.
	[ "$found" -le 700 ] || fail "$found fragments were sent"
}

for family in 4 6; do
	for inner in 4 6; do
		test_case "a link is narrower, IPv$inner over IPv$family" \
			narrow_link "$family" "$inner"
		host_mtu stock 1500
		ip -n ours -6 route flush cache
		ip -n stock -6 route flush cache
	done
done

device_shrinks()
{
	local pid mtu

	pair_connected ours
	pings ours
	stream tcp "$1" ours &
	pid=$!
	for mtu in 1280 1400 1300 1420 1281 1420; do
		ip -n ours link set wg0 mtu "$mtu"
		sleep 0.1
	done
	wait "$pid"
	stream tcp "$1" stock
}

test_case "the device's MTU changes under IPv4 TCP" device_shrinks 4
test_case "the device's MTU changes under IPv6 TCP" device_shrinks 6

ktap_end
