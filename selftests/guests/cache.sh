# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Where downloads and built kernels are kept, and how two runs share them.

NYM_CACHE=${NYM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nym}
export NYM_CACHE

say()
{
	printf '  %-9s %s\n' "$1" "${*:2}" >&2
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# persistently COMMAND...: until it succeeds, three times at most: a mirror may not
# answer for a moment.
persistently()
{
	"$@" || { sleep 10; "$@"; } || { sleep 30; "$@"; }
}

# Run a command while no other process on this machine runs one under the same
# name: two makes that start together must not unpack over each other.
with_cache_lock()
{
	local name=$1

	shift
	mkdir -p "$NYM_CACHE/locks"
	(
		# One that only looks whether all is there is done at once.
		if ! flock --wait 10 9; then
			say WAIT "for another process that prepares $name"
			flock 9
		fi
		# Long-lived children must not keep the lock.
		"$@" 9>&-
	) 9>"$NYM_CACHE/locks/$name"
}
