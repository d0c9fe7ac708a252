//! Traces of Assay itself, as a collector gets them: a real one on this machine takes them from the binary as operators run it.

pub mod counted;
mod endpoint;
mod sink;

use std::time::{Duration, Instant};

use self::sink::{Seen, Sink};
use crate::support::{Actor, process::Database};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Executor, Row};
use uuid::Uuid;

/// What a process sends its traces to, without much delay.
pub fn to(sink: &Sink) -> [String; 2] {
    [format!("--otel-exporter-otlp-endpoint={}", sink.url), "--otel-bsp-schedule-delay=20".to_owned()]
}

/// The lines of a log that carry a request's id.
fn lines_of(log: &[u8], request: &str) -> Vec<Value> {
    let lines = String::from_utf8_lossy(log).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>();
    lines.into_iter().filter(|line| line["span"]["request"] == *request).collect()
}

/// A trace of a caller's own.
struct Trace {
    id: String,
    traceparent: String,
}

impl Trace {
    fn new(flags: &str) -> Self {
        let id = Uuid::new_v4().simple().to_string();
        Self { traceparent: format!("00-{id}-00f067aa0ba902b7-{flags}"), id }
    }
}

fn named<'s>(spans: &'s [Seen], trace: &Trace, name: &str) -> &'s Seen {
    let found: Vec<&Seen> = spans.iter().filter(|span| span.trace == trace.id && span.name == name).collect();
    assert_eq!(found.len(), 1, "{name}: {spans:#?}");
    found[0]
}

fn has(spans: &[Seen], trace: &Trace, name: &str) -> bool {
    spans.iter().any(|span| span.trace == trace.id && span.name == name)
}

/// What stands below a span.
fn below<'s>(spans: &'s [Seen], parent: &Seen, name: &str) -> Vec<&'s Seen> {
    spans.iter().filter(|span| span.parent == parent.id && span.name == name).collect()
}

#[tokio::test]
async fn a_request_its_transactions_and_its_job_are_one_trace() {
    let (database, sink) = (Database::create().await, Sink::open());
    database.run(&["seed"]);
    let [endpoint, delay] = to(&sink);
    let server = database.serve_quietly(&[&endpoint, &delay, "--otel-service-name=assay-web"]);
    let worker = database.work(&[&endpoint, &delay, "--mail=smtp://127.0.0.1:1"]);
    let trace = Trace::new("01");
    let form = server.visitor().request(Method::POST, "/forgot-password").header("traceparent", &trace.traceparent);
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("email=owner%40localhost");
    let answer = server.visitor().send(form).await;
    assert_eq!(answer.status, 303);

    let whole = ["POST /forgot-password", "process password.mail_reset", "process mail.send"];
    let spans = sink.wait("the job", |spans| whole.iter().all(|name| has(spans, &trace, name))).await;
    let request = named(&spans, &trace, "POST /forgot-password");
    assert_eq!((request.parent.as_str(), request.kind, request.failed), ("00f067aa0ba902b7", SpanKind::Server, false));
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/forgot-password"),
        ("http.response.status_code", "303"),
        ("url.scheme", "http"),
        ("assay.request.id", answer.header("x-request-id")),
    ] {
        assert_eq!(request.get(name), value, "{name}: {request:?}");
    }
    assert_eq!(request.resource["service.name"], "assay-web");
    let transactions = below(&spans, request, "transaction");
    assert!(!transactions.is_empty(), "{spans:#?}");
    for transaction in &transactions {
        assert_eq!(
            (transaction.kind, transaction.get("db.system.name"), transaction.get("assay.db.door")),
            (SpanKind::Client, "postgresql", "lobby")
        );
        assert!(transaction.get("assay.db.statements").parse::<i64>().expect("a number") >= 2, "{transaction:?}");
    }
    assert!(transactions.iter().any(|transaction| transaction.get("assay.db.committed") == "true"), "{transactions:?}");

    // The request's job asks for another one.
    let mut parent = request;
    for kind in ["password.mail_reset", "mail.send"] {
        let published = named(&spans, &trace, &format!("publish {kind}"));
        assert_eq!((&published.parent, published.kind, published.get("messaging.destination.name")), (&parent.id, SpanKind::Producer, kind));
        let job = named(&spans, &trace, &format!("process {kind}"));
        assert_eq!((&job.parent, job.kind, job.failed), (&published.id, SpanKind::Consumer, kind == "mail.send"));
        parent = job;
    }
    let job = parent;
    assert_eq!(job.get("error.type"), "UNAVAILABLE", "nobody listens where the mail goes");
    assert_eq!(job.resource["service.name"], "assay");
    assert_ne!(job.resource["service.instance.id"], request.resource["service.instance.id"]);
    let id: Uuid = database.connect().await.fetch_one("select id from public.jobs where kind = 'mail.send'").await.expect("one").get(0);
    assert_eq!((job.get("messaging.message.id"), job.get("assay.request.id")), (id.to_string().as_str(), answer.header("x-request-id")));
    assert!(job.get("assay.job.waited_seconds").parse::<f64>().is_ok_and(|seconds| (0.0..60.0).contains(&seconds)), "{job:?}");
    let sent = below(&spans, job, "send mail");
    assert!(sent.len() == 1 && sent[0].failed && sent[0].kind == SpanKind::Client, "{spans:#?}");
    assert!(!below(&spans, job, "transaction").is_empty(), "what became of the job is written within it");
    assert!(spans.iter().all(|span| !span.parent.is_empty() || span.kind != SpanKind::Client), "a look for jobs is no trace: {spans:#?}");

    for (log, message) in [(server.end(), "request"), (worker.end(), "job failed")] {
        let lines = lines_of(&log, answer.header("x-request-id"));
        assert!(lines.iter().any(|line| line["message"] == message), "{message}: {lines:?}");
        assert!(lines.iter().all(|line| line["span"]["trace"] == *trace.id), "{lines:?}");
    }
}

#[tokio::test]
async fn whoever_asks_decides_what_is_traced_and_a_job_keeps_to_it() {
    let (database, sink) = (Database::create().await, Sink::open());
    database.run(&["seed"]);
    // Written before jobs had traces, and by nobody who should.
    let old = "insert into public.jobs (id, kind, payload, run_at, created_at, traceparent) select gen_random_uuid(), 'housekeeping.run', \
        jsonb_build_object('fire_time', now()), now(), now(), traceparent from unnest(array[null, 'no trace', '00-0-0-0']) as traceparent";
    database.connect().await.execute(old).await.expect("inserts");
    let [endpoint, delay] = to(&sink);
    let (server, _worker) = (database.serve(&[&endpoint, &delay]), database.work(&[&endpoint, &delay]));
    let roots = sink.wait("old jobs", |spans| spans.iter().filter(|span| span.name == "process housekeeping.run").count() >= 3).await;
    let jobs: Vec<&Seen> = roots.iter().filter(|span| span.name == "process housekeeping.run").collect();
    assert!(jobs.iter().all(|job| job.parent.is_empty() && !job.failed && job.trace.len() == 32), "{jobs:#?}");
    assert!(jobs[0].trace != jobs[1].trace && jobs[1].trace != jobs[2].trace, "{jobs:#?}");

    let (silent, told) = (Trace::new("00"), Trace::new("01"));
    let visitor = server.visitor();
    for trace in [&silent, &told] {
        let form = visitor.request(Method::POST, "/forgot-password").header("traceparent", &trace.traceparent);
        let form = form.header("content-type", "application/x-www-form-urlencoded").body("email=owner%40localhost");
        assert_eq!(visitor.send(form).await.status, 303);
    }
    let mut owner = database.connect().await;
    let deadline = Instant::now() + Duration::from_secs(20);
    let jobs = loop {
        let jobs = owner.fetch_all("select traceparent from public.jobs where kind = 'mail.send' and state = 'done'").await.expect("asks");
        if jobs.len() == 2 {
            break jobs;
        }
        assert!(Instant::now() < deadline, "{} of two mails are sent", jobs.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let kept = |trace: &Trace, flags: &str| {
        jobs.iter().map(|row| row.get::<String, _>(0)).any(|kept| kept.starts_with(&format!("00-{}-", trace.id)) && kept.ends_with(flags))
    };
    assert!(kept(&silent, "-00") && kept(&told, "-01"));
    let spans = sink.wait("the second job", |spans| has(spans, &told, "process mail.send")).await;
    assert!(spans.iter().all(|span| span.trace != silent.id), "{spans:#?}");

    for odd in ["", "00", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"] {
        let answer = visitor.send(visitor.request(Method::GET, "/healthz").header("traceparent", odd)).await;
        let id = answer.header("x-request-id").to_owned();
        let spans = sink.wait(odd, |spans| spans.iter().any(|span| span.get("assay.request.id") == id)).await;
        let own = spans.iter().find(|span| span.get("assay.request.id") == id).expect("one");
        assert_eq!((own.name.as_str(), own.parent.as_str()), ("GET /healthz", ""), "{odd}");
    }
}

#[tokio::test]
async fn a_span_names_what_is_asked_and_never_what_it_is_asked_with() {
    let (database, sink) = (Database::create().await, Sink::open());
    let first = database.run(&["seed"]).0;
    let (once, token) = (first["password"].as_str().expect("a password"), first["token"].as_str().expect("a token"));
    let [endpoint, delay] = to(&sink);
    let server = database.serve(&[&endpoint, &delay]);
    let password = server.first_password(&first).await;
    let (browser, script) = (server.visitor(), server.visitor().bearer(token));
    let traced = async |actor: &Actor, method: Method, path: &str, body: Value| {
        let trace = Trace::new("01");
        let request = actor.request(method.clone(), path).header("traceparent", &trace.traceparent);
        let request = request.header("user-agent", "hidden-agent").header("tracestate", "hidden=state").header("baggage", "hidden=baggage");
        let answer = actor.send(if method == Method::GET { request } else { request.json(&body) }).await;
        (trace, answer)
    };
    let signed_in = browser.form("/sign-in", &[("email", "owner@localhost"), ("password", password)]).await;
    let cookie = signed_in.header("set-cookie").split(['=', ';']).nth(1).unwrap_or_default().to_owned();
    assert!(signed_in.status == 303 && cookie.len() >= 40);

    let body = json!({ "query": "query Who { viewer { email organization { id } } } query Other { viewer { email } }", "operationName": "Who" });
    let (who, answer) = traced(&script, Method::POST, "/graphql", body).await;
    let tenant = answer.json()["data"]["viewer"]["organization"]["id"].as_str().expect("an id").to_owned();
    let found = "query($text: String!) { search(text: $text) { id } }";
    let (found, _) = traced(&script, Method::POST, "/graphql", json!({ "query": found, "variables": { "text": "hidden-search" } })).await;
    let made = json!({ "query": "mutation Make { createExperiment(name: \"hidden-name\") { id } }" });
    let (made, _) = traced(&browser, Method::POST, "/graphql", made).await;
    let long = format!("query {} {{ viewer {{ email }} }}", "n".repeat(65));
    let (long, _) = traced(&script, Method::POST, "/graphql", json!({ "query": long })).await;

    let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "run_name": "hidden-run" })).await.json();
    let run = run["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    let metric = json!({ "run_id": run, "key": "hidden-metric", "value": 1, "timestamp": 1 });
    let (logged, _) = traced(&script, Method::POST, "/api/2.0/mlflow/runs/log-metric", metric).await;
    let param = json!({ "run_id": run, "key": "hidden-key", "value": "hidden-value" });
    let (param, _) = traced(&script, Method::POST, "/api/2.0/mlflow/runs/log-parameter", param).await;
    let (page, answer) = traced(&browser, Method::GET, &format!("/runs/run_{run}?tab=hidden-query"), Value::Null).await;
    assert_eq!(answer.status, 200);
    let (reset, _) = traced(&browser, Method::GET, "/reset-password?token=hidden-token", Value::Null).await;
    let (shared, _) = traced(&server.visitor(), Method::GET, "/shared/hidden-link", Value::Null).await;
    let (nowhere, _) = traced(&script, Method::GET, "/hidden-path/hidden", Value::Null).await;
    let (start, _) = traced(&browser, Method::GET, "/", Value::Null).await;
    let (stranger, _) =
        traced(&server.visitor().bearer("hidden-credential"), Method::GET, "/api/2.0/mlflow/runs/get?run_id=hidden", Value::Null).await;
    let (odd, _) = traced(&script, Method::from_bytes(b"HIDDEN").expect("a method"), "/graphql", Value::Null).await;

    let spans = sink.wait("the last", |spans| spans.iter().any(|span| span.trace == odd.id && span.kind == SpanKind::Server)).await;
    let request = |trace: &Trace| {
        let found: Vec<&Seen> = spans.iter().filter(|span| span.trace == trace.id && span.kind == SpanKind::Server).collect();
        assert_eq!(found.len(), 1, "{spans:#?}");
        found[0]
    };
    for (trace, name) in [
        (&who, "POST /graphql"),
        (&logged, "POST /api/2.0/mlflow/runs/log-metric"),
        (&page, "GET /runs/{id}"),
        (&reset, "GET /reset-password"),
        (&shared, "GET /shared/{secret}"),
        (&start, "GET /"),
        (&nowhere, "GET"),
        (&stranger, "GET /api/2.0/mlflow/runs/get"),
        (&odd, "HTTP /graphql"),
    ] {
        assert_eq!(request(trace).name, name);
        assert_eq!(request(trace).get("http.route"), name.split_once(' ').map_or("", |(_, route)| route), "{name}");
    }
    assert_eq!(request(&odd).get("http.request.method"), "_OTHER");
    for trace in [&who, &logged, &page, &start] {
        assert_eq!(request(trace).get("assay.tenant.id"), tenant, "{:?}", request(trace));
        assert!(spans.iter().any(|span| span.trace == trace.id && span.name == "enter" && span.get("assay.tenant.id") == tenant), "{spans:#?}");
    }
    assert_eq!((request(&stranger).get("assay.tenant.id"), request(&shared).get("assay.tenant.id")), ("", ""));

    for (trace, name, kind) in
        [(&who, "query Who", "query"), (&found, "query", "query"), (&made, "mutation Make", "mutation"), (&long, "query other", "query")]
    {
        let operation = named(&spans, trace, name);
        assert_eq!((&operation.parent, operation.get("graphql.operation.type")), (&request(trace).id, kind));
        assert_eq!(operation.get("graphql.operation.name"), name.split_once(' ').map_or("", |(_, name)| name));
    }
    let entered = named(&spans, &who, "enter");
    assert_eq!((&entered.parent, entered.get("assay.credential.kind"), entered.get("assay.entered")), (&request(&who).id, "token", "true"));
    assert!(!below(&spans, named(&spans, &made, "mutation Make"), "transaction").is_empty() || has(&spans, &made, "transaction"), "{spans:#?}");
    assert!(spans.iter().any(|span| span.trace == page.id && span.name.starts_with("query ")), "a page's own questions are its parts: {spans:#?}");
    for trace in [&logged, &param] {
        let write = named(&spans, trace, "shared write");
        assert_eq!((&write.parent, write.get("assay.write.items")), (&request(trace).id, "1"));
        let transaction = below(&spans, write, "transaction");
        assert!(transaction.len() == 1 && transaction[0].get("assay.db.committed") == "true", "{spans:#?}");
        // Who has written lately enters with the statement that writes.
        assert_eq!(transaction[0].get("assay.db.statements"), "1", "{transaction:?}");
        assert!(below(&spans, write, "enter").len() == 1, "{spans:#?}");
    }

    for span in sink.spans() {
        let mut texts = span.attributes.values().chain([&span.name]);
        assert!(texts.all(|text| !text.contains(['@', '?', '='])), "{span:?}");
    }
    for heard in sink.heard() {
        let text = String::from_utf8_lossy(&heard.body).into_owned();
        for secret in ["hidden", "owner", "@localhost", once, password, token, &cookie, &run, "select ", "127.0.0.1", "Olive"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[tokio::test]
async fn requests_that_share_a_transaction_are_named_by_it() {
    let (database, sink) = (Database::create().await, Sink::open());
    let token = database.run(&["seed"]).0["token"].as_str().expect("a token").to_owned();
    let [endpoint, delay] = to(&sink);
    let server = database.serve(&[&endpoint, &delay]);
    let script = server.visitor().bearer(&token);
    let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0" })).await.json();
    let run = run["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    let traces: Vec<Trace> = (0..24).map(|_| Trace::new("01")).collect();
    let calls = traces.iter().enumerate().map(|(step, trace)| {
        let metric = json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 1, "step": step });
        let request = script.request(Method::POST, "/api/2.0/mlflow/runs/log-metric").header("traceparent", &trace.traceparent).json(&metric);
        script.send(request)
    });
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let requests = |spans: &[Seen]| spans.iter().filter(|span| span.kind == SpanKind::Server && span.name.ends_with("log-metric")).count();
    let spans = sink.wait("every request", |spans| requests(spans) == traces.len()).await;
    // Each request has the shared transaction below it, or is named by it.
    for trace in &traces {
        let request = spans.iter().find(|span| span.trace == trace.id && span.kind == SpanKind::Server).expect("one");
        let named = spans.iter().filter(|span| span.name == "shared write");
        let mut named = named.filter(|span| span.parent == request.id || span.links.contains(&(trace.id.clone(), request.id.clone())));
        assert!(named.next().is_some() && named.next().is_none(), "{spans:#?}");
    }
}

#[tokio::test]
async fn who_is_asked_elsewhere_is_a_span_and_is_told_nothing_of_it() {
    let (database, sink, slack) = (Database::create().await, Sink::open(), Sink::open());
    let first = database.run(&["seed"]).0;
    let [endpoint, delay] = to(&sink);
    let server = database.serve(&[&endpoint, &delay, "--outbound-allow=127.0.0.0/8", &format!("--slack={}", slack.url)]);
    let browser = server.visitor();
    let form = [("email", "owner@localhost"), ("password", server.first_password(&first).await)];
    assert_eq!(browser.form("/sign-in", &form).await.status, 303);
    let input = json!({ "label": "#ml", "address": format!("{}/services/T0/B0/hidden", slack.url) });
    let connect = "mutation($input: ConnectSlackInput!) { connectSlack(input: $input) { label } }";
    let connected = browser.graphql(connect, json!({ "input": input })).await;
    assert!(connected["errors"].is_null(), "{connected}");
    let trace = Trace::new("01");
    let test = browser.request(Method::POST, "/graphql").header("traceparent", &trace.traceparent).header("tracestate", "a=b");
    let tested = browser.send(test.json(&json!({ "query": "mutation Test { testSlack { posted } }" }))).await;
    assert_eq!(tested.json()["data"]["testSlack"]["posted"], true, "{}", tested.text());

    let spans = sink.wait("the test", |spans| has(spans, &trace, "POST /graphql")).await;
    let operation = named(&spans, &trace, "mutation Test");
    let calls = below(&spans, operation, "POST");
    assert!(calls.len() == 1 && calls[0].kind == SpanKind::Client && !calls[0].failed, "{spans:#?}");
    let port = slack.url.rsplit(':').next().expect("a port");
    for (name, value) in
        [("server.address", "127.0.0.1"), ("server.port", port), ("http.request.method", "POST"), ("http.response.status_code", "200")]
    {
        assert_eq!(calls[0].get(name), value, "{name}");
    }
    let posted = slack.heard();
    assert!(!posted.is_empty());
    for heard in posted {
        assert!(heard.head.contains("/services/t0/b0/hidden"), "{}", heard.head);
        for told in ["traceparent", "tracestate", "baggage", &trace.id] {
            assert!(!heard.head.contains(told) && !String::from_utf8_lossy(&heard.body).contains(told), "{}", heard.head);
        }
    }
    for heard in sink.heard() {
        assert!(!String::from_utf8_lossy(&heard.body).contains("hidden"), "the webhook's secret");
    }
}
