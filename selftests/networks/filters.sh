#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# only: matrix
# What looks at packets on the device: queueing disciplines, tc filters and
# actions, nftables at every hook, and generic XDP, below as well.
# shellcheck disable=SC2119 # transfers may be given options
. "$(dirname "$0")/lib.sh"

ktap_plan 12
path_network 44 || bail_out 'no path'
s4=$(outer4 server) s6=$(outer6 server)

client_tc()
{
	ns client tc "$@"
}

# run_case DESCRIPTION FUNCTION [ARGUMENT...]: no filter stays.
run_case()
{
	test_case "$@"
	for device in nym0 eth0; do
		client_tc qdisc del dev "$device" root 2>/dev/null
		client_tc qdisc del dev "$device" clsact 2>/dev/null
		client_tc qdisc del dev "$device" ingress 2>/dev/null
	done
	ns client nft flush ruleset
}

qdisc()
{
	client_tc qdisc add dev nym0 root "$@"
	transfers
	# It has seen all of it.
	client_tc -s qdisc show dev nym0 | awk '
		$1 == "Sent" { bytes = $2 } END { exit bytes < 400000 }'
}

# As fast as told, not faster: 4 Mbit/s carry 500 kB in a second.
shaped()
{
	local began

	client_tc qdisc add dev nym0 root tbf rate 4mbit burst 16k latency 400ms
	began=${EPOCHREALTIME/./}
	tcp_transfer client server "$s4" 500000 out
	[ $((${EPOCHREALTIME/./} - began)) -gt 700000 ] ||
		fail 'was not held back'
}

# ICMP goes nowhere and the rest everywhere.
icmp_is_dropped()
{
	expect_refused ns client ping -n -q -c 2 -i 0.2 -W 1 "$s4"
	expect_refused ns client ping -n -q -c 2 -i 0.2 -W 1 "$s6"
	transfers
}

tc_egress()
{
	client_tc qdisc add dev nym0 clsact
	client_tc filter add dev nym0 egress protocol ip flower ip_proto icmp action drop
	client_tc filter add dev nym0 egress protocol ipv6 flower ip_proto icmpv6 action drop
	icmp_is_dropped
}

tc_ingress()
{
	client_tc qdisc add dev nym0 clsact
	client_tc filter add dev nym0 ingress protocol ip flower ip_proto icmp action drop
	client_tc filter add dev nym0 ingress protocol ipv6 flower ip_proto icmpv6 action drop
	icmp_is_dropped
}

# Download shaping as routers do it: what arrives goes through another device.
tc_redirected()
{
	ip -n client link add ifb0 type ifb
	ip -n client link set ifb0 up
	client_tc qdisc add dev ifb0 root fq_codel
	client_tc qdisc add dev nym0 clsact
	client_tc filter add dev nym0 ingress matchall action mirred egress redirect dev ifb0
	transfers
	client_tc -s qdisc show dev ifb0 | awk '
		$1 == "Sent" { bytes = $2 } END { exit bytes < 200000 }'
	ip -n client link del ifb0
}

# Packets are changed on their way out, checksums with them.
tc_edited()
{
	client_tc qdisc add dev nym0 clsact
	client_tc filter add dev nym0 egress protocol ip flower dst_ip "$s4" \
		action pedit ex munge ip ttl set 9 pipe action csum ip tcp udp
	# The exit and the router take one each.
	capture edited server eth0 "ip and dst host $s4 and ip[8] = 7"
	transfers
	capture_end edited
	[ "$(capture_count edited)" -gt 20 ]
}

nft_hooks()
{
	ns client nft -f - <<-'RULES'
	table netdev on_device {
		chain in {
			type filter hook ingress device "nym0" priority 0
			meta l4proto { icmp, ipv6-icmp } drop
		}
	}
	RULES
	icmp_is_dropped
	ns client nft flush ruleset
	ns client nft -f - <<-'RULES'
	table inet at_hooks {
		counter in { }
		counter out { }
		chain input {
			type filter hook input priority 0; policy drop
			iifname "lo" accept
			iifname "nym0" ct state established,related counter name in accept
			iifname "eth0" udp dport != 0 accept
			meta l4proto { ipv6-icmp } accept
		}
		chain output {
			type route hook output priority 0
			oifname "nym0" meta mark set 0x77 ip dscp set cs1 counter name out
		}
	}
	RULES
	transfers
	[ "$(ns client nft list counter inet at_hooks in | sed -n 's/.*packets \([0-9]*\) .*/\1/p')" -gt 50 ]
	[ "$(ns client nft list counter inet at_hooks out | sed -n 's/.*packets \([0-9]*\) .*/\1/p')" -gt 50 ]
}

# Egress of the netdev family came with 5.16.
nft_egress()
{
	ns client nft -f - <<-'RULES' || skip 'no netdev egress hook'
	table netdev on_device {
		chain out {
			type filter hook egress device "nym0" priority 0
			meta l4proto { icmp, ipv6-icmp } drop
		}
	}
	RULES
	icmp_is_dropped
}

# xdp DEVICE WORD...: attach a program; bpffs is seen in this namespace only.
xdp()
{
	local device=$1
	shift

	mountpoint -q "$WORK/bpf" || {
		mkdir -p "$WORK/bpf"
		mount -t bpf bpf "$WORK/bpf"
	}
	rm -f "$WORK/bpf/program"
	"$NETWORKS/xdp.py" "$WORK/bpf/program" "$@"
	ip -n client link set dev "$device" xdpgeneric off
	ip -n client link set dev "$device" xdpgeneric pinned "$WORK/bpf/program"
}

xdp_passes()
{
	local device

	for device in nym0 eth0; do
		xdp "$device" pass
	done
	transfers
	ping_to client "$s4" -s 5000
	for device in nym0 eth0; do
		ip -n client link set dev "$device" xdpgeneric off
	done
}

xdp_drops()
{
	xdp nym0 drop 1
	expect_refused ns client ping -n -q -c 2 -i 0.2 -W 1 "$s4"
	ping_to client "$s6"
	transfers
	xdp nym0 drop 58
	expect_refused ns client ping -n -q -c 2 -i 0.2 -W 1 "$s6"
	ping_to client "$s4"
	ip -n client link set dev nym0 xdpgeneric off
	ping_to client "$s6"
}

run_case 'a queue of fair flows (fq_codel)' qdisc fq_codel
run_case 'a queue of paced flows (fq)' qdisc fq
run_case 'a hierarchy of classes (htb)' qdisc htb default 1
run_case 'a shaper (tbf)' shaped
run_case 'tc drops what is sent' tc_egress
run_case 'tc drops what is received' tc_ingress
run_case 'tc redirects what is received' tc_redirected
run_case 'tc edits what is sent' tc_edited
run_case 'nftables on the way in, at input and at output' nft_hooks
run_case 'nftables on the way out' nft_egress
run_case 'XDP programs pass everything, above and below' xdp_passes
run_case 'an XDP program sees IP packets and drops some' xdp_drops
ktap_end
