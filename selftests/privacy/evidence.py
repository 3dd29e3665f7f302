# SPDX-License-Identifier: GPL-2.0
"""Which things a party can read: from packets, and from a host's state."""
import base64
import ipaddress
import itertools
import os
import re
import struct
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "net", "wire"))
import captures  # pylint: disable=wrong-import-position
import messages  # pylint: disable=wrong-import-position

# A port that is drawn may now and then be this one, which all may learn.
GATEWAY_PORT = 51820
MESSAGE_TYPES = (messages.INITIATION, messages.RESPONSE, messages.COOKIE,
                 messages.DATA)


class Message:
    """A WireGuard message and its numbers; kind is None where it is none."""

    def __init__(self, data):
        self.data = data
        self.kind = messages.message_type(data)
        if self.kind not in MESSAGE_TYPES or len(data) < 32:
            self.kind = None
        self.sender = messages.sender_index(data) if self.kind in (
            messages.INITIATION, messages.RESPONSE) else None
        self.receiver = messages.receiver_index(data) if self.kind in (
            messages.RESPONSE, messages.COOKIE, messages.DATA) else None
        self.counter = struct.unpack_from("<Q", data, 8)[0] \
            if self.kind == messages.DATA else None

    def indices(self):
        return [index for index in (self.sender, self.receiver)
                if index is not None]


class Tokens:
    """Recognises things.  A token is told by thing and owners: the client's port
    toward several first hops is the same."""

    def __init__(self, scenario):
        self.by_address = {}
        self.by_port = {}
        self.by_index = {}
        self._bytes = [(scenario.payload.encode(),
                        ("payload", (scenario.server,)))]
        self._short = []
        self._text = []
        for thing, owner, address in scenario.addresses():
            token = (thing, (owner,))
            self.by_address[address] = token
            packed = ipaddress.ip_address(address).packed
            (self._bytes if len(packed) == 16 else
             self._short).append((packed, token))
            self._text.append((self._address_pattern(address, packed), token))
        for owner, gateway in scenario.gateways.items():
            for key in gateway["identities"]:
                self._bytes.append((key, ("identity", (owner,))))
                self._text.append((re.escape(base64.b64encode(key).decode()),
                                   ("identity", (owner,))))
        for path in scenario.paths:
            for owner, port in path["ports"].items():
                if port == GATEWAY_PORT:
                    continue
                _, owners = self.by_port.get(port, ("port", ()))
                self.by_port[port] = ("port", (*owners, owner))
        # Four bytes occur by chance in what is encrypted; not a header's two
        # addresses, one after the other.
        self._pairs = [(a + b, (one, other)) for (a, one), (b, other) in
                       itertools.product(self._short, repeat=2)]
        self._text = [(re.compile(pattern), token)
                      for pattern, token in self._text]

    @staticmethod
    def _address_pattern(address, packed):
        """As tools print it, and as /proc/net does."""
        words = [struct.unpack_from("<I", packed, i)[0]
                 for i in range(0, len(packed), 4)]
        return r"(?<![\w.:])" + re.escape(address) + r"(?![\w.]|::?\w*:)|" + \
            r"\b" + "".join(f"{word:08X}" for word in words) + ":"

    def in_packet(self, packet):
        """Tokens that who sees the packet can read."""
        found = set()
        message = self.message(packet)
        quoted = packet.quoted()
        for shown in (packet, quoted):
            if not shown:
                continue
            for address in (shown.source, shown.destination):
                found.add(self.by_address.get(address))
            for port in (shown.source_port, shown.destination_port):
                found.add(self.by_port.get(port))
        for index in message.indices() if message else []:
            found.add(self.by_index.get(index))
        for token, what in self._bytes:
            if token in packet.data:
                found.add(what)
        if message:
            for pair, both in self._pairs:
                if pair in message.data:
                    found.update(both)
        elif not quoted and packet.protocol != captures.TCP:
            for token, what in self._short:
                if token in packet.payload:
                    found.add(what)
        found.discard(None)
        return found

    @staticmethod
    def message(packet):
        """The WireGuard message in a packet, or None."""
        if packet.source_port is None or packet.is_fragment:
            return None
        message = Message(packet.payload)
        return message if message.kind else None

    def in_text(self, text):
        """Tokens in what a host's tools and /proc say."""
        found = {token for pattern, token in self._text if pattern.search(text)}
        ports = re.findall(r"(?m)^(?=.*\budp\b).*$", text)
        for port in re.findall(r"[sd]port=(\d+)", "\n".join(ports)):
            found.add(self.by_port.get(int(port)))
        for port in re.findall(r"[\d\]]:(\d+)\b", text):
            found.add(self.by_port.get(int(port)))
        found.discard(None)
        return found
