# SPDX-License-Identifier: GPL-2.0
"""What the driver tells meanwhile: events and the kernel's log."""
import base64
import json
import os
import re
import subprocess
import time

import driver
import netns

# In a guest whose clock counts instructions, seconds pass while the host loads a
# program.
LIMIT = 100000


def log_lines(pattern):
    """How many lines of the kernel's log match.  Read without a program: to
    start one is to wait for the host, and the guest's clock runs away."""
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    try:
        count = 0
        while True:
            try:
                line = os.read(log, 8192)
            except BlockingIOError:
                return count
            count += bool(re.search(pattern, line))
    finally:
        os.close(log)


def listeners():
    """Generic netlink sockets on the device's host that are members of a group."""
    with netns.inside(driver.HOST), \
         open("/proc/thread-self/net/netlink", encoding="ascii") as file:
        return [line for line in file
                if line.split()[1] == "16" and int(line.split()[3], 16)]


class Monitor:
    """Events as "nymctl monitor" tells them."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", driver.HOST, os.environ["NYMCTL"],
             "monitor", "--json"], stdout=subprocess.PIPE, encoding="utf-8")
        deadline = time.monotonic() + LIMIT
        while not listeners():
            if time.monotonic() > deadline:
                raise AssertionError("nymctl monitor does not listen")
            time.sleep(0.1)

    def end(self):
        """All events so far."""
        self.process.terminate()
        out, _ = self.process.communicate()
        events = [json.loads(line) for line in out.splitlines()]
        return [(event["event"], base64.b64decode(event["peer"]))
                for event in events]
