#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What follows from the passing of time for a nested peer: all of it happens
# inside its carrier.  As timers.sh, this takes minutes of the guest's own clock.
. "$(dirname "$0")/../net/lib.sh"

internet device entry exit

for name in device entry exit client-entry client-exit; do
	variable=KEY_${name^^}
	export "${variable//-/_}=$(cat "$(private_key "$name")")"
done
export NYMCTL LINK_KIND WORK PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/../net/wire/nested_timers.py"
