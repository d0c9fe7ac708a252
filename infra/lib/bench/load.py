"""Drives a load with wrk: eight threads of one connection each, every one a state machine in Lua (load.lua)."""
from __future__ import annotations

import math
import os
import re
import resource
import signal
import subprocess
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import busy, spent
from run import LOGS, Failure

CONNECTIONS = 8
FOLDER = Path(__file__).parent
GRACE = 150  # seconds after the end of a load for the calls that were under way


@dataclass
class Load:
    """What came of a load. `units` is what the scenario counts (runs, points or calls), acknowledged by the server.

    `waits` has how many answers took so many tenths of a millisecond. `processor` has the seconds of processor time of each group of processes, `others` those of everything else on the machine.
    """

    units: int = 0
    calls: int = 0
    refused: int = 0
    refusal: str = ""
    broken: int = 0
    seconds: float = 0.0
    waits: Counter = field(default_factory=Counter)
    processor: dict = field(default_factory=dict)
    others: float = 0.0

    @property
    def rate(self) -> float:
        return self.units / self.seconds if self.seconds else 0.0

    def within(self, share: float) -> float:
        """In how many seconds this share of all answers came; all of them with a share of 1."""
        left = math.ceil(self.waits.total() * share)
        for wait, count in sorted(self.waits.items()):
            left -= count
            if left <= 0:
                return (wait + 1) / 10_000
        return 0.0


def load(target, scenario: str, seconds: float, **settings) -> Load:
    """Runs the scenario until each connection is finished with it, or `seconds` have passed. Nothing is left under way."""
    env = {**os.environ, "BENCH_FOLDER": str(FOLDER), "BENCH_SCENARIO": scenario, "BENCH_SECONDS": str(seconds)}
    env.update({f"BENCH_{name}": str(value) for name, value in settings.items()})
    if target.token:
        env["BENCH_TOKEN"] = target.token
    limit = int(seconds + GRACE)
    command = ["wrk", "-t", CONNECTIONS, "-c", CONNECTIONS, "-d", f"{limit}s", "--timeout", f"{GRACE}s", "-s", FOLDER / "load.lua", target.url]
    before, own, all_before = spent(target.groups()), _children(), busy()
    process = subprocess.Popen(list(map(str, command)), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    alarm = threading.Timer(limit + 30, process.kill)
    alarm.start()
    try:
        lines, threads, waits = [], [], Counter()
        for line in process.stdout:
            if line.startswith("bench waits\t"):
                waits.update({int(wait): int(count) for wait, count in (pair.split(":") for pair in line.split("\t")[1].split())})
                continue
            lines.append(line)
            if line.startswith("bench thread\t"):
                threads.append(line.rstrip("\n").split("\t")[1:])
                if len(threads) == CONNECTIONS:
                    after, all_after = spent(target.groups()), busy()
                    process.send_signal(signal.SIGINT)  # wrk would sleep until its time is over
        process.wait()
    finally:
        alarm.cancel()
        process.kill()
        process.wait()
    output = "".join(lines)
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(LOGS / f"bench-wrk-{target.slug}.log", "a") as log:
        log.write(f"{scenario} {settings.get('EXPERIMENT', '')}\n{output}\n")
    if len(threads) < CONNECTIONS:
        raise Failure(f"only {len(threads)} of {CONNECTIONS} connections of the load `{scenario}` came to their end.\n{output[-2000:]}")
    used = {**{name: after[name] - before[name] for name in after}, "wrk": _children() - own}
    return _result(threads, waits, output, used, all_after - all_before - sum(used.values()))


def _result(threads: list, waits: Counter, output: str, processor: dict, others: float) -> Load:
    _, units, calls, refused = (sum(int(row[column]) for row in threads) for column in range(4))
    starts, ends = ([float(row[column]) for row in threads] for column in (4, 5))
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    return Load(
        units, calls, refused, next((row[6] for row in threads if row[6]), ""), sum(map(int, broken.groups())) if broken else 0,
        max(ends) - min(starts), waits, processor, max(others, 0.0),
    )


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
