//! Tokens by which a job logs to one run, and does nothing else.

mod ends;
mod walls;

use crate::support::{
    Actor, Organization,
    tracking::{experiment, get, history, ok, pair, run_in},
    world,
};
use reqwest::Method;
use serde_json::{Value, json};

/// Makes a token of a run; its id, and a job that has it.
async fn job(maker: &Actor, run: &str, hours: i32) -> (String, Actor) {
    let made = maker.graphql(&create(run, hours), Value::Null).await;
    let made = &made["data"]["createJobToken"];
    let secret = made["secret"].as_str().unwrap_or_else(|| panic!("{made}"));
    assert!(secret.starts_with("assay_job_"), "{secret}");
    (made["token"]["id"].as_str().expect("an id").to_owned(), world().anonymous().bearer(secret))
}

fn create(run: &str, hours: i32) -> String {
    format!("mutation {{ createJobToken(run: \"run_{run}\", hours: {hours}) {{ secret token {{ id hint createdBy expiresAt }} }} }}")
}

/// A run that goes on; it and its experiment.
async fn running(organization: &Organization<'_>) -> (String, String) {
    let script = organization.script().await;
    let experiment = experiment(&script).await;
    (run_in(&script, &experiment).await, experiment)
}

/// The status of logging a point.
async fn log(job: &Actor, run: &str) -> u16 {
    job.mlflow("POST", "runs/log-metric", json!({ "run_id": run, "key": "loss", "value": 0.5, "timestamp": 1, "step": 1 })).await.status
}

async fn put(job: &Actor, path: &str) -> u16 {
    job.send(job.request(Method::PUT, &format!("/api/2.0/mlflow-artifacts/artifacts/{path}")).body("weights")).await.status
}

#[tokio::test]
async fn t16_a_job_does_with_its_token_what_a_training_does() {
    let organization = world().organization().await;
    let engineer = organization.member("ml_engineer").await;
    let (run, experiment) = running(&organization).await;
    let (_, job) = job(&engineer, &run, 24).await;

    // As the client of MLflow goes on with a run that it is given the id of.
    assert_eq!(get(&job, &run).await["info"]["status"], "RUNNING");
    ok(&job, "POST", "runs/update", json!({ "run_id": run, "status": "RUNNING", "run_name": "on a cluster" })).await;
    assert_eq!(log(&job, &run).await, 200);
    let points: Vec<Value> = (2..30).map(|step| json!({ "key": "loss", "value": 1.0 / f64::from(step), "timestamp": step, "step": step })).collect();
    let batch =
        json!({ "run_id": run, "metrics": points, "params": [{ "key": "lr", "value": "0.1" }], "tags": [{ "key": "host", "value": "gpu-7" }] });
    ok(&job, "POST", "runs/log-batch", batch).await;
    ok(&job, "POST", "runs/log-parameter", json!({ "run_id": run, "key": "depth", "value": "3" })).await;
    ok(&job, "POST", "runs/set-tag", json!({ "run_id": run, "key": "host", "value": "gpu-8" })).await;
    ok(&job, "POST", "runs/set-tag", json!({ "run_id": run, "key": "mlflow.runName", "value": "renamed" })).await;
    let dataset = json!({ "name": "d", "digest": "1", "source_type": "local", "source": "x" });
    for _ in 0..2 {
        ok(&job, "POST", "runs/log-inputs", json!({ "run_id": run, "datasets": [{ "dataset": dataset }] })).await;
    }
    // A metric that names a logged model is the run's alone.
    let of_model = json!({ "run_id": run, "key": "auc", "value": 0.9, "timestamp": 1, "model_id": format!("m-{run}") });
    ok(&job, "POST", "runs/log-metric", of_model).await;

    // The project that its environment names does not matter.
    for (method, path) in [(Method::GET, format!("runs/get?run_id={run}")), (Method::POST, "runs/set-tag".to_owned())] {
        let request = job.request(method, &format!("/api/2.0/mlflow/{path}")).header("x-mlflow-workspace", "elsewhere");
        assert_eq!(job.send(request.json(&json!({ "run_id": run, "key": "k", "value": "v" }))).await.status, 200, "{path}");
    }

    let folder = format!("{experiment}/{run}/artifacts");
    // The second time with the content of a file that is there.
    for file in ["model.bin", "copy.bin", "model.bin"] {
        assert_eq!(put(&job, &format!("{folder}/{file}")).await, 200);
    }
    let listed = ok(&job, "GET", &format!("artifacts/list?run_id={run}"), Value::Null).await;
    assert_eq!(listed["files"].as_array().map(Vec::len), Some(2), "{listed}");
    let listed = job.get(&format!("/api/2.0/mlflow-artifacts/artifacts?path={folder}")).await.json();
    assert_eq!(listed["files"].as_array().map(Vec::len), Some(2), "{listed}");
    assert_eq!(job.get(&format!("/api/2.0/mlflow-artifacts/artifacts/{folder}/model.bin")).await.text(), "weights");
    assert_eq!(job.get(&format!("/api/2.0/mlflow-artifacts/artifacts/{folder}/absent.bin")).await.status, 404);
    in_parts(&job, &folder).await;

    ok(&job, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED" })).await;
    assert_eq!((log(&job, &run).await, put(&job, &format!("{folder}/late.bin")).await), (401, 401), "it ends with the run");

    let script = organization.script().await;
    let seen = get(&script, &run).await;
    assert_eq!((&seen["info"]["run_name"], &seen["info"]["status"]), (&json!("renamed"), &json!("FINISHED")));
    assert_eq!((pair(&seen["data"]["params"], "lr"), pair(&seen["data"]["tags"], "host")), (Some("0.1"), Some("gpu-8")));
    assert_eq!(seen["inputs"]["dataset_inputs"].as_array().map(Vec::len), Some(1), "{seen}");
    assert_eq!(history(&script, &run, "loss").await.len(), 29);

    // The log says who made the token, and that it was not they who acted.
    let log = "query($filter: AuditFilter) { auditEntries(filter: $filter) { nodes { action actor actorKind } } }";
    let log = organization.owner.graphql(log, json!({ "filter": { "subject": format!("run_{run}") } })).await;
    let entries = log["data"]["auditEntries"]["nodes"].as_array().cloned().unwrap_or_default();
    let end = entries.iter().find(|entry| entry["action"] == "run.end").unwrap_or_else(|| panic!("{log}"));
    assert_eq!(*end, json!({ "action": "run.end", "actor": engineer.email, "actorKind": "job_token" }));
    assert!(entries.iter().any(|entry| entry["action"] == "artifact.put" && entry["actorKind"] == "job_token"), "{log}");
}

/// A file that comes in parts, and one whose upload is given up.
async fn in_parts(job: &Actor, folder: &str) {
    for gives_up in [false, true] {
        let begin = job.request(Method::POST, &format!("/api/2.0/mlflow-artifacts/mpu/create/{folder}"));
        let begun = job.send(begin.json(&json!({ "path": "large.bin", "num_parts": 1 }))).await;
        // The second finds the file of the first, as a further version of which it may come.
        assert_eq!(begun.status, 200, "{}", begun.text());
        let upload = begun.json()["upload_id"].as_str().expect("an id").to_owned();
        let part = job.send(job.request(Method::PUT, &format!("/api/2.0/mlflow-artifacts/mpu/part/{upload}/1")).body("all of it")).await;
        assert_eq!(part.status, 200, "{}", part.text());
        let (end, parts) = match gives_up {
            true => ("abort", json!([])),
            false => ("complete", json!([{ "part_number": 1, "etag": part.header("etag") }])),
        };
        let end = job.request(Method::POST, &format!("/api/2.0/mlflow-artifacts/mpu/{end}/{folder}"));
        let ended = job.send(end.json(&json!({ "path": "large.bin", "upload_id": upload, "parts": parts }))).await;
        assert_eq!(ended.status, 200, "{}", ended.text());
    }
}

#[tokio::test]
async fn t16_a_waiting_run_has_tokens_too_and_the_list_says_what_there_is() {
    let organization = world().organization().await;
    let (run, _) = running(&organization).await;
    let script = organization.script().await;
    ok(&script, "POST", "runs/update", json!({ "run_id": run, "status": "SCHEDULED" })).await;
    let (id, job) = job(&organization.owner, &run, 1).await;
    assert_eq!(log(&job, &run).await, 200);
    world().services().vault.flush_uses().await.expect("flushes");
    let list = format!("{{ jobTokens(run: \"run_{run}\") {{ id hint createdBy createdAt expiresAt lastUsedAt }} }}");
    let listed = organization.owner.graphql(&list, Value::Null).await["data"]["jobTokens"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    let listed = &listed[0];
    assert!(listed["id"] == id.as_str() && job.secret().ends_with(listed["hint"].as_str().expect("a hint")), "{listed}");
    assert!(listed["lastUsedAt"].is_string() && !listed.to_string().contains(job.secret()), "{listed}");
}
