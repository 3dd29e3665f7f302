# SPDX-License-Identifier: GPL-2.0
"""When messages come.  The constants are those of section 6 of the WireGuard
paper, in seconds."""
import time

import messages
from cases import equal
from peer import NAMES

REKEY_AFTER = 120
REJECT_AFTER = 180
REKEY_TIMEOUT = 5
KEEPALIVE_TIMEOUT = 10
COOKIE_GOOD_FOR = 120
JITTER = 1 / 3
# What the kernel's timer wheel may add to a timer, by its length: the
# eighth that it rounds up to, and the time that the guest itself needs.
SLACK = 0.1


def late(seconds):
    return seconds / 8 + SLACK


def passes(peer, seconds, why):
    """So much time, in which the device sends nothing."""
    peer.expect_silence(seconds, why)


def sleep_until(moment):
    time.sleep(max(0, moment - time.monotonic()))


def arrival(peer, kind, patience):
    """The next message, which must be of this kind, and when it came."""
    received = peer.receive(patience)
    if not received:
        raise AssertionError(f"no {NAMES[kind]} within {patience} s")
    found = messages.message_type(received[0])
    equal("message", NAMES[kind], NAMES.get(found, found))
    return received[0], time.monotonic()


def between(what, least, most, found):
    if not least <= found <= most:
        raise AssertionError(f"{what}: {found:.3f} s, expected {least:.3f} "
                             f"to {most:.3f} s")
