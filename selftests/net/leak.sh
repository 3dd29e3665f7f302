#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A nested peer never sends outside its carrier: not while anything on the way
# is missing, not while it is configured in whatever order, not when the carrier
# goes. Whatever leaves the client is captured; there is a route to everybody.
# usual: 6.1 7.2
# shellcheck disable=SC2046,SC2086 # words for nymctl set
# shellcheck disable=SC2119 # traffic_begin has a default
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/leak.sh"

ktap_plan 13

no_session_with_entry()
{
	wire_begin
	traffic_begin
	set_client $(entry_words) $(exit_words "$1")
	wait_until 60 wire_has 1
	# For IPv4, longer than until the handshake is tried again.
	sleep $((family == 4 ? 6 : 1)).5
	wire_had_entry_only 1
}

no_session_with_exit()
{
	wire_begin
	traffic_begin
	set_client $(entry_words) $(exit_words "$1")
	wait_until 60 entry_has_session
	# Twice: the first may have waited for the entry's session.
	wait_until 60 exit_was_called 2
	sleep 1
	wire_had_entry_only 3
}

# exit_was_called TIMES: with as many initiations.
exit_was_called()
{
	local sent

	sent=$(peer_transfer client nym0 exit)
	[ "${sent#* }" -ge $(($1 * 148)) ]
}

entry_has_session()
{
	[ "$(latest_handshake client nym0 entry)" -gt 0 ]
}

for family in 4 6; do
	case_with_device "without a session with the entry, exit over IPv$family" \
		no_session_with_entry $family
done
gateway_admit entry client-entry
for family in 4 6; do
	case_with_device "without a session with the exit, exit over IPv$family" \
		no_session_with_exit $family
done
gateway_admit exit client-exit

comes_up_inside()
{
	wire_begin
	set_client $(entry_words) $(exit_words "$1")
	reaches_server
	wire_had_entry_only 5
}
for family in 4 6; do
	case_with_device "while sessions are made, exit over IPv$family" \
		comes_up_inside $family
done

# Orders of configuration

exit_before_entry()
{
	wire_begin
	traffic_begin
	set_client $(exit_words)
	sender_is_told_unreachable
	sleep 1.5
	wire_had_nothing
	wire_begin
	set_client $(entry_words)
	reaches_server
	wire_had_entry_only 5
}

exit_before_entry_at_once()
{
	wire_begin
	traffic_begin
	set_client $(exit_words) $(entry_words)
	reaches_server
	wire_had_entry_only 5
}

files_in_any_order()
{
	(umask 077
	 { echo '[Interface]'; write_exit; write_entry; } >"$WORK/exit-first"
	 { echo '[Interface]'; write_entry; write_exit; } >"$WORK/entry-first"
	 { echo '[Interface]'; write_exit; } >"$WORK/exit-only")
	wire_begin
	traffic_begin
	for file in exit-first entry-first; do
		ns client "$NYMCTL" setconf nym0 "$WORK/$file"
		reaches_server
	done
	ns client "$NYMCTL" syncconf nym0 "$WORK/entry-first"
	reaches_server
	wire_had_entry_only 10
	for command in setconf syncconf; do
		leaves_nothing_after "$n4,$n6,$x4,$x6,$s4,$s6" ip netns exec client \
			"$NYMCTL" $command nym0 "$WORK/exit-only"
		sender_is_told_unreachable
		ns client "$NYMCTL" syncconf nym0 "$WORK/entry-first"
		reaches_server
	done
}

endpoint_before_via()
{
	# Direct, but idle: it is nested before it has anything to say.
	set_client peer "$exit_key" endpoint "$(endpoint 4 exit 51820)"
	wire_begin
	set_client $(exit_words)
	traffic_begin
	sleep 1
	set_client $(entry_words)
	reaches_server
	wire_had_entry_only 5
}

case_with_device 'exit configured first' exit_before_entry
case_with_device 'exit first in one command' exit_before_entry_at_once
case_with_device 'configuration files in any order, and without entry' \
	files_in_any_order
case_with_device 'nested after it had an endpoint' endpoint_before_via

# No way to send

without_via_address()
{
	set_client $(entry_words) $(exit_words 6)
	wire_begin
	set_client peer "$exit_key" via-address "$(inner 4 entry 2)"
	traffic_begin
	sender_is_told_unreachable
	sleep 1
	wire_had_entry_only 0
	set_client peer "$exit_key" \
		via-address "$(inner 4 entry 2),$(inner 6 entry 2)"
	reaches_server
}

entry_without_endpoint()
{
	wire_begin
	set_client peer "$entry_key" identity "$(private_key client-entry)" \
		$(exit_words)
	traffic_begin
	sender_is_told_unreachable
	sleep 1
	wire_had_nothing
	set_client $(entry_words)
	reaches_server
}

no_route_to_entry()
{
	set_client $(entry_words) $(exit_words)
	reaches_server
	traffic_begin
	ip -n client route add unreachable "$n4/32"
	wire_begin
	sleep 2
	wire_had_nothing
	ip -n client route del unreachable "$n4/32"
	reaches_server
}

case_with_device 'no via-address of the family of its endpoint' \
	without_via_address
case_with_device 'entry without endpoint' entry_without_endpoint
case_with_device 'no route to the entry' no_route_to_entry
ktap_end
