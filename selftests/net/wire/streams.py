#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Traffic whose content is known, and checked byte by byte on arrival.

streams.py WHAT FROM-HOST FROM-ADDRESS TO-HOST TO-ADDRESS

  sizes   a datagram of every size up to what Ethernet takes, in order
  trains  datagrams sent as UDP GSO packets of odd segment sizes
  order   many numbered datagrams: none may overtake another
  paced   the same, no faster than a daemon in user space can read
  tcp     a connection: odd writes, both directions at once

$LARGEST is the largest segment of a train; what fits IPv6 in a packet of 1420
bytes unless told otherwise.
"""
import hashlib
import os
import random
import socket
import struct
import sys
import threading
import time

import netns

UDP_SEGMENT = 103
LIMIT = 120
SEED = 20210911
LARGEST = int(os.environ.get("LARGEST", 1372))


def content(number, size):
    """Bytes that follow from number and size, cheap to make and to check."""
    return random.Random(number * 65536 + size).randbytes(size)


def expect(what, wanted, found):
    if wanted != found:
        sys.exit(f"{what}: expected {len(wanted)} bytes "
                 f"{wanted[:32].hex()}…, found {len(found)} bytes "
                 f"{found[:32].hex()}…")


def udp_pair(from_host, from_address, to_host, to_address):
    sender = netns.udp(from_host, from_address)
    receiver = netns.udp(to_host, to_address)
    sender.connect(receiver.getsockname())
    receiver.settimeout(LIMIT)
    # The first packets wait for a handshake, and few can.
    sender.send(b"begin")
    expect("first datagram", b"begin", receiver.recv(65535))
    return sender, receiver


def sizes(*ends):
    sender, receiver = udp_pair(*ends)
    batch = 40
    for first in range(0, 1473, batch):
        numbers = range(first, min(first + batch, 1473))
        for size in numbers:
            sender.send(content(0, size))
        for size in numbers:
            expect(f"datagram of {size} bytes", content(0, size),
                   receiver.recv(65535))


def trains(*ends):
    sender, receiver = udp_pair(*ends)
    draw = random.Random(SEED)
    cases = [(size, count, last)
             for size in (1, 7, 15, 16, 17, 31, 100, 555, 1180, LARGEST - 1,
                          LARGEST)
             for count, last in ((2, size), (3, 1), (17, size // 2 + 1),
                                 (40, size))]
    for _ in range(40):
        size = draw.randrange(1, LARGEST + 1)
        cases.append((size, draw.randrange(2, 45), draw.randrange(1, size + 1)))
    for number, (size, count, last) in enumerate(cases):
        payload = content(number, size * (count - 1) + last)
        sender.sendmsg([payload], [(socket.SOL_UDP, UDP_SEGMENT,
                                    struct.pack("H", size))])
        for start in range(0, len(payload), size):
            expect(f"train {number}: {count} segments of {size} bytes and a "
                   f"last one of {last}, at byte {start}",
                   payload[start:start + size], receiver.recv(65535))


def order(*ends, burst=400, pause=0):
    sender, receiver = udp_pair(*ends)
    total = 4000
    draw = random.Random(SEED)
    last = -1
    arrived = 0
    receiver.settimeout(10)
    for first in range(0, total, burst):
        for number in range(first, first + burst):
            sender.send(struct.pack("!I", number) +
                        bytes(draw.choice((0, 10, 400, 1368))))
        # Before the next is sent, lest a slow guest's queues overflow.
        try:
            while last < first + burst - 1:
                number, = struct.unpack("!I", receiver.recv(65535)[:4])
                if number <= last:
                    sys.exit(f"datagram {number} came after {last}")
                last = number
                arrived += 1
        except TimeoutError:
            pass
        time.sleep(pause)
    if arrived < total / 2:
        sys.exit(f"only {arrived} of {total} datagrams arrived")


def paced(*ends):
    order(*ends, burst=40, pause=0.02)


def tcp(from_host, from_address, to_host, to_address):
    family = netns.family_of(to_address)
    listener = netns.tcp(to_host, family)
    listener.bind((to_address, 0))
    listener.listen()
    client = netns.tcp(from_host, family)
    client.bind((from_address, 0))
    client.settimeout(LIMIT)
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    server.settimeout(LIMIT)
    total = 1 << 20
    digests = {}

    def send(sock, name):
        draw = random.Random(name)
        digest = hashlib.sha256()
        left = total
        while left:
            piece = draw.randbytes(min(left, draw.choice(
                (1, 13, 536, 1379, 1380, 4096, 65535))))
            sock.sendall(piece)
            digest.update(piece)
            left -= len(piece)
        sock.shutdown(socket.SHUT_WR)
        digests[name, "sent"] = digest.hexdigest()

    def receive(sock, name):
        digest = hashlib.sha256()
        while piece := sock.recv(1 << 16):
            digest.update(piece)
        digests[name, "received"] = digest.hexdigest()

    work = [threading.Thread(target=function, args=(sock, name))
            for function, sock, name in (
                (send, client, "there"), (receive, server, "there"),
                (send, server, "back"), (receive, client, "back"))]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    for name in ("there", "back"):
        if digests.get((name, "sent"), "sent") != \
           digests.get((name, "received"), "received"):
            sys.exit(f"what was sent {name} did not arrive: {digests}")


def main():
    what, *ends = sys.argv[1:]
    {"sizes": sizes, "trains": trains, "order": order,
     "paced": paced, "tcp": tcp}[what](*ends)


if __name__ == "__main__":
    main()
