//! Content-addressed bytes: an object's name is the SHA-256 of its content, below a prefix of its tenant.
//!
//! What must stay true: nothing half-written has a digest's name (an upload is staged, hashed, synced and then renamed); no byte leaves that was
//! not verified first (objects above one MiB carry a digest for each MiB, so a range costs what it covers); tenants never share an object.

mod reader;

use std::{collections::VecDeque, fmt, ops::Range, path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path};
use sha2::{Digest as _, Sha256};
use shared::{ErrorCode, ids::TenantId};
use uuid::Uuid;

use super::Digest;
use crate::fault::Fault;
use reader::Reader;

/// Bytes covered by one chunk digest.
pub const CHUNK: u64 = 1 << 20;
/// Chunks that are verified before the first byte leaves; a body up to this size is verified as a whole.
const READY_CHUNKS: usize = 4;
/// Bytes written to the store at a time.
const PART: usize = 4 << 20;

/// What is known of a stored object: enough to verify every byte of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// One SHA-256 for each [`CHUNK`] of an object larger than that, concatenated; else empty.
    pub chunks: Vec<u8>,
}

/// Why bytes could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the body ended early: {0}")]
    Interrupted(String),
    #[error("the stored bytes of {0:?} are absent or no longer match their digest")]
    Integrity(Digest),
    #[error("the object store failed")]
    Store(#[source] anyhow::Error),
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<BlobError> for Fault {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::TooLarge { limit } => Self::new(ErrorCode::PayloadTooLarge, format!("The body is larger than {limit} bytes.")),
            BlobError::Interrupted(_) => Self::new(ErrorCode::Invalid, "The body ended before it was complete; nothing was stored."),
            BlobError::Integrity(digest) => Self::damaged(digest),
            BlobError::Store(cause) => Self::internal(format!("{cause:#}")),
        }
    }
}

/// The object store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Blobs {
    pub(super) store: Arc<LocalFileSystem>,
}

impl Blobs {
    /// Opens the store in a folder of the local file system, which is created if absent.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn open(folder: &std::path::Path) -> Result<Self, BlobError> {
        std::fs::create_dir_all(folder).map_err(|error| BlobError::Store(error.into()))?;
        Ok(Self { store: Arc::new(LocalFileSystem::new_with_prefix(folder)?) })
    }

    /// Stores `body` and returns what it is, once it is on disk under its digest. Storing the same content again repairs a damaged object.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] as soon as more than `limit` bytes were counted; [`BlobError::Interrupted`] when the body fails. Nothing stays.
    pub async fn put<S, E>(&self, tenant: TenantId, body: S, limit: u64) -> Result<Blob, BlobError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: fmt::Display,
    {
        let (staging, blob) = self.stage(tenant, body, limit).await?;
        self.settle(&staging, &object_path(tenant, blob.digest)).await?;
        Ok(blob)
    }

    /// Writes `body` where nobody looks for it.
    pub(super) async fn stage<S, E>(&self, tenant: TenantId, body: S, limit: u64) -> Result<(Path, Blob), BlobError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: fmt::Display,
    {
        let staging = Path::from(format!("{}/staging/{}", tenant.hex(), Uuid::new_v4().simple()));
        let mut upload = self.store.put_multipart(&staging).await?;
        let blob = match receive(upload.as_mut(), body, limit).await {
            Ok(blob) => blob,
            Err(error) => {
                upload.abort().await.unwrap_or_else(|cause| tracing::warn!(%cause, "a staged upload could not be removed"));
                return Err(error);
            }
        };
        upload.complete().await?;
        Ok((staging, blob))
    }

    /// Gives staged bytes their name, once they are on disk.
    pub(super) async fn settle(&self, staging: &Path, target: &Path) -> Result<(), BlobError> {
        self.sync(staging).await?;
        self.store.rename(staging, target).await?;
        self.sync_parents(target).await
    }

    /// The bytes of `range` (which must lie within the object), each verified before it is yielded. Up to four MiB are read and verified before this
    /// returns. A later mismatch ends the stream with [`BlobError::Integrity`]: the reader must then break the connection.
    ///
    /// # Errors
    /// [`BlobError::Integrity`] when bytes are absent or changed.
    pub async fn read(
        &self,
        tenant: TenantId,
        blob: &Blob,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, BlobError>> + Send + use<>, BlobError> {
        self.read_at(object_path(tenant, blob.digest), blob, range).await
    }

    /// The same of an object that lies elsewhere.
    pub(super) async fn read_at(
        &self,
        path: Path,
        blob: &Blob,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, BlobError>> + Send + use<>, BlobError> {
        let reader = Reader { store: self.store.clone(), path, blob: blob.clone(), range };
        let mut chunks = reader.chunks();
        let mut ready = VecDeque::new();
        for chunk in chunks.by_ref().take(READY_CHUNKS) {
            ready.push_back(Ok(reader.chunk(chunk).await?));
        }
        let rest = stream::unfold((reader, chunks, false), |(reader, mut chunks, failed)| async move {
            let chunk = if failed { None } else { chunks.next() }?;
            let bytes = reader.chunk(chunk).await;
            let failed = bytes.is_err();
            Some((bytes, (reader, chunks, failed)))
        });
        Ok(stream::iter(ready).chain(rest))
    }

    /// Whether an object is there, be it damaged.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has(&self, tenant: TenantId, digest: Digest) -> Result<bool, BlobError> {
        let file = self.store.path_to_filesystem(&object_path(tenant, digest))?;
        tokio::fs::try_exists(file).await.map_err(|error| BlobError::Store(error.into()))
    }

    /// Removes an object. An absent one is fine.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove(&self, tenant: TenantId, digest: Digest) -> Result<(), BlobError> {
        match self.store.delete(&object_path(tenant, digest)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn sync(&self, object: &Path) -> Result<(), BlobError> {
        sync_files(vec![self.store.path_to_filesystem(object)?]).await
    }

    /// Makes the rename itself durable: the folder of the object, and the one above, in which that folder may be new.
    async fn sync_parents(&self, object: &Path) -> Result<(), BlobError> {
        let file = self.store.path_to_filesystem(object)?;
        sync_files(file.ancestors().skip(1).take(2).map(PathBuf::from).collect()).await
    }
}

fn object_path(tenant: TenantId, digest: Digest) -> Path {
    let hex = digest.to_string();
    let (folder, name) = hex.split_at(2);
    Path::from(format!("{}/sha256/{folder}/{name}", tenant.hex()))
}

async fn sync_files(files: Vec<PathBuf>) -> Result<(), BlobError> {
    let sync = move || files.iter().try_for_each(|file| std::fs::File::open(file)?.sync_all());
    match tokio::task::spawn_blocking(sync).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(BlobError::Store(error.into())),
        Err(error) => Err(BlobError::Store(error.into())),
    }
}

async fn receive<S, E>(upload: &mut dyn MultipartUpload, body: S, limit: u64) -> Result<Blob, BlobError>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: fmt::Display,
{
    let mut body = std::pin::pin!(body);
    let mut hasher = Hasher::default();
    let (mut pending, mut pending_bytes) = (Vec::new(), 0);
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|error| BlobError::Interrupted(error.to_string()))?;
        hasher.update(&bytes);
        if hasher.size > limit {
            return Err(BlobError::TooLarge { limit });
        }
        pending_bytes += bytes.len();
        pending.push(bytes);
        if pending_bytes >= PART {
            pending_bytes = 0;
            upload.put_part(PutPayload::from_iter(pending.drain(..))).await?;
        }
    }
    if pending_bytes > 0 {
        upload.put_part(PutPayload::from_iter(pending)).await?;
    }
    Ok(hasher.finish())
}

/// Digests of the whole and of each chunk, in one pass. The first chunk's digest is the whole's state at its end.
#[derive(Default)]
struct Hasher {
    whole: Sha256,
    chunk: Sha256,
    chunks: Vec<u8>,
    size: u64,
}

impl Hasher {
    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = CHUNK - self.size % CHUNK;
            let (now, later) = bytes.split_at(usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len())));
            let in_first = self.size < CHUNK;
            self.whole.update(now);
            if !in_first {
                self.chunk.update(now);
            }
            self.size += now.len() as u64;
            if self.size.is_multiple_of(CHUNK) {
                let digest = if in_first { self.whole.clone().finalize() } else { self.chunk.finalize_reset() };
                self.chunks.extend_from_slice(&digest);
            }
            bytes = later;
        }
    }

    fn finish(mut self) -> Blob {
        if self.size <= CHUNK {
            self.chunks.clear();
        } else if !self.size.is_multiple_of(CHUNK) {
            self.chunks.extend_from_slice(&self.chunk.finalize());
        }
        Blob { digest: Digest::finish(self.whole), size: self.size, chunks: self.chunks }
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, io::Write};

    use super::*;

    struct Folder(PathBuf);
    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn open() -> (Folder, Blobs, TenantId) {
        let folder = std::env::temp_dir().join(format!("assay-blobs-{}", Uuid::new_v4().simple()));
        let blobs = Blobs::open(&folder).unwrap();
        (Folder(folder), blobs, TenantId::from_uuid(Uuid::now_v7()))
    }

    fn body(bytes: &[u8], step: usize) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
        stream::iter(bytes.chunks(step).map(|part| Ok(Bytes::copy_from_slice(part))).collect::<Vec<_>>())
    }

    fn sample(size: usize) -> Vec<u8> {
        (0..size).map(|at| (at.wrapping_mul(2_654_435_761) >> 7) as u8).collect()
    }

    async fn collect(blobs: &Blobs, tenant: TenantId, blob: &Blob, range: Range<u64>) -> Result<Vec<u8>, BlobError> {
        let mut all = Vec::new();
        let mut stream = std::pin::pin!(blobs.read(tenant, blob, range).await?);
        while let Some(part) = stream.next().await {
            all.extend_from_slice(&part?);
        }
        Ok(all)
    }

    fn files(folder: &std::path::Path) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        entries.flatten().flat_map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { vec![entry.path()] }).collect()
    }

    fn damage(file: &std::path::Path, at: usize) {
        let mut bytes = std::fs::read(file).unwrap();
        bytes[at] ^= 1;
        std::fs::File::create(file).unwrap().write_all(&bytes).unwrap();
    }

    #[tokio::test]
    async fn whole_objects_and_ranges_read_back() {
        let (_folder, blobs, tenant) = open();
        let chunk = CHUNK as usize;
        for size in [0, 1, 17, chunk - 1, chunk, chunk + 1, 3 * chunk, 6 * chunk + 5] {
            let bytes = sample(size);
            let blob = blobs.put(tenant, body(&bytes, 700_001), u64::MAX).await.unwrap();
            assert_eq!((blob.digest, blob.size), (Digest::of(&bytes), size as u64));
            assert_eq!(blob.chunks.len(), if size > chunk { 32 * size.div_ceil(chunk) } else { 0 });
            assert!(collect(&blobs, tenant, &blob, 0..blob.size).await.unwrap() == bytes, "{size}");
            for (start, end) in [(0, 1), (size / 2, size), (size.saturating_sub(3), size), (chunk - 1, chunk + 1), (chunk, 2 * chunk)] {
                if start < end && end <= size {
                    assert!(collect(&blobs, tenant, &blob, start as u64..end as u64).await.unwrap() == bytes[start..end], "{size} {start}..{end}");
                }
            }
        }
    }

    #[tokio::test]
    async fn the_same_content_is_kept_once_a_tenant_and_never_shared() {
        let (folder, blobs, tenant) = open();
        let first = blobs.put(tenant, body(b"same", 2), 100).await.unwrap();
        assert_eq!(blobs.put(tenant, body(b"same", 4), 100).await.unwrap(), first);
        assert_eq!(files(&folder.0).len(), 1);
        let other = TenantId::from_uuid(Uuid::now_v7());
        assert!(matches!(collect(&blobs, other, &first, 0..4).await, Err(BlobError::Integrity(_))));
        blobs.put(other, body(b"same", 4), 100).await.unwrap();
        assert_eq!(files(&folder.0).len(), 2);
        blobs.remove(other, first.digest).await.unwrap();
        blobs.remove(other, first.digest).await.unwrap();
        assert_eq!(collect(&blobs, tenant, &first, 0..4).await.unwrap(), b"same");
    }

    #[tokio::test]
    async fn t25_a_body_over_the_limit_or_cut_short_leaves_nothing() {
        let (folder, blobs, tenant) = open();
        assert!(matches!(blobs.put(tenant, body(&sample(1001), 100), 1000).await, Err(BlobError::TooLarge { limit: 1000 })));
        assert!(blobs.put(tenant, body(&sample(1000), 100), 1000).await.is_ok());
        let cut = body(&sample(5000), 100).map(|part| part.map_err(|never| match never {})).chain(stream::iter([Err("connection lost")]));
        assert!(matches!(blobs.put(tenant, cut, 10_000).await, Err(BlobError::Interrupted(_))));
        assert_eq!(files(&folder.0).len(), 1);
    }

    #[tokio::test]
    async fn t28_a_changed_bit_is_never_served() {
        let (folder, blobs, tenant) = open();
        let bytes = sample(3000);
        let blob = blobs.put(tenant, body(&bytes, 999), u64::MAX).await.unwrap();
        let file = files(&folder.0).remove(0);
        damage(&file, 1234);
        assert!(matches!(blobs.read(tenant, &blob, 0..10).await.err(), Some(BlobError::Integrity(_))), "a range is verified too");
        std::fs::write(&file, &bytes[..100]).unwrap();
        assert!(matches!(blobs.read(tenant, &blob, 0..3000).await.err(), Some(BlobError::Integrity(_))), "truncated");
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(blobs.read(tenant, &blob, 0..3000).await.err(), Some(BlobError::Integrity(_))), "removed");
        blobs.put(tenant, body(&bytes, 999), u64::MAX).await.unwrap();
        assert!(collect(&blobs, tenant, &blob, 0..3000).await.unwrap() == bytes, "stored again");
    }

    #[tokio::test]
    async fn t28_damage_far_into_a_large_object_ends_the_stream_before_it() {
        let (folder, blobs, tenant) = open();
        let chunk = CHUNK as usize;
        let bytes = sample(7 * chunk);
        let blob = blobs.put(tenant, body(&bytes, 1 << 16), u64::MAX).await.unwrap();
        damage(&files(&folder.0)[0], 6 * chunk + 9);
        let mut stream = std::pin::pin!(blobs.read(tenant, &blob, 0..blob.size).await.unwrap());
        let mut seen = Vec::new();
        let error = loop {
            match stream.next().await {
                Some(Ok(part)) => seen.extend_from_slice(&part),
                Some(Err(error)) => break error,
                None => panic!("the damage went unnoticed"),
            }
        };
        assert!(matches!(error, BlobError::Integrity(digest) if digest == blob.digest));
        assert!(seen == bytes[..6 * chunk]);
        assert!(stream.next().await.is_none());
        assert!(collect(&blobs, tenant, &blob, 0..CHUNK).await.is_ok(), "undamaged ranges are served");
    }
}
