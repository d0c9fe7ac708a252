"""sqlmap, a program that looks for ways into a database through what is asked, at its most thorough against every parameter that reaches one."""
import json
import os
import re
import subprocess
import sys
import uuid

import pytest
import requests

PATIENCE = 1800  # seconds for one question
EVERYTHING = ["--level=5", "--risk=3", "--batch", "--flush-session", "--disable-coloring", "--skip-waf", "--delay=0.02"]
# Answers to what is no question are refusals; what hides a fault is not among them.
REFUSALS = "--ignore-code=400,401,403,404,405,409,413,414,422"

# A name, the verb, the path, and the body of a POST. `*` is where sqlmap writes; `$experiment`, `$run` and `$model` are what stands in the database.
QUESTIONS = [
    ("filter of runs", "POST", "/api/2.0/mlflow/runs/search", {"experiment_ids": ["$experiment"], "filter": "params.a = '1*'"}),
    ("filter of runs, bare", "POST", "/api/2.0/mlflow/runs/search", {"experiment_ids": ["$experiment"], "filter": "metrics.m > 0*"}),
    ("name in a filter", "POST", "/api/2.0/mlflow/runs/search", {"experiment_ids": ["$experiment"], "filter": 'params."a*" = \'1\''}),
    ("order of runs", "POST", "/api/2.0/mlflow/runs/search", {"experiment_ids": ["$experiment"], "order_by": ["metrics.m*"]}),
    ("experiment of runs", "POST", "/api/2.0/mlflow/runs/search", {"experiment_ids": ["$experiment*"]}),
    ("page of runs", "POST", "/api/2.0/mlflow/runs/search", {"experiment_ids": ["$experiment"], "page_token": "*"}),
    ("filter of experiments", "POST", "/api/2.0/mlflow/experiments/search", {"max_results": 5, "filter": "name = '*'"}),
    ("order of experiments", "POST", "/api/2.0/mlflow/experiments/search", {"max_results": 5, "order_by": ["name*"]}),
    ("name of an experiment", "GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=x*", None),
    ("id of a run", "GET", "/api/2.0/mlflow/runs/get?run_id=$run*", None),
    ("key of a history", "GET", "/api/2.0/mlflow/metrics/get-history?run_id=$run&metric_key=m*", None),
    ("folder of files", "GET", "/api/2.0/mlflow/artifacts/list?run_id=$run&path=a*", None),
    ("path of a file", "GET", "/api/2.0/mlflow-artifacts/artifacts/0/$run/artifacts/a*", None),
    ("filter of models", "GET", "/api/2.0/mlflow/registered-models/search?filter=name%20%3D%20'*'", None),
    ("filter of versions", "GET", "/api/2.0/mlflow/model-versions/search?filter=name%20%3D%20'*'", None),
    ("name of a model", "GET", "/api/2.0/mlflow/registered-models/get?name=$model*", None),
    ("alias of a model", "GET", "/api/2.0/mlflow/registered-models/alias?name=$model&alias=a*", None),
    ("filter of logged models", "POST", "/api/2.0/mlflow/logged-models/search", {"experiment_ids": ["$experiment"], "filter": "name = '*'"}),
    ("order of logged models", "POST", "/api/2.0/mlflow/logged-models/search", {"experiment_ids": ["$experiment"], "order_by": [{"field_name": "metrics.m*"}]}),
    ("filter of traces", "POST", "/api/3.0/mlflow/traces/search", {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "$experiment"}}], "filter": "tag.a = '*'"}),
    ("project", "GET", "/api/2.0/mlflow/workspaces/x*", None),
    ("id in GraphQL", "POST", "/graphql", {"query": "query($of: ID!) { run(id: $of) { id } }", "variables": {"of": "$run*"}}),
    ("filter in GraphQL", "POST", "/graphql", {"query": "query($of: ID!, $filter: String) { experiment(id: $of) { runs(first: 5, filter: $filter) { nodes { id } } } }", "variables": {"of": "$id", "filter": "params.a = '1*'"}}),
    ("key of a column", "POST", "/graphql", {"query": "query($of: [ID!]!, $columns: [String!]) { runTable(experiments: $of, columns: $columns, first: 5) { rows } }", "variables": {"of": ["$id"], "columns": ["metrics.m*"]}}),
    ("words of the palette", "POST", "/graphql", {"query": "query($text: String!) { search(text: $text) { id } }", "variables": {"text": "a*"}}),
    ("act in the audit log", "POST", "/graphql", {"query": "query($filter: AuditFilter) { auditEntries(first: 5, filter: $filter) { nodes { sequence } } }", "variables": {"filter": {"action": "run.create*"}}}),
    ("actor in the audit log", "POST", "/graphql", {"query": "query($filter: AuditFilter) { auditEntries(first: 5, filter: $filter) { nodes { sequence } } }", "variables": {"filter": {"actor": "a*"}}}),
    ("filter of a download", "GET", "/experiments/$id/table.csv?filter=params.a%20%3D%20'1*'", None),
    ("filter of the page", "GET", "/experiments/$id?filter=params.a%20%3D%20'1*'", None),
    ("address that signs in", "POST", "/sign-in", "email=a*&password=b"),
    ("token", "GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", {"Authorization": "Bearer assay_*"}),
]


@pytest.fixture(scope="module")
def stored(connection):
    """Something to find."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {connection['token']}"

    def post(path, body):
        answer = session.post(f"{os.environ['ASSAY_TEST_URL']}/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    unique = uuid.uuid4().hex
    experiment = post("api/2.0/mlflow/experiments/create", {"name": unique})["experiment_id"]
    run = post("api/2.0/mlflow/runs/create", {"experiment_id": experiment, "start_time": 1})["run"]["info"]["run_id"]
    point = {"key": "m", "value": 1, "timestamp": 1}
    post("api/2.0/mlflow/runs/log-batch", {"run_id": run, "params": [{"key": "a", "value": "1"}], "metrics": [point]})
    post("api/2.0/mlflow/registered-models/create", {"name": unique})
    return {"$experiment": experiment, "$run": run, "$model": unique, "$id": f"exp_{experiment}"}


@pytest.mark.skipif("ASSAY_TEST_SQLMAP" not in os.environ, reason="thousands of requests for each of its questions: the better part of an hour")
@pytest.mark.parametrize("question", QUESTIONS, ids=[name for name, *_ in QUESTIONS])
def test_t34_nothing_asked_reaches_the_database_as_a_statement(question, stored, connection, tmp_path):
    _, verb, path, body = question
    url = os.environ["ASSAY_TEST_URL"] + filled(path, stored)
    headers, sent = {"Authorization": f"Bearer {connection['token']}"}, None
    if verb == "GET":
        headers |= body or {}
    elif isinstance(body, str):
        headers, sent = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}, body
    else:
        headers["Content-Type"], sent = "application/json", filled(json.dumps(body), stored)

    # What is asked before anything is written into it is a question: one that is refused as none would be proof of nothing.
    plain = {name: value.replace("*", "") for name, value in headers.items()}
    answer = requests.request(verb, url.replace("*", ""), data=sent and sent.replace("*", ""), headers=plain, timeout=30, allow_redirects=False)
    assert answer.status_code < 500 and not any(word in answer.text for word in ('"errors"', "ENDPOINT_NOT_FOUND")), answer.text

    options = ["-u", url, f"--method={verb}", *([f"--data={sent}"] if sent else []), *(f"--header={name}: {value}" for name, value in headers.items())]
    command = [sys.executable, os.path.join(os.environ["ASSAY_TEST_SQLMAP"], "sqlmap", "sqlmap.py"), *options, *EVERYTHING, REFUSALS, f"--output-dir={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    assert "do not appear to be injectable" in done.stdout, done.stdout[-3000:]
    answers = dict(re.findall(r"(\d{3}) \([^)]*\) - (\d+) times", done.stdout))
    assert not {code for code in answers if code == "429" or code >= "500"}, answers


def filled(text, stored):
    for name, value in stored.items():
        text = text.replace(name, value)
    return text
