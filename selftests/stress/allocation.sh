#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory that is not to be had: for each allocation of configuration in turn, and for
# many of traffic. What fails says so and harms nothing.
# guests: 7.2-kasan
. "$(dirname "$0")/lib.sh"

ktap_plan 5

debug=/sys/kernel/debug

# Which allocations fail: those with the driver's code on the stack.
of_the_driver()
{
	local kind

	awk '$4 == "[nym]" && tolower($2) == "t" { print $1 }' /proc/kallsyms |
		sort >"$WORK/text"
	for kind in failslab fail_page_alloc; do
		echo "0x$(head -n 1 "$WORK/text")" >"$debug/$kind/require-start"
		printf '0x%x\n' $((0x$(tail -n 1 "$WORK/text") + 4096)) \
			>"$debug/$kind/require-end"
		echo 0 >"$debug/$kind/verbose"
		echo N >"$debug/$kind/ignore-gfp-wait"
		echo -1 >"$debug/$kind/times"
	done
	echo 0 >"$debug/fail_page_alloc/min-order"
	echo N >"$debug/fail_page_alloc/ignore-gfp-highmem"
	echo 0 >"$debug/fail_skb_realloc/verbose"
	echo -1 >"$debug/fail_skb_realloc/times"
}

# every KIND PERCENT
every()
{
	echo "$2" >"$debug/$1/probability"
}

each_allocation_of_configuration()
{
	"$here/failures.py" | tee "$WORK/failures"
	# What never failed proves nothing.
	expect_equal 'requests without an allocation' '' \
		"$(sed -n '/: 0$/p' "$WORK/failures")"
	nothing_is_left
}

allocations_of_traffic()
{
	traffic_begin client server
	every failslab 10
	every fail_page_alloc 10
	for what in peers carriers allowedips; do
		"$here/change.py" "$what" client nym0 $((30 * STRESS_ROUNDS)) || :
	done
	# What it does without memory is to wait, or to drop.
	sleep $((2 * STRESS_ROUNDS))
	every failslab 0
	every fail_page_alloc 0
	traffic_end
}

path_comes_back()
{
	ns client "$NYMCTL" setconf nym0 "$WORK/nym0.conf"
	path_carries client server
}

# The kernel moves each packet's data whenever it might have to, so that who still
# has an old pointer into it is caught.
packets_move()
{
	every fail_skb_realloc 100
	path_down
	path_up
	path_carries client server
	every fail_skb_realloc 0
}

device_goes()
{
	ip -n client link del nym0
	nothing_is_left
}

of_the_driver
# Devices and peers go by the hundred.
echo 1 >/sys/kernel/rcu_expedited
ip link set lo up
counts_begin
test_case 'each allocation of configuration fails once' \
	each_allocation_of_configuration

internet client entry exit server
path_gateways client nym entry exit
counts_begin
path_begin 44
ns client "$NYMCTL" showconf nym0 >"$WORK/nym0.conf"

test_case 'allocations of traffic fail, one of ten' allocations_of_traffic
test_case 'traffic is back once there is memory' path_comes_back
test_case 'packets that move in memory whenever they may' packets_move
test_case 'nothing is left of it' device_goes
ktap_end
