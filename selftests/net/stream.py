#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A TCP connection that carries numbered bytes and checks them.

stream.py serve ADDRESS PORT            accept one connection and end with it
stream.py in|out ADDRESS PORT BYTES     receive or send so many bytes
"""
import hashlib
import socket
import sys

CHUNK = 1 << 16
TIMEOUT = 120


def blocks(total):
    """Bytes that differ everywhere, the same in every run."""
    number = 0
    while total > 0:
        block = hashlib.blake2b(number.to_bytes(8, "big")).digest() * (CHUNK // 64)
        yield block[:min(CHUNK, total)]
        total -= CHUNK
        number += 1


def send(connection, total):
    for block in blocks(total):
        connection.sendall(block)
    connection.shutdown(socket.SHUT_WR)
    if connection.recv(2) != b"ok":
        sys.exit("the other side did not get what was sent")


def receive(connection, total):
    for number, block in enumerate(blocks(total)):
        got = bytearray()
        while len(got) < len(block):
            part = connection.recv(len(block) - len(got))
            if not part:
                sys.exit(f"ended after {number * CHUNK + len(got)} bytes")
            got += part
        if got != block:
            sys.exit(f"bytes differ in block {number}")
    connection.sendall(b"ok")


def serve(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as server:
        server.settimeout(TIMEOUT)
        print("listening", flush=True)
        connection, _ = server.accept()
    with connection:
        connection.settimeout(TIMEOUT)
        direction, total = connection.makefile("rb").readline().split()
        if direction == b"out":
            connection.sendall(b"go")
            receive(connection, int(total))
        else:
            send(connection, int(total))


def client(direction, address, port, total):
    with socket.create_connection((address, port), timeout=TIMEOUT) as connection:
        connection.sendall(f"{direction} {total}\n".encode())
        if direction == "out":
            if connection.recv(2) != b"go":
                sys.exit("no server")
            send(connection, total)
        else:
            receive(connection, total)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        client(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
