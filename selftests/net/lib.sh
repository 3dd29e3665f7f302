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

# shellcheck disable=SC2034 # for those that follow
WORK=$(mktemp -d)

. "$(dirname "${BASH_SOURCE[0]}")/lib/ktap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib/wait.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib/keys.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib/topology.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib/gateway.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib/path.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib/capture.sh"
