#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test cases of icmp.sh."""
import contextlib
import errno
import functools
import select
import socket
import struct
import time

import driver
import netns
import packets
from cases import case, equal, run
from driver import HOST, INNER, PEER_INNER
from messages import DATA, message_type
from pair import ADDRESS, PORT, begin, open_peer
from peer import PATIENCE

# Senders: on the device's host, and one that it forwards for.
SENDERS = {"this host": (HOST, INNER),
           "beyond": ("lan", {4: "10.8.0.2", 6: "fd08::2"})}
# Inside, but in nobody's allowed IPs.
NOBODY = {4: "10.9.0.99", 6: "fd09::99"}
# Level, and options: IP_RECVERR, IP_MTU_DISCOVER and their IPv6 kin.
OPTIONS = {4: (socket.IPPROTO_IP, 11, 10), 6: (socket.IPPROTO_IPV6, 25, 23)}
# Tell, do not send; DF and whatever the device takes; the same without DF.
PMTUDISC_DO, PMTUDISC_PROBE, PMTUDISC_INTERFACE = 2, 3, 4
MSG_ERRQUEUE = 0x2000
HEADERS = {4: 28, 6: 48}
OVERHEAD = {4: 60, 6: 80}
# Type and code.
UNREACHABLE = {4: (3, 1), 6: (1, 3)}
TOO_BIG = {4: (3, 4), 6: (2, 0)}


def sender(where, version, discover=PMTUDISC_PROBE):
    host, addresses = SENDERS[where]
    sock = netns.udp(host, addresses[version])
    level, recverr, mtu_discover = OPTIONS[version]
    sock.setsockopt(level, recverr, 1)
    sock.setsockopt(level, mtu_discover, discover)
    return sock


def has_error(sock, patience):
    poll = select.poll()
    poll.register(sock, select.POLLERR)
    return bool(poll.poll(patience * 1000))


def error_of(sock, version):
    """Type, code and information of the ICMP error that comes."""
    if not has_error(sock, PATIENCE):
        raise AssertionError("no ICMP error came")
    _, ancillary, _, _ = sock.recvmsg(65535, 512, MSG_ERRQUEUE)
    _, origin, kind, code, _, info, _ = struct.unpack_from(
        "IBBBBII", ancillary[0][2])
    equal("origin of the error", {4: 2, 6: 3}[version], origin)
    return (kind, code), info


def unreachable(where, version, target):
    begin()
    with sender(where, version) as sock:
        sock.sendto(b"nowhere", (target[version], 9))
        equal("error", UNREACHABLE[version], error_of(sock, version)[0])
    # It counts as an error of the device.
    statistics = driver.run("ip", "-n", HOST, "-s", "-j", "link", "show",
                            driver.NAME)
    if '"errors":0' in statistics.split('"tx"')[1]:
        raise AssertionError("no transmit error counted: " + statistics)


def route_mtu(outer, mtu):
    """The route to the peer carries so much."""
    gateway = {4: "198.18.1.1", 6: "2001:db8:1::1"}[outer]
    words = ("mtu", str(mtu)) if mtu else ()
    driver.run("ip", "-n", HOST, f"-{outer}", "route", "replace", "default",
               "via", gateway, *words)


def established(outer, mtu, device_mtu=1500):
    """A session over a route of this MTU, sides of which reach the lan."""
    route_mtu(outer, mtu)
    device, first = begin(mtu=device_mtu)
    device.set_peer("allowed-ips", "10.9.0.2/32,fd09::2/128")
    first.close()
    peer = open_peer({4: ADDRESS, 6: "2001:db8:2::2"}[outer], PORT)
    session = peer.initiate()
    peer.send(session.data())
    return device, peer, session


def arrived(peer, session):
    return packets.length(peer.expect_packet(session))


def expect_nothing(peer):
    for message in peer.drain(0.2):
        if message_type(message) == DATA and len(message) > 200:
            raise AssertionError(f"{len(message)} bytes were sent anyway")


def too_big(where, outer, inner):
    _, peer, session = established(outer, 1440)
    try:
        mtu = 1440 - OVERHEAD[outer]
        with sender(where, inner) as sock:
            target = (PEER_INNER[inner], 9)
            sock.sendto(bytes(mtu - HEADERS[inner]), target)
            equal("bytes that fit", mtu, arrived(peer, session))
            sock.sendto(bytes(mtu + 1 - HEADERS[inner]), target)
            kind, info = error_of(sock, inner)
            equal("error", TOO_BIG[inner], kind)
            equal("MTU told", mtu, info)
            expect_nothing(peer)
        if where == "this host":
            # The route has learned it.
            with sender(where, inner, PMTUDISC_DO) as sock:
                try:
                    sock.sendto(bytes(mtu + 1 - HEADERS[inner]), target)
                except OSError as error:
                    equal("error", errno.EMSGSIZE, error.errno)
                else:
                    raise AssertionError("the route's MTU is not known")
    finally:
        route_mtu(outer, 0)


def may_be_fragmented(outer):
    _, peer, session = established(outer, 1440)
    try:
        with sender("beyond", 4, PMTUDISC_INTERFACE) as sock:
            sock.sendto(bytes(1500 - 28), (PEER_INNER[4], 9))
            equal("bytes", 1500, arrived(peer, session))
    finally:
        route_mtu(outer, 0)


def least_of_ipv6(outer):
    """Every IPv6 link carries 1280 bytes, however little the network takes:
    no sender can be told to send less."""
    _, peer, session = established(outer, 1290)
    try:
        for where in SENDERS:
            with sender(where, 6) as sock:
                sock.sendto(bytes(1280 - 48), (PEER_INNER[6], 9))
                equal("bytes", 1280, arrived(peer, session))
                sock.sendto(bytes(1281 - 48), (PEER_INNER[6], 9))
                kind, info = error_of(sock, 6)
                equal("error", TOO_BIG[6], kind)
                equal("MTU told", 1280, info)
    finally:
        route_mtu(outer, 0)


def set_remote_mtu(mtu):
    """Of the last link to the peer: only its router knows."""
    for host, name in (("remote", "eth0"), ("internet", "remote")):
        driver.run("ip", "-n", host, "link", "set", name, "mtu", str(mtu))


def learned_from_a_router(inner):
    _, peer, session = established(6, 0)
    set_remote_mtu(1400)
    try:
        with sender("beyond", inner) as sock:
            target = (PEER_INNER[inner], 9)
            # The router drops it and tells us, not the sender.
            sock.sendto(bytes(1420 - HEADERS[inner]), target)
            deadline = time.monotonic() + PATIENCE
            while not has_error(sock, 0.1) and time.monotonic() < deadline:
                with contextlib.suppress(OSError):  # an error that comes just now
                    sock.sendto(bytes(1420 - HEADERS[inner]), target)
            kind, info = error_of(sock, inner)
            equal("error", TOO_BIG[inner], kind)
            equal("MTU told", 1400 - 80, info)
        # Another sender: more errors may be on the way to that one.
        with sender("beyond", inner) as sock:
            sock.sendto(bytes(1320 - HEADERS[inner]), target)
            equal("bytes", 1320, arrived(peer, session))
    finally:
        set_remote_mtu(1500)


def fragmented_by_a_router():
    _, peer, session = established(4, 0)
    set_remote_mtu(1400)
    try:
        with sender("beyond", 4) as sock:
            for size in (1400, 1440):
                sock.sendto(bytes(size - 28), (PEER_INNER[4], 9))
                equal("bytes", size, arrived(peer, session))
    finally:
        set_remote_mtu(1500)


for _where in SENDERS:
    for _version in (4, 6):
        case(f"no peer for the address: {_where}, IPv{_version}")(
            functools.partial(unreachable, _where, _version, NOBODY))
        case(f"a peer without endpoint: {_where}, IPv{_version}")(
            functools.partial(unreachable, _where, _version, PEER_INNER))
        for _outer in (4, 6):
            case(f"too big for the route: {_where}, IPv{_version} in "
                 f"IPv{_outer}")(
                functools.partial(too_big, _where, _outer, _version))
for _outer in (4, 6):
    case(f"a packet that may be fragmented is sent, over IPv{_outer}")(
        functools.partial(may_be_fragmented, _outer))
    case(f"IPv6 packets of 1280 bytes are sent over whatever IPv{_outer}")(
        functools.partial(least_of_ipv6, _outer))
for _version in (4, 6):
    case(f"what a router of the real IPv6 network tells, IPv{_version} inside")(
        functools.partial(learned_from_a_router, _version))
case("routers of the real IPv4 network may fragment")(fragmented_by_a_router)

if __name__ == "__main__":
    run()
