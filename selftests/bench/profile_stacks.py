# SPDX-License-Identifier: GPL-2.0
"""Profiles: what CPUs were doing when they were looked at, as folded stacks,
which are a dictionary from "outermost;...;innermost" to how often."""
import bisect
import collections
import functools
import os
import re
import subprocess
import tempfile

FRAME = re.compile(r"\s+([0-9a-f]+) (.*?) \((.*)\)$")
MODULE = re.compile(r"(.*)\.ko(\.\w+)?$")

# What an innermost function is about.  The first that matches is taken.
SUBJECTS = (
    ("idle", r"pv_native_safe_halt|default_idle|acpi_idle|mwait_idle|"
             r"cpuidle|poll_idle"),
    ("host", r"host:"),
    ("cipher", r".*(chacha|poly1305|hchacha)|crypto_xor|blake2s"),
    ("copying and clearing", r"memcpy|memset|memmove|.*copy_(to|from|page|"
                             r"user)|.*copy_.*iter|rep_movs|rep_stos|"
                             r"clear_page|__?skb_copy|skb_copy"),
    ("checksums", r".*csum|.*checksum"),
    ("memory", r".*(kmem|kmalloc|kfree|slab|alloc|free_|page|memcg|folio)"),
    ("nym", r"nym:|nym_"),
    ("wireguard", r"wireguard:|wg_"),
    ("netfilter", r"nf_|nft_|.*conntrack|nf_.*:|nft_.*:|nf_tables:|nf_nat:"),
    ("TCP", r"tcp|__tcp|sk_stream|inet_csk|bictcp|cubictcp|tcp_.*:"),
    ("UDP, IP, routes", r"udp|__udp|ip_|__ip|ipv4|ip6|inet|fib|__fib|rt_|"
                        r"dst_|icmp|neigh|__inet|raw"),
    ("devices, queues, GRO", r"dev_|__dev|netif|__netif|napi|__napi|net_rx|"
                             r"net_tx|veth|gro|skb_|__skb|sch_|qdisc|"
                             r"process_backlog|eth_|validate_xmit|"
                             r"enqueue_to|sock_|__sock|sk_|skbuff|consume"),
)


class NoProfile(Exception):
    """Nothing could be recorded, for the reason given."""


class ModuleSymbols:
    """Functions of a kernel's modules, as that kernel lists them. For whom looks
    at the kernel from outside, modules are memory like any other."""

    def __init__(self, kallsyms):
        self.names = sorted(
            (int(address, 16), f"{module[0].strip('[]')}:{symbol}")
            for address, kind, symbol, *module in map(str.split, kallsyms)
            if module and kind in "tT")

    def at(self, address):
        """The function there, or None. They are smaller than a page or three."""
        found = bisect.bisect(self.names, (address, "\x7f")) - 1
        if found < 0 or address - self.names[found][0] > 3 << 12:
            return None
        return self.names[found][1]


def frame(symbol, where):
    """A frame's name. The kernel and its modules are known by names in brackets,
    or by their files where perf found those."""
    file = os.path.basename(where)
    module = MODULE.match(file)
    if where.startswith("[kernel") or file.startswith("vmlinux"):
        return symbol
    if module:
        return f"{module.group(1).replace('-', '_')}:{symbol}"
    if where.startswith("["):
        return where.strip("[]") + ":" + symbol
    return file


def fold(script, name_of=lambda address, symbol, where: frame(symbol, where)):
    """Folded stacks of what "perf script -F comm,ip,sym,dso" printed.  Frames
    of modules are MODULE:FUNCTION."""
    stacks = collections.Counter()
    frames, comm = [], ""
    for line in [*script.splitlines(), ""]:
        found = FRAME.match(line)
        if found:
            address, *named = found.groups()
            frames.append(name_of(int(address, 16), *named).replace(";", ","))
        elif line.strip():
            comm = line.strip()
        elif comm:
            stacks[";".join([comm.split("/")[0], *reversed(frames)])] += 1
            frames, comm = [], ""
    return dict(stacks)


def perf_script(what, seconds, rate):
    """What perf saw of WHAT, its options, in so many seconds."""
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "perf.data")
        for command in (
                ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(rate),
                 *what, "-g", "-o", data, "--", "sleep", str(seconds)],
                ["perf", "script", "--no-inline", "-i", data, "-F",
                 "comm,ip,sym,dso"]):
            done = subprocess.run(command, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, encoding="utf-8",
                                  errors="replace", check=False)
            if done.returncode:
                raise NoProfile(f"{' '.join(command[:2])}: "
                                f"{done.stderr.strip()[-300:]}")
    return done.stdout


def record(seconds, rate):
    """Folded stacks of all CPUs for so many seconds."""
    stacks = fold(perf_script(["-a", "--kernel-callchains"], seconds, rate))
    if not stacks:
        raise NoProfile("perf: no samples; this kernel has no cpu-clock event")
    return stacks


def record_session(session, cpus, symbols, seconds, rate):
    """Folded stacks of a user-mode kernel, which is a process group's leader:
    its processes are the rest of the session.  Its functions are a program's,
    those of its modules are in symbols.  What it sleeps is idle."""
    def name_of(address, symbol, where):
        if where.startswith("[kernel"):
            return "host:" + symbol
        if symbol != "[unknown]":
            return symbol if where.endswith("/linux") else frame(symbol, where)
        return next(filter(None, map(symbols.at, memory(address))),
                    "a process")

    memory = functools.cache(addresses_of(session))
    members = [pid for pid in os.listdir("/proc")
               if pid.isdigit() and session_of(pid) == session]
    stacks = fold(perf_script(["-p", ",".join(members)], seconds, rate),
                  name_of)
    if not stacks:
        raise NoProfile("perf: no samples of the guest")
    idle = seconds * rate * cpus - sum(stacks.values())
    stacks["idle;default_idle"] = max(0, idle)
    return stacks


def addresses_of(pid):
    """A function from an offset in the file that is a user-mode kernel's memory,
    which is what perf tells, to the addresses where it is mapped."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as file:
        maps = [line.split() for line in file if "(deleted)" in line]
    spans = [(*(int(end, 16) for end in span.split("-")), int(offset, 16))
             for span, _, offset, *_ in maps]
    return lambda at: [begin + at - offset for begin, end, offset in spans
                       if offset <= at < offset + end - begin]


def session_of(pid):
    """A process' session, or None when it is no more."""
    try:
        return os.getsid(int(pid))
    except ProcessLookupError:
        return None


def subject(function):
    for name, pattern in SUBJECTS:
        if re.match(pattern, function):
            return name
    return "everything else"


def shares(stacks, name_of=lambda function: function):
    """(share, name) of what was innermost, greatest first."""
    counts = collections.Counter()
    for stack, count in stacks.items():
        counts[name_of(stack.rpartition(";")[2])] += count
    total = sum(counts.values())
    return [(count / total, name) for name, count in counts.most_common()]
