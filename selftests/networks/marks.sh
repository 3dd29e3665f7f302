#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Routers that mark instead of dropping: the mark reaches the connection inside,
# from any link of the path.
. "$(dirname "$0")/lib.sh"

FAMILIES='44'
! in_matrix || FAMILIES='44 46 64 66'
# shellcheck disable=SC2086 # words
set -- $FAMILIES
ktap_plan $(($# * 4))
path_network 44 || bail_out 'no path'
for host in client server; do
	ns $host sysctl -qw net.ipv4.tcp_ecn=1
done

# Inside, behind the client's device and at the server, are the packets counted
# that came with a mark.
count_marks()
{
	ns "$1" nft -f - <<-RULES
	table inet marks {
		counter marked { }
		chain in {
			type filter hook prerouting priority -500
			iifname "$2" ip ecn ce counter name marked
			iifname "$2" ip6 ecn ce counter name marked
		}
	}
	RULES
}

marked_at()
{
	ns "$1" nft reset counter inet marks marked |
		sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}

# marking HOST DEVICE: every fourth that leaves there and can be marked, is. (netem
# would drop what cannot be, also a connection's retransmissions.) Of IPv6 it is the
# first two bytes, since new kernels refuse nft's "ip6 ecn set": what else is in
# there is zero in tunnels, and elsewhere nobody's concern.
marking()
{
	ns "$1" nft -f - <<-RULES
	table inet marking {
		chain out {
			type filter hook postrouting priority 500
			oifname "$2" ip ecn != not-ect numgen inc mod 4 0 ip ecn set ce
			oifname "$2" ip6 ecn != not-ect numgen inc mod 4 0 @nh,0,16 set 0x6030
		}
	}
	RULES
}

# mark_on HOST: what passes that link. Toward the host it is the router that
# marks, as it would for a link that is full.
mark_on()
{
	local host=$1 client server

	marked_at client >/dev/null
	marked_at server >/dev/null
	marking "$host" eth0
	marking internet "$host"
	transfers --kinds tcp --bytes 300000
	ns "$host" nft delete table inet marking
	ns internet nft delete table inet marking
	client=$(marked_at client)
	server=$(marked_at server)
	echo "$client marked at the client, $server at the server"
	[ "$client" -gt 0 ]
	[ "$server" -gt 0 ]
}

count_marks client nym0 || bail_out 'no counters'
count_marks server eth0 || bail_out 'no counters'
for families; do
	ip -n client link del nym0
	path_device client nym0 "$families" entry exit
	path_route client nym0 server
	for host in client entry exit server; do
		test_case "marks on the link of $host, over IPv${families:0:1} and IPv${families:1:1}" \
			mark_on "$host"
	done
done
ktap_end
