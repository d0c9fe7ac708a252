//! What tests of tracking say to the protocol again and again.

use serde_json::{Value, json};

use super::Actor;

/// Calls the protocol; fails unless it answers 200.
pub async fn ok(script: &Actor, method: &str, path: &str, body: Value) -> Value {
    let answer = script.mlflow(method, path, body.clone()).await;
    assert_eq!(answer.status, 200, "{method} {path} {body}: {}", answer.text());
    answer.json()
}

/// The status and the error code of a refusal.
pub async fn refused(script: &Actor, method: &str, path: &str, body: Value) -> (u16, String) {
    let answer = script.mlflow(method, path, body.clone()).await;
    (answer.status, answer.json()["error_code"].as_str().unwrap_or_default().to_owned())
}

/// A new run; its id.
pub async fn run_in(script: &Actor, experiment: &str) -> String {
    let answer =
        ok(script, "POST", "runs/create", json!({ "experiment_id": experiment, "start_time": 1_700_000_000_000_i64, "user_id": "ada" })).await;
    answer["run"]["info"]["run_id"].as_str().expect("an id").to_owned()
}

/// A new experiment; its id.
pub async fn experiment(script: &Actor) -> String {
    let name = format!("experiment {}", uuid::Uuid::now_v7().simple());
    ok(script, "POST", "experiments/create", json!({ "name": name })).await["experiment_id"].as_str().expect("an id").to_owned()
}

/// A run as `runs/get` shows it.
pub async fn get(script: &Actor, run: &str) -> Value {
    ok(script, "GET", &format!("runs/get?run_id={run}&run_uuid={run}"), Value::Null).await["run"].clone()
}

/// Every point of a metric.
pub async fn history(script: &Actor, run: &str, key: &str) -> Vec<Value> {
    let answer = ok(script, "GET", &format!("metrics/get-history?run_id={run}&metric_key={key}&max_results=25000"), Value::Null).await;
    answer["metrics"].as_array().cloned().unwrap_or_default()
}

/// The value of a key in a list of pairs.
pub fn pair<'v>(list: &'v Value, key: &str) -> Option<&'v str> {
    list.as_array()?.iter().find(|pair| pair["key"] == key)?["value"].as_str()
}

pub const INVALID: &str = "INVALID_PARAMETER_VALUE";
pub const MISSING: &str = "RESOURCE_DOES_NOT_EXIST";
