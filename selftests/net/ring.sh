#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Who sends from a packet socket's ring gets its frames back: the kernel is told by
# the packet when one is free.
# usual: 6.1 7.2
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/pair.sh"

ktap_plan 1

pair_hosts

rings()
{
	pair_connected ours
	pings ours
	PYTHONDONTWRITEBYTECODE=1 "$(dirname "$0")/wire/ring.py" \
		ours 10.9.0.1 wg0 stock 10.9.0.2
	pings ours
}

test_case 'frames of a packet ring are given back' rings
ktap_end
