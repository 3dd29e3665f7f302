#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What other network devices lie below the path and above it: bridges, VLANs,
# macvlans and VRFs, and a router that forwards its LAN through the path.
. "$(dirname "$0")/lib.sh"

ktap_plan 11

s4='' s6=''
n=''

setup()
{
	internet client entry exit server &&
	path_gateways client "$GATEWAY_KIND" entry exit &&
	s4=$(outer4 server) s6=$(outer6 server) n=$(host_number client)
}

# Where packets for the server go, of the host's own.
path_begin()
{
	path_device client nym0 44 entry exit
	path_route client nym0 server
}

# run_case DESCRIPTION FUNCTION [ARGUMENT...]: the uplink is plain again after it,
# whatever became of the case.
run_case()
{
	path_begin
	test_case "$@"
	ip -n client link del nym0
	plain_uplink 2>/dev/null
}

# What a client's link has is moved to another device of it.
uplink_moves()
{
	local from=$1 to=$2

	ip -n client address flush dev "$from"
	ip -n client -batch - <<-BATCH
	address replace 198.18.$n.2/24 dev $to
	address replace 2001:db8:$n::2/64 dev $to nodad
	link set $to up
	route replace default via 198.18.$n.1 dev $to
	route replace default via 2001:db8:$n::1 dev $to
	BATCH
	# The device may have another MAC address.
	ip -n internet neighbour flush dev client
}

# What there may be between the uplink's device and its addresses.
plain_uplink()
{
	local device

	for device in br0 above0 wan; do
		ip -n client link del "$device" || :
	done
	ip -n internet link del client.7 || :
	ip -n internet address replace "198.18.$n.1/24" dev client
	ip -n internet address replace "2001:db8:$n::1/64" dev client nodad
	uplink_moves eth0 eth0
}

# Traffic runs on the uplink before, while and after there is another device.
below_bridge()
{
	ping_to client "$s4"
	ip -n client link add br0 type bridge forward_delay 0
	ip -n client link set eth0 master br0
	uplink_moves eth0 br0
	transfers
	plain_uplink 2>/dev/null
	transfers --datagrams 10
}

below_macvlan()
{
	ping_to client "$s4"
	ip -n client link add above0 link eth0 type macvlan mode bridge
	uplink_moves eth0 above0
	transfers
	plain_uplink 2>/dev/null
	transfers --datagrams 10
}

# The router speaks to us in a VLAN only.
below_vlan()
{
	ping_to client "$s4"
	ip -n internet link add link client name client.7 type vlan id 7
	ip -n internet -batch - <<-BATCH
	address flush dev client
	address add 198.18.$n.1/24 dev client.7
	address add 2001:db8:$n::1/64 dev client.7 nodad
	link set client.7 up
	BATCH
	ip -n client link add above0 link eth0 type vlan id 7
	uplink_moves eth0 above0
	transfers
	plain_uplink 2>/dev/null
	transfers --datagrams 10
}

# The uplink is in a VRF of its own, which the mark of the outer packets alone
# selects.
below_vrf()
{
	ns client sysctl -qw net.ipv4.udp_l3mdev_accept=1
	ip -n client -batch - <<-BATCH
	link add wan type vrf table 10
	link set wan up
	link set eth0 master wan
	address replace 198.18.$n.2/24 dev eth0
	address replace 2001:db8:$n::2/64 dev eth0 nodad
	route replace default via 198.18.$n.1 vrf wan
	route replace default via 2001:db8:$n::1 vrf wan
	BATCH
	ip -n client rule add fwmark 0x10 table 10 priority 100
	ip -n client -6 rule add fwmark 0x10 table 10 priority 100
	ns client "$NYMCTL" set nym0 fwmark 0x10
	transfers
	expect_refused ping_to client "$(outer4 entry)" -w 1
}

no_vrf()
{
	ip -n client rule del priority 100 2>/dev/null
	ip -n client -6 rule del priority 100 2>/dev/null
}

# The device is in a VRF: who is bound to that goes through the path, who is not
# does not find it.
above_vrf()
{
	ip -n client -batch - <<-BATCH
	link add private type vrf table 20
	link set private up
	link set nym0 master private
	address replace $(inner 6 exit 2)/128 dev nym0 nodad
	route add default dev nym0 table 20
	BATCH
	ip -n client -6 route add default dev nym0 table 20
	transfers --device private
	capture plain client eth0 host "$s4"
	ping_to client "$s4"
	capture_end plain
	[ "$(capture_count plain)" -gt 0 ]
	ip -n client link del private
}

# A rule by source selects the path, and the main table would not.
above_rules()
{
	ip -n client route replace blackhole "$s4/32"
	ip -n client -6 route replace blackhole "$s6/128"
	ip -n client rule add from "$(inner 4 exit 2)" table 30 priority 200
	ip -n client -6 rule add from "$(inner 6 exit 2)" table 30 priority 200
	ip -n client route add default dev nym0 table 30
	ip -n client -6 route add default dev nym0 table 30
	expect_refused ping_to client "$s4" -w 1
	transfers --from "$(inner 4 exit 2)" --from "$(inner 6 exit 2)"
}

no_rules()
{
	ip -n client rule del priority 200 2>/dev/null
	ip -n client -6 rule del priority 200 2>/dev/null
	ip -n client route del blackhole "$s4/32" 2>/dev/null
	ip -n client -6 route del blackhole "$s6/128" 2>/dev/null
}

# A LAN of two hosts on a bridge of the client, which is their router.
lan()
{
	local host

	forwarding client
	ip -n client -batch - <<-'BATCH'
	link add lan0 type bridge forward_delay 0
	address add 192.168.8.1/24 dev lan0
	address add fd08::1/64 dev lan0 nodad
	link set lan0 up
	BATCH
	for host in 2 3; do
		netns_add "lan$host"
		veth client "port$host" "lan$host" eth0
		ip -n client link set "port$host" master lan0
		ip -n "lan$host" -batch - <<-BATCH
		address add 192.168.8.$host/24 dev eth0
		address add fd08::$host/64 dev eth0 nodad
		route add default via 192.168.8.1
		route add default via fd08::1
		BATCH
	done
	ns client nft -f - <<-RULES
	table inet lan {
		chain postrouting {
			type nat hook postrouting priority srcnat
			oifname "nym0" masquerade
		}
	}
	RULES
}

# Of a path that is narrower than the LAN.
lan_knows_mtu()
{
	ns lan2 ip route get "$s4" | grep 'mtu 1'
}

# Hosts of the LAN send packets that the path does not carry, and are told.
lan_is_forwarded()
{
	local status=0 pid

	"$NETWORKS/transfers.py" lan2 server "$s4" "$s6" &
	pid=$!
	"$NETWORKS/transfers.py" lan3 server "$s4" "$s6" || status=1
	wait $pid || status=1
	expect_refused ping_to lan2 "$s4" -M 'do' -s 1400 -w 1
	wait_until 60 lan_knows_mtu
	return $status
}

# What the router knows of a connection, it forwards without looking further, from
# the bridge's ports: a flow table of the bridge alone has no flows in Linux 7.2.
lan_is_offloaded()
{
	ns client nft -f - <<-RULES
	table inet known {
		flowtable flows {
			hook ingress priority 0
			devices = { port2, port3, nym0 }
		}
		chain forward {
			type filter hook forward priority 0
			meta l4proto { tcp, udp } flow add @flows counter
		}
	}
	RULES
	"$NETWORKS/transfers.py" --bytes 1000000 lan2 server "$s4" "$s6"
	# Those of UDP stay so for a while.
	if in_matrix; then
		ns client conntrack -L >"$WORK/connections" 2>/dev/null
		grep -q OFFLOAD "$WORK/connections"
	fi
	ns client nft delete table inet known
}

no_lan()
{
	ns client nft delete table inet lan
	ip -n client link del lan0
	ip netns del lan2
	ip netns del lan3
}

# A container with a macvlan beside one of the client, its router.
macvlan_is_forwarded()
{
	netns_add box
	ip -n client -batch - <<-'BATCH'
	link add switch0 type dummy
	link set switch0 up
	link add mac0 link switch0 type macvlan mode bridge
	link add mac1 link switch0 type macvlan mode bridge
	link set mac1 netns box name eth0
	address add 192.168.9.1/24 dev mac0
	address add fd09::1/64 dev mac0 nodad
	link set mac0 up
	BATCH
	ip -n box -batch - <<-'BATCH'
	address add 192.168.9.2/24 dev eth0
	address add fd09::2/64 dev eth0 nodad
	link set eth0 up
	route add default via 192.168.9.1
	route add default via fd09::1
	BATCH
	ns client nft -f - <<-RULES
	table inet box {
		chain postrouting {
			type nat hook postrouting priority srcnat
			oifname "nym0" masquerade
		}
	}
	RULES
	"$NETWORKS/transfers.py" box server "$s4" "$s6"
	ns client nft delete table inet box
	ip -n client link del mac0
	ip netns del box
	ip -n client link del switch0
}

# Ethernet through the path: bridges at both ends, connected by VXLAN between the
# client and the exit.
bridged()
{
	local host near far

	for host in client exit; do
		case $host in
		client)	near=$(inner 4 exit 2) far=$(inner 4 exit) ;;
		exit)	near=$(inner 4 exit) far=$(inner 4 exit 2) ;;
		esac
		netns_add "$host-box"
		ip -n "$host" -batch - <<-BATCH
		link add lan0 type bridge forward_delay 0
		link add vx0 type vxlan id 42 local $near remote $far dstport 4789
		link set vx0 master lan0
		link set vx0 up
		link set lan0 up
		BATCH
		veth "$host" port "$host-box" eth0
		ip -n "$host" link set port master lan0
	done
	ip -n client route add "$(inner 4 exit)" dev nym0
	for host in client exit; do
		ip -n "$host-box" link set eth0 mtu 1280
		ip -n "$host-box" address add "192.168.10.${#host}/24" dev eth0
		ip -n "$host-box" address add "fd10::${#host}/64" dev eth0 nodad
	done
	# Neighbours are looked for during three seconds only: not while sessions begin.
	ping_to client "$(inner 4 exit)"
	wait_until 60 ping_to client-box 192.168.10.4
	wait_until 60 ping_to client-box fd10::4
	"$NETWORKS/transfers.py" client-box exit-box 192.168.10.4 fd10::4
}

# The device has no Ethernet header: it can be neither a bridge's port nor below
# a macvlan, and says so at once.
cannot_be_bridged()
{
	ip -n client link add br1 type bridge
	expect_refused ip -n client link set nym0 master br1
	expect_refused ip -n client link add mac2 link nym0 type macvlan
	ip -n client link del br1
	ping_to client "$s4"
}

setup >"$WORK/setup.log" 2>&1 || bail_out "$(cat "$WORK/setup.log")"
# shellcheck disable=SC2119 # transfers may be given options
run_case 'the uplink becomes a port of a bridge, and back' below_bridge
run_case 'the uplink becomes a macvlan, and back' below_macvlan
run_case 'the uplink becomes a VLAN, and back' below_vlan
run_case 'the uplink is in a VRF' below_vrf
no_vrf
run_case 'the device is in a VRF' above_vrf
run_case 'the path is selected by rules' above_rules
no_rules
lan || bail_out 'no LAN'
run_case 'a bridged LAN is forwarded through the path' lan_is_forwarded
run_case 'a LAN is forwarded by a flow table' lan_is_offloaded
no_lan
run_case 'a container with a macvlan is forwarded' macvlan_is_forwarded
run_case 'Ethernet is bridged through the path' bridged
run_case 'the device itself is refused as what it is not' cannot_be_bridged
ktap_end
