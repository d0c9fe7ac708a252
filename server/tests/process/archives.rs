//! Archives that would grow when unpacked: they are files like any other, and nobody here unpacks them.

use std::io::Write;

use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::{files_below, process::Database};

const FILES: &str = "/api/2.0/mlflow-artifacts/artifacts";
const MIB: usize = 1 << 20;

/// A ZIP with one content under many names: each entry with its own bytes, or all of them over the same ones.
fn zip(names: impl Iterator<Item = String>, content: &[u8], overlapping: bool) -> Vec<u8> {
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(content).expect("packs");
    let packed = packer.finish().expect("packs");
    let checksum = crc32fast::hash(content);
    // What a local header and a line of the directory have in common: deflated, no date, checksum and sizes, a name and no more.
    let common = |name: &str| {
        let sizes = [checksum, packed.len() as u32, content.len() as u32].map(u32::to_le_bytes).concat();
        [&[20, 0, 0, 0, 8, 0, 0, 0, 0, 0][..], &sizes, &(name.len() as u16).to_le_bytes(), &[0, 0]].concat()
    };
    let (mut archive, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u64);
    for name in names {
        let at = if overlapping { 0 } else { archive.len() as u32 };
        if archive.is_empty() || !overlapping {
            archive.extend([&b"PK\x03\x04"[..], &common(&name), name.as_bytes(), &packed].concat());
        }
        directory.extend([&b"PK\x01\x02\x14\x00"[..], &common(&name), &[0; 10], &at.to_le_bytes(), name.as_bytes()].concat());
        count += 1;
    }
    let start = archive.len() as u64;
    archive.extend(&directory);
    let wide = archive.len() as u64;
    // Of more entries than sixteen bits count, the wide end says how many there are.
    let ends = [count, count, directory.len() as u64, start].map(u64::to_le_bytes).concat();
    archive.extend([&b"PK\x06\x06"[..], &44_u64.to_le_bytes(), &[45, 0, 45, 0], &[0; 8], &ends].concat());
    archive.extend([&b"PK\x06\x07"[..], &[0; 4], &wide.to_le_bytes(), &1_u32.to_le_bytes()].concat());
    let narrow = (count.min(0xffff) as u16).to_le_bytes();
    let place = [directory.len() as u32, start as u32].map(u32::to_le_bytes).concat();
    archive.extend([&b"PK\x05\x06"[..], &[0; 4], &narrow, &narrow, &place, &[0; 2]].concat());
    archive
}

/// Archives of archives, so many in each and so deep.
fn nested(wide: usize, deep: usize, content: &[u8]) -> Vec<u8> {
    let innermost = zip(std::iter::once("0.dll".to_owned()), content, false);
    (0..deep).fold(innermost, |inner, _| zip((0..wide).map(|n| format!("lib {n}.zip")), &inner, false))
}

/// Ten gigabytes of zeros: a file of `gzip` may be several, one after the other.
fn ten_gigabytes(zeros: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(zeros).expect("packs");
    packer.finish().expect("packs").repeat((10 << 30) / zeros.len())
}

/// Members of an archive that would write elsewhere, were it unpacked: name, kind (`0` file, `1` hard link, `2` link, `3` device) and what a link leads to.
const HOSTILE: [(&str, u8, &str); 9] = [
    ("link", b'2', "/etc"),
    ("link/up", b'0', ""),
    ("hard", b'1', "../../etc/passwd"),
    ("null", b'3', ""),
    ("../up", b'0', ""),
    ("../../../up", b'0', ""),
    ("/tmp/up", b'0', ""),
    ("same", b'0', ""),
    ("same", b'0', ""),
];

/// An archive of files of one byte (POSIX.1-1988, ustar).
fn tar(members: &[(&str, u8, &str)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, kind, to) in members {
        let is_file = *kind == b'0';
        let mut header = [0; 512];
        let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
        put(0, name.as_bytes());
        put(100, b"0000644");
        put(108, b"0000000");
        put(116, b"0000000");
        put(124, if is_file { b"00000000001\0" } else { b"00000000000\0" });
        put(136, b"00000000000\0        ");
        put(156, &[*kind]);
        put(157, to.as_bytes());
        put(257, b"ustar");
        put(263, b"00");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&header);
        if is_file {
            archive.push(b'x');
            archive.resize(archive.len().next_multiple_of(512), 0);
        }
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

#[tokio::test]
async fn t23_t24_archives_are_kept_as_they_came_and_never_unpacked() {
    let zeros = vec![0; 64 * MIB];
    let bomb = nested(16, 5, &zeros);
    assert_eq!(zip::ZipArchive::new(std::io::Cursor::new(&bomb)).expect("an archive").len(), 16);
    assert!(bomb.len() < MIB, "{} bytes that are 64 TB", bomb.len());
    let archives = [
        ("42.zip", bomb.clone(), "application/zip", "attachment"),
        ("deep.zip", nested(1, 20, &zeros), "application/zip", "attachment"),
        ("million.zip", zip((0..1_000_000).map(|n| format!("{n:06}")), b"x", true), "application/zip", "attachment"),
        ("overlapping.zip", zip((0..1_000).map(|n| n.to_string()), &zeros, true), "application/zip", "attachment"),
        ("hostile.tar", tar(&HOSTILE), "application/x-tar", "attachment"),
        ("zeros.gz", ten_gigabytes(&zeros), "application/gzip", "attachment"),
        // A name that lies about it changes how it is shown, not what is done with it.
        ("42.png", bomb.clone(), "image/png", "inline"),
        ("42.html", bomb.clone(), "text/plain; charset=utf-8", "inline"),
        ("42.txt", bomb, "text/plain; charset=utf-8", "inline"),
    ];
    let database = Database::create().await;
    let first = database.run(&["seed"]).0;
    let blobs = std::env::temp_dir().join(format!("assay-test-{}", Uuid::now_v7().simple()));
    let server = database.serve(&[&format!("--blobs={}", blobs.display())]);
    let script = server.visitor().bearer(first["token"].as_str().expect("a token"));
    let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "start_time": 1 })).await.json()["run"]["info"]["run_id"].clone();
    let run = run.as_str().expect("an id");
    let (before, stored) = (server.peak(), files_below(&blobs));
    for (name, body, kind, shown) in &archives {
        let path = format!("{FILES}/0/{run}/artifacts/{name}");
        let answer = script.send(script.request(Method::PUT, &path).body(body.clone())).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let answer = script.get(&path).await;
        assert!(answer.status == 200 && answer.body == *body, "{name}: {} bytes of {}", answer.body.len(), body.len());
        let answer = script.get(&format!("/artifacts/runs/{run}/{name}?inline=1")).await;
        assert!(answer.status == 200 && answer.body == *body, "{name}: {} bytes of {}", answer.body.len(), body.len());
        assert_eq!((answer.header("content-type"), answer.header("content-encoding")), (*kind, "identity"), "{name}");
        assert_eq!(answer.header("content-disposition").split(';').next(), Some(*shown), "{name}");
        assert!(answer.header("content-security-policy").starts_with("sandbox") && answer.header("x-content-type-options") == "nosniff", "{name}");
        let query = "query($run: ID!, $name: String!) { run(id: $run) { artifacts { name size digest } artifactText(path: $name) { text } } }";
        let answer = script.graphql(query, json!({ "run": run, "name": name })).await;
        let files = answer["data"]["run"]["artifacts"].as_array().unwrap_or_else(|| panic!("{answer}"));
        let digest: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(files.contains(&json!({ "name": name, "size": body.len(), "digest": digest })), "{name}: {files:?}");
        // As text no more of it is shown than of any file, and of what is no text nothing.
        let text = answer["data"]["run"]["artifactText"]["text"].as_str();
        assert_eq!(text.is_some(), kind.starts_with("text/"), "{name}");
        assert!(text.is_none_or(|text| text.chars().count() <= MIB / 4), "{name}");
    }
    let list = script.mlflow("GET", &format!("artifacts/list?run_id={run}"), json!(null)).await.json();
    assert_eq!(list["files"].as_array().map(Vec::len), Some(archives.len()), "no file came of what is in them: {list}");
    // One content is stored once, whatever its names.
    assert_eq!(files_below(&blobs) - stored, archives.len() - 3);
    assert!(["up", "up/up"].iter().all(|name| !blobs.join("..").join(name).exists()));
    assert!(server.peak() - before < 64 << 20, "{} bytes more", server.peak() - before);
}
