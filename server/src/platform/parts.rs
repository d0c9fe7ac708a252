//! Parts of uploads: each lies under its upload and number until the whole is made of them.
//!
//! What must stay true: a part has its name only once it is on disk; the whole is read in order, and a part that is absent or not what was acknowledged
//! ends it with an error.

use std::{fmt, ops::Range};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use sha2::{Digest as _, Sha256};
use shared::ids::TenantId;
use uuid::Uuid;

use super::{Blob, BlobError, Blobs, Digest};

/// One part as its upload acknowledged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// From 1.
    pub number: u32,
    pub digest: Digest,
}

fn folder(tenant: TenantId, upload: Uuid) -> Path {
    Path::from(format!("{}/uploads/{}", tenant.hex(), upload.simple()))
}

fn place(tenant: TenantId, upload: Uuid, number: u32) -> Path {
    folder(tenant, upload).join(number.to_string())
}

impl Blobs {
    /// Stores one part; one that comes again takes the place of the one before.
    ///
    /// # Errors
    /// As [`Blobs::put`]; nothing stays then.
    pub async fn put_part<S, E>(&self, tenant: TenantId, upload: Uuid, number: u32, body: S, limit: u64) -> Result<Blob, BlobError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: fmt::Display,
    {
        let (staging, blob) = self.stage(tenant, body, limit).await?;
        self.settle(&staging, &place(tenant, upload, number)).await?;
        Ok(blob)
    }

    /// The bytes of all parts, one after the other.
    pub fn read_parts(&self, tenant: TenantId, upload: Uuid, parts: Vec<Part>) -> impl Stream<Item = Result<Bytes, BlobError>> + Send + use<> {
        let store = self.store.clone();
        stream::iter(parts)
            .then(move |part| {
                let (store, path) = (store.clone(), place(tenant, upload, part.number));
                async move {
                    let absent = |_| BlobError::Interrupted(format!("part {} was not uploaded", part.number));
                    let bytes = store.get(&path).await.map_err(absent)?.into_stream();
                    Ok::<_, BlobError>(checked(part, bytes))
                }
            })
            .try_flatten()
    }

    /// The bytes of a range of one part, verified as those of an object are.
    ///
    /// # Errors
    /// [`BlobError::Integrity`] when bytes are absent or changed.
    pub async fn read_part(
        &self,
        tenant: TenantId,
        upload: Uuid,
        number: u32,
        blob: &Blob,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, BlobError>> + Send + use<>, BlobError> {
        self.read_at(place(tenant, upload, number), blob, range).await
    }

    /// Removes one part. An absent one is fine.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove_part(&self, tenant: TenantId, upload: Uuid, number: u32) -> Result<(), BlobError> {
        match self.store.delete(&place(tenant, upload, number)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes all that the store holds of a tenant: objects, parts, and what uploads left. Fine when there is nothing, and to be called again when cut off.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove_all(&self, tenant: TenantId) -> Result<(), BlobError> {
        let root = Path::from(tenant.hex());
        let mut list = self.store.list(Some(&root));
        while let Some(object) = list.next().await {
            match self.store.delete(&object?.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // Empty folders are left, and beginnings of uploads that the list does not show.
        let folder = self.store.path_to_filesystem(&root)?;
        match tokio::task::spawn_blocking(move || std::fs::remove_dir_all(folder)).await {
            Ok(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => Err(BlobError::Store(error.into())),
            Ok(_) => Ok(()),
            Err(error) => Err(BlobError::Store(error.into())),
        }
    }

    /// Removes all parts of an upload. Fine when there are none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove_parts(&self, tenant: TenantId, upload: Uuid) -> Result<(), BlobError> {
        let mut list = self.store.list(Some(&folder(tenant, upload)));
        while let Some(part) = list.next().await {
            match self.store.delete(&part?.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// The bytes of a part, and an error behind them when they are not those that were acknowledged.
fn checked<S>(part: Part, bytes: S) -> impl Stream<Item = Result<Bytes, BlobError>> + Send
where
    S: Stream<Item = Result<Bytes, object_store::Error>> + Send + Unpin,
{
    stream::try_unfold((bytes, Some(Sha256::new())), move |(mut bytes, sum)| async move {
        let Some(mut sum) = sum else { return Ok(None) };
        match bytes.next().await.transpose()? {
            Some(some) => {
                sum.update(&some);
                Ok(Some((some, (bytes, Some(sum)))))
            }
            None => match Digest::from_slice(&sum.finalize()) {
                Some(digest) if digest == part.digest => Ok(None),
                _ => Err(BlobError::Interrupted(format!("part {} is not what was acknowledged", part.number))),
            },
        }
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn body(bytes: &[u8]) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
        stream::iter([Ok(Bytes::copy_from_slice(bytes))])
    }

    #[tokio::test]
    async fn t25_t28_the_whole_is_the_acknowledged_parts_or_nothing() {
        let folder = std::env::temp_dir().join(format!("assay-parts-{}", Uuid::new_v4().simple()));
        let blobs = Blobs::open(&folder).unwrap();
        let (tenant, upload) = (TenantId::from_uuid(Uuid::now_v7()), Uuid::now_v7());
        let mut parts = Vec::new();
        for (number, text) in [(2, "world"), (1, "old"), (1, "hello ")] {
            let blob = blobs.put_part(tenant, upload, number, body(text.as_bytes()), 10).await.unwrap();
            parts.retain(|part: &Part| part.number != number);
            parts.push(Part { number, digest: blob.digest });
        }
        parts.sort_by_key(|part| part.number);
        let whole = blobs.put(tenant, blobs.read_parts(tenant, upload, parts.clone()), 100).await.unwrap();
        assert_eq!(whole.digest, Digest::of(b"hello world"));
        assert!(matches!(blobs.put_part(tenant, upload, 3, body(b"elevenbytes"), 10).await, Err(BlobError::TooLarge { .. })));
        let absent = [parts.clone(), vec![Part { number: 3, digest: Digest::of(b"") }]].concat();
        assert!(matches!(blobs.put(tenant, blobs.read_parts(tenant, upload, absent), 100).await, Err(BlobError::Interrupted(_))));
        parts[0].digest = Digest::of(b"old");
        assert!(matches!(blobs.put(tenant, blobs.read_parts(tenant, upload, parts), 100).await, Err(BlobError::Interrupted(_))));
        blobs.remove_parts(tenant, upload).await.unwrap();
        blobs.remove_parts(tenant, upload).await.unwrap();
        assert_eq!(
            blobs
                .read_parts(tenant, upload, vec![Part { number: 2, digest: Digest::of(b"world") }])
                .filter(|part| std::future::ready(part.is_ok()))
                .count()
                .await,
            0
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
