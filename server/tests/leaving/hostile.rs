//! Names in an archive lead nowhere but down, and damage is said.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sqlx::Executor;

use super::exported;
use crate::support::{World, names::Names, tracking::run_in};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn t26_hostile_names_unpack_below_the_archives_folder_and_nowhere_else() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    let names = Names::of(&organization.script().await).await;
    let run: uuid::Uuid = names.0["$run"].parse().expect("a UUID");
    let long = format!("{}/{}", "\u{1f4be}".repeat(90), "x".repeat(600));
    let hostile = [
        "../../../../../../tmp/assay-evil",
        "/tmp/assay-evil",
        "a/../../b",
        "..\\..\\evil.exe",
        "C:\\evil.exe",
        "con",
        "aux.txt",
        "a/./b",
        "a//b",
        "tab\tline\nreturn\r",
        "trailing. ",
        "dots...",
        "~root",
        "%2e%2e/x",
        "\u{202e}gpj.exe",
        long.as_str(),
    ];
    let mut tamperer = organization.tamperer().await;
    for name in hostile {
        let sql = "insert into artifacts (run_id, path, version, digest, size, created_by, created_at) select $1, $2, 1, digest, size, 'x', now() from blobs limit 1";
        tamperer.execute(sqlx::query(sql).bind(run).bind(name)).await.expect("an artifact");
    }
    let (_, archive) = exported(&organization).await;
    let lines = archive.lines("artifacts");
    for name in hostile {
        let line = lines.iter().find(|line| line["path"] == name).unwrap_or_else(|| panic!("{name:?} is not listed"));
        assert_eq!(archive.files[line["file"].as_str().expect("a file")], b"CANARY", "{name:?}");
    }
    // As a careless reader unpacks it: every name as it stands, joined to a folder.
    let outer = std::env::temp_dir().join(format!("assay-unpack-{}", uuid::Uuid::now_v7().simple()));
    let inner = outer.join("a/b/c");
    for (name, content) in &archive.files {
        let path = inner.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        assert!(path.components().all(|part| part.as_os_str() != ".."), "{name:?}");
    }
    assert_eq!(files(&outer).len(), archive.files.len(), "no two names are one file");
    assert!(files(&outer).iter().all(|file| file.starts_with(&inner)), "nothing beside the folder");
    assert!(!Path::new("/tmp/assay-evil").exists());
    std::fs::remove_dir_all(outer).expect("removes");
}

#[tokio::test]
async fn t28_a_damaged_file_is_left_out_and_said() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    let script = organization.script().await;
    let names = Names::of(&script).await;
    // What a registered version stands on cannot be changed: the file goes to a run beside it.
    let (experiment, frozen) = (&names.0["$experiment"], &names.0["$run"]);
    let run = run_in(&script, experiment).await;
    let put = format!("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/lost.bin");
    assert_eq!(script.send(script.request(reqwest::Method::PUT, &put).body("soon lost")).await.status, 200);
    let blobs = world.mail.parent().expect("a folder").join("blobs").join(organization.tenant().await.simple().to_string()).join("sha256");
    let lose = || {
        let lost = files(&blobs).into_iter().find(|file| std::fs::read(file).is_ok_and(|bytes| bytes.starts_with(b"soon "))).expect("the file");
        std::fs::write(&lost, "soon gone").expect("writes");
    };
    // After it was checked at an earlier export: the one that finds it so fails and says so, the next leaves it out.
    let (export, archive) = exported(&organization).await;
    assert_eq!((&export["damagedFiles"], archive.manifest()["damaged_files"].as_i64()), (&json!(0), Some(0)));
    lose();
    let id = super::start(&organization).await;
    world.drain().await;
    let failed = super::look(&organization, &id).await;
    assert_eq!((failed["state"].as_str(), failed["path"].is_null()), (Some("FAILED"), true), "{failed}");
    assert!(failed["reason"].as_str().is_some_and(|reason| reason.contains("damaged")), "{failed}");
    let told = organization.owner.graphql("{ notifications(first: 1) { nodes { quote } } }", Value::Null).await;
    assert!(told["data"]["notifications"]["nodes"][0]["quote"].as_str().is_some_and(|quote| quote.starts_with("It failed")), "{told}");
    let (export, archive) = exported(&organization).await;
    assert_eq!((&export["damagedFiles"], archive.manifest()["damaged_files"].as_i64()), (&json!(1), Some(1)));
    let file = format!("artifacts/runs/{run}/lost.bin");
    assert!(!archive.files.contains_key(&file) && archive.files.contains_key(&format!("artifacts/runs/{frozen}/CANARY.txt")));
    assert!(archive.holds(b"\"damaged\":true"));
    assert!(!archive.bytes.is_empty());
}
