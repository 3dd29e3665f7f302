#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Say who saw what, from packet captures at each link, and check that it is
what a two-hop path promises.

The captures are FOLDER/HOST-DEVICE.pcap: eth0 is what anyone at the host's
link sees, wg0 what the host itself sees once it has decrypted."""
import argparse
import ipaddress
import os
import struct
import sys

LINKTYPE_ETHERNET = 1
LINKTYPE_RAW = (12, 101)

# Observer: whose addresses it must see, whose it must not, and whether the
# page passes it in the clear.  A host's own link also shows its own address.
EXPECTED = {
    "client-eth0": ({"client", "entry"},
                    {"exit", "server", "client inside entry",
                     "client inside exit"}, False),
    "entry-eth0": ({"client", "entry", "exit"},
                   {"server", "client inside entry", "client inside exit"},
                   False),
    "entry-wg0": ({"client inside entry", "exit"},
                  {"server", "client inside exit"}, False),
    "exit-eth0": ({"entry", "exit", "server"},
                  {"client", "client inside entry", "client inside exit"},
                  True),
    "exit-wg0": ({"client inside exit", "server"},
                 {"client", "entry", "client inside entry"}, True),
    "server-eth0": ({"exit", "server"},
                    {"client", "entry", "client inside entry",
                     "client inside exit"}, True),
}

TITLES = {
    "client-eth0": "the client's network",
    "entry-eth0": "the entry's network",
    "entry-wg0": "the entry, decrypting",
    "exit-eth0": "the exit's network",
    "exit-wg0": "the exit, decrypting",
    "server-eth0": "the web server",
}


def packets(path):
    """Yield the IP packets of a capture."""
    with open(path, "rb") as file:
        header = file.read(24)
        order = "<" if header[:4] in (b"\xd4\xc3\xb2\xa1",
                                      b"\x4d\x3c\xb2\xa1") else ">"
        linktype = struct.unpack(order + "I", header[20:24])[0]
        while record := file.read(16):
            length = struct.unpack(order + "IIII", record)[2]
            frame = file.read(length)
            if linktype in LINKTYPE_RAW:
                yield frame
            elif linktype == LINKTYPE_ETHERNET:
                if frame[12:14] in (b"\x08\x00", b"\x86\xdd"):
                    yield frame[14:]
            else:
                raise ValueError(f"{path}: link type {linktype}")


def is_neighbour_discovery(packet):
    """Hosts asking on their own link who has an address: no one's traffic."""
    return packet[0] >> 4 == 6 and packet[6] == 58 and 133 <= packet[40] <= 137


def addresses(packet):
    """Return the addresses in a packet's header."""
    if packet[0] >> 4 == 4:
        return {ipaddress.ip_address(packet[12:16]),
                ipaddress.ip_address(packet[16:20])}
    return {ipaddress.ip_address(packet[8:24]),
            ipaddress.ip_address(packet[24:40])}


def observe(path, names, payload):
    """Return whose addresses were seen, whether the payload was, and how
    many packets there were."""
    seen = set()
    clear = False
    count = 0
    for packet in packets(path):
        if is_neighbour_discovery(packet):
            continue
        count += 1
        clear = clear or payload in packet
        for address in addresses(packet):
            if address in names:
                seen.add(names[address])
            elif not (address.is_link_local or address.is_multicast or
                      address.is_unspecified):
                seen.add(str(address))
    return seen, clear, count


def judge(observer, seen, clear):
    """Yield what does not hold."""
    must, must_not, readable = EXPECTED[observer]
    for name in sorted(must - seen):
        yield f"{TITLES[observer]} did not see: {name}"
    for name in sorted(seen & must_not):
        yield f"{TITLES[observer]} saw: {name}"
    for name in sorted(seen - must - must_not):
        yield f"{TITLES[observer]} saw an address of nobody: {name}"
    if clear and not readable:
        yield f"{TITLES[observer]} could read the page"
    if readable and not clear:
        yield f"{TITLES[observer]} could not read the page"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captures", required=True, metavar="FOLDER")
    parser.add_argument("--payload", required=True, metavar="TEXT")
    parser.add_argument("--host", required=True, action="append", nargs=3,
                        metavar=("NAME", "IPV4", "IPV6"))
    options = parser.parse_args()
    names = {ipaddress.ip_address(address): name
             for name, *pair in options.host for address in pair}
    wrong = []
    print(f"  {'observer':24}{'packets':>8}  {'page':12}addresses")
    for observer, title in TITLES.items():
        path = os.path.join(options.captures, observer + ".pcap")
        seen, clear, count = observe(path, names, options.payload.encode())
        print(f"  {title:24}{count:8}  "
              f"{'readable' if clear else 'unreadable':12}"
              f"{', '.join(sorted(seen))}")
        wrong += judge(observer, seen, clear)
    for line in wrong:
        print(f"  FAIL  {line}")
    if not wrong:
        print("  ok    the entry knows who, not where; the exit where, "
              "not who; the server only the exit")
    return 1 if wrong else 0


sys.exit(main())
