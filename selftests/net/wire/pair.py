# SPDX-License-Identifier: GPL-2.0
"""A device under test and one peer, written in Python, that face each other
in the hosts "device" and "remote" of lib/topology.sh."""
import os

import driver
import packets
from cases import equal
from driver import INNER, INNER_PORT, PEER_INNER
from peer import PATIENCE, Peer, key
from x25519 import public_key

KEYS = {name: key(os.environ["KEY_" + name.upper()])
        for name in ("device", "remote", "stranger")}
ADDRESS = "198.18.2.2"
OTHER_ADDRESS = "198.18.2.3"
PORT = 40000
_opened = []


def private_of(number):
    """Private keys of any number of peers.  Not the first or last byte, of
    which not all bits count."""
    return KEYS["remote"][:8] + bytes([number]) + KEYS["remote"][9:]


def open_peer(address=ADDRESS, port=PORT, name="remote"):
    peer = Peer("remote", address, port, KEYS[name],
                public_key(KEYS["device"]),
                (driver.OUTER[6 if ":" in address else 4], driver.PORT))
    _opened.append(peer)
    return peer


def begin(*words, **options):
    """A fresh device and its peer."""
    while _opened:
        _opened.pop().close()
    device = driver.Driver(KEYS["device"], public_key(KEYS["remote"]), *words,
                           **options)
    return device, open_peer()


def begin_initiator(**options):
    """A device that knows where its peer is."""
    return begin("endpoint", f"{ADDRESS}:{PORT}", **options)


def packet(payload, version=4, source=None):
    return packets.udp(source or PEER_INNER[version], INNER[version],
                       INNER_PORT, INNER_PORT, payload)


def established():
    """A device that is the responder of a session that it has confirmed."""
    device, peer = begin()
    session = peer.initiate()
    deliver(device, peer, session, b"confirm")
    return device, peer, session


def deliver(device, peer, session, payload, version=4, **options):
    """A payload that must get through."""
    device.socket(version)
    peer.send(session.data(packet(payload, version), **options))
    equal("delivered", [payload], device.heard(PATIENCE, version))


def refuse(device, peer, session, messages_, why):
    """Messages after which only a good one is delivered.  The device works
    on them in order, so it is done with them when the good one arrives."""
    device.socket()
    for message in messages_:
        peer.send(message)
    equal(why, [], device.heard())
    deliver(device, peer, session, b"good")
