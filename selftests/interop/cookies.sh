#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A device that gets more initiations than it can answer asks for a cookie, and
# answers who comes back with it: each kind asks and is asked.
. "$(dirname "$0")/../net/lib.sh"
. "$(dirname "$0")/../net/lib/pair.sh"

# Over IPv4 alone, unless there is time (make check-matrix).
FAMILIES=${MATRIX:+4 6}
FAMILIES=${FAMILIES:-4}
KINDS='wireguard wireguard-go'
export PYTHONDONTWRITEBYTECODE=1
# wireguard-go's only thread that answers must not keep those that read from
# reading, or it never sees a queue.
export GOMAXPROCS=8
# shellcheck disable=SC2086 # words
set -- $FAMILIES
ktap_plan $(($# * 4))

pair_hosts
internet flooder

FLOOD=$(dirname "$0")/../net/wire/flood.py

# Until the file with the flood's process is removed.
flood_begin()
{
	local to=$1 family=$2

	"$FLOOD" flooder "$(outer "$family" flooder)" "$(outer "$family" "$to")" \
		51820 "$(public_key "$to")" "$WORK/flooding" >"$WORK/flood.log" 2>&1 &
	wait_until 60 test -e "$WORK/flooding"
}

flood_end()
{
	rm "$WORK/flooding"
	if ! wait "$1"; then
		cat "$WORK/flood.log"
		fail 'the flood ended badly'
	fi
}

# asked_for_cookie INITIATOR FAMILY
asked_for_cookie()
{
	local initiator=$1 family=$2 responder flood

	responder=$(other "$initiator")
	pair_fresh
	capture cookie internet "$initiator" udp port 51820
	flood_begin "$responder" "$family"
	flood=$!
	set_peer "$initiator" endpoint "$(endpoint "$family" "$responder" 51820)"
	# Once without the cookie, and five seconds later with it.
	ping_to "$initiator" "$(inside 4 "$responder")"
	[ -e "$WORK/flooding" ] || fail 'the flood ended before'
	flood_end "$flood"
	capture_end cookie
	"$(dirname "$0")/../net/wire/cookie_exchange.py" "$WORK/cookie.pcap" \
		"$(outer "$family" "$initiator")" "$(outer "$family" "$responder")"
}

for STOCK_KIND in $KINDS; do
	for family; do
		test_case "$STOCK_KIND asks us for a cookie, over IPv$family" \
			asked_for_cookie ours "$family"
		test_case "we ask $STOCK_KIND for a cookie, over IPv$family" \
			asked_for_cookie stock "$family"
	done
done
ktap_end
