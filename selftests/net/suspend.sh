#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# No key outlives the moment at which memory may be put aside for others to
# read: suspend wipes sessions, and new ones are made afterwards.  User-mode
# Linux has no suspend.
# guests: 6.1 6.12 7.2-races
. "$(dirname "$0")/lib.sh"

power=/sys/power
if ! [ -w $power/pm_test ] || ! grep -qw freeze $power/state; then
	ktap_skip_all 'this kernel cannot try a suspend'
fi

ktap_plan 4

internet client entry exit
gateway entry
gateway exit
gateway_admit entry client
gateway_admit exit inner 3
ip -n client link add nym0 type "$LINK_KIND"
ns client "$NYMCTL" set nym0 private-key "$(private_key client)" \
	peer "$(public_key entry)" endpoint "$(endpoint 4 entry 51820)" \
	peer "$(public_key exit)" via "$(public_key entry)" \
	via-address "$(inner 4 entry 2)" identity "$(private_key inner)" \
	endpoint "$(endpoint 4 exit 51820)" allowed-ips "$(inner 4 exit)/32"
ip -n client address add "$(inner 4 exit 3)/32" dev nym0
ip -n client link set nym0 up
ip -n client route add "$(inner 4 exit)" dev nym0

# Freezes and thaws: as a suspend goes, but for the machine's own part.
suspend()
{
	echo freezer >"$power/pm_test"
	echo freeze >"$power/state"
}

# What the kernel said of key pairs, and of the suspend itself.
said()
{
	dmesg | sed -n 's/.*nym0: Keypair [0-9]* \([a-z]* for peer [0-9]*\).*/\1/p
			s/.*PM: suspend debug: .*/asleep/p'
}

sleeps_and_wakes()
{
	ping_to client "$(inner 4 exit)"
	dmesg -C
	suspend
	said >"$WORK/said"
}

keys_are_wiped_before()
{
	local peers

	peers=$(sed '/^asleep/,$d' "$WORK/said" | grep -c '^destroyed')
	expect_equal 'key pairs wiped before' 2 "$peers"
}

path_comes_back()
{
	ping_to client "$(inner 4 exit)"
	said >"$WORK/said"
	sed '1,/^asleep/d' "$WORK/said" | grep -c '^created' |
		awk '{ exit $1 < 2 }'
}

# Whatever is under way at that moment: messages, handshakes, a change of the peers.
sleeps_under_traffic()
{
	local ping i

	ip netns exec client ping -n -q -i 0.005 -s 1000 "$(inner 4 exit)" \
		>/dev/null 2>&1 &
	ping=$!
	for i in 1 2 3; do
		ns client "$NYMCTL" set nym0 fwmark "$i" \
			peer "$(public_key entry)" \
			endpoint "$(endpoint 4 entry 51820)" &
		suspend
		wait $!
	done
	kill "$ping"
	ping_to client "$(inner 4 exit)"
}

test_case 'a machine with a path up goes to sleep and wakes' sleeps_and_wakes
test_case 'keys are wiped before it sleeps' keys_are_wiped_before
test_case 'the path comes back with new keys' path_comes_back
test_case 'it sleeps and wakes under traffic' sleeps_under_traffic
ktap_end
