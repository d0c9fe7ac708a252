//! A file for the archive, while it is made: lines, deflated as they come.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::DeflateEncoder};
use sha2::{Digest as _, Sha256};

use super::model::Made;
use crate::{fault::Fault, platform::Digest};

/// Bytes of content after which a file ends and the next one begins.
const FULL: u64 = 32 << 20;

/// A file that is made.
pub struct Whole {
    pub bytes: Bytes,
    /// Of the content.
    pub digest: Digest,
    pub size: i64,
    pub made: Made,
    pub rows: i64,
}

impl Whole {
    /// One whose bytes stand as they are.
    pub fn stored(bytes: Vec<u8>, rows: i64) -> Result<Self, Fault> {
        let (digest, size) = (Digest::of(&bytes), i64::try_from(bytes.len()).map_err(Fault::internal)?);
        let made = Made { deflated: false, packed: size, packed_digest: digest, crc: crc32fast::hash(&bytes) };
        Ok(Self { bytes: bytes.into(), digest, size, made, rows })
    }
}

/// Lines of JSON.
pub struct Sheet {
    out: DeflateEncoder<Vec<u8>>,
    crc: crc32fast::Hasher,
    sum: Sha256,
    size: u64,
    pub rows: i64,
}

impl Default for Sheet {
    fn default() -> Self {
        let out = DeflateEncoder::new(Vec::new(), Compression::fast());
        Self { out, crc: crc32fast::Hasher::new(), sum: Sha256::new(), size: 0, rows: 0 }
    }
}

impl Sheet {
    /// Adds a line.
    ///
    /// # Errors
    /// `Internal`.
    pub fn add(&mut self, line: &str) -> Result<(), Fault> {
        for bytes in [line.as_bytes(), b"\n"] {
            self.crc.update(bytes);
            self.sum.update(bytes);
            self.out.write_all(bytes).map_err(Fault::internal)?;
            self.size += bytes.len() as u64;
        }
        self.rows += 1;
        Ok(())
    }

    /// Whether the next line belongs in another file.
    pub fn is_full(&self) -> bool {
        self.size >= FULL
    }

    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The file as it is.
    ///
    /// # Errors
    /// `Internal`.
    pub fn finish(self) -> Result<Whole, Fault> {
        let bytes = self.out.finish().map_err(Fault::internal)?;
        let digest = Digest::from_slice(&self.sum.finalize()).ok_or_else(|| Fault::internal("a digest of another length"))?;
        let packed = i64::try_from(bytes.len()).map_err(Fault::internal)?;
        let made = Made { deflated: true, packed, packed_digest: Digest::of(&bytes), crc: self.crc.finalize() };
        Ok(Whole { bytes: bytes.into(), digest, size: i64::try_from(self.size).map_err(Fault::internal)?, made, rows: self.rows })
    }
}

/// Adds lines on a thread for such work: compressing them takes a while.
///
/// # Errors
/// `Internal`.
pub async fn added(mut sheet: Sheet, lines: Vec<String>) -> Result<Sheet, Fault> {
    let work = move || lines.iter().try_for_each(|line| sheet.add(line)).map(|()| sheet);
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?
}
