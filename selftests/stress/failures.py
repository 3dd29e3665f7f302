#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Configuration in which each allocation fails once.

Every request is made again and again, so that in its first run its first allocation
fails, in the second the second, and so on until one runs through. Whatever failed,
the device can be asked and changed afterwards, and the same request then does what
it says. The kernel fails the Nth allocation of a task that asked for it in
/proc/thread-self/fail-nth; which ones count, the caller has said in debugfs.
"""
# pylint: disable=import-error
import errno
import os
import socket
import struct
import sys

import genetlink as nl
from genetlink import attr, u8, u16, u32
from uapi import C

DEVICE = b"nym0\0"
ENTRY, OTHER, EXIT, MIDDLE = (bytes([number]) * 32 for number in range(1, 5))
RTM_NEWLINK, RTM_DELLINK = 16, 17
NLM_F_EXCL, NLM_F_CREATE = 0x200, 0x400
IFLA_IFNAME, IFLA_LINKINFO, IFLA_INFO_KIND = 3, 18, 1
IFF_UP = 1
# No request has so many allocations.
LIMIT = 2000

fail_nth = os.open("/proc/thread-self/fail-nth", os.O_RDWR)


def send_failing(sock, message, number):
    """Send, with allocation @number failing. Return whether there was one."""
    os.pwrite(fail_nth, str(number).encode(), 0)
    try:
        sock.send(message)
    except OSError as error:
        # The copy of the request itself.
        if error.errno != errno.ENOBUFS:
            raise
        os.pwrite(fail_nth, b"0", 0)
        return True, False
    left = int(os.pread(fail_nth, 16, 0))
    os.pwrite(fail_nth, b"0", 0)
    return not left, True


class Link:
    """The device as a network device."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.socket.bind((0, 0))
        self.socket.settimeout(10)

    def message(self, kind, flags, attributes, state=0):
        body = struct.pack("=BxHiII", 0, 0, 0, state, IFF_UP)
        body += b"".join([attr(IFLA_IFNAME, DEVICE), *attributes])
        return struct.pack("=IHHII", 16 + len(body), kind,
                           nl.NLM_F_REQUEST | nl.NLM_F_ACK | flags, 1,
                           0) + body

    def new(self):
        return self.message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
                            [attr(IFLA_LINKINFO,
                                  [attr(IFLA_INFO_KIND, b"nym\0")])])

    def delete(self):
        return self.message(RTM_DELLINK, 0, [])

    def state(self, flags):
        return self.message(RTM_NEWLINK, 0, [], flags)

    def answer(self):
        """The error that a request ended with, or 0."""
        data = self.socket.recv(1 << 16)
        return -struct.unpack_from("=i", data, 16)[0]

    def do(self, message):
        self.socket.send(message)
        return self.answer()

    def must(self, message):
        if error := self.do(message):
            raise OSError(error, os.strerror(error))

    @staticmethod
    def exists():
        try:
            socket.if_nametoindex(DEVICE[:-1].decode())
        except OSError:
            return False
        return True


class Device:
    """The device as what it is configured to be."""

    def __init__(self):
        self.family = nl.Family("nym")
        self.name = attr(C.NYMDEVICE_A_IFNAME, DEVICE)

    def message(self, *attributes):
        body = struct.pack("=BBH", C.NYM_CMD_SET_DEVICE, 1, 0)
        body += b"".join([self.name, *attributes])
        return struct.pack("=IHHII", 16 + len(body), self.family.family,
                           nl.NLM_F_REQUEST | nl.NLM_F_ACK, 1, 0) + body

    def set(self, *attributes):
        self.family.request(C.NYM_CMD_SET_DEVICE, [self.name, *attributes])

    def clear(self):
        self.set(u32(C.NYMDEVICE_A_FLAGS, C.NYMDEVICE_F_REPLACE_PEERS),
                 u32(C.NYMDEVICE_A_FWMARK, 0))

    def answer(self):
        for _, _, body in self.family.receive():
            return -struct.unpack_from("=i", body)[0]
        return None

    def state(self):
        """All that can be read of it; peers by their keys."""
        answers, _ = self.family.dump(C.NYM_CMD_GET_DEVICE, [self.name])
        device, by_key = {}, {}
        for answer in answers:
            found = dict(nl.parse(answer))
            for _, nest in nl.parse(found.pop(C.NYMDEVICE_A_PEERS, b"")):
                one = dict(nl.parse(nest))
                # What was sent, and where to, depends on when it is asked.
                for changing in (C.NYMPEER_A_TX_BYTES, C.NYMPEER_A_MTU):
                    one.pop(changing, None)
                by_key[one[C.NYMPEER_A_PUBLIC_KEY]] = one
            device.update(found)
        for changing in (C.NYMDEVICE_A_LISTEN_PORT, C.NYMDEVICE_A_DROPS):
            device.pop(changing, None)
        return device, by_key


def endpoint(last):
    return attr(C.NYMPEER_A_ENDPOINT,
                struct.pack("=H", socket.AF_INET) + struct.pack("!H", 51820) +
                socket.inet_aton(f"127.0.1.{last}") + bytes(8))


def prefixes(number, *more):
    return attr(C.NYMPEER_A_ALLOWEDIPS, [
        attr(0, [u16(C.NYMALLOWEDIP_A_FAMILY, socket.AF_INET),
                 attr(C.NYMALLOWEDIP_A_IPADDR,
                      bytes([10, number, second, 0])),
                 u8(C.NYMALLOWEDIP_A_CIDR_MASK, 24), *more])
        for second in (0, 1, 64, 65)] + [
        attr(0, [u16(C.NYMALLOWEDIP_A_FAMILY, socket.AF_INET6),
                 attr(C.NYMALLOWEDIP_A_IPADDR,
                      bytes([0xfd, number]) + bytes(14)),
                 u8(C.NYMALLOWEDIP_A_CIDR_MASK, 64), *more])])


def via(carrier, port):
    return [attr(C.NYMPEER_A_VIA, carrier),
            attr(C.NYMPEER_A_VIA_ADDRESS4, socket.inet_aton("10.1.0.2")),
            u16(C.NYMPEER_A_VIA_PORT, port)]


def peers(*which):
    return attr(C.NYMDEVICE_A_PEERS, [attr(0, one) for one in which])


def peer(key, *attributes, flags=0):
    return [attr(C.NYMPEER_A_PUBLIC_KEY, key), u32(C.NYMPEER_A_FLAGS, flags),
            *attributes]


def identity(number):
    return [attr(C.NYMPEER_A_PRIVATE_KEY, bytes([number]) * 32),
            attr(C.NYMPEER_A_PRESHARED_KEY, bytes([number + 1]) * 32)]


def removed(key):
    return peer(key, flags=C.NYMPEER_F_REMOVE_ME)


ENTRY_PEER = peer(ENTRY, endpoint(1), *identity(101))
OTHER_PEER = peer(OTHER, endpoint(2), *identity(102), prefixes(2))
EXIT_PEER = peer(EXIT, endpoint(3), *identity(103), *via(ENTRY, 40000),
                 prefixes(3))
KEEPALIVE = u16(C.NYMPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 1)

# What the requests begin from, and what they ask for.
REQUESTS = {
    "a device's own settings": (
        [], [attr(C.NYMDEVICE_A_PRIVATE_KEY, bytes([100]) * 32),
             u32(C.NYMDEVICE_A_FWMARK, 7)]),
    "another port": (
        [peers(ENTRY_PEER)], [u16(C.NYMDEVICE_A_LISTEN_PORT, 0)]),
    "a path": (
        [], [peers(ENTRY_PEER, OTHER_PEER, EXIT_PEER)]),
    "keepalives": (
        [peers(ENTRY_PEER, EXIT_PEER)],
        [peers(peer(EXIT, KEEPALIVE), peer(ENTRY, KEEPALIVE))]),
    "another carrier": (
        [peers(ENTRY_PEER, OTHER_PEER, EXIT_PEER)],
        [peers(peer(EXIT, *via(OTHER, 40001), endpoint(4)))]),
    "a peer that is nested no longer": (
        [peers(OTHER_PEER, peer(OTHER, *via(ENTRY, 40004), endpoint(6)))],
        [peers(peer(OTHER, endpoint(7), attr(C.NYMPEER_A_VIA, bytes(32))))]),
    "a hop between": (
        [peers(ENTRY_PEER, EXIT_PEER)],
        [peers(peer(MIDDLE, endpoint(5), *via(ENTRY, 40002)),
               peer(EXIT, *via(MIDDLE, 40003)))]),
    "the carrier that a peer waits for": (
        [peers(ENTRY_PEER, EXIT_PEER), peers(removed(ENTRY))],
        [peers(ENTRY_PEER)]),
    "an entry in the place of another": (
        [peers(ENTRY_PEER, EXIT_PEER)],
        [peers(removed(ENTRY), OTHER_PEER, peer(EXIT, *via(OTHER, 40000)))]),
    "other keys": (
        [peers(ENTRY_PEER, EXIT_PEER)],
        [peers(peer(EXIT, *identity(111)), peer(ENTRY, *identity(113)))]),
    "prefixes of another": (
        [peers(OTHER_PEER, ENTRY_PEER, EXIT_PEER)],
        [peers(peer(OTHER, prefixes(3)),
               peer(EXIT, prefixes(2), prefixes(9),
                    flags=C.NYMPEER_F_REPLACE_ALLOWEDIPS))]),
}


def each_failure(what, begin, sock, message, answer, check):
    """Have a request fail in each way; return in how many there are."""
    for number in range(1, LIMIT):
        begin()
        failed, sent = send_failing(sock, message, number)
        error = answer() if sent else errno.ENOBUFS
        try:
            check(error)
        except Exception as reason:
            raise AssertionError(f"{what}: after the failure of allocation "
                                 f"{number}, which ended it with "
                                 f"{errno.errorcode.get(error, error)}"
                                 ) from reason
        if not failed:
            if error:
                raise AssertionError(f"{what}: fails without a failure: "
                                     f"{errno.errorcode[error]}")
            return number - 1
    raise AssertionError(f"{what}: no end after {LIMIT} allocations")


def make_and_take_away(link):
    def check(error):
        if bool(error) == link.exists():
            raise AssertionError(f"error {error}, device: {link.exists()}")
        if not error:
            link.must(link.delete())

    return each_failure("a new device", lambda: None, link.socket, link.new(),
                        link.answer, check)


def bring_up(link, device):
    def begin():
        link.must(link.state(0))

    def check(_):
        device.state()
        link.must(link.state(IFF_UP))

    device.clear()
    device.set(peers(peer(ENTRY, endpoint(1), *identity(101), KEEPALIVE)))
    return each_failure("the device up", begin, link.socket,
                        link.state(IFF_UP), link.answer, check)


def never_direct(state):
    """A nested peer has a carrier, or waits for one: in no state was it asked
    to be reached directly."""
    for key in (EXIT, MIDDLE):
        if key in state[1] and not state[1][key].get(C.NYMPEER_A_VIA):
            raise AssertionError(f"peer {key[0]} is not nested any more")


def configure(device, what):
    first, request = REQUESTS[what]

    def begin():
        device.clear()
        for attributes in first:
            device.set(attributes)

    def check(error):
        found = device.state()
        never_direct(found)
        if not error and found != wanted:
            raise AssertionError(f"no error, but {found}, wanted {wanted}")
        device.set(*request)
        if device.state() != wanted:
            raise AssertionError(f"{device.state()}, wanted {wanted}")

    begin()
    device.set(*request)
    wanted = device.state()
    return each_failure(what, begin, device.family.socket,
                        device.message(*request), device.answer, check)


def main():
    link = Link()
    print("a new device:", make_and_take_away(link), flush=True)
    link.must(link.new())
    device = Device()
    print("the device up:", bring_up(link, device), flush=True)
    for state in (IFF_UP, 0):
        link.must(link.state(state))
        for what in REQUESTS:
            # A device that is down has no sockets to make.
            if what == "another port" and not state:
                continue
            print(f"{what}:", configure(device, what), flush=True)
    link.must(link.delete())
    return 0


if __name__ == "__main__":
    sys.exit(main())
