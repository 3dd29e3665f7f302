# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A client's device with a path through gateways.

# Name of the identity that a client uses toward a gateway.
identity()
{
	echo "$1-$2"
}

# path_config FAMILIES CLIENT GATEWAY...: for setconf, a device whose path goes
# through the gateways, the entry first.  FAMILIES has one digit per gateway,
# 4 or 6: that of the datagrams that carry its messages.
path_config()
{
	local families=$1 client=$2 gateway carrier=''
	shift 2

	echo '[Interface]'
	for gateway; do
		cat <<-PEER

		[Peer]
		PublicKey = $(public_key "$gateway")
		PrivateKey = $(cat "$(private_key "$(identity "$client" "$gateway")")")
		Endpoint = $(endpoint "${families:0:1}" "$gateway" 51820)
		PEER
		if [ -n "$carrier" ]; then
			echo "Via = $(public_key "$carrier")"
			echo "ViaAddress = $(inner 4 "$carrier" 2), $(inner 6 "$carrier" 2)"
		fi
		carrier=$gateway
		families=${families:1}
	done
	echo 'AllowedIPs = 0.0.0.0/0, ::/0'
}

# path_up FAMILIES CLIENT DEVICE GATEWAY...: create it on the client with the
# addresses that the exit gives, and have the gateways admit the client, which
# is number 2 at each.
path_up()
{
	local families=$1 client=$2 device=$3 gateway exit=${*: -1}
	shift 3

	for gateway; do
		gateway_admit "$gateway" "$(identity "$client" "$gateway")" 2
	done
	path_config "$families" "$client" "$@" >"$WORK/$device.conf"
	ip -n "$client" link add "$device" type "$LINK_KIND"
	ns "$client" "$NYMCTL" setconf "$device" "$WORK/$device.conf"
	ip -n "$client" -batch - <<-BATCH
	address add $(inner 4 "$exit" 2)/32 dev $device
	address add $(inner 6 "$exit" 2)/128 dev $device nodad
	link set $device up
	BATCH
}

# path_to CLIENT DEVICE HOST: send what is for a host through the device.
path_to()
{
	ip -n "$1" route replace "$(outer4 "$3")" dev "$2"
	ip -n "$1" route replace "$(outer6 "$3")" dev "$2"
}
