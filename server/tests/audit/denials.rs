//! Whatever edge refuses somebody, the attempt is entered once.

use reqwest::Method;
use serde_json::{Value, json};

use super::entries;
use crate::support::{Actor, actor::Answer, tracking::run_in, world};

/// A call that a token without the right makes.
enum Call<'c> {
    Get(&'c str),
    Form(&'c str, &'c [(&'c str, &'c str)]),
    Json(&'c str, Value),
    Upload(&'c str),
}

impl Call<'_> {
    async fn send(&self, actor: &Actor) -> Answer {
        match self {
            Self::Get(path) => actor.get(path).await,
            Self::Form(path, fields) => actor.form(path, fields).await,
            Self::Json(path, body) => actor.send(actor.request(Method::POST, path).json(body)).await,
            Self::Upload(path) => actor.send(actor.request(Method::PUT, path).body("x")).await,
        }
    }

    fn place(&self) -> &str {
        match self {
            Self::Get(path) | Self::Form(path, _) | Self::Json(path, _) | Self::Upload(path) => path,
        }
    }
}

#[tokio::test]
async fn c7_1d_a_refusal_is_entered_once_whatever_edge_it_came_from() {
    let organization = world().organization().await;
    let run = run_in(&organization.script().await, "0").await;
    let session = "ses_00000000000000000000000000000000";
    let (file, legacy) = (format!("/artifacts/runs/run_{run}/x"), format!("/get-artifact?run_id={run}&path=x"));
    let upload = format!("/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/x");
    let report = format!("/compare/report?format=csv&run=run_{run}&runs=run_{run}");
    let metric = json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 1 });
    let query = |text: &str| json!({ "query": text });
    let calls = [
        (Call::Json("/graphql", query("mutation { createProject(name: \"x\") { id } }")), "projects:write"),
        (Call::Json("/graphql", query("{ auditVerification { entries } }")), "audit:read"),
        (Call::Json("/api/2.0/mlflow/runs/create", json!({ "experiment_id": "0" })), "runs:write"),
        (Call::Json("/api/2.0/mlflow/runs/log-metric", metric), "runs:write"),
        (Call::Json("/api/2.0/mlflow/runs/search", json!({ "experiment_ids": ["0"] })), "runs:read"),
        (Call::Upload(&upload), "artifacts:write"),
        (Call::Get(&legacy), "artifacts:read"),
        (Call::Get(&file), "artifacts:read"),
        (Call::Get(&report), "runs:read"),
        (Call::Get("/audit"), ""),
        (Call::Form("/end-session", &[("session", session)]), "tokens:own"),
        (Call::Form("/end-other-sessions", &[]), "tokens:own"),
    ];
    for (call, permission) in calls {
        // Each with a token of its own: an attempt that is repeated is entered once a minute.
        let before = entries(&organization, json!({ "outcome": "DENIED" })).await.len();
        let narrow = organization.owner.token(&["comments:write"]).await;
        let answer = call.send(&narrow).await;
        let denied = entries(&organization, json!({ "outcome": "DENIED" })).await;
        let (place, new) = (call.place(), denied.len() - before);
        assert_eq!(new, 1, "{place} {permission}: {} {:.300} {denied:#?}", answer.status, answer.text());
        let entry = &denied[0];
        assert_eq!((entry["action"].as_str(), entry["actorKind"].as_str()), (Some("authorization.denied"), Some("token")), "{place}");
        assert!(permission.is_empty() || entry["subjectName"] == permission, "{place}: {entry}");
        assert_eq!(entry["requestId"], answer.header("x-request-id"), "{place}");
    }
}
