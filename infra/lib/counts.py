"""Reads how many tests passed from what the test runners themselves print at their end."""
from __future__ import annotations

import re
from dataclasses import dataclass

# The runners' closing lines; an excerpt leaves them out, so that nobody counts them twice.
CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;.*$", re.M)
PYTEST = re.compile(r"^=*\s*((?:\d+ (?:passed|failed|errors?|skipped|deselected|xfailed|xpassed|warnings?)(?:, )?)+) in [\d.:]+ ?s.*$", re.M)
NODE = re.compile(r"^(?:ℹ|#) (tests|suites|pass|fail|cancelled|skipped|todo) (\d+)$", re.M)
CLOSING = (CARGO, PYTEST, NODE)


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def words(self) -> str:
        """For a step's line; unlike the last line of all, it must not read like a runner's."""
        parts = [f"{self.passed} ok" if self.passed else "", f"{self.failed} FAILED" if self.failed else "", f"{self.skipped} skipped" if self.skipped else ""]
        return ", ".join(part for part in parts if part) or "ok"


def count(output: str) -> Counts:
    total = Counts()
    for passed, failed, ignored in CARGO.findall(output):
        total += Counts(int(passed), int(failed), int(ignored))
    for line in PYTEST.findall(output):
        found = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", line)}
        passed = found.get("passed", 0) + found.get("xpassed", 0)
        failed = found.get("failed", 0) + found.get("error", 0) + found.get("errors", 0)
        total += Counts(passed, failed, found.get("skipped", 0) + found.get("xfailed", 0))
    for word, number in NODE.findall(output):
        place = {"pass": "passed", "fail": "failed", "cancelled": "failed", "skipped": "skipped", "todo": "skipped"}.get(word)
        if place:
            setattr(total, place, getattr(total, place) + int(number))
    return total


STARTS = re.compile(r"^(failures:|error(\[\w+\])?:|-{4} .* stdout -{4}|=+ (FAILURES|ERRORS) =+|✖ failing tests:)")

DULL = re.compile(r"^(test .* \.\.\. (ok|ignored.*)|running \d+ tests?|\s+(Compiling|Checking|Running|Doc-tests|Downloaded) .*)$")


def excerpt(output: str, most: int = 150) -> str:
    """The part of a failed runner's output that says what failed."""
    for closing in CLOSING:
        output = closing.sub("", output)
    lines = [line for line in output.splitlines() if not DULL.match(line)]
    first = next((number for number, line in enumerate(lines) if STARTS.match(line)), max(0, len(lines) - most))
    shown = lines[first:first + most]
    return "\n".join("  | " + line for line in shown) + ("\n  | ..." if len(lines) - first > most else "")
