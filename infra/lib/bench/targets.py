"""The servers under load: Assay and MLflow, each with a database of its own on the same Postgres."""
from __future__ import annotations

import contextlib
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

import stack
from bench.machine import memory, tree
from packages import venv
from paths import LOCAL
from processes import Processes, free_port
from run import Failure
from services import Services

WORK = LOCAL / "bench"
REQUIREMENTS = Path(__file__).parent / "requirements.txt"
WORKERS = 4  # MLflow's default
PATIENCE = 180


class Target:
    """A server that speaks MLflow's protocol at `url`."""

    name = slug = database = ""
    token = None
    tables = ""  # SQL: the tables (as regclass) that hold metric points
    parts: tuple = ()  # its background processes

    def __init__(self, services: Services, processes: Processes) -> None:
        self.services = services
        self.processes = processes
        self.url = ""

    def groups(self) -> dict:
        """The pids whose trees do the work, by name."""
        found = {name: self.processes.facts(name) for name in self.parts}
        found.update({name: self.services.processes.facts(name) for name in ("postgres", "redis")})
        return {name: [facts["pid"]] for name, facts in found.items() if facts}

    def memory(self) -> int:
        """Bytes of all its processes; Postgres and Redis are not counted."""
        groups = self.groups()
        return sum(memory(pid) for name in self.parts for root in groups.get(name, ()) for pid in tree(root))

    def processes_count(self) -> int:
        groups = self.groups()
        return sum(len(tree(root)) for name in self.parts for root in groups.get(name, ()))

    def query(self, sql: str) -> str:
        return self.services.query(self.database, sql)

    def metric_bytes(self) -> int:
        """Bytes on disk of the tables that hold metric points, their indexes and their overflow, after a vacuum."""
        names = self.query(f"select string_agg(t::text, ', ') from ({self.tables}) as _(t)")
        self.query(f"vacuum {names}")
        return int(self.query(f"select sum(pg_total_relation_size(t)) from ({self.tables}) as _(t)"))

    def settle(self, patience: float) -> str:
        """Waits until work in the background is done; says so if it is not."""
        return ""

    def left(self) -> str:
        """What the background left as it was logged, for the notes."""
        return ""

    def page(self, experiment: str) -> dict:
        """How a browser reaches the run table of an experiment: `path`, and `signIn` with the form's fields if it must."""
        raise NotImplementedError

    def stop(self) -> None:
        for name in reversed(self.parts):
            self.processes.stop(name, patience=60)


class Assay(Target):
    name, slug, database = "Assay", "assay", "assay"
    parts = ("server", "worker")
    tables = "select c.oid::regclass from pg_class c where c.relkind = 'r' and c.relname in ('metric_batches', 'metric_chunks', 'latest_metrics')"

    def start(self, binary: Path) -> None:
        for folder in ("blobs", "mail"):
            shutil.rmtree(WORK / folder, ignore_errors=True)
            (WORK / folder).mkdir(parents=True)
        self.stack = stack.Stack(binary, self.processes, free_port(), {
            "DATABASE_URL": self.services.postgres(self.database)[0],
            "REDIS_URL": self.services.redis()[0],
            "ASSAY_BLOBS": str(WORK / "blobs"),
            "ASSAY_MAIL": f"file:{WORK / 'mail'}",
            "ASSAY_OUTBOUND_ALLOW": "127.0.0.0/8",
        })
        self.stack.migrate()
        self.stack.start()
        seeded = self.stack.first_sign_in(self.stack.seed())
        self.url, self.token, self.login = f"http://127.0.0.1:{self.stack.port}", seeded["token"], {name: seeded[name] for name in ("email", "password")}

    def start_again(self, **settings: str) -> None:
        """Starts the server anew with other settings."""
        self.stack.env.update(settings)
        self.processes.stop("server", patience=60)
        self.stack.start_one("server")
        self.processes.wait("server", self.stack.ready, PATIENCE)

    @contextlib.contextmanager
    def replicas(self, count: int):
        """The addresses of this server and of so many others on the same database, Redis and folder."""
        others = {f"replica-{number + 1}": free_port() for number in range(count)}
        try:
            for name, port in others.items():
                self.processes.start(name, [self.stack.binary, "serve"], env={**self.stack.env, "ASSAY_LISTEN": f"127.0.0.1:{port}"})
                self.processes.wait(name, lambda: stack.answers(port, "/readyz"), PATIENCE)
            yield [self.url, *(f"http://127.0.0.1:{port}" for port in others.values())]
        finally:
            for name in others:
                self.processes.stop(name, patience=60)

    @contextlib.contextmanager
    def without_redis(self):
        """Redis is stopped meanwhile."""
        before = self.processes.facts("redis")
        self.processes.stop("redis")
        try:
            yield
        finally:
            self.services.redis(before=before)

    def backends(self) -> list:
        """Bytes of each backend that the server's connections have in Postgres, pages that it shares with others divided among them."""
        pids = self.query("select pid from pg_stat_activity where application_name = 'assay' and backend_type = 'client backend'").split()
        return [memory(int(pid)) for pid in pids]

    def settle(self, patience: float) -> str:
        deadline = time.monotonic() + patience
        while True:
            left = int(self.query("select count(*) from jobs where state in ('queued', 'leased')"))
            if left == 0:
                break
            if time.monotonic() > deadline:
                return f"{left} jobs were not done after {patience:.0f} s"
            time.sleep(0.5)
        troubled = int(self.query("select count(*) from jobs where state in ('failed', 'quarantined')"))
        return f"{troubled} jobs failed" if troubled else ""

    def left(self) -> str:
        table = self.query(self.tables.replace("in ('metric_batches', 'metric_chunks', 'latest_metrics')", "= 'metric_batches'"))
        batches, points = self.query(f"select count(*), coalesce(sum(points), 0) from {table}").split("|")
        return f"{batches} batches with {points} points are not in chunks"

    def page(self, experiment: str) -> dict:
        return {"path": f"/experiments/{experiment}", "signIn": self.login}


class Mlflow(Target):
    name, slug, database = "MLflow", "mlflow", "mlflow"
    parts = ("mlflow",)
    tables = "values ('metrics'::regclass), ('latest_metrics'::regclass)"

    def start(self, python: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        folder = WORK / "mlflow"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        store = self.services.postgres(self.database)[0].replace("postgres://", "postgresql+psycopg2://")
        # Through the environment, because arguments can be read by every user of the machine. No word to anyone outside.
        env = {"MLFLOW_BACKEND_STORE_URI": store, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PATH": f"{python.parent}:/usr/bin:/bin"}
        command = [python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", port, "--workers", WORKERS, "--artifacts-destination", folder / "artifacts"]
        self.processes.start("mlflow", command, env=env, cwd=folder)
        self.processes.wait("mlflow", self.ready, PATIENCE)

    def ready(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.url}/health", timeout=5).status == 200
        except (urllib.error.URLError, OSError):
            return False

    def page(self, experiment: str) -> dict:
        return {"path": f"/#/experiments/{experiment}/runs"}


def peer_python() -> Path:
    """The Python that has MLflow."""
    try:
        return venv(REQUIREMENTS)
    except Failure as failure:
        raise Failure(f"the peer cannot be installed here (leave it out with --no-peer): {failure}") from None
