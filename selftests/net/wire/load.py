# SPDX-License-Identifier: GPL-2.0
"""More handshake messages than a device can answer."""
import contextlib
import os
import socket
import struct

import messages
from cases import equal
from messages import COOKIE, INITIATION

UDP_SEGMENT = 103
# From 512 that wait, a device is under load.
FLOOD = 900


@contextlib.contextmanager
def ahead_of_all():
    """Run before the driver's workers, so that they find much to do."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def flood(flooder):
    """More initiations at once than the device can keep up with.  They are
    made for it, but by nobody that it knows."""
    one = messages.add_macs(struct.pack("<II", INITIATION, 0) +
                            os.urandom(108), flooder.remote)
    train = one * 60
    for _ in range(0, FLOOD, 60):
        flooder.socket.sendmsg([train], [(socket.SOL_UDP, UDP_SEGMENT,
                                          struct.pack("H", len(one)))],
                               0, flooder.endpoint)


@contextlib.contextmanager
def overwhelmed(flooder):
    """Messages that are sent within find the device under load, however slow it
    is: before them and behind them more wait than it takes for load."""
    with ahead_of_all():
        flood(flooder)
        yield
        flood(flooder)


def cookie_under_load(peer, flooder, initiation):
    with overwhelmed(flooder):
        peer.send(initiation)
    return cookie_in(peer.expect(COOKIE), peer, initiation)


def cookie_in(reply, peer, initiation):
    equal("bytes", 64, len(reply))
    equal("index", messages.sender_index(initiation),
          messages.receiver_index(reply))
    return messages.read_cookie(reply, peer.remote, initiation)


def with_mac2(initiation, cookie):
    return initiation[:-16] + messages.blake2s(initiation[:-16], key=cookie,
                                               size=16)
