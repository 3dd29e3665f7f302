# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Results as KTAP (Documentation/dev-tools/ktap.rst in a kernel tree).

KSFT_SKIP=4

ktap_number=0
ktap_failed=0
ktap_planned=0

# How many test cases follow.
ktap_plan()
{
	ktap_planned=$1
	echo 'KTAP version 1'
	echo "1..$1"
}

ktap_comment()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

# The whole program cannot run here.
ktap_skip_all()
{
	echo 'KTAP version 1'
	echo "1..0 # SKIP $*"
	exit "$KSFT_SKIP"
}

# In a test case: it cannot run here, for the reason given.
skip()
{
	echo "$*" >"$WORK/skip"
	exit "$KSFT_SKIP"
}

# In a test case: what was expected does not hold.
fail()
{
	echo "$*"
	exit 1
}

# expect_equal WHAT EXPECTED FOUND
expect_equal()
{
	[ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
}

# has PATTERN COMMAND...: the command's output, all of it, has a line like this.
# Into a pipe to "grep -q" it would not do: who still writes when the line is found
# is ended by a signal, and that is the pipe's status.
has()
{
	local pattern=$1 output
	shift

	output=$("$@" 2>&1)
	if ! grep -q -e "$pattern" <<<"$output"; then
		echo "no '$pattern' in the output of: $*"
		echo "$output"
		return 1
	fi
}

# expect_refused COMMAND...: it must fail and change nothing that matters.
expect_refused()
{
	if "$@"; then
		fail "was accepted: $*"
	fi
}

# test_case DESCRIPTION FUNCTION [ARGUMENT...]: the first command of FUNCTION
# that fails, fails the case.  It runs in a subshell: what later cases need is
# set up outside.  Its output is shown when it fails.
test_case()
{
	local description=$1 status
	shift

	ktap_number=$((ktap_number + 1))
	rm -f "$WORK/skip"
	# Not within a condition: there, errexit would have no effect. Standard
	# output may be away where the command is that failed.
	(
		set -eE
		trap 'echo "${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND: status $?" >&2' ERR
		"$@"
	) >"$WORK/case.log" 2>&1
	status=$?
	case $status in
	0)
		echo "ok $ktap_number $description" ;;
	"$KSFT_SKIP")
		echo "ok $ktap_number $description # SKIP $(cat "$WORK/skip")" ;;
	*)
		ktap_failed=$((ktap_failed + 1))
		ktap_comment "$description: status $status"
		sed 's/^/#   /' "$WORK/case.log"
		echo "not ok $ktap_number $description" ;;
	esac
}

# Setting up failed: no test case can follow.
bail_out()
{
	ktap_comment "setup: $*"
	exit 1
}

ktap_end()
{
	if [ "$ktap_number" -ne "$ktap_planned" ]; then
		ktap_comment "planned $ktap_planned test cases, ran $ktap_number"
		exit 1
	fi
	exit $((ktap_failed != 0))
}
