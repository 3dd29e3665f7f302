# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What passed on a link.

# capture NAME HOST DEVICE [FILTER]: begin, and return when it is looking.  Of
# much traffic, keep but the headers (CAPTURE_BYTES) or some will be missed.
capture()
{
	local name=$1 host=$2 device=$3
	shift 3

	# The one before of this name was listening too.
	rm -f "$WORK/$name.tcpdump"
	# Not by ns: the process to end is the one that this starts.
	ip netns exec "$host" tcpdump -Z root -U --immediate-mode -n -i "$device" \
		-s "${CAPTURE_BYTES:-0}" -B 16384 -w "$WORK/$name.pcap" "$@" 2>"$WORK/$name.tcpdump" &
	echo $! >"$WORK/$name.pid"
	wait_until 60 grep -q 'listening on' "$WORK/$name.tcpdump"
}

# End a capture; what passed before is in it.
capture_end()
{
	local pid status=0

	pid=$(cat "$WORK/$1.pid")
	wait_until 60 capture_caught_up "$1" || status=1
	kill -TERM "$pid"
	wait "$pid" 2>/dev/null || wait_until 60 capture_ended "$pid"
	if ! grep -q '^0 packets dropped by kernel' "$WORK/$1.tcpdump"; then
		echo "capture $1 is not whole: $(cat "$WORK/$1.tcpdump")"
		return 1
	fi
	return "$status"
}

# Has tcpdump taken all that the kernel had for it? It sleeps only when there is
# no more. What it says of counts does not tell: packets that came before its filter
# was in force are counted as received and never as captured.
capture_caught_up()
{
	awk '{ sub(/.*\) /, ""); exit $1 != "S" }' "/proc/$(cat "$WORK/$1.pid")/stat"
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

# sent_by HOST: a filter for what it sends on the real network of its own accord, and
# not to find its neighbours or to say that nobody listens at a port: so those are
# told who have something left for a former device or port.
sent_by()
{
	echo "(src host $(outer4 "$1") or src host $(outer6 "$1")) and not arp
		and not (icmp6 and ip6[40] >= 133 and ip6[40] <= 137)
		and not (icmp6 and ip6[40] = 1 and ip6[41] = 4)
		and not (icmp[0] = 3 and icmp[1] = 3)"
}

# capture_contains NAME TEXT: whether the bytes of TEXT passed in the clear.
capture_contains()
{
	LC_ALL=C grep -a -q -F -e "$2" "$WORK/$1.pcap"
}
