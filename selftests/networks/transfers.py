#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Transfers between two hosts, at the same time in both directions, that must
complete with every byte as it was.

transfers.py [OPTION...] FROM-HOST TO-HOST ADDRESS...

Each address is one of TO-HOST. Of each kind that --kinds names there is one
transfer per address and direction:

  tcp, sctp  a connection that carries --bytes, each side's digest the same
  udp        --datagrams numbered ones of all sizes, asked for again until they
             have been answered; what arrives must be what was sent, and with
             --once nothing may arrive twice

--from gives FROM-HOST's own addresses, where it has several, and --device the
device to which its sockets are bound.  With --persistent a connection that is
refused is tried again.
"""
import argparse
import hashlib
import random
import select
import socket
import struct
import sys
import threading
import time

import netns

SEED = 20261120
CHUNK = 1 << 16
IPPROTO_SCTP = 132
WINDOW = 8
# Seconds until an unanswered datagram is sent again, twice as long each time: in a
# slow guest, copies that come sooner than answers would be all that it carries.
ASK_AGAIN = 0.5
ASK_AGAIN_MOST = 4
# With fragments inside: larger than what one packet carries.
SIZES = (0, 1, 15, 16, 17, 100, 512, 1000, 1180, 1181, 1372, 1373, 2800, 5000)


def content(name):
    """A source of bytes that follow from the name."""
    return random.Random(f"{SEED} {name}")


class Transfer(threading.Thread):
    """One transfer: its name, and what was wrong with it."""

    def __init__(self, options, name, near, far):
        super().__init__(daemon=True)
        self.options = options
        self.name = name
        self.near = near
        self.far = far
        self.problem = "has not ended"
        self.seconds = 0.0
        self.deadline = time.monotonic() + options.limit

    def run(self):
        began = time.monotonic()
        try:
            self.problem = self.transfer()
        except (OSError, EOFError) as error:
            self.problem = f"{type(error).__name__}: {error}"
        self.seconds = time.monotonic() - began

    def transfer(self):
        raise NotImplementedError


class Stream(Transfer):
    """A connection; @near connects to @far, which listens."""
    sender_is_near = True

    def transfer(self):
        self.far.settimeout(self.options.limit)
        self.near.settimeout(self.options.limit)
        self.connect()
        accepted, _ = self.far.accept()
        accepted.settimeout(self.options.limit)
        ends = ((self.near, accepted) if self.sender_is_near
                else (accepted, self.near))
        digests = [None, None]
        writer = threading.Thread(target=self.write, daemon=True,
                                  args=(ends[0], digests))
        writer.start()
        self.read(ends[1], digests)
        writer.join()
        if digests[0] != digests[1]:
            return "the digests differ"
        return None

    def connect(self):
        while True:
            try:
                self.near.connect(self.far.getsockname())
                return
            except OSError:
                if (not self.options.persistent or
                        time.monotonic() > self.deadline):
                    raise
                time.sleep(0.2)

    def write(self, sock, digests):
        draw = content(self.name)
        digest = hashlib.sha256()
        left = self.options.bytes
        try:
            while left:
                piece = draw.randbytes(min(left, draw.randrange(1, CHUNK)))
                sock.sendall(piece)
                digest.update(piece)
                left -= len(piece)
            # SCTP knows no half-closed connection: the reader counts.
        except OSError as error:
            self.problem = f"sending: {error}"
            return
        digests[0] = digest.digest()

    def read(self, sock, digests):
        digest = hashlib.sha256()
        left = self.options.bytes
        while left:
            piece = sock.recv(min(left, CHUNK))
            if not piece:
                raise EOFError(f"{left} bytes before the end")
            digest.update(piece)
            left -= len(piece)
        digests[1] = digest.digest()


class StreamBack(Stream):
    sender_is_near = False


class Datagrams(Transfer):
    """Numbered datagrams from @near, each sent back by @far."""
    HEAD = struct.Struct("!II")

    def transfer(self):
        draw = content(self.name)
        payloads = [draw.randbytes(draw.choice(SIZES))
                    for _ in range(self.options.datagrams)]
        target = self.far.getsockname()
        # By number: when to ask again, and after how long the next time.
        waiting = {}
        arrived = {self.near: set(), self.far: set()}
        following = 0
        answered = 0
        attempt = 0
        while answered < len(payloads):
            if time.monotonic() > self.deadline:
                return f"{answered} of {len(payloads)} were answered"
            while len(waiting) < WINDOW and following < len(payloads):
                waiting[following] = (0.0, ASK_AGAIN)
                following += 1
            # All that has arrived is taken first: it may be what is waited for.
            ready = select.select([self.near, self.far], [], [], 0)[0]
            if not ready:
                for number, (due, patience) in waiting.items():
                    now = time.monotonic()
                    if now < due:
                        continue
                    attempt += 1
                    self.near.sendto(self.HEAD.pack(number, attempt) +
                                     payloads[number], target)
                    waiting[number] = (now + patience,
                                       min(2 * patience, ASK_AGAIN_MOST))
                ready = select.select([self.near, self.far], [], [], 0.1)[0]
            for sock in ready:
                datagram, sender = sock.recvfrom(65535)
                number, tried = self.HEAD.unpack_from(datagram)
                if datagram[self.HEAD.size:] != payloads[number]:
                    return f"datagram {number} is not what was sent"
                if (number, tried) in arrived[sock] and self.options.once:
                    return f"datagram {number} arrived twice"
                arrived[sock].add((number, tried))
                if sock is self.far:
                    self.far.sendto(datagram, sender)
                elif waiting.pop(number, None) is not None:
                    answered += 1
        return None


def stream_sockets(options, protocol, address):
    family = netns.family_of(address)
    with netns.inside(options.far):
        far = socket.socket(family, socket.SOCK_STREAM, protocol)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    far.bind((address, 0))
    far.listen()
    with netns.inside(options.near):
        near = socket.socket(family, socket.SOCK_STREAM, protocol)
    bind_near(options, near, family)
    return near, far


def bind_near(options, sock, family):
    if options.device:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                        options.device.encode())
    for address in options.own:
        if netns.family_of(address) == family:
            sock.bind((address, 0))


def datagram_sockets(options, address):
    far = netns.udp(options.far, address)
    with netns.inside(options.near):
        near = socket.socket(netns.family_of(address), socket.SOCK_DGRAM)
    bind_near(options, near, netns.family_of(address))
    return near, far


def plan(options):
    for kind in options.kinds.split(","):
        for address in options.addresses:
            if kind == "udp":
                yield Datagrams(options, f"udp {address}",
                                *datagram_sockets(options, address))
                continue
            protocol = IPPROTO_SCTP if kind == "sctp" else 0
            for direction in options.directions.split(","):
                made = {"there": Stream, "back": StreamBack}[direction]
                yield made(options, f"{kind} {direction} {address}",
                           *stream_sockets(options, protocol, address))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", default="tcp,udp")
    parser.add_argument("--directions", default="there,back")
    parser.add_argument("--bytes", type=int, default=200000)
    parser.add_argument("--datagrams", type=int, default=60)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--persistent", action="store_true")
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--from", dest="own", action="append", default=[])
    parser.add_argument("--device")
    parser.add_argument("near")
    parser.add_argument("far")
    parser.add_argument("addresses", nargs="+")
    options = parser.parse_args()
    transfers = list(plan(options))
    for transfer in transfers:
        transfer.start()
    failed = False
    for transfer in transfers:
        transfer.join(max(0, transfer.deadline + 5 - time.monotonic()))
        print(f"{transfer.name}: {transfer.problem or 'complete'}, "
              f"{transfer.seconds:.2f} s")
        failed = failed or transfer.problem is not None
    sys.exit(failed)


if __name__ == "__main__":
    main()
