//! Artifacts by MLflow's proxy and by the pages' downloads: what is stored, what is refused, what is never served.

mod elsewhere;
mod names;
mod paths;
pub mod quota;
mod versions;

use crate::support::{Actor, Organization, files_below, raw, world};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const FILES: &str = "/api/2.0/mlflow-artifacts/artifacts";

/// A run in the default experiment; the path of its artifacts below the proxy.
async fn run(script: &Actor) -> (String, String) {
    let answer = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "start_time": 1 })).await;
    let id = answer.json()["run"]["info"]["run_id"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
    (id.clone(), format!("0/{id}/artifacts"))
}

async fn put(script: &Actor, path: &str, body: impl Into<Vec<u8>>) -> crate::support::actor::Answer {
    script.send(script.request(Method::PUT, &format!("{FILES}/{path}")).body(body.into())).await
}

async fn list(script: &Actor, path: &str) -> Value {
    let answer = script.send(script.request(Method::GET, FILES).query(&[("path", path)])).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn put_entries(organization: &Organization<'_>, action: &str) -> u64 {
    let query = "query($action: String!) { auditEntries(filter: { action: $action }) { totalCount } }";
    let answer = organization.owner.graphql(query, json!({ "action": action })).await;
    answer["data"]["auditEntries"]["totalCount"].as_u64().unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test]
async fn c5_1b_artifacts_are_stored_listed_and_read_back_byte_for_byte() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (id, root) = run(&script).await;
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (name, bytes) in
        [("model/big.bin", body.clone()), ("d%20d/odd%20name+%25%C3%A9.txt", b"odd".to_vec()), ("a.txt", b"a".to_vec()), ("empty", Vec::new())]
    {
        let answer = put(&script, &format!("{root}/{name}"), bytes).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
    assert_eq!(put_entries(&organization, "artifact.put").await, 4);

    let files = list(&script, &root).await;
    let names: Vec<(&str, bool)> = files["files"]
        .as_array()
        .expect("files")
        .iter()
        .map(|f| (f["path"].as_str().expect("a path"), f["is_dir"].as_bool().expect("a flag")))
        .collect();
    assert_eq!(names, [("a.txt", false), ("d d", true), ("empty", false), ("model", true)]);
    assert_eq!(list(&script, &format!("{root}/model")).await["files"][0], json!({ "path": "big.bin", "is_dir": false, "file_size": 3_000_000 }));
    assert_eq!(list(&script, &format!("{root}/absent")).await, json!({}));
    assert_eq!(list(&script, &format!("{root}/a.txt")).await, json!({}));
    assert_eq!(list(&script, "").await, json!({}));

    let answer = script.get(&format!("{FILES}/{root}/model/big.bin")).await;
    assert_eq!((answer.status, answer.body == body), (200, true));
    let answer = script.get(&format!("{FILES}/{root}/d%20d/odd%20name+%25%C3%A9.txt")).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "odd"));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"odd name+__.txt\"; filename*=UTF-8''odd%20name+%25%C3%A9.txt");
    let answer = script.get(&format!("{FILES}/{root}/empty")).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));

    let ranged = script.send(script.request(Method::GET, &format!("{FILES}/{root}/model/big.bin")).header("range", "bytes=1048570-1048585")).await;
    assert_eq!((ranged.status, ranged.header("content-range")), (206, "bytes 1048570-1048585/3000000"));
    assert!(ranged.body == body[1_048_570..1_048_586]);
    let beyond = script.send(script.request(Method::GET, &format!("{FILES}/{root}/a.txt")).header("range", "bytes=5-")).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */1"));

    let shown = organization
        .owner
        .graphql(
            "query($id: ID!) { run(id: $id) { artifacts { path name isFolder size digest contentType url } artifactText(path: \"a.txt\") { text truncated } } }",
            json!({ "id": id }),
        )
        .await;
    let shown = &shown["data"]["run"];
    assert_eq!(shown["artifactText"], json!({ "text": "a", "truncated": false }), "{shown}");
    let file = &shown["artifacts"][0];
    assert_eq!(file["digest"], "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
    let page = organization.owner.get(file["url"].as_str().expect("an address")).await;
    assert_eq!((page.status, page.text().as_str()), (200, "a"));
}

#[tokio::test]
async fn c5_1b_replacing_a_file_makes_a_version_and_keeps_the_one_before() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (_, root) = run(&script).await;
    for content in ["one", "two", "two"] {
        assert_eq!(put(&script, &format!("{root}/f.txt"), content).await.status, 200);
    }
    assert_eq!(script.get(&format!("{FILES}/{root}/f.txt")).await.text(), "two");
    let mut tamperer = organization.tamperer().await;
    let versions: Vec<(i32, bool)> = sqlx::query_as("select version, replaced_at is null from artifacts where path = 'f.txt' order by version")
        .fetch_all(&mut tamperer)
        .await
        .expect("rows");
    assert_eq!(versions, [(1, false), (2, true)]);
    assert_eq!(put_entries(&organization, "artifact.put").await, 2, "the same content again changes nothing");
}

#[tokio::test]
async fn files_and_folders_do_not_turn_into_each_other() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (_, root) = run(&script).await;
    assert_eq!(put(&script, &format!("{root}/a/b.txt"), "b").await.status, 200);
    for path in ["a", "a/b.txt/c", "a/b.txt/c/d"] {
        let answer = put(&script, &format!("{root}/{path}"), "x").await;
        assert_eq!((answer.status, answer.json()["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{path}");
    }
    assert_eq!(script.get(&format!("{FILES}/{root}/a")).await.status, 400, "a folder");
    let missing = script.get(&format!("{FILES}/{root}/zzz")).await;
    assert_eq!((missing.status, missing.json()), (404, json!({ "error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No such artifact: 'zzz'" })));
    for _ in 0..2 {
        let answer = script.send(script.request(Method::DELETE, &format!("{FILES}/{root}/a"))).await;
        assert_eq!((answer.status, answer.json()), (200, json!({})));
    }
    assert_eq!(list(&script, &root).await, json!({}));
    assert_eq!(put(&script, &format!("{root}/a"), "now a file").await.status, 200);
    assert_eq!(put_entries(&organization, "artifact.remove").await, 1);
}

#[tokio::test]
async fn t25_a_body_that_ends_early_or_is_encoded_stores_nothing() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (_, root) = run(&script).await;
    let target = format!("{FILES}/{root}/f.bin");
    let (status, _) = raw::exchange(world(), &script, "PUT", &target, "transfer-encoding: chunked\r\n", b"0\r\n\r\n").await;
    assert_eq!(status, 200, "an empty file comes in chunks");
    assert_eq!(script.send(script.request(Method::DELETE, &target)).await.status, 200);
    let (status, text) = raw::exchange(world(), &script, "PUT", &target, "transfer-encoding: chunked\r\n", b"5\r\nhello\r\nzz\r\n").await;
    // A server that cannot make sense of what follows may hang up without a word.
    assert!(status == 0 || (400..500).contains(&status), "{text}");
    let (status, text) = raw::exchange(world(), &script, "PUT", &target, "content-length: 5\r\ncontent-encoding: gzip\r\n", b"hello").await;
    assert!((400..500).contains(&status), "{text}");
    assert_eq!(list(&script, &root).await, json!({}));
}

/// Changes one bit of the organization's only object.
async fn flip(organization: &Organization<'_>, at: usize) {
    let folder = world().services().config.blobs.join(organization.tenant().await.simple().to_string()).join("sha256");
    let files = std::fs::read_dir(&folder).expect("a folder").flatten();
    let mut files = files.flat_map(|entry| std::fs::read_dir(entry.path()).expect("a folder").flatten());
    let file = files.next().expect("a file").path();
    let mut bytes = std::fs::read(&file).expect("readable");
    bytes[at] ^= 1;
    std::fs::write(&file, &bytes).expect("writable");
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which damaged files were met and by whom, as the audit log has it, the newest first.
async fn damaged(organization: &Organization<'_>) -> Vec<(String, String, String)> {
    let query = "{ auditEntries(filter: { action: \"artifact.damaged\", outcome: DONE }) { nodes { subjectId actor actorKind } } }";
    let answer = organization.owner.graphql(query, Value::Null).await;
    let nodes = answer["data"]["auditEntries"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    nodes.iter().map(|node| (text(&node["subjectId"]), text(&node["actor"]), text(&node["actorKind"]))).collect()
}

#[tokio::test]
async fn t28_bytes_that_changed_on_disk_are_never_served() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (id, root) = run(&script).await;
    let content = format!("flip {root}");
    assert_eq!(put(&script, &format!("{root}/f.txt"), content.as_str()).await.status, 200);
    flip(&organization, 3).await;
    for range in [None, Some("bytes=0-1")] {
        let request = script.request(Method::GET, &format!("{FILES}/{root}/f.txt"));
        let answer = script
            .send(match range {
                Some(range) => request.header("range", range),
                None => request,
            })
            .await;
        assert_eq!(answer.status, 500, "{}", answer.text());
        assert!(!answer.text().contains("lip"), "{}", answer.text());
    }
    // Who met it and what it is stands in the log, once for each of them however often they ask.
    let (digest, owner) = (hex(content.as_bytes()), &organization.owner);
    assert_eq!(damaged(&organization).await, [(digest.clone(), script.email.clone(), "token".to_owned())]);
    let shown = owner.graphql("query($id: ID!) { run(id: $id) { artifactText(path: \"f.txt\") { text } } }", json!({ "id": id })).await;
    assert_eq!(Actor::code(&shown), "INTEGRITY_ERROR", "{shown}");
    assert_eq!(owner.get(&format!("/artifacts/runs/{id}/f.txt")).await.status, 500);
    assert_eq!(
        damaged(&organization).await,
        [(digest.clone(), owner.email.clone(), "member".to_owned()), (digest, script.email.clone(), "token".to_owned())]
    );
    // The same content, uploaded again, repairs it.
    assert_eq!(put(&script, &format!("{root}/f.txt"), content.as_str()).await.status, 200);
    assert_eq!(script.get(&format!("{FILES}/{root}/f.txt")).await.text(), content);
    assert_eq!(damaged(&organization).await.len(), 2, "what is whole again is met by nobody");
}

/// How many files the store holds for the organization, shown or not.
async fn stored(organization: &Organization<'_>) -> usize {
    files_below(&world().services().config.blobs.join(organization.tenant().await.simple().to_string()))
}

/// As `Content-Digest` has it.
fn declared(content: &str) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(content)))
}

#[tokio::test]
async fn t28_a_body_that_is_not_what_was_declared_is_refused_and_not_there() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (_, root) = run(&script).await;
    let (this, other) = (declared("this"), declared("other"));
    for (headers, status) in [
        (vec![("content-digest", other.as_str())], 422),
        (vec![("repr-digest", other.as_str())], 422),
        (vec![("content-digest", this.as_str()), ("repr-digest", other.as_str())], 422),
        (vec![("content-digest", this.as_str()), ("content-digest", other.as_str())], 422),
        (vec![("content-digest", "sha-256=this")], 400),
        (vec![("content-digest", "sha-256=:dGhpcw==:")], 400),
        (vec![("repr-digest", "this")], 400),
    ] {
        let request = script.request(Method::PUT, &format!("{FILES}/{root}/f.txt")).body("this");
        let answer = script.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await;
        assert_eq!(
            (answer.status, answer.json()["error_code"].as_str()),
            (status, Some("INVALID_PARAMETER_VALUE")),
            "{headers:?}: {}",
            answer.text()
        );
        assert_eq!((list(&script, &root).await, stored(&organization).await), (json!({}), 0), "{headers:?}");
    }
    assert_eq!(
        (put_entries(&organization, "artifact.put").await, damaged(&organization).await.len()),
        (0, 0),
        "what was never stored is not damaged"
    );
    let with_another = format!("sha-512=:AAAA:, {this}");
    for (place, declared) in [this.as_str(), with_another.as_str(), "sha-512=:AAAA:", ""].into_iter().enumerate() {
        let request = script.request(Method::PUT, &format!("{FILES}/{root}/{place}.txt")).header("content-digest", declared);
        let answer = script.send(request.header("repr-digest", declared).body("this")).await;
        assert_eq!(answer.status, 200, "{declared}: {}", answer.text());
    }
}

#[tokio::test]
async fn t28_c5_1b_a_change_far_into_a_file_breaks_the_connection_instead_of_ending_the_file() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (_, root) = run(&script).await;
    const MIB: usize = 1 << 20;
    let body: Vec<u8> = (0..6 * MIB as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let path = format!("{root}/big.bin");
    assert_eq!(put(&script, &path, body.clone()).await.status, 200);
    // The first four MiB are verified before the answer begins, so it has begun when the fifth is looked at.
    flip(&organization, 5 * MIB + 7).await;
    for (range, status, sound) in [(None, 200, 5 * MIB), (Some("bytes=1048576-"), 206, 4 * MIB)] {
        let request = script.request(Method::GET, &format!("{FILES}/{path}"));
        let request = range.map_or(request.try_clone().expect("no stream"), |range| request.header("range", range));
        let mut response = request.send().await.expect("an answer begins");
        assert_eq!(response.status().as_u16(), status);
        let start = if range.is_some() { MIB } else { 0 };
        let mut got = Vec::new();
        let broken = loop {
            match response.chunk().await {
                Ok(Some(bytes)) => got.extend_from_slice(&bytes),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        assert!(broken, "a short file looks whole: {} bytes", got.len());
        assert!(got.len() <= sound && got == body[start..start + got.len()], "no byte that was not verified: {}", got.len());
        assert_eq!(damaged(&organization).await, [(hex(&body), script.email.clone(), "token".to_owned())], "entered before the connection breaks");
    }
    // What lies before the change is served, and what holds it alone is refused before anything is sent.
    let request = script.request(Method::GET, &format!("{FILES}/{path}"));
    let answer = script.send(request.try_clone().expect("no stream").header("range", "bytes=0-5242879")).await;
    assert!(answer.status == 206 && answer.body == body[..5 * MIB]);
    assert_eq!(script.send(request.header("range", "bytes=5242880-5242890")).await.status, 500);
}

#[tokio::test]
async fn t31_active_content_is_only_ever_a_download_or_plain_text() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (id, root) = run(&script).await;
    for name in ["evil.html", "evil.svg", "evil.pdf", "plot.png"] {
        assert_eq!(put(&script, &format!("{root}/{name}"), "<script>alert(1)</script>").await.status, 200);
        let answer = organization.owner.get(&format!("/artifacts/runs/{id}/{name}?inline=1")).await;
        assert_eq!(answer.status, 200, "{name}");
        assert!(answer.header("content-security-policy").starts_with("sandbox"), "{name}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let expected = match name {
            "evil.html" => ("text/plain; charset=utf-8", "inline"),
            "plot.png" => ("image/png", "inline"),
            _ => (answer.header("content-type"), "attachment"),
        };
        assert_eq!((answer.header("content-type"), answer.header("content-disposition").split(';').next().unwrap_or_default()), expected, "{name}");
    }
}

#[tokio::test]
async fn t03_nobody_and_strangers_reach_no_byte() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (id, root) = run(&script).await;
    assert_eq!(put(&script, &format!("{root}/secret.txt"), "CANARY").await.status, 200);
    let stranger = world().organization().await.script().await;
    let nobody = world().anonymous();
    let downloads = [
        format!("{FILES}/{root}/secret.txt"),
        format!("/ajax-api/2.0/mlflow-artifacts/artifacts/{root}/secret.txt"),
        format!("/get-artifact?run_id={id}&path=secret.txt"),
        format!("/artifacts/runs/{id}/secret.txt"),
        format!("/api/2.0/mlflow/artifacts/list?run_id={id}"),
    ];
    for path in &downloads {
        assert_eq!(script.get(path).await.status, 200, "{path}");
        let answer = stranger.get(path).await;
        assert!(answer.status == 404 && !answer.text().contains("CANARY"), "{path}: {} {}", answer.status, answer.text());
        assert_eq!(nobody.get(path).await.status, 401, "{path}");
    }
    assert_eq!(list(&stranger, &root).await, json!({}));
    assert_eq!(put(&stranger, &format!("{root}/secret.txt"), "mine").await.status, 404);
    assert_eq!(stranger.send(stranger.request(Method::DELETE, &format!("{FILES}/{root}"))).await.status, 200, "nothing of theirs to delete");
    assert_eq!(script.get(&downloads[0]).await.text(), "CANARY");
}

#[tokio::test]
async fn what_is_not_offered_says_so_and_the_handshake_answers_anybody() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let answer =
        script.send(script.request(Method::POST, "/api/2.0/mlflow-artifacts/mpu/create/0/x").json(&json!({ "path": "x", "num_parts": 2 }))).await;
    assert_eq!((answer.status, answer.json()["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")));
    assert_eq!(script.get("/api/2.0/mlflow-artifacts/presigned/0/x").await.status, 400);
    let info = world().anonymous().get("/api/3.0/mlflow/server-info").await;
    assert_eq!((info.status, info.json()["workspaces_enabled"].as_bool()), (200, Some(true)));
}
