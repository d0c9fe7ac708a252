//! Requests that two readers would read differently, and what headers say of where they come from.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Actor, PASSWORD, World, raw, world};

#[tokio::test]
async fn t49_requests_that_two_readers_would_read_differently_are_refused() {
    let address = world().url.trim_start_matches("http://").to_owned();
    let host = format!("host: {address}\r\n");
    let post = |version: &str, headers: &str, body: &str| {
        format!("POST /graphql HTTP/{version}\r\n{headers}content-type: application/json\r\nconnection: close\r\n\r\n{body}")
    };
    let own = |headers: &str| format!("{host}{headers}");
    for (what, request, statuses) in [
        ("two lengths", post("1.1", &own("content-length: 5\r\ncontent-length: 6\r\n"), "hello"), &[400][..]),
        ("length and chunks", post("1.1", &own("content-length: 5\r\ntransfer-encoding: chunked\r\n"), "0\r\n\r\nGET /healthz HTTP/1.1\r\n"), &[400]),
        ("a coding of no name", post("1.1", &own("transfer-encoding: xchunked\r\n"), "0\r\n\r\n"), &[400]),
        ("two codings", post("1.1", &own("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n"), "0\r\n\r\n"), &[400]),
        ("a length that is none", post("1.1", &own("content-length: +5\r\n"), "hello"), &[400]),
        ("no host", post("1.1", "content-length: 0\r\n", ""), &[400]),
        ("two hosts", post("1.1", &own("host: evil.example\r\ncontent-length: 0\r\n"), ""), &[400]),
        ("a host of others", post("1.1", "host: evil.example\r\ncontent-length: 0\r\n", ""), &[400, 421]),
        ("a header of 64 KB", post("1.1", &own(&format!("x: {}\r\ncontent-length: 0\r\n", "a".repeat(65_536))), ""), &[431]),
        ("a thousand headers", post("1.1", &own(&format!("{}content-length: 0\r\n", "x: a\r\n".repeat(1_000))), ""), &[431, 400]),
    ] {
        let text = String::from_utf8_lossy(&raw::bytes(&address, request.as_bytes()).await).into_owned();
        assert!(statuses.iter().any(|status| text.starts_with(&format!("HTTP/1.1 {status} "))), "{what}: {text:.200}");
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{what}: one request, one answer: {text:.400}");
    }
}

/// The address that a session was begun from.
async fn address(actor: &Actor) -> String {
    let sessions = actor.graphql("{ sessions { nodes { address isCurrent } } }", Value::Null).await;
    let own = sessions["data"]["sessions"]["nodes"]
        .as_array()
        .expect("sessions")
        .iter()
        .find(|session| session["isCurrent"] == true)
        .expect("this one")
        .clone();
    own["address"].as_str().expect("an address").to_owned()
}

#[tokio::test]
async fn t49_who_asks_is_known_by_the_proxy_alone() {
    for (proxied, seen) in [("true", "192.0.2.1"), ("false", "127.0.0.1")] {
        let served = World::replica(&[&format!("--behind-proxy={proxied}")]);
        let organization = served.organization().await;
        served.clock.advance(TimeDelta::seconds(1));
        let visitor = served.anonymous();
        let form = [("email", organization.owner.email.as_str()), ("password", PASSWORD)];
        let request =
            visitor.request(Method::POST, "/sign-in").header("x-forwarded-for", "10.0.0.1, 10.0.0.2").header("x-forwarded-for", "192.0.2.1");
        assert_eq!(visitor.send(request.form(&form)).await.status, 303);
        assert_eq!(address(&visitor).await, seen, "behind a proxy: {proxied}");
    }
    let script = world().organization().await.script().await;
    let made = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0" })).await.json();
    let run = made["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    let request = script.request(Method::POST, &format!("/api/2.0/mlflow-artifacts/mpu/create/0/{run}/artifacts"));
    let request =
        request.header("x-forwarded-host", "evil.example").header("forwarded", "host=evil.example;proto=https").header("x-forwarded-proto", "https");
    let answer = script.send(request.json(&json!({ "path": "x", "num_parts": 1 }))).await;
    let url = answer.json()["credentials"][0]["url"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
    assert!(url.starts_with(&format!("{}/", world().url)), "{url}");
}
