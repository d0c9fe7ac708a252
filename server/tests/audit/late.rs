//! What is telemetry and what is not: a run's end and an hour in the life of a trace divide them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{acts::log, entries};
use crate::support::{
    World,
    tracking::{ok, run_in},
    world,
};

/// Calls that log to a run, and what they are entered as once the run has ended. Before that those that need no entry have none.
const LOGGING: [(&str, &str, Option<&str>, &str); 8] = [
    ("log-parameter", "run.log", None, r#"{"key":"p","value":"1"}"#),
    ("set-tag", "run.log", None, r#"{"key":"t","value":"1"}"#),
    ("log-metric", "run.log", None, r#"{"key":"m","value":1,"timestamp":1}"#),
    ("log-batch", "run.log", None, r#"{"params":[{"key":"b","value":"1"}],"metrics":[{"key":"m","value":2,"timestamp":2,"step":1}]}"#),
    ("delete-tag", "run.untag", Some("run.untag"), r#"{"key":"t"}"#),
    (
        "log-inputs",
        "run.log_inputs",
        Some("run.log_inputs"),
        r#"{"datasets":[{"dataset":{"name":"loans","digest":"d1","source_type":"s","source":"s"}}]}"#,
    ),
    ("log-inputs", "run.log_inputs", Some("run.log_inputs"), r#"{"models":[{"model_id":"$model"}]}"#),
    ("outputs", "run.log_outputs", Some("run.log_outputs"), r#"{"models":[{"model_id":"$model","step":3}]}"#),
];

#[tokio::test]
async fn c7_1d_c7_3a_whatever_is_logged_to_a_run_that_has_ended_has_one_entry() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let model = ok(&script, "POST", "logged-models", json!({ "experiment_id": "0", "name": "m" })).await["model"]["info"]["model_id"].clone();
    let model = model.as_str().expect("an id");
    let run = run_in(&script, "0").await;
    for ended in [false, true] {
        if ended {
            ok(&script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED" })).await;
        }
        for (path, late, early, body) in LOGGING {
            let mut body: Value = serde_json::from_str(&body.replace("$model", model)).expect("JSON");
            body["run_id"] = run.as_str().into();
            let before = log(&organization.owner).await.0;
            ok(&script, "POST", &format!("runs/{path}"), body).await;
            let (after, newest) = log(&organization.owner).await;
            let expected = if ended { Some(late) } else { early };
            assert_eq!(after - before, u64::from(expected.is_some()), "{path}, ended: {ended}: {newest}");
            if let Some(action) = expected {
                assert_eq!((newest["action"].as_str(), newest["subjectId"].as_str()), (Some(action), Some(format!("run_{run}").as_str())), "{path}");
            }
        }
        // What says nothing writes nothing.
        let before = log(&organization.owner).await.0;
        for path in ["runs/log-inputs", "runs/outputs"] {
            ok(&script, "POST", path, json!({ "run_id": run })).await;
        }
        assert_eq!(log(&organization.owner).await.0, before);
    }
    let inputs = entries(&organization, json!({ "action": "run.log_inputs" })).await;
    let detail = |at: usize| serde_json::from_str::<Value>(inputs[at]["detail"].as_str().expect("a detail")).expect("JSON");
    assert_eq!(detail(1)["first"], json!([{ "name": "loans", "digest": "d1" }]), "the entry says which data was added");
    assert_eq!(detail(0)["models"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn c7_1d_a_trace_is_taken_in_for_an_hour_and_what_is_written_to_it_later_has_an_entry() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let script = organization.script().await;
    let id = format!("tr-{}", uuid::Uuid::now_v7().simple());
    let told = |more: Value| {
        let place = json!({ "mlflow_experiment": { "experiment_id": "0" } });
        let mut info =
            json!({ "trace_id": id, "trace_location": place, "request_time": "2026-01-01T00:00:00Z", "tags": { "mlflow.traceName": "answer" } });
        info.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        json!({ "trace": { "trace_info": info } })
    };
    let count = async || log(&organization.owner).await.0;
    let begun = count().await;
    for minutes in [0, 59] {
        replica.clock.advance(TimeDelta::minutes(minutes));
        ok(&script, "POST", "traces", told(json!({ "state": "OK" }))).await;
    }
    assert_eq!(count().await, begun, "taking it in");
    let judged = json!({ "assessments": [{ "assessment_name": "correct", "feedback": { "value": true } }] });
    ok(&script, "POST", "traces", told(judged)).await;
    assert_eq!(count().await, begun + 1, "judgments are entered, however they come");
    replica.clock.advance(TimeDelta::minutes(2));
    ok(&script, "POST", "traces", told(json!({ "state": "ERROR" }))).await;
    let late = entries(&organization, json!({ "action": "trace.log" })).await;
    assert_eq!((late.len(), &late[0]["subjectName"], &late[1]["detail"]), (2, &json!("answer"), &json!("{\"assessments\":1}")), "{late:?}");

    let run = run_in(&script, "0").await;
    let before = count().await;
    for _ in 0..2 {
        ok(&script, "POST", "traces/link-to-run", json!({ "trace_ids": [id], "run_id": run })).await;
    }
    assert_eq!(count().await, before + 1, "tied once, entered once");
    let linked = entries(&organization, json!({ "action": "trace.link", "subject": format!("run_{run}") })).await;
    let detail: Value = serde_json::from_str(linked[0]["detail"].as_str().expect("a detail")).expect("JSON");
    assert_eq!(detail, json!({ "traces": 1, "first": [id] }));
}
