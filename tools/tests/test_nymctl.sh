#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The command as such, where no device is needed.
# shellcheck disable=SC2016 # the commands are expanded when they are checked
number=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check DESCRIPTION EXIT-CODE REGEX COMMAND: REGEX in what COMMAND prints to
# either stream.
check()
{
	number=$((number + 1))
	found=$(eval "$4" 2>&1)
	status=$?
	if [ "$status" = "$2" ] && printf '%s\n' "$found" | grep -qE -- "$3"; then
		echo "ok $number $1"
		return
	fi
	failed=1
	printf '%s\n' "exit status $status, expected $2" "expected: $3" "$found" |
		sed 's/^/# /'
	echo "not ok $number $1"
}

echo 'KTAP version 1'
echo '1..27'

check 'help' 0 '^Usage: nymctl COMMAND' '$NYMCTL help'
check 'help goes to the standard output' 0 '^Usage' '$NYMCTL --help 2>/dev/null'
check 'the version' 0 '^nymctl v[0-9]' '$NYMCTL --version'
check 'an unknown command' 1 "'nosuch' is not a command" '$NYMCTL nosuch'
for command in show showconf set setconf addconf syncconf genkey genpsk pubkey \
	monitor; do
	check "help of $command" 0 "^Usage: nymctl $command" \
		"\$NYMCTL $command --help 2>/dev/null"
done
check 'a usage error' 1 '^Usage: nymctl showconf INTERFACE' '$NYMCTL showconf'
check 'no output, no success' 1 'Unable to write the output' \
	'$NYMCTL genkey >/dev/full'
check 'a key pair' 0 '^[A-Za-z0-9+/]{43}=$' '$NYMCTL genkey | $NYMCTL pubkey'
check 'a wrong private key' 1 'standard input does not hold exactly one key' \
	'echo secret | $NYMCTL pubkey'
check 'a wrong private key is not repeated' 0 '^0$' \
	'echo secret | $NYMCTL pubkey 2>&1 | grep -c secret; :'
check 'a key in a file that all can read' 0 'Warning: everyone can access' \
	'umask 022; $NYMCTL genkey >"$work/open"'
check 'a key in a file of its own' 0 '^$' \
	'umask 077; $NYMCTL genkey >"$work/closed"'
check 'an unknown field' 1 "'nosuch' is not a field" '$NYMCTL show lo nosuch'
check 'no device' 1 'not loaded|Unable to access interface nosuch' \
	'$NYMCTL show nosuch'
check 'a file that is not there' 1 'Cannot open /nosuch: No such file' \
	'$NYMCTL setconf lo /nosuch'
printf '[Interface]\nListenPort = 70000\n' >"$work/wrong.conf"
check 'a wrong file' 1 "wrong.conf:2: ListenPort: '70000' is not a port" \
	'$NYMCTL setconf lo "$work/wrong.conf"'
check 'too long a name' 1 'not the name of an interface' \
	'$NYMCTL set abcdefghijklmnop fwmark 1'
check 'libnftables is loaded when it is needed' 0 '^0$' \
	'readelf -d "$NYMCTL" | grep -c nftables; :'

exit $failed
