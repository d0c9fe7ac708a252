//! How much an organization may store: what passes that is refused, whichever way it comes, and leaves nothing; what nobody needs makes room.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};

use super::{FILES, list, put, put_entries, run};
use crate::support::{
    Actor, Organization, World,
    actor::Answer,
    files_below, raw,
    tracking::{ok, run_in},
    world,
};

/// Sets what an organization may store, as the operator does.
pub async fn limit(organization: &Organization<'_>, quota: Option<u64>) {
    let viewer = organization.owner.graphql("{ viewer { organization { slug } } }", Value::Null).await;
    let slug = viewer["data"]["viewer"]["organization"]["slug"].as_str().unwrap_or_else(|| panic!("{viewer}")).to_owned();
    let services = organization.world.services();
    let set = async move { server::features::storage::set_by_operator(&services, &slug, quota).await };
    organization.world.on_server(set).await.expect("sets");
}

/// Bytes that are stored, and that may be.
async fn storage(organization: &Organization<'_>) -> (u64, Option<u64>) {
    let answer = organization.owner.graphql("{ storage { used quota } }", Value::Null).await;
    let storage = &answer["data"]["storage"];
    (storage["used"].as_u64().unwrap_or_else(|| panic!("{answer}")), storage["quota"].as_u64())
}

/// How many files the store holds for the organization, whole, in parts or half.
async fn stored(organization: &Organization<'_>) -> usize {
    let tenant = organization.tenant().await.simple().to_string();
    files_below(&organization.world.services().config.blobs.join(tenant))
}

/// So many bytes, other ones for each seed.
fn bytes(count: usize, seed: u8) -> Vec<u8> {
    (0..count).map(|at| (at as u8).wrapping_mul(31) ^ seed).collect()
}

async fn mpu(script: &Actor, act: &str, folder: &str, body: Value) -> Answer {
    script.send(script.request(Method::POST, &format!("/api/2.0/mlflow-artifacts/mpu/{act}/{folder}")).json(&body)).await
}

async fn part(script: &Actor, upload: &str, number: u32, body: Vec<u8>) -> Answer {
    script.send(script.request(Method::PUT, &format!("/api/2.0/mlflow-artifacts/mpu/part/{upload}/{number}")).body(body)).await
}

fn assert_full(answer: &Answer, way: &str) {
    // Not 507: whoever sends again what was answered by 5xx would do so for minutes.
    assert_eq!((answer.status, answer.json()["error_code"].as_str()), (413, Some("RESOURCE_EXHAUSTED")), "{way}: {}", answer.text());
    assert!(answer.text().contains("The organization's storage is full: "), "{way}: {}", answer.text());
}

#[tokio::test]
async fn t25_a_full_store_refuses_every_way_in_and_keeps_nothing_of_what_it_refused() {
    let (organization, other) = (world().organization().await, world().organization().await);
    let script = organization.script().await;
    let (id, root) = run(&script).await;
    assert_eq!(storage(&organization).await, (0, None));
    limit(&organization, Some(10_000)).await;
    for name in ["a.bin", "again.bin"] {
        assert_eq!(put(&script, &format!("{root}/{name}"), bytes(4_000, 1)).await.status, 200);
    }
    assert_eq!(storage(&organization).await, (4_000, Some(10_000)), "each content once");

    let model = ok(&script, "POST", "logged-models", json!({ "experiment_id": "0", "name": "m", "source_run_id": id })).await;
    let model = format!("0/models/{}/artifacts", model["model"]["info"]["model_id"].as_str().expect("an id"));
    let job = organization.owner.job_token(&format!("run_{id}")).await;
    for (who, path, way) in [(&script, &root, "a run"), (&script, &model, "a model"), (&job, &root, "a job")] {
        assert_full(&put(who, &format!("{path}/b.bin"), bytes(6_001, 2)).await, way);
    }
    // What is declared is refused before it comes; what is not is counted.
    let target = format!("{FILES}/{root}/b.bin");
    let mut declared = raw::begin(world(), &script, "PUT", &target, "content-length: 6001\r\n").await;
    tokio::io::AsyncWriteExt::write_all(&mut declared, b"the beginning").await.expect("sends");
    assert_eq!(raw::end(declared).await.0, 413);
    let chunk = [b"1771\r\n".as_slice(), &bytes(0x1771, 3), b"\r\n0\r\n\r\n"].concat();
    let (status, text) = raw::exchange(world(), &script, "PUT", &target, "transfer-encoding: chunked\r\n", &chunk).await;
    assert!(status == 413 && text.contains("RESOURCE_EXHAUSTED"), "{text}");
    assert_eq!((stored(&organization).await, storage(&organization).await.0), (1, 4_000), "nothing of it is there");

    // In parts: they are counted as they come, and as one file when they are whole.
    for (who, way) in [(&script, "a script"), (&job, "a job")] {
        let begun = mpu(who, "create", &root, json!({ "path": "parts.bin", "num_parts": 3 })).await.json();
        let upload = begun["upload_id"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned();
        assert_eq!(part(who, &upload, 1, bytes(5_000, 4)).await.status, 200, "{way}");
        assert_eq!(storage(&organization).await.0, 9_000, "{way}");
        assert_full(&part(who, &upload, 2, bytes(1_001, 5)).await, way);
        assert_full(&put(who, &format!("{root}/b.bin"), bytes(1_001, 5)).await, way);
        assert_eq!((stored(&organization).await, storage(&organization).await.0), (2, 9_000), "{way}");
        assert_eq!(mpu(who, "abort", &root, json!({ "path": "parts.bin", "upload_id": upload })).await.status, 200);
        assert_eq!((stored(&organization).await, storage(&organization).await.0), (1, 4_000), "{way}");
    }
    let begun = mpu(&script, "create", &root, json!({ "path": "parts.bin", "num_parts": 2 })).await.json();
    let upload = begun["upload_id"].as_str().expect("an id").to_owned();
    let tags = [part(&script, &upload, 1, bytes(5_000, 4)).await, part(&script, &upload, 2, bytes(1_000, 5)).await];
    assert_full(&mpu(&script, "create", &root, json!({ "path": "more.bin", "num_parts": 1 })).await, "nothing fits any more");
    let parts: Vec<Value> = (1..).zip(&tags).map(|(number, tag)| json!({ "part_number": number, "etag": tag.header("etag") })).collect();
    let whole = mpu(&script, "complete", &root, json!({ "path": "parts.bin", "upload_id": upload, "parts": parts })).await;
    assert_eq!(whole.status, 200, "its parts are not counted beside it: {}", whole.text());
    assert_eq!((stored(&organization).await, storage(&organization).await), (2, (10_000, Some(10_000))));

    // Full to the last byte: what has none still fits, and reading goes on.
    assert_eq!(put(&script, &format!("{root}/empty"), Vec::new()).await.status, 200);
    assert_full(&put(&script, &format!("{root}/one"), bytes(1, 6)).await, "one byte");
    assert!(script.get(&format!("{FILES}/{root}/a.bin")).await.body == bytes(4_000, 1));
    let names = list(&script, &root).await;
    let names: Vec<&str> = names["files"].as_array().expect("files").iter().filter_map(|file| file["path"].as_str()).collect();
    assert_eq!((names, put_entries(&organization, "artifact.put").await), (vec!["a.bin", "again.bin", "empty", "parts.bin"], 4));
    // A limit below what is stored takes nothing away.
    limit(&organization, Some(5)).await;
    assert_eq!(script.get(&format!("{FILES}/{root}/parts.bin")).await.status, 200);
    limit(&organization, None).await;
    assert_eq!(put(&script, &format!("{root}/b.bin"), bytes(60_000, 7)).await.status, 200);

    let script = other.script().await;
    let (_, root) = run(&script).await;
    assert_eq!(put(&script, &format!("{root}/b.bin"), bytes(60_000, 2)).await.status, 200, "another organization's limit is its own");
}

#[tokio::test]
async fn t25_uploads_side_by_side_do_not_pass_the_limit_together() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let mut roots = Vec::new();
    for _ in 0..4 {
        roots.push(run(&script).await.1);
    }
    limit(&organization, Some(10_000)).await;
    // All four find room when they begin, and have come whole before one of them is counted.
    let mut tamperer = organization.tamperer().await;
    let mut held = tamperer.begin().await.expect("begins");
    held.execute("lock table storage in exclusive mode").await.expect("locks");
    let waiting = async {
        let sql = "select count(*) from pg_locks where relation = 'storage'::regclass and not granted";
        while sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut *held).await.expect("a count") < 4 {}
        held.rollback().await.expect("lets go");
    };
    let uploads = roots.iter().zip(1..).map(|(root, seed)| {
        let (script, path) = (&script, format!("{root}/x.bin"));
        async move { put(script, &path, bytes(4_000, seed)).await }
    });
    let (answers, ()) = tokio::join!(futures::future::join_all(uploads), waiting);
    let (stored_well, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((stored_well.len(), refused.len()), (2, 2), "{:?}", answers.iter().map(Answer::text).collect::<Vec<_>>());
    refused.iter().for_each(|answer| assert_full(answer, "one too many"));
    assert!(refused.iter().all(|answer| answer.text().contains("full: 8.0 kB of 10.0 kB")), "what was refused is not among it");
    assert_eq!((stored(&organization).await, storage(&organization).await.0), (2, 8_000));
}

#[tokio::test]
async fn t25_wholes_and_parts_of_one_content_come_side_by_side_and_none_waits_for_another_in_a_circle() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (_, root) = run(&script).await;
    limit(&organization, Some(3_000)).await;
    for round in 0..5 {
        let content = bytes(100, round);
        let begun = mpu(&script, "create", &root, json!({ "path": format!("parts-{round}"), "num_parts": 1 })).await.json();
        let upload = begun["upload_id"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned();
        let tag = part(&script, &upload, 1, content.clone()).await;
        let parts = json!([{ "part_number": 1, "etag": tag.header("etag") }]);
        let (name, path) = (format!("parts-{round}"), format!("{root}/whole-{round}"));
        let (whole, again, completed) = tokio::join!(
            put(&script, &path, content.clone()),
            part(&script, &upload, 1, content.clone()),
            mpu(&script, "complete", &root, json!({ "path": name, "upload_id": upload, "parts": parts })),
        );
        assert_eq!((whole.status, completed.status), (200, 200), "{} {}", whole.text(), completed.text());
        assert!(matches!(again.status, 200 | 404), "it may come when the upload has ended: {}", again.text());
    }
    assert_eq!((stored(&organization).await, storage(&organization).await.0), (5, 500));
}

#[tokio::test]
async fn t25_what_is_refused_for_another_reason_takes_no_room_either() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (_, root) = run(&script).await;
    assert_eq!(put(&script, &format!("{root}/a"), bytes(10, 1)).await.status, 200);
    for (path, body) in [("a/below", bytes(20, 2)), ("a/below", bytes(10, 1))] {
        assert_eq!(put(&script, &format!("{root}/{path}"), body).await.status, 400);
        assert_eq!((stored(&organization).await, storage(&organization).await.0), (1, 10));
    }
    assert!(script.get(&format!("{FILES}/{root}/a")).await.body == bytes(10, 1), "what was there before is there");
}

#[tokio::test]
async fn t25_bytes_that_are_deleted_while_the_same_come_are_asked_for_again() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (_, root) = run(&script).await;
    let path = format!("{root}/a.bin");
    let mut tamperer = organization.tamperer().await;
    let mut held = tamperer.begin().await.expect("begins");
    // Somebody else has the content, and is about to delete it.
    let row = "insert into blobs select sha256('same'), 4, '', now(), now()";
    held.execute(row).await.expect("inserts");
    let deleted = async {
        let sql = "select count(*) from pg_locks where locktype = 'transactionid' and not granted and transactionid = pg_current_xact_id()::xid";
        while sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut *held).await.expect("a count") < 1 {}
        let folder = organization.world.services().config.blobs.join(organization.tenant().await.simple().to_string());
        std::fs::remove_dir_all(folder.join("sha256")).expect("removes");
        held.rollback().await.expect("lets go");
    };
    let (answer, ()) = tokio::join!(put(&script, &path, "same"), deleted);
    assert_eq!((answer.status, answer.json()["error_code"].as_str()), (503, Some("TEMPORARILY_UNAVAILABLE")), "{}", answer.text());
    assert_eq!((list(&script, &root).await, storage(&organization).await.0), (json!({}), 0));
    assert_eq!(put(&script, &path, "same").await.status, 200);
    assert_eq!(script.get(&format!("{FILES}/{path}")).await.text(), "same");
}

/// How far the deletion for good is.
async fn freeing(organization: &Organization<'_>) -> Value {
    organization.owner.graphql("{ storage { freeing { progress isWaiting } } }", Value::Null).await["data"]["storage"]["freeing"].clone()
}

/// Asks for room.
async fn ask_for_room(organization: &Organization<'_>) {
    let answer = organization.owner.graphql("mutation { freeStorage { freeing { progress isWaiting } } }", Value::Null).await;
    assert_eq!(answer["data"]["freeStorage"]["freeing"], json!({ "progress": 0.0, "isWaiting": false }), "{answer}");
}

/// Asks for room, and has it made.
async fn free(organization: &Organization<'_>) {
    ask_for_room(organization).await;
    assert_eq!(freeing(organization).await, json!({ "progress": 0.0, "isWaiting": false }));
    organization.world.drain().await;
    assert_eq!(freeing(organization).await, Value::Null);
}

#[tokio::test]
async fn t25_what_is_deleted_for_good_makes_room_and_what_is_shown_stays() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    let (script, owner) = (organization.script().await, &organization.owner);
    let (_, root) = run(&script).await;
    // Two versions of a file, and the second also elsewhere.
    for (name, seed) in [("a.bin", 1), ("a.bin", 2), ("copy.bin", 2)] {
        assert_eq!(put(&script, &format!("{root}/{name}"), bytes(4_000, seed)).await.status, 200);
    }
    limit(&organization, Some(9_000)).await;
    let c = format!("{root}/c.bin");
    assert_full(&put(&script, &c, bytes(4_000, 3)).await, "the first version is kept");
    assert_eq!(storage(&organization).await.0, 8_000);
    free(&organization).await;
    assert_eq!((stored(&organization).await, storage(&organization).await.0), (1, 4_000));
    assert!(script.get(&format!("{FILES}/{root}/a.bin")).await.body == bytes(4_000, 2));
    assert_eq!(put(&script, &c, bytes(4_000, 3)).await.status, 200, "now it fits");

    // One of two that have it is deleted: its bytes stay. The other too: they go.
    for (name, left) in [("a.bin", 8_000), ("copy.bin", 4_000)] {
        assert_eq!(script.send(script.request(Method::DELETE, &format!("{FILES}/{root}/{name}"))).await.status, 200);
        assert_eq!(script.get(&format!("{FILES}/{root}/{name}")).await.status, 404);
        free(&organization).await;
        assert_eq!(storage(&organization).await.0, left, "{name}");
    }

    // What deleted runs hold goes, but not what a registered version is made of.
    let experiment = crate::support::tracking::experiment(&script).await;
    let gone = run_in(&script, &experiment).await;
    for (name, seed) in [("model/weights", 5), ("scratch", 6)] {
        assert_eq!(put(&script, &format!("{experiment}/{gone}/artifacts/{name}"), bytes(1_000, seed)).await.status, 200);
    }
    ok(&script, "POST", "registered-models/create", json!({ "name": "m" })).await;
    ok(&script, "POST", "model-versions/create", json!({ "name": "m", "source": format!("runs:/{gone}/model"), "run_id": gone })).await;
    ok(&script, "POST", "runs/delete", json!({ "run_id": gone })).await;
    free(&organization).await;
    assert_eq!((stored(&organization).await, storage(&organization).await.0), (2, 5_000));
    let weights = script.get("/model-versions/get-artifact?name=m&version=1&path=weights").await;
    assert!(weights.status == 200 && weights.body == bytes(1_000, 5), "{}", weights.status);
    ok(&script, "POST", "runs/restore", json!({ "run_id": gone })).await;
    let kept = list(&script, &format!("{experiment}/{gone}/artifacts")).await;
    assert_eq!(kept["files"].as_array().map(Vec::len), Some(1), "{kept}");
    free(&organization).await;
    assert_eq!(storage(&organization).await.0, 5_000, "there is nothing more to delete");

    let query = "{ auditEntries(first: 50, filter: { action: \"storage\" }) { nodes { action actorKind detail } } }";
    let entries = owner.graphql(query, Value::Null).await["data"]["auditEntries"]["nodes"].clone();
    let of = |action: &str| entries.as_array().expect("entries").iter().filter(|entry| entry["action"] == action).cloned().collect::<Vec<_>>();
    assert_eq!((of("storage.set_quota").len(), of("storage.free").len(), of("storage.erase").len()), (1, 5, 4), "{entries}");
    let first = of("storage.erase").last().expect("an entry").clone();
    assert_eq!((&first["actorKind"], first["detail"].as_str()), (&json!("job"), Some(r#"{"bytes":4000,"files":1}"#)), "{first}");

    // What an export takes along is not taken away under it.
    let export = async || assert!(owner.graphql("mutation { startOrganizationExport { id } }", Value::Null).await["errors"].is_null());
    export().await;
    assert_eq!(Actor::code(&owner.graphql("mutation { freeStorage { used } }", Value::Null).await), "CONFLICT");
    world.drain().await;
    ask_for_room(&organization).await;
    export().await;
    world.drain().await;
    assert_eq!(freeing(&organization).await["isWaiting"], true);
    world.clock.advance(chrono::TimeDelta::seconds(61));
    world.drain().await;
    assert_eq!(freeing(&organization).await, Value::Null);
}
