#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Small packets that come close after one another leave as trains, and nobody else
# waits for any: for a guest whose clock counts instructions, where it is the same in
# every run which packets are close.
. "$(dirname "$0")/../net/lib.sh"
. "$(dirname "$0")/../net/lib/pair.sh"

ktap_plan 3

pair_hosts
pair_connected ours || bail_out 'no devices'
pings ours || bail_out session

# Bytes of a message with one of the packets: 28 of headers, 64 of data, 4 of
# padding, and 32 that every message has.
MESSAGE=128

# send_small COUNT GAP [COMMAND...]: datagrams of 64 bytes, so many seconds apart at
# least, by a program that the command starts.
send_small()
{
	ns ours "${@:3}" python3 -c '
import socket, sys, time
to = (sys.argv[1], 9)
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
due = time.monotonic()
for _ in range(int(sys.argv[2])):
    while time.monotonic() < due:
        pass
    sock.sendto(bytes(64), to)
    due = time.monotonic() + float(sys.argv[3])' "$(inside 4 stock)" "$1" "$2"
}

# seen_on NAME PORT BYTES: seconds and bytes of each datagram that ours sent there, if
# it consists of messages or packets of so many bytes.
seen_on()
{
	capture_show "$1" udp and dst port "$2" and not src host "$(outer4 stock)" |
		awk -v one="$3" '$NF % one == 0 { print $1, $NF }'
}

trains_leave()
{
	pings ours
	capture wire ours eth0 udp
	# Nothing comes between them, nor who captures.
	send_small 400 0 chrt --fifo 10
	capture_end wire
	expect_equal 'bytes of messages' "$((400 * MESSAGE))" \
		"$(seen_on wire 51820 $MESSAGE | awk '{ all += $2 } END { print all }')"
	expect_equal 'messages by themselves are less than half' yes \
		"$(seen_on wire 51820 $MESSAGE | awk -v one=$MESSAGE '$2 == one { ++count }
			END { print count < 200 ? "yes" : count }')"
}

alone_leaves_at_once()
{
	pings ours
	capture inside ours wg0 udp
	capture wire ours eth0 udp
	send_small 100 0.001
	capture_end inside
	capture_end wire
	expect_equal 'messages by themselves' 100 \
		"$(seen_on wire 51820 $MESSAGE | grep -c " $MESSAGE\$")"
	expect_equal 'packets that left later than after 50 microseconds' '' \
		"$(paste <(seen_on inside 9 64) <(seen_on wire 51820 $MESSAGE) |
			awk '$3 - $1 > 0.00005')"
}

# has_sent BYTES: to the other side, or more.
has_sent()
{
	[ "$(field ours transfer | cut -f 2)" -gt "$1" ]
}

removed_meanwhile()
{
	local pid before

	before=$(field ours transfer | cut -f 2)
	send_small 1000000 0 &
	pid=$!
	wait_until 60 has_sent $((before + 400 * MESSAGE))
	set_peer ours remove
	pkill -P "$pid"
	wait "$pid" || :
	pair_connected ours
	pings ours
}

test_case 'packets that follow one another leave as trains' trains_leave
test_case 'a packet that comes after a pause leaves at once' alone_leaves_at_once
test_case 'a peer is removed while packets gather' removed_meanwhile
ktap_end
