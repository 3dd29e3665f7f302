#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test cases of injection.sh."""
import contextlib
import os
import socket
import struct
import time

import driver
import packets
from cases import both_versions, equal, run, within
from driver import HOST, OUTER, base64_of
from messages import DATA, INITIATION, RESPONSE, Handshake, cookie_reply, \
    mac2_is_valid, mac2_of, message_type, NO_MAC
from nested import BEYOND, ENTRY, ENTRY_INNER, EXIT, EXIT_ELSEWHERE, INNER, \
    INNER_PORT, KEYS, NAME, PORT, VIA, VIA_PORT, NestedDevice, NestedPeer, \
    Watch, opened
from packets import fragments, ip4_header, ip_packet
from peer import BEFORE_RETRY, KEEPALIVE, PATIENCE, Peer
from x25519 import public_key

TCP, IPIP = 6, 4
# After so long a device that had no answer to what it sent begins a handshake.
BEFORE_HANDSHAKE = 10
FRAGMENTS_KEPT = ("net.ipv4.ipfrag_time",
                  "net.netfilter.nf_conntrack_frag6_timeout")


def expect_endpoint(device, version, address=None):
    equal("endpoint of the exit", device.endpoint(address or EXIT[version]),
          device.show("exit", "endpoints"))


def left_besides_data(watch, seconds=0.0):
    """What left the device's host but for data messages to the entry: those are its
    keepalives. The entry does not answer them, so that it is called anew in the end."""
    found = watch.seen(seconds)
    expected = [DATA]
    if time.monotonic() - watch.began > BEFORE_HANDSHAKE:
        expected.append(INITIATION)
    return [packet.hex() for sent, packet in found
            if sent and not (packets.version(packet) == 4 and
                             packet[16:20] == socket.inet_aton(ENTRY[4]) and
                             message_type(packets.udp_payload(packet) or b"") in expected)]


# Outside the carrier

@both_versions("data of a nested peer outside its carrier is not taken")
def data_outside(version):
    device = NestedDevice(version)
    session = device.open()
    message = session.data(device.packet(b"authentic"))
    wire = Watch("eth0")
    device.outside.send(message)
    # From the entry's own address, too.
    device.entry.send(message)
    device.outside.expect_silence()
    equal("delivered", [], device.heard())
    expect_endpoint(device, version)
    equal("what left meanwhile", [], left_besides_data(wire))
    # Its counter is not used up, and it is authentic: through the carrier it
    # is taken.
    device.deliver(session, b"authentic", message=message)


@both_versions("an initiation of a nested peer outside its carrier has no answer")
def initiation_outside(version):
    device = NestedDevice(version)
    device.open_entry()
    handshake = device.exit.handshake()
    message = handshake.initiation()
    device.outside.send(message)
    device.outside.expect_silence()
    device.entry.send(message)
    device.entry.expect_silence(besides=(KEEPALIVE,))
    expect_endpoint(device, version)
    # Its time is not used up either.
    device.exit.send(message)
    session = handshake.consume_response(device.exit.expect(RESPONSE))
    device.deliver(session, b"good")


@both_versions("a nested peer's initiation to another identity has no answer")
def other_identities(version):
    device = NestedDevice(version)
    device.open_entry()
    for identity in ("client_entry", "device"):
        handshake = Handshake(KEYS["exit"], public_key(KEYS[identity]))
        message = handshake.initiation()
        device.outside.send(message)
        device.outside.expect_silence(why="outside, for " + identity)
        device.exit.send(message)
        device.exit.expect_silence(why="inside, for " + identity)
    expect_endpoint(device, version)


@both_versions("the carrier cannot reach a nested peer's identity, nor its own inside")
def carrier_to_identities(version):
    device = NestedDevice(version)
    device.open_entry()
    for identity in ("client_exit", "client_entry", "device"):
        handshake = Handshake(KEYS["entry"], public_key(KEYS[identity]))
        device.exit.send(handshake.initiation())
        device.exit.expect_silence(why="inside, for " + identity)
        if identity != "client_entry":
            device.entry.send(handshake.initiation())
            device.entry.expect_silence(why="outside, for " + identity,
                                        besides=(KEEPALIVE,))
    equal("endpoint of the entry", f"{ENTRY[4]}:{PORT}",
          device.show("entry", "endpoints"))
    expect_endpoint(device, version)


def expect_response_inside(device, *senders_outside):
    """The device takes a response when it comes inside the carrier, and not before
    from these."""
    with within(BEFORE_RETRY):
        device.say(b"waits")
        handshake = device.exit.handshake()
        handshake.consume_initiation(device.exit.expect(INITIATION))
        response, session = handshake.response()
        for sender in senders_outside:
            sender.send(response)
        device.outside.expect_silence()
        device.exit.expect_silence()
        expect_endpoint(device, device.version)
        device.exit.send(response)
        equal("first packet", b"waits",
              packets.udp_payload(device.exit.expect_data(session)))


@both_versions("a response to a nested peer outside its carrier makes no session")
def response_outside(version):
    device = NestedDevice(version)
    device.open_entry()
    expect_response_inside(device, device.outside, device.entry)


@both_versions("handshakes outside, of a nested peer that has the device's identity")
def device_identity_outside(version):
    device = NestedDevice(version)
    # Without one of its own it is known by the same key as direct peers.
    device.set_exit("identity", "/dev/null")
    device.open_entry()
    device.exit.remote = public_key(KEYS["device"])
    handshake = device.exit.handshake()
    message = handshake.initiation()
    device.outside.send(message)
    device.outside.expect_silence()
    device.exit.send(message)
    session = handshake.consume_response(device.exit.expect(RESPONSE))
    device.deliver(session, b"good")
    device.restart()
    device.open_entry()
    device.exit.remote = public_key(KEYS["device"])
    expect_response_inside(device, device.outside)


@both_versions("a cookie for a nested peer counts inside its carrier only")
def cookie_outside(version):
    device = NestedDevice(version)

    def initiation():
        device.open_entry()
        device.say()
        return device.exit.expect(INITIATION)

    cookie = os.urandom(16)
    message = initiation()
    reply = cookie_reply(message, public_key(KEYS["exit"]), cookie)
    device.outside.send(reply)
    device.entry.send(reply)
    device.exit.expect_silence(besides=(INITIATION,))
    device.restart()
    device.entry.drain(0)
    message = initiation()
    equal("mac2", NO_MAC, mac2_of(message))
    for _ in range(10):
        device.exit.send(cookie_reply(message, public_key(KEYS["exit"]), cookie))
        # It may go down before it has read the cookie.
        device.restart()
        device.entry.drain(0)
        message = initiation()
        if mac2_is_valid(message, cookie):
            break
    else:
        raise AssertionError("the cookie that came inside was not used")


SECOND = {name: bytes([number]) * 32
          for number, name in enumerate(("entry", "exit"), 0x41)}


def second_entry(device):
    """Another direct peer, at the exit's host, with a session."""
    device.set("peer", base64_of(public_key(SECOND["entry"])),
               "endpoint", f"{EXIT_ELSEWHERE[4]}:{PORT}")
    entry = opened(Peer("exit", EXIT_ELSEWHERE[4], PORT, SECOND["entry"],
                        public_key(KEYS["device"]), (OUTER[4], PORT)))
    session = entry.initiate()
    entry.send(session.data())
    return NestedPeer(entry, session, device.version, KEYS["exit"],
                      public_key(KEYS["client_exit"]))


@both_versions("a nested message to the socket of a peer of another carrier is not taken")
def other_carrier(version):
    device = NestedDevice(version)
    session = device.open()
    stranger = second_entry(device)
    device.set("peer", base64_of(public_key(SECOND["exit"])),
               "endpoint", device.endpoint(BEYOND[version]),
               "via", base64_of(public_key(SECOND["entry"])),
               "via-address", ",".join(VIA.values()),
               "via-port", str(VIA_PORT))
    message = session.data(device.packet(b"authentic"))
    stranger.send(message)
    stranger.send(stranger.handshake().initiation())
    stranger.expect_silence()
    equal("delivered", [], device.heard())
    expect_endpoint(device, version)
    device.deliver(session, b"authentic", message=message)


@both_versions("what the former carrier still delivers moves no endpoint, and soon is not taken")
def former_carrier(version):
    # It takes messages for three to four seconds more; when the guest was held up that
    # long, once more.
    for _ in range(10):
        device = NestedDevice(version)
        session = device.open()
        new = second_entry(device)
        device.socket(4)
        handshake = device.exit.handshake()
        under_way = (session.data(device.packet(b"under way")),
                     handshake.initiation())
        device.exit.address = EXIT_ELSEWHERE[version]
        began = time.monotonic()
        device.set_exit("via", base64_of(public_key(SECOND["entry"])),
                        "via-port", str(VIA_PORT))
        for message in under_way:
            device.exit.send(message)
        if time.monotonic() - began < 2:
            break
    else:
        raise AssertionError("the guest was held up each time")
    equal("delivered", [b"under way"], device.heard(PATIENCE))
    # The answer goes the new way, to where the peer was before.
    session = handshake.consume_response(new.expect(RESPONSE))
    expect_endpoint(device, version)
    time.sleep(4.2)
    message = session.data(device.packet(b"late"))
    device.exit.send(message)
    device.exit.expect_silence()
    equal("delivered", [], device.heard())
    new.send(message)
    equal("delivered", [b"late"], device.heard(PATIENCE))


@both_versions("a direct peer's message inside a carrier is not taken")
def direct_inside(version):
    device = NestedDevice(version, entry_words=("allowed-ips", "10.2.0.1/32"))
    device.open()
    entry_session = device.exit.session
    message = entry_session.data(packets.udp(
        ENTRY_INNER[4], INNER[4], INNER_PORT, INNER_PORT, b"authentic"))
    device.exit.send(message)
    device.exit.expect_silence(besides=(KEEPALIVE,))
    equal("delivered", [], device.heard())
    device.entry.send(message)
    equal("delivered", [b"authentic"], device.heard(PATIENCE))


# What a carrier without allowed IPs sends

def tcp_syn(source, destination):
    segment = struct.pack("!HHIIBBHHH", 40000, INNER_PORT, 1, 0, 5 << 4, 2,
                          65535, 0, 0)
    return ip_packet(source, destination, segment, TCP)


def echo_request(version, source, destination):
    if version == 4:
        body = struct.pack("!BBHHH", 8, 0, 0, 1, 1) + b"echo"
        body = body[:2] + struct.pack("!H", packets.checksum(body)) + body[4:]
        return ip_packet(source, destination, body, packets.ICMP)
    body = struct.pack("!BBHHH", 128, 0, 0, 1, 1) + b"echo"
    pseudo = socket.inet_pton(socket.AF_INET6, source) + \
        socket.inet_pton(socket.AF_INET6, destination) + \
        struct.pack("!II", len(body), packets.ICMP6)
    found = packets.checksum(pseudo + body)
    return ip_packet(source, destination,
                     body[:2] + struct.pack("!H", found) + body[4:],
                     packets.ICMP6)


def icmp_error(version, kind, code, info, quoted, source, destination):
    body = struct.pack("!BBHI", kind, code, 0, info) + quoted
    if version == 4:
        found = packets.checksum(body)
        protocol = packets.ICMP
    else:
        protocol = packets.ICMP6
        found = packets.checksum(
            socket.inet_pton(socket.AF_INET6, source) +
            socket.inet_pton(socket.AF_INET6, destination) +
            struct.pack("!II", len(body), protocol) + body)
    return ip_packet(source, destination,
                     body[:2] + struct.pack("!H", found) + body[4:], protocol)


def injections(version):
    """Packets that the host would act upon, did it get them."""
    sources = {"the entry": ENTRY_INNER, "the exit": EXIT, "beyond": BEYOND,
               "the host": INNER, "the host outside": OUTER}
    destinations = {"inner": INNER, "via": VIA, "outer": OUTER,
                    "loopback": {4: "127.0.0.1", 6: "::1"},
                    "everybody": {4: "255.255.255.255", 6: "ff02::1"}}
    for source in sources.values():
        for destination in destinations.values():
            ends = source[version], destination[version]
            for port in (INNER_PORT, PORT, 53):
                yield packets.udp(*ends, PORT, port, b"injected")
            yield tcp_syn(*ends)
            yield echo_request(version, *ends)
            yield ip_packet(*ends, packets.udp(*ends, 1, INNER_PORT, b"in"), 4)
            yield from fragments(version, packets.udp(
                *ends, PORT, INNER_PORT, b"injected" * 8), 4)
            # About a datagram that the host may have sent outside.
            yield icmp_error(version, *((3, 4) if version == 4 else (2, 0)),
                             600, packets.udp(OUTER[version], ENTRY[version],
                                              PORT, PORT, b"quoted"), *ends)
        # To the nested peer's socket, but no message.
        for payload in (b"", b"\0", b"\4\0\0\0", b"\1\0\0\0" + bytes(144),
                        b"\2\0\0\0" + bytes(88), b"\3\0\0\0" + bytes(60),
                        b"\4\0\0\0" + bytes(28), b"\4\0\0\0" + bytes(1000),
                        b"\5\0\0\0" + bytes(32)):
            yield packets.udp(source[version], VIA[version], PORT, VIA_PORT,
                              payload)
    # Lengths that lie.
    for length in (0, 7, 9, 65535):
        whole = packets.udp(EXIT[version], VIA[version], PORT, VIA_PORT,
                            bytes(64))
        at = len(whole) - 72 + 4
        yield whole[:at] + struct.pack("!H", length) + whole[at + 2:]
    if version == 4:
        yield ip4_header(EXIT[4], VIA[4], struct.pack(
            "!HHHH", PORT, INNER_PORT, 16, 0) + bytes(8), packets.UDP,
            options=b"\x07\x07\x04" + bytes(5))
    for junk in (b"\x45", b"\x60", bytes(40), b"\x45" + bytes(39),
                 b"\x60" + bytes(60), b"\x4f" + bytes(19), b"\xff" * 100):
        yield junk


@both_versions("a carrier without allowed IPs can deliver nothing")
def nothing_delivered(version):
    device = NestedDevice(version)
    session = device.open()
    device.socket(4)
    device.socket(6)
    tunnel = Watch(NAME)
    wire = Watch("eth0")
    count = 0
    for packet in injections(version):
        device.entry.send(device.exit.session.data(packet))
        count += 1
        if count % 50 == 0:
            # So that no queue is ever full.
            device.deliver(session, b"good")
    device.deliver(session, b"good")
    for sent, packet in tunnel.seen(0.3):
        if sent or packets.udp_payload(packet) != b"good":
            raise AssertionError("on the tunnel device: " + packet.hex())
    equal("delivered", [], device.heard() + device.heard(version=6))
    expect_endpoint(device, version)
    # Nor may the host answer: it has nothing to say to anybody.
    equal("what left", [], left_besides_data(wire, 2.5))
    device.deliver(session, b"good")


@contextlib.contextmanager
def fragments_kept(seconds):
    """The device's host gives fragments that come meanwhile up after so long."""
    before = {name: sysctl(name) for name in FRAGMENTS_KEPT}
    for name in FRAGMENTS_KEPT:
        sysctl(name, seconds)
    try:
        yield
    finally:
        for name, value in before.items():
            sysctl(name, value)


def sysctl(name, value=None):
    word = name if value is None else f"{name}={value}"
    return driver.run("ip", "netns", "exec", HOST, "sysctl", "-n", word).strip()


@both_versions("fragments for a nested peer that stay alone are not answered")
def lonely_fragments(version):
    device = NestedDevice(version)
    session = device.open()
    wire = Watch("eth0")
    tunnel = Watch(NAME)
    whole = device.exit.wrap(bytes(200))
    with fragments_kept(1):
        for number, piece in enumerate((0, 1)):
            device.entry.send(device.exit.session.data(
                fragments(version, whole, 8, 77 + number)[piece]))
        found = left_besides_data(wire, 4)
    equal("what left", [], found + [p.hex() for sent, p in tunnel.seen() if sent])
    device.deliver(session, b"good")


@both_versions("a carrier delivers what its allowed IPs permit, and no more")
def allowed_ips_only(version):
    device = NestedDevice(version, entry_words=(
        "allowed-ips", ",".join(ENTRY_INNER.values())))
    session = device.open()
    device.socket(version)
    for source in (EXIT, BEYOND, OUTER, INNER):
        device.entry.send(device.exit.session.data(packets.udp(
            source[version], INNER[version], INNER_PORT, INNER_PORT, b"no")))
    device.entry.send(device.exit.session.data(packets.udp(
        ENTRY_INNER[version], INNER[version], INNER_PORT, INNER_PORT, b"yes")))
    equal("delivered", [b"yes"], device.heard(PATIENCE, version))
    # Nor is the nested peer believed to be its carrier.
    device.exit.send(session.data(packets.udp(
        ENTRY_INNER[version], INNER[version], INNER_PORT, INNER_PORT, b"no")))
    device.deliver(session, b"good", version)


# What it may do to its nested peers

@both_versions("fragments of a nested datagram are put together")
def fragmented(version):
    device = NestedDevice(version)
    session = device.open()
    for number, order in enumerate(((0, 1), (1, 0))):
        payload = os.urandom(600)
        pieces = fragments(version, device.exit.wrap(
            session.data(device.packet(payload))), 32, 300 + number)
        for index in order:
            device.entry.send(device.exit.session.data(pieces[index]))
        equal("delivered", [payload], device.heard(PATIENCE))
    # A handshake message can come so as well; initiations closer together than
    # 20 ms would be taken for a flood, and here packets are that fast.
    time.sleep(1 / 50)
    handshake = device.exit.handshake()
    for piece in fragments(version, device.exit.wrap(handshake.initiation()), 8,
                           400):
        device.entry.send(device.exit.session.data(piece))
    session = handshake.consume_response(device.exit.expect(RESPONSE))
    device.deliver(session, b"good")


@both_versions("a nested datagram in fragments is charged to its peer's quota")
def fragmented_on_quota(version):
    device = NestedDevice(version)
    session = device.open()
    quota = 1000000
    device.set_exit("quota", str(quota))
    payload = os.urandom(600)
    message = session.data(device.packet(payload))
    for piece in fragments(version, device.exit.wrap(message), 32, 500):
        device.entry.send(device.exit.session.data(piece))
    equal("delivered", [payload], device.heard(PATIENCE))
    # A keepalive of the device's may have been charged, too.
    charged = quota - int(device.show("exit", "quota"))
    if charged < len(message):
        raise AssertionError(f"{charged} of {len(message)} bytes charged")


@both_versions("ICMP errors about nested datagrams end no session")
def errors_are_harmless(version):
    device = NestedDevice(version)
    session = device.open()
    kinds = [(3, code, 0) for code in range(16)] + \
        [(3, 4, mtu) for mtu in (0, 1, 68, 65535)] + [(11, 0, 0), (12, 0, 0)] \
        if version == 4 else \
        [(1, code, 0) for code in range(8)] + [(3, 0, 0), (4, 0, 0)] + \
        [(2, 0, mtu) for mtu in (0, 1, 1279, 65535, 0xffffffff)]
    for kind in kinds:
        device.say()
        device.exit.expect(4)
        quoted = device.exit.last_packet[:500]
        device.entry.send(device.exit.session.data(icmp_error(
            version, *kind, quoted, ENTRY_INNER[version], VIA[version])))
    device.say(b"still")
    while packets.udp_payload(device.exit.expect_packet(session)) != b"still":
        pass
    device.deliver(session, b"good")
    expect_endpoint(device, version)


run()
