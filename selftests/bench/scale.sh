#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scale.sh: hosts for the benchmark's large devices: of each kind a gateway
# and a client on one link; the scale program makes the devices.  Says for each
#
#   KIND GATEWAY-NAMESPACE CLIENT-NAMESPACE GATEWAY-ADDRESS CLIENT-ADDRESS
. "$(dirname "$0")/../net/lib.sh"
set -e

for kind in wireguard nym; do
	netns_add "$kind-gateway" "$kind-client"
	veth "$kind-gateway" eth0 "$kind-client" eth0
	ip -n "$kind-gateway" address add 192.0.2.1/24 dev eth0
	ip -n "$kind-client" address add 192.0.2.2/24 dev eth0
	echo "$kind $kind-gateway $kind-client 192.0.2.1 192.0.2.2"
done
