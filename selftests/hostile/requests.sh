#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Many netlink requests at random, right and wrong, of the structure that the
# specification describes: as root, as the root of a user namespace, and as
# nobody. HOSTILE_REQUESTS says how many in all, HOSTILE_SEED which.
. "$(dirname "$0")/../net/lib.sh"

if [ -z "${HOSTILE_REQUESTS-}" ]; then
	case $GUEST in
	7.2 | host)	HOSTILE_REQUESTS=20000 ;;
	7.*)		HOSTILE_REQUESTS=5000 ;;
	*)		HOSTILE_REQUESTS=4000 ;;
	esac
fi
export HOSTILE_REQUESTS PYTHONDONTWRITEBYTECODE=1
here=$(dirname "$(readlink -f "$0")")
PYTHONPATH=$here/../net/wire:$here/../net/lib exec python3 "$here/requests_cases.py"
