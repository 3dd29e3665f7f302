#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Mixed traffic for hours (DURATION, in seconds) over two paths, with sessions
# that last for seconds (a module built with NYM_SOAK=1), while carriers are
# switched, addresses move and links fail. Every transfer completes, and in the
# end no more memory is in use than was after the first minutes.
. "$(dirname "$0")/../networks/lib.sh"

: "${DURATION:=7200}"
RANDOM=${SEED:-20261120}
# A measure of memory after so many rounds: all caches have been filled once.
WARM_UP=5
# What the kernel, and we, may keep without its being a leak.
SLACK_KB=1024

ktap_plan 4

# nym0 carries IPv4 over two hops of unlike kinds, nym1 IPv6 over three.
paths()
{
	internet client entry other exit one two three server &&
	path_gateways client wireguard entry two three &&
	path_gateways client nym other exit one &&
	ns exit sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1 &&
	path_device client nym0 46 entry exit &&
	ip -n client route add "$(outer4 server)/32" dev nym0 &&
	path_device client nym1 644 one two three &&
	ip -n client -6 route add "$(outer6 server)/128" dev nym1
}

set_client()
{
	ns client "$NYMCTL" set "$@"
}

# Kilobytes of kernel memory that cannot be given back, with nothing going on.
# What KASAN holds back is given back when a cache is shrunk.
kernel_memory()
{
	local cache

	sync
	echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache" 2>/dev/null || :
	done
	awk '/^(SUnreclaim|PageTables|KernelStack|VmallocUsed|Percpu):/ { sum += $2 }
	     END { print sum }' /proc/meminfo
}

# disturb NUMBER CHANCE: one of what happens to those who use a path, at the same time
# as the traffic.
disturb()
{
	local chance=$2

	case $1 in
	0)	set_client nym0 listen-port $((20000 + chance)) ;;
	1)	set_client nym0 peer "$(public_key exit)" via-port $((20000 + chance)) ;;
	2)	switch other; sleep 1; switch entry ;;
	3)	impair_link client delay 3 jitter 2 loss 1 duplicate 1 reorder 5
		sleep 3
		impair_link client off ;;
	4)	ip -n client link set nym0 mtu $((1280 + chance % 60)) ;;
	5)	ip -n internet link set client down
		sleep 0.5
		ip -n internet link set client up
		ip -n internet address replace "$(router6)" dev client nodad ;;
	6)	set_client nym1 peer "$(public_key two)" persistent-keepalive $((1 + chance % 3)) ;;
	7)	ns client "$NYMCTL" show all dump >/dev/null
		ns client "$NYMCTL" show --json >/dev/null ;;
	8)	ip -n exit link set wg0 down
		ip -n exit link set wg0 up ;;
	9)	replace_peer ;;
	esac
}
DISTURBANCES=10

# The router's addresses of a link that was down: those of IPv6 have gone.
router6()
{
	echo "2001:db8:$(host_number client)::1/64"
}

# The exit's carrier, and back.
switch()
{
	local words=()

	words=(peer "$(public_key exit)" via "$(public_key "$1")"
	       via-address "$(inner 4 "$1" 2),$(inner 6 "$1" 2)")
	[ "$1" != other ] ||
		words=(peer "$(public_key other)"
		       endpoint "$(endpoint 4 other 51820)"
		       identity "$(private_key client-other)" "${words[@]}")
	set_client nym0 "${words[@]}"
}

# A peer is removed with all that it has, and comes back.
replace_peer()
{
	set_client nym0 peer "$(public_key exit)" remove
	# shellcheck disable=SC2046 # words to be split
	set_client nym0 $(path_peers client 46 entry exit)
}

# A round: transfers of random length over both paths, and a disturbance.
round()
{
	local bytes=$((50000 + RANDOM * 20)) status=0 disturber
	# Drawn here, since what is in the background draws from another seed.
	local disturbance=$((RANDOM % DISTURBANCES)) chance=$RANDOM

	disturb "$disturbance" "$chance" >"$WORK/disturb.log" 2>&1 &
	disturber=$!
	transfers --bytes "$bytes" --datagrams $((20 + RANDOM % 200)) --limit 600 \
		--persistent || status=1
	wait "$disturber" || status=1
	[ $status -eq 0 ] || {
		echo "disturbance $disturbance"
		cat "$WORK/disturb.log"
	}
	return $status
}

handshakes()
{
	grep -c handshake-completed "$WORK/events" || :
}

events_begin()
{
	# Not ns: the process to kill is to be the monitor itself.
	ip netns exec client "$NYMCTL" monitor --json >"$WORK/events" 2>&1 &
	monitor=$!
}

# rounds UNTIL LEAST: as many as fit before $SECONDS is UNTIL, but LEAST.
rounds()
{
	local until=$1 least=$2

	while [ "$SECONDS" -lt "$until" ] || [ "$least" -gt 0 ]; do
		round >"$WORK/round.log" 2>&1 || {
			cat "$WORK/round.log"
			fail "round $((done_rounds + 1)) after $SECONDS s"
		}
		least=$((least - 1))
		done_rounds=$((done_rounds + 1))
		echo "$done_rounds" >"$WORK/rounds"
		[ $((done_rounds % 20)) -ne 0 ] ||
			ktap_comment "$done_rounds rounds, $(handshakes) handshakes, $(kernel_memory) kB after $SECONDS s" >&3
	done
}

memory_is_flat()
{
	local now

	now=$(kernel_memory)
	echo "$base kB after warming up, $now kB now"
	ktap_comment "$base kB after warming up, $now kB now" >&3
	[ "$now" -le $((base + SLACK_KB)) ]
}

sessions_changed()
{
	ktap_comment "$(handshakes) handshakes in $SECONDS s" >&3
	# Two paths, of which each peer has a session of eight seconds at most.
	[ "$(handshakes)" -ge $((SECONDS / 4)) ]
}

exec 3>&1
SECONDS=0
done_rounds=0
paths >"$WORK/setup.log" 2>&1 || bail_out "$(cat "$WORK/setup.log")"
events_begin
test_case 'the first rounds of transfers complete' rounds 0 "$WARM_UP"
base=$(kernel_memory)
done_rounds=$WARM_UP
test_case "transfers complete for $DURATION seconds" rounds "$DURATION" 1
test_case 'sessions were replaced all the time' sessions_changed
test_case 'memory is flat' memory_is_flat
kill "$monitor"
ktap_end
