//! Whether a run was done before: finished runs of the team with the same params, or nearly the same.

use crate::support::{
    Actor, Organization,
    tracking::{experiment, ok, run_in},
    world,
};
use serde_json::{Value, json};
use sqlx::Row;

const ASK: &str = "query($id: ID!) { run(id: $id) { similar { sameCount best { key value run } \
    same { sameData sameCommit differences { key } run { mlflowId } } near { differences { key here there } run { mlflowId } } } } }";

/// A run with params and an accuracy, ended with a status; without one it goes on.
async fn run(script: &Actor, experiment: &str, params: &[(&str, &str)], accuracy: f64, status: &str) -> String {
    let run = run_in(script, experiment).await;
    let params: Vec<Value> = params.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    let metrics = json!([{ "key": "accuracy", "value": accuracy, "timestamp": 1 }, { "key": "epoch", "value": 9, "timestamp": 1 }]);
    ok(script, "POST", "runs/log-batch", json!({ "run_id": run, "params": params, "metrics": metrics })).await;
    if !status.is_empty() {
        ok(script, "POST", "runs/update", json!({ "run_id": run, "status": status })).await;
    }
    run
}

async fn similar(actor: &Actor, run: &str) -> Value {
    let answer = actor.graphql(ASK, json!({ "id": run })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"]["run"]["similar"].clone()
}

fn runs(list: &Value) -> Vec<&str> {
    list.as_array().expect("runs").iter().map(|one| one["run"]["mlflowId"].as_str().expect("an id")).collect()
}

const PARAMS: [(&str, &str); 4] = [("depth", "3"), ("lr", "0.1"), ("optimizer", "adam"), ("trees", "100")];

fn with(key: &str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    PARAMS.iter().map(|pair| if pair.0 == key { (pair.0, value) } else { *pair }).collect()
}

async fn script(organization: &Organization<'_>, role: &str) -> Actor {
    organization.member(role).await.token(&["*"]).await
}

#[tokio::test]
async fn c5_2a_what_a_colleague_has_done_already_is_said_on_the_run() {
    let organization = world().organization().await;
    let (ada, bob) = (script(&organization, "data_scientist").await, script(&organization, "ml_engineer").await);
    let (here, elsewhere) = (experiment(&ada).await, experiment(&bob).await);
    let seeded = [&PARAMS[..], &[("random_state", "7")]].concat();
    let best = run(&bob, &elsewhere, &seeded, 0.94, "FINISHED").await;
    let same = run(&bob, &here, &PARAMS, 0.91, "FINISHED").await;
    // None of these came out, or was the same.
    run(&bob, &here, &PARAMS, 0.99, "FAILED").await;
    run(&bob, &here, &PARAMS, 0.99, "").await;
    run(&bob, &here, &PARAMS[..3], 0.99, "FINISHED").await;
    let removed = run(&bob, &here, &PARAMS, 0.99, "FINISHED").await;
    ok(&bob, "POST", "runs/delete", json!({ "run_id": removed })).await;
    let near = run(&bob, &here, &with("lr", "0.3"), 0.5, "FINISHED").await;
    run(&bob, &here, &[("depth", "9"), ("lr", "9"), ("optimizer", "sgd"), ("trees", "100")], 0.5, "FINISHED").await;

    // While it still runs: that is when it helps.
    let own = run(&ada, &here, &[&PARAMS[..], &[("seed", "1")]].concat(), 0.1, "").await;
    for reader in [&ada, &script(&organization, "viewer").await] {
        let found = similar(reader, &own).await;
        assert_eq!(found["sameCount"], 2, "{found}");
        let mut ids = runs(&found["same"]);
        ids.sort_unstable();
        let mut expected = vec![best.as_str(), same.as_str()];
        expected.sort_unstable();
        assert_eq!(ids, expected);
        assert_eq!((&found["best"]["key"], &found["best"]["value"]), (&json!("accuracy"), &json!(0.94)));
        assert_eq!(found["best"]["run"], format!("run_{best}"));
        let nearest = runs(&found["near"]);
        assert!(nearest.contains(&near.as_str()) && nearest.len() == 2, "{found}");
        let near = &found["near"].as_array().expect("runs").iter().find(|one| one["run"]["mlflowId"] == near.as_str()).expect("it")["differences"];
        assert_eq!(*near, json!([{ "key": "lr", "here": "0.1", "there": "0.3" }]));
    }
    let page = organization.owner.get(&format!("/runs/{own}")).await.text();
    assert!(page.contains("2 runs with the same params already finished"), "{page}");
    // Nobody else's runs are told of, however alike.
    let other = world().organization().await;
    let stranger = other.script().await;
    let theirs = run(&stranger, "0", &PARAMS, 0.2, "FINISHED").await;
    assert_eq!(similar(&stranger, &theirs).await, json!({ "sameCount": 0, "best": null, "same": [], "near": [] }));
}

#[tokio::test]
async fn c5_2a_data_and_commit_are_told_apart() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let experiment = experiment(&script).await;
    let made = async |digest: &str, commit: &str| {
        let run = run(&script, &experiment, &PARAMS, 0.9, "").await;
        let dataset = json!({ "dataset": { "name": "wine", "digest": digest, "source_type": "code", "source": "{}" } });
        ok(&script, "POST", "runs/log-inputs", json!({ "run_id": run, "datasets": [dataset] })).await;
        if !commit.is_empty() {
            ok(&script, "POST", "runs/set-tag", json!({ "run_id": run, "key": "mlflow.source.git.commit", "value": commit })).await;
        }
        ok(&script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED" })).await;
        run
    };
    let own = made("a", "1").await;
    let (both, data, none) = (made("a", "1").await, made("a", "").await, made("b", "2").await);
    let found = similar(&organization.owner, &own).await;
    let of = |run: &str| {
        let one = found["same"].as_array().expect("runs").iter().find(|one| one["run"]["mlflowId"] == run).expect("it").clone();
        (one["sameData"].clone(), one["sameCommit"].clone())
    };
    assert_eq!(of(&both), (json!(true), json!(true)));
    assert_eq!(of(&data), (json!(true), Value::Null));
    assert_eq!(of(&none), (json!(false), json!(false)));
}

/// Whatever the number of runs: what is looked at is what is alike.
#[tokio::test]
async fn c5_2a_runs_that_are_alike_are_found_by_an_index() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let own = run(&script, "0", &PARAMS, 0.9, "FINISHED").await;
    let mut tamperer = organization.tamperer().await;
    let experiment = "(select id from experiments where is_default)";
    let fill = format!(
        "with made as (insert into runs (id, experiment_id, name, user_name, created_by, status, started_ms, created_at) \
            select gen_random_uuid(), {experiment}, 'r', '', '', 'FINISHED', n, now() from generate_series(1, 20000) n returning id), \
         params as (select id, jsonb_build_object('depth', id::text) as params from made) \
         insert into run_params select id, params, fingerprint_of(params) from params"
    );
    sqlx::query(&*fill.leak()).execute(&mut tamperer).await.expect("runs");
    sqlx::query("analyze runs, run_params").execute(&mut tamperer).await.expect("figures");
    let plan = format!(
        "explain (analyze, buffers off, timing off, summary off) select f.run_id from run_params own \
         cross join lateral (select p.run_id from run_params p where p.fingerprint = own.fingerprint and p.run_id <> own.run_id order by p.run_id desc limit 1000) f \
         where own.run_id = '{}'",
        uuid::Uuid::try_parse(&own).expect("an id")
    );
    let lines = sqlx::query(&*plan.leak()).fetch_all(&mut tamperer).await.expect("a plan");
    let plan: String = lines.iter().map(|line| line.get::<String, _>(0) + "\n").collect();
    assert!(plan.contains("run_params_alike") && !plan.contains("Seq Scan on run_params"), "{plan}");
    assert_eq!(similar(&organization.owner, &own).await["sameCount"], 0);
    let twin = run(&script, "0", &PARAMS, 0.8, "FINISHED").await;
    assert_eq!(runs(&similar(&organization.owner, &own).await["same"]), [twin.as_str()]);
}

/// The database and the server have one rule for seeds.
#[tokio::test]
async fn a_seed_is_a_seed_on_both_sides() {
    let organization = world().organization().await;
    let mut tamperer = organization.tamperer().await;
    let keys = [
        "seed",
        "random_state",
        "model__random_state",
        "train.seed",
        "np_random_seed",
        "cv_fold",
        "SEED",
        "seedling",
        "learning_rate",
        "folder",
        "proceed",
        "state",
        "Fold-1",
        "random_states",
    ];
    for key in keys {
        let row = sqlx::query("select is_seed($1)").bind(key).fetch_one(&mut tamperer).await.expect("an answer");
        assert_eq!(row.get::<bool, _>(0), server::features::runs::is_seed(key), "{key}");
    }
}

/// However the params came: the fingerprint of the server, and what the database adds to it, is that of all of them.
#[tokio::test]
async fn c5_2a_params_that_came_one_by_one_are_the_same_as_at_once() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let at_once = run(&script, "0", &[&PARAMS[..], &[("seed", "1"), ("note", "größer = \u{1f600}")]].concat(), 0.9, "FINISHED").await;
    let one_by_one = run(&script, "0", &[], 0.9, "").await;
    for (key, value) in
        [("trees", "100"), ("seed", "2"), ("note", "größer = \u{1f600}"), ("lr", "0.1"), ("lr", "0.1"), ("optimizer", "adam"), ("depth", "3")]
    {
        ok(&script, "POST", "runs/log-parameter", json!({ "run_id": one_by_one, "key": key, "value": value })).await;
    }
    let only_seeds = run(&script, "0", &[("seed", "1")], 0.9, "FINISHED").await;
    ok(&script, "POST", "runs/update", json!({ "run_id": one_by_one, "status": "FINISHED" })).await;
    assert_eq!(runs(&similar(&organization.owner, &one_by_one).await["same"]), [at_once.as_str()]);
    assert_eq!(similar(&organization.owner, &only_seeds).await["sameCount"], 0);
    let mut tamperer = organization.tamperer().await;
    let wrong = sqlx::query("select count(*), count(*) filter (where fingerprint is distinct from fingerprint_of(params)) from run_params");
    let row = wrong.fetch_one(&mut tamperer).await.expect("counts");
    assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1)), (3, 0));
}
