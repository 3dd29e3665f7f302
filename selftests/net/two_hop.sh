#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two hops: over each combination of address families, through stock WireGuard
# gateways and through our own; and who sees what on the way.
. "$(dirname "$0")/lib.sh"

ktap_plan 17

internet client entry exit server
path_gateways client "$GATEWAY_KIND" entry exit

reaches_server()
{
	ping_to client "$(outer4 server)"
	ping_to client "$(outer6 server)"
	tcp_transfer client server "$(outer4 server)" 3000000 out
	tcp_transfer client server "$(outer6 server)" 3000000 in
}

over_families()
{
	path_device client "nym$1" "$1" entry exit
	path_route client "nym$1" server
	reaches_server
	expect_equal 'entry reached at' "$(endpoint "${1:0:1}" entry 51820)" \
		"$(peer_endpoint client "nym$1" entry)"
	expect_equal 'exit reached at' "$(endpoint "${1:1:1}" exit 51820)" \
		"$(peer_endpoint client "nym$1" exit)"
}

# Who saw what: first, while no gateway has anything left for a former device. The
# marker is in what the client and the server say.
marker=nym-selftest-marker-0f3a
path_device client nym0 44 entry exit
path_route client nym0 server
capture client-link client eth0
capture entry-link entry eth0
capture exit-link exit eth0
capture server-link server eth0
ns server python3 - "$(outer4 server)" "$marker" <<'PY' &
import socket, sys
with socket.create_server((sys.argv[1], 80)) as server:
    server.settimeout(300)
    connection, peer = server.accept()
    connection.settimeout(300)
    got = connection.recv(4096)
    assert sys.argv[2].encode() in got, got
    connection.sendall(b"from " + peer[0].encode() + b" " + got)
PY
say_marker()
{
	ns client python3 - "$(outer4 server)" "$marker" <<-'PY' >"$WORK/said"
	import socket, sys
	with socket.create_connection((sys.argv[1], 80), timeout=60) as connection:
	    connection.sendall(sys.argv[2].encode())
	    print(connection.recv(4096).decode())
	PY
}
wait_until 120 say_marker
for link in client entry exit server; do
	capture_end "$link-link" || bail_out "capture on the link of $link"
done

c4=$(outer4 client) n4=$(outer4 entry) x4=$(outer4 exit) s4=$(outer4 server)
# Neighbours are looked up and multicast groups joined on any link.
not_control='not arp and not icmp6 and not (ip6 and ip6[24] = 0xff)'

server_sees_exit_only()
{
	expect_equal 'the client, to the server' "from $x4 $marker" "$(cat "$WORK/said")"
	[ "$(capture_count server-link host "$x4")" -gt 0 ]
	expect_equal 'packets of others' 0 \
		"$(capture_count server-link "$not_control and not host $x4")"
}

client_link_has_entry_only()
{
	[ "$(capture_count client-link "host $n4 and udp port 51820")" -gt 0 ]
	expect_equal 'other packets' 0 \
		"$(capture_count client-link "$not_control and not (host $n4 and udp port 51820)")"
}

exit_sees_entry_not_client()
{
	[ "$(capture_count exit-link "host $n4 and udp port 51820")" -gt 0 ]
	expect_equal 'packets of the client' 0 \
		"$(capture_count exit-link "host $c4")"
	expect_equal 'endpoint of the client' "$n4" \
		"$(ns exit "$(tool_for "$GATEWAY_KIND")" show wg0 endpoints |
			awk '{ sub(/:[0-9]*$/, "", $2); print $2 }')"
}

entry_sees_no_server()
{
	expect_equal 'packets of the server' 0 "$(capture_count entry-link "host $s4")"
	expect_equal 'packets that are neither of client nor exit' 0 \
		"$(capture_count entry-link "$not_control and not host $c4 and not host $x4")"
}

marker_only_behind_exit()
{
	local link

	for link in client entry; do
		if capture_contains "$link-link" "$marker"; then
			fail "the payload is in the clear on the link of $link"
		fi
	done
	capture_contains server-link "$marker"
}

# The nested datagrams are inside the outer ones: no link in front of the entry
# may show the exit's address or key.
client_link_hides_exit()
{
	expect_equal 'packets with the exit address' 0 \
		"$(capture_count client-link "host $x4")"
	python3 - "$WORK/client-link.pcap" "$x4" "$s4" <<-'PY'
	import socket, sys
	data = open(sys.argv[1], "rb").read()
	for address in sys.argv[2:]:
	    assert socket.inet_aton(address) not in data, address + " is in the clear"
	PY
}

gateways_see_different_keys()
{
	local tool at_entry at_exit

	tool=$(tool_for "$GATEWAY_KIND")
	at_entry=$(ns entry "$tool" show wg0 latest-handshakes | awk '$2 > 0 { print $1 }')
	at_exit=$(ns exit "$tool" show wg0 latest-handshakes | awk '$2 > 0 { print $1 }')
	expect_equal 'key at the entry' "$(public_key client-entry)" "$at_entry"
	expect_equal 'key at the exit' "$(public_key client-exit)" "$at_exit"
}

test_case 'the server sees the exit only' server_sees_exit_only
test_case 'the client link carries messages to and from the entry only' \
	client_link_has_entry_only
test_case 'the client link shows neither exit nor server address anywhere' \
	client_link_hides_exit
test_case 'the entry link shows client and exit only' entry_sees_no_server
test_case 'the exit sees the entry and never the client' \
	exit_sees_entry_not_client
test_case 'the payload is in the clear behind the exit only' \
	marker_only_behind_exit
test_case 'entry and exit see different client keys' gateways_see_different_keys

# Full-sized packets pass whole, larger ones are refused with the right size.
path_mtu_is_exact()
{
	ip -n client link set nym0 mtu 1500
	# 1500 less 60 bytes for each hop over IPv4.
	ping_to client "$s4" -M 'do' -s $((1380 - 28))
	expect_refused ping_to client "$s4" -M 'do' -s $((1380 - 27)) -w 2
	has 'mtu 1380' ns client ip route get "$s4"
	ip -n client link set nym0 mtu 1340
}
test_case 'path MTU is the route less the hops, and told' path_mtu_is_exact

# 84 bytes are padded to 96; 16 of header and 16 of tag are added.
counts_five_packets()
{
	local before

	before=$(peer_transfer client nym0 exit)
	# No more than these, however long the answers take.
	ns client ping -n -q -c 5 -i 0.2 -W 60 "$s4"
	[ "$(peer_transfer client nym0 exit)" = \
		"$((${before% *} + 5 * 128)) $((${before#* } + 5 * 128))" ]
}

counters_count()
{
	# A keepalive or handshake may come between.
	wait_until 120 counts_five_packets
	[ "$(ns client "$NYMCTL" show nym0 transfer | awk '$2 > 0 && $3 > 0' | wc -l)" -eq 2 ]
}
test_case 'both peers count their messages' counters_count

ip -n client link del nym0

for families in 44 46 64 66; do
	test_case "entry over IPv${families:0:1}, exit over IPv${families:1:1}" \
		over_families "$families"
	ip -n client link del "nym$families"
done

# The same with our own driver on all three.
for host in entry exit; do
	device_remove "$host" wg0
	ns "$host" nft flush ruleset
done
path_gateways client nym entry exit
for families in 44 46 64 66; do
	test_case "gateways of our kind, entry over IPv${families:0:1}, exit over IPv${families:1:1}" \
		over_families "$families"
	ip -n client link del "nym$families"
done
ktap_end
