"""The training that infra/up prints is pasted as it stands, and what it logged is read back."""
import json
import os
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "infra" / "lib"))

from local import SHELL, example  # noqa: E402


def paste(program: list, first: str = "", **how):
    """Pastes the example into a program, after what comes first, and finds the run that it made."""
    connection = json.loads(Path(os.environ["ASSAY_TEST_CONNECTION"]).read_text())
    os.environ["MLFLOW_TRACKING_TOKEN"] = connection["token"]
    client = mlflow.MlflowClient(os.environ["ASSAY_TEST_URL"])
    before = {run.info.run_id for run in client.search_runs(["0"])}
    # A newcomer has chosen no experiment; other tests of this process have.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_EXPERIMENT", "MLFLOW_RUN"))}
    done = subprocess.run(
        program, env=env, input=first + example(os.environ["ASSAY_TEST_URL"], connection["token"]), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **how,
    )
    assert done.returncode == 0, done.stdout
    made = [run for run in client.search_runs(["0"]) if run.info.run_id not in before]
    assert len(made) == 1, done.stdout
    # autolog() tells of its own failures only as warnings
    assert "WARNING mlflow.utils.autologging_utils: Encountered unexpected error" not in done.stdout, done.stdout
    return client.get_run(made[0].info.run_id), client


@pytest.fixture(scope="module")
def run():
    """The run of the example in an environment that has what it needs."""
    return paste([sys.executable, "-"], timeout=300)


def test_5_1a_parameters_and_metrics_are_logged_automatically(run):
    run, _ = run
    assert run.info.status == "FINISHED"
    assert run.data.params["n_estimators"] == "100"
    assert 0.8 < run.data.metrics["training_r2_score"] <= 1


def test_5_1b_the_model_is_an_artifact_that_loads_again(run):
    run, client = run
    model = client.get_logged_model(run.outputs.model_outputs[0].model_id)
    mlflow.set_tracking_uri(os.environ["ASSAY_TEST_URL"])
    assert mlflow.sklearn.load_model(model.model_uri).n_estimators == 100


def test_5_1c_the_environment_of_the_training_is_known(run):
    run, _ = run
    assert run.data.tags["mlflow.user"]
    assert run.data.tags["estimator_name"] == "RandomForestRegressor"
    assert run.inputs.dataset_inputs, "the training data's digest and schema"


@pytest.mark.skipif("ASSAY_TEST_LONG" not in os.environ, reason="installs MLflow and scikit-learn anew: minutes")
def test_5_1a_everything_that_is_printed_is_pasted_into_one_shell(tmp_path):
    # Its last line starts Python, which takes what comes after it.
    run, _ = paste(["bash", "-e"], first=f"{SHELL}\n", cwd=tmp_path, timeout=1200)
    assert run.info.status == "FINISHED" and run.data.params["n_estimators"] == "100"
    assert run.outputs.model_outputs, "with its model"
