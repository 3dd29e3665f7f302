#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# "nymctl monitor" tells each kind of event as it happens, to those who may hear
# it.  That a peer is unreachable takes minutes: timers/timers.sh has it.
# shellcheck disable=SC2046 # words to be split
# usual: 7.2
. "$(dirname "$0")/lib.sh"

ktap_plan 10

internet client entry exit server
path_gateways client "$GATEWAY_KIND" entry exit
path_device client nym0 46 entry exit
path_route client nym0 server
entry_key=$(public_key entry) exit_key=$(public_key exit)
# A peer that is there to be moved about, by its key.
poked_key=$(public_key poked)
s4=$(outer4 server)

set_client()
{
	ns client "$NYMCTL" set nym0 "$@"
}

# monitor_begin NAME HOST [WORD...]: returns when it hears what nym0 does.
monitor_begin()
{
	local name=$1 host=$2
	shift 2

	# One before of this name has heard it too.
	rm -f "$WORK/$name"
	# Not by ns: the process to stop is the one that this starts.
	ip netns exec "$host" "$NYMCTL" monitor "$@" \
		>"$WORK/$name" 2>"$WORK/$name.error" &
	echo $! >"$WORK/$name.pid"
	wait_until 60 hears_the_poked "$name"
}

hears_the_poked()
{
	poke
	sleep 0.1
	grep -q -F "$poked_key" "$WORK/$1"
}

# An event of nym0 that no test case is about.
poke()
{
	set_client peer "$poked_key" endpoint 192.0.2.1:1
	set_client peer "$poked_key" endpoint 192.0.2.2:2
}

monitor_end()
{
	kill "$(cat "$WORK/$1.pid")" 2>/dev/null || :
	rm -f "$WORK/$1.pid"
}

# heard NAME: what was heard but for the pokes, without the time.
heard()
{
	{ grep -v -F "$poked_key" "$WORK/$1" || :; } | sed -E \
		-e 's/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z /TIME /' \
		-e 's/"time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z"/"time":"TIME"/'
}

has_heard()
{
	grep -q -F -x -e "$2" <<<"$(heard "$1")"
}

# hears NAME LINE
hears()
{
	wait_until 60 has_heard "$1" "$2" || fail "heard: $(cat "$WORK/$1")"
}

ifindex=$(ip -n client -o link show dev nym0 | cut -d : -f 1)

# in_json EVENT KEY [MEMBER]: the line that tells so.
in_json()
{
	printf '{"time":"TIME","event":"%s","device":"nym0","ifindex":%s,"peer":"%s"%s}' \
		"$1" "$ifindex" "$2" "${3:+,$3}"
}

handshakes()
{
	ping_to client "$s4"
	hears json "$(in_json handshake-completed "$entry_key")"
	hears json "$(in_json handshake-completed "$exit_key")"
	hears text "TIME nym0: handshake completed peer $exit_key"
	# Outermost first, and each once.
	expect_equal 'handshakes' "$(in_json handshake-completed "$entry_key")
$(in_json handshake-completed "$exit_key")" "$(heard json | grep handshake)"
}

# One packet there and one back, however long the answer takes.
thousand_bytes()
{
	ns client ping -n -q -c 1 -i 100 -s 972 -w 60 "$s4"
}

quotas()
{
	local left

	# A packet of 1000 bytes is some more on the wire, and is answered.
	set_client peer "$exit_key" quota 20000 quota-low 15000
	thousand_bytes
	thousand_bytes
	expect_equal 'events' '' "$(heard json | grep quota || :)"
	thousand_bytes
	thousand_bytes
	wait_until 60 heard_kind json quota-low
	left=$(heard json | sed -n 's/.*"quota-low".*"quota":\([0-9]*\)}$/\1/p')
	[ "$left" -le 15000 ] && [ "$left" -gt 12000 ]
	hears json "$(in_json quota-low "$exit_key" "\"quota\":$left")"
	hears text "TIME nym0: quota low peer $exit_key quota $left"
	ns client ping -n -q -c 20 -i 0.02 -W 1 -s 972 "$s4" || :
	hears json "$(in_json quota-spent "$exit_key" '"quota":0')"
	hears text "TIME nym0: quota spent peer $exit_key quota 0"
	# Each once, until there is a new quota.
	expect_equal 'quota events' 2 "$(heard json | grep -c quota)"
	set_client peer "$exit_key" quota 1500
	ns client ping -n -q -c 3 -i 0.2 -W 1 -s 972 "$s4" || :
	wait_until 60 heard_times json quota-spent 2
	set_client peer "$exit_key" quota off
	ping_to client "$s4"
}

heard_kind()
{
	has "\"$2\"" heard "$1"
}

heard_times()
{
	[ "$(heard "$1" | grep -c "\"$2\"")" -eq "$3" ]
}

path_mtus()
{
	# The link behind the entry takes less than the path promises.
	host_mtu exit 1400
	wait_until 60 heard_after_ping json path-mtu
	hears json "$(in_json path-mtu "$exit_key" '"mtu":1320')"
	hears text "TIME nym0: path mtu peer $exit_key mtu 1320"
	host_mtu exit 1500
}

heard_after_ping()
{
	ns client ping -n -q -c 1 -W 1 -M 'do' -s 1300 "$s4" || :
	heard_kind "$@"
}

endpoints()
{
	local to

	to=$(endpoint 4 exit 51820)
	set_client peer "$exit_key" endpoint "$to"
	hears json "$(in_json endpoint-moved "$exit_key" "\"endpoint\":\"$to\"")"
	hears text "TIME nym0: endpoint moved peer $exit_key endpoint $to"
	# The same again is no news.
	set_client peer "$exit_key" endpoint "$to"
	ping_to client "$s4"
	poke
	expect_equal 'moves' 1 "$(heard json | grep -c moved)"
}

other_device()
{
	ip -n client link add nym1 type "$LINK_KIND"
	monitor_begin one client nym0
	for port in 1 2; do
		ns client "$NYMCTL" set nym1 peer "$exit_key" \
			endpoint "192.0.2.9:$port"
	done
	hears text "TIME nym1: endpoint moved peer $exit_key endpoint 192.0.2.9:2"
	poke
	expect_equal 'of the device not asked for' '' "$(heard one)"
	monitor_end one
	ip -n client link del nym1
}

# Events go to where the device is.
other_namespace()
{
	ip netns exec server "$NYMCTL" monitor >"$WORK/elsewhere" 2>&1 &
	elsewhere=$!
	ip -n server link add nym2 type "$LINK_KIND"
	wait_until 60 hears_in_server
	: >"$WORK/elsewhere"
	poke
	sleep 0.5
	kill "$elsewhere"
	expect_equal 'heard in another namespace' '' "$(cat "$WORK/elsewhere")"
	ip -n server link del nym2
}

hears_in_server()
{
	for port in 1 2; do
		ns server "$NYMCTL" set nym2 peer "$poked_key" \
			endpoint "192.0.2.9:$port"
	done
	sleep 0.1
	grep -q nym2 "$WORK/elsewhere"
}

# Who does not read is told that some are lost, and hears what comes then.
lost()
{
	monitor_begin slow client --json
	kill -STOP "$(cat "$WORK/slow.pid")"
	# More than any socket's buffer holds, in few commands.
	for port in 1 2 3; do
		set_client $(many_endpoints "$port")
	done
	kill -CONT "$(cat "$WORK/slow.pid")"
	wait_until 60 has_heard slow '{"time":"TIME","event":"events-lost"}'
	: >"$WORK/slow"
	wait_until 60 hears_the_poked slow
	monitor_end slow
}

many_endpoints()
{
	local i

	for i in {1..250}; do
		# Digits are base64 too.
		printf 'peer %042dA= endpoint 192.0.2.3:%d ' "$i" "$1"
	done
}

ends_with_its_reader()
{
	local pid

	mkfifo "$WORK/pipe"
	ip netns exec client "$NYMCTL" monitor >"$WORK/pipe" &
	pid=$!
	head -n 1 <"$WORK/pipe" >"$WORK/head" &
	wait_until 60 gone_after_poke "$pid"
	grep -q 'endpoint moved' "$WORK/head"
}

gone_after_poke()
{
	poke
	! kill -0 "$1"
}

strangers()
{
	expect_refused ns client setpriv --reuid 65534 --clear-groups \
		--inh-caps=-all "$NYMCTL" monitor 2>"$WORK/said"
	grep -q -e 'receive events' "$WORK/said"
}

monitor_begin json client --json || bail_out 'no monitor'
monitor_begin text client || bail_out 'no monitor'
test_case 'handshakes of all hops' handshakes
test_case 'quotas that are low and spent' quotas
test_case 'what fits a path' path_mtus
test_case 'an endpoint that moved' endpoints
test_case 'one device alone' other_device
test_case 'one namespace alone' other_namespace
test_case 'events that were lost' lost
test_case 'the end of its reader is its end' ends_with_its_reader
test_case 'nothing is for those without CAP_NET_ADMIN' strangers
nothing_else()
{
	expect_equal 'other lines' '' "$(heard json |
		grep -v -e handshake -e quota -e path-mtu -e moved -e lost || :)"
	expect_equal 'complaints' '' "$(cat "$WORK"/*.error)"
}
test_case 'nothing else was heard' nothing_else
monitor_end json
monitor_end text
ktap_end
