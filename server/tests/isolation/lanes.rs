//! A connection is used for so many organizations and no more, and an organization keeps to connections that have met it, unless they are held up.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use crate::support::{World, process::Database};

/// The connections that are seen while eight organizations ask in turn, six times each. `connections` are those of the server, of which half are for
/// organizations; each meets three.
async fn seen(connections: usize) -> BTreeSet<i32> {
    let database = Database::create().await;
    let world = World::beside(&database, &[&format!("--connections={connections}"), "--connection-tenants=3"]);
    let mut scripts = Vec::new();
    for _ in 0..8 {
        scripts.push(world.organization().await.script().await);
    }
    let mut connection = world.connect().await;
    let mut seen = BTreeSet::new();
    for _ in 0..6 {
        for script in &scripts {
            assert_eq!(script.mlflow("GET", "experiments/get?experiment_id=0", Value::Null).await.status, 200);
            let answer = script.mlflow("POST", "experiments/search", json!({ "max_results": 1 })).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let sql = "select pid from pg_stat_activity where datname = current_database() and application_name = 'assay'";
            let now: BTreeSet<i32> = sqlx::query(sql).fetch_all(&mut connection).await.expect("looks").iter().map(|row| row.get(0)).collect();
            // One that is closed may be seen beside the one that takes its place.
            assert!(now.len() <= 2 * connections, "{} connections", now.len());
            seen.extend(now);
        }
    }
    seen
}

#[tokio::test]
async fn d2_a_connection_that_has_met_many_organizations_is_not_used_again() {
    let seen = seen(4).await;
    // Two connections have room for six organizations: in each round they fill, and others take their place.
    assert!(seen.len() >= 12, "only {} connections were opened", seen.len());
}

#[tokio::test]
async fn d2_an_organization_keeps_to_connections_that_have_met_it() {
    let seen = seen(8).await;
    // Four connections have room for twelve. If each organization came to any of them, all would fill, and be closed, again and again: some sixty meetings, three
    // to a connection. On a machine that is slow now and then an organization does not wait for its own.
    assert!(seen.len() < 24, "{} connections were opened", seen.len());
}

/// Returns once something is true of the server's connections.
async fn until(connection: &mut PgConnection, condition: &str) {
    let sql = format!("select {condition} from pg_stat_activity where datname = current_database() and application_name = 'assay'");
    for _ in 0..2_000 {
        if sqlx::query_scalar(AssertSqlSafe(sql.clone())).fetch_one(&mut *connection).await.expect("looks") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {condition}");
}

#[tokio::test]
async fn d2_an_organization_whose_connections_are_held_up_is_answered_on_another() {
    let database = Database::create().await;
    let world = World::beside(&database, &["--connections=8", "--connection-tenants=3"]);
    // Four connections, of which each has met somebody: none takes just anybody.
    let organizations = futures::future::join_all((0..4).map(|_| world.organization())).await;
    let script = organizations[0].script().await;
    for organization in &organizations[1..] {
        organization.script().await.mlflow("GET", "experiments/get?experiment_id=0", Value::Null).await;
    }
    assert_eq!(script.mlflow("GET", "experiments/get?experiment_id=0", Value::Null).await.status, 200);
    let mut holder = organizations[0].tamperer().await;
    let mut held = holder.begin().await.expect("begins");
    held.execute("lock table experiments in access exclusive mode").await.expect("locks");
    let mut looker = world.connect().await;
    let mut waiting = Vec::new();
    for name in ["a", "b", "c"] {
        let script = script.clone();
        waiting.push(tokio::spawn(async move { script.mlflow("POST", "experiments/create", json!({ "name": name })).await.status }));
        until(&mut looker, &format!("count(*) filter (where wait_event_type = 'Lock') = {}", waiting.len())).await;
    }
    let answer = script.mlflow("GET", "registered-models/search", Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(waiting.iter().all(|waits| !waits.is_finished()), "nobody was held up");
    held.rollback().await.expect("lets go");
    for waits in waiting {
        assert_eq!(waits.await.expect("is answered"), 200);
    }
}

#[tokio::test]
async fn d2_connections_that_were_lost_while_nobody_asked_are_not_noticed_by_who_asks_next() {
    let database = Database::create().await;
    let world = World::beside(&database, &["--connections=8"]);
    let script = world.organization().await.script().await;
    let ask = async || {
        let asked = (0..4).map(|_| script.mlflow("POST", "experiments/search", json!({ "max_results": 1 })));
        futures::future::join_all(asked).await.iter().map(|answer| answer.status).collect::<Vec<_>>()
    };
    assert_eq!(ask().await, [200; 4]);
    let mut connection = world.connect().await;
    until(&mut connection, "max(state_change) < clock_timestamp() - interval '200 ms'").await;
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
        where datname = current_database() and application_name = 'assay' and state = 'idle'";
    let ended: i64 = sqlx::query_scalar(end).fetch_one(&mut connection).await.expect("ends them");
    assert!(ended >= 4, "only {ended} were open");
    assert_eq!(ask().await, [200; 4]);
}
