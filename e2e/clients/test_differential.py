"""The same requests to MLflow's own server and to Assay: answers are equal once ids and times are masked.

Of a refusal the code is compared: the words are each server's own.
"""
import json
import os
import re

import requests

# In order: a name, the verb, the path below /api/2.0/mlflow/, the fields. `$x` stands for what an earlier answer held (KEEP).
CALLS = [
    ("default experiment", "GET", "experiments/get", {"experiment_id": "0"}),
    ("unknown experiment", "GET", "experiments/get-by-name", {"experiment_name": "$unique none"}),
    ("create experiment", "POST", "experiments/create", {"name": "$unique", "tags": [{"key": "team", "value": "risk"}]}),
    ("create it again", "POST", "experiments/create", {"name": "$unique"}),
    ("create without a name", "POST", "experiments/create", {"name": ""}),
    ("create with a long name", "POST", "experiments/create", {"name": "x" * 501}),
    ("get it", "GET", "experiments/get", {"experiment_id": "$experiment"}),
    ("get it by name", "GET", "experiments/get-by-name", {"experiment_name": "$unique"}),
    ("search without a limit", "POST", "experiments/search", {}),
    ("search experiments", "POST", "experiments/search", {"max_results": 5, "filter": "name = '$unique'"}),
    ("search by tag", "POST", "experiments/search", {"max_results": 5, "filter": "tags.team = 'risk' AND name LIKE '$unique%'"}),
    ("search by nothing known", "POST", "experiments/search", {"max_results": 5, "filter": "unknown = 'x'"}),
    ("tag it", "POST", "experiments/set-experiment-tag", {"experiment_id": "$experiment", "key": "a", "value": "1"}),
    ("untag it", "POST", "experiments/delete-experiment-tag", {"experiment_id": "$experiment", "key": "a"}),
    ("untag it again", "POST", "experiments/delete-experiment-tag", {"experiment_id": "$experiment", "key": "a"}),
    ("rename it", "POST", "experiments/update", {"experiment_id": "$experiment", "new_name": "$unique renamed"}),
    ("create a run", "POST", "runs/create", {"experiment_id": "$experiment", "run_name": "first", "start_time": 1, "user_id": "ada", "tags": [{"key": "k", "value": "v"}]}),
    ("create a run nowhere", "POST", "runs/create", {"experiment_id": "123456789", "start_time": 1}),
    ("a run of two names", "POST", "runs/create", {"experiment_id": "$experiment", "run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]}),
    ("log a param", "POST", "runs/log-parameter", {"run_id": "$run", "key": "p", "value": "one"}),
    ("log it again", "POST", "runs/log-parameter", {"run_id": "$run", "key": "p", "value": "one"}),
    ("change it", "POST", "runs/log-parameter", {"run_id": "$run", "key": "p", "value": "two"}),
    ("log a metric", "POST", "runs/log-metric", {"run_id": "$run", "key": "m", "value": 0.5, "timestamp": 10, "step": 1}),
    ("log what is no number", "POST", "runs/log-metric", {"run_id": "$run", "key": "nan", "value": "NaN", "timestamp": 10}),
    ("a metric without a time", "POST", "runs/log-metric", {"run_id": "$run", "key": "m", "value": 1}),
    ("a metric that is a word", "POST", "runs/log-metric", {"run_id": "$run", "key": "m", "value": "x", "timestamp": 1}),
    ("a bad key", "POST", "runs/log-metric", {"run_id": "$run", "key": "../m", "value": 1, "timestamp": 1}),
    ("log a batch", "POST", "runs/log-batch", {"run_id": "$run", "metrics": [{"key": "m", "value": 0.25, "timestamp": 20, "step": 2}], "params": [{"key": "q", "value": "x"}], "tags": [{"key": "t", "value": "u"}]}),
    ("a batch too large", "POST", "runs/log-batch", {"run_id": "$run", "params": [{"key": f"p{n}", "value": "1"} for n in range(101)]}),
    ("set a tag", "POST", "runs/set-tag", {"run_id": "$run", "key": "gone", "value": "v"}),
    ("delete a tag", "POST", "runs/delete-tag", {"run_id": "$run", "key": "gone"}),
    ("delete it again", "POST", "runs/delete-tag", {"run_id": "$run", "key": "gone"}),
    ("log inputs", "POST", "runs/log-inputs", {"run_id": "$run", "datasets": [{"dataset": {"name": "d", "digest": "abc", "source_type": "local", "source": "{}"}, "tags": [{"key": "mlflow.data.context", "value": "training"}]}]}),
    ("history", "GET", "metrics/get-history", {"run_id": "$run", "metric_key": "m", "max_results": 25000}),
    ("history of nothing", "GET", "metrics/get-history", {"run_id": "$run", "metric_key": "none", "max_results": 25000}),
    ("get the run", "GET", "runs/get", {"run_id": "$run"}),
    ("get no run", "GET", "runs/get", {"run_id": "0" * 32}),
    ("search runs", "POST", "runs/search", {"experiment_ids": ["$experiment"], "filter": "metrics.m < 0.3 and params.p = 'one' AND tags.t LIKE 'u%'"}),
    ("search by dataset", "POST", "runs/search", {"experiment_ids": ["$experiment"], "filter": "dataset.name = 'd' and datasets.context IN ('training')"}),
    ("search and find none", "POST", "runs/search", {"experiment_ids": ["$experiment"], "filter": "metrics.nan > 0"}),
    ("search what is no number", "POST", "runs/search", {"experiment_ids": ["$experiment"], "filter": "metrics.m > 'x'"}),
    ("search with a bad operator", "POST", "runs/search", {"experiment_ids": ["$experiment"], "filter": "params.p > '1'"}),
    ("search with half a filter", "POST", "runs/search", {"experiment_ids": ["$experiment"], "filter": "params.p ="}),
    ("search a blank", "POST", "runs/search", {"experiment_ids": ["$experiment"], "filter": "  "}),
    ("search too many", "POST", "runs/search", {"experiment_ids": ["$experiment"], "max_results": 50001}),
    ("search by a bad order", "POST", "runs/search", {"experiment_ids": ["$experiment"], "order_by": ["metrics.m UP"]}),
    ("search by a bad token", "POST", "runs/search", {"experiment_ids": ["$experiment"], "page_token": "nonsense"}),
    ("finish it", "POST", "runs/update", {"run_id": "$run", "status": "FINISHED", "end_time": 30, "run_name": "renamed"}),
    ("delete the run", "POST", "runs/delete", {"run_id": "$run"}),
    ("write to it", "POST", "runs/set-tag", {"run_id": "$run", "key": "k", "value": "v"}),
    ("find it deleted", "POST", "runs/search", {"experiment_ids": ["$experiment"], "run_view_type": "DELETED_ONLY"}),
    ("restore the run", "POST", "runs/restore", {"run_id": "$run"}),
    ("log a model", "POST", "logged-models", {"experiment_id": "$experiment", "name": "m", "source_run_id": "$run", "model_type": "x", "params": [{"key": "a", "value": "one"}], "tags": [{"key": "t", "value": "v"}]}),
    ("a model of a bad name", "POST", "logged-models", {"experiment_id": "$experiment", "name": "a/b"}),
    ("get the model", "GET", "logged-models/$logged", {}),
    ("finish the model", "PATCH", "logged-models/$logged", {"model_id": "$logged", "status": "LOGGED_MODEL_READY"}),
    ("a model of no such run", "GET", "logged-models/m-" + "0" * 32, {}),
    ("tag the model", "PATCH", "logged-models/$logged/tags", {"model_id": "$logged", "tags": [{"key": "u", "value": "w"}]}),
    ("untag the model", "DELETE", "logged-models/$logged/tags/u", {}),
    ("search models", "POST", "logged-models/search", {"experiment_ids": ["$experiment"], "filter": "name = 'm' AND params.a = 'one'"}),
    ("its output", "POST", "runs/outputs", {"run_id": "$run", "models": [{"model_id": "$logged", "step": 0}]}),
    ("the run with it", "GET", "runs/get", {"run_id": "$run"}),
    ("register a name", "POST", "registered-models/create", {"name": "$unique model", "description": "d", "tags": [{"key": "k", "value": "v"}]}),
    ("register it again", "POST", "registered-models/create", {"name": "$unique model"}),
    ("register a bad name", "POST", "registered-models/create", {"name": "a/b"}),
    ("a version", "POST", "model-versions/create", {"name": "$unique model", "source": "models:/$logged", "model_id": "$logged", "tags": [{"key": "k", "value": "v"}]}),
    ("a version of a file", "POST", "model-versions/create", {"name": "$unique model", "source": "/etc", "run_id": "$run"}),
    ("a version of a page", "POST", "model-versions/create", {"name": "$unique model", "source": "http://127.0.0.1/x"}),
    ("a version of no model", "POST", "model-versions/create", {"name": "$unique none", "source": "models:/$logged", "model_id": "$logged"}),
    ("get the version", "GET", "model-versions/get", {"name": "$unique model", "version": "1"}),
    ("get no version", "GET", "model-versions/get", {"name": "$unique model", "version": "9"}),
    ("get a word", "GET", "model-versions/get", {"name": "$unique model", "version": "x"}),
    ("alias", "POST", "registered-models/alias", {"name": "$unique model", "alias": "champion", "version": "1"}),
    ("a reserved alias", "POST", "registered-models/alias", {"name": "$unique model", "alias": "latest", "version": "1"}),
    ("by alias", "GET", "registered-models/alias", {"name": "$unique model", "alias": "champion"}),
    ("by no alias", "GET", "registered-models/alias", {"name": "$unique model", "alias": "none"}),
    ("stage", "POST", "model-versions/transition-stage", {"name": "$unique model", "version": "1", "stage": "staging", "archive_existing_versions": False}),
    ("a bad stage", "POST", "model-versions/transition-stage", {"name": "$unique model", "version": "1", "stage": "Live", "archive_existing_versions": False}),
    ("latest", "POST", "registered-models/get-latest-versions", {"name": "$unique model"}),
    ("describe", "PATCH", "registered-models/update", {"name": "$unique model", "description": "e"}),
    ("describe the version", "PATCH", "model-versions/update", {"name": "$unique model", "version": "1", "description": "f"}),
    ("tag the version", "POST", "model-versions/set-tag", {"name": "$unique model", "version": "1", "key": "a", "value": "b"}),
    ("untag the version", "DELETE", "model-versions/delete-tag", {"name": "$unique model", "version": "1", "key": "none"}),
    ("get the model by name", "GET", "registered-models/get", {"name": "$unique model"}),
    ("search registered models", "GET", "registered-models/search", {"filter": "name = '$unique model' AND tags.k = 'v'"}),
    ("search versions", "GET", "model-versions/search", {"filter": "name = '$unique model' AND version_number >= 1"}),
    ("search versions badly", "GET", "model-versions/search", {"filter": "nonsense = 'x'"}),
    ("rename the model", "POST", "registered-models/rename", {"name": "$unique model", "new_name": "$unique other"}),
    ("the old name", "GET", "registered-models/get", {"name": "$unique model"}),
    ("delete the version", "DELETE", "model-versions/delete", {"name": "$unique other", "version": "1"}),
    ("delete the model", "DELETE", "registered-models/delete", {"name": "$unique other"}),
    ("delete the logged model", "DELETE", "logged-models/$logged", {}),
    ("delete the experiment", "POST", "experiments/delete", {"experiment_id": "$experiment"}),
    ("a run in it", "POST", "runs/create", {"experiment_id": "$experiment", "start_time": 1}),
    ("restore the experiment", "POST", "experiments/restore", {"experiment_id": "$experiment"}),
    ("its run", "GET", "runs/get", {"run_id": "$run"}),
    ("a trace", "POST", "traces", {"trace": {"trace_info": {"trace_id": "tr-$hex", "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "$experiment"}}, "request_time": "2026-01-02T03:04:05.678Z", "execution_duration": "1.5s", "state": "OK", "request_preview": "q", "tags": {"mlflow.traceName": "n"}, "trace_metadata": {"k": "v"}}}}),
    ("get the trace", "GET", "traces/tr-$hex", {}),
    ("get no trace", "GET", "traces/tr-" + "0" * 32, {}),
    ("tag the trace", "PATCH", "traces/tr-$hex/tags", {"request_id": "tr-$hex", "key": "a", "value": "b"}),
    ("search traces", "POST", "traces/search", {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "$experiment"}}], "filter": "trace.status = 'OK' AND tags.a = 'b'"}),
    ("search traces badly", "POST", "traces/search", {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "$experiment"}}], "filter": "trace.nothing = 'OK'"}),
    ("judge the trace", "POST", "traces/tr-$hex/assessments", {"assessment": {"assessment_name": "good", "trace_id": "tr-$hex", "source": {"source_type": "HUMAN", "source_id": "ada"}, "create_time": "2026-01-02T03:04:05Z", "last_update_time": "2026-01-02T03:04:05Z", "feedback": {"value": True}}}),
    ("search traces by a pattern", "POST", "traces/search", {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "$experiment"}}], "filter": "tags.a RLIKE '^[b]$' AND name RLIKE 'n'"}),
    ("count the traces", "POST", "traces/metrics", {"experiment_ids": ["$experiment"], "view_type": "TRACES", "metric_name": "trace_count", "aggregations": [{"aggregation_type": "COUNT"}], "dimensions": ["trace_name", "trace_status"], "filters": ["trace.tag.a = 'b'"]}),
    ("count them by hour", "POST", "traces/metrics", {"experiment_ids": ["$experiment"], "view_type": "TRACES", "metric_name": "latency", "aggregations": [{"aggregation_type": "PERCENTILE", "percentile_value": 50}, {"aggregation_type": "AVG"}], "time_interval_seconds": 3600, "start_time_ms": 0, "end_time_ms": 1900000000000}),
    ("count none", "POST", "traces/metrics", {"experiment_ids": ["$experiment"], "view_type": "SPANS", "metric_name": "span_count", "aggregations": [{"aggregation_type": "COUNT"}]}),
    ("count judgements", "POST", "traces/metrics", {"experiment_ids": ["$experiment"], "view_type": "ASSESSMENTS", "metric_name": "assessment_count", "aggregations": [{"aggregation_type": "COUNT"}], "dimensions": ["assessment_name", "assessment_value"]}),
    ("weigh judgements", "POST", "traces/metrics", {"experiment_ids": ["$experiment"], "view_type": "ASSESSMENTS", "metric_name": "assessment_value", "aggregations": [{"aggregation_type": "AVG"}]}),
    ("count what is no metric", "POST", "traces/metrics", {"experiment_ids": ["$experiment"], "view_type": "TRACES", "metric_name": "none", "aggregations": [{"aggregation_type": "COUNT"}]}),
    ("sum a latency", "POST", "traces/metrics", {"experiment_ids": ["$experiment"], "view_type": "TRACES", "metric_name": "latency", "aggregations": [{"aggregation_type": "SUM"}]}),
    ("divide by a strange dimension", "POST", "traces/metrics", {"experiment_ids": ["$experiment"], "view_type": "TRACES", "metric_name": "latency", "aggregations": [{"aggregation_type": "AVG"}], "dimensions": ["trace_status"]}),
    ("filter another view", "POST", "traces/metrics", {"experiment_ids": ["$experiment"], "view_type": "TRACES", "metric_name": "trace_count", "aggregations": [{"aggregation_type": "COUNT"}], "filters": ["span.name = 'x'"]}),
    ("an interval without a period", "POST", "traces/metrics", {"experiment_ids": ["$experiment"], "view_type": "TRACES", "metric_name": "trace_count", "aggregations": [{"aggregation_type": "COUNT"}], "time_interval_seconds": 60}),
    ("correlate filters", "POST", "traces/calculate-filter-correlation", {"experiment_ids": ["$experiment"], "filter_string1": "trace.status = 'OK'", "filter_string2": "tags.a = 'b'"}),
    ("correlate with nothing", "POST", "traces/calculate-filter-correlation", {"experiment_ids": ["$experiment"], "filter_string1": "trace.status = 'ERROR'", "filter_string2": "tags.a = 'b'", "base_filter": "timestamp_ms > 0"}),
    ("correlate badly", "POST", "traces/calculate-filter-correlation", {"experiment_ids": ["$experiment"], "filter_string1": "trace.nothing = 'ERROR'", "filter_string2": "tags.a = 'b'"}),
    ("link prompts", "POST", "traces/link-prompts", {"trace_id": "tr-$hex", "prompt_versions": [{"name": "p", "version": "1"}]}),
    ("link prompts to nothing", "POST", "traces/link-prompts", {"trace_id": "tr-" + "0" * 32, "prompt_versions": [{"name": "p", "version": "1"}]}),
    ("search by the prompt", "POST", "traces/search", {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "$experiment"}}], "filter": "prompt = 'p/1'"}),
    ("delete the trace", "POST", "traces/delete-traces", {"experiment_id": "$experiment", "request_ids": ["tr-$hex"]}),
]

# What later calls need of an answer.
KEEP = {
    "create experiment": ("experiment", lambda body: body["experiment_id"]),
    "create a run": ("run", lambda body: body["run"]["info"]["run_id"]),
    "log a model": ("logged", lambda body: body["model"]["info"]["model_id"]),
}

# Where Assay says more than MLflow on purpose, and what.
MORE = {
    "tag the model": "the model as it is then",
    "describe": "the aliases of the versions it shows",
    "get the model by name": "as above",
    "search registered models": "as above",
    "search versions": "as above",
    "rename the model": "as above",
}

TIMES = re.compile(r"(^|_)(time|timestamp|time_ms|timestamp_ms)$")
# Fields that MLflow's own store leaves out or fills with its own words.
OWN = {
    "artifact_location", "artifact_uri", "workspace", "user_id", "model_id", "assessment_id",
    "mlflow.artifactLocation", "mlflow.linkedPrompts", "mlflow.trace.infoFinalized", "mlflow.trace.spansLocation",
}


def mask(value, names):
    """A value with its ids, names and times replaced, and without what each server words for itself."""
    if isinstance(value, dict):
        tags = {"key", "value"} == set(value)
        if tags and value["key"] in ("mlflow.artifactLocation", "mlflow.modelVersions"):
            return None
        kept = {}
        for key, one in value.items():
            if key == "experiment_id" and one == names.get("experiment"):
                kept[key] = "$experiment"
            elif key not in OWN:
                kept[key] = "T" if TIMES.search(key) and key not in ("start_time", "end_time", "request_time") else mask(one, names)
        return {key: one for key, one in kept.items() if one not in (None, [], {}, "")}
    if isinstance(value, list):
        masked = [one for one in (mask(one, names) for one in value) if one is not None]
        return sorted(masked, key=json.dumps) if all(isinstance(one, dict) for one in masked) else masked
    if isinstance(value, str):
        for name, own in sorted(names.items(), key=lambda pair: -len(pair[1])):
            if name != "experiment":
                value = value.replace(own, f"${name}")
    return value


class Server:
    def __init__(self, url, headers):
        self.url, self.headers = url, headers
        token = os.urandom(16).hex()
        self.names = {"unique": f"diff-{token[:8]}", "hex": token}

    def fill(self, value):
        text = json.dumps(value)
        for name, own in self.names.items():
            text = text.replace(f"${name}", own)
        return json.loads(text)

    def call(self, name, verb, path, fields):
        path, fields = self.fill(path), self.fill(fields)
        sent = {"params": fields} if verb == "GET" else {"json": fields}
        newer = path.startswith("traces") and not path.startswith(("traces/delete", "traces/link")) and not path.endswith("tags")
        url = f"{self.url}/api/{'3.0' if newer else '2.0'}/mlflow/{path}"
        answer = requests.request(verb, url, headers=self.headers, timeout=60, **sent)
        body = answer.json() if answer.text else {}
        if answer.status_code == 200 and name in KEEP:
            key, pick = KEEP[name]
            self.names[key] = pick(body)
        return answer.status_code, body


def outcome(server, call):
    """What is compared: of a success the body, of a refusal its code."""
    status, body = server.call(*call)
    if status == 200:
        return mask(body, server.names)
    return {"error": body.get("error_code")}


def holds(ours, theirs):
    """Whether an answer says all that another says."""
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and all(key in ours and holds(ours[key], one) for key, one in theirs.items())
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(holds, ours, theirs))
    return ours == theirs


def test_answers_equal_those_of_mlflows_own_server(mlflow_server, connection):
    mlflow, assay = Server(mlflow_server, {}), Server(os.environ["ASSAY_TEST_URL"], {"Authorization": f"Bearer {connection['token']}"})
    differences = []
    for call in CALLS:
        theirs, ours = outcome(mlflow, call), outcome(assay, call)
        if not (holds(ours, theirs) if call[0] in MORE else ours == theirs):
            differences.append(f"{call[0]}:\n  MLflow {json.dumps(theirs, sort_keys=True)}\n  Assay  {json.dumps(ours, sort_keys=True)}")
    assert not differences, "\n".join(differences)
