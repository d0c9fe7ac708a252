//! Deleting files for good, stretch by stretch.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{FreeStorage, jobs::EraseFiles, repo};
use crate::{
    access::{
        Grant, Scope,
        audit::{Entry, Subject},
    },
    fault::Fault,
    platform::Blobs,
};

/// Files that are looked at in one transaction. While it goes on nothing else is stored in the organization: a fraction of a second.
const STRETCH: i64 = 500;
/// How long one job takes, about, before it asks for the next.
const TURN: Duration = Duration::from_secs(10);
/// How long it waits for an export, which reads what it would delete.
const PAUSE_SECONDS: u64 = 60;

/// Deletes what nobody is shown any more among the files after one. Cut off anywhere, it is done again.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn erase(scope: &Scope, blobs: &Blobs, mut after: i64) -> Result<(), Fault> {
    let tenant = scope.tenant().clone();
    let begun = Instant::now();
    loop {
        let grant: Grant<'_, FreeStorage> = scope.grant()?;
        let tx = grant.begin().await?;
        let wait_seconds = if repo::hold_exports(&tx).await? { PAUSE_SECONDS } else { 0 };
        if wait_seconds > 0 || begun.elapsed() > TURN {
            tx.enqueue(&EraseFiles { tenant: tenant.id, after, wait_seconds }).await?;
            return tx.commit_telemetry().await;
        }
        let erased = repo::erase(&tx, after, STRETCH).await?;
        let Some(last) = erased.last else { return Ok(()) };
        if erased.files > 0 {
            let unused = repo::erase_unused(&tx, erased.digests).await?;
            for (digest, _) in &unused {
                blobs.remove(tenant.id, *digest).await?;
            }
            let bytes: u64 = unused.iter().map(|(_, size)| size).sum();
            let entry = Entry::new("storage.erase", Subject::new("organization", tenant.id, &tenant.name));
            tx.commit(entry.detail(json!({ "files": erased.files, "bytes": bytes }))).await?;
        }
        after = last;
    }
}
