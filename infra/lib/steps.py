"""What a command tells its reader: one line a step, with the time it took."""
from __future__ import annotations

import sys
import time
from contextlib import contextmanager

from run import Failure

WIDTH = 22
_open = None  # the step whose line has not ended yet


def say(text: str = "") -> None:
    """A line of its own, also in the middle of a step."""
    global _open
    if _open:
        print(flush=True)
        _open = None
    print(text, flush=True)


def installs(what: str) -> None:
    """Said before anything is installed."""
    say(f"    installs {what}")


def compiles(what: str, log) -> None:
    """Said before the long silence of a compiler."""
    say(f"    compiles {what}; minutes the first time; follow it with: tail -f {log}")


class Note:
    """The words at the end of a step's line."""

    def __init__(self) -> None:
        self.text = ""

    def __call__(self, text: str) -> None:
        self.text = text


@contextmanager
def step(name: str):
    """Times the block; yields a function that takes the words to show beside the time."""
    global _open
    note, start = Note(), time.monotonic()
    print(f"  {name:<{WIDTH}}", end="", flush=True)
    _open = name
    try:
        yield note
    except BaseException:
        _finish(name, start, "FAILED")
        raise
    _finish(name, start, note.text)


def finished(name: str, seconds: float, text: str) -> None:
    """The line of a step that ran beside others."""
    say(f"  {name:<{WIDTH}}{elapsed(seconds):>8}  {text}".rstrip())


def _finish(name: str, start: float, text: str) -> None:
    global _open
    if not _open:
        print(f"  {name:<{WIDTH}}", end="")
    _open = None
    print(f"{elapsed(time.monotonic() - start):>8}  {text}".rstrip(), flush=True)


def elapsed(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{int(seconds // 60)} m {int(seconds % 60):02d} s"


def command(main) -> None:
    """Runs a command's main function; a Failure becomes a message and exit status 1."""
    try:
        sys.exit(main() or 0)
    except Failure as failure:
        print(f"\n{sys.argv[0]}: {failure}", file=sys.stderr, flush=True)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)
