//! Listing and verifying the log.

use chrono::{DateTime, Utc};

use super::{Finding, LogEntry, Mark, ReadAudit, model::Verifier, repo};
use crate::{
    access::{Grant, Sql},
    fault::Fault,
    features::page::{Page, Paged},
};

/// Which entries; an unset part matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The actor's e-mail address, exactly.
    pub actor: Option<String>,
    /// `run.create`, or `run` for all acts on runs.
    pub action: Option<String>,
    /// The subject's id or name, exactly.
    pub subject: Option<String>,
    /// `done` or `denied`.
    pub outcome: Option<&'static str>,
    /// From this time on.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub to: Option<DateTime<Utc>>,
}

/// Matching entries, the newest first.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ReadAudit>, filter: &Filter, page: Page) -> Result<Paged<LogEntry>, Fault> {
    let tx = grant.read().await?;
    let before = page.after_id::<i64>()?;
    let rows = repo::list(tx, filter, before, page.limit_and_one()).await?;
    // Entries are numbered from 1 and never removed: those of a long log are not counted one by one.
    let total = if *filter == Filter::default() { repo::head(tx).await?.0.unsigned_abs() } else { repo::count(tx, filter).await? };
    Ok(Paged::of(rows, &page, total, |entry| entry.sequence.to_string()))
}

/// The entry of a sequence number.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn find(grant: Grant<'_, ReadAudit>, sequence: i64) -> Result<Option<LogEntry>, Fault> {
    repo::find(grant.read().await?, sequence).await
}

/// What verification found.
pub struct Verified {
    /// The last entry that fits.
    pub head: Mark,
    /// The first thing that is wrong.
    pub finding: Option<Finding>,
}

/// Recomputes the chain from the first entry to the head. A mark that was kept must be in it.
///
/// # Errors
/// `Unavailable` or `Internal` when the log cannot be read.
pub async fn verify(grant: Grant<'_, ReadAudit>, kept: Option<Mark>) -> Result<Verified, Fault> {
    const BATCH: i64 = 5_000;
    let tx = grant.read().await?;
    tx.patience().await?;
    let mut verifier = Verifier::new(grant.tenant().id.uuid(), kept);
    let (head, hash) = repo::head(tx).await?;
    loop {
        let entries = repo::ascending(tx, verifier.checked(), BATCH).await?;
        for entry in &entries {
            // Entries appended while we read belong to a later head.
            if entry.sequence > head {
                break;
            }
            if let Err(finding) = verifier.next(entry) {
                return Ok(Verified { head: verifier.head(), finding: Some(finding) });
            }
        }
        if (entries.len() as i64) < BATCH || verifier.checked() >= head {
            break;
        }
    }
    let finding = verifier.finish(head, &hash).err();
    Ok(Verified { head: verifier.head(), finding })
}
