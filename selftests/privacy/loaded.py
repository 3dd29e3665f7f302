#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A gateway that is under load, whatever it has to do: loaded.py PRIVATE-KEY-FILE.

Answers initiations that the gateway of that key is not let see, with a cookie,
and says of each whether it came with one.
"""
import base64
import os
import socket
import sys

import captures
from evidence import messages
# Beside messages.
import packets

ALL_PROTOCOLS = 3
COOKIE = os.urandom(16)


def raw(family):
    return socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        public = messages.Handshake(base64.b64decode(file.read())).public
    link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                         socket.htons(ALL_PROTOCOLS))
    answers = {4: raw(socket.AF_INET), 6: raw(socket.AF_INET6)}
    print("ready", flush=True)
    while True:
        packet = captures.parse(0, link.recv(65536))
        if not packet or \
                messages.message_type(packet.payload) != messages.INITIATION or \
                not messages.mac1_is_valid(packet.payload, public):
            continue
        if messages.mac2_is_valid(packet.payload, COOKIE):
            print("shown", flush=True)
            continue
        answers[packet.version].sendto(
            packets.udp(packet.destination, packet.source,
                        packet.destination_port, packet.source_port,
                        messages.cookie_reply(packet.payload, public, COOKIE)),
            (packet.source, 0))
        print("given", flush=True)


main()
