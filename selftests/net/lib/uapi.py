# SPDX-License-Identifier: GPL-2.0
"""The names and numbers of the driver's netlink interface, from its header."""
# pylint: disable=invalid-name
import os
import re

HEADER = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                      "../../../module/uapi/linux/nym.h")


def constants():
    """The names and values that the header gives to the attributes."""
    with open(HEADER, encoding="ascii") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    found = {}
    for body in re.findall(r"enum \w+ \{(.*?)\}", text, flags=re.S):
        value = -1
        for entry in body.split(","):
            name, _, given = (part.strip() for part in entry.partition("="))
            if not name:
                continue
            shift = re.fullmatch(r"1U << (\d+)", given)
            if shift:
                value = 1 << int(shift[1])
            elif given.isdigit():
                value = int(given)
            elif given:
                continue
            else:
                value += 1
            found[name] = value
    return found


class Constants:
    """The same as attributes."""

    def __init__(self, found):
        vars(self).update(found)

    def __getattr__(self, name):
        raise AttributeError(f"the header does not define {name}")


C = Constants(constants())
