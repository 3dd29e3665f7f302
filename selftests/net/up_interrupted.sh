#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# nymctl up and down, killed or failing at any place: nothing is left behind.
# usual: 7.2

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/tunnel.sh
. "$(dirname "$0")/lib/tunnel.sh"

# How far the places lie apart at which a command is disturbed. The functions
# begin at different ones, and EVERY_PLACE=1 takes them all.
case $GUEST in
6.*)	DISTANCE=12 ;;
*)	DISTANCE=4 ;;
esac
if [ -n "${EVERY_PLACE:-}" ]; then
	DISTANCE=1
fi

# disturb kill|fail|none NUMBER COMMAND...: what it returns may be anything, and
# is in $status.
disturb()
{
	local how=$1 number=$2
	shift 2

	status=0
	rm -f "$WORK/count"
	setsid -w env DISTURB="$how" DISTURB_AT="$number" \
		DISTURB_COUNT="$WORK/count" LD_PRELOAD="$WORK/disturb.so" \
		"$NYMCTL" "$@" >"$WORK/said" 2>&1 || status=$?
	wait_until 60 unlocked
}

# Run a command that may find its work done.
may_be_done()
{
	"$@" >>"$WORK/said" 2>&1 ||
		grep -q -e 'is up already' -e 'is not up' "$WORK/said"
}

killed_up_then_down()
{
	disturb kill "$1" up "$CONF"
	may_be_done down
}

killed_up_then_up()
{
	disturb kill "$1" up "$CONF"
	may_be_done up
	expect_equal 'way out' nymt0 "$(route_device 4 192.0.2.1)"
	down >>"$WORK/said" 2>&1
}

failed_up()
{
	disturb fail "$1" up "$CONF"
	if [ "$status" -eq 0 ]; then
		down >>"$WORK/said" 2>&1
	fi
}

killed_down()
{
	up >"$WORK/said" 2>&1
	disturb kill "$1" down "$CONF"
	may_be_done down
}

failed_down()
{
	up >"$WORK/said" 2>&1
	disturb fail "$1" down "$CONF"
	if [ "$status" -ne 0 ]; then
		may_be_done down
	fi
}

# everywhere FUNCTION up|down FIRST: nothing stays behind, at whichever place
# the command is disturbed.
everywhere()
{
	local place=0 total

	write_conf 'DNS = 10.77.0.1, example.org' \
		"PostUp = touch $WORK/hooked" "PreDown = rm -f $WORK/hooked"
	if [ "$2" = down ]; then
		up
	fi
	disturb none 0 "$2" "$CONF"
	total=$(cat "$WORK/count")
	[ "$total" -gt 20 ]
	if [ "$2" = up ]; then
		down
	fi
	state_is "$WORK/state"
	# shellcheck disable=SC2154 # of disturb
	trap '[ $? -eq 0 ] || { echo "place $place of $total"; cat "$WORK/said"; }' EXIT
	for ((place = ($3 - 1) % DISTANCE + 1; place <= total; place += DISTANCE)); do
		"$1" "$place"
		state_is "$WORK/state"
		[ ! -e "$WORK/hooked" ]
	done
}

setup()
{
	gcc -shared -fPIC -O1 -o "$WORK/disturb.so" \
		"$(dirname "$0")/disturb.c" && tunnel_host
}

setup >"$WORK/setup.log" 2>&1 || bail_out "$(cat "$WORK/setup.log")"
state >"$WORK/state"

ktap_plan 6
run_case 'killed anywhere in up, then down' everywhere killed_up_then_down up 1
run_case 'killed anywhere in up, then up' everywhere killed_up_then_up up 2
run_case 'a call that fails anywhere in up' everywhere failed_up up 3
run_case 'killed anywhere in down, then down' everywhere killed_down down 4
run_case 'a call that fails anywhere in down' everywhere failed_down down 5
test_case 'nothing is left in the end' state_is "$WORK/state"
ktap_end
