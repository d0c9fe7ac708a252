//! Addresses that are no tracking server: what they get, and what is told of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{START, ended, open_world, start};
use crate::support::{Actor, INSIDE, process::free_port, world};

/// A listener that counts who comes and answers everybody the same.
async fn answering(answer: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let heard = Arc::new(AtomicUsize::new(0));
    let count = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let mut asked = [0; 8192];
            let _ = socket.read(&mut asked).await;
            let _ = socket.write_all(&answer).await;
        }
    });
    (address, heard)
}

#[tokio::test]
async fn t71_addresses_that_are_not_public_are_refused_and_nothing_connects() {
    let (canary, heard) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec()).await;
    let port = canary.rsplit(':').next().expect("a port").to_owned();
    let organization = world().organization().await;
    let mut addresses: Vec<String> = INSIDE.iter().map(|host| format!("http://{host}:{port}")).collect();
    addresses.extend(
        [
            "http://example.com:22",
            "https://example.com:5432",
            "http://example.com:6379",
            "file:///etc/passwd",
            "gopher://127.0.0.1",
            "unix:/run/x",
            "",
            "x",
        ]
        .map(str::to_owned),
    );
    for address in addresses {
        let answer = organization.owner.graphql(START, json!({ "input": { "address": address, "token": "canary-token" } })).await;
        assert_eq!((Actor::code(&answer), answer["errors"][0]["extensions"]["field"].as_str()), ("INVALID", Some("address")), "{address}: {answer}");
    }
    assert_eq!(heard.load(Ordering::Relaxed), 0, "the canary heard something");
}

#[tokio::test]
async fn t73_t74_redirects_floods_and_secrets_fail_and_only_a_class_of_reasons_is_told() {
    let (canary, heard) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec()).await;
    let organization = open_world().await.organization().await;
    let redirect = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {canary}/api\r\ncontent-length: 0\r\n\r\n");
    let none = "No MLflow server answers at this address.";
    let cases: [(Vec<u8>, &str); 7] = [
        (redirect.into_bytes(), "The server sent on to another address."),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx".to_vec(), "The answer was larger than what is read."),
        (b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 15\r\n\r\nINTERNAL-SECRET".to_vec(), "The server did not accept the credentials."),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\nINTERNAL-SECRET".to_vec(), none),
        (b"HTTP/1.1 418 INTERNAL-SECRET\r\ncontent-length: 15\r\n\r\nINTERNAL-SECRET".to_vec(), none),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 15\r\n\r\nINTERNAL-SECRET".to_vec(), none),
        (b"INTERNAL-SECRET".to_vec(), none),
    ];
    for (answer, reason) in cases {
        let (address, _) = answering(answer).await;
        let begun = Instant::now();
        let id = start(&organization, json!({ "address": address, "token": "canary-token" })).await;
        let import = ended(&organization, &id).await;
        assert!(import["state"] == "FAILED" && import["reason"].as_str().is_some_and(|told| told.starts_with(reason)), "{reason}: {import}");
        assert!(!import.to_string().contains("INTERNAL-SECRET"), "{import}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{reason}");
    }
    assert_eq!(heard.load(Ordering::Relaxed), 0, "the redirect was followed");
    let entries = organization
        .owner
        .graphql("{ auditEntries(filter: { action: \"import.fail\" }) { totalCount nodes { detail } } }", serde_json::Value::Null)
        .await;
    assert_eq!(entries["data"]["auditEntries"]["totalCount"], 7, "{entries}");
    assert!(!entries.to_string().contains("canary-token"));
}

#[tokio::test]
async fn t74_a_closed_port_is_told_neither_by_the_words_nor_by_the_time() {
    let organization = open_world().await.organization().await;
    let closed = format!("http://127.0.0.1:{}", free_port());
    let (garbage, _) = answering(b"220 mail.example ESMTP\r\n".to_vec()).await;
    let (unknown, _) = answering(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let mut told = Vec::new();
    for address in [closed, garbage, unknown] {
        let id = start(&organization, json!({ "address": address, "token": "t" })).await;
        let import = ended(&organization, &id).await;
        let at = |field: &str| import[field].as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok()).unwrap_or_else(|| panic!("{import}"));
        let took = at("finishedAt") - at("createdAt");
        assert!(took >= TimeDelta::seconds(2), "{address}: {took}");
        told.push((import["state"].clone(), import["reason"].clone()));
    }
    assert!(told[0].0 == "FAILED" && told.iter().all(|one| *one == told[0]), "{told:?}");
}

#[tokio::test]
async fn an_import_asks_for_the_rights_to_write_what_it_takes() {
    let organization = world().organization().await;
    let script = organization.owner.token(&["organization:write"]).await;
    let answer = script.graphql(START, json!({ "input": { "address": "https://mlflow.example.com" } })).await;
    assert_eq!(Actor::code(&answer), "FORBIDDEN", "{answer}");
    for (input, field) in [
        (json!({ "address": "https://mlflow.example.com", "token": "t", "username": "u", "password": "p" }), "token"),
        (json!({ "address": "https://mlflow.example.com", "username": "u" }), "username"),
        (json!({ "address": "https://mlflow.example.com", "files": false }), "registry"),
        (json!({ "address": "https://mlflow.example.com", "experiments": [""] }), "experiments"),
        (json!({ "address": "https://mlflow.example.com", "token": "a\r\nHost: b" }), "token"),
    ] {
        let answer = organization.owner.graphql(START, json!({ "input": input })).await;
        assert_eq!((Actor::code(&answer), answer["errors"][0]["extensions"]["field"].as_str()), ("INVALID", Some(field)), "{answer}");
    }
}
