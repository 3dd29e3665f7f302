# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Waiting for something to hold, never longer or more often than said.

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

# one_of TIMES COMMAND...: COMMAND does not fail each time, for what disturbs it
# now and then; in it, what it calls says "fail".  What the last failure said is
# shown.
one_of()
{
	local times=$1
	shift

	until ("$@") >"$WORK/attempt.log" 2>&1; do
		times=$((times - 1))
		if [ "$times" -eq 0 ]; then
			cat "$WORK/attempt.log"
			return 1
		fi
	done
}
