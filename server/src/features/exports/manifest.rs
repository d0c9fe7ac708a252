//! The lists of all files with their digests, and the manifest that says what the archive is.

use serde_json::{Map, Value, json};

use super::{
    histories,
    model::File,
    repo::{self, files, kinds::AUDIT_LOG},
    sheet::{Sheet, added},
    step::{Stopped, Work},
};
use crate::fault::Fault;

/// The version of what this module writes. It grows when a reader of the version before would be misled.
pub const FORMAT: u32 = 1;
/// Files of one list, and how many are looked at for it at a time.
const LISTED: usize = 20_000;
const ROWS: i64 = 1_000;
/// The kind of the lists.
const LISTS: &str = "file_lists";
/// The manifest's own name.
pub const MANIFEST: &str = "manifest.json";

/// Writes the next list, or the manifest behind the last one. `true`: the manifest is there.
pub async fn take(work: &mut Work<'_>) -> Result<bool, Stopped> {
    // What is listed so far, and up to where there is something to list.
    let (mut after, last) = match work.export.cursor.split_once(' ') {
        Some((after, last)) => (after.parse().map_err(Fault::internal)?, last.parse().map_err(Fault::internal)?),
        None => (0, work.export.next_file - 1),
    };
    if after >= last {
        let whole = summary(work).await?;
        work.keep(MANIFEST, whole, "manifest", "").await?;
        return Ok(true);
    }
    let (mut sheet, mut listed) = (Sheet::default(), 0);
    while after < last && listed < LISTED {
        let page = files::list(&work.begin().await?, work.export.id, after, ROWS).await?;
        let page: Vec<_> = page.into_iter().filter(|ready| ready.file.number <= last).collect();
        listed += page.len();
        after = page.last().map_or(last, |ready| ready.file.number);
        let line = |ready: &files::Ready| {
            let File { path, size, digest, .. } = &ready.file;
            let mut line = json!({ "path": path, "bytes": size, "sha256": digest.to_string() });
            if ready.damaged {
                line["damaged"] = json!(true);
            }
            line.to_string()
        };
        sheet = added(sheet, page.iter().map(line).collect()).await?;
    }
    let cursor = format!("{after} {last}");
    if sheet.is_empty() {
        work.move_to(&cursor).await?;
    } else {
        let path = format!("files/{:05}.ndjson", work.export.next_file);
        work.keep(&path, sheet.finish()?, LISTS, &cursor).await?;
    }
    Ok(false)
}

async fn summary(work: &Work<'_>) -> Result<super::sheet::Whole, Stopped> {
    let tx = work.begin().await?;
    // As it is now: what the check found is not in the copy that this step began with.
    let export = &repo::find(&tx, work.export.id).await?.ok_or(Stopped::Over)?;
    let counts = repo::counts(&tx, &[export.id]).await?.remove(&export.id).unwrap_or_default();
    // The lists themselves are few: one for some ten thousand files.
    let mut lists = Vec::new();
    let made: i64 = counts.iter().filter(|count| count.kind == LISTS).map(|count| count.files).sum();
    let mut after = export.next_file - 1 - made;
    while after < export.next_file - 1 {
        let page = files::list(&tx, export.id, after, ROWS).await?;
        after = page.last().map_or(export.next_file, |ready| ready.file.number);
        lists.extend(page.iter().map(|ready| json!({ "path": ready.file.path, "bytes": ready.file.size, "sha256": ready.file.digest.to_string() })));
    }
    let entries: i64 = counts.iter().filter(|count| count.kind == AUDIT_LOG).map(|count| count.rows).sum();
    let hash = repo::audit_hash(&tx, entries).await?;
    let rows: Map<String, Value> =
        counts.iter().map(|count| (count.kind.clone(), json!({ "files": count.files, "rows": count.rows, "bytes": count.bytes }))).collect();
    let manifest = json!({
        "format": "assay-export",
        "format_version": FORMAT,
        "assay_version": env!("CARGO_PKG_VERSION"),
        "organization": { "id": work.scope.tenant().id.uuid(), "slug": work.scope.tenant().slug, "name": work.scope.tenant().name },
        "export_id": export.id.to_string(),
        "requested_by": export.requested_by,
        "started_at": export.created_at,
        "counts": rows,
        "damaged_files": export.damaged,
        "audit_log": { "entries": entries, "hash": hash, "origin": "sha256 of the organization's id" },
        "metric_points": { "kind": histories::KIND, "columns": ["run_id", "key", "step", "timestamp_ms", "value"] },
        "file_lists": lists,
    });
    let text = serde_json::to_string_pretty(&manifest).map_err(Fault::internal)?;
    let mut sheet = Sheet::default();
    sheet.add(&text)?;
    Ok(sheet.finish()?)
}
