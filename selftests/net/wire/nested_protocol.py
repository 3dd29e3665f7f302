#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test cases of nested_protocol.sh."""
import os
import socket
import struct
import time

import load
import messages
import packets
from cases import both_versions, case, equal, run
from driver import OUTER, secret_file
from messages import COOKIE, DATA, INITIATION, RESPONSE
from nested import BEYOND, EXIT, EXIT_ELSEWHERE, INNER, \
    INNER_PORT, KEYS, PORT, NestedDevice, expect_said, initiation_anew, \
    is_of, opened, tell_too_big, where_to
from peer import PATIENCE, SILENCE, Peer
from x25519 import public_key

NOT_ECT, ECT_1, ECT_0, CE = range(4)
OTHER_PORT = 52000
# IP_RECVTOS, IPV6_RECVTCLASS; the level and type of what they give.
RECEIVE_CLASS = {4: (socket.IPPROTO_IP, 13, 1), 6: (socket.IPPROTO_IPV6, 66, 67)}
SEND_CLASS = {4: (socket.IPPROTO_IP, socket.IP_TOS),
              6: (socket.IPPROTO_IPV6, socket.IPV6_TCLASS)}
# IP_MTU_DISCOVER, IP_MTU and their kin.
DISCOVER = {4: (socket.IPPROTO_IP, 10), 6: (socket.IPPROTO_IPV6, 23)}
MTU = {4: (socket.IPPROTO_IP, 14), 6: (socket.IPPROTO_IPV6, 24)}
UDP_SEGMENT = 103


@both_versions("a nested peer roams inside its carrier")
def roams(version):
    device = NestedDevice(version)
    session = device.open()
    expect_said(device, session, b"before")
    equal("sent to", (EXIT[version], PORT), where_to(device.exit.last_packet))
    for address, port in ((EXIT[version], OTHER_PORT),
                          (EXIT_ELSEWHERE[version], PORT)):
        device.exit.address, device.exit.port = address, port
        device.deliver(session, b"from elsewhere")
        expect_said(device, session, b"after")
        equal("sent to", (address, port), where_to(device.exit.last_packet))
        equal("endpoint", device.endpoint(address, port),
              device.show("exit", "endpoints"))
    # A handshake moves it as well.
    device.exit.address = EXIT[version]
    device.exit.initiate()
    equal("response sent to", (EXIT[version], PORT),
          where_to(device.exit.last_packet))


@both_versions("padding is zeros at every layer")
def padding(version):
    device = NestedDevice(version)
    session = device.open()
    for size in range(1, 17):
        packet = expect_said(device, session, bytes([0xff]) * size)
        nested = device.exit.last_packet
        for padded in (packet, nested):
            equal("multiple of 16", 0, len(padded) % 16)
            rest = padded[packets.length(padded):]
            equal("padding", bytes(len(rest)), rest)


@both_versions("the entry roams under its nested peer")
def entry_roams(version):
    device = NestedDevice(version)
    session = device.open()
    elsewhere = opened(Peer("exit", EXIT_ELSEWHERE[4], OTHER_PORT,
                            KEYS["entry"], public_key(KEYS["client_entry"]),
                            (OUTER[4], PORT)))
    device.exit.carrier = elsewhere
    device.deliver(session, b"from elsewhere")
    device.entry.drain(0)
    expect_said(device, session, b"there")
    device.entry.expect_silence()
    equal("endpoint of the exit", device.endpoint(EXIT[version]),
          device.show("exit", "endpoints"))


@both_versions("under load, a nested peer is sent a cookie inside its carrier")
def cookies(version):
    device = NestedDevice(version)
    device.open_entry()
    flooder = opened(Peer("exit", EXIT_ELSEWHERE[4], OTHER_PORT, KEYS["entry"],
                          public_key(KEYS["client_entry"]), (OUTER[4], PORT)))
    for _ in range(10):
        handshake = device.exit.handshake()
        initiation = handshake.initiation()
        with load.overwhelmed(flooder):
            device.exit.send(initiation)
        reply, _ = device.exit.receive()
        # Once decrypted it is behind all of the flood, which a slow guest may have
        # worked off more than a second before.
        if messages.message_type(reply) == COOKIE:
            break
    cookie = load.cookie_in(reply, device.exit, initiation)
    device.outside.expect_silence()
    # With the cookie the same message is good.
    message = load.with_mac2(initiation, cookie)
    with load.overwhelmed(flooder):
        device.exit.send(message)
    session = handshake.consume_response(device.exit.expect(RESPONSE))
    device.deliver(session, b"good")


@case("another identity does not come with the former's cookie")
def forgets_cookie():
    device = NestedDevice()
    initiation = initiation_anew(device)
    cookie = os.urandom(16)
    for _ in range(10):
        device.exit.send(messages.cookie_reply(initiation, device.exit.public,
                                               cookie))
        # It may go down before it has read the cookie.
        initiation = initiation_anew(device)
        if messages.mac2_is_valid(initiation, cookie):
            break
    else:
        raise AssertionError("mac2 never showed the cookie")
    device.set_exit("identity", secret_file("another.key", KEYS["device"]))
    device.exit.remote = public_key(KEYS["device"])
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        initiation = device.exit.expect(INITIATION)
        if is_of(initiation, device.exit):
            break
    equal("mac2", messages.NO_MAC, messages.mac2_of(initiation))


@both_versions("keepalives of a nested peer go through its carrier")
def keepalives(version):
    device = NestedDevice(version, exit_words=("persistent-keepalive", "1"))
    session = device.open()
    begin = time.monotonic()
    for _ in range(2):
        equal("keepalive", b"", device.exit.expect_data(session))
    if time.monotonic() - begin > PATIENCE:
        raise AssertionError("keepalives were late")
    device.outside.expect_silence()


@both_versions("both sides rekey inside the carrier")
def rekeys(version):
    device = NestedDevice(version)
    device.say(b"first")
    device.open_entry()
    session, plain = device.exit.begin_session()
    equal("first", b"first", packets.udp_payload(plain))
    # As the responder; the device goes on with the new key.
    renewed = device.exit.initiate()
    device.deliver(renewed, b"confirm")
    expect_said(device, renewed, b"new key")
    # The former one still receives.
    device.deliver(session, b"former key")
    device.outside.expect_silence()


# What every network of IPv6 carries.
LEAST_MTU6 = 1280
# Bytes that a hop takes from the carrier's MTU.
OVERHEAD = {4: 60, 6: 80}


@both_versions("too-big errors from behind the entry reach the sender")
def path_mtu(version):
    device = NestedDevice(version, mtu=1420)
    session = device.open()
    sock = device.socket(4)
    sock.setsockopt(*DISCOVER[4], 2)
    expect_said(device, session, bytes(1200))
    told = 1300
    tell_too_big(device, told)
    expect_said(device, session, bytes(100))
    expected = told - OVERHEAD[version]
    deadline = time.monotonic() + PATIENCE
    found = None
    while found != expected and time.monotonic() < deadline:
        with device.connected(4) as probe:
            probe.setsockopt(*DISCOVER[4], 2)
            try:
                probe.send(bytes(1300))
                time.sleep(0.05)
            except OSError:
                pass
            found = probe.getsockopt(*MTU[4])
    equal("MTU that the sender has", expected, found)
    device.exit.drain(SILENCE)
    expect_said(device, session, bytes(expected - 28))


def inside(device, session):
    """The next packet that the exit gets; keepalives may come before."""
    while True:
        packet = device.exit.expect_data(session)
        if packet:
            return packet


def whole_again(device, session, first):
    """What the fragments that the exit gets, of which this is the first, were."""
    datagram, piece = b"", first
    while True:
        length, where = struct.unpack_from("!H2xH", piece, 2)
        equal("identification", first[4:6], piece[4:6])
        equal("offset", len(datagram), (where & 0x1fff) * 8)
        datagram += piece[20:length]
        if not where & 0x2000:
            return datagram
        piece = inside(device, session)


@both_versions("what may be cut inside is, where nobody else would")
def cut_inside(version):
    device = NestedDevice(version, mtu=1420)
    session = device.open()
    sock = device.socket(4)
    # No DF, whatever the route is thought to carry.
    sock.setsockopt(*DISCOVER[4], 0)
    payload = os.urandom(1420 - 28)
    packet = expect_said(device, session, payload)
    equal("fragments", 0, struct.unpack_from("!H", packet, 6)[0])
    told = 1400
    tell_too_big(device, told)
    if version == 4:
        # Routers cut the datagram.
        for _ in range(20):
            packet = expect_said(device, session, payload)
            equal("fragments", 0, struct.unpack_from("!H", packet, 6)[0])
        return
    deadline = time.monotonic() + PATIENCE
    while not struct.unpack_from("!H", packet, 6)[0]:
        if time.monotonic() > deadline:
            raise AssertionError("it is sent whole")
        device.say(payload)
        packet = inside(device, session)
    if packets.length(packet) > told - OVERHEAD[6]:
        raise AssertionError(f"a fragment of {packets.length(packet)} bytes")
    datagram = whole_again(device, session, packet)
    equal("payload", payload, datagram[8:])
    # Of a train, each packet.
    sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(payload))
    device.say(3 * payload)
    for _ in range(3):
        datagram = whole_again(device, session, inside(device, session))
        equal("payload", payload, datagram[8:])
    sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 0)
    # What fits stays whole.
    packet = expect_said(device, session, payload[:told - OVERHEAD[6] - 28])
    equal("fragments", 0, struct.unpack_from("!H", packet, 6)[0])


def carried(device):
    """The next packet that the entry gets to carry."""
    while True:
        _, packet = device.exit.session.read(device.entry.expect(DATA))
        if packet:
            return packet[:packets.length(packet)]


@case("over IPv6, what the way to the exit does not carry goes in fragments")
def fragments():
    device = NestedDevice(6)
    session = device.open()
    expect_said(device, session, b"before")
    tell_too_big(device, LEAST_MTU6)
    payload = os.urandom(LEAST_MTU6 - 48)
    deadline = time.monotonic() + PATIENCE
    piece = bytes(40)
    while piece[6] != packets.FRAGMENT and time.monotonic() < deadline:
        device.say(payload, 6)
        piece = carried(device)
    datagram = b""
    for is_last in (False, True):
        equal("next header", packets.FRAGMENT, piece[6])
        kind, where, identification = struct.unpack_from("!BxHI", piece, 40)
        equal("kind", packets.UDP, kind)
        equal("offset, and whether more follow", len(datagram) | (not is_last),
              where)
        if len(piece) > LEAST_MTU6:
            raise AssertionError(f"a fragment of {len(piece)} bytes")
        datagram += piece[48:]
        if not is_last:
            piece = carried(device)
            equal("identification", identification,
                  struct.unpack_from("!I", piece, 44)[0])
    equal("checksum", 0, packets.checksum(
        piece[8:40] + struct.pack("!II", len(datagram), packets.UDP) + datagram))
    equal("payload", payload,
          packets.udp_payload(session.read(datagram[8:])[1]))
    # What fits goes whole.
    device.say(b"small", 6)
    equal("next header", packets.UDP, carried(device)[6])


def outer_class(device):
    """Has the entry tell the traffic class of what comes."""
    level, option, _ = RECEIVE_CLASS[4]
    device.entry.socket.setsockopt(level, option, 1)


@both_versions("congestion marks go out through both layers, and nothing else of the class")
def marks_out(version):
    device = NestedDevice(version)
    session = device.open()
    outer_class(device)
    device.entry.socket.settimeout(PATIENCE)
    sock = device.socket(4)
    for mark in (ECT_0, ECT_1, CE, NOT_ECT):
        # With the class of expedited forwarding.
        sock.setsockopt(*SEND_CLASS[4], 0xb8 | mark)
        payload = b"mark %d" % mark
        device.say(payload)
        while True:
            datagram, ancillary, _, _ = device.entry.socket.recvmsg(65535, 64)
            if messages.message_type(datagram) != DATA:
                continue
            _, packet = device.exit.session.read(datagram)
            message = packets.udp_payload(packet) or b""
            if messages.message_type(message) == DATA and \
               packets.udp_payload(session.read(message)[1]) == payload:
                break
        outer = ancillary[0][2][0]
        # RFC 6040, normal mode: copied, and CE too.
        equal("class of the nested datagram", mark,
              packets.traffic_class_of(packet))
        equal("class of the outer datagram", mark, outer)


@both_versions("congestion marks of both layers come in")
def marks_in(version):
    device = NestedDevice(version)
    session = device.open()
    sock = device.socket(4)
    sock.setsockopt(socket.IPPROTO_IP, 13, 1)

    def receive(outer, nested, inner):
        device.entry.socket.setsockopt(*SEND_CLASS[4], outer)
        device.exit.traffic_class = nested
        device.exit.send(session.data(packets.udp(
            BEYOND[4], INNER[4], INNER_PORT, INNER_PORT, b"marked",
            traffic_class=inner)))
        sock.settimeout(PATIENCE if inner or CE not in (outer, nested)
                        else SILENCE)
        try:
            return sock.recvmsg(65535, 64)[1][0][2][0]
        except TimeoutError:
            return None

    for ect in (ECT_0, ECT_1):
        equal("nothing marked", ect, receive(ect, ect, ect))
        equal("marked toward the entry", CE, receive(CE, ect, ect))
        equal("marked behind the entry", CE, receive(ect, CE, ect))
        equal("marked inside", CE, receive(ect, ect, CE))
    equal("without marks", NOT_ECT, receive(NOT_ECT, NOT_ECT, NOT_ECT))
    # A packet that cannot be marked is dropped instead.
    equal("marked behind the entry, but not capable", None,
          receive(NOT_ECT, CE, NOT_ECT))
    equal("marked toward the entry, but not capable", None,
          receive(CE, NOT_ECT, NOT_ECT))


@both_versions("congestion marks over fragments of a nested datagram come in")
def marks_on_fragments(version):
    device = NestedDevice(version)
    session = device.open()
    sock = device.socket(4)
    sock.setsockopt(socket.IPPROTO_IP, 13, 1)
    identifications = iter(range(1000, 2000))

    def receive(inner, *outer):
        """What the packet inside has, when each fragment came so marked."""
        device.exit.traffic_class = inner
        datagram = device.exit.wrap(session.data(packets.udp(
            BEYOND[4], INNER[4], INNER_PORT, INNER_PORT, b"marked",
            traffic_class=inner)))
        pieces = packets.fragments(version, datagram, 4, next(identifications))
        for mark, piece in zip(outer, pieces):
            device.entry.socket.setsockopt(*SEND_CLASS[4], mark)
            device.entry.send(device.exit.session.data(piece))
        sock.settimeout(PATIENCE if inner or CE not in outer else SILENCE)
        try:
            return sock.recvmsg(65535, 64)[1][0][2][0]
        except TimeoutError:
            return None

    for ect in (ECT_0, ECT_1):
        equal("nothing marked", ect, receive(ect, ect, ect))
        equal("first marked", CE, receive(ect, CE, ect))
        equal("last marked", CE, receive(ect, ect, CE))
    equal("without marks", NOT_ECT, receive(NOT_ECT, NOT_ECT, NOT_ECT))
    equal("first marked, but not capable", None, receive(NOT_ECT, CE, NOT_ECT))
    equal("last marked, but not capable", None, receive(NOT_ECT, NOT_ECT, CE))


run()
