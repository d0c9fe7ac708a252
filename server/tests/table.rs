//! What the table of runs is made of: what a member chose of it, and what its runs have in common.

use crate::support::{
    Actor,
    tracking::{experiment, ok, run_in},
    world,
};
use serde_json::{Value, json};

async fn chosen(actor: &Actor, key: &str) -> Value {
    actor.graphql("query($key: String!) { preference(key: $key) }", json!({ "key": key })).await["data"]["preference"].clone()
}

async fn choose(actor: &Actor, key: &str, value: Value) -> Value {
    let query = "mutation($key: String!, $value: JSON) { setPreference(key: $key, value: $value) }";
    actor.graphql(query, json!({ "key": key, "value": value })).await
}

#[tokio::test]
async fn c7_1b_everybody_sees_and_changes_only_what_they_chose_themselves() {
    let organization = world().organization().await;
    let (owner, mia) = (&organization.owner, organization.member("viewer").await);
    let value = json!({ "columns": ["status"], "widths": { "status": 90 } });
    assert_eq!(choose(owner, "runs:exp_1", value.clone()).await["data"]["setPreference"], value);
    assert_eq!(chosen(owner, "runs:exp_1").await, value);
    assert_eq!(chosen(&mia, "runs:exp_1").await, Value::Null);
    choose(&mia, "runs:exp_1", json!([2])).await;
    assert_eq!((chosen(owner, "runs:exp_1").await, chosen(&mia, "runs:exp_1").await), (value, json!([2])));
    choose(&mia, "runs:exp_1", Value::Null).await;
    assert_eq!(chosen(&mia, "runs:exp_1").await, Value::Null);
    let elsewhere = world().organization().await;
    assert_eq!(chosen(&elsewhere.owner, "runs:exp_1").await, Value::Null);
}

#[tokio::test]
async fn what_a_member_keeps_is_bounded_in_size_and_number() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    for (key, value) in [("", json!(1)), ("a b", json!(1)), (&"k".repeat(201), json!(1)), ("k", json!("x".repeat(8 * 1024))), ("k", json!("a\0b"))] {
        let answer = choose(owner, key, value).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID", "{key:?} {answer}");
    }
    assert!(choose(owner, "k", json!("x".repeat(8 * 1024 - 2))).await["errors"].is_null());
    for number in 0..200 {
        world().clock.advance(chrono::TimeDelta::milliseconds(1));
        choose(owner, &format!("k{number}"), json!(number)).await;
    }
    assert_eq!((chosen(owner, "k").await, chosen(owner, "k0").await, chosen(owner, "k199").await), (Value::Null, json!(0), json!(199)));
}

#[tokio::test]
async fn facets_count_what_few_values_tell_apart_among_active_runs() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let id = experiment(&script).await;
    let run = async |model: &str, seed: usize, ends: bool| {
        let run = run_in(&script, &id).await;
        let pair = |key: &str, value: String| json!({ "key": key, "value": value });
        let params = [pair("model", model.to_owned()), pair("seed", seed.to_string()), pair("same", "1".to_owned())];
        ok(&script, "POST", "runs/log-batch", json!({ "run_id": run, "params": params, "tags": [pair("team", "risk".to_owned())], "metrics": [] }))
            .await;
        if ends {
            ok(&script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED", "end_time": 1_700_000_001_000_i64 })).await;
        }
        run
    };
    for seed in 0..9 {
        run(if seed < 6 { "gbdt" } else { "it's" }, seed, seed < 8).await;
    }
    let removed = run("removed", 9, false).await;
    ok(&script, "POST", "runs/delete", json!({ "run_id": removed })).await;
    let query = "query($id: ID!) { experiment(id: $id) { facets { field values { value count } } } }";
    let facets = organization.owner.graphql(query, json!({ "id": format!("exp_{id}") })).await["data"]["experiment"]["facets"].clone();
    let of = |field: &str| {
        let facet = facets.as_array().expect("facets").iter().find(|facet| facet["field"] == field)?;
        let values =
            facet["values"].as_array()?.iter().map(|one| (one["value"].as_str().unwrap_or_default().to_owned(), one["count"].as_i64().unwrap_or(0)));
        Some(values.collect::<Vec<_>>())
    };
    let counted = |list: &[(&str, i64)]| Some(list.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect::<Vec<_>>());
    assert_eq!(facets[0]["field"], "attributes.status", "{facets}");
    assert_eq!(of("attributes.status"), counted(&[("FINISHED", 8), ("RUNNING", 1)]), "{facets}");
    assert_eq!(of("params.model"), counted(&[("gbdt", 6), ("it's", 3)]), "{facets}");
    // Nine seeds are too many to choose among; what all runs carry alike tells none apart.
    assert_eq!((of("params.seed"), of("params.same"), of("tags.team")), (None, None, None), "{facets}");
}
