#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Numbered datagrams there, each sent back, until a file appears: none may be
lost, and none may come long after it could have.

numbered.py FROM-HOST FROM-ADDRESS TO-HOST TO-ADDRESS STOP-FILE

After SIGUSR1 it tells when all is back that was sent before.
"""
import os
import select
import signal
import struct
import sys
import time

import netns

INTERVAL = 0.004
# What counts as a stall is far below a handshake's five seconds.  Guests share
# processors that do other work: while we do not run ourselves, time does not
# count.
STALL = 4
OURS = 0.3
PATIENCE = 60
# So many are under way at most: no more than a peer keeps that waits for a
# handshake, however long that takes a slow guest.
UNDER_WAY = 64


class Stream:
    def __init__(self, from_host, from_address, to_host, to_address):
        self.near = netns.udp(from_host, from_address)
        self.far = netns.udp(to_host, to_address)
        self.target = self.far.getsockname()
        self.sent = []
        self.there = set()
        self.back = set()
        self.slowest = 0.0
        # Asked for: that so many are back. So many are, without a gap.
        self.wanted = None
        self.whole = 0
        self.looked = time.monotonic()
        self.away = 0.0

    def clock(self):
        """Seconds in which this program ran or waited for packets."""
        now = time.monotonic()
        self.away += max(0.0, now - self.looked - OURS)
        self.looked = now
        return now - self.away

    def want(self, *_):
        self.wanted = len(self.sent)

    def tell_wanted(self):
        while self.whole in self.back:
            self.whole += 1
        if self.wanted is not None and self.whole >= self.wanted:
            self.wanted = None
            print("all is back", flush=True)

    def send(self):
        self.near.sendto(struct.pack("!I", len(self.sent)) + bytes(400),
                         self.target)
        self.sent.append(self.clock())

    def receive(self, patience):
        ready = select.select([self.near, self.far], [], [], patience)[0]
        now = self.clock()
        for sock in ready:
            datagram, sender = sock.recvfrom(2048)
            number, = struct.unpack_from("!I", datagram)
            if sock is self.far:
                self.there.add(number)
                self.far.sendto(datagram, sender)
            else:
                if not self.back:
                    print("under way", flush=True)
                self.back.add(number)
                self.slowest = max(self.slowest, now - self.sent[number])

    def run(self, stop):
        due = self.clock()
        while not os.path.exists(stop):
            self.receive(max(0.0, due - self.clock()))
            self.tell_wanted()
            if self.clock() >= due and \
               len(self.sent) - len(self.back) < UNDER_WAY:
                self.send()
                due = max(due + INTERVAL, self.clock() - 1)
        deadline = time.monotonic() + PATIENCE
        while len(self.back) < len(self.sent) and time.monotonic() < deadline:
            self.receive(0.1)

    def judge(self):
        total = set(range(len(self.sent)))
        lost = sorted(total - self.there)
        lost_back = sorted(self.there - self.back)
        print(f"{len(total)} sent, the slowest took {self.slowest:.2f} s")
        if lost or lost_back:
            sys.exit(f"lost: {len(lost)} on the way there {lost[:20]}, "
                     f"{len(lost_back)} on the way back {lost_back[:20]}")
        if self.slowest > STALL:
            sys.exit("the stream stalled")


def main():
    from_host, from_address, to_host, to_address, stop = sys.argv[1:]
    stream = Stream(from_host, from_address, to_host, to_address)
    signal.signal(signal.SIGUSR1, stream.want)
    stream.run(stop)
    stream.judge()


main()
