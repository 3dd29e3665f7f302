#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The carrier under a loaded path is removed, added again and exchanged for another,
# again and again: a TCP connection lives through all of it.
# shellcheck disable=SC2046 # words to be split
. "$(dirname "$0")/lib.sh"

ktap_plan 4

internet client entry other exit server
path_gateways client nym entry other exit
counts_begin
path_begin 44

entry_words()
{
	path_peers client 4 "$1" | sed 's/allowed-ips.*//'
}

via()
{
	ns client "$NYMCTL" set nym0 peer "$(public_key exit)" \
		via "$(public_key "$1")" \
		via-address "$(inner 4 "$1" 2),$(inner 6 "$1" 2)"
}

# Not ns, whose mounts wait for RCU each time: the server that is waited for has to
# get through the same.
is_connected()
{
	[ -n "$(nsenter --net=/run/netns/client \
		ss -Htn state established 'dport = :9000')" ]
}

# A connection that checks what it carries, for as long as $1 runs.
transfer_lives_through()
{
	local transfer

	tcp_transfer client server "$(outer4 server)" \
		$((30000000 * STRESS_ROUNDS)) out &
	transfer=$!
	# Once it stands it takes an unreachable server for a passing trouble.
	wait_until 300 is_connected
	traffic_begin client server
	"$1"
	traffic_end
	wait "$transfer"
}

carrier_comes_and_goes()
{
	local i

	for ((i = 0; i < 10 * STRESS_ROUNDS; i++)); do
		sleep_up_to 200
		ns client "$NYMCTL" set nym0 peer "$(public_key entry)" remove
		sleep_up_to 50
		ns client "$NYMCTL" set nym0 $(entry_words entry)
	done
}

carriers_take_turns()
{
	local i entry

	ns client "$NYMCTL" set nym0 $(entry_words other)
	for ((i = 0; i < 20 * STRESS_ROUNDS; i++)); do
		sleep_up_to 100
		draw 2
		entry=entry
		[ "$drawn" -eq 0 ] || entry=other
		via "$entry"
	done
	via entry
}

# The one that is not in use goes at the same moment as the path comes to it.
carriers_replace_each_other()
{
	local i

	for ((i = 0; i < 5 * STRESS_ROUNDS; i++)); do
		via other &
		sleep_up_to 10
		ns client "$NYMCTL" set nym0 peer "$(public_key entry)" remove
		wait $!
		sleep_up_to 100
		ns client "$NYMCTL" set nym0 $(entry_words entry)
		via entry
		ns client "$NYMCTL" set nym0 peer "$(public_key other)" remove
		ns client "$NYMCTL" set nym0 $(entry_words other)
	done
}

device_goes()
{
	path_carries client server
	ip -n client link del nym0
	nothing_is_left
}

test_case 'carrier removed and added under load' \
	transfer_lives_through carrier_comes_and_goes
test_case 'carriers exchanged under load' \
	transfer_lives_through carriers_take_turns
test_case 'carriers exchanged while the former goes' \
	transfer_lives_through carriers_replace_each_other
test_case 'nothing is left of it' device_goes
ktap_end
