#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A nested peer falls silent when its carrier goes, from the moment at which the
# command returns, and speaks again when there is a carrier with that key.
# usual: 6.12 7.2
# shellcheck disable=SC2046 # words to be split
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/leak.sh"

ktap_plan 5

gateway_admit entry client-entry
gateway_admit exit client-exit

entry_removed_and_added()
{
	set_client $(entry_words) $(exit_words "$1")
	reaches_server
	traffic_begin 0.01
	for round in 1 2; do
		leaves_nothing_after "$n4,$n6,$x4,$x6,$s4,$s6" ip netns exec client \
			"$NYMCTL" set nym0 peer "$entry_key" remove
		[ "$round" -gt 1 ] || sender_is_told_unreachable
		set_client $(entry_words)
		reaches_server
	done
}
for family in 4 6; do
	case_with_device "entry removed and added again under traffic, exit over IPv$family" \
		entry_removed_and_added $family
done

silent_without_entry()
{
	set_client $(entry_words) $(exit_words)
	reaches_server
	traffic_begin
	set_client peer "$entry_key" remove
	# Its timers and its device's do not bring it out either.
	wire_begin
	ip -n client link set nym0 down
	ip -n client link set nym0 up
	set_client listen-port 4711
	set_client fwmark 7
	set_client $(exit_words)
	set_client peer "$exit_key" endpoint "$(endpoint 6 exit 51820)"
	sleep 6.5
	wire_had_nothing
}
case_with_device 'silent without entry, whatever else is set' \
	silent_without_entry

middle_removed()
{
	# A stranger's key takes the entry's place between, then goes.
	set_client $(entry_words) $(exit_words)
	reaches_server
	traffic_begin
	leaves_nothing_after "$n4,$n6,$x4,$x6,$s4,$s6" ip netns exec client \
		"$NYMCTL" set nym0 peer "$entry_key" via "$(public_key nobody)" \
		via-address 10.9.9.9
	sender_is_told_unreachable
	set_client peer "$entry_key" via off
	reaches_server
}
case_with_device 'entry whose own carrier is missing' middle_removed

leaves_something()
{
	! leaves_nothing_after "$x4" true
}

nested_again()
{
	set_client $(entry_words) $(exit_words)
	reaches_server
	# As much as a slow guest can carry and still watch.
	traffic_begin 0.02
	# This is what it is told to: it leaves.
	set_client peer "$exit_key" via off
	wait_until 60 leaves_something
	for _ in 1 2 3; do
		set_client peer "$exit_key" via off
		sleep 0.2
		leaves_nothing_after "$x4,$x6,$s4,$s6" ip netns exec client \
			"$NYMCTL" set nym0 peer "$exit_key" via "$entry_key" \
			via-address "$(inner 4 entry 2)"
	done
	reaches_server
}
case_with_device 'direct by order, then nested again under traffic' nested_again

ktap_end
