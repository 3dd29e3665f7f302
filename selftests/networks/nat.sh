#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Address translation that forgets or moves us: in front of the client, and at
# the entry, through which the exit sees us.
. "$(dirname "$0")/lib.sh"

FAMILIES=44
! in_matrix || FAMILIES='44 66'
# shellcheck disable=SC2086 # words
set -- $FAMILIES
ktap_plan $(($# * 5))

# The client has no address of the real network, but a router at home.
home_network()
{
	internet home entry exit server &&
	netns_add client &&
	veth client eth0 home lan &&
	ip -n client -batch - <<-'BATCH' &&
	address add 192.168.7.2/24 dev eth0
	address add fd07::2/64 dev eth0 nodad
	route add default via 192.168.7.1
	route add default via fd07::1
	BATCH
	ip -n home -batch - <<-'BATCH' &&
	address add 192.168.7.1/24 dev lan
	address add fd07::1/64 dev lan nodad
	BATCH
	forwarding home &&
	ns home nft -f - <<-'RULES' &&
	table inet home {
		chain postrouting {
			type nat hook postrouting priority srcnat
			oifname "eth0" masquerade fully-random
		}
	}
	RULES
	path_gateways client "$GATEWAY_KIND" entry exit
}

# rebind HOST: the router there forgets us, if it has not of its own accord, and
# will draw another port.
rebind()
{
	ns "$1" conntrack -D -p udp --dport 51820 >/dev/null 2>&1 || :
}

# seen_at GATEWAY: address and port.
seen_at()
{
	ns "$1" "$(tool_for "$(device_kind "$1" wg0)")" show wg0 endpoints |
		awk -v key="$(public_key "client-$1")" '$1 == key { print $2 }'
}

reaches_server()
{
	ping_to client "$(outer4 server)"
	ping_to client "$(outer6 server)"
}

home_forgets()
{
	local entry exit

	reaches_server
	entry=$(seen_at entry) exit=$(seen_at exit)
	rebind home
	reaches_server
	[ "$(seen_at entry)" != "$entry" ] || fail "the entry sees us at $entry still"
	expect_equal 'where the exit sees us' "$exit" "$(seen_at exit)"
}

entry_forgets()
{
	local entry exit

	# It needs not draw another port, so one that it cannot keep is taken.
	reaches_server
	entry=$(seen_at entry) exit=$(seen_at exit)
	ns entry nft insert rule inet gateway postrouting \
		iifname wg0 oifname eth0 masquerade fully-random
	rebind entry
	reaches_server
	expect_equal 'where the entry sees us' "$entry" "$(seen_at entry)"
	[ "$(seen_at exit)" != "$exit" ] || fail "the exit sees us at $exit still"
}

# bytes_through_exit: received and sent.
bytes_through_exit()
{
	peer_transfer client nym0 exit | awk '{ print $1 + $2 }'
}

# Until the transfers end or both have forgotten us often enough. What was
# forgotten may have to wait for a handshake to be found again: the next time is
# when some more has been carried, however fast that is.
rebind_repeatedly()
{
	local times=12 seen now

	seen=$(bytes_through_exit)
	while [ "$times" -gt 0 ] && [ ! -e "$WORK/stop" ]; do
		now=$(bytes_through_exit)
		if [ $((now - seen)) -ge 400000 ]; then
			rebind home
			rebind entry
			seen=$now
			times=$((times - 1))
		fi
		sleep 0.05
	done
}

transfers_while_rebinding()
{
	local rebinder status=0

	rebind_repeatedly &
	rebinder=$!
	transfers --bytes 2000000 --datagrams 300 --limit 600 || status=1
	touch "$WORK/stop"
	wait "$rebinder"
	rm "$WORK/stop"
	return $status
}

# Nobody inside speaks first: keepalives alone keep us reachable, and make us
# so again. The translation at the entry is opened by the nested peer's own.
reachable_by_keepalive()
{
	local keepalive=()

	keepalive=(peer "$(public_key entry)" persistent-keepalive 1
		   peer "$(public_key exit)" persistent-keepalive 1)
	ns client "$NYMCTL" set nym0 "${keepalive[@]}"
	reaches_server
	rebind home
	rebind entry
	ping_to exit "$(inner 4 exit 2)"
	ping_to exit "$(inner 6 exit 2)"
}

# The entry has heard us from the home's other address. The router at home may
# for a moment still translate to the former one.
seen_elsewhere()
{
	local n

	n=$(host_number home)
	reaches_server
	case $(seen_at entry) in
	"198.18.$n.9":* | "[2001:db8:$n::9]":*) ;;
	*)	return 1 ;;
	esac
}

# The line at home gets another address.
home_moves()
{
	local n

	n=$(host_number home)
	reaches_server
	ip -n home -batch - <<-BATCH
	address del $(outer4 home)/24 dev eth0
	address del $(outer6 home)/64 dev eth0
	address add 198.18.$n.9/24 dev eth0
	address add 2001:db8:$n::9/64 dev eth0 nodad
	route replace default via 198.18.$n.1
	route replace default via 2001:db8:$n::1
	BATCH
	wait_until 60 seen_elsewhere || fail "the entry sees us at $(seen_at entry)"
	transfers
}

home_network >"$WORK/setup.log" 2>&1 || bail_out "$(cat "$WORK/setup.log")"
for families; do
	path_device client nym0 "$families" entry exit
	path_route client nym0 server
	path_route_inside client nym0 exit
	over=", over IPv${families:0:1}"
	test_case "the router at home forgets us$over" home_forgets
	test_case "the entry's translation forgets us$over" entry_forgets
	test_case "transfers while both forget us all the time$over" \
		transfers_while_rebinding
	test_case "keepalives make us reachable again$over" reachable_by_keepalive
	test_case "the line at home gets another address$over" home_moves
	ip -n client link del nym0
	# As it was.
	n=$(host_number home)
	ip -n home -batch - 2>/dev/null <<-BATCH
	address del 198.18.$n.9/24 dev eth0
	address del 2001:db8:$n::9/64 dev eth0
	address add $(outer4 home)/24 dev eth0
	address add $(outer6 home)/64 dev eth0 nodad
	route replace default via 198.18.$n.1
	route replace default via 2001:db8:$n::1
	BATCH
done
ktap_end
