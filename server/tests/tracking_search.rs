//! Searching runs and experiments by MLflow's protocol: filters, order and pages.

mod held;

use crate::support::{
    Actor,
    tracking::{INVALID, experiment, ok, refused, run_in},
    world,
};
use serde_json::{Value, json};

#[tokio::test]
async fn runs_are_searched_ordered_and_paged() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let id = experiment(&script).await;
    let other = run_in(&script, "0").await;
    let mut runs = Vec::new();
    for i in 0..7_i64 {
        let made = ok(&script, "POST", "runs/create", json!({ "experiment_id": id, "start_time": 1_000 + i, "run_name": format!("run {i}"), "tags": [{ "key": "parity", "value": if i % 2 == 0 { "even" } else { "odd" } }] })).await;
        let run = made["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
        let value = match i {
            5 => json!("NaN"),
            _ => json!(i),
        };
        let metrics = if i == 6 { json!([]) } else { json!([{ "key": "acc", "value": value, "timestamp": 1 }]) };
        ok(&script, "POST", "runs/log-batch", json!({ "run_id": run, "metrics": metrics, "params": [{ "key": "p", "value": i.to_string() }] })).await;
        runs.push(run);
    }
    let search = async |filter: &str, order: Value, most: i64| {
        let (mut found, mut token) = (Vec::new(), Value::Null);
        loop {
            let answer = ok(
                &script,
                "POST",
                "runs/search",
                json!({ "experiment_ids": [id, "999", "nothing"], "filter": filter, "order_by": order, "max_results": most, "page_token": token }),
            )
            .await;
            found.extend(
                answer["runs"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default()
                    .iter()
                    .map(|run| runs.iter().position(|id| run["info"]["run_id"] == id.as_str()).expect("known")),
            );
            token = answer["next_page_token"].clone();
            if token.is_null() {
                return found;
            }
        }
    };
    for most in [1, 2, 3, 100] {
        assert_eq!(search("", json!([]), most).await, [6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(search("", json!(["metrics.acc DESC"]), most).await, [4, 3, 2, 1, 0, 5, 6]);
        assert_eq!(search("", json!(["metrics.acc"]), most).await, [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(search("", json!(["tags.parity", "params.p DESC"]), most).await, [6, 4, 2, 0, 5, 3, 1]);
        assert_eq!(search("", json!(["attributes.end_time", "start_time ASC"]), most).await, [0, 1, 2, 3, 4, 5, 6]);
    }
    for (filter, found) in [
        ("metrics.acc > 2", vec![4, 3]),
        ("metrics.acc != 2", vec![5, 4, 3, 1, 0]),
        ("metrics.acc >= 0.5 AND params.p != '1'", vec![4, 3, 2]),
        ("params.p = '3' OR (tags.parity = 'even' AND metrics.acc < 1)", vec![3, 0]),
        ("tags.parity LIKE 'o%'", vec![5, 3, 1]),
        ("tags.parity ILIKE 'E_EN' and start_time > 1003", vec![6, 4]),
        ("tags.none IS NULL and params.p is not null and attributes.run_name = 'run 2'", vec![2]),
        ("metrics.none > 0", vec![]),
        ("params.none != 'x'", vec![]),
        ("end_time > 0", vec![]),
        ("NOT metrics.acc > 2", vec![6, 5, 2, 1, 0]),
        ("NOT (metrics.acc > 2 OR tags.parity = 'odd')", vec![6, 2, 0]),
        ("NOT end_time > 0 AND NOT NOT params.p = '4'", vec![4]),
        ("NOT tags.none IS NULL", vec![]),
        ("status = 'RUNNING' AND user_id = ''", vec![6, 5, 4, 3, 2, 1, 0]),
        ("tags.parity LIKE '%\\%'", vec![]),
        ("params.p = \"'; drop table runs; --\"", vec![]),
    ] {
        assert_eq!(search(filter, json!([]), 1000).await, found, "{filter}");
    }
    assert_eq!(search(&format!("run_id IN ('{}', '{}', 'x')", runs[1], other), json!([]), 10).await, [1]);
    assert_eq!(search(&format!("run_id = '{}'", runs[3]), json!([]), 10).await, [3]);
    assert_eq!(search(&format!("artifact_uri LIKE '%{}%'", runs[3]), json!([]), 10).await, [3]);
    assert_eq!(ok(&script, "POST", "runs/search", json!({ "experiment_ids": [] })).await, json!({}));
    assert_eq!(ok(&script, "POST", "runs/search", json!({ "experiment_ids": [id], "run_view_type": "DELETED_ONLY" })).await, json!({}));

    let query = "query($id: ID!, $filter: String, $order: [String!], $after: String) { experiment(id: $id) { runCount lastRunAt metricKeys paramKeys tagKeys project { name } runs(first: 3, filter: $filter, orderBy: $order, after: $after) { totalCount pageInfo { endCursor hasNextPage } nodes { name experiment { name } params { key value } metrics { key value } tags { key } } } } }";
    let first = organization.owner.graphql(query, json!({ "id": id, "order": ["metrics.acc DESC"] })).await;
    let shown = &first["data"]["experiment"];
    assert_eq!(
        (shown["runCount"].as_i64(), shown["metricKeys"].clone(), shown["paramKeys"].clone(), shown["tagKeys"].clone()),
        (Some(7), json!(["acc"]), json!(["p"]), json!(["mlflow.runName", "parity"])),
        "{first}"
    );
    assert_eq!(shown["runs"]["totalCount"], 7);
    let cursor = shown["runs"]["pageInfo"]["endCursor"].clone();
    let second = organization.owner.graphql(query, json!({ "id": id, "order": ["metrics.acc DESC"], "after": cursor })).await;
    let names: Vec<_> = second["data"]["experiment"]["runs"]["nodes"].as_array().expect("nodes").iter().map(|run| run["name"].clone()).collect();
    assert_eq!(names, ["run 1", "run 0", "run 5"]);
    let stranger = world().organization().await;
    for (actor, variables) in [
        (&organization.owner, json!({ "id": id, "order": ["metrics.acc"], "after": cursor })),
        (&organization.owner, json!({ "id": id, "order": ["metrics.acc DESC"], "after": "AAAA" })),
        (&organization.owner, json!({ "id": id, "filter": "nonsense" })),
        (&organization.owner, json!({ "id": id, "order": ["metrics.acc", "metric.acc"] })),
        (&stranger.owner, json!({ "id": "0", "order": ["metrics.acc DESC"], "after": cursor })),
    ] {
        let answer = actor.graphql(query, variables.clone()).await;
        assert_eq!(Actor::code(&answer), "INVALID", "t38 {variables}: {answer}");
    }
}

#[tokio::test]
async fn experiments_are_searched_and_paged() {
    let organization = world().organization().await;
    let script = organization.script().await;
    for (name, team) in [("alpha", "a"), ("beta", "b"), ("gamma", "a")] {
        ok(&script, "POST", "experiments/create", json!({ "name": name, "tags": [{ "key": "team", "value": team }] })).await;
    }
    let search = async |filter: &str, order: Value| {
        let (mut found, mut token) = (Vec::new(), Value::Null);
        loop {
            let answer =
                ok(&script, "POST", "experiments/search", json!({ "max_results": 2, "filter": filter, "order_by": order, "page_token": token }))
                    .await;
            found.extend(
                answer["experiments"].as_array().cloned().unwrap_or_default().iter().map(|one| one["name"].as_str().expect("a name").to_owned()),
            );
            token = answer["next_page_token"].clone();
            if token.is_null() {
                return found;
            }
        }
    };
    assert_eq!(search("", json!([])).await, ["gamma", "beta", "alpha", "Default"]);
    assert_eq!(search("", json!(["name ASC"])).await.len(), 4);
    assert_eq!(search("tags.team = 'a'", json!(["name DESC"])).await, ["gamma", "alpha"]);
    assert_eq!(search("name ilike 'AL%' or tags.team IS NULL", json!(["name"])).await.len(), 2);
    assert_eq!(search("experiment_id IN ('0') AND creation_time > 0", json!([])).await, ["Default"]);
    let listed = organization
        .owner
        .graphql("{ experiments(first: 2) { totalCount nodes { name lifecycle createdBy tags { key } } pageInfo { hasNextPage } } }", Value::Null)
        .await;
    assert_eq!(
        (listed["data"]["experiments"]["totalCount"].as_i64(), listed["data"]["experiments"]["pageInfo"]["hasNextPage"].as_bool()),
        (Some(4), Some(true)),
        "{listed}"
    );
    assert_eq!(refused(&script, "POST", "experiments/search", json!({})).await, (400, INVALID.into()));
}

/// What a page looks at is bounded, and a client of MLflow takes an empty page for nothing.
#[tokio::test]
async fn c5_1a_a_run_that_lies_behind_very_many_others_is_on_the_first_page() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let made = ok(
        &script,
        "POST",
        "runs/create",
        json!({ "experiment_id": "0", "start_time": 1, "run_name": "needle", "tags": [{ "key": "team", "value": "rare" }] }),
    )
    .await;
    let needle = made["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    let fill = "insert into runs (id, experiment_id, name, user_name, created_by, status, started_ms, created_at) \
        select gen_random_uuid(), (select id from experiments where is_default), 'r', '', '', 'FINISHED', 1000 + n, now() from generate_series(1, 40001) n";
    let mut tamperer = organization.tamperer().await;
    sqlx::query(fill).execute(&mut tamperer).await.expect("runs");
    let search = async |filter: &str, most: i64| {
        let asked = json!({ "experiment_ids": ["0"], "filter": filter, "max_results": most });
        let found = ok(&script, "POST", "runs/search", asked).await;
        let runs = found["runs"].as_array().cloned().unwrap_or_default();
        (runs.iter().map(|run| run["info"]["run_id"].clone()).collect::<Vec<_>>(), found["next_page_token"].clone())
    };
    // Where the machine is slow it is on one of the next: a page that ends before has taken its time.
    for (filter, most, found) in
        [("tags.team = 'rare'", 1, vec![json!(needle)]), ("tags.team = 'rare'", 2, vec![json!(needle)]), ("attributes.run_name = 'none'", 1, vec![])]
    {
        let begun = std::time::Instant::now();
        let page = search(filter, most).await;
        assert!(page == (found, Value::Null) || page.1.is_string() && begun.elapsed().as_secs() >= 2, "{filter}: {page:?}");
    }
    let (first, token) = search("attributes.run_name = 'r'", 1).await;
    assert!(first.len() == 1 && token.is_string(), "{token}");
}
