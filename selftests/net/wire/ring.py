#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Datagrams sent from a packet socket's ring, which the kernel gives back frame by
frame when each has left.

ring.py FROM-HOST FROM-ADDRESS DEVICE TO-HOST TO-ADDRESS

All frames of the ring are used twice.
"""
import mmap
import socket
import struct
import sys
import time

import netns
import packets

SOL_PACKET, PACKET_VERSION, PACKET_TX_RING, PACKET_VNET_HDR = 263, 10, 13, 15
TPACKET_V2 = 1
ETH_P_IP = 0x0800
# tp_status of a frame.
AVAILABLE, SEND_REQUEST = 0, 1
FRAMES, FRAME_SIZE = 100, 2048
FRAMES_IN_BLOCK = 2
# Of the header, struct tpacket2_hdr, in front of a frame's packet.
HEADER = 32
# Its first two headers go where a device looks for them: a packet that is all in
# pages of the ring is none.
VIRTIO_HEADER = struct.pack("=BBHHHH", 0, 0, 28, 0, 0, 0)


def tell(frame):
    return b"frame %d" % frame


class Ring:
    def __init__(self, host, device):
        with netns.inside(host):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        self.socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.socket.setsockopt(SOL_PACKET, PACKET_TX_RING, struct.pack(
            "4I", FRAMES_IN_BLOCK * FRAME_SIZE, FRAMES // FRAMES_IN_BLOCK,
            FRAME_SIZE, FRAMES))
        self.socket.bind((device, ETH_P_IP))
        self.memory = mmap.mmap(self.socket.fileno(), FRAMES * FRAME_SIZE)

    def statuses(self):
        return [struct.unpack_from("=I", self.memory, i * FRAME_SIZE)[0]
                for i in range(FRAMES)]

    def fill(self, frame, packet):
        at = frame * FRAME_SIZE
        packet = VIRTIO_HEADER + packet
        struct.pack_into("=I", self.memory, at + 4, len(packet))
        self.memory[at + HEADER:at + HEADER + len(packet)] = packet
        struct.pack_into("=I", self.memory, at, SEND_REQUEST)

    def wait(self):
        """Until all frames are available again."""
        deadline = time.monotonic() + netns.PATIENCE
        while lost := sum(status != AVAILABLE for status in self.statuses()):
            if time.monotonic() > deadline:
                sys.exit(f"{lost} of {FRAMES} frames did not come back")
            time.sleep(0.01)


def main():
    from_host, from_address, device, to_host, to_address = sys.argv[1:]
    receiver = netns.udp(to_host, to_address)
    receiver.settimeout(netns.PATIENCE)
    port = receiver.getsockname()[1]
    ring = Ring(from_host, device)
    for _ in range(2):
        for frame in range(FRAMES):
            ring.fill(frame, packets.udp(from_address, to_address, port, port,
                                         tell(frame)))
        ring.socket.send(b"", socket.MSG_DONTWAIT)
        for frame in range(FRAMES):
            found = receiver.recv(FRAME_SIZE)
            if found != tell(frame):
                sys.exit(f"expected {tell(frame)}, found {found}")
        ring.wait()


main()
