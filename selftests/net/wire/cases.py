# SPDX-License-Identifier: GPL-2.0
"""Test cases in Python, with results as lib/ktap.sh prints them."""
import contextlib
import functools
import sys
import time
import traceback

SKIPPED = 4
# How often a case is begun anew when the guest was held up.
ATTEMPTS = 5
_cases = []


class Skip(Exception):
    """The case cannot run here, for the reason given."""


class HeldUp(Exception):
    """The guest was too slow for the case to tell anything."""


@contextlib.contextmanager
def within(seconds):
    """After so long the driver goes on of its own accord: when what is done here took
    longer, nothing follows from how it went, and the case begins anew."""
    began = time.monotonic()
    try:
        yield
    finally:
        took = time.monotonic() - began
        if took > seconds:
            raise HeldUp(f"{took:.1f} s for what has to be done within {seconds} s")


def attempt(function, *arguments):
    for _ in range(ATTEMPTS - 1):
        try:
            return function(*arguments)
        except HeldUp:
            continue
    return function(*arguments)


def case(description):
    """Make a function a test case; they run in the order of their text."""
    def add(function):
        _cases.append((description, function))
        return function
    return add


def both_versions(description):
    """A case over IPv4 and one over IPv6; the function is told which."""
    def add(function):
        for version in (4, 6):
            case(f"{description}, IPv{version}")(
                functools.partial(function, version))
        return function
    return add


def equal(what, expected, found):
    if expected != found:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")


def run(*arguments):
    """Run all cases, each called with the arguments, and end the program."""
    sys.stdout.reconfigure(line_buffering=True)
    print(f"KTAP version 1\n1..{len(_cases)}")
    failed = 0
    for number, (description, function) in enumerate(_cases, 1):
        try:
            attempt(function, *arguments)
        except Skip as reason:
            print(f"ok {number} {description} # SKIP {reason}")
        except Exception:  # pylint: disable=broad-except
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("#   " + line)
            print(f"not ok {number} {description}")
        else:
            print(f"ok {number} {description}")
    sys.exit(bool(failed))
