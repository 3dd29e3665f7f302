#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What is said inside: TCP, UDP, SCTP, ICMP, fragments and multicast.
. "$(dirname "$0")/lib.sh"

ktap_plan 8

path_network 44 || bail_out 'no path'
x4=$(inner 4 exit) x6=$(inner 6 exit)
path_route_inside client nym0 exit
modprobe -q sctp || :

has_sctp()
{
	ns client python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)' 2>/dev/null
}

all_at_once()
{
	has_sctp || skip 'no SCTP in this kernel'
	"$NETWORKS/transfers.py" --kinds tcp,udp,sctp client exit "$x4" "$x6"
}

# Through the exit's address translation.
sctp_to_server()
{
	has_sctp || skip 'no SCTP in this kernel'
	transfers --kinds sctp
}

# Echoes of all sizes, in many fragments each.
echoes()
{
	local address=$1 size

	for size in 0 8 1000 1400 9000 30000 "$2"; do
		ping_to client "$address" -s "$size" -c 2
	done
}

# Fragments that the client makes, and that it forwards: conntrack puts them
# together and takes them apart again.
fragments_are_counted()
{
	local before after

	before=$(ns exit cat /proc/net/snmp | awk '/^Ip: [0-9]/ { print $16 }')
	ping_to client "$x4" -s 9000
	after=$(ns exit cat /proc/net/snmp | awk '/^Ip: [0-9]/ { print $16 }')
	[ "$after" -gt "$before" ] || fail 'no packet was put together from fragments'
}

# multicast FROM-HOST FROM-DEVICE TO-HOST TO-DEVICE 4|6
multicast()
{
	"$NETWORKS/multicast.py" "$@"
}

test_case 'TCP, UDP and SCTP at the same time, to the exit' all_at_once
test_case 'SCTP to a server behind the exit' sctp_to_server
test_case 'ICMP echoes up to 65507 bytes' echoes "$x4" 65507
test_case 'ICMPv6 echoes up to 65487 bytes' echoes "$x6" 65487
test_case 'fragments travel as such' fragments_are_counted
# The exit lets in what the client is allowed, and sends out to its groups.
gateway_admit exit client-exit 2 allowed-ips \
	"$(inner 4 exit 2)/32,$(inner 6 exit 2)/128,239.1.2.3/32,ff0e::1:2:3/128"
multicast_both_ways()
{
	multicast client nym0 exit wg0 "$1"
	multicast exit wg0 client nym0 "$1"
}
test_case 'IPv4 multicast both ways' multicast_both_ways 4
test_case 'IPv6 multicast both ways' multicast_both_ways 6

# Two hosts that know nothing of a path between them speak all of it through the
# client as a router.
forwarded()
{
	forwarding client
	netns_add box
	veth client box box eth0
	ip -n client address add 192.168.11.1/24 dev box
	ip -n client address add fd11::1/64 dev box nodad
	ip -n box -batch - <<-'BATCH'
	address add 192.168.11.2/24 dev eth0
	address add fd11::2/64 dev eth0 nodad
	route add default via 192.168.11.1
	route add default via fd11::1
	BATCH
	ns client nft -f - <<-RULES
	table inet box {
		chain postrouting {
			type nat hook postrouting priority srcnat
			oifname "nym0" masquerade
		}
	}
	RULES
	"$NETWORKS/transfers.py" --kinds "tcp,udp$(! has_sctp || echo ,sctp)" \
		box server "$(outer4 server)" "$(outer6 server)"
	ping_to box "$(outer4 server)" -s 30000
	ping_to box "$(outer6 server)" -s 30000
}
test_case 'all of it forwarded, with fragments' forwarded
ktap_end
