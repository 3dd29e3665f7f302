#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# nymctl up: the hooks of a tunnel, and what happens when they or a signal stop it.
# usual: 7.2

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/tunnel.sh
. "$(dirname "$0")/lib/tunnel.sh"

runs_hooks()
{
	write_conf "PreUp = echo pre-up %i >>$STEPS; ip link show dev %i >/dev/null" \
		"PostUp = echo post-up %i >>$STEPS; ip link show dev %i >/dev/null" \
		"PostUp = echo post-up again >>$STEPS" \
		"PreDown = echo pre-down %i >>$STEPS; ip link show dev %i >/dev/null" \
		"PostDown = echo post-down %i >>$STEPS; ! ip link show dev %i 2>/dev/null"
	up
	down
	expect_equal hooks 'pre-up nymt0,post-up nymt0,post-up again,pre-down nymt0,post-down nymt0,' \
		"$(tr '\n' , <"$STEPS")"
	state_is "$WORK/state"
}

# The usual way to keep the key out of the file.
sets_key()
{
	write_conf "PreUp = $NYMCTL set %i private-key $(private_key client)"
	sed -i '/^PrivateKey/d' "$CONF"
	up
	expect_equal 'public key' "$(public_key client)" \
		"$("$NYMCTL" show nymt0 public-key)"
	down
	state_is "$WORK/state"
}

# failing_hook HOOK EXPECTED-HOOKS: up fails, names it, and undoes it all.
failing_hook()
{
	write_conf 'DNS = 10.77.0.1' \
		"PreUp = echo pre-up >>$STEPS" \
		"PostUp = echo post-up >>$STEPS" \
		"PreDown = echo pre-down >>$STEPS" \
		"PostDown = echo post-down >>$STEPS" \
		"$1 = exit 3"
	refused "step \"$1 = exit 3\" failed: bash failed with exit status 3" up
	expect_equal hooks "$2" "$(tr '\n' , <"$STEPS")"
	state_is "$WORK/state"
}

# failing_hook_down HOOK: down goes on, but says so.
failing_hook_down()
{
	write_conf 'DNS = 10.77.0.1' "$1 = exit 3" \
		"PostDown = echo post-down >>$STEPS"
	up
	refused "step \"$1 = exit 3\" failed" down
	expect_equal hooks 'post-down,' "$(tr '\n' , <"$STEPS")"
	state_is "$WORK/state"
}

# What up and down say goes to a pipe that nobody reads any more.
unheard()
{
	write_conf 'DNS = 10.77.0.1' "PreUp = echo pre-up >>$STEPS" \
		"PostDown = echo post-down >>$STEPS"
	exec {gone}> >(:)
	wait $!
	up 2>&"$gone"
	expect_equal 'way out' nymt0 "$(route_device 4 192.0.2.1)"
	down 2>&"$gone"
	exec {gone}>&-
	expect_equal hooks 'pre-up,post-down,' "$(tr '\n' , <"$STEPS")"
	state_is "$WORK/state"
}

# A hook that never ends; stopped_by SIGNAL
stopped_by()
{
	write_conf 'DNS = 10.77.0.1' "PostUp = echo waiting >>$STEPS; exec sleep 1000"
	up_begin
	kill "-$1" "$(cat "$WORK/pid")"
	wait_until 60 state_is "$WORK/state"
	refused 'nymt0 is not up' down
}

undone_with_hooks()
{
	wait_until 60 state_is "$WORK/state"
	expect_equal hooks "$1" "$(tr '\n' , <"$STEPS")"
	rm "$STEPS"
}

# As the service manager stops it: the steps and the hook end by the signal
# while nymctl has not taken it yet. That comes about by itself on one CPU, and
# always where nymctl is stopped meanwhile.
stopped_as_group()
{
	local attempt pid

	write_conf 'DNS = 10.77.0.1' "PostUp = echo waiting >>$STEPS; exec sleep 1000" \
		"PostDown = echo post-down >>$STEPS"
	for attempt in 1 2 3 4 5; do
		up_begin setsid taskset 1
		pid=$(cat "$WORK/pid")
		[ "$attempt" -ne 1 ] || kill -STOP "$pid"
		kill -TERM -- "-$pid"
		if [ "$attempt" -eq 1 ]; then
			wait_until 60 children_ended "$pid"
			kill -CONT "$pid"
		fi
		undone_with_hooks 'waiting,post-down,'
	done
}

# children_ended PID: those that it has are zombies.
children_ended()
{
	! pgrep --runstates D,R,S,T --parent "$1" >/dev/null
}

# One signal begins the undoing, and one comes to all while a hook of it runs.
stopped_twice_by()
{
	local pid

	write_conf 'DNS = 10.77.0.1' "PostUp = echo waiting >>$STEPS; exec sleep 1000" \
		"PostDown = echo undoing >>$STEPS; sleep 1; echo post-down >>$STEPS"
	up_begin setsid
	pid=$(cat "$WORK/pid")
	kill "-$1" "$pid"
	wait_until 60 grep -q undoing "$STEPS"
	kill "-$1" -- "-$pid"
	undone_with_hooks 'waiting,undoing,post-down,'
}

# Down is not stopped half way either.
down_stopped_by()
{
	write_conf "PreDown = echo undoing >>$STEPS; sleep 1; echo pre-down >>$STEPS" \
		"PostDown = echo post-down >>$STEPS"
	up
	env --default-signal=INT,QUIT setsid "$NYMCTL" down "$CONF" >"$WORK/said" 2>&1 &
	echo $! >"$WORK/pid"
	wait_until 60 grep -q undoing "$STEPS"
	kill "-$1" -- "-$(cat "$WORK/pid")"
	undone_with_hooks 'undoing,pre-down,post-down,'
}

# Who started it takes no notice of children that end.
children_ignored()
{
	write_conf 'DNS = 10.77.0.1' "PreUp = echo pre-up >>$STEPS" \
		"PostDown = echo post-down >>$STEPS"
	env --ignore-signal=CHLD "$NYMCTL" up "$CONF"
	expect_equal 'way out' nymt0 "$(route_device 4 192.0.2.1)"
	env --ignore-signal=CHLD "$NYMCTL" down "$CONF"
	undone_with_hooks 'pre-up,post-down,'
}

# It has keys in its memory. What it runs may leave what it likes.
leaves_no_core()
{
	local pattern=/proc/sys/kernel/core_pattern before

	write_conf "PostUp = sh -c 'kill -QUIT \$\$'; echo waiting >>$STEPS; exec sleep 1000"
	before=$(cat "$pattern")
	# shellcheck disable=SC2064 # as it is now
	trap "echo '$before' >$pattern" EXIT
	echo "$WORK/core.%e" >"$pattern"
	ulimit -c unlimited
	up_begin
	[ -e "$WORK/core.sh" ] || fail 'nothing leaves a core here'
	kill -QUIT "$(cat "$WORK/pid")"
	wait_until 60 state_is "$WORK/state"
	expect_equal 'cores of nymctl' '' "$(cd "$WORK" && ls core.nymctl* 2>/dev/null)"
}

# The hook's shell ends at once, but not the command that it had begun.
outlived()
{
	write_conf "PostUp = echo waiting >>$STEPS; sh -c 'sleep 0.5; touch $WORK/late; :'; :" \
		"PostDown = rm $WORK/late"
	up_begin
	kill "$(cat "$WORK/pid")"
	wait_until 60 state_is "$WORK/state"
	wait_until 60 unlocked
	sleep 1
	[ ! -e "$WORK/late" ] || fail 'what the command made is there'
}

one_at_a_time()
{
	write_conf "PreUp = echo waiting >>$STEPS; exec sleep 1000"
	up_begin
	refused 'another nymctl' up
	refused 'another nymctl' down
	kill "$(cat "$WORK/pid")"
	wait_until 60 state_is "$WORK/state"
}

# The hook's parent takes the steps; who started that one undoes.
hook_kills_parent()
{
	write_conf 'DNS = 10.77.0.1' "$1 = kill -KILL \$PPID"
	refused 'stopped by signal 9' up
	state_is "$WORK/state"
}

tunnel_host >"$WORK/setup.log" 2>&1 || bail_out "$(cat "$WORK/setup.log")"
state >"$WORK/state"

ktap_plan 22
run_case 'hooks run in their order' runs_hooks
run_case 'PreUp can give the device its key' sets_key
run_case 'a failing PreUp undoes all' failing_hook PreUp 'pre-up,post-down,'
run_case 'a failing PostUp undoes all' failing_hook PostUp 'pre-up,post-up,pre-down,post-down,'
run_case 'a failing PreDown does not stop down' failing_hook_down PreDown
run_case 'a failing PostDown does not stop down' failing_hook_down PostDown
run_case 'nobody reads what up and down say' unheard
run_case 'SIGINT in a hook undoes all' stopped_by INT
run_case 'SIGTERM in a hook undoes all' stopped_by TERM
run_case 'SIGHUP in a hook undoes all' stopped_by HUP
run_case 'SIGQUIT in a hook undoes all' stopped_by QUIT
run_case 'SIGTERM to all of them undoes all' stopped_as_group
run_case 'a second SIGHUP does not stop the undoing' stopped_twice_by HUP
run_case 'a second SIGINT does not stop the undoing' stopped_twice_by INT
run_case 'SIGINT does not stop down' down_stopped_by INT
run_case 'SIGCHLD is ignored by who starts it' children_ignored
run_case 'SIGQUIT leaves no core with keys' leaves_no_core
run_case 'a command of a hook that goes on is undone' outlived
run_case 'two do not work on one tunnel' one_at_a_time
run_case 'a PreUp that kills its parent undoes all' hook_kills_parent PreUp
run_case 'a PostUp that kills its parent undoes all' hook_kills_parent PostUp
test_case 'nothing is left in the end' state_is "$WORK/state"
ktap_end
