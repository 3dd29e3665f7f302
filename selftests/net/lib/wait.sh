# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Waiting for something to hold, never longer than said.

# wait_until SECONDS COMMAND...: until COMMAND succeeds.  Guests are slow and
# share their processors: give generous limits, they cost nothing when met.
wait_until()
{
	local deadline=$((SECONDS + $1 + 1))
	shift

	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$deadline" ]; then
			echo "did not come to hold: $*"
			return 1
		fi
		sleep 0.1
	done
}

# always_for SECONDS COMMAND...: COMMAND holds now and stays so.
always_for()
{
	local deadline=$((SECONDS + $1 + 1))
	shift

	while [ "$SECONDS" -lt "$deadline" ]; do
		if ! "$@"; then
			echo "ceased to hold: $*"
			return 1
		fi
		sleep 0.2
	done
}
