"""The figures, what is demanded of them, and how they are printed."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`measure` is the method that yields it. `better` is 1 where more is better, -1 where less is.

    Demanded is a ratio to the peer (`times`) or a limit of its own (`limit`, in the figure's unit); or nothing, of what is shown to be known.
    """

    name: str
    measure: str
    title: str
    unit: str
    better: int
    times: float | None = None
    limit: float | None = None
    scale: float = 1

    def ratio(self, ours: float, peers: float) -> float:
        """How many times better ours is."""
        return (ours / peers if self.better > 0 else peers / ours) if ours and peers else 0.0


FIGURES = (
    Figure("fill", "fill", "runs filled (10 params + 10 metrics)", "runs/s", 1, times=30),
    Figure("points", "points", "points by log-batch of 100", "points/s", 1, times=50),
    Figure("calls", "calls", "log-metric", "calls/s", 1, times=20),
    Figure("history", "history", "history of 10,000 points", "ms", -1, times=30, scale=1e3),
    Figure("search", "search", "runs searched, 100 of 2,000", "searches/s", 1, times=40),
    Figure("bytes", "points", "on disk, long curves", "bytes/point", -1, times=20),
    Figure("bytes-single", "fill", "on disk, curves of one point", "bytes/point", -1),
    Figure("memory", "memory", "memory after the load", "MB", -1, limit=190, scale=1e-6),
    Figure("page", "page", "cold visit, readable after", "ms", -1, limit=500, scale=1e3),
    Figure("transfer", "page", "cold visit, transferred", "kB", -1, limit=700, scale=1e-3),
    Figure("code", "page", "cold visit, its wasm + js + css with brotli", "kB", -1, limit=600, scale=1e-3),
    Figure("chart", "chart", "chart of 100,000 points", "ms", -1, limit=50, scale=1e3),
    Figure("million", "million", "first page of 1,000,000 runs", "ms", -1, limit=100, scale=1e3),
    Figure("million-filter", "million", "the slowest of nine filters on them", "ms", -1, limit=300, scale=1e3),
    Figure("million-order", "million", "them by a metric", "ms", -1, scale=1e3),
    Figure("tenants", "tenants", "a read among 1,000 organizations, p99", "ms", -1, limit=25, scale=1e3),
    Figure("backend", "tenants", "the largest backend after that", "MB", -1, limit=220, scale=1e-6),
    Figure("revoked", "revoked", "let in after a revocation returned", "requests", -1, limit=1),
    Figure("imports", "imports", "10,000 runs of 1,000 points imported", "s", -1, limit=180),
)
# In this order: `points` finds empty tables, and memory is read when all the load of loggers is over.
MEASURES = ("points", "fill", "calls", "history", "search", "page", "memory", "chart", "million", "imports", "revoked", "tenants")
# Takes half an hour, so it is measured only when it is named.
LONG = ("tenants",)

# Cores that other work of the machine may take before it is told.
QUIET = 0.1


def table(ours: dict, peers: dict) -> str:
    rows = [("", "Assay", "MLflow", "ratio", "demanded", "")]
    for figure in FIGURES:
        mine, theirs = ours.get(figure.name), peers.get(figure.name)
        if mine is None and theirs is None:
            continue
        ratio = figure.ratio(mine or 0, theirs or 0)
        rows.append((f"{figure.title}, {figure.unit}", _number(mine, figure), _number(theirs, figure), f"{ratio:.1f}x" if ratio else "-", _demand(figure), _verdict(figure, mine, ratio)))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:5], widths[1:5])), row[5]]).rstrip() for row in rows)


def missed(ours: dict, peers: dict) -> list:
    """The names of the figures that are not what is demanded."""
    return [figure.name for figure in FIGURES if _verdict(figure, ours.get(figure.name), figure.ratio(ours.get(figure.name) or 0, peers.get(figure.name) or 0)) == "MISSED"]


def processor(name: str, loads: dict) -> str:
    """Where the processors' time went, in microseconds for each call."""
    rows = []
    for scenario, load in loads.items():
        parts = ", ".join(f"{group} {seconds / load.calls * 1e6:.0f}" for group, seconds in load.processor.items())
        busy, others = sum(load.processor.values()) / load.seconds, load.others / load.seconds
        waits = ", ".join(f"{what} {load.within(share) * 1000:.1f} ms" for what, share in (("p50", 0.5), ("p99", 0.99), ("longest", 1)))
        rows.append(f"  {name} {scenario}: {load.calls / load.seconds:,.0f} calls/s, {waits}; processor us/call: {parts}; {busy:.2f} cores busy" + (f", and {others:.2f} WITH OTHER WORK" if others > QUIET else ""))
    return "\n".join(rows)


def _number(value: float | None, figure: Figure) -> str:
    if value is None:
        return "-"
    shown = value * figure.scale
    return f"{shown:,.0f}" if shown >= 100 else f"{shown:.1f}"


def _demand(figure: Figure) -> str:
    if figure.times:
        return f"{figure.times:g}x"
    return f"< {figure.limit:g}" if figure.limit else ""


def _verdict(figure: Figure, mine: float | None, ratio: float) -> str:
    if mine is None:
        return ""
    if figure.limit:
        return "reached" if mine * figure.scale < figure.limit else "MISSED"
    if figure.times and ratio:
        return "reached" if ratio >= figure.times else "MISSED"
    return ""
