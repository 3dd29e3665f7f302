# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Hosts as network namespaces, all connected to one router, "internet", over
# which each reaches each: so a packet that should have stayed in a tunnel has
# a way to leave it, and is seen there.
#
# Host number N (in the order of adding) has the device eth0 with
# 198.18.N.2/24 and 2001:db8:N::2/64; the router's end is named as the host.

TOPOLOGY_HOSTS=()

# ns HOST COMMAND...
ns()
{
	ip netns exec "$@"
}

host_number()
{
	local i

	for i in "${!TOPOLOGY_HOSTS[@]}"; do
		if [ "${TOPOLOGY_HOSTS[i]}" = "$1" ]; then
			echo $((i + 1))
			return 0
		fi
	done
	echo "no host named $1" >&2
	return 1
}

# Address of a host on the real network.
outer4()
{
	echo "198.18.$(host_number "$1").2"
}

outer6()
{
	echo "2001:db8:$(host_number "$1")::2"
}

# outer 4|6 HOST
outer()
{
	"outer$1" "$2"
}

# endpoint 4|6 HOST PORT
endpoint()
{
	case $1 in
	4)	echo "$(outer4 "$2"):$3" ;;
	6)	echo "[$(outer6 "$2")]:$3" ;;
	esac
}

# A namespace with nothing in it but a loopback device that is up.
netns_add()
{
	local name

	for name; do
		ip netns add "$name"
		ip -n "$name" link set lo up
	done
}

# veth NS DEVICE NS DEVICE: both ends up.
veth()
{
	ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

forwarding()
{
	ns "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# internet HOST...: the router and its hosts; more can be added later.  Each
# call of ip takes its time in an emulated guest: hence the batches.
internet()
{
	local host n

	if [ ${#TOPOLOGY_HOSTS[@]} -eq 0 ]; then
		netns_add internet
		forwarding internet
	fi
	for host; do
		TOPOLOGY_HOSTS+=("$host")
		n=${#TOPOLOGY_HOSTS[@]}
		ip netns add "$host"
		ip -n "$host" -batch - <<-BATCH
		link set lo up
		link add eth0 type veth peer name $host netns internet
		link set eth0 up
		address add 198.18.$n.2/24 dev eth0
		address add 2001:db8:$n::2/64 dev eth0 nodad
		route add default via 198.18.$n.1
		route add default via 2001:db8:$n::1
		BATCH
		ip -n internet -batch - <<-BATCH
		link set $host up
		address add 198.18.$n.1/24 dev $host
		address add 2001:db8:$n::1/64 dev $host nodad
		BATCH
	done
}

# host_mtu HOST MTU: of both ends of the host's link.
host_mtu()
{
	ip -n "$1" link set eth0 mtu "$2"
	ip -n internet link set "$1" mtu "$2"
}

# ping_to HOST ADDRESS [OPTION...]: an answer within a minute, unless told otherwise.
ping_to()
{
	local host=$1 address=$2

	shift 2
	ns "$host" ping -n -q -c 1 -i 0.2 -w 60 "$@" "$address" >/dev/null
}
