# SPDX-License-Identifier: GPL-2.0
"""Generic netlink as bytes: what a test needs to say things that no well-behaved
program says, and to see exactly what the kernel answers."""
# pylint: disable=invalid-name
import os
import socket
import struct

NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK = 1, 2, 4
NLM_F_DUMP_INTR, NLM_F_ACK_TLVS, NLM_F_DUMP = 0x10, 0x200, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS = 1, 2
NLA_F_NESTED, NLA_TYPE_MASK = 0x8000, 0x3fff
NETLINK_GENERIC, SOL_NETLINK = 16, 270
NETLINK_ADD_MEMBERSHIP, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 1, 10, 11
GENL_ID_CTRL = 16
CTRL_CMD_GETFAMILY = 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_MCAST_GROUPS = 1, 2, 7
CTRL_ATTR_MCAST_GRP_NAME, CTRL_ATTR_MCAST_GRP_ID = 1, 2


class Refused(OSError):
    """The kernel's error, with what its extended acknowledgement adds."""

    def __init__(self, error, message, attribute):
        super().__init__(error, message or os.strerror(error))
        self.message = message
        self.attribute = attribute


def attr(kind, value):
    """An attribute: bytes as they are, lists of attributes as nests."""
    if isinstance(value, list):
        kind |= NLA_F_NESTED
        value = b"".join(value)
    head = struct.pack("=HH", 4 + len(value), kind)
    return head + value + bytes(-len(value) % 4)


def u8(kind, value):
    return attr(kind, struct.pack("=B", value))


def u16(kind, value):
    return attr(kind, struct.pack("=H", value))


def u32(kind, value):
    return attr(kind, struct.pack("=I", value))


def u64(kind, value):
    return attr(kind, struct.pack("=Q", value))


def parse(data):
    """The attributes in @data, as (kind, value) in their order."""
    found = []
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found.append((kind & NLA_TYPE_MASK, data[4:length]))
        data = data[(length + 3) & ~3:]
    return found


class Family:
    """A socket that speaks to one generic netlink family."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                    NETLINK_GENERIC)
        self.socket.bind((0, 0))
        self.socket.settimeout(60)
        for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK):
            self.socket.setsockopt(SOL_NETLINK, option, 1)
        self.sequence = 0
        self.sent = b""
        self.family = GENL_ID_CTRL
        self.version = 1
        reply = self.request(CTRL_CMD_GETFAMILY,
                             [attr(CTRL_ATTR_FAMILY_NAME,
                                   name.encode() + b"\0")])
        found = dict(parse(reply[0][4:]))
        self.family, = struct.unpack("=H", found[CTRL_ATTR_FAMILY_ID])
        self.groups = {}
        for _, group in parse(found.get(CTRL_ATTR_MCAST_GROUPS, b"")):
            group = dict(parse(group))
            self.groups[group[CTRL_ATTR_MCAST_GRP_NAME].rstrip(b"\0")] = (
                struct.unpack("=I", group[CTRL_ATTR_MCAST_GRP_ID])[0])

    def join(self, group):
        self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
                               self.groups[group.encode()])

    def send(self, command, attributes, flags=NLM_F_ACK):
        self.sequence += 1
        body = struct.pack("=BBH", command, self.version, 0)
        body += b"".join(attributes)
        head = struct.pack("=IHHII", 16 + len(body), self.family,
                           NLM_F_REQUEST | flags, self.sequence, 0)
        self.sent = head + body
        self.socket.send(self.sent)

    def receive(self):
        """What one read returns, as (type, flags, body)."""
        data = self.socket.recv(1 << 17)
        messages = []
        while data:
            length, kind, flags, _, _ = struct.unpack_from("=IHHII", data)
            messages.append((kind, flags, data[16:length]))
            data = data[(length + 3) & ~3:]
        return messages

    def attribute_at(self, offset):
        """The kind of the attribute of the last request at an offset."""
        if offset is None:
            return None
        return struct.unpack_from("=HH", self.sent, offset)[1] & NLA_TYPE_MASK

    def raise_error(self, body, flags):
        """What an NLMSG_ERROR or NLMSG_DONE says; capped, so without the
        request that it is about."""
        error, = struct.unpack_from("=i", body)
        if not error:
            return
        start = 4 + 16 if flags & NLM_F_ACK_TLVS else len(body)
        extra = dict(parse(body[start:]))
        offset = extra.get(NLMSGERR_ATTR_OFFS)
        raise Refused(
            -error, extra.get(NLMSGERR_ATTR_MSG, b"").rstrip(b"\0").decode(),
            self.attribute_at(offset and struct.unpack("=I", offset)[0]))

    def request(self, command, attributes):
        """Bodies of the answers to a request, or Refused."""
        self.send(command, attributes)
        answers = []
        while True:
            for kind, flags, body in self.receive():
                if kind == NLMSG_ERROR:
                    self.raise_error(body, flags)
                    return answers
                answers.append(body)

    def dump(self, command, attributes, between=None):
        """Bodies of a dump, and whether it was interrupted. @between is called
        after the first read."""
        self.send(command, attributes, NLM_F_DUMP)
        answers, is_interrupted = [], False
        while True:
            for kind, flags, body in self.receive():
                is_interrupted |= bool(flags & NLM_F_DUMP_INTR)
                if kind == NLMSG_ERROR:
                    self.raise_error(body, flags)
                if kind == NLMSG_DONE:
                    self.raise_error(body, 0)
                    return answers, is_interrupted
                answers.append(body[4:])
            if between:
                between()
                between = None
