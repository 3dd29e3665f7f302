# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Two devices that face each other: wg0 of the host "ours" is of our kind, that
# of the host "stock" of in-tree WireGuard's, or what STOCK_KIND says.  Inside,
# ours is 10.9.0.1 and fd09::1, stock 10.9.0.2 and fd09::2.

: "${STOCK_KIND:=wireguard}"

pair_hosts()
{
	local host

	internet ours stock
	for host in ours stock; do
		ns "$host" sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1
	done
}

other()
{
	case $1 in
	ours)	echo stock ;;
	stock)	echo ours ;;
	esac
}

# tool HOST WORD...: the tool of that side's kind.
tool()
{
	local host=$1

	shift
	case $host in
	ours)	ns ours "$NYMCTL" "$@" ;;
	*)	ns stock "$(tool_for "$STOCK_KIND")" "$@" ;;
	esac
}

pair_device()
{
	local host=$1 kind=$2 number=$3

	device_add "$host" wg0 "$kind" || return
	tool "$host" set wg0 private-key "$(private_key "$host")" \
		listen-port 51820 peer "$(public_key "$(other "$host")")" \
		allowed-ips "10.9.0.$((3 - number)),fd09::$((3 - number))" || return
	ip -n "$host" address add "10.9.0.$number/24" dev wg0
	ip -n "$host" address add "fd09::$number/64" dev wg0 nodad
	ip -n "$host" link set wg0 up
}

pair_remove()
{
	device_remove ours wg0
	device_remove stock wg0
}

# Begin anew, with devices that never spoke to each other.
pair_fresh()
{
	pair_remove
	pair_device ours "$LINK_KIND" 1
	pair_device stock "$STOCK_KIND" 2
}

# pair_connected HOST [4|6]: the host knows where the other is.
pair_connected()
{
	pair_fresh
	set_peer "$1" endpoint "$(endpoint "${2:-4}" "$(other "$1")" 51820)"
}

# Change what a side knows of its peer.
set_peer()
{
	local host=$1

	shift
	tool "$host" set wg0 peer "$(public_key "$(other "$host")")" "$@"
}

# inside 4|6 HOST: address in the tunnel.
inside()
{
	local number=1

	[ "$2" = ours ] || number=2
	case $1 in
	4)	echo "10.9.0.$number" ;;
	6)	echo "fd09::$number" ;;
	esac
}

# field HOST WORD: what "show" says about the peer.
field()
{
	tool "$1" show wg0 "$2" | cut -f 2-
}

# Both families reach the other side.
pings()
{
	ping_to "$1" "$(inside 4 "$(other "$1")")"
	ping_to "$1" "$(inside 6 "$(other "$1")")"
}

STREAMS=$(dirname "${BASH_SOURCE[0]}")/../wire/streams.py

# stream WHAT 4|6 HOST: checked traffic from a host to the other.
stream()
{
	local what=$1 family=$2 from=$3 to

	to=$(other "$from")
	"$STREAMS" "$what" "$from" "$(inside "$family" "$from")" \
		"$to" "$(inside "$family" "$to")"
}
