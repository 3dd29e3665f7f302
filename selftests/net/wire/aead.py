# SPDX-License-Identifier: GPL-2.0
"""ChaCha20-Poly1305 (RFC 8439) and XChaCha20-Poly1305 as libsodium has them,
which shares nothing with the kernel's."""
import ctypes
import struct

TAG = 16

_sodium = ctypes.CDLL("libsodium.so.23")
_chacha = "crypto_aead_chacha20poly1305_ietf_"
_xchacha = "crypto_aead_xchacha20poly1305_ietf_"
_length = ctypes.c_ulonglong


def _function(name, *kinds):
    function = getattr(_sodium, name)
    function.argtypes = kinds
    return function


_encrypt, _decrypt = {}, {}
for _name in (_chacha, _xchacha):
    _encrypt[_name] = _function(
        _name + "encrypt", ctypes.c_char_p, ctypes.c_void_p, ctypes.c_char_p,
        _length, ctypes.c_char_p, _length, ctypes.c_void_p, ctypes.c_char_p,
        ctypes.c_char_p)
    _decrypt[_name] = _function(
        _name + "decrypt", ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p,
        ctypes.c_char_p, _length, ctypes.c_char_p, _length, ctypes.c_char_p,
        ctypes.c_char_p)


def _seal(name, key, nonce, text, associated):
    sealed = ctypes.create_string_buffer(len(text) + TAG)
    _encrypt[name](sealed, None, text, len(text), associated, len(associated),
                   None, nonce, key)
    return sealed.raw


def _open(name, key, nonce, sealed, associated):
    """The plaintext, or None where the tag is wrong."""
    if len(sealed) < TAG:
        return None
    text = ctypes.create_string_buffer(len(sealed) - TAG)
    if _decrypt[name](text, None, None, sealed, len(sealed), associated,
                      len(associated), nonce, key):
        return None
    return text.raw


def _nonce(counter):
    """WireGuard's: a counter of 64 bits."""
    return struct.pack("<4xQ", counter)


def seal(key, counter, text, associated=b""):
    return _seal(_chacha, key, _nonce(counter), text, associated)


def open_sealed(key, counter, sealed, associated=b""):
    return _open(_chacha, key, _nonce(counter), sealed, associated)


def xseal(key, nonce, text, associated):
    return _seal(_xchacha, key, nonce, text, associated)


def xopen(key, nonce, sealed, associated):
    return _open(_xchacha, key, nonce, sealed, associated)
