#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# With several processors at work on one peer's packets, none overtakes another
# and none is damaged: one hop to in-tree WireGuard, two hops through it and through
# gateways of our kind. The links are taken from by the processor that put a packet
# on them, as with a queue for each processor: order on them needs one to do that.
# cpus: 2
# usual: 7.2
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/pair.sh"

ktap_plan 14

[ "$(nproc)" -ge 2 ] || ktap_skip_all 'one processor has nothing to overtake'

# A program that moves to another processor may overtake itself.
taskset -p -c 0 $$ >/dev/null || bail_out 'no processor to stay on'

pair_hosts
internet client entry exit

pair_connected ours || bail_out 'no devices'
pings ours
for host in ours stock; do
	test_case "datagrams keep their order, $host sends over IPv4" \
		stream order 4 "$host"
	test_case "datagrams keep their order, $host sends over IPv6" \
		stream order 6 "$host"
done
test_case 'trains of odd segments' stream trains 4 ours
test_case 'a TCP connection' stream tcp 4 ours

# nested_stream WHAT 4|6 out|in: checked traffic between client and exit.
nested_stream()
{
	local ends=(client "$(inner "$2" exit 2)" exit "$(inner "$2" exit)")

	[ "$3" = out ] || ends=("${ends[@]:2}" "${ends[@]:0:2}")
	# The device's MTU less the headers of IPv4 and UDP.
	LARGEST=$((1340 - 28)) "$STREAMS" "$1" "${ends[@]}"
}

# nested_cases GATEWAYS: what is to hold between client and exit.
nested_cases()
{
	ping_to client "$(inner 4 exit)" || bail_out "no path through $1"
	test_case "datagrams keep their order through $1, out" \
		nested_stream order 4 out
	test_case "datagrams keep their order through $1, in" \
		nested_stream order 6 in
	test_case "trains of odd segments through $1" nested_stream trains 4 out
	test_case "a TCP connection through $1" nested_stream tcp 6 in
}

# steer PROCESSORS: the mask of those that take what the gateways send from the
# links; 0: whoever put it on them.
steer()
{
	local gateway

	for gateway in entry exit; do
		ns internet sh -c "echo $1 >/sys/class/net/$gateway/queues/rx-0/rps_cpus" ||
			bail_out 'no receive packet steering'
	done
}

# In-tree gateways forward on whichever processor decrypted.
steer 1
path_gateways client wireguard entry exit
path_device client nym0 44 entry exit
ip -n client route add "$(inner 4 exit)" dev nym0
ip -n client route add "$(inner 6 exit)" dev nym0
nested_cases 'two hops'
for host in entry exit; do
	device_remove "$host" wg0
	ns "$host" nft flush ruleset
done
steer 0
path_gateways client nym entry exit
nested_cases 'gateways of our kind'
ktap_end
