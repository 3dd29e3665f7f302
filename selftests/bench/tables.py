# SPDX-License-Identifier: GPL-2.0
"""The results of a run as tables, of text or of reStructuredText."""
import comparison
import profile_stacks


def plain(rows):
    """Lines of a table whose first row is its head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join([row[0].ljust(widths[0]),
                        *(cell.rjust(width) for cell, width in
                          zip(row[1:], widths[1:]))]).rstrip()
             for row in rows]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def rst(rows):
    """The same as a simple table of reStructuredText."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(cell.ljust(width) for cell, width in
                       zip(row, widths)).rstrip() for row in rows]
    return [rule, lines[0], rule, *lines[1:], rule]


def number(spread, decimals):
    """A median, and its spread where there is one."""
    if spread is None:
        return "-"
    text = f"{spread.median:.{decimals}f}"
    if spread.count > 1:
        text += f" ±{spread.percent:.0f}%"
    return text


def of_figures(results, names):
    """Rows of a table: cases down, figures across."""
    names = [name for name in names
             if any(results.of(case, name) for case in comparison.CASES)]
    if not names:
        return []
    head = ["case"] + [comparison.FIGURES[name].column for name in names]
    rows = [[f"{case.letter} {case.title}"] +
            [number(results.spread(key, name),
                    comparison.FIGURES[name].decimals) for name in names]
            for key, case in comparison.CASES.items()
            if key in results.values]
    return [head, *rows]


def of_goals(results):
    """Rows of a table: what was to be reached, and what was."""
    rows = []
    for goal in comparison.GOALS:
        reached = results.reached(goal)
        if reached is None:
            continue
        bound = goal.icount if results.run["icount"] else goal.uml
        letters = [comparison.CASES[case].letter
                   for case in (goal.case, goal.over) if case]
        wanted, verdict = "report", ""
        if bound is not None:
            wanted = f"{'<=' if goal.at_most else '>='} {bound}"
            met = (reached.median <= bound if goal.at_most
                   else reached.median >= bound)
            verdict = "reached" if met else "missed"
        rows.append([f"{comparison.FIGURES[goal.figure].title}: "
                     f"({')/('.join(letters)})",
                     number(reached, 2), wanted, verdict])
    return [["ratio", "found", "goal", ""], *rows] if rows else []


def of_crypto(results):
    """Rows of a table: what the cipher alone would allow."""
    rows = [[f"{case.letter} {case.title}", str(2 * place["hops"]),
             str(place["mtu"]), f"{results.bound(key):.0f}"]
            for key, case in comparison.CASES.items()
            if (place := results.run["places"].get(key)) and
            results.bound(key)]
    return [["case", "passes", "MTU", "bound [Mbit/s]"], *rows] if rows else []


def title(run):
    how = (f"{run['repeat']} x {run['duration']} s" if run["repeat"] > 1
           else f"{run['duration']} s")
    return (f"{run['guest']}: Linux {run['kernel']}, {run['cpus']} CPU"
            f"{'s' if run['cpus'] > 1 else ''}, {run['network']}, {how}, nym "
            f"{run['commit']}, {run['date']}")


def failures(run):
    return [f"failed: {failure['case']} {failure['measure']} "
            f"({failure['repeat']}): {failure['error']}"
            for failure in run["failures"]]


def report(results, layout=plain):
    """All tables of a run."""
    lines = [title(results.run), "=" * len(title(results.run)), ""]
    tables = [(name, of_figures(results, names))
              for name, names in comparison.TABLES.items()]
    tables.append(("Ratios within a repetition", of_goals(results)))
    if results.run["aead"]:
        tables.append((f"The cipher alone ({results.pass_ns() / 1e3:.2f} µs "
                       "a pass over 1360 bytes)", of_crypto(results)))
    for name, rows in tables:
        if rows:
            lines += [name, "-" * len(name), "", *layout(rows), ""]
    return "\n".join(lines + failures(results.run))


def of_scale(results, subject):
    """Rows of a table: nym beside in-tree WireGuard, with many peers."""
    rows = []
    for name, figure in comparison.SCALE_FIGURES.items():
        theirs, ours, better = results.compared(subject, name)
        if better:
            rows.append([figure.title, number(theirs, figure.decimals),
                         number(ours, figure.decimals), number(better, 2)])
    return [["", "in-tree", "nym", "times better"], *rows] if rows else []


def scale(results, layout=plain):
    """All tables about devices with many peers."""
    run = results.run
    lines = [title(run), "=" * len(title(run)), ""]
    for subject, name in comparison.SCALE_SUBJECTS.items():
        rows = of_scale(results, subject)
        if rows:
            name += f" ({run['peers'][subject]})"
            lines += [name, "-" * len(name), "", *layout(rows), ""]
    return "\n".join(lines + failures(run))


def percent(share):
    return f"{100 * share:.1f}%" if share else "-"


def of_subjects(found):
    """Rows of a table: subjects down, profiles across."""
    across = [dict((name, share) for share, name in profile_stacks.shares(
        profile["stacks"], profile_stacks.subject)) for profile in found]
    names = sorted({name for shares in across for name in shares},
                   key=lambda name: (-across[0].get(name, 0), name))
    head = ["subject"] + [f"{comparison.CASES[profile['case']].letter} "
                          f"{profile['way']}" for profile in found]
    return [head, *([name, *(percent(shares.get(name)) for shares in across)]
                    for name in names)]


def profiles(run, layout=plain, functions=25):
    """What was innermost in each profile: by subject, and by function."""
    lines = [title(run), "=" * len(title(run)), ""]
    lines += [*layout(of_subjects(run["profiles"])), ""]
    for profile in run["profiles"]:
        name = f"{comparison.CASES[profile['case']].title}, {profile['way']}"
        lines += [name, "-" * len(name), "", *layout(
            [["function", "share"]] +
            [[function, percent(share)] for share, function in
             profile_stacks.shares(profile["stacks"])[:functions]]), ""]
    return "\n".join(lines)
