# SPDX-License-Identifier: GPL-2.0
"""What is compared: the cases, what is measured of each, and what the project
set out to reach."""
import typing


class Case(typing.NamedTuple):
    """One way from the client to the server.  cases.sh sets them up."""
    letter: str
    title: str


CASES = {
    "veth": Case("a", "plain veth"),
    "wg1": Case("b", "one hop, in-tree"),
    "wg2": Case("c", "two stacked devices, in-tree"),
    "nym1": Case("d", "one hop, nym"),
    "nym2": Case("e", "two hops, nym"),
    "nym2wg": Case("f", "two hops, nym; in-tree gateways"),
    "nym3": Case("g", "three hops, nym"),
    "nym5": Case("g", "five hops, nym"),
}


class Figure(typing.NamedTuple):
    """One number that a measure yields: its name, alone and above a column of
    a table that says what it is about, and the decimals to print."""
    title: str
    column: str
    decimals: int


FIGURES = {
    "tcp1-out": Figure("TCP, 1 stream, out", "1 out", 0),
    "tcp1-in": Figure("TCP, 1 stream, in", "1 in", 0),
    "tcp4-out": Figure("TCP, 4 streams, out", "4 out", 0),
    "tcp4-in": Figure("TCP, 4 streams, in", "4 in", 0),
    "cpu-out": Figure("CPU seconds a GB, out", "CPU out", 2),
    "cpu-in": Figure("CPU seconds a GB, in", "CPU in", 2),
    "crypto-out": Figure("of the crypto bound, out", "bound out", 2),
    "crypto-in": Figure("of the crypto bound, in", "bound in", 2),
    "udp1200-out": Figure("UDP, 1200 bytes, out", "1200 out", 0),
    "udp1200-in": Figure("UDP, 1200 bytes, in", "1200 in", 0),
    "udp64-out": Figure("UDP, 64 bytes, out", "64 out", 0),
    "udp64-in": Figure("UDP, 64 bytes, in", "64 in", 0),
    "ping-p50": Figure("ping idle, p50", "idle p50", 3),
    "ping-p99": Figure("ping idle, p99", "idle p99", 3),
    "loaded-out-p50": Figure("ping loaded out, p50", "out p50", 3),
    "loaded-out-p99": Figure("ping loaded out, p99", "out p99", 3),
    "loaded-in-p50": Figure("ping loaded in, p50", "in p50", 3),
    "loaded-in-p99": Figure("ping loaded in, p99", "in p99", 3),
}

# Tables of a report: figures that belong together.
TABLES = {
    "TCP with 1 and 4 streams, Mbit/s; with 1, CPU seconds a GB and fraction of "
    "the crypto bound":
        ("tcp1-out", "tcp1-in", "tcp4-out", "tcp4-in", "cpu-out", "cpu-in",
         "crypto-out", "crypto-in"),
    "UDP of 1200 bytes, Mbit/s, and of 64 bytes, packets/s":
        ("udp1200-out", "udp1200-in", "udp64-out", "udp64-in"),
    "Round trips, idle and beside a TCP stream, ms":
        ("ping-p50", "ping-p99", "loaded-out-p50", "loaded-out-p99",
         "loaded-in-p50", "loaded-in-p99"),
}

# What a guest program knows how to measure, in the order of measuring; each
# has a way out (the client sends) and in (the server sends), save the idle ping.
MEASURES = ("tcp1-out", "tcp1-in", "tcp4-out", "tcp4-in", "udp1200-out",
            "udp1200-in", "udp64-out", "udp64-in", "ping", "loaded-out",
            "loaded-in")


class Goal(typing.NamedTuple):
    """A ratio of one case's figure over another's (or the figure itself, where
    over is empty), and how far it is to go: at least, or at most."""
    figure: str
    case: str
    over: str
    uml: typing.Optional[float]
    icount: typing.Optional[float]
    at_most: bool = False


GOALS = tuple(
    Goal(figure + way, *rest)
    for figure, *rest in (
        ("tcp1", "nym2", "wg2", 2.0, 1.6),
        ("tcp1", "nym2", "wg1", 1.0, 0.9),
        ("tcp1", "nym1", "wg1", 1.7, 1.4),
        ("tcp1", "nym2wg", "wg2", 1.3, 1.2),
        ("crypto", "nym2", "", 0.5, 0.75),
        ("udp64", "nym2", "wg2", None, 1.5))
    for way in ("-out", "-in")
) + (
    Goal("ping-p50", "nym2", "wg2", 0.7, 0.7, True),
    Goal("loaded-out-p99", "nym2", "wg2", 2.0, 2.0, True),
    Goal("loaded-in-p99", "nym2", "wg2", 2.0, 2.0, True),
)


def select(wanted, known, letters=None):
    """The names among known that wanted (names, letters, or the beginnings of
    names up to a dash) asks for, in known's order; ValueError for others."""
    chosen = set()
    for word in wanted:
        found = {name for name in known
                 if word in (name, name.partition("-")[0]) or
                 letters and word == letters[name]}
        if not found:
            raise ValueError(f"{word}: give some of {' '.join(known)}")
        chosen |= found
    return [name for name in known if name in chosen]


class ScaleFigure(typing.NamedTuple):
    """A figure of devices with many peers: whether more is better."""
    title: str
    decimals: int
    more: bool


SCALE_SUBJECTS = {"gateway": "A gateway with many peers",
                  "nested": "Many exits behind one entry"}

SCALE_FIGURES = {
    "configure": ScaleFigure("configuring over netlink, µs a peer", 1, False),
    "setconf": ScaleFigure("configuring by the tool, µs a peer", 1, False),
    "dump": ScaleFigure("dumping, µs a peer", 2, False),
    "show": ScaleFigure("showing by the tool, µs a peer", 2, False),
    "show-dump": ScaleFigure("show dump by the tool, µs a peer", 2, False),
    "remove": ScaleFigure("removing, µs a peer", 1, False),
    "memory": ScaleFigure("memory, bytes a peer", 0, False),
    "session": ScaleFigure("memory, bytes a session", 0, False),
    "handshakes": ScaleFigure("handshakes answered a second", 0, True),
    "one-tcp1-out": ScaleFigure("TCP to one peer, out, Mbit/s", 0, True),
    "many-tcp1-out": ScaleFigure("TCP to one of many, out, Mbit/s", 0, True),
    "one-tcp1-in": ScaleFigure("TCP to one peer, in, Mbit/s", 0, True),
    "many-tcp1-in": ScaleFigure("TCP to one of many, in, Mbit/s", 0, True),
    "one-udp64-out": ScaleFigure("64 bytes to one peer, out, 1/s", 0, True),
    "many-udp64-out": ScaleFigure("64 bytes to one of many, out, 1/s", 0, True),
    "one-udp64-in": ScaleFigure("64 bytes to one peer, in, 1/s", 0, True),
    "many-udp64-in": ScaleFigure("64 bytes to one of many, in, 1/s", 0, True),
}
