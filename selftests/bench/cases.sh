#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cases.sh CASE...: set up the network of each case, all on one router beside
# one server, each with a client and gateways of its own, so that a case is
# chosen by running its client. Says for each, once its path carries packets:
#
#   CASE CLIENT-NAMESPACE SERVER-ADDRESS HOPS MTU
. "$(dirname "$0")/../net/lib.sh"
set -e

# mtu_at HOP: of a device that is reached over so many hops.
mtu_at()
{
	echo $((1500 - 80 * $1))
}

# gateways CASE KIND HOPS: the case's gateways, entry first. Each has the MTU
# that its place on the path leaves.
gateways()
{
	local case=$1 kind=$2 hop

	mapfile -t GATEWAYS < <(seq -f "$case-%g" "$3")
	internet "$case" "${GATEWAYS[@]}"
	path_gateways "$case" "$kind" "${GATEWAYS[@]}"
	for ((hop = 1; hop <= $3; hop++)); do
		ip -n "${GATEWAYS[hop - 1]}" link set wg0 mtu "$(mtu_at "$hop")"
	done
}

# nested CASE KIND HOPS: one nym device, over gateways of that kind.
nested()
{
	gateways "$@"
	path_device "$1" nym0 44444 "${GATEWAYS[@]}"
	path_route "$1" nym0 server
	# Below 1280 the device has no IPv6, nor had it the route.
	ip -n "$1" link set nym0 mtu "$(mtu_at "$3")"
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
	ip -n "$case" route add "$(outer4 server)/32" dev "wg$2"
}

# set_up CASE: says how many hops it has.
set_up()
{
	HOPS=0
	case $1 in
	veth)	internet "$1" ;;
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

internet server
for case; do
	set_up "$case"
	ping_to "$case" "$(outer4 server)" ||
		bail_out "$case: no answer from the server"
	echo "$case $case $(outer4 server) $HOPS $(mtu_at "$HOPS")"
done
