# SPDX-License-Identifier: GPL-2.0
"""The results of a run as SVG, by gnuplot."""
import subprocess

import comparison

PLOTS = {
    "tcp": ("TCP, Mbit/s", ("tcp1-out", "tcp1-in", "tcp4-out", "tcp4-in"), ""),
    "udp1200": ("UDP of 1200 bytes, Mbit/s", ("udp1200-out", "udp1200-in"),
                ""),
    "udp64": ("UDP of 64 bytes, packets/s", ("udp64-out", "udp64-in"), ""),
    "ping": ("round trips, ms",
             ("ping-p50", "ping-p99", "loaded-out-p50", "loaded-out-p99",
              "loaded-in-p50", "loaded-in-p99"), "set logscale y\n"),
}


def script(results, cases, title, names, settings, path):
    """A gnuplot script: a group of bars for each case, with the least and the
    greatest value, and a mark at what the cipher alone would allow."""
    blocks = []
    for name in names:
        lines = []
        for index, case in enumerate(cases):
            found = results.spread(case, name)
            if found:
                lines.append(f"{index} {found.median} {found.low} "
                             f"{found.high}")
        blocks.append("\n".join(lines))
    bounds = [f"{index} {results.bound(case)}"
              for index, case in enumerate(cases) if results.bound(case)]
    width = 0.8 / len(names)
    drawn = []
    for index, name in enumerate(names):
        if not blocks[index]:
            continue
        place = f"($1{(index - (len(names) - 1) / 2) * width:+})"
        drawn += [f"$data{index} using {place}:2:({width * 0.95}) with boxes "
                  f"lt {index + 1} title '{comparison.FIGURES[name].title}'",
                  f"$data{index} using {place}:2:3:4 with yerrorbars "
                  "lc rgb 'black' pt 7 ps 0 notitle"]
    if bounds and names[0].startswith("tcp"):
        blocks.append("\n".join(bounds))
        drawn.append(f"$data{len(names)} using 1:2 with points pt 2 ps 1.5 "
                     "lc rgb 'black' title 'crypto bound'")
    tics = ", ".join(f"'{comparison.CASES[case].title}' {index}"
                     for index, case in enumerate(cases))
    return "".join(
        [f"$data{index} <<END\n{block}\nEND\n"
         for index, block in enumerate(blocks)] +
        ["set terminal svg size 1100,520 font 'sans-serif,11'\n",
         f"set output '{path}'\n",
         f"set title \"{results.run['guest']}: {title}\"\n",
         f"set xtics rotate by -20 ({tics})\n",
         f"set xrange [-0.6:{len(cases) - 0.4}]\n",
         "set style fill solid 0.7 border\n",
         "set yrange [0:*]\n" if not settings else settings,
         "set grid ytics\nset key outside top right\n",
         "plot " + ", ".join(drawn) + "\n"])


def draw(results, stem):
    """Write STEM-NAME.svg for each plot that has something to show."""
    for name, (title, names, settings) in PLOTS.items():
        cases = [case for case in comparison.CASES
                 if any(results.of(case, figure) for figure in names)]
        # Beside what no cipher slows, all others would look alike.
        if len(cases) > 1 and cases[0] == "veth":
            cases = cases[1:]
        if not cases:
            continue
        path = f"{stem}-{name}.svg"
        subprocess.run(["gnuplot"], check=True, encoding="utf-8",
                       input=script(results, cases, title, names, settings,
                                    path))
        yield path
