# SPDX-License-Identifier: GPL-2.0
"""The benchmark's arithmetic: medians, spreads, ratios, the crypto bound."""
import math
import statistics
import typing

import comparison

# TCP's and IP's headers with the timestamps that Linux adds.
TCP_OVERHEAD = 52

# What passes of the cipher are measured with (nym_bench/aead.c).
AEAD_MESSAGE = 1360


class Spread(typing.NamedTuple):
    """A median, and the least and greatest of what it is the median of."""
    median: float
    low: float
    high: float
    count: int

    @property
    def percent(self):
        """Half of the range, relative to the median."""
        if not self.median:
            return 0.0
        return 50 * (self.high - self.low) / abs(self.median)


def spread(values):
    values = sorted(values)
    return Spread(statistics.median(values), values[0], values[-1],
                  len(values))


def percentile(values, percent):
    """The least of values that so many percent of them do not exceed."""
    values = sorted(values)
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)]


def crypto_bound(cpus, hops, mtu, pass_ns):
    """Mbit/s of TCP payload if CPUs did nothing but the cipher: each hop of a
    message is encrypted once and decrypted once, pass_ns on the average."""
    return cpus * (mtu - TCP_OVERHEAD) * 8e3 / (2 * hops * pass_ns)


def ratio(over, under):
    """Spread of the quotients of two cases, repetition by repetition: what
    disturbed one repetition disturbed both.  None if they share none."""
    common = sorted(set(over) & set(under))
    quotients = [over[key] / under[key] for key in common if under[key]]
    return spread(quotients) if quotients else None


class Results:
    """Samples of one run by case, figure and repetition."""

    def __init__(self, run):
        self.run = run
        self.values = {}
        for sample in run["samples"]:
            for name, value in sample["figures"].items():
                self.add(sample["case"], name, sample["repeat"], value)
        self._add_crypto()

    def add(self, case, name, repeat, value):
        self.values.setdefault(case, {}).setdefault(name, {})[repeat] = value

    def _add_crypto(self):
        """The fraction of the crypto bound that each repetition reached."""
        passes = {sample["repeat"]: sample for sample in self.run["aead"]}
        for case, place in self.run["places"].items():
            if not place["hops"]:
                continue
            for way in ("out", "in"):
                for repeat, value in self.of(case, "tcp1-" + way).items():
                    if repeat not in passes:
                        continue
                    bound = crypto_bound(self.run["cpus"], place["hops"],
                                         place["mtu"], self.pass_ns(repeat))
                    self.add(case, "crypto-" + way, repeat, value / bound)

    def pass_ns(self, repeat=None):
        """What a pass costs: in one repetition, or the median of all."""
        costs = [(sample["encrypt_ns"] + sample["decrypt_ns"]) / 2
                 for sample in self.run["aead"]
                 if repeat in (None, sample["repeat"])]
        return statistics.median(costs)

    def bound(self, case):
        """The crypto bound of a case in Mbit/s, None for those without."""
        place = self.run["places"][case]
        if not place["hops"] or not self.run["aead"]:
            return None
        return crypto_bound(self.run["cpus"], place["hops"], place["mtu"],
                            self.pass_ns())

    def of(self, case, figure):
        """Values of a figure by repetition."""
        return self.values.get(case, {}).get(figure, {})

    def spread(self, case, figure):
        values = self.of(case, figure)
        return spread(values.values()) if values else None

    def reached(self, goal):
        """How far a goal (comparison.Goal) was reached."""
        if not goal.over:
            return self.spread(goal.case, goal.figure)
        return ratio(self.of(goal.case, goal.figure),
                     self.of(goal.over, goal.figure))


class ScaleResults:
    """Samples of devices with many peers, of both kinds."""

    def __init__(self, run):
        self.run = run

    def of(self, subject, device, figure):
        """Values of a figure by repetition."""
        return {sample["repeat"]: sample["figures"][figure]
                for sample in self.run["scale"]
                if (sample["subject"], sample["device"]) == (subject, device)
                and figure in sample["figures"]}

    def compared(self, subject, figure):
        """In-tree, nym, and how many times better nym is: each a Spread, or
        None where something was not measured."""
        theirs, ours = (self.of(subject, device, figure)
                        for device in ("wireguard", "nym"))
        better = ratio(ours, theirs) if comparison.SCALE_FIGURES[figure].more \
            else ratio(theirs, ours)
        return (spread(theirs.values()) if theirs else None,
                spread(ours.values()) if ours else None, better)
