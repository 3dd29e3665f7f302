#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guests: 7.2 7.2-kasan 7.2-locking
# OpenWrt's protocol handler, run by busybox as there: interfaces and peers of
# /etc/config/network become a path, routes past the tunnel lead to its entry
# alone, and no key is where others can read it.
. "$(dirname "$0")/lib.sh"

here=$(dirname "$(readlink -f "$0")")
handler=$here/../../packaging/openwrt/nym/files/nym.sh
export NYMCTL NETIFD_CONFIG=$WORK/network NETIFD_SAID=$WORK/said

ktap_plan 10

internet client entry exit server || bail_out hosts
path_gateways client wireguard entry exit || bail_out gateways

cat >"$NETIFD_CONFIG" <<END
config interface 'lan'
	option proto 'static'

config interface 'nym0'
	option proto 'nym'
	option private_key 'generate'
	list addresses '$(inner 4 exit 2)/32'
	list addresses '$(inner 6 exit 2)'

config nym_nym0 'entry'
	option public_key '$(public_key entry)'
	option private_key '$(cat "$(private_key client-entry)")'
	option endpoint_host '$(outer6 entry)'
	option endpoint_port '51820'

config nym_nym0
	option public_key '$(public_key exit)'
	option private_key '$(cat "$(private_key client-exit)")'
	option endpoint_host '$(outer4 exit)'
	option via '$(public_key entry)'
	list via_address '$(inner 4 entry 2)'
	list via_address '$(inner 6 entry 2)'
	list allowed_ips '198.18.4.0/24'
	list allowed_ips '2001:db8:4::/64'
	option route_allowed_ips '1'
	option persistent_keepalive '25'

config nym_nym0
	option public_key '$(public_key other)'
	option endpoint_host '192.0.2.9'
	list allowed_ips '192.0.2.0/24'
	option route_allowed_ips '1'
	option disabled '1'

config nym_nym1
	option public_key '$(public_key other)'
END

# As on a router, the shell and the programs are busybox's.
mkdir "$WORK/bin"
busybox --install -s "$WORK/bin"

# netifd [-x] COMMAND [INTERFACE]: runs the handler on the client.
netifd()
{
	local trace=() json

	json=$(PATH="$WORK/bin:$PATH" \
		sh "$here/lib/netifd.sh" "$handler" describe nym0)
	: >"$NETIFD_SAID"
	if [ "$1" = -x ]; then
		trace=(-x)
		shift
	fi
	ns client env PATH="$WORK/bin:$PATH" \
		sh "${trace[@]}" "$here/lib/netifd.sh" "$handler" "$@" "$json"
}

said()
{
	{ grep "^$1 " "$NETIFD_SAID" || :; } | cut -d' ' -f2- | sort | paste -sd ';'
}

tells_options()
{
	netifd init_config
	expect_equal options \
		'addresses:list(ipaddr);fwmark;ip6prefix:list(ip6addr);listen_port;mtu;nohostroute;tunlink' \
		"$(said option)"
}

carries_traffic()
{
	ping_to client "$(outer4 server)"
	ping_to client "$(outer6 server)"
	expect_equal 'path of the exit' 2 \
		"$(ns client "$NYMCTL" show nym0 hops | awk -v key="$(public_key exit)" '$1 == key { print $2 }')"
	expect_equal peers 2 "$(ns client "$NYMCTL" show nym0 peers | wc -l)"
}

tells_netifd()
{
	expect_equal addresses "$(inner 4 exit 2) 32;$(inner 6 exit 2) 128" \
		"$(said address)"
	expect_equal routes '198.18.4.0 24;2001:db8:4:: 64' "$(said route)"
	expect_equal updates nym0 "$(said update)"
	expect_equal MTU 1340 "$(ns client cat /sys/class/net/nym0/mtu)"
}

# A host route to the exit would have its address go past the tunnel.
keeps_route_to_entry_alone()
{
	expect_equal 'hosts to keep a route to' "nym0 $(outer6 entry)" \
		"$(said depends | sed 's/ *$//')"
}

makes_key_once()
{
	local key

	key=$(sed -n "s/.*option private_key '\(.*\)'/\1/p" "$NETIFD_CONFIG" | head -n 1)
	[ "$key" != generate ]
	expect_equal 'key of the device' "$(wg pubkey <<<"$key")" \
		"$(ns client "$NYMCTL" show nym0 public-key)"
	netifd renew nym0
	expect_equal 'key of the device' "$(wg pubkey <<<"$key")" \
		"$(ns client "$NYMCTL" show nym0 public-key)"
	expect_equal 'keys made' '' "$(grep '^uci' "$NETIFD_SAID" || :)"
}

sessions()
{
	ns client "$NYMCTL" show nym0 latest-handshakes
	ns client cat /sys/class/net/nym0/ifindex
}

renewing_keeps_sessions()
{
	local before

	before=$(sessions)
	sed -i "s/persistent_keepalive '25'/persistent_keepalive '20'/" "$NETIFD_CONFIG"
	netifd renew nym0
	expect_equal sessions "$before" "$(sessions)"
	has '20$' ns client "$NYMCTL" show nym0 persistent-keepalive
}

# On a command line others would see them for as long as it runs: the handler
# runs here with tracing, which shows every command with its words.
keys_are_on_no_command_line()
{
	local key

	netifd -x renew nym0 2>"$WORK/trace"
	grep -q syncconf "$WORK/trace"
	for key in client-entry client-exit; do
		key=$(cat "$(private_key "$key")")
		# The shell's own words, as eval and echo, are no processes.
		expect_equal 'programs that were told a key' '' \
			"$(grep -F "$key" "$WORK/trace" |
				grep -E '^\+* (ip|sed|awk|cat|logger|uci|[^ ]*nymctl) ' || :)"
	done
}

# netifd's own among them: the handler's has all options that it declares. They
# are looked through each time that the handler runs nymctl.
keys_are_in_no_process()
{
	local before=$NYMCTL

	sed -n "s/.*option private_key '\(.*\)'/\1/p" "$NETIFD_CONFIG" >"$WORK/secrets"
	expect_equal keys 3 "$(wc -l <"$WORK/secrets")"
	cat >"$WORK/nymctl" <<-END
		#!/bin/bash
		cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' >>'$WORK/command-lines'
		exec '$before' "\$@"
	END
	chmod +x "$WORK/nymctl"
	NYMCTL=$WORK/nymctl netifd renew nym0
	grep -q '"addresses":' "$WORK/command-lines"
	expect_equal 'words with a key' '' \
		"$(grep -F -f "$WORK/secrets" "$WORK/command-lines" || :)"
}

refuses_what_is_wrong()
{
	sed -i "s/option via .*/option via 'nonsense'/" "$NETIFD_CONFIG"
	expect_refused netifd setup nym0 2>"$WORK/error"
	cat "$WORK/error"
	expect_equal error 'nym0 CONFIGURATION_FAILED' "$(said error)"
	expect_equal failed nym0 "$(said failed)"
	expect_equal updates '' "$(said update)"
	grep -q 'Via.*nonsense' "$WORK/error"
	# The session that runs is not disturbed.
	ping_to client "$(outer4 server)"
}

tears_down()
{
	netifd teardown nym0
	expect_refused ip -n client link show nym0
}

test_case 'it tells its options' tells_options
netifd setup nym0 || bail_out setup
test_case 'two hops carry traffic' carries_traffic
test_case 'netifd is told addresses, routes and MTU' tells_netifd
test_case 'routes past the tunnel lead to the entry alone' keeps_route_to_entry_alone
test_case 'a key is made once and kept' makes_key_once
test_case 'renewing changes what differs and keeps sessions' renewing_keeps_sessions
test_case 'keys are on no command line' keys_are_on_no_command_line
test_case 'keys are on the command line of no process' keys_are_in_no_process
test_case 'a wrong option is reported and changes nothing' refuses_what_is_wrong
test_case 'teardown removes the device' tears_down
ktap_end
