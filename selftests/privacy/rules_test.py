#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0
"""Every rule finds what it is there for: captures of a path that keeps to the
model, and the same with one thing wrong."""
import base64
import re
import struct
import tempfile

import model
import rules
import scenario
from evidence import messages
from synthetic import (ADDRESS, BYSTANDER, CLIENT, COOKIE, ENTRY, EXIT, OTHER,
                       PAYLOAD, PORT, SERVER, VIA, clean, key)
# Beside messages.
import cases
import packets
from x25519 import public_key

MODEL = model.Model()
CLEAN = clean()
_rules_seen = set()


def judge(world):
    with tempfile.TemporaryDirectory() as folder:
        return rules.Judge(scenario.Scenario(world.write(folder)),
                           MODEL).verdict()


def wrong(rule, party, text=""):
    """Make a function a case: what it does to the world is found out."""
    def add(function):
        def run():
            world = CLEAN.copy()
            function(world)
            violations = judge(world)
            if not any(v.rule == rule and v.party == party and text in v.text
                       for v in violations):
                raise AssertionError(
                    f"no {rule} of {party} with '{text}' among: " +
                    "; ".join(map(str, violations)))
            _rules_seen.add(rule)
        cases.case(f"{rule}: {function.__doc__}")(run)
        return function
    return add


def edit(found, which, change):
    """Change one packet of a list: the last for which which() holds."""
    for i in reversed(range(len(found))):
        time, packet = found[i]
        if which(packet):
            found[i] = (time, bytes(change(bytearray(packet))))
            return
    raise AssertionError("nothing to change")


def edit_message(world, one, other, which, change):
    """Change a datagram's payload on both ends of a link."""
    for name in (one, other):
        edit(world.outside[name], lambda p: from_to(p, one, other) and
             which(packets.udp_payload(p)), change)


def from_to(packet, one, other):
    return packets.version(packet) == 4 and packet[12:20] == b"".join(
        bytes(map(int, ADDRESS[name][4].split("."))) for name in (one, other))


def is_kind(kind):
    return lambda message: message and messages.message_type(message) == kind


def put(packet, offset, data):
    packet[offset:offset + len(data)] = data
    return packet


@cases.case("captures of a path that keeps to the model")
def _():
    cases.equal("violations", [], list(map(str, judge(CLEAN))))


# Who speaks with whom

@wrong("stranger", CLIENT)
def _direct(world):
    """a message leaves for the exit outside the carrier"""
    world.datagram(CLIENT, EXIT, 40001, PORT, world.data(EXIT, 0))


@wrong("learned", EXIT, "address of client")
def _direct_learned(world):
    """the exit meets the client's address"""
    world.datagram(CLIENT, EXIT, 40001, PORT, world.data(EXIT, 0))


@wrong("stranger", "link client-entry", "no message")
def _question(world):
    """a packet that is no message goes to the entry"""
    world.datagram(CLIENT, ENTRY, 5353, 53, b"who is the server?")


@wrong("stranger", CLIENT)
def _server(world):
    """the server is spoken to beside the tunnel"""
    world.datagram(CLIENT, SERVER, 7000, 7000, b"hello")


@wrong("stranger", BYSTANDER)
def _bystander(world):
    """a gateway of no path is spoken to"""
    world.datagram(EXIT, BYSTANDER, 41001, PORT, world.data(EXIT, 0))


# What can be read

@wrong("learned", "link client-entry", "address of exit")
def _unencrypted(world):
    """a nested datagram is not encrypted"""
    nested = world.nested(ENTRY, world.data(EXIT, 0))
    message = world.data(ENTRY, len(nested))
    world.datagram(CLIENT, ENTRY, 40001, PORT, put(bytearray(message), 16, nested))


@wrong("learned", "link client-entry", "address of exit")
def _unencrypted6(world):
    """the same over IPv6"""
    nested = world.nested(ENTRY, world.data(EXIT, 0), 6)
    message = world.data(ENTRY, len(nested))
    world.datagram(CLIENT, ENTRY, 40001, PORT, put(bytearray(message), 16, nested))


@wrong("learned", "link entry-exit", "what is said to server")
def _payload(world):
    """the payload in the clear in front of the exit"""
    world.datagram(ENTRY, EXIT, 41001, PORT, world.data(EXIT, 0) +
                   PAYLOAD.encode())


@wrong("learned", "link exit-server", "client's address inside exit")
def _not_masqueraded(world):
    """the server meets the client's inner address"""
    world.between(EXIT, SERVER, packets.ip_packet(
        ADDRESS[EXIT][4], ADDRESS[SERVER][4], bytes(map(int,
        VIA[EXIT][4].split("."))), packets.ICMP))


@wrong("learned", "link entry-exit", "client's port toward entry")
def _same_port(world):
    """the exit meets the client's port toward the entry"""
    world.datagram(ENTRY, EXIT, 40001, PORT, world.data(EXIT, 0))


@wrong("learned", "link client-entry", "client's key toward exit")
def _key(world):
    """a client key in the clear"""
    world.datagram(CLIENT, ENTRY, 40001, PORT, world.data(ENTRY, 0) +
                   public_key(key("client toward exit")))


@wrong("state", EXIT, "address of client")
def _state_address(world):
    """the client's address in the exit's state"""
    world.state[EXIT] += f"udp src={ADDRESS[CLIENT][4]} dst={ADDRESS[EXIT][4]}\n"


@wrong("state", ENTRY, "address of server")
def _state_hex(world):
    """the server's address in a table of /proc/net"""
    world.state[ENTRY] += "  12: 0205C6C6:0050 00000000:0000 07\n".replace(
        "C6C6", "12C6")


@wrong("state", SERVER, "client's port toward exit")
def _state_port(world):
    """a via-port in a table beyond the exit"""
    world.state[SERVER] += "udp 17 src=192.0.2.1 sport=42002 dport=51820\n"


@wrong("state", EXIT, "client's key toward entry")
def _state_key(world):
    """another gateway's client key in the exit's state"""
    found = public_key(key("client toward " + ENTRY))
    world.state[EXIT] += base64.b64encode(found).decode() + "\t(none)\n"


@wrong("inside", ENTRY, "no message")
def _answer(world):
    """the entry's own question is answered"""
    world.inside[ENTRY].append((world.time, packets.ip_packet(
        VIA[ENTRY][4], ADDRESS[CLIENT][4], bytes(8), packets.ICMP)))


@wrong("inside", EXIT, "no address of its client")
def _other_source(world):
    """a packet with an address of the client's own network at the exit"""
    world.inside[EXIT].append((world.time, packets.udp(
        "192.168.1.7", ADDRESS[SERVER][4], 7000, 7000, b"hello")))


@wrong("inside", EXIT, "not to the next hop")
def _multicast(world):
    """a packet for the client's own link at the exit"""
    world.inside[EXIT].append((world.time, packets.udp(
        VIA[EXIT][4], "224.0.0.251", 5353, 5353, b"hello")))


# Headers and lengths

def _header_case(party, text, where, offset, data, description):
    def change(world):
        if where == CLIENT:
            edit(world.outside[CLIENT], lambda p: from_to(p, CLIENT, OTHER),
                 lambda p: put(p, offset, data))
        else:
            edit(world.inside[where], lambda p: p[12] == 10,
                 lambda p: put(p, offset, data))
    change.__doc__ = description
    wrong("header", party, text)(change)


_header_case("link client-other", "dscp 46", CLIENT, 1, b"\xb8",
             "the DSCP of the inner packet on the client's link")
_header_case("link client-other", "hop-limit 63", CLIENT, 8, b"\x3f",
             "another hop limit on the client's link")
_header_case(OTHER, "dscp 46", OTHER, 1, b"\xb8",
             "the DSCP of the inner packet in a nested header")
_header_case(OTHER, "hop-limit 63", OTHER, 8, b"\x3f",
             "another hop limit in a nested header")
_header_case(OTHER, "dont-fragment True", OTHER, 6, b"\x40",
             "the inner packet's DF in a nested header")
_header_case(OTHER, "udp-checksum False", OTHER, 26, b"\0\0",
             "no UDP checksum in a nested header")


@wrong("header", ENTRY, "flow-label 74565")
def _flow_label(world):
    """a flow label of the inner flow in a nested header"""
    world.inside[ENTRY].append((world.time, bytes(put(bytearray(world.nested(
        ENTRY, world.data(EXIT, 0), 6)), 0, b"\x60\x01\x23\x45"))))


@wrong("identification", OTHER, "counter")
def _identification(world):
    """the IPv4 identification is the message's counter"""
    edit(world.inside[OTHER], lambda p: is_kind(messages.DATA)(
        packets.udp_payload(p)) and p[12:14] == b"\x0a\x03",
         lambda p: put(p, 4, struct.pack("!H", struct.unpack_from(
             "<Q", p, 36)[0] & 0xffff)))


@wrong("identification", CLIENT, "the same sequence in all of 4 sessions")
def _sequence(world):
    """all sessions count from the same start"""
    for i, name in enumerate((ENTRY, ENTRY, OTHER, OTHER)):
        found = world.inside[name]
        if i % 2 == 0:
            found.clear()
        message = bytearray(world.data(EXIT, 0))
        packet = bytearray(world.nested(name, put(message, 4, bytes([i]))))
        found.append((world.time, bytes(put(packet, 4, struct.pack(
            "!H", world.ident + 5 & 0xffff)))))


@wrong("length", "link client-other", "not padded")
def _not_padded(world):
    """data that is not padded"""
    world.datagram(CLIENT, OTHER, 40001, PORT, world.data(OTHER, 64)[:-7])
    world.datagram(CLIENT, OTHER, 40001, PORT, world.data(OTHER, 640))


@wrong("length", "link client-entry", "150 bytes")
def _long_initiation(world):
    """an initiation of another size"""
    world.time = world.scenes[0]["from"] + 0.5
    world.datagram(CLIENT, ENTRY, 40001, PORT,
                   struct.pack("<I", 1) + bytes(146))


# Numbers and keys

@wrong("index", "link entry-exit", "of the session with entry")
def _shared_index(world):
    """a session number of the exit's session on the client's link"""
    message = put(bytearray(world.data(ENTRY, 64)), 4, world.data(EXIT, 0)[4:8])
    world.datagram(CLIENT, ENTRY, 40001, PORT, bytes(message))


@wrong("index", CLIENT, "follow each other")
def _sequential_index(world):
    """session numbers that follow each other"""
    first = None
    for i in range(2):
        message = messages.Handshake(key(f"more {i}"), public_key(key(OTHER)))
        message.index = first + 1 if first else message.index
        first = message.index
        world.send_message(OTHER, message.initiation())


@wrong("index", "link client-other", "second time")
def _repeated_index(world):
    """a session number for the second time"""
    world.handshake(OTHER)


@wrong("port", EXIT, "behind other as behind entry")
def _kept_port(world):
    """the port is taken along to another carrier"""
    world.ports[1][EXIT] = world.ports[0][EXIT]


@wrong("port", EXIT, "identity another")
def _kept_port_again(world):
    """the port is kept with another identity"""
    world.hops[1] = world.hops[0]
    world.ports[1] = world.ports[0]
    world.meant_identity[1][EXIT] = "client toward exit, anew"


@wrong("port", CLIENT, "toward all hops")
def _one_port(world):
    """one port toward all hops"""
    for ports in world.ports:
        for name in ports:
            ports[name] = 40001


@wrong("handshake", OTHER, "not the one toward it")
def _wrong_identity(world):
    """the entry's client key toward another"""
    world.identity[OTHER] = world.identity[ENTRY]
    world.handshake(OTHER, 3)


@wrong("handshake", "link other-exit", "shows the client's key toward other")
def _recognised(world):
    """a response that shows another gateway whose client it is for"""
    world.identity[EXIT] = world.identity[OTHER]
    world.handshake(EXIT, 3)


@wrong("handshake", "link client-other", "ephemeral key for the second time")
def _ephemeral(world):
    """an ephemeral key for the second time"""
    edit_message(world, CLIENT, OTHER, is_kind(messages.INITIATION), bytes)
    world.handshake(OTHER)


@wrong("handshake", "link client-other", "not for other")
def _for_another(world):
    """an initiation that is for another gateway"""
    message = messages.Handshake(world.identity[OTHER], public_key(key(EXIT)))
    world.send_message(OTHER, message.initiation())


@wrong("clock", EXIT, "as is the clock that entry sees")
def _same_clock(world):
    """two gateways see the same clock"""
    world.__dict__.update(clean({ENTRY: 700, OTHER: 300, EXIT: 700}).__dict__)


@wrong("clock", EXIT, "that exit sees of another identity")
def _same_clock_again(world):
    """a gateway sees the same clock under another identity"""
    world.meant_identity[1][EXIT] = "another"
    world.identity[EXIT] = key("another")
    world.handshake(EXIT, 3)


@wrong("clock", EXIT, "s ahead")
def _far_ahead(world):
    """a clock that is further ahead than it may be"""
    world.__dict__.update(clean({ENTRY: 60, OTHER: 300, EXIT: 2000}).__dict__)


@wrong("clock", OTHER, " ns")
def _fine_clock(world):
    """a clock in steps that are too fine"""
    handshake = messages.Handshake(world.identity[OTHER],
                                   public_key(key(OTHER)))
    world.send_message(OTHER, handshake.initiation(
        messages.tai64n(world.time + 0.123456789)))


@wrong("cookie", EXIT, "to another client key")
def _kept_cookie(world):
    """another identity shows the cookie that the former was given"""
    world.meant_identity[1][EXIT] = "another"
    world.identity[EXIT] = key("another")
    world.handshake(EXIT, 3, COOKIE)


@wrong("cookie", EXIT, "no cookie that it gave")
def _shared_cookie(world):
    """the exit is shown a cookie that another gateway gave"""
    world.refuse(OTHER, 6, key(OTHER)[:16])
    world.handshake(EXIT, 3, key(OTHER)[:16])


# What is heard when

@wrong("scene", "link client-other", "a packet leaves")
def _not_silent(world):
    """a packet leaves after shutdown"""
    world.datagram(CLIENT, OTHER, 40001, PORT, world.data(OTHER, 0))


@wrong("scene", "link other-exit", "more than a keepalive")
def _not_idle(world):
    """data where all is idle"""
    world.scene("idle again", "idle")
    world.send_message(EXIT, world.data(EXIT, 64))


@wrong("scene", "link exit-server", "all is idle")
def _not_idle_beyond(world):
    """a packet to the server where all is idle"""
    world.scene("idle again", "idle")
    world.datagram(EXIT, SERVER, 7000, 7000, b"hello")


@wrong("scene", "link other-exit", "tells that the client moved")
def _told(world):
    """a handshake with the exit because the client has moved"""
    world.scene("roaming again", "moved")
    world.handshake(EXIT, 3)


def _remove(world, one, other, kind):
    for name in (one, other):
        world.outside[name] = [
            (time, packet) for time, packet in world.outside[name]
            if not is_kind(kind)(packets.udp_payload(packet))]


@wrong("missing", OTHER, "no handshake")
def _no_handshake(world):
    """captures without handshakes of a hop"""
    _remove(world, CLIENT, OTHER, messages.RESPONSE)


@wrong("missing", "link other-exit", "no data")
def _no_data(world):
    """captures without data of a link"""
    _remove(world, OTHER, EXIT, messages.DATA)


@wrong("missing", SERVER, "no payload")
def _no_payload(world):
    """a server that nobody spoke to"""
    world.outside[SERVER] = world.outside[SERVER][:0]


@wrong("missing", EXIT, "nothing was decrypted")
def _nothing_inside(world):
    """a hop that decrypted nothing"""
    world.inside[EXIT].clear()


@wrong("missing", EXIT, "no state")
def _no_state(world):
    """a hop whose state nobody has looked at"""
    del world.state[EXIT]


@cases.case("each rule was seen to find something")
def _():
    with open(rules.__file__, encoding="utf-8") as file:
        known = set(re.findall(r'self\.blame\(\s*"([a-z]+)"', file.read()))
    known |= {"learned", "state"}
    cases.equal("rules", sorted(known), sorted(_rules_seen))


if __name__ == "__main__":
    cases.run()
