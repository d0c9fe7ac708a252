//! Paths that lead elsewhere, and names that are no names.

use reqwest::Method;

use super::{FILES, list, put, put_entries, run};
use crate::support::{raw, world};

/// What no file may be called, because it is too long or too deep.
fn unending() -> [String; 2] {
    ["a".repeat(5000), vec!["a"; 300].join("/")]
}

/// Paths that lead elsewhere, as they stand in the path of a request.
pub fn encoded() -> impl Iterator<Item = String> {
    let paths = [
        "../../etc/passwd",
        "..%2f",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/",
        "%2e%2e/x",
        "..%252f..",
        "../canary.txt",
        "..%2f..%2fcanary.txt",
        "%252e%252e%252f",
        "%252e%252e%252fx",
        "%25252e%25252e%25252fx",
        "..%5c",
        "..%5cx",
        "%c0%ae",
        "%c0%ae%c0%ae/x",
        "....//",
        "....//x",
        "%2fetc%2fpasswd",
        "//h/x",
        "C:%5cx",
        "file:///x",
        "a/./../../b",
        "%00",
        "a%00.txt",
        "%ef%bc%8e%ef%bc%8e%ef%bc%8f",
        "~",
        "/proc/self/environ",
        "x;y",
        "x%3by",
        "x%23y",
        "x%3fy",
        "trailing.",
        "trailing%20",
        "a%0d%0ab",
        "%e2%80%ae",
    ];
    paths.into_iter().map(str::to_owned).chain(unending())
}

/// Paths that lead elsewhere, as they stand in a query, in JSON or in GraphQL.
pub fn plain() -> impl Iterator<Item = String> {
    let paths = [
        "../../etc/passwd",
        "..",
        "..\\",
        "a\\b",
        "%2e%2e",
        "....//",
        "/etc/passwd",
        "//h/x",
        "C:\\x",
        "file:///x",
        "a/./../../b",
        "\0",
        "．．／",
        "~",
        "/proc/self/environ",
        "x;y",
        "x#y",
        "trailing.",
        "trailing ",
    ];
    paths.into_iter().map(str::to_owned).chain(unending())
}

#[tokio::test]
async fn t20_t26_every_path_that_leads_elsewhere_is_refused_and_nothing_is_written_or_deleted() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (id, root) = run(&script).await;
    let blobs = world().services().config.blobs.clone();
    let outside = blobs.parent().expect("a folder").to_owned();
    std::fs::create_dir_all(&outside).expect("a folder");
    std::fs::write(outside.join("canary.txt"), "CANARY").expect("writable");
    let names = || {
        let entries = std::fs::read_dir(&outside).expect("a folder").flatten();
        entries.map(|entry| entry.file_name()).filter(|name| *name != "mail" && *name != "blobs").collect::<std::collections::BTreeSet<_>>()
    };
    let before = names();
    assert_eq!(put(&script, &format!("{root}/keep.txt"), "keep").await.status, 200);
    for path in encoded() {
        for method in ["PUT", "GET", "DELETE"] {
            for target in [format!("{FILES}/{root}/{path}"), format!("{FILES}/{path}")] {
                let (status, text) = raw::send(world(), &script, method, &target, if method == "PUT" { b"x" } else { b"" }).await;
                assert!(status == 400 || status == 414, "{method} {path}: {status} {text}");
                assert!(!text.contains("CANARY"), "{method} {path}: {text}");
            }
        }
        for target in [
            format!("/artifacts/runs/{id}/{path}"),
            format!("/api/2.0/mlflow-artifacts/presigned/{root}/{path}"),
            format!("/api/2.0/mlflow-artifacts/presigned/{path}"),
        ] {
            let (status, text) = raw::send(world(), &script, "GET", &target, b"").await;
            assert!(status == 400 || status == 414, "{target}: {status} {text}");
            assert!(!text.contains("CANARY"), "{target}: {text}");
        }
    }
    for path in plain() {
        let path = path.as_str();
        for target in ["/api/2.0/mlflow/artifacts/list".to_owned(), "/get-artifact".into()] {
            let answer = script.send(script.request(Method::GET, &target).query(&[("run_id", id.as_str()), ("path", path)])).await;
            assert_eq!(answer.status, 400, "{target} {path:?}: {}", answer.text());
        }
        for path in [path.to_owned(), format!("{root}/{path}")] {
            let answer = script.send(script.request(Method::GET, FILES).query(&[("path", &path)])).await;
            assert_eq!(answer.status, 400, "list {path:?}: {}", answer.text());
            assert_eq!(answer.json()["error_code"], "INVALID_PARAMETER_VALUE", "{path:?}");
        }
    }
    assert_eq!(names(), before);
    assert_eq!(std::fs::read_to_string(outside.join("canary.txt")).expect("it is still there"), "CANARY");
    assert_eq!(list(&script, &root).await["files"].as_array().map(Vec::len), Some(1));
    assert_eq!(script.get(&format!("{FILES}/{root}/keep.txt")).await.text(), "keep");
    assert_eq!(put_entries(&organization, "artifact.put").await, 1);
    assert_eq!(put_entries(&organization, "artifact.remove").await, 0);
}

#[tokio::test]
async fn t33_a_file_name_never_splits_a_header() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (id, root) = run(&script).await;
    for (name, expected) in
        [("%E9%9D%9Eascii", "attachment; filename=\"_ascii\"; filename*=UTF-8''%E9%9D%9Eascii"), ("con", "attachment; filename=con")]
    {
        assert_eq!(put(&script, &format!("{root}/{name}"), "x").await.status, 200);
        for place in [format!("{FILES}/{root}/{name}"), format!("/get-artifact?run_id={id}&path={name}"), format!("/artifacts/runs/{id}/{name}")] {
            assert_eq!(script.get(&place).await.header("content-disposition"), expected, "{place}");
        }
    }
    for name in ["a%22%0d%0aSet-Cookie:%20x=1", &"n".repeat(300)] {
        let (status, text) = raw::send(world(), &script, "PUT", &format!("{FILES}/{root}/{name}"), b"x").await;
        assert_eq!(status, 400, "{text}");
        let (status, text) = raw::send(world(), &script, "GET", &format!("{FILES}/{root}/{name}"), b"").await;
        assert!(status == 400 && !text.to_lowercase().contains("\r\nset-cookie"), "{text}");
    }
}
