#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Removing the installed package takes a tunnel down that is up, as long as there
# is a command that can.
set -eux

host()
{
	ip link show
	ip route show table all
	ip rule show
	nft list tables
	cat /etc/resolv.conf
}

ip link set lo up
modprobe nym
host >/tmp/before
(
	umask 077
	cat >/etc/nym/nym0.conf <<-CONF
	[Interface]
	PrivateKey = $(nymctl genkey)
	Address = 10.0.0.2/32
	DNS = 192.0.2.53
	[Peer]
	PublicKey = $(nymctl genkey | nymctl pubkey)
	Endpoint = 192.0.2.1:51820
	AllowedIPs = 0.0.0.0/0
	CONF
)
nymctl up nym0
nft list table inet nymctl-nym0
dpkg --remove nym-tools
test -e /etc/nym/nym0.conf
host | diff /tmp/before -
