# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the programs here begin with: a path from "client" over "entry" and
# "exit" to "server", and networks in between that are not as they should be.
#
# With MATRIX set (make check-matrix) a program runs more cases.

. "$(dirname "${BASH_SOURCE[0]}")/../net/lib.sh"

NETWORKS=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")")
export PYTHONPATH=$NETWORKS/../net/wire PYTHONDONTWRITEBYTECODE=1

in_matrix()
{
	[ -n "${MATRIX-}" ]
}

# path_network [FAMILIES]: hosts, gateways and the path, of in-tree WireGuard at
# the other ends unless GATEWAY_KIND says otherwise.
path_network()
{
	internet client entry exit server &&
	path_gateways client "$GATEWAY_KIND" entry exit &&
	path_device client nym0 "${1:-44}" entry exit &&
	path_route client nym0 server
}

# impair LINE...: see netem.py. Both ends of a host's link:
# impair_link HOST WORD...
impair()
{
	printf '%s\n' "$@" | "$NETWORKS/netem.py"
}

impair_link()
{
	local host=$1
	shift

	impair "$host eth0 $*" "internet $host $*"
}

# transfers [OPTION...]: of the client and the server, in all ways.
transfers()
{
	"$NETWORKS/transfers.py" "$@" client server "$(outer4 server)" \
		"$(outer6 server)"
}
