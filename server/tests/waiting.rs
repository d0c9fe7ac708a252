//! How long somebody is kept waiting by what was typed into a filter, and what may take longer.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor};

use crate::support::{
    Actor, Organization,
    tracking::{experiment, ok, run_in},
    world,
};

/// Makes every row of some tables take so many seconds to look at.
async fn slow(organization: &Organization<'_>, tables: &[&str], seconds: f64) {
    let mut tamperer = organization.tamperer().await;
    for table in tables {
        let policy = format!("create policy slow on {table} as restrictive for select to assay_app using (pg_sleep({seconds}) is not null)");
        tamperer.execute(AssertSqlSafe(policy)).await.expect("is made");
    }
}

/// A run with a metric, a param and a trace, and a registered model; the experiment and the run.
async fn filled(script: &Actor) -> (String, String) {
    let experiment = experiment(script).await;
    let run = run_in(script, &experiment).await;
    let pairs = json!([{ "key": "lr", "value": "0.1" }]);
    let points = json!([{ "key": "loss", "value": 1.0, "timestamp": 1, "step": 1 }]);
    ok(script, "POST", "runs/log-batch", json!({ "run_id": run, "params": pairs, "metrics": points })).await;
    ok(script, "POST", "registered-models/create", json!({ "name": "aa" })).await;
    let (_, trace) = crate::traces::trace();
    ok(script, "POST", "traces", crate::traces::info(&trace, &experiment, json!({ "tags": { "mlflow.traceName": "aa" } }))).await;
    (experiment, run)
}

#[tokio::test]
async fn t36_a_search_that_takes_too_long_is_given_up_and_whoever_typed_it_is_told_to_narrow_it() {
    let organization = world().organization().await;
    let (script, owner) = (organization.script().await, &organization.owner);
    let (experiment, _) = filled(&script).await;
    // Not as long as any other statement has: nobody else would be told anything.
    // A name is a tag of the trace: the database looks at whichever of the two it likes first.
    slow(&organization, &["runs", "registered_models", "traces", "trace_tags", "audit_entries"], 4.0).await;
    let located = json!([{ "mlflow_experiment": { "experiment_id": experiment } }]);
    let like = "attributes.run_name LIKE '%a%a%'";
    let calls = [
        ("POST", "runs/search", json!({ "experiment_ids": [experiment], "filter": like })),
        ("POST", "runs/search", json!({ "experiment_ids": [experiment], "filter": like, "order_by": ["metrics.loss"] })),
        ("POST", "traces/search", json!({ "locations": located, "filter": "name LIKE '%a%'" })),
        ("GET", "registered-models/search?filter=name%20LIKE%20'%25a%25'", Value::Null),
    ];
    let answers = calls.iter().map(async |(method, path, body)| (path, script.mlflow(method, path, body.clone()).await));
    for (path, answer) in futures::future::join_all(answers).await {
        // Not one of those that clients send again by themselves.
        assert_eq!((answer.status, answer.json()["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{path}: {}", answer.text());
        assert!(answer.text().contains("longer than a search may") && answer.text().contains("Narrow it"), "{path}: {}", answer.text());
    }
    let queries = [
        format!("{{ experiment(id: \"exp_{experiment}\") {{ runs(filter: \"{like}\") {{ nodes {{ id }} totalCount }} }} }}"),
        format!("{{ experiment(id: \"exp_{experiment}\") {{ traces(filter: \"name LIKE '%a%'\") {{ nodes {{ id }} totalCount }} }} }}"),
        format!("{{ runTable(experiments: [\"exp_{experiment}\"], filter: \"{like}\") {{ rows }} }}"),
        "{ search(text: \"a\") { id } }".to_owned(),
        "{ auditEntries(filter: { actor: \"a\" }) { nodes { sequence } } }".to_owned(),
    ];
    let answers = queries.iter().map(async |query| (query, owner.graphql(query, Value::Null).await));
    for (query, answer) in futures::future::join_all(answers).await {
        assert_eq!(Actor::code(&answer), "LIMIT_EXCEEDED", "{query}: {answer}");
    }
}

#[tokio::test]
async fn t36_figures_of_much_and_what_is_written_have_their_time() {
    let organization = world().organization().await;
    let (script, owner) = (organization.script().await, &organization.owner);
    let (experiment, run) = filled(&script).await;
    slow(&organization, &["latest_metrics", "metric_batches"], 2.2).await;
    let order = json!({ "experiment_ids": [experiment], "order_by": ["metrics.loss"] });
    let logged = json!({ "run_id": run, "key": "loss", "value": 2.0, "timestamp": 2, "step": 2 });
    let history = format!("metrics/get-history?run_id={run}&metric_key=loss");
    let compare = format!("{{ comparison(of: {{ runs: [\"run_{run}\"] }}) {{ metrics {{ key }} }} }}");
    let (ordered, listed, compared, written) = tokio::join!(
        script.mlflow("POST", "runs/search", order),
        script.mlflow("GET", &history, Value::Null),
        owner.graphql(&compare, Value::Null),
        script.mlflow("POST", "runs/log-metric", logged),
    );
    assert_eq!((ordered.status, ordered.json()["runs"].as_array().map(Vec::len)), (200, Some(1)), "{}", ordered.text());
    assert_eq!(listed.status, 200, "{}", listed.text());
    assert!(compared["errors"].is_null(), "{compared}");
    assert_eq!(written.status, 200, "{}", written.text());
}

#[tokio::test]
async fn t36_who_waits_for_somebody_else_is_not_told_to_ask_for_less() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (experiment, _) = filled(&script).await;
    let mut tamperer = organization.tamperer().await;
    let mut held = sqlx::Connection::begin(&mut tamperer).await.expect("begins");
    held.execute("lock table runs in access exclusive mode").await.expect("locks");
    let answer = script.mlflow("POST", "runs/search", json!({ "experiment_ids": [experiment], "filter": "attributes.run_name LIKE '%a%'" })).await;
    assert_eq!((answer.status, answer.json()["error_code"].as_str()), (503, Some("TEMPORARILY_UNAVAILABLE")), "{}", answer.text());
}
