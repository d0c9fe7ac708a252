//! Paths that lead elsewhere, by every other way to artifacts: those of models and of their versions, uploads in parts, GraphQL.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    FILES, list,
    paths::{encoded, plain},
    put, put_entries, run,
};
use crate::support::{Actor, raw, world};

const UPLOADS: &str = "/api/2.0/mlflow-artifacts/mpu";

/// A logged model in the default experiment; its id and the path of its artifacts below the proxy.
async fn model(script: &Actor) -> (String, String) {
    let answer = script.mlflow("POST", "logged-models", json!({ "experiment_id": "0" })).await;
    let id = answer.json()["model"]["info"]["model_id"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
    (id.clone(), format!("0/models/{id}/artifacts"))
}

#[tokio::test]
async fn t20_a_path_that_leads_out_of_a_model_or_a_version_is_refused() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (run, root) = run(&script).await;
    let (model, model_root) = model(&script).await;
    // A version's files are a folder of its run: what lies beside it is not the version's.
    for (path, content) in [("sub/keep.txt", "keep"), ("canary.txt", "CANARY"), ("submarine.txt", "CANARY")] {
        assert_eq!(put(&script, &format!("{root}/{path}"), content).await.status, 200);
    }
    assert_eq!(put(&script, &format!("{model_root}/keep.txt"), "keep").await.status, 200);
    let name = uuid::Uuid::now_v7().simple().to_string();
    assert_eq!(script.mlflow("POST", "registered-models/create", json!({ "name": name })).await.status, 200);
    let version = json!({ "name": name, "source": format!("runs:/{run}/sub"), "run_id": run });
    assert_eq!(script.mlflow("POST", "model-versions/create", version).await.status, 200);
    let of_version = [("name", name.as_str()), ("version", "1")];
    let at = format!("/api/2.0/mlflow/logged-models/{model}/artifacts");
    let places = [
        ("/model-versions/get-artifact".to_owned(), &of_version[..], "path"),
        (format!("{at}/files"), &[], "artifact_file_path"),
        (format!("{at}/directories"), &[], "artifact_directory_path"),
    ];
    let ask = async |target: &str, beside: &[(&str, &str)], field: &str, path: &str| {
        script.send(script.request(Method::GET, target).query(beside).query(&[(field, path)])).await
    };
    for (target, beside, field) in &places {
        for path in plain().chain(["../canary.txt", "sub/../../canary.txt", "../submarine.txt", ".", "./keep.txt", "/keep.txt"].map(str::to_owned)) {
            let answer = ask(target, beside, field, &path).await;
            assert_eq!((answer.status, answer.json()["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{target} {path:?}");
            assert!(!answer.text().contains("CANARY"), "{target} {path:?}: {}", answer.text());
        }
        let kept = ask(target, beside, field, if *field == "artifact_directory_path" { "" } else { "keep.txt" }).await;
        assert!(kept.status == 200 && kept.text().contains("keep"), "{target}: {}", kept.text());
    }
    for beside in ["canary.txt", "submarine.txt", "marine.txt", "sub/keep.txt"] {
        let answer = ask(&places[0].0, &of_version, "path", beside).await;
        assert_eq!((answer.status, answer.json()["error_code"].as_str()), (404, Some("RESOURCE_DOES_NOT_EXIST")), "{beside}");
    }
    for (field, value) in [("version", "../1"), ("version", "1/../1"), ("version", "-1"), ("name", "../x"), ("name", ".."), ("name", "a/b")] {
        let fields = of_version.map(|(name, kept)| (name, if name == field { value } else { kept }));
        let answer = ask(&places[0].0, &fields, "path", "keep.txt").await;
        assert_eq!((answer.status, answer.json()["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{field} {value}");
    }
    for path in encoded() {
        let (status, text) = raw::send(world(), &script, "GET", &format!("/artifacts/models/{model}/{path}"), b"").await;
        assert!((status == 400 || status == 414) && !text.contains("CANARY"), "{path}: {status} {text}");
    }
}

/// The first part of an upload that was begun; the upload's id, and the part's ETag.
async fn begun(script: &Actor, folder: &str, name: &str) -> (String, String) {
    let request = script.request(Method::POST, &format!("{UPLOADS}/create/{folder}"));
    let answer = script.send(request.json(&json!({ "path": name, "num_parts": 1 }))).await;
    assert_eq!(answer.status, 200, "{name:?}: {}", answer.text());
    let upload = answer.json()["upload_id"].as_str().expect("an id").to_owned();
    let part = script.send(script.request(Method::PUT, &format!("{UPLOADS}/part/{upload}/1")).body("part")).await;
    assert_eq!(part.status, 200, "{}", part.text());
    (upload, part.header("etag").to_owned())
}

fn body(name: &str, upload: &str, etag: &str) -> Value {
    json!({ "path": name, "num_parts": 1, "upload_id": upload, "parts": [{ "part_number": 1, "etag": etag }] })
}

#[tokio::test]
async fn t20_an_upload_in_parts_that_leads_elsewhere_is_neither_begun_nor_ended() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (_, root) = run(&script).await;
    let (upload, etag) = begun(&script, &root, "keep.txt").await;
    let own = body("keep.txt", &upload, &etag).to_string();
    let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n", own.len());
    for path in encoded().chain(["..".into(), ".".into(), "a//b".into()]) {
        for verb in ["create", "complete", "abort"] {
            for target in [format!("{UPLOADS}/{verb}/{root}/{path}"), format!("{UPLOADS}/{verb}/{path}")] {
                let (status, text) = raw::exchange(world(), &script, "POST", &target, &headers, own.as_bytes()).await;
                assert!(status == 400 || status == 414, "{verb} {path}: {status} {text}");
            }
        }
    }
    // Of a local path only the name counts, and that has to be one.
    let nameless =
        ["", "..", ".", "a/..", "..\\", "a/", "a\\", "....//", "\0", "a\0b", "．．／", "..%2f", "%2e%2e", "~", "a/~x", "x;y", "x#y", "a/trailing."];
    for name in nameless.into_iter().map(str::to_owned).chain(["trailing ".to_owned(), "a".repeat(5000), "C:".to_owned()]) {
        for verb in ["create", "complete", "abort"] {
            let request = script.request(Method::POST, &format!("{UPLOADS}/{verb}/{root}")).json(&body(&name, &upload, &etag));
            let answer = script.send(request).await;
            let told = (answer.status, answer.json()["error_code"].as_str().map(str::to_owned));
            assert_eq!(told, (400, Some("INVALID_PARAMETER_VALUE".to_owned())), "{verb} {name:.40?}: {}", answer.text());
        }
    }
    for id in ["..", "../x", "x", "%2e%2e", "..%2f..%2fetc", "00000000000000000000000000000000"] {
        for target in [format!("{UPLOADS}/part/{id}/1"), format!("{UPLOADS}/part/{id}/..")] {
            let (status, text) = raw::send(world(), &script, "PUT", &target, b"x").await;
            assert!(matches!(status, 400 | 404), "{target}: {status} {text}");
        }
    }
    assert_eq!((put_entries(&organization, "artifact.begin_upload").await, put_entries(&organization, "artifact.put").await), (1, 0));
    assert_eq!(list(&script, &root).await, json!({}));
    // It goes on, and ends where it was begun.
    let (status, text) = raw::exchange(world(), &script, "POST", &format!("{UPLOADS}/complete/{root}"), &headers, own.as_bytes()).await;
    assert_eq!(status, 200, "{text}");
    for name in ["../../etc/passwd", "/etc/passwd", "//h/x", "C:\\x", "a\\b", "file:///x", "a/./../../b", "/proc/self/environ"] {
        let (upload, etag) = begun(&script, &format!("{root}/local"), name).await;
        let request = script.request(Method::POST, &format!("{UPLOADS}/complete/{root}/local"));
        assert_eq!(script.send(request.json(&body(name, &upload, &etag))).await.status, 200, "{name}");
    }
    let names = |found: Value| -> Vec<String> {
        let files = found["files"].as_array().cloned().unwrap_or_default();
        files.iter().map(|file| file["path"].as_str().expect("a path").to_owned()).collect()
    };
    assert_eq!(names(list(&script, &root).await), ["keep.txt", "local"]);
    assert_eq!(names(list(&script, &format!("{root}/local")).await), ["b", "environ", "passwd", "x"]);
    assert_eq!(script.get(&format!("{FILES}/{root}/keep.txt")).await.text(), "part");
}

#[tokio::test]
async fn t20_graphql_shows_no_path_that_leads_elsewhere() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (run, root) = run(&script).await;
    assert_eq!(put(&script, &format!("{root}/keep.txt"), "keep").await.status, 200);
    for field in ["artifacts(path: $path) { path url }", "artifactText(path: $path) { text }"] {
        let query = format!("query($run: ID!, $path: String!) {{ run(id: $run) {{ {field} }} }}");
        for path in plain().chain(["a//b", "./keep.txt", ".", "/keep.txt", "keep.txt/", "\u{202E}txt", "a\r\nb"].map(str::to_owned)) {
            let answer = organization.owner.graphql(&query, json!({ "run": run, "path": path })).await;
            let error = &answer["errors"][0]["extensions"];
            assert_eq!((error["code"].as_str(), error["field"].as_str()), (Some("INVALID"), Some("path")), "{field} {path:.40?}: {answer}");
            assert!(answer["data"]["run"].as_object().is_some_and(|run| run.values().all(Value::is_null)), "{answer}");
        }
    }
    let query = "query($run: ID!) { run(id: $run) { artifacts { path } artifactText(path: \"keep.txt\") { text } } }";
    let shown = organization.owner.graphql(query, json!({ "run": run })).await;
    assert_eq!(shown["data"]["run"], json!({ "artifacts": [{ "path": "keep.txt" }], "artifactText": { "text": "keep" } }), "{shown}");
}
