#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A flood of initiations from many sources that are not there: the device asks for
# cookies, its memory stays bounded, its sessions go on, and others can connect.
. "$(dirname "$0")/../net/lib.sh"
. "$(dirname "$0")/../net/lib/pair.sh"

ktap_plan 5

pair_hosts
internet crowd
# What is said to those sources can be seen there.
ip -n internet route add 198.19.0.0/16 via "$(outer4 crowd)"
gcc -O1 -o "$WORK/flood" "$(dirname "$0")/flood.c" || bail_out flood.c
PYTHONPATH=$(dirname "$0")/../net/wire PYTHONDONTWRITEBYTECODE=1 \
	"$(dirname "$0")/initiations.py" \
	"$(public_key ours)" 1024 >"$WORK/initiations" || bail_out initiations
pair_connected stock || bail_out pair

# As fast as they can be sent, until flood_end.
flood_begin()
{
	ip netns exec crowd "$WORK/flood" "$(outer4 ours)" 51820 0 60 \
		<"$WORK/initiations" >"$WORK/flooded" &
	echo $! >"$WORK/flood.pid"
}

flood_end()
{
	kill "$(cat "$WORK/flood.pid")"
	wait "$(cat "$WORK/flood.pid")" 2>/dev/null || :
}

drops()
{
	ns ours "$NYMCTL" show wg0 drops | awk -v reason="$1" '$1 == reason { print $2 }'
}

drops_exceed()
{
	[ "$(drops "$1")" -gt "$2" ]
}

slab()
{
	awk '/^SUnreclaim:/ { print $2 }' /proc/meminfo
}

# The replies are for the sources, and no longer than what they answer.
asks_for_cookies()
{
	capture crowd crowd eth0 'src host 198.18.1.2'
	flood_begin
	wait_until 20 drops_exceed cookie-required 1000
	flood_end
	capture_end crowd || :
	[ "$(capture_count crowd 'udp and udp[4:2] = 72')" -gt 0 ]
	expect_equal 'longer answers than cookie replies' '' \
		"$(capture_show crowd 'udp[4:2] > 72' | head -n 1)"
}

# 4096 messages wait at most.
memory_is_bounded()
{
	local before most=0 now number

	before=$(slab)
	flood_begin
	for number in {1..20}; do
		now=$(slab)
		[ "$now" -le "$most" ] || most=$now
		sleep 0.1
	done
	drops_exceed queue-full 0 || ktap_comment "the queue was never full ($number)"
	flood_end
	[ $((most - before)) -le 32768 ] ||
		fail "$((most - before)) KiB more of slab during the flood"
}

sessions_go_on()
{
	flood_begin
	ping_to ours "$(inside 4 stock)" -c 10 -w 30
	flood_end
}

# New key pairs, with a cookie.
others_connect()
{
	pair_remove
	pair_device ours "$LINK_KIND" 1
	pair_device stock wireguard 2
	set_peer stock endpoint "$(endpoint 4 ours 51820)"
	flood_begin
	wait_until 20 drops_exceed cookie-required 100
	ping_to stock "$(inside 4 ours)" -w 60
	flood_end
}

calm_again()
{
	pair_fresh
	set_peer stock endpoint "$(endpoint 4 ours 51820)"
	pings stock
	expect_equal 'handshakes that need a cookie' 0 "$(drops cookie-required)"
}

pings stock || bail_out session
test_case 'cookies are asked for, of the sources' asks_for_cookies
test_case 'memory stays bounded' memory_is_bounded
test_case 'a session goes on' sessions_go_on
test_case 'a real peer connects' others_connect
test_case 'afterwards no cookie is needed' calm_again
ktap_end
