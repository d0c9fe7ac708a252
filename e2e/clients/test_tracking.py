"""What scripts do with the unmodified client: runs, params, metrics, tags, artifacts, datasets, models."""
import json
import math
import os

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from sklearn.datasets import load_iris
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression


def test_5_1a_autolog_logs_params_metrics_dataset_and_model(tracking):
    mlflow.sklearn.autolog(log_datasets=True)
    try:
        x, y = load_iris(return_X_y=True)
        with mlflow.start_run(run_name="autolog") as run:
            model = LogisticRegression(max_iter=500, C=0.5).fit(x, y)
            model.score(x, y)
    finally:
        mlflow.sklearn.autolog(disable=True)
    client = MlflowClient()
    found = client.get_run(run.info.run_id)
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "autolog"
    assert found.data.params["C"] == "0.5"
    assert found.data.metrics["training_accuracy_score"] > 0.9
    assert found.data.tags["estimator_name"] == "LogisticRegression"
    assert found.inputs.dataset_inputs[0].dataset.digest
    names = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"estimator.html", "training_confusion_matrix.png"} <= names
    loaded = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    assert (loaded.predict(x) == model.predict(x)).all()


def test_5_1a_manual_logging_reads_back(tracking):
    client = MlflowClient()
    with mlflow.start_run(tags={"team": "fraud"}, description="a note") as run:
        mlflow.log_param("rate", 0.1)
        mlflow.log_params({"depth": 7, "name": "größe/1 x-y.z:ü"})
        mlflow.log_metric("loss", 0.5, step=0)
        mlflow.log_metrics({"loss": 0.25, "acc": 0.9}, step=1)
        mlflow.set_tags({"a": "1", "b": "2"})
        mlflow.delete_tag("b")
    found = client.get_run(run.info.run_id)
    assert found.data.params == {"rate": "0.1", "depth": "7", "name": "größe/1 x-y.z:ü"}
    assert found.data.metrics == {"loss": 0.25, "acc": 0.9}
    assert found.data.tags["team"] == "fraud" and found.data.tags["a"] == "1" and "b" not in found.data.tags
    assert [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, "loss")] == [(0, 0.5), (1, 0.25)]


def test_5_1a_series_keep_every_point_and_what_is_no_number(tracking):
    client = MlflowClient()
    run = client.create_run(tracking.experiment_id)
    points = [Metric("m", float(n % 97) / 7, 1_700_000_000_000 + n, n) for n in range(3_000)]
    odd = [Metric("odd", value, 1_700_000_000_000, step) for step, value in enumerate([math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308])]
    client.log_batch(run.info.run_id, metrics=points + odd)
    client.log_batch(run.info.run_id, metrics=points[:100])
    client.set_terminated(run.info.run_id)
    history = client.get_metric_history(run.info.run_id, "m")
    assert [(m.step, m.value, m.timestamp) for m in history] == [(m.step, m.value, m.timestamp) for m in points]
    values = [m.value for m in client.get_metric_history(run.info.run_id, "odd")]
    assert math.isnan(values[0]) and values[3:] == [-0.0, 5e-324, 1.7976931348623157e308]
    assert values[1] >= 1.7976931348623157e308 and values[2] <= -1.7976931348623157e308


def test_5_1a_params_are_written_once_and_batches_are_whole(tracking):
    client = MlflowClient()
    run = client.create_run(tracking.experiment_id).info.run_id
    client.log_param(run, "p", "1")
    client.log_param(run, "p", "1")
    with pytest.raises(MlflowException, match="Changing param values is not allowed"):
        client.log_param(run, "p", "2")
    with pytest.raises(MlflowException):
        client.log_batch(run, metrics=[Metric("m", 1.0, 1, 0)], params=[Param("p", "3"), Param("q", "1")], tags=[RunTag("t", "1")])
    data = client.get_run(run).data
    assert data.params == {"p": "1"} and data.metrics == {} and "t" not in data.tags


def test_5_1b_artifacts_go_up_and_come_down(tracking, tmp_path):
    client = MlflowClient()
    with mlflow.start_run() as run:
        mlflow.log_text("hello", "notes/hello.txt")
        mlflow.log_dict({"a": [1, 2]}, "conf.json")
        mlflow.log_text("", "empty.txt")
        (tmp_path / "odd").mkdir()
        (tmp_path / "odd" / "a b+c%é.bin").write_bytes(bytes(range(256)) * 4_096)
        mlflow.log_artifacts(tmp_path / "odd", "deep/er")
        mlflow.log_table(pd.DataFrame({"x": [1, 2]}), "table.json")
    run_id = run.info.run_id
    assert {(f.path, f.is_dir) for f in client.list_artifacts(run_id)} == {("notes", True), ("conf.json", False), ("empty.txt", False), ("deep", True), ("table.json", False)}
    down = mlflow.artifacts.download_artifacts(run_id=run_id, dst_path=str(tmp_path / "down"))
    with open(os.path.join(down, "deep/er/a b+c%é.bin"), "rb") as file:
        assert file.read() == bytes(range(256)) * 4_096
    assert open(os.path.join(down, "empty.txt")).read() == ""
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/conf.json") == {"a": [1, 2]}
    assert list(mlflow.load_table("table.json", run_ids=[run_id])["x"]) == [1, 2]


def test_5_1b_a_logged_artifact_has_a_digest_and_versions(tracking, graphql):
    with mlflow.start_run() as run:
        mlflow.log_text("first", "a.txt")
        mlflow.log_text("second", "a.txt")
    found = graphql("query($id: ID!) { run(id: $id) { artifacts { path size digest } } }", id=run.info.run_id)["run"]["artifacts"]
    assert found == [{"path": "a.txt", "size": 6, "digest": found[0]["digest"]}]
    assert found[0]["digest"].endswith("16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4")


def test_5_1c_what_the_client_knows_of_its_environment_is_kept(tracking):
    with mlflow.start_run() as run:
        mlflow.set_tags({"mlflow.source.git.commit": "0123abc", "mlflow.note.content": "why"})
    tags = MlflowClient().get_run(run.info.run_id).data.tags
    assert tags["mlflow.source.name"] and tags["mlflow.user"] and tags["mlflow.source.git.commit"] == "0123abc"


def test_search_filters_orders_and_pages(tracking):
    client = MlflowClient()
    for n in range(12):
        run = client.create_run(tracking.experiment_id, run_name=f"run {n}")
        client.log_batch(run.info.run_id, metrics=[Metric("auc", n / 12, 1, 0)], params=[Param("model", "gbdt" if n % 2 else "mlp")])
    search = lambda text="", **more: client.search_runs([tracking.experiment_id], text, **more)  # noqa: E731
    assert [r.info.run_name for r in search("metrics.auc > 0.5 and params.model = 'gbdt'", order_by=["metrics.auc DESC"])] == ["run 11", "run 9", "run 7"]
    assert len(search("params.model LIKE 'm%' AND attributes.status = 'RUNNING'")) == 6
    assert len(search("run_name = 'run 3'")) == 1
    first = search(max_results=5, order_by=["metrics.auc ASC"])
    rest = search(max_results=50, order_by=["metrics.auc ASC"], page_token=first.token)
    assert [r.info.run_name for r in list(first) + list(rest)] == [f"run {n}" for n in range(12)]
    for wrong in ["metrics.auc >", "nonsense.x = 1", "params.a = 1", "metrics.auc = 'x'", "name = 'a' OR", "'; drop table runs; --"]:
        with pytest.raises(MlflowException) as refused:
            search(wrong)
        assert refused.value.error_code == "INVALID_PARAMETER_VALUE", wrong
    assert len(mlflow.search_runs([tracking.experiment_id])) == 12


def test_removed_runs_are_readable_and_not_writable(tracking):
    client = MlflowClient()
    run = client.create_run(tracking.experiment_id).info.run_id
    client.delete_run(run)
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    with pytest.raises(MlflowException):
        client.log_metric(run, "m", 1.0)
    client.restore_run(run)
    client.log_metric(run, "m", 1.0)


def test_1_1_a_model_is_registered_loaded_and_aliased(tracking):
    client = MlflowClient()
    name = f"fraud_detector_{tracking.experiment_id[:12]}"
    x = np.random.default_rng(0).normal(size=(200, 3))
    model = IsolationForest(n_estimators=20, random_state=0).fit(x)
    with mlflow.start_run() as run:
        mlflow.log_metric("auc", 0.9)
        info = mlflow.sklearn.log_model(model, name="detector", registered_model_name=name, input_example=x[:2], skops_trusted_types=["sklearn.tree._tree.Tree"])
    assert int(info.registered_model_version) == 1
    version = client.get_model_version(name, "1")
    assert version.run_id == run.info.run_id and version.status == "READY"
    client.set_registered_model_alias(name, "champion", "1")
    client.set_model_version_tag(name, "1", "checked", "yes")
    for uri in [f"models:/{name}/1", f"models:/{name}@champion", f"models:/{name}/latest", f"models:/{info.model_id}", f"runs:/{run.info.run_id}/detector"]:
        assert (mlflow.sklearn.load_model(uri).predict(x) == model.predict(x)).all(), uri
    again = mlflow.register_model(f"runs:/{run.info.run_id}/detector", name)
    assert int(again.version) == 2
    assert client.get_model_version_by_alias(name, "champion").tags == {"checked": "yes"}
    assert [v.version for v in client.search_model_versions(f"name = '{name}'")] and client.get_registered_model(name).aliases == {"champion": "1"}


def test_t21_a_version_cannot_point_at_files_of_the_server(tracking):
    client = MlflowClient()
    name = f"evil_{tracking.experiment_id[:12]}"
    client.create_registered_model(name)
    for source in ["file:///etc", "/etc", "mlflow-artifacts:/../x", "http://169.254.169.254/x", "runs:/0123456789abcdef0123456789abcdef/x", "dbfs:/x"]:
        with pytest.raises(MlflowException):
            client.create_model_version(name, source, run_id=None, tags={"mlflow.prompt.is_prompt": "true"})


def test_basic_credentials_work_too(connection, tracking, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "anybody")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", connection["token"])
    assert MlflowClient().get_experiment("0").name == "Default"
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "assay_wrong")
    with pytest.raises(MlflowException) as refused:
        MlflowClient().get_experiment("0")
    assert refused.value.error_code == "UNAUTHENTICATED"


def test_t33_hostile_file_names_split_no_header(tracking):
    client = MlflowClient()
    with mlflow.start_run() as run:
        mlflow.log_text("x", "非ascii “q”.txt")
    assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["非ascii “q”.txt"]
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/非ascii “q”.txt") == "x"


def test_the_bi_view_of_a_run_is_what_was_logged(tracking, graphql):
    with mlflow.start_run(run_name="bi") as run:
        mlflow.log_metric("auc", 0.75, step=3)
        mlflow.log_param("model", "gbdt")
    found = graphql("query($id: ID!) { run(id: $id) { name status metrics { key value step } params { key value } series(keys: [\"auc\"]) { key total steps values } } }", id=run.info.run_id)["run"]
    assert found == {
        "name": "bi", "status": "FINISHED",
        "metrics": [{"key": "auc", "value": 0.75, "step": 3}], "params": [{"key": "model", "value": "gbdt"}],
        "series": [{"key": "auc", "total": 1, "steps": [3], "values": [0.75]}],
    }
    json.dumps(found)
