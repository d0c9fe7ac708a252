"""The benchmark's own HTTP client: one connection, as a training has, for what is not the load itself."""
from __future__ import annotations

import http.client
import json
import time
from urllib.parse import urlencode, urlsplit

from run import Failure

API = "/api/2.0/mlflow/"
PATIENCE = 120  # seconds for an answer, as the Python client has


class Client:
    """Speaks MLflow's protocol to `url`, with a token if there is one."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.address = urlsplit(url).netloc
        self.headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        self.connection = None

    def post(self, call: str, **fields) -> dict:
        return json.loads(self.send("POST", API + call, json.dumps(fields)) or b"{}")

    def get(self, call: str, **fields) -> dict:
        return json.loads(self.get_bytes(call, **fields) or b"{}")

    def get_bytes(self, call: str, **fields) -> bytes:
        return self.send("GET", f"{API}{call}?{urlencode(fields)}")

    def send(self, verb: str, path: str, body: str | None = None) -> bytes:
        for again in (True, False):
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
            try:
                self.connection.request(verb, path, body, self.headers)
                reply = self.connection.getresponse()
                data = reply.read()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                # A server may close a connection that was idle; only then nothing has been done.
                self.close()
                if not again:
                    raise
        if reply.status != 200:
            raise Failure(f"{verb} {path.partition('?')[0]} was answered with {reply.status}: {data[:300].decode(errors='replace')}")
        return data

    def close(self) -> None:
        if self.connection:
            self.connection.close()
            self.connection = None

    # What every measure needs.

    def experiment(self, name: str) -> str:
        return self.post("experiments/create", name=name)["experiment_id"]

    def run(self, experiment: str, name: str) -> str:
        return self.post("runs/create", experiment_id=experiment, run_name=name, user_id="bench", start_time=milliseconds())["run"]["info"]["run_id"]

    def finish(self, run: str) -> None:
        self.post("runs/update", run_id=run, status="FINISHED", end_time=milliseconds())

    def runs(self, experiment: str):
        """Every run of an experiment with its data, page by page."""
        token = ""
        while True:
            page = self.post("runs/search", experiment_ids=[experiment], max_results=1000, **({"page_token": token} if token else {}))
            yield from page.get("runs", [])
            token = page.get("next_page_token", "")
            if not token:
                return

    def history(self, run: str, key: str):
        """Every point of a curve, page by page, as the Python client reads it."""
        token = ""
        while True:
            page = self.get("metrics/get-history", run_id=run, run_uuid=run, metric_key=key, max_results=25000, **({"page_token": token} if token else {}))
            yield from page.get("metrics", [])
            token = page.get("next_page_token", "")
            if not token:
                return


def milliseconds() -> int:
    return int(time.time() * 1000)
