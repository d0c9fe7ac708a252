//! The files of runs and logged models: listing them, and computing the checksums that archives need.

use std::time::Instant;

use futures::StreamExt;
use serde_json::json;

use super::{
    model::File,
    names::safe,
    repo::files::{self, Owner},
    sheet::{Sheet, added},
    step::{Stopped, Work},
};
use crate::{
    fault::Fault,
    platform::{Blob, BlobError, Digest},
};

/// Artifacts of one list, and how many are looked at for it at a time.
const LISTED: usize = 10_000;
const ROWS: i64 = 1_000;
/// Files that are checked between two looks at the clock.
const CHECKED: i64 = 20;

/// The kind of the lists, and of what they list.
pub const LISTS: &str = "artifacts";
pub const KIND: &str = "artifact_files";

/// Lists some artifacts: a line for each, also for what another took the place of, and a file in the archive for those that can be downloaded. `true`: all are listed.
pub async fn list(work: &mut Work<'_>) -> Result<bool, Stopped> {
    let mut after: i64 = if work.export.cursor.is_empty() { 0 } else { work.export.cursor.parse().map_err(Fault::internal)? };
    let (mut sheet, mut taken, mut lines) = (Sheet::default(), Vec::new(), Vec::new());
    let mut number = work.export.next_file;
    let mut ends = false;
    while !ends && lines.len() < LISTED {
        let page = files::artifacts(&work.begin().await?, after, ROWS).await?;
        ends = page.is_empty();
        for stored in page {
            after = stored.id;
            let (folder, noun, owner) = match stored.owner {
                Owner::Run(id) => ("runs", "run_id", id),
                Owner::Model(id) => ("models", "model_id", id),
            };
            let mut line = stored.facts;
            line[noun] = json!(owner);
            line["path"] = json!(stored.path);
            line["size"] = json!(stored.size);
            line["sha256"] = json!(stored.digest.to_string());
            if stored.is_current {
                let path = format!("artifacts/{folder}/{}/{}", owner.simple(), safe(&stored.path));
                line["file"] = json!(path);
                taken.push(File { number, path, digest: stored.digest, size: stored.size, made: None });
                number += 1;
            }
            lines.push(line.to_string());
        }
    }
    if lines.is_empty() {
        return Ok(true);
    }
    sheet = added(sheet, lines).await?;
    let bytes: i64 = taken.iter().map(|file| file.size).sum();
    let whole = sheet.finish()?;
    let path = format!("data/{LISTS}/{number:05}.ndjson");
    let made = File { number, path, digest: whole.digest, size: whole.size, made: Some(whole.made) };
    work.store(number, whole.bytes).await?;
    let tx = work.begin().await?;
    let (id, cursor) = (work.export.id, after.to_string());
    if !taken.is_empty() {
        files::add(&tx, id, &taken, KIND, i64::try_from(taken.len()).map_err(Fault::internal)?, &cursor).await?;
        files::add_artifact_bytes(&tx, id, bytes).await?;
    }
    files::add(&tx, id, &[made], LISTS, whole.rows, &cursor).await?;
    tx.commit_telemetry().await?;
    work.export.cursor = cursor;
    work.export.next_file = number + 1;
    Ok(ends)
}

/// Reads some files that have no checksum yet, until a time. `true`: all have one, or are damaged.
pub async fn check(work: &mut Work<'_>, until: Instant) -> Result<bool, Stopped> {
    let after: Vec<u8> = Digest::parse(&work.export.cursor).map(|digest| digest.as_bytes().to_vec()).unwrap_or_default();
    let waiting = files::unchecked(&work.begin().await?, work.export.id, after, CHECKED).await?;
    if waiting.is_empty() {
        return Ok(true);
    }
    for blob in waiting {
        let crc = match checksum(work, &blob).await {
            Ok(crc) => Some(crc),
            Err(BlobError::Integrity(_)) => None,
            Err(error) => return Err(Fault::from(error).into()),
        };
        let tx = work.begin().await?;
        files::check(&tx, work.export.id, &blob, crc).await?;
        work.settle(tx, &blob.digest.to_string()).await?;
        if Instant::now() >= until {
            break;
        }
    }
    Ok(false)
}

async fn checksum(work: &Work<'_>, blob: &Blob) -> Result<u32, BlobError> {
    let mut bytes = std::pin::pin!(work.services.blobs.read(work.scope.tenant().id, blob, 0..blob.size).await?);
    let mut sum = crc32fast::Hasher::new();
    while let Some(part) = bytes.next().await {
        sum.update(&part?);
    }
    Ok(sum.finalize())
}
