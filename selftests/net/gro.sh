#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the stack's receive offload keeps back for a moment is not overtaken by what
# comes alone.
# usual: 6.1 7.2
. "$(dirname "$0")/lib.sh"

internet device remote

for name in device remote stranger; do
	export "KEY_${name^^}=$(cat "$(private_key "$name")")"
done
export NYMCTL LINK_KIND WORK PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/wire/gro.py"
