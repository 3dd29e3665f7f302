#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The entry under an exit is replaced while traffic runs: no packet is lost to
# it, nothing stalls and nothing leaves outside a carrier.
# usual: 6.12 7.2
# shellcheck disable=SC2046 # words to be split
. "$(dirname "$0")/lib.sh"

ktap_plan 9

internet client entry other exit server
path_gateways client "$GATEWAY_KIND" entry other exit
s4=$(outer4 server) s6=$(outer6 server)
exit_key=$(public_key exit)

set_client()
{
	ns client "$NYMCTL" set nym0 "$@"
}

# other_words: the second entry, which carries nobody yet.
other_words()
{
	echo "peer $(public_key other) endpoint $(endpoint 4 other 51820)" \
		"identity $(private_key client-other)"
}

via_words()
{
	echo "peer $exit_key via $(public_key "$1")" \
		"via-address $(inner 4 "$1" 2),$(inner 6 "$1" 2)"
}

# Made once: an emulated guest takes its time over every subshell.
declare -A words_via=([entry]=$(via_words entry) [other]=$(via_words other))

switch_to()
{
	# shellcheck disable=SC2086 # words to be split
	set_client ${words_via[$1]}
}

# stream_begin NAME FAMILY
stream_begin()
{
	rm -f "$WORK/stop-$1" "$WORK/stream-$1"
	PYTHONDONTWRITEBYTECODE=1 python3 "$(dirname "$0")/wire/numbered.py" \
		client "$(inner "$2" exit 2)" server "$(outer "$2" server)" \
		"$WORK/stop-$1" >"$WORK/stream-$1" 2>&1 &
	echo $! >"$WORK/stream-$1.pid"
	wait_until 60 grep -q 'under way' "$WORK/stream-$1"
}

# The shell that waits must be the one that began it: so both are in a case.
stream_end()
{
	touch "$WORK/stop-$1"
	if ! wait "$(cat "$WORK/stream-$1.pid")"; then
		cat "$WORK/stream-$1"
		fail "stream $1"
	fi
	cat "$WORK/stream-$1"
}

# Nothing may leave for the exit, or for the server.
leak_watch()
{
	capture leak client eth0 "host $(outer4 exit) or host $(outer6 exit) or host $s4 or host $s6"
}

leak_none()
{
	capture_end leak
	expect_equal 'packets outside' '' "$(capture_show leak)"
}

# case_on_path FAMILIES DESCRIPTION FUNCTION [ARGUMENT...]
case_on_path()
{
	local families=$1
	shift

	path_device client nym0 "$families" entry exit
	ip -n client route replace "$s4/32" dev nym0 src "$(inner 4 exit 2)"
	ip -n client route replace "$s6/128" dev nym0 src "$(inner 6 exit 2)"
	ping_to client "$s4" || bail_out 'no way to the server'
	test_case "$@"
	ip -n client link del nym0
}

# exit_is_behind ENTRY: so the exit hears of us, and answers there.
exit_is_behind()
{
	has "$(outer4 "$1"):\|$(outer6 "$1")\]:" ns exit "$(tool_for "$GATEWAY_KIND")" \
		show wg0 endpoints
}

# The other entry is new, so its first handshake is under way at the switch.
to_new_entry()
{
	leak_watch
	stream_begin one "$1"
	sleep 0.5
	set_client $(other_words) $(via_words other)
	# What the entry still has for us when it is removed would be lost to us.
	wait_until 60 exit_is_behind other
	kill -USR1 "$(cat "$WORK/stream-one.pid")"
	wait_until 60 grep -q 'all is back' "$WORK/stream-one"
	set_client peer "$(public_key entry)" remove
	sleep 0.5
	stream_end one
	leak_none
	expect_equal 'carrier' "$(public_key other)" \
		"$(ns client "$NYMCTL" show nym0 via | awk -v key="$exit_key" '$1 == key { print $2 }')"
}

back_and_forth()
{
	local i

	set_client $(other_words) persistent-keepalive 1
	leak_watch
	stream_begin one "$1"
	for ((i = 0; i < $2; i++)); do
		switch_to other
		switch_to entry
	done
	stream_end one
	leak_none
}

tcp_while_switching()
{
	local direction=$1 switcher

	set_client $(other_words) persistent-keepalive 1
	leak_watch
	(
		while [ ! -e "$WORK/stop-switching" ]; do
			switch_to other
			sleep 0.2
			switch_to entry
			sleep 0.2
		done
	) &
	switcher=$!
	tcp_transfer client server "$s4" 1500000 "$direction"
	tcp_transfer client server "$s6" 500000 "$direction"
	touch "$WORK/stop-switching"
	wait "$switcher"
	rm "$WORK/stop-switching"
	leak_none
}

# A configuration file with another entry in the place of the first.
by_file()
{
	local switcher

	(umask 077
	 cat >"$WORK/other.conf" <<-CONF
	[Interface]
	[Peer]
	PublicKey = $exit_key
	PrivateKey = $(cat "$(private_key client-exit)")
	Endpoint = $(endpoint 4 exit 51820)
	Via = $(public_key other)
	ViaAddress = $(inner 4 other 2), $(inner 6 other 2)
	AllowedIPs = 0.0.0.0/0, ::/0
	[Peer]
	PublicKey = $(public_key other)
	PrivateKey = $(cat "$(private_key client-other)")
	Endpoint = $(endpoint 4 other 51820)
	CONF
	)
	leak_watch
	(
		sleep 0.3
		ns client "$NYMCTL" syncconf nym0 "$WORK/other.conf"
	) &
	switcher=$!
	# What the entry still has for us when it is removed is lost to us.
	tcp_transfer client server "$s4" 3000000 in
	wait "$switcher"
	leak_none
	expect_equal 'peers' 2 "$(ns client "$NYMCTL" show nym0 peers | wc -l)"
	ping_to client "$s4"
}

# Two processes remove and add carriers and nested peers; in the end all works.
torn()
{
	local i one two

	leak_watch
	set_client $(other_words)
	# Not by ns: the process to end is the one that this starts.
	ip netns exec client ping -n -q -f "$s4" >/dev/null 2>&1 &
	i=$!
	(
		for _ in $(seq 10); do
			set_client peer "$(public_key entry)" remove
			set_client peer "$(public_key entry)" \
				endpoint "$(endpoint 4 entry 51820)" \
				identity "$(private_key client-entry)"
		done
	) &
	one=$!
	(
		for _ in $(seq 10); do
			switch_to other
			set_client peer "$exit_key" remove
			set_client peer "$exit_key" allowed-ips 0.0.0.0/0,::/0 \
				endpoint "$(endpoint 4 exit 51820)" \
				identity "$(private_key client-exit)" \
				via "$(public_key entry)" \
				via-address "$(inner 4 entry 2)"
		done
	) &
	two=$!
	wait "$one"
	wait "$two"
	kill "$i"
	ping_to client "$s4" -w 60
	leak_none
}

case_on_path 44 'to a new entry, IPv4 stream' to_new_entry 4
case_on_path 46 'to a new entry, exit over IPv6, IPv6 stream' to_new_entry 6
case_on_path 44 'fifty switches under an IPv4 stream' back_and_forth 4 25
case_on_path 46 'twenty switches under an IPv6 stream, exit over IPv6' \
	back_and_forth 6 10
case_on_path 44 'a TCP connection out, switched all the time' \
	tcp_while_switching out
case_on_path 44 'a TCP connection in, switched all the time' \
	tcp_while_switching in
case_on_path 46 'a TCP connection in, exit over IPv6, switched all the time' \
	tcp_while_switching in
case_on_path 44 'another entry by configuration file' by_file
case_on_path 44 'peers removed and added by two processes' torn
ktap_end
