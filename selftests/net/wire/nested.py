# SPDX-License-Identifier: GPL-2.0
"""A device with a nested peer, and its entry and exit, written in Python, in
the hosts "device", "entry" and "exit" of lib/topology.sh.

The exit has one socket on the real network, and one inside the carrier: what
it says there goes as packets through the entry's session.
"""
import os
import select
import socket
import struct
import time

import messages
import netns
import packets
from cases import equal
from driver import HOST, OUTER, base64_of, run, secret_file
from messages import DATA, INITIATION, message_type
from peer import PATIENCE, Peer, key
from x25519 import public_key

KEYS = {name: key(os.environ["KEY_" + name.upper()])
        for name in ("device", "entry", "exit", "client_entry", "client_exit")}
NAME = "nym0"
PORT = 51820
ENTRY = {4: "198.18.2.2", 6: "2001:db8:2::2"}
EXIT = {4: "198.18.3.2", 6: "2001:db8:3::2"}
EXIT_ELSEWHERE = {4: "198.18.3.3", 6: "2001:db8:3::3"}
# What the entry gave us, and has itself.
VIA = {4: "10.2.0.2", 6: "fd00:2::2"}
ENTRY_INNER = {4: "10.2.0.1", 6: "fd00:2::1"}
VIA_PORT = 40001
# What the exit gave us, and whom we speak to behind it.
INNER = {4: "10.3.0.2", 6: "fd00:3::2"}
BEYOND = {4: "10.66.0.1", 6: "fd66::1"}
INNER_PORT = 7000
ROUTES = f"""route replace 10.66.0.0/16 dev {NAME} src {INNER[4]}
route replace fd66::/64 dev {NAME} src {INNER[6]}
"""
_opened = []


def opened(what):
    """Closed when the next device is made."""
    _opened.append(what)
    return what


class NestedPeer(Peer):
    """A peer that is reached through a carrier's session."""

    def __init__(self, carrier, session, version, private, remote):
        # pylint: disable=super-init-not-called
        self.private = private
        self.public = public_key(private)
        self.remote = remote
        self.psk = bytes(32)
        self.carrier = carrier
        self.session = session
        self.version = version
        self.address = EXIT[version]
        self.port = PORT
        self.traffic_class = 0
        # Has the carrier answer whatever comes, as one does that forwards.
        self.carrier_answers = False
        self.last_packet = None

    def wrap(self, message):
        """The nested datagram of a message."""
        return packets.udp(self.address, VIA[self.version], self.port, VIA_PORT,
                           message, traffic_class=self.traffic_class)

    def send(self, message):
        self.carrier.send(self.session.data(self.wrap(message)))

    def receive(self, patience=PATIENCE):
        """Next message to where this peer is."""
        deadline = time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 0:
            received = self.carrier.receive(left)
            if not received:
                return None
            if message_type(received[0]) != DATA:
                continue
            _, packet = self.session.read(received[0])
            if not packet:
                continue  # keepalive
            self.last_packet = packet
            if self.carrier_answers:
                self.carrier.send(self.session.data())
            payload = packets.udp_payload(packet)
            if payload is not None:
                return payload, received[1]
        return None


class NestedDevice:
    """A fresh device: a peer "entry" without allowed IPs, and "exit" via it."""

    def __init__(self, version=4, entry_words=(), exit_words=(), mtu=1280):
        while _opened:
            _opened.pop().close()
        self.version = version
        batch = ""
        if NAME in run("ip", "-n", HOST, "-br", "link"):
            batch = f"link del {NAME}\n"
        # The via-addresses are the host's too: so the stack would take what
        # slipped through.
        batch += (f"link add {NAME} mtu {mtu} type {os.environ['LINK_KIND']}\n"
                  f"address add {INNER[4]}/32 dev {NAME}\n"
                  f"address add {INNER[6]}/128 dev {NAME} nodad\n"
                  f"address add {VIA[4]}/32 dev {NAME}\n"
                  f"address add {VIA[6]}/128 dev {NAME} nodad\n")
        run("ip", "-n", HOST, "-batch", "-", text=batch)
        self.set("private-key", secret_file("device.key", KEYS["device"]),
                 "listen-port", str(PORT),
                 "peer", base64_of(public_key(KEYS["entry"])),
                 "endpoint", f"{ENTRY[4]}:{PORT}",
                 "identity", secret_file("entry.key", KEYS["client_entry"]),
                 *entry_words,
                 "peer", base64_of(public_key(KEYS["exit"])),
                 "endpoint", self.endpoint(EXIT[version]),
                 "identity", secret_file("exit.key", KEYS["client_exit"]),
                 "via", base64_of(public_key(KEYS["entry"])),
                 "via-address", ",".join(VIA.values()),
                 "via-port", str(VIA_PORT),
                 "allowed-ips", "0.0.0.0/0,::/0", *exit_words)
        run("ip", "-n", HOST, "-batch", "-",
            text=f"link set {NAME} up\n" + ROUTES)
        netns.wait_for_local(HOST, INNER[6], VIA[6])
        self.inner = {}
        self.entry = Peer("entry", ENTRY[4], PORT, KEYS["entry"],
                          public_key(KEYS["client_entry"]), (OUTER[4], PORT))
        # Of the entry and of the exit on the real network, outside the carrier.
        self.outside = Peer("exit", EXIT[version], PORT, KEYS["exit"],
                            public_key(KEYS["client_exit"]),
                            (OUTER[version], PORT))
        opened(self.entry)
        opened(self.outside)
        self.exit = None

    @staticmethod
    def endpoint(address, port=PORT):
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"

    @staticmethod
    def set(*words):
        run("ip", "netns", "exec", HOST, os.environ["NYMCTL"], "set", NAME,
            *words)

    def set_exit(self, *words):
        self.set("peer", base64_of(public_key(KEYS["exit"])), *words)

    def show(self, peer, field):
        """What is shown of a peer."""
        for line in run("ip", "netns", "exec", HOST, os.environ["NYMCTL"],
                        "show", NAME, field).splitlines():
            found, value = line.split("\t", 1)
            if found == base64_of(public_key(KEYS[peer])):
                return value
        raise AssertionError(f"no {field} of {peer}")

    def statistics(self, name):
        return int(run("ip", "netns", "exec", HOST, "cat",
                       f"/sys/class/net/{NAME}/statistics/{name}"))

    @staticmethod
    def restart():
        """Forget all sessions, as going down does."""
        run("ip", "-n", HOST, "-batch", "-",
            text=f"link set {NAME} down\nlink set {NAME} up\n"
            f"address replace {INNER[6]}/128 dev {NAME} nodad\n"
            f"address replace {VIA[6]}/128 dev {NAME} nodad\n" + ROUTES)
        netns.wait_for_local(HOST, INNER[6], VIA[6])

    def socket(self, version):
        """Of a program on the device's host, at any of its addresses."""
        if version not in self.inner:
            with netns.inside(HOST):
                sock = socket.socket(socket.AF_INET6 if version == 6 else
                                     socket.AF_INET, socket.SOCK_DGRAM)
            opened(sock)
            if version == 6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(("", INNER_PORT))
            self.inner[version] = sock
        return self.inner[version]

    def connected(self, version):
        """A socket of a program that speaks to one behind the exit only."""
        sock = netns.udp(HOST, INNER[version])
        sock.connect((BEYOND[version], INNER_PORT))
        return sock

    def say(self, payload=b"hello", version=4):
        """Have a packet to send through the path."""
        self.socket(version).sendto(payload, (BEYOND[version], INNER_PORT))

    def heard(self, patience=0.0, version=4):
        """What was delivered to the host by now."""
        sock = self.socket(version)
        deadline = time.monotonic() + patience
        payloads = []
        while True:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([sock], [], [], 0 if payloads else left)[0]:
                return payloads
            payloads.append(sock.recv(65535))

    def open_entry(self):
        """A session with the entry, as its initiator, that is confirmed."""
        session = self.entry.initiate()
        self.entry.send(session.data())
        self.exit = self.nested_peer(session)
        return session

    def nested_peer(self, session):
        """The exit, behind this session of the entry."""
        return NestedPeer(self.entry, session, self.version, KEYS["exit"],
                          public_key(KEYS["client_exit"]))

    def open(self):
        """Sessions with entry and exit, and the exit's."""
        self.open_entry()
        session = self.exit.initiate()
        self.deliver(session, b"confirm")
        return session

    def packet(self, payload, version=4):
        """What the exit may deliver."""
        return packets.udp(BEYOND[version], INNER[version], INNER_PORT,
                           INNER_PORT, payload)

    def deliver(self, session, payload, version=4, message=None):
        """A payload of the exit that must get through."""
        self.socket(version)
        self.exit.send(message or session.data(self.packet(payload, version)))
        equal("delivered", [payload], self.heard(PATIENCE, version))


def is_link_control(packet):
    """Neighbour discovery and multicast groups are on any link, and never
    beyond it."""
    if packets.version(packet) != 6:
        return False
    start = 48 if packet[6] == 0 else 40
    return packet[start] in (130, 131, 132, 133, 134, 135, 136, 143) and \
        (packet[6] == packets.ICMP6 or packet[40] == packets.ICMP6)


class Watch:
    """Sees all packets of a device of the device's host."""

    def __init__(self, device):
        self.socket = opened(netns.packets(HOST, device))
        self.began = time.monotonic()

    def seen(self, seconds=0.0):
        """Each packet so far, with whether it was sent."""
        deadline = time.monotonic() + seconds
        found = []
        while True:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self.socket], [], [], left)[0]:
                return found
            packet, (_, protocol, kind, *_) = self.socket.recvfrom(65535)
            if protocol in (0x0800, 0x86dd) and not is_link_control(packet):
                found.append((kind == 4, packet))  # PACKET_OUTGOING


def where_to(packet):
    """Destination address and port of a nested datagram."""
    if packets.version(packet) == 4:
        return (socket.inet_ntoa(packet[16:20]),
                struct.unpack_from("!H", packet, 22)[0])
    return (socket.inet_ntop(socket.AF_INET6, packet[24:40]),
            struct.unpack_from("!H", packet, 42)[0])


def expect_said(device, session, payload):
    """What the device's host says arrives; keepalives may come before."""
    device.say(payload)
    while True:
        packet = device.exit.expect_packet(session)
        if packets.udp_payload(packet) == payload:
            return packet


def initiation_anew(device):
    """Of the nested peer, when the device has come up again."""
    device.restart()
    device.entry.drain(0)
    device.open_entry()
    device.say()
    return device.exit.expect(INITIATION)


def is_of(initiation, peer):
    """Whether the peer knows who it is that initiates."""
    try:
        peer.handshake().consume_initiation(initiation)
    except messages.Invalid:
        return False
    return True


def tell_too_big(device, told):
    """An ICMP error of the entry's side about the exit's last datagram."""
    version = device.version
    quoted = device.exit.last_packet[:200]
    kind = (3, 4) if version == 4 else (2, 0)
    body = struct.pack("!BBHI", *kind, 0, told) + quoted
    if version == 4:
        found = packets.checksum(body)
        protocol = packets.ICMP
    else:
        protocol = packets.ICMP6
        found = packets.checksum(
            socket.inet_pton(socket.AF_INET6, ENTRY_INNER[6]) +
            socket.inet_pton(socket.AF_INET6, VIA[6]) +
            struct.pack("!II", len(body), protocol) + body)
    device.entry.send(device.exit.session.data(packets.ip_packet(
        ENTRY_INNER[version], VIA[version],
        body[:2] + struct.pack("!H", found) + body[4:], protocol)))
