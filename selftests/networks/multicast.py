#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Datagrams to a group, which a host on the other side of a tunnel has joined.

multicast.py FROM-HOST FROM-DEVICE TO-HOST TO-DEVICE 4|6
"""
import socket
import struct
import sys

import netns

GROUPS = {"4": "239.1.2.3", "6": "ff0e::1:2:3"}
PORT = 5353
COUNT = 20
PATIENCE = 60


def sockets(from_host, from_device, to_host, to_device, version):
    group = GROUPS[version]
    with netns.inside(from_host):
        sender = socket.socket(netns.family_of(group), socket.SOCK_DGRAM)
        outgoing = socket.if_nametoindex(from_device)
    with netns.inside(to_host):
        receiver = socket.socket(netns.family_of(group), socket.SOCK_DGRAM)
        incoming = socket.if_nametoindex(to_device)
        # Membership is looked up in the namespace of the caller's socket, the
        # device by its number.
        if version == "4":
            member = struct.pack("4s4si", socket.inet_aton(group), bytes(4),
                                 incoming)
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                member)
        else:
            member = socket.inet_pton(socket.AF_INET6, group)
            receiver.setsockopt(socket.IPPROTO_IPV6,
                                socket.IPV6_JOIN_GROUP,
                                member + struct.pack("@I", incoming))
    receiver.bind((group, PORT))
    receiver.settimeout(PATIENCE)
    if version == "4":
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                          struct.pack("4s4si", bytes(4), bytes(4), outgoing))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
    else:
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF,
                          outgoing)
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 8)
    return sender, receiver, (group, PORT)


def main():
    from_host, from_device, to_host, to_device, version = sys.argv[1:]
    sender, receiver, target = sockets(from_host, from_device, to_host,
                                       to_device, version)
    for number in range(COUNT):
        # Of several fragments as well.
        payload = bytes([number]) * (1 + number * 200)
        sender.sendto(payload, target)
        if receiver.recv(65535) != payload:
            sys.exit(f"datagram {number} is not what was sent")


main()
