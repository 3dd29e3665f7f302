#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What was written for WireGuard's netlink interface works after renaming family
# and link kind: here wg(8) itself, with that one string exchanged in its binary.
# usual: 7.2
. "$(dirname "$0")/lib.sh"

dev=wgnym0
WG=$WORK/wg

rename_family()
{
	python3 - "$(command -v wg)" "$WG" <<'PYTHON'
import os
import sys

with open(sys.argv[1], "rb") as file:
    binary = file.read()
old, new = b"\0wireguard\0", b"\0nym\0"
if binary.count(old) != 1:
    sys.exit("wg names its family not once, or not by itself")
with open(sys.argv[2], "wb") as file:
    file.write(binary.replace(old, new.ljust(len(old), b"\0")))
os.chmod(sys.argv[2], 0o755)
PYTHON
}

# Private key of the device. Its driver shows keys as Curve25519 uses them, with
# five bits fixed.
device_key()
{
	python3 - "$(private_key device)" <<'PYTHON'
import base64
import sys

with open(sys.argv[1], encoding="ascii") as file:
    key = bytearray(base64.b64decode(file.read()))
key[0] &= 248
key[31] = key[31] & 127 | 64
print(base64.b64encode(key).decode())
PYTHON
}

# dump_is EXPECTED: lines of `wg show dump`, fields separated by spaces.
dump_is()
{
	expect_equal 'dump' "$1" "$("$WG" show "$dev" dump | tr '\t' ' ')"
}

sets_and_shows()
{
	local a b

	a=$(public_key a)
	b=$(public_key b)
	"$WG" set "$dev" private-key "$(private_key device)" listen-port 4242 \
		fwmark 0x2a \
		peer "$a" preshared-key "$(preshared_key a)" \
			endpoint 192.0.2.1:51820 persistent-keepalive 25 \
			allowed-ips 10.0.0.0/8,fd00::/8 \
		peer "$b" endpoint '[2001:db8::1]:7' allowed-ips 10.1.0.0/16
	dump_is "$(device_key) $(public_key device) 4242 0x2a
$a $(cat "$(preshared_key a)") 192.0.2.1:51820 10.0.0.0/8,fd00::/8 0 0 0 25
$b (none) [2001:db8::1]:7 10.1.0.0/16 0 0 0 off"
	expect_equal 'interfaces' "$dev" "$("$WG" show interfaces)"
}

changes()
{
	local a b

	a=$(public_key a)
	b=$(public_key b)
	# A prefix moves to the peer that it was given to last.
	"$WG" set "$dev" peer "$b" allowed-ips 10.0.0.0/8,10.1.0.0/16
	expect_equal 'moved from' "$a	fd00::/8" \
		"$("$WG" show "$dev" allowed-ips | grep -F "$a")"
	"$WG" set "$dev" peer "$a" preshared-key /dev/null persistent-keepalive 0
	expect_equal 'preshared key' "$a	(none)" \
		"$("$WG" show "$dev" preshared-keys | grep -F "$a")"
	"$WG" set "$dev" peer "$a" allowed-ips ''
	expect_equal 'allowed IPs' "$a	(none)" \
		"$("$WG" show "$dev" allowed-ips | grep -F "$a")"
	"$WG" set "$dev" peer "$a" remove
	expect_equal 'peers' "$b" "$("$WG" show "$dev" peers)"
	"$WG" set "$dev" private-key /dev/null fwmark 0
	expect_equal 'private key' '(none)' "$("$WG" show "$dev" private-key)"
	expect_equal 'mark' off "$("$WG" show "$dev" fwmark)"
}

# The device's own key among its peers, as in a list shared by all of them.
own_key()
{
	"$WG" set "$dev" private-key "$(private_key device)" \
		peer "$(public_key device)" allowed-ips 10.9.0.0/16
	expect_refused sh -c "'$WG' show '$dev' peers |
		grep -F '$(public_key device)'"
}

files()
{
	cat >"$WORK/one.conf" <<-CONF
		[Interface]
		ListenPort = 4243
		PrivateKey = $(device_key)

		[Peer]
		PublicKey = $(public_key c)
		AllowedIPs = 10.2.0.0/16
		Endpoint = 192.0.2.3:3
		PersistentKeepalive = 9
	CONF
	"$WG" setconf "$dev" "$WORK/one.conf"
	expect_equal 'configuration' \
		"$(grep . "$WORK/one.conf")" "$("$WG" showconf "$dev" | grep .)"

	cat >"$WORK/more.conf" <<-CONF
		[Peer]
		PublicKey = $(public_key d)
	CONF
	"$WG" addconf "$dev" "$WORK/more.conf"
	expect_equal 'peers after addconf' 2 "$("$WG" show "$dev" peers | wc -l)"
	"$WG" syncconf "$dev" "$WORK/one.conf"
	expect_equal 'peers after syncconf' "$(public_key c)" \
		"$("$WG" show "$dev" peers)"
}

# Requests and dumps of many messages.
many_peers()
{
	python3 - >"$WORK/many.conf" <<'PYTHON'
import base64
import hashlib

print("[Interface]\nListenPort = 4244")
for i in range(3000):
    key = base64.b64encode(hashlib.sha256(b"%d" % i).digest()).decode()
    ips = [f"10.{i >> 8}.{i & 255}.{j}/32" for j in range(3)]
    if i == 1234:
        ips += [f"fd00::{j:x}/128" for j in range(1, 4001)]
    print(f"\n[Peer]\nPublicKey = {key}\nAllowedIPs = {', '.join(ips)}")
PYTHON
	"$WG" setconf "$dev" "$WORK/many.conf"
	"$WG" showconf "$dev" >"$WORK/shown.conf"
	# Neither peers nor their prefixes come in the order of the file.
	for file in many shown; do
		awk '/^PublicKey/ { peer = $3 }
		     /^AllowedIPs/ { sub(/^AllowedIPs = /, ""); n = split($0, ip, ", ")
				     for (i = 1; i <= n; i++) print peer, ip[i] }' \
			"$WORK/$file.conf" | sort >"$WORK/$file.list"
	done
	expect_equal 'prefixes' 13000 "$(wc -l <"$WORK/many.list")"
	cmp "$WORK/many.list" "$WORK/shown.list"
}

strangers()
{
	expect_refused setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$WG" show "$dev"
}

rename_family || ktap_skip_all "this wg(8) cannot be renamed"
ktap_plan 6
ip link add "$dev" type "$LINK_KIND" || exit 1
test_case 'wg set and wg show' sets_and_shows
test_case 'changes to what is there' changes
test_case 'its own key is not a peer of a device' own_key
test_case 'wg setconf, showconf, addconf and syncconf' files
test_case 'thousands of peers, and of prefixes of one' many_peers
test_case 'wg show needs CAP_NET_ADMIN' strangers
ktap_end
