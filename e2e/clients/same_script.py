"""What people do with the unmodified client, as one script: it trains with autolog, evaluates, searches, loads and downloads, and returns all that came back."""
import json
import os
import tempfile
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import xgboost
from mlflow import MlflowClient
from mlflow.metrics import MetricValue
from mlflow.models import MetricThreshold, make_metric
from sklearn.datasets import load_diabetes, make_classification
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV

COLUMNS = ["a", "b", "c", "d"]
PLAIN = {"log_explainer": False, "log_model_explainability": False}  # without shap
TEXT = {".json", ".csv", ".txt", ".yaml", ".html", ""}


def told(error):
    return {"error": type(error).__name__, "code": getattr(error, "error_code", None), "words": str(error)}


def attempt(act):
    """What an act gives back, or what it says of its failure."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001 (whatever it is, it is compared)
        return told(error)


def table(frame):
    """A data frame as its columns, each with its type, and its rows."""
    return {"columns": [f"{name}: {kind}" for name, kind in frame.dtypes.items()], "rows": json.loads(frame.to_json(orient="records", date_format="iso"))}


def files(folder):
    """Every file below a folder: its size when it is no text, its text when it is one."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            found[str(path.relative_to(folder))] = path.read_text() if path.suffix in TEXT else path.suffix
    return found


def down(**what):
    """What a download gives: a file or a folder with its files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(mlflow.artifacts.download_artifacts(dst_path=folder, **what))
        return {"name": path.name if path != Path(folder) else ".", "files": files(path) if path.is_dir() else path.read_text(errors="replace")}


def listed(run, path=None):
    """The listing of a run's files, folders with what is in them."""
    found = {}
    for entry in MlflowClient().list_artifacts(run, path):
        found[entry.path] = listed(run, entry.path) if entry.is_dir else entry.file_size
    return found


def held(run):
    """All that the server holds of a run."""
    client = MlflowClient()
    found = client.get_run(run)
    return {
        "name": found.info.run_name,
        "status": found.info.status,
        "stage": found.info.lifecycle_stage,
        "params": found.data.params,
        "metrics": found.data.metrics,
        "curves": {key: [[point.step, point.value] for point in client.get_metric_history(run, key)] for key in sorted(found.data.metrics)},
        "tags": found.data.tags,
        "datasets": [[one.dataset.to_dictionary(), {tag.key: tag.value for tag in one.tags}] for one in found.inputs.dataset_inputs],
        "models": sorted((model(one.model_id) for one in found.outputs.model_outputs), key=lambda one: one["name"]) if found.outputs else [],
        "listing": listed(run),
        "files": down(run_id=run)["files"] if listed(run) else {},
    }


def model(model_id):
    found = MlflowClient().get_logged_model(model_id)
    info = mlflow.models.get_model_info(f"models:/{model_id}")
    return {
        "name": found.name, "status": str(found.status), "type": found.model_type, "params": found.params, "tags": found.tags, "run": found.source_run_id,
        "metrics": latest(found.metrics or []),
        "signature": info.signature and info.signature.to_dict(), "flavors": sorted(info.flavors), "files": sorted(down(artifact_uri=f"models:/{model_id}")["files"]),
    }


def latest(metrics):
    """The last of a model's measurements by each name and dataset. MLflow's server lists all of them with the model; Assay those alone, and the others with the run."""
    found = {}
    for metric in sorted(metrics, key=lambda metric: (metric.step, metric.timestamp, metric.value)):
        found[f"{metric.key} {metric.dataset_name} {metric.dataset_digest}"] = [metric.step, metric.value]
    return found


def classes():
    x, y = make_classification(n_samples=200, n_features=4, random_state=0)
    return pd.DataFrame(x.round(6), columns=COLUMNS).assign(label=y)


def trained():
    """`mlflow.autolog()` for scikit-learn and XGBoost: what is fitted logs itself."""
    data, (x, y) = classes(), load_diabetes(return_X_y=True, as_frame=True)
    mlflow.autolog(log_datasets=True, log_input_examples=True, silent=True)
    runs = {}
    with mlflow.start_run(run_name="search", tags={"team": "risk"}) as runs["search"]:
        GridSearchCV(LogisticRegression(max_iter=200), {"C": [0.1, 1.0]}, cv=2).fit(data[COLUMNS], data["label"])
    with mlflow.start_run(run_name="ridge", description="a note") as runs["ridge"]:
        Ridge(alpha=0.5).fit(x, y).score(x[:50], y[:50])
    with mlflow.start_run(run_name="boosted") as runs["boosted"]:
        matrix = xgboost.DMatrix(data[COLUMNS], data["label"])
        xgboost.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1}, matrix, num_boost_round=5, evals=[(matrix, "train")], early_stopping_rounds=2, verbose_eval=False)
    with mlflow.start_run(run_name="broken") as runs["broken"]:
        attempt(lambda: Ridge().fit(x, y[:-1]))
    mlflow.autolog(disable=True)
    return {name: run.info.run_id for name, run in runs.items()}


def evaluated(data):
    """`mlflow.models.evaluate` of a model, of figures alone and of texts; what a threshold says."""

    def far(predictions, targets):
        return float((predictions - targets).abs().max())

    def same(predictions, targets):
        scores = [float(one == other) for one, other in zip(predictions, targets, strict=True)]
        return MetricValue(scores, [f"{score:.0f}, =cmd()" for score in scores], {"mean": sum(scores) / len(scores)})

    def table_of(frame, _metrics, folder):
        frame.head(3).to_csv(os.path.join(folder, "first.csv"), index=False)
        return {"first": os.path.join(folder, "first.csv"), "counts": {"rows": len(frame)}}

    results, runs = {}, {}
    with mlflow.start_run(run_name="of a model") as runs["of a model"]:
        fitted = LogisticRegression().fit(data[COLUMNS], data["label"])
        info = mlflow.sklearn.log_model(fitted, name="classifier", input_example=data[COLUMNS][:2]).model_id
        results["of a model"] = mlflow.models.evaluate(f"models:/{info}", data, targets="label", model_type="classifier", evaluator_config=PLAIN, custom_artifacts=[table_of])
    with mlflow.start_run(run_name="of a dataset") as runs["of a dataset"]:
        dataset = mlflow.data.from_pandas(data.assign(found=fitted.predict(data[COLUMNS])), source="https://example.com/data.csv", name="claims", targets="label", predictions="found")
        results["of a dataset"] = mlflow.evaluate(data=dataset, model_type="classifier", evaluator_config={**PLAIN, "metric_prefix": "held_"})
    with mlflow.start_run(run_name="of figures") as runs["of figures"]:
        x, y = load_diabetes(return_X_y=True, as_frame=True)
        figures = x.assign(y=y, found=Ridge().fit(x, y).predict(x))
        own = make_metric(eval_fn=far, greater_is_better=False, name="farthest")
        results["of figures"] = mlflow.models.evaluate(data=figures, targets="y", predictions="found", model_type="regressor", extra_metrics=[own], evaluator_config=PLAIN)
    with mlflow.start_run(run_name="of texts") as runs["of texts"]:
        texts = pd.DataFrame({"inputs": ["1 + 1", "größe?", "=cmd()"], "truth": ["2", "ja", "no"], "outputs": ["2", "nein", "no"]})
        results["of texts"] = mlflow.models.evaluate(data=texts, targets="truth", predictions="outputs", extra_metrics=[mlflow.metrics.exact_match(), make_metric(eval_fn=same, greater_is_better=True, name="same")])
    thresholds = {"accuracy_score": MetricThreshold(threshold=0.999, greater_is_better=True)}
    return {
        "results": {name: {
            "metrics": result.metrics,
            "artifacts": {key: [artifact.uri, type(artifact).__name__] for key, artifact in result.artifacts.items()},
            "contents": {key: artifact.content for key, artifact in result.artifacts.items() if isinstance(artifact.content, (dict, list))},
            "tables": {key: table(frame) for key, frame in result.tables.items()},
        } for name, result in results.items()},
        "too strict": attempt(lambda: mlflow.validate_evaluation_results(thresholds, results["of a model"])),
        "no such model": attempt(lambda: mlflow.models.evaluate("models:/m-" + "0" * 32, data, targets="label", model_type="classifier")),
        "no such target": attempt(lambda: mlflow.models.evaluate(f"models:/{info}", data, targets="none", model_type="classifier", evaluator_config=PLAIN)),
        "tables of two runs": table(mlflow.load_table("eval_results_table.json", run_ids=[runs["of texts"].info.run_id], extra_columns=["run_id"])),
    }, {name: run.info.run_id for name, run in runs.items()}


SEARCHES = {
    "all": {},
    "by a metric": {"filter_string": "metrics.training_score > 0.5", "order_by": ["metrics.training_score DESC"]},
    "by a param": {"filter_string": "params.alpha = '0.5' and attributes.status = 'FINISHED'"},
    "the newest first": {"filter_string": "attributes.run_name LIKE 'of%'"},
    "by a tag": {"filter_string": "tags.team = 'risk' AND tags.estimator_name LIKE 'Grid%'"},
    "by name": {"filter_string": "run_name ILIKE 'OF %'", "order_by": ["attributes.run_name ASC"]},
    "by a dataset": {"filter_string": "dataset.name = 'claims'"},
    "a few": {"max_results": 2, "filter_string": "attributes.run_name LIKE 'of%'", "order_by": ["attributes.run_name DESC"]},
    "what not all have": {"filter_string": "dataset.name = 'dataset'", "order_by": ["metrics.training_score ASC", "params.C ASC"]},
    "none": {"filter_string": "metrics.none > 1"},
    "removed": {"run_view_type": mlflow.entities.ViewType.DELETED_ONLY},
    "half a filter": {"filter_string": "metrics.m >"},
    "a word for a number": {"filter_string": "metrics.training_score > 'x'"},
    "an unknown field": {"filter_string": "nothing.a = 'x'"},
    "a bad order": {"order_by": ["metrics.m UP"]},
    "no number of rows": {"max_results": -1},
}


def searched(experiment):
    """`mlflow.search_runs` as data frames."""
    found = {}
    for name, search in SEARCHES.items():
        frame = attempt(lambda: mlflow.search_runs([experiment], **search))
        if isinstance(frame, pd.DataFrame):
            # Of runs that began in the same millisecond none comes first; the two of the search did.
            frame = frame.sort_values(["start_time", "params.C"]) if name == "all" else frame
            frame = table(frame[sorted(frame.columns)])
        found[name] = frame
    found["by the experiment's name"] = len(mlflow.search_runs(experiment_names=[mlflow.get_experiment(experiment).name]))
    found["as a list"] = sorted(run.info.run_name for run in mlflow.search_runs([experiment], output_format="list", filter_string="attributes.run_name LIKE 'of%'"))
    found["no such experiment"] = attempt(lambda: table(mlflow.search_runs(["123456789012345678"])))
    found["models"] = attempt(lambda: [[one.name, one.source_run_id] for one in mlflow.search_logged_models([experiment], filter_string="name = 'classifier'", output_format="list")])
    return found


def loaded(runs, data, name):
    """`load_model` by every name of a model; the figures that it gives."""
    client = MlflowClient()
    version = mlflow.register_model(f"runs:/{runs['of a model']}/classifier", name, tags={"k": "v"})
    client.set_registered_model_alias(name, "champion", version.version)
    uris = [f"models:/{name}/{version.version}", f"models:/{name}@champion", f"models:/{name}/latest", f"runs:/{runs['of a model']}/classifier"]
    x, (all_x, _) = data[COLUMNS][:5], load_diabetes(return_X_y=True, as_frame=True)
    return {
        "sklearn": [mlflow.sklearn.load_model(uri).predict_proba(x).tolist() for uri in uris],
        "pyfunc": [mlflow.pyfunc.load_model(uri).predict(x).tolist() for uri in uris],
        "ridge": mlflow.sklearn.load_model(f"runs:/{runs['ridge']}/model").predict(all_x[:5]).tolist(),
        "boosted": mlflow.xgboost.load_model(f"runs:/{runs['boosted']}/model").predict(xgboost.DMatrix(x)).tolist(),
        "another flavor": attempt(lambda: mlflow.xgboost.load_model(uris[0])),
        "a bad input": attempt(lambda: mlflow.pyfunc.load_model(uris[0]).predict(pd.DataFrame({"a": ["x"]}))),
        "version": [version.name, version.version, version.status, version.tags, version.run_id, version.model_id],
        "uri": attempt(lambda: client.get_model_version_download_uri(name, version.version)),
        "none of it": {uri: attempt(lambda: mlflow.sklearn.load_model(uri.format(run=runs["ridge"], name=name))) for uri in [
            "models:/{name}/99", "models:/{name}@none", "models:/none-{name}/1", "models:/{name}/Production", "runs:/{run}/none", "runs:/" + "0" * 32 + "/model", "models:/m-" + "0" * 32,
        ]},
    }


def downloaded(runs):
    """`mlflow.artifacts`: files and folders by each form of address."""
    with mlflow.start_run(run_name="files") as run:
        mlflow.log_text("größe", "notes/a b+c%é.txt")
        mlflow.log_text("", "notes/deep/empty.txt")
        mlflow.log_dict({"a": [1, None]}, "conf.json")
        mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "picture.png")
        mlflow.log_table(pd.DataFrame({"x": [1, 2]}), "table.json")
    run = run.info.run_id
    attempts = {
        "a file": {"run_id": run, "artifact_path": "notes/a b+c%é.txt"},
        "a folder": {"run_id": run, "artifact_path": "notes"},
        "everything": {"run_id": run},
        "by its address": {"artifact_uri": f"runs:/{run}/notes/deep"},
        "by its stored address": {"artifact_uri": f"{mlflow.get_run(run).info.artifact_uri}/conf.json"},
        "none": {"run_id": run, "artifact_path": "none.txt"},
        "above": {"run_id": run, "artifact_path": "../x"},
        "above, in disguise": {"run_id": run, "artifact_path": "notes/%2e%2e/%2e%2e/x"},
        "absolute": {"run_id": run, "artifact_path": "/etc/passwd"},
        "no run": {"run_id": "0" * 32, "artifact_path": "a"},
        "neither": {},
    }
    return {
        "downloads": {name: attempt(lambda: down(**what)) for name, what in attempts.items()},
        "text": mlflow.artifacts.load_text(f"runs:/{run}/notes/a b+c%é.txt"),
        "dict": mlflow.artifacts.load_dict(f"runs:/{run}/conf.json"),
        "image": list(mlflow.artifacts.load_image(f"runs:/{run}/picture.png").size),
        "listed": attempt(lambda: [[one.path, one.is_dir, one.file_size] for one in mlflow.artifacts.list_artifacts(run_id=run, artifact_path="notes")]),
        "listed nowhere": attempt(lambda: [one.path for one in mlflow.artifacts.list_artifacts(run_id=run, artifact_path="none")]),
        "of a file": attempt(lambda: [one.path for one in mlflow.artifacts.list_artifacts(run_id=run, artifact_path="conf.json")]),
        "no dict": attempt(lambda: mlflow.artifacts.load_dict(f"runs:/{run}/notes/a b+c%é.txt")),
    }


def changed(experiment, run):
    """A run that is deleted and restored, runs within runs, and traces."""
    client, found = MlflowClient(), {}
    every = lambda **search: len(mlflow.search_runs([experiment], **search))  # noqa: E731
    client.delete_run(run)
    found["deleted"] = [every(), every(run_view_type=mlflow.entities.ViewType.ALL), client.get_run(run).info.lifecycle_stage]
    found["logged to what is deleted"] = attempt(lambda: client.log_metric(run, "m", 1))
    client.restore_run(run)
    found["restored"] = [every(), client.get_run(run).info.lifecycle_stage]
    found["another value of a param"] = attempt(lambda: client.log_param(run, "alpha", "7"))
    with mlflow.start_run(run_name="parent"), mlflow.start_run(run_name="child", nested=True):
        pass
    found["nested"] = every(filter_string="tags.mlflow.parentRunId != ''")
    mlflow.trace(lambda number: number + 1, name="add")(1)
    mlflow.flush_trace_async_logging()
    traces = mlflow.search_traces(locations=[experiment], return_type="list")
    found["traces"] = [[str(trace.info.state), [[span.name, span.inputs, span.outputs] for span in trace.data.spans]] for trace in traces]
    return found


def script(name):
    """Does all of it in the experiment `name`."""
    experiment = mlflow.set_experiment(name).experiment_id
    data = classes()
    runs = trained()
    evaluations, more = evaluated(data)
    runs |= more
    files = downloaded(runs)
    client = MlflowClient()
    client.delete_run(client.create_run(experiment, run_name="removed").info.run_id)
    return {
        "experiment": experiment,
        "evaluations": evaluations,
        "files": files,
        "loaded": loaded(runs, data, name),
        "runs": {name: held(run) for name, run in runs.items()},
        "children": [held(run.info.run_id) for run in client.search_runs([experiment], f"tags.mlflow.parentRunId = '{runs['search']}'", order_by=["params.C"])],
        "searched": searched(experiment),
        "changed": changed(experiment, runs["ridge"]),
    }
