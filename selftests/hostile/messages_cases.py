#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test cases of messages.sh.

Each kind of message is sent in great number, to a fresh device with sessions with
an entry and, inside it, an exit. Of each kind it is known which reasons for a
drop it may have, so that what is counted can be held against what was sent.
"""
import functools
import itertools
import os
import random as random_module
import socket
import struct
import time

import messages
import mutations
import packets
import sodium
from cases import case, equal, run
from driver import HOST, OUTER
from driver import run as command
from drops import Counters
from messages import DATA, DATA_OVERHEAD, RESPONSE, Handshake
from nested import (BEYOND, ENTRY, EXIT, EXIT_ELSEWHERE, INNER, KEYS, NAME,
                    PORT, VIA, VIA_PORT, NestedDevice, Watch, opened)
from peer import PATIENCE, Peer
from x25519 import LOW_ORDER, public_key

# Written for the paper's sake, they would be too slow.
messages.seal = sodium.seal
messages.open_sealed = sodium.open_sealed
messages.x25519 = sodium.x25519
messages.public_key = sodium.public_key

SEED = os.environ.get("HOSTILE_SEED", "1")
TOTAL = int(os.environ["HOSTILE_MESSAGES"])
# Fewer than make a device feel under load: handshakes wait in a queue.
HANDSHAKES_AT_ONCE = 400
# Good ones among the others.
GOOD_EVERY = 100
UDP_SEGMENT = 103
_kinds = []


class Scene:
    """A device with its sessions, and what is needed to make messages for it."""

    def __init__(self, version, random):
        self.random = random
        self.version = version
        self.device = NestedDevice(version)
        self.counters = opened(Counters(HOST, NAME))
        self.session = self.device.open()  # the exit's
        self.entry = self.device.exit.session
        self.settle()
        self.known = (self.entry.remote_index, self.session.remote_index)
        self.stranger = opened(Peer("exit", EXIT_ELSEWHERE[4], PORT + 1,
                                    KEYS["exit"], public_key(KEYS["device"]),
                                    (OUTER[4], PORT)))

    def settle(self):
        """The device answers, and is answered: it owes the exit nothing more, and
        has counted all that it was sent."""
        self.device.say(b"answer")
        self.device.exit.expect_data(self.session)
        self.counters.begin()
        self.device.exit.send(self.session.data())
        self.counters.wait_for(1)
        self.counters.begin()
        self.device.entry.drain(0)

    def wrap(self, message, **options):
        """A message inside the carrier."""
        options.setdefault("traffic_class", 0)
        datagram = packets.udp(EXIT[self.version], VIA[self.version], PORT,
                               VIA_PORT, message, **options)
        return self.entry.data(datagram)

    def inner(self, payload=b"good"):
        return self.device.packet(payload)

    def state(self):
        """What is shown of the device and its peers."""
        return command("ip", "netns", "exec", HOST, os.environ["NYMCTL"],
                       "show", NAME, "dump").splitlines()


def send(scene, made, sender, at_once=None):
    """Send what is made; at most so many of them wait to be dealt with. Return
    how many."""
    count = 0
    for message in made:
        sender.socket.sendto(message, scene.device.entry.endpoint)
        count += 1
        if at_once and count % at_once == 0:
            scene.counters.wait_for(count)
    return count


def keepalives(version, authentic):
    """The lengths of what good messages are answered by in time: those of the
    carrier, and where so many layers are good those of the exit inside it."""
    lengths = {DATA_OVERHEAD}
    if authentic > 1:
        nested = {4: 20, 6: 40}[version] + 8 + DATA_OVERHEAD
        lengths.add(DATA_OVERHEAD + -(-nested // 16) * 16)
    return lengths


def expect_quiet(watch, lengths):
    """Nothing but keepalives, which is data of these lengths."""
    for sent, packet in watch.seen():
        payload = packets.udp_payload(packet)
        if sent and not (payload and len(payload) in lengths and
                         messages.message_type(payload) == DATA):
            raise AssertionError(f"it said {packet.hex()}")


def expect_unchanged(before, after, authentic):
    """But for what was received of so many peers: the entry, and the exit; and for
    what they were sent, which expect_quiet() sees."""
    for lines in before, after:
        for number in range(1, len(lines)):
            words = lines[number].split("\t")
            if number <= authentic:
                words[5] = "bytes received"
            if number <= max(1, authentic):
                words[6] = "bytes sent"
            lines[number] = "\t".join(words)
    equal("state", before, after)


def good_among(scene, made, sender, at_once):
    """The good get through, each, and the others are counted all the same."""
    scene.counters.begin()
    scene.device.heard()
    wanted = []
    count = 0
    for number, message in enumerate(made):
        sender.socket.sendto(message, scene.device.entry.endpoint)
        count += 1
        if number % GOOD_EVERY == 0:
            payload = f"good {number}".encode()
            wanted.append(payload)
            scene.device.exit.send(scene.session.data(scene.inner(payload)))
            count += 1
        if at_once and number % at_once == 0:
            scene.counters.wait_for(count)
    scene.counters.wait_for(count)
    found = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < len(wanted) and time.monotonic() < deadline:
        found += scene.device.heard(1)
    equal("good ones", wanted, found)


def drop_kind(make, version, reasons, stranger, authentic, handshakes):
    random = random_module.Random(f"{SEED} {make.__name__} {version}")
    scene = Scene(version, random)
    many = max(20, TOTAL // len(_kinds))
    sender = scene.stranger if stranger else scene.device.entry
    at_once = HANDSHAKES_AT_ONCE if handshakes else None
    made = make(scene)
    # What it takes to make the first may speak to the device.
    made = itertools.chain([next(made)], made)
    watch = Watch("eth0")
    scene.counters.begin()
    before = scene.state()
    count = send(scene, (next(made) for _ in range(many * 9 // 10)), sender,
                 at_once)
    scene.counters.wait_for(count)
    dropped, taken = scene.counters.since()
    if not set(dropped) <= set(reasons):
        raise AssertionError(f"dropped for other reasons than {reasons}: "
                             f"{dropped}")
    equal("taken", 0, taken)
    expect_unchanged(before, scene.state(), authentic)
    expect_quiet(watch, keepalives(version, authentic))
    good_among(scene, (next(made) for _ in range(many // 10)), sender, at_once)
    equal("endpoint of the entry", f"{ENTRY[4]}:{PORT}",
          scene.device.show("entry", "endpoints"))
    equal("endpoint of the exit", scene.device.endpoint(EXIT[version]),
          scene.device.show("exit", "endpoints"))


def kind(description, *reasons, stranger=False, authentic=0,
         handshakes=False):
    """Messages that are all to be dropped for one of the reasons. The generator
    makes any number. stranger: they come from elsewhere; authentic: so many of
    their layers are; handshakes: they wait in a queue."""
    def add(make):
        # Alternating: what is outside has no version of its own.
        version = 4 if len(_kinds) % 2 else 6
        _kinds.append(make)
        case(description)(functools.partial(drop_kind, make, version, reasons,
                                            stranger, authentic,
                                            handshakes))
        return make
    return add


def forever(function):
    """A generator out of what makes one."""
    @functools.wraps(function)
    def generator(scene):
        while True:
            yield function(scene)
    return generator


# Outermost layer

@kind("garbage", "malformed", stranger=True)
@forever
def outer_garbage(scene):
    return mutations.garbage(scene.random)


@kind("messages of a wrong length", "malformed")
@forever
def outer_wrong_length(scene):
    return mutations.wrong_length(scene.random)


@kind("data for no session", "no-session", stranger=True)
@forever
def outer_for_nobody(scene):
    return mutations.for_nobody(scene.random, scene.known)


@kind("data truncated and extended", "not-authentic")
@forever
def outer_resized(scene):
    return mutations.resized(scene.random, scene.wrap(
        scene.random.randbytes(scene.random.randint(0, 600))))


@kind("data with bits flipped", "not-authentic")
@forever
def outer_flipped(scene):
    message = scene.wrap(scene.session.data(scene.inner()))
    return mutations.flip(scene.random, message, 8, len(message))


@kind("data with a flipped type or index", "malformed", "no-session")
@forever
def outer_header_flipped(scene):
    return mutations.flip(scene.random, scene.wrap(b""), 0, 8)


@kind("data replayed, from elsewhere", "replayed", stranger=True)
def outer_replayed(scene):
    sent = [scene.entry.data() for _ in range(100)]
    for message in sent:
        scene.device.entry.send(message)
    scene.counters.wait_for(len(sent))
    scene.counters.begin()
    while True:
        yield scene.random.choice(sent)


@kind("data older than the window", "replayed", stranger=True)
def outer_too_old(scene):
    low = scene.entry.counter
    scene.entry.counter += 30000
    scene.device.entry.send(scene.entry.data())
    scene.counters.wait_for(1)
    scene.counters.begin()
    while True:
        yield scene.entry.data(counter=low + scene.random.randrange(20000))


@kind("what the device sent, sent back", "no-session", "not-authentic")
def outer_reflected(scene):
    handshake = scene.device.entry.handshake()
    scene.device.entry.send(handshake.initiation())
    response = scene.device.entry.expect(RESPONSE)
    scene.entry = handshake.consume_response(response)
    scene.device.exit.session = scene.entry
    scene.device.entry.send(scene.entry.data())
    sent = [response]
    for number in range(50):
        scene.device.say(f"{number}".encode())
        sent.append(scene.device.entry.expect(DATA))
    scene.settle()
    scene.counters.begin()
    while True:
        message = scene.random.choice(sent)
        if message is not response and scene.random.random() < 0.5:
            message = message[:4] + struct.pack("<I", scene.entry.remote_index) + \
                message[8:]
        yield message


def consumed_initiation(scene, peer, send_message):
    """An initiation that was good once. The session is not used."""
    message = peer.handshake().initiation()
    send_message(message)
    peer.expect(RESPONSE)
    scene.device.entry.drain(0.05)
    scene.counters.begin()
    return message


@kind("an old initiation with bits flipped and a valid mac1", "not-authentic",
      "replayed", handshakes=True)
def outer_initiation_flipped(scene):
    peer = scene.device.entry
    message = consumed_initiation(scene, peer, peer.send)
    while True:
        yield mutations.remacced(mutations.flip(scene.random, message[:-32], 4,
                                                116), peer.remote)


@kind("handshakes with a wrong mac1", "not-authentic", stranger=True,
      handshakes=True)
def outer_wrong_mac1(scene):
    peer = scene.device.entry
    message = peer.handshake().initiation()
    while True:
        flipped = mutations.flip(scene.random, message, 4, 132)
        if scene.random.random() < 0.5:
            yield flipped
        else:
            yield struct.pack("<I", RESPONSE) + flipped[4:92]


@kind("initiations of strangers", "unknown-peer", stranger=True,
      handshakes=True)
@forever
def outer_stranger(scene):
    private = scene.random.randbytes(32)
    if scene.random.random() < 0.3:
        private = KEYS["exit"]  # a peer, but not of this identity
    return Handshake(private, scene.device.entry.remote).initiation()


@kind("initiations with an impossible key", "not-authentic", handshakes=True)
@forever
def outer_low_order(scene):
    return Handshake(KEYS["entry"], scene.device.entry.remote).initiation(
        ephemeral_public=scene.random.choice(LOW_ORDER))


@kind("responses and cookie replies to nothing", "no-session",
      "not-authentic", "outside-carrier", stranger=True, handshakes=True)
@forever
def outer_unasked(scene):
    index = scene.random.choice((*scene.known, scene.random.getrandbits(32)))
    if scene.random.random() < 0.5:
        return mutations.cookie_reply(scene.random, index)
    return mutations.response(scene.random, index, scene.device.entry.remote)


@kind("the exit's messages outside its carrier", "outside-carrier",
      "not-authentic", handshakes=True)
@forever
def outer_of_the_exit(scene):
    if scene.random.random() < 0.1:
        return Handshake(KEYS["exit"], scene.device.exit.remote).initiation()
    return scene.session.data(scene.inner())


# Inside the carrier

@kind("garbage to the exit's socket", "malformed", authentic=1)
@forever
def nested_garbage(scene):
    return scene.wrap(mutations.garbage(scene.random, 1200))


@kind("nested messages of a wrong length", "malformed", authentic=1)
@forever
def nested_wrong_length(scene):
    return scene.wrap(mutations.wrong_length(scene.random))


@kind("nested data for no session", "no-session", authentic=1)
@forever
def nested_for_nobody(scene):
    return scene.wrap(mutations.for_nobody(scene.random, scene.known)[:1200])


@kind("nested data truncated, extended and with bits flipped",
      "not-authentic", authentic=1)
@forever
def nested_changed(scene):
    message = scene.session.data(scene.inner(b"x" * scene.random.randint(0, 500)))
    if scene.random.random() < 0.5:
        return scene.wrap(mutations.resized(scene.random, message))
    return scene.wrap(mutations.flip(scene.random, message, 8, len(message)))


@kind("the carrier's own session inside the carrier", "outside-carrier",
      authentic=1)
@forever
def nested_of_the_entry(scene):
    return scene.wrap(scene.entry.data(scene.inner()))


@kind("nested data replayed", "replayed", authentic=1)
def nested_replayed(scene):
    sent = [scene.session.data() for _ in range(100)]
    for message in sent:
        scene.device.entry.send(scene.wrap(message))
    scene.counters.wait_for(len(sent))
    scene.settle()
    scene.counters.begin()
    while True:
        yield scene.wrap(scene.random.choice(sent))


@kind("an old nested initiation with bits flipped, and those of strangers",
      "not-authentic", "replayed", "unknown-peer", authentic=1,
      handshakes=True)
def nested_initiation(scene):
    peer = scene.device.exit
    message = consumed_initiation(scene, peer, peer.send)
    while True:
        chance = scene.random.random()
        if chance < 0.6:
            yield scene.wrap(mutations.remacced(
                mutations.flip(scene.random, message[:-32], 4, 116),
                peer.remote))
        elif chance < 0.8:
            yield scene.wrap(Handshake(scene.random.randbytes(32),
                                       peer.remote).initiation())
        else:  # the right peer, but to another identity
            yield scene.wrap(Handshake(KEYS["exit"],
                                       scene.device.entry.remote).initiation())


@kind("nested responses and cookie replies to nothing", "no-session",
      "not-authentic", "outside-carrier", authentic=1, handshakes=True)
@forever
def nested_unasked(scene):
    index = scene.random.choice((*scene.known, scene.random.getrandbits(32)))
    if scene.random.random() < 0.5:
        return scene.wrap(mutations.cookie_reply(scene.random, index))
    return scene.wrap(mutations.response(scene.random, index,
                                         scene.device.exit.remote))


@kind("nested datagrams with broken headers", "malformed", "not-ip",
      "source-not-allowed", authentic=1)
@forever
def nested_broken_header(scene):
    datagram = bytearray(packets.udp(EXIT[scene.version], VIA[scene.version],
                                     PORT, VIA_PORT, scene.session.data()))
    udp = 20 if scene.version == 4 else 40
    choice = scene.random.randrange(6)
    if choice == 0:  # another port
        datagram[udp + 2:udp + 4] = struct.pack(
            "!H", scene.random.choice((0, 1, PORT, VIA_PORT + 1, 65535)))
    elif choice == 1:  # UDP's length
        struct.pack_into("!H", datagram, udp + 4, scene.random.choice(
            (*range(8), *range(len(datagram) - udp + 1, 65536, 97))))
    elif choice == 2:  # another version
        datagram[0] = scene.random.choice((0, 1, 2, 3, 5, 7, 8, 15)) << 4 | \
            datagram[0] & 15
    elif choice == 3:  # IP's length
        at = 2 if scene.version == 4 else 4
        struct.pack_into("!H", datagram, at,
                         scene.random.randrange(len(datagram) + 16, 65536))
    elif choice == 4:  # another destination
        datagram[udp - 1] ^= scene.random.randint(1, 255)
    else:  # too short for its headers
        del datagram[scene.random.randint(1, udp - 1):]
        return scene.entry.data(bytes(datagram), padding=False)
    return scene.entry.data(bytes(datagram))


# Innermost: all of it authentic

@kind("plaintext that is no IP packet", "not-ip", authentic=2)
@forever
def inner_no_packet(scene):
    packet = bytearray(scene.inner(scene.random.randbytes(
        scene.random.randint(0, 100))))
    choice = scene.random.randrange(3)
    if choice == 0:
        packet[0] = scene.random.choice((0, 1, 2, 3, 5, 7, 8, 15)) << 4
    elif choice == 1:
        struct.pack_into("!H", packet, 2, scene.random.choice(
            (*range(20), *range(len(packet) + 16, 65536, 89))))
    else:
        packet = packet[:scene.random.randint(1, 19)]
    return scene.wrap(scene.session.data(bytes(packet), padding=choice != 2))


@kind("packets of the entry, which has no allowed IPs", "source-not-allowed",
      authentic=1)
@forever
def inner_of_the_entry(scene):
    source = ".".join(str(scene.random.randint(1, 254)) for _ in range(4))
    return scene.entry.data(packets.udp(
        scene.random.choice((source, BEYOND[4], INNER[4])), INNER[4], PORT, 9,
        scene.random.randbytes(scene.random.randint(0, 100))))


@kind("packets that cannot have been marked as congested", "ecn", authentic=2)
@forever
def inner_marked(scene):
    return scene.wrap(scene.session.data(scene.inner()), traffic_class=3)


# What is taken

def prepared(make):
    """A scene and so many of what is made for it."""
    random = random_module.Random(f"{SEED} {make.__name__}")
    scene = Scene(4, random)
    scene.counters.begin()
    return scene, [make(scene) for _ in range(max(20, TOTAL // len(_kinds)))]


def deliver_good(scene):
    scene.device.heard()
    scene.device.deliver(scene.session, b"still here")


@case("data that arrives out of order is taken, each once")
def reordered():
    scene, made = prepared(lambda scene: scene.wrap(scene.session.data()))
    for first in range(0, len(made), 1000):
        some = made[first:first + 1000]
        scene.random.shuffle(some)
        made[first:first + 1000] = some
    count = send(scene, made, scene.device.entry)
    scene.counters.wait_for(count)
    equal("dropped and taken", ({}, count), scene.counters.since())
    count += send(scene, made, scene.device.entry)
    scene.counters.wait_for(count)
    equal("dropped and taken", ({"replayed": count // 2}, count // 2),
          scene.counters.since())
    deliver_good(scene)


@case("packets with any header behind the first are the stack's affair")
def inner_headers():
    def make(scene):
        packet = scene.random.randbytes(scene.random.randint(20, 300))
        packet = struct.pack("!BBH", 0x40 | scene.random.randint(0, 15), 0,
                             len(packet)) + packet[4:]
        return scene.wrap(scene.session.data(packet))

    scene, made = prepared(make)
    count = send(scene, made, scene.device.entry)
    scene.counters.wait_for(count)
    equal("dropped and taken", ({}, count), scene.counters.since())
    deliver_good(scene)


@case("fragments of nested datagrams, overlapping and odd")
def nested_fragments():
    def make(scene):
        offset = scene.random.randrange(0, 1600, 8)
        payload = scene.random.randbytes(scene.random.randint(0, 200))
        packet = packets.ip_packet(EXIT[4], VIA[4], payload)
        field = offset // 8 | (0x2000 if scene.random.random() < 0.7 else 0)
        packet = packet[:4] + struct.pack(
            "!HH", scene.random.randint(0, 30), field or 0x2000) + \
            b"\x40\x11\0\0" + packet[12:]
        packet = packet[:10] + struct.pack("!H", packets.checksum(packet[:20])) + \
            packet[12:]
        return scene.entry.data(packet)

    scene, made = prepared(make)
    count = send(scene, made, scene.device.entry)
    if scene.counters.accounted() > count:
        raise AssertionError(f"{count} were counted as {scene.counters.since()}")
    deliver_good(scene)


@case("ICMP errors about nested datagrams, with bits flipped")
def nested_errors():
    def make(scene):
        quoted = packets.udp(VIA[4], EXIT[4], VIA_PORT, PORT, b"quoted")
        body = struct.pack("!BBHHH", scene.random.choice((3, 11, 12)),
                           scene.random.randint(0, 15), 0, 0,
                           scene.random.randint(0, 65535)) + quoted
        body = mutations.flip(scene.random, body, 0, len(body))
        body = body[:scene.random.randint(8, len(body))]
        packet = packets.ip_packet(ENTRY[4], VIA[4], body, packets.ICMP)
        return scene.entry.data(packet)

    scene, made = prepared(make)
    count = send(scene, made, scene.device.entry)
    if scene.counters.accounted() > count:
        raise AssertionError(f"{count} were counted as {scene.counters.since()}")
    equal("endpoint of the exit", scene.device.endpoint(EXIT[4]),
          scene.device.show("exit", "endpoints"))
    deliver_good(scene)


@case("trains of which any message may be bad")
def trains():
    scene, _ = prepared(lambda scene: None)
    goods = 0
    count = 0
    reasons = {}
    while count < max(64, TOTAL // len(_kinds)):
        train = []
        for _ in range(scene.random.randint(2, 20)):
            message = scene.wrap(scene.session.data(scene.inner(b"same size")))
            what = scene.random.choice(("good", "good", "not-authentic",
                                        "no-session", "malformed", "replayed"))
            if what == "not-authentic":
                message = mutations.flip(scene.random, message, 16,
                                         len(message))
            elif what == "no-session":
                message = message[:4] + b"\0\0\0\0" + message[8:]
            elif what == "malformed":
                message = b"\x07" + message[1:]
            elif what == "replayed":
                train.append(message)
                what = "good"
                reasons["replayed"] = reasons.get("replayed", 0) + 1
            train.append(message)
            if what == "good":
                goods += 1
            else:
                reasons[what] = reasons.get(what, 0) + 1
        count += len(train)
        scene.device.entry.socket.sendmsg(
            [b"".join(train)],
            [(socket.SOL_UDP, UDP_SEGMENT, struct.pack("H", len(train[0])))],
            0, scene.device.entry.endpoint)
    scene.counters.wait_for(count)
    equal("dropped and taken", (reasons, goods), scene.counters.since())
    deliver_good(scene)


if __name__ == "__main__":
    run()
