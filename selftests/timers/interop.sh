#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# only: matrix
# Sessions with other WireGuards are replaced in time, by the side that began
# them, and no packet is lost to it.
. "$(dirname "$0")/../net/lib.sh"
. "$(dirname "$0")/../net/lib/pair.sh"

# REKEY_AFTER_TIME of the WireGuard paper, and what may pass until the next of
# the packets, one of which begins the handshake.
REKEY_AFTER=120
INTERVAL=5
DURATION=$((3 * REKEY_AFTER + 20))
SLACK=3

ktap_plan 4
pair_hosts

# initiations_of HOST: when each was sent.
initiations_of()
{
	capture_show handshakes "src $(outer4 "$1") and udp[8] = 1" |
		awk '{ print $1 }'
}

# One ping all the time: to begin a program is to wait for the host, and the
# guest's clock does not wait.
rekeys()
{
	local host=$1

	pair_connected "$host"
	capture handshakes internet "$host" 'udp port 51820 and udp[8] < 4'
	pings "$host"
	ns "$host" ping -n -q -i "$INTERVAL" -c $((DURATION / INTERVAL)) -W 4 \
		"$(inside 4 "$(other "$host")")" >"$WORK/ping"
	capture_end handshakes
	capture_show handshakes
	grep -q ' 0% packet loss' "$WORK/ping" || cat "$WORK/ping"
	grep -q ' 0% packet loss' "$WORK/ping"
	expect_equal 'initiations of the other side' '' \
		"$(initiations_of "$(other "$host")")"
	expect_equal 'initiations' 4 "$(initiations_of "$host" | wc -l)"
	initiations_of "$host" | awk -v least="$REKEY_AFTER" \
		-v most=$((REKEY_AFTER + INTERVAL + SLACK)) '
		NR > 1 && ($1 - last < least - 0.1 || $1 - last > most) {
			print "after " $1 - last " s"
			wrong = 1
		}
		{ last = $1 }
		END { exit wrong }'
}

for STOCK_KIND in wireguard wireguard-go; do
	test_case "sessions that ours begins with $STOCK_KIND" rekeys ours
	test_case "sessions that $STOCK_KIND begins with ours" rekeys stock
done
ktap_end
