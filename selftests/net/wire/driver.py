# SPDX-License-Identifier: GPL-2.0
"""The device under test, in the host named "device", and how to ask it."""
import base64
import os
import subprocess
import time

import netns
from x25519 import public_key

HOST = "device"
NAME = "wg0"
PORT = 51820
OUTER = {4: "198.18.1.2", 6: "2001:db8:1::2"}
INNER = {4: "10.9.0.1", 6: "fd09::1"}
# Where the packets of the peer come from, and go to.
PEER_INNER = {4: "10.9.0.2", 6: "fd09::2"}
INNER_PORT = 7000


def run(*command, text=None):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8",
                          check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)}: {done.stdout}")
    return done.stdout


def base64_of(key):
    return base64.b64encode(key).decode()


def secret_file(name, key):
    """Tools take keys from files only."""
    path = os.path.join(os.environ["WORK"], name)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(base64_of(key) + "\n")
    return path


class Driver:
    """A fresh device with one peer, whose words go to "set"."""

    def __init__(self, private, peer, *words, mtu=1420, up=True):
        self.private = private
        self.public = public_key(private)
        self.peer = peer
        batch = ""
        if NAME in run("ip", "-n", HOST, "-br", "link"):
            batch = f"link del {NAME}\n"
        batch += f"link add {NAME} mtu {mtu} type {os.environ['LINK_KIND']}\n"
        batch += (f"address add {INNER[4]}/24 dev {NAME}\n"
                  f"address add {INNER[6]}/64 dev {NAME} nodad\n")
        run("ip", "-n", HOST, "-batch", "-", text=batch)
        self.set("private-key", secret_file("device.key", private),
                 "listen-port", str(PORT))
        self.set_peer("allowed-ips", ",".join(PEER_INNER.values()), *words)
        if up:
            self.link("up")
            netns.wait_for_local(HOST, INNER[6])
        self.inner = {}

    def link(self, *words):
        run("ip", "-n", HOST, "link", "set", NAME, *words)

    def set(self, *words):
        run("ip", "netns", "exec", HOST, os.environ["NYMCTL"], "set", NAME,
            *words)

    def set_peer(self, *words):
        self.set("peer", base64_of(self.peer), *words)

    def show(self, field):
        """What is shown of the peer or of the device."""
        return run("ip", "netns", "exec", HOST, os.environ["NYMCTL"], "show",
                   NAME, field).strip().split("\t", 1)[-1]

    def statistics(self, name):
        # /sys shows the devices of the namespace that mounted it.
        return int(run("ip", "netns", "exec", HOST, "cat",
                       f"/sys/class/net/{NAME}/statistics/{name}"))

    def restart(self):
        """Forget all sessions, as going down does."""
        run("ip", "-n", HOST, "-batch", "-",
            text=f"link set {NAME} down\nlink set {NAME} up\n"
            f"address replace {INNER[6]}/64 dev {NAME} nodad\n")
        netns.wait_for_local(HOST, INNER[6])

    def socket(self, version=4):
        """A socket of a program on the device's host."""
        if version not in self.inner:
            self.inner[version] = netns.udp(HOST, INNER[version], INNER_PORT)
        return self.inner[version]

    def say(self, payload=b"hello", version=4):
        """Have a packet to send through the tunnel."""
        self.socket(version).sendto(payload, (PEER_INNER[version], INNER_PORT))

    def heard(self, patience=0.0, version=4):
        """What was delivered to the host by now."""
        sock = self.socket(version)
        sock.setblocking(False)
        deadline = time.monotonic() + patience
        payloads = []
        while True:
            try:
                payloads.append(sock.recv(65535))
            except BlockingIOError:
                if payloads or time.monotonic() >= deadline:
                    return payloads
                time.sleep(0.01)
