#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""initiations.py PUBLIC-KEY COUNT: as many initiations for whose key it is, with
a valid mac1, by nobody that it knows."""
import base64
import random
import struct
import sys

import messages

receiver = base64.b64decode(sys.argv[1])
numbers = random.Random(1)
for _ in range(int(sys.argv[2])):
    sys.stdout.buffer.write(messages.add_macs(
        struct.pack("<II", messages.INITIATION, numbers.getrandbits(32)) +
        numbers.randbytes(108), receiver))
