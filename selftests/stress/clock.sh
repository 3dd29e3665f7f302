#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The clock is set forward and back by much under traffic, as a machine without one
# of its own does when it finds the time. Sessions go on, and new ones can be made
# with gateways that have heard of a later time already.
. "$(dirname "$0")/lib.sh"

ktap_plan 4

internet client entry exit server
path_gateways client wireguard entry exit
counts_begin
path_begin 44

# What a clock that was left alone would be ahead of the time since boot.
ahead=$(python3 -c 'import time; print(time.time() - time.monotonic())')

# clock_by SECONDS: of what it would be.
clock_by()
{
	python3 -c '
import sys, time
time.clock_settime(time.CLOCK_REALTIME,
                   time.monotonic() + float(sys.argv[1]) + float(sys.argv[2]))' \
		"$ahead" "$1"
}

handshake_times()
{
	ns client "$NYMCTL" show nym0 latest-handshakes
}

sessions_go_on()
{
	local before i

	ping_to client "$(outer4 server)"
	before=$(handshake_times)
	traffic_begin client server
	# Not for longer than a session lasts.
	for ((i = 0; i < 10; i++)); do
		draw 2000000
		clock_by $((drawn - 1000000))
		sleep_up_to 50
	done
	clock_by 0
	traffic_end
	ping_to client "$(outer4 server)"
	expect_equal 'handshakes' "$before" "$(handshake_times)"
}

# begins_anew SECONDS: with the clock changed by that much.
begins_anew()
{
	ping_to client "$(outer4 server)"
	path_down
	clock_by "$1"
	path_up
	path_carries client server
}

back_and_forth()
{
	begins_anew 0
	begins_anew -3600
	begins_anew 3600
	begins_anew 0
}

device_goes()
{
	ip -n client link del nym0
	nothing_is_left
}

test_case 'sessions go on while the clock jumps' sessions_go_on
test_case 'a path comes up again after a jump forward' begins_anew 100000000
test_case 'a path comes up again after jumps back' back_and_forth
test_case 'nothing is left of it' device_goes
ktap_end
