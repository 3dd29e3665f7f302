# SPDX-License-Identifier: GPL-2.0
"""Messages changed at random, by the random numbers that are given."""
import struct

import messages
from messages import COOKIE, DATA, DATA_OVERHEAD, SIZES


def flip(random, message, first, last):
    """One to four bits of the bytes from first to before last."""
    changed = bytearray(message)
    bits = random.sample(range(first * 8, last * 8), random.randint(1, 4))
    for bit in bits:
        changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def garbage(random, most=1400):
    """No message of the protocol: another type, or too short for one."""
    text = random.randbytes(random.randint(0, most))
    if messages.message_type(text) in (*SIZES, DATA):
        return b"\0" + text[1:]
    return text


def wrong_length(random):
    """A type of the protocol with a length that it cannot have."""
    kind = random.choice((*SIZES, DATA))
    if kind == DATA:
        size = random.randint(4, DATA_OVERHEAD - 1)
    else:
        size = random.choice([size for size in range(4, 200)
                              if size != SIZES[kind]])
    return struct.pack("<I", kind) + random.randbytes(size - 4)


def for_nobody(random, known):
    """A data message that names no session."""
    index = random.getrandbits(32)
    while index in known:
        index = random.getrandbits(32)
    return struct.pack("<IIQ", DATA, index, random.getrandbits(64)) + \
        random.randbytes(random.randint(16, 1400))


def resized(random, message):
    """A data message cut or made longer, and still of a possible length."""
    size = random.choice([*range(DATA_OVERHEAD, len(message)),
                          *range(len(message) + 1, len(message) + 200)])
    return message[:size] + random.randbytes(max(0, size - len(message)))


def remacced(body, receiver):
    """With a mac1 that fits what was changed in front of it."""
    return messages.add_macs(body, receiver)


def cookie_reply(random, index):
    return struct.pack("<II", COOKIE, index) + random.randbytes(56)


def response(random, index, receiver):
    return remacced(struct.pack("<III", messages.RESPONSE,
                                random.getrandbits(32), index) +
                    random.randbytes(48), receiver)
