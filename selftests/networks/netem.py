#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Make devices lose, duplicate, reorder, corrupt and delay what they send, as
tc's netem does, with a seed that tc of Debian 12 cannot give.

Reads lines "HOST DEVICE [WORD VALUE]...", or "HOST DEVICE off", which is
no error where it is so already; the words are
limit (packets), delay and jitter (milliseconds), loss, duplicate, reorder and
corrupt (percent). Kernels before 6.7 draw as they like.
"""
import errno
import os
import socket
import struct
import sys
import zlib

import netns

SEED = 20261120
RTM_NEWQDISC, RTM_DELQDISC = 36, 37
NLM_F_REQUEST, NLM_F_ACK, NLM_F_REPLACE, NLM_F_CREATE = 1, 4, 0x100, 0x400
NLMSG_ERROR = 2
TC_H_ROOT = 0xffffffff
TCA_KIND, TCA_OPTIONS = 1, 2
(TCA_NETEM_REORDER, TCA_NETEM_CORRUPT, TCA_NETEM_LATENCY64, TCA_NETEM_JITTER64,
 TCA_NETEM_PRNG_SEED) = 3, 4, 10, 11, 14
NANOSECONDS = 1000000


def attribute(kind, value):
    return (struct.pack("=HH", 4 + len(value), kind) + value +
            bytes(-len(value) % 4))


def chance(percent):
    return round(float(percent) / 100 * 0xffffffff)


def read_words(words):
    given = {"limit": "1000", "delay": "0", "jitter": "0", "loss": "0",
             "duplicate": "0", "reorder": "0", "corrupt": "0"}
    words = iter(words)
    for word in words:
        if word not in given:
            sys.exit(f"no word of netem: {word}")
        given[word] = next(words)
    return given


def options(given, seed):
    reorder = chance(given["reorder"])
    # latency and jitter are given below, in nanoseconds; with a gap of one
    # every packet may be one that overtakes.
    head = struct.pack("=6I", 0, int(given["limit"]), chance(given["loss"]),
                       1 if reorder else 0, chance(given["duplicate"]), 0)
    return head + b"".join((
        attribute(TCA_NETEM_LATENCY64, struct.pack(
            "=q", round(float(given["delay"]) * NANOSECONDS))),
        attribute(TCA_NETEM_JITTER64, struct.pack(
            "=q", round(float(given["jitter"]) * NANOSECONDS))),
        attribute(TCA_NETEM_REORDER, struct.pack("=II", reorder, 0)),
        attribute(TCA_NETEM_CORRUPT,
                  struct.pack("=II", chance(given["corrupt"]), 0)),
        attribute(TCA_NETEM_PRNG_SEED, struct.pack("=Q", seed))))


def request(kind, flags, device, attributes):
    body = struct.pack("=BxxxiIII", socket.AF_UNSPEC,
                       socket.if_nametoindex(device), 0, TC_H_ROOT, 0)
    body += attributes
    return struct.pack("=IHHII", 16 + len(body), kind,
                       NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0) + body


def change(host, device, words):
    with netns.inside(host), \
         socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                       socket.NETLINK_ROUTE) as rtnetlink:
        if words == ["off"]:
            message = request(RTM_DELQDISC, 0, device, b"")
        else:
            seed = SEED + zlib.crc32(f"{host} {device}".encode())
            message = request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE,
                              device,
                              attribute(TCA_KIND, b"netem\0") +
                              attribute(TCA_OPTIONS,
                                        options(read_words(words), seed)))
        rtnetlink.send(message)
        reply = rtnetlink.recv(65536)
    kind, = struct.unpack_from("=H", reply, 4)
    error, = struct.unpack_from("=i", reply, 16)
    if words == ["off"] and error == -errno.ENOENT:
        return
    if kind != NLMSG_ERROR or error:
        sys.exit(f"{host} {device} {' '.join(words)}: {os.strerror(-error)}")


def main():
    for line in sys.stdin:
        if line.strip():
            host, device, *words = line.split()
            change(host, device, words)


main()
