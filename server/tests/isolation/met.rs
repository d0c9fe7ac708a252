//! A connection is used for so many organizations and no more, and an organization keeps to connections that have met it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sqlx::Row;

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
    // Four connections have room for twelve. If each organization came to any of them, all would fill, and be closed, again and again.
    assert!(seen.len() < 12, "{} connections were opened", seen.len());
}
