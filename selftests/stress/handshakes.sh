#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Devices and peers go at any moment of a handshake, on either side and at any hop.
. "$(dirname "$0")/lib.sh"

ktap_plan 4

internet client entry exit server
path_gateways client nym entry exit
counts_begin

# The path's first packets, which begin all of its handshakes.
device_that_begins()
{
	path_begin "$1"
	ns client ping -n -q -c 3 -i 0.01 -W 1 "$(outer4 server)" \
		>/dev/null 2>&1 &
}

device_goes_at_any_moment()
{
	local i families=(44 46 64 66)

	for ((i = 0; i < 12 * STRESS_ROUNDS; i++)); do
		device_that_begins "${families[i % 4]}"
		# A handshake with both takes some milliseconds.
		sleep_up_to 30
		ip -n client link del nym0
	done
	wait
}

responder_goes_at_any_moment()
{
	local i host key

	for ((i = 0; i < 8 * STRESS_ROUNDS; i++)); do
		device_that_begins 44
		sleep_up_to 20
		host=entry
		[ $((i % 2)) -eq 0 ] || host='exit'
		key=$(public_key "client-$host")
		ns "$host" "$NYMCTL" set wg0 peer "$key" remove
		sleep_up_to 20
		gateway_admit "$host" "client-$host"
		ip -n client link del nym0
	done
	wait
}

hops_go_at_any_moment()
{
	local i words=()

	path_begin 44
	read -rd '' -a words < <(path_peers client 44 entry exit) || :
	traffic_begin client server
	for ((i = 0; i < 15 * STRESS_ROUNDS; i++)); do
		sleep_up_to 40
		case $((i % 3)) in
		0)	ns client "$NYMCTL" set nym0 peer "$(public_key entry)" remove ;;
		1)	ns client "$NYMCTL" set nym0 peer "$(public_key exit)" remove ;;
		2)	path_down
			path_up ;;
		esac
		ns client "$NYMCTL" set nym0 "${words[@]}"
	done
	traffic_end
	path_carries client server
}

all_is_back()
{
	ip -n client link del nym0
	nothing_is_left
}

test_case 'the device goes at any moment of a handshake' \
	device_goes_at_any_moment
test_case 'the responder forgets us at any moment' responder_goes_at_any_moment
test_case 'hops go at any moment, and the path comes back' hops_go_at_any_moment
test_case 'nothing is left of it' all_is_back
ktap_end
