//! Bodies that never end: who sends one reads why it is refused while it is still sending.

use serde_json::{Value, json};

use std::time::Duration;

use crate::support::{World, files_below, raw, tracking::run_in, world};

/// What is sent beyond a limit, and no more: who is not answered then has sent in vain.
const OVER: usize = 64 << 10;

#[tokio::test]
async fn t47_a_body_without_a_length_is_refused_as_soon_as_it_is_over_the_limit() {
    let organization = world().organization().await;
    let script = organization.script().await;
    for (method, target, limit, code) in [
        ("POST", "/api/2.0/mlflow/experiments/create", 16 << 20, "INVALID_PARAMETER_VALUE"),
        ("POST", "/api/2.0/mlflow/runs/log-batch", 16 << 20, "INVALID_PARAMETER_VALUE"),
        ("PATCH", "/api/2.0/mlflow/registered-models/update", 16 << 20, "INVALID_PARAMETER_VALUE"),
        ("POST", "/graphql", 256 << 10, "PAYLOAD_TOO_LARGE"),
    ] {
        let (status, text, sent) = raw::stream(world(), &script, method, target, b"{\"name\": \"endless\", \"pad\": ", limit + OVER).await;
        assert_eq!(status, 413, "{target}: {sent} bytes were sent: {text}");
        assert!(text.contains(code), "{target}: {text}");
        assert!(sent >= limit, "{target}: {sent} bytes are not too many");
    }
    assert_eq!(script.mlflow("GET", "experiments/get-by-name?experiment_name=endless", Value::Null).await.status, 404);
    assert_eq!(script.mlflow("POST", "experiments/create", json!({ "name": "after it" })).await.status, 200, "and then it is as before");
}

/// Paths that take a body, and of what kind.
const TAKES: [(&str, &str, &str); 5] = [
    ("POST", "/api/2.0/mlflow/experiments/create", "application/json"),
    ("POST", "/api/2.0/mlflow/runs/log-batch", "application/json"),
    ("POST", "/scim/v2/Users", "application/scim+json"),
    ("POST", "/v1/traces", "application/x-protobuf"),
    ("POST", "/graphql", "application/json"),
];

#[tokio::test]
async fn t25_bodies_that_do_not_come_keep_nobody_waiting() {
    let (organization, other) = (world().organization().await, world().organization().await);
    let server = World::replica(&["--connections=4"]);
    let script = organization.script().await;
    let neighbour = other.script().await.at(&server);
    let mut held = Vec::new();
    // More than there are connections, of somebody who is not known yet, and then is.
    for _ in 0..2 {
        for (method, target, kind) in TAKES {
            held.push(raw::begin(&server, &script, method, target, &format!("content-type: {kind}\r\ncontent-length: 1000\r\n")).await);
        }
        assert_eq!(script.at(&server).mlflow("GET", "experiments/get?experiment_id=0", Value::Null).await.status, 200);
    }
    for _ in 0..5 {
        let asked = tokio::time::timeout(Duration::from_secs(4), neighbour.mlflow("GET", "experiments/get?experiment_id=0", Value::Null)).await;
        assert_eq!(asked.expect("is not kept waiting").status, 200);
    }
    drop(held);
}

fn is_too_slow(target: &str, (status, text): (u16, String)) {
    assert_eq!(status, 408, "{target}: {text}");
    assert!(text.contains("came too slowly"), "{target}: {text}");
}

#[tokio::test]
async fn t25_a_body_that_stops_coming_is_given_up() {
    let server = World::replica(&["--body-silence-seconds=1"]);
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let file = format!("/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/x");
    for (method, target, kind) in TAKES.into_iter().chain([("PUT", file.as_str(), "application/octet-stream")]) {
        let held = raw::begin(&server, &script, method, target, &format!("content-type: {kind}\r\ncontent-length: 1000\r\n")).await;
        is_too_slow(target, raw::end(held).await);
    }
    assert_eq!(script.mlflow("GET", &format!("artifacts/list?run_id={run}"), Value::Null).await.json()["files"], Value::Null, "nothing was kept");
}

#[tokio::test]
async fn t25_a_body_that_drips_is_given_up_however_long_it_goes_on() {
    let server = World::replica(&["--body-silence-seconds=1"]);
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let file = format!("/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/x");
    // It is never silent for a second, and a thousand bytes in a hundred seconds are fewer than one second may bring.
    for (method, target, kind) in TAKES.into_iter().chain([("PUT", file.as_str(), "application/octet-stream")]) {
        let head = format!("content-type: {kind}\r\ncontent-length: 100000\r\n");
        is_too_slow(target, raw::drip(&server, &script, method, target, &head).await);
    }
    assert_eq!(script.mlflow("GET", &format!("artifacts/list?run_id={run}"), Value::Null).await.json()["files"], Value::Null, "nothing was kept");
    assert_eq!(files_below(&server.services().config.blobs), 0, "nor is half of it");
}
