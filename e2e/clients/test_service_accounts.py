"""The unmodified client with a token of a service account: it logs, as nobody but the account."""
import uuid

import mlflow
import pytest

MAKE = "mutation($input: ServiceAccountInput!) { createServiceAccount(input: $input) { id } }"
TOKEN = """mutation($account: ID!, $input: CreateTokenInput!) {
  createServiceAccountToken(account: $account, input: $input) { secret }
}"""
RUN = "query($id: ID!) { run(id: $id) { createdBy isByService status metrics { key value } } }"
REMOVE = "mutation($id: ID!) { removeServiceAccount(id: $id) { id } }"


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
