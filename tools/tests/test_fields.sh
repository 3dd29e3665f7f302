#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The help, the manual and the completion name the same fields of "show" and
# words of "set".
tools=$(dirname "$0")/..

# Words of the standard input, without what is written in capitals
words()
{
	tr -c 'a-z-' '\n' | grep -E '^[a-z]' | sort -u
}

help_fields()
{
	"$NYMCTL" show --help | sed 's/.*\[public-key/public-key/' | words
}

help_settings()
{
	"$NYMCTL" set --help | sed 's/.*INTERFACE//' | words |
		grep -vx -e remove -e off
}

# manual FROM TO: the entries of a list between two lines
manual()
{
	sed -n "/$1/,/$2/s/^\.It Cm \([a-z-]*\).*/\1/p" "$tools/man/nymctl.8" |
		grep -vx -e set -e setconf -e showconf -e remove
}

# completion VARIABLE
completion()
{
	tr '\n' ' ' <"$tools/completion/nymctl" |
		sed "s/.*local $1='\([^']*\)'.*/\1/" | words
}

number=0
failed=0
# same DESCRIPTION EXPECTED FOUND
same()
{
	number=$((number + 1))
	if [ -n "$2" ] && [ "$2" = "$3" ]; then
		echo "ok $number $1"
		return
	fi
	failed=1
	printf 'expected: %s\nfound: %s\n' "$(echo "$2" | paste -sd ' ')" \
		"$(echo "$3" | paste -sd ' ')" | sed 's/^/# /'
	echo "not ok $number $1"
}

echo 'KTAP version 1'
echo '1..4'
fields=$(manual '^The fields are:' '^\.It Cm showconf' | words)
same 'the help has the fields of the manual' "$fields" "$(help_fields)"
same 'the completion has the fields of the manual' "$fields" \
	"$(completion fields)"
settings=$({ manual '^\.It Cm set Ar' '^\.It Cm setconf'; echo peer; } | words)
same 'the help has the settings of the manual' "$settings" "$(help_settings)"
same 'the completion has the settings of the manual' "$settings" \
	"$({ completion of_device; completion of_peer; } | words | grep -vx remove)"
exit $failed
