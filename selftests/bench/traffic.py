# SPDX-License-Identifier: GPL-2.0
"""Traffic between a client and a server, and what it tells: each function that
measures takes a place (its attribute client is a namespace, server an address),
a way (out, in) and seconds, and returns figures by name."""
import contextlib
import json
import os
import re
import subprocess
import sys
import time

import figures

HERE = os.path.dirname(os.path.realpath(__file__))

# iperf3 -s takes a moment to be ready for the next client, and both sometimes
# wait for each other where the clock counts instructions.
ATTEMPTS = 8
STUCK_AFTER = 8

PING_INTERVAL = 0.01

# Seconds until a stream fills its path, and bytes a second that tell it from one
# that stands still.
SATURATED = 0.5
LEAST_RATE = 1e6


class Failed(Exception):
    """A measure gave no figure."""


class Place:
    """A case that is set up."""

    def __init__(self, line):
        (self.case, self.client, self.server_host, self.server, hops,
         mtu) = line.split()
        self.hops, self.mtu = int(hops), int(mtu)


def set_up(network, cases):
    """Have the cases' networks made, once; their places."""
    done = subprocess.run([os.path.join(HERE, "cases.sh"), network, *cases],
                          stdout=subprocess.PIPE, encoding="utf-8",
                          check=False)
    if done.returncode:
        sys.exit(f"setting up the cases failed:\n{done.stdout}")
    return [Place(line) for line in done.stdout.splitlines()]


def inside(namespace, *command):
    return ["ip", "netns", "exec", namespace, *command]


def idle_seconds():
    """How long CPUs have done nothing, summed."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = file.readline().split()
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def iperf(place, way, seconds, *options):
    """What iperf3's client reports, and the CPU seconds that all of this
    machine's CPUs spent meanwhile."""
    command = inside(place.client, "iperf3", "-J", "-c", place.server,
                     "-t", str(seconds), *options,
                     *(["-R"] if way == "in" else []))
    said = ""
    for _ in range(ATTEMPTS):
        idle, began = idle_seconds(), time.monotonic()
        said = output_of(command, STUCK_AFTER + seconds)
        elapsed = time.monotonic() - began
        busy = elapsed * os.cpu_count() - (idle_seconds() - idle)
        with contextlib.suppress(ValueError):
            # It may warn of something first.
            report = json.loads(said[said.find("{"):])
            if "error" not in report and report.get("end"):
                return report["end"], busy
            said = report.get("error", "it measured nothing")
        time.sleep(0.3)
    raise Failed("iperf3: " + said.strip())


def output_of(command, limit):
    """What a command says, or that it did not end in so many seconds."""
    try:
        return subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8",
                              timeout=limit, check=False).stdout
    except subprocess.TimeoutExpired:
        return f"no end within {limit} s"


def tcp(place, way, seconds, streams):
    end, busy = iperf(place, way, seconds, "-P", streams)
    received = end["sum_received"]
    measured = {f"tcp{streams}-{way}": received["bits_per_second"] / 1e6}
    if streams == "1":
        measured[f"cpu-{way}"] = busy / (received["bytes"] / 1e9)
    return measured


def udp(place, way, seconds, size):
    end, _ = iperf(place, way, seconds, "-u", "-b", "0", "-l", size)
    total = end["sum"]
    arrived = (total["packets"] - total["lost_packets"]) / total["seconds"]
    if size == "64":
        return {f"udp64-{way}": arrived}
    return {f"udp{size}-{way}": arrived * int(size) * 8 / 1e6}


def round_trips(place, seconds):
    """p50 and p99 in milliseconds."""
    count = max(20, int(seconds / PING_INTERVAL))
    done = subprocess.run(
        inside(place.client, "ping", "-n", "-i", str(PING_INTERVAL),
               "-c", str(count), "-w", str(int(10 * seconds) + 20),
               place.server),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        check=False)
    times = [float(found) for found in
             re.findall(r"time=([0-9.]+) ms", done.stdout)]
    if len(times) < count / 2:
        raise Failed(f"ping: {len(times)} answers to {count}")
    return [figures.percentile(times, percent) for percent in (50, 99)]


def ping(place, _way, seconds):
    p50, p99 = round_trips(place, seconds)
    return {"ping-p50": p50, "ping-p99": p99}


def bytes_carried(place):
    """Bytes that the client's interfaces have received and sent."""
    lines = output_of(inside(place.client, "cat", "/proc/net/dev"),
                      STUCK_AFTER).splitlines()[2:]
    fields = [line.split(":")[1].split() for line in lines]
    return sum(int(field[0]) + int(field[8]) for field in fields)


@contextlib.contextmanager
def saturating(place, way, seconds):
    """One TCP stream that runs for at least so many seconds."""
    command = inside(place.client, "iperf3", "-c", place.server, "-t",
                     str(seconds), *(["-R"] if way == "in" else []))
    for _ in range(ATTEMPTS):
        stream = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        time.sleep(SATURATED)
        if stream.poll() is None:
            break
    else:
        raise Failed("iperf3: no stream came up")
    try:
        before, began = bytes_carried(place), time.monotonic()
        yield
        rate = (bytes_carried(place) - before) / (time.monotonic() - began)
        if stream.poll() or rate < LEAST_RATE:
            raise Failed(f"iperf3: the stream broke off ({rate:.0f} bytes/s)")
    finally:
        stream.terminate()
        stream.wait()


def loaded(place, way, seconds):
    # Pings take longer than their intervals when the path is full.
    with saturating(place, way, 100 * seconds):
        p50, p99 = round_trips(place, seconds)
    return {f"loaded-{way}-p50": p50, f"loaded-{way}-p99": p99}


KINDS = {"tcp1": (tcp, "1"), "tcp4": (tcp, "4"), "udp1200": (udp, "1200"),
         "udp64": (udp, "64"), "ping": (ping,), "loaded": (loaded,)}


def measure(place, name, seconds):
    """The figures of one of comparison.MEASURES."""
    kind, _, way = name.partition("-")
    function, *arguments = KINDS[kind]
    return function(place, way, seconds, *arguments)


@contextlib.contextmanager
def serve(*places):
    """iperf3's server in each place's server_host, once for each of these. It is
    bound, for its datagrams are to come from where the client sends its own."""
    servers = [subprocess.Popen(inside(host, "iperf3", "-s", "-B", address),
                                stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
               for host, address in {(place.server_host, place.server)
                                     for place in places}]
    try:
        yield
    finally:
        for server in servers:
            server.kill()
            server.wait()
