#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cpus: 2
# The module's KUnit suites. Where the kernel has KUnit, they ran when the module was
# loaded, and it tells what they found; elsewhere the module runs them when asked.
parameters=/sys/module/nym/parameters
if [ -e "$parameters/kunit" ]; then
	mapfile -t suites <"$parameters/kunit_suites"
elif cd /sys/kernel/debug/kunit; then
	suites=(*/)
	suites=("${suites[@]%/}")
	[ -e "${suites[0]}/results" ] || suites=()
fi
if [ ${#suites[@]} -eq 0 ]; then
	echo 'no suite: was the module built with NYM_KUNIT=1?'
	exit 1
fi

# results NUMBER SUITE: what it found, as part of this document.
results()
{
	local verdict=ok

	if [ ! -e "$parameters/kunit" ]; then
		sed '/^KTAP version/d; /^1\.\./d' "$2/results"
		return
	fi
	echo "$2" >"$parameters/kunit" || verdict='not ok'
	sed 's/^/    /' "$parameters/kunit"
	echo "$verdict $1 $2"
}

status=0
echo 'KTAP version 1'
echo "1..${#suites[@]}"
for index in "${!suites[@]}"; do
	found=$(results $((index + 1)) "${suites[index]}") || status=1
	echo "$found"
	! grep -q '^ *not ok' <<<"$found" || status=1
done
exit "$status"
