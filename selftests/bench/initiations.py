# SPDX-License-Identifier: GPL-2.0
"""Clients of a gateway with their first handshake message, computed beforehand,
so that a gateway's handshakes can be counted instead of ours."""
import hashlib
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "../net/wire"))
# pylint: disable=wrong-import-position
from messages import Handshake, tai64n
from x25519 import public_key

# Any will do: a new device has seen none.
TIMESTAMP = 1700000000


def derived(text):
    """A private key that is the same in each run."""
    return hashlib.sha256(b"nym benchmark " + text.encode()).digest()


GATEWAY = derived("gateway")


def compute(count):
    """(public key, initiation) of so many clients."""
    gateway = public_key(GATEWAY)
    clients = []
    for i in range(count):
        handshake = Handshake(derived(f"client {i}"), gateway)
        handshake.ephemeral = derived(f"ephemeral {i}")
        handshake.index = struct.unpack(
            "<I", hashlib.sha256(b"%d" % i).digest()[:4])[0]
        clients.append((handshake.public,
                        handshake.initiation(tai64n(TIMESTAMP))))
    return clients


def write(path, count):
    with open(path, "w", encoding="ascii") as file:
        json.dump([[part.hex() for part in client]
                   for client in compute(count)], file)


def read(path):
    with open(path, encoding="ascii") as file:
        return [tuple(map(bytes.fromhex, client)) for client in json.load(file)]
