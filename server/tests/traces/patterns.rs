//! RLIKE in searches for traces: the database's regular expressions, and what they may cost.

use std::time::{Duration, Instant};

use crate::support::{
    Actor,
    tracking::{INVALID, ok, refused},
    world,
};
use serde_json::{Value, json};

use super::{info, trace};

async fn search(script: &Actor, filter: &str) -> Value {
    ok(script, "POST", "traces/search", asked(filter)).await
}

fn asked(filter: &str) -> Value {
    json!({ "locations": [{ "mlflow_experiment": { "experiment_id": "0" } }], "filter": filter })
}

#[tokio::test]
async fn c5_1a_traces_are_found_by_regular_expressions() {
    let organization = world().organization().await;
    let script = organization.script().await;
    for n in 0..4 {
        let tags = json!({ "mlflow.traceName": format!("step {n}"), "team": if n % 2 == 0 { "risk" } else { "größe" } });
        ok(&script, "POST", "traces", info(&trace().1, "0", json!({ "tags": tags, "trace_metadata": { "k": format!("v{n}") } }))).await;
    }
    for (filter, count) in [
        ("name RLIKE '^step [0-2]$'", 3),
        ("name RLIKE 'STEP'", 0),
        ("name RLIKE '(?i)STEP'", 4),
        ("tags.team RLIKE 'gr..e'", 2),
        ("metadata.k RLIKE 'v(0|3)' AND NOT tags.team RLIKE 'risk'", 1),
        ("trace.status RLIKE '.' AND tags.none RLIKE '.'", 0),
        ("name RLIKE '\\\\d' OR name RLIKE '\\d'", 4),
    ] {
        let found = search(&script, filter).await;
        assert_eq!(found["traces"].as_array().map_or(0, Vec::len), count, "{filter}");
    }
}

#[tokio::test]
async fn t34_a_pattern_that_is_none_or_costs_too_much_is_refused() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let tags = json!({ "mlflow.traceName": "a".repeat(4_000) });
    ok(&script, "POST", "traces", info(&trace().1, "0", json!({ "tags": tags }))).await;
    let long = "a".repeat(257);
    for pattern in ["(", "[", "a{2,1}", "*", "\\", "(a+)+\\1", "(?=.*(?=.*(?=.*b)))x", "(?<!b)a", long.as_str()] {
        let filter = format!("name RLIKE '{pattern}'");
        assert_eq!(refused(&script, "POST", "traces/search", asked(&filter)).await, (400, INVALID.to_owned()), "{filter}");
    }
    // What takes an engine that goes back a lifetime takes this one a moment.
    for pattern in ["^(a+)+$", "^(a|a)*b$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)(.*)(.*)(.*)b$"] {
        let began = Instant::now();
        search(&script, &format!("name RLIKE '{pattern}'")).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{pattern}: {:?}", began.elapsed());
    }
    for other in ["experiments/search", "runs/search"] {
        let asked = json!({ "experiment_ids": ["0"], "max_results": 5, "filter": "attributes.name RLIKE 'a'" });
        assert_eq!(refused(&script, "POST", other, asked).await, (400, INVALID.to_owned()), "{other}");
    }
}
