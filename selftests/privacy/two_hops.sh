#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Nobody learns more than threat-model.toml says, in the whole life of a path of
# two hops; with MATRIX set, over each combination of families.
. "$(dirname "$0")/scenes.sh"

PATHS=(44 ${MATRIX:+46 64 66})
ktap_plan $((LIFE * ${#PATHS[@]} + ${REKEY:-0}))
path_hosts entry exit
for families in "${PATHS[@]}"; do
	life "$families" entry exit
done
ktap_end
