//! Looking how full it is, and asking for room.

use super::{FreeStorage, SeeStorage, Storage, StorageError, jobs::EraseFiles, repo};
use crate::{
    access::{
        Connection, Grant,
        audit::{Entry, Subject},
    },
    fault::Fault,
};

/// What is stored, and what may be.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn show(grant: Grant<'_, SeeStorage>) -> Result<Storage, Fault> {
    of(grant.read().await?).await
}

/// The same for whoever stores something. Once it has stored, nobody else does in the organization until its transaction ends.
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
    let storage = repo::find(&tx).await?;
    tx.enqueue(&EraseFiles { tenant: tenant.id, after: 0, wait_seconds: 0 }).await?;
    tx.commit(Entry::new("storage.free", Subject::new("organization", tenant.id, tenant.name))).await?;
    Ok(storage)
}
