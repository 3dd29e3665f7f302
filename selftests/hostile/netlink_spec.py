# SPDX-License-Identifier: GPL-2.0
"""Requests at random, of the structure that Documentation/netlink/specs/nym.yaml
describes: mostly right, and from a few keys, names and numbers, so that they
concern each other."""
import os
import socket
import struct

import yaml

from genetlink import attr

SPEC = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                    "../../Documentation/netlink/specs/nym.yaml")
SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
# Attributes of a request that come more than once in a list.
MOST_OF_A_LIST = 4


class Spec:
    """random makes all choices; names are those of devices."""

    def __init__(self, random, names):
        with open(SPEC, encoding="utf-8") as file:
            spec = yaml.safe_load(file)
        self.random = random
        self.sets = {}
        for one in spec["attribute-sets"]:
            if "subset-of" not in one:
                self.sets[one["name"]] = list(self.numbered(one["attributes"]))
        self.requests = {}
        for one in spec["operations"]["list"]:
            for mode in ("do", "dump"):
                if mode in one:
                    self.requests[one["value"], mode == "dump"] = (
                        one["attribute-set"], one[mode]["request"]["attributes"])
        self.names = names
        self.keys = [bytes([number]) * 32 for number in range(0x41, 0x4a)]
        self.keys.append(bytes(32))
        self.by_name = {
            "ifname": lambda: random.choice(names).encode() + b"\0",
            "ifindex": lambda: struct.pack("=I", random.randint(1, 9)),
            "endpoint": self.endpoint,
            "family": lambda: struct.pack("=H", random.choice(
                (socket.AF_INET, socket.AF_INET6))),
            "ipaddr": lambda: bytes([10]) + random.randbytes(
                random.choice((3, 3, 15))),
            "cidr-mask": lambda: bytes([random.choice((0, 8, 24, 32, 64, 128,
                                                       33, 129))]),
            "via-address4": lambda: bytes([10, 0, 0, random.randint(0, 5)]),
            "protocol-version": lambda: struct.pack("=I", 1),
            "listen-port": lambda: struct.pack("=H", random.choice(
                (0, 0, 40000, 40001))),
            "persistent-keepalive-interval": lambda: struct.pack(
                "=H", random.choice((0, 0, 25, 65535))),
        }

    @staticmethod
    def numbered(attributes):
        number = 0
        for one in attributes:
            number = one.get("value", number)
            yield dict(one, value=number)
            number += 1

    def endpoint(self):
        address = socket.inet_aton(f"192.0.2.{self.random.randint(1, 9)}")
        port = struct.pack("!H", self.random.choice((0, 1, 51820)))
        if self.random.random() < 0.5:
            return struct.pack("=H", socket.AF_INET) + port + address + bytes(8)
        return struct.pack("=H", socket.AF_INET6) + port + bytes(4) + \
            b"\xfd" + bytes(11) + address + bytes(4)

    def number(self, one):
        size = SIZES[one["type"]]
        if "enum" in one:
            value = self.random.choice((0, 1, 2, 3, 4))
        else:
            value = self.random.choice((0, 1, 2, 1000, 1 << size * 8 - 1,
                                        (1 << size * 8) - 1))
        return (value % (1 << size * 8)).to_bytes(size, "little")

    def value(self, one, depth):
        if one["name"] in self.by_name:
            return self.by_name[one["name"]]()
        if one["type"] in SIZES:
            return self.number(one)
        if one["type"] == "flag":
            return b""
        if one["type"] == "nest":
            return self.attributes(one["nested-attributes"], None, depth + 1)
        if one["type"] == "indexed-array":
            return [attr(self.random.choice((0, 0, 0, 1, 77)),
                         self.attributes(one["nested-attributes"], None,
                                         depth + 1))
                    for _ in range(self.random.randint(0, MOST_OF_A_LIST))]
        length = one.get("checks", {}).get("exact-len")
        if length == "nym-key-len":
            return self.random.choice(self.keys)
        return self.random.randbytes(length or self.random.randint(0, 40))

    def attributes(self, name, wanted=None, depth=0):
        """Attributes of a set, some of those wanted."""
        found = []
        for one in self.sets[name]:
            if one["type"] in ("unused", "pad"):
                continue
            if wanted is not None and one["name"] not in wanted:
                continue
            often = 0.9 if one["name"] in ("public-key", "ifname", "peers",
                                           "family", "ipaddr",
                                           "cidr-mask") else 0.25
            if one["name"] in ("ifindex", "last-handshake-time", "rx-bytes",
                               "tx-bytes", "identity", "mtu", "hops",
                               "via-port-drawn"):
                often = 0.02
            if self.random.random() < often:
                found.append(attr(one["value"], self.value(one, depth)))
        return found

    def request(self):
        """Command, whether it is a dump, and attributes."""
        command, is_dump = self.random.choice([*self.requests, (1, False),
                                               (1, False), (1, False)])
        return command, is_dump, self.attributes(*self.requests[command,
                                                                is_dump])
