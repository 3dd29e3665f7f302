#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What befalls a device as a whole: it goes down and up, its port and its key
# change under traffic; and what it counts and logs meanwhile.
# usual: 6.1 7.2
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/pair.sh"

ktap_plan 9

pair_hosts
mark="nym selftest: $WORK"
echo "$mark: begin" >/dev/kmsg

listens()
{
	[ -n "$(ns ours ss -Hlun "sport = :$1")" ]
}

down_and_up()
{
	pair_connected ours
	pings ours
	listens 51820
	ip -n ours link set wg0 down
	capture quiet internet ours udp
	expect_refused listens 51820
	expect_equal 'handshake while down' "$(field ours latest-handshakes)" \
		"$(field ours latest-handshakes)"
	expect_refused ns stock ping -n -q -c 2 -i 0.2 -W 1 10.9.0.1
	capture_end quiet
	expect_equal 'packets sent while down' 0 \
		"$(capture_count quiet src "$(outer4 ours)")"
	# It has forgotten its keys.
	capture anew internet ours udp
	ip -n ours link set wg0 up
	listens 51820
	pings ours
	capture_end anew
	# On a slow machine the other side, unanswered for long, asks for it.
	expect_equal 'the first message when up again is of a handshake' \
		"$(capture_show anew src "$(outer4 ours)" | head -n 1)" \
		"$(capture_show anew "src $(outer4 ours) and udp[8] < 3" | head -n 1)"
}

test_case 'a device that is down is silent, and works when up again' down_and_up

# Each change is followed by traffic both ways.
ports()
{
	local port

	pair_connected ours
	pings ours
	ip netns exec ours ping -n -q -i 0.2 10.9.0.2 >"$WORK/ping" &
	for port in 4000 4001 4002 51820 0; do
		tool ours set wg0 listen-port "$port"
		[ "$port" = 0 ] || expect_equal 'port' "$port" \
			"$(tool ours show wg0 listen-port)"
		port=$(tool ours show wg0 listen-port)
		listens "$port"
		ping_to ours 10.9.0.2
		expect_equal 'endpoint' "$(endpoint 4 ours "$port")" \
			"$(field stock endpoints)"
		ping_to stock 10.9.0.1
	done
	kill -INT $!
	wait $! || :
	cat "$WORK/ping"
	# In the moment without a socket a packet or two may go, of few in a fast guest.
	# Were a new session needed each time, five seconds of them would.
	[ "$(sed -n 's/.* received, \([0-9]*\).*% packet loss.*/\1/p' "$WORK/ping")" -le 50 ]
	expect_refused listens 4000
}

test_case 'the port changes under traffic' ports

port_in_use()
{
	pair_connected ours
	pings ours
	ip -n ours link add wg1 type "$LINK_KIND"
	ns ours "$NYMCTL" set wg1 listen-port 51820
	expect_refused ip -n ours link set wg1 up
	ns ours "$NYMCTL" set wg1 listen-port 4000
	ip -n ours link set wg1 up
	expect_refused tool ours set wg0 listen-port 4000
	expect_equal 'port' 51820 "$(tool ours show wg0 listen-port)"
	pings ours
	pings stock
	ip -n ours link del wg1
	tool ours set wg0 listen-port 4000
	pings ours
}

test_case 'a port that another has is refused, and the old one kept' port_in_use
ip -n ours link del wg1 2>/dev/null

private_key_changes()
{
	pair_connected ours
	pings ours
	tool ours set wg0 private-key "$(private_key second)"
	expect_equal 'public key' "$(public_key second)" \
		"$(tool ours show wg0 public-key)"
	# Nothing is sent by what the old key agreed on.
	expect_refused ns ours ping -n -q -c 2 -i 0.2 -W 1 10.9.0.2
	tool stock set wg0 peer "$(public_key ours)" remove \
		peer "$(public_key second)" allowed-ips 10.9.0.1,fd09::1 \
		endpoint "$(endpoint 4 ours 51820)"
	ping_to ours 10.9.0.2
	ping_to stock 10.9.0.1
	# A device is not its own peer.
	tool ours set wg0 private-key "$(private_key stock)"
	expect_equal 'peers' '' "$(tool ours show wg0 peers)"
	# Without a key there is no handshake.
	pair_connected ours
	: >"$WORK/empty"
	tool ours set wg0 private-key "$WORK/empty"
	expect_refused ns ours ping -n -q -c 2 -i 0.2 -W 1 10.9.0.2
	tool ours set wg0 private-key "$(private_key ours)"
	pings ours
}

test_case 'the private key changes' private_key_changes

# statistics HOST: packets and bytes received and sent, errors and drops.
statistics()
{
	ns "$1" cat /proc/net/dev | awk '$1 == "wg0:" {
		print "received " $3 " packets " $2 " bytes " $4 + $5 " lost"
		print "sent " $11 " packets " $10 " bytes " $12 + $13 " lost" }'
}

# difference HOST: since the file of that name was written.
difference()
{
	paste -d ' ' "$WORK/before-$1" <(statistics "$1") |
		awk '{ print $1, $9 - $2, $3, $11 - $4, $5, $13 - $6, $7 }'
}

note_statistics()
{
	local host

	for host in ours stock; do
		statistics "$host" >"$WORK/before-$host"
	done
}

# As in-tree WireGuard counts the same packets.
counts_twenty()
{
	note_statistics
	ns ours ping -n -q -c 10 -i 0.01 -W 60 -s 700 10.9.0.2 >/dev/null
	ns ours ping -n -q -c 10 -i 0.01 -W 60 -s 1200 fd09::2 >/dev/null
	expect_equal 'packets' 'received 20 packets
sent 20 packets' "$(difference ours | cut -d ' ' -f -3)"
	expect_equal 'lost' "$(printf '0\n0')" "$(difference ours | cut -d ' ' -f 6)"
	expect_equal 'as stock counts' "$(difference stock)" "$(difference ours)"
}

counts()
{
	pair_connected ours
	pings ours
	# A late answer to an earlier ping, or a keepalive, may come between.
	one_of 10 counts_twenty
}

test_case 'ip -s link counts what in-tree WireGuard counts' counts

# A train counts as the packets that it is.
counts_trains()
{
	pair_connected ours
	pings ours
	note_statistics
	stream trains 4 ours
	# One may be under way to the other side.
	one_of 10 sent_and_received_are_equal
}

sent_and_received_are_equal()
{
	expect_equal 'packets sent and received' \
		"$(difference stock | awk '$1 == "received" { print $2 }')" \
		"$(difference ours | awk '$1 == "sent" { print $2 }')"
}

test_case 'trains count as their packets' counts_trains

# log_since MARK: lines of the kernel's log.
log_since()
{
	dmesg --notime 2>/dev/null |
		awk -v mark="$mark: $1" 'index($0, mark) { seen = 1; next } seen'
}

# since MARK MODULE: the lines of a module, without what differs each time.
since()
{
	log_since "$1" | sed -n "s/^$2: wg0: //p" |
		sed -E 's/\([^ ]*:[0-9]+\)/(ENDPOINT)/; s/\(none\)/(ENDPOINT)/
			s/(Peer|peer|Keypair) [0-9]+/\1 N/g' | sort
}

# life HOST MARK: from the beginning to the end of both devices.
life()
{
	# The log shows ten lines in five seconds of those that come often.
	sleep 5.1
	echo "$mark: $2" >/dev/kmsg
	pair_connected "$1"
	ping_to "$1" "$(inside 4 "$(other "$1")")"
	pair_remove
	# A key pair goes when the last packet that needed it has gone.
	wait_until 60 is_logged "$2" nym 'Interface destroyed'
	wait_until 60 is_logged "$2" wireguard 'Interface destroyed'
	since "$2" nym >"$WORK/nym.$2"
	since "$2" wireguard >"$WORK/wireguard.$2"
}

is_logged()
{
	grep -q "$3" <<<"$(since "$1" "$2")"
}

logs_of_both_lives()
{
	local one two

	one=one-$(date +%s%N) two=two-$(date +%s%N)
	life ours "$one"
	life stock "$two"
	diff "$WORK/wireguard.$two" "$WORK/nym.$one" || fail 'as initiator'
	diff "$WORK/wireguard.$one" "$WORK/nym.$two" || fail 'as responder'
	grep 'Sending handshake initiation to peer N (ENDPOINT)' "$WORK/nym.$one" ||
		fail 'as initiator'
	grep 'Sending handshake response to peer N (ENDPOINT)' "$WORK/nym.$two" ||
		fail 'as responder'
}

logs()
{
	echo 'module wireguard +p' >/sys/kernel/debug/dynamic_debug/control
	pair_remove
	# In a slow guest a handshake may be tried again, or a keepalive be due.
	one_of 5 logs_of_both_lives
	echo 'module wireguard -p' >/sys/kernel/debug/dynamic_debug/control
}

test_case 'what is logged is what in-tree WireGuard logs' logs

# How often something was logged in all of this program, by its number.
logged()
{
	log_since begin | sed -n "s/^nym: [^:]*: $1 \([0-9]*\) .*$2.*/\1/p" | sort
}

pairs_up()
{
	local created

	pair_remove
	created=$(logged Peer created)
	[ -n "$created" ]
	wait_until 60 all_destroyed Peer "$created"
	expect_equal 'interfaces' \
		"$(log_since begin | grep -c '^nym: .*: Interface created')" \
		"$(log_since begin | grep -c '^nym: .*: Interface destroyed')"
}

all_destroyed()
{
	[ "$(logged "$1" destroyed)" = "$2" ]
}

test_case 'each creation that was logged has its destruction' pairs_up

unsized()
{
	local mtu

	pair_connected ours
	# Without DF: with it, senders would be told of the path's MTU.
	for mtu in 576 1280 1420 9000 65535; do
		ip -n ours link set wg0 mtu "$mtu"
		ns ours ping -n -q -c 1 -w 60 -M dont -s 3000 10.9.0.2
		ns stock ping -n -q -c 1 -w 60 -s 3000 10.9.0.1
	done
	expect_refused ip -n ours link set wg0 mtu 2147483647
}

test_case 'packets pass whatever the MTU' unsized

ktap_end
