#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Several processes change peers, carriers, keys, allowed IPs, endpoints and the
# device itself while it carries traffic. Nothing stalls, nothing is left, and
# once its configuration is back, so is the traffic.
. "$(dirname "$0")/lib.sh"

ktap_plan 3

internet client entry exit server
path_gateways client nym entry exit
counts_begin
path_begin 44
ns client "$NYMCTL" showconf nym0 >"$WORK/nym0.conf"

changes_do_no_harm()
{
	local what pids=()

	traffic_begin client server
	for what in peers carriers keys allowedips endpoints device dump; do
		"$here/change.py" "$what" client nym0 $((60 * STRESS_ROUNDS)) &
		pids+=($!)
	done
	for what in "${pids[@]}"; do
		wait "$what"
	done
	traffic_end
}

configuration_comes_back()
{
	path_up
	ns client "$NYMCTL" setconf nym0 "$WORK/nym0.conf"
	path_carries client server
}

device_goes()
{
	ip -n client link del nym0
	nothing_is_left
}

test_case 'changes from several processes under traffic' changes_do_no_harm
test_case 'traffic is back once its configuration is' configuration_comes_back
test_case 'nothing is left of it' device_goes
ktap_end
