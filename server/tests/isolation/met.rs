//! A connection is used for so many organizations and no more.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::Row;

use crate::support::{World, process::Database};

#[tokio::test]
async fn d2_a_connection_that_has_met_many_organizations_is_not_used_again() {
    let database = Database::create().await;
    let world = World::beside(&database, &["--connections=8", "--connection-tenants=3"]);
    let mut scripts = Vec::new();
    for _ in 0..8 {
        scripts.push(world.organization().await.script().await);
    }
    let mut connection = world.connect().await;
    let mut seen = BTreeSet::new();
    for _ in 0..6 {
        for script in &scripts {
            assert_eq!(script.mlflow("GET", "experiments/get?experiment_id=0", Value::Null).await.status, 200);
            let answer = script.mlflow("POST", "experiments/search", serde_json::json!({ "max_results": 1 })).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let sql = "select pid from pg_stat_activity where datname = current_database() and application_name = 'assay'";
            let now: BTreeSet<i32> = sqlx::query(sql).fetch_all(&mut connection).await.expect("looks").iter().map(|row| row.get(0)).collect();
            assert!(now.len() <= 16, "{} connections", now.len());
            seen.extend(now);
        }
    }
    // 96 requests of eight organizations in turn: a connection that is not closed would have met all of them.
    assert!(seen.len() >= 12, "only {} connections were opened", seen.len());
}
