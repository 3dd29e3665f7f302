#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A device, the namespace that it was created in, that which it is in, and its
# gateway's go in every order, under traffic and with a nested path.
. "$(dirname "$0")/lib.sh"

ktap_plan 2

internet exit
path_gateways client nym exit
counts_begin

# Each time with a home, a box and a gateway of their own.
build()
{
	local host

	for host in home gate; do
		# The one before goes in the background.
		wait_until 60 ns internet test ! -e "/sys/class/net/$host"
		ip netns add "$host"
		ip -n "$host" link set lo up
		veth "$host" eth0 internet "$host"
	done
	ip netns add box
	ip -n internet address add 198.18.98.1/24 dev home
	ip -n home address add 198.18.98.2/24 dev eth0
	ip -n home route add default via 198.18.98.1
	ip -n internet address add 198.18.99.1/24 dev gate
	ip -n gate address add 198.18.99.2/24 dev eth0
	ip -n gate route add default via 198.18.99.1
	forwarding gate
	ip -n gate link add wg0 type nym
	ns gate "$NYMCTL" set wg0 listen-port 51820 \
		private-key "$(private_key gate)" \
		peer "$(public_key client-gate)" allowed-ips 10.99.0.2/32
	ip -n gate address add 10.99.0.1/24 dev wg0
	ip -n gate link set wg0 up
	ns gate nft 'table ip gate { chain p { type nat hook postrouting priority srcnat; oifname "eth0" masquerade; }; }'

	ip -n home link add nym0 type nym
	ns home "$NYMCTL" set nym0 \
		peer "$(public_key gate)" endpoint 198.18.99.2:51820 \
		identity "$(private_key client-gate)" \
		peer "$(public_key exit)" endpoint "$(endpoint 4 exit 51820)" \
		identity "$(private_key client-exit)" \
		via "$(public_key gate)" via-address 10.99.0.2 \
		allowed-ips 0.0.0.0/0
	ip -n home link set nym0 netns box
	ip -n box address add "$(inner 4 exit 2)/32" dev nym0
	ip -n box link set nym0 up
	ip -n box route add default dev nym0
}

goes()
{
	case $1 in
	device)	ip -n box link del nym0 2>/dev/null || : ;;
	*)	ip netns del "$1" ;;
	esac
}

orders()
{
	python3 -c '
import itertools, os, random
orders = list(itertools.permutations(["device", "home", "box", "gate"]))
random.Random(int(os.environ["STRESS_SEED"])).shuffle(orders)
for order in orders[:4 * int(os.environ["STRESS_ROUNDS"])]:
    print(*order)'
}

all_go_in_order()
{
	local order what ping

	while read -r order <&3; do
		echo "order: $order"
		build
		wait_until 120 ping_to box "$(inner 4 exit)" -w 1
		ip netns exec box ping -n -q -f -s 1000 "$(inner 4 exit)" \
			>/dev/null 2>&1 &
		ping=$!
		for what in $order; do
			sleep_up_to 100
			goes "$what"
		done
		# It holds the box's namespace.
		kill "$ping" 2>/dev/null || :
		wait "$ping" 2>/dev/null || :
	done 3< <(orders)
}

# Those of a namespace that is going, one after another in the background.
all_go_at_once()
{
	local i what

	for ((i = 0; i < 2 * STRESS_ROUNDS; i++)); do
		build
		ping_to box "$(inner 4 exit)"
		for what in device home box gate; do
			goes "$what" &
		done
		wait
	done
	nothing_is_left
}

test_case 'device and namespaces go in any order' all_go_in_order
test_case 'all go at once, and nothing is left' all_go_at_once
ktap_end
