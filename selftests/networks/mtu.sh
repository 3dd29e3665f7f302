#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# only: matrix
# Links from 1280 to 9000 bytes, that change, and networks in between that are
# narrower and say so, or do not.
. "$(dirname "$0")/lib.sh"

LINKS='client entry exit server'
FAMILIES='44 66'
! in_matrix || FAMILIES='44 46 64 66'
# shellcheck disable=SC2086 # words
set -- $FAMILIES
ktap_plan $(($# * 5))

links_of()
{
	local host

	for host in $LINKS; do
		host_mtu "$host" "$1"
	done
}

device_mtu()
{
	ip -n client link set nym0 mtu "$1"
}

# gateways_mtu MTU [MTU]: of what they have inside; the exit's, where it is less.
gateways_mtu()
{
	ip -n entry link set wg0 mtu "$1"
	ip -n exit link set wg0 mtu "${2-$1}"
}

# carries MTU: all links carry so much. A packet as large as the device takes
# passes whole, and so do transfers; also where the second hop is over IPv6, which
# leaves packets of IPv6 less than the least, so that datagrams are cut.
carries()
{
	local link=$1 mtu=$(($1 - 160))

	# The device takes what IPv6 must have, and the driver says what fits.
	[ "$mtu" -ge 1280 ] || mtu=1280
	links_of "$link"
	gateways_mtu $((link - 80 > 1280 ? link - 80 : 1280))
	device_mtu "$mtu"
	transfers --datagrams 20
	mtu=$((link - 160))
	ping_to client "$(outer4 server)" -M 'do' -s $((mtu - 28))
	[ "$mtu" -lt 1280 ] || ping_to client "$(outer6 server)" -M 'do' -s $((mtu - 48))
}

# Each length in its turn, while transfers run; nobody tells the device.
links_change()
{
	local status=0 pid mtu

	links_of 1500
	device_mtu 1340
	gateways_mtu 1420
	transfers --bytes 3000000 --datagrams 200 &
	pid=$!
	for mtu in 9000 1500 1400 1280 1380 9000 1500; do
		host_mtu client "$mtu"
		sleep 0.2
	done
	wait $pid || status=1
	return $status
}

# narrow_to HOST [MTU]: the way to the host is narrower than its link, so that
# only the router knows; without MTU it is not.
narrow_to()
{
	local n

	n=$(host_number "$1")
	ip -n internet route replace "198.18.$n.0/24" dev "$1" \
		src "198.18.$n.1" ${2:+mtu lock "$2"}
	ip -n internet -6 route replace "2001:db8:$n::/64" dev "$1" \
		metric 256 ${2:+mtu lock "$2"}
}

# In front of the exit, then of the entry and the client. Over IPv6 the router says
# so; over IPv4 it fragments.
narrow_in_between()
{
	links_of 1500
	device_mtu 1340
	gateways_mtu 1420
	narrow_to exit 1400
	transfers
	narrow_to exit
	narrow_to entry 1460
	narrow_to client 1460
	transfers
}

nothing_is_narrow()
{
	local host

	for host in $LINKS; do
		narrow_to "$host"
		ip -n "$host" route flush cache
		ip -n "$host" -6 route flush cache
	done
}

# Takes packets of an IPv6 without fragments over two hops, but no larger ones.
HOLE=1450

# Nothing larger and no fragment passes the entry's link, and nobody says so.
black_hole()
{
	ns entry nft -f - <<-RULES
	table inet hole {
		chain in {
			type filter hook prerouting priority -500
			iifname "eth0" ip frag-off & 0x3fff != 0 drop
			iifname "eth0" exthdr frag exists drop
			iifname "eth0" meta length > $HOLE drop
		}
		chain out {
			type filter hook postrouting priority 500
			oifname "eth0" meta length > $HOLE drop
		}
	}
	RULES
}

no_black_hole()
{
	ns entry nft delete table inet hole
}

tcp_probes()
{
	local host

	for host in client server; do
		ns "$host" sysctl -qw net.ipv4.tcp_mtu_probing="$1" \
			net.ipv4.tcp_base_mss=1024
	done
}

# What does not fit is lost without a word, since the tunnel's own datagrams
# are not probes. A sender that probes for itself gets through.
in_black_hole()
{
	device_mtu 1340
	gateways_mtu 1420
	black_hole
	expect_refused ping_to client "$(outer4 server)" -M 'do' -s 1312 -w 1
	ping_to client "$(outer4 server)" -M 'do' -s 1000
	tcp_probes 1
	transfers --kinds tcp --bytes 60000
	tcp_probes 0
	# Everybody does, once the devices are told what fits; the entry's carries the
	# exit's datagrams.
	device_mtu 1280
	gateways_mtu $((HOLE - 80)) 1280
	transfers
}

# path_anew FAMILIES: what was told of the former path is forgotten.
path_anew()
{
	ip -n client link del nym0
	path_device client nym0 "$1" entry exit
	path_route client nym0 server
}

path_network 44 || bail_out 'no path'
for families; do
	path_anew "$families"
	over=", over IPv${families:0:1} and IPv${families:1:1}"
	test_case "links of 9000 bytes$over" carries 9000
	test_case "links of 1280 bytes$over" carries 1280
	test_case "a link that changes under transfers$over" links_change
	links_of 1500
	test_case "a link in between is narrower$over" narrow_in_between
	nothing_is_narrow
	path_anew "$families"
	test_case "a black hole in between$over" in_black_hole
	no_black_hole
	tcp_probes 0
done
ktap_end
