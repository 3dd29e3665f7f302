#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A device moves between namespaces, its sockets stay where it was created, and
# neither holds a namespace back that is to go.
. "$(dirname "$0")/lib.sh"

ktap_plan 8

internet client entry
gateway entry
gateway_admit entry client

# device_in CREATING NAMESPACE [FAMILY]: nym0, made in one and moved to the other,
# with a way through the gateway, which it reaches over that family.
device_in()
{
	ip -n "$1" link add nym0 type "$LINK_KIND"
	ns "$1" "$NYMCTL" set nym0 private-key "$(private_key client)" \
		peer "$(public_key entry)" endpoint "$(endpoint "${3:-4}" entry 51820)" \
		allowed-ips 0.0.0.0/0,::/0
	[ "$1" = "$2" ] || ip -n "$1" link set nym0 netns "$2"
	ip -n "$2" address add "$(inner 4 entry 2)/32" dev nym0
	ip -n "$2" link set nym0 up
	ip -n "$2" route add "$(inner 4 entry)" dev nym0
}

# A namespace that tells when it is gone: the end of a pair in here goes too.
told_netns()
{
	netns_add "$1"
	ip link add "told-$1" type veth peer name told netns "$1"
}

# The last of a namespace goes in the background, after its name.
goes()
{
	ip netns del "$1"
	wait_until 60 is_absent "told-$1"
}

is_absent()
{
	! ip link show dev "$1"
}

has_no_carrier()
{
	ip -n "$1" link show dev nym0 | grep NO-CARRIER
}

listens()
{
	[ -n "$(ns "$1" ss -Hlun "sport = :$2")" ]
}

is_free()
{
	! listens "$@"
}

moved_device_sends_from_home()
{
	told_netns box
	device_in client box
	ping_to box "$(inner 4 entry)"
	expect_equal 'sockets in the namespace it moved to' '' "$(ns box ss -Hlun)"
	expect_refused ping_to box "$(outer4 entry)" -w 1
}

device_goes_with_its_namespace()
{
	local port

	port=$(ns box "$NYMCTL" show nym0 listen-port)
	listens client "$port"
	goes box
	wait_until 60 is_free client "$port"
	# Its sockets no longer, so another may have the port.
	device_in client client
	ns client "$NYMCTL" set nym0 listen-port "$port"
	ping_to client "$(inner 4 entry)"
	ip -n client link del nym0
}

# Sets up a namespace with a way to the gateway, to be taken away again.
second_home()
{
	told_netns home
	veth home eth0 internet home
	ip -n internet address add 198.18.99.1/24 dev home
	ip -n home address add 198.18.99.2/24 dev eth0
	ip -n home route add default via 198.18.99.1
	ip -n internet address add 2001:db8:99::1/64 dev home nodad
	ip -n home address add 2001:db8:99::2/64 dev eth0 nodad
	ip -n home route add default via 2001:db8:99::1
}

device_outlives_its_home()
{
	second_home
	netns_add shelter
	device_in home shelter
	ping_to shelter "$(inner 4 entry)"
	goes home
	expect_equal 'peers left' "$(public_key entry)" \
		"$(ns shelter "$NYMCTL" show nym0 peers)"
	# The kernel's link watch tells of it within a second, in its own time.
	wait_until 60 has_no_carrier shelter
	expect_refused ping_to shelter "$(inner 4 entry)" -w 1
}

homeless_device_cannot_come_up()
{
	ip -n shelter link set nym0 down
	expect_refused ip -n shelter link set nym0 up
	# Yet its peers can be configured, and it goes like any other.
	ns shelter "$NYMCTL" set nym0 peer "$(public_key entry)" remove
	expect_equal 'peers left' '' "$(ns shelter "$NYMCTL" show nym0 peers)"
	ip -n shelter link del nym0
	ip netns del shelter
}

# IPv6 counts its routes in their namespace, up to the last reference.
homeless_device_keeps_no_route()
{
	# The one before goes in the background.
	wait_until 60 ns internet test ! -e /sys/class/net/home
	second_home
	netns_add shelter
	device_in home shelter 6
	ping_to shelter "$(inner 4 entry)"
	goes home
	# The memory of a namespace is freed when the next one goes.
	told_netns next
	goes next
	ip -n shelter link del nym0
	ip netns del shelter
}

namespaces_with_each_others_devices_go()
{
	told_netns one
	told_netns two
	ip -n one link add nyma type "$LINK_KIND"
	ip -n two link add nymb type "$LINK_KIND"
	ip -n one link set nyma netns two
	ip -n two link set nymb netns one
	ip -n two link set nyma up
	ip -n one link set nymb up
	ip netns del one
	goes two
	wait_until 60 is_absent told-one
}

# Nested: packets of the second device go through the first, whose sockets are
# in yet another namespace.
device_over_device_goes_in_any_order()
{
	told_netns low
	told_netns high
	device_in client low
	ip -n low link add nym1 type "$LINK_KIND"
	ns low "$NYMCTL" set nym1 private-key "$(private_key other)" \
		peer "$(public_key entry)" endpoint "$(inner 4 entry):51820" \
		allowed-ips 0.0.0.0/0
	ip -n low link set nym1 netns high
	ip -n high address add 10.99.0.2/32 dev nym1
	ip -n high link set nym1 up
	ip -n high route add default dev nym1
	gateway_admit entry other 3
	ns high ping -n -q -c 2 -i 0.2 -w 3 "$(inner 4 entry)" || true
	goes low
	ip -n high link show dev nym1 >/dev/null
	goes high
}

many_come_and_go()
{
	local i

	for i in {1..8}; do
		ip netns add "many$i"
		ip link add "told-many$i" type veth peer name told netns "many$i"
		ip -n client link add nym0 type "$LINK_KIND"
		ns client "$NYMCTL" set nym0 private-key "$(private_key client)" \
			peer "$(public_key entry)" persistent-keepalive 1 \
			endpoint "$(endpoint 4 entry 51820)"
		ip -n client link set nym0 netns "many$i"
		ip -n "many$i" link set nym0 up
	done
	for i in {1..8}; do
		ip netns del "many$i"
	done
	for i in {1..8}; do
		wait_until 60 is_absent "told-many$i"
	done
	wait_until 60 has_no_sockets client
}

has_no_sockets()
{
	[ -z "$(ns "$1" ss -Hlun)" ]
}

test_case 'a moved device sends from where it was created' \
	moved_device_sends_from_home
test_case 'a device goes with the namespace it is in, and so do its sockets' \
	device_goes_with_its_namespace
test_case 'a device outlives the namespace that it was created in' \
	device_outlives_its_home
test_case 'and then cannot come up, but its peers can be configured' \
	homeless_device_cannot_come_up
test_case 'and keeps no route of the namespace that is gone' \
	homeless_device_keeps_no_route
test_case "namespaces that have each other's devices go" \
	namespaces_with_each_others_devices_go
test_case 'a device over a device goes in any order' \
	device_over_device_goes_in_any_order
test_case 'many devices come and go with their namespaces' many_come_and_go
ktap_end
