#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Peers and devices are taken away, in every state and under traffic. What goes
# wrong shows in the kernel's log; what is left behind shows here.
. "$(dirname "$0")/lib.sh"

ktap_plan 9

internet client entry exit
gateway entry
gateway exit
gateway_admit entry client
gateway_admit exit inner 3

entry_peer=(peer "$(public_key entry)" endpoint "$(endpoint 4 entry 51820)"
	allowed-ips "$(inner 4 entry)/32")
exit_peer=(peer "$(public_key exit)" via "$(public_key entry)"
	via-address "$(inner 4 entry 2)" identity "$(private_key inner)"
	endpoint "$(endpoint 4 exit 51820)"
	allowed-ips "$(inner 4 exit)/32")

client_device()
{
	ip -n client link add nym0 type "$LINK_KIND"
	ns client "$NYMCTL" set nym0 private-key "$(private_key client)"
	ip -n client address add "$(inner 4 entry 2)/32" dev nym0
	ip -n client address add "$(inner 4 exit 3)/32" dev nym0
	ip -n client link set nym0 up
	ip -n client route add "$(inner 4 entry)" dev nym0 \
		src "$(inner 4 entry 2)"
	ip -n client route add "$(inner 4 exit)" dev nym0 \
		src "$(inner 4 exit 3)"
}

set_peers()
{
	ns client "$NYMCTL" set nym0 "$@"
}

# Packets through both peers until traffic_end; not a flood, which in a slow guest
# leaves no time for the rest.
traffic_begin()
{
	traffic_pids=()
	for address in "$(inner 4 entry)" "$(inner 4 exit)"; do
		# Not ns: the process to kill is to be ping itself.
		ip netns exec client ping -n -q -i 0.005 -s 1000 "$address" \
			>/dev/null 2>&1 &
		traffic_pids+=($!)
	done
}

traffic_end()
{
	kill "${traffic_pids[@]}" 2>/dev/null || true
	wait "${traffic_pids[@]}" 2>/dev/null || true
}

both_answer()
{
	ping_to client "$(inner 4 entry)"
	ping_to client "$(inner 4 exit)"
}

peer_count()
{
	ns client "$NYMCTL" show nym0 peers | wc -l
}

comes_up()
{
	set_peers "${entry_peer[@]}" "${exit_peer[@]}"
	both_answer
}

removed_peer_is_gone()
{
	set_peers peer "$(public_key exit)" remove
	expect_equal 'number of peers' 1 "$(peer_count)"
	expect_refused ping_to client "$(inner 4 exit)" -w 1
	ping_to client "$(inner 4 entry)"
	set_peers "${exit_peer[@]}"
	both_answer
}

# The nested peer stays, silent, and speaks again once its carrier is back.
carrier_comes_and_goes()
{
	set_peers peer "$(public_key entry)" remove
	expect_equal 'number of peers' 1 "$(peer_count)"
	expect_refused ping_to client "$(inner 4 exit)" -w 1
	set_peers "${entry_peer[@]}"
	both_answer
}

peers_go_under_traffic()
{
	local i

	traffic_begin
	for i in {1..3}; do
		set_peers peer "$(public_key exit)" remove
		set_peers "${exit_peer[@]}"
		set_peers peer "$(public_key entry)" remove
		set_peers "${entry_peer[@]}"
	done
	both_answer
	traffic_end
}

device_goes_down_under_traffic()
{
	local i

	traffic_begin
	for i in {1..3}; do
		ip -n client link set nym0 down
		ip -n client link set nym0 up
		ip -n client route replace "$(inner 4 entry)" dev nym0 \
			src "$(inner 4 entry 2)"
		ip -n client route replace "$(inner 4 exit)" dev nym0 \
			src "$(inner 4 exit 3)"
	done
	both_answer
	traffic_end
}

identities_change_under_traffic()
{
	local i

	gateway_admit entry second 4
	traffic_begin
	for i in {1..2}; do
		set_peers peer "$(public_key entry)" \
			identity "$(private_key second)"
		set_peers private-key "$(private_key client)"
		set_peers peer "$(public_key entry)" identity /dev/null
		set_peers private-key "$(private_key third)"
		set_peers private-key "$(private_key client)"
	done
	traffic_end
	wait_until 60 both_answer
}

# Nobody talks to himself.
own_key_is_no_peer()
{
	set_peers peer "$(public_key fourth)" allowed-ips 10.200.0.0/24
	expect_equal 'number of peers' 3 "$(peer_count)"
	set_peers private-key "$(private_key fourth)"
	expect_equal 'number of peers' 2 "$(peer_count)"
	set_peers private-key "$(private_key client)"
}

device_goes_under_traffic()
{
	local i

	for i in {1..3}; do
		traffic_begin
		sleep 0.2
		ip -n client link del nym0
		traffic_end
		client_device
		set_peers "${entry_peer[@]}" "${exit_peer[@]}"
	done
	both_answer
}

many_peers_go_at_once()
{
	local i key carrier
	local -a peers=()

	carrier=$(public_key entry)
	for i in {1..500}; do
		# Digits are base64 too.
		printf -v key '%042dA=' "$i"
		peers+=(peer "$key"
			allowed-ips "10.201.$((i / 250)).$((i % 250))/32"
			via "$carrier")
	done
	set_peers "${peers[@]}"
	expect_equal 'number of peers' 502 "$(peer_count)"
	printf '[Interface]\nPrivateKey = %s\n' \
		"$(cat "$(private_key client)")" >"$WORK/empty.conf"
	ns client "$NYMCTL" setconf nym0 "$WORK/empty.conf"
	expect_equal 'number of peers' 0 "$(peer_count)"
	set_peers "${peers[@]}"
	ip -n client link del nym0
}

client_device
test_case 'a path comes up' comes_up
test_case 'a removed peer is gone, the others go on' removed_peer_is_gone
test_case 'a carrier goes and comes back' carrier_comes_and_goes
test_case 'peers go and come under traffic' peers_go_under_traffic
test_case 'the device goes down and up under traffic' \
	device_goes_down_under_traffic
test_case 'identities change under traffic' identities_change_under_traffic
test_case "a peer with the device's own key goes" own_key_is_no_peer
test_case 'the device goes under traffic' device_goes_under_traffic
test_case 'many peers go at once' many_peers_go_at_once
ktap_end
