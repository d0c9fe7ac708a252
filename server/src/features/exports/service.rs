//! Asking for exports, watching, cancelling and downloading them.

use std::collections::HashMap;

use serde_json::json;
use shared::{ErrorCode, ids::ExportId};
use uuid::Uuid;

use super::{
    Archive, Count, Export, ExportError, ReadExports, State, WriteExports,
    jobs::{ClearExport, ExportStep},
    repo,
};
use crate::{
    access::{
        ActorKind, Grant, WriteTx,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::{
        notifications::{self, News, Occasion},
        page::{Page, Paged},
    },
};

/// Where exports are shown.
const PAGE: &str = "/organization";

/// An entry about an export.
pub fn entry(action: &'static str, export: &Export) -> Entry {
    Entry::new(action, Subject::new("export", export.id, export.created_at.format("%Y-%m-%d %H:%M UTC")))
}

fn missing(id: ExportId) -> Fault {
    ExportError::Missing(id.to_string()).into()
}

/// Asks for an export. It goes on by itself, whatever becomes of whoever asked for it.
///
/// # Errors
/// `Conflict` while one is under way.
pub async fn start(grant: Grant<'_, WriteExports>) -> Result<Export, Fault> {
    let id = ExportId::from_uuid(Uuid::now_v7());
    let (by, member) = (grant.actor().called(), grant.actor().member);
    let tx = grant.begin().await?;
    repo::insert(&tx, id, &by, member).await?;
    tx.enqueue(&ExportStep { export: id, step: 0 }).await?;
    let export = repo::find(&tx, id).await?.ok_or_else(|| missing(id))?;
    tx.commit(entry("export.request", &export)).await?;
    Ok(export)
}

/// Ends an export where it stands. Nothing of it is kept.
///
/// # Errors
/// `NotFound`; `Conflict` when it has ended.
pub async fn cancel(grant: Grant<'_, WriteExports>, id: ExportId) -> Result<Export, Fault> {
    let tx = grant.begin().await?;
    if let Some(export) = repo::end(&tx, id, State::Cancelled, "", 0).await? {
        tx.enqueue(&ClearExport { export: id, wait_days: 0 }).await?;
        tx.commit(entry("export.cancel", &export)).await?;
        return Ok(export);
    }
    Err(repo::find(&tx, id).await?.map_or_else(|| missing(id), |_| ExportError::Ended.into()))
}

/// One export.
///
/// # Errors
/// `NotFound`.
pub async fn get(grant: Grant<'_, ReadExports>, id: ExportId) -> Result<Export, Fault> {
    repo::find(grant.read().await?, id).await?.ok_or_else(|| missing(id))
}

/// A page of exports, the newest first.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ReadExports>, page: Page) -> Result<Paged<Export>, Fault> {
    let tx = grant.read().await?;
    let rows = repo::list(tx, page.after_id()?, page.limit_and_one()).await?;
    Ok(Paged::of(rows, &page, repo::count(tx).await?, |export| export.id.to_string()))
}

/// How much of each kind exports took so far, by the kind's name.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn counts(grant: Grant<'_, ReadExports>, exports: &[ExportId]) -> Result<HashMap<ExportId, Vec<Count>>, Fault> {
    repo::counts(grant.read().await?, exports).await
}

/// What is needed to send the archive of an export. Every download stands in the audit log, also of a part.
///
/// # Errors
/// `NotFound` when there is no such export, or no archive of it (any more); `Forbidden` for who came by a link.
pub async fn download(grant: Grant<'_, WriteExports>, id: ExportId) -> Result<Archive, Fault> {
    if !matches!(grant.actor().kind, ActorKind::Member | ActorKind::Token) {
        return Err(Fault::new(ErrorCode::Forbidden, "Sign in, or send an API token, to download an export."));
    }
    let tx = grant.begin().await?;
    let Some(export) = repo::find(&tx, id).await? else { return Err(missing(id)) };
    let archive = repo::take_archive(&tx, id).await?.ok_or(ExportError::NoArchive)?;
    tx.commit(entry("export.download", &export).detail(json!({ "bytes": archive.blob.size, "sha256": archive.blob.digest.to_string() }))).await?;
    Ok(archive)
}

/// Tells whoever asked for an export that it has ended.
pub(super) async fn tell(tx: &WriteTx, export: &Export) -> Result<(), Fault> {
    let quote = match (export.state, export.expires_at) {
        (State::Done, Some(until)) => format!("The archive is ready. It can be downloaded until {}.", until.format("%-d %B %Y, %H:%M UTC")),
        _ => format!("It failed: {}", export.reason),
    };
    let news = News {
        member: export.member,
        occasion: Occasion::Export,
        actor: "Assay".into(),
        subject: export.id.to_string(),
        subject_name: tx.tenant().name.clone(),
        path: PAGE.into(),
        quote,
    };
    notifications::tell(tx, &[news]).await
}
