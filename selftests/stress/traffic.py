#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Traffic that goes on whatever happens, until it is ended by a signal.

traffic.py FROM-HOST TO-HOST TO-ADDRESS...

To each address go trains of UDP of changing sizes, which are sent back, and a
TCP connection that carries data both ways and is made anew when it breaks.
"""
# pylint: disable=import-error
import os
import random
import socket
import struct
import sys
import threading
import time

import netns

UDP_SEGMENT = 103
PORT = 7100
SEED = int(os.environ["STRESS_SEED"])


def forever(function, *arguments):
    """Errors are what this is there to go on after."""
    while True:
        try:
            function(*arguments)
        except OSError:
            time.sleep(0.02)


def send_trains(sock, address):
    draw = random.Random(f"{SEED} {address}")
    while True:
        size = draw.randrange(1, 1300)
        train = bytes(size * draw.randrange(1, 40))
        sock.sendmsg([train], [(socket.SOL_UDP, UDP_SEGMENT,
                                struct.pack("H", size))], 0, (address, PORT))
        time.sleep(0.003)


def discard(sock):
    while True:
        sock.recv(65535)


def send_back(sock):
    while True:
        datagram, sender = sock.recvfrom(65535)
        sock.sendto(datagram, sender)


def converse(connection):
    """Send and receive at once, as the other side does."""
    connection.settimeout(2)
    # What is under way when the program ends is given up, and does not hold the
    # namespace for minutes.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
    other = threading.Thread(target=lambda: swallow(connection), daemon=True)
    other.start()
    try:
        while True:
            connection.sendall(bytes(1 << 16))
    finally:
        connection.close()
        other.join()


def swallow(connection):
    try:
        while connection.recv(1 << 16):
            pass
    except OSError:
        pass


def connect(host, address):
    with netns.tcp(host, netns.family_of(address)) as connection:
        connection.settimeout(2)
        connection.connect((address, PORT))
        converse(connection)


def accept(listener):
    connection, _ = listener.accept()
    threading.Thread(target=lambda: quietly(connection), daemon=True).start()


def quietly(connection):
    try:
        converse(connection)
    except OSError:
        pass


def begin(function, *arguments):
    threading.Thread(target=forever, args=(function, *arguments),
                     daemon=True).start()


def main():
    from_host, to_host, *addresses = sys.argv[1:]
    for address in addresses:
        server = netns.udp(to_host, address, PORT)
        client = netns.udp(from_host, "::" if ":" in address else "0.0.0.0")
        listener = netns.tcp(to_host, server.family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(server.getsockname())
        listener.listen()
        begin(send_back, server)
        begin(discard, client)
        begin(send_trains, client, address)
        begin(accept, listener)
        begin(connect, from_host, address)
    print("began", flush=True)
    while True:
        time.sleep(1000)


main()
