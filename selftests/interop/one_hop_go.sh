#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What net/interop.sh proves, with Debian's wireguard-go instead of in-tree
# WireGuard on the other side.
export STOCK_KIND=wireguard-go
exec "$(dirname "$0")/../net/interop.sh"
