#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The generic netlink interface, as Documentation/netlink/specs/nym.yaml
# describes it.
. "$(dirname "$0")/lib.sh"

case_of()
{
	PYTHONDONTWRITEBYTECODE=1 \
	python3 "$(dirname "$0")/lib/netlink_cases.py" "$1"
}

ktap_plan 15
test_case 'errors name the attribute and the reason' \
	case_of errors_name_the_attribute
test_case 'a bad request changes nothing' \
	case_of bad_request_changes_nothing
test_case 'a request names one nym device' \
	case_of device_is_named_once
test_case 'vias of one request are taken in any order' \
	case_of vias_in_any_order
test_case 'a peer whose via is refused stays as it was, or away' \
	case_of bad_vias
test_case 'a path follows its carrier coming and going' \
	case_of path_follows_the_carrier
test_case 'a port that was drawn is told apart' \
	case_of drawn_ports
test_case "identities are the peer's own or the device's" \
	case_of identities
test_case 'quotas are set, added to and lifted' \
	case_of quotas
test_case 'a dump of any size is complete' \
	case_of dump_of_any_size
test_case 'a dump tells that the device was changed meanwhile' \
	case_of dump_tells_of_interruption
test_case 'a dump that is left half read keeps no device' \
	case_of half_read_dump_holds_nothing
test_case 'what is set while a device goes, goes with it' \
	case_of changes_end_with_the_device
test_case 'nothing is for those without CAP_NET_ADMIN' \
	case_of strangers_get_nothing
test_case 'the events group hears which peer moved where' \
	case_of events_tell_what_happened
ktap_end
