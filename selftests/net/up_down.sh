#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# nymctl up and down: what they do to the host, and that nothing of it is left.
# usual: 7.2

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/tunnel.sh
. "$(dirname "$0")/lib/tunnel.sh"

brings_up()
{
	write_conf 'DNS = 10.77.0.1, fd77::1, example.org'
	up
	link_has "$LINK_KIND"
	# An Ethernet's 1500 bytes less one hop.
	link_has 'mtu 1420'
	has 'inet 10.77.0.2/24' ip address show dev nymt0
	has 'inet6 fd77::2/64' ip address show dev nymt0
	has '^default dev nymt0' ip -4 route show table 51820
	has '^default dev nymt0' ip -6 route show table 51820
	has 'dev nymt0' ip -4 route show 10.88.0.0/16
	# The address's own network has its route already.
	expect_equal 'routes to a part of the own network' '' \
		"$(ip -4 route show 10.77.0.0/25)"
	for family in 4 6; do
		has 'lookup main suppress_prefixlength 0' ip "-$family" rule show
		has 'not from all fwmark 0xca6c lookup 51820' ip "-$family" rule show
	done
	has 'ip daddr 10.77.0.2' nft list table inet nymctl-nymt0
	has 'ip6 daddr fd77::2' nft list table inet nymctl-nymt0
	expect_equal src_valid_mark 1 "$(sysctl -n net.ipv4.conf.all.src_valid_mark)"
	expect_equal 'name servers' 'nameserver 10.77.0.1 nameserver fd77::1 search example.org' \
		"$(tr '\n' ' ' </etc/resolv.conf | sed 's/ $//')"
	expect_equal 'mode of the journal' 700 "$(stat -c %a /run/nym/nymt0)"
	expect_equal 'way to the tunnel' nymt0 "$(route_device 4 192.0.2.1)"
	expect_equal 'way to the tunnel' nymt0 "$(route_device 6 2001:db8:5::1)"
	# Its own packets, which have the mark, and the near network stay out.
	expect_equal 'way of marked packets' eth0 \
		"$(route_device 4 198.51.100.9 mark 0xca6c)"
	expect_equal 'way to the near network' eth0 "$(route_device 4 198.51.100.7)"
}

up_twice_changes_nothing()
{
	state >"$WORK/state.up"
	refused 'nymt0 is up already; nothing was changed' up
	state_is "$WORK/state.up"
}

down_restores()
{
	down
	state_is "$WORK/state"
}

down_twice_changes_nothing()
{
	refused 'nymt0 is not up' down
	state_is "$WORK/state"
}

reads_name_and_path()
{
	write_conf
	mkdir -p /etc/nym
	cp -p "$CONF" /etc/nym/nymt0.conf
	"$NYMCTL" up nymt0
	"$NYMCTL" down nymt0
	(cd "$WORK" && "$NYMCTL" up nymt0.conf)
	# The name is enough, as the journal knows the file.
	rm /etc/nym/nymt0.conf
	"$NYMCTL" down nymt0
	state_is "$WORK/state"
	refused 'cannot be a device'\''s name' "$NYMCTL" up 'nymt 0'
	refused '/etc/nym/nymt9.conf' "$NYMCTL" up nymt9
	state_is "$WORK/state"
}

goes_down_without_file()
{
	write_conf
	up
	rm "$CONF"
	"$NYMCTL" down nymt0
	state_is "$WORK/state"
}

names_failed_step()
{
	write_conf
	ip route add 10.88.0.0/16 dev eth0
	refused 'step "ip -4 route add 10.88.0.0/16 dev nymt0" failed: File exists' up
	ip route del 10.88.0.0/16 dev eth0
	state_is "$WORK/state"

	sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	refused 'fd77::2/64 dev nymt0" failed: Permission denied' up
	grep -q 'IPv6 is disabled here: see the sysctl' "$WORK/said"
	sed -i 's/, fd77.*//' "$CONF"
	refused '::/0 dev nymt0 table 51820" failed: Permission denied' up
	grep -q 'IPv6 is disabled here: see the sysctl' "$WORK/said"
	sysctl -qw net.ipv6.conf.default.disable_ipv6=0
	state_is "$WORK/state"

	write_conf 'MTU = 1400' 'Address = 10.77.0.2/16'
	refused 'nymt0.conf:5: Address: "10.77.0.2/16" is there twice' up
	write_conf 'MTU = 20'
	refused 'nymt0.conf:4: MTU: "20" is not an MTU' up
	write_conf 'FwMark = 254'
	refused 'FwMark = 254 cannot mark a default route' up
	state_is "$WORK/state"

	ip link add nymt0 type dummy
	refused 'a link called nymt0 exists and was not made by' up
	ip link show dev nymt0 >/dev/null
	ip link del nymt0
	state_is "$WORK/state"
}

# Of all commands only "up" and "down" of a default route need it.
needs_libnftables()
{
	local library

	write_conf
	# To its end: what is cut off by a reader that has enough counts as failed.
	library=$(ldconfig -p | awk '$1 == "libnftables.so.1" && !n++ { print $NF }')
	mount --bind /dev/null "$library"
	# shellcheck disable=SC2064 # the path that it has now
	trap "umount '$library'" EXIT
	refused 'needs libnftables.so.1: install the package libnftables1' up
	# Which asks nft, another of its users.
	umount "$library"
	trap - EXIT
	state_is "$WORK/state"
}

checks_mode_of_file()
{
	write_conf
	refused 'run it as root' setpriv --reuid=65534 --clear-groups "$NYMCTL" up "$CONF"
	chmod 666 "$CONF"
	refused 'everybody can write' up
	chmod 644 "$CONF"
	has 'everybody can read' up
	down
	state_is "$WORK/state"
}

keeps_to_table()
{
	write_conf 'Table = off'
	up
	expect_equal 'way out' eth0 "$(route_device 4 192.0.2.1)"
	down
	write_conf 'Table = 1234'
	up
	has '^default dev nymt0' ip -4 route show table 1234
	has '^default dev nymt0' ip -6 route show table 1234
	has '^10.88.0.0/16 dev nymt0' ip -4 route show table 1234
	expect_equal 'way out' eth0 "$(route_device 4 192.0.2.1)"
	down
	write_conf 'FwMark = 0x77'
	up
	has '^default dev nymt0' ip -4 route show table 119
	has 'not from all fwmark 0x77 lookup 119' ip -6 rule show
	down
	state_is "$WORK/state"
}

obeys_mtu()
{
	write_conf 'MTU = 1300'
	up
	link_has 'mtu 1300'
	down
	write_conf 'MTU = 9000'
	has 'MTU = 9000 is more than the path carries; using 1420' up
	link_has 'mtu 1420'
	down
	ip link set eth0 mtu 1400
	write_conf
	up
	link_has 'mtu 1320'
	down
	# What IPv6 needs.
	ip link set eth0 mtu 1300
	write_conf
	has 'IPv6 needs an MTU of 1280' up
	link_has 'mtu 1280'
	down
	ip link set eth0 mtu 1500
}

# nests 4|6 MTU: the routes are the exit's, none leads to it.
nests()
{
	local address=198.51.100.9 endpoint=198.51.100.9:51820

	[ "$LINK_KIND" = nym ] || skip "$LINK_KIND does not nest"
	if [ "$1" = 6 ]; then
		address=2001:db8:7::9
		endpoint=[$address]:51820
	fi
	write_conf
	sed -i '/^Endpoint/d' "$CONF"
	{
		echo "Endpoint = $endpoint"
		echo "Via = $(public_key entry)"
		echo 'ViaAddress = 10.1.0.2, fd01::2'
		echo '[Peer]'
		echo "PublicKey = $(public_key entry)"
		echo 'Endpoint = 198.51.100.5:51820'
		echo "AllowedIPs = $address"
	} >>"$CONF"
	up
	link_has "mtu $2"
	expect_equal 'routes to the nested endpoint' '' \
		"$(ip "-$1" route show "$address")"
	down
	state_is "$WORK/state"
}

# What a nested peer's name resolves to is what its ViaAddress can reach.
nests_by_name()
{
	local via

	[ "$LINK_KIND" = nym ] || skip "$LINK_KIND does not nest"
	printf '%s\n' '192.0.2.9 both.test only4.test' '2001:db8:7::9 both.test' \
		>"$WORK/hosts"
	mount --bind "$WORK/hosts" /etc/hosts
	trap 'umount /etc/hosts' EXIT
	for via in 10.1.0.2 fd01::2; do
		write_conf 'Table = off'
		sed -i 's/^Endpoint.*/Endpoint = both.test:51820/' "$CONF"
		{
			echo "Via = $(public_key entry)"
			echo "ViaAddress = $via"
		} >>"$CONF"
		up
		case $via in
		fd*) has '\[2001:db8:7::9]:51820' "$NYMCTL" show nymt0 endpoints ;;
		*) has '192.0.2.9:51820' "$NYMCTL" show nymt0 endpoints ;;
		esac
		down
	done
	sed -i 's/both/only4/' "$CONF"
	NYM_ENDPOINT_RESOLUTION_RETRIES=0 refused "'only4.test:51820' has no IPv6 address" up
	sed -i 's/only4.test/192.0.2.9/' "$CONF"
	has 'has an IPv4 endpoint and no IPv4 via-address' up
	down
	umount /etc/hosts
	trap - EXIT
	state_is "$WORK/state"
}

saves()
{
	local other

	other=$(public_key other)
	write_conf 'SaveConfig = true' 'DNS = 10.77.0.1, example.org' \
		'PostUp = echo "a = b" >/dev/null' 'PreDown = true'
	up
	# Then the file does not say what the device has.
	ip address add 10.78.0.2/32 dev nymt0
	"$NYMCTL" set nymt0 peer "$other" allowed-ips 10.99.0.0/24
	chmod 640 "$CONF"
	"$NYMCTL" save "$CONF"
	expect_equal 'mode of the file' 600 "$(stat -c %a "$CONF")"
	grep -q "^PublicKey = $other$" "$CONF"
	grep -q '^Address = 10.78.0.2/32$' "$CONF"
	lacks FwMark "$CONF"
	"$NYMCTL" set nymt0 peer "$other" remove
	down
	lacks "$other" "$CONF"
	state_is "$WORK/state"
	# What was written can be read.
	up
	has 10.78.0.2/32 ip address show dev nymt0
	expect_equal 'name servers' 'nameserver 10.77.0.1' "$(head -n 1 /etc/resolv.conf)"
	down
	state_is "$WORK/state"
}

via_port()
{
	"$NYMCTL" show nymt0 via-port |
		awk -v key="$(public_key gateway)" '$1 == key { print $2 }'
}

# A drawn port in the file would be a fixed one from then on.
saves_no_drawn_port()
{
	local port

	[ "$LINK_KIND" = nym ] || skip "$LINK_KIND does not nest"
	write_conf 'SaveConfig = true' 'Table = off'
	{
		echo "Via = $(public_key entry)"
		echo 'ViaAddress = 10.1.0.2'
		echo '[Peer]'
		echo "PublicKey = $(public_key entry)"
		echo 'Endpoint = 198.51.100.5:51820'
	} >>"$CONF"
	up
	"$NYMCTL" save "$CONF"
	lacks ViaPort "$CONF"
	port=$(via_port)
	reload
	expect_equal 'port after nothing changed' "$port" "$(via_port)"
	sed -i "/^Via = /a PrivateKey = $(cat "$(private_key other)")" "$CONF"
	reload
	[ "$(via_port)" != "$port" ] || fail 'the identity changed and the port did not'
	# Stated, it is fixed; no longer stated, it is drawn.
	sed -i '/^Via = /a ViaPort = 7000' "$CONF"
	reload
	expect_equal 'stated port' 7000 "$(via_port)"
	"$NYMCTL" save "$CONF"
	has '^ViaPort = 7000$' cat "$CONF"
	sed -i /^ViaPort/d "$CONF"
	reload
	[ "$(via_port)" != 7000 ] || fail 'the port that the file had is still there'
	down
	lacks ViaPort "$CONF"
	state_is "$WORK/state"
}

half_up_is_not_saved()
{
	write_conf 'SaveConfig = true' 'PostUp = kill -KILL 0'
	cp "$CONF" "$WORK/before.conf"
	setsid "$NYMCTL" up "$CONF" || :
	wait_until 60 unlocked
	down
	cmp "$CONF" "$WORK/before.conf"
	state_is "$WORK/state"
}

reload()
{
	"$NYMCTL" strip nymt0 >"$WORK/stripped"
	"$NYMCTL" syncconf nymt0 "$WORK/stripped"
}

# reload_keeps_mark [LINE...]
reload_keeps_mark()
{
	write_conf "$@"
	up
	reload
	lacks Address "$WORK/stripped"
	expect_equal mark 0xca6c "$("$NYMCTL" show nymt0 fwmark)"
	down
}

# A file whose exit comes first, and whose entry states the same blocks.
reload_keeps_blocks()
{
	[ "$LINK_KIND" = nym ] || skip "$LINK_KIND does not nest"
	write_conf
	{
		echo "Via = $(public_key entry)"
		echo 'ViaAddress = 10.1.0.2'
		echo '[Peer]'
		echo "PublicKey = $(public_key entry)"
		echo 'Endpoint = 198.51.100.5:51820'
		echo 'AllowedIPs = 0.0.0.0/0, ::/0'
	} >>"$CONF"
	up
	"$NYMCTL" show nymt0 allowed-ips | sort >"$WORK/blocks"
	has "^$(public_key entry)	(none)$" cat "$WORK/blocks"
	reload
	"$NYMCTL" show nymt0 allowed-ips | sort | diff "$WORK/blocks" -
	down
}

# Two tunnels with default routes have marks and priorities of their own and
# share the sysctl. two_tunnels FIRST-TO-GO SECOND-TO-GO
two_tunnels()
{
	write_conf
	sed -e 's/10\.77\./10.79./; s/fd77/fd79/' -e 's/10\.88\./10.89./' \
		-e "s,^PrivateKey.*,PrivateKey = $(cat "$(private_key other)")," \
		"$CONF" >"$WORK/nymt1.conf"
	chmod 600 "$WORK/nymt1.conf"
	up
	"$NYMCTL" up "$WORK/nymt1.conf"
	expect_equal mark 0xca6d "$("$NYMCTL" show nymt1 fwmark)"
	"$NYMCTL" down "$1"
	expect_equal src_valid_mark 1 "$(sysctl -n net.ipv4.conf.all.src_valid_mark)"
	expect_equal 'way out' "$2" "$(route_device 4 192.0.2.1)"
	"$NYMCTL" down "$2"
	state_is "$WORK/state"
}

link_deleted_meanwhile()
{
	write_conf 'DNS = 10.77.0.1'
	up
	ip link del nymt0
	down
	state_is "$WORK/state"
	up
	ip link del nymt0
	up
	down
	state_is "$WORK/state"
}

made_by_hand()
{
	write_conf "PostDown = echo post-down >>$STEPS"
	ip link add nymt0 type "$LINK_KIND"
	down
	expect_equal hooks 'post-down,' "$(tr '\n' , <"$STEPS")"
	state_is "$WORK/state"
}

same_name_in_namespaces()
{
	write_conf
	netns_add aside
	up
	ip netns exec aside "$NYMCTL" up "$CONF"
	down
	ip -n aside link show dev nymt0 >/dev/null
	ip netns exec aside "$NYMCTL" down "$CONF"
	write_conf 'DNS = 10.77.0.1'
	refused 'write it to /etc/netns/NAME/resolv.conf' \
		ip netns exec aside "$NYMCTL" up "$CONF"
	ip netns del aside
	state_is "$WORK/state"
}

odd_names()
{
	write_conf
	cp -p "$CONF" "$WORK/a=b+c._-d.conf"
	"$NYMCTL" up "$WORK/a=b+c._-d.conf"
	ip link show dev a=b+c._-d >/dev/null
	"$NYMCTL" down a=b+c._-d
	state_is "$WORK/state"
}

# Stands in for resolvconf(8): keeps what it is given, and how it was called.
resolvconf_stand_in()
{
	mkdir -p "$WORK/bin"
	cat >"$WORK/bin/resolvconf" <<-PROGRAM
	#!/bin/sh
	echo "\$@" >>"$STEPS"
	case \$1 in
	-a) cat >"$WORK/resolvconf.\$2" ;;
	-d) rm -f "$WORK/resolvconf.\$2" ;;
	esac
	PROGRAM
	chmod +x "$WORK/bin/resolvconf"
}

uses_resolvconf()
{
	if [ -e /run/systemd/resolve/io.systemd.Resolve ]; then
		skip 'systemd-resolved runs here and comes first'
	fi
	resolvconf_stand_in
	write_conf 'DNS = 10.77.0.1, example.org'
	PATH=$WORK/bin:$PATH "$NYMCTL" up "$CONF"
	expect_equal 'name servers' 'nameserver 10.77.0.1,search example.org,' \
		"$(cat "$WORK"/resolvconf.*nymt0 | tr '\n' ,)"
	PATH=$WORK/bin:$PATH "$NYMCTL" down "$CONF"
	expect_equal 'files left' '' "$(find "$WORK" -name 'resolvconf.*')"
	has '^-a .*nymt0 -m 0 -x$' cat "$STEPS"
	has '^-d .*nymt0 -f$' cat "$STEPS"
	state_is "$WORK/state"
}

tunnel_host >"$WORK/setup.log" 2>&1 || bail_out "$(cat "$WORK/setup.log")"
state >"$WORK/state"

ktap_plan 28
test_case 'up does what the file says' brings_up
test_case 'up of a tunnel that is up changes nothing' up_twice_changes_nothing
test_case 'down undoes all of it' down_restores
test_case 'down of a tunnel that is down changes nothing' down_twice_changes_nothing
run_case 'a name stands for /etc/nym/NAME.conf or what was brought up' reads_name_and_path
run_case 'down does not need the config file' goes_down_without_file
run_case 'a step that fails is named and undone' names_failed_step
run_case 'without libnftables the error names its package' needs_libnftables
run_case 'a config file is read by its owner and written by nobody else' checks_mode_of_file
run_case 'Table and FwMark say where routes go' keeps_to_table
run_case 'the MTU fits the path' obeys_mtu
run_case 'two hops, the exit over IPv4, leave 1360 bytes' nests 4 1360
run_case 'two hops, the exit over IPv6, leave 1328 bytes' nests 6 1328
run_case "a nested peer's name has an address that it can reach" nests_by_name
run_case 'save writes what the device has' saves
run_case 'save leaves a drawn port out' saves_no_drawn_port
run_case 'a tunnel that came up half is not saved' half_up_is_not_saved
run_case 'reload keeps the mark' reload_keeps_mark
run_case 'reload keeps the mark, though the file has it off' reload_keeps_mark 'FwMark = off'
run_case "reload keeps the exit's blocks" reload_keeps_blocks
run_case 'two tunnels, the first goes first' two_tunnels nymt0 nymt1
run_case 'two tunnels, the second goes first' two_tunnels nymt1 nymt0
run_case 'a link that somebody deleted' link_deleted_meanwhile
run_case 'a link that somebody made' made_by_hand
run_case 'one name in two network namespaces' same_name_in_namespaces
run_case 'a name with every character that is allowed' odd_names
run_case 'name servers are given to resolvconf' uses_resolvconf
test_case 'nothing is left in the end' state_is "$WORK/state"
ktap_end
