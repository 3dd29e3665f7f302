# SPDX-License-Identifier: GPL-2.0
"""Sockets in the network namespaces that lib/topology.sh makes.

A socket stays in the namespace that it was created in, so one process can
hold both ends of a connection between two hosts.
"""
import contextlib
import ctypes
import os
import socket
import time

CLONE_NEWNET = 0x40000000
# How long guests may take for what should happen at once.
PATIENCE = 60
RTF_LOCAL = 0x80000000

_libc = ctypes.CDLL(None, use_errno=True)


def _enter(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


@contextlib.contextmanager
def inside(host):
    """Be in the namespace of a host; of this thread only."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        there = os.open("/run/netns/" + host, os.O_RDONLY)
        try:
            _enter(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _enter(home)
    finally:
        os.close(home)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def is_local(host, address):
    """Whether a host takes what is for an IPv6 address."""
    wanted = socket.inet_pton(socket.AF_INET6, address).hex()
    with inside(host), \
         open("/proc/thread-self/net/ipv6_route", encoding="ascii") as file:
        return any(destination == wanted and int(flags, 16) & RTF_LOCAL
                   for destination, *_, flags, _ in map(str.split, file))


def wait_for_local(host, *addresses):
    """Until a host takes what is for these IPv6 addresses of its own: the kernel
    has a worker see to that, when they are added and when their link comes up."""
    deadline = time.monotonic() + PATIENCE
    while not all(is_local(host, address) for address in addresses):
        if time.monotonic() > deadline:
            raise AssertionError(f"{host} does not take what is for {addresses}")
        time.sleep(0.01)


def udp(host, address, port=0):
    """A bound UDP socket with room for whatever a test sends at once."""
    with inside(host):
        sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
    sock.bind((address, port))
    return sock


def tcp(host, family):
    with inside(host):
        return socket.socket(family, socket.SOCK_STREAM)


def packets(host, device):
    """A socket that sees all IP packets that a device sends and receives."""
    with inside(host):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                             socket.htons(3))  # ETH_P_ALL
        sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
        sock.bind((device, 3))
    return sock
