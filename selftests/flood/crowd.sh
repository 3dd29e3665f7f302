# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A crowd of sources that are not there, in 198.19.0.0/16, which floods a host with
# initiations for its key. What is said to them can be seen on the host "crowd".

# A guest whose clock counts instructions can answer 2500 initiations a second and
# ask for a cookie 25000 times.
: "${FLOOD_RATE:=6000}"

# crowd_for HOST
crowd_for()
{
	local here wire

	here=$(dirname "${BASH_SOURCE[0]}")
	wire=$here/../net/wire
	internet crowd
	ip -n internet route add 198.19.0.0/16 via "$(outer4 crowd)"
	gcc -O1 -o "$WORK/flood" "$here/flood.c" || return
	PYTHONPATH=$wire PYTHONDONTWRITEBYTECODE=1 "$here/initiations.py" \
		"$(public_key "$1")" 1024 >"$WORK/initiations"
}

# flood_begin HOST PORT RATE: so many a second, or 0 for as many as can be sent, until
# flood_end.
flood_begin()
{
	# Of a case that failed.
	flood_end
	ip netns exec crowd "$WORK/flood" "$(outer4 "$1")" "$2" "$3" 600 \
		<"$WORK/initiations" >"$WORK/flooded" &
	echo $! >"$WORK/flood.pid"
}

flood_end()
{
	local pid

	[ -e "$WORK/flood.pid" ] || return 0
	pid=$(cat "$WORK/flood.pid")
	rm "$WORK/flood.pid"
	kill "$pid"
	wait_until 60 flood_has_ended "$pid"
}

flood_has_ended()
{
	! kill -0 "$1"
}

# Nobody knows the crowd: a cookie is all that it can get.
cookies_sent()
{
	ns internet cat /sys/class/net/crowd/statistics/tx_packets
}

cookies_sent_exceed()
{
	[ "$(cookies_sent)" -gt "$1" ]
}

# loaded HOST: it gets more than it can answer, and is under load until flood_end.
loaded()
{
	local before

	before=$(cookies_sent)
	flood_begin "$1" 51820 "$FLOOD_RATE"
	wait_until 60 cookies_sent_exceed $((before + 1000))
}
