#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test cases of timers.sh."""
import os
import time

import messages
import packets
from cases import Skip, case, equal, run
from load import cookie_under_load
from messages import COOKIE, DATA, INITIATION, RESPONSE
from monitor import Monitor, log_lines
from moments import (COOKIE_GOOD_FOR, JITTER, KEEPALIVE_TIMEOUT, REJECT_AFTER,
                     REKEY_AFTER, REKEY_TIMEOUT, arrival, between, late,
                     passes, sleep_until)
from pair import (ADDRESS, OTHER_ADDRESS, PORT, begin, begin_initiator,
                  deliver, established, open_peer, packet)
from peer import NAMES, PATIENCE


def initiator():
    """A device that has just become the initiator of a session."""
    device, peer = begin_initiator()
    device.say(b"first")
    session = peer.respond()
    peer.expect_data(session)
    peer.send(session.data())
    return device, peer, session, time.monotonic()


@case("initiations go out every five seconds with jitter, for ninety seconds")
def _():
    device, peer = begin_initiator()
    monitor = Monitor()
    device.say(b"in vain")
    _, last = arrival(peer, INITIATION, PATIENCE)
    intervals = []
    began = last
    while received := peer.receive(30):
        now = time.monotonic()
        equal("message", NAMES[INITIATION],
              NAMES.get(messages.message_type(received[0])))
        intervals.append(now - last)
        last = now
    for interval in intervals:
        between("interval", REKEY_TIMEOUT,
                REKEY_TIMEOUT + JITTER + late(REKEY_TIMEOUT), interval)
    # WireGuard counts the attempts: one at once, one more before it counts.
    equal("initiations", 90 / REKEY_TIMEOUT + 2, 1 + len(intervals))
    if len({round(interval, 2) for interval in intervals}) < 2:
        raise AssertionError("no jitter")
    passes(peer, 60, "it has given up")
    equal("events", [("peer-unreachable", peer.public)], monitor.end())
    # What waited has been dropped; a new packet begins anew.
    device.say(b"new")
    _, now = arrival(peer, INITIATION, 1)
    between("attempts", 90, 240, now - began)
    initiation, _ = arrival(peer, INITIATION, 6)
    session = peer.respond(initiation)
    equal("packet", b"new", packets.udp_payload(peer.expect_data(session)))
    passes(peer, 5, "the packet that waited too long is gone")


@case("an answer to a retransmission ends them and completes the handshake")
def _():
    device, peer = begin_initiator()
    monitor = Monitor()
    device.say(b"late")
    arrival(peer, INITIATION, PATIENCE)
    arrival(peer, INITIATION, 6)
    session = peer.respond(arrival(peer, INITIATION, 6)[0])
    equal("packet", b"late", packets.udp_payload(peer.expect_data(session)))
    peer.send(session.data())
    passes(peer, 40, "there is nothing to say")
    equal("events", [("handshake-completed", peer.public)], monitor.end())


@case("packets make no more than one initiation in five seconds")
def _():
    device, peer = begin_initiator()
    times = []
    for _ in range(60):
        device.say()
        times += [time.monotonic()
                  for message in peer.drain(0.5)
                  if messages.message_type(message) == INITIATION]
    for earlier, later in zip(times, times[1:]):
        # As seen by who looks every half second.
        between("interval", REKEY_TIMEOUT - 0.6, 7, later - earlier)


@case("a keepalive ten seconds after data that nothing answered")
def _():
    device, peer, session = established()
    peer.send(session.data(packet(b"data")))
    sent = time.monotonic()
    message, now = arrival(peer, DATA, 12)
    # established() had sent data just before.
    between("keepalive", KEEPALIVE_TIMEOUT - 1,
            KEEPALIVE_TIMEOUT + late(KEEPALIVE_TIMEOUT), now - sent)
    equal("plaintext", b"", session.read(message)[1])
    # More had come while it waited: one more, and no third.
    message, again = arrival(peer, DATA, 12)
    between("second keepalive", KEEPALIVE_TIMEOUT,
            KEEPALIVE_TIMEOUT + late(KEEPALIVE_TIMEOUT), again - now)
    passes(peer, 60, "nothing was received")
    peer.send(session.data())
    passes(peer, 30, "a keepalive asks for none")
    peer.send(session.data(packet(b"data")))
    time.sleep(5)
    device.say(b"answer")
    peer.expect_data(session)
    passes(peer, 12, "it was answered by data")


@case("a new handshake when data is answered by nothing for fifteen seconds")
def _():
    device, peer, session, _ = initiator()
    # Answers put it off, be they but keepalives.
    for _ in range(3):
        device.say()
        peer.expect_data(session)
        time.sleep(10)
        peer.send(session.data())
    passes(peer, 20, "it was answered")
    device.say()
    sent = time.monotonic()
    peer.expect_data(session)
    initiation, now = arrival(peer, INITIATION, 20)
    between("initiation", 15, 15 + JITTER + late(15), now - sent)
    # There is nothing to send: the responder is told by a keepalive.
    session = peer.respond(initiation)
    equal("plaintext", b"", peer.expect_data(session))


@case("the initiator makes new keys when it sends after 120 seconds")
def _():
    device, peer, session, began = initiator()
    sleep_until(began + REKEY_AFTER - 1)
    device.say(b"119")
    peer.expect_data(session)
    peer.send(session.data())
    passes(peer, 0.5, "keys are younger than 120 s")
    sleep_until(began + REKEY_AFTER + 0.5)
    device.say(b"120")
    seen = {messages.message_type(message): message
            for message in peer.drain(1)}
    equal("messages", {DATA, INITIATION}, set(seen))
    equal("packet", b"120",
          packets.udp_payload(session.read(seen[DATA])[1]))
    second = peer.respond(seen[INITIATION])
    peer.expect_data(second)
    device.say(b"by the new keys")
    equal("packet", b"by the new keys",
          packets.udp_payload(peer.expect_data(second)))


@case("the responder leaves that to the initiator until 180 seconds")
def _():
    device, peer, session = established()
    began = time.monotonic()
    for moment in (REKEY_AFTER + 1, 165, REJECT_AFTER - 2):
        sleep_until(began + moment)
        peer.drain()  # keepalives
        device.say(b"by old keys")
        equal("packet", b"by old keys", packets.udp_payload(
            session.read(arrival(peer, DATA, 1)[0])[1]))
        peer.send(session.data())
        passes(peer, 0.5, "it is the responder")
    sleep_until(began + REJECT_AFTER + 1)
    device.say(b"by new keys")
    initiation, _ = arrival(peer, INITIATION, 1)
    passes(peer, 0.5, "the keys are too old to send")
    session = peer.respond(initiation)
    equal("packet", b"by new keys",
          packets.udp_payload(peer.expect_data(session)))


@case("an initiator that only receives makes new keys after 165 seconds")
def _():
    _, peer, session, began = initiator()
    sleep_until(began + 164)
    peer.send(session.data())
    passes(peer, 0.5, "keys are younger than 165 s")
    sleep_until(began + 166)
    peer.send(session.data())
    arrival(peer, INITIATION, 1)
    # Once, not for each message.
    sleep_until(began + 168)
    peer.send(session.data())
    passes(peer, 2, "it has begun already")


@case("keys decrypt nothing after 180 seconds")
def _():
    device, peer, session = established()
    began = time.monotonic()
    sleep_until(began + REJECT_AFTER - 1)
    deliver(device, peer, session, b"179")
    sleep_until(began + REJECT_AFTER + 1)
    peer.send(session.data(packet(b"181")))
    time.sleep(1)
    equal("delivered", [], device.heard())


@case("all keys are wiped when there are no new ones for 540 seconds")
def _():
    wiped = b"Zeroing out all keys for peer"
    destroyed = b"Keypair [0-9]+ destroyed"
    established()
    began = time.monotonic()
    before = log_lines(wiped), log_lines(destroyed)
    sleep_until(began + 3 * REJECT_AFTER - 2)
    equal("wiped before", before, (log_lines(wiped), log_lines(destroyed)))
    sleep_until(began + 3 * REJECT_AFTER * 9 / 8)
    equal("wiped after", (before[0] + 1, before[1] + 1),
          (log_lines(wiped), log_lines(destroyed)))


@case("keys are wiped after a handshake that nobody answers, too")
def _():
    wiped = b"Zeroing out all keys for peer"
    device, peer = begin_initiator()
    device.say()
    before = log_lines(wiped)
    peer.drain(540)
    equal("wiped before", before, log_lines(wiped))
    peer.expect_silence(200)
    equal("wiped after", before + 1, log_lines(wiped))


@case("persistent keepalives come in their interval, when nothing else does")
def _():
    device, peer = begin("endpoint", f"{ADDRESS}:{PORT}",
                         "persistent-keepalive", "20")
    # Of its own accord, as soon as the device is up.
    session = peer.respond()
    _, last = arrival(peer, DATA, 1)
    for _ in range(2):
        message, now = arrival(peer, DATA, 25)
        equal("plaintext", b"", session.read(message)[1])
        between("interval", 20, 20 + late(20), now - last)
        last = now
    # Whatever is sent or received puts it off.
    for _ in range(3):
        time.sleep(8)
        peer.send(session.data())
    last = time.monotonic()
    _, now = arrival(peer, DATA, 25)
    between("interval after hearing", 20, 20 + late(20), now - last)
    device.set_peer("persistent-keepalive", "0")
    peer.drain(40)
    passes(peer, 50, "it is off")


@case("a persistent keepalive keeps keys fresh on its own")
def _():
    _, peer = begin("endpoint", f"{ADDRESS}:{PORT}",
                    "persistent-keepalive", "20")
    session = peer.respond()
    began = time.monotonic()
    while time.monotonic() < began + REKEY_AFTER - 1:
        message, _ = arrival(peer, DATA, 25)
        equal("plaintext", b"", session.read(message)[1])
        peer.send(session.data())
    session = peer.respond(peer.expect(INITIATION, 30))
    between("new keys", REKEY_AFTER, REKEY_AFTER + 20 + late(20),
            time.monotonic() - began)
    equal("plaintext", b"", peer.expect_data(session))


@case("a cookie is shown for 115 seconds")
def _():
    device, peer = begin_initiator()
    device.say()
    first, _ = arrival(peer, INITIATION, PATIENCE)
    cookie = bytes(range(16))
    peer.send(messages.cookie_reply(first, peer.public, cookie))
    began = time.monotonic()
    shown = 0
    while (age := time.monotonic() - began) < COOKIE_GOOD_FOR + 30:
        received = peer.receive(1)
        if not received:
            device.say()
            continue
        age = time.monotonic() - began
        if age < COOKIE_GOOD_FOR - 5.1:
            shown += 1
            if not messages.mac2_is_valid(received[0], cookie):
                raise AssertionError(f"no cookie after {age} s")
        elif age > COOKIE_GOOD_FOR - 4.9:
            equal(f"mac2 after {age} s", messages.NO_MAC,
                  messages.mac2_of(received[0]))
    if shown < 15:
        raise AssertionError(f"only {shown} initiations")


@case("a responder's cookies change after two minutes")
def _():
    _, peer = begin()
    flooder = open_peer(OTHER_ADDRESS, 50000, "stranger")
    initiation = peer.handshake().initiation()
    began = time.monotonic()
    cookie = cookie_under_load(peer, flooder, initiation)
    sleep_until(began + COOKIE_GOOD_FOR - 20)
    equal("cookie", cookie, cookie_under_load(peer, flooder, initiation))
    sleep_until(began + COOKIE_GOOD_FOR + 1)
    if cookie == cookie_under_load(peer, flooder, initiation):
        raise AssertionError("the same cookie")
    # Load passes.
    time.sleep(2)
    peer.drain()
    peer.send(initiation)
    peer.expect(RESPONSE)
    equal("more", [], [message for message in peer.drain()
                       if messages.message_type(message) == COOKIE])


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


@case("keys are gone before the machine is suspended")
def _():
    if not os.path.exists("/sys/power/pm_test"):
        raise Skip("this kernel has no /sys/power/pm_test")
    # Of what was logged just now the log would show only so much.
    time.sleep(10)
    device, peer, session, _ = initiator()
    destroyed = b"Keypair [0-9]+ destroyed"
    before = log_lines(destroyed)
    # Up to the freezing of tasks, and back after five seconds.
    write("/sys/power/pm_test", "freezer")
    try:
        write("/sys/power/state", "mem")
    finally:
        write("/sys/power/pm_test", "none")
    equal("key pairs destroyed", before + 1, log_lines(destroyed))
    peer.send(session.data(packet(b"by old keys")))
    time.sleep(1)
    equal("delivered", [], device.heard())
    time.sleep(REKEY_TIMEOUT)
    device.say(b"awake")
    session = peer.respond()
    equal("packet", b"awake", packets.udp_payload(peer.expect_data(session)))


if __name__ == "__main__":
    run()
