#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# One hop between our driver and in-tree WireGuard: each initiates and
# responds, over IPv4 and IPv6, and all that WireGuard's users rely on holds.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/pair.sh"

ktap_plan 30

pair_hosts

# Only the initiator knows where the other is.
initiates()
{
	local from=$1 family=$2 to

	to=$(other "$from")
	pair_fresh
	expect_equal 'endpoint that nobody told' '(none)' "$(field "$to" endpoints)"
	set_peer "$from" endpoint "$(endpoint "$family" "$to" 51820)"
	pings "$from"
	pings "$to"
	expect_equal 'endpoint that it learned' \
		"$(endpoint "$family" "$from" 51820)" "$(field "$to" endpoints)"
	[ "$(field "$from" latest-handshakes)" -gt 0 ]
	[ "$(field "$to" latest-handshakes)" -gt 0 ]
}

for family in 4 6; do
	test_case "ours initiates over IPv$family" initiates ours "$family"
	test_case "ours responds over IPv$family" initiates stock "$family"
done

with_preshared_key()
{
	pair_connected "$1"
	set_peer ours preshared-key "$(preshared_key both)"
	set_peer stock preshared-key "$(preshared_key both)"
	pings "$1"
}

with_wrong_preshared_key()
{
	pair_connected "$1"
	set_peer ours preshared-key "$(preshared_key both)"
	expect_refused ns "$1" ping -n -q -c 3 -i 0.3 -W 1 \
		"$(inside 4 "$(other "$1")")"
	expect_equal 'handshake of the initiator' 0 "$(field "$1" latest-handshakes)"
}

for host in ours stock; do
	test_case "a preshared key, $host initiates" with_preshared_key "$host"
	test_case "a preshared key of one side only, $host initiates" \
		with_wrong_preshared_key "$host"
done

# A side that goes down and up has lost its keys and makes new ones, while the
# other still has a session.
shakes_hands_again()
{
	local host=$1 round

	pair_connected "$host"
	pings "$host"
	for round in 1 2 3; do
		ip -n "$host" link set wg0 down
		ip -n "$host" link set wg0 up
		pings "$host"
		pings "$(other "$host")"
	done
}

# Each begins a handshake before it hears of the other's.
cross()
{
	local host round

	pair_connected ours
	set_peer stock endpoint "$(endpoint 4 ours 51820)"
	for round in 1 2 3 4 5; do
		for host in ours stock; do
			ip -n "$host" link set wg0 down
		done
		for host in ours stock; do
			ip -n "$host" link set wg0 up
		done
		# The first initiations cross, and each side forgets its own. Later
		# ones must not for ever: both would begin with the same ticks of
		# this kernel's timers, were it with packets a second apart.
		ns ours ping -n -q -c 1 -w 120 10.9.0.2 &
		ns stock ping -n -q -c 1 -i 0.7 -w 120 10.9.0.1 ||
			fail "round $round"
		wait $! || fail "round $round, to stock"
		pings ours
		pings stock
	done
}

test_case 'a new handshake by ours' shakes_hands_again ours
test_case 'a new handshake by stock' shakes_hands_again stock
test_case 'handshakes that cross' cross

persistent()
{
	local host=$1 to

	to=$(other "$host")
	pair_fresh
	capture keepalives internet "$host" udp port 51820
	# Nobody sends a packet: the keepalive alone makes the session.
	set_peer "$host" endpoint "$(endpoint 4 "$to" 51820)" persistent-keepalive 1
	wait_until 60 endpoint_is "$to" "$(endpoint 4 "$host" 51820)"
	wait_until 60 has_sent_keepalives "$host" 3
	capture_end keepalives
	set_peer "$host" persistent-keepalive off
	expect_equal 'interval' off "$(field "$host" persistent-keepalive)"
}

has_sent_keepalives()
{
	[ "$(capture_count keepalives 'udp[4:2] = 40 and src' \
		"$(outer4 "$1")")" -ge "$2" ]
}

endpoint_is()
{
	[ "$(field "$1" endpoints)" = "$2" ]
}

test_case 'persistent keepalive of ours' persistent ours
test_case 'persistent keepalive of stock' persistent stock

# Outer packets carry the mark, and so take the route that the mark selects.
marked()
{
	local family=$1

	pair_connected ours "$family"
	ns ours nft -f - <<-'RULES'
	table inet marks {
		counter marked { }
		counter unmarked { }
		chain output {
			type filter hook output priority 0
			oifname "eth0" udp sport 51820 meta mark 0x51 counter name marked
			oifname "eth0" udp sport 51820 meta mark != 0x51 counter name unmarked
		}
	}
	RULES
	tool ours set wg0 fwmark 0x51
	expect_equal 'mark' 0x51 "$(tool ours show wg0 fwmark)"
	ip -n ours "-$family" route add default via "$(router "$family" ours)" table 51
	ip -n ours "-$family" rule add fwmark 0x51 table 51
	ip -n ours "-$family" route del default
	pings ours
	pings stock
	[ "$(counted marked)" -gt 0 ]
	expect_equal 'packets without the mark' 0 "$(counted unmarked)"
	# Without the mark there is no way.
	tool ours set wg0 fwmark off
	expect_refused ns ours ping -n -q -c 2 -i 0.2 -W 1 10.9.0.2
}

counted()
{
	ns ours nft list counter inet marks "$1" |
		sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}

router()
{
	local n

	n=$(host_number "$2")
	case $1 in
	4)	echo "198.18.$n.1" ;;
	6)	echo "2001:db8:$n::1" ;;
	esac
}

unmark()
{
	local family

	ns ours nft delete table inet marks 2>/dev/null
	for family in 4 6; do
		ip -n ours "-$family" rule del table 51 2>/dev/null
		ip -n ours "-$family" route flush table 51 2>/dev/null
		ip -n ours "-$family" route replace default via "$(router "$family" ours)"
	done
}

test_case 'outer IPv4 packets carry the mark' marked 4
unmark
test_case 'outer IPv6 packets carry the mark' marked 6
unmark

# The one that moves is followed as soon as it is heard, not before.
roams()
{
	local mover=$1 family=$2 follower before found

	follower=$(other "$mover")
	pair_connected ours "$family"
	set_peer stock endpoint "$(endpoint "$family" ours 51820)"
	pings "$mover"
	before=$(field "$mover" transfer)
	tool "$mover" set wg0 listen-port 4500
	found=$(field "$follower" endpoints)
	# A keepalive that was due may have been heard.
	[ "$(field "$mover" transfer)" != "$before" ] ||
		expect_equal 'endpoint before it is heard' \
			"$(endpoint "$family" "$mover" 51820)" "$found"
	pings "$mover"
	expect_equal 'endpoint after' \
		"$(endpoint "$family" "$mover" 4500)" "$(field "$follower" endpoints)"
	pings "$follower"
	# To another address, of the other family even.
	one_of 10 follows_to "$mover" $((10 - family))
	pings "$follower"
}

# A late answer from the former address takes the mover back there.
follows_to()
{
	local mover=$1 family=$2 follower

	follower=$(other "$mover")
	set_peer "$mover" endpoint "$(endpoint "$family" "$follower" 51820)"
	pings "$mover" || fail 'no answer'
	expect_equal 'endpoint of the other family' \
		"$(endpoint "$family" "$mover" 4500)" "$(field "$follower" endpoints)"
}

for family in 4 6; do
	test_case "ours moves, over IPv$family" roams ours "$family"
	test_case "stock moves, over IPv$family" roams stock "$family"
done

second_address()
{
	local n

	n=$(host_number ours)
	case $1 in
	4)	echo "198.18.$n.77" ;;
	6)	echo "2001:db8:$n::77" ;;
	esac
}

# What was sent to an address is answered from there, until it is gone.
answers_from_where_it_was_asked()
{
	local family=$1 address

	pair_fresh
	address=$(second_address "$family")
	case $family in
	4)	ip -n ours address add "$address/32" dev lo
		ip -n internet route replace "$address/32" via "$(outer4 ours)"
		set_peer stock endpoint "$address:51820" ;;
	6)	ip -n ours address add "$address/128" dev lo nodad
		ip -n internet route replace "$address/128" via "$(outer6 ours)"
		set_peer stock endpoint "[$address]:51820" ;;
	esac
	capture sticky internet ours "src host $address and udp src port 51820"
	pings stock
	pings ours
	# Stock would follow another source.
	case $family in
	4)	expect_equal 'endpoint' "$address:51820" "$(field stock endpoints)" ;;
	6)	expect_equal 'endpoint' "[$address]:51820" "$(field stock endpoints)" ;;
	esac
	capture_end sticky
	[ "$(capture_count sticky)" -ge 5 ]
	ip -n ours address flush dev lo to "$address"
	pings ours
	expect_equal 'endpoint after the address has gone' \
		"$(endpoint "$family" ours 51820)" "$(field stock endpoints)"
}

test_case 'the source address is sticky, IPv4' answers_from_where_it_was_asked 4
test_case 'the source address is sticky, IPv6' answers_from_where_it_was_asked 6

# Both count the same bytes, and they are those of the wire.
counters_agree()
{
	local received sent wire

	pair_fresh
	capture counted internet ours udp port 51820
	set_peer ours endpoint "$(endpoint 4 stock 51820)"
	pings ours
	ns ours ping -n -q -c 20 -i 0.01 -W 60 -s 777 10.9.0.2
	ns stock ping -n -q -c 20 -i 0.01 -W 60 -s 1200 10.9.0.1
	capture_end counted || fail capture
	read -r received sent <<<"$(field ours transfer)"
	expect_equal 'received by ours, sent by stock' "$received" \
		"$(field stock transfer | cut -f 2)"
	expect_equal 'sent by ours, received by stock' "$sent" \
		"$(field stock transfer | cut -f 1)"
	# tcpdump prints the bytes of the UDP payload last.
	wire=$(capture_show counted src "$(outer4 ours)" |
	       awk '{ sum += $NF } END { print sum }')
	expect_equal 'bytes sent on the wire' "$wire" "$sent"
	wire=$(capture_show counted src "$(outer4 stock)" |
	       awk '{ sum += $NF } END { print sum }')
	expect_equal 'bytes received from the wire' "$wire" "$received"
}

# A late answer to an earlier ping, or a keepalive, may come between the looks.
counters()
{
	one_of 5 counters_agree
}

test_case 'transfer counters agree with the wire' counters

pair_connected ours || bail_out 'no devices'

test_case 'datagrams of all sizes from ours, IPv4' stream sizes 4 ours
test_case 'datagrams of all sizes to ours, IPv6' stream sizes 6 stock
test_case 'trains of odd segments from ours' stream trains 4 ours
test_case 'trains of odd segments to ours' stream trains 4 stock
order=order
[ "$STOCK_KIND" = wireguard ] || order=paced
test_case 'datagrams keep their order from ours' stream "$order" 4 ours
test_case 'datagrams keep their order to ours' stream "$order" 4 stock
test_case 'TCP both ways, IPv4' stream tcp 4 ours
test_case 'TCP both ways, IPv6' stream tcp 6 stock

ktap_end
