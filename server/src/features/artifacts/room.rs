//! How much an upload may bring, and what becomes of bytes that came in vain.
//!
//! Of what several uploads want, each takes in one order: the upload in parts, the owner's tree, the content, the count of what is stored.

use crate::{
    access::{Connection, Grant, Scope},
    fault::Fault,
    features::storage::{self, Storage, StorageError},
    platform::{Blob, BlobError, Blobs},
};

use super::{WriteArtifacts, repo};

/// What an upload is measured by.
pub struct Room {
    storage: Storage,
    /// Bytes that it may bring.
    pub limit: u64,
    /// Bytes that it might bring if the organization had room without end.
    most: u64,
}

impl Room {
    /// The room for an upload of at most so many bytes, of which so many are counted already.
    ///
    /// # Errors
    /// `StorageFull` when what is declared does not fit.
    pub async fn of<C: Connection>(tx: &C, most: u64, counted: u64, declared: Option<u64>) -> Result<Self, Fault> {
        let storage = storage::of(tx).await?;
        let left = storage.room().saturating_add(counted);
        if declared.is_some_and(|declared| declared > left) {
            return Err(StorageError::Full(storage).into());
        }
        Ok(Self { storage, limit: left.min(most), most })
    }

    /// What is said of a body that could not be stored.
    pub fn fault(&self, error: BlobError) -> Fault {
        match error {
            BlobError::TooLarge { limit } if limit < self.most => StorageError::Full(self.storage).into(),
            error => error.into(),
        }
    }
}

/// Refuses what has come, in so many bytes, and is more than may be stored now that it is counted, though as many as are `going` go.
///
/// # Errors
/// `StorageFull`.
pub async fn check<C: Connection>(tx: &C, size: u64, going: u64) -> Result<(), Fault> {
    let storage = storage::of(tx).await?.without(going);
    if storage.is_over() { Err(StorageError::Full(storage.without(size)).into()) } else { Ok(()) }
}

/// Removes bytes that came in vain, unless a file has them.
pub async fn forget(scope: &Scope, blobs: &Blobs, blob: &Blob) {
    let forgotten = async {
        let grant: Grant<'_, WriteArtifacts> = scope.grant()?;
        let tx = grant.begin().await?;
        // Nothing is written: whoever stores the same meanwhile waits for the end of this, and looks then whether the bytes are there.
        if repo::is_unknown(&tx, blob).await? {
            blobs.remove(scope.tenant().id, blob.digest).await?;
        }
        Ok::<_, Fault>(())
    };
    if let Err(error) = forgotten.await {
        tracing::warn!(%error, digest = %blob.digest, "bytes that came in vain could not be removed");
    }
}
