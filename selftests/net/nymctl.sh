#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What nymctl has and wg has not: carriers, identities, quotas, JSON, events,
# syncconf that leaves alone what is as it should be.
# usual: 7.2
. "$(dirname "$0")/lib.sh"

[ "$LINK_KIND" = nym ] || ktap_skip_all 'needs devices of link kind nym'

for name in t0 t1; do
	ip link add "$name" type nym || bail_out "$name"
done
a=$(public_key a) b=$(public_key b) c=$(public_key c) d=$(public_key d)
e=$(public_key e) f=$(public_key f) g=$(public_key g)

nymctl()
{
	"$NYMCTL" "$@"
}

# field NAME PEER: the value of a field of t0's peer
field()
{
	nymctl show t0 "$1" | awk -F'\t' -v peer="$2" '$1 == peer { print $2 }'
}

two_hop_conf()
{
	cat <<-END
	[Interface]
	PrivateKey = $(<"$(private_key a)")
	ListenPort = 4100
	# The exit stands before its carrier.
	[Peer]
	PublicKey = $c
	PrivateKey = $(<"$(private_key d)")
	Endpoint = 198.51.100.1:51820
	AllowedIPs = 0.0.0.0/0, ::/0
	Via = $b
	ViaAddress = 10.8.0.2, fd08::2
	ViaPort = 7000
	Quota = 5000000
	QuotaLow = 1000
	[Peer]
	PublicKey = $b
	Endpoint = 192.0.2.1:51820
	END
}

sets_what_a_file_says()
{
	nymctl setconf t0 <(two_hop_conf)
	expect_equal carrier "$b" "$(field via "$c")"
	expect_equal addresses 10.8.0.2,fd08::2 "$(field via-address "$c")"
	expect_equal port 7000 "$(field via-port "$c")"
	expect_equal identity "$d" "$(field identity "$c")"
	expect_equal "the device's identity" "$a" "$(field identity "$b")"
	expect_equal quota 5000000 "$(field quota "$c")"
	expect_equal 'no quota' off "$(field quota "$b")"
	expect_equal hops '2 1' "$(field hops "$c") $(field hops "$b")"
	expect_equal 'no carrier' '(none)' "$(field via "$b")"
	[ "$(($(field mtu "$b") - $(field mtu "$c")))" -ge 60 ] ||
		fail "MTU: $(nymctl show t0 mtu)"
}

showconf_is_what_setconf_reads()
{
	nymctl setconf t0 <(two_hop_conf)
	nymctl showconf t0 >"$WORK/shown.conf"
	nymctl setconf t1 /dev/null
	nymctl setconf t0 "$WORK/shown.conf"
	nymctl showconf t0 | diff "$WORK/shown.conf" -
	grep -q "^Via = $b$" "$WORK/shown.conf"
	expect_equal identities "$a $d" "$(sed -n 's/^PrivateKey = //p' \
		"$WORK/shown.conf" | while read -r key; do
			"$NYMCTL" pubkey <<<"$key"
		done | xargs)"
}

words_of_the_command_line()
{
	nymctl setconf t0 /dev/null
	nymctl set t0 peer "$c" endpoint 198.51.100.1:51820 via "$b" \
		via-address 10.8.0.2 identity "$(private_key d)" quota 1000 \
		quota-low 10 peer "$b" endpoint 192.0.2.1:51820
	expect_equal carrier "$b" "$(field via "$c")"
	expect_equal identity "$d" "$(field identity "$c")"
	[ "$(field via-port "$c")" -gt 0 ] || fail 'no port was drawn'
	nymctl set t0 peer "$c" quota +500 via-port 7001 via-address fd08::2
	expect_equal 'quota with more' 1500 "$(field quota "$c")"
	expect_equal 'chosen port' 7001 "$(field via-port "$c")"
	expect_equal 'other address' fd08::2 "$(field via-address "$c")"
	nymctl set t0 peer "$c" quota off identity /dev/null via off
	expect_equal 'quota off' off "$(field quota "$c")"
	expect_equal 'identity off' "$(field identity "$b")" \
		"$(field identity "$c")"
	expect_equal 'carrier off' '(none)' "$(field via "$c")"
}

# refused REGEX WORD...: set refuses with a reason, and nothing changes
refused()
{
	local regex=$1 before reason
	shift

	before=$(nymctl showconf t0)
	reason=$(nymctl set t0 "$@" 2>&1) && fail "was accepted: $*"
	grep -qE "$regex" <<<"$reason" || fail "the reason is: $reason"
	expect_equal 'configuration' "$before" "$(nymctl showconf t0)"
}

reasons_name_the_peer_and_the_setting()
{
	local long=() previous='' key

	nymctl setconf t0 <(two_hop_conf)
	refused 'its own carrier' peer "$b" via "$b"
	# The kernel alone knows of the other half of this cycle.
	refused "interface t0: peer ${b//+/\\+}: via: .*through this peer" \
		peer "$b" via "$c"
	for key in "$b" "$c" "$d" "$e" "$f"; do
		long+=(peer "$key" ${previous:+via "$previous"})
		previous=$key
	done
	nymctl set t0 "${long[@]}"
	refused "peer ${g//+/\\+}: via: .*5 hops" peer "$g" via "$f"
	refused 'via address: .*nested peer' peer "$b" via-address 10.9.9.9
}

the_entry_is_replaced_in_one_go()
{
	nymctl setconf t0 <(two_hop_conf)
	nymctl set t0 peer "$b" remove peer "$c" via "$e" via-address 10.9.0.2 \
		peer "$e" endpoint 203.0.113.1:51820
	expect_equal carrier "$e" "$(field via "$c")"
	expect_equal hops 2 "$(field hops "$c")"
	expect_equal peers "$(printf '%s\n' "$c" "$e" | sort)" \
		"$(nymctl show t0 peers | sort)"
}

a_missing_carrier_is_shown()
{
	nymctl setconf t0 <(two_hop_conf)
	has '  path: 192.0.2.1:51820 entry > 198.51.100.1:51820 exit$' nymctl show t0
	nymctl set t0 peer "$b" remove
	expect_equal hops 0 "$(field hops "$c")"
	has '  path: (carrier absent, nothing is sent) > 198.51.100.1:51820 exit$' nymctl show t0
	expect_equal path None "$(nymctl show t0 --json |
		python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["peers"][0]["path"])')"
}

json_says_the_same()
{
	nymctl setconf t0 <(two_hop_conf)
	nymctl setconf t1 /dev/null
	nymctl show --json >"$WORK/all.json"
	python3 - "$WORK/all.json" "$b" "$c" "$d" <<-'END'
	import json, sys
	devices = json.load(open(sys.argv[1]))
	entry, exit, identity = sys.argv[2:]
	assert [d["name"] for d in devices] == ["t0", "t1"], devices
	assert "private_key" not in devices[0], "a private key is shown"
	assert devices[0]["listen_port"] == 4100
	assert devices[1]["peers"] == []
	peer = {p["public_key"]: p for p in devices[0]["peers"]}[exit]
	assert "identity_private_key" not in peer, "a private key is shown"
	assert peer["via"] == entry and peer["path"] == [entry, exit]
	assert peer["via_address"] == ["10.8.0.2", "fd08::2"]
	assert peer["identity"] == identity and peer["hops"] == 2
	assert peer["quota"] == 5000000 and peer["quota_low"] == 1000
	END
	expect_equal interfaces '["t0", "t1"]' \
		"$(nymctl show interfaces --json | python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)))')"
	has '"identity_private_key": "' nymctl show t0 dump --json
}

# Two devices on this host that have a session.
session()
{
	nymctl setconf t0 <(cat <<-END
		[Interface]
		PrivateKey = $(<"$(private_key a)")
		ListenPort = 4100
		[Peer]
		PublicKey = $b
		Endpoint = 127.0.0.1:4101
		AllowedIPs = 10.0.0.2/32
		END
	)
	nymctl setconf t1 <(cat <<-END
		[Interface]
		PrivateKey = $(<"$(private_key b)")
		ListenPort = 4101
		[Peer]
		PublicKey = $a
		AllowedIPs = 10.0.0.1/32
		END
	)
	ip link set t0 up
	ip link set t1 up
	nymctl set t0 peer "$b" persistent-keepalive 1
	wait_until 60 sh -c "[ \$('$NYMCTL' show t1 transfer | cut -f 2) -gt 0 ]"
}

syncconf_leaves_sessions_alone()
{
	local before since

	session
	before=$(nymctl show t0 latest-handshakes)
	since=$(nymctl show t0 transfer | cut -f 3)
	nymctl showconf t0 >"$WORK/sync.conf"
	printf '\n[Peer]\nPublicKey = %s\nAllowedIPs = 10.7.0.0/16\n' "$c" \
		>>"$WORK/sync.conf"
	nymctl syncconf t0 "$WORK/sync.conf"
	expect_equal peers 2 "$(nymctl show t0 peers | wc -l)"
	nymctl syncconf t0 <(sed 's/10.7.0.0/10.6.0.0/' "$WORK/sync.conf")
	expect_equal blocks 10.6.0.0/16 "$(field allowed-ips "$c")"
	expect_equal handshake "$before" \
		"$(nymctl show t0 latest-handshakes | grep "^$b")"
	[ "$(field transfer "$b" | wc -l)" = 1 ]
	[ "$(nymctl show t0 transfer | awk -F'\t' -v b="$b" '$1 == b { print $3 }')" -ge "$since" ] ||
		fail 'the peer began anew'
}

syncconf_keeps_what_gateways_sold()
{
	nymctl setconf t0 <(two_hop_conf)
	nymctl syncconf t0 <(two_hop_conf | grep -v '^Quota')
	expect_equal quota 5000000 "$(field quota "$c")"
	nymctl set t0 peer "$c" quota +1
	nymctl syncconf t0 <(two_hop_conf)
	expect_equal 'quota of the file' 5000000 "$(field quota "$c")"
}

# have_joined NUMBER: so many generic netlink sockets are members of a group.
have_joined()
{
	[ "$(awk '$2 == 16 && $4 != "00000000"' /proc/net/netlink | wc -l)" -eq "$1" ]
}

events_are_printed()
{
	local pid pid_json

	nymctl setconf t0 /dev/null
	nymctl setconf t1 /dev/null
	nymctl monitor >"$WORK/events" &
	pid=$!
	nymctl monitor t0 --json >"$WORK/events.json" &
	pid_json=$!
	wait_until 60 have_joined 2
	session
	wait_until 60 grep -q "^20..-..-..T..:..:..Z t1: handshake completed peer $a" "$WORK/events"
	wait_until 60 grep -q '"event":"handshake-completed"' "$WORK/events.json"
	nymctl set t0 peer "$b" quota 10000 quota-low 9999
	wait_until 60 grep -q "t0: quota low peer $b quota " "$WORK/events"
	nymctl set t0 peer "$b" quota 1
	wait_until 60 grep -q "t0: quota spent peer $b" "$WORK/events"
	kill "$pid" "$pid_json"
	wait "$pid" "$pid_json" || :
	python3 - "$WORK/events.json" "$b" <<-'END'
	import json, sys
	events = [json.loads(line) for line in open(sys.argv[1])]
	assert {e["device"] for e in events} == {"t0"}, events
	kinds = [e["event"] for e in events]
	for kind in ("handshake-completed", "quota-low"):
	    event = events[kinds.index(kind)]
	    assert event["peer"] == sys.argv[2] and event["ifindex"] > 0, event
	END
}

keys_stay_with_those_who_may()
{
	nymctl setconf t0 <(two_hop_conf)
	expect_refused setpriv --reuid 65534 --regid 65534 --clear-groups \
		--bounding-set -all "$NYMCTL" show t0 dump
	expect_refused setpriv --reuid 65534 --regid 65534 --clear-groups \
		--bounding-set -all timeout 10 "$NYMCTL" monitor
}

empties()
{
	nymctl setconf t0 <(two_hop_conf)
	nymctl setconf t0 /dev/null
	expect_equal peers '' "$(nymctl show t0 peers)"
	expect_equal key '(none)' "$(nymctl show t0 private-key)"
}

ktap_plan 12
test_case 'a file in any order sets a path' sets_what_a_file_says
test_case 'showconf prints what setconf reads' showconf_is_what_setconf_reads
test_case 'the words of the command line' words_of_the_command_line
test_case 'reasons name the peer and the setting' reasons_name_the_peer_and_the_setting
test_case 'an entry is replaced in one go' the_entry_is_replaced_in_one_go
test_case 'a missing carrier is shown' a_missing_carrier_is_shown
test_case 'JSON says the same' json_says_the_same
test_case 'syncconf leaves sessions alone' syncconf_leaves_sessions_alone
test_case 'syncconf keeps a running quota' syncconf_keeps_what_gateways_sold
test_case 'events are printed' events_are_printed
test_case 'keys are for those who may' keys_stay_with_those_who_may
test_case 'an empty file leaves an empty device' empties
ktap_end
