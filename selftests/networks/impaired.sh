#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Links that lose, duplicate, reorder, corrupt and delay: transfers complete,
# and what is duplicated or changed below the tunnel never arrives inside.
. "$(dirname "$0")/lib.sh"

LINKS='client entry exit server'
# Where only tunnels pass. In the open a changed bit could arrive here, as it
# could not on real links: what was found authentic in a tunnel is not looked at
# again on virtual ones.
TUNNEL_LINKS='client entry'

# impaired HOSTS WORD...: on the links of all these hosts, in both directions.
impaired()
{
	local host
	local -a lines=()

	for host in $1; do
		lines+=("$host eth0 ${*:2}" "internet $host ${*:2}")
	done
	impair "${lines[@]}"
}

unimpaired()
{
	impaired "$LINKS" off
}

# completes HOSTS WORDS [OPTION...]
completes()
{
	local hosts=$1 words=$2
	shift 2

	# shellcheck disable=SC2086 # words
	impaired "$hosts" $words
	transfers "$@"
}

# The window against replays lets late messages in, however late.
arrives_once()
{
	impaired "$TUNNEL_LINKS" delay 2 duplicate 30 reorder 30
	transfers --once --kinds udp --datagrams 200
}

# dropped REASON...: how many messages the client's device has dropped for these.
dropped()
{
	ns client "$NYMCTL" show nym0 drops | awk -v reasons=" $* " '
		index(reasons, " " $1 " ") { sum += $2 } END { print sum + 0 }'
}

# Either layer's: by the checksum, or by the cipher, which needs none.
corrupted_is_dropped()
{
	local before

	before=$(dropped checksum not-authentic malformed no-session)
	impaired "$TUNNEL_LINKS" corrupt 3
	transfers --kinds udp --datagrams 100
	ns client "$NYMCTL" show nym0 drops
	[ "$(dropped checksum not-authentic malformed no-session)" -gt "$before" ]
}

# A path that comes up while a third of everything is lost on each link: so are seven
# of eight handshakes with the exit, which are tried every five seconds.
comes_up_under_loss()
{
	ip -n client link del nym0
	impaired 'client entry' loss 30
	path_device client nym0 "$1" entry exit
	path_route client nym0 server
	ping_to client "$(outer4 server)" -w 300
	ping_to client "$(outer6 server)" -w 300
}

# run_case DESCRIPTION FUNCTION [ARGUMENT...]
run_case()
{
	test_case "$@"
	unimpaired
}

# all_kinds [OPTION...]: each trouble on every link, then all of them at once.
all_kinds()
{
	run_case "loss on every link$1" completes "$LINKS" 'loss 1' "${@:2}"
	run_case "duplication on every link$1" completes "$LINKS" 'duplicate 20' "${@:2}"
	run_case "reordering on every link$1" completes "$LINKS" 'delay 3 reorder 30' "${@:2}"
	run_case "corruption in the tunnels$1" completes "$TUNNEL_LINKS" 'corrupt 2' "${@:2}"
	run_case "delay and jitter on every link$1" completes "$LINKS" 'delay 10 jitter 5' "${@:2}"
	run_case "all of it in the tunnels$1" completes "$TUNNEL_LINKS" \
		'delay 4 jitter 2 loss 0.5 duplicate 2 reorder 5 corrupt 0.3' "${@:2}"
}

FAMILIES=44
if in_matrix; then
	ktap_plan 31
else
	ktap_plan 8
fi
path_network "$FAMILIES" || bail_out 'no path'

all_kinds '' --bytes 100000 --datagrams 40
run_case 'what is duplicated below arrives once' arrives_once
run_case 'what is corrupted below is dropped, and counted' corrupted_is_dropped

if in_matrix; then
	for host in $LINKS; do
		for words in 'loss 3' 'duplicate 50' 'delay 5 reorder 50' 'corrupt 2'; do
			case $words$TUNNEL_LINKS in
			corrupt*"$host"*)	;;
			corrupt*)		continue ;;
			esac
			run_case "$words on the link of $host" \
				completes "$host" "$words"
		done
	done
	ip -n client link del nym0
	path_device client nym0 66 entry exit
	path_route client nym0 server
	all_kinds ', over IPv6'
	run_case 'what is duplicated below arrives once, over IPv6' arrives_once
	run_case 'a path comes up under loss' comes_up_under_loss 44
	run_case 'a path comes up under loss, over IPv6' comes_up_under_loss 66
fi
ktap_end
