# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Whether anything leaves a client that has a path over "entry" and "exit" to
# "server" but for the entry. There is a route to everybody.

internet client entry exit server
gateway entry
gateway exit
# shellcheck disable=SC2034 # for the programs
n4=$(outer4 entry) n6=$(outer6 entry) x4=$(outer4 exit) x6=$(outer6 exit)
s4=$(outer4 server) s6=$(outer6 server)
entry_key=$(public_key entry) exit_key=$(public_key exit)
# Senders are told of each packet.
ns client sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0
# While the device is away, what is for the server stays here.
ip -n client route add blackhole "$s4/32" metric 9999
ip -n client route add blackhole "$s6/128" metric 9999

to_entry="(udp port 51820 and (host $n4 or host $n6))"
from_client=$(sent_by client)

wire_begin()
{
	capture wire client eth0 "($from_client) or $to_entry"
}

# wire_has LEAST: so many packets have been captured.
wire_has()
{
	[ "$(capture_count wire)" -ge "$1" ]
}

# wire_had_entry_only LEAST: so many packets or more left for the entry, and none
# for anybody else.
wire_had_entry_only()
{
	capture_end wire
	if [ "$(capture_count wire "$from_client and not $to_entry")" -ne 0 ]; then
		capture_show wire "$from_client and not $to_entry"
		fail 'packets left that were not for the entry'
	fi
	[ "$(capture_count wire)" -ge "$1" ] ||
		fail "$(capture_count wire) packets for the entry, not $1"
}

wire_had_nothing()
{
	capture_end wire
	expect_equal 'packets that left' '' "$(capture_show wire "$from_client")"
}

# leaves_nothing_after ADDRESSES COMMAND...
leaves_nothing_after()
{
	local addresses=$1
	shift

	PYTHONDONTWRITEBYTECODE=1 python3 \
		"$(dirname "${BASH_SOURCE[0]}")/../wire/left_after.py" \
		client eth0 "$addresses" 0.5 "$@"
}

set_client()
{
	ns client "$NYMCTL" set nym0 "$@"
}

# A device, with nothing but its addresses, that routes to the server.
bare_device()
{
	ip -n client link add nym0 mtu 1280 type "$LINK_KIND"
	ip -n client -batch - <<-BATCH
	address add $(inner 4 exit 2)/32 dev nym0
	address add $(inner 6 exit 2)/128 dev nym0 nodad
	link set nym0 up
	route add $s4/32 dev nym0 src $(inner 4 exit 2)
	route add $s6/128 dev nym0 src $(inner 6 exit 2)
	BATCH
}

# Words for the peers, entry over IPv4, exit over the family given.
entry_words()
{
	echo "peer $entry_key endpoint $(endpoint 4 entry 51820)" \
		"identity $(private_key client-entry)"
}

exit_words()
{
	echo "peer $exit_key endpoint $(endpoint "${1:-4}" exit 51820)" \
		"identity $(private_key client-exit) via $entry_key" \
		"via-address $(inner 4 entry 2),$(inner 6 entry 2)" \
		'persistent-keepalive 1 allowed-ips 0.0.0.0/0,::/0'
}

# The same as a file.
write_entry()
{
	cat <<-CONF
	[Peer]
	PublicKey = $entry_key
	PrivateKey = $(cat "$(private_key client-entry)")
	Endpoint = $(endpoint 4 entry 51820)
	CONF
}

write_exit()
{
	cat <<-CONF
	[Peer]
	PublicKey = $exit_key
	PrivateKey = $(cat "$(private_key client-exit)")
	Endpoint = $(endpoint 4 exit 51820)
	Via = $entry_key
	ViaAddress = $(inner 4 entry 2), $(inner 6 entry 2)
	PersistentKeepalive = 1
	AllowedIPs = 0.0.0.0/0, ::/0
	CONF
}

# Keeps packets coming, of both families, whatever becomes of them.
traffic_begin()
{
	# Not by ns: the processes to end are the ones that this starts.
	ip netns exec client ping -n -q -i "${1:-0.05}" "$s4" >/dev/null 2>&1 &
	echo $! >"$WORK/traffic"
	ip netns exec client ping -n -q -i "${1:-0.05}" "$s6" >/dev/null 2>&1 &
	echo $! >>"$WORK/traffic"
}

traffic_end()
{
	# shellcheck disable=SC2046 # two of them
	kill $(cat "$WORK/traffic") 2>/dev/null || :
	rm -f "$WORK/traffic"
}

reaches_server()
{
	ping_to client "$s4" -w 60
	ping_to client "$s6" -w 60
}

# What a program on the client is told that sends to the server.
sender_is_told_unreachable()
{
	ns client python3 - "$s4" "$s6" <<-'PY'
	import errno, socket, sys, time
	for address in sys.argv[1:]:
	    family = socket.AF_INET6 if ":" in address else socket.AF_INET
	    with socket.socket(family, socket.SOCK_DGRAM) as sock:
	        # IP_RECVERR and IPV6_RECVERR
	        sock.setsockopt(*((41, 25, 1) if ":" in address else (0, 11, 1)))
	        sock.connect((address, 9))
	        deadline = time.monotonic() + 60
	        found = 0
	        while not found and time.monotonic() < deadline:
	            try:
	                sock.send(b"hello")
	                time.sleep(0.02)
	            except OSError as error:
	                found = error.errno
	        assert found == errno.EHOSTUNREACH, (address, found)
	PY
}

# case_with_device DESCRIPTION FUNCTION [ARGUMENT...]: on a device of its own.
case_with_device()
{
	bare_device
	test_case "$@"
	[ ! -e "$WORK/traffic" ] || traffic_end
	ip -n client link del nym0
}

