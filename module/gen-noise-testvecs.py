#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Computes a WireGuard handshake apart from the driver, and prints
noise-testvecs.h for noise_kunit.c and cookie_kunit.c.

Source of truth: X25519 after RFC 7748, ChaCha20-Poly1305 after RFC 8439 and
HChaCha20 after draft-irtf-cfrg-xchacha-03, all written out below in plain
integers and checked against those documents' own vectors before anything is
printed; BLAKE2s (RFC 7693) and HMAC (RFC 2104) from Python's library; the
handshake after section 5.4 of the WireGuard paper.

    ./gen-noise-testvecs.py >noise-testvecs.h
"""

import hashlib
import hmac
import struct

P25519 = 2**255 - 19


def x25519(scalar, point):
    """RFC 7748, section 5."""
    k = int.from_bytes(scalar, "little")
    k &= ~7
    k &= (1 << 255) - 1
    k |= 1 << 254
    x1 = int.from_bytes(point, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = (k >> t) & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b = (x2 + z2) % P25519, (x2 - z2) % P25519
        aa, bb = a * a % P25519, b * b % P25519
        e = (aa - bb) % P25519
        c, d = (x3 + z3) % P25519, (x3 - z3) % P25519
        da, cb = d * a % P25519, c * b % P25519
        x3 = (da + cb) ** 2 % P25519
        z3 = x1 * (da - cb) ** 2 % P25519
        x2 = aa * bb % P25519
        z2 = e * (aa + 121665 * e) % P25519
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P25519 - 2, P25519) % P25519).to_bytes(32, "little")


def public(private):
    return x25519(private, (9).to_bytes(32, "little"))


def rotl(v, n):
    return ((v << n) | (v >> (32 - n))) & 0xFFFFFFFF


def chacha_rounds(state):
    s = list(state)

    def quarter(a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] = rotl(s[z] ^ s[x], n)

    for _ in range(10):
        quarter(0, 4, 8, 12)
        quarter(1, 5, 9, 13)
        quarter(2, 6, 10, 14)
        quarter(3, 7, 11, 15)
        quarter(0, 5, 10, 15)
        quarter(1, 6, 11, 12)
        quarter(2, 7, 8, 13)
        quarter(3, 4, 9, 14)
    return s


def chacha_state(key, counter_and_nonce):
    return struct.unpack("<16I", b"expand 32-byte k" + key + counter_and_nonce)


def chacha20(key, counter, nonce, data):
    """RFC 8439, section 2.4; the nonce has 12 bytes."""
    out = bytearray()
    for i in range(0, len(data), 64):
        state = chacha_state(key, struct.pack("<I", counter + i // 64) + nonce)
        mixed = chacha_rounds(state)
        block = struct.pack("<16I", *((a + b) & 0xFFFFFFFF
                                      for a, b in zip(mixed, state)))
        out += bytes(a ^ b for a, b in zip(data[i:i + 64], block))
    return bytes(out)


def hchacha20(key, nonce):
    mixed = chacha_rounds(chacha_state(key, nonce))
    return struct.pack("<8I", *mixed[0:4], *mixed[12:16])


def poly1305(key, data):
    """RFC 8439, section 2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    acc = 0
    for i in range(0, len(data), 16):
        acc += int.from_bytes(data[i:i + 16] + b"\x01", "little")
        acc = acc * r % (2**130 - 5)
    acc += int.from_bytes(key[16:], "little")
    return (acc % 2**128).to_bytes(16, "little")


def seal(key, nonce, plain, ad):
    """AEAD_CHACHA20_POLY1305 of RFC 8439, section 2.8."""
    def pad(data):
        return data + bytes(-len(data) % 16)

    sealed = chacha20(key, 1, nonce, plain)
    tag = poly1305(chacha20(key, 0, nonce, bytes(32)),
                   pad(ad) + pad(sealed) + struct.pack("<QQ", len(ad), len(sealed)))
    return sealed + tag


def aead(key, counter, plain, ad):
    return seal(key, bytes(4) + struct.pack("<Q", counter), plain, ad)


def xaead(key, nonce, plain, ad):
    return seal(hchacha20(key, nonce[:16]), bytes(4) + nonce[16:], plain, ad)


def check_primitives():
    h = bytes.fromhex
    # RFC 7748, section 5.2
    assert x25519(h("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                  h("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
                  ) == h("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")
    # RFC 8439, section 2.8.2
    plain = (b"Ladies and Gentlemen of the class of '99: If I could offer you "
             b"only one tip for the future, sunscreen would be it.")
    sealed = seal(bytes(range(0x80, 0xA0)), h("070000004041424344454647"), plain,
                  h("50515253c0c1c2c3c4c5c6c7"))
    assert sealed[:16] == h("d31a8d34648e60db7b86afbc53ef7ec2")
    assert sealed[-16:] == h("1ae10b594f09e26a7e902ecbd0600691")
    # draft-irtf-cfrg-xchacha-03, section 2.2.1
    assert hchacha20(bytes(range(32)), h("000000090000004a0000000031415927")) == \
        h("82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc")
    # RFC 7693, appendix B
    assert hashlib.blake2s(b"abc").hexdigest() == \
        "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"


def hash_(*parts):
    return hashlib.blake2s(b"".join(parts)).digest()


def mac(key, data):
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def kdf(n, key, data):
    def hmac_(k, d):
        return hmac.new(k, d, hashlib.blake2s).digest()

    secret, out = hmac_(key, data), [b""]
    for i in range(1, n + 1):
        out.append(hmac_(secret, out[-1] + bytes([i])))
    return out[1:]


def label(text):
    """Nothing up our sleeves: all that is arbitrary is the hash of its name."""
    return hash_(b"nym test vector: " + text.encode())


def initiation(v, static_public, static_static):
    """Section 5.4.2. Returns the message but for mac2, and Noise's ck and h."""
    ei, sr_public = v["initiator_ephemeral_private"], v["responder_public"]

    ck = hash_(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
    h = hash_(ck, b"WireGuard v1 zx2c4 Jason@zx2c4.com")
    h = hash_(h, sr_public)
    ck, = kdf(1, ck, public(ei))
    h = hash_(h, public(ei))
    ck, k = kdf(2, ck, x25519(ei, sr_public))
    static = aead(k, 0, static_public, h)
    h = hash_(h, static)
    ck, k = kdf(2, ck, static_static)
    timestamp = aead(k, 0, v["timestamp"], h)
    h = hash_(h, timestamp)
    msg = struct.pack("<II", 1, v["initiator_index"]) + public(ei) + static + timestamp
    return msg + mac(hash_(b"mac1----", sr_public), msg), ck, h


def handshake(v):
    si, sr = v["initiator_private"], v["responder_private"]
    ei, er = v["initiator_ephemeral_private"], v["responder_ephemeral_private"]
    v["initiator_public"] = public(si)
    v["responder_public"] = public(sr)

    msg, ck, h = initiation(v, public(si), x25519(si, public(sr)))
    v["initiation_chaining_key"], v["initiation_hash"] = ck, h
    v["initiation_mac2"] = mac(v["cookie"], msg)
    v["initiation"] = msg + bytes(16)

    # What anybody can write in the name of a static key of low order, whose
    # shared secret with all others is zero.
    v["low_order_initiation"] = initiation(v, bytes(32), bytes(32))[0] + bytes(16)

    # Section 5.4.3
    ck, = kdf(1, ck, public(er))
    h = hash_(h, public(er))
    ck, = kdf(1, ck, x25519(er, public(ei)))
    ck, = kdf(1, ck, x25519(er, public(si)))
    ck, tau, k = kdf(3, ck, v["preshared_key"])
    h = hash_(h, tau)
    empty = aead(k, 0, b"", h)
    h = hash_(h, empty)
    v["response_chaining_key"], v["response_hash"] = ck, h
    msg = struct.pack("<III", 2, v["responder_index"], v["initiator_index"])
    msg += public(er) + empty
    msg += mac(hash_(b"mac1----", public(si)), msg)
    v["response"] = msg + bytes(16)

    # Section 5.4.5
    v["initiator_sending_key"], v["responder_sending_key"] = kdf(2, ck, b"")

    # Section 5.4.7
    mac1 = v["initiation"][116:132]
    v["cookie_reply"] = struct.pack("<II", 3, v["initiator_index"])
    v["cookie_reply"] += v["cookie_nonce"]
    v["cookie_reply"] += xaead(hash_(b"cookie--", public(sr)), v["cookie_nonce"],
                               v["cookie"], mac1)


def vectors():
    v = {
        "initiator_index": 0x11223344,
        "responder_index": 0x55667788,
        # 2026-01-01T00:00:00Z in TAI64N as WireGuard counts
        "timestamp": struct.pack(">QI", 2**62 + 10 + 1767225600, 1 << 24),
        # struct nym_cookie_source: address, carrier, port, padding
        "cookie_source": bytes([192, 0, 2, 1]) + bytes(12) + bytes([7] * 8) +
        struct.pack(">H", 51820) + bytes(6),
        "cookie_nonce": label("cookie nonce")[:24],
    }
    for name in ("initiator private", "responder private", "preshared key",
                 "initiator ephemeral private", "responder ephemeral private",
                 "cookie secret"):
        value = bytearray(label(name))
        if name.endswith("private"):
            value[0] &= 248
            value[31] = (value[31] & 127) | 64
        v[name.replace(" ", "_")] = bytes(value)
    v["cookie"] = mac(v["cookie_secret"], v["cookie_source"])
    handshake(v)
    return v


def main():
    check_primitives()
    print("/* SPDX-License-Identifier: GPL-2.0 */")
    print("/* Made by gen-noise-testvecs.py, which says from what. Not to be edited. */")
    print("#ifndef _NYM_NOISE_TESTVECS_H")
    print("#define _NYM_NOISE_TESTVECS_H\n")
    print("#include <linux/compiler_attributes.h>")
    print("#include <linux/types.h>")
    for name, value in sorted(vectors().items()):
        if isinstance(value, int):
            print(f"\n#define TESTVEC_{name.upper()} {value:#010x}")
            continue
        print(f"\nstatic const u8 testvec_{name}[{len(value)}] __maybe_unused = {{")
        for i in range(0, len(value), 12):
            print("\t" + " ".join(f"{b:#04x}," for b in value[i:i + 12]))
        print("};")
    print("\n#endif /* _NYM_NOISE_TESTVECS_H */")


if __name__ == "__main__":
    main()
