"""A training that logged its environment is run again from what the server has, in an empty folder, and gives the same figures."""
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from mlflow import MlflowClient

TRAINING = '''
import argparse

import assay_environment
import mlflow
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

TREES = 3

parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int)
parser.add_argument("--label")
parser.add_argument("--api-key")
given = parser.parse_args()
with mlflow.start_run():
    assay_environment.capture()
    mlflow.log_params({"depth": given.depth, "label": given.label})
    model = RandomForestClassifier(TREES, max_depth=given.depth, random_state=7)
    mlflow.log_metric("accuracy", cross_val_score(model, *load_wine(return_X_y=True)).mean())
    mlflow.log_metric("trees", TREES)
'''
# A text that a shell would take for more than text, as one argument.
HOSTILE = "$(touch pwned) `touch pwned`'; touch pwned; '"
KEY, VARIABLE = "k3y-that-nobody-sees", "v4lue-that-nobody-sees"


def git(folder, *arguments):
    own = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *own, "-C", folder, *arguments], check=True, capture_output=True)


@pytest.fixture
def module():
    """The module as the server hands it out."""
    answer = requests.get(f"{os.environ['ASSAY_TEST_URL']}/assay_environment.py", timeout=30)
    assert answer.status_code == 200 and "assay_environment.py" in answer.headers["content-disposition"]
    return answer.text


@pytest.fixture
def repository(tmp_path, module):
    """A repository with a remote and a branch whose name is hostile; the training in it has a change that is not committed."""
    remote, folder = tmp_path / "remote's.git", tmp_path / "work"
    git(tmp_path, "init", "--quiet", "--bare", remote)
    git(tmp_path, "init", "--quiet", folder)
    (folder / "trainings").mkdir()
    (folder / "trainings" / "train.py").write_text(TRAINING)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "A training")
    git(folder, "checkout", "--quiet", "-b", "$(touch${IFS}pwned)")
    git(folder, "remote", "add", "origin", remote)
    git(folder, "push", "--quiet", "origin", "HEAD")
    (folder / "trainings" / "train.py").write_text(TRAINING.replace("TREES = 3", "TREES = 11"))
    # What lies beside it and is not tracked: how people try it out.
    (folder / "trainings" / "assay_environment.py").write_text(module)
    return folder


@pytest.fixture
def settings(connection, tracking):
    own = {"MLFLOW_TRACKING_URI": os.environ["ASSAY_TEST_URL"], "MLFLOW_TRACKING_TOKEN": connection["token"], "MLFLOW_EXPERIMENT_ID": tracking.experiment_id}
    # As a shell has it: nothing that this test set for its own client.
    base = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "ASSAY_"))}
    return {**base, **own, "SOME_SETTING": VARIABLE}


def train(repository, settings, *arguments):
    """Runs the training as a person does; its run."""
    done = subprocess.run(
        [sys.executable, "train.py", "--depth", "2", "--label", HOSTILE, *arguments], cwd=repository / "trainings", env=settings,
        capture_output=True, text=True, timeout=300, check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "UserWarning: assay_environment" not in done.stderr, done.stderr
    return MlflowClient().search_runs([settings["MLFLOW_EXPERIMENT_ID"]], max_results=1)[0]


def reproduce(run, settings, folder, **more):
    """Downloads the script and runs it in an empty folder."""
    folder.mkdir()
    answer = requests.get(
        f"{os.environ['ASSAY_TEST_URL']}/runs/{run.info.run_id}/reproduce.sh",
        headers={"Authorization": f"Bearer {settings['MLFLOW_TRACKING_TOKEN']}"}, timeout=30,
    )
    assert answer.status_code == 200, answer.text
    (folder / "reproduce.sh").write_text(answer.text)
    own = {name: value for name, value in settings.items() if name not in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID")}
    return subprocess.run(["sh", "reproduce.sh"], cwd=folder, env={**own, **more}, capture_output=True, text=True, timeout=900, check=False)


def assert_same(run, settings, done):
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    again = MlflowClient().search_runs([settings["MLFLOW_EXPERIMENT_ID"]], max_results=1)[0]
    assert again.info.run_id != run.info.run_id
    assert again.data.metrics == run.data.metrics and again.data.metrics["trees"] == 11, "with what was not committed"
    assert again.data.params == run.data.params
    assert again.data.tags["assay.reproduces"] == run.info.run_id


def test_5_1d_a_run_is_reproduced_in_an_empty_folder(repository, settings, tmp_path, graphql):
    run = train(repository, settings)
    told = graphql("query($id: ID!) { run(id: $id) { reproduction { gaps { what } } } }", id=run.info.run_id)["run"]["reproduction"]
    assert [gap["what"] for gap in told["gaps"]] == ["Files that are not in Git: trainings/assay_environment.py."]
    done = reproduce(run, settings, tmp_path / "empty", REPRODUCE_PYTHON=sys.executable)
    assert_same(run, settings, done)
    assert not list(tmp_path.rglob("pwned")), "whatever the run logged is text"


@pytest.mark.skipif("ASSAY_TEST_LONG" not in os.environ, reason="installs every package anew: minutes")
def test_5_1d_a_run_is_reproduced_with_its_packages(repository, settings, tmp_path):
    run = train(repository, settings)
    done = reproduce(run, settings, tmp_path / "empty")
    assert_same(run, settings, done)
    python = next((tmp_path / "empty").glob("reproduce-*/environment/bin/python"))
    again = subprocess.run([python, "-m", "pip", "list", "--format=json"], capture_output=True, text=True, check=True).stdout
    here = subprocess.run([sys.executable, "-m", "pip", "list", "--format=json"], capture_output=True, text=True, check=True).stdout
    assert json.loads(again) == json.loads(here)


def test_5_1d_files_that_are_not_what_was_logged_are_refused(repository, settings, tmp_path):
    run = train(repository, settings)
    answer = requests.get(
        f"{os.environ['ASSAY_TEST_URL']}/runs/{run.info.run_id}/reproduce.sh", headers={"Authorization": f"Bearer {settings['MLFLOW_TRACKING_TOKEN']}"}, timeout=30,
    )
    folder = tmp_path / "late"
    folder.mkdir()
    (folder / "reproduce.sh").write_text(answer.text)
    (tmp_path / "uncommitted.diff").write_text("another\n")
    MlflowClient().log_artifact(run.info.run_id, tmp_path / "uncommitted.diff", "environment")
    done = subprocess.run(["sh", "reproduce.sh"], cwd=folder, env={**settings, "REPRODUCE_PYTHON": sys.executable}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1 and "uncommitted.diff is not what the run logged." in done.stderr, done.stderr


def test_5_1c_the_environment_is_logged_without_secrets(repository, settings, graphql):
    git(repository, "remote", "set-url", "origin", f"https://ada:{KEY}@git.example.com/team/churn.git?token={KEY}")
    run = train(repository, settings, "--api-key", KEY)
    query = """query($id: ID!) { run(id: $id) { environment {
        captured commit branch remote dirty untracked command directory python os cpu memory lockIsWhole
        packages { name version } diff { text { text } } } } }"""
    found = graphql(query, id=run.info.run_id)["run"]["environment"]
    assert found["captured"] and found["dirty"] and found["lockIsWhole"]
    assert found["remote"] == "https://git.example.com/team/churn.git"
    assert found["branch"] == "$(touch${IFS}pwned)" and len(found["commit"]) == 40
    assert found["command"] == ["train.py", "--depth", "2", "--label", HOSTILE, "--api-key", "***"]
    assert (found["directory"], found["untracked"]) == ("trainings", ["trainings/assay_environment.py"])
    assert found["python"] == sys.version.split()[0]
    assert found["os"] and "×" in found["cpu"] and found["memory"] > 100_000_000
    assert "+TREES = 11" in found["diff"]["text"]["text"]
    versions = {package["name"].lower(): package["version"] for package in found["packages"]}
    assert versions["mlflow"] == "3.17.2" and versions["scikit-learn"] == "1.9.1"
    client = MlflowClient()
    logged = [json.dumps(run.data.to_dictionary())]
    for file in client.list_artifacts(run.info.run_id, "environment"):
        logged.append(Path(client.download_artifacts(run.info.run_id, file.path)).read_text())
    assert len(logged) == 3
    for secret in (KEY, VARIABLE):
        assert not any(secret in text for text in logged), secret


def test_5_1c_what_cannot_be_found_out_ends_no_training(settings, tmp_path, module):
    (tmp_path / "assay_environment.py").write_text(module)
    program = "import assay_environment as e, mlflow\ne._machine = e._packages = lambda: 1 / 0\nprint('id', e.capture())\nmlflow.end_run()\n"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={**settings, "PATH": str(tmp_path)}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 and "assay_environment" in done.stderr, done.stderr
    run = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("id "))
    tags = MlflowClient().get_run(run).data.tags
    assert tags["assay.environment"] == "1" and "mlflow.source.git.commit" not in tags


def test_5_1c_credentials_leave_every_form_of_address(tmp_path, module):
    (tmp_path / "assay_environment.py").write_text(module)
    loading = importlib.util.spec_from_file_location("assay_environment_alone", tmp_path / "assay_environment.py")
    loaded = importlib.util.module_from_spec(loading)
    loading.loader.exec_module(loaded)
    for address, shown in {
        "https://token@github.com/a/b.git": "https://github.com/a/b.git",
        "https://u:p%40x@host:8443/a?access_token=t#f": "https://host:8443/a",
        "ssh://git:pw@host:22/a.git": "ssh://git@host:22/a.git",
        "git@github.com:a/b.git": "git@github.com:a/b.git",
        "/srv/git/a.git": "/srv/git/a.git",
    }.items():
        assert loaded._without_credentials(address) == shown
    assert loaded._without_secrets(["t.py", "--password=p", "--token", "t", "x", "--data", "https://u:p@h/d"]) == [
        "t.py", "--password=***", "--token", "***", "x", "--data", "https://h/d",
    ]
