#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test cases of allowedips.sh."""
import ipaddress
import os
import random
import select
import time

import driver
import packets
from cases import case, equal, run
from driver import INNER, INNER_PORT, base64_of
from messages import DATA, INITIATION, Invalid, message_type
from pair import ADDRESS, KEYS, private_of
from peer import PATIENCE, SILENCE, Peer
from x25519 import public_key

SEED = 1721


class Device:
    """The device and three peers that it has sessions with."""

    def __init__(self):
        privates = [private_of(number) for number in range(3)]
        self.driver = driver.Driver(KEYS["device"], public_key(privates[0]))
        # Whatever has no other way goes into the tunnel.
        for family in ("-4", "-6"):
            driver.run("ip", "-n", driver.HOST, family, "route", "replace",
                       "default", "dev", driver.NAME, "table", "7")
            driver.run("ip", "-n", driver.HOST, family, "rule", "add", "to",
                       "10.64.0.0/10" if family == "-4" else "fd40::/16",
                       "table", "7", "priority", "7")
        self.peers = []
        self.sessions = []
        for number, private in enumerate(privates):
            self.allow(number, "")
            peer = Peer("remote", ADDRESS, 41000 + number, private,
                        public_key(KEYS["device"]),
                        (driver.OUTER[4], driver.PORT))
            session = peer.initiate()
            peer.send(session.data())
            self.peers.append(peer)
            self.sessions.append(session)

    def allow(self, number, blocks):
        self.driver.set("peer", self.key(number), "allowed-ips", blocks)

    def key(self, number):
        return base64_of(public_key(private_of(number)))

    def close(self):
        for peer in self.peers:
            peer.close()
        for family in ("-4", "-6"):
            driver.run("ip", "-n", driver.HOST, family, "rule", "del",
                       "priority", "7")

    def send(self, address, patience=PATIENCE):
        """Send a packet; return the number of the peer that got it."""
        version = ipaddress.ip_address(address).version
        try:
            self.driver.socket(version).sendto(b"x", (address, INNER_PORT))
        except OSError:
            # The error about an earlier packet; this one was not sent.
            self.driver.socket(version).sendto(b"x", (address, INNER_PORT))
        deadline = time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 0:
            found = select.select([peer.socket for peer in self.peers], [], [],
                                  left)[0]
            for number, peer in enumerate(self.peers):
                plain = peer.socket in found and self.heard_by(number)
                if plain:
                    equal("destination", ipaddress.ip_address(address).packed,
                          plain[16:20] if version == 4 else plain[24:40])
                    return number
        return None

    def heard_by(self, number):
        """The packet in a message that has come to a peer, if there is one.  After
        15 seconds in which it heard nothing of the peer the device begins a new
        session, which is that of further packets."""
        peer = self.peers[number]
        message = peer.socket.recv(65535)
        if message_type(message) == INITIATION:
            self.sessions[number] = peer.respond(message)
        if message_type(message) != DATA:
            return None
        try:
            return self.sessions[number].read(message)[1]
        except Invalid:  # a keepalive by the session before
            return None

    def receive(self, number, address):
        """Have a peer send a packet from an address."""
        version = ipaddress.ip_address(address).version
        self.peers[number].send(self.sessions[number].data(packets.udp(
            address, INNER[version], INNER_PORT, INNER_PORT,
            f"{number} {address}".encode())))


def with_device(function):
    def wrapped():
        device = Device()
        try:
            function(device)
        finally:
            device.close()
    return wrapped


def goes(device, expected):
    for address, number in expected.items():
        patience = SILENCE if number is None else PATIENCE
        equal(f"peer of {address}", number, device.send(address, patience))


@case("the longest prefix decides, of each family by itself")
@with_device
def _(device):
    device.allow(0, "0.0.0.0/0,::/0")
    device.allow(1, "10.64.0.0/10,10.70.1.0/24,fd40::/16")
    device.allow(2, "10.70.0.0/16,10.70.1.9/32,fd40:0:0:7::/64,fd40:1::1/128")
    goes(device, {"10.64.0.1": 1, "10.70.0.1": 2, "10.70.1.1": 1,
                  "10.70.1.9": 2, "10.70.1.8": 1, "10.127.255.255": 1,
                  "fd40::1": 1, "fd40:0:0:7::1": 2, "fd40:0:0:6::1": 1,
                  "fd40:1::1": 2, "fd40:1::2": 1})


@case("what nobody is allowed goes nowhere")
@with_device
def _(device):
    device.allow(0, "10.64.0.0/24")
    goes(device, {"10.64.0.255": 0, "10.64.1.0": None, "fd40::1": None})


@case("a block that another peer gets leaves the one that had it")
@with_device
def _(device):
    device.allow(0, "10.64.0.0/16,fd40::/32")
    goes(device, {"10.64.3.1": 0, "fd40::1": 0})
    device.allow(1, "10.64.0.0/16")
    goes(device, {"10.64.3.1": 1, "fd40::1": 0})
    device.allow(2, "fd40::/32")
    goes(device, {"10.64.3.1": 1, "fd40::1": 2})
    # It has not come back by the other's loss.
    device.allow(1, "")
    goes(device, {"10.64.3.1": None, "fd40::1": 2})


@case("blocks are added and taken away one by one")
@with_device
def _(device):
    device.allow(0, "10.64.0.0/10")
    device.allow(1, "10.64.0.0/16")
    device.allow(1, "+10.65.0.0/16")
    goes(device, {"10.64.0.1": 1, "10.65.0.1": 1, "10.66.0.1": 0})
    device.allow(1, "-10.64.0.0/16")
    goes(device, {"10.64.0.1": 0, "10.65.0.1": 1})
    # Not its own, so it stays where it is.
    device.allow(2, "-10.65.0.0/16,-10.64.0.0/10")
    goes(device, {"10.64.0.1": 0, "10.65.0.1": 1})


@case("a peer that is removed takes its blocks along")
@with_device
def _(device):
    device.allow(0, "10.64.0.0/10,fd40::/16")
    device.allow(1, "10.64.0.0/16,fd40::/32")
    goes(device, {"10.64.0.1": 1, "fd40::1": 1})
    device.driver.set("peer", device.key(1), "remove")
    goes(device, {"10.64.0.1": 0, "fd40::1": 0})


@case("packets come in only by the peer that they would go out by")
@with_device
def _(device):
    device.allow(0, "10.64.0.0/10,fd40::/16")
    device.allow(1, "10.64.1.0/24,fd40:0:0:1::/64")
    device.allow(2, "")
    accepted = []
    for version in (4, 6):
        device.driver.socket(version)
    for address, owner in {"10.64.0.1": 0, "10.64.1.1": 1,
                           "10.64.1.255": 1, "10.64.2.0": 0, "fd40::1": 0,
                           "fd40:0:0:1::1": 1, "10.1.1.1": None,
                           "fd41::1": None}.items():
        for number in range(3):
            device.receive(number, address)
            if number == owner:
                accepted.append(f"{number} {address}".encode())
    device.receive(0, "10.64.9.9")
    device.receive(0, "fd40::9")
    accepted += [b"0 10.64.9.9", b"0 fd40::9"]
    heard = []
    deadline = time.monotonic() + PATIENCE
    while len(heard) < len(accepted) and time.monotonic() < deadline:
        heard += device.driver.heard(SILENCE, 4) + device.driver.heard(SILENCE, 6)
    equal("delivered", sorted(accepted), sorted(heard))


class Naive:
    """What a list of blocks says, looked at one by one."""

    def __init__(self):
        self.blocks = {}

    def lookup(self, address):
        address = ipaddress.ip_address(address)
        best, owner = -1, None
        for block, number in self.blocks.items():
            if address.version == block.version and address in block and \
               block.prefixlen > best:
                best, owner = block.prefixlen, number
        return owner


def random_block(draw):
    """Near each other, so that many contain others."""
    if draw.random() < 0.5:
        base = (10 << 24) | (64 << 16) | draw.getrandbits(10) << 6
        return ipaddress.ip_network(
            (base, draw.randrange(10, 33)), strict=False)
    base = (0xfd40 << 112) | draw.getrandbits(6) << 90 | draw.getrandbits(4)
    return ipaddress.ip_network((base, draw.randrange(16, 129)), strict=False)


@case("random blocks, moved and removed, as a list of them would say")
@with_device
def _(device):
    draw = random.Random(SEED)
    naive = Naive()
    for _ in range(4):
        words = []
        for _ in range(120):
            number = draw.randrange(3)
            if naive.blocks and draw.random() < 0.3:
                block = draw.choice(list(naive.blocks))
                number = naive.blocks.pop(block)
                sign = "-"
            else:
                block = random_block(draw)
                naive.blocks[block] = number
                sign = "+"
            words += ["peer", device.key(number), "allowed-ips",
                      f"{sign}{block}"]
        device.driver.set(*words)
        for _ in range(40):
            block = draw.choice(list(naive.blocks)) if draw.random() < 0.7 \
                else random_block(draw)
            first = int(block.network_address)
            size = min(block.num_addresses, 1 << 20)
            address = ipaddress.ip_address(first + draw.randrange(size))
            if address.version == 4 and address.is_multicast or \
               str(address) in INNER.values():
                continue
            expected = naive.lookup(address)
            if expected is not None:
                equal(f"peer of {address}", expected,
                      device.send(str(address)))


@case("2^17 blocks: each where it belongs, all listed, all gone at once")
@with_device
def _(device):
    half = 1 << 16
    path = os.path.join(os.environ["WORK"], "many")
    with open(path, "w", encoding="ascii") as file:
        for number, first in ((0, 0), (1, 1)):
            file.write(f"[Peer]\nPublicKey = {device.key(number)}\n")
            blocks = [f"10.{64 + (i >> 16)}.{i >> 8 & 255}.{i & 255}/32"
                      for i in range(first, 2 * half, 2)]
            for i in range(0, half, 1024):
                file.write(f"AllowedIPs = {','.join(blocks[i:i + 1024])}\n")
    driver.run("ip", "netns", "exec", driver.HOST, os.environ["NYMCTL"],
               "addconf", driver.NAME, path)
    goes(device, {"10.64.0.2": 0, "10.64.0.3": 1, "10.65.255.254": 0,
                  "10.65.255.255": 1, "10.64.128.1": 1, "10.66.0.0": None})
    listed = driver.run("ip", "netns", "exec", driver.HOST,
                        os.environ["NYMCTL"], "show", driver.NAME,
                        "allowed-ips")
    blocks = {word for line in listed.splitlines()
              for word in line.split("\t")[1].split()} - {"(none)"}
    equal("blocks listed", 2 * half, len(blocks))
    device.driver.set("peer", device.key(0), "remove")
    goes(device, {"10.64.0.2": None, "10.64.0.3": 1})


if __name__ == "__main__":
    run()
