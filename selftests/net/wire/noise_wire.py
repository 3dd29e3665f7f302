#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test cases of noise_wire.sh."""
import contextlib
import os
import socket
import struct
import time

import messages
import netns
import packets
from cases import case, equal, run, within
from driver import INNER, base64_of
from load import cookie_under_load, overwhelmed, with_mac2
from messages import COOKIE, DATA, INITIATION, RESPONSE, tai64n
from pair import (ADDRESS, KEYS, OTHER_ADDRESS, PORT, begin, begin_initiator,
                  deliver, established, open_peer, packet, private_of,
                  refuse)
from peer import (BEFORE_RETRY, BETWEEN_INITIATIONS, NAMES, PATIENCE, SILENCE,
                  is_keepalive)
from x25519 import LOW_ORDER, public_key

# Bits of a replay window less the word that the ring keeps free.
WINDOW = 8192 - struct.calcsize("l") * 8


@contextlib.contextmanager
def watched(why):
    """The device sends nothing at all on the real network meanwhile, but for a
    keepalive that is due."""
    with contextlib.closing(netns.packets("device", "eth0")) as sock:
        yield
        time.sleep(SILENCE)
        sock.setblocking(False)
        try:
            while True:
                data, (_, ethertype, kind, _, _) = sock.recvfrom(65535)
                if kind == socket.PACKET_OUTGOING and \
                   ethertype in (0x0800, 0x86dd) and not is_neighbour(data) and \
                   not is_keepalive(packets.udp_payload(data) or b""):
                    raise AssertionError(f"{why}: sent {data.hex()}")
        except BlockingIOError:
            pass


def is_neighbour(data):
    """IPv6's way of finding neighbours and groups is no answer."""
    return packets.version(data) == 6 and \
        data[6] in (0, packets.ICMP6) and \
        (data[6] == 0 or data[40] in range(130, 138) or data[40] == 143)


@case("a handshake as responder")
def _():
    device, peer, session = established()
    device.say(b"to you")
    equal("packet", b"to you",
          packets.udp_payload(peer.expect_packet(session)))


@case("a handshake as initiator, confirmed at once")
def _():
    device, peer = begin_initiator()
    device.say(b"first")
    session, plain = peer.begin_session()
    equal("packet", b"first", packets.udp_payload(plain))
    deliver(device, peer, session, b"back")


@case("a responder says nothing before it has been spoken to")
def _():
    device, peer = begin()
    session = peer.initiate()
    device.say(b"too early")
    # In a slow guest it is time for an initiation of its own.
    peer.expect_silence(why="the session is not confirmed", besides=(INITIATION,))
    peer.send(session.data())
    equal("packet", b"too early",
          packets.udp_payload(peer.expect_packet(session)))


@case("an initiator without packets confirms with a keepalive")
def _():
    _, peer = begin("endpoint", f"{ADDRESS}:{PORT}",
                    "persistent-keepalive", "3600")
    equal("plaintext", b"", peer.begin_session()[1])
    peer.expect_silence()


@case("an initiation that is replayed")
def _():
    _, peer = begin()
    initiation = peer.handshake().initiation()
    peer.send(initiation)
    peer.expect(RESPONSE)
    time.sleep(BETWEEN_INITIATIONS)
    peer.send(initiation)
    peer.expect_silence()


@case("an initiation with an older or equal timestamp")
def _():
    _, peer = begin()
    now = time.time()
    for seconds, answered in ((now, True), (now - 10, False), (now, False),
                              (now - 1e-3, False), (now + 1, True),
                              (now + 0.5, False), (now + 1000, True)):
        peer.send(peer.handshake().initiation(tai64n(seconds)))
        if answered:
            peer.expect(RESPONSE)
        else:
            peer.expect_silence(0.2, f"timestamp {seconds - now:+} s")


@case("initiations of one peer, more than fifty a second")
def _():
    _, peer = begin()
    now = time.time()
    sent = [messages.Handshake(peer.private, peer.remote).initiation(
                tai64n(now + number)) for number in range(40)]
    began = time.monotonic()
    for message in sent:
        peer.send(message)
    peer.expect(RESPONSE)
    answered = 1 + len(peer.drain(0.3))
    took = time.monotonic() - began
    if answered > 1 + took * 50:
        raise AssertionError(f"{answered} were answered in {took} s")


@case("silence to whoever does not know the device's public key")
def _():
    device, peer = begin()
    initiation = peer.handshake().initiation()
    wrong = bytearray(initiation)
    wrong[-20] ^= 1  # mac1
    another = messages.Handshake(KEYS["remote"],
                                 public_key(KEYS["stranger"])).initiation()
    with watched("no mac1"):
        for message in (wrong, another, initiation[:-32] + bytes(32),
                        b"\0", b"hello", os.urandom(1400),
                        struct.pack("<III", DATA, 1, 2) + bytes(64),
                        struct.pack("<I", RESPONSE) + bytes(88),
                        struct.pack("<I", COOKIE) + bytes(60)):
            peer.send(message)
    peer.send(initiation)
    peer.expect(RESPONSE)
    equal("endpoint", f"{ADDRESS}:{PORT}", device.show("endpoints"))


@case("silence to a stranger who knows the device's public key")
def _():
    _, peer = begin()
    stranger = open_peer(port=PORT + 1, name="stranger")
    with watched("unknown static key"):
        stranger.send(stranger.handshake().initiation())
        forged = stranger.handshake()
        forged.public = peer.public  # but not its private key
        stranger.send(forged.initiation())


@case("silence to handshake messages with any field changed")
def _():
    _, peer = begin()
    initiation = peer.handshake().initiation()
    with watched("changed initiation"):
        for offset in (0, 1, 3, 8, 39, 40, 87, 88, 115):
            body = bytearray(initiation[:-32])
            body[offset] ^= 0x40
            peer.send(messages.add_macs(bytes(body), peer.remote))
    peer.send(initiation)
    peer.expect(RESPONSE)


@case("silence to handshake messages of any other length")
def _():
    _, peer = begin()
    body = peer.handshake().initiation()[:-32]
    with watched("wrong length"):
        for length in (0, 1, 4, 115, 117, 132, 1000):
            message = (body + bytes(1000))[:length]
            peer.send(messages.add_macs(message, peer.remote))
        for kind, size in messages.SIZES.items():
            for change in (-16, -1, 1, 16):
                peer.send(struct.pack("<I", kind) + bytes(size + change - 4))


@case("an ephemeral key of low order in an initiation")
def _():
    _, peer = begin()
    with watched("low order"):
        for point in LOW_ORDER:
            peer.send(peer.handshake().initiation(ephemeral_public=point))
    peer.initiate()


@case("a static key of low order")
def _():
    device, peer = begin()
    with watched("low order"):
        for point in LOW_ORDER:
            device.set("peer", base64_of(point), "allowed-ips", "10.9.0.9/32")
            peer.send(peer.handshake().initiation(static=point))
            device.set("peer", base64_of(point), "remove")
    peer.initiate()


@case("an ephemeral key of low order in a response")
def _():
    device, peer = begin_initiator()
    with within(BEFORE_RETRY):
        device.say()
        initiation = peer.expect(INITIATION)
        for point in LOW_ORDER:
            handshake = peer.handshake()
            handshake.consume_initiation(initiation)
            peer.send(handshake.response(ephemeral_public=point)[0])
        peer.expect_silence(why="it took the session")
        peer.respond(initiation)
        peer.expect(DATA)


@case("the top bit of a public key does not matter, private keys are clamped")
def _():
    device, peer = begin()
    equal("public key", base64_of(public_key(KEYS["device"])),
          device.show("public-key"))
    handshake = peer.handshake()
    ephemeral = bytearray(public_key(handshake.ephemeral))
    ephemeral[31] |= 0x80
    plain = messages.public_key
    messages.public_key = lambda private: bytes(ephemeral)
    try:
        initiation = handshake.initiation()
    finally:
        messages.public_key = plain
    peer.send(initiation)
    session = handshake.consume_response(peer.expect(RESPONSE))
    deliver(device, peer, session, b"clamped")


@case("a response is taken once, and only by who sent the initiation")
def _():
    device, peer = begin_initiator()
    with within(BEFORE_RETRY):
        device.say(b"one")
        initiation = peer.expect(INITIATION)
        handshake = peer.handshake()
        handshake.consume_initiation(initiation)
        response, session = handshake.response()
        wrong = struct.pack("<III", RESPONSE, handshake.index,
                            handshake.remote_index ^ 1) + response[12:-32]
        peer.send(messages.add_macs(wrong, peer.remote))
        changed = bytearray(response[:-32])
        changed[50] ^= 1
        peer.send(messages.add_macs(bytes(changed), peer.remote))
        peer.expect_silence(why="the response is another's")
        peer.send(response)
        peer.expect_data(session)
    second = peer.handshake()
    second.consume_initiation(initiation)
    response, other = second.response()
    peer.send(response)
    deliver(device, peer, session, b"still the first")
    device.say(b"two")
    peer.expect_packet(session)
    refuse(device, peer, session, [other.data(packet(b"no"))],
           "session of a second response")


@case("a data message that is replayed")
def _():
    device, peer, session = established()
    message = session.data(packet(b"once"))
    peer.send(message)
    equal("delivered", [b"once"], device.heard(PATIENCE))
    refuse(device, peer, session, [message, message], "replayed")


@case("the edges of the replay window")
def _():
    device, peer, session = established()

    def send(counter, accepted):
        text = str(counter).encode()
        message = session.data(packet(text), counter=counter)
        if accepted:
            peer.send(message)
            equal(f"counter {counter}", [text], device.heard(PATIENCE))
        else:
            # The good one that follows takes the next counter.
            refuse(device, peer, session, [message], f"counter {counter}")

    session.counter = 50000
    send(50000 - 1, True)
    greatest = 50000 - 1
    send(greatest, False)
    greatest = session.counter - 1  # that of refuse()
    send(greatest - WINDOW, True)
    send(greatest - WINDOW, False)
    greatest = session.counter - 1
    send(greatest - WINDOW - 1, False)
    greatest = session.counter - 1
    send(greatest - WINDOW + 1, True)
    send(0, False)
    # Within the window, out of order, each once.
    top = session.counter + 64
    for counter in (top, top - 3, top - 64, top - 1, top - 2):
        send(counter, True)
    session.counter = top + 1
    send(top - 2, False)
    # A jump by a whole ring clears what its places said before.
    top = session.counter + 8192
    for counter in (top, top - 8192 + 65, top - 1, top + 8192 * 3, top + 1):
        send(counter, counter != top + 1)
        if counter != top + 1:
            session.counter = max(session.counter, counter + 1)


@case("counters at the end of their range")
def _():
    device, peer, session = established()
    refuse(device, peer, session,
           [session.data(packet(b"no"), counter=counter)
            for counter in ((1 << 64) - 1, (1 << 64) - 8192)],
           "counter beyond the limit")


@case("data messages with any field changed, or of any other length")
def _():
    device, peer, session = established()

    def changed(offset, bit=1):
        message = bytearray(session.data(packet(b"no")))
        message[offset] ^= bit
        return bytes(message)

    bad = [changed(offset) for offset in (0, 1, 4, 7, 8, 15, 16, 40, -16, -1)]
    whole = session.data(packet(b"no"))
    bad += [whole[:length] for length in (1, 3, 4, 8, 15, 16, 17, 31, 32, 47)]
    bad += [whole + b"\0", whole + bytes(16), whole[:-1], whole[:-16]]
    with watched("not authentic"):
        for message in bad:
            peer.send(message)
    refuse(device, peer, session, bad, "changed")


@case("a data message for another index")
def _():
    device, peer, session = established()
    right = session.remote_index
    bad = []
    for bit in (1, 0x100, 0x80000000):
        session.remote_index = right ^ bit
        bad.append(session.data(packet(b"no")))
    session.remote_index = right
    refuse(device, peer, session, bad, "another's index")


@case("packets from an address that is not allowed")
def _():
    device, peer, session = established()
    errors = device.statistics("rx_frame_errors")
    bad = [session.data(packet(b"no", 4, "10.9.0.3")),
           session.data(packet(b"no", 4, INNER[4])),
           session.data(packet(b"no", 6, "fd09::3")),
           session.data(packet(b"no", 6, "::1"))]
    device.socket(6)
    refuse(device, peer, session, bad, "not allowed")
    equal("delivered by IPv6", [], device.heard(version=6))
    equal("errors", len(bad), device.statistics("rx_frame_errors") - errors)
    deliver(device, peer, session, b"allowed", 6)


@case("packets that are none")
def _():
    device, peer, session = established()
    good = packet(b"no")
    bad = [b"\x45" + bytes(14), bytes(64), b"\x55" + good[1:],
           good[:2] + struct.pack("!H", 19) + good[4:],
           good[:2] + struct.pack("!H", 1000) + good[4:],
           packet(b"no", 6)[:4] + b"\xff\xff" + packet(b"no", 6)[6:],
           b"\x60" + bytes(20)]
    errors = device.statistics("rx_length_errors")
    refuse(device, peer, session, [session.data(text) for text in bad],
           "no packet")
    equal("errors", len(bad), device.statistics("rx_length_errors") - errors)


@case("nothing forged moves the endpoint, anything authentic does")
def _():
    device, peer, session = established()
    device.show("endpoints")
    elsewhere = open_peer(OTHER_ADDRESS, PORT + 7)
    old = session.data(packet(b"old"))
    peer.send(old)
    equal("delivered", [b"old"], device.heard(PATIENCE))
    forged = bytearray(session.data(packet(b"forged")))
    forged[-1] ^= 1
    initiation = bytearray(peer.handshake().initiation()[:-32])
    initiation[100] ^= 1
    for message in (old, bytes(forged), b"garbage",
                    messages.add_macs(bytes(initiation), peer.remote)):
        elsewhere.send(message)
    # Nothing good may follow before the look: it would move it back.
    time.sleep(SILENCE)
    equal("endpoint", f"{ADDRESS}:{PORT}", device.show("endpoints"))
    deliver(device, peer, session, b"still here")
    elsewhere.send(session.data(packet(b"moved")))
    equal("delivered", [b"moved"], device.heard(PATIENCE))
    equal("endpoint", f"{OTHER_ADDRESS}:{PORT + 7}", device.show("endpoints"))
    device.say(b"there")
    elsewhere.expect_packet(session)
    # Even without a packet: a keepalive, and a handshake.
    peer.send(session.data())
    peer.initiate()
    equal("endpoint", f"{ADDRESS}:{PORT}", device.show("endpoints"))


@case("plaintext is padded with zeros to sixteen bytes, not beyond the MTU")
def _():
    device, peer = begin_initiator(mtu=1415)
    device.say()
    session, _ = peer.begin_session()
    for length in (28, 29, 31, 32, 33, 47, 48, 49, 1300, 1392, 1393, 1408,
                   1409, 1414, 1415):
        device.say(b"x" * (length - 28))
        plain = peer.expect_packet(session)
        equal(f"plaintext of a packet of {length} bytes",
              max(length, min((length + 15) // 16 * 16, 1415)), len(plain))
        equal("packet", length, packets.length(plain))
        equal("padding", bytes(len(plain) - length), plain[length:])


@case("a keepalive is an empty message, and is delivered to nobody")
def _():
    device, peer, session = established()
    received = int(device.show("transfer").split("\t")[0])
    message = session.data()
    equal("bytes", 32, len(message))
    refuse(device, peer, session, [message], "keepalive")
    equal("received", received + 32 + len(session.data(packet(b"good"))),
          int(device.show("transfer").split("\t")[0]))


@case("keys of the session before are good for receiving, older ones not")
def _():
    device, peer, first = established()
    second = peer.initiate()
    deliver(device, peer, first, b"not confirmed yet")
    device.say(b"by the first")
    equal("packet", b"by the first",
          packets.udp_payload(peer.expect_packet(first)))
    deliver(device, peer, second, b"confirmed")
    device.say(b"by the second")
    equal("packet", b"by the second",
          packets.udp_payload(peer.expect_packet(second)))
    deliver(device, peer, first, b"previous")
    third = peer.initiate()
    deliver(device, peer, third, b"confirmed too")
    refuse(device, peer, third, [first.data(packet(b"no"))], "oldest keys")
    deliver(device, peer, second, b"previous now")


@case("under load, a responder answers with a cookie until mac2 shows it")
def _():
    device, peer = begin()
    flooder = open_peer(OTHER_ADDRESS, 50000, "stranger")
    handshake = peer.handshake()
    initiation = handshake.initiation()
    cookie = cookie_under_load(peer, flooder, initiation)
    # A wrong one is refused, with a cookie.
    with overwhelmed(flooder):
        peer.send(with_mac2(initiation, bytes(16)))
        peer.send(with_mac2(initiation, cookie))
    again = peer.receive()[0]
    equal("type", NAMES[COOKIE], NAMES[messages.message_type(again)])
    equal("cookie", cookie,
          messages.read_cookie(again, peer.remote, initiation))
    session = handshake.consume_response(peer.expect(RESPONSE))
    deliver(device, peer, session, b"not overwhelmed")


@case("a cookie is good for the address and port that it was sent to")
def _():
    _, peer = begin()
    flooder = open_peer(OTHER_ADDRESS, 50000, "stranger")
    elsewhere = open_peer(OTHER_ADDRESS, PORT)
    initiation = peer.handshake().initiation()
    cookie = cookie_under_load(peer, flooder, initiation)
    with overwhelmed(flooder):
        elsewhere.send(with_mac2(initiation, cookie))
    equal("answer to another address", NAMES[COOKIE],
          NAMES[messages.message_type(elsewhere.receive()[0])])
    elsewhere.expect_silence(0.1)
    another = open_peer(ADDRESS, PORT + 1)
    with overwhelmed(flooder):
        another.send(with_mac2(initiation, cookie))
    equal("answer to another port", NAMES[COOKIE],
          NAMES[messages.message_type(another.receive()[0])])


def answers_under_load(peer, flooder, last, privates):
    """What one source is answered when it sends valid initiations of all at
    once, and how long that took."""
    initiations = [messages.Handshake(private, peer.remote).initiation()
                   for private in privates]
    cookie = cookie_under_load(peer, flooder, initiations[0])
    sent = [with_mac2(message, cookie) for message in initiations]
    # What is left of that is worked off first, as it would count as time.
    time.sleep(2)
    began = time.monotonic()
    with overwhelmed(flooder):
        for message in sent:
            peer.send(message)
        last.send(initiations[0])
    # The device answers messages in their order.
    last.expect(COOKIE)
    took = time.monotonic() - began
    return [messages.message_type(message) for message in peer.drain()], took


@case("under load, one source gets no more than its share of handshakes")
def _():
    device, peer = begin()
    privates = [private_of(number) for number in range(64)]
    device.set(*[word for number, private in enumerate(privates)
                 for word in ("peer", base64_of(public_key(private)),
                              "allowed-ips", f"10.9.1.{number}/32")])
    flooder = open_peer(OTHER_ADDRESS, 50000, "stranger")
    last = open_peer(ADDRESS, PORT + 3)
    # A guest that is held up until all may be answered tells nothing.
    for _ in range(10):
        found, took = answers_under_load(peer, flooder, last, privates)
        if share(took) < len(privates):
            break
    else:
        raise AssertionError("the guest was held up each time")
    equal("cookies", 0, found.count(COOKIE))
    responses = found.count(RESPONSE)
    if not 1 <= responses <= share(took):
        raise AssertionError(f"{responses} of {len(privates)} were answered "
                             f"in {took} s")


def share(seconds):
    """How many messages of one source are taken in that time, at most."""
    return 5 + int(20 * seconds)


@case("under load, messages without mac1 still get no answer")
def _():
    _, peer = begin()
    flooder = open_peer(OTHER_ADDRESS, 50000, "stranger")
    silent = open_peer(ADDRESS, PORT + 2)
    initiation = bytearray(silent.handshake().initiation())
    initiation[-20] ^= 1
    cookie_under_load(peer, flooder, peer.handshake().initiation())
    with overwhelmed(flooder):
        silent.send(bytes(initiation))
    silent.expect_silence()


@case("an initiator takes a cookie and proves it with mac2")
def _():
    device, peer = begin_initiator()
    device.say()
    first = peer.expect(INITIATION)
    equal("mac2 without a cookie", messages.NO_MAC, messages.mac2_of(first))
    if not messages.mac1_is_valid(first, peer.public):
        raise AssertionError("mac1 is wrong")
    cookie = os.urandom(16)
    shows_cookie(device, peer, first, cookie, ())
    peer.begin_session()


def initiation_anew(device, peer):
    """The device's first when it has come up again."""
    device.restart()
    peer.drain(0)
    device.say()
    return peer.expect(INITIATION)


def shows_cookie(device, peer, initiation, cookie, others):
    """The device proves a cookie that it was sent before others."""
    for _ in range(10):
        for sent in (cookie, *others):
            peer.send(messages.cookie_reply(initiation, peer.public, sent))
        # It may go down before it has read the cookie.
        initiation = initiation_anew(device, peer)
        if messages.mac2_is_valid(initiation, cookie):
            return
    raise AssertionError("mac2 does not show the cookie")


@case("an initiator takes no cookie that is not for its last message")
def _():
    device, peer = begin_initiator()
    device.say()
    first = peer.expect(INITIATION)
    changed = bytearray(messages.cookie_reply(first, peer.public, bytes(16)))
    changed[-1] ^= 1
    peer.send(bytes(changed))
    peer.send(messages.cookie_reply(first, peer.public, bytes(16),
                                    messages.sender_index(first) ^ 1))
    peer.send(messages.cookie_reply(first, peer.remote, bytes(16)))
    second = initiation_anew(device, peer)
    equal("mac2", messages.NO_MAC, messages.mac2_of(second))
    # About an earlier message, though by the right peer.
    peer.send(messages.cookie_reply(first, peer.public, bytes(16),
                                    messages.sender_index(second)))
    third = initiation_anew(device, peer)
    equal("mac2", messages.NO_MAC, messages.mac2_of(third))
    # A second reply to the same message changes nothing.
    shows_cookie(device, peer, third, os.urandom(16), [bytes(16)])


@case("a cookie reply moves no endpoint")
def _():
    device, peer = begin_initiator()
    device.say()
    first = peer.expect(INITIATION)
    elsewhere = open_peer(OTHER_ADDRESS, PORT + 7)
    elsewhere.send(messages.cookie_reply(first, peer.public, bytes(16)))
    peer.expect_silence(0.1)
    equal("endpoint", f"{ADDRESS}:{PORT}", device.show("endpoints"))


@case("initiations carry coarse timestamps that only grow, and fresh keys")
def _():
    device, peer = begin_initiator()
    seen = []
    for _ in range(3):
        device.say()
        handshake = peer.handshake()
        message = peer.expect(INITIATION)
        handshake.consume_initiation(message)
        seen.append((handshake.timestamp, handshake.remote_ephemeral,
                     handshake.remote_index))
        device.restart()
    for earlier, later in zip(seen, seen[1:]):
        if not earlier[0] < later[0]:
            raise AssertionError("timestamps do not grow")
    for what in (1, 2):
        equal("different values", len(seen),
              len({values[what] for values in seen}))
    for timestamp, _, _ in seen:
        nanoseconds, = struct.unpack("!I", timestamp[8:])
        equal("fine part of the time", 0, nanoseconds % (1 << 24))


if __name__ == "__main__":
    run()
