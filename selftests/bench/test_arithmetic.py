# SPDX-License-Identifier: GPL-2.0
"""What the benchmark makes of what it measured: a wrong figure looks like any
other.  python3 -m unittest, from this folder."""
import unittest

import comparison
import figures
import flamegraph
import profile_stacks
import tables


def a_run(samples, **fields):
    """A run of one CPU in which a pass of the cipher costs 2 µs."""
    return {"guest": "uml1", "network": "chain", "icount": False,
            "kernel": "7.2", "cpus": 1, "commit": "1", "date": "2026-01-01", "repeat": 3, "duration": 1,
            "places": {"wg1": {"hops": 1, "mtu": 1420},
                       "wg2": {"hops": 2, "mtu": 1340},
                       "nym2": {"hops": 2, "mtu": 1340},
                       "veth": {"hops": 0, "mtu": 1500}},
            "aead": [{"repeat": repeat, "encrypt_ns": 1900,
                      "decrypt_ns": 2100} for repeat in (1, 2, 3)],
            "failures": [], "profiles": [], "scale": [],
            "peers": {},
            "samples": [{"case": case, "repeat": repeat, "measure": figure,
                         "figures": {figure: value}}
                        for case, figure, values in samples
                        for repeat, value in enumerate(values, 1)], **fields}


class Spreads(unittest.TestCase):
    """Medians, ranges and percentiles."""

    def test_median_of_odd_and_even(self):
        self.assertEqual(figures.spread([9, 1, 5]).median, 5)
        self.assertEqual(figures.spread([9, 1, 5, 6]).median, 5.5)

    def test_percent_is_half_the_range(self):
        self.assertAlmostEqual(figures.spread([90, 100, 120]).percent, 15)

    def test_percentiles_are_values_that_occurred(self):
        values = list(range(1, 201))
        self.assertEqual(figures.percentile(values, 50), 100)
        self.assertEqual(figures.percentile(values, 99), 198)
        self.assertEqual(figures.percentile([7], 99), 7)


class Ratios(unittest.TestCase):
    """Quotients are those of one repetition."""

    def test_what_slows_a_repetition_cancels_out(self):
        # The medians' quotient would be 300/100.
        found = figures.ratio({1: 200, 2: 20, 3: 300}, {1: 100, 2: 10, 3: 100})
        self.assertEqual((found.median, found.low, found.high), (2, 2, 3))

    def test_a_repetition_that_failed_is_left_out(self):
        self.assertEqual(figures.ratio({1: 4, 2: 9}, {1: 2}).count, 1)
        self.assertIsNone(figures.ratio({1: 4}, {2: 2}))

    def test_goals(self):
        results = figures.Results(a_run([("nym2", "tcp1-out", [50, 60, 70]),
                                         ("wg2", "tcp1-out", [20, 20, 20]),
                                         ("nym2", "ping-p50", [9, 9, 9]),
                                         ("wg2", "ping-p50", [10, 10, 10])]))
        rows = {row[0]: row[1:] for row in tables.of_goals(results)}
        self.assertEqual(rows["TCP, 1 stream, out: (e)/(c)"],
                         ["3.00 ±17%", ">= 2.0", "reached"])
        self.assertEqual(rows["ping idle, p50: (e)/(c)"],
                         ["0.90 ±0%", "<= 0.7", "missed"])


class CryptoBound(unittest.TestCase):
    """What CPUs that did nothing but the cipher would carry."""

    def test_two_hops_take_four_passes(self):
        # 1288 bytes of payload for 8 µs: 1288 Mbit/s.
        self.assertAlmostEqual(figures.crypto_bound(1, 2, 1340, 2000), 1288)
        self.assertAlmostEqual(figures.crypto_bound(2, 2, 1340, 2000), 2576)
        self.assertAlmostEqual(figures.crypto_bound(1, 1, 1340, 2000), 2576)

    def test_fraction_reached(self):
        results = figures.Results(a_run([("nym2", "tcp1-in",
                                          [644, 644, 322])]))
        self.assertAlmostEqual(
            results.spread("nym2", "crypto-in").median, 0.5)
        self.assertAlmostEqual(results.bound("nym2"), 1288)
        self.assertIsNone(results.bound("veth"))


class Scale(unittest.TestCase):
    """Times better, whether more is better or less."""

    def test_better(self):
        results = figures.ScaleResults(a_run([], scale=[
            {"subject": "gateway", "device": device, "repeat": 1,
             "figures": {"memory": memory, "handshakes": rate}}
            for device, memory, rate in (("wireguard", 3000, 400),
                                         ("nym", 2000, 200))]))
        self.assertEqual(tables.of_scale(results, "gateway")[1:],
                         [["memory, bytes a peer", "3000", "2000", "1.50"],
                          ["handshakes answered a second", "400", "200",
                           "0.50"]])


class Tables(unittest.TestCase):
    """What is printed is what was found, in the right place."""

    def setUp(self):
        self.results = figures.Results(a_run([
            ("wg1", "tcp1-out", [100, 110, 120]),
            ("nym2", "tcp1-out", [200, 220, 240]),
            ("nym2", "tcp1-in", [300, 300, 300])]))

    def test_cells(self):
        head, *rows = tables.of_figures(self.results,
                                        ("tcp1-out", "tcp4-out", "tcp1-in"))
        self.assertEqual(head, ["case", "1 out", "1 in"])
        self.assertEqual(rows, [
            ["b one hop, in-tree", "110 ±9%", "-"],
            ["e two hops, nym", "220 ±9%", "300 ±0%"]])

    def test_rst_columns_fit(self):
        lines = tables.rst([["case", "x"], ["a", "123456"]])
        self.assertEqual(lines, ["====  ======", "case  x", "====  ======",
                                 "a     123456", "====  ======"])


class Selection(unittest.TestCase):
    """CASES= and MEASURES=."""

    def test_letters_and_beginnings(self):
        letters = {name: case.letter
                   for name, case in comparison.CASES.items()}
        self.assertEqual(comparison.select(["g", "b"], comparison.CASES,
                                           letters), ["wg1", "nym3", "nym5"])
        self.assertEqual(comparison.select(["tcp1"], comparison.MEASURES),
                         ["tcp1-out", "tcp1-in"])
        with self.assertRaises(ValueError):
            comparison.select(["tcp"], comparison.MEASURES)


SCRIPT = """iperf3
\tffffffff81a chacha_4block_xor_avx2 ([chacha_x86_64])
\tffffffffc01 encrypt_message ([nym])
\tffffffff81b process_one_work ([kernel.kallsyms])

ksoftirqd/0
\tffffffff81c nf_hook_slow ([kernel.kallsyms])

"""


class Profiles(unittest.TestCase):
    """Stacks from perf script, their subjects and their drawing."""

    def test_fold(self):
        stacks = profile_stacks.fold(SCRIPT)
        self.assertEqual(stacks, {
            "iperf3;process_one_work;nym:encrypt_message;"
            "chacha_x86_64:chacha_4block_xor_avx2": 1,
            "ksoftirqd;nf_hook_slow": 1})
        self.assertEqual(
            profile_stacks.shares(stacks, profile_stacks.subject),
            [(0.5, "cipher"), (0.5, "netfilter")])

    def test_subjects_of_several(self):
        stacks = profile_stacks.fold(SCRIPT)
        self.assertEqual(tables.of_subjects([
            {"case": "nym2", "way": "out", "stacks": stacks},
            {"case": "wg2", "way": "in", "stacks": {"a;nf_hook_slow": 1}}]),
            [["subject", "e out", "c in"], ["cipher", "50.0%", "-"],
             ["netfilter", "50.0%", "100.0%"]])

    def test_modules_seen_from_outside(self):
        symbols = profile_stacks.ModuleSymbols([
            "00000000a0976e10 t nym_first\t[nym]\n",
            "00000000a0976f00 d nym_data\t[nym]\n",
            "00000000a0977000 T nym_last\t[nym]\n",
            "0000000060000000 T not_a_module's\n"])
        self.assertEqual(symbols.at(0xa0976e10), "nym:nym_first")
        self.assertEqual(symbols.at(0xa0976f80), "nym:nym_first")
        self.assertEqual(symbols.at(0xa0977001), "nym:nym_last")
        self.assertIsNone(symbols.at(0xa0976e0f))
        self.assertIsNone(symbols.at(0xa09f0000))

    def test_widths_are_shares(self):
        drawn = flamegraph.draw({"a;b": 3, "a;c": 1}, "title")
        self.assertIn("<title>b: 75.0 %</title>", drawn)
        self.assertIn("<title>a: 100.0 %</title>", drawn)


if __name__ == "__main__":
    unittest.main()
