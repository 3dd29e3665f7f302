# SPDX-License-Identifier: GPL-2.0
"""WireGuard's messages and the Noise_IKpsk2 handshake, written from the
paper and independent of the driver that they test.  Whatever a test wants
wrong can be given: timestamps, counters, keys, macs."""
import hashlib
import hmac
import os
import struct
import time

from aead import open_sealed, seal, xopen, xseal
from x25519 import public_key, x25519

INITIATION, RESPONSE, COOKIE, DATA = 1, 2, 3, 4
SIZES = {INITIATION: 148, RESPONSE: 92, COOKIE: 64}
DATA_OVERHEAD = 32
ZEROS = bytes(32)
NO_MAC = bytes(16)


class Invalid(Exception):
    """A message that its receiver must not accept."""


def blake2s(*parts, size=32, key=b""):
    state = hashlib.blake2s(digest_size=size, key=key)
    for part in parts:
        state.update(part)
    return state.digest()


def kdf(key, text, count):
    secret = hmac.new(key, text, hashlib.blake2s).digest()
    last = b""
    out = b""
    for number in range(1, count + 1):
        last = hmac.new(secret, last + bytes([number]),
                        hashlib.blake2s).digest()
        out += last
    return struct.unpack("32s" * count, out)


def tai64n(seconds=None):
    """A timestamp, of now unless told otherwise."""
    if seconds is None:
        seconds = time.time()
    whole = int(seconds)
    return struct.pack("!QI", (1 << 62) + 10 + whole,
                       int((seconds - whole) * 1e9))


def message_type(message):
    return struct.unpack_from("<I", message)[0] if len(message) >= 4 else None


def sender_index(message):
    return struct.unpack_from("<I", message, 4)[0]


def receiver_index(message):
    offset = 8 if message_type(message) == RESPONSE else 4
    return struct.unpack_from("<I", message, offset)[0]


def mac1_of(message):
    return message[-32:-16]


def mac2_of(message):
    return message[-16:]


def mac1_is_valid(message, receiver):
    return mac1_of(message) == blake2s(
        message[:-32], key=blake2s(b"mac1----", receiver), size=16)


def mac2_is_valid(message, cookie):
    return mac2_of(message) == blake2s(message[:-16], key=cookie, size=16)


def add_macs(body, receiver, cookie=None):
    message = body + blake2s(body, key=blake2s(b"mac1----", receiver), size=16)
    if cookie is None:
        return message + NO_MAC
    return message + blake2s(message, key=cookie, size=16)


def cookie_reply(message, responder, cookie, index=None, nonce=None):
    """The reply of a loaded responder, whose public key is given."""
    nonce = nonce or os.urandom(24)
    if index is None:
        index = sender_index(message)
    return struct.pack("<II", COOKIE, index) + nonce + xseal(
        blake2s(b"cookie--", responder), nonce, cookie, mac1_of(message))


def read_cookie(reply, responder, sent):
    """The cookie in a reply to the message that we sent."""
    cookie = xopen(blake2s(b"cookie--", responder), reply[8:32], reply[32:],
                   mac1_of(sent))
    if cookie is None:
        raise Invalid("cookie reply is not for this message")
    return cookie


class Session:
    """Transport keys of one side."""

    def __init__(self, index, remote_index, sending, receiving):
        self.index = index
        self.remote_index = remote_index
        self.sending = sending
        self.receiving = receiving
        self.counter = 0

    def data(self, packet=b"", counter=None, padding=True):
        """A data message; the next counter unless told otherwise."""
        if counter is None:
            counter = self.counter
            self.counter += 1
        if padding:
            packet += bytes(-len(packet) % 16)
        return struct.pack("<IIQ", DATA, self.remote_index, counter) + \
            seal(self.sending, counter, packet)

    def read(self, message):
        """Return counter and plaintext of a data message to us."""
        kind, index, counter = struct.unpack_from("<IIQ", message)
        if kind != DATA or index != self.index:
            raise Invalid(f"type {kind} for {index:08x} is not for us")
        packet = open_sealed(self.receiving, counter, message[16:])
        if packet is None:
            raise Invalid("data message does not decrypt")
        return counter, packet


class Handshake:
    """One run of Noise_IKpsk2."""

    def __init__(self, private, remote=None, psk=ZEROS):
        self.private = private
        self.public = public_key(private)
        self.remote = remote
        self.psk = psk
        self.index = struct.unpack("<I", os.urandom(4))[0]
        self.ephemeral = os.urandom(32)
        self.remote_ephemeral = None
        self.remote_index = None
        self.timestamp = None
        self.chaining = self.hash = self.key = None

    def _start(self, responder):
        self.chaining = blake2s(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
        self.hash = blake2s(self.chaining,
                            b"WireGuard v1 zx2c4 Jason@zx2c4.com")
        self._mix_hash(responder)

    def _mix_hash(self, data):
        self.hash = blake2s(self.hash, data)

    def _mix_ephemeral(self, public):
        self._mix_hash(public)
        self.chaining, = kdf(self.chaining, public, 1)

    def _mix_key(self, secret):
        self.chaining, self.key = kdf(self.chaining, secret, 2)

    def _seal(self, text):
        sealed = seal(self.key, 0, text, self.hash)
        self._mix_hash(sealed)
        return sealed

    def _open(self, sealed, what):
        text = open_sealed(self.key, 0, sealed, self.hash)
        if text is None:
            raise Invalid(f"{what} does not decrypt")
        self._mix_hash(sealed)
        return text

    def initiation(self, timestamp=None, cookie=None, ephemeral_public=None,
                   static=None):
        """First message.  A low-order ephemeral or static public key may be
        put in: all secrets that it makes are zero."""
        self._start(self.remote)
        ephemeral = ephemeral_public or public_key(self.ephemeral)
        self._mix_ephemeral(ephemeral)
        self._mix_key(x25519(self.ephemeral, self.remote)
                      if ephemeral_public is None else ZEROS)
        sealed = self._seal(static or self.public)
        self._mix_key(x25519(self.private, self.remote)
                      if static is None else ZEROS)
        body = struct.pack("<II", INITIATION, self.index) + ephemeral + \
            sealed + self._seal(timestamp or tai64n())
        return add_macs(body, self.remote, cookie)

    def consume_initiation(self, message):
        """Learn who initiates; self.remote, if given, must be the one."""
        if len(message) != 148 or message_type(message) != INITIATION:
            raise Invalid("not an initiation")
        if not mac1_is_valid(message, self.public):
            raise Invalid("mac1 is wrong")
        self.remote_index = sender_index(message)
        self._start(self.public)
        self.remote_ephemeral = message[8:40]
        self._mix_ephemeral(self.remote_ephemeral)
        self._mix_key(x25519(self.private, self.remote_ephemeral))
        remote = self._open(message[40:88], "static key")
        if self.remote not in (None, remote):
            raise Invalid("initiation of somebody else")
        self.remote = remote
        self._mix_key(x25519(self.private, remote))
        self.timestamp = self._open(message[88:116], "timestamp")

    def response(self, cookie=None, ephemeral_public=None):
        """Second message, and the responder's session.  An ephemeral that is
        given is of low order, as above."""
        ephemeral = ephemeral_public or public_key(self.ephemeral)
        self._mix_ephemeral(ephemeral)
        if ephemeral_public:
            self._mix_key(ZEROS)
            self._mix_key(ZEROS)
        else:
            self._mix_key(x25519(self.ephemeral, self.remote_ephemeral))
            self._mix_key(x25519(self.ephemeral, self.remote))
        self._mix_psk()
        body = struct.pack("<III", RESPONSE, self.index, self.remote_index) + \
            ephemeral + self._seal(b"")
        receiving, sending = kdf(self.chaining, b"", 2)
        return (add_macs(body, self.remote, cookie),
                Session(self.index, self.remote_index, sending, receiving))

    def consume_response(self, message):
        """The initiator's session."""
        if len(message) != 92 or message_type(message) != RESPONSE:
            raise Invalid("not a response")
        if receiver_index(message) != self.index:
            raise Invalid("response to somebody else")
        if not mac1_is_valid(message, self.public):
            raise Invalid("mac1 is wrong")
        ephemeral = message[12:44]
        self._mix_ephemeral(ephemeral)
        self._mix_key(x25519(self.ephemeral, ephemeral))
        self._mix_key(x25519(self.private, ephemeral))
        self._mix_psk()
        self._open(message[44:60], "empty text")
        sending, receiving = kdf(self.chaining, b"", 2)
        return Session(self.index, sender_index(message), sending, receiving)

    def _mix_psk(self):
        self.chaining, temporary, self.key = kdf(self.chaining, self.psk, 3)
        self._mix_hash(temporary)
