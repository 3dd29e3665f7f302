#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cases.sh NETWORK CASE...: set up the network of each case, with a client and
# gateways of its own, so that a case is chosen by running its client. NETWORK
# is one of
#
#   chain     client, gateways and server in a row, with nothing between them
#             and no other work for them than to forward
#   internet  all on one router, with gateways that translate addresses
#
# Says for each case, once its path carries packets:
#
#   CASE CLIENT-NAMESPACE SERVER-NAMESPACE SERVER-ADDRESS HOPS MTU
. "$(dirname "$0")/../net/lib.sh"
set -e

NETWORK=$1
shift

# mtu_at HOP: of a device that is reached over so many hops.
mtu_at()
{
	echo $((1500 - 80 * $1))
}

# chain CASE NODE...: hosts in a row. Node number N is 198.18.N.2 for its
# neighbour toward the client; the last one has the server's address too.
chain()
{
	local before=$1 node n=0 last=${!#}

	shift
	# Numbers the addresses: each case is a world of its own.
	# shellcheck disable=SC2034 # lib/topology.sh reads it
	TOPOLOGY_HOSTS=("$@")
	netns_add "$before" "$@"
	for node; do
		n=$((n + 1))
		ip -n "$before" link add out type veth peer name in netns "$node"
		ip -n "$before" address add "198.18.$n.1/24" dev out
		ip -n "$before" link set out up
		ip -n "$node" address add "198.18.$n.2/24" dev in
		ip -n "$node" link set in up
		forwarding "$node"
		# Outward the default route; back to the client, and to the
		# addresses that gateways give, past those that are nearer.
		ip -n "$before" route add default via "198.18.$n.2"
		[ "$n" -eq 1 ] ||
			ip -n "$node" route add 198.18.0.0/16 via "198.18.$n.1"
		ip -n "$node" route add 10.0.0.0/8 via "198.18.$n.1"
		before=$node
	done
	SERVER=$last
	SERVER_ADDRESS=198.51.100.1
	ip -n "$last" address add "$SERVER_ADDRESS/32" dev lo
}

# network CASE NODE...: the case's hosts. Without a gateway, or with one, there is
# another node for the server.
network()
{
	case $NETWORK in
	chain)	[ $# -gt 1 ] || set -- "$1" "$1-router"
		[ $# -gt 2 ] || set -- "$@" "$1-server"
		chain "$@" ;;
	internet)
		internet "$@"
		SERVER=server
		SERVER_ADDRESS=$(outer4 server) ;;
	*)	bail_out "no network named $NETWORK" ;;
	esac
}

# gateways CASE KIND HOPS: the case's gateways, entry first. Each has the MTU
# that its place on the path leaves.
gateways()
{
	local case=$1 kind=$2 hop gateway

	mapfile -t GATEWAYS < <(seq -f "$case-%g" "$3")
	network "$case" "${GATEWAYS[@]}"
	path_gateways "$case" "$kind" "${GATEWAYS[@]}"
	for ((hop = 1; hop <= $3; hop++)); do
		gateway=${GATEWAYS[hop - 1]}
		ip -n "$gateway" link set wg0 mtu "$(mtu_at "$hop")"
		[ "$NETWORK" = internet ] || ns "$gateway" nft flush ruleset
	done
}

# through CASE DEVICE: the server is reached through the device.
through()
{
	ip -n "$1" route add "$SERVER_ADDRESS/32" dev "$2"
}

# nested CASE KIND HOPS: one nym device, over gateways of that kind.
nested()
{
	gateways "$@"
	path_device "$1" nym0 44444 "${GATEWAYS[@]}"
	ip -n "$1" link set nym0 mtu "$(mtu_at "$3")"
	through "$1" nym0
}

# stacked CASE HOPS: in-tree devices, each sending through the one before.
stacked()
{
	local case=$1 hop gateway

	gateways "$case" wireguard "$2"
	for ((hop = 1; hop <= $2; hop++)); do
		gateway=${GATEWAYS[hop - 1]}
		ip -n "$case" link add "wg$hop" type wireguard
		ns "$case" wg set "wg$hop" \
			private-key "$(private_key "$(identity "$case" "$gateway")")" \
			peer "$(public_key "$gateway")" \
			endpoint "$(endpoint 4 "$gateway" 51820)" \
			allowed-ips 0.0.0.0/0
		ip -n "$case" address add "$(inner 4 "$gateway" 2)/32" dev "wg$hop"
		ip -n "$case" link set "wg$hop" mtu "$(mtu_at "$hop")" up
		[ "$hop" -eq 1 ] ||
			ip -n "$case" route add "$(outer4 "$gateway")/32" \
				dev "wg$((hop - 1))"
	done
	through "$case" "wg$2"
}

# set_up CASE: says how many hops it has.
set_up()
{
	HOPS=0
	case $1 in
	veth)	network "$1" ;;
	wg1)	HOPS=1; stacked "$1" "$HOPS" ;;
	wg2)	HOPS=2; stacked "$1" "$HOPS" ;;
	nym1)	HOPS=1; nested "$1" nym "$HOPS" ;;
	nym2)	HOPS=2; nested "$1" nym "$HOPS" ;;
	nym2wg)	HOPS=2; nested "$1" wireguard "$HOPS" ;;
	nym3)	HOPS=3; nested "$1" nym "$HOPS" ;;
	nym5)	HOPS=5; nested "$1" nym "$HOPS" ;;
	*)	bail_out "no case named $1" ;;
	esac
}

[ "$NETWORK" != internet ] || internet server
for case; do
	set_up "$case"
	ping_to "$case" "$SERVER_ADDRESS" ||
		bail_out "$case: no answer from the server"
	echo "$case $case $SERVER $SERVER_ADDRESS $HOPS $(mtu_at "$HOPS")"
done
