# SPDX-License-Identifier: GPL-2.0
"""IP packets, made and read."""
import socket
import struct

UDP, ICMP, ICMP6, FRAGMENT = 17, 1, 58, 44
TTL = 64
MORE_FRAGMENTS = 0x2000


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip_packet(source, destination, payload, protocol=UDP, traffic_class=0,
              dont_fragment=False):
    """A packet of the family that the addresses are of."""
    if ":" in source:
        return struct.pack("!IHBB", 6 << 28 | traffic_class << 20, len(payload),
                           protocol, TTL) + \
            socket.inet_pton(socket.AF_INET6, source) + \
            socket.inet_pton(socket.AF_INET6, destination) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, traffic_class, 20 + len(payload), 0,
                         0x4000 if dont_fragment else 0, TTL, protocol, 0,
                         socket.inet_aton(source),
                         socket.inet_aton(destination))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + \
        payload


def udp(source, destination, source_port, destination_port, payload, **options):
    datagram = struct.pack("!HHHH", source_port, destination_port,
                           8 + len(payload), 0) + payload
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    pseudo = socket.inet_pton(family, source) + \
        socket.inet_pton(family, destination) + \
        struct.pack("!II", len(datagram), UDP)
    found = checksum(pseudo + datagram) or 0xffff
    return ip_packet(source, destination,
              datagram[:6] + struct.pack("!H", found) + datagram[8:], UDP,
              **options)


def ip4_header(source, destination, payload, protocol, options=b"",
               fragment=0, identification=0, traffic_class=0):
    header = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4,
                         traffic_class, 20 + len(options) + len(payload),
                         identification, fragment, TTL, protocol, 0,
                         socket.inet_aton(source),
                         socket.inet_aton(destination)) + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + \
        payload


def fragments(of, packet, at, identification=0x1234):
    """A packet of this version in two pieces; the second begins at an offset of
    8 * at."""
    if of == 4:
        payload = packet[20:]
        return [ip4_header(socket.inet_ntoa(packet[12:16]),
                           socket.inet_ntoa(packet[16:20]), piece, packet[9],
                           fragment=flags, identification=identification,
                           traffic_class=packet[1])
                for piece, flags in ((payload[:8 * at], MORE_FRAGMENTS),
                                     (payload[8 * at:], at))]
    payload = packet[40:]
    return [packet[:4] + struct.pack("!HBB", 8 + len(piece), FRAGMENT, TTL) +
            packet[8:40] + struct.pack("!BBHI", packet[6], 0, flags,
                                       identification) + piece
            for piece, flags in ((payload[:8 * at], 1),
                                 (payload[8 * at:], at << 3))]


def version(packet):
    return packet[0] >> 4 if packet else None


def length(packet):
    """Of the packet proper; padding may follow it."""
    if version(packet) == 6:
        return 40 + struct.unpack_from("!H", packet, 4)[0]
    return struct.unpack_from("!H", packet, 2)[0]


def traffic_class_of(packet):
    if version(packet) == 6:
        return struct.unpack_from("!I", packet)[0] >> 20 & 0xff
    return packet[1]


def udp_payload(packet):
    """What a UDP packet carries, or None."""
    if not packet:
        return None
    start, protocol = (40, packet[6]) if version(packet) == 6 \
        else (20, packet[9])
    return packet[start + 8:length(packet)] if protocol == UDP else None
