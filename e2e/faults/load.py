"""Training scripts that log at the same time over the MLflow protocol, and a person who invites members."""
from __future__ import annotations

import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import requests

from ledger import Ledger, Stored, Write

RETRIED = (408, 429, 500, 502, 503, 504)  # the statuses after which MLflow's client tries again
PATIENCE = 60  # seconds that a client tries; MLflow's tries for four minutes
STEPS = 30  # batches of a run
KEYS = ("loss", "accuracy", "rate")
POINTS = 4  # of each key in a batch


class Refused(Exception):
    """The client gives up: the answer is final, or none came while it was patient."""


class Client:
    """One connection to the server, which notes in the ledger how each attempt went."""

    def __init__(self, url: str, token: str, ledger: Ledger) -> None:
        self.url = url
        self.ledger = ledger
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = f"Bearer {token}"

    def once(self, path: str, body: dict) -> dict | None:
        """The answer, or None when there was none that counts: the write may be stored or not."""
        try:
            answer = self.http.post(f"{self.url}{path}", json=body, timeout=30)
        except requests.RequestException as error:
            self.ledger.count(self.ledger.unanswered, type(error).__name__)
            return None
        if answer.status_code in RETRIED:
            self.ledger.count(self.ledger.unanswered, answer.status_code)
            return None
        if answer.status_code != 200:
            self._final(f"{path} answered {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def post(self, path: str, body: dict, sends=lambda: None) -> dict:
        """Tries until it is answered, as MLflow's client does, only with shorter pauses. `sends` is told of each attempt."""
        deadline, pause = time.monotonic() + PATIENCE, 0.05
        while time.monotonic() < deadline:
            sends()
            answer = self.once(path, body)
            if answer is not None:
                return answer
            time.sleep(pause)
            pause = min(pause * 2, 0.5)
        self._final(f"{path} was not answered in {PATIENCE} s")

    def invite(self, address: str) -> None:
        """Until GraphQL says that it was done."""
        query = "mutation ($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = self.once("/graphql", {"query": query, "variables": {"email": address}}) or {}
            if answer.get("data"):
                self.ledger.invited.add(address)
                return
            if answer and answer["errors"][0].get("extensions", {}).get("code") != "UNAVAILABLE":
                self._final(f"inviteMember answered {answer}")
            if answer:
                self.ledger.count(self.ledger.unanswered, "UNAVAILABLE")
            time.sleep(0.2)
        self._final(f"inviteMember was not answered in {PATIENCE} s")

    def _final(self, what: str) -> None:
        self.ledger.final.append(what)
        raise Refused(what)


class Load:
    """Runs between `with` and its end, which waits until every client has finished what it is at."""

    def __init__(self, url: str, token: str, name: str, threads: int = 6, pause: float = 0.0) -> None:
        """`pause` between two requests of a client keeps a long load small."""
        self.ledger = Ledger()
        self.name = name
        self.pause = pause
        self._client = lambda: Client(url, token, self.ledger)
        self._stop = threading.Event()
        jobs = [lambda number=number: self._train(number) for number in range(threads)] + [self._invite]
        self._threads = [threading.Thread(target=self._guarded, args=(job,), daemon=True) for job in jobs]

    def __enter__(self) -> Load:
        client = self._client()
        self.experiment = client.post("/api/2.0/mlflow/experiments/create", {"name": f"{self.name} {uuid.uuid4().hex}"})["experiment_id"]
        # All of them log to it, beside their own runs: their requests meet in one transaction, and it is compacted while they go on.
        self.shared = self._create(client)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE + 60)
        if any(thread.is_alive() for thread in self._threads):
            self.ledger.final.append("a client hangs")

    def done(self) -> int:
        """Acknowledged writes by now."""
        return len(self.ledger.acked)

    def _guarded(self, job) -> None:
        try:
            job()
        except Refused:
            pass  # is in the ledger
        except Exception as error:  # noqa: BLE001 (a client that ends unseen would leave a test without its load)
            self.ledger.final.append(repr(error))

    def _invite(self) -> None:
        client, number = self._client(), 0
        while not self._stop.wait(0.1):
            client.invite(f"{self.name}-{number}@example.com")
            number += 1

    def _train(self, number: int) -> None:
        client = self._client()
        while not self._stop.is_set():
            run = self._create(client)
            for step in range(STEPS):
                self._log(client, _batch(run, step), "log-batch", retries=step % 2 == 0)
                self._log(client, _point(run, "time", step), "log-metric")
                self._log(client, _point(self.shared, f"of {run}", step), "log-metric", retries=step % 4 != 1)
                if self._stop.is_set():
                    break
            self._end(client, run)

    def _create(self, client: Client) -> str:
        """Not idempotent in the protocol: a creation that was sent twice may have made two runs."""
        token = uuid.uuid4().hex
        body = {"experiment_id": self.experiment, "start_time": _now(), "tags": [{"key": "token", "value": token}]}
        answer = client.post("/api/2.0/mlflow/runs/create", body, lambda: self.ledger.count(self.ledger.tokens, token))
        run = answer["run"]["info"]["run_id"]
        self.ledger.runs[run] = token
        return run

    def _log(self, client: Client, write: Write, kind: str, retries: bool = True) -> None:
        """Without `retries` as a script that ends when it gets no answer: its write stays unknown."""
        if self.pause:
            self._stop.wait(self.pause)
        metrics = [{"key": key, "step": step, "timestamp": timestamp, "value": value} for key, step, timestamp, value in write.points]
        if kind == "log-metric":
            body = {"run_id": write.run, **metrics[0]}
        else:
            params, tags = ([{"key": key, "value": value} for key, value in pairs] for pairs in (write.params, write.tags))
            body = {"run_id": write.run, "metrics": metrics, "params": params, "tags": tags}
        path = f"/api/2.0/mlflow/runs/{kind}"
        try:
            answer = client.post(path, body) if retries else client.once(path, body)
        except Refused:
            self.ledger.unknown.append(write)
            raise
        (self.ledger.unknown if answer is None else self.ledger.acked).append(write)

    def _end(self, client: Client, run: str) -> None:
        end_time = _now()
        client.post("/api/2.0/mlflow/runs/update", {"run_id": run, "status": "FINISHED", "end_time": end_time})
        self.ledger.ends[run] = end_time


def _now() -> int:
    return time.time_ns() // 1_000_000


def _batch(run: str, number: int) -> Write:
    points = tuple((key, number * POINTS + place, _now() + place, random.random()) for key in KEYS for place in range(POINTS))
    return Write(run, points, ((f"param {number}", uuid.uuid4().hex),), ((f"tag {number}", uuid.uuid4().hex),))


def _point(run: str, key: str, step: int) -> Write:
    return Write(run, ((key, step, _now(), random.random()),))


def read(url: str, token: str, experiment: str) -> dict:
    """Every run of an experiment with all it holds, as the protocol shows it: run id -> Stored."""
    local = threading.local()

    def get(path: str, **query) -> dict:
        if not hasattr(local, "http"):
            local.http = requests.Session()
            local.http.trust_env = False
        answer = local.http.get(f"{url}/api/2.0/mlflow/{path}", params=query, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def whole(run: dict) -> tuple:
        data, info = run["data"], run["info"]
        latest = {metric["key"]: (metric["step"], metric["timestamp"], metric["value"]) for metric in data.get("metrics", [])}
        points = []
        for key in latest:
            history = get("metrics/get-history", run_id=info["run_id"], metric_key=key)
            points += [(key, metric["step"], metric["timestamp"], metric["value"]) for metric in history["metrics"]]
        pairs = ({pair["key"]: pair["value"] for pair in data.get(kind, [])} for kind in ("params", "tags"))
        return info["run_id"], Stored(info["status"], info.get("end_time"), *pairs, latest, points)

    body = {"experiment_ids": [experiment], "max_results": 50_000}
    found = requests.post(f"{url}/api/2.0/mlflow/runs/search", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60).json()
    assert "next_page_token" not in found
    with ThreadPoolExecutor(4) as pool:
        return dict(pool.map(whole, found.get("runs", [])))
