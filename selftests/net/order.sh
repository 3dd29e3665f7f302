#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# With several processors at work on one peer's packets, none overtakes another
# and none is damaged: one hop to in-tree WireGuard, and two hops through it.
# cpus: 2
# usual: 7.2
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/pair.sh"

ktap_plan 10

[ "$(nproc)" -ge 2 ] || ktap_skip_all 'one processor has nothing to overtake'

pair_hosts
internet client entry exit

# A packet that one processor puts on a virtual link may overtake one that
# another did: so all of them are taken from the links by the same.
for host in ours stock client entry exit; do
	for link in "$host eth0" "internet $host"; do
		ns "${link% *}" sh -c "echo 1 >/sys/class/net/${link#* }/queues/rx-0/rps_cpus" ||
			bail_out 'no receive packet steering'
	done
done

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

path_gateways client wireguard entry exit
path_device client nym0 44 entry exit
ip -n client route add "$(inner 4 exit)" dev nym0
ip -n client route add "$(inner 6 exit)" dev nym0
ping_to client "$(inner 4 exit)" || bail_out 'no path'
test_case 'datagrams keep their order through two hops, out' \
	nested_stream order 4 out
test_case 'datagrams keep their order through two hops, in' \
	nested_stream order 6 in
test_case 'trains of odd segments through two hops' nested_stream trains 4 out
test_case 'a TCP connection through two hops' nested_stream tcp 6 in
ktap_end
