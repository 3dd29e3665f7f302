# SPDX-License-Identifier: GPL-2.0
"""Curve25519 (RFC 7748), for keys that guard nothing: not constant time.
Names are those of the RFC."""
# pylint: disable=invalid-name,too-many-locals
P = 2 ** 255 - 19
A24 = 121665
BASE = (9).to_bytes(32, "little")

# Public keys whose shared secret is zero with every private key.
LOW_ORDER = [value.to_bytes(32, "little") for value in (
    0, 1, P - 1, P, P + 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823)]


def clamp(private):
    number = int.from_bytes(private, "little")
    return number & ~7 & ~(1 << 255) | 1 << 254


def x25519(private, public):
    """Montgomery's ladder, section 5 of the RFC."""
    k = clamp(private)
    x1 = int.from_bytes(public, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3 = 1, 0, x1, 1
    swap = 0
    for bit in range(254, -1, -1):
        now = k >> bit & 1
        if swap ^ now:
            x2, z2, x3, z3 = x3, z3, x2, z2
        swap = now
        a = x2 + z2
        b = x2 - z2
        aa = a * a % P
        bb = b * b % P
        e = aa - bb
        da = (x3 - z3) * a % P
        cb = (x3 + z3) * b % P
        x3 = (da + cb) ** 2 % P
        z3 = x1 * (da - cb) ** 2 % P
        x2 = aa * bb % P
        z2 = e * (aa + A24 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def public_key(private):
    return x25519(private, BASE)
