# SPDX-License-Identifier: GPL-2.0
"""Folded stacks drawn as a flame graph: a box is a function, as wide as the
share of samples in which it was on the stack, upon the function that called
it."""
import html
import zlib

WIDTH = 1600
ROW = 17
MARGIN = 30
LETTER = 6.6

# Narrower boxes than this are left out.
THINNEST = 0.4


class Node:
    """A function called from one place, and what it called."""

    def __init__(self):
        self.count = 0
        self.children = {}

    def add(self, frames, count):
        self.count += count
        if frames:
            self.children.setdefault(frames[0], Node()).add(frames[1:], count)

    def depth(self):
        return 1 + max((child.depth() for child in self.children.values()),
                       default=0)


def colour(name):
    """The same for a function wherever it is; modules have hues of their
    own."""
    shade = zlib.crc32(name.encode()) % 40
    module = name.partition(":")[0] if ":" in name else ""
    hue = {"": 35, "nym": 205, "wireguard": 130}.get(module, 280)
    return f"hsl({hue},{55 + shade}%,{60 + shade // 3}%)"


def _boxes(name, node, left, level, scale, bottom):
    """SVG of a node and all above it."""
    width = node.count * scale
    if width < THINNEST:
        return
    top = bottom - level * ROW
    text = html.escape(name)
    share = f"{100 * width / WIDTH:.1f}"
    room = int((width - 4) / LETTER)
    label = ""
    if room > 2:
        short = name if len(name) <= room else name[:room - 1] + "…"
        label = f'<text x="{left + 2:.1f}" y="{top + 12}">' \
                f"{html.escape(short)}</text>"
    yield (f"<g><title>{text}: {share} %</title>"
           f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" '
           f'height="{ROW - 1}" fill="{colour(name)}"/>{label}</g>')
    for child, below in sorted(node.children.items()):
        yield from _boxes(child, below, left, level + 1, scale, bottom)
        left += below.count * scale


def draw(stacks, title):
    root = Node()
    for stack, count in stacks.items():
        root.add(stack.split(";"), count)
    height = root.depth() * ROW + 2 * MARGIN
    boxes = _boxes("all", root, 0, 0, WIDTH / root.count, height - MARGIN)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{height}" viewBox="0 0 {WIDTH} {height}">',
        "<style>text { font: 11px monospace } h1 { font-size: 15px }</style>",
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="4" y="18" style="font-size:15px">{html.escape(title)}'
        "</text>", *boxes, "</svg>", ""])
