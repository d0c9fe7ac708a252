"""What a real MLflow server has, taken over by an import, read back with the unmodified client."""
import math
import os
import time
import uuid

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from sklearn.linear_model import LogisticRegression

from mlflow_peer import mlflow_server_in

PATIENCE = 120

START = "mutation($input: StartImportInput!) { startImport(input: $input) { id } }"
LOOK = """query($id: ID!) { import(id: $id) { state phase reason counts { kind found taken unchanged failed }
  problems { nodes { kind name reason } totalCount } } }"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A server that nobody else writes to."""
    with mlflow_server_in(tmp_path_factory.mktemp("mlflow"), workers=2) as url:
        yield url


def points(key, count):
    return [Metric(key, math.sin(step / 7), 1_700_000_000_000 + step, step) for step in range(count)]


def fill(url):
    """An experiment as people have them; its name, the ids of its runs, the name of its model."""
    unique = uuid.uuid4().hex
    name, model_name = f"imported {unique}", f"imported-{unique}"
    mlflow.set_tracking_uri(url)
    client = MlflowClient(tracking_uri=url, registry_uri=url)
    experiment = client.create_experiment(name, tags={"team": "fraud"})
    mlflow.set_experiment(experiment_id=experiment)
    x, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
    with mlflow.start_run(run_name="fitted") as fitted:
        mlflow.log_params({"C": 0.5, "name": "größe/1"})
        mlflow.log_input(mlflow.data.from_numpy(x, targets=y, name="train"), context="training")
        mlflow.log_text("a note", "notes/deep/a note.txt")
        mlflow.set_tag("stage", "final")
        model = mlflow.sklearn.log_model(LogisticRegression(C=0.5).fit(x, y), name="clf", registered_model_name=model_name)
        mlflow.log_metric("auc", 0.75, model_id=model.model_id)
    client.set_registered_model_alias(model_name, "champion", "1")
    client.set_model_version_tag(model_name, "1", "approved", "yes")
    client.update_registered_model(model_name, description="finds fraud")
    runs = [fitted.info.run_id]
    for place in range(5):
        run = client.create_run(experiment, run_name=f"curve {place}").info.run_id
        client.log_batch(run, metrics=points("loss", 900), params=[Param("place", str(place))])
        client.log_batch(run, metrics=[Metric("odd", float("nan"), 5, 0), Metric("odd", -1e-320, 6, -4)])
        client.set_terminated(run)
        runs.append(run)
    return name, runs, model_name


def imported(graphql, **wanted):
    import_id = graphql(START, input=wanted)["startImport"]["id"]
    deadline = time.monotonic() + PATIENCE
    while (found := graphql(LOOK, id=import_id)["import"])["state"] == "RUNNING":
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found, {count["kind"]: count for count in found["counts"]}


def same_run(there, here):
    assert (there.info.run_name, there.info.status, there.info.start_time, there.info.end_time) == (here.info.run_name, here.info.status, here.info.start_time, here.info.end_time)
    assert there.data.params == here.data.params
    assert there.data.tags == here.data.tags
    assert {key: repr(value) for key, value in there.data.metrics.items()} == {key: repr(value) for key, value in here.data.metrics.items()}
    datasets = lambda run: [(i.dataset.name, i.dataset.digest, i.dataset.schema, {t.key: t.value for t in i.tags}) for i in run.inputs.dataset_inputs]
    assert datasets(there) == datasets(here)


def test_a_server_of_mlflow_is_imported_and_clients_find_everything_again(source, connection, graphql, monkeypatch, tmp_path):
    name, runs, model_name = fill(source)
    found, counts = imported(graphql, address=source, experiments=[name])
    assert found["state"] == "DONE" and found["problems"]["nodes"] == [], found
    assert (counts["RUN"]["taken"], counts["RUN_FILES"]["taken"], counts["MODEL"]["taken"]) == (6, 6, 1)

    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", connection["token"])
    here = os.environ["ASSAY_TEST_URL"]
    mlflow.set_tracking_uri(here)
    mlflow.set_registry_uri(here)
    theirs, ours = MlflowClient(tracking_uri=source), MlflowClient(tracking_uri=here, registry_uri=here)
    for run in runs:
        same_run(theirs.get_run(run), ours.get_run(run))
        for key in theirs.get_run(run).data.metrics:
            shown = lambda client: sorted((m.step, m.timestamp, repr(m.value)) for m in client.get_metric_history(run, key))
            assert shown(theirs) == shown(ours), key
    assert ours.get_experiment_by_name(name).tags["team"] == "fraud"
    assert mlflow.artifacts.load_text(f"{ours.get_run(runs[0]).info.artifact_uri}/notes/deep/a note.txt") == "a note"
    version = ours.get_model_version_by_alias(model_name, "champion")
    assert (version.version, version.tags["approved"], version.run_id) == ("1", "yes", runs[0])
    loaded = mlflow.sklearn.load_model(f"models:/{model_name}@champion")
    assert loaded.C == 0.5
    model = ours.search_logged_models([ours.get_experiment_by_name(name).experiment_id])[0]
    assert (model.source_run_id, {metric.key: metric.value for metric in model.metrics}) == (runs[0], {"auc": 0.75})

    again, counts = imported(graphql, address=source, experiments=[name])
    assert again["state"] == "DONE" and (counts["RUN"]["taken"], counts["RUN"]["unchanged"]) == (0, 6), again

    # What is new at the source comes with the next import, and nothing else.
    theirs.log_metric(runs[1], "late", 1.5, step=3)
    fresh = theirs.create_run(theirs.get_experiment_by_name(name).experiment_id, run_name="fresh").info.run_id
    third, counts = imported(graphql, address=source, experiments=[name])
    assert (counts["RUN"]["taken"], counts["RUN"]["unchanged"]) == (2, 5), third
    assert ours.get_run(runs[1]).data.metrics["late"] == 1.5
    assert ours.get_run(fresh).info.run_name == "fresh"
