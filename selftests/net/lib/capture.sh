# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What passed on a link.

# capture NAME HOST DEVICE [FILTER]: begin, and return when it is looking.  Of
# much traffic, keep but the headers (CAPTURE_BYTES) or some will be missed.
capture()
{
	local name=$1 host=$2 device=$3
	shift 3

	# Not by ns: the process to end is the one that this starts.
	ip netns exec "$host" tcpdump -Z root -U --immediate-mode -n -i "$device" \
		-s "${CAPTURE_BYTES:-0}" -B 16384 -w "$WORK/$name.pcap" "$@" 2>"$WORK/$name.tcpdump" &
	echo $! >"$WORK/$name.pid"
	wait_until 60 grep -q 'listening on' "$WORK/$name.tcpdump"
}

# End a capture; what passed before is in it.
capture_end()
{
	local pid

	pid=$(cat "$WORK/$1.pid")
	wait_until 60 capture_caught_up "$1" || return
	kill -TERM "$pid"
	wait "$pid" 2>/dev/null || wait_until 60 capture_ended "$pid"
	if ! grep -q '^0 packets dropped by kernel' "$WORK/$1.tcpdump"; then
		echo "capture $1 is not whole: $(cat "$WORK/$1.tcpdump")"
		return 1
	fi
}

# Has tcpdump taken all that the kernel has for it?  Asked by a signal, it
# says how many packets it has taken and how many there were.
capture_caught_up()
{
	kill -USR1 "$(cat "$WORK/$1.pid")"
	sleep 0.1
	tail -n 1 "$WORK/$1.tcpdump" |
		awk '/^tcpdump: .* captured, .* dropped/ { all = $2 + $9 == $5 }
		     END { exit !all }'
}

capture_ended()
{
	! kill -0 "$1" 2>/dev/null
}

# capture_show NAME [FILTER]: the packets, one per line.
capture_show()
{
	local name=$1
	shift

	tcpdump -n -tt -r "$WORK/$name.pcap" "$@" 2>/dev/null
}

# capture_count NAME [FILTER]: how many packets.
capture_count()
{
	capture_show "$@" | grep -c . || :
}

# capture_contains NAME TEXT: whether the bytes of TEXT passed in the clear.
capture_contains()
{
	LC_ALL=C grep -a -q -F -e "$2" "$WORK/$1.pcap"
}
