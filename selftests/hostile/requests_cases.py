#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test cases of requests.sh."""
# pylint: disable=protected-access
import ctypes
import errno
import os
import random as random_module
import socket
import struct
import subprocess
import sys
import time

import genetlink as nl
from cases import Skip, case, equal, run
from netlink_spec import Spec
from peer import PATIENCE
from uapi import C

SEED = os.environ.get("HOSTILE_SEED", "1")
TOTAL = int(os.environ["HOSTILE_REQUESTS"])
NAMES = ("nym0", "nym1")
# Made anew so often: what requests leave behind would only grow.
FRESH_EVERY = 2000
NOBODY = 65534
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def devices(verb):
    for name in NAMES:
        subprocess.run(["ip", "link", verb, name, *(
            ("type", "nym") if verb == "add" else ())], check=True)
        if verb == "add":
            subprocess.run(["ip", "link", "set", name, "up"], check=True)


def mutated(random, body):
    """A few of the bytes of a request's attributes changed, some in a way that
    leaves the structure as it is. Return it, and whether it does."""
    body = bytearray(body)
    choice = random.random()
    if choice < 0.4 or len(body) < 8:
        return bytes(body), True
    if choice < 0.6:  # any bits
        for _ in range(random.randint(1, 4)):
            body[random.randrange(len(body))] ^= 1 << random.randrange(8)
    elif choice < 0.75:  # a length or type somewhere
        struct.pack_into("=H", body, random.randrange(0, len(body) - 2, 2),
                         random.choice((0, 1, 3, 4, 5, 8, 36, 0xffff,
                                        0x8000 | random.randrange(48))))
    elif choice < 0.85:  # cut
        del body[random.randrange(len(body)):]
    elif choice < 0.95:  # a piece twice, or moved
        at = random.randrange(0, len(body), 4)
        piece = body[at:at + random.randrange(4, 64, 4)]
        to = random.randrange(0, len(body), 4)
        body[to:to] = piece
    else:  # many times
        body = body * random.randint(2, 20)
    return bytes(body[:32000]), False


class Sender:
    """One socket of one who is hostile."""

    def __init__(self, random):
        self.random = random
        self.family = nl.Family("nym")
        self.spec = Spec(random, [*NAMES, "nym0", "nym0", "lo", "nosuch"])
        self.outcomes = {}

    def frame(self):
        """A request, whether its structure is right, and whether it is a
        dump."""
        random = self.random
        command, is_dump, attributes = self.spec.request()
        if random.random() < 0.1:
            random.shuffle(attributes)
        if random.random() < 0.1 and attributes:
            attributes.append(random.choice(attributes))
        body, is_right = mutated(random, b"".join(attributes))
        if random.random() < 0.03:
            command = random.choice((2, 3, 31, C.NYM_CMD_EVENT, 33, 255))
            is_right = False
        flags = nl.NLM_F_REQUEST | (nl.NLM_F_DUMP if is_dump else nl.NLM_F_ACK)
        if random.random() < 0.03:
            flags ^= 1 << random.randrange(8, 12)
            is_right = False
        self.family.sequence += 1
        body = struct.pack("=BBH", command, self.family.version, 0) + body
        if random.random() < 0.01:
            body = body[:random.randrange(4)]
            is_right = False
        return struct.pack("=IHHII", 16 + len(body), self.family.family,
                           flags | nl.NLM_F_ACK, self.family.sequence, 0) + \
            body, is_right, is_dump

    def refusal(self, body, flags):
        """Error and whether the kernel said more about it."""
        error, = struct.unpack_from("=i", body)
        start = 4 + 16 if flags & nl.NLM_F_ACK_TLVS else len(body)
        return -error, nl.NLMSGERR_ATTR_MSG in dict(nl.parse(body[start:]))

    def answer(self):
        """0 or the error, and whether it was explained."""
        while True:
            for kind, flags, body in self.family.receive():
                if kind == nl.NLMSG_ERROR:
                    return self.refusal(body, flags)
                if kind == nl.NLMSG_DONE:
                    return 0, False

    def drain(self):
        self.family.socket.setblocking(False)
        try:
            while True:
                self.family.receive()
        except BlockingIOError:
            pass
        self.family.socket.settimeout(60)

    def send(self):
        """One request, and what came of it."""
        frame, is_right, is_dump = self.frame()
        self.family.socket.send(frame)
        error, is_explained = self.answer()
        self.drain()
        self.outcomes[error] = self.outcomes.get(error, 0) + 1
        return error, is_explained, is_right, is_dump, frame


# What says all that there is to say without a text.
SELF_EXPLAINED = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOMEM, errno.EBUSY,
                  errno.EADDRINUSE, errno.ENONET}


def send_as_admin(random, count):
    sender = Sender(random)
    for number in range(count):
        if number % FRESH_EVERY == 0:
            if number:
                devices("del")
            devices("add")
        error, is_explained, is_right, _, frame = sender.send()
        if error == errno.EPERM:
            raise AssertionError(f"not permitted: {frame.hex()}")
        if error and is_right and not is_explained and \
           error not in SELF_EXPLAINED:
            raise AssertionError(f"{errno.errorcode.get(error, error)} without "
                                 f"a reason for {frame.hex()}")
    devices("del")
    if not sender.outcomes.get(0) or len(sender.outcomes) < 3:
        raise AssertionError(f"not much of a mixture: {sender.outcomes}")
    return sender.outcomes


def slab():
    """Bytes of the kernel's objects that do not go when memory is short."""
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("SUnreclaim:"):
                return int(line.split()[1]) << 10
    raise AssertionError("no SUnreclaim in /proc/meminfo")


def in_child(function):
    """What a process of its own does; it may give up what it is."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        equal("status", 0, os.waitstatus_to_exitcode(status))
        return
    status = 1
    try:
        function()
        status = 0
    except BaseException as failure:  # pylint: disable=broad-except
        print(f"# {failure!r}", flush=True)
    os._exit(status)


def become_root_of_own(flags):
    """Root of a user namespace of its own."""
    if _libc.unshare(CLONE_NEWUSER | flags):
        raise Skip(f"unshare: {os.strerror(ctypes.get_errno())}")
    for name, text in (("setgroups", "deny"), ("uid_map", "0 0 1"),
                       ("gid_map", "0 0 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def of(name):
    return random_module.Random(f"{SEED} {name}")


@case("requests of root")
def requests_of_root():
    send_as_admin(of("warm"), 500)
    before = slab()
    print(f"# {send_as_admin(of('root'), TOTAL // 2)}")
    # What readers may still see, the kernel frees in its own time.
    deadline = time.monotonic() + PATIENCE
    while (grown := slab() - before) > 4 << 20:
        if time.monotonic() > deadline:
            raise AssertionError(f"{grown} bytes of slab stayed")
        time.sleep(0.1)


@case("requests of a user namespace's root in a network namespace of its own")
def requests_of_own_root():
    def child():
        become_root_of_own(CLONE_NEWNET)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        send_as_admin(of("own root"), TOTAL // 4)

    in_child(child)


def configuration():
    """All that is dumped of the devices but what they have dropped, which goes
    on whatever is asked of them."""
    family = nl.Family("nym")
    found = []
    for name in NAMES:
        answers, _ = family.dump(
            C.NYM_CMD_GET_DEVICE,
            [nl.attr(C.NYMDEVICE_A_IFNAME, name.encode() + b"\0")])
        found += [[one for one in nl.parse(answer)
                   if one[0] != C.NYMDEVICE_A_DROPS] for answer in answers]
    return found


def refuses_all(name, count, become):
    """To who may not, all is refused, and nothing is changed or told."""
    devices("add")
    sender = Sender(of(name))
    for _ in range(200):
        sender.send()
    # Without timers that go on.
    for device in NAMES:
        subprocess.run(["ip", "link", "set", device, "down"], check=True)
    before = configuration()

    def child():
        become()
        hostile = Sender(of(name))
        for _ in range(count):
            error, _, is_right, _, frame = hostile.send()
            if not error or is_right and error != errno.EPERM:
                raise AssertionError(f"error {error} to {frame.hex()}")
        for attempt in (lambda: hostile.family.join("events"), ):
            try:
                attempt()
            except PermissionError:
                continue
            raise AssertionError("it may listen to events")

    in_child(child)
    found = configuration()
    devices("del")
    equal("devices", before, found)


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


@case("requests of nobody")
def requests_of_nobody():
    refuses_all("nobody", TOTAL // 8, become_nobody)


@case("requests of a user namespace's root in a network that is not its own")
def requests_of_foreign_root():
    refuses_all("foreign root", TOTAL // 8, lambda: become_root_of_own(0))


def lend_socket(channel):
    """Opens a netlink socket as the root of namespaces of its own."""
    become_root_of_own(CLONE_NEWNET)
    socket.send_fds(channel, [b"."], [nl.Family("nym").socket.fileno()])
    # The namespaces are there until the other end is closed.
    channel.recv(1)


@case("requests of root on the socket of a user namespace's root")
def requests_on_a_lent_socket():
    """Sockets stay where a device was created: who is root only where the device
    has come to does not set their port, whoever writes the request for him."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if not child:
        ours.close()
        try:
            lend_socket(theirs)
        finally:
            os._exit(0)
    theirs.close()
    family = nl.Family("nym")
    _, lent, _, _ = socket.recv_fds(ours, 1, 1)
    if not lent:
        raise Skip("no user namespaces")
    family.socket = socket.socket(fileno=lent[0])
    link = ["ip", "link"]
    subprocess.run([*link, "add", NAMES[0], "type", "nym"], check=True)
    subprocess.run([*link, "set", NAMES[0], "netns", str(child)], check=True)
    name = nl.attr(C.NYMDEVICE_A_IFNAME, NAMES[0].encode() + b"\0")
    family.request(C.NYM_CMD_SET_DEVICE, [name])
    error = 0
    try:
        family.request(C.NYM_CMD_SET_DEVICE,
                       [name, nl.u16(C.NYMDEVICE_A_LISTEN_PORT, 4000)])
    except nl.Refused as refusal:
        error = refusal.errno
    ours.close()
    os.waitpid(child, 0)
    equal("error", errno.EPERM, error)


@case("dumps that are left half read while devices come and go")
def half_read_dumps():
    random = of("dumps")
    admin = Sender(random)
    readers = []
    exist = False
    for number in range(max(100, TOTAL // 50)):
        if number % 100 == 0:
            if exist:
                devices("del")
            devices("add")
            exist = True
            admin.family.request(C.NYM_CMD_SET_DEVICE, [
                nl.attr(C.NYMDEVICE_A_IFNAME, b"nym0\0"),
                nl.attr(C.NYMDEVICE_A_PEERS, [nl.attr(0, [nl.attr(
                    C.NYMPEER_A_PUBLIC_KEY, struct.pack("<I", i) * 8)])
                    for i in range(1, 200)])])
        reader = nl.Family("nym")
        reader.send(C.NYM_CMD_GET_DEVICE,
                    [nl.attr(C.NYMDEVICE_A_IFNAME, b"nym0\0")], nl.NLM_F_DUMP)
        readers.append(reader)
        if random.random() < 0.7:
            reader.receive()
        admin.send()
        while len(readers) > random.randint(0, 20):
            readers.pop(random.randrange(len(readers))).socket.close()
    for reader in readers:
        reader.socket.close()
    devices("del")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    socket.setdefaulttimeout(60)
    run()
