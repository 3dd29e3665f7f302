# SPDX-License-Identifier: GPL-2.0
"""A path of two hops as captures that nobody captured: what a client that keeps
to the model would have sent, packet by packet, so that each packet can be made
wrong."""
import base64
import copy
import hashlib
import json
import os
import struct

import captures
from evidence import messages
import packets  # beside messages
from x25519 import public_key

CLIENT, ENTRY, OTHER, EXIT, SERVER = "client", "entry", "other", "exit", "server"
# A gateway of other paths.
BYSTANDER = "bystander"
ADDRESS = {name: {4: f"198.18.{i}.2", 6: f"2001:db8:{i}::2"} for i, name in
           enumerate((CLIENT, ENTRY, OTHER, EXIT, SERVER, BYSTANDER), 1)}
# As each gateway knows the client.
VIA = {name: {4: f"10.{i}.0.2", 6: f"fd00:{i}::2"} for i, name in
       enumerate((ENTRY, OTHER, EXIT), 2)}
GATEWAYS = (ENTRY, OTHER, EXIT)
PORT = 51820
LISTEN_PORT = 40001
PAYLOAD = "what the server is told"
COOKIE = bytes(range(16))
START = 1.7e9
# The clock that each gateway sees is so many steps ahead.
STEP = 1 << 24
AHEAD = {ENTRY: 60, OTHER: 300, EXIT: 700}


def key(name):
    return hashlib.sha256(name.encode()).digest()


def index_of(name):
    return struct.unpack("<I", key("index " + name)[:4])[0]


class World:
    """What was captured where, as lists of (time, packet), and the state of
    hosts; write() makes a description of it."""

    def __init__(self, ahead):
        self.time = START
        self.ahead = ahead
        self.outside = {name: [] for name in ADDRESS}
        self.inside = {name: [] for name in (*GATEWAYS, BYSTANDER)}
        self.state = {name: f"{name} has state\n"
                      for name in (*GATEWAYS, SERVER)}
        self.ports = [{ENTRY: LISTEN_PORT, EXIT: 41001},
                      {OTHER: LISTEN_PORT, EXIT: 42002}]
        self.identity = {name: key("client toward " + name)
                         for name in GATEWAYS}
        # Names of keys, where others than the usual ones are meant.
        self.meant_identity = [{}, {}]
        self.hops = [[ENTRY, EXIT], [OTHER, EXIT]]
        self.switched = None
        self.scenes = []
        self.ident = 0

    def scene(self, name, kind="active"):
        self.time += 1
        self.scenes.append({"name": name, "from": self.time, "kind": kind})
        self.time += 1

    def between(self, one, other, packet):
        """A packet on the link between two hosts."""
        self.time += 0.01
        for name in (one, other):
            self.outside[name].append((self.time, packet))

    def datagram(self, one, other, source_port, destination_port, payload,
                 version=4, **options):
        """A UDP datagram on a link."""
        self.between(one, other, packets.udp(
            ADDRESS[one][version], ADDRESS[other][version], source_port,
            destination_port, payload, **options))

    # The client's messages

    def carrier(self):
        return self.hops[-1 if self.switched else 0][0]

    def port(self, name):
        return self.ports[-1 if self.switched else 0][name]

    def send_message(self, name, message, version=4):
        """A message to the gateway, through its carrier if it is the exit."""
        if name != EXIT:
            self.datagram(CLIENT, name, self.port(name), PORT, message, version)
            return
        carrier = self.carrier()
        nested = self.nested(carrier, message, version)
        self.send_message(carrier, self.data(carrier, len(nested)))
        self.inside[carrier].append((self.time, nested))
        self.datagram(carrier, EXIT, self.port(EXIT), PORT, message, version)

    def nested(self, carrier, message, version=4):
        nested = bytearray(packets.udp(
            VIA[carrier][version], ADDRESS[EXIT][version], self.port(EXIT),
            PORT, message))
        if version == 4:
            counter = struct.unpack_from("<Q", message, 8)[0]
            identification = counter + 7 + \
                struct.unpack_from("<I", message, 4)[0] & 0xffff
            nested[4:6] = struct.pack("!H", identification)
        return bytes(nested)

    def answer(self, name, message):
        """A message from the gateway to the client."""
        if name != EXIT:
            self.datagram(name, CLIENT, PORT, self.port(name), message)
            return
        carrier = self.carrier()
        self.datagram(EXIT, carrier, PORT, self.port(EXIT), message)
        nested = packets.udp(ADDRESS[EXIT][4], VIA[carrier][4], PORT,
                             self.port(EXIT), message)
        self.inside[carrier].append((self.time, nested))
        self.answer(carrier, self.data(carrier, len(nested), "from"))

    def initiate(self, name, times, cookie=None):
        """An initiation, which is returned too."""
        initiator = messages.Handshake(self.identity[name],
                                       public_key(key(name)))
        initiator.index = index_of(f"{name} {times}")
        initiator.ephemeral = key(f"ephemeral {name} {times}")
        moment = int(self.time * 1e9) + self.ahead[name] * STEP
        stamp = struct.pack("!QI", (1 << 62) + 10 + moment // 10 ** 9,
                            moment % 10 ** 9 // STEP * STEP)
        message = initiator.initiation(stamp, cookie)
        self.send_message(name, message)
        return message

    def handshake(self, name, times=1, cookie=None):
        """Initiation and response."""
        responder = messages.Handshake(key(name))
        responder.index = index_of(f"{name} {times} from")
        responder.consume_initiation(self.initiate(name, times, cookie))
        self.answer(name, responder.response()[0])

    def refuse(self, name, times, cookie):
        """An initiation that a gateway under load answers with a cookie."""
        message = self.initiate(name, times)
        self.answer(name, messages.cookie_reply(
            message, public_key(key(name)), cookie, nonce=key("nonce")[:24]))

    def data(self, name, length, way="to"):
        """A data message that carries so many bytes of plaintext."""
        self.ident += 1
        length = length + -length % 16
        index = index_of(f"{name} 1" + (" from" if way == "to" else ""))
        return struct.pack("<IIQ", messages.DATA, index, self.ident) + \
            hashlib.shake_256(struct.pack("<I", self.ident)).digest(length + 16)

    def talk(self, version=4):
        """Something said to the server, and its answer."""
        packet = packets.udp(VIA[EXIT][version], ADDRESS[SERVER][version], 7000,
                             7000, PAYLOAD.encode())
        self.send_message(EXIT, self.data(EXIT, len(packet)))
        self.inside[EXIT].append((self.time, packet))
        self.datagram(EXIT, SERVER, 7000, 7000, PAYLOAD.encode(), version)
        self.datagram(SERVER, EXIT, 7000, 7000, b"answer", version)
        self.answer(EXIT, self.data(EXIT, 34, "from"))

    def keepalive(self):
        self.send_message(EXIT, self.data(EXIT, 0))

    def switch(self):
        self.switched = self.time

    # As files

    def identities(self):
        """Public keys, by path and by hop."""
        for i, hops in enumerate(self.hops):
            yield {name: base64.b64encode(public_key(key(
                self.meant_identity[i].get(name, "client toward " + name))))
                .decode() for name in hops}

    def write(self, folder):
        """Return the path of the description."""
        for name, found in self.outside.items():
            captures.write(os.path.join(folder, name + "-outside.pcap"), found)
        for name, text in self.state.items():
            with open(os.path.join(folder, name + ".state"), "w",
                      encoding="utf-8") as file:
                file.write(text)
        for name, found in self.inside.items():
            captures.write(os.path.join(folder, name + "-inside.pcap"), found)
        description = {
            "client": CLIENT, "server": SERVER, "payload": PAYLOAD,
            "hosts": {name: {
                "addresses": list(ADDRESS[name].values()),
                "outside": name + "-outside.pcap",
                "inside": name + "-inside.pcap" if name in self.inside else None,
                "state": name + ".state" if name in self.state else None}
                for name in ADDRESS},
            "gateways": {name: {
                "private_key": base64.b64encode(key(name)).decode(),
                "via_addresses": list(VIA[name].values())}
                for name in GATEWAYS},
            "paths": [{"from": time, "hops": hops, "ports": ports,
                       "identities": dict(identities)}
                      for time, hops, ports, identities in
                      zip((START, self.switched), self.hops, self.ports,
                          self.identities())],
            "scenes": self.scenes}
        path = os.path.join(folder, "description.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(description, file)
        return path

    def copy(self):
        return copy.deepcopy(self)


def clean(ahead=None):
    """A world in which nobody learns more than the model allows."""
    world = World(ahead or AHEAD)
    world.scene("connect")
    world.handshake(ENTRY)
    world.handshake(EXIT)
    world.scene("traffic")
    world.talk(4)
    world.talk(6)
    world.scene("idle", "idle")
    world.keepalive()
    world.scene("roaming", "moved")
    world.talk()
    world.scene("entry switch")
    world.switch()
    world.handshake(OTHER)
    world.handshake(EXIT, 2)
    world.talk()
    world.scene("new sessions under load")
    for name in (OTHER, EXIT):
        world.refuse(name, 4, COOKIE)
        world.handshake(name, 5, COOKIE)
    world.scene("shutdown", "down")
    return world
