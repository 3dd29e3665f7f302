#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Load an XDP program and leave it where ip can take it from.

xdp.py FILE pass             every packet passes
xdp.py FILE drop PROTOCOL    packets of that protocol of IPv4 or IPv6 are
                             dropped: on a device without link-layer headers a
                             packet begins with that of IP
"""
import ctypes
import os
import platform
import struct
import sys

NR_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
BPF_PROG_LOAD, BPF_OBJ_PIN = 5, 6
BPF_PROG_TYPE_XDP = 6
XDP_DROP, XDP_PASS = 1, 2
LICENSE = b"GPL\0"


def instruction(code, target=0, source=0, offset=0, value=0):
    return struct.pack("=BBhi", code, source << 4 | target, offset, value)


def load_word(target, source, offset):
    return instruction(0x61, target, source, offset)


def load_byte(target, source, offset):
    return instruction(0x71, target, source, offset)


def move(target, source):
    return instruction(0xbf, target, source)


def set_to(target, value):
    return instruction(0xb7, target, value=value)


def add(target, value):
    return instruction(0x07, target, value=value)


def shift_right(target, value):
    return instruction(0x77, target, value=value)


def jump_if_greater(target, source, offset):
    return instruction(0x2d, target, source, offset)


def jump_unless(target, value, offset):
    return instruction(0x55, target, offset=offset, value=value)


EXIT = instruction(0x95)


def drop(protocol):
    """r2 is where the packet begins, r3 where it ends."""
    return b"".join((
        load_word(2, 1, 0),
        load_word(3, 1, 4),
        move(4, 2),
        add(4, 20),
        jump_if_greater(4, 3, 10),    # too short: pass
        load_byte(5, 2, 0),
        shift_right(5, 4),
        load_byte(6, 2, 9),           # protocol
        jump_unless(5, 4, 1),
        instruction(0x05, offset=2),  # over what is for IPv6
        jump_unless(5, 6, 4),
        load_byte(6, 2, 6),           # next header
        jump_unless(6, protocol, 2),
        set_to(0, XDP_DROP),
        EXIT,
        set_to(0, XDP_PASS),
        EXIT))


def bpf(command, attributes):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, 128)
    result = libc.syscall(NR_BPF, command, buffer, 128)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def address_of(buffer):
    return ctypes.cast(buffer, ctypes.c_void_p).value


def main():
    path, what, *protocol = sys.argv[1:]
    code = (set_to(0, XDP_PASS) + EXIT if what == "pass"
            else drop(int(protocol[0])))
    program = ctypes.create_string_buffer(code, len(code))
    log = ctypes.create_string_buffer(1 << 16)
    name = ctypes.create_string_buffer(path.encode())
    licence = ctypes.create_string_buffer(LICENSE)
    try:
        descriptor = bpf(BPF_PROG_LOAD, struct.pack(
            "=IIQQIIQ", BPF_PROG_TYPE_XDP, len(code) // 8,
            address_of(program), address_of(licence), 1, len(log),
            address_of(log)))
    except OSError as error:
        sys.exit(f"{error}\n{log.value.decode()}")
    bpf(BPF_OBJ_PIN, struct.pack("=QI", address_of(name), descriptor))


main()
