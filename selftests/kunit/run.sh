#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cpus: 2
# The module's KUnit suites: they ran when the module was loaded; print what
# they found.
cd /sys/kernel/debug/kunit || {
	echo 'this kernel has no KUnit: use the guest 7.2'
	exit 4
}
suites=(*/)
if [ ! -e "${suites[0]}results" ]; then
	echo 'no suite ran: was the module built with NYM_KUNIT=1?'
	exit 1
fi
echo 'KTAP version 1'
echo "1..${#suites[@]}"
for suite in "${suites[@]}"; do
	# Each is a document of its own; here they are parts of one.
	sed '/^KTAP version/d; /^1\.\./d' "${suite}results"
done
! grep -q '^ *not ok' ./*/results
