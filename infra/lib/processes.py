"""Background processes: each has a log and a file with its pid, and is stopped only if it is still the one that was started."""
from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from run import Failure, answer, log_path, tail


class Processes:
    """The background processes whose pid files are in `folder`; `label` starts the names of their logs."""

    def __init__(self, folder: Path, label: str = "") -> None:
        self.folder = folder
        self.label = label

    def log(self, name: str) -> str:
        return self.label + name

    def start(self, name: str, command, env: dict | None = None, account: dict | None = None, cwd: Path | None = None, facts: dict | None = None) -> None:
        """Starts `command` in a session of its own. `account` is what subprocess takes to become another user."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)  # the facts can hold a password
        log = log_path(self.log(name))
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_suffix(".before.log"))
        with open(log, "wb") as out:
            process = subprocess.Popen(
                [str(part) for part in command], env={**os.environ, **(env or {})}, cwd=cwd, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, **(account or {}),
            )
        self._file(name).write_text(json.dumps({"pid": process.pid, "born": born(process.pid), **(facts or {})}))

    def facts(self, name: str) -> dict | None:
        """What was noted when it was started, or None when it does not run."""
        try:
            facts = json.loads(self._file(name).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return facts if facts["born"] and born(facts["pid"]) == facts["born"] else None

    def stop(self, name: str, sign: int = signal.SIGTERM, patience: float = 30) -> bool:
        """Asks it to end, then insists. False when it did not run."""
        facts = self.facts(name)
        if facts:
            os.kill(facts["pid"], sign)
            deadline = time.monotonic() + patience
            while self.facts(name) and time.monotonic() < deadline:
                time.sleep(0.05)
            if self.facts(name):
                os.kill(facts["pid"], signal.SIGKILL)
                time.sleep(0.2)
        self._file(name).unlink(missing_ok=True)
        return facts is not None

    def wait(self, name: str, ready, patience: float) -> None:
        """Waits until `ready()`; a Failure with the end of its log when it dies or takes too long."""
        deadline = time.monotonic() + patience
        while not ready():
            if not self.facts(name):
                raise Failure(f"{name} ended while it was starting.\n{tail(self.log(name))}")
            if time.monotonic() > deadline:
                raise Failure(f"{name} was not ready after {patience:.0f} s.\n{tail(self.log(name))}")
            time.sleep(0.05)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def born(pid: int) -> str | None:
    """When the process started: with its pid it names one process, also after the pid was given to another."""
    try:
        os.waitpid(pid, os.WNOHANG)  # a child of ours that has ended must not count as alive
    except OSError:
        pass
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self").exists() else answer(["ps", "-o", "lstart=", "-p", str(pid)]) or None
    state, *rest = text.rpartition(")")[2].split()
    return None if state == "Z" else rest[18]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
