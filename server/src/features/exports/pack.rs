//! Writing the archive: every file in its order, and the directory behind them. Nothing but the rows of the export decides what comes out, so that a packing that was
//! cut off comes out the same when it is begun again.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{Datelike, Timelike};
use futures::{SinkExt, StreamExt, channel::mpsc};
use shared::ErrorCode;

use super::{
    repo::{self, files},
    step::{Stopped, Work},
    zip::{self, Entry, Stamp},
};
use crate::{
    fault::Fault,
    platform::{Blob, BlobError, Part},
};

/// Files that are looked at together.
const ROWS: i64 = 500;
/// Pieces of bytes between who reads and who writes.
const AHEAD: usize = 8;
/// How often it is noted how far it is, and asked whether it was cancelled.
const EVERY: Duration = Duration::from_secs(2);

/// Why the archive is not written.
enum Cut {
    Stopped(Stopped),
    /// Whoever writes has stopped, and says why.
    Closed,
}

impl<E: Into<Stopped>> From<E> for Cut {
    fn from(error: E) -> Self {
        Self::Stopped(error.into())
    }
}

/// Writes the archive into the store. Always to its end.
pub async fn pack(work: &mut Work<'_>) -> Result<bool, Stopped> {
    let (sender, receiver) = mpsc::channel::<Result<Bytes, BlobError>>(AHEAD);
    let (tenant, id) = (work.scope.tenant().id, work.export.id.uuid());
    let blobs = work.services.blobs.clone();
    let mut writer = Writer { work, sender, written: 0, looked: Instant::now(), stamp: Stamp::default() };
    let reading = async {
        let outcome = writer.write().await;
        if outcome.is_err() {
            // What was written so far is no archive.
            let _ = writer.sender.send(Err(BlobError::Interrupted("the archive is not whole".into()))).await;
        }
        writer.sender.close_channel();
        outcome
    };
    let (outcome, stored) = futures::join!(reading, blobs.put_part(tenant, id, 0, receiver, u64::MAX));
    match outcome {
        Err(Cut::Stopped(stopped)) => return Err(stopped),
        Err(Cut::Closed) | Ok(()) => {}
    }
    let blob = stored?;
    let tx = work.begin().await?;
    repo::set_archive(&tx, work.export.id, &blob).await?;
    tx.commit_telemetry().await?;
    Ok(true)
}

struct Writer<'w, 's> {
    work: &'w Work<'s>,
    sender: mpsc::Sender<Result<Bytes, BlobError>>,
    written: u64,
    looked: Instant,
    stamp: Stamp,
}

impl Writer<'_, '_> {
    async fn write(&mut self) -> Result<(), Cut> {
        let at = self.work.export.created_at;
        self.stamp = Stamp::new(at.year(), at.month(), at.day(), at.hour(), at.minute(), at.second());
        let folder = format!("assay-{}-{}", self.work.scope.tenant().slug, at.format("%Y-%m-%d"));
        let mut after = 0;
        while let Some(page) = self.page(&mut after).await? {
            for ready in page.iter().filter(|ready| !ready.damaged) {
                let entry = entry(&folder, ready);
                self.send(zip::header(&entry, self.stamp).into()).await?;
                self.content(ready).await?;
            }
        }
        // The same files once more, for the directory: where each of them is follows from their sizes.
        let (begin, mut place, mut entries, mut after) = (self.written, 0, 0, 0);
        while let Some(page) = self.page(&mut after).await? {
            let mut lines = Vec::new();
            for ready in page.iter().filter(|ready| !ready.damaged) {
                let entry = entry(&folder, ready);
                lines.extend(zip::line(&entry, self.stamp, place));
                place += zip::header(&entry, self.stamp).len() as u64 + entry.packed;
                entries += 1;
            }
            self.send(lines.into()).await?;
        }
        if place != begin {
            return Err(Fault::internal(format!("an archive's directory begins at {begin}, its files end at {place}")).into());
        }
        let end = zip::end(entries, self.written - begin, begin);
        self.send(end.into()).await
    }

    async fn page(&mut self, after: &mut i64) -> Result<Option<Vec<files::Ready>>, Cut> {
        let page = files::list(&self.work.begin().await?, self.work.export.id, *after, ROWS).await?;
        let Some(last) = page.last() else { return Ok(None) };
        *after = last.file.number;
        Ok(Some(page))
    }

    async fn content(&mut self, ready: &files::Ready) -> Result<(), Cut> {
        let (tenant, blobs) = (self.work.scope.tenant().id, self.work.services.blobs.clone());
        let file = &ready.file;
        match &file.made {
            Some(made) => {
                let part = Part { number: u32::try_from(file.number).map_err(Fault::internal)?, digest: made.packed_digest };
                let mut bytes = std::pin::pin!(blobs.read_parts(tenant, self.work.export.id.uuid(), vec![part]));
                while let Some(part) = bytes.next().await {
                    self.send(part.map_err(Fault::from)?).await?;
                }
            }
            None => {
                let blob = Blob { digest: file.digest, size: file.size.unsigned_abs(), chunks: ready.chunks.clone() };
                let bytes = match blobs.read(tenant, &blob, 0..blob.size).await {
                    Ok(bytes) => bytes,
                    Err(error) => return Err(self.lost(&blob, error.into()).await),
                };
                let mut bytes = std::pin::pin!(bytes);
                while let Some(part) = bytes.next().await {
                    match part {
                        Ok(part) => self.send(part).await?,
                        Err(error) => return Err(self.lost(&blob, error.into()).await),
                    }
                }
            }
        }
        Ok(())
    }

    /// An artifact cannot be read that could be when it was checked.
    async fn lost(&self, blob: &Blob, fault: Fault) -> Cut {
        if fault.code() != ErrorCode::IntegrityError {
            return fault.into();
        }
        let forget = async {
            let tx = self.work.begin().await?;
            files::uncheck(&tx, blob.digest).await?;
            tx.commit_telemetry().await?;
            Ok::<_, Stopped>(())
        };
        match forget.await {
            Ok(()) => {
                Stopped::Failed("A file of the organization is damaged in the store. Export again: it will be left out, and the archive says so.")
                    .into()
            }
            Err(stopped) => stopped.into(),
        }
    }

    async fn send(&mut self, bytes: Bytes) -> Result<(), Cut> {
        self.written += bytes.len() as u64;
        self.sender.send(Ok(bytes)).await.map_err(|_| Cut::Closed)?;
        if self.looked.elapsed() >= EVERY {
            self.looked = Instant::now();
            let tx = self.work.begin().await?;
            repo::set_packed(&tx, self.work.export.id, i64::try_from(self.written).map_err(Fault::internal)?).await?;
            tx.commit_telemetry().await?;
        }
        Ok(())
    }
}

fn entry(folder: &str, ready: &files::Ready) -> Entry {
    let file = &ready.file;
    let (deflated, packed) = file.made.map_or((false, file.size), |made| (made.deflated, made.packed));
    Entry { name: format!("{folder}/{}", file.path), deflated, crc: ready.crc, packed: packed.unsigned_abs(), size: file.size.unsigned_abs() }
}
