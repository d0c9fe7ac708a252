//! Tags at every route that takes some: each within MLflow's limits is kept as it is, each beyond them is refused, and then nothing is kept.

use serde_json::{Value, json};

use crate::support::{
    Actor, Organization,
    actor::Answer,
    names::{Names, state},
    world,
};

/// Most tags of one request that makes something, or that tags a model.
const COUNT: usize = 1_000;
/// Longest key.
const KEY: usize = 250;

/// How a route takes tags: one, a list of pairs, or an object.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    One,
    Pairs,
    Object,
}

/// A route, the fields beside its tags, how many tags it takes, how long a key and a value may be, and whether a longer value is cut.
struct Place {
    method: &'static str,
    path: &'static str,
    input: &'static str,
    shape: Shape,
    count: usize,
    key: usize,
    value: usize,
    cuts: bool,
}

impl Place {
    const fn one(method: &'static str, path: &'static str, input: &'static str, value: usize) -> Self {
        Self { method, path, input, shape: Shape::One, count: 1, key: KEY, value, cuts: false }
    }

    const fn list(method: &'static str, path: &'static str, input: &'static str, value: usize) -> Self {
        Self { method, path, input, shape: Shape::Pairs, count: COUNT, key: KEY, value, cuts: false }
    }

    const fn cutting(self) -> Self {
        Self { cuts: true, ..self }
    }

    /// The body with these tags.
    fn body(&self, names: &Names, tags: &[(String, String)]) -> Value {
        let text = names.fill(&self.input.replace("$hex", &uuid::Uuid::now_v7().simple().to_string()));
        let mut body: Value = serde_json::from_str(&text).expect("JSON");
        match self.shape {
            Shape::One => {
                body["key"] = tags[0].0.clone().into();
                body["value"] = tags[0].1.clone().into();
            }
            Shape::Pairs => {
                let list = tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
                let holder = if body["datasets"].is_array() { &mut body["datasets"][0] } else { &mut body };
                holder["tags"] = list;
            }
            Shape::Object => {
                let map: serde_json::Map<String, Value> = tags.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
                body["trace"]["trace_info"]["tags"] = map.into();
            }
        }
        body
    }

    async fn send(&self, script: &Actor, names: &Names, tags: &[(String, String)]) -> Answer {
        script.mlflow(self.method, &names.fill(self.path), self.body(names, tags)).await
    }
}

const TRACE: &str = r#"{"trace":{"trace_info":{"trace_id":"tr-$hex","trace_location":{"mlflow_experiment":{"experiment_id":"$experiment"}},"request_time":"2026-01-01T00:00:00Z"}}}"#;
const DATASET: &str = r#"{"run_id":"$run","datasets":[{"dataset":{"name":"$fresh","digest":"d","source_type":"s","source":"s"}}]}"#;
const VERSION: &str = r#"{"name":"$model","source":"runs:/$run","run_id":"$run"}"#;

/// Every route of the protocol that takes tags.
const PLACES: &[Place] = &[
    Place::list("POST", "experiments/create", r#"{"name":"$fresh"}"#, 20_000),
    Place::one("POST", "experiments/set-experiment-tag", r#"{"experiment_id":"$experiment"}"#, 20_000),
    Place::list("POST", "runs/create", r#"{"experiment_id":"$experiment","start_time":1}"#, 8_000).cutting(),
    Place::one("POST", "runs/set-tag", r#"{"run_id":"$run"}"#, 8_000).cutting(),
    Place { count: 100, ..Place::list("POST", "runs/log-batch", r#"{"run_id":"$run"}"#, 8_000).cutting() },
    Place { key: 255, ..Place::list("POST", "runs/log-inputs", DATASET, 500) },
    Place::list("POST", "registered-models/create", r#"{"name":"$fresh"}"#, 100_000),
    Place::one("POST", "registered-models/set-tag", r#"{"name":"$model"}"#, 100_000),
    Place::list("POST", "model-versions/create", VERSION, 100_000),
    Place::one("POST", "model-versions/set-tag", r#"{"name":"$model","version":"1"}"#, 100_000),
    Place::list("POST", "logged-models", r#"{"experiment_id":"$experiment"}"#, 100_000),
    Place::list("PATCH", "logged-models/$logged/tags", "{}", 100_000),
    Place { shape: Shape::Object, ..Place::list("POST", "traces", TRACE, 8_000).cutting() },
    Place::one("PATCH", "traces/$trace/tags", "{}", 8_000).cutting(),
];

fn tags(count: usize) -> Vec<(String, String)> {
    (0..count).map(|n| (format!("k{n}"), "v".to_owned())).collect()
}

fn tag(key: &str, value: &str) -> Vec<(String, String)> {
    vec![(key.to_owned(), value.to_owned())]
}

/// What there is, traces among it.
async fn all(organization: &Organization<'_>, script: &Actor, names: &Names) -> Vec<String> {
    let mut all = state(organization, script, names).await;
    let place = names.fill(r#"{"locations":[{"mlflow_experiment":{"experiment_id":"$experiment"}}]}"#);
    for path in ["traces/search", "experiments/search"] {
        let mut body: Value = serde_json::from_str(&place).expect("JSON");
        body["max_results"] = 500.into();
        let answer = script.mlflow("POST", path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        all.push(answer.text());
    }
    all
}

fn assert_refused(case: &str, answer: &Answer) {
    let told = answer.json();
    assert_eq!((answer.status, told["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{case}: {:.300}", answer.text());
    assert!(told["message"].as_str().is_some_and(|message| !message.is_empty()), "{case}: {told}");
}

#[tokio::test]
async fn t37_tags_beyond_a_limit_are_refused_at_every_route_and_nothing_is_kept() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let names = Names::of(&script).await;
    let before = all(&organization, &script, &names).await;
    let long = "k".repeat(10_240);
    let bad_keys = ["", "it's", "a\"b", "a`b", "/a", "a/", "../a", "a//b", ".", "a;b", "a\nb", "a\u{202E}b", "a\u{200B}b", "a\0b", &long];
    for place in PLACES {
        let at = |what: &str| format!("{} {}: {what:.40}", place.method, place.path);
        let of_dataset = place.path == "runs/log-inputs";
        // The tags of a dataset in a run are texts to MLflow, not names.
        for key in bad_keys.iter().filter(|key| !of_dataset || matches!(**key, "" | "a\0b") || key.len() > KEY) {
            assert_refused(&at(key), &place.send(&script, &names, &tag(key, "v")).await);
        }
        assert_refused(&at("a key too long"), &place.send(&script, &names, &tag(&"k".repeat(place.key + 1), "v")).await);
        assert_refused(&at("U+0000"), &place.send(&script, &names, &tag("k", "a\0b")).await);
        if !place.cuts {
            assert_refused(&at("a value too long"), &place.send(&script, &names, &tag("k", &"v".repeat(place.value + 1))).await);
        }
        if place.shape != Shape::One {
            for count in [place.count + 1, 10_000] {
                assert_refused(&at(&format!("{count} tags")), &place.send(&script, &names, &tags(count)).await);
            }
            let mut last = tags(3);
            last.push((String::new(), "v".to_owned()));
            assert_refused(&at("the last key"), &place.send(&script, &names, &last).await);
        }
    }
    assert_eq!(all(&organization, &script, &names).await, before);
}

#[tokio::test]
async fn t37_tags_at_a_limit_are_kept_at_every_route() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let names = Names::of(&script).await;
    for place in PLACES {
        let at = |what: &str| format!("{} {}: {what}", place.method, place.path);
        let kept = async |what: &str, tags: &[(String, String)]| {
            let answer = place.send(&script, &names, tags).await;
            assert_eq!(answer.status, 200, "{}: {:.300}", at(what), answer.text());
        };
        kept("the longest key", &tag(&"k".repeat(place.key), "v")).await;
        kept("the longest value", &tag("k", &"v".repeat(place.value))).await;
        if place.cuts {
            kept("a value that is cut", &tag("k", &"v".repeat(place.value + 1))).await;
        }
        if place.shape != Shape::One {
            kept("the most tags", &tags(place.count)).await;
        }
    }
    let read = async |method: &str, path: &str, body: Value| script.mlflow(method, &names.fill(path), body).await.json();
    let lengths = |tags: &Value| -> Vec<usize> {
        let list = tags.as_array().expect("tags").iter().filter(|tag| tag["key"] == "k");
        list.map(|tag| tag["value"].as_str().expect("a text").chars().count()).collect()
    };
    for (path, at, length) in [
        ("experiments/get?experiment_id=$experiment", "/experiment/tags", 20_000),
        ("runs/get?run_id=$run", "/run/data/tags", 8_000),
        ("registered-models/get?name=$model", "/registered_model/tags", 100_000),
        ("model-versions/get?name=$model&version=1", "/model_version/tags", 100_000),
        ("logged-models/$logged", "/model/info/tags", 100_000),
    ] {
        let found = read("GET", path, Value::Null).await;
        assert_eq!(lengths(found.pointer(at).unwrap_or_else(|| panic!("{path}: {found:.300}"))), [length], "{path}");
    }
    let trace = read("GET", "traces/$trace", Value::Null).await;
    assert_eq!(trace["trace"]["trace_info"]["tags"]["k"].as_str().map(str::len), Some(8_000));
}

#[tokio::test]
async fn t37_a_tag_set_by_graphql_keeps_to_the_same_limits() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let names = Names::of(&script).await;
    let before = all(&organization, &script, &names).await;
    let query = "mutation($run: ID!, $key: String!, $value: String!) { setRunTag(id: $run, key: $key, value: $value) { tags { key value } } }";
    let run = names.fill("$run");
    let set = async |key: &str, value: &str| organization.owner.graphql(query, json!({ "run": run, "key": key, "value": value })).await;
    let long = "k".repeat(KEY + 1);
    for (key, value) in [("", "v"), ("it's", "v"), ("../a", "v"), ("a\nb", "v"), ("a\0b", "v"), (&long, "v"), ("k", "a\0b")] {
        assert_eq!(Actor::code(&set(key, value).await), "INVALID", "{key:.40?} {value:?}");
    }
    assert_eq!(all(&organization, &script, &names).await, before);
    for (key, value) in [(&long[1..], "v".to_owned()), ("cut", "v".repeat(8_001))] {
        let answer = set(key, &value).await;
        let tags = answer["data"]["setRunTag"]["tags"].as_array().unwrap_or_else(|| panic!("{answer:.300}"));
        let kept = tags.iter().find(|tag| tag["key"] == key).expect("the tag");
        assert_eq!(kept["value"].as_str().map(str::len), Some(value.len().min(8_000)), "{key:.40}");
    }
}
