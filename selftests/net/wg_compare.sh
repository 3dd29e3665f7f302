#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The same session through wg(8) on an in-tree WireGuard device and through
# nymctl on a device of this driver: both print the same and return the same
# exit codes.  In dumps, nymctl's further columns are left out.
# shellcheck disable=SC2016 # commands are planned here and expanded later
# usual: 7.2
. "$(dirname "$0")/lib.sh"

# There is nobody to ask for names here.
export WG_ENDPOINT_RESOLUTION_RETRIES=0

command -v wg >/dev/null || ktap_skip_all 'needs wg, of wireguard-tools'
[ "$LINK_KIND" != nym ] || modprobe wireguard 2>/dev/null ||
	[ -e /sys/module/wireguard ] || ktap_skip_all 'needs the wireguard driver'

# Both sides have devices of the same names in namespaces of their own.
add_side()
{
	local name

	ip netns add "$1" && ip -n "$1" link set lo up || return
	for name in t0 t1; do
		ip -n "$1" link add "$name" type "$2" || return
	done
}

# shellcheck disable=SC2034 # in the commands that are compared
setup_words()
{
	a=$(public_key a) b=$(public_key b) c=$(public_key c)
	key_a=$(private_key a) key_b=$(private_key b)
	psk=$(preshared_key b)
}

# session NAMESPACE TOOL: runs all steps.  $tool and $side stand in their
# commands for what differs.  The output of a step, standard output alone, ends
# with its exit code; that of all goes to one file for each.
session()
{
	# shellcheck disable=SC2034 # in the commands
	local side=$1 tool=$2 step

	mkdir "$WORK/$side"
	for ((step = 0; step < ${#steps[@]}; step += 3)); do
		eval "${steps[step + 1]}" >"$WORK/$side/$step" \
			2>"$WORK/$side/$step.stderr"
		echo "exit code $?" >>"$WORK/$side/$step"
	done
}

in_namespace()
{
	nsenter --net="/run/netns/$1" bash -c '
		'"$(declare -p WORK steps a b c key_a key_b psk)"'
		'"$(declare -f session heard wait_until)"'
		session "$@"' session "$@"
}

# has_line REGEX TEXT
has_line()
{
	local line

	while IFS= read -r line; do
		[[ ! $line =~ $1 ]] || return 0
	done <<<"$2"
	return 1
}

# compare STEP.  No process is started where all is well: in a guest they are
# what takes the time.
compare()
{
	local wg nym regex=${steps[$1 + 2]}

	wg=$(<"$WORK/wg_side/$1")
	nym=$(<"$WORK/nym_side/$1")
	if [ "$wg" != "$nym" ]; then
		echo "step: ${steps[$1 + 1]}"
		diff <(echo "$wg") <(echo "$nym") || true
		cat "$WORK/nym_side/$1.stderr"
		fail 'wg (<) and nymctl (>) differ'
	fi
	# A session in which nothing works would compare well.
	if [ -n "$regex" ] && ! has_line "$regex" "$nym"; then
		echo "step: ${steps[$1 + 1]}"
		cat "$WORK/nym_side/$1" "$WORK/nym_side/$1.stderr"
		fail "'$regex' is not in the output"
	fi
}

# What stands for TEXT alone in a regular expression.
literal()
{
	local text=${1//./\\.}

	echo "${text//+/\\+}"
}

steps=()

# step DESCRIPTION COMMAND [REGEX that the output must have]
step()
{
	steps+=("$1" "$2" "${3-}")
}

full_conf()
{
	cat <<-END
	# A comment
	[Interface]
	PrivateKey = $(cat "$key_a")
	ListenPort = 4100 # another
	FwMark = 0x1234

	[Peer]
	PublicKey = $b
	PresharedKey = $(cat "$psk")
	AllowedIPs = 10.1.0.0/16, 10.2.3.4 , fd00:1::/32
	AllowedIPs = 192.0.2.0/24
	Endpoint = 192.0.2.1:51820
	PersistentKeepalive = 25

	[peer]
	publickey=$c
	allowedips = 10.9.9.9/8
	endpoint = [2001:db8::1]:4500
	persistentkeepalive = off
	END
}

other_conf()
{
	cat <<-END
	[Interface]
	PrivateKey = $(cat "$key_b")
	ListenPort = 4100
	[Peer]
	PublicKey = $c
	AllowedIPs = 10.1.0.0/16,10.0.0.0/8
	Endpoint = 198.51.100.7:1
	[Peer]
	PublicKey = $a
	AllowedIPs = 0.0.0.0/0, ::/0
	END
}

state='$tool show t0 dump | cut -f 1-8; $tool showconf t0'

# syncconf of nymctl leaves the blocks that stay where they are, wg's has them
# all removed and added again.
unordered='$tool show t0 dump | cut -f 1-3,5-8; $tool showconf t0 | sed "s/^AllowedIPs = /&\n/; s/, /\n/g" | sort'

plan_session()
{
	local field fields='public-key private-key listen-port fwmark peers
		preshared-keys endpoints allowed-ips latest-handshakes transfer
		persistent-keepalive'
	# wg has the device's name only before the first endpoint, against its
	# manual.
	local filter=' | sed -E "s/^t[01]\t//"'

	step 'interfaces' '$tool show interfaces' '^t0 t1$'
	step 'an empty device' '$tool; $tool show; $tool show t0; '"$state" '^interface: t0'
	step 'an unknown interface' '$tool show nosuch; $tool showconf nosuch; $tool set nosuch fwmark 1' 'exit code 1'
	step 'an interface of another kind' '$tool show lo'
	step 'a name that is too long' '$tool show abcdefghijklmnopqrstuvwxyz'
	step 'an unknown command' '$tool nosuch' 'exit code 1'
	step 'an unknown field' '$tool show t0 nosuch' 'exit code 1'
	step 'too many words' '$tool show t0 peers dump; $tool showconf; $tool showconf t0 t1; $tool setconf t0; $tool genkey x' 'exit code 1'
	step 'set without words' '$tool set t0' 'exit code 1'

	step 'keys' '$tool pubkey <"$key_a"; printf "" | $tool pubkey; echo no key | $tool pubkey; (cat "$key_a"; echo; echo) | $tool pubkey; (cat "$key_a"; echo x) | $tool pubkey' '^[A-Za-z0-9+/]{43}='
	step 'lengths of new keys' '$tool genkey | wc -c; $tool genpsk | wc -c; $tool genkey | $tool pubkey | wc -c' '^45$'

	step 'set the device' '$tool set t0 listen-port 4100 fwmark 0x1234 private-key "$key_a"; '"$state" '^FwMark = 0x1234$'
	step 'set a decimal mark' '$tool set t0 fwmark 77; $tool show t0 fwmark' '^0x4d$'
	step 'take the mark off' '$tool set t0 fwmark off; $tool show t0 fwmark; $tool set t0 fwmark 0; $tool show t0 fwmark' '^off$'
	step 'marks that are none' '$tool set t0 fwmark 0x100000000; $tool set t0 fwmark -1; $tool set t0 fwmark x; $tool set t0 fwmark' 'exit code 1'
	step 'ports that are none' '$tool set t0 listen-port -1; $tool set t0 listen-port x1; $tool set t0 listen-port ""; $tool show t0 listen-port' '^4100$'
	step 'a key from a pipe' '$tool set t0 private-key <(cat "$key_b"); $tool show t0 public-key' "^$(literal "$b")"
	step 'a key from the standard input' 'cat "$key_a" | $tool set t0 private-key /dev/stdin; $tool show t0 public-key' "^$(literal "$a")"
	step 'an empty key file' '$tool set t0 private-key /dev/null; '"$state"'; $tool set t0 private-key "$key_a"' '^\(none\)'
	step 'key files that are none' '$tool set t0 private-key /nosuch; $tool set t0 private-key /etc/passwd; $tool set t0 private-key <(echo no); $tool show t0 public-key' "^$(literal "$a")"

	step 'add a peer' '$tool set t0 peer $b; '"$state" "^PublicKey = "
	step 'add more of it' '$tool set t0 peer $b preshared-key "$psk" endpoint 192.0.2.1:51820 persistent-keepalive 25 allowed-ips 10.1.0.0/16,10.2.3.4,fd00:1::/32; '"$state" '^PersistentKeepalive = 25'
	step 'two peers at once' '$tool set t0 peer $c endpoint [2001:db8::1]:4500 allowed-ips 192.0.2.0/24 peer $b persistent-keepalive off; '"$state" '^Endpoint = \[2001:db8::1\]:4500'
	step 'move an address block' '$tool set t0 peer $c allowed-ips "10.1.0.0/16, 192.0.2.0/24"; $tool show t0 allowed-ips' '10.1.0.0/16'
	step 'host bits of a block' '$tool set t0 peer $c allowed-ips 10.5.6.7/8,2001:db8::1/32,0.0.0.0/0,::/0; $tool show t0 allowed-ips' '10.0.0.0/8'
	step 'no address block' '$tool set t0 peer $c allowed-ips ""; $tool show t0 allowed-ips' '\(none\)'
	step 'blocks that are none' 'for i in 10.0.0.0/33 ::/129 10.0.0/8 x 10.0.0.0/ 10.0.0.0/x 10.0.0.0/8, ,; do $tool set t0 peer $c allowed-ips "$i"; echo $?; done; $tool show t0 allowed-ips' '^1$'
	step 'endpoints that are none' 'for i in 192.0.2.1 192.0.2.1: :51820 "[::1]" "[::1" "[::1]:" "" x:y:z; do $tool set t0 peer $c endpoint "$i"; echo $?; done; $tool show t0 endpoints' '^1$'
	step 'a name as endpoint' '$tool set t0 peer $c endpoint localhost:51820; $tool show t0 endpoints | grep -c 51820' '^[12]$'
	step 'keepalives that are none' 'for i in 65536 -1 x ""; do $tool set t0 peer $c persistent-keepalive "$i"; echo $?; done; $tool show t0 persistent-keepalive' '^1$'
	step 'peers that are none' '$tool set t0 peer; $tool set t0 peer x; $tool set t0 remove; $tool set t0 peer $c private-key "$key_a"; $tool set t0 endpoint 192.0.2.1:1; $tool show t0 peers' 'exit code 0'
	step 'take the preshared key off' '$tool show t0 preshared-keys; $tool set t0 peer $b preshared-key /dev/null; $tool show t0 preshared-keys' '\(none\)'
	step 'remove a peer' '$tool set t0 peer $c remove; $tool set t0 peer $c remove; '"$state" 'exit code 0'

	step 'setconf' '$tool setconf t0 "$WORK/full.conf"; '"$state" '^ListenPort = 4100'
	step 'setconf from a pipe' '$tool setconf t1 <(sed s/4100/4101/ "$WORK/full.conf"); $tool showconf t1' '^ListenPort = 4101'
	for field in $fields; do
		step "field $field" "\$tool show t0 $field; \$tool show all $field$filter"
	done
	step 'dump of all' '$tool show all dump | cut -f 1-9' '^t1'
	step 'for people' '$tool show t0; $tool show; $tool show all' '^  preshared key: \(hidden\)'
	step 'for people, with keys' 'WG_HIDE_KEYS=never $tool show t0' '^  private key: .{43}='
	step 'for people, keys hidden' 'WG_HIDE_KEYS=always $tool show t0; WG_HIDE_KEYS=x $tool show t0' '^  private key: \(hidden\)'
	step 'in colours' 'WG_COLOR_MODE=always $tool show t0' $'\e\\[33m'
	step 'colours refused' 'WG_COLOR_MODE=never $tool show t0; WG_COLOR_MODE=x $tool show t0' '^peer'
	step 'on a terminal' 'script -qec "$tool show t0" /dev/null </dev/null' $'\e\\[33m'

	step 'files with an error' 'for i in "[Interface]\nPrivateKey = x" "[Nosuch]" "PublicKey = $b" "[Peer]\nAllowedIPs = 10.0.0.0/8" "[Peer]\nPublicKey" "[Interface]\nNosuch = 1"; do printf "$i\n" >"$WORK/bad.conf"; $tool setconf t0 "$WORK/bad.conf"; echo $?; done; $tool setconf t0 /nosuch; echo $?; '"$state" '^1$'
	step 'addconf' 'printf "[Peer]\nPublicKey = $a\nAllowedIPs = 172.16.0.0/12\n[Interface]\nFwMark = 5\n" >"$WORK/add.conf"; $tool addconf t0 "$WORK/add.conf"; '"$state" '^FwMark = 0x5'
	step 'addconf of a peer that is there' '$tool addconf t0 <(printf "[Peer]\nPublicKey = $b\nPersistentKeepalive = 9\n"); '"$state" '^PersistentKeepalive = 9'
	step 'syncconf to the same' '$tool syncconf t0 "$WORK/full.conf"; '"$unordered" '^FwMark = 0x1234'
	step 'syncconf to another' '$tool syncconf t0 "$WORK/other.conf"; '"$unordered" '^Endpoint = 198.51.100.7:1'
	step 'syncconf and back' '$tool syncconf t0 "$WORK/full.conf"; '"$unordered" '^PersistentKeepalive = 25'
	step 'syncconf to no peers' '$tool syncconf t0 <(sed "/^$/,\$d" "$WORK/full.conf"); '"$unordered" '^ListenPort = 4100'
	step 'showconf and setconf again' '$tool showconf t1 >"$WORK/copy.$side"; $tool setconf t1 "$WORK/copy.$side"; $tool showconf t1 | cmp - "$WORK/copy.$side"' 'exit code 0'
	step 'an empty file' '$tool setconf t1 /dev/null; $tool show t1 peers; $tool show t1 public-key' '\(none\)'
	step 'many address blocks' '$tool set t1 peer $b allowed-ips "$(printf "10.%s.0/24," {0..39}.{0..99} | sed "s/,$//")"; $tool show t1 allowed-ips | wc -w; $tool showconf t1 | sha256sum' '^4001$'
	step 'more than a message holds' '$tool setconf t1 "$WORK/big.conf"; $tool showconf t1 | sort | sha256sum; $tool show t1 peers | wc -l' '^300$'
	step 'without the right to' 'setpriv --reuid 65534 --regid 65534 --clear-groups $tool show t0' 'exit code'

	step 'a handshake' '$tool setconf t0 /dev/null; $tool setconf t1 /dev/null; ip link set t0 up; ip link set t1 up; $tool set t0 listen-port 4100 private-key "$key_a" peer $b endpoint 127.0.0.1:4101 allowed-ips 10.0.0.2/32; $tool set t1 listen-port 4101 private-key "$key_b" peer $a allowed-ips 10.0.0.1/32; $tool set t0 peer $b persistent-keepalive 3600; wait_until 60 heard "$tool"; $tool show all transfer; $tool show t0 endpoints; $tool show t1 endpoints; [ $(($(date +%s) - $($tool show t0 latest-handshakes | cut -f 2))) -lt 600 ]' '180$'
	step 'a handshake for people' '$tool show | sed -E "s/(latest handshake): ([0-9]+ .* ago|Now)$/\1: SOME ago/"' 'latest handshake: SOME ago'
}

# heard TOOL: t1 has had the handshake and the keepalive behind it.
heard()
{
	[ "$($1 show t1 transfer | cut -f 2)" = 180 ]
}

big_conf()
{
	printf '[Interface]\nListenPort = 4101\n'
	awk 'BEGIN {
		for (i = 0; i < 300; ++i)
			printf "[Peer]\nPublicKey = %040dAAA=\n" \
			       "AllowedIPs = 10.%d.%d.0/24, fd00:%x::/32\n",
			       i, i / 100, i % 100, i
	}'
}

# blocks_are BLOCK...: those of t1's only peer, in any order
blocks_are()
{
	expect_equal 'address blocks' "$(printf '%s\n' "$@" | sort)" \
		"$(ns nym_side "$NYMCTL" show t1 allowed-ips | cut -f 2 |
			tr ' ' '\n' | sort)"
}

# wg of Debian 12 does not have these words, so they are not compared.
increments()
{
	local tool="ns nym_side $NYMCTL"

	$tool setconf t1 /dev/null
	$tool set t1 peer "$b" allowed-ips 10.0.0.0/8,10.1.0.0/16
	$tool set t1 peer "$b" allowed-ips +10.2.0.0/16
	blocks_are 10.0.0.0/8 10.1.0.0/16 10.2.0.0/16
	# Kernels before 6.16 have no removal for the in-tree driver.
	[ "$LINK_KIND" = nym ] || return 0
	$tool set t1 peer "$b" allowed-ips -10.1.0.0/16,+fd00::/64
	blocks_are 10.0.0.0/8 10.2.0.0/16 fd00::/64
	$tool syncconf t1 <(printf '[Peer]\nPublicKey=%s\nAllowedIPs=10.2.0.0/16,::/0\n' "$b")
	blocks_are 10.2.0.0/16 ::/0
}

add_side wg_side wireguard || bail_out 'in-tree WireGuard'
add_side nym_side "$LINK_KIND" || bail_out "$LINK_KIND"
setup_words
full_conf >"$WORK/full.conf"
other_conf >"$WORK/other.conf"
big_conf >"$WORK/big.conf"
plan_session
in_namespace wg_side wg &
in_namespace nym_side "$NYMCTL"
wait

ktap_plan $((${#steps[@]} / 3 + 1))
for ((i = 0; i < ${#steps[@]}; i += 3)); do
	test_case "${steps[i]}" compare "$i"
done
test_case 'address blocks one by one' increments
ktap_end
