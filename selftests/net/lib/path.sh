# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Paths of nested peers over gateways, as lib/gateway.sh makes them.
#
# Toward gateway G the client has an identity of its own, and as its client
# number 2 the addresses that "inner 4 G 2" and "inner 6 G 2" tell.

# identity CLIENT GATEWAY: name of the client's key toward the gateway.
identity()
{
	echo "$1-$2"
}

# path_gateways CLIENT KIND GATEWAY...: set gateways up that admit the client.
path_gateways()
{
	local client=$1 kind=$2 gateway
	shift 2

	for gateway; do
		gateway "$gateway" "$kind"
		gateway_admit "$gateway" "$(identity "$client" "$gateway")"
	done
}

# path_peers CLIENT FAMILIES GATEWAY...: print the words that set the peers of
# a path, entry first. FAMILIES has a digit for each gateway, that of its
# endpoint: 46 means over IPv4 to the entry and over IPv6 to the exit. Only the
# exit has allowed IPs: everything.
path_peers()
{
	local client=$1 families=$2 carrier='' gateway i=0
	shift 2

	for gateway; do
		echo "peer $(public_key "$gateway")" \
			"endpoint $(endpoint "${families:i:1}" "$gateway" 51820)" \
			"identity $(private_key "$(identity "$client" "$gateway")")"
		if [ -n "$carrier" ]; then
			echo "via $(public_key "$carrier")" \
				"via-address $(inner 4 "$carrier" 2),$(inner 6 "$carrier" 2)"
		fi
		i=$((i + 1))
		carrier=$gateway
		[ $i -lt $# ] || echo 'allowed-ips 0.0.0.0/0,::/0'
	done
}

# path_device CLIENT DEVICE FAMILIES GATEWAY...: a device with that path, up,
# with the addresses that the exit knows. Its MTU leaves 80 bytes to each hop, or
# is the least that IPv6 takes.
path_device()
{
	local client=$1 device=$2 families=$3 exit=${!#} mtu
	shift 3
	mtu=$((1500 - 80 * $#))

	ip -n "$client" link add "$device" type "$LINK_KIND"
	# shellcheck disable=SC2046 # words to be split
	ns "$client" "$NYMCTL" set "$device" $(path_peers "$client" "$families" "$@")
	ip -n "$client" address add "$(inner 4 "$exit" 2)/32" dev "$device"
	ip -n "$client" address add "$(inner 6 "$exit" 2)/128" dev "$device" nodad
	ip -n "$client" link set "$device" mtu $((mtu > 1280 ? mtu : 1280)) up
}

# path_route CLIENT DEVICE HOST: what goes to the host goes through the device.
path_route()
{
	ip -n "$1" route replace "$(outer4 "$3")/32" dev "$2"
	ip -n "$1" route replace "$(outer6 "$3")/128" dev "$2"
}

# path_route_inside CLIENT DEVICE GATEWAY: what goes to the gateway's address
# inside its tunnel, answers to it too.
path_route_inside()
{
	ip -n "$1" route replace "$(inner 4 "$3")/32" dev "$2"
	ip -n "$1" route replace "$(inner 6 "$3")/128" dev "$2"
}

# latest_handshake HOST DEVICE KEY-NAME: of a nym device's peer, in seconds.
latest_handshake()
{
	ns "$1" "$NYMCTL" show "$2" latest-handshakes |
		awk -v key="$(public_key "$3")" '$1 == key { print $2 }'
}

# peer_endpoint HOST DEVICE KEY-NAME
peer_endpoint()
{
	ns "$1" "$NYMCTL" show "$2" endpoints |
		awk -v key="$(public_key "$3")" '$1 == key { print $2 }'
}

# peer_transfer HOST DEVICE KEY-NAME: bytes received and sent.
peer_transfer()
{
	ns "$1" "$NYMCTL" show "$2" transfer |
		awk -v key="$(public_key "$3")" '$1 == key { print $2, $3 }'
}

# tcp_transfer CLIENT SERVER-HOST ADDRESS BYTES [in|out]: a connection carries
# so many bytes, and they arrive as they were.
tcp_transfer()
{
	local stream server status=0

	stream=$(dirname "${BASH_SOURCE[0]}")/../stream.py
	rm -f "$WORK/stream-server"
	# Not ns: the process to kill is to be the server itself.
	ip netns exec "$2" python3 "$stream" serve "$3" 9000 \
		>"$WORK/stream-server" 2>&1 &
	server=$!
	if ! wait_until 180 grep -q listening "$WORK/stream-server"; then
		cat "$WORK/stream-server"
		kill $server 2>/dev/null || :
		return 1
	fi
	ns "$1" python3 "$stream" "${5:-out}" "$3" 9000 "$4" || status=1
	[ $status -eq 0 ] || kill $server
	wait $server || status=1
	[ $status -eq 0 ] || cat "$WORK/stream-server"
	return $status
}
