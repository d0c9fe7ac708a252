//! Files that come in parts.
//!
//! What must stay true: nothing of an upload is an artifact until all of its parts were read again and found to be what was acknowledged; an upload ends
//! by completion, by abortion or after a day, and its parts with it.

use std::fmt::Display;

use bytes::Bytes;
use futures::Stream;
use serde_json::json;
use uuid::Uuid;

use super::{
    ArtifactError, StoredFile, WriteArtifacts,
    jobs::SweepUpload,
    location::Location,
    repo::{self, Upload},
    room::{self, Room},
    service::{self, MAX_BYTES, check_active, entry},
};
use crate::{
    access::{Grant, Scope, WriteTx},
    fault::Fault,
    platform::{Blobs, Digest, Part},
};

/// Most parts of an upload.
pub const MAX_PARTS: u32 = 10_000;

fn missing(upload: Uuid) -> Fault {
    ArtifactError::UploadMissing(upload.simple().to_string()).into()
}

/// Begins an upload of a file in so many parts, which end after a day.
///
/// # Errors
/// `Invalid` for the number of parts; as [`service::put`] for the path; `StorageFull` when nothing fits any more.
pub async fn begin(grant: Grant<'_, WriteArtifacts>, at: &Location, parts: u32) -> Result<Uuid, Fault> {
    if !(1..=MAX_PARTS).contains(&parts) {
        return Err(ArtifactError::PartCount.into());
    }
    let path = at.path.clone().file().map_err(ArtifactError::from)?;
    let tx = grant.begin().await?;
    check_active(&tx, at.owner).await?;
    service::free(&repo::surroundings(&tx, at.owner, &path).await?, &path)?;
    // How large it will be is not said: where nothing fits any more it need not begin.
    Room::of(&tx, MAX_BYTES, 0, Some(1)).await?;
    let upload = Uuid::now_v7();
    repo::insert_upload(&tx, upload, at, parts).await?;
    tx.enqueue(&SweepUpload { upload }).await?;
    let entry = entry("artifact.begin_upload", &tx, at.owner).await?;
    tx.commit(entry.detail(json!({ "path": path.as_str(), "upload": upload, "parts": parts }))).await?;
    Ok(upload)
}

/// Stores one part, of as many bytes as are `declared`, and returns its digest, by which completion names it. A part that comes again takes the place of the one
/// before.
///
/// # Errors
/// `NotFound` for the upload; `Invalid` for the number; `PayloadTooLarge`; `StorageFull`; `Invalid` when the body ends early.
pub async fn put_part<S, E>(scope: &Scope, blobs: &Blobs, upload: Uuid, number: u32, declared: Option<u64>, body: S) -> Result<Digest, Fault>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Display,
{
    let grant: Grant<'_, WriteArtifacts> = scope.grant()?;
    let tx = grant.begin().await?;
    let Upload { parts, .. } = repo::find_upload(&tx, upload).await?.ok_or_else(|| missing(upload))?;
    if !(1..=parts).contains(&number) {
        return Err(ArtifactError::Parts(parts).into());
    }
    // Parts are of one size but for the last: all together hold at most twice what a file may.
    let room = Room::of(&tx, 2 * MAX_BYTES / u64::from(parts), 0, declared).await?;
    drop(tx);
    let tenant = scope.tenant().id;
    let part = blobs.put_part(tenant, upload, number, body, room.limit).await.map_err(|error| room.fault(error))?;
    if let Err(fault) = count_part(scope, upload, part.size).await {
        blobs.remove_part(tenant, upload, number).await?;
        return Err(fault);
    }
    Ok(part.digest)
}

/// Counts a part that has come, if it still may.
async fn count_part(scope: &Scope, upload: Uuid, size: u64) -> Result<(), Fault> {
    let grant: Grant<'_, WriteArtifacts> = scope.grant()?;
    let tx = grant.begin().await?;
    if !repo::count_part(&tx, upload, size).await? {
        return Err(missing(upload));
    }
    room::check(&tx, size, 0).await?;
    tx.commit_telemetry().await
}

/// Makes the file of its parts and shows it.
///
/// # Errors
/// `NotFound` for the upload; `Invalid` for parts that are not all, not in order or not what was stored; as [`service::put`]. The upload goes on then.
pub async fn complete(scope: &Scope, blobs: &Blobs, at: &Location, upload: Uuid, parts: Vec<Part>) -> Result<StoredFile, Fault> {
    let grant: Grant<'_, WriteArtifacts> = scope.grant()?;
    let tx = grant.begin().await?;
    let Upload { parts: count, size, .. } = find_of(&tx, at, upload).await?;
    // Its parts go when it is whole.
    let room = Room::of(&tx, MAX_BYTES, size, None).await?;
    drop(tx);
    let in_order = parts.iter().map(|part| part.number).eq(1..=count);
    if !in_order {
        return Err(ArtifactError::Parts(count).into());
    }
    let tenant = scope.tenant().id;
    let blob = blobs.put(tenant, blobs.read_parts(tenant, upload, parts), room.limit).await.map_err(|error| room.fault(error))?;

    let shown = async {
        let grant: Grant<'_, WriteArtifacts> = scope.grant()?;
        let tx = grant.begin().await?;
        // Two completions of an upload: the second finds none.
        let Upload { size, .. } = repo::hold_upload(&tx, upload).await?.ok_or_else(|| missing(upload))?;
        let (file, written) = service::show(&tx, blobs, at, blob.clone(), size).await?;
        repo::remove_upload(&tx, upload).await?;
        let entry = match written {
            Some(entry) => entry,
            None => {
                entry("artifact.put", &tx, at.owner).await?.detail(json!({ "path": file.path.as_str(), "version": file.version, "unchanged": true }))
            }
        };
        tx.commit(entry).await?;
        Ok(file)
    };
    let shown = shown.await;
    match &shown {
        Ok(_) => discard(scope, blobs, upload).await,
        Err(_) => room::forget(scope, blobs, &blob).await,
    }
    shown
}

/// Ends an upload without a file. One that is not there is fine.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn abort(scope: &Scope, blobs: &Blobs, at: &Location, upload: Uuid) -> Result<(), Fault> {
    let grant: Grant<'_, WriteArtifacts> = scope.grant()?;
    let tx = grant.begin().await?;
    if repo::find_upload(&tx, upload).await?.is_some_and(|found| found.at == *at) {
        end(tx, upload).await?;
        discard(scope, blobs, upload).await;
    }
    Ok(())
}

/// Ends an upload that nobody ended, and removes its parts.
///
/// # Errors
/// `Unavailable` or `Internal`; then it is to be called again.
pub async fn sweep(scope: &Scope, blobs: &Blobs, upload: Uuid) -> Result<(), Fault> {
    let grant: Grant<'_, WriteArtifacts> = scope.grant()?;
    end(grant.begin().await?, upload).await?;
    Ok(blobs.remove_parts(scope.tenant().id, upload).await?)
}

async fn end(tx: WriteTx, upload: Uuid) -> Result<(), Fault> {
    let Some(Upload { at, .. }) = repo::remove_upload(&tx, upload).await? else { return Ok(()) };
    let entry = entry("artifact.end_upload", &tx, at.owner).await?;
    tx.commit(entry.detail(json!({ "path": at.path.as_str(), "upload": upload }))).await
}

/// The upload to a place.
async fn find_of(tx: &WriteTx, at: &Location, upload: Uuid) -> Result<Upload, Fault> {
    repo::find_upload(tx, upload).await?.filter(|found| found.at == *at).ok_or_else(|| missing(upload))
}

/// Removes parts that nobody needs. What fails is left to the sweep.
async fn discard(scope: &Scope, blobs: &Blobs, upload: Uuid) {
    if let Err(error) = blobs.remove_parts(scope.tenant().id, upload).await {
        tracing::warn!(%error, %upload, "the parts of an upload could not be removed yet");
    }
}
