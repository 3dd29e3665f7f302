#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0
"""The model of what each party may learn, Documentation/threat-model.toml.

model.py --check|--write [DOCUMENT]: whether the tables of threat-model.rst say
the same, or have them do so.
"""
import os
import sys
import tomllib

DOCUMENTATION = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                             "..", "..", "Documentation")
BEGIN = ".. tables of threat-model.toml begin: selftests/privacy/model.py --write\n"
END = ".. tables of threat-model.toml end\n"

# Hosts and links of a path of three hops; a longer one has more in the middle.
HOSTS = ("client", "entry", "middle", "exit", "server")


class Model:
    """Who may learn what. A party is ("host", i) or ("link", i)."""

    def __init__(self, path=os.path.join(DOCUMENTATION, "threat-model.toml")):
        with open(path, "rb") as file:
            self.values = tomllib.load(file)
        self.things = {thing["name"]: thing for thing in self.values["thing"]}

    def owners(self, name, hops):
        """Numbers of the hosts that have a thing of this name."""
        return {"host": range(hops + 2), "gateway": range(1, hops + 1),
                "server": range(hops + 1, hops + 2)}[self.things[name]["of"]]

    def may_learn(self, party, name, owner):
        """May a party learn the thing of this name that belongs to host
        number owner?  The client may learn all."""
        kind, number = party
        if party == ("host", 0):
            return True
        return number - owner in self.things[name][kind + "s"]


def _grid(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    rule = " ".join("=" * width for width in widths)
    lines = [" ".join(cell.ljust(width) for cell, width in
                      zip(row, widths)).rstrip() for row in rows]
    return [rule, lines[0], rule, *lines[1:], rule, ""]


def _who_table(model, first, parties, titles):
    rows = [[first, *titles]]
    for name, thing in model.things.items():
        for owner in model.owners(name, 3):
            rows.append([thing["title"].format(host=HOSTS[owner])] + [
                "itself" if name == "address" and party == ("host", owner) else
                "yes" if model.may_learn(party, name, owner) else "no"
                for party in parties])
    return _grid(rows)


def _value_table(model):
    rows = [["field", "on the client's link", "nested"]]
    nested = model.values["nested"]
    for field, value in nested.items():
        outer = model.values["outer"].get(field, "the kernel's choice")
        rows.append([field.replace("-", " ")] +
                    [{True: "yes", False: "no"}[v] if isinstance(v, bool)
                     else str(v) for v in (outer, value)])
    return _grid(rows)


def tables(model):
    """What the document must have between its marks."""
    hosts = [("host", i) for i in range(1, 5)]
    links = [("link", i) for i in range(4)]
    return "\n".join([
        "",
        *_who_table(model, "learned by", hosts, HOSTS[1:]),
        *_who_table(model, "seen on the link", links,
                    [f"{HOSTS[i]}-{HOSTS[i + 1]}" for i in range(4)]),
        *_value_table(model), ""])


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in ("--check", "--write"):
        sys.exit(__doc__)
    path = (sys.argv[2:] or [os.path.join(DOCUMENTATION, "threat-model.rst")])[0]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if BEGIN not in text or END not in text:
        sys.exit(f"{path}: no place for the tables")
    before, _, rest = text.partition(BEGIN)
    wanted = before + BEGIN + tables(Model()) + END + rest.partition(END)[2]
    if sys.argv[1] == "--write":
        with open(path, "w", encoding="utf-8") as file:
            file.write(wanted)
    elif text != wanted:
        sys.exit(f"{path} does not say what threat-model.toml says: "
                 "selftests/privacy/model.py --write")


if __name__ == "__main__":
    main()
