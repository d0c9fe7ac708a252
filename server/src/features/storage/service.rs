//! Looking how full it is, and asking for room.

use super::{FreeStorage, Freeing, SeeStorage, Storage, StorageError, jobs::EraseFiles, repo};
use crate::{
    access::{
        Connection, Grant,
        audit::{Entry, Subject},
    },
    fault::Fault,
    jobs,
};

/// What is stored, and what may be.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn show(grant: Grant<'_, SeeStorage>) -> Result<Storage, Fault> {
    of(grant.read().await?).await
}

/// How far the deletion of files for good has come; `None` when none goes on.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn freeing(grant: Grant<'_, SeeStorage>) -> Result<Option<Freeing>, Fault> {
    let tx = grant.read().await?;
    let jobs = jobs::unfinished::<EraseFiles>(tx).await?;
    let Some(job) = jobs.iter().max_by_key(|job| job.after) else { return Ok(None) };
    let last = repo::last_file(tx).await?;
    Ok(Some(Freeing { progress: (job.after as f64 / last.max(1) as f64).min(1.0), is_waiting: job.wait_seconds > 0 }))
}

/// What is stored, and what may be, for whoever stores something. Once it has stored, nobody else does in the organization until its transaction ends.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn of<C: Connection>(tx: &C) -> Result<Storage, Fault> {
    repo::find(tx).await
}

/// Has all files deleted for good that nobody is shown any more: earlier versions, deleted ones, and those of deleted runs, models and experiments. It goes on by
/// itself; what is stored now.
///
/// # Errors
/// `Conflict` while an export is made.
pub async fn free(grant: Grant<'_, FreeStorage>) -> Result<Storage, Fault> {
    let tenant = grant.tenant().clone();
    let tx = grant.begin().await?;
    if repo::is_exporting(&tx).await? {
        return Err(StorageError::Exporting.into());
    }
    let storage = of(&tx).await?;
    tx.enqueue(&EraseFiles { tenant: tenant.id, after: 0, wait_seconds: 0 }).await?;
    tx.commit(Entry::new("storage.free", Subject::new("organization", tenant.id, tenant.name))).await?;
    Ok(storage)
}
