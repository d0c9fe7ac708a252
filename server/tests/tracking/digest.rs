//! The entry of a run's end carries a digest of what was logged: it can be computed again from what is read back, and nothing changes unnoticed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{
    Actor, Organization,
    tracking::{get, history, ok},
    world,
};

/// What a run logs: params, tags, and points with key, step, time and value.
#[derive(Clone)]
struct Logged {
    params: Vec<(&'static str, &'static str)>,
    tags: Vec<(&'static str, &'static str)>,
    points: Vec<(&'static str, i64, i64, f64)>,
}

/// Logs it one by one into a new run and ends that; the run, and the digest in the entry of its end.
async fn end(organization: &Organization<'_>, script: &Actor, logged: &Logged) -> (String, String) {
    let run = ok(script, "POST", "runs/create", json!({ "experiment_id": "0", "run_name": "same", "start_time": 1 })).await;
    let run = run["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    for (key, value) in &logged.params {
        ok(script, "POST", "runs/log-parameter", json!({ "run_id": run, "key": key, "value": value })).await;
    }
    for (key, value) in &logged.tags {
        ok(script, "POST", "runs/set-tag", json!({ "run_id": run, "key": key, "value": value })).await;
    }
    for (key, step, at, value) in &logged.points {
        ok(script, "POST", "runs/log-metric", json!({ "run_id": run, "key": key, "value": value, "timestamp": at, "step": step })).await;
    }
    ok(script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED", "end_time": 2 })).await;
    let query = "query($s: String!) { auditEntries(filter: { subject: $s, action: \"run.end\" }) { nodes { detail } } }";
    let log = organization.owner.graphql(query, json!({ "s": format!("run_{run}") })).await;
    let detail = log["data"]["auditEntries"]["nodes"][0]["detail"].as_str().unwrap_or_else(|| panic!("{log}"));
    let detail: Value = serde_json::from_str(detail).expect("JSON");
    (run, detail["sha256"].as_str().expect("a digest").to_owned())
}

/// The digest as it is written down (`features/runs/digest.rs`), of what the protocol reads back.
async fn recompute(script: &Actor, run: &str) -> String {
    let data = get(script, run).await["data"].clone();
    let mut sum = Sha256::new();
    let number = |sum: &mut Sha256, number: usize| sum.update((number as u64).to_be_bytes());
    for list in ["params", "tags"] {
        let text = |pair: &Value, name: &str| pair[name].as_str().expect("a text").to_owned();
        let mut pairs: Vec<(String, String)> =
            data[list].as_array().expect("a list").iter().map(|pair| (text(pair, "key"), text(pair, "value"))).collect();
        pairs.sort();
        number(&mut sum, pairs.len());
        for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
            number(&mut sum, text.len());
            sum.update(text);
        }
    }
    let keys: BTreeSet<&str> = data["metrics"].as_array().expect("metrics").iter().map(|metric| metric["key"].as_str().expect("a key")).collect();
    for key in keys {
        let whole = |point: &Value, name: &str| point[name].as_i64().expect("a number");
        let points = history(script, run, key).await;
        let mut points: Vec<(i64, i64, f64)> =
            points.iter().map(|point| (whole(point, "step"), whole(point, "timestamp"), point["value"].as_f64().expect("a value"))).collect();
        points.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        number(&mut sum, key.len());
        sum.update(key);
        number(&mut sum, points.len());
        for (step, at, value) in points {
            sum.update(step.to_be_bytes());
            sum.update(at.to_be_bytes());
            sum.update(value.to_bits().to_be_bytes());
        }
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn c7_3a_the_digest_of_a_run_shows_each_change_and_can_be_computed_again() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let logged = Logged {
        params: vec![("depth", "3"), ("\u{e9}tat", "oui"), ("Depth", "4")],
        tags: vec![("team", "risk"), ("b", ""), ("a", "x")],
        points: vec![("loss", 0, 10, 0.5), ("loss", 1, 11, 0.25), ("loss", 1, 12, -0.1), ("accuracy", 1, 11, 0.9), ("z", -3, 5, 1e300)],
    };
    let (run, digest) = end(&organization, &script, &logged).await;
    assert_eq!(recompute(&script, &run).await, digest);
    let mut backwards = logged.clone();
    backwards.params.reverse();
    backwards.tags.reverse();
    backwards.points.reverse();
    let (run, same) = end(&organization, &script, &backwards).await;
    assert_eq!((&same, recompute(&script, &run).await), (&digest, same.clone()), "the order of logging does not matter");

    let changes: [fn(&mut Logged); 14] = [
        |logged| logged.params[0].1 = "4",
        |logged| logged.params[0].0 = "dept",
        |logged| logged.params.truncate(2),
        |logged| logged.params.push(("new", "1")),
        |logged| logged.tags[0].1 = "risk ",
        |logged| logged.tags[1].0 = "c",
        |logged| logged.tags.truncate(2),
        // What was a param is a tag, and one text's end is the next one's beginning.
        |logged| {
            let param = logged.params.remove(0);
            logged.tags.push(param);
        },
        |logged| logged.tags[2] = ("ax", ""),
        |logged| logged.points[1].3 = 0.250_000_000_000_000_06,
        |logged| logged.points[1].1 = 2,
        |logged| logged.points[1].2 = 13,
        |logged| logged.points[4].0 = "y",
        |logged| logged.points.truncate(2),
    ];
    let mut digests = BTreeSet::from([digest]);
    for (at, change) in changes.iter().enumerate() {
        let mut other = logged.clone();
        change(&mut other);
        let (run, digest) = end(&organization, &script, &other).await;
        assert_eq!(recompute(&script, &run).await, digest, "{at}");
        assert!(digests.insert(digest), "{at}: unnoticed");
    }
}
