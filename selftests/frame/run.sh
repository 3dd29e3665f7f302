#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tests' own frame, tested: what must make a run fail does so, since a
# frame that passes everything looks just like a product that works.
here=$(dirname "$(readlink -f "$0")")
. "$here/../net/lib.sh"

# Run a shell command in a guest.
# shellcheck disable=SC2034 # read by the callers
guest()
{
	local name=$1 command=$2
	shift 2

	output=$("$here/../guests/run" --guest "$name" --timeout 600 \
		--log "$WORK/guest.log" "$@" -- bash -c "$command" \
		2>"$WORK/guest.err")
	status=$?
	error=$(cat "$WORK/guest.err")
}

status_and_output_pass()
{
	set +e
	guest "$1" 'uname -r; exit 7'
	set -e
	expect_equal status 7 "$status"
	case $output in
	"${1%-*}".*)	;;
	*)		fail "not a $1 kernel: $output" ;;
	esac
	expect_equal error '' "$error"
}

writes_are_thrown_away()
{
	set +e
	guest 7.2 "echo mine >'$WORK/file' && cat '$WORK/file'"
	set -e
	expect_equal output mine "$output"
	[ ! -e "$WORK/file" ] || fail 'the guest wrote to this machine'
}

shared_folder_survives()
{
	mkdir "$WORK/shared"
	set +e
	# shellcheck disable=SC2016 # the guest expands it
	guest 7.2 'echo kept >$GUEST_SHARE/file' --share "$WORK/shared"
	set -e
	expect_equal content kept "$(cat "$WORK/shared/file")"
}

# named_failure COMMAND TEXT [OPTION...]: it ends with an error that says TEXT.
named_failure()
{
	local command=$1 text=$2
	shift 2

	set +e
	guest 7.2 "$command" "$@"
	set -e
	[ "$status" -ne 0 ] || fail 'the run passed'
	case $error in
	*"$text"*)	;;
	*)		fail "the error does not say '$text': $error" ;;
	esac
}

# counted EXPECTED: what ktap.py makes of the document on standard input.
counted()
{
	expect_equal 'passed failed skipped' "$1" "$(
		PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/.. python3 -c '
import sys, ktap
print(*ktap.count(ktap.parse(sys.stdin.read().splitlines())))')"
}

leaves_are_counted()
{
	counted '3 1 1' <<-'END'
	KTAP version 1
	1..2
	  KTAP version 1
	  1..3
	  ok 1 first
	  not ok 2 second
	  ok 3 third # SKIP not here
	not ok 1 with parts
	some noise
	  KTAP version 1
	  1..2
	    1..1
	    ok 1 deep
	  ok 1 outer
	  ok 2 next
	ok 2 deeper
	END
}

a_short_plan_fails()
{
	counted '1 1 0' <<-'END'
	1..2
	ok 1 only
	END
}

a_failed_parent_fails()
{
	counted '1 1 0' <<-'END'
	1..1
	  1..1
	  ok 1 fine
	not ok 1 parent # exit status 3
	END
}

a_lost_parent_fails()
{
	# Both plans are unfulfilled.
	counted '2 2 0' <<-'END'
	1..2
	ok 1 whole
	  1..4
	  ok 1 of four
	END
}

benchmark_computes_right()
{
	cd "$here/../bench"
	PYTHONDONTWRITEBYTECODE=1 python3 -m unittest -q test_arithmetic
}

ktap_plan 14
test_case 'status and output pass, 6.1' status_and_output_pass 6.1
test_case 'status and output pass, 6.12' status_and_output_pass 6.12
test_case 'status and output pass, 7.2' status_and_output_pass 7.2
test_case 'writes are thrown away' writes_are_thrown_away
test_case 'the shared folder survives' shared_folder_survives
test_case 'a panic fails the run' \
	named_failure 'echo c >/proc/sysrq-trigger; sleep 600' 'sysrq triggered crash'
test_case 'a warning in the kernel log fails the run' \
	named_failure 'echo "WARNING: made up" >/dev/kmsg' 'WARNING: made up'
test_case 'a guest that does not end fails the run' \
	named_failure 'sleep 600' 'no end within 4 s' --timeout 4
test_case 'a guest that ends early fails the run' \
	named_failure 'busybox poweroff -f; sleep 600' 'ended before the command'
test_case 'nested results are counted by their leaves' leaves_are_counted
test_case 'fewer results than planned fail' a_short_plan_fails
test_case 'a parent that failed alone fails' a_failed_parent_fails
test_case 'results without their parent fail' a_lost_parent_fails
test_case 'the benchmark computes right' benchmark_computes_right
ktap_end
