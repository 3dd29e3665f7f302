#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test cases of nested.sh, whose seconds are the guest's own."""
import time

import packets
from cases import both_versions, case, equal, run
from driver import base64_of
from messages import DATA, INITIATION, message_type, receiver_index
from moments import (JITTER, KEEPALIVE_TIMEOUT, REJECT_AFTER, REKEY_AFTER,
                     REKEY_TIMEOUT, arrival, between, late, passes,
                     sleep_until)
from monitor import Monitor, log_lines
from nested import KEYS, NestedDevice, Watch
from peer import NAMES, PATIENCE
from x25519 import public_key

ENTRY = public_key(KEYS["entry"])
EXIT = public_key(KEYS["exit"])


def initiator(version):
    """A device that has just become the initiator of a nested session, while
    the entry initiated that of the carrier."""
    device = NestedDevice(version)
    device.say(b"first")
    device.open_entry()
    device.exit.carrier_answers = True
    session = device.exit.respond()
    equal("packet", b"first",
          packets.udp_payload(device.exit.expect_data(session)))
    device.exit.send(session.data())
    return device, session, time.monotonic()


def renew_entry(device):
    """A new session of the carrier, made by the entry."""
    device.exit.session = device.entry.initiate()
    device.entry.send(device.exit.session.data())


@both_versions("the initiator of a nested session makes new keys after 120 "
               "seconds, inside the carrier")
def rekey_after_time(version):
    device, session, began = initiator(version)
    sleep_until(began + 100)
    renew_entry(device)
    sleep_until(began + REKEY_AFTER - 1)
    device.say(b"119")
    equal("packet", b"119",
          packets.udp_payload(device.exit.expect_data(session)))
    device.exit.send(session.data())
    passes(device.exit, 0.5, "keys are younger than 120 s")
    sleep_until(began + REKEY_AFTER + 0.5)
    device.say(b"120")
    seen = {message_type(message): message
            for message in device.exit.drain(1)}
    equal("messages", {DATA, INITIATION}, set(seen))
    equal("packet", b"120",
          packets.udp_payload(session.read(seen[DATA])[1]))
    second = device.exit.respond(seen[INITIATION])
    equal("confirmation", b"", device.exit.expect_data(second))
    device.say(b"by the new keys")
    equal("packet", b"by the new keys",
          packets.udp_payload(device.exit.expect_data(second)))
    device.outside.expect_silence()


@case("the responder of a nested session leaves that to its initiator until "
      "180 seconds")
def _():
    device = NestedDevice()
    session = device.open()
    device.exit.carrier_answers = True
    began = time.monotonic()
    sleep_until(began + 100)
    renew_entry(device)
    for moment in (REKEY_AFTER + 1, REJECT_AFTER - 2):
        sleep_until(began + moment)
        device.exit.drain()  # keepalives
        device.say(b"by old keys")
        equal("packet", b"by old keys", packets.udp_payload(
            session.read(arrival(device.exit, DATA, 1)[0])[1]))
        device.exit.send(session.data())
        passes(device.exit, 0.5, "it is the responder")
    sleep_until(began + REJECT_AFTER + 1)
    device.say(b"by new keys")
    initiation, _ = arrival(device.exit, INITIATION, 1)
    passes(device.exit, 0.5, "the keys are too old to send")
    session = device.exit.respond(initiation)
    equal("packet", b"by new keys",
          packets.udp_payload(device.exit.expect_data(session)))
    device.outside.expect_silence()


@both_versions("initiations to a nested peer go out every five seconds, for "
               "ninety seconds, inside the carrier")
def retransmits(version):
    device = NestedDevice(version)
    device.open_entry()
    # It has a minute and a half to begin.
    monitor = Monitor()
    device.exit.carrier_answers = True
    device.say(b"in vain")
    _, last = arrival(device.exit, INITIATION, PATIENCE)
    intervals = []
    while received := device.exit.receive(30):
        now = time.monotonic()
        equal("message", NAMES[INITIATION],
              NAMES.get(message_type(received[0])))
        intervals.append(now - last)
        last = now
    for interval in intervals:
        between("interval", REKEY_TIMEOUT,
                REKEY_TIMEOUT + JITTER + late(REKEY_TIMEOUT), interval)
    equal("initiations", 90 / REKEY_TIMEOUT + 2, 1 + len(intervals))
    passes(device.exit, 60, "it has given up")
    equal("events", [("peer-unreachable", EXIT)], monitor.end())
    device.outside.expect_silence()


@case("a keepalive of a nested peer ten seconds after data that nothing "
      "answered")
def _():
    device = NestedDevice()
    session = device.open()
    device.exit.carrier_answers = True
    sent = time.monotonic()
    message, now = arrival(device.exit, DATA, 12)
    # open() had sent data just before.
    between("keepalive", KEEPALIVE_TIMEOUT - 1,
            KEEPALIVE_TIMEOUT + late(KEEPALIVE_TIMEOUT), now - sent)
    equal("plaintext", b"", session.read(message)[1])
    passes(device.exit, 60, "nothing was received")
    device.outside.expect_silence()


@case("a new handshake with a nested peer when data is answered by nothing "
      "for fifteen seconds")
def _():
    device, session, _ = initiator(4)
    device.say()
    sent = time.monotonic()
    device.exit.expect_data(session)
    initiation, now = arrival(device.exit, INITIATION, 20)
    between("initiation", 15, 15 + JITTER + late(15), now - sent)
    session = device.exit.respond(initiation)
    equal("plaintext", b"", device.exit.expect_data(session))
    device.outside.expect_silence()


@both_versions("no timer of a nested peer brings it out when its carrier has gone")
def silent_without_carrier(version):
    device, session, _ = initiator(version)
    # Nothing answers, and so a new handshake is due, again and again.
    device.say(b"to nobody")
    equal("packet", b"to nobody",
          packets.udp_payload(device.exit.expect_data(session)))
    wire = Watch("eth0")
    device.set("peer", base64_of(ENTRY), "remove")
    wire.seen()
    equal("what left", [], [packet.hex() for sent, packet in wire.seen(
        KEEPALIVE_TIMEOUT + 3 * REKEY_TIMEOUT) if sent])


@case("all keys of a nested peer are wiped when there are no new ones for 540 "
      "seconds, those of its carrier are not")
def _():
    wiped = b"Zeroing out all keys for peer"
    device = NestedDevice()
    device.open()
    began = time.monotonic()
    before = log_lines(wiped)
    sleep_until(began + 400)
    renew_entry(device)
    sleep_until(began + 3 * REJECT_AFTER - 2)
    equal("wiped before", before, log_lines(wiped))
    sleep_until(began + 3 * REJECT_AFTER * 9 / 8)
    equal("wiped after", before + 1, log_lines(wiped))


@case("a nested peer's persistent keepalives keep the keys of the whole path "
      "fresh")
def _():
    device = NestedDevice(exit_words=("persistent-keepalive", "20"))
    # Of its own accord, as soon as the device is up.
    carrier = device.entry.respond()
    device.exit = device.nested_peer(carrier)
    nested = device.exit.respond()
    began = time.monotonic()
    fresh = {}
    while len(fresh) < 2:
        received = device.entry.receive(25)
        if not received:
            raise AssertionError("no keepalive")
        now = time.monotonic() - began
        if message_type(received[0]) == INITIATION:
            fresh["entry"] = now
            continue
        equal("index", carrier.index, receiver_index(received[0]))
        packet = carrier.read(received[0])[1]
        device.entry.send(carrier.data())
        if not packet:
            continue
        message = packets.udp_payload(packet)
        if message_type(message) == INITIATION:
            fresh["exit"] = now
            continue
        equal("plaintext", b"", nested.read(message)[1])
        device.exit.send(nested.data())
    for name, when in fresh.items():
        between(f"new keys of {name}", REKEY_AFTER,
                REKEY_AFTER + 20 + late(20), when)
    device.outside.expect_silence()


run()
