"""What a data scientist does in an afternoon, against whatever server is given: `same_script.py ADDRESS UNIQUE`. Prints what it saw as JSON, with nothing in it
that no two servers have in common: ids, times and addresses.
"""
import json
import logging
import os
import sys
import warnings
from pathlib import Path

os.environ.update(MLFLOW_HTTP_REQUEST_MAX_RETRIES="0", GIT_PYTHON_REFRESH="quiet", MPLBACKEND="Agg")
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import mlflow  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from sklearn.datasets import load_iris  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402

ALL = 3  # mlflow.entities.ViewType.ALL


def train(x, y):
    mlflow.sklearn.autolog(silent=True)
    with mlflow.start_run(run_name="trained") as run:
        model = LogisticRegression(max_iter=300).fit(x, y)
    mlflow.sklearn.autolog(disable=True)
    return model, run.info.run_id


def evaluate(model, x, y, name):
    """Logs and registers the model, evaluates it, and logs one of everything else."""
    with mlflow.start_run(run_name="evaluated") as run:
        logged = mlflow.sklearn.log_model(model, name="model", input_example=x[:3], registered_model_name=name)
        data = x.assign(target=y)
        result = mlflow.models.evaluate(
            logged.model_uri, data, targets="target", model_type="classifier", evaluators="default", evaluator_config={"log_explainer": False}
        )
        mlflow.log_dict({"a": 1}, "folder/small.json")
        mlflow.log_text("hello", "note.txt")
        mlflow.log_table({"a": [1, 2]}, "table.json")
        mlflow.log_input(mlflow.data.from_pandas(data, name="iris", targets="target"), context="training")
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
    return run.info.run_id, result


def files(client, run, folder=""):
    for file in client.list_artifacts(run, folder):
        yield from files(client, run, file.path) if file.is_dir else [file.path]


def rounded(metrics):
    return {key: round(float(value), 9) for key, value in metrics.items()}


def run_as_seen(client, run):
    run = client.get_run(run)
    return {
        "name": run.info.run_name, "status": run.info.status, "params": run.data.params, "metrics": rounded(run.data.metrics), "tags": sorted(run.data.tags),
        "inputs": sorted([one.dataset.name, one.dataset.digest, one.dataset.source_type, [[tag.key, tag.value] for tag in one.tags]] for one in run.inputs.dataset_inputs),
        "models": [len(run.inputs.model_inputs), len(run.outputs.model_outputs)],
        "files": sorted(files(client, run.info.run_id)),
    }


def refusal(ask, *asked, **named):
    try:
        ask(*asked, **named)
    except MlflowException as error:
        return error.error_code
    return "none"


def main(address, unique):
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    experiment = mlflow.set_experiment(f"experiment {unique}")
    client, name = mlflow.MlflowClient(), f"model {unique}"
    search = lambda **asked: mlflow.search_runs(experiment_ids=[experiment.experiment_id], **asked)  # noqa: E731
    x, y = load_iris(return_X_y=True, as_frame=True)
    model, trained = train(x, y)
    evaluated, result = evaluate(model, x, y, name)
    seen = {"trained": run_as_seen(client, trained), "evaluated": run_as_seen(client, evaluated)}
    seen["evaluation"] = [rounded(result.metrics), sorted(result.artifacts)]
    seen["history"] = [[point.step, point.value] for point in client.get_metric_history(evaluated, "loss")]

    found = search(order_by=["attributes.run_name"])
    seen["columns"], seen["names"] = sorted(found.columns), list(found["tags.mlflow.runName"])
    for wish in ("metrics.loss < 0.5 and params.max_iter != 'x'", "params.max_iter = '300'", "datasets.name = 'iris'", "attributes.status = 'FAILED'", "tags.mlflow.runName LIKE 'eval%'"):
        seen[wish] = len(search(filter_string=wish))
    seen["refused"] = [
        refusal(search, filter_string="bogus ~ 3"), refusal(client.get_run, "0" * 32), refusal(client.log_param, trained, "max_iter", "7"),
        refusal(client.get_registered_model, "none of that name"), refusal(mlflow.artifacts.download_artifacts, run_id=trained, artifact_path="none"),
    ]

    # Of a model's metric MLflow keeps every value, Assay the latest of each run and data set: evaluating logs each twice.
    models = mlflow.search_logged_models(output_format="list", experiment_ids=[experiment.experiment_id])
    seen["models"] = sorted([one.name, str(one.status), one.model_type, sorted({metric.key for metric in one.metrics or []}), one.params, sorted(one.tags)] for one in models)
    [version] = client.search_model_versions(f"name = '{name}'")
    seen["version"] = [version.version, version.status, version.current_stage, version.aliases, version.tags, version.run_id == evaluated]
    client.set_registered_model_alias(name, "champion", version.version)
    for address in (f"models:/{name}@champion", f"models:/{name}/1", f"runs:/{evaluated}/model"):
        seen[address.replace(evaluated, "")] = [mlflow.sklearn.load_model(address).predict(x[::30]).tolist(), mlflow.pyfunc.load_model(address).predict(x[::30]).tolist()]
    seen["downloads"] = [
        Path(mlflow.artifacts.download_artifacts(run_id=evaluated, artifact_path="folder/small.json")).read_text(),
        Path(mlflow.artifacts.download_artifacts(artifact_uri=f"runs:/{evaluated}/note.txt")).read_text(),
        mlflow.artifacts.load_text(f"{client.get_run(evaluated).info.artifact_uri}/note.txt"),
        mlflow.load_table("table.json", run_ids=[evaluated]).to_dict(),
    ]

    client.delete_run(trained)
    seen["deleted"] = [len(search()), len(search(run_view_type=ALL)), client.get_run(trained).info.lifecycle_stage]
    client.restore_run(trained)
    with mlflow.start_run(run_name="parent"), mlflow.start_run(run_name="child", nested=True):
        pass
    seen["nested"] = len(search(filter_string="tags.mlflow.parentRunId != ''"))

    mlflow.trace(lambda number: number + 1, name="add")(1)
    mlflow.flush_trace_async_logging()
    traces = mlflow.search_traces(locations=[experiment.experiment_id], return_type="list")
    seen["traces"] = [[str(trace.info.state), [span.name for span in trace.data.spans]] for trace in traces]
    return seen


if __name__ == "__main__":
    seen = main(*sys.argv[1:])
    print("\n" + json.dumps(seen, sort_keys=True, default=str).replace(sys.argv[2], ""))
