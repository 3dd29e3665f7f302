#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A stock gateway that is flooded with handshake messages answers a nested peer
# with a cookie, by way of its carrier; with that the path comes up nevertheless.
# only: matrix
. "$(dirname "$0")/lib.sh"

ktap_plan 2

internet client entry exit server flooder
path_gateways client wireguard entry exit
LOAD=$(dirname "$0")/wire/exit_under_load.py

comes_up_under_load()
{
	KEY_EXIT=$(public_key exit) PYTHONDONTWRITEBYTECODE=1 \
		python3 "$LOAD" "$(outer "$1" exit)" "$(outer "$1" entry)" \
		client "$(outer4 server)"
}

for family in 4 6; do
	path_device client nym0 "4$family" entry exit
	path_route client nym0 server
	test_case "a path comes up though its exit is under load, exit over IPv$family" \
		comes_up_under_load $family
	ip -n client link del nym0
done
ktap_end
