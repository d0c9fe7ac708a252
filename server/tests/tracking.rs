//! Experiments, runs, params, tags and metrics by MLflow's protocol: what its clients and its users rely on.

mod digest;
mod rights;

use crate::support::{
    tracking::{INVALID, MISSING, experiment, get, history, ok, pair, refused, run_in},
    world,
};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn c5_1a_params_metrics_and_tags_are_logged_and_read_back() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let metrics = json!([
        { "key": "loss", "value": 0.5, "timestamp": 1_700_000_000_001_i64, "step": 1 },
        { "key": "loss", "value": 0.25, "timestamp": "1700000000002", "step": "2" },
        { "key": "acc", "value": "NaN", "timestamp": 1_700_000_000_001_i64 },
    ]);
    ok(
        &script,
        "POST",
        "runs/log-batch",
        json!({ "run_id": run, "metrics": metrics, "params": [{ "key": "lr", "value": "0.1" }], "tags": [{ "key": "team", "value": "risk" }] }),
    )
    .await;
    ok(&script, "POST", "runs/log-parameter", json!({ "run_id": run, "run_uuid": run, "key": "depth", "value": "" })).await;
    ok(
        &script,
        "POST",
        "runs/log-metric",
        json!({ "runId": run, "key": "loss", "value": "Infinity", "timestamp": 1_700_000_000_000_i64, "step": 0 }),
    )
    .await;
    ok(&script, "POST", "runs/set-tag", json!({ "run_id": run, "key": "team", "value": "fraud" })).await;

    let read = get(&script, &run).await;
    assert_eq!(read["info"]["status"], "RUNNING");
    assert_eq!(read["info"]["experiment_id"], "0");
    assert_eq!(read["info"]["user_id"], "ada");
    assert_eq!(read["info"]["artifact_uri"], format!("mlflow-artifacts:/0/{run}/artifacts"));
    assert_eq!(pair(&read["data"]["params"], "lr"), Some("0.1"));
    assert_eq!(pair(&read["data"]["params"], "depth"), Some(""));
    assert_eq!(pair(&read["data"]["tags"], "team"), Some("fraud"));
    let latest = read["data"]["metrics"].as_array().expect("metrics");
    let of = |key: &str| latest.iter().find(|metric| metric["key"] == key).expect("the key").clone();
    assert_eq!(of("loss"), json!({ "key": "loss", "value": 0.25, "timestamp": 1_700_000_000_002_i64, "step": 2 }));
    assert_eq!(of("acc")["value"], "NaN");
    let loss = history(&script, &run, "loss").await;
    assert_eq!(loss.iter().map(|point| point["value"].clone()).collect::<Vec<_>>(), [json!("Infinity"), json!(0.5), json!(0.25)]);

    let ended = ok(&script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED", "end_time": 1_700_000_009_000_i64 })).await;
    assert_eq!((ended["run_info"]["status"].as_str(), ended["run_info"]["end_time"].as_i64()), (Some("FINISHED"), Some(1_700_000_009_000)));
}

#[tokio::test]
async fn c5_1c_the_run_keeps_its_environment_and_who_made_it() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let tags = json!([{ "key": "mlflow.source.name", "value": "train.py" }, { "key": "mlflow.source.git.commit", "value": "abc" }, { "key": "mlflow.user", "value": "ada" }]);
    let made = ok(&script, "POST", "runs/create", json!({ "experiment_id": "0", "user_id": "ada", "tags": tags })).await;
    let name = made["run"]["info"]["run_name"].as_str().expect("a name");
    assert!(!name.is_empty());
    let read = get(&script, made["run"]["info"]["run_id"].as_str().expect("an id")).await;
    assert_eq!(pair(&read["data"]["tags"], "mlflow.source.git.commit"), Some("abc"));
    assert_eq!(pair(&read["data"]["tags"], "mlflow.runName"), Some(name));
    let id = read["info"]["run_id"].as_str().expect("an id");
    let shown =
        organization.owner.graphql("query($id: ID!) { run(id: $id) { user createdBy note name tags { key value } } }", json!({ "id": id })).await;
    assert_eq!(shown["data"]["run"]["user"], "ada");
    assert_eq!(shown["data"]["run"]["createdBy"], "Olive Owner");
}

/// Texts on both sides: a reader that rounds would hide a writer that does.
#[tokio::test]
async fn a_value_keeps_its_last_bit() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    for (step, value) in
        ["0.22606712926221217", "0.9000000000000001", "5e-324", "1.7976931348623157e308", "123456789.12345679"].into_iter().enumerate()
    {
        let body = format!(r#"{{"run_id":"{run}","key":"exact","timestamp":1700000000000,"step":{step},"value":{value}}}"#);
        let request = script.request(Method::POST, "/api/2.0/mlflow/runs/log-metric").header("content-type", "application/json").body(body);
        assert_eq!(script.send(request).await.status, 200);
        let read = script.mlflow("GET", &format!("metrics/get-history?run_id={run}&metric_key=exact&max_results=25000"), Value::Null).await.text();
        assert!(read.replace("e+", "e").contains(&format!(r#""value":{value},"#)), "{value} became {read}");
    }
}

#[tokio::test]
async fn a_point_is_kept_once_and_the_latest_is_the_greatest() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    for (value, timestamp, step) in [(1.0, 5, 2), (9.0, 9, 1), (0.7, 6, 2), (0.5, 6, 2), (1.0, 5, 2), (1.0, 5, 2)] {
        ok(&script, "POST", "runs/log-metric", json!({ "run_id": run, "key": "m", "value": value, "timestamp": timestamp, "step": step })).await;
    }
    let read = get(&script, &run).await;
    assert_eq!(read["data"]["metrics"][0], json!({ "key": "m", "value": 0.7, "timestamp": 6, "step": 2 }));
    let points: Vec<(i64, f64)> = history(&script, &run, "m")
        .await
        .iter()
        .map(|point| (point["timestamp"].as_i64().expect("a time"), point["value"].as_f64().expect("a value")))
        .collect();
    assert_eq!(points, [(5, 1.0), (6, 0.5), (6, 0.7), (9, 9.0)]);
    let shown = organization.owner.graphql("query($id: ID!) { run(id: $id) { metrics { key value step low high count } series(keys: [\"m\", \"none\"]) { key total sampled steps values } } }", json!({ "id": run })).await;
    assert_eq!(shown["data"]["run"]["metrics"][0], json!({ "key": "m", "value": 0.7, "step": 2, "low": 0.5, "high": 9.0, "count": 6 }));
    assert_eq!(
        shown["data"]["run"]["series"],
        json!([{ "key": "m", "total": 4, "sampled": false, "steps": [1, 2, 2, 2], "values": [9.0, 1.0, 0.5, 0.7] }])
    );
}

#[tokio::test]
async fn compaction_keeps_every_point_bit_by_bit() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    // Out of order, with duplicates, over several chunks' worth of batches.
    for batch in 0..12_i64 {
        let metrics: Vec<Value> = (0..900_i64).map(|i| {
            let step = (batch * 800 + i) % 9_000;
            json!({ "key": "long", "value": if step % 7 == 0 { json!("NaN") } else { json!(step as f64 * 0.1) }, "timestamp": 1_700_000_000_000_i64 + step, "step": step })
        }).chain([json!({ "key": "short", "value": batch, "timestamp": batch, "step": batch })]).collect();
        ok(&script, "POST", "runs/log-batch", json!({ "run_id": run, "metrics": metrics })).await;
    }
    let before = (history(&script, &run, "long").await, history(&script, &run, "short").await);
    let distinct: std::collections::BTreeSet<i64> = (0..12).flat_map(|batch| (0..900).map(move |i| (batch * 800 + i) % 9_000)).collect();
    assert_eq!((before.0.len(), before.1.len()), (distinct.len(), 12));
    ok(&script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED" })).await;
    let mut tamperer = organization.tamperer().await;
    for _ in 0..100 {
        let (chunks, batches): (i64, i64) = sqlx::query_as("select (select count(*) from metric_chunks), (select count(*) from metric_batches)")
            .fetch_one(&mut tamperer)
            .await
            .expect("counts");
        if (chunks, batches) == (2, 1) {
            let (bytes,): (i64,) =
                sqlx::query_as("select sum(length(data))::bigint from metric_chunks").fetch_one(&mut tamperer).await.expect("bytes");
            assert!(bytes < 12 * distinct.len() as i64, "{bytes} bytes");
            assert_eq!((history(&script, &run, "long").await, history(&script, &run, "short").await), before);
            // Later points go on from there.
            ok(&script, "POST", "runs/log-metric", json!({ "run_id": run, "key": "long", "value": 1, "timestamp": 1, "step": -5 })).await;
            assert_eq!(history(&script, &run, "long").await.len(), before.0.len() + 1);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("the run was not compacted");
}

#[tokio::test]
async fn a_param_is_written_once_and_a_batch_is_all_or_nothing() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let log = |value: &'static str| json!({ "run_id": run, "key": "lr", "value": value });
    ok(&script, "POST", "runs/log-parameter", log("1")).await;
    ok(&script, "POST", "runs/log-parameter", log("1")).await;
    let answer = script.mlflow("POST", "runs/log-parameter", log("2")).await;
    assert_eq!(answer.status, 400);
    let message = answer.json()["message"].as_str().expect("a message").to_owned();
    assert!(
        message.starts_with("Changing param values is not allowed. Param with key='lr' was already logged with value='1' for run ID="),
        "{message}"
    );
    let batch = json!({ "run_id": run, "params": [{ "key": "new", "value": "1" }, { "key": "lr", "value": "3" }], "tags": [{ "key": "t", "value": "1" }], "metrics": [{ "key": "m", "value": 1, "timestamp": 1 }] });
    assert_eq!(refused(&script, "POST", "runs/log-batch", batch).await, (400, INVALID.into()));
    let twice = json!({ "run_id": run, "params": [{ "key": "x", "value": "1" }, { "key": "x", "value": "1" }] });
    assert_eq!(refused(&script, "POST", "runs/log-batch", twice).await, (400, INVALID.into()));
    let read = get(&script, &run).await;
    assert_eq!(read["data"]["params"], json!([{ "key": "lr", "value": "1" }]));
    assert!(read["data"].get("metrics").is_none() && pair(&read["data"]["tags"], "t").is_none());
}

#[tokio::test]
async fn name_and_name_tag_are_one_value() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let both = json!({ "experiment_id": "0", "run_name": "a", "tags": [{ "key": "mlflow.runName", "value": "b" }] });
    assert_eq!(refused(&script, "POST", "runs/create", both).await, (400, INVALID.into()));
    let run = run_in(&script, "0").await;
    ok(&script, "POST", "runs/set-tag", json!({ "run_id": run, "key": "mlflow.runName", "value": "by tag" })).await;
    assert_eq!(get(&script, &run).await["info"]["run_name"], "by tag");
    ok(&script, "POST", "runs/update", json!({ "run_id": run, "run_name": "by name" })).await;
    let read = get(&script, &run).await;
    assert_eq!((read["info"]["run_name"].as_str(), pair(&read["data"]["tags"], "mlflow.runName")), (Some("by name"), Some("by name")));
}

#[tokio::test]
async fn a_removed_run_is_readable_and_not_writable() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    for _ in 0..2 {
        ok(&script, "POST", "runs/delete", json!({ "run_id": run })).await;
    }
    assert_eq!(get(&script, &run).await["info"]["lifecycle_stage"], "deleted");
    for (path, body) in [
        ("runs/log-parameter", json!({ "run_id": run, "key": "a", "value": "1" })),
        ("runs/log-metric", json!({ "run_id": run, "key": "a", "value": 1, "timestamp": 1 })),
        ("runs/set-tag", json!({ "run_id": run, "key": "a", "value": "1" })),
        ("runs/delete-tag", json!({ "run_id": run, "key": "a" })),
        ("runs/update", json!({ "run_id": run, "status": "FINISHED" })),
        ("runs/log-inputs", json!({ "run_id": run, "datasets": [] })),
    ] {
        assert_eq!(refused(&script, "POST", path, body).await, (400, INVALID.into()), "{path}");
    }
    ok(&script, "POST", "runs/restore", json!({ "run_id": run })).await;
    ok(&script, "POST", "runs/log-parameter", json!({ "run_id": run, "key": "a", "value": "1" })).await;
}

#[tokio::test]
async fn an_experiment_takes_its_runs_along_and_keeps_its_name() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let made = ok(&script, "POST", "experiments/create", json!({ "name": "fraud", "tags": [{ "key": "k", "value": "v" }] })).await;
    let id = made["experiment_id"].as_str().expect("an id").to_owned();
    assert_eq!(refused(&script, "POST", "experiments/create", json!({ "name": "fraud" })).await, (400, "RESOURCE_ALREADY_EXISTS".into()));
    let run = run_in(&script, &id).await;
    ok(&script, "POST", "experiments/delete", json!({ "experiment_id": id })).await;
    assert_eq!(get(&script, &run).await["info"]["lifecycle_stage"], "deleted");
    assert_eq!(refused(&script, "POST", "runs/create", json!({ "experiment_id": id })).await, (400, INVALID.into()));
    assert_eq!(refused(&script, "POST", "experiments/create", json!({ "name": "fraud" })).await, (400, "RESOURCE_ALREADY_EXISTS".into()));
    assert_eq!(refused(&script, "POST", "experiments/delete", json!({ "experiment_id": id })).await, (404, MISSING.into()));
    assert_eq!(
        refused(&script, "POST", "experiments/set-experiment-tag", json!({ "experiment_id": id, "key": "a", "value": "b" })).await,
        (400, INVALID.into())
    );
    let by_name = ok(&script, "GET", "experiments/get-by-name?experiment_name=fraud", Value::Null).await;
    assert_eq!(by_name["experiment"]["lifecycle_stage"], "deleted");
    ok(&script, "POST", "experiments/restore", json!({ "experiment_id": id })).await;
    assert_eq!(get(&script, &run).await["info"]["lifecycle_stage"], "active");
    ok(&script, "POST", "experiments/update", json!({ "experiment_id": id, "new_name": "fraud 2" })).await;
    let read = ok(&script, "GET", &format!("experiments/get?experiment_id={id}"), Value::Null).await;
    assert_eq!(read["experiment"]["name"], "fraud 2");
    assert_eq!(read["experiment"]["artifact_location"], format!("mlflow-artifacts:/{id}"));
    assert_eq!(pair(&read["experiment"]["tags"], "k"), Some("v"));
    let default = ok(&script, "GET", "experiments/get?experiment_id=0", Value::Null).await;
    assert_eq!(default["experiment"]["name"], "Default");
    assert_eq!(refused(&script, "GET", "experiments/get-by-name?experiment_name=none", Value::Null).await, (404, MISSING.into()));
}

#[tokio::test]
async fn c7_3a_a_run_is_entered_when_it_begins_and_when_it_ends() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    for step in 0..5 {
        ok(&script, "POST", "runs/log-metric", json!({ "run_id": run, "key": "m", "value": step, "timestamp": step, "step": step })).await;
    }
    ok(&script, "POST", "runs/log-parameter", json!({ "run_id": run, "key": "p", "value": "1" })).await;
    ok(&script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED" })).await;
    ok(&script, "POST", "runs/log-metric", json!({ "run_id": run, "key": "m", "value": 9, "timestamp": 9, "step": 9 })).await;
    let id = format!("run_{run}");
    let log = organization
        .owner
        .graphql("query($s: String!) { auditEntries(filter: { subject: $s }) { nodes { action detail } } }", json!({ "s": id }))
        .await;
    let entries = log["data"]["auditEntries"]["nodes"].as_array().expect("entries");
    let actions: Vec<&str> = entries.iter().map(|entry| entry["action"].as_str().expect("an action")).collect();
    assert_eq!(actions, ["run.log", "run.end", "run.create"], "telemetry of a running run has no entry of its own");
    let detail: Value = serde_json::from_str(entries[1]["detail"].as_str().expect("a detail")).expect("JSON");
    assert_eq!((detail["points"].as_i64(), detail["params"].as_i64(), detail["metrics"].as_i64()), (Some(5), Some(1), Some(1)));
    assert_eq!(detail["sha256"].as_str().map(str::len), Some(64));
}

#[tokio::test]
async fn inputs_are_logged_once() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let input = |context: &str| json!({ "dataset": { "name": "iris", "digest": "d1", "source_type": "code", "source": "{}", "schema": "{\"a\":1}" }, "tags": [{ "key": "mlflow.data.context", "value": context }] });
    ok(&script, "POST", "runs/log-inputs", json!({ "run_id": run, "datasets": [input("training"), input("other")] })).await;
    ok(&script, "POST", "runs/log-inputs", json!({ "run_id": run, "datasets": [input("evaluation")] })).await;
    let inputs = get(&script, &run).await["inputs"]["dataset_inputs"].clone();
    assert_eq!(inputs, json!([input("training")]));
    let found = ok(
        &script,
        "POST",
        "runs/search",
        json!({ "experiment_ids": ["0"], "filter": "dataset.name = 'iris' and datasets.context IN ('training')" }),
    )
    .await;
    assert_eq!(found["runs"].as_array().map(Vec::len), Some(1));
    let shown = organization
        .owner
        .graphql("query($id: ID!) { run(id: $id) { datasets { name digest sourceType context schema } } }", json!({ "id": run }))
        .await;
    assert_eq!(shown["data"]["run"]["datasets"][0]["context"], "training");
}

#[tokio::test]
async fn c5_1b_what_older_clients_say_of_models_is_a_list_in_a_tag() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    for name in ["first", "second"] {
        ok(&script, "POST", "runs/log-model", json!({ "run_id": run, "model_json": json!({ "artifact_path": name }).to_string() })).await;
    }
    let list = async || {
        let tags = get(&script, &run).await["data"]["tags"].clone();
        pair(&tags, "mlflow.log-model.history").map(|list| serde_json::from_str::<Value>(list).expect("JSON"))
    };
    let both = json!([{ "artifact_path": "first" }, { "artifact_path": "second" }]);
    assert_eq!(list().await, Some(both.clone()));
    let long = json!({ "flavors": "x".repeat(8_000) }).to_string();
    for wrong in ["", "[]", "no JSON", "7", &long] {
        assert_eq!(
            refused(&script, "POST", "runs/log-model", json!({ "run_id": run, "model_json": wrong })).await,
            (400, INVALID.into()),
            "{wrong:.20}"
        );
    }
    assert_eq!(list().await, Some(both), "what was there stays whole");
    ok(&script, "POST", "runs/delete", json!({ "run_id": run })).await;
    let gone = script.mlflow("POST", "runs/log-model", json!({ "run_id": run, "model_json": "{}" })).await;
    assert!((400..500).contains(&gone.status), "{}", gone.text());
}

#[tokio::test]
async fn people_name_note_tag_remove_and_restore_runs() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let owner = &organization.owner;
    let before = owner.graphql("query($id: ID!) { run(id: $id) { revision } }", json!({ "id": run })).await["data"]["run"]["revision"].clone();
    let done = owner.graphql("mutation($id: ID!) { a: renameRun(id: $id, name: \"named\") { name } b: noteRun(id: $id, note: \"**good**\") { note } c: setRunTag(id: $id, key: \"k\", value: \"v\") { tags { key } revision } d: removeRunTag(id: $id, key: \"k\") { id } e: removeRuns(ids: [$id]) { lifecycle } f: restoreRuns(ids: [$id]) { lifecycle } }", json!({ "id": run })).await;
    assert_eq!(
        (
            done["data"]["a"]["name"].as_str(),
            done["data"]["b"]["note"].as_str(),
            done["data"]["e"][0]["lifecycle"].as_str(),
            done["data"]["f"][0]["lifecycle"].as_str()
        ),
        (Some("named"), Some("**good**"), Some("DELETED"), Some("ACTIVE")),
        "{done}"
    );
    assert_ne!(done["data"]["c"]["revision"], before);
    let unnoted = owner.graphql("mutation($id: ID!) { noteRun(id: $id, note: \"\") { note } }", json!({ "id": run })).await;
    assert!(unnoted["data"]["noteRun"]["note"].is_null());
}

#[tokio::test]
async fn what_is_of_another_organization_does_not_exist() {
    let (mine, theirs) = (world().organization().await, world().organization().await);
    let (script, stranger) = (mine.script().await, theirs.script().await);
    let id = experiment(&script).await;
    let run = run_in(&script, &id).await;
    assert_eq!(refused(&stranger, "GET", &format!("runs/get?run_id={run}"), Value::Null).await, (404, MISSING.into()));
    assert_eq!(refused(&stranger, "GET", &format!("experiments/get?experiment_id={id}"), Value::Null).await, (404, MISSING.into()));
    assert_eq!(refused(&stranger, "POST", "runs/create", json!({ "experiment_id": id })).await, (404, MISSING.into()));
    assert_eq!(
        refused(&stranger, "POST", "runs/log-metric", json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 1 })).await,
        (404, MISSING.into())
    );
    assert_eq!(refused(&stranger, "POST", "runs/delete", json!({ "run_id": run })).await, (404, MISSING.into()));
    assert_eq!(ok(&stranger, "POST", "runs/search", json!({ "experiment_ids": [id] })).await, json!({}));
    assert_eq!(ok(&stranger, "GET", &format!("metrics/get-history?run_id={run}&metric_key=m"), Value::Null).await, json!({}));
}

#[tokio::test]
async fn concurrent_loggers_of_one_run_lose_nothing() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let tasks: Vec<_> = (0..8_i64)
        .map(|logger| {
            let (script, run) = (script.clone(), run.clone());
            tokio::spawn(async move {
                for i in 0..50_i64 {
                    let step = logger * 50 + i;
                    ok(&script, "POST", "runs/log-metric", json!({ "run_id": run, "key": "m", "value": step, "timestamp": step, "step": step }))
                        .await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("logs");
    }
    assert_eq!(history(&script, &run, "m").await.len(), 400);
    assert_eq!(get(&script, &run).await["data"]["metrics"][0]["step"], 399);
}
