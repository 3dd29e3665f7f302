#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Look in a capture for a handshake under load: an initiation without mac2, a
cookie reply to it, an initiation with mac2, and its response.

cookie_exchange.py FILE INITIATOR RESPONDER
"""
import socket
import struct
import sys

import messages
from messages import COOKIE, INITIATION, RESPONSE

ETHERNET = 14
UDP = 8


def datagrams(file):
    """The UDP datagrams of a capture on Ethernet, as (source, payload)."""
    data = open(file, "rb").read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at < len(data):
        size, = struct.unpack_from(order + "I", data, at + 8)
        packet = data[at + 16 + ETHERNET:at + 16 + size]
        at += 16 + size
        if packet[0] >> 4 == 4:
            source = socket.inet_ntop(socket.AF_INET, packet[12:16])
            head = (packet[0] & 15) * 4
        else:
            source = socket.inet_ntop(socket.AF_INET6, packet[8:24])
            head = 40
        yield source, packet[head + UDP:]


def main():
    file, initiator, responder = sys.argv[1:]
    steps = iter(((initiator, INITIATION, False, "an initiation without mac2"),
                  (responder, COOKIE, None, "a cookie reply"),
                  (initiator, INITIATION, True, "an initiation with mac2"),
                  (responder, RESPONSE, None, "a response")))
    step = next(steps)
    index = None
    for source, message in datagrams(file):
        kind = messages.message_type(message)
        if (source, kind) != step[:2]:
            continue
        if kind == INITIATION:
            if (message[-16:] != bytes(16)) != step[2]:
                continue
            index = messages.sender_index(message)
        elif kind == COOKIE and messages.receiver_index(message) != index:
            sys.exit("the cookie reply is for another initiation")
        step = next(steps, None)
        if step is None:
            return
    sys.exit(f"not seen, or not in its turn: {step[3]}")


main()
