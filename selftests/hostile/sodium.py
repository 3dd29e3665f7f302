# SPDX-License-Identifier: GPL-2.0
"""aead.py's and x25519.py's functions by libsodium, for more messages than those
can make."""
import ctypes
import ctypes.util
import struct

TAG = 16

_sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
_sodium.sodium_init()
_encrypt = _sodium.crypto_aead_chacha20poly1305_ietf_encrypt
_decrypt = _sodium.crypto_aead_chacha20poly1305_ietf_decrypt
# Lengths are of 64 bits; they would be passed as int.
_encrypt.argtypes = (ctypes.c_char_p, ctypes.c_void_p, ctypes.c_char_p,
                     ctypes.c_ulonglong, ctypes.c_char_p, ctypes.c_ulonglong,
                     ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p)
_decrypt.argtypes = (ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p,
                     ctypes.c_char_p, ctypes.c_ulonglong, ctypes.c_char_p,
                     ctypes.c_ulonglong, ctypes.c_char_p, ctypes.c_char_p)


def seal(key, counter, text, associated=b""):
    sealed = ctypes.create_string_buffer(len(text) + TAG)
    _encrypt(sealed, None, text, len(text), associated, len(associated), None,
             struct.pack("<4xQ", counter), key)
    return sealed.raw


def open_sealed(key, counter, text, associated=b""):
    if len(text) < TAG:
        return None
    opened = ctypes.create_string_buffer(len(text) - TAG + 1)
    if _decrypt(opened, None, None, text, len(text), associated,
                len(associated), struct.pack("<4xQ", counter), key):
        return None
    return opened.raw[:-1]


def x25519(private, public):
    shared = ctypes.create_string_buffer(32)
    # All zeros for a point of low order, as x25519.py has it.
    _sodium.crypto_scalarmult_curve25519(shared, private, public)
    return shared.raw


def public_key(private):
    public = ctypes.create_string_buffer(32)
    _sodium.crypto_scalarmult_curve25519_base(public, private)
    return public.raw
