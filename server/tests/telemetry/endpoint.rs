//! What becomes of traces where the endpoint is another than one wishes.

use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{Executor, Row};

use super::{
    sink::{CERTIFICATE, Says, Sink},
    to,
};
use crate::support::process::{Database, Process, free_port};

/// Waits until a process has counted so many spans at least, and returns how many it has.
async fn counted(process: &Process, metric: &str, least: u64) -> u64 {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let text = process.visitor().get("/metrics").await.text();
        let count = text.lines().find_map(|line| line.strip_prefix(metric)?.trim().parse::<f64>().ok()).unwrap_or_default() as u64;
        if count >= least {
            return count;
        }
        assert!(Instant::now() < deadline, "never: {metric} {least}\n{text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const EXPORTED: &str = "assay_spans_exported_total";
const DROPPED_THERE: &str = "assay_spans_dropped_total{by=\"endpoint\"}";
const DROPPED_HERE: &str = "assay_spans_dropped_total{by=\"queue\"}";

fn messages(log: &[u8], message: &str) -> Vec<Value> {
    let lines = String::from_utf8_lossy(log).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>();
    lines.into_iter().filter(|line| line["message"].as_str().is_some_and(|text| text.contains(message))).collect()
}

#[tokio::test]
async fn an_endpoint_that_fails_is_told_once_and_what_it_does_not_take_is_counted() {
    let (database, sink) = (Database::create().await, Sink::open());
    sink.says(&[Says::Status(500)]);
    let [endpoint, delay] = to(&sink);
    let server = database.serve_quietly(&[&endpoint, &delay]);
    for round in 1..=3 {
        assert_eq!(server.visitor().get("/healthz").await.status, 200);
        counted(&server, DROPPED_THERE, round).await;
    }
    assert_eq!(counted(&server, EXPORTED, 0).await, 0);
    sink.says(&[Says::Status(200)]);
    server.visitor().get("/healthz").await;
    counted(&server, EXPORTED, 1).await;
    sink.says(&[Says::Rejects(1)]);
    let before = counted(&server, DROPPED_THERE, 3).await;
    server.visitor().get("/healthz").await;
    counted(&server, DROPPED_THERE, before + 1).await;
    let log = server.end();
    let told = messages(&log, "traces do not reach their endpoint");
    assert!(told.len() == 1 && told[0]["reason"] == "it answered 500" && told[0]["level"] == "WARN", "{told:?}");
    assert_eq!(messages(&log, "traces reach their endpoint again").len(), 1);
}

#[tokio::test]
async fn an_endpoint_that_is_busy_for_a_moment_gets_the_same_spans_again() {
    let (database, sink) = (Database::create().await, Sink::open());
    sink.says(&[Says::Status(503), Says::Status(200)]);
    let [endpoint, delay] = to(&sink);
    let server = database.serve_quietly(&[&endpoint, &delay]);
    let id = server.visitor().get("/healthz").await.header("x-request-id").to_owned();
    let spans = sink.wait("twice", |spans| spans.iter().filter(|span| span.get("assay.request.id") == id).count() == 2).await;
    let both: Vec<_> = spans.iter().filter(|span| span.get("assay.request.id") == id).collect();
    assert_eq!((&both[0].id, &both[0].trace), (&both[1].id, &both[1].trace));
    counted(&server, EXPORTED, 1).await;
    assert_eq!(counted(&server, DROPPED_THERE, 0).await, 0);
}

#[tokio::test]
async fn an_endpoint_that_says_nothing_costs_nobody_a_request_and_the_end_of_the_process_is_not_held_up() {
    let (database, sink) = (Database::create().await, Sink::open());
    sink.says(&[Says::Nothing]);
    let [endpoint, delay] = to(&sink);
    let server = database.serve_quietly(&[&endpoint, &delay, "--otel-bsp-max-queue-size=8", "--otel-exporter-otlp-timeout=600000"]);
    let begun = Instant::now();
    for _ in 0..100 {
        assert_eq!(server.visitor().get("/healthz").await.status, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    counted(&server, DROPPED_HERE, 80).await;
    server.terminate();
    let (code, log) = server.ended(Duration::from_secs(15)).await;
    assert_eq!((code, messages(log.as_bytes(), "traces could not all be sent").len()), (Some(0), 1), "{log}");
}

#[tokio::test]
async fn an_endpoint_that_is_away_costs_nobody_a_request() {
    let database = Database::create().await;
    let endpoint = format!("--otel-exporter-otlp-endpoint=http://hidden:secret@127.0.0.1:{}", free_port());
    let server = database.serve_quietly(&[&endpoint, "--otel-bsp-schedule-delay=20"]);
    assert_eq!(server.visitor().get("/healthz").await.status, 200);
    counted(&server, DROPPED_THERE, 1).await;
    let log = server.end();
    let told = messages(&log, "traces do not reach their endpoint");
    assert!(told.len() == 1 && told[0]["reason"] == "it cannot be reached", "{told:?}");
    assert!(!String::from_utf8_lossy(&log).contains("secret"), "{}", String::from_utf8_lossy(&log));
}

#[tokio::test]
async fn a_process_that_stops_sends_what_it_has() {
    let (database, sink) = (Database::create().await, Sink::open());
    let endpoint = format!("--otel-exporter-otlp-traces-endpoint={}/elsewhere", sink.url);
    let server = database.serve(&[&endpoint, "--otel-bsp-schedule-delay=600000", "--otel-traces-sampler=always_on"]);
    let ids: Vec<String> =
        futures::future::join_all((0..20).map(|_| async { server.visitor().get("/healthz").await.header("x-request-id").to_owned() })).await;
    assert!(sink.heard().is_empty());
    server.terminate();
    let (code, log) = server.ended(Duration::from_secs(15)).await;
    assert_eq!(code, Some(0), "{log}");
    let spans = sink.spans();
    assert!(ids.iter().all(|id| spans.iter().any(|span| span.get("assay.request.id") == id)), "{spans:#?}");
    assert!(sink.heard().iter().all(|heard| heard.head.starts_with("post /elsewhere http/1.1\r\n")));
}

#[tokio::test]
async fn an_endpoint_with_tls_is_trusted_by_its_certificate_and_gets_the_headers() {
    let (database, sink) = (Database::create().await, Sink::open_with_tls());
    let [endpoint, delay] = to(&sink);
    let trusted = format!("--otel-exporter-otlp-certificate={CERTIFICATE}");
    let server = database.serve(&[&endpoint, &delay, &trusted, "--otel-exporter-otlp-headers=x-scope-orgid=a%20b,authorization=Bearer%20hidden"]);
    let id = server.visitor().get("/healthz").await.header("x-request-id").to_owned();
    sink.wait("a span", |spans| spans.iter().any(|span| span.get("assay.request.id") == id)).await;
    let head = sink.heard()[0].head.clone();
    for line in ["post /v1/traces http/1.1", "x-scope-orgid: a b", "authorization: bearer hidden", "content-type: application/x-protobuf"] {
        assert!(head.lines().any(|own| own == line), "{line}: {head}");
    }
    assert!(!String::from_utf8_lossy(&server.end()).contains("hidden"));

    let (before, stranger) = (sink.heard().len(), database.serve(&[&endpoint, &delay]));
    stranger.visitor().get("/healthz").await;
    counted(&stranger, DROPPED_THERE, 1).await;
    assert_eq!(sink.heard().len(), before, "who cannot be trusted is sent nothing");
}

#[tokio::test]
async fn without_an_endpoint_nothing_connects_and_nothing_is_kept() {
    let (database, sink) = (Database::create().await, Sink::open());
    database.run(&["seed"]);
    let [endpoint, delay] = to(&sink);
    for settings in [&[][..], &[endpoint.as_str(), &delay, "--otel-sdk-disabled=true"], &[endpoint.as_str(), &delay, "--otel-traces-exporter=none"]] {
        let server = database.serve(settings);
        let visitor = server.visitor();
        let form = visitor.request(reqwest::Method::POST, "/forgot-password").header("content-type", "application/x-www-form-urlencoded");
        let form = form.header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").body("email=owner%40localhost");
        assert_eq!(visitor.send(form).await.status, 303);
        let measured = visitor.get("/metrics").await.text();
        assert!(!measured.contains("assay_spans"), "{measured}");
        assert!(!server.threads().iter().any(|name| name == "traces"), "{:?}", server.threads());
        server.terminate();
        let (_, log) = server.ended(Duration::from_secs(15)).await;
        assert!(log.contains("/forgot-password") && !log.contains("4bf92f3577b34da6a3ce929d0e0e4736") && !log.contains("\"trace\":"), "{log}");
    }
    let jobs = database.connect().await.fetch_all("select traceparent from public.jobs").await.expect("jobs");
    assert!(!jobs.is_empty() && jobs.iter().all(|row| row.get::<Option<String>, _>(0).is_none()));
    assert!(sink.heard().is_empty());

    let server = database.serve(&[&endpoint, &delay, "--otel-traces-sampler=always_off"]);
    assert!(server.threads().iter().any(|name| name == "traces"), "the test above can fail: {:?}", server.threads());
    server.visitor().get("/healthz").await;
    server.terminate();
    server.ended(Duration::from_secs(15)).await;
    assert!(sink.heard().is_empty());
}

#[tokio::test]
async fn a_setting_that_cannot_be_read_is_named_and_not_shown() {
    let database = Database::create().await;
    let endpoint = "--otel-exporter-otlp-endpoint=http://127.0.0.1:1";
    for (settings, variable) in [
        (&["--otel-exporter-otlp-endpoint=hidden"][..], "OTEL_EXPORTER_OTLP_ENDPOINT"),
        (&[endpoint, "--otel-exporter-otlp-traces-endpoint=hidden"], "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        (&[endpoint, "--otel-exporter-otlp-headers=hidden"], "OTEL_EXPORTER_OTLP_HEADERS"),
        (&[endpoint, "--otel-resource-attributes=hidden"], "OTEL_RESOURCE_ATTRIBUTES"),
        (&[endpoint, "--otel-exporter-otlp-certificate=/hidden"], "OTEL_EXPORTER_OTLP_CERTIFICATE"),
    ] {
        let (code, log) = database.refused(&[&["serve"], settings].concat());
        assert_eq!(code, Some(1), "{settings:?}: {log}");
        assert!(log.contains(variable) && !log.contains("hidden"), "{settings:?}: {log}");
    }
}
