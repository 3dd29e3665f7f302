#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# only: matrix
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

# mark_on HOST: what passes that link. Toward the host it is the router that
# marks, as it would for a link that is full. Few are marked, since a train of
# packets counts as one: where chance had none of them, once more.
mark_on()
{
	local host=$1 client=0 server=0

	marked_at client >/dev/null
	marked_at server >/dev/null
	impair_link "$host" loss 10 ecn
	for _ in {1..5}; do
		transfers --kinds tcp --bytes 300000
		client=$((client + $(marked_at client)))
		server=$((server + $(marked_at server)))
		[ "$client" -eq 0 ] || [ "$server" -eq 0 ] || break
	done
	impair_link "$host" off
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
