# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A tunnel of 'nymctl up', nymt0, on a host whose state before and after can be
# compared.

CONF=$WORK/nymt0.conf
STEPS=$WORK/hooks.log

# All of the host that a tunnel touches.
state()
{
	ip -d address show
	ip -4 route show table all
	ip -6 route show table all
	ip -4 rule show
	ip -6 rule show
	nft list ruleset
	# Some cannot be read, as stable_secret.
	grep -r . /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf 2>/dev/null || :
	grep -h -e nameserver -e search -e '/etc/resolv.conf' \
		/etc/resolv.conf /proc/self/mountinfo
	(shopt -s nullglob; printf '%s\n' /run/ny[m] /run/nym/* /run/nym/*/*)
}

# state_is FILE: nothing differs from what was noted there.
state_is()
{
	state >"$WORK/state.now"
	diff -u "$1" "$WORK/state.now"
}

# write_conf [LINE...]: a config file with these lines in [Interface] and a
# peer that takes both default routes.
write_conf()
{
	{
		echo '[Interface]'
		echo "PrivateKey = $(cat "$(private_key client)")"
		echo 'Address = 10.77.0.2/24, fd77::2/64'
		printf '%s\n' "$@"
		echo '[Peer]'
		echo "PublicKey = $(public_key gateway)"
		echo 'Endpoint = 198.51.100.9:51820'
		echo 'AllowedIPs = 0.0.0.0/0, ::/0, 10.88.0.0/16, 10.77.0.0/25'
	} >"$CONF"
	chmod 600 "$CONF"
}

up()
{
	"$NYMCTL" up "$CONF"
}

down()
{
	"$NYMCTL" down "$CONF"
}

# up_begin [COMMAND...]: in the background, where the shell would have it ignore
# both signals, and run by the command.
up_begin()
{
	env --default-signal=INT,QUIT "$@" "$NYMCTL" up "$CONF" >"$WORK/said" 2>&1 &
	echo $! >"$WORK/pid"
	wait_until 60 test -s "$STEPS"
}

# A child that was killed may hold the tunnel's lock a moment longer.
unlocked()
{
	[ ! -d /run/nym/nymt0 ] || flock -n /run/nym/nymt0 true
}

# In case a case failed half way.
tidy()
{
	if [ -e "$WORK/pid" ]; then
		kill -KILL "$(cat "$WORK/pid")" 2>/dev/null || :
		rm "$WORK/pid"
	fi
	"$NYMCTL" down "$CONF" >/dev/null 2>&1 || :
	rm -f "$STEPS"
}

# lacks PATTERN FILE
lacks()
{
	expect_equal "lines of $2 with '$1'" '' "$(grep -e "$1" "$2" || :)"
}

link_has()
{
	has "$1" ip -d link show dev nymt0
}

# refused TEXT COMMAND...: exit status 1, and TEXT in what it says.
refused()
{
	local text=$1 status=0
	shift

	"$@" >"$WORK/said" 2>&1 || status=$?
	cat "$WORK/said"
	expect_equal 'exit status' 1 "$status"
	grep -q -F -e "$text" "$WORK/said"
}

# route_device 4|6 ADDRESS [WORD...]
route_device()
{
	local family=$1
	shift

	ip "-$family" route get "$@" | sed -n 's/.* dev \([^ ]*\) .*/\1/p'
}

# This network namespace as a host with one device and both default routes.
tunnel_host()
{
	ip link add eth0 type dummy &&
	sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 &&
	ip link set eth0 up &&
	ip address add 198.51.100.2/24 dev eth0 &&
	ip address add 2001:db8:1::2/64 dev eth0 nodad &&
	ip route add default via 198.51.100.1 &&
	ip -6 route add default via 2001:db8:1::1 &&
	echo 'nameserver 198.51.100.1' >"$WORK/resolv.conf" &&
	mount --bind "$WORK/resolv.conf" /etc/resolv.conf
}

# run_case DESCRIPTION FUNCTION [ARGUMENT...]: what it leaves does not disturb
# the next.
run_case()
{
	test_case "$@"
	tidy
}
