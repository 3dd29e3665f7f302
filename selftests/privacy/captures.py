# SPDX-License-Identifier: GPL-2.0
"""Packet captures (pcap), and the IP packets in them; also for demo/who-saw-what."""
import dataclasses
import ipaddress
import struct

ETHERNET = 1
RAW = (12, 101)
ICMP, TCP, UDP, HOP_BY_HOP, FRAGMENT, ICMP6 = 1, 6, 17, 0, 44, 58


@dataclasses.dataclass
class Packet:
    """An IP packet; ports are of UDP alone, and None where it has none."""
    time: float
    data: bytes
    source: str
    destination: str
    traffic_class: int
    hop_limit: int
    protocol: int
    identification: int = 0
    dont_fragment: bool = False
    is_fragment: bool = False
    flow_label: int = 0
    source_port: int = None
    destination_port: int = None
    udp_checksum: int = None
    # What follows the headers: of UDP, of ICMP, or else of IP.
    payload: bytes = b""

    @property
    def version(self):
        return self.data[0] >> 4

    @property
    def dscp(self):
        return self.traffic_class >> 2

    def quoted(self):
        """The packet that an ICMP error quotes, or None."""
        errors = (3, 11, 12) if self.version == 4 else (1, 2, 3, 4)
        if self.protocol not in (ICMP, ICMP6) or len(self.payload) < 8 or \
                self.payload[0] not in errors:
            return None
        return parse(self.time, self.payload[8:])

    def is_link_control(self):
        """Neighbour discovery and multicast groups: never beyond a link, and no
        one's traffic."""
        return self.protocol == ICMP6 and len(self.payload) > 0 and \
            self.payload[0] in (*range(130, 138), 143)


def _parse4(time, data):
    length, identification, fragment = struct.unpack_from("!HHH", data, 2)
    packet = Packet(time, data, str(ipaddress.IPv4Address(data[12:16])),
                    str(ipaddress.IPv4Address(data[16:20])), data[1], data[8],
                    data[9], identification, bool(fragment & 0x4000),
                    bool(fragment & 0x3fff))
    return packet, data[(data[0] & 15) * 4:length], bool(fragment & 0x1fff)


def _parse6(time, data):
    first, length, following, hop_limit = struct.unpack_from("!IHBB", data)
    packet = Packet(time, data, str(ipaddress.IPv6Address(data[8:24])),
                    str(ipaddress.IPv6Address(data[24:40])),
                    first >> 20 & 0xff, hop_limit, following,
                    flow_label=first & 0xfffff)
    rest = data[40:40 + length]
    is_later = False
    if following == HOP_BY_HOP and len(rest) >= 8:
        packet.protocol, rest = rest[0], rest[8 + rest[1] * 8:]
    elif following == FRAGMENT and len(rest) >= 8:
        packet.is_fragment = True
        is_later = struct.unpack_from("!H", rest, 2)[0] >> 3 > 0
        packet.protocol, rest = rest[0], rest[8:]
    return packet, rest, is_later


def parse(time, data):
    """A packet, or None where it is none; a quoted one may be cut."""
    if len(data) >= 20 and data[0] >> 4 == 4:
        packet, rest, is_later = _parse4(time, data)
    elif len(data) >= 40 and data[0] >> 4 == 6:
        packet, rest, is_later = _parse6(time, data)
    else:
        return None
    if packet.protocol == UDP and not is_later and len(rest) >= 8:
        packet.source_port, packet.destination_port, _, packet.udp_checksum = \
            struct.unpack_from("!HHHH", rest)
        rest = rest[8:]
    packet.payload = rest
    return packet


def _frames(path):
    """Yield time, link type and bytes of what was captured."""
    with open(path, "rb") as file:
        header = file.read(24)
        order = "<" if header[:4] in (b"\xd4\xc3\xb2\xa1",
                                      b"\x4d\x3c\xb2\xa1") else ">"
        fraction = 1e-9 if b"\x3c\xb2" in header[:4] else 1e-6
        link_type = struct.unpack(order + "I", header[20:24])[0]
        while len(record := file.read(16)) == 16:
            seconds, parts, length, _ = struct.unpack(order + "IIII", record)
            yield seconds + parts * fraction, link_type, file.read(length)


def read(path):
    """The IP packets of a capture, in order."""
    packets = []
    for time, link_type, frame in _frames(path):
        if link_type == ETHERNET:
            if frame[12:14] not in (b"\x08\x00", b"\x86\xdd"):
                continue
            frame = frame[14:]
        elif link_type not in RAW:
            raise ValueError(f"{path}: link type {link_type}")
        if packet := parse(time, frame):
            packets.append(packet)
    return packets


def write(path, packets):
    """A capture of time and bytes of IP packets."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535,
                               RAW[1]))
        for time, data in packets:
            file.write(struct.pack("<IIII", int(time), int(time % 1 * 1e6),
                                   len(data), len(data)) + data)
