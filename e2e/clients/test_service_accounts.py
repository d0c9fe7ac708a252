"""The unmodified client with a token of a service account: it logs, as nobody but the account."""
import os
import uuid

import mlflow
import pytest
import requests

MAKE = "mutation($input: ServiceAccountInput!) { createServiceAccount(input: $input) { id } }"
TOKEN = """mutation($account: ID!, $input: CreateTokenInput!) {
  createServiceAccountToken(account: $account, input: $input) { secret }
}"""
RUN = "query($id: ID!) { run(id: $id) { createdBy isByService status metrics { key value } } }"
REMOVE = "mutation($id: ID!) { removeServiceAccount(id: $id) { id } }"


@pytest.fixture
def owner(connection):
    """The owner's browser: tokens are made by who has signed in."""
    browser = requests.Session()
    browser.headers["Sec-Fetch-Site"] = "same-origin"
    url = os.environ["ASSAY_TEST_URL"]
    form = {"email": connection["email"], "password": connection["password"]}
    assert browser.post(f"{url}/sign-in", data=form, allow_redirects=False, timeout=30).status_code == 303

    def ask(query, **variables):
        body = browser.post(f"{url}/graphql", json={"query": query, "variables": variables}, timeout=30).json()
        assert "errors" not in body, body
        return body["data"]

    return ask


def test_c7_1a_a_training_logs_under_the_service_account_that_its_token_is_of(owner, tracking, graphql, monkeypatch):
    name = f"nightly {uuid.uuid4().hex[:8]}"
    account = owner(MAKE, input={"name": name, "roles": ["data_scientist"]})["createServiceAccount"]["id"]
    secret = owner(TOKEN, account=account, input={"name": "cluster", "scopes": ["*"], "expiresInDays": 1})
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", secret["createServiceAccountToken"]["secret"])
    with mlflow.start_run() as run:
        mlflow.log_param("learning_rate", 0.03)
        mlflow.log_metric("auc", 0.94)
        mlflow.log_text("by a machine", "note.txt")
    seen = graphql(RUN, id=run.info.run_id)["run"]
    assert seen == {"createdBy": name, "isByService": True, "status": "FINISHED", "metrics": [{"key": "auc", "value": 0.94}]}
    owner(REMOVE, id=account)
    with pytest.raises(mlflow.exceptions.MlflowException):
        mlflow.MlflowClient().get_run(run.info.run_id)
