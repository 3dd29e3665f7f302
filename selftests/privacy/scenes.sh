# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The life of a path in scenes, with captures of every link and of what every
# gateway decrypts, and each host's kernel state; check-captures judges them.
#
#   path_hosts HOP...
#   life FAMILIES HOP...    of some of these
. "$(dirname "${BASH_SOURCE[0]}")/../net/lib.sh"

# Whole datagrams, in slots that are no larger than that: there are many more.
export CAPTURE_BYTES=2048
PAYLOAD='what the client says to the server'

# Keys of the client toward a gateway, of names by which the clocks that they show
# are seconds apart: chance would have some show nearly the same.
identity()
{
	echo "$1-$2-216"
}

# path_hosts HOP...: hosts for paths, and "other" for another entry.
path_hosts()
{
	local host

	GATEWAYS=("$@" other)
	internet client "${GATEWAYS[@]}" server
	s4=$(outer4 server) s6=$(outer6 server)
	# A datagram to a packet, as it is on a cable.
	for host in "${TOPOLOGY_HOSTS[@]}"; do
		ns "$host" ethtool -K eth0 tso off gso off gro off \
			tx-udp-segmentation off
		ns internet ethtool -K "$host" tso off gso off gro off \
			tx-udp-segmentation off
	done >/dev/null
	ns client sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0 \
		net.ipv4.conf.all.promote_secondaries=1
	# While the device is away, what is for the server stays here.
	ip -n client route add blackhole "$s4/32" metric 9999
	ip -n client route add blackhole "$s6/128" metric 9999
	server_begin
}

# Gateways that know nothing of the path before: no session, no client that has
# what they admit, no connection, no path MTU.
gateways_begin()
{
	local host

	for host in "${GATEWAYS[@]}"; do
		device_remove "$host" wg0
		ns "$host" nft flush ruleset
		ns "$host" conntrack -F 2>/dev/null
		ip -n "$host" -4 route flush cache
		ip -n "$host" -6 route flush cache
	done
	path_gateways client "$GATEWAY_KIND" "${GATEWAYS[@]}"
	for host in "${GATEWAYS[@]}"; do
		admit_anything "$host" "$(identity client "$host")"
	done
}

# admit_anything GATEWAY CLIENT-KEY-NAME: what the gateway decrypts is seen behind
# its device, also what it would not let pass: it can look all the same.
admit_anything()
{
	ns "$1" "$(tool_for "$GATEWAY_KIND")" set wg0 peer "$(public_key "$2")" \
		allowed-ips 0.0.0.0/0,::/0
}

# Answers what it is told, over TCP and UDP.
server_begin()
{
	ns server python3 "$(dirname "${BASH_SOURCE[0]}")/server.py" "$s4" "$s6" \
		>"$WORK/server.log" 2>&1 &
	wait_until 60 grep -q ready "$WORK/server.log"
}

# say 4|6: the payload over UDP, and more of it over TCP, both ways.
say()
{
	ns client python3 "$(dirname "${BASH_SOURCE[0]}")/server.py" \
		--say "$PAYLOAD" "$(outer "$1" server)"
}

now()
{
	date +%s.%N
}

# scene NAME [KIND]: kinds are told in scenario.py.
scene()
{
	printf '{"name": "%s", "kind": "%s", "from": %s}\n' "$1" "${2:-active}" \
		"$(now)" >>"$WORK/scenes"
}

# What follows is of no scene that forbids anything.
interval()
{
	scene "after $1"
}

# Which ports and keys the client uses toward each hop, from now on.
note_path()
{
	local hop ports='' identities=''

	for hop in "${HOPS[@]}"; do
		ports+=", \"$hop\": $(port_toward "$hop")"
		identities+=", \"$hop\": \"$(identity_toward "$hop")\""
	done
	printf '{"from": %s, "hops": [%s], "ports": {%s}, "identities": {%s}}\n' \
		"$(now)" "$(printf '"%s"\n' "${HOPS[@]}" | paste -sd,)" \
		"${ports#, }" "${identities#, }" >>"$WORK/paths"
}

identity_toward()
{
	ns client "$NYMCTL" show nym0 identity |
		awk -v key="$(public_key "$1")" '$1 == key { print $2 }'
}

port_toward()
{
	if [ "$1" = "${HOPS[0]}" ]; then
		ns client "$NYMCTL" show nym0 listen-port
	else
		ns client "$NYMCTL" show nym0 via-port |
			awk -v key="$(public_key "$1")" '$1 == key { print $2 }'
	fi
}

# path_begin FAMILIES: captures, and the device; no packet has left before.
path_begin()
{
	local host

	rm -f "$WORK"/{scenes,paths,*.state,*.pcap}
	client_moves 3 2
	gateways_begin
	for host in "${TOPOLOGY_HOSTS[@]}"; do
		capture "$host-outside" "$host" eth0
		[ "$host" = client ] || [ "$host" = server ] ||
			capture "$host-inside" "$host" wg0
	done
	scene connect
	path_device client nym0 "$1" "${HOPS[@]}"
	device_route
	note_path
	wait_until 60 ping_to client "$s4"
	ping_to client "$s6"
}

device_route()
{
	ip -n client route replace "$s4/32" dev nym0 src "$(inner 4 "$EXIT" 2)"
	ip -n client route replace "$s6/128" dev nym0 src "$(inner 6 "$EXIT" 2)"
}

set_client()
{
	ns client "$NYMCTL" set nym0 "$@"
}

scene_traffic()
{
	local mtu

	scene traffic
	say 4
	say 6
	# The inner traffic class is not for others, and its ECN field is.
	ping_to client "$s4" -Q 0xba
	ping_to client "$s6" -Q 0xba
	# A packet that fills the path, or the device, which has IPv6's least MTU.
	mtu=$(ns client "$NYMCTL" show nym0 mtu |
		awk -v exit_key="$(public_key "$EXIT")" '$1 == exit_key { print $2 }')
	ping_to client "$s4" -M 'do' -s $(((mtu < 1280 ? mtu : 1280) - 28))
	interval traffic
}

scene_idle()
{
	set_client peer "$(public_key "$EXIT")" persistent-keepalive 1
	sleep 0.5
	scene idle idle
	sleep 3.2
	interval idle
	set_client peer "$(public_key "$EXIT")" persistent-keepalive 0
}

# The device begins anew, which the kernel takes an IPv6 address for.
device_again()
{
	ip -n client link set nym0 down
	ip -n client address replace "$(inner 6 "$EXIT" 2)/128" dev nym0 nodad
	ip -n client link set nym0 up
	device_route
}

# New sessions with everybody, as every two minutes.
scene_handshakes()
{
	scene 'new sessions'
	device_again
	wait_until 60 ping_to client "$s4"
	say 4
}

# The protocol's own two minutes, with a little traffic.
scene_rekey()
{
	local before after

	before=$(latest_handshake client nym0 "$EXIT")
	scene rekey
	for _ in $(seq 130); do
		ping_to client "$s4"
		after=$(latest_handshake client nym0 "$EXIT")
		[ "$after" -gt "$((before + 60))" ] && break
		sleep 1
	done
	[ "$after" -gt "$((before + 60))" ] || fail 'no new session with the exit'
	say 6
	interval rekey
}

# client_moves FROM TO: last numbers of its addresses.
client_moves()
{
	ip -n client -batch - <<-BATCH
	address replace 198.18.1.$2/24 dev eth0
	address replace 2001:db8:1::$2/64 dev eth0 nodad
	BATCH
	ip -n client address del "198.18.1.$1/24" dev eth0 2>/dev/null
	ip -n client address del "2001:db8:1::$1/64" dev eth0 2>/dev/null
	ip -n client -batch - <<-BATCH
	route replace default via 198.18.1.1
	route replace default via 2001:db8:1::1
	BATCH
}

# The client gets another address.
scene_roaming()
{
	scene roaming moved
	client_moves 2 3
	wait_until 60 ping_to client "$s4"
	say 6
	interval roaming
	# The entry has seen it, or nothing was proven.
	ns "$ENTRY" "$(tool_for "$GATEWAY_KIND")" show wg0 endpoints >"$WORK/endpoints"
	grep -e '198\.18\.1\.3:' -e '2001:db8:1::3]' "$WORK/endpoints"
}

# Another entry under the same exit.
scene_switch()
{
	local second=${HOPS[1]}

	scene 'entry switch'
	HOPS[0]=other
	set_client peer "$(public_key other)" endpoint "$(endpoint "$1" other 51820)" \
		identity "$(private_key "$(identity client other)")" \
		peer "$(public_key "$second")" via "$(public_key other)" \
		via-address "$(inner 4 other 2),$(inner 6 other 2)"
	note_path
	wait_until 60 ping_to client "$s4"
	set_client peer "$(public_key "$ENTRY")" remove
	say 4
	say 6
}

# The exit is under load, and the client shows it the cookie that it was given.
scene_cookie()
{
	local exit_key loaded i

	exit_key=$(private_key "$EXIT")
	scene 'exit under load'
	# Initiations, of which the exit itself hears nothing.
	ns "$EXIT" nft -f - <<-'RULES'
	table inet loaded {
		chain input {
			type filter hook input priority 0
			udp dport 51820 @th,64,8 1 drop
		}
	}
	RULES
	ip netns exec "$EXIT" python3 "$(dirname "${BASH_SOURCE[0]}")/loaded.py" \
		"$exit_key" >"$WORK/loaded.log" 2>&1 &
	loaded=$!
	wait_until 60 grep -q ready "$WORK/loaded.log"
	set_client peer "$(public_key "$EXIT")" persistent-keepalive 1
	# It may go down before it has read the cookie.
	for i in {1..20}; do
		device_again
		wait_until 60 cookie_words_are "$i" || break
		grep -q shown "$WORK/loaded.log" && break
	done
	set_client peer "$(public_key "$EXIT")" persistent-keepalive 0
	kill "$loaded"
	ns "$EXIT" nft delete table inet loaded
	grep -q shown "$WORK/loaded.log"
}

# Was the exit under load asked so often?
cookie_words_are()
{
	[ "$(grep -c -e given -e shown "$WORK/loaded.log")" -ge "$1" ]
}

# The client wants to be another one to the exit.
scene_identity()
{
	scene 'another identity'
	admit_anything "$EXIT" "$(identity client "$EXIT")-again"
	set_client peer "$(public_key "$EXIT")" \
		identity "$(private_key "$(identity client "$EXIT")-again")"
	note_path
	wait_until 60 ping_to client "$s4"
	say 4
}

# Ports that are closed, packets that are too large, gateways that do not listen
# any more or that ask the client something.
scene_errors()
{
	local carrier=${HOPS[-2]} entry=${HOPS[0]} host address

	scene errors
	# The server's ICMP error comes back through the path.
	for address in "$s4" "$s6"; do
		ns client python3 "$(dirname "${BASH_SOURCE[0]}")/server.py" \
			--refused "$address"
	done
	expect_refused ping_to client "$s4" -M 'do' -s 1700 -w 1
	ns "$entry" ping -n -q -c 2 -i 0.2 -W 1 "$(inner 4 "$entry" 2)" && return 1
	ns "$carrier" ping -n -q -c 2 -i 0.2 -W 1 "$(inner 6 "$carrier" 2)" && return 1
	for host in "$EXIT" "$entry"; do
		ns "$host" nft -f - <<-'RULES'
		table inet closed {
			chain input {
				type filter hook input priority 0
				udp dport 51820 reject
			}
		}
		RULES
		ns client ping -n -q -c 3 -i 0.2 -w 1 "$s4" && return 1
		ns "$host" nft delete table inet closed
	done
	wait_until 60 ping_to client "$s4"
	# Nobody is there.
	for address in "$(outer4 "$EXIT")/32" "$(outer6 "$EXIT")/128"; do
		ip -n internet route add unreachable "$address" metric 1
	done
	ns client ping -n -q -c 3 -i 0.2 -w 1 "$s4" && return 1
	for address in "$(outer4 "$EXIT")/32" "$(outer6 "$EXIT")/128"; do
		ip -n internet route del unreachable "$address" metric 1
	done
	wait_until 60 ping_to client "$s4"
}

# The device goes while gateways still speak to it, and programs to the server.
scene_shutdown()
{
	local hop

	scene shutdown
	ip -n client link del nym0
	scene 'after shutdown' down
	for hop in "${HOPS[@]}"; do
		ns "$hop" "$(tool_for "$GATEWAY_KIND")" set wg0 \
			peer "$(public_key "$(identity client "$hop")")" \
			persistent-keepalive 1
	done
	ns client ping -n -q -c 2 -i 0.2 -W 1 "$s4" && return 1
	sleep 1.5
}

# What a host's kernel keeps, for who controls the host.
state_of()
{
	local host=$1 tool

	if ip -n "$host" link show dev wg0 >/dev/null 2>&1; then
		tool=$(tool_for "$GATEWAY_KIND")
		ns "$host" "$tool" show wg0 dump | tail -n +2 | sed 's/^/wg0 /'
		ns "$host" "$tool" show wg0 | sed 's/^/wg0: /'
	fi
	ns "$host" conntrack -L 2>/dev/null
	ns "$host" conntrack -L -f ipv6 2>/dev/null
	ns "$host" ip neigh show
	ns "$host" ip route show cache
	ns "$host" grep -r . /proc/net/udp /proc/net/udp6 /proc/net/tcp \
		/proc/net/tcp6 /proc/net/raw /proc/net/arp /proc/net/nf_conntrack \
		2>/dev/null || :
}

# Keep what hosts know now; more than once is more evidence.
note_states()
{
	local host

	for host in "${HOPS[@]}" "$ENTRY" server; do
		state_of "$host" >>"$WORK/$host.state"
	done
}

path_end()
{
	local host

	note_states
	for host in "${TOPOLOGY_HOSTS[@]}"; do
		capture_end "$host-outside" || return
		[ ! -e "$WORK/$host-inside.pid" ] ||
			capture_end "$host-inside" || return
	done
	describe >"$WORK/description.json"
}

path_judged()
{
	"$(dirname "${BASH_SOURCE[0]}")/check-captures" "$WORK/description.json"
}

# How many cases life() has; and with MATRIX set, the first one more.
# shellcheck disable=SC2034 # for the programs
LIFE=10
REKEY=${MATRIX:+1}

# life FAMILIES HOP...: all of it, as test cases.
life()
{
	local families=$1 title
	shift

	HOPS=("$@")
	ENTRY=$1
	EXIT=${!#}
	title="$# hops, families $families:"
	path_begin "$families" || bail_out "no path of $*"
	test_case "$title traffic" scene_traffic
	test_case "$title idle" scene_idle
	test_case "$title new sessions" scene_handshakes
	note_states
	[ -z "$REKEY" ] || test_case "$title rekey" scene_rekey
	REKEY=
	test_case "$title the client moves" scene_roaming
	test_case "$title entry switch" scene_switch "${families:0:1}"
	HOPS[0]=other
	test_case "$title a cookie" scene_cookie
	test_case "$title another identity" scene_identity
	test_case "$title errors" scene_errors
	test_case "$title shutdown" scene_shutdown
	path_end || bail_out "captures of $title"
	test_case "$title nobody learns more than the model allows" path_judged
}

quoted_lines()
{
	sed 's/.*/"&"/' | paste -sd,
}

# The description that scenario.py reads.
describe()
{
	local host n comma=''

	printf '{"client": "client", "server": "server", "payload": "%s",\n' \
		"$PAYLOAD"
	printf '"paths": [%s],\n"scenes": [%s],\n"hosts": {' \
		"$(paste -sd, "$WORK/paths")" "$(paste -sd, "$WORK/scenes")"
	for host in "${TOPOLOGY_HOSTS[@]}"; do
		n=$(host_number "$host")
		printf '%s"%s": {"addresses": [%s], "outside": "%s"' "$comma" "$host" \
			"$(printf '%s\n' "198.18.$n.2" "198.18.$n.3" \
				"2001:db8:$n::2" "2001:db8:$n::3" | quoted_lines)" \
			"$host-outside.pcap"
		[ ! -e "$WORK/$host-inside.pcap" ] ||
			printf ', "inside": "%s"' "$host-inside.pcap"
		[ ! -e "$WORK/$host.state" ] || printf ', "state": "%s"' "$host.state"
		printf '}'
		comma=$',\n'
	done
	printf '},\n"gateways": {'
	comma=''
	for host in "${HOPS[@]}" "$ENTRY"; do
		printf '%s"%s": {"private_key": "%s", "via_addresses": [%s]}' \
			"$comma" "$host" "$(cat "$(private_key "$host")")" \
			"$(printf '%s\n' "$(inner 4 "$host" 2)" "$(inner 6 "$host" 2)" |
				quoted_lines)"
		comma=$',\n'
	done
	printf '}}\n'
}
