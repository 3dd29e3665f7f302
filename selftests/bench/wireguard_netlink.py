# SPDX-License-Identifier: GPL-2.0
"""WireGuard's generic netlink in the little that the benchmark says, for both
families: nym keeps the numbers of commands and attributes."""
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "../net/lib"))
# pylint: disable=wrong-import-position
from genetlink import Family, attr, parse, u8, u16, u32

GET_DEVICE, SET_DEVICE = 0, 1
DEVICE_IFNAME, DEVICE_FLAGS, DEVICE_PEERS = 2, 5, 8
DEVICE_PRIVATE_KEY, DEVICE_LISTEN_PORT = 3, 6
REPLACE_PEERS = 1
PEER_PUBLIC_KEY, PEER_FLAGS, PEER_ENDPOINT, PEER_ALLOWEDIPS = 1, 3, 4, 9
REMOVE_ME = 1
PEER_VIA, PEER_VIA_ADDRESS4 = 32, 33
ALLOWEDIP_FAMILY, ALLOWEDIP_ADDRESS, ALLOWEDIP_CIDR = 1, 2, 3

# Peers in one message: the nest that holds them has at most 64 KiB.
PEERS_IN_MESSAGE = 200


def allowed_ip(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    return attr(0, [u16(ALLOWEDIP_FAMILY, family),
                    attr(ALLOWEDIP_ADDRESS, packed),
                    u8(ALLOWEDIP_CIDR, 8 * len(packed))])


def endpoint(address, port):
    return attr(PEER_ENDPOINT, struct.pack("=H", socket.AF_INET) +
                struct.pack("!H", port) + socket.inet_aton(address) + bytes(8))


def peer(public_key, allowed, *more):
    return attr(0, [attr(PEER_PUBLIC_KEY, public_key), *more,
                    attr(PEER_ALLOWEDIPS, [allowed_ip(address)
                                           for address in allowed])])


def removed(public_key):
    return attr(0, [attr(PEER_PUBLIC_KEY, public_key),
                    u32(PEER_FLAGS, REMOVE_ME)])


def peers_in(answer):
    """The peers in one message of a dump, as attributes by kind."""
    nests = dict(parse(answer)).get(DEVICE_PEERS, b"")
    return [dict(parse(nest)) for _, nest in parse(nests)]


class Device:
    """A device in this thread's network namespace."""

    def __init__(self, family, name):
        self.family = Family(family)
        self.family.socket.settimeout(600)
        self.name = attr(DEVICE_IFNAME, name.encode() + b"\0")

    def set(self, *attributes):
        self.family.request(SET_DEVICE, [self.name, *attributes])

    def set_keys(self, private_key, port):
        self.set(attr(DEVICE_PRIVATE_KEY, private_key),
                 u16(DEVICE_LISTEN_PORT, port))

    def add(self, messages):
        """Peers, as batches() gives them."""
        for message in messages:
            self.set(message)

    def remove_all(self):
        self.set(u32(DEVICE_FLAGS, REPLACE_PEERS))

    def dump(self):
        """All there is to say about the device, unread."""
        answers, _ = self.family.dump(GET_DEVICE, [self.name])
        return answers


def batches(peers):
    """Peers as few attributes for messages."""
    return [attr(DEVICE_PEERS, peers[start:start + PEERS_IN_MESSAGE])
            for start in range(0, len(peers), PEERS_IN_MESSAGE)]
