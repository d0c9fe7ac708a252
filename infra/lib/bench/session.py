"""One run of infra/bench: prepares, measures the peer and then Assay, one at a time, and prints."""
from __future__ import annotations

import fcntl
import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path

import local
import web
from bench import browser
from bench.load import CONNECTIONS
from bench.measures import QUICK, Bench, Lost, Size
from bench.table import MEASURES, missed, processor, table
from bench.targets import WORK, Assay, Mlflow, peer_python
from packages import apt, chromium
from processes import Processes
from run import Failure, answer
from services import Services
from steps import say, step
from toolchain import toolchain


CEILING = Path(__file__).parent / "ceiling.sql"


class Session:
    """Services of its own, on an empty cluster that is as durable as it comes (fsync)."""

    def __init__(self, measures: tuple, size: Size, peer: bool, assay: bool) -> None:
        self.measures = [name for name in MEASURES if name in measures]
        self.size = size
        self.peer, self.assay = peer, assay
        self.lost = self.failed = False
        self.ceiling: float | None = None
        self.benches: dict = {}
        self.figures: dict = {}

    def __enter__(self) -> Session:
        WORK.mkdir(parents=True, exist_ok=True)
        self._lock = open(WORK / "lock", "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure("infra/bench already runs in this checkout") from None
        self.processes = Processes(WORK / "run", "bench-")
        self.services = Services(WORK, "bench-")
        self._clean()
        return self

    def __exit__(self, *_) -> None:
        self._clean()
        self._lock.close()

    def _clean(self) -> None:
        for name in ("mlflow", "worker", "server"):
            self.processes.stop(name)
        self.services.remove()

    def run(self) -> None:
        binary, python = self._prepare()
        for kind, program in ((Mlflow, python), (Assay, binary)):
            if program:
                self._measure(kind(self.services, self.processes), program)

    def _prepare(self) -> tuple:
        """Everything that compiles or installs, before anything is timed."""
        with step("toolchain") as note:
            note(toolchain())
        with step("load generator") as note:
            if not shutil.which("wrk"):
                apt("wrk")
            note("wrk")
        python = None
        if self.peer:
            with step("MLflow") as note:
                python = peer_python()
                note(answer([python, "-m", "mlflow", "--version"]) or "")
        if "page" in self.measures:
            with step("browser") as note:
                browser.prepare()
                note(answer([chromium(), "--version"]) or "")
        if self.assay:
            with local.program(local.RELEASE) as finished:
                with step("web app") as note:
                    note(web.build())
                with step("server program") as note:
                    note(finished())
        with step("postgres") as note:
            note(self.services.postgres("assay")[1])
        with step("redis") as note:
            note(self.services.redis()[1])
        with step("ceiling") as note:
            self.ceiling = self._ceiling()
            note(f"{self.ceiling:,.0f} transactions/s" if self.ceiling else "pgbench is not installed")
        return local.binary(local.RELEASE) if self.assay else None, python

    def _ceiling(self) -> float | None:
        """What Postgres alone does here with 8 connections that each insert one row a transaction: no durable call a request can be faster."""
        self.services.postgres("ceiling")
        self.services.query("ceiling", "create schema ceiling; create table ceiling.points (id bigint generated always as identity primary key, run uuid, key text, value double precision)")
        return self.services.pgbench("ceiling", CEILING, CONNECTIONS, 3 if self.size is QUICK else 10)

    def _measure(self, target, program: Path) -> None:
        with step(f"{target.name} starts"):
            target.start(program)
        bench = self.benches[target.slug] = Bench(target, self.size)
        figures = self.figures[target.slug] = {}
        try:
            with step("  warm-up"):
                bench.warm()
            for name in self.measures:
                with step(f"  {name}") as note:
                    try:
                        found = getattr(bench, name)()
                    except (Lost, Failure) as problem:
                        self.failed, self.lost = True, self.lost or isinstance(problem, Lost)
                        bench.notes.append(f"{name}: {'LOST: ' if isinstance(problem, Lost) else ''}{problem}")
                        note(f"FAILED {str(problem).splitlines()[0]}")
                        continue
                    figures.update(found)
                    note(", ".join(f"{value:,.4g}" for value in found.values()))
        finally:
            target.stop()

    def tell(self) -> None:
        say()
        say(table(self.figures.get("assay", {}), self.figures.get("mlflow", {})))
        say(f"\n{os.cpu_count()} cores, {self._memory():.0f} GB, 8 connections, everything on this machine; load generator included in what the cores do")
        if self.ceiling:
            say(f"Postgres alone (pgbench, one row a transaction, the tenant's settings in it): {self.ceiling:,.0f} transactions/s")
        for slug, bench in self.benches.items():
            if bench.loads:
                say(processor(bench.target.name, bench.loads))
            for note in bench.notes:
                say(f"  {bench.target.name} {note}")
        say("what was acknowledged is there" if not self.lost else "SOMETHING ACKNOWLEDGED WAS LOST")

    def missed(self) -> list:
        """The demands that Assay missed; a quick look judges nothing."""
        return [] if self.size is QUICK else missed(self.figures.get("assay", {}), self.figures.get("mlflow", {}))

    def report(self) -> dict:
        return {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cores": os.cpu_count(), "ceiling": self.ceiling, "size": asdict(self.size), "figures": self.figures, "lost": self.lost,
            "notes": {slug: bench.notes for slug, bench in self.benches.items()},
            "loads": {slug: {name: asdict(load) for name, load in bench.loads.items()} for slug, bench in self.benches.items()},
        }

    @staticmethod
    def _memory() -> float:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
