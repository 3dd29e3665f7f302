#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run a command, and see whether packets to certain addresses leave a host
from the moment at which the command returned.

left_after.py HOST DEVICE ADDRESS[,ADDRESS...] SECONDS COMMAND...
"""
import select
import socket
import struct
import subprocess
import sys
import time

import netns

SO_TIMESTAMPNS = 35
PACKET_OUTGOING = 4
# Types of Ethernet frames.
IP = (0x0800, 0x86dd)


def main():
    host, device, addresses, seconds, *command = sys.argv[1:]
    wanted = {socket.inet_pton(netns.family_of(address), address)
              for address in addresses.split(",")}
    watch = netns.packets(host, device)
    watch.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    subprocess.run(command, check=True)
    returned = time.time()
    before = 0
    while (left := returned + float(seconds) - time.time()) > 0:
        if not select.select([watch], [], [], left)[0]:
            break
        packet, ancillary, _, address = watch.recvmsg(65535, 64)
        if address[1] not in IP or address[2] != PACKET_OUTGOING:
            continue
        destination = packet[16:20] if packet[0] >> 4 == 4 else packet[24:40]
        if destination not in wanted:
            continue
        left_at = struct.unpack("qq", ancillary[0][2])
        if left_at[0] + left_at[1] / 1e9 > returned:
            sys.exit(f"a packet left for {addresses} after the command, {before} "
                     f"before its return: {packet[:64].hex()}")
        before += 1


main()
