"""An import of very many runs from another tracking server. The source is another organization of the same server, spoken to as any tracking server is: MLflow's
own would take most of the time to write its answers, on the same cores."""
from __future__ import annotations

import threading
import time

from bench.client import Client, milliseconds
from bench.isolation import Session
from run import Failure

POINTS = 1_000
WRITERS = 4
PATIENCE = 1800
START = "mutation($input: StartImportInput!) { startImport(input: $input) { id } }"
LOOK = "query($id: ID!) { import(id: $id) { state reason counts { kind found taken failed } } }"


def fill(url: str, token: str, experiment: str, runs: int) -> None:
    """Runs with a curve of 1,000 points each, and two params."""
    start = milliseconds() - POINTS * 1000
    problems = []

    def write(first: int) -> None:
        client = Client(url, token)
        try:
            for number in range(first, runs, WRITERS):
                run = client.run(experiment, f"run {number}")
                metrics = [{"key": "loss", "value": (number + step * 0.618) % 1, "timestamp": start + step * 1000, "step": step} for step in range(POINTS)]
                client.post("runs/log-batch", run_id=run, metrics=metrics)
                client.post("runs/log-batch", run_id=run, params=[{"key": "rate", "value": str(number)}, {"key": "seed", "value": "1"}])
                client.finish(run)
        except Exception as problem:
            problems.append(problem)

    writers = [threading.Thread(target=write, args=(first,)) for first in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    if problems:
        raise problems[0]


def take_over(session: Session, url: str, token: str, experiment: str) -> tuple:
    """Imports an experiment into the organization that the session is in; the seconds until it was done, and how many runs were taken."""
    began = time.monotonic()
    wanted = {"address": url, "token": token, "experiments": [experiment]}
    running = session.graphql(START, input=wanted)["startImport"]["id"]
    while True:
        found = session.graphql(LOOK, id=running)["import"]
        if found["state"] != "RUNNING":
            break
        if time.monotonic() - began > PATIENCE:
            raise Failure(f"the import was not done after {PATIENCE} s: {found}")
        time.sleep(0.5)
    seconds = time.monotonic() - began
    if found["state"] != "DONE" or any(count["failed"] for count in found["counts"]):
        raise Failure(f"the import ended as {found}")
    return seconds, next(count["taken"] for count in found["counts"] if count["kind"] == "RUN")
