# SPDX-License-Identifier: GPL-2.0
"""Curve25519 (RFC 7748) as libsodium has it."""
import ctypes

P = 2 ** 255 - 19
BASE = (9).to_bytes(32, "little")

# Public keys whose shared secret is zero with every private key.
LOW_ORDER = [value.to_bytes(32, "little") for value in (
    0, 1, P - 1, P, P + 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823)]

_scalarmult = ctypes.CDLL("libsodium.so.23").crypto_scalarmult_curve25519
_scalarmult.argtypes = (ctypes.c_char_p,) * 3


def x25519(private, public):
    shared = ctypes.create_string_buffer(32)
    if _scalarmult(shared, private, public):
        raise ValueError("a public key of low order")
    return shared.raw


def public_key(private):
    return x25519(private, BASE)
