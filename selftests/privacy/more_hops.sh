#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Nobody learns more than threat-model.toml says, in the whole life of a path of
# three hops; with MATRIX set, also over other families, and of five hops.
. "$(dirname "$0")/scenes.sh"

HOSTS=(entry second third fourth exit)
PATHS=('464 entry second exit')
if [ -n "${MATRIX-}" ]; then
	PATHS+=('644 entry second exit' "44444 ${HOSTS[*]}" "46646 ${HOSTS[*]}")
fi
ktap_plan $((LIFE * ${#PATHS[@]} + ${REKEY:-0}))
if [ -n "${MATRIX-}" ]; then
	path_hosts "${HOSTS[@]}"
else
	path_hosts entry second exit
fi
for path in "${PATHS[@]}"; do
	# shellcheck disable=SC2086 # words
	life $path
done
ktap_end
