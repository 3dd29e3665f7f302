#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A server that answers what it is told, and who tells it.

server.py ADDRESS...                answer on all of them
server.py --say TEXT ADDRESS        a datagram with the text; then a connection
                                    that carries it there and much more back
server.py --refused ADDRESS         a datagram to a port that is closed
"""
import selectors
import socket
import sys

# Drawn ones would now and then be one that the test looks for.
PORT, CLOSED_PORT, OWN_PORT = 7000, 7001, 7002
PATIENCE = 60
MUCH = 60000


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def udp(address):
    return socket.socket(family(address), socket.SOCK_DGRAM)


def answer(listener):
    """One connection: the text, and the text many times."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(PATIENCE)
        text = connection.recv(4096)
        connection.sendall((text * (MUCH // len(text) + 1))[:MUCH])


def serve(addresses):
    selector = selectors.DefaultSelector()
    for address in addresses:
        sock = udp(address)
        sock.bind((address, PORT))
        selector.register(sock, selectors.EVENT_READ)
        listener = socket.create_server((address, PORT),
                                        family=family(address))
        selector.register(listener, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for found, _ in selector.select():
            if found.fileobj.type == socket.SOCK_DGRAM:
                datagram, sender = found.fileobj.recvfrom(4096)
                found.fileobj.sendto(datagram, sender)
            else:
                answer(found.fileobj)


def say(text, address):
    with udp(address) as sock:
        sock.bind(("", OWN_PORT))
        sock.settimeout(PATIENCE)
        sock.connect((address, PORT))
        sock.send(text)
        if sock.recv(4096) != text:
            sys.exit("another answer")
    with socket.create_connection((address, PORT), timeout=PATIENCE) as sock:
        sock.sendall(text)
        length = 0
        while data := sock.recv(65536):
            length += len(data)
    if length != MUCH:
        sys.exit(f"{length} bytes came back, not {MUCH}")


def refused(address):
    with udp(address) as sock:
        sock.bind(("", OWN_PORT))
        sock.settimeout(PATIENCE)
        sock.connect((address, CLOSED_PORT))
        sock.send(b"anybody?")
        try:
            sock.recv(1)
        except ConnectionRefusedError:
            return
    sys.exit("was not refused")


def main():
    if sys.argv[1] == "--say":
        say(sys.argv[2].encode(), sys.argv[3])
    elif sys.argv[1] == "--refused":
        refused(sys.argv[2])
    else:
        serve(sys.argv[1:])


main()
