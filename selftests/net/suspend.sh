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

ktap_plan 3

# The kernel says only so much in five seconds: of all that the driver has to say,
# key pairs alone.
echo 'module nym -p; func keypair_release +p; func nym_noise_begin_session +p' \
	>/proc/dynamic_debug/control
mark="suspend.sh: $WORK: no key pair yet"
echo "$mark" >/dev/kmsg

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

# For each suspend so far, how many key pairs there were before it and while the
# machine was asleep.
key_pairs()
{
	dmesg | awk -v mark="$mark" '
		index($0, mark)			{ seen = 1; pairs = 0 }
		!seen				{ next }
		/nym0: Keypair [0-9]* created/	{ pairs++ }
		/nym0: Keypair [0-9]* destroyed/ { pairs-- }
		/PM: suspend entry/		{ before = pairs }
		/PM: suspend debug: /		{ print before, pairs }'
}

# were_wiped N: in each of N suspends so far there were some, and none was left.
were_wiped()
{
	expect_equal 'suspends' "$1" "$(key_pairs | wc -l)"
	expect_equal 'key pairs before and while asleep' '' \
		"$(key_pairs | sed '/^[1-9][0-9]* 0$/d')"
}

sleeps_and_wakes()
{
	ping_to client "$(inner 4 exit)"
	suspend
	were_wiped 1
}

path_comes_back()
{
	ping_to client "$(inner 4 exit)"
}

# Whatever is under way at that moment: messages, handshakes, a change of the peers.
sleeps_under_traffic()
{
	local ping i

	ip netns exec client ping -n -q -i 0.005 -s 1000 "$(inner 4 exit)" \
		>/dev/null 2>&1 &
	ping=$!
	for i in 1 2 3; do
		ping_to client "$(inner 4 exit)"
		ns client "$NYMCTL" set nym0 fwmark "$i" \
			peer "$(public_key entry)" \
			endpoint "$(endpoint 4 entry 51820)" &
		suspend
		wait $!
	done
	kill "$ping"
	were_wiped 4
	ping_to client "$(inner 4 exit)"
}

test_case 'keys are wiped before the machine sleeps' sleeps_and_wakes
test_case 'the path comes back' path_comes_back
test_case 'keys are wiped under traffic too' sleeps_under_traffic
ktap_end
