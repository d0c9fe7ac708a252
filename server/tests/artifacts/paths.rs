//! Paths that lead elsewhere, and names that are no names.

use std::{
    fs,
    io::Write,
    os::unix::fs::FileTypeExt,
    path::PathBuf,
    process::Command,
    sync::mpsc::{Receiver, TryRecvError, channel},
    time::Duration,
};

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

/// A file that nobody opens unseen: a pipe, at whose other end somebody waits for a reader. Whoever reads it is told `CANARY`.
struct Canary {
    path: PathBuf,
    opened: Receiver<()>,
}

impl Canary {
    fn at(path: PathBuf) -> Self {
        assert!(Command::new("mkfifo").arg(&path).status().expect("runs").success(), "{}", path.display());
        let (tell, opened) = channel();
        let place = path.clone();
        std::thread::spawn(move || {
            // Goes on once somebody opens it to read.
            let mut pipe = fs::OpenOptions::new().write(true).open(place).expect("a pipe");
            let _ = tell.send(());
            let _ = pipe.write_all(b"CANARY");
        });
        Self { path, opened }
    }

    /// Fails if somebody has opened it, or if it is not as it was; and if that could not be seen.
    fn assert_untouched(self) {
        assert_eq!(self.opened.try_recv(), Err(TryRecvError::Empty), "{} was opened", self.path.display());
        assert!(fs::symlink_metadata(&self.path).expect("it is still there").file_type().is_fifo());
        // To read and to write: that does not wait for the other end.
        let _own = fs::OpenOptions::new().read(true).write(true).open(&self.path).expect("opens");
        self.opened.recv_timeout(Duration::from_secs(20)).expect("who opens it is seen");
    }
}

/// Nor is anything opened outside the store, which a pipe above it tells. It is also named by its whole path and so stands for `/etc/passwd`, which whatever
/// else runs on the machine opens all the time.
#[tokio::test]
async fn t20_t26_every_path_that_leads_elsewhere_is_refused_and_nothing_is_written_or_deleted() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (id, root) = run(&script).await;
    let blobs = world().services().config.blobs.clone();
    let outside = blobs.parent().expect("a folder").to_owned();
    fs::create_dir_all(&outside).expect("a folder");
    let canary = Canary::at(outside.join("canary.txt"));
    let whole = canary.path.display().to_string();
    let names = || {
        let entries = fs::read_dir(&outside).expect("a folder").flatten();
        entries.map(|entry| entry.file_name()).filter(|name| *name != "mail" && *name != "blobs").collect::<std::collections::BTreeSet<_>>()
    };
    let before = names();
    assert_eq!(put(&script, &format!("{root}/keep.txt"), "keep").await.status, 200);
    for path in encoded().chain([format!("/{whole}"), whole.replace('/', "%2f"), format!("file://{whole}")]) {
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
    for path in plain().chain([whole.clone(), format!("file://{whole}")]) {
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
    canary.assert_untouched();
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
