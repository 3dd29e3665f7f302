# SPDX-License-Identifier: GPL-2.0
"""A WireGuard peer that does only what it is told, on a UDP socket."""
import base64
import select
import time

import netns
from messages import (COOKIE, DATA, DATA_OVERHEAD, INITIATION, RESPONSE, ZEROS,
                      Handshake, Invalid, message_type)
from x25519 import public_key

# How long guests may take for what should happen at once.
PATIENCE = netns.PATIENCE
# Within which what answers an initiation has to be sent: after five seconds without
# a response there is another.
BEFORE_RETRY = 4
# Of one peer fifty initiations a second are taken, by a clock that may tick only a
# hundred times.
BETWEEN_INITIATIONS = 0.04
# How long to listen for what must not happen.
SILENCE = 0.4

NAMES = {INITIATION: "initiation", RESPONSE: "response",
         COOKIE: "cookie reply", DATA: "data message"}
# What the driver says of its own accord, if late: a guest may be slow.
KEEPALIVE = "keepalive"


def is_keepalive(message):
    return message_type(message) == DATA and len(message) == DATA_OVERHEAD


def key(text):
    """A key as configuration files have it."""
    return base64.b64decode(text)


class Peer:
    """host and address are where it is; remote is the other's public key and
    endpoint the other's address and port."""

    def __init__(self, host, address, port, private, remote, endpoint=None,
                 psk=ZEROS):
        self.private = private
        self.public = public_key(private)
        self.remote = remote
        self.endpoint = endpoint
        self.psk = psk
        self.socket = netns.udp(host, address, port)

    def close(self):
        self.socket.close()

    def send(self, message):
        self.socket.sendto(message, self.endpoint)

    def receive(self, patience=PATIENCE):
        """Next datagram with its sender, or None."""
        if not select.select([self.socket], [], [], patience)[0]:
            return None
        return self.socket.recvfrom(65535)

    def expect(self, kind, patience=PATIENCE):
        """The next message of a kind; others before it are passed over."""
        deadline = time.monotonic() + patience
        seen = []
        while (left := deadline - time.monotonic()) > 0:
            received = self.receive(left)
            if received and message_type(received[0]) == kind:
                return received[0]
            if received:
                seen.append(NAMES.get(message_type(received[0]), "garbage"))
        raise AssertionError(f"no {NAMES[kind]} came" +
                             (f", but {', '.join(seen)}" if seen else ""))

    def expect_silence(self, seconds=SILENCE, why="", besides=()):
        """Nothing comes besides messages of these kinds."""
        deadline = time.monotonic() + seconds
        while received := self.receive(max(0.0, deadline - time.monotonic())):
            if message_type(received[0]) in besides or \
               KEEPALIVE in besides and is_keepalive(received[0]):
                continue
            name = NAMES.get(message_type(received[0]), "garbage")
            raise AssertionError(f"{name} of {len(received[0])} bytes came" +
                                 (f": {why}" if why else ""))

    def drain(self, seconds=0.05):
        """Forget what has come, and return it."""
        messages = []
        while received := self.receive(seconds):
            messages.append(received[0])
        return messages

    def handshake(self):
        """One that the other does not refuse for coming too soon after the last."""
        time.sleep(BETWEEN_INITIATIONS)
        return Handshake(self.private, self.remote, self.psk)

    def initiate(self, cookie=None):
        """A session as the initiator; the other has not heard us yet."""
        handshake = self.handshake()
        self.send(handshake.initiation(cookie=cookie))
        while True:
            try:
                return handshake.consume_response(self.expect(RESPONSE))
            except Invalid:
                continue  # one to an earlier initiation

    def respond(self, message=None):
        """A session as the responder, to an initiation that comes."""
        handshake = self.handshake()
        handshake.consume_initiation(message or self.expect(INITIATION))
        response, session = handshake.response()
        self.send(response)
        return session

    def begin_session(self, session=None):
        """The session by which the first packet comes, and that packet's plaintext.
        Who initiates does so anew when no response came within five seconds, which
        takes only the last one's: so each initiation that comes has its response.
        A session says that the last has had its own."""
        deadline = time.monotonic() + PATIENCE
        while (left := deadline - time.monotonic()) > 0:
            message, _ = self.receive(left) or (b"", None)
            try:
                if message_type(message) == INITIATION:
                    session = self.respond(message)
                elif session and message_type(message) == DATA:
                    return session, session.read(message)[1]
            except Invalid:
                continue
        raise AssertionError("no session was begun")

    def expect_packet(self, session):
        """The next packet of a session; keepalives are none."""
        while is_keepalive(message := self.expect(DATA)):
            pass
        return session.read(message)[1]

    def expect_data(self, session, patience=PATIENCE):
        """Plaintext of the next data message of a session."""
        return session.read(self.expect(DATA, patience))[1]
