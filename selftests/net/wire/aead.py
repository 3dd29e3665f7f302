# SPDX-License-Identifier: GPL-2.0
"""ChaCha20-Poly1305 (RFC 8439) and XChaCha20-Poly1305, slow but independent
of the kernel's.  Names are those of the RFC."""
# pylint: disable=invalid-name
import struct

MASK = 0xffffffff
TAG = 16


def _rounds(x):
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14),
                           (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12),
                           (2, 7, 8, 13), (3, 4, 9, 14)):
            xa, xb, xc, xd = x[a], x[b], x[c], x[d]
            xa = xa + xb & MASK
            xd ^= xa
            xd = (xd << 16 | xd >> 16) & MASK
            xc = xc + xd & MASK
            xb ^= xc
            xb = (xb << 12 | xb >> 20) & MASK
            xa = xa + xb & MASK
            xd ^= xa
            xd = (xd << 8 | xd >> 24) & MASK
            xc = xc + xd & MASK
            xb ^= xc
            xb = (xb << 7 | xb >> 25) & MASK
            x[a], x[b], x[c], x[d] = xa, xb, xc, xd


def _initial(key, tail):
    return list(struct.unpack("<16I", b"expand 32-byte k" + key + tail))


def _block(key, counter, nonce):
    start = _initial(key, struct.pack("<I", counter) + nonce)
    x = list(start)
    _rounds(x)
    return struct.pack("<16I", *[a + b & MASK for a, b in zip(x, start)])


def _hchacha20(key, nonce):
    x = _initial(key, nonce)
    _rounds(x)
    return struct.pack("<8I", *x[:4], *x[12:])


def _chacha20(key, nonce, text):
    stream = b"".join(_block(key, 1 + i, nonce)
                      for i in range((len(text) + 63) // 64))[:len(text)]
    return (int.from_bytes(text, "little") ^
            int.from_bytes(stream, "little")).to_bytes(len(text), "little")


def _poly1305(key, text):
    r = int.from_bytes(key[:16], "little") & \
        0x0ffffffc0ffffffc0ffffffc0fffffff
    a = 0
    for i in range(0, len(text), 16):
        a = (a + int.from_bytes(text[i:i + 16] + b"\x01", "little")) * r \
            % (2 ** 130 - 5)
    a += int.from_bytes(key[16:], "little")
    return (a & (1 << 128) - 1).to_bytes(16, "little")


def _tag(key, nonce, sealed, associated):
    def padded(text):
        return text + bytes(-len(text) % 16)

    return _poly1305(_block(key, 0, nonce)[:32],
                     padded(associated) + padded(sealed) +
                     struct.pack("<QQ", len(associated), len(sealed)))


def seal(key, counter, text, associated=b""):
    """With WireGuard's nonce: a counter of 64 bits."""
    nonce = struct.pack("<4xQ", counter)
    sealed = _chacha20(key, nonce, text)
    return sealed + _tag(key, nonce, sealed, associated)


def open_sealed(key, counter, text, associated=b""):
    """Return the plaintext, or None where the tag is wrong."""
    nonce = struct.pack("<4xQ", counter)
    sealed = text[:-TAG]
    if len(text) < TAG or _tag(key, nonce, sealed, associated) != text[-TAG:]:
        return None
    return _chacha20(key, nonce, sealed)


def xseal(key, nonce, text, associated):
    key = _hchacha20(key, nonce[:16])
    nonce = bytes(4) + nonce[16:]
    sealed = _chacha20(key, nonce, text)
    return sealed + _tag(key, nonce, sealed, associated)


def xopen(key, nonce, text, associated):
    key = _hchacha20(key, nonce[:16])
    nonce = bytes(4) + nonce[16:]
    if _tag(key, nonce, text[:-TAG], associated) != text[-TAG:]:
        return None
    return _chacha20(key, nonce, text[:-TAG])
