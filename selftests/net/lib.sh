# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What every test program here starts with:
#
#   #!/bin/bash
#   . "$(dirname "$0")/lib.sh"
#   ktap_plan 2
#   setup...
#   test_case 'what must hold' function [argument...]
#   test_case 'what else must hold' other_function
#   ktap_end
#
# A program runs as root in network, mount and process namespaces of its own,
# with the module loaded; nothing that it leaves behind has to be tidied up.

set -u
set -o pipefail

: "${LINK_KIND:=nym}"
: "${NYMCTL:=nymctl}"
: "${GUEST:=host}"

WORK=$(mktemp -d)

lib=$(dirname "${BASH_SOURCE[0]}")/lib
. "$lib/ktap.sh"
. "$lib/wait.sh"
. "$lib/keys.sh"
. "$lib/topology.sh"
. "$lib/gateway.sh"
. "$lib/capture.sh"
unset lib
