#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a flood of initiations costs the sessions that there are: TCP through one
# while the flood hits the device's port, and while it hits a closed one. A
# benchmark: it fails only when nothing is carried. FLOOD_RATES are messages a
# second.
# only: matrix
. "$(dirname "$0")/../net/lib.sh"
. "$(dirname "$0")/../net/lib/pair.sh"
. "$(dirname "$0")/crowd.sh"

: "${FLOOD_RATES:=5000 20000 0}"
CLOSED=9

pair_hosts
crowd_for ours || bail_out crowd
pair_connected stock || bail_out pair
pings stock || bail_out session
ns ours iperf3 -s -D --forceflush >/dev/null

# carried PORT RATE: megabits a second of one TCP stream toward ours.
carried()
{
	local result

	flood_begin ours "$1" "$2"
	sleep 0.5
	ns stock iperf3 -J -t 2 -c "$(inside 4 ours)" >"$WORK/iperf.json" 2>&1
	flood_end
	result=$(python3 -c 'import json, sys
print("%.1f" % (json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e6))' \
		<"$WORK/iperf.json" 2>/dev/null)
	echo "${result:-0}"
}

compare()
{
	local rate=$1 closed open

	closed=$(carried "$CLOSED" "$rate")
	open=$(carried 51820 "$rate")
	ktap_comment "$rate a second: $closed Mbit/s with a closed port," \
		"$open Mbit/s with the device's" \
		"($(awk -v a="$open" -v b="$closed" 'BEGIN { printf "%.0f %%", b ? 100 * a / b : 0 }'))"
	ns ours "$NYMCTL" show wg0 drops | awk '$2 { print "# dropped: " $0 }'
	[ "${open%.*}" -gt 0 ]
}

# shellcheck disable=SC2086 # words
set -- $FLOOD_RATES
ktap_plan $#
ktap_comment "without a flood: $(carried "$CLOSED" 1) Mbit/s"
number=0
for rate; do
	number=$((number + 1))
	if compare "$rate"; then
		echo "ok $number a flood of $rate a second"
	else
		echo "not ok $number a flood of $rate a second"
	fi
done
