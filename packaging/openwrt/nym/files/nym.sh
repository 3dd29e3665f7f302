#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# netifd's handler of "option proto nym".  An interface has the options of
# "proto wireguard"; so have its peers, the sections nym_INTERFACE, with these
# besides:
#
#	via		public key of the peer through which this one is reached
#	via_address	our addresses inside that peer's tunnel
#	via_port	our UDP port there, drawn unless set
#	private_key	our identity toward this peer alone
#	quota, quota_low	bytes that are carried for the peer, and at how
#			many left an event is sent

NYMCTL=${NYMCTL:-/usr/bin/nymctl}
if [ ! -x "$NYMCTL" ]; then
	logger -t nym "error: no $NYMCTL (package nym-tools)"
	exit 0
fi

# Both are OpenWrt's.
[ -n "$INCLUDE_ONLY" ] || {
	# shellcheck source=/dev/null
	. /lib/functions.sh
	# shellcheck source=/dev/null
	. ../netifd-proto.sh
	init_proto "$@"
}

# netifd writes the options that are declared here on the handler's command line,
# there for all to see: private_key is not among them, and is read from the
# configuration as the peers' keys are. So netifd does not see that it changed.
# shellcheck disable=SC2034 # netifd-proto.sh reads them
proto_nym_init_config() {
	renew_handler=1
	peer_detect=1

	proto_config_add_int 'listen_port'
	proto_config_add_int 'mtu'
	proto_config_add_string 'fwmark'
	proto_config_add_array 'addresses:list(ipaddr)'
	proto_config_add_array 'ip6prefix:list(ip6addr)'
	proto_config_add_boolean 'nohostroute'
	proto_config_add_string 'tunlink'

	available=1
	no_proto_task=1
}

# A key that is to be made is made once and kept.  uci is told it through a
# pipe: command lines are there for all to see.
nym_ensure_key() {
	local key

	config_get key "$1" private_key
	[ "$key" = generate ] || return 0
	key=$("$NYMCTL" genkey) || return 1
	printf 'set network.%s.private_key=%s\ncommit network\n' "$1" "$key" |
		uci -q batch
}

# nym_line KEY VALUE: a line of a configuration file, unless there is no value.
nym_line() {
	[ -z "$2" ] || printf '%s = %s\n' "$1" "$2"
}

# nym_list VALUE...: separated by commas, as the file wants them.
nym_list() {
	local IFS=,

	echo "$*"
}

# Addresses of version 6 stand in brackets before a port.
nym_endpoint() {
	local host=${1#[}

	host=${host%]}
	case $host in
	'')	;;
	*:*)	echo "[$host]:$2" ;;
	*)	echo "$host:$2" ;;
	esac
}

nym_peer() {
	local section=$1 disabled allowed_ips via_address host port value option

	config_get_bool disabled "$section" disabled 0
	[ "$disabled" = 0 ] || return 0

	config_get allowed_ips "$section" allowed_ips
	config_get via_address "$section" via_address
	config_get host "$section" endpoint_host
	config_get port "$section" endpoint_port 51820

	echo '[Peer]'
	for option in public_key:PublicKey preshared_key:PresharedKey \
		private_key:PrivateKey via:Via via_port:ViaPort \
		persistent_keepalive:PersistentKeepalive \
		quota:Quota quota_low:QuotaLow; do
		config_get value "$section" "${option%:*}"
		nym_line "${option#*:}" "$value"
	done
	nym_line Endpoint "$(nym_endpoint "$host" "$port")"
	# Lists come as words.
	# shellcheck disable=SC2086
	nym_line ViaAddress "$(nym_list $via_address)"
	# shellcheck disable=SC2086
	nym_line AllowedIPs "$(nym_list $allowed_ips)"
}

# What nymctl reads, keys included: it goes through a pipe and is in no file
# and on no command line.
nym_configuration() {
	local config=$1 private_key listen_port fwmark

	config_get private_key "$config" private_key
	config_get listen_port "$config" listen_port
	config_get fwmark "$config" fwmark

	echo '[Interface]'
	nym_line PrivateKey "$private_key"
	nym_line ListenPort "$listen_port"
	nym_line FwMark "$fwmark"
	config_foreach nym_peer "nym_$config"
}

# nym_add ipv4|ipv6-FUNCTION-SUFFIX ADDRESS[/LENGTH]
nym_add() {
	local what=$1 address=${2%%/*} length=

	case $2 in
	*/*)	length=${2##*/} ;;
	esac
	case $address in
	*:*)	"proto_add_ipv6_$what" "$address" "${length:-128}" ;;
	*.*)	"proto_add_ipv4_$what" "$address" "${length:-32}" ;;
	esac
}

nym_peer_routes() {
	local section=$1 disabled route allowed_ips block

	config_get_bool disabled "$section" disabled 0
	config_get_bool route "$section" route_allowed_ips 0
	[ "$disabled" = 0 ] && [ "$route" != 0 ] || return 0
	config_get allowed_ips "$section" allowed_ips
	for block in $allowed_ips; do
		nym_add route "$block"
	done
}

# Each hop takes 80 bytes at most; below 1280 there is no IPv6.
nym_mtu() {
	"$NYMCTL" show "$1" hops | awk '
		$2 > hops { hops = $2 }
		END { mtu = 1500 - 80 * (hops ? hops : 1)
		      print (mtu > 1280 ? mtu : 1280) }'
}

# The peers that the real network reaches, each an address to keep a route to.
# Nested peers are reached inside their carriers: a host route would have their
# addresses go past the tunnel.
nym_entries() {
	{
		"$NYMCTL" show "$1" via
		echo
		"$NYMCTL" show "$1" endpoints
	} | awk -F '\t' '
		NF == 0 { endpoints = 1; next }
		!endpoints { if ($2 == "(none)") entry[$1] = 1; next }
		entry[$1] && $2 != "(none)" {
			sub(/:[0-9]+$/, "", $2)
			gsub(/[][]/, "", $2)
			print $2
		}'
}

proto_nym_setup() {
	local config=$1 mtu addresses ip6prefix nohostroute tunlink word

	config_load network
	nym_ensure_key "$config" && config_load network
	config_get mtu "$config" mtu
	config_get addresses "$config" addresses
	config_get ip6prefix "$config" ip6prefix
	config_get_bool nohostroute "$config" nohostroute 0
	config_get tunlink "$config" tunlink

	ip link show dev "$config" >/dev/null 2>&1 ||
		ip link add dev "$config" type nym || {
		proto_notify_error "$config" NO_DEVICE
		proto_setup_failed "$config"
		return 1
	}

	# Only what differs is changed: sessions go on when netifd reloads.
	nym_configuration "$config" | "$NYMCTL" syncconf "$config" /dev/stdin || {
		proto_notify_error "$config" CONFIGURATION_FAILED
		# netifd tries again at once; a name may resolve later.
		sleep 5
		proto_setup_failed "$config"
		return 1
	}
	ip link set dev "$config" mtu "${mtu:-$(nym_mtu "$config")}"

	proto_init_update "$config" 1
	for word in $addresses; do
		nym_add address "$word"
	done
	for word in $ip6prefix; do
		proto_add_ipv6_prefix "$word"
	done
	config_foreach nym_peer_routes "nym_$config"
	if [ "$nohostroute" = 0 ]; then
		for word in $(nym_entries "$config"); do
			proto_add_host_dependency "$config" "$word" "$tunlink"
		done
	fi
	proto_send_update "$config"
}

proto_nym_renew() {
	proto_nym_setup "$1"
}

proto_nym_teardown() {
	ip link del dev "$1" >/dev/null 2>&1
}

[ -n "$INCLUDE_ONLY" ] || {
	add_protocol nym
}
