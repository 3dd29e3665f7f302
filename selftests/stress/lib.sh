# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What every stress program here starts with: that of selftests/net, and
#
#   STRESS_SEED    what chance follows from; the same number, the same run
#   STRESS_ROUNDS  how much longer than a few seconds it takes

: "${STRESS_SEED:=1}"
: "${STRESS_ROUNDS:=1}"
export STRESS_SEED STRESS_ROUNDS

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/../net/lib.sh"
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../net/wire:$here/../net/lib

# draw N: sets drawn to one of 0 to N - 1. The shell's own RANDOM begins anew in
# each subshell.
draw()
{
	STRESS_SEED=$(((STRESS_SEED * 1103515245 + 12345) & 0x7fffffff))
	drawn=$(((STRESS_SEED >> 8) % $1))
}

# sleep_up_to MILLISECONDS
sleep_up_to()
{
	draw "$1"
	sleep "$(printf '0.%03d' "$drawn")"
}

# How many network namespaces there are. Not by their memory: that of the last to
# go is freed when others go. But of each the kernel follows the references.
namespaces()
{
	find /sys/kernel/debug/ref_tracker -name 'net_notrefcnt@*' | wc -l
}

# What there is of the things that are ours, or that we hold. The guest's kernel
# keeps these apart from others of their size, and counts them exactly.
counts()
{
	awk '$1 ~ /^(nym_.*|UDP|UDPv6)$/ { print $1, $2 }' /proc/slabinfo
	echo "namespaces $(namespaces)"
	echo "module $(cat /sys/module/nym/refcnt)"
	echo "mounts $(wc -l </proc/self/mountinfo)"
}

# Those of the program that ran before are gone, and there are ours: the named ones,
# the one that we are in, and the guest's.
namespaces_are_ours()
{
	[ "$(namespaces)" -eq $(($(find /run/netns -type f | wc -l) + 2)) ]
}

counts_begin()
{
	wait_until 60 namespaces_are_ours ||
		bail_out "namespaces of others: $(counts)"
	counts >"$WORK/counts"
}

counts_are_back()
{
	counts >"$WORK/counts.now"
	cmp -s "$WORK/counts" "$WORK/counts.now"
}

# Gateways would keep the keys of a client that is gone for minutes.
gateways_forget_sessions()
{
	local host

	for host in /run/netns/*; do
		host=${host##*/}
		ip -n "$host" link set wg0 down 2>/dev/null || continue
		ip -n "$host" link set wg0 up
	done
}

# Nothing is left of what was made since counts_begin(). Some goes only after
# grace periods, and namespaces in the background.
nothing_is_left()
{
	gateways_forget_sessions
	wait_until 60 counts_are_back || diff "$WORK/counts" "$WORK/counts.now"
}

# path_begin FAMILIES: the client's path over entry and exit to the server; it keeps
# its addresses when the device goes down.
path_begin()
{
	ns client sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1
	path_device client nym0 "$1" entry exit
	path_route client nym0 server
}

path_down()
{
	ip -n client link set nym0 down
}

path_up()
{
	ip -n client link set nym0 up
	path_route client nym0 server
}

# traffic_begin FROM TO: both ways, TCP and trains of UDP of both families, as
# much as the guest can carry, whatever becomes of it.
traffic_begin()
{
	rm -f "$WORK/traffic.log"
	"$here/traffic.py" "$1" "$2" "$(outer4 "$2")" "$(outer6 "$2")" \
		>"$WORK/traffic.log" 2>&1 &
	traffic=$!
	wait_until 120 grep -q began "$WORK/traffic.log"
}

traffic_end()
{
	kill "$traffic" 2>/dev/null || :
	wait "$traffic" 2>/dev/null || :
	# Its errors are not those of what it is sent through.
	grep -v -e '^began' "$WORK/traffic.log" || :
}

# path_carries FROM TO: what is sent arrives, and as it was.
path_carries()
{
	wait_until 120 ping_to "$1" "$(outer4 "$2")" -w 1
	wait_until 120 ping_to "$1" "$(outer6 "$2")" -w 1
	tcp_transfer "$1" "$2" "$(outer4 "$2")" 2000000 out
	tcp_transfer "$1" "$2" "$(outer6 "$2")" 2000000 in
}
