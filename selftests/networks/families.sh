#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Legs of a path that know one family of addresses only.
. "$(dirname "$0")/lib.sh"

ktap_plan 4
internet client entry exit server || bail_out 'no hosts'
path_gateways client "$GATEWAY_KIND" entry exit || bail_out 'no gateways'

# only 4|6 HOST...: the other family is gone from their links.
only()
{
	local family=$1 host
	shift

	for host; do
		ip -n "$host" $((family == 4 ? -6 : -4)) address flush dev eth0
	done
}

# As lib/topology.sh made it.
both()
{
	local host n

	for host; do
		n=$(host_number "$host")
		ip -n "$host" -batch - <<-BATCH
		address replace 198.18.$n.2/24 dev eth0
		address replace 2001:db8:$n::2/64 dev eth0 nodad
		route replace default via 198.18.$n.1
		route replace default via 2001:db8:$n::1
		BATCH
	done
}

# mixed_legs FAMILIES CLIENT-FAMILY EXIT-FAMILY: the client's and the exit's
# link have one family each. What the exit cannot reach for us it can itself be
# asked for.
mixed_legs()
{
	local inside=$((10 - $3))

	only "$2" client
	only "$3" exit server
	path_device client nym0 "$1" entry exit
	path_route client nym0 server
	path_route_inside client nym0 exit
	"$NETWORKS/transfers.py" client server "$(outer "$3" server)"
	"$NETWORKS/transfers.py" client exit "$(inner "$inside" exit)"
}

# run_case DESCRIPTION FUNCTION [ARGUMENT...]
run_case()
{
	test_case "$@"
	ip -n client link del nym0
	both client exit server
}

run_case 'the client has IPv4 only, exit and server IPv6 only' mixed_legs 46 4 6
run_case 'the client has IPv6 only, exit and server IPv4 only' mixed_legs 64 6 4
run_case 'all have IPv4 only' mixed_legs 44 4 4
run_case 'all have IPv6 only' mixed_legs 66 6 6
ktap_end
