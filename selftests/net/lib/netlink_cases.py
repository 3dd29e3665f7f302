#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""netlink_cases.py CASE: one test case of netlink.sh, about the interface that
Documentation/netlink/specs/nym.yaml describes. Exit status 0 is success."""
# pylint: disable=no-member,invalid-name,unbalanced-tuple-unpacking
# pylint: disable=protected-access
import errno
import os
import socket
import struct
import subprocess
import sys

import genetlink as nl
from genetlink import attr, u8, u16, u32, u64
from uapi import C

DEVICE = "nym0"
UNLIMITED = (1 << 64) - 1


def key(i):
    return bytes([i]) * 32


def sockaddr4(ip, port):
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + \
        socket.inet_aton(ip) + bytes(8)


def allowedip(ip, cidr, *more):
    return attr(0, [u16(C.NYMALLOWEDIP_A_FAMILY, socket.AF_INET),
                    attr(C.NYMALLOWEDIP_A_IPADDR, socket.inet_aton(ip)),
                    u8(C.NYMALLOWEDIP_A_CIDR_MASK, cidr), *more])


def peer(public_key, *attributes):
    return attr(0, [attr(C.NYMPEER_A_PUBLIC_KEY, public_key), *attributes])


def via(carrier):
    return attr(C.NYMPEER_A_VIA, key(carrier) if carrier else bytes(32))


def address(ip):
    return attr(C.NYMPEER_A_VIA_ADDRESS4, socket.inet_aton(ip))


class Device:
    """The device under test, made anew for each case."""

    def __init__(self):
        self.family = nl.Family("nym")
        self.name = attr(C.NYMDEVICE_A_IFNAME, DEVICE.encode() + b"\0")

    def set(self, *attributes):
        self.family.request(C.NYM_CMD_SET_DEVICE, [self.name, *attributes])

    def set_peers(self, *peers):
        self.set(attr(C.NYMDEVICE_A_PEERS, list(peers)))

    def dump(self, between=None):
        """All peers by key, their allowed IPs joined, and the other things."""
        answers, is_interrupted = self.family.dump(
            C.NYM_CMD_GET_DEVICE, [self.name], between)
        device, peers = {}, {}
        for answer in answers:
            found = dict(nl.parse(answer))
            for _, nest in nl.parse(found.pop(C.NYMDEVICE_A_PEERS, b"")):
                one = dict(nl.parse(nest))
                known = peers.setdefault(one[C.NYMPEER_A_PUBLIC_KEY],
                                         {C.NYMPEER_A_ALLOWEDIPS: b""})
                one[C.NYMPEER_A_ALLOWEDIPS] = (
                    known[C.NYMPEER_A_ALLOWEDIPS] +
                    one.get(C.NYMPEER_A_ALLOWEDIPS, b""))
                known.update(one)
            device.update(found)
        return device, peers, is_interrupted

    def peers(self):
        return self.dump()[1]

    def peer(self, i):
        return self.peers()[key(i)]

    def hops(self, i):
        """Direct peers are dumped without."""
        return self.peer(i).get(C.NYMPEER_A_HOPS, b"\1")[0]

    def refused(self, error, attribute, *peers):
        """The peers must be refused, and the message must name the attribute."""
        try:
            self.set_peers(*peers)
        except nl.Refused as refusal:
            expect(refusal.errno == error and refusal.message and
                   refusal.attribute == attribute,
                   f"wrong refusal: {refusal!r} at {refusal.attribute}, "
                   f"wanted {errno.errorcode[error]} at {attribute}")
            return refusal
        raise AssertionError(f"attribute {attribute} was accepted")


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def errors_name_the_attribute(dev):
    dev.refused(errno.EINVAL, 0, attr(0, []))
    dev.refused(errno.ERANGE, C.NYMPEER_A_PUBLIC_KEY, peer(key(1)[1:]))
    for attribute, error in (
            (attr(C.NYMPEER_A_ENDPOINT, bytes(16)), errno.EINVAL),
            (attr(C.NYMPEER_A_ENDPOINT, sockaddr4("1.1.1.1", 1) + b"1234"),
             errno.EINVAL),
            (u32(C.NYMPEER_A_PROTOCOL_VERSION, 2), errno.EPFNOSUPPORT),
            (u32(C.NYMPEER_A_FLAGS, 8), errno.EINVAL),
            (u64(C.NYMPEER_A_QUOTA, 1 << 63), errno.ERANGE),
            (u64(C.NYMPEER_A_QUOTA_ADD, UNLIMITED), errno.ERANGE),
            (u64(C.NYMPEER_A_QUOTA_LOW, UNLIMITED), errno.ERANGE),
            (attr(C.NYMPEER_A_IDENTITY, key(2)), errno.EINVAL),
            (u32(C.NYMPEER_A_MTU, 1280), errno.EINVAL),
            (u8(C.NYMPEER_A_HOPS, 1), errno.EINVAL),
            (attr(C.NYMPEER_A_VIA_PORT_DRAWN, b""), errno.EINVAL),
            (via(1), errno.EINVAL),
            (address("10.0.0.2"), errno.EINVAL),
            (u16(C.NYMPEER_A_VIA_PORT, 5), errno.EINVAL),
            (attr(C.NYMPEER_A_VIA_ADDRESS6, bytes(4)), errno.ERANGE),
            (attr(20, b""), errno.EINVAL)):
        kind = struct.unpack_from("=HH", attribute)[1] & nl.NLA_TYPE_MASK
        dev.refused(error, kind, peer(key(1), attribute))
    for nest, kind in (
            (allowedip("10.0.0.0", 33), C.NYMALLOWEDIP_A_CIDR_MASK),
            (attr(0, [u16(C.NYMALLOWEDIP_A_FAMILY, 3),
                      attr(C.NYMALLOWEDIP_A_IPADDR, bytes(4)),
                      u8(C.NYMALLOWEDIP_A_CIDR_MASK, 1)]),
             C.NYMALLOWEDIP_A_FAMILY),
            (attr(0, [u16(C.NYMALLOWEDIP_A_FAMILY, socket.AF_INET6),
                      attr(C.NYMALLOWEDIP_A_IPADDR, bytes(4)),
                      u8(C.NYMALLOWEDIP_A_CIDR_MASK, 1)]),
             C.NYMALLOWEDIP_A_IPADDR),
            (attr(0, [u16(C.NYMALLOWEDIP_A_FAMILY, socket.AF_INET)]), 0)):
        dev.refused(errno.EINVAL, kind,
                    peer(key(1), attr(C.NYMPEER_A_ALLOWEDIPS, [nest])))
    expect(not dev.peers(), "a refused peer is there")


def bad_request_changes_nothing(dev):
    dev.set_peers(peer(key(9)))
    dev.refused(errno.EINVAL, C.NYMPEER_A_HOPS,
                peer(key(1), attr(C.NYMPEER_A_ENDPOINT,
                                  sockaddr4("127.0.0.1", 1))),
                peer(key(9), u32(C.NYMPEER_A_FLAGS, C.NYMPEER_F_REMOVE_ME)),
                peer(key(2), u8(C.NYMPEER_A_HOPS, 1)))
    expect(list(dev.peers()) == [key(9)], "part of a bad request was done")


def device_is_named_once(dev):
    for attributes, error in (
            ([], errno.EBADR),
            ([dev.name, u32(C.NYMDEVICE_A_IFINDEX, 1)], errno.EBADR),
            ([attr(C.NYMDEVICE_A_IFNAME, b"nym9\0")], errno.ENODEV),
            ([attr(C.NYMDEVICE_A_IFNAME, b"lo\0")], errno.EOPNOTSUPP)):
        for command in (dev.family.request, dev.family.dump):
            number = (C.NYM_CMD_SET_DEVICE if command == dev.family.request
                      else C.NYM_CMD_GET_DEVICE)
            try:
                command(number, attributes)
            except nl.Refused as refusal:
                expect(refusal.errno == error, repr(refusal))
            else:
                raise AssertionError(f"accepted: {attributes}")


def vias_in_any_order(dev):
    # All at once, the innermost first.
    dev.set_peers(*(peer(key(i), via(i - 1)) for i in range(5, 1, -1)),
                  peer(key(1)))
    expect([dev.hops(i) for i in range(1, 6)] == [1, 2, 3, 4, 5],
           "the chain is not as configured")
    # Turned round at once.
    dev.set_peers(*(peer(key(i), via(i + 1)) for i in range(1, 5)),
                  peer(key(5), via(0)))
    expect([dev.hops(i) for i in range(1, 6)] == [5, 4, 3, 2, 1],
           "the chain was not turned round")


def bad_vias(dev):
    dev.set_peers(peer(key(1)), peer(key(2), via(1), address("10.0.0.2"),
                                     u16(C.NYMPEER_A_VIA_PORT, 1000)))
    dev.refused(errno.ELOOP, C.NYMPEER_A_VIA, peer(key(1), via(2)))
    dev.refused(errno.EINVAL, C.NYMPEER_A_VIA, peer(key(1), via(1)))
    expect(dev.hops(1) == 1 and dev.hops(2) == 2, "refusal changed a path")
    before = dev.peer(1)
    dev.refused(errno.ELOOP, C.NYMPEER_A_VIA,
                peer(key(1), attr(C.NYMPEER_A_PRIVATE_KEY, key(0x50)),
                     attr(C.NYMPEER_A_PRESHARED_KEY, key(0x51)), via(2)))
    expect(dev.peer(1) == before, "refusal changed keys")
    dev.refused(errno.EADDRINUSE, C.NYMPEER_A_VIA,
                peer(key(3), via(1), address("10.0.0.2"),
                     u16(C.NYMPEER_A_VIA_PORT, 1000)))
    dev.set_peers(*(peer(key(i), via(i - 1)) for i in range(3, 6)))
    dev.refused(errno.EMLINK, C.NYMPEER_A_VIA, peer(key(6), via(5)))
    dev.refused(errno.ELOOP, C.NYMPEER_A_VIA,
                peer(key(7), via(8)), peer(key(8), via(7)))
    # What could not be nested must not be there as a direct peer.
    expect(sorted(dev.peers()) == [key(i) for i in range(1, 6)],
           "a refused nested peer stayed")


def path_follows_the_carrier(dev):
    dev.set_peers(peer(key(2), via(1), address("10.0.0.2")))
    one = dev.peer(2)
    expect(one[C.NYMPEER_A_HOPS] == b"\0" and C.NYMPEER_A_MTU not in one,
           "a peer without its carrier has a path")
    port = one[C.NYMPEER_A_VIA_PORT]
    expect(32768 <= struct.unpack("=H", port)[0] <= 60999, "port out of range")
    remove = u32(C.NYMPEER_A_FLAGS, C.NYMPEER_F_REMOVE_ME)
    for _ in range(2):
        dev.set_peers(peer(key(1)))
        one = dev.peer(2)
        expect(one[C.NYMPEER_A_HOPS] == b"\2" and
               one[C.NYMPEER_A_VIA] == key(1) and
               one[C.NYMPEER_A_VIA_PORT] == port and
               one[C.NYMPEER_A_VIA_ADDRESS4] == socket.inet_aton("10.0.0.2"),
               "the path did not come up with the carrier")
        expect(struct.unpack("=I", one[C.NYMPEER_A_MTU])[0] == 1500 - 160,
               "wrong MTU")
        dev.set_peers(peer(key(1), remove))
        one = dev.peer(2)
        expect(one[C.NYMPEER_A_HOPS] == b"\0" and C.NYMPEER_A_VIA in one,
               "the peer is direct after its carrier went")


def drawn_ports(dev):
    drawn = C.NYMPEER_A_VIA_PORT_DRAWN
    dev.set_peers(peer(key(1)), peer(key(2), via(1), address("10.0.0.2")))
    expect(drawn not in dev.peer(1), "a direct peer's port was drawn")
    expect(dev.peer(2).get(drawn) == b"", "a drawn port is not told")
    dev.set_peers(peer(key(2), u16(C.NYMPEER_A_VIA_PORT, 1000)))
    expect(drawn not in dev.peer(2), "a port that was set is told as drawn")
    dev.set_peers(peer(key(2), attr(C.NYMPEER_A_PRIVATE_KEY, key(0x50))))
    expect(drawn not in dev.peer(2), "an identity made the port a drawn one")
    dev.set_peers(peer(key(2), u16(C.NYMPEER_A_VIA_PORT, 0)))
    expect(drawn in dev.peer(2), "the port was not drawn again")
    dev.set_peers(peer(key(2), via(0)))
    expect(drawn not in dev.peer(2), "a direct peer's port was drawn")


def identities(dev):
    dev.set_peers(peer(key(1)))
    dev.set(attr(C.NYMDEVICE_A_PRIVATE_KEY, key(0x48)))
    device, peers, _ = dev.dump()
    public = device[C.NYMDEVICE_A_PUBLIC_KEY]
    expect(C.NYMPEER_A_IDENTITY not in peers[key(1)],
           "the peer has an own identity from the start")
    dev.set_peers(peer(key(1), attr(C.NYMPEER_A_PRIVATE_KEY, key(0x50))))
    one = dev.peer(1)
    expect(one[C.NYMPEER_A_PRIVATE_KEY] == key(0x50) and
           one[C.NYMPEER_A_IDENTITY] != public, "the peer has no own identity")
    dev.set_peers(peer(key(1), attr(C.NYMPEER_A_PRIVATE_KEY, bytes(32))))
    one = dev.peer(1)
    expect(C.NYMPEER_A_PRIVATE_KEY not in one and
           C.NYMPEER_A_IDENTITY not in one, "the own identity stayed")
    # A peer with the device's key is left out without a word, one that is
    # there when the device gets that key goes.
    dev.set_peers(peer(public))
    expect(public not in dev.peers(), "the device is its own peer")
    dev.set(attr(C.NYMDEVICE_A_PRIVATE_KEY, bytes(32)))
    expect(C.NYMDEVICE_A_PUBLIC_KEY not in dev.dump()[0], "the key stayed")
    # The identity toward a peer cannot be that peer's own.
    dev.refused(errno.EINVAL, C.NYMPEER_A_PRIVATE_KEY,
                peer(public, attr(C.NYMPEER_A_PRIVATE_KEY, key(0x48))))
    dev.set_peers(peer(public))
    dev.set(attr(C.NYMDEVICE_A_PRIVATE_KEY, key(0x48)))
    expect(public not in dev.peers(), "the device is its own peer")


def quotas(dev):
    def left():
        found = dev.peer(1).get(C.NYMPEER_A_QUOTA)
        return struct.unpack("=Q", found)[0] if found else UNLIMITED

    dev.set_peers(peer(key(1), u64(C.NYMPEER_A_QUOTA_ADD, 5)))
    expect(left() == UNLIMITED, "a new peer has a quota")
    dev.set_peers(peer(key(1), u64(C.NYMPEER_A_QUOTA, 1000),
                       u64(C.NYMPEER_A_QUOTA_LOW, 100)))
    expect(left() == 1000, "the quota is not as set")
    dev.set_peers(peer(key(1), u64(C.NYMPEER_A_QUOTA_ADD, 234)))
    expect(left() == 1234, "the quota is not what it was and what was added")
    dev.set_peers(peer(key(1), u64(C.NYMPEER_A_QUOTA, 0)))
    expect(left() == 0, "the quota is not spent")
    low = struct.unpack("=Q", dev.peer(1)[C.NYMPEER_A_QUOTA_LOW])[0]
    expect(low == 100, "the low mark is not as set")
    dev.set_peers(peer(key(1), u64(C.NYMPEER_A_QUOTA, UNLIMITED)))
    expect(left() == UNLIMITED, "the limit was not lifted")


def numbered(i):
    return struct.pack("<I", i) * 8


def add_many(dev, n):
    for first in range(0, n, 100):
        dev.set_peers(*(
            peer(numbered(i), attr(C.NYMPEER_A_ALLOWEDIPS, [
                allowedip(socket.inet_ntoa(struct.pack("!I", i * 4 + j)), 32)
                for j in range(3)]))
            for i in range(first + 1, first + 101)))


def dump_of_any_size(dev):
    add_many(dev, 2000)
    many = range(0x0b000000, 0x0b000000 + 5000)
    for first in range(0, 5000, 500):
        dev.set_peers(peer(numbered(700), attr(C.NYMPEER_A_ALLOWEDIPS, [
            allowedip(socket.inet_ntoa(struct.pack("!I", ip)), 32)
            for ip in many[first:first + 500]])))
    _, peers, is_interrupted = dev.dump()
    expect(not is_interrupted, "nothing interrupted the dump")
    expect(sorted(peers) == sorted(numbered(i) for i in range(1, 2001)),
           f"{len(peers)} peers of 2000")
    for i in range(1, 2001):
        found = {dict(nl.parse(nest))[C.NYMALLOWEDIP_A_IPADDR] for _, nest in
                 nl.parse(peers[numbered(i)][C.NYMPEER_A_ALLOWEDIPS])}
        wanted = {struct.pack("!I", i * 4 + j) for j in range(3)}
        if i == 700:
            wanted |= {struct.pack("!I", ip) for ip in many}
        expect(found == wanted, f"allowed IPs of peer {i} are not complete")


def dump_tells_of_interruption(dev):
    add_many(dev, 500)
    other = nl.Family("nym")
    remove = u32(C.NYMPEER_A_FLAGS, C.NYMPEER_F_REMOVE_ME)
    for change in (peer(numbered(499), remove), peer(numbered(1), remove),
                   peer(key(1))):
        _, _, is_interrupted = dev.dump(lambda c=change: other.request(
            C.NYM_CMD_SET_DEVICE,
            [dev.name, attr(C.NYMDEVICE_A_PEERS, [c])]))
        expect(is_interrupted, "a change went unnoticed")
    # The reader may also find all peers gone, or go away itself.
    _, _, is_interrupted = dev.dump(lambda: other.request(
        C.NYM_CMD_SET_DEVICE,
        [dev.name, u32(C.NYMDEVICE_A_FLAGS, C.NYMDEVICE_F_REPLACE_PEERS)]))
    expect(is_interrupted, "the end of all peers went unnoticed")
    add_many(dev, 500)
    other.send(C.NYM_CMD_GET_DEVICE, [dev.name], nl.NLM_F_DUMP)
    other.receive()
    other.socket.close()


def half_read_dump_holds_nothing(dev):
    """Somebody who reads but the beginning of a dump keeps no device, and does
    not read on in another that has its name and index."""
    add_many(dev, 500)
    index = socket.if_nametoindex(DEVICE)
    reader = nl.Family("nym")
    reader.send(C.NYM_CMD_GET_DEVICE, [dev.name], nl.NLM_F_DUMP)
    reader.receive()
    link = ["ip", "link"]
    subprocess.run([*link, "del", DEVICE], check=True, timeout=120)
    subprocess.run([*link, "add", DEVICE, "index", str(index), "type", "nym"],
                   check=True)
    for _ in range(1000):
        for kind, flags, body in reader.receive():
            if kind == nl.NLMSG_DONE:
                try:
                    reader.raise_error(body, flags)
                except nl.Refused as refusal:
                    expect(refusal.errno == errno.ENODEV, repr(refusal))
                    return
                raise AssertionError("the dump ended as if it were whole")
    raise AssertionError("the dump never ended")


def changes_end_with_the_device(dev):
    """What is set while the device goes is refused or goes with it. A peer that is
    added to what is left of it stays for good, as is seen when the module goes."""
    link = ["ip", "link"]
    for _ in range(5):
        # Closing its sockets takes a moment, in which it is still found.
        subprocess.run([*link, "set", DEVICE, "up"], check=True)
        with subprocess.Popen([*link, "del", DEVICE]) as going:
            try:
                while True:
                    dev.set_peers(peer(key(1)))
            except nl.Refused as refusal:
                expect(refusal.errno == errno.ENODEV, repr(refusal))
        expect(going.returncode == 0, "the device did not go")
        subprocess.run([*link, "add", DEVICE, "type", "nym"], check=True)


def strangers_get_nothing(dev):
    """Without CAP_NET_ADMIN nothing can be read, changed or listened to."""
    dev.set(attr(C.NYMDEVICE_A_PRIVATE_KEY, key(0x48)))
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        expect(status == 0, f"the stranger's status is {status}")
        return
    try:
        os.setgid(65534)
        os.setuid(65534)
        family = nl.Family("nym")
        for attempt in (
                lambda: family.dump(C.NYM_CMD_GET_DEVICE, [dev.name]),
                lambda: family.request(C.NYM_CMD_SET_DEVICE, [dev.name]),
                lambda: family.join("events")):
            try:
                attempt()
            except PermissionError:
                continue
            except nl.Refused as refusal:
                expect(refusal.errno == errno.EPERM, repr(refusal))
                continue
            raise AssertionError("a stranger was let in")
    except BaseException as failure:  # pylint: disable=broad-except
        print(repr(failure), flush=True)
        os._exit(1)
    os._exit(0)


def events_tell_what_happened(dev):
    listener = nl.Family("nym")
    listener.join("events")
    dev.set_peers(peer(key(1), attr(C.NYMPEER_A_ENDPOINT,
                                    sockaddr4("192.0.2.1", 1))))
    moved = sockaddr4("192.0.2.2", 2)
    dev.set_peers(peer(key(1), attr(C.NYMPEER_A_ENDPOINT, moved)))
    (_, _, body), = listener.receive()
    expect(body[0] == C.NYM_CMD_EVENT, "not an event")
    found = dict(nl.parse(body[4:]))
    expect(struct.unpack("=I", found[C.NYMEVENT_A_KIND])[0] ==
           C.NYM_EVENT_ENDPOINT_MOVED and
           found[C.NYMEVENT_A_IFNAME] == DEVICE.encode() + b"\0" and
           struct.unpack("=I", found[C.NYMEVENT_A_IFINDEX])[0] ==
           socket.if_nametoindex(DEVICE), f"wrong event: {found}")
    about = dict(nl.parse(found[C.NYMEVENT_A_PEER]))
    expect(about == {C.NYMPEER_A_PUBLIC_KEY: key(1),
                     C.NYMPEER_A_ENDPOINT: moved}, f"wrong peer: {about}")


CASES = {function.__name__: function for function in (
    errors_name_the_attribute, bad_request_changes_nothing,
    device_is_named_once, vias_in_any_order, bad_vias,
    path_follows_the_carrier, drawn_ports, identities, quotas,
    dump_of_any_size, dump_tells_of_interruption, half_read_dump_holds_nothing,
    changes_end_with_the_device, strangers_get_nothing,
    events_tell_what_happened)}


def main():
    case = CASES[sys.argv[1]]
    subprocess.run(["ip", "link", "add", DEVICE, "type", "nym"], check=True)
    try:
        case(Device())
    finally:
        subprocess.run(["ip", "link", "del", DEVICE], check=True)


main()
