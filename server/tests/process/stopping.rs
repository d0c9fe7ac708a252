//! A process that is told to stop ends what it has begun, and then itself.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Executor, Row};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{process::Database, raw};

const PATIENCE: Duration = Duration::from_secs(15);

/// A mail server that says when a mail has begun, and takes it once it is told to.
fn slow_mail() -> (String, Receiver<()>, Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("--mail=smtp://{}", listener.local_addr().expect("an address"));
    let ((begin, begun), (go, gone)) = (channel(), channel());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away in the middle is none of this one's business.
            let _ = converse(stream, &begin, &gone);
        }
    });
    (address, begun, go)
}

fn converse(mut stream: TcpStream, begin: &Sender<()>, go: &Receiver<()>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 slow\r\n")?;
    let mut data = false;
    while let Some(line) = lines.next().transpose()? {
        let answer = match (data, line.as_str()) {
            (true, ".") => {
                data = false;
                let _ = begin.send(());
                let _ = go.recv();
                "250 taken\r\n"
            }
            (true, _) => continue,
            (false, "DATA") => {
                data = true;
                "354 go on\r\n"
            }
            (false, "QUIT") => "221 bye\r\n",
            (false, _) => "250 fine\r\n",
        };
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// State, attempts and crashes of the one mail.
async fn mail_of(database: &Database) -> (String, i32, i32) {
    let row = database.connect().await.fetch_one("select state, attempt, crash_count from public.jobs where kind = 'mail.send'").await.expect("one");
    (row.get(0), row.get(1), row.get(2))
}

#[tokio::test]
async fn a_worker_that_stops_ends_the_mail_it_has_begun() {
    let database = Database::create().await;
    database.run(&["seed"]);
    let (mail, begun, go) = slow_mail();
    let (server, mut worker) = (database.serve(&[]), database.work(&[&mail]));
    assert_eq!(server.visitor().form("/forgot-password", &[("email", "owner@localhost")]).await.status, 303);
    begun.recv_timeout(PATIENCE).expect("a mail begins");
    worker.terminate();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(worker.runs(), "it waits for the mail");
    assert_eq!(mail_of(&database).await, ("leased".into(), 0, 0));
    go.send(()).expect("the mail server waits");
    let (code, log) = worker.ended(PATIENCE).await;
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(mail_of(&database).await, ("done".into(), 0, 0));
}

#[tokio::test]
async fn a_worker_that_stops_hands_back_what_does_not_end() {
    let database = Database::create().await;
    database.run(&["seed"]);
    let (mail, begun, go) = slow_mail();
    let (server, worker) = (database.serve(&[]), database.work(&[&mail, "--drain-seconds=1"]));
    assert_eq!(server.visitor().form("/forgot-password", &[("email", "owner@localhost")]).await.status, 303);
    begun.recv_timeout(PATIENCE).expect("a mail begins");
    worker.terminate();
    let (code, log) = worker.ended(PATIENCE).await;
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(mail_of(&database).await, ("queued".into(), 0, 0), "neither a failure nor a crash");
    drop(go);
}

/// An upload that the server has begun to take, of which one half has been sent, on a connection of its own.
struct Half(tokio::net::TcpStream);

const HALF: [u8; 10_000] = [b'x'; 10_000];

impl Half {
    async fn of(address: &str, token: &str, run: &str, name: &str) -> Self {
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("connects");
        let head = format!(
            "PUT /api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/{name} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             content-length: 20000\r\nexpect: 100-continue\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("sends");
        let mut told = [0; 25];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut told)).await.expect("is taken").expect("reads");
        assert_eq!(String::from_utf8_lossy(&told), "HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(&HALF).await.expect("sends");
        Self(stream)
    }

    /// Sends the other half; the answer, after which the server ends the connection.
    async fn ended(mut self) -> String {
        self.0.write_all(&HALF).await.expect("sends");
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut answer)).await.expect("the connection ends").expect("reads");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// A database with a run, and a token: what an upload needs.
async fn run_in(database: &Database) -> (String, String) {
    let token = database.run(&["seed"]).0["token"].as_str().expect("a token").to_owned();
    let run = database.serve(&[]).visitor().bearer(&token).mlflow("POST", "runs/create", json!({ "experiment_id": "0" })).await.json();
    (token, run["run"]["info"]["run_id"].as_str().expect("an id").to_owned())
}

#[tokio::test]
async fn a_server_that_stops_answers_what_it_has_begun_and_waits_for_no_stream() {
    let database = Database::create().await;
    let (token, run) = run_in(&database).await;
    let server = database.serve(&["--threads=2"]);
    let address = server.url.trim_start_matches("http://").to_owned();
    // Each thread opens connections to the database: what has begun must not lose those of a thread that has nothing more to do.
    let reads = (0..32).map(|_| {
        let script = server.visitor().bearer(&token);
        async move { script.mlflow("GET", "experiments/get?experiment_id=0", Value::Null).await.status }
    });
    assert!(futures::future::join_all(reads).await.iter().all(|status| *status == 200));
    // Connections are dealt out to the threads in turn: all that stays open is on one of them.
    let mut uploads = Vec::new();
    let on_the_other_thread =
        async || raw::bytes(&address, format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes()).await;
    for n in 0..8 {
        uploads.push(Half::of(&address, &token, &run, &n.to_string()).await);
        on_the_other_thread().await;
    }
    let query = format!("subscription {{ changes(of: [\"run_{run}\"]) {{ of }} }}");
    let script = server.visitor().bearer(&token);
    let stream = script.request(Method::GET, "/graphql/stream").query(&[("query", query)]).send().await.expect("answers");
    let mut stream = stream.bytes_stream();
    assert!(stream.next().await.expect("begins").is_ok());

    server.terminate();
    // The stream ends first; then the stopping is well under way.
    let rest = tokio::time::timeout(PATIENCE, async { while stream.next().await.is_some_and(|part| part.is_ok()) {} });
    rest.await.expect("an open stream ends");
    for upload in uploads {
        let answer = upload.ended().await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let (code, log) = server.ended(PATIENCE).await;
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("\"message\":\"stopped\""), "{log}");
    let found = database.serve(&[]).visitor().bearer(&token).mlflow("GET", &format!("artifacts/list?run_id={run}"), Value::Null).await.json();
    assert_eq!(found["files"].as_array().map(Vec::len), Some(8), "{found}");
}

#[tokio::test]
async fn a_server_that_stops_breaks_off_what_does_not_end() {
    let database = Database::create().await;
    let (token, run) = run_in(&database).await;
    let server = database.serve(&["--drain-seconds=1"]);
    let upload = Half::of(server.url.trim_start_matches("http://"), &token, &run, "a").await;
    server.terminate();
    let (code, log) = server.ended(PATIENCE).await;
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("requests that would not end are broken off"), "{log}");
    let found = database.serve(&[]).visitor().bearer(&token).mlflow("GET", &format!("artifacts/list?run_id={run}"), Value::Null).await.json();
    assert!(found["files"].is_null(), "{found}");
    drop(upload);
}
