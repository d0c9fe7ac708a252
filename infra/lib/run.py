"""Runs other programs: quietly, with a log, and with a readable end when one fails."""
from __future__ import annotations

import os
import shlex
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

from paths import LOGS, ROOT

_running: set = set()  # programs that somebody waits for, each the first of a session of its own
_ended = False  # whether no more may be started
TAIL = 30  # lines of a failed program's log that are shown


class Failure(Exception):
    """Something the reader must be told, and can act on. Never shown with a traceback."""


def run(command, log: str, cwd: Path = ROOT, env: dict | None = None, timeout: float | None = None, append: bool = False, asks: bool = False) -> None:
    """Runs `command` with its output in .local/log/<log>.log; raises Failure with the end of that log. One that `asks` may ask at the terminal."""
    code = run_logged(command, log, cwd=cwd, env=env, timeout=timeout, append=append, asks=asks)
    if code != 0:
        raise Failure(f"{shlex.join(map(str, command))}\nended with {code}.\n{tail(log)}")


@contextmanager
def beside(command, log: str, cwd: Path = ROOT):
    """Runs `command` while the block goes on; yields a function that waits for its end and fails as `run` does. It does not outlive the block."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(log_path(log), "wb") as out:
        process = subprocess.Popen(list(map(str, command)), cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def wait() -> None:
        if process.wait() != 0:
            raise Failure(f"{shlex.join(map(str, command))}\nended with {process.returncode}.\n{tail(log)}")

    try:
        yield wait
    finally:
        process.terminate()
        process.wait()


def run_logged(command, log: str, cwd: Path = ROOT, env: dict | None = None, timeout: float | None = None, append: bool = False, asks: bool = False) -> int | str:
    """As `run`, but hands back the exit status (or the words 'no answer in N s')."""
    if _ended:
        raise Failure("stopped")
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(log_path(log), "ab" if append else "wb") as out:
        out.write(f"$ {shlex.join(map(str, command))}\n".encode())
        out.flush()
        try:
            process = subprocess.Popen(
                [str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})}, start_new_session=not asks,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            )
        except FileNotFoundError:
            out.write(f"{command[0]}: not found\n".encode())
            return 127
        if not asks:
            _running.add(process)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return f"no answer in {timeout:.0f} s"
        finally:
            _running.discard(process)
            # With all that it started: a test that hangs is a program of its own. What shares the terminal was interrupted by the same key.
            if process.poll() is None:
                if not asks:
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def end_all() -> None:
    """Ends what other threads wait for, and what they would start."""
    global _ended
    _ended = True
    for process in list(_running):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has ended


def answer(command, env: dict | None = None, timeout: float = 60) -> str | None:
    """What `command` printed, or None when it is absent, fails or does not answer."""
    try:
        done = subprocess.run(
            [str(part) for part in command], env={**os.environ, **(env or {})}, timeout=timeout, cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
        )
    except (FileNotFoundError, PermissionError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None


def log_path(log: str) -> Path:
    return LOGS / f"{log}.log"


def tail(log: str, lines: int = TAIL) -> str:
    """The end of a log, and where the whole of it is."""
    path = log_path(log)
    text = path.read_text(errors="replace").splitlines() if path.exists() else []
    return "\n".join(["  | " + line for line in text[-lines:]] + [f"The whole log: {path}"])
