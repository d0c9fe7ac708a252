//! Servers with few connections to Postgres, and with a way there that is cut.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::support::{World, process::Database};

#[tokio::test]
async fn who_reads_what_they_changed_and_changes_more_does_not_wait_for_a_connection_that_they_hold() {
    // One is for organizations.
    let world = World::beside(&Database::create().await, &["--connections=3"]);
    let organization = world.organization().await;
    let script = organization.script().await;
    let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "start_time": 1 })).await.json();
    let run = format!("run_{}", run["run"]["info"]["run_id"].as_str().expect("an id"));
    let change = format!(
        "mutation {{ a: noteRun(id: \"{run}\", note: \"1\") {{ experiment {{ name }} }} b: noteRun(id: \"{run}\", note: \"2\") {{ note }} }}"
    );
    for answer in join_all((0..4).map(|_| script.graphql(&change, Value::Null))).await {
        assert_eq!(answer["data"]["b"]["note"], "2", "{answer}");
    }
}

/// A way to a database; another address of it. When it is cut, what is open stays open, and nothing passes any more. What is opened afterwards passes.
async fn way_to(database: &Database) -> (Database, watch::Sender<()>) {
    let (before, rest) = database.0.split_once('@').expect("an account");
    let (target, name) = rest.split_once('/').expect("a path");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let way = Database(format!("{before}@{}/{name}", listener.local_addr().expect("an address")));
    let (cut, is_cut) = watch::channel(());
    let target = target.to_owned();
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            let mut there = TcpStream::connect(&target).await.expect("Postgres listens");
            let mut is_cut = is_cut.clone();
            is_cut.mark_unchanged();
            tokio::spawn(async move {
                tokio::select! {
                    _ = copy_bidirectional(&mut here, &mut there) => {}
                    Ok(()) = is_cut.changed() => std::future::pending().await,
                }
            });
        }
    });
    (way, cut)
}

// The way goes on while the server starts, for which this thread waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "waits for half a minute, several times"]
async fn where_the_way_to_postgres_is_cut_without_a_word_requests_are_told_so_and_the_next_ones_have_another() {
    let (way, cut) = way_to(&Database::create().await).await;
    let world = World::beside(&way, &["--connections=4"]);
    let organization = world.organization().await;
    let script = organization.script().await;
    let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "start_time": 1 })).await.json();
    let run = run["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    let read = async || script.send(script.request(Method::GET, &format!("/api/2.0/mlflow/runs/get?run_id={run}"))).await.status;
    let write = async |value: f64| {
        script.mlflow("POST", "runs/log-metric", json!({ "run_id": run, "key": "loss", "value": value, "timestamp": 1 })).await.status
    };
    assert_eq!((read().await, write(1.0).await), (200, 200));
    cut.send(()).expect("a way");
    // Each of the connections is met once at most.
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        let (one, other) = tokio::join!(read(), write(2.0));
        reads.push(one);
        writes.push(other);
        if (one, other) == (200, 200) {
            break;
        }
    }
    assert!(reads[0] == 503 && writes[0] == 503, "{reads:?} {writes:?}");
    assert!(reads.last() == Some(&200) && writes.last() == Some(&200), "{reads:?} {writes:?}");
}
