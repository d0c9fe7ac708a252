"""The unmodified client with a token for one run: a job is given three variables, goes on with the run, ends it, and can do nothing else."""
import os
import subprocess
import sys

import mlflow
import pytest

TOKEN = "mutation($run: ID!) { createJobToken(run: $run, hours: 1) { secret } }"
RUN = "query($id: ID!) { run(id: $id) { status params { key value } metrics { key value } artifacts { path } } }"

JOB = """
import mlflow

with mlflow.start_run() as run:
    mlflow.log_param("learning_rate", 0.03)
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.set_tag("host", "gpu-7")
    mlflow.log_text("by a job", "note.txt")
    print(mlflow.artifacts.load_text(f"{run.info.artifact_uri}/note.txt"))
try:
    mlflow.MlflowClient().get_run(run.info.run_id)
except mlflow.exceptions.MlflowException:
    print("and no more")
"""


def paste(secret, run):
    """What the job prints on a machine that has nothing but the three variables."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_") or name == "MLFLOW_HTTP_REQUEST_MAX_RETRIES"}
    env |= {"MLFLOW_TRACKING_URI": os.environ["ASSAY_TEST_URL"], "MLFLOW_TRACKING_TOKEN": secret, "MLFLOW_RUN_ID": run}
    return subprocess.run([sys.executable, "-"], env=env, input=JOB, text=True, capture_output=True, timeout=300, check=False)


def test_t16_a_job_logs_to_its_run_and_its_token_ends_with_it(owner, tracking, graphql, monkeypatch):
    client = mlflow.MlflowClient()
    run = client.create_run(tracking.experiment_id).info.run_id
    other = client.create_run(tracking.experiment_id).info.run_id
    secret = owner(TOKEN, run=run)["createJobToken"]["secret"]

    with monkeypatch.context() as job:
        job.setenv("MLFLOW_TRACKING_TOKEN", secret)
        for denied in (
            lambda: client.get_run(other),
            lambda: client.log_metric(other, "loss", 1),
            lambda: client.create_run(tracking.experiment_id),
            lambda: client.search_runs([tracking.experiment_id]),
            lambda: client.delete_run(run),
        ):
            with pytest.raises(mlflow.exceptions.MlflowException):
                denied()

    done = paste(secret, run)
    assert done.returncode == 0, done.stderr
    assert "by a job" in done.stdout and "and no more" in done.stdout, done.stdout
    seen = graphql(RUN, id=run)["run"]
    assert seen["status"] == "FINISHED" and seen["params"] == [{"key": "learning_rate", "value": "0.03"}]
    assert seen["metrics"] == [{"key": "loss", "value": 0.2}] and "note.txt" in [file["path"] for file in seen["artifacts"]]
    assert client.get_run(other).info.status == "RUNNING"
    assert paste(secret, run).returncode != 0, "the token has ended"
