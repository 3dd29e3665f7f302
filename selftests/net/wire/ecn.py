#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test cases of ecn.sh."""
import functools
import socket

import packets
from cases import case, equal, run, within
from driver import INNER, INNER_PORT, PEER_INNER
from pair import PORT, begin, open_peer
from messages import DATA, INITIATION, message_type
from peer import BEFORE_RETRY, PATIENCE, is_keepalive

NOT_ECT, ECT_1, ECT_0, CE = range(4)
NAMES = {NOT_ECT: "Not-ECT", ECT_1: "ECT(1)", ECT_0: "ECT(0)", CE: "CE"}
OUTER = {4: "198.18.2.2", 6: "2001:db8:2::2"}

# RFC 6040, figure 4: what leaves, by what is inside (row) and outside
# (column, in the order Not-ECT, ECT(0), ECT(1), CE).
DROP = None
DECAPSULATED = {
    NOT_ECT: (NOT_ECT, NOT_ECT, NOT_ECT, DROP),
    ECT_0: (ECT_0, ECT_0, ECT_1, CE),
    ECT_1: (ECT_1, ECT_1, ECT_1, CE),
    CE: (CE, CE, CE, CE),
}
COLUMNS = (NOT_ECT, ECT_0, ECT_1, CE)

# Level, option to set the traffic class and to be told it.
OPTIONS = {4: (socket.IPPROTO_IP, socket.IP_TOS, socket.IP_RECVTOS),
           6: (socket.IPPROTO_IPV6, socket.IPV6_TCLASS,
               socket.IPV6_RECVTCLASS)}


def set_class(sock, version, value):
    level, option, _ = OPTIONS[version]
    sock.setsockopt(level, option, value)


def tell_class(sock, version):
    level, _, option = OPTIONS[version]
    sock.setsockopt(level, option, 1)
    sock.settimeout(PATIENCE)


def receive_class(sock):
    """Next datagram and its traffic class."""
    data, ancillary, _, _ = sock.recvmsg(65535, 256)
    return data, ancillary[0][2][0]


def next_message(peer, kind):
    """The next of a kind, and its traffic class. A keepalive or an initiation may be
    due in a slow guest."""
    while True:
        message, found = receive_class(peer.socket)
        if message_type(message) == kind and not is_keepalive(message):
            return message, found


def established(outer):
    """A session, and the inner sockets ready."""
    device, first = begin()
    first.close()
    peer = open_peer(OUTER[outer], PORT)
    session = peer.initiate()
    peer.send(session.data())
    tell_class(peer.socket, outer)
    for version in (4, 6):
        tell_class(device.socket(version), version)
    return device, peer, session


def encapsulate(outer, inner):
    device, peer, session = established(outer)
    sock = device.socket(inner)
    for dscp in (0, 46 << 2):
        for ecn in COLUMNS:
            set_class(sock, inner, dscp | ecn)
            sock.sendto(b"out", (PEER_INNER[inner], INNER_PORT))
            message, found = next_message(peer, DATA)
            equal("inside", dscp | ecn,
                  packets.traffic_class_of(session.read(message)[1]))
            equal(f"outside of {NAMES[ecn]}, DSCP {dscp >> 2}", ecn, found)


def decapsulate(outer, inner):
    device, peer, session = established(outer)
    sock = device.socket(inner)
    for inside, row in DECAPSULATED.items():
        for outside, wanted in zip(COLUMNS, row):
            text = f"{NAMES[inside]} in {NAMES[outside]}"
            set_class(peer.socket, outer, 46 << 2 | outside)
            peer.send(session.data(packets.udp(
                PEER_INNER[inner], INNER[inner], INNER_PORT, INNER_PORT,
                text.encode(), traffic_class=8 << 2 | inside)))
            if wanted is DROP:
                # What is sent next comes next.
                continue
            data, found = receive_class(sock)
            equal("packet", text, data.decode())
            equal(text, 8 << 2 | wanted, found)


def handshake(outer):
    """Handshake messages carry no mark, and those that arrive with one are
    taken."""
    device, first = begin("endpoint", f"[{OUTER[6]}]:{PORT}" if outer == 6
                          else f"{OUTER[4]}:{PORT}")
    first.close()
    peer = open_peer(OUTER[outer], PORT)
    tell_class(peer.socket, outer)
    set_class(device.socket(), 4, 46 << 2 | CE)
    set_class(peer.socket, outer, CE)
    with within(BEFORE_RETRY):
        device.say()
        message, found = next_message(peer, INITIATION)
        equal("class of an initiation", 0, found)
        session = peer.respond(message)
        message, found = next_message(peer, DATA)
    equal("class of data", CE, found)
    equal("class inside", 46 << 2 | CE, packets.traffic_class_of(session.read(message)[1]))


for _outer in (4, 6):
    for _inner in (4, 6):
        case(f"IPv{_inner} inside IPv{_outer}, on the way out")(
            functools.partial(encapsulate, _outer, _inner))
        case(f"IPv{_inner} inside IPv{_outer}, on the way in")(
            functools.partial(decapsulate, _outer, _inner))
    case(f"handshakes over IPv{_outer}")(functools.partial(handshake, _outer))

if __name__ == "__main__":
    run()
