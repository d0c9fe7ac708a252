//! Reading an object chunk by chunk, each verified before it is handed on.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use object_store::{ObjectStoreExt, local::LocalFileSystem, path::Path};

use super::{Blob, BlobError, CHUNK, Digest};

/// A range of one object.
pub struct Reader {
    pub store: Arc<LocalFileSystem>,
    pub path: Path,
    pub blob: Blob,
    pub range: Range<u64>,
}

impl Reader {
    /// The numbers of the chunks that `range` touches.
    pub fn chunks(&self) -> Range<u64> {
        let end = self.range.end.min(self.blob.size);
        if self.range.start >= end { 0..0 } else { self.range.start / CHUNK..end.div_ceil(CHUNK) }
    }

    /// The part of one chunk that lies in `range`, after the whole chunk was verified.
    pub async fn chunk(&self, number: u64) -> Result<Bytes, BlobError> {
        let start = number * CHUNK;
        let end = (start + CHUNK).min(self.blob.size);
        let bytes = match self.store.get_range(&self.path, start..end).await {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!(digest = ?self.blob.digest, %error, "a stored object cannot be read");
                return Err(self.damaged());
            }
        };
        if self.expected(number).as_ref() != Some(&Digest::of(&bytes)) {
            tracing::error!(digest = ?self.blob.digest, chunk = number, "stored bytes do not match their digest");
            return Err(self.damaged());
        }
        let within = |at: u64| usize::try_from(at.clamp(start, end) - start).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes.slice(within(self.range.start)..within(self.range.end)))
    }

    /// Counted, so that somebody is told: an object that was damaged is whole again only once its content is stored anew.
    fn damaged(&self) -> BlobError {
        metrics::counter!("assay_integrity_errors_total").increment(1);
        BlobError::Integrity(self.blob.digest)
    }

    fn expected(&self, number: u64) -> Option<Digest> {
        if self.blob.size <= CHUNK {
            return Some(self.blob.digest);
        }
        let at = usize::try_from(number).ok()? * 32;
        Digest::from_slice(self.blob.chunks.get(at..at + 32)?)
    }
}
