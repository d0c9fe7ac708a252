"""What processes cost: memory and processor time of whole trees of them, from /proc."""
from __future__ import annotations

import os
import re
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list:
    """The pids of `root` and of all that it started."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            stat = _stat(int(folder.name))
            if stat:
                parents.setdefault(int(stat[1]), []).append(int(folder.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += parents.get(pid, [])
    return found


def memory(pid: int) -> int:
    """Bytes of a process, pages that it shares with others divided among them (PSS)."""
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    except (OSError, ProcessLookupError):
        return 0
    return int(found.group(1)) * 1024 if found else 0


def processor(pid: int) -> float:
    """Seconds of processor time of a process and of those of its children that have ended."""
    stat = _stat(pid)
    return sum(map(int, stat[11:15])) / TICKS if stat else 0.0


def spent(groups: dict) -> dict:
    """Seconds of processor time until now, of the trees of the named pids."""
    return {name: sum(processor(pid) for root in roots for pid in tree(root)) for name, roots in groups.items()}


def busy() -> float:
    """Seconds of processor time that anything on this machine has used until now."""
    user, nice, system, _idle, _wait, interrupts, soft, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + interrupts + soft + steal) / TICKS


def _stat(pid: int) -> list | None:
    """The fields of /proc/<pid>/stat after the name: state, parent, ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ProcessLookupError):
        return None
