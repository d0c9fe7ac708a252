//! Bad input to the tracking API: every case is refused with a typed error, and nothing of it is stored.

mod bodies;
mod searches;
mod tags;

use crate::support::{Actor, world};
use reqwest::Method;
use serde_json::{Value, json};

async fn run(script: &Actor) -> String {
    let answer = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "start_time": 1 })).await;
    answer.json()["run"]["info"]["run_id"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

async fn raw(script: &Actor, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let request = script.request(Method::POST, &format!("/api/2.0/mlflow/{path}")).header("content-type", "application/json").body(body);
    let answer = script.send(request).await;
    (answer.status, answer.json())
}

/// The run holds nothing but its name.
async fn assert_untouched(script: &Actor, run: &str) {
    let read = script.mlflow("GET", &format!("runs/get?run_id={run}"), Value::Null).await.json();
    let data = &read["run"]["data"];
    assert!(data.get("params").is_none() && data.get("metrics").is_none() && data["tags"].as_array().map(Vec::len) == Some(1), "{data}");
}

fn assert_invalid(case: &str, (status, body): &(u16, Value)) {
    assert_eq!((*status, body["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{case:.200}: {body}");
}

#[tokio::test]
async fn t37_keys_and_sizes_are_bounded() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    let long = "k".repeat(10_240);
    for key in ["", "it's", "a\"b", "a`b", "/a", "a/", "../a", "a//b", ".", "a;b", "a\nb", "a\u{202E}b", "a\u{200B}b", "{\"$ne\":1}", &long] {
        for (path, body) in [
            ("runs/log-parameter", json!({ "run_id": run, "key": key, "value": "1" })),
            ("runs/set-tag", json!({ "run_id": run, "key": key, "value": "1" })),
            ("runs/log-metric", json!({ "run_id": run, "key": key, "value": 1, "timestamp": 1 })),
            ("runs/log-batch", json!({ "run_id": run, "params": [{ "key": "fine", "value": "1" }], "tags": [{ "key": key, "value": "1" }] })),
        ] {
            assert_invalid(&format!("{path} {key}"), &raw(&script, path, body.to_string()).await);
        }
    }
    let many = |count: usize| -> Vec<Value> { (0..count).map(|i| json!({ "key": format!("k{i}"), "value": "1" })).collect() };
    let points = |count: usize| -> Vec<Value> { (0..count).map(|i| json!({ "key": "m", "value": 1, "timestamp": i })).collect() };
    for body in [
        json!({ "run_id": run, "params": many(101) }),
        json!({ "run_id": run, "tags": many(101) }),
        json!({ "run_id": run, "params": many(10_000) }),
        json!({ "run_id": run, "metrics": points(1_001) }),
        json!({ "run_id": run, "metrics": points(901), "params": many(100) }),
    ] {
        assert_invalid("too many", &raw(&script, "runs/log-batch", body.to_string()).await);
    }
    assert_invalid("too many tags", &raw(&script, "runs/log-batch", json!({ "run_id": run, "tags": many(10_000) }).to_string()).await);
    assert_untouched(&script, &run).await;
    // Literal where it is allowed, cut where MLflow cuts.
    for (key, value) in [("a.b-c d/e:f_é", "'; drop table runs; --"), ("long", &"v".repeat(7_000))] {
        assert_eq!(raw(&script, "runs/log-parameter", json!({ "run_id": run, "key": key, "value": value }).to_string()).await.0, 200);
    }
    let read = script.mlflow("GET", &format!("runs/get?run_id={run}"), Value::Null).await.json();
    let params = read["run"]["data"]["params"].as_array().expect("params");
    assert_eq!(params[0]["value"], "'; drop table runs; --");
    assert_eq!(params[1]["value"].as_str().map(str::len), Some(6_000));
}

/// Which of two values counts would be left to the reader of the body: none does.
#[tokio::test]
async fn t47_a_field_that_comes_twice_is_refused() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    for (path, body) in [
        ("experiments/create", r#"{"name": "first", "name": "second"}"#.to_owned()),
        ("runs/create", r#"{"experiment_id": "0", "experimentId": "1"}"#.to_owned()),
        ("runs/log-parameter", format!(r#"{{"run_id": "{run}", "key": "a", "value": "1", "value": "2"}}"#)),
        ("runs/log-metric", format!(r#"{{"run_id": "{run}", "key": "a", "value": 1, "value": 2, "timestamp": 1}}"#)),
        ("runs/log-batch", format!(r#"{{"run_id": "{run}", "params": [{{"key": "a", "key": "b", "value": "1"}}]}}"#)),
        ("runs/update", format!(r#"{{"run_id": "{run}", "status": "FINISHED", "status": "FAILED"}}"#)),
    ] {
        assert_invalid(path, &raw(&script, path, body).await);
    }
    assert_untouched(&script, &run).await;
    let found = script.mlflow("POST", "experiments/search", json!({ "max_results": 100 })).await.json();
    assert_eq!(found["experiments"].as_array().map(Vec::len), Some(1), "{found}");
}

#[tokio::test]
async fn t38_pages_are_bounded_and_cursors_are_ours() {
    let organization = world().organization().await;
    let script = organization.script().await;
    for _ in 0..3 {
        run(&script).await;
    }
    for most in [json!(-1), json!(0), json!(50_001), json!(2_147_483_647), json!(9e18), json!("x"), json!(1.5)] {
        for (path, body) in
            [("runs/search", json!({ "experiment_ids": ["0"], "max_results": most })), ("experiments/search", json!({ "max_results": most }))]
        {
            assert_invalid(&format!("{path} {most}"), &raw(&script, path, body.to_string()).await);
        }
    }
    let first = raw(&script, "runs/search", json!({ "experiment_ids": ["0"], "max_results": 1 }).to_string()).await.1;
    let token = first["next_page_token"].as_str().expect("a token").to_owned();
    let stranger = world().organization().await.script().await;
    let (changed, cut) = (format!("A{}", &token[1..]), token[..token.len() - 2].to_owned());
    for (actor, body) in [
        (&script, json!({ "experiment_ids": ["0"], "max_results": 1, "page_token": changed })),
        (&script, json!({ "experiment_ids": ["0"], "max_results": 1, "page_token": cut })),
        (&script, json!({ "experiment_ids": ["0"], "max_results": 1, "page_token": "' or 1=1 --" })),
        (&script, json!({ "experiment_ids": ["0"], "max_results": 1, "page_token": token, "filter": "metrics.a > 1" })),
        (&script, json!({ "experiment_ids": ["0"], "max_results": 1, "page_token": token, "order_by": ["start_time"] })),
        (&stranger, json!({ "experiment_ids": ["0"], "max_results": 1, "page_token": token })),
    ] {
        assert_invalid(&body.to_string(), &raw(actor, "runs/search", body.to_string()).await);
    }
    for query in ["max_results=0", "max_results=-1", "page_token=AAAA", "max_results=x"] {
        let answer =
            script.mlflow("GET", &format!("metrics/get-history?run_id=0190aaaabbbb7ccc8dddeeeeffff0001&metric_key=m&{query}"), Value::Null).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
    }
}

#[tokio::test]
async fn t46_text_that_no_database_keeps_is_refused() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    for (path, body) in [
        ("runs/set-tag", format!(r#"{{"run_id":"{run}","key":"k","value":"a\u0000b"}}"#)),
        ("runs/set-tag", format!(r#"{{"run_id":"{run}","key":"k\u0000","value":"b"}}"#)),
        ("runs/set-tag", format!(r#"{{"run_id":"{run}","key":"k","value":"\ud800"}}"#)),
        ("runs/log-parameter", format!(r#"{{"run_id":"{run}","key":"k","value":"\udfff\ud800"}}"#)),
        ("runs/log-inputs", format!(r#"{{"run_id":"{run}","datasets":[{{"dataset":{{"name":"a\u0000","digest":"d"}}}}]}}"#)),
        ("runs/create", r#"{"experiment_id":"0","run_name":"a\u0000b"}"#.to_owned()),
        ("runs/create", r#"{"experiment_id":"0","user_id":"\u0000"}"#.to_owned()),
        ("experiments/create", r#"{"name":"a\u0000b"}"#.to_owned()),
        ("experiments/create", r#"{"name":"a\u202eb"}"#.to_owned()),
        ("experiments/create", r#"{"name":"a\u200bb"}"#.to_owned()),
        ("experiments/create", r#"{"name":"x\n{\"level\":\"audit\"}"}"#.to_owned()),
        ("experiments/create", r#"{"name":"\u001b]0;title\u0007"}"#.to_owned()),
        ("runs/search", r#"{"experiment_ids":["0"],"filter":"params.a = '\u0000'"}"#.to_owned()),
    ] {
        assert_invalid(&body, &raw(&script, path, body.clone()).await);
    }
    let mut bytes = format!(r#"{{"run_id":"{run}","key":"k","value":""#).into_bytes();
    bytes.extend(b"\xff\xfe\"}");
    assert_invalid("invalid UTF-8", &raw(&script, "runs/set-tag", bytes).await);
    assert_untouched(&script, &run).await;
    // One name in two spellings is one name.
    assert_eq!(raw(&script, "experiments/create", json!({ "name": "fraude\u{301}" }).to_string()).await.0, 200);
    assert_eq!(raw(&script, "experiments/create", json!({ "name": "fraud\u{e9}" }).to_string()).await.1["error_code"], "RESOURCE_ALREADY_EXISTS");
}

#[tokio::test]
async fn t47_bodies_that_are_no_honest_json_are_refused() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    let deep = format!("{{\"run_id\":\"{run}\",\"other\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let keys: Vec<String> = (0..1_000_000).map(|i| format!("\"k{i}\":1")).collect();
    let digits = "9".repeat(10_000);
    for body in [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "\"text\"".to_owned(),
        "NaN".to_owned(),
        deep,
        format!("{{{}}}", keys.join(",")),
        format!(r#"{{"run_id":"{run}","key":"m","timestamp":1,"value":1e999}}"#),
        format!(r#"{{"run_id":"{run}","key":"m","timestamp":{digits},"value":1}}"#),
        format!(r#"{{"run_id":"{run}","key":"m","timestamp":1,"value":{digits}}}"#),
        format!(r#"{{"run_id":"{run}","key":"m","timestamp":1,"value":1,"value":2}}"#),
        format!(r#"{{"run_id":"{run}","runId":"{run}","key":"m","timestamp":1,"value":1}}"#),
        format!(r#"{{"run_id":["{run}"],"key":"m","timestamp":1,"value":1}}"#),
        format!(r#"{{"run_id":"{run}","key":"m","timestamp":1,"value":true}}"#),
        format!(r#"{{"run_id":"{run}","key":"m","timestamp":1,"value":NaN}}"#),
    ] {
        assert_invalid(&body, &raw(&script, "runs/log-metric", body.clone()).await);
    }
    let large = format!(r#"{{"run_id":"{run}","key":"m","timestamp":1,"value":1,"pad":"{}"}}"#, "x".repeat(17 << 20));
    assert_eq!(raw(&script, "runs/log-metric", large).await.0, 413);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        let request = script.request(Method::POST, "/api/2.0/mlflow/runs/log-metric").header("content-type", kind).body("{}");
        assert_eq!(script.send(request).await.status, 400, "{kind}");
    }
    assert_untouched(&script, &run).await;
}

#[tokio::test]
async fn t48_a_million_points_and_a_nan_in_a_batch() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    let points: Vec<String> = (0..1_000_000).map(|n| format!(r#"{{"key":"m","value":1,"timestamp":{n}}}"#)).collect();
    let answer = raw(&script, "runs/log-batch", format!(r#"{{"run_id":"{run}","metrics":[{}]}}"#, points.join(","))).await;
    assert!(matches!(answer.0, 400 | 413), "{answer:?}");
    assert_untouched(&script, &run).await;
    let batch = json!({ "run_id": run, "metrics": [{ "key": "m", "value": "NaN", "timestamp": 1 }, { "key": "m", "value": 2, "timestamp": 2 }] });
    assert_eq!(raw(&script, "runs/log-batch", batch.to_string()).await.0, 200);
    let read = script.mlflow("GET", &format!("metrics/get-history?run_id={run}&metric_key=m"), Value::Null).await;
    let read: Value = serde_json::from_slice(&read.body).expect("valid JSON");
    assert_eq!(
        read["metrics"].as_array().map(|all| all.iter().map(|point| point["value"].clone()).collect::<Vec<_>>()),
        Some(vec![json!("NaN"), json!(2.0)])
    );
}

#[tokio::test]
async fn t48_numbers_at_the_edges_are_kept_or_refused() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    let log = async |value: &str, timestamp: &str, step: &str| {
        raw(&script, "runs/log-metric", format!(r#"{{"run_id":"{run}","key":"m","value":{value},"timestamp":{timestamp},"step":{step}}}"#)).await
    };
    for (value, timestamp, step) in [
        ("1e400", "1", "0"),
        ("-1e400", "1", "0"),
        ("\"1e400\"", "1", "0"),
        ("\"inf\"", "1", "0"),
        ("\"nan\"", "1", "0"),
        ("null", "1", "0"),
        ("\"\"", "1", "0"),
        ("1", "-1", "0"),
        ("1", "null", "0"),
        ("1", "1.5", "0"),
        ("1", "9223372036854775808", "0"),
        ("1", "1", "9223372036854775808"),
        ("1", "1", "-9223372036854775809"),
        ("1", "1", "0.5"),
        ("1", "1", "\"x\""),
    ] {
        assert_invalid(&format!("{value} {timestamp} {step}"), &log(value, timestamp, step).await);
    }
    assert_untouched(&script, &run).await;
    for (value, timestamp, step) in [
        ("\"NaN\"", "1", "0"),
        ("\"Infinity\"", "2", "0"),
        ("\"-Infinity\"", "3", "0"),
        ("5e-324", "4", "-9223372036854775808"),
        ("1.7976931348623157e308", "9223372036854775807", "9223372036854775807"),
        ("-0.0", "4102444800000", "1"),
        ("1", "5", "1"),
        ("1", "5", "1"),
    ] {
        assert_eq!(log(value, timestamp, step).await.0, 200, "{value}");
    }
    let read = script.mlflow("GET", &format!("metrics/get-history?run_id={run}&metric_key=m"), Value::Null).await.json();
    let values: Vec<Value> = read["metrics"].as_array().expect("points").iter().map(|point| point["value"].clone()).collect();
    assert_eq!(values, [json!("NaN"), json!("Infinity"), json!("-Infinity"), json!(5e-324), json!(1.0), json!(-0.0), json!(f64::MAX)]);
    let shown = organization
        .owner
        .graphql("query($id: ID!) { run(id: $id) { metrics { value at low high } series(keys: [\"m\"]) { values } } }", json!({ "id": run }))
        .await;
    assert_eq!(shown["data"]["run"]["metrics"][0]["low"], "-Infinity", "{shown}");
    // A gate on NaN or on nothing does not pass.
    let nan = self::run(&script).await;
    assert_eq!(raw(&script, "runs/log-metric", json!({ "run_id": nan, "key": "acc", "value": "NaN", "timestamp": 1 }).to_string()).await.0, 200);
    for filter in ["metrics.acc >= 0.85", "metrics.acc < 0.85", "metrics.acc = 0.85", "metrics.none >= 0.85"] {
        let found = raw(&script, "runs/search", json!({ "experiment_ids": ["0"], "filter": filter }).to_string()).await.1;
        assert_eq!(found, json!({}), "{filter}");
    }
}

#[tokio::test]
async fn t22_the_server_chooses_where_artifacts_lie() {
    let organization = world().organization().await;
    let script = organization.script().await;
    for place in ["http://169.254.169.254/", "file:///etc", "s3://bucket/x", "mlflow-artifacts:/../x", "/etc"] {
        assert_invalid(place, &raw(&script, "experiments/create", json!({ "name": "placed", "artifact_location": place }).to_string()).await);
    }
    let answer = script.mlflow("GET", "experiments/get-by-name?experiment_name=placed", Value::Null).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn bad_filters_orders_and_ids_are_refused() {
    let organization = world().organization().await;
    let script = organization.script().await;
    for filter in [
        " ",
        "metrics.a",
        "metrics.a > 'x'",
        "params.a = 1",
        "foo.a = 1",
        "metrics.a == 1",
        "params.a = 'x",
        "unknown = 'x'",
        "1 = 1",
        "metrics.a > 1; select 1",
        "(metrics.a > 1",
    ] {
        assert_invalid(filter, &raw(&script, "runs/search", json!({ "experiment_ids": ["0"], "filter": filter }).to_string()).await);
    }
    for order in [json!(["x"]), json!(["metrics.a", "metrics.a"]), json!(["metrics.a; drop table runs"]), json!(["(select 1)"])] {
        assert_invalid(&order.to_string(), &raw(&script, "runs/search", json!({ "experiment_ids": ["0"], "order_by": order }).to_string()).await);
    }
    for id in ["x", "../1", "0190aaaabbbb7ccc8dddeeeeffff0001", "run_0190aaaabbbb7ccc8dddeeeeffff0001", "' or 1=1"] {
        let answer = raw(&script, "runs/log-parameter", json!({ "run_id": id, "key": "k", "value": "v" }).to_string()).await;
        assert_eq!((answer.0, answer.1["error_code"].as_str()), (404, Some("RESOURCE_DOES_NOT_EXIST")), "{id}");
    }
    for (path, missing) in [("runs/log-parameter", "run_id"), ("experiments/create", "name"), ("experiments/delete", "experiment_id")] {
        let (status, body) = raw(&script, path, "{}").await;
        assert_eq!(status, 400);
        assert!(
            body["message"].as_str().is_some_and(|message| message.contains(&format!("Missing value for required parameter '{missing}'"))),
            "{body}"
        );
    }
}

#[tokio::test]
async fn credentials_are_bearer_or_basic_and_unknown_paths_answer_json() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let anonymous = world().anonymous();
    let ask = |actor: &Actor, path: &str| actor.request(Method::GET, path);
    let path = "/api/2.0/mlflow/experiments/get?experiment_id=0";
    let answer = anonymous.send(ask(&anonymous, path)).await;
    assert_eq!((answer.status, answer.json()["error_code"].as_str()), (401, Some("UNAUTHENTICATED")));
    let basic = anonymous.send(ask(&anonymous, path).basic_auth("anybody", Some(script.secret()))).await;
    assert_eq!(basic.status, 200, "{}", basic.text());
    let wrong = anonymous.send(ask(&anonymous, path).basic_auth("anybody", Some("asy_wrong"))).await;
    assert_eq!(wrong.status, 401);
    for prefix in ["/ajax-api/2.0", "/api/3.0", "/ajax-api/3.0"] {
        assert_eq!(script.get(&format!("{prefix}/mlflow/experiments/get?experiment_id=0")).await.status, 200, "{prefix}");
    }
    for path in ["/api/2.0/mlflow/nothing", "/api/9.9/x", "/ajax-api/2.0/preview/x", "/api/2.0/mlflow/runs/create"] {
        let answer = script.get(path).await;
        assert_eq!((answer.status, answer.json()["error_code"].as_str()), (404, Some("ENDPOINT_NOT_FOUND")), "{path}");
    }
    assert_eq!(anonymous.get("/health").await.text(), "OK");
    assert_eq!(anonymous.get("/api/3.0/mlflow/server-info").await.json()["workspaces_enabled"], true);
    let reader = organization.owner.token(&["experiments:read"]).await;
    let answer = reader.mlflow("POST", "runs/create", json!({ "experiment_id": "0" })).await;
    assert_eq!((answer.status, answer.json()["error_code"].as_str()), (403, Some("PERMISSION_DENIED")));
}
