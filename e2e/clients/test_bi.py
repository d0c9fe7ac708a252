"""What BI people use reads the table of runs, with a token that can read and nothing else: gql, requests and pandas."""
import io
import math
import os

import mlflow
import pandas
import pytest
import requests
from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.requests import RequestsHTTPTransport

URL = os.environ["ASSAY_TEST_URL"]
RUNS = 7
CREATE = "mutation($input: CreateTokenInput!) { createToken(input: $input) { secret } }"


@pytest.fixture(scope="module")
def token(connection):
    """Made as a person makes it: signed in, for reading runs and the names of experiments."""
    with requests.Session() as browser:
        browser.headers["sec-fetch-site"] = "same-origin"
        answer = browser.post(f"{URL}/sign-in", data={"email": connection["email"], "password": connection["password"]}, allow_redirects=False, timeout=30)
        assert answer.status_code == 303, answer.text
        wanted = {"name": "BI", "scopes": ["runs:read", "experiments:read"], "expiresInDays": 1}
        body = browser.post(f"{URL}/graphql", json={"query": CREATE, "variables": {"input": wanted}}, timeout=30).json()
    return body["data"]["createToken"]["secret"]


@pytest.fixture
def experiment(tracking):
    """Runs whose values are hard to carry: a formula, a name with a comma, NaN, an infinity, something missing."""
    for n in range(RUNS):
        with mlflow.start_run(run_name=f"=run({n})"):
            mlflow.log_params({"lr": 0.1 * n, "note": 'a, "b"\nc'})
            mlflow.log_metric("auc", {0: math.nan, 1: math.inf}.get(n, n / 10))
            if n == 2:
                mlflow.log_metric("only here", 1e-300)
    return tracking.experiment_id


@pytest.fixture
def client(token):
    transport = RequestsHTTPTransport(f"{URL}/graphql", headers={"Authorization": f"Bearer {token}"})
    return Client(transport=transport, fetch_schema_from_transport=True)


COLUMNS = ["run_name", "status", "start_time", "duration", "metrics.auc", "metrics.only here", "params.lr AS NUMBER", "params.note"]
NAMES = [name.removesuffix(" AS NUMBER") for name in COLUMNS]
TABLE = """
query ($of: [ID!]!, $columns: [String!], $after: String) {
  runTable(experiments: $of, columns: $columns, orderBy: ["metrics.auc DESC"], first: 3, after: $after) {
    columns { key type }
    rows
    totalCount
    pageInfo { endCursor hasNextPage }
  }
}
"""


def read(client, experiment):
    """All rows, page by page, checked against the schema that the client fetched."""
    rows, after, pages = [], None, 0
    while True:
        query = gql(TABLE)
        query.variable_values = {"of": [experiment], "columns": COLUMNS, "after": after}
        page = client.execute(query)["runTable"]
        rows += page["rows"]
        pages += 1
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return rows, pages, page


def get(token, experiment, ending, **params):
    answer = requests.get(f"{URL}/experiments/{experiment}/table.{ending}", params=params, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    answer.raise_for_status()
    return io.BytesIO(answer.content)


def test_gql_reads_every_page_and_may_change_nothing(client, experiment):
    rows, pages, last = read(client, experiment)
    assert (len(rows), pages, last["totalCount"]) == (RUNS, 3, RUNS)
    assert len({row["run_name"] for row in rows}) == RUNS
    assert [column["key"] for column in last["columns"]] == NAMES == list(rows[0])
    # Infinity is the greatest, NaN comes last; JSON holds neither.
    assert [row["metrics.auc"] for row in rows] == [None, 0.6, 0.5, 0.4, 0.3, 0.2, None]
    with pytest.raises(TransportQueryError, match="experiments:write"):
        client.execute(gql('mutation { createExperiment(name: "by BI") { id } }'))
    with pytest.raises(TransportQueryError, match="runs:write"):
        client.execute(gql('mutation { removeRuns(ids: ["run_00000000000000000000000000000000"]) { id } }'))


def test_pandas_makes_a_frame_of_the_rows(client, experiment):
    frame = pandas.DataFrame(read(client, experiment)[0])
    assert list(frame.columns) == NAMES
    assert frame["metrics.auc"].dtype == "float64" and frame["params.lr"].dtype == "float64"
    assert frame["params.lr"].max() == pytest.approx(0.6)
    times = pandas.to_datetime(frame["start_time"])
    assert str(times.dt.tz) == "UTC" and (pandas.Timestamp.now(tz="UTC") - times).max() < pandas.Timedelta(minutes=10)
    assert frame["metrics.only here"].notna().sum() == 1


@pytest.mark.parametrize("ending, reader", [("csv", pandas.read_csv), ("parquet", pandas.read_parquet), ("arrow", pandas.read_feather)])
def test_pandas_reads_the_files_as_they_come(token, experiment, ending, reader):
    frame = reader(get(token, experiment, ending, columns=",".join(COLUMNS), order="start_time ASC"))
    assert list(frame.columns) == NAMES and len(frame) == RUNS
    assert frame["metrics.auc"].dtype == "float64" and frame["params.lr"].dtype == "float64"
    assert math.isinf(frame["metrics.auc"][1]) and math.isnan(frame["metrics.auc"][0]) and frame["metrics.auc"][6] == 0.6
    assert frame["metrics.only here"][2] == 1e-300 and math.isnan(frame["metrics.only here"][3])
    # Only a spreadsheet runs formulas, and only the form for spreadsheets has a mark before them.
    assert frame["run_name"][3] == ("'=run(3)" if ending == "csv" else "=run(3)")
    assert frame["params.note"][3] == 'a, "b"\nc'
    times = frame["start_time"]
    if ending == "csv":
        times = pandas.to_datetime(times)
    assert str(times.dt.tz) == "UTC" and times.is_monotonic_increasing
    assert (frame["duration"] >= 0).all()


def test_a_file_is_narrowed_as_the_table_is(token, experiment):
    frame = pandas.read_csv(get(token, experiment, "csv", filter="metrics.auc > 0.35 AND params.note LIKE 'a%'", columns="run_name"))
    assert sorted(frame["run_name"]) == ["'=run(1)", "'=run(4)", "'=run(5)", "'=run(6)"]


def test_a_token_that_may_not_read_runs_gets_no_file(connection, experiment):
    answer = requests.get(f"{URL}/experiments/{experiment}/table.csv", headers={"Authorization": "Bearer asy_nothing"}, timeout=30)
    assert answer.status_code == 401 and "run_name" not in answer.text
