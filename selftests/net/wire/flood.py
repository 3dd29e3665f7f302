#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Keep a device under load, with more initiations than it can answer, as long
as a file is there, which this makes when the first have been sent.

flood.py FROM-HOST FROM-ADDRESS TO-ADDRESS TO-PORT PUBLIC-KEY FILE
"""
import os
import sys
import time

from load import ahead_of_all, flood
from peer import Peer, key

# A device stays under load for a second after it was.
PAUSE = 0.3
LIMIT = 120


def main():
    host, address, target, port, public, file = sys.argv[1:]
    flooder = Peer(host, address, 0, os.urandom(32), key(public),
                   (target, int(port)))
    deadline = time.monotonic() + LIMIT
    began = False
    while not began or os.path.exists(file):
        if time.monotonic() > deadline:
            sys.exit(f"nobody ended this within {LIMIT} s")
        with ahead_of_all():
            flood(flooder)
        if not began:
            with open(file, "wb"):
                began = True
        # Until it has done with them: one that never has time for who comes
        # with a cookie answers them when they have long begun anew.
        flooder.drain(PAUSE)


main()
