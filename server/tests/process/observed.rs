//! What operators see of it: measurements, and a log in which a request is found.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use crate::support::{
    actor::Answer,
    process::{Database, Process, free_port},
};

/// Waits until a process has measured something: a line with these parts.
async fn measured(process: &Process, parts: &[&str]) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let text = process.visitor().get("/metrics").await.text();
        if text.lines().any(|line| parts.iter().all(|part| line.contains(part))) {
            return text;
        }
        assert!(Instant::now() < deadline, "never: {parts:?}\n{text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_worker_tells_what_it_did_and_which_jobs_wait_for_a_person() {
    let database = Database::create().await;
    database.run(&["seed"]);
    let failed = "insert into public.jobs (id, kind, payload, state, run_at, created_at, finished_at) \
        select gen_random_uuid(), 'mail.send', '{}', state, now(), now(), now() from unnest(array['failed', 'quarantined', 'quarantined']) as state";
    database.connect().await.execute(failed).await.expect("inserts");
    let (server, worker) = (database.serve(&[]), database.work(&[]));
    for path in ["/healthz", "/readyz"] {
        let answer = worker.visitor().get(path).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "OK"), "{path}");
    }
    assert_eq!(server.visitor().form("/forgot-password", &[("email", "owner@localhost")]).await.status, 303);
    measured(&worker, &["assay_jobs_total{", "kind=\"mail.send\"", "outcome=\"done\"", "} 1"]).await;
    measured(&worker, &["assay_jobs{state=\"failed\"} 1"]).await;
    measured(&worker, &["assay_jobs{state=\"quarantined\"} 2"]).await;
}

#[tokio::test]
async fn measurements_are_for_this_machine_and_not_for_who_comes_through_a_proxy_on_it() {
    let database = Database::create().await;
    let (server, own) = (database.serve(&[]), format!("127.0.0.1:{}", free_port()));
    let visitor = server.visitor();
    assert_eq!(visitor.get("/metrics").await.status, 200);
    for header in ["x-forwarded-for", "forwarded", "x-real-ip", "via"] {
        let answer = visitor.send(visitor.request(Method::GET, "/metrics").header(header, "198.51.100.7")).await;
        assert_eq!(answer.status, 404, "{header}: {}", answer.text());
    }
    visitor.send(visitor.request(Method::from_bytes(b"FORGED").expect("a method"), "/healthz")).await;
    let text = visitor.get("/metrics").await.text();
    assert!(text.contains("method=\"other\"") && !text.contains("FORGED"), "a caller makes up no names: {text}");
    let behind = database.serve(&["--behind-proxy=true", &format!("--metrics-listen={own}")]);
    assert_eq!(behind.visitor().get("/metrics").await.status, 404);
    let answer = crate::support::Actor::visitor(&format!("http://{own}")).get("/metrics").await;
    assert!(answer.status == 200 && answer.text().contains("assay_http_seconds"), "{}", answer.text());
}

#[tokio::test]
async fn t28_bytes_that_changed_on_disk_are_counted_and_logged() {
    let database = Database::create().await;
    let first = database.run(&["seed"]).0;
    let folder = std::env::temp_dir().join(format!("assay-test-{}", uuid::Uuid::now_v7().simple()));
    let server = database.serve_quietly(&[&format!("--blobs={}", folder.display())]);
    let script = server.visitor().bearer(first["token"].as_str().expect("a token"));
    let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0" })).await;
    let id = run.json()["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    let put = script.request(Method::PUT, &format!("/api/2.0/mlflow-artifacts/artifacts/0/{id}/artifacts/f.txt")).body("flip");
    assert_eq!(script.send(put).await.status, 200);
    assert!(!script.get("/metrics").await.text().lines().any(|line| line.starts_with("assay_integrity_errors_total")));

    let mut place = folder.clone();
    while place.is_dir() {
        let mut within = std::fs::read_dir(&place).expect("a folder").flatten().map(|entry| entry.path());
        place = within.find(|path| !path.ends_with("staging") && !path.ends_with("key")).expect("a file");
    }
    std::fs::write(&place, "flop").expect("writable");
    let answer = script.get(&format!("/artifacts/runs/run_{id}/f.txt")).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (500, Some("INTEGRITY_ERROR")), "{}", answer.text());
    measured(&server, &["assay_integrity_errors_total 1"]).await;
    let log = String::from_utf8(server.end()).expect("UTF-8");
    let lines = lines_of(&log, &answer);
    assert!(lines.iter().any(|line| line["message"] == "stored bytes do not match their digest" && line["level"] == "ERROR"), "{lines:?}");
    std::fs::remove_dir_all(folder).expect("removes");
}

/// The lines of a log that carry the id of an answer's request.
fn lines_of(log: &str, answer: &Answer) -> Vec<Value> {
    let id = answer.header("x-request-id");
    assert_eq!(id.len(), 32, "{id:?}");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["span"]["request"] == id).collect()
}

fn has(lines: &[Value], message: &str) -> bool {
    lines.iter().any(|line| line["message"] == message)
}

#[tokio::test]
async fn a_request_is_found_in_the_log_by_its_id_with_what_went_wrong_in_it() {
    let database = Database::create().await;
    let first = database.run(&["seed"]).0;
    let server = database.serve_quietly(&[]);
    let script = server.visitor().bearer(first["token"].as_str().expect("a token"));
    let form = [("email", "owner@localhost"), ("password", server.first_password(&first).await)];
    let browser = server.visitor();
    let signed_in = browser.form("/sign-in", &form).await;
    assert_eq!(signed_in.status, 303);
    let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0" })).await;
    let id = run.json()["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    let metric = json!({ "run_id": id, "key": "m", "value": 1, "timestamp": 1 });
    let logged = script.mlflow("POST", "runs/log-metric", metric.clone()).await;
    let absent = script.mlflow("GET", "runs/get?run_id=00000000000000000000000000000000", Value::Null).await;
    let alive = server.visitor().get("/healthz").await;
    assert_eq!((logged.status, absent.status, alive.status), (200, 404, 200));

    // Whatever asks for these now fails.
    let mut owner = database.connect().await;
    let schema: String = owner.fetch_one("select nspname::text from pg_namespace where nspname like 't\\_%'").await.expect("a tenant").get(0);
    for table in ["runs", "experiments"] {
        owner.execute(AssertSqlSafe(format!("alter table {schema}.{table} rename to {table}_gone"))).await.expect("renames");
    }
    let query = json!({ "query": "{ experiments { nodes { name runs { totalCount } } } }" });
    let broken = [
        ("MLflow", script.mlflow("GET", "experiments/get?experiment_id=0", Value::Null).await),
        ("a logger", script.mlflow("POST", "runs/log-metric", metric).await),
        ("GraphQL", script.send(script.request(Method::POST, "/graphql").json(&query)).await),
        ("a page", browser.get("/experiments").await),
    ];
    owner.execute("alter table public.sessions rename to sessions_gone").await.expect("renames");
    let page = browser.get("/").await;

    let log = String::from_utf8(server.end()).expect("UTF-8");
    for (what, answer) in [("a sign-in", &signed_in), ("a write", &run), ("a refusal", &absent)] {
        let lines = lines_of(&log, answer);
        let line = lines.iter().find(|line| line["message"] == "request").unwrap_or_else(|| panic!("{what}: {log}"));
        assert_eq!((line["level"].as_str(), line["status"].as_u64()), (Some("INFO"), Some(u64::from(answer.status))), "{what}: {line}");
        assert!(line["path"].is_string() && line["method"].is_string() && line["micros"].is_u64(), "{what}: {line}");
    }
    for (what, answer) in [("a logger's call", &logged), ("a probe", &alive)] {
        assert_eq!(lines_of(&log, answer), Vec::<Value>::new(), "{what} is no line");
    }
    for (what, answer) in broken.iter().map(|(what, answer)| (*what, answer)).chain([("a page without a session", &page)]) {
        let lines = lines_of(&log, answer);
        assert!(has(&lines, "request") && has(&lines, "internal error"), "{what}: {} {lines:?}", answer.status);
    }
}

#[tokio::test]
async fn what_the_database_does_to_a_request_when_it_is_away_is_found_by_its_id() {
    let database = Database::create().await;
    let first = database.run(&["seed"]).0;
    let server = database.serve_quietly(&[]);
    let script = server.visitor().bearer(first["token"].as_str().expect("a token"));
    let ask = async || script.mlflow("GET", "experiments/get?experiment_id=0", Value::Null).await;
    assert_eq!(ask().await.status, 200);
    let (rest, name) = database.0.rsplit_once('/').expect("a name");
    let mut owner = PgConnection::connect(&format!("{rest}/postgres")).await.expect("connects");
    owner.execute(AssertSqlSafe(format!("drop database {name} with (force)"))).await.expect("drops");
    let answer = ask().await;
    assert!(answer.status >= 500, "{}", answer.text());
    let log = String::from_utf8(server.end()).expect("UTF-8");
    let lines = lines_of(&log, &answer);
    let causes = has(&lines, "dependency unavailable") || has(&lines, "internal error");
    assert!(has(&lines, "request") && causes, "{lines:?} {log}");
}

#[tokio::test]
async fn a_job_that_fails_is_found_by_the_request_that_asked_for_it() {
    let database = Database::create().await;
    database.run(&["seed"]);
    let (server, worker) = (database.serve_quietly(&[]), database.work(&["--mail=smtp://127.0.0.1:1"]));
    let asked = server.visitor().form("/forgot-password", &[("email", "owner@localhost")]).await;
    assert_eq!(asked.status, 303);
    measured(&worker, &["assay_jobs_total{", "outcome=\"failed\""]).await;
    let log = String::from_utf8(worker.end()).expect("UTF-8");
    let lines = lines_of(&log, &asked);
    assert!(has(&lines, "job failed"), "{log}");
    assert!(lines.iter().all(|line| line["span"]["kind"] == "mail.send"), "{lines:?}");
}
