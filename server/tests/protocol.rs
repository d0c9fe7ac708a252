//! What else clients of MLflow call: workspaces, transfers in parts, prompts, histories of many runs.

use crate::support::{
    Actor, World,
    actor::Answer,
    tracking::{INVALID, MISSING, ok, refused, run_in},
    world,
};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

/// A call in the name of a workspace.
async fn within(script: &Actor, workspace: &str, method: &str, path: &str, body: Value) -> Answer {
    let method: Method = method.parse().expect("a method");
    let request = script.request(method.clone(), &format!("/api/2.0/mlflow/{path}")).header("X-MLFLOW-WORKSPACE", workspace);
    script.send(if method == Method::GET { request } else { request.json(&body) }).await
}

async fn ok_within(script: &Actor, workspace: &str, method: &str, path: &str, body: Value) -> Value {
    let answer = within(script, workspace, method, path, body).await;
    assert_eq!(answer.status, 200, "{method} {path} in {workspace}: {}", answer.text());
    answer.json()
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error_code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn workspaces_are_made_listed_described_and_removed() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let listed = async || ok(&script, "GET", "workspaces", Value::Null).await["workspaces"].clone();
    assert_eq!(listed().await, json!([{ "name": "default" }]));
    let made = script.mlflow("POST", "workspaces", json!({ "name": "team-a", "description": "Fraud" })).await;
    assert_eq!((made.status, made.json()), (201, json!({ "workspace": { "name": "team-a", "description": "Fraud" } })));
    assert_eq!(refused(&script, "POST", "workspaces", json!({ "name": "team-a" })).await, (400, "RESOURCE_ALREADY_EXISTS".into()));
    assert_eq!(listed().await.as_array().map(Vec::len), Some(2));
    let changed = ok(&script, "PATCH", "workspaces/team-a", json!({ "description": "Credit" })).await;
    assert_eq!(changed["workspace"]["description"], "Credit");
    assert_eq!(ok(&script, "GET", "workspaces/team-a", Value::Null).await, changed);
    assert_eq!(refused(&script, "PATCH", "workspaces/team-a", json!({})).await, (400, INVALID.into()));
    assert_eq!(refused(&script, "GET", "workspaces/team-b", Value::Null).await, (404, MISSING.into()));
    assert_eq!(
        refused(&script, "POST", "workspaces", json!({ "name": "b1", "default_artifact_root": "s3://x/y" })).await,
        (400, INVALID.into()),
        "t22"
    );

    ok_within(&script, "team-a", "POST", "experiments/create", json!({ "name": "Default" })).await;
    assert_eq!(refused(&script, "DELETE", "workspaces/team-a", json!({})).await, (400, INVALID.into()), "it holds an experiment");
    assert_eq!(refused(&script, "DELETE", "workspaces/team-a?mode=SET_DEFAULT", json!({})).await, (400, INVALID.into()), "of a name that is taken");
    assert_eq!(refused(&script, "DELETE", "workspaces/team-a?mode=CASCADE", json!({})).await, (501, "NOT_IMPLEMENTED".into()));
    let found = ok_within(&script, "team-a", "GET", "experiments/get-by-name?experiment_name=Default", Value::Null).await;
    let id = found["experiment"]["experiment_id"].clone();
    ok_within(&script, "team-a", "POST", "experiments/update", json!({ "experiment_id": id, "new_name": "moved" })).await;
    assert_eq!(script.mlflow("DELETE", "workspaces/team-a?mode=SET_DEFAULT", json!({})).await.status, 204);
    assert_eq!(ok(&script, "GET", "experiments/get-by-name?experiment_name=moved", Value::Null).await["experiment"]["experiment_id"], id);
    assert_eq!(listed().await, json!([{ "name": "default" }]));
    assert_eq!(refused(&script, "DELETE", "workspaces/default", json!({})).await, (400, INVALID.into()));
    for (action, count) in [("project.create", 1), ("project.update", 1), ("project.remove", 1)] {
        let query = "query($action: String!) { auditEntries(filter: { action: $action }) { totalCount } }";
        let answer = organization.owner.graphql(query, json!({ "action": action })).await;
        assert_eq!(answer["data"]["auditEntries"]["totalCount"], count, "{action}");
    }
}

#[tokio::test]
async fn t18_no_name_of_a_workspace_is_a_pattern() {
    let organization = world().organization().await;
    let script = organization.script().await;
    for name in ["*", "p, alice, /*, .*", "a\nb", "../", "..", "A", "a", "-a", "a-", "default", &"x".repeat(10_000)] {
        let (status, code) = refused(&script, "POST", "workspaces", json!({ "name": name })).await;
        assert_eq!((status, code.as_str()), (400, INVALID), "{name:?}");
    }
    for name in ["*", "%", "defaul_", "../default", "default/x"] {
        let answer = within(&script, name, "GET", "experiments/get?experiment_id=0", Value::Null).await;
        assert_eq!(code(&answer), (404, MISSING.into()), "{name}: {}", answer.text());
    }
}

#[tokio::test]
async fn c5_1b_names_belong_to_their_workspace() {
    let organization = world().organization().await;
    let script = organization.script().await;
    assert_eq!(script.mlflow("POST", "workspaces", json!({ "name": "team-a" })).await.status, 201);
    let create = async |workspace: &str| {
        ok_within(&script, workspace, "POST", "experiments/create", json!({ "name": "shared" })).await["experiment_id"].clone()
    };
    let (own, theirs) = (create("default").await, create("team-a").await);
    assert_ne!(own, theirs, "one name in two workspaces");
    let again = within(&script, "team-a", "POST", "experiments/create", json!({ "name": "shared" })).await;
    assert_eq!(code(&again), (400, "RESOURCE_ALREADY_EXISTS".into()));
    for (workspace, id) in [("default", &own), ("team-a", &theirs), (" team-a ", &theirs)] {
        let found = ok_within(&script, workspace, "GET", "experiments/get-by-name?experiment_name=shared", Value::Null).await;
        assert_eq!(found["experiment"]["experiment_id"], *id, "{workspace}");
    }
    let names = async |workspace: &str| {
        let found = ok_within(&script, workspace, "POST", "experiments/search", json!({ "max_results": 10, "order_by": ["name"] })).await;
        found["experiments"].as_array().expect("some").iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("team-a").await, ["shared"]);
    assert_eq!(names("default").await, ["Default", "shared"]);

    // Runs, by their experiment.
    let run = |experiment: &Value| json!({ "experiment_id": experiment, "start_time": 1 });
    ok_within(&script, "team-a", "POST", "runs/create", run(&theirs)).await;
    for (workspace, experiment) in [("team-a", &own), ("default", &theirs), ("team-a", &json!("0"))] {
        let answer = within(&script, workspace, "POST", "runs/create", run(experiment)).await;
        assert_eq!(code(&answer), (404, MISSING.into()), "{workspace}: {}", answer.text());
        let path = format!("experiments/get?experiment_id={}", experiment.as_str().expect("an id"));
        assert_eq!(within(&script, workspace, "GET", &path, Value::Null).await.status, 404);
        let answer = ok_within(&script, workspace, "POST", "runs/search", json!({ "experiment_ids": [experiment] })).await;
        assert_eq!(answer, json!({}));
    }
    assert_eq!(
        ok_within(&script, "team-a", "POST", "runs/search", json!({ "experiment_ids": [own, theirs] })).await["runs"].as_array().map(Vec::len),
        Some(1)
    );

    // Registered models, by their name.
    for workspace in ["default", "team-a"] {
        ok_within(&script, workspace, "POST", "registered-models/create", json!({ "name": "churn", "description": workspace })).await;
    }
    for workspace in ["default", "team-a"] {
        let found = ok_within(&script, workspace, "GET", "registered-models/get?name=churn", Value::Null).await;
        assert_eq!(found["registered_model"]["description"], workspace);
        let found = ok_within(&script, workspace, "GET", "registered-models/search", Value::Null).await;
        assert_eq!(found["registered_models"].as_array().map(Vec::len), Some(1), "{found}");
    }
    ok_within(&script, "team-a", "DELETE", "registered-models/delete", json!({ "name": "churn" })).await;
    assert_eq!(ok(&script, "GET", "registered-models/get?name=churn", Value::Null).await["registered_model"]["description"], "default");
    ok_within(&script, "team-a", "POST", "registered-models/create", json!({ "name": "churn", "description": "team-a" })).await;

    // People see all of them, each with its project; a cursor leaves none of one name out.
    let query =
        "query($after: String) { registeredModels(first: 1, after: $after) { totalCount pageInfo { endCursor } nodes { name project { slug } } } }";
    let first = organization.owner.graphql(query, Value::Null).await;
    let page = &first["data"]["registeredModels"];
    assert_eq!(page["totalCount"], 2, "{first}");
    let second = organization.owner.graphql(query, json!({ "after": page["pageInfo"]["endCursor"] })).await;
    let slug = |answer: &Value| answer["data"]["registeredModels"]["nodes"][0]["project"]["slug"].as_str().expect("a slug").to_owned();
    let mut slugs = [slug(&first), slug(&second)];
    slugs.sort();
    assert_eq!(slugs, ["default", "team-a"]);
    let query = "query($project: String) { registeredModel(name: \"churn\", project: $project) { description } }";
    for (project, description) in [(json!("team-a"), json!("team-a")), (Value::Null, json!("default"))] {
        let answer = organization.owner.graphql(query, json!({ "project": project })).await;
        assert_eq!(answer["data"]["registeredModel"]["description"], description, "{answer}");
    }
    assert!(organization.owner.graphql(query, json!({ "project": "none" })).await["data"]["registeredModel"].is_null());
}

#[tokio::test]
async fn a_workspace_that_is_not_to_be_seen_is_like_an_unknown_one() {
    let organization = world().organization().await;
    let script = organization.script().await;
    assert_eq!(script.mlflow("POST", "workspaces", json!({ "name": "team-a" })).await.status, 201);
    let narrow = organization.owner.token(&["experiments:read", "experiments:write", "runs:write"]).await;
    let stranger = world().organization().await.script().await;
    for caller in [&narrow, &stranger] {
        for (method, path) in [("POST", "experiments/create"), ("POST", "runs/create"), ("GET", "experiments/get?experiment_id=0")] {
            let (known, unknown) = (
                within(caller, "team-a", method, path, json!({ "name": "x" })).await,
                within(caller, "team-b", method, path, json!({ "name": "x" })).await,
            );
            assert_eq!(known.text().replace("team-a", "W"), unknown.text().replace("team-b", "W"));
            assert_eq!(code(&known), (404, MISSING.into()), "{}", known.text());
        }
        assert_eq!(within(caller, "default", "GET", "experiments/get?experiment_id=0", Value::Null).await.status, 200);
    }
    let nobody = world().anonymous();
    assert_eq!(within(&nobody, "team-a", "GET", "experiments/get?experiment_id=0", Value::Null).await.status, 401);
}

/// Begins an upload; its id and the addresses and headers of its parts.
async fn begin(script: &Actor, folder: &str, name: &str, parts: u32) -> Answer {
    let request = script.request(Method::POST, &format!("/api/2.0/mlflow-artifacts/mpu/create/{folder}"));
    script.send(request.json(&json!({ "path": name, "num_parts": parts }))).await
}

async fn end(script: &Actor, verb: &str, folder: &str, body: Value) -> Answer {
    script.send(script.request(Method::POST, &format!("/api/2.0/mlflow-artifacts/mpu/{verb}/{folder}")).json(&body)).await
}

/// Sends a part as the client does: to the address and with the headers it was given, and nothing else.
async fn send_part(world: &World, credential: &Value, body: Vec<u8>) -> Answer {
    let path = credential["url"].as_str().expect("an address").strip_prefix(&world.url).expect("of this server").to_owned();
    let nobody = world.anonymous();
    let request = credential["headers"]
        .as_object()
        .expect("headers")
        .iter()
        .fold(nobody.request(Method::PUT, &path), |request, (name, value)| request.header(name, value.as_str().expect("a text")));
    nobody.send(request.body(body)).await
}

fn parts_of(answers: &[Answer]) -> Value {
    answers.iter().enumerate().map(|(at, answer)| json!({ "part_number": at + 1, "etag": answer.header("etag"), "url": "x" })).collect()
}

#[tokio::test]
async fn c5_1b_a_file_that_comes_in_parts_is_shown_whole_or_not_at_all() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let folder = format!("0/{run}/artifacts/deep");
    let bytes: Vec<u8> = (0..2_500_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let begun = begin(&script, &folder, "/tmp/somewhere/big.bin", 3).await;
    assert_eq!(begun.status, 200, "{}", begun.text());
    let (upload, credentials) = (begun.json()["upload_id"].clone(), begun.json()["credentials"].as_array().cloned().expect("credentials"));
    assert_eq!(credentials.len(), 3);
    let mut of_nothing = credentials[0].clone();
    of_nothing["headers"]["content-digest"] = json!("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
    assert_eq!(send_part(world(), &of_nothing, b"something".to_vec()).await.status, 422, "t28");
    let mut sent = Vec::new();
    for (credential, part) in credentials.iter().zip(bytes.chunks(1_000_000)) {
        send_part(world(), credential, b"first try".to_vec()).await;
        let answer = send_part(world(), credential, part.to_vec()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        sent.push(answer);
    }
    let file = format!("/api/2.0/mlflow-artifacts/artifacts/{folder}/big.bin");
    assert_eq!(script.get(&file).await.status, 404, "not before it is complete");
    let whole = json!({ "path": "big.bin", "upload_id": upload, "parts": parts_of(&sent) });
    for wrong in [
        json!({ "path": "big.bin", "upload_id": upload, "parts": parts_of(&sent[..2]) }),
        json!({ "path": "big.bin", "upload_id": upload, "parts": [] }),
        json!({ "path": "big.bin", "upload_id": upload, "parts": [{ "part_number": 1, "etag": "x" }] }),
        json!({ "path": "big.bin", "upload_id": upload, "parts": (1..=3).map(|n| json!({ "part_number": n, "etag": sent[0].header("etag") })).collect::<Vec<_>>() }),
    ] {
        assert_eq!(end(&script, "complete", &folder, wrong.clone()).await.status, 400, "t28 {wrong}");
    }
    let other = format!("0/{}/artifacts", run_in(&script, "0").await);
    assert_eq!(end(&script, "complete", &other, whole.clone()).await.status, 404, "an upload goes where it began");
    assert_eq!(script.get(&file).await.status, 404);
    let done = end(&script, "complete", &folder, whole.clone()).await;
    assert_eq!((done.status, done.json()), (200, json!({})), "{}", done.text());
    assert!(script.get(&file).await.body == bytes);
    assert_eq!(end(&script, "complete", &folder, whole).await.status, 404, "once");
    assert_eq!(send_part(world(), &credentials[0], b"late".to_vec()).await.status, 404);

    let told = script.get(&format!("/api/2.0/mlflow-artifacts/presigned/{folder}/big.bin")).await.json();
    assert_eq!(told["file_size"], bytes.len());
    let path = told["url"].as_str().and_then(|url| url.strip_prefix(&world().url)).expect("of this server").to_owned();
    let nobody = world().anonymous();
    let request = nobody.request(Method::GET, &path).header("authorization", told["headers"]["authorization"].as_str().expect("a header"));
    let part = nobody.send(request.header("range", "bytes=1000000-1000009")).await;
    assert_eq!((part.status, part.body.as_slice()), (206, &bytes[1_000_000..1_000_010]));
    assert_eq!(nobody.get(&path).await.status, 401);
}

#[tokio::test]
async fn t25_parts_are_bounded_and_belong_to_who_may_write() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let folder = format!("0/{run}/artifacts");
    for parts in [0, 10_001, u32::MAX] {
        assert_eq!(begin(&script, &folder, "x", parts).await.status, 400, "{parts}");
    }
    for name in ["", "..", "a\u{0}b", "x/.."] {
        assert_eq!(begin(&script, &folder, name, 1).await.status, 400, "{name:?}");
    }
    assert_eq!(begin(&script, &format!("0/{run}/artifacts/../../x"), "x", 1).await.status, 400);
    let begun = begin(&script, &folder, "x", 1).await.json();
    let credential = begun["credentials"][0].clone();
    let elsewhere =
        json!({ "url": format!("{}2", credential["url"].as_str().expect("one").trim_end_matches('1')), "headers": credential["headers"] });
    assert_eq!(send_part(world(), &elsewhere, b"x".to_vec()).await.status, 400);
    assert_eq!(send_part(world(), &json!({ "url": credential["url"], "headers": {} }), b"x".to_vec()).await.status, 401);
    let stranger = world().organization().await.script().await;
    let theirs = json!({ "url": credential["url"], "headers": { "authorization": format!("Bearer {}", stranger.secret()) } });
    assert_eq!(send_part(world(), &theirs, b"x".to_vec()).await.status, 404);
    let path = credential["url"].as_str().and_then(|url| url.strip_prefix(&world().url)).expect("of this server").to_owned();
    let encoded = script.send(script.request(Method::PUT, &path).header("content-encoding", "gzip").body(vec![0; 10])).await;
    assert!((400..500).contains(&encoded.status), "{}", encoded.text());
    let viewer = organization.member("viewer").await.token(&["*"]).await;
    assert_eq!(begin(&viewer, &folder, "x", 1).await.status, 403);
    let gone = json!({ "path": "x", "upload_id": begun["upload_id"] });
    for _ in 0..2 {
        assert_eq!(end(&script, "abort", &folder, gone.clone()).await.status, 200);
    }
    assert_eq!(send_part(world(), &credential, b"x".to_vec()).await.status, 404);
    let entries = "{ auditEntries(filter: { action: \"artifact.end_upload\" }) { totalCount } }";
    assert_eq!(organization.owner.graphql(entries, Value::Null).await["data"]["auditEntries"]["totalCount"], 1);
}

#[tokio::test]
async fn an_abandoned_upload_is_swept_after_a_day() {
    let world = World::alone(&[]).await;
    let organization = world.organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let folder = format!("0/{run}/artifacts");
    let credential = begin(&script, &folder, "x", 1).await.json()["credentials"][0].clone();
    assert_eq!(send_part(&world, &credential, b"x".to_vec()).await.status, 200);
    world.clock.advance(TimeDelta::hours(25));
    let mut status = 0;
    for _ in 0..100 {
        status = send_part(&world, &credential, b"x".to_vec()).await.status;
        if status == 404 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(status, 404, "the upload has ended");
}

#[tokio::test]
async fn prompts_are_versions_without_files() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let prompt = json!([{ "key": "mlflow.prompt.is_prompt", "value": "true" }]);
    ok(&script, "POST", "registered-models/create", json!({ "name": "greet", "tags": prompt })).await;
    for (source, version) in [("dummy-source", "1"), ("prompt-template", "2")] {
        let tags = json!([{ "key": "mlflow.prompt.is_prompt", "value": "true" }, { "key": "mlflow.prompt.text", "value": "Hello {{name}}" }]);
        let made = ok(&script, "POST", "model-versions/create", json!({ "name": "greet", "source": source, "tags": tags })).await;
        assert_eq!((made["model_version"]["version"].as_str(), made["model_version"]["source"].as_str()), (Some(version), Some(source)));
    }
    for (source, tags) in [("/etc", &prompt), ("dummy-source", &json!([])), ("models:/greet/1", &json!([])), ("file:///etc", &prompt)] {
        assert_eq!(
            refused(&script, "POST", "model-versions/create", json!({ "name": "greet", "source": source, "tags": tags })).await,
            (400, INVALID.into()),
            "t21 {source}"
        );
    }
    assert_eq!(ok(&script, "GET", "registered-models/search", Value::Null).await, json!({}), "no model");
    let filter = "name%20%3D%20'greet'%20AND%20tags.%60mlflow.prompt.is_prompt%60%20%3D%20'true'";
    assert_eq!(
        ok(&script, "GET", &format!("model-versions/search?filter={filter}"), Value::Null).await["model_versions"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(ok(&script, "GET", "model-versions/get-download-uri?name=greet&version=1", Value::Null).await["artifact_uri"], "dummy-source");
    assert_eq!(script.get("/model-versions/get-artifact?name=greet&version=1&path=x").await.status, 404);
}

#[tokio::test]
async fn histories_of_many_runs_come_together() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let mut runs = [run_in(&script, "0").await, run_in(&script, "0").await];
    runs.sort();
    for (place, run) in runs.iter().enumerate() {
        let metrics: Vec<Value> =
            (0..10).map(|step| json!({ "key": "loss", "value": place * 100 + step, "timestamp": step, "step": step })).collect();
        ok(&script, "POST", "runs/log-batch", json!({ "run_id": run, "metrics": metrics })).await;
    }
    let query = format!("run_id={}&run_id={}&run_id=nothing&metric_key=loss", runs[1], runs[0]);
    let values =
        |answer: Value| answer["metrics"].as_array().expect("some").iter().map(|one| one["value"].as_f64().expect("a number")).collect::<Vec<_>>();
    let all = ok(&script, "GET", &format!("metrics/get-history-bulk?{query}"), Value::Null).await;
    assert_eq!(all["metrics"][0]["run_id"], runs[0].as_str());
    assert_eq!(values(all), (0..10).chain(100..110).map(f64::from).collect::<Vec<_>>());
    assert_eq!(values(ok(&script, "GET", &format!("metrics/get-history-bulk?{query}&max_results=12"), Value::Null).await).len(), 12);
    let query = query.replace("run_id=", "run_ids=");
    let part = ok(&script, "GET", &format!("metrics/get-history-bulk-interval?{query}&start_step=2&end_step=8&max_results=3"), Value::Null).await;
    assert_eq!(values(part), [2.0, 5.0, 8.0, 102.0, 105.0, 108.0]);
    for wrong in [
        "metrics/get-history-bulk?metric_key=loss".to_owned(),
        format!("metrics/get-history-bulk?{}&metric_key=loss", vec!["run_id=x"; 101].join("&")),
        format!("metrics/get-history-bulk?run_id={}", runs[0]),
        format!("metrics/get-history-bulk-interval?{query}&max_results=2501"),
        format!("metrics/get-history-bulk-interval?{query}&start_step=2"),
        format!("metrics/get-history-bulk-interval?{query}&start_step=3&end_step=2"),
    ] {
        assert_eq!(refused(&script, "GET", &wrong, Value::Null).await, (400, INVALID.into()), "{wrong}");
    }
}
