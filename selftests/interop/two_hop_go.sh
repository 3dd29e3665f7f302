#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What net/two_hop.sh proves, with Debian's wireguard-go as both gateways.
export GATEWAY_KIND=wireguard-go
exec "$(dirname "$0")/../net/two_hop.sh"
