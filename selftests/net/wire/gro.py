#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test cases of gro.sh."""
import select
import socket
import struct
import time

import driver
import netns
import packets
from cases import both_versions, equal, run
from driver import HOST, INNER, INNER_PORT, NAME, PEER_INNER
from pair import established
from peer import PATIENCE

TCP, ACK, PACKET_OUTGOING, UDP_SEGMENT = 6, 0x10, 4, 103
SIZE = 100
# In nanoseconds.
KEPT_FOR = 1000000000


def segment(version, number):
    """One of a flow of segments of equal size."""
    source, destination = PEER_INNER[version], INNER[version]
    family = netns.family_of(source)
    payload = b"%03d" % number + bytes(SIZE - 3)

    def tcp(check):
        return struct.pack("!HHIIBBHHH", INNER_PORT, INNER_PORT,
                           1 + number * SIZE, 1, 5 << 4, ACK, 1000, check, 0) + payload

    pseudo = socket.inet_pton(family, source) + \
        socket.inet_pton(family, destination) + \
        struct.pack("!II", len(tcp(0)), TCP)
    return packets.ip_packet(source, destination,
                             tcp(packets.checksum(pseudo + tcp(0))), TCP)


def arrived(tap, version, count):
    """Numbers of so many segments, in the order in which the stack got them."""
    header = (40 if version == 6 else 20) + 20
    deadline = time.monotonic() + PATIENCE
    numbers = []
    while len(numbers) < count and \
            select.select([tap], [], [], deadline - time.monotonic())[0]:
        packet, (_, _, kind, *_) = tap.recvfrom(65535)
        if kind == PACKET_OUTGOING or packet[6 if version == 6 else 9] != TCP:
            continue
        payload = packet[header:]
        numbers += [int(payload[at:at + 3]) for at in range(0, len(payload), SIZE)]
    return numbers


@both_versions("a lone packet does not overtake what GRO holds")
def lone(version):
    _, peer, session = established()
    driver.run("ip", "netns", "exec", HOST, "sh", "-c",
               f"echo {KEPT_FOR} >/sys/class/net/{NAME}/gro_flush_timeout")
    tap = netns.packets(HOST, NAME)
    first, second, last = [session.data(segment(version, i)) for i in range(3)]
    peer.socket.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(first))
    peer.send(first + second)
    peer.socket.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 0)
    peer.send(last)
    equal("order", [0, 1, 2], arrived(tap, version, 3))
    tap.close()


run()
