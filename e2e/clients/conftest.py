"""What the client tests stand on: the running Assay, its owner's token, an experiment of the test's own; MLflow's own server, to compare with."""
import json
import os
import uuid
from pathlib import Path

# Set before mlflow is imported: a refused request is told at once instead of after four minutes of retries.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow  # noqa: E402
import pytest  # noqa: E402
import requests  # noqa: E402

from mlflow_peer import mlflow_server_in  # noqa: E402


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


@pytest.fixture
def owner(connection):
    """The owner's browser: tokens are made by who has signed in."""
    browser = requests.Session()
    browser.headers["Sec-Fetch-Site"] = "same-origin"
    url = os.environ["ASSAY_TEST_URL"]
    form = {"email": connection["email"], "password": connection["password"]}
    assert browser.post(f"{url}/sign-in", data=form, allow_redirects=False, timeout=30).status_code == 303

    def ask(query, **variables):
        body = browser.post(f"{url}/graphql", json={"query": query, "variables": variables}, timeout=30).json()
        assert "errors" not in body, body
        return body["data"]

    return ask


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory):
    """The address of MLflow's own server."""
    with mlflow_server_in(tmp_path_factory.mktemp("mlflow"), workers=1) as url:
        yield url
