"""The measures. Each loads a target, checks that nothing acknowledged was lost, and returns figures by name."""
from __future__ import annotations

import contextlib
import json
import statistics
import time
from dataclasses import dataclass

import web
from bench import imports
from bench.browser import visits
from bench.client import Client, milliseconds
from bench.isolation import CONNECTIONS_TO_POSTGRES, Later, Session, after_a_revoke, organizations
from bench.load import CONNECTIONS, Load, load
from bench.million import FILTERS, Reader, fill
from bench.targets import WORK
from paths import ROOT

POINTS_OF_HISTORY = 10_000
POINTS_OF_CHART = 100_000
# What a chart of the page asks for.
SERIES = ROOT / "app" / "src" / "runs" / "series.graphql"
KEYS_OF_POINTS, STEPS_OF_POINTS, FIRST_OF_POINTS = 5, 20, 1_000_000  # as in points.lua


@dataclass
class Size:
    """How long and how much is measured."""

    runs: int
    seconds: float
    reads: int
    visits: int
    settle: float
    many: int
    tenants: int
    crossings: int
    revoked: int
    imported: int


FULL = Size(runs=2000, seconds=15, reads=20, visits=5, settle=180, many=1_000_000, tenants=1_000, crossings=1_000_000, revoked=30_000, imported=10_000)
QUICK = Size(runs=200, seconds=4, reads=8, visits=2, settle=40, many=50_000, tenants=20, crossings=10_000, revoked=900, imported=200)


class Lost(Exception):
    """What was acknowledged is not there."""


class Bench:
    """One target on its way through the measures. `notes` are said below the table, `loads` hold the details."""

    def __init__(self, target, size: Size) -> None:
        self.target = target
        self.size = size
        self.client = Client(target.url, target.token)
        self.notes: list = []
        self.loads: dict = {}
        self.filled = None  # the experiment that the first filling made

    def warm(self) -> None:
        """Every process, connection and code path has been used once before anything is timed."""
        experiment = self.client.experiment("warm-up")
        load(self.target, "fill", 20, EXPERIMENT=experiment, RUNS=5)
        load(self.target, "points", 1, **self._runs(experiment))
        load(self.target, "calls", 1, **self._runs(experiment))

    def points(self) -> dict:
        """Metric points by log-batch of 100; then what they need on disk once the background has done its work."""
        self.target.settle(self.size.settle)
        empty = self.target.metric_bytes()
        runs = self._runs(self.client.experiment("points"))
        done = self._load("points", self.size.seconds, **runs)
        for run in runs.values():
            self.client.finish(run)
        self._settle("points")
        size = (self.target.metric_bytes() - empty) / done.units
        expected, found = done.units // KEYS_OF_POINTS, 0
        for run in runs.values():
            counts = {key: self._steps(run, key, FIRST_OF_POINTS) for key in ("loss", "accuracy", "validation/loss", "validation/accuracy", "learning-rate")}
            if len(set(counts.values())) != 1:
                raise Lost(f"run {run} has curves of different lengths: {counts}")
            found += counts["loss"]
        self._equal("points", expected * KEYS_OF_POINTS, found * KEYS_OF_POINTS, done)
        return {"points": done.rate, "bytes": size}

    def fill(self) -> dict:
        """Whole runs. A fast target fills several experiments, for a figure that a second more or less does not move."""
        self.target.settle(self.size.settle)
        empty = self.target.metric_bytes()
        rates, spent, runs = [], 0.0, 0
        while len(rates) < 5 and spent < self.size.seconds:
            experiment = self.client.experiment(f"fill {len(rates) + 1}")
            done = self._load("fill", 600, EXPERIMENT=experiment, RUNS=self.size.runs // CONNECTIONS)
            self.filled = self.filled or experiment
            rates.append(done.rate)
            spent, runs = spent + done.seconds, runs + done.units
            self._whole(experiment, done)
        self._settle("fill")
        return {"fill": statistics.median(rates), "bytes-single": (self.target.metric_bytes() - empty) / (runs * 10)}

    def calls(self) -> dict:
        runs = self._runs(self.client.experiment("calls"))
        done = self._load("calls", self.size.seconds, **runs)
        self._equal("log-metric calls", done.units, sum(self._steps(run, "loss") for run in runs.values()), done)
        for run in runs.values():
            self.client.finish(run)
        return {"calls": done.rate}

    def history(self) -> dict:
        """The slower of two: straight after the points were logged, and after the background has done its work."""
        run = self.client.run(self.client.experiment("history"), "long")
        start = milliseconds() - POINTS_OF_HISTORY * 1000
        for first in range(0, POINTS_OF_HISTORY, 1000):
            steps = range(first, first + 1000)
            self.client.post("runs/log-batch", run_id=run, metrics=[
                {"key": "loss", "value": 0.25 + (step * 0.6180339887498949) % 0.5, "timestamp": start + step * 1000 + step * 7 % 90, "step": step} for step in steps
            ])
        fresh = self._read(run)
        self.client.finish(run)
        self._settle("history")
        settled = self._read(run)
        if abs(settled - fresh) > 0.1 * fresh:
            self.notes.append(f"history: {fresh * 1000:.1f} ms straight after logging, {settled * 1000:.1f} ms once the background work was done")
        if self._steps(run, "loss") != POINTS_OF_HISTORY:
            raise Lost(f"the curve of {POINTS_OF_HISTORY} points has {self._steps(run, 'loss')}")
        return {"history": max(fresh, settled)}

    def memory(self) -> dict:
        self.notes.append(f"memory: {self.target.processes_count()} processes")
        return {"memory": self.target.memory()}

    def search(self) -> dict:
        """Filtered and ordered pages of the first filling."""
        return {"search": self._load("search", self.size.seconds, EXPERIMENT=self._filled()).rate}

    def chart(self) -> dict:
        """A curve of 100,000 points, as a chart of the page asks for it."""
        if self.target.slug == "mlflow":
            return {}
        run = self.client.run(self.client.experiment("chart"), "very long")
        start = milliseconds() - POINTS_OF_CHART * 1000
        for first in range(0, POINTS_OF_CHART, 1000):
            self.client.post("runs/log-batch", run_id=run, metrics=[
                {"key": "loss", "value": 0.25 + (step * 0.6180339887498949) % 0.5, "timestamp": start + step * 1000, "step": step} for step in range(first, first + 1000)
            ])
        fresh = self._chart(run)
        self.client.finish(run)
        self._settle("chart")
        return {"chart": max(fresh, self._chart(run))}

    def million(self) -> dict:
        """The table of an experiment with very many runs: its first page, the slowest of some filters, and an order by a metric."""
        if self.target.slug == "mlflow":
            return {}
        experiment = self.client.experiment("million")
        fill(self.target, self.size.many, experiment)
        reader, found = Reader(self.client, f"exp_{experiment}", max(3, self.size.reads // 4)), {}
        found[""] = reader.page()
        for text in FILTERS:
            filtered = text.format(middle=self.size.many // 2)
            found[filtered] = reader.page(filter=filtered)
        order = reader.page(orderBy=["metrics.auc DESC"])
        self.notes.append("million: " + ", ".join(f"{text or 'all'} {waited * 1000:.0f} ms" for text, waited in found.items()))
        return {"million": found.pop(""), "million-filter": max(found.values()), "million-order": order}

    def tenants(self) -> dict:
        """Readers of many organizations through a server with few connections to Postgres; nobody is ever shown what is another's."""
        if self.target.slug == "mlflow":
            return {}
        self.target.start_again(ASSAY_CONNECTIONS=str(CONNECTIONS_TO_POSTGRES))
        session, forget = Session(self.target.url, self.target.login), lambda: self.target.services.tell_redis("FLUSHALL")
        listed = organizations(session, self.target.url, self.size.tenants, WORK / "organizations", forget)
        done = self._load("tenants", 3600, ORGANIZATIONS=listed, REQUESTS=self.size.crossings // CONNECTIONS)
        if done.refused:
            raise Lost(f"of {done.calls + done.refused:,} interleaved requests {done.refused} were answered wrongly: {done.refusal}")
        backends = self.target.backends()
        self.notes.append(f"tenants: {done.calls:,} interleaved requests of {self.size.tenants:,} organizations, {done.calls / done.seconds:,.0f} a second, no foreign canary; {len(backends)} backends")
        return {"tenants": done.within(0.99), "backend": max(backends)}

    def revoked(self) -> dict:
        """Requests with a token that were sent after its revocation had returned, to three servers, whatever becomes of Redis. None may pass."""
        if self.target.slug == "mlflow":
            return {}
        session, passed = Session(self.target.url, self.target.login), 0
        share = self.size.revoked // 3
        with self.target.replicas(2) as urls:
            for state in ("alive", "flushed", "stopped"):
                later, rounds = Later(), 10
                with self.target.without_redis() if state == "stopped" else contextlib.nullcontext():
                    for _ in range(rounds):
                        flush = (lambda: self.target.services.tell_redis("FLUSHALL")) if state == "flushed" else None
                        later += after_a_revoke(session, urls, share // rounds, flush)
                self.notes.append(f"revoked: Redis {state}: {later.sent:,} requests after a revocation, {later.passed} passed")
                passed += later.passed
        if passed:
            raise Lost(f"{passed} requests passed after the revocation of their token")
        return {"revoked": passed}

    def imports(self) -> dict:
        """Runs with 1,000 points each, taken over from another tracking server."""
        if self.target.slug == "mlflow":
            return {}
        experiment = "to be imported"
        imports.fill(self.target.url, self.target.token, self.client.experiment(experiment), self.size.imported)
        session = Session(self.target.url, self.target.login)
        session.found("Importer")
        seconds, taken = imports.take_over(session, self.target.url, self.target.token, experiment)
        if taken != self.size.imported:
            raise Lost(f"{taken} of {self.size.imported} runs were imported")
        self.notes.append(f"imports: {taken:,} runs of {imports.POINTS:,} points in {seconds:.0f} s, from another organization of the same server")
        return {"imports": seconds}

    def page(self) -> dict:
        """A cold visit to the run table of the first filling."""
        found = visits(self.target, self._filled(), self.size.visits)
        self.notes.append(f"page: {found[0]['requests']} requests, first paint {statistics.median(one['paint'] for one in found):.0f} ms, rows {statistics.median(one['rows'] for one in found):.0f} ms")
        figures = {"page": statistics.median(one["readable"] for one in found) / 1000, "transfer": statistics.median(one["bytes"] for one in found)}
        if self.target.slug == "assay":
            # Of the files as they are built: what a visit transfers has headers, fonts and the document in it.
            code = web.code()
            figures["code"] = code["experiments"]
            self.notes.append("page: wasm + js + css of a page of each part, kB: " + ", ".join(f"{part} {size / 1000:.0f}" for part, size in code.items()))
        return figures

    def _filled(self) -> str:
        """The first filling's experiment, which is made where no filling was measured."""
        if self.filled is None:
            self.filled = self.client.experiment("fill")
            self._load("fill", 600, EXPERIMENT=self.filled, RUNS=self.size.runs // CONNECTIONS)
        return self.filled

    def _chart(self, run: str) -> float:
        body = json.dumps({"query": SERIES.read_text(), "variables": {"id": f"run_{run}", "keys": ["loss"], "points": 1000, "smoothing": 0.6}})
        times = []
        for _ in range(self.size.reads):
            start = time.perf_counter()
            told = json.loads(self.client.send("POST", "/graphql", body))
            times.append(time.perf_counter() - start)
        if told["data"]["run"]["series"][0]["total"] != POINTS_OF_CHART:
            raise Lost(f"the curve of {POINTS_OF_CHART} points has {told['data']['run']['series'][0]['total']}")
        return statistics.median(times)

    def _runs(self, experiment: str) -> dict:
        """One run for each connection, as settings of a load."""
        return {f"RUN_{number}": self.client.run(experiment, f"connection {number}") for number in range(1, CONNECTIONS + 1)}

    def _load(self, name: str, seconds: float, **settings) -> Load:
        self.client.close()  # the load's connections are all that there are
        done = load(self.target, name, seconds, **settings)
        self.loads.setdefault(name, done)
        if done.refused or done.broken:
            self.notes.append(f"{name}: {done.refused} calls refused, {done.broken} connections broken {done.refusal}".rstrip())
        if done.units == 0:
            raise Lost(f"the load `{name}` had no success: {done.refusal}")
        return done

    def _settle(self, name: str) -> None:
        start = time.monotonic()
        problem = self.target.settle(self.size.settle)
        waited = time.monotonic() - start
        if problem or waited > 1:
            self.notes.append(f"{name}: {problem or f'background work was done {waited:.0f} s after the load'}")
        if self.target.left():
            self.notes.append(f"{name}: {self.target.left()}")

    def _read(self, run: str) -> float:
        times = []
        for _ in range(self.size.reads):
            start = time.perf_counter()
            self.client.get_bytes("metrics/get-history", run_id=run, run_uuid=run, metric_key="loss", max_results=25000)
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    def _steps(self, run: str, key: str, first: int = 0) -> int:
        """How many points a curve has; its steps must be `first` and the next ones without a gap."""
        steps = sorted(int(point.get("step", 0)) for point in self.client.history(run, key))
        if steps != list(range(first, first + len(steps))):
            raise Lost(f"run {run} has gaps or duplicates in {key}")
        return len(steps)

    def _whole(self, experiment: str, done: Load) -> None:
        """Every run that was acknowledged is there, finished, with all its params and metrics."""
        found = 0
        for run in self.client.runs(experiment):
            data = run["data"]
            whole = run["info"]["status"] == "FINISHED" and len(data.get("params", [])) == 10 and len(data.get("metrics", [])) == 10
            found += whole or not done.refused  # after a refusal a half-made run is no loss
            if not whole and not done.refused:
                raise Lost(f"run {run['info']['run_id']} is not whole")
        self._equal("runs", done.units, found, done)

    def _equal(self, what: str, acknowledged: int, found: int, done: Load) -> None:
        """After refused calls or broken connections more may be there than was acknowledged, never less."""
        if found < acknowledged or (found > acknowledged and not done.refused and not done.broken):
            raise Lost(f"{acknowledged} {what} were acknowledged, {found} are there")
        self.notes.append(f"{what}: {acknowledged} acknowledged, {found} read back")

