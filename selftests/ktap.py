# SPDX-License-Identifier: GPL-2.0
"""Results as KTAP: reading, counting and printing them."""
import re

RESULT = re.compile(r"(?P<no>not )?ok\b *(?P<number>\d+)? *(?:- )?"
                    r"(?P<name>.*?)"
                    r"(?: *# *(?P<directive>SKIP|TODO|TIMEOUT)?"
                    r"(?P<reason>.*))?$")
PLAN = re.compile(r"1\.\.(\d+)(?: *# *SKIP *(.*))?$")

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Result:
    """A test's result and those of its parts."""

    def __init__(self, name, state, reason="", comments=(), parts=()):
        self.name = name
        self.state = state
        self.reason = reason
        self.comments = list(comments)
        self.parts = list(parts)

    def leaves(self):
        """Results that have no parts, and failures that no part explains."""
        for part in self.parts:
            yield from part.leaves()
        if not self.parts:
            yield self
        elif self.state == FAILED and not any(
                leaf.state == FAILED
                for part in self.parts for leaf in part.leaves()):
            yield self

    def failed(self):
        return any(leaf.state == FAILED for leaf in self.leaves())


class _Level:
    """Results at one indentation that still have no parent."""

    def __init__(self, indent):
        self.indent = indent
        self.results = []
        self.planned = None

    def close(self):
        if self.planned is not None and self.planned != len(self.results):
            self.results.append(Result(
                "plan", FAILED,
                f"{self.planned} planned, {len(self.results)} ran"))
        return self.results


def parse(lines):
    """Return the list of outermost results in KTAP text; what is not KTAP is
    kept as comments of the result that follows."""
    levels = [_Level(0)]
    comments = []

    def close_above(indent):
        parts = []
        while levels and levels[-1].indent > indent:
            parts = levels.pop().close() + parts
        return parts

    for line in lines:
        text = line.strip()
        indent = len(line) - len(line.lstrip(" "))
        plan = PLAN.match(text)
        result = RESULT.match(text)
        if text.startswith(("KTAP version", "TAP version")) or not text:
            continue
        if not plan and not result:
            if text.startswith("Bail out!"):
                levels[0].results.append(Result(text, FAILED))
            comments.append(text.removeprefix("#").removeprefix(" "))
            continue
        parts = close_above(indent) if result else []
        if levels[-1].indent < indent:
            levels.append(_Level(indent))
        level = levels[-1]
        if plan:
            level.planned = (level.planned or 0) + int(plan[1])
            if plan[2] is not None:
                comments.append("SKIP " + plan[2])
            continue
        state = PASSED
        if result["no"]:
            state = FAILED
        elif result["directive"] == "SKIP":
            state = SKIPPED
        level.results.append(Result(result["name"].strip(), state,
                                    (result["reason"] or "").strip(),
                                    comments, parts))
        comments = []
    outermost = close_above(-1)
    if comments and outermost:
        outermost[-1].comments += comments
    elif comments:
        outermost.append(Result("output without results", FAILED,
                                comments=comments))
    return outermost


def render(results, indent=0):
    """Yield the lines of a KTAP document."""
    space = " " * indent
    yield space + "KTAP version 1"
    yield f"{space}1..{len(results)}"
    for number, result in enumerate(results, 1):
        yield from render_result(result, number, indent)


def render_result(result, number, indent=0):
    space = " " * indent
    for comment in result.comments:
        yield f"{space}# {comment}"
    if result.parts:
        yield from render(result.parts, indent + 2)
    verdict = "not ok" if result.state == FAILED or result.failed() else "ok"
    line = f"{space}{verdict} {number} {result.name}"
    if result.state == SKIPPED:
        line += " # SKIP " + result.reason
    elif result.reason:
        line += " # " + result.reason
    yield line.rstrip()


def count(results):
    """Return how many leaves passed, failed and were skipped."""
    states = [leaf.state for result in results for leaf in result.leaves()]
    return tuple(states.count(state) for state in (PASSED, FAILED, SKIPPED))
