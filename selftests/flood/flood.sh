#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A flood of initiations from many sources that are not there: the device asks for
# cookies, its memory stays bounded, its sessions go on, and others can connect.
# How many a second are too many to answer and few enough to ask for a cookie is
# for the guest whose clock counts instructions, where it is so on any machine.
. "$(dirname "$0")/../net/lib.sh"
. "$(dirname "$0")/../net/lib/pair.sh"
. "$(dirname "$0")/crowd.sh"

ktap_plan 5
pair_hosts
crowd_for ours || bail_out crowd
pair_connected stock || bail_out pair

# drops REASON: how many our device counts.
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
	loaded ours
	flood_end
	capture_end crowd || :
	[ "$(capture_count crowd 'udp and udp[4:2] = 72')" -gt 0 ]
	expect_equal 'longer answers than cookie replies' '' \
		"$(capture_show crowd 'udp[4:2] > 72' | head -n 1)"
}

# 4096 messages wait at most.
memory_is_bounded()
{
	local before most=0 now

	before=$(slab)
	flood_begin ours 51820 0
	wait_until 60 drops_exceed queue-full 0
	for _ in {1..20}; do
		now=$(slab)
		[ "$now" -le "$most" ] || most=$now
		sleep 0.1
	done
	flood_end
	[ $((most - before)) -le 32768 ] ||
		fail "$((most - before)) KiB more of slab during the flood"
}

sessions_go_on()
{
	loaded ours
	ping_to ours "$(inside 4 stock)" -c 10
	flood_end
}

# New key pairs, with a cookie.
others_connect()
{
	pair_fresh
	set_peer stock endpoint "$(endpoint 4 ours 51820)"
	loaded ours
	ping_to stock "$(inside 4 ours)"
	flood_end
	[ "$(drops cookie-required)" -gt 0 ]
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
