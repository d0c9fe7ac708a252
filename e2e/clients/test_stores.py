"""The stores behind the unmodified client, each by its public API: evaluation, XGBoost, files in parts, workspaces, prompts, traces."""
import os
import uuid

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, Metric, ViewType
from mlflow.exceptions import MlflowException
from sklearn.datasets import load_iris, make_classification
from sklearn.linear_model import LogisticRegression


def test_5_1a_xgboost_logs_itself(tracking):
    import xgboost

    mlflow.xgboost.autolog()
    try:
        x, y = load_iris(return_X_y=True)
        with mlflow.start_run() as run:
            xgboost.train({"objective": "multi:softprob", "num_class": 3, "max_depth": 3}, xgboost.DMatrix(x, y), num_boost_round=5, evals=[(xgboost.DMatrix(x, y), "train")])
    finally:
        mlflow.xgboost.autolog(disable=True)
    client = MlflowClient()
    found = client.get_run(run.info.run_id)
    assert found.data.params["max_depth"] == "3"
    history = client.get_metric_history(run.info.run_id, "train-mlogloss")
    assert [point.step for point in history] == list(range(5)) and history[-1].value < history[0].value
    assert "feature_importance_weight.json" in {file.path for file in client.list_artifacts(run.info.run_id)}
    model = mlflow.xgboost.load_model(f"runs:/{run.info.run_id}/model")
    assert model.predict(xgboost.DMatrix(x)).shape == (150, 3)


def test_5_1a_an_evaluation_logs_metrics_plots_and_its_dataset(tracking):
    x, y = make_classification(n_samples=200, n_features=4, random_state=0)
    data = pd.DataFrame(x, columns=["a", "b", "c", "d"]).assign(label=y)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(LogisticRegression().fit(data[["a", "b", "c", "d"]], y), name="classifier")
        result = mlflow.models.evaluate(info.model_uri, data, targets="label", model_type="classifier", evaluator_config={"log_explainer": False, "log_model_explainability": False})
    found = MlflowClient().get_run(run.info.run_id)
    assert found.data.metrics["accuracy_score"] == pytest.approx(result.metrics["accuracy_score"])
    assert found.inputs.dataset_inputs[0].dataset.name == "dataset"
    assert any(file.path.endswith("confusion_matrix.png") for file in MlflowClient().list_artifacts(run.info.run_id))
    [model] = mlflow.search_logged_models([tracking.experiment_id], filter_string="metrics.accuracy_score > 0.5", output_format="list")
    assert model.model_id == info.model_id


def test_5_1b_a_large_file_goes_and_comes_in_parts(tracking, tmp_path, monkeypatch):
    for name, value in {
        "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true", "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(5 << 20), "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": str(5 << 20),
        "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "true", "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE": str(4 << 20),
    }.items():
        monkeypatch.setenv(name, value)
    content = np.random.default_rng(0).bytes(23 << 20)
    (tmp_path / "große datei.bin").write_bytes(content)
    (tmp_path / "small.txt").write_text("small")
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(tmp_path / "große datei.bin"), "deep/er")
        mlflow.log_artifact(str(tmp_path / "small.txt"))
    assert [(file.path, file.file_size) for file in MlflowClient().list_artifacts(run.info.run_id, "deep/er")] == [("deep/er/große datei.bin", len(content))]
    down = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, dst_path=str(tmp_path / "down"))
    with open(os.path.join(down, "deep/er/große datei.bin"), "rb") as file:
        assert file.read() == content
    with open(os.path.join(down, "small.txt")) as file:
        assert file.read() == "small"


def test_workspaces_keep_names_apart(tracking):
    one, other = f"team-{uuid.uuid4().hex[:12]}", f"team-{uuid.uuid4().hex[:12]}"
    try:
        for name in (one, other):
            assert mlflow.create_workspace(name, description="a team").name == name
        ids = {}
        for name in (one, other):
            mlflow.set_workspace(name)
            ids[name] = mlflow.create_experiment("churn")
            with mlflow.start_run(experiment_id=ids[name]) as run:
                mlflow.log_metric("m", 1.0)
                mlflow.log_text("x", "a.txt")
            assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/a.txt") == "x"
            assert [found.name for found in mlflow.search_experiments()] == ["churn"]
            MlflowClient().create_registered_model("churn", description=name)
        mlflow.set_workspace(one)
        assert mlflow.get_experiment_by_name("churn").experiment_id == ids[one]
        assert MlflowClient().get_registered_model("churn").description == one
        assert mlflow.get_workspace(other).description == "a team"
        assert {one, other, "default"} <= {found.name for found in mlflow.list_workspaces()}
        with pytest.raises(MlflowException):
            mlflow.delete_workspace(other)
        mlflow.set_workspace(f"none-{uuid.uuid4().hex[:8]}")
        with pytest.raises(MlflowException) as refused:
            mlflow.search_experiments()
        assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    finally:
        mlflow.set_workspace(None)


def test_prompts_are_registered_loaded_and_found(tracking):
    name = f"greeting-{uuid.uuid4().hex[:12]}"
    client = MlflowClient()
    first = client.register_prompt(name, "Hello {{name}}", commit_message="first", tags={"tone": "kind"})
    second = client.register_prompt(name, [{"role": "user", "content": "Hi {{name}}"}])
    assert (int(first.version), int(second.version)) == (1, 2)
    assert client.load_prompt(f"prompts:/{name}/1").format(name="Ada") == "Hello Ada"
    client.set_prompt_alias(name, "live", 1)
    assert client.load_prompt(f"prompts:/{name}@live").template == "Hello {{name}}"
    assert name in {prompt.name for prompt in client.search_prompts(f"name = '{name}'")}
    assert name not in {model.name for model in client.search_registered_models()}
    assert len(client.search_prompt_versions(name)) == 2


def test_traces_are_logged_found_tagged_and_judged(tracking):
    @mlflow.trace(span_type="TOOL")
    def look_up(question):
        return {"answer": 42, "question": question}

    @mlflow.trace(name="ask", attributes={"model": "tiny"})
    def ask(question):
        mlflow.update_current_trace(tags={"team": "risk"})
        return look_up(question)["answer"]

    with mlflow.start_run() as run:
        assert ask("größe?") == 42
    with pytest.raises(ZeroDivisionError):
        mlflow.trace(lambda: 1 / 0, name="broken")()
    mlflow.flush_trace_async_logging()
    client = MlflowClient()
    traces = {trace.info.tags["mlflow.traceName"]: trace for trace in mlflow.search_traces(locations=[tracking.experiment_id], return_type="list")}
    assert set(traces) == {"ask", "broken"}
    trace = traces["ask"]
    assert [(span.name, span.span_type) for span in trace.data.spans] == [("ask", "UNKNOWN"), ("look_up", "TOOL")]
    assert trace.data.spans[1].outputs == {"answer": 42, "question": "größe?"} and trace.data.spans[1].parent_id == trace.data.spans[0].span_id
    assert trace.info.tags["team"] == "risk" and trace.info.trace_metadata["mlflow.sourceRun"] == run.info.run_id
    assert traces["broken"].info.state == "ERROR" and traces["broken"].data.spans[0].events[0].name == "exception"
    found = lambda text: {one.info.trace_id for one in mlflow.search_traces(locations=[tracking.experiment_id], filter_string=text, return_type="list")}  # noqa: E731
    assert found("trace.status = 'ERROR'") == {traces["broken"].info.trace_id}
    assert found(f"run_id = '{run.info.run_id}' AND span.type = 'TOOL'") == {trace.info.trace_id}
    client.set_trace_tag(trace.info.trace_id, "reviewed", "yes")
    source = AssessmentSource(source_type="HUMAN", source_id="ada")
    judged = mlflow.log_feedback(trace_id=trace.info.trace_id, name="correct", value=True, source=source, rationale="checked")
    mlflow.log_expectation(trace_id=trace.info.trace_id, name="answer", value={"number": 42}, source=source)
    again = mlflow.get_trace(trace.info.trace_id)
    assert again.info.tags["reviewed"] == "yes"
    assert {(one.name, str(one.value)) for one in again.info.assessments} == {("correct", "True"), ("answer", "{'number': 42}")}
    assert mlflow.get_assessment(trace.info.trace_id, judged.assessment_id).rationale == "checked"
    assert found("feedback.correct = 'true'") == {trace.info.trace_id}
    mlflow.delete_assessment(trace_id=trace.info.trace_id, assessment_id=judged.assessment_id)
    assert client.delete_traces(tracking.experiment_id, trace_ids=[trace.info.trace_id]) == 1
    assert found("") == {traces["broken"].info.trace_id}


def test_5_1d_experiments_and_runs_are_deleted_restored_and_paged(tracking):
    client = MlflowClient()
    made = client.create_experiment(f"paged {uuid.uuid4().hex}", tags={"kind": "paged"})
    runs = [client.create_run(made, run_name=f"run {n}").info.run_id for n in range(5)]
    for n, run in enumerate(runs):
        client.log_batch(run, metrics=[Metric("m", n, n, 0)])
    client.delete_run(runs[0])
    names = lambda view: [run.info.run_name for run in client.search_runs([made], run_view_type=view, order_by=["metrics.m"])]  # noqa: E731
    assert names(ViewType.ACTIVE_ONLY) == [f"run {n}" for n in range(1, 5)] and names(ViewType.DELETED_ONLY) == ["run 0"]
    client.restore_run(runs[0])
    client.delete_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "deleted" and names(ViewType.ACTIVE_ONLY) == []
    client.restore_experiment(made)
    token, seen = None, []
    while True:
        page = client.search_runs([made], max_results=2, order_by=["metrics.m DESC"], page_token=token)
        seen += [run.info.run_name for run in page]
        token = page.token
        if not token:
            break
    assert seen == [f"run {n}" for n in reversed(range(5))]
    assert client.search_runs([made], "NOT (metrics.m > 2 OR run_name = 'run 0')", order_by=["metrics.m"])[0].info.run_name == "run 1"
    assert [found.experiment_id for found in client.search_experiments(filter_string="tags.kind = 'paged'", order_by=["last_update_time DESC"])][0] == made
