# SPDX-License-Identifier: GPL-2.0
"""What a device has dropped and for which reasons, and what it took."""
import struct
import time

import genetlink
import netns
from peer import PATIENCE
from uapi import C

REASONS = {value: name.removeprefix("NYM_DROP_").lower().replace("_", "-")
           for name, value in vars(C).items()
           if name.startswith("NYM_DROP_") and
           name not in ("NYM_DROP_UNSPEC", "NYM_DROP_PAD")}


class Counters:
    """Of the device "name" in the namespace "host"."""

    def __init__(self, host, name):
        self.host = host
        self.name = name
        with netns.inside(host):
            self.family = genetlink.Family("nym")
        self.begin()

    def close(self):
        self.family.socket.close()

    def drops(self):
        answers, _ = self.family.dump(
            C.NYM_CMD_GET_DEVICE,
            [genetlink.attr(C.NYMDEVICE_A_IFNAME, self.name.encode() + b"\0")])
        found = dict(genetlink.parse(answers[0]))[C.NYMDEVICE_A_DROPS]
        return {REASONS[kind]: struct.unpack("=Q", value)[0]
                for kind, value in genetlink.parse(found) if kind in REASONS}

    def taken(self):
        """Messages that were authentic, for us and no replay."""
        with netns.inside(self.host):
            with open("/proc/thread-self/net/dev", encoding="ascii") as file:
                for line in file:
                    if line.strip().startswith(self.name + ":"):
                        return int(line.split(":")[1].split()[1])
        raise AssertionError(f"no device {self.name}")

    def begin(self):
        self.drops_before = self.drops()
        self.taken_before = self.taken()

    def since(self):
        """Drops by reason and messages taken since begin()."""
        drops = {reason: count - self.drops_before[reason]
                 for reason, count in self.drops().items()
                 if count != self.drops_before[reason]}
        return drops, self.taken() - self.taken_before

    def accounted(self):
        drops, taken = self.since()
        return sum(drops.values()) + taken

    def wait_for(self, messages):
        """Until as many messages have been dropped or taken."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.accounted()) < messages:
            if time.monotonic() > deadline:
                raise AssertionError(f"of {messages} messages {found} are "
                                     f"accounted for: {self.since()}")
            time.sleep(0.005)
        if found > messages:
            raise AssertionError(f"{messages} messages were counted {found} "
                                 f"times: {self.since()}")
