#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""One process of several that change a device while it carries traffic.

change.py WHAT HOST DEVICE COUNT

  peers       peers come and go, nested through each other
  carriers    peers change their carriers and their places in them
  keys        the device's identity, peers' identities and preshared keys
  allowedips  prefixes wander from peer to peer
  endpoints   peers move
  device      port, mark, and whether it is up
  dump        reads all of it

Which change, and of what, follows from STRESS_SEED. A change may well be refused,
as it need not make sense, but in no other way than the interface says.
"""
# pylint: disable=import-error
import errno
import os
import random
import socket
import struct
import subprocess
import sys

import genetlink as nl
import netns
from genetlink import attr, u8, u16, u32
from uapi import C

# Peers that nobody ever hears of, beside those that carry the traffic.
PEERS = [bytes([number]) * 32 for number in range(1, 41)]
# What may be wrong with a change that makes no sense.
REFUSALS = (errno.EINVAL, errno.ELOOP, errno.EMLINK, errno.EADDRINUSE,
            errno.ENODEV)


class Changes:
    def __init__(self, what, host, device):
        self.draw = random.Random(f"{os.environ['STRESS_SEED']} {what}")
        self.host = host
        self.device = device
        self.name = attr(C.NYMDEVICE_A_IFNAME, device.encode() + b"\0")
        with netns.inside(host):
            self.family = nl.Family("nym")
        self.real = list(self.dump())

    def set(self, *attributes):
        self.family.request(C.NYM_CMD_SET_DEVICE, [self.name, *attributes])

    def set_peers(self, *peers):
        self.set(attr(C.NYMDEVICE_A_PEERS, list(peers)))

    def dump(self):
        """The keys of all peers, in their order."""
        keys = {}
        answers, _ = self.family.dump(C.NYM_CMD_GET_DEVICE, [self.name])
        for answer in answers:
            nest = dict(nl.parse(answer)).get(C.NYMDEVICE_A_PEERS, b"")
            for _, peer in nl.parse(nest):
                keys[dict(nl.parse(peer))[C.NYMPEER_A_PUBLIC_KEY]] = None
        return keys

    def peer(self, key, *attributes, flags=0):
        return attr(0, [attr(C.NYMPEER_A_PUBLIC_KEY, key),
                        u32(C.NYMPEER_A_FLAGS, flags), *attributes])

    def any_peer(self):
        return self.draw.choice(self.draw.choice((PEERS, self.real or PEERS)))

    def via(self):
        return [attr(C.NYMPEER_A_VIA, self.draw.choice(
                    (self.any_peer(), self.any_peer(), bytes(32)))),
                attr(C.NYMPEER_A_VIA_ADDRESS4,
                     bytes([10, 1, 0, self.draw.randrange(1, 5)])),
                u16(C.NYMPEER_A_VIA_PORT,
                    self.draw.choice((0, 0, 40000, 40001)))]

    def endpoint(self):
        port = struct.pack("!H", self.draw.randrange(1, 65536))
        if self.draw.random() < .5:
            return attr(C.NYMPEER_A_ENDPOINT,
                        struct.pack("=H", socket.AF_INET) + port +
                        bytes([198, 18, self.draw.randrange(8), 2]) + bytes(8))
        return attr(C.NYMPEER_A_ENDPOINT,
                    struct.pack("=H", socket.AF_INET6) + port + bytes(4) +
                    socket.inet_pton(socket.AF_INET6, "2001:db8:1::2") +
                    bytes(4))

    def prefix(self, *more):
        length = self.draw.randrange(8, 33)
        address = bytes([10, 200, self.draw.randrange(4),
                         self.draw.randrange(256)])
        return attr(0, [u16(C.NYMALLOWEDIP_A_FAMILY, socket.AF_INET),
                        attr(C.NYMALLOWEDIP_A_IPADDR, address),
                        u8(C.NYMALLOWEDIP_A_CIDR_MASK, length), *more])

    def prefixes(self):
        return attr(C.NYMPEER_A_ALLOWEDIPS,
                    [self.prefix() for _ in range(self.draw.randrange(1, 6))])

    # What main() is told to do.

    def peers(self):
        changed = []
        for key in self.draw.sample(PEERS, self.draw.randrange(1, 8)):
            if self.draw.random() < .4:
                changed.append(self.peer(key, flags=C.NYMPEER_F_REMOVE_ME))
            else:
                changed.append(self.peer(key, self.endpoint(), self.prefixes(),
                                         *self.via()))
        self.set_peers(*changed)

    def carriers(self):
        self.set_peers(self.peer(self.any_peer(), *self.via(),
                                 flags=C.NYMPEER_F_UPDATE_ONLY))

    def keys(self):
        key = self.draw.choice((bytes(32), self.draw.randbytes(32)))
        kind = self.draw.randrange(3)
        if kind == 0:
            self.set(attr(C.NYMDEVICE_A_PRIVATE_KEY, key))
        else:
            self.set_peers(self.peer(
                self.any_peer(),
                attr((C.NYMPEER_A_PRIVATE_KEY,
                      C.NYMPEER_A_PRESHARED_KEY)[kind - 1], key),
                flags=C.NYMPEER_F_UPDATE_ONLY))

    def allowedips(self):
        flags = C.NYMPEER_F_UPDATE_ONLY
        if self.draw.random() < .2:
            flags |= C.NYMPEER_F_REPLACE_ALLOWEDIPS
        gone = self.prefix(u32(C.NYMALLOWEDIP_A_FLAGS,
                               C.NYMALLOWEDIP_F_REMOVE_ME))
        self.set_peers(self.peer(
            self.any_peer(), self.prefixes(),
            attr(C.NYMPEER_A_ALLOWEDIPS, [gone, self.prefix()]), flags=flags))

    def endpoints(self):
        self.set_peers(self.peer(
            self.any_peer(), self.endpoint(),
            u16(C.NYMPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
                self.draw.choice((0, 1, 25))),
            flags=C.NYMPEER_F_UPDATE_ONLY))

    def device_(self):
        kind = self.draw.randrange(4)
        if kind == 0:
            self.set(u16(C.NYMDEVICE_A_LISTEN_PORT, self.draw.choice(
                (0, 50000, 50001))))
        elif kind == 1:
            self.set(u32(C.NYMDEVICE_A_FWMARK, self.draw.choice((0, 7))))
        else:
            subprocess.run(["ip", "-n", self.host, "link", "set", self.device,
                            self.draw.choice(("up", "up", "down"))],
                           stderr=subprocess.DEVNULL, check=False)


def main():
    what, host, device, count = sys.argv[1:]
    changes = Changes(what, host, device)
    change = getattr(changes, {"device": "device_"}.get(what, what))
    for _ in range(int(count)):
        try:
            change()
        except nl.Refused as refusal:
            if refusal.errno not in REFUSALS:
                raise


main()
