#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module is unloaded while devices of it carry traffic, shake hands, are asked
# and are changed; what it made is gone with it, and it loads again.
. "$(dirname "$0")/lib.sh"

: "${NYM_MODULE:?which file to load again}"
rounds=$((2 * STRESS_ROUNDS))
# KASAN takes the memory of a module that is gone for still poisoned.
[ "$GUEST" != 7.2-kasan ] || rounds=1
ktap_plan $((2 * rounds))

internet client entry exit server

connect()
{
	[ -e /sys/module/nym ] || insmod "$NYM_MODULE"
	path_gateways client nym entry exit
	path_begin 44
	traffic_begin client server
	# A second device shakes hands with nobody, over and over.
	ip -n client link add nym1 type nym
	ns client "$NYMCTL" set nym1 private-key "$(private_key client)" \
		peer "$(public_key nobody)" \
		endpoint "$(endpoint 4 server 9)" persistent-keepalive 1
	ip -n client link set nym1 up
}

module_is_gone()
{
	[ ! -e /sys/module/nym ]
}

# Who has the module's netlink family open holds the module for that moment.
unload()
{
	rmmod nym || module_is_gone
}

unloads_under_traffic()
{
	local asker
	connect
	while :; do
		ns client "$NYMCTL" show nym0 dump || :
		ns client "$NYMCTL" set nym0 fwmark 7 || :
	done >/dev/null 2>&1 &
	asker=$!
	sleep_up_to 999
	wait_until 30 unload
	kill "$asker"
	traffic_end
}

nothing_is_left_of_it()
{
	local host

	module_is_gone
	for host in client entry exit; do
		expect_equal "devices of $host" '' \
			"$(ip -n "$host" -br link show type nym)"
		expect_equal "sockets of $host" '' "$(ns "$host" ss -Hlun)"
	done
	expect_equal 'objects' '' "$(grep '^nym_' /proc/slabinfo || :)"
	for host in entry exit; do
		ns "$host" nft flush ruleset
	done
}

for ((round = 1; round <= rounds; round++)); do
	test_case "unloads under traffic, time $round" unloads_under_traffic
	test_case "nothing is left of it, time $round" nothing_is_left_of_it
done
ktap_end
