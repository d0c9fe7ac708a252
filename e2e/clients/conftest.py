"""What the client tests stand on: the running Assay, its owner's token, an experiment of the test's own; MLflow's own server, to compare with."""
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

# Set before mlflow is imported: a refused request is told at once instead of after four minutes of retries.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow  # noqa: E402
import pytest  # noqa: E402
import requests  # noqa: E402


@pytest.fixture(scope="session")
def connection():
    return json.loads(Path(os.environ["ASSAY_TEST_CONNECTION"]).read_text())


@pytest.fixture
def tracking(connection, monkeypatch):
    """The unmodified client, pointed at Assay; an experiment that nobody else uses is active."""
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", connection["token"])
    mlflow.set_tracking_uri(os.environ["ASSAY_TEST_URL"])
    name = f"experiment {uuid.uuid4().hex}"
    experiment = mlflow.set_experiment(name)
    yield experiment
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture
def graphql(connection):
    """Asks GraphQL as a BI tool does."""

    def ask(query, **variables):
        answer = requests.post(
            f"{os.environ['ASSAY_TEST_URL']}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {connection['token']}"},
            timeout=30,
        )
        body = answer.json()
        assert "errors" not in body, body
        return body["data"]

    return ask


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory):
    """The address of MLflow's own server."""
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
               "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "artifacts")]
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(240):
            try:
                if requests.get(f"http://127.0.0.1:{port}/health", timeout=1).text == "OK":
                    break
            except requests.RequestException:
                time.sleep(0.5)
        else:
            raise AssertionError((folder / "log").read_text()[-2000:])
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)
