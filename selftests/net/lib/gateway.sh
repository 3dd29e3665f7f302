# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Gateways: plain WireGuard servers as anyone would set them up.  Their kind
# is "wireguard" (in-tree), "wireguard-go" (Debian's, in user space) or "nym"
# (GATEWAY_KIND).
#
# A gateway on host number N has the device wg0, listens on port 51820 and
# has 10.N.0.1/24 and fd00:N::1/64 inside; its client number C has
# 10.N.0.C and fd00:N::C.

: "${GATEWAY_KIND:=wireguard}"

USERSPACE=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/wireguard-go-tool")

# Tool for the devices of a kind: the grammar is the same.
tool_for()
{
	case $1 in
	wireguard)	echo wg ;;
	wireguard-go)	echo "$USERSPACE" ;;
	*)		echo "$NYMCTL" ;;
	esac
}

# device_add HOST DEVICE KIND
device_add()
{
	case $3 in
	wireguard-go)	ns "$1" "$USERSPACE" begin "$2" ;;
	*)		ip -n "$1" link add "$2" type "$3" ;;
	esac
}

# device_remove HOST DEVICE: and return when it is gone, so that another of the
# same name can come.
device_remove()
{
	ip -n "$1" link del "$2" 2>/dev/null || return 0
	wait_until 60 test ! -e "/run/wireguard-go/$1/$2.sock"
}

# device_kind HOST DEVICE
device_kind()
{
	local kind

	kind=$(ip -n "$1" -d -j link show dev "$2" |
	       sed -n 's/.*"info_kind":"\([a-z]*\)".*/\1/p')
	case $kind in
	tun)	echo wireguard-go ;;
	*)	echo "$kind" ;;
	esac
}

# inner 4|6 GATEWAY [CLIENT]: address inside the gateway's tunnel; its own
# (1) unless a client's number is given.
inner()
{
	local n

	n=$(host_number "$2") || return
	case $1 in
	4)	echo "10.$n.0.${3:-1}" ;;
	6)	echo "fd00:$n::${3:-1}" ;;
	esac
}

# Make a host a gateway that forwards to the internet under its own address.
gateway()
{
	local host=$1 kind=${2:-$GATEWAY_KIND} tool

	tool=$(tool_for "$kind")
	device_add "$host" wg0 "$kind" || return
	ip -n "$host" -batch - <<-BATCH
	address add $(inner 4 "$host")/24 dev wg0
	address add $(inner 6 "$host")/64 dev wg0 nodad
	link set wg0 up
	BATCH
	ns "$host" "$tool" set wg0 listen-port 51820 \
		private-key "$(private_key "$host")"
	forwarding "$host"
	ns "$host" nft -f - <<-'RULES'
	table inet gateway {
		chain postrouting {
			type nat hook postrouting priority srcnat
			iifname "wg0" oifname "eth0" masquerade
		}
	}
	RULES
}

# gateway_admit GATEWAY CLIENT-KEY-NAME [CLIENT-NUMBER] [WORD...]: let a client
# in; further words go to wg set (preshared-key FILE, endpoint and so on).
gateway_admit()
{
	local host=$1 key=$2 number=${3:-2}

	shift $(($# < 3 ? $# : 3))
	ns "$host" "$(tool_for "$(device_kind "$host" wg0)")" set wg0 peer "$(public_key "$key")" \
		allowed-ips "$(inner 4 "$host" "$number")/32,$(inner 6 "$host" "$number")/128" \
		"$@"
}
