#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test cases of moves.sh."""
import contextlib
import socket
import struct
import threading
import time

from cases import both_versions, case, equal, run, within
from driver import base64_of, secret_file
from messages import INITIATION
from nested import EXIT, EXIT_ELSEWHERE, KEYS, PORT, VIA, VIA_PORT, \
    NestedDevice, Watch, expect_said, initiation_anew, is_of, tell_too_big, where_to
from peer import PATIENCE
from x25519 import public_key

OTHER_PORT = 52000
# Longer than initiations that were not answered are apart.
BEFORE_NEXT = 6
# An address that nothing on the real network has.
INSIDE = "10.9.9.9"


def words_of(name):
    return ("peer", base64_of(public_key(KEYS[name])))


def identity_file(name):
    return secret_file("another.key", KEYS[name])


def initiation_of(device, name):
    """The next that is under that identity."""
    device.exit.remote = public_key(KEYS[name])
    while not is_of(device.exit.expect(INITIATION), device.exit):
        pass


def expect_unknown(device, seconds):
    """Nothing comes under the identity that the exit knows."""
    deadline = time.monotonic() + seconds
    while received := device.exit.receive(max(0.0, deadline - time.monotonic())):
        if is_of(received[0], device.exit):
            raise AssertionError("it is seen at the former place")


@case("another identity is never seen where the former was")
def moves_before_it_is_used():
    device = NestedDevice()
    initiation_anew(device)
    for turn in range(40):
        name, port = (("device", VIA_PORT + 1), ("client_exit", VIA_PORT))[turn % 2]
        device.set_exit("identity", identity_file(name), "via-port", str(port))
        initiation_of(device, name)
        equal("source port", port,
              struct.unpack_from("!H", device.exit.last_packet, 20)[0])


@case("nor where one request names the peer twice, or the device's identity")
def moves_before_the_rest():
    device = NestedDevice()
    initiation_anew(device)
    peer = words_of("exit")
    for turn in range(12):
        name, port = (("device", OTHER_PORT), ("client_exit", PORT))[turn % 2]
        if turn == 6:
            device.set("private-key", file, *peer, "identity", "/dev/null")
        file = identity_file(name)
        device.set(*((*peer, "identity") if turn < 6 else ("private-key",)), file,
                   *peer, "endpoint", device.endpoint(EXIT[4], port))
        initiation_of(device, name)
        equal("sent to", (EXIT[4], port), where_to(device.exit.last_packet))


@case("nor where the request is refused, and the peer is silent until it has its place")
def refused():
    device = NestedDevice()
    initiation_anew(device)
    # The device's identity is the exit's, and another peer has the port.
    device.set("private-key", identity_file("client_exit"),
               *words_of("exit"), "identity", "/dev/null",
               *words_of("client_entry"), "via", words_of("entry")[1],
               "via-address", ",".join(VIA.values()), "via-port", str(OTHER_PORT))
    try:
        device.set("private-key", identity_file("device"), *words_of("exit"),
                   "endpoint", device.endpoint(EXIT[4], OTHER_PORT),
                   "via", words_of("entry")[1], "via-port", str(OTHER_PORT))
    except AssertionError:
        pass
    else:
        raise AssertionError("the port is taken")
    device.exit.remote = public_key(KEYS["device"])
    device.say()
    expect_unknown(device, BEFORE_NEXT)
    device.set_exit("persistent-keepalive", "1")
    expect_unknown(device, 1.5)
    device.set_exit("endpoint", device.endpoint(EXIT[4], OTHER_PORT))
    initiation_of(device, "device")
    equal("sent to", (EXIT[4], OTHER_PORT), where_to(device.exit.last_packet))


@case("what was said under the former identity is not sent under the next")
def unsaid():
    for change in ("identity", "peer"):
        device = NestedDevice()
        device.entry.drain(0)
        # Each of the exit's initiations waits for the entry's session.
        device.say()
        device.entry.expect(INITIATION)
        device.entry.expect(INITIATION)
        if change == "peer":
            device.set_exit("remove")
        device.set_exit(
            "identity", identity_file("device"), "via", words_of("entry")[1],
            "via-address", ",".join(VIA.values()), "via-port", str(VIA_PORT + 1),
            "endpoint", device.endpoint(EXIT[4]), "allowed-ips", "0.0.0.0/0,::/0")
        device.entry.drain(0)
        device.open_entry()
        device.say()
        device.exit.remote = public_key(KEYS["device"])
        if not is_of(device.exit.expect(INITIATION), device.exit):
            raise AssertionError(f"{change}: it is the former identity's")


@both_versions("a session under the former identity moves no endpoint")
def former_session(version):
    device = NestedDevice(version)
    session = device.open()
    entry_session = device.exit.session
    elsewhere = device.endpoint(EXIT[version], OTHER_PORT)
    device.set_exit("identity", identity_file("device"), "endpoint", elsewhere)
    device.deliver(session, b"under way")
    equal("endpoint", elsewhere, device.show("exit", "endpoints"))
    device.say()
    initiation_of(device, "device")
    equal("sent to", (EXIT[version], OTHER_PORT), where_to(device.exit.last_packet))
    # The same of a direct peer.
    elsewhere = device.endpoint(EXIT_ELSEWHERE[4], OTHER_PORT)
    device.set(*words_of("entry"), "identity", identity_file("client_exit"),
               "endpoint", elsewhere)
    before = device.show("entry", "transfer")
    device.entry.send(entry_session.data())
    deadline = time.monotonic() + PATIENCE
    while device.show("entry", "transfer") == before:
        if time.monotonic() > deadline:
            raise AssertionError("it did not take what was under way")
    equal("endpoint", elsewhere, device.show("entry", "endpoints"))


@both_versions("what comes to a former port moves no endpoint, and tells no path MTU")
def former_port(version):
    device = NestedDevice(version)
    session = device.open()
    expect_said(device, session, b"before")
    mtu = device.show("exit", "mtu")
    device.socket(4)
    # It takes messages for three seconds.
    with within(2):
        device.set_exit("via-port", str(VIA_PORT + 1))
        tell_too_big(device, 1290)
        device.exit.address = EXIT_ELSEWHERE[version]
        device.exit.send(session.data(device.packet(b"under way")))
    equal("delivered", [b"under way"], device.heard(PATIENCE))
    equal("endpoint", device.endpoint(EXIT[version]),
          device.show("exit", "endpoints"))
    equal("MTU", mtu, device.show("exit", "mtu"))


@contextlib.contextmanager
def saying(device):
    """Packets all the while."""
    device.socket(4)
    enough = threading.Event()

    def speak():
        while not enough.is_set():
            device.say(bytes(1000))

    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        yield
    finally:
        enough.set()
        speaker.join()


@case("nothing for the real network goes to an address inside a carrier")
def nothing_outside():
    device = NestedDevice()
    device.open_entry()
    device.set_exit("via", "off", "endpoint", device.endpoint(EXIT[4]))
    session = device.outside.initiate()
    device.outside.send(session.data())
    watch = Watch("eth0")
    inside = ("via", words_of("entry")[1], "via-address", VIA[4],
              "via-port", str(VIA_PORT), "endpoint", f"{INSIDE}:{PORT}")
    with saying(device):
        toggle(device, watch, inside)


def toggle(device, watch, inside):
    for turn in range(60):
        device.set_exit(*(inside if turn % 2 == 0 else
                          ("via", "off", "endpoint", device.endpoint(EXIT[4]))))
        if any(sent and packet[16:20] == socket.inet_aton(INSIDE)
               for sent, packet in watch.seen()):
            raise AssertionError(f"turn {turn}: a packet to {INSIDE}")


run()
