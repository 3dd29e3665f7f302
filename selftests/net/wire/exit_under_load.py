#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Flood an exit from the host "flooder" until a client's packet has come
through the path, and see how exit and entry came to an agreement meanwhile.

exit_under_load.py EXIT-ADDRESS ENTRY-ADDRESS CLIENT-HOST PING-ADDRESS

$KEY_EXIT is the exit's public key.
"""
import os
import select
import socket
import subprocess
import sys
import threading
import types

import load
import netns
import packets
from messages import COOKIE, INITIATION, NO_MAC, RESPONSE, mac2_of, \
    message_type
from peer import NAMES, key

PORT = 51820
# A device that was under load is so for a second more.
INTERVAL = 0.8
PATIENCE = 60


def keep_loaded(flooder, stop):
    """Bursts that the exit's workers cannot but leave in their queue."""
    while not stop.wait(INTERVAL):
        with load.ahead_of_all():
            load.flood(flooder)


def ends(packet):
    """Source and destination of a packet."""
    if packets.version(packet) == 6:
        return (socket.inet_ntop(socket.AF_INET6, packet[8:24]),
                socket.inet_ntop(socket.AF_INET6, packet[24:40]))
    return socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])


def handshake_messages(watch, exit_address, entry_address):
    """What the exit and the entry's address said to each other."""
    found = []
    while select.select([watch], [], [], 0)[0]:
        packet = watch.recv(65535)
        if set(ends(packet)) != {exit_address, entry_address}:
            continue
        message = packets.udp_payload(packet) or b""
        if message_type(message) not in (INITIATION, RESPONSE, COOKIE):
            continue
        name = NAMES[message_type(message)]
        if message_type(message) == INITIATION and mac2_of(message) != NO_MAC:
            name += " with mac2"
        found.append(name)
    return found


def main():
    exit_address, entry_address, client, address = sys.argv[1:]
    family = netns.family_of(exit_address)
    flooder = types.SimpleNamespace(
        remote=key(os.environ["KEY_EXIT"]), endpoint=(exit_address, PORT),
        socket=netns.udp("flooder", "::" if family == socket.AF_INET6
                         else "0.0.0.0"))
    watch = netns.packets("exit", "eth0")
    load.flood(flooder)
    stop = threading.Event()
    flooding = threading.Thread(target=keep_loaded, args=(flooder, stop))
    flooding.start()
    ping = subprocess.run(["ip", "netns", "exec", client, "ping", "-n", "-q",
                           "-c", "1", "-w", str(PATIENCE), address],
                          check=False)
    stop.set()
    flooding.join()
    found = handshake_messages(watch, exit_address, entry_address)
    print(f"exit and entry said: {found}")
    if ping.returncode:
        sys.exit("nothing came through the path")
    if found[:2] != ["initiation", "cookie reply"]:
        sys.exit("the exit was not under load")
    if found[-2:] != ["initiation with mac2", "response"]:
        sys.exit("the cookie was not used")


main()
