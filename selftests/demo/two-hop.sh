#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# two-hop.sh MODULE-FOLDER: the demo itself, inside the guest.  Every step
# that does not do what it says ends the demo with an error.
module=$1
here=$(dirname "$(readlink -f "$0")")
. "$here/../net/lib.sh"

PAGE='the quick brown fox reads over the lazy hop'
PORT=8080
CAPTURES='client-eth0 entry-eth0 entry-wg0 exit-eth0 exit-wg0 server-eth0'
STEPS=8
step_number=0

step()
{
	step_number=$((step_number + 1))
	printf '\n[%d/%d] %s\n' "$step_number" "$STEPS" "$*"
}

# A check that the demo is there to make.
must()
{
	local what=$1
	shift

	if "$@" >"$WORK/must.log" 2>&1; then
		printf '  ok    %s\n' "$what"
	else
		printf '  FAIL  %s\n' "$what"
		sed 's/^/        /' "$WORK/must.log"
		exit 1
	fi
}

load_module()
{
	local name

	for name in $(modinfo -F depends "$module/nym.ko" | tr ',' ' '); do
		modprobe "$name" || return
	done
	insmod "$module/nym.ko"
}

set_up_hosts()
{
	internet client entry exit server &&
	gateway entry && gateway exit &&
	gateway_admit entry "$(identity client entry)" &&
	gateway_admit exit "$(identity client exit)"
}

# Pages that say who asked: the server's own view.
web_server()
{
	ns server python3 "$here/web-server" "$PORT" "$PAGE" \
		>"$WORK/web-server.log" 2>&1 &
	wait_until 20 ns server curl -s -o /dev/null "http://127.0.0.1:$PORT/"
}

# The client's one file: two ordinary WireGuard peers, and Via.
client_file()
{
	cat <<-CONF
	[Interface]
	Address = $(inner 4 exit 2)/32, $(inner 6 exit 2)/128

	[Peer]
	# entry
	PublicKey = $(public_key entry)
	PrivateKey = $(cat "$(private_key "$(identity client entry)")")
	Endpoint = $(endpoint 4 entry 51820)

	[Peer]
	# exit
	PublicKey = $(public_key exit)
	PrivateKey = $(cat "$(private_key "$(identity client exit)")")
	Endpoint = $(endpoint 4 exit 51820)
	Via = $(public_key entry)
	ViaAddress = $(inner 4 entry 2), $(inner 6 entry 2)
	AllowedIPs = 0.0.0.0/0, ::/0
	CONF
}

# The same without the exit, to compare with.
one_hop_file()
{
	cat <<-CONF
	[Interface]
	Address = $(inner 4 entry 2)/32, $(inner 6 entry 2)/128
	PrivateKey = $(cat "$(private_key "$(identity client entry)")")

	[Peer]
	PublicKey = $(public_key entry)
	Endpoint = $(endpoint 4 entry 51820)
	AllowedIPs = 0.0.0.0/0, ::/0
	CONF
}

tunnel_up()
{
	ns client "$NYMCTL" up "$1"
}

tunnel_down()
{
	ns client "$NYMCTL" down "$1"
}

start_captures()
{
	local name

	for name in $CAPTURES; do
		capture "$name" "${name%-*}" "${name#*-}" || return
	done
}

end_captures()
{
	local name

	for name in $CAPTURES; do
		capture_end "$name" || return
	done
}

fetch_page()
{
	ns client curl -sS --max-time 30 "http://$1:$PORT/" >"$WORK/page" &&
	grep -q "$PAGE" "$WORK/page"
}

# The page names the address that asked for it.
server_saw()
{
	sed -n 's/^asked by //p' "$WORK/page"
}

picture()
{
	local key

	key=$(public_key entry)
	cat <<-PICTURE

	  client         $(outer4 client)   one device, two-hop
	    |
	    |  WireGuard to $(endpoint 4 entry 51820) (peer ${key:0:8}...)
	    v
	  entry          $(outer4 entry)   $GATEWAY_KIND
	    |
	    |  WireGuard to $(endpoint 4 exit 51820), that the entry cannot read
	    v
	  exit           $(outer4 exit)   $GATEWAY_KIND
	    |
	    |  what the client wanted to say
	    v
	  web server     $(outer4 server)   $(outer6 server)

	PICTURE
}

# Two-way handshakes no older than the demo.
handshake_ages()
{
	local now key when failed=0

	now=$(date +%s)
	while read -r key when; do
		if [ "$when" -gt 0 ]; then
			echo "  ${key:0:8}...  $((now - when)) s ago"
		else
			echo "  ${key:0:8}...  never"
			failed=1
		fi
	done < <(ns client "$NYMCTL" show two-hop latest-handshakes)
	return "$failed"
}

iperf3_listens()
{
	ns server ss -H -l -t -n 'sport = 5201' | grep -q .
}

# Mbit/s to the server over TCP.
throughput()
{
	ns server iperf3 -s -1 -D &&
	wait_until 20 iperf3_listens >&2 &&
	ns client iperf3 -J -t 4 -O 1 -c "$(outer4 server)" >"$WORK/iperf3.json" &&
	python3 -c '
import json, sys
result = json.load(open(sys.argv[1]))
print(round(result["end"]["sum_received"]["bits_per_second"] / 1e6))
' "$WORK/iperf3.json"
}

nothing_left()
{
	! ip -n client link show two-hop 2>/dev/null &&
	expect_equal 'policy rules' "$1" "$(ip -n client rule; ip -n client -6 rule)" &&
	expect_equal 'routes' "$2" "$(ip -n client route show table all; ip -n client -6 route show table all)"
}

rules_of()
{
	ip -n client rule
	ip -n client -6 rule
}

routes_of()
{
	ip -n client route show table all
	ip -n client -6 route show table all
}

step "client, entry, exit and web server, each in a network namespace; gateways: $GATEWAY_KIND"
must 'load nym.ko' load_module
must 'connect them, and make two of them gateways' set_up_hosts
must 'start the web server' web_server
rules=$(rules_of)
routes=$(routes_of)

step "one file, two peers, and Via"
client_file >"$WORK/two-hop.conf"
sed 's/^\(PrivateKey = \).*/\1(hidden)/; s/^/  /' "$WORK/two-hop.conf"
must 'nymctl up two-hop.conf' tunnel_up "$WORK/two-hop.conf"
must 'capture on every link' start_captures

step 'fetching a page'
must 'over IPv4' fetch_page "$(outer4 server)"
must "the server was asked by $(server_saw), the exit" [ "$(server_saw)" = "$(outer4 exit)" ]
must 'over IPv6' fetch_page "[$(outer6 server)]"
must "the server was asked by $(server_saw), the exit" [ "$(server_saw)" = "$(outer6 exit)" ]

step 'the path'
picture
must 'end the captures' end_captures

step 'handshakes'
handshake_ages || exit 1

step 'who saw what'
"$here/who-saw-what" --captures "$WORK" --payload "$PAGE" \
	--host client "$(outer4 client)" "$(outer6 client)" \
	--host entry "$(outer4 entry)" "$(outer6 entry)" \
	--host exit "$(outer4 exit)" "$(outer6 exit)" \
	--host server "$(outer4 server)" "$(outer6 server)" \
	--host 'client inside entry' "$(inner 4 entry 2)" "$(inner 6 entry 2)" \
	--host 'client inside exit' "$(inner 4 exit 2)" "$(inner 6 exit 2)" ||
	exit 1

step 'throughput of one TCP connection (an emulated processor: compare, do not admire)'
two=$(throughput) || exit 1
must 'nymctl down two-hop.conf' tunnel_down "$WORK/two-hop.conf"
must 'nothing is left of it' nothing_left "$rules" "$routes"
one_hop_file >"$WORK/one-hop.conf"
must 'nymctl up one-hop.conf' tunnel_up "$WORK/one-hop.conf"
one=$(throughput) || exit 1
printf '  one hop   %5d Mbit/s\n  two hops  %5d Mbit/s\n' "$one" "$two"

step 'going home'
must 'nymctl down one-hop.conf' tunnel_down "$WORK/one-hop.conf"
must 'nothing is left of it' nothing_left "$rules" "$routes"
printf '\nAll of it held.\n'
