#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A stock gateway that is flooded with handshake messages answers a nested peer
# with a cookie, by way of its carrier; with that the path comes up nevertheless.
. "$(dirname "$0")/../net/lib.sh"
. "$(dirname "$0")/crowd.sh"

ktap_plan 2

internet client entry exit server
path_gateways client wireguard entry exit
crowd_for exit || bail_out crowd
EXCHANGE=$(dirname "$0")/../net/wire/cookie_exchange.py

comes_up_under_load()
{
	loaded exit
	capture cookie exit eth0 "host $(outer "$1" entry) and udp port 51820"
	path_device client nym0 "4$1" entry exit
	path_route client nym0 server
	ping_to client "$(outer4 server)"
	flood_end
	capture_end cookie
	PYTHONDONTWRITEBYTECODE=1 "$EXCHANGE" "$WORK/cookie.pcap" \
		"$(outer "$1" entry)" "$(outer "$1" exit)"
	ip -n client link del nym0
}

for family in 4 6; do
	test_case "a path comes up though its exit is under load, exit over IPv$family" \
		comes_up_under_load $family
done
ktap_end
