//! A search of one experiment that is made again is answered from memory, and finds what the database finds: a search that names an empty experiment besides is
//! always the database's.

use crate::support::{
    Actor, World,
    tracking::{experiment, ok, run_in},
    world,
};
use crate::telemetry::counted::Counted;
use reqwest::Method;
use serde_json::{Value, json};

/// Searches of one experiment, held against those of the database.
struct Twice {
    script: Actor,
    experiment: String,
    empty: String,
}

impl Twice {
    async fn of(script: Actor) -> Self {
        let (experiment, empty) = (experiment(&script).await, experiment(&script).await);
        let twice = Self { script, experiment, empty };
        // Once is not again.
        twice.all(&[&twice.experiment], &json!({})).await;
        twice
    }

    /// Every page of a search.
    async fn all(&self, experiments: &[&String], query: &Value) -> Vec<Value> {
        let (mut found, mut token) = (Vec::new(), Value::Null);
        loop {
            let mut asked = query.clone();
            asked["experiment_ids"] = json!(experiments);
            asked["page_token"] = token;
            let answer = ok(&self.script, "POST", "runs/search", asked).await;
            found.extend(answer["runs"].as_array().cloned().unwrap_or_default());
            token = answer["next_page_token"].clone();
            if token.is_null() {
                return found;
            }
        }
    }

    /// Fails unless both are the same; how many they are.
    async fn same(&self, query: &Value, why: &str) -> usize {
        let database = self.all(&[&self.experiment, &self.empty], query).await;
        assert_eq!(self.all(&[&self.experiment], query).await, database, "{why}: {query}");
        database.len()
    }
}

#[tokio::test]
async fn c5_1c_runs_in_memory_are_found_as_the_database_finds_them() {
    const RUNS: i64 = 60;
    let organization = world().organization().await;
    let twice = Twice::of(organization.script().await).await;
    let metric = |at: i64| match at % 7 {
        0 => json!("NaN"),
        1 => json!("Infinity"),
        2 => json!("-Infinity"),
        3 => json!(-0.0),
        4 => json!(0),
        rest => json!((at * 37 % 11) as f64 / 4.0 - rest as f64),
    };
    for at in 0..RUNS {
        let name = ["Größe", "größe", "run", "RUN", "a%b", "a\\b", "日本", "zz"][(at % 8) as usize];
        let tags =
            json!([{ "key": "odd", "value": if at % 2 == 1 { "yes" } else { "no" } }, { "key": "text", "value": format!("{name} {}", at % 5) }]);
        let made = json!({ "experiment_id": twice.experiment, "start_time": 1_000 + at / 3, "run_name": name, "user_id": format!("user {}", at % 4), "tags": tags });
        let run = ok(&twice.script, "POST", "runs/create", made).await["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
        let mut metrics = vec![json!({ "key": "acc", "value": metric(at), "timestamp": 1 })];
        metrics.retain(|_| at % 5 != 0);
        metrics.push(json!({ "key": "Acc", "value": at % 3, "timestamp": 1 }));
        let mut params = vec![json!({ "key": "p", "value": (at % 13).to_string() }), json!({ "key": "empty", "value": "" })];
        params.truncate((at % 3) as usize);
        ok(&twice.script, "POST", "runs/log-batch", json!({ "run_id": run, "metrics": metrics, "params": params })).await;
        if at % 4 == 0 {
            ok(&twice.script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED", "end_time": 5_000 - at / 8 })).await;
        }
        if at % 10 == 9 {
            ok(&twice.script, "POST", "runs/delete", json!({ "run_id": run })).await;
        }
    }
    let filters = [
        "",
        "metrics.acc > 0",
        "metrics.acc >= 0 and metrics.acc <= 0",
        "metrics.acc != 0",
        "metrics.acc = 0.25 or metrics.Acc < 1",
        "NOT metrics.acc < 1",
        "params.p = '3'",
        "params.p != '3'",
        "params.p LIKE '1%'",
        "params.empty = ''",
        "params.none IS NULL AND params.p IS NOT NULL",
        "NOT (params.p IS NULL OR tags.odd = 'yes')",
        "tags.text LIKE '%ö%e 1'",
        "tags.text LIKE 'a%b%'",
        "tags.text LIKE '%\\%'",
        "tags.text LIKE 'a_b%'",
        "tags.text ILIKE 'GRÖSSE%' or tags.text ILIKE 'größe%'",
        "run_name = 'Größe'",
        "run_name != 'run' and status = 'FINISHED'",
        "user_id LIKE 'user %' and end_time > 4995",
        "start_time >= 1005.5 and start_time < 1010",
        "end_time != 4999",
        "run_id != 'x'",
    ];
    let orders = [
        json!([]),
        json!(["metrics.acc"]),
        json!(["metrics.acc DESC", "params.p"]),
        json!(["params.p DESC"]),
        json!(["tags.text", "start_time ASC"]),
        json!(["run_name DESC"]),
        json!(["end_time"]),
        json!(["end_time DESC", "status"]),
        json!(["user_id", "metrics.Acc DESC"]),
        json!(["run_id DESC"]),
        json!(["start_time DESC", "run_name"]),
    ];
    let mut found = 0;
    for (at, filter) in filters.iter().enumerate() {
        for (other, order) in orders.iter().enumerate() {
            // All pairs would only take longer.
            if at == 0 || (at + other) % 4 == 0 {
                let view = ["ACTIVE_ONLY", "ALL", "DELETED_ONLY"][(at + other) % 3];
                let most = if (at + other) % 2 == 0 { 7 } else { 1_000 };
                let query = json!({ "filter": filter, "order_by": order, "run_view_type": view, "max_results": most });
                found += twice.same(&query, "as they are").await;
            }
        }
    }
    assert!(found > 500, "{found}");
}

#[tokio::test]
async fn c5_1c_whatever_is_written_to_a_run_is_found_at_once() {
    let organization = world().organization().await;
    let twice = Twice::of(organization.script().await).await;
    let script = &twice.script;
    let run = run_in(script, &twice.experiment).await;
    let other = run_in(script, &twice.experiment).await;
    let model = ok(script, "POST", "logged-models", json!({ "experiment_id": twice.experiment, "name": "m", "source_run_id": run })).await;
    let model = model["model"]["info"]["model_id"].as_str().expect("an id").to_owned();
    let all = json!({ "run_view_type": "ALL" });
    twice.same(&all, "before").await;
    let dataset = json!({ "dataset": { "name": "d", "digest": "1", "source_type": "local", "source": "{}" }, "tags": [{ "key": "mlflow.data.context", "value": "train" }] });
    let writes = [
        ("runs/log-metric", json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 1, "step": 1 })),
        ("runs/log-metric", json!({ "run_id": run, "key": "m", "value": 2, "timestamp": 2, "step": 2 })),
        (
            "runs/log-batch",
            json!({ "run_id": run, "metrics": [{ "key": "n", "value": "NaN", "timestamp": 1 }], "params": [{ "key": "p", "value": "1" }], "tags": [{ "key": "t", "value": "1" }] }),
        ),
        ("runs/log-parameter", json!({ "run_id": run, "key": "q", "value": "1" })),
        ("runs/set-tag", json!({ "run_id": run, "key": "t", "value": "2" })),
        ("runs/set-tag", json!({ "run_id": run, "key": "mlflow.runName", "value": "renamed" })),
        ("runs/delete-tag", json!({ "run_id": run, "key": "t" })),
        ("runs/log-inputs", json!({ "run_id": run, "datasets": [dataset] })),
        ("runs/outputs", json!({ "run_id": run, "models": [{ "model_id": model, "step": 1 }] })),
        (
            "runs/log-model",
            json!({ "run_id": run, "model_json": "{\"artifact_path\": \"m\", \"flavors\": {}, \"utc_time_created\": \"2026-01-01\", \"run_id\": \"x\"}" }),
        ),
        ("runs/update", json!({ "run_id": run, "run_name": "again", "status": "FAILED", "end_time": 9 })),
        ("runs/delete", json!({ "run_id": run })),
        ("runs/restore", json!({ "run_id": run })),
        ("runs/create", json!({ "experiment_id": twice.experiment, "start_time": 1 })),
        ("experiments/delete", json!({ "experiment_id": twice.experiment })),
        ("experiments/restore", json!({ "experiment_id": twice.experiment })),
    ];
    for (path, body) in writes {
        ok(script, "POST", path, body).await;
        twice.same(&all, path).await;
    }
    let ids = [&run, &other].map(|id| format!("run_{id}"));
    for mutation in [
        format!("renameRun(id: \"{}\", name: \"by hand\") {{ id }}", ids[0]),
        format!("noteRun(id: \"{}\", note: \"A note.\") {{ id }}", ids[0]),
        format!("setTagOfRuns(ids: [\"{}\", \"{}\"], key: \"k\", value: \"v\") {{ id }}", ids[0], ids[1]),
        format!("removeRuns(ids: [\"{}\"]) {{ id }}", ids[1]),
        format!("restoreRuns(ids: [\"{}\"]) {{ id }}", ids[1]),
    ] {
        let answer = organization.owner.graphql(&format!("mutation {{ {mutation} }}"), Value::Null).await;
        assert!(answer["errors"].is_null(), "{mutation}: {answer}");
        twice.same(&all, &mutation).await;
    }
    let answer = script
        .send(
            script
                .request(Method::POST, "/api/2.0/mlflow/runs/search")
                .json(&json!({ "experiment_ids": [twice.experiment], "filter": "tags.k = 'v'" })),
        )
        .await;
    assert_eq!(answer.json()["runs"].as_array().map(Vec::len), Some(2), "{}", answer.text());
}

#[tokio::test]
async fn c5_1c_a_search_that_is_made_again_looks_at_no_run() {
    let world = World::alone(&[]).await;
    let organization = world.organization().await;
    let script = organization.script().await;
    let id = experiment(&script).await;
    let run = run_in(&script, &id).await;
    ok(&script, "POST", "runs/log-parameter", json!({ "run_id": run, "key": "p", "value": "1" })).await;
    let counted = Counted::on(&world.database());
    let script = script.at_process(&counted.server);
    let mut asked = Vec::new();
    for _ in 0..3 {
        let search = json!({ "experiment_ids": [id], "filter": "params.p = '1'", "order_by": ["metrics.m"] });
        let (answer, trace) = counted.send(&script, script.request(Method::POST, "/api/2.0/mlflow/runs/search").json(&search)).await;
        assert_eq!(answer.json()["runs"][0]["data"]["params"][0]["value"], "1", "{}", answer.text());
        asked.push(trace);
    }
    let costs = counted.end().await;
    let statements = |trace: &String| costs.of(trace).iter().map(|(_, statements, _)| statements).sum::<i64>();
    // Two look the experiment up, and what hangs on its runs; of the others there is what it is searched for, and what it logged.
    assert!(statements(&asked[2]) + 2 <= statements(&asked[0]), "{:?}", asked.iter().map(statements).collect::<Vec<_>>());
}

#[tokio::test]
async fn c5_1c_searches_side_by_side_do_not_wait_for_one_that_reads() {
    let organization = world().organization().await;
    let twice = Twice::of(organization.script().await).await;
    let query = json!({ "filter": "metrics.m > 0", "order_by": ["metrics.m"] });
    for round in 1..=4 {
        // What has changed is read again by whoever searches first.
        let run = run_in(&twice.script, &twice.experiment).await;
        ok(&twice.script, "POST", "runs/log-metric", json!({ "run_id": run, "key": "m", "value": round, "timestamp": round })).await;
        let searches = futures::future::join_all((0..16).map(|_| twice.same(&query, "side by side")));
        assert_eq!(searches.await, [round; 16]);
    }
}
