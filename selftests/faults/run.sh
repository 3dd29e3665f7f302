#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every detector of the debug guests reports a fault of its kind that deliberate.ko
# commits, and the frame fails the run for it. A kernel that reports nothing looks
# just like a driver without faults. run.sh [GUEST...] looks at some of them only.
here=$(dirname "$(readlink -f "$0")")
. "$here/../net/lib.sh"
trap 'rm -rf "$WORK"' EXIT

guests=" ${*-7.2-kasan 7.2-locking 7.2-races} "

# guest, fault, what the report says
faults()
{
	local guest rest

	while read -r guest rest; do
		[[ $guests != *" $guest "* ]] || echo "$guest $rest"
	done <<-'FAULTS'
	7.2-kasan use_after_free KASAN: slab-use-after-free in use_after_free
	7.2-kasan out_of_bounds KASAN: slab-out-of-bounds in out_of_bounds
	7.2-kasan stack_out_of_bounds KASAN: stack-out-of-bounds in stack_out_of_bounds
	7.2-kasan double_free KASAN: double-free in double_free
	7.2-kasan page_written_after_free pagealloc: 
	7.2-kasan stack_end_overwritten corrupted stack end detected
	7.2-kasan leak kmemleak: [0-9]* new
	7.2-kasan cache_with_objects Objects remaining
	7.2-kasan reference_underflow refcount_t: decrement hit 0
	7.2-kasan list_corruption list_del corruption
	7.2-kasan shift UBSAN: shift-out-of-bounds
	7.2-kasan array_index UBSAN: array-index-out-of-bounds
	7.2-kasan active_timer_freed ODEBUG: free active .* timer_list
	7.2-kasan queued_work_freed ODEBUG: free active .* work_struct
	7.2-locking lock_order possible circular locking dependency
	7.2-locking lock_within_its_like possible recursive locking
	7.2-locking lock_shared_with_softirq inconsistent lock state
	7.2-locking held_lock_freed held lock freed
	7.2-locking sleep_in_atomic sleeping function called
	7.2-locking sleep_in_rcu sleeping function called
	7.2-locking cpu_number_while_preemptible using smp_processor_id() in preemptible
	7.2-locking rcu_outside_of_reader suspicious RCU usage
	7.2-locking rcu_list_outside_of_reader suspicious RCU usage
	7.2-races two_writers KCSAN: data-race in count_up
	FAULTS
}

# commit GUEST FAULT: sets status, and said to what the frame complains of.
# shellcheck disable=SC2016 # the guest expands it
commit()
{
	said=$("$here/../guests/run" --guest "$1" --cpus 2 --timeout 200 \
		--log "$WORK/guest.log" -- bash -c '
		insmod "$1/deliberate.ko" fault="$2" && "$3" && rmmod deliberate' \
		commit "${module[$1]}" "$2" "$here/../guests/find-leaks" 2>&1)
	status=$?
}

is_reported()
{
	set +e
	commit "$1" "$2"
	set -e
	[ "$status" -ne 0 ] || fail "the run passed: $(cat "$WORK/guest.log")"
	grep -q -e "$3" "$WORK/guest.log" ||
		fail "no report: $(cat "$WORK/guest.log")"
	grep -q -E -f "$here/../guests/trouble" <<<"$said" ||
		fail "the frame does not complain of it: $said"
}

is_clean()
{
	set +e
	commit "$1" none
	set -e
	expect_equal 'complaints' '' "$said"
	expect_equal status 0 "$status"
}

ktap_plan $(($(faults | wc -l) + $(wc -w <<<"$guests")))
declare -A module
for guest in $guests; do
	module[$guest]=$("$here/../guests/build-module" --source "$here" "$guest") ||
		bail_out "deliberate.ko for $guest"
	test_case "$guest: no fault, no report" is_clean "$guest"
done
while read -r guest fault report <&3; do
	test_case "$guest: $fault" is_reported "$guest" "$fault" "$report"
done 3< <(faults)
ktap_end
