"""What a client was told is stored, and what the server then shows: the comparison decides whether something was lost.

A write that was answered with success must be there, whole. One whose answer never came, or was a refusal, may be there or not, but never in part.
Nothing may be there that nobody sent, and no point twice.
"""
from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Write:
    """What one request logs to a run. Keys of params and tags, and steps of a metric, belong to one write only."""

    run: str
    points: tuple = ()  # (key, step, timestamp, value)
    params: tuple = ()  # (key, value)
    tags: tuple = ()  # (key, value)

    def parts(self) -> int:
        return len(self.points) + len(self.params) + len(self.tags)


@dataclass
class Stored:
    """A run as the server shows it."""

    status: str
    end_time: int | None
    params: dict
    tags: dict
    latest: dict  # key -> (step, timestamp, value)
    points: list  # (key, step, timestamp, value)


@dataclass
class Ledger:
    """What a load sent. Its threads write it; who reads it has stopped them, or only counts."""

    acked: list = field(default_factory=list)  # writes
    unknown: list = field(default_factory=list)  # writes that the client gave up without an answer
    runs: dict = field(default_factory=dict)  # run id -> the token of its creation
    tokens: Counter = field(default_factory=Counter)  # creations that were sent, by token
    ends: dict = field(default_factory=dict)  # run id -> end time
    invited: set = field(default_factory=set)  # addresses
    unanswered: Counter = field(default_factory=Counter)  # attempts without success, by status or kind of error
    final: list = field(default_factory=list)  # answers that a client does not retry
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, counter: Counter, what) -> None:
        with self.lock:
            counter[what] += 1


def problems(ledger: Ledger, stored: dict) -> list:
    """What is wrong with `stored` (run id -> Stored), in words; empty when nothing is."""
    found = [f"a client would have given up: {answer}" for answer in ledger.final]
    for run, token in ledger.runs.items():
        if run not in stored:
            found.append(f"the acknowledged run {run} is lost")
        elif stored[run].tags.get("token") != token:
            found.append(f"the run {run} lost its first tag")
    for token, count in Counter(run.tags.get("token") for run in stored.values()).items():
        if count > ledger.tokens[token]:
            found.append(f"{count} runs of a creation that was sent {ledger.tokens[token]} times")
    for run, end_time in ledger.ends.items():
        if run in stored and (stored[run].status, stored[run].end_time) != ("FINISHED", end_time):
            found.append(f"the end of run {run} is lost: {stored[run].status} {stored[run].end_time}")
    index = {run: (set(state.points), state.params.items(), state.tags.items()) for run, state in stored.items()}
    for write in ledger.acked:
        if lost := _lost(write, index):
            found.append(f"an acknowledged write to run {write.run} lost {len(lost)} of {write.parts()} parts: {lost[:3]}")
    for write in ledger.unknown:
        lost = _lost(write, index)
        if 0 < len(lost) < write.parts():
            found.append(f"a write to run {write.run} is there but for {len(lost)} of {write.parts()} parts: {lost[:3]}")
    return found + _unasked(ledger, stored)


def _lost(write: Write, index: dict) -> list:
    """The parts of a write that are not stored."""
    points, params, tags = index.get(write.run, ((), (), ()))
    pairs = [("param", pair) for pair in write.params if pair not in params] + [("tag", pair) for pair in write.tags if pair not in tags]
    return [("point", point) for point in write.points if point not in points] + pairs


def _unasked(ledger: Ledger, stored: dict) -> list:
    """What is there twice, or though nobody sent it; and latest values that the points contradict."""
    found, sent = [], {}
    for write in (*ledger.acked, *ledger.unknown):
        sent.setdefault(write.run, set()).update(write.points)
    for run, state in stored.items():
        for point, times in Counter(state.points).items():
            if times > 1:
                found.append(f"run {run} has the point {point} {times} times")
        for point in set(state.points) - sent.get(run, set()):
            found.append(f"run {run} has the point {point}, which nobody sent")
        newest = {}
        for key, *point in sorted(state.points):
            newest[key] = tuple(point)
        if newest != state.latest:
            found.append(f"the latest values of run {run} are {state.latest}, its points say {newest}")
    return found
