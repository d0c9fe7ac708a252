//! Searches that are no searches: text that would be SQL anywhere else, lists without end, patterns that cost much.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Actor,
    tracking::{INVALID, ok, refused, run_in},
    world,
};

/// Asks for something that is no search, in the body or, by GET, in the address.
async fn wrong(script: &Actor, method: &str, path: &str, asked: Value) -> (u16, String) {
    if method == "POST" {
        return refused(script, method, path, asked).await;
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs = asked.as_object().expect("fields").iter().flat_map(|(name, value)| match value {
        Value::Array(list) => list.iter().map(|one| (name.clone(), text(one))).collect(),
        one => vec![(name.clone(), text(one))],
    });
    let request = script.request(Method::GET, &format!("/api/2.0/mlflow/{path}")).query(&pairs.collect::<Vec<_>>());
    let answer = script.send(request).await;
    (answer.status, answer.json()["error_code"].as_str().unwrap_or_default().to_owned())
}

/// `asked` with one more field.
fn with(asked: &Value, field: &str, value: Value) -> Value {
    let mut asked = asked.clone();
    asked[field] = value;
    asked
}

#[tokio::test]
async fn t34_t35_every_search_refuses_what_is_no_filter_and_no_order() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let filters = [
        "name = 'a' OR 1=1 --",
        "name = 'a' UNION SELECT 1",
        "metrics.a > 1; DROP TABLE runs",
        "params.\"x' OR '1'='1\"",
        "name = 'a'/**/OR/**/1=1",
        "attributes.status = 'x' AND (SELECT pg_sleep(5)) IS NULL",
        "tags.`a` = $$x$$",
    ];
    let orders = ["metrics.a; select pg_sleep(5)", "name ASC, (select pg_sleep(5))", "(select 1)", "1", "name DESC NULLS LAST", "random()"];
    let within = json!({ "experiment_ids": ["0"] });
    for (method, path, asked) in [
        ("POST", "runs/search", within.clone()),
        ("POST", "experiments/search", json!({ "max_results": 9 })),
        ("GET", "registered-models/search", json!({})),
        ("GET", "model-versions/search", json!({})),
        ("POST", "logged-models/search", within.clone()),
    ] {
        for filter in filters {
            assert_eq!(wrong(&script, method, path, with(&asked, "filter", json!(filter))).await, (400, INVALID.into()), "{path} {filter}");
        }
        let terms = |terms: &[String]| match path {
            "logged-models/search" => json!(terms.iter().map(|term| json!({ "field_name": term })).collect::<Vec<_>>()),
            _ => json!(terms),
        };
        for order in orders {
            let asked = with(&asked, "order_by", terms(&[order.to_owned()]));
            assert_eq!(wrong(&script, method, path, asked).await, (400, INVALID.into()), "{path} {order}");
        }
        let many: Vec<String> = (0..500).map(|n| format!("metrics.m{n}")).collect();
        assert_eq!(wrong(&script, method, path, with(&asked, "order_by", terms(&many))).await, (400, INVALID.into()), "{path}: 500 terms");
    }
    for path in ["runs/search", "logged-models/search"] {
        let asked = json!({ "experiment_ids": vec!["0190aaaabbbb7ccc8dddeeeeffff0001"; 70_000] });
        assert_eq!(refused(&script, "POST", path, asked).await, (400, INVALID.into()), "{path}: 70,000 experiments");
    }
    let datasets: Vec<Value> = (0..500).map(|n| json!({ "dataset_name": format!("d{n}") })).collect();
    assert_eq!(refused(&script, "POST", "logged-models/search", with(&within, "datasets", json!(datasets))).await, (400, INVALID.into()));
    // Several datasets of one metric are an order; the same twice is none.
    let by = |digest: &str| json!({ "field_name": "metrics.a", "dataset_name": "d", "dataset_digest": digest });
    ok(&script, "POST", "logged-models/search", with(&within, "order_by", json!([by("1"), by("2")]))).await;
    assert_eq!(refused(&script, "POST", "logged-models/search", with(&within, "order_by", json!([by("1"), by("1")]))).await.0, 400);
}

#[tokio::test]
async fn t36_a_pattern_that_costs_much_is_refused_and_one_at_the_limit_is_answered() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    ok(&script, "POST", "runs/log-parameter", json!({ "run_id": run, "key": "p", "value": "a".repeat(6_000) })).await;
    let ask = async |pattern: String| {
        script.mlflow("POST", "runs/search", json!({ "experiment_ids": ["0"], "filter": format!("params.p LIKE '{pattern}'") })).await.status
    };
    assert_eq!(ask("%a".repeat(10_000)).await, 400);
    assert_eq!(ask("_".repeat(1_000)).await, 400);
    assert_eq!(ask(format!("(a+)+${}", "a".repeat(50_000))).await, 400);
    let begun = Instant::now();
    assert_eq!(ask(format!("{}b", "%a".repeat(127))).await, 200);
    assert!(begun.elapsed().as_secs() < 10, "a statement ends by itself long before its time is over: {:?}", begun.elapsed());
}

#[tokio::test]
async fn t18_a_name_that_is_a_pattern_is_a_name_and_reaches_nothing_else() {
    let organization = world().organization().await;
    let (owner, script) = (&organization.owner, organization.script().await);
    let viewer = organization.member("viewer").await;
    for (name, status) in [("*", 200), ("p, alice, *, .*", 200), ("../", 400), ("p, alice, /*, .*", 400), (&"x".repeat(10_000), 400)] {
        let answer = script.mlflow("POST", "registered-models/create", json!({ "name": name })).await;
        assert_eq!(answer.status, status, "{name:.40}: {}", answer.text());
    }
    ok(&script, "POST", "registered-models/create", json!({ "name": "other" })).await;
    ok(&script, "DELETE", "registered-models/delete", json!({ "name": "*" })).await;
    ok(&script, "GET", "registered-models/get?name=other", Value::Null).await;
    let create = |name: &str| format!("mutation {{ createProject(name: {}) {{ id }} }}", json!(name));
    for (name, kept) in [("*", true), ("p, alice, /*, .*", true), ("a\nb", false), (&"x".repeat(10_000), false)] {
        let answer = owner.graphql(&create(name), Value::Null).await;
        assert_eq!(answer["errors"].is_null(), kept, "{name:.40}: {answer}");
        let role = format!("mutation {{ createRole(input: {{ title: {}, permissions: [\"runs:read\"] }}) {{ name }} }}", json!(name));
        let made = owner.graphql(&role, Value::Null).await;
        // What a role is called in the policy is made of letters, digits and lines, whatever its title.
        let own = made["data"]["createRole"]["name"].as_str().unwrap_or("none");
        assert!(own.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{made}");
        assert!(kept || !made["errors"].is_null(), "{name:.40}: {made}");
    }
    for name in ["*", "x"] {
        assert_eq!(Actor::code(&viewer.graphql(&create(name), Value::Null).await), "FORBIDDEN");
    }
}
