//! Uploading, finding, listing and removing artifacts.

use std::fmt::Display;

use bytes::Bytes;
use futures::Stream;
use serde_json::json;
use shared::ids::RunId;

use super::{
    Artifact, ArtifactError, ReadArtifacts, StoredFile, WriteArtifacts,
    location::{self, Location, Owner, show_model_id},
    model::{OwnerState, Surroundings, Version},
    path::ArtifactPath,
    repo,
    room::{Room, check, forget},
};
use crate::{
    access::{
        Connection, Grant, Scope, Sql, WriteTx,
        audit::{Entry, Subject},
    },
    fault::Fault,
    platform::{Blob, Blobs},
};

/// Largest file, in bytes: 64 GiB.
pub const MAX_BYTES: u64 = 64 << 30;
/// Versions of a file that are listed.
pub const VERSIONS: i64 = 100;

/// Stores `body`, of as many bytes as are `declared`, under a path, as a further version of it if the content is new. The bytes are durable before the path shows
/// them.
///
/// # Errors
/// `NotFound` for an unknown owner; `Invalid` for a removed run, a folder's path or a path below a file; `Conflict` when the path belongs to a
/// registered version; `PayloadTooLarge`; `StorageFull`; `Invalid` when the body ends early. Then nothing has changed, and nothing is kept.
pub async fn put<S, E>(scope: &Scope, blobs: &Blobs, at: &Location, declared: Option<u64>, body: S) -> Result<StoredFile, Fault>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Display,
{
    at.path.clone().file().map_err(ArtifactError::from)?;
    // The owner is looked at before a byte is stored, without keeping a connection while the body arrives.
    let grant: Grant<'_, WriteArtifacts> = scope.grant()?;
    let tx = grant.begin().await?;
    check_active(&tx, at.owner).await?;
    let room = Room::of(&tx, MAX_BYTES, 0, declared).await?;
    drop(tx);
    let blob = blobs.put(scope.tenant().id, body, room.limit).await.map_err(|error| room.fault(error))?;

    let shown = async {
        let grant: Grant<'_, WriteArtifacts> = scope.grant()?;
        let tx = grant.begin().await?;
        let (file, written) = show(&tx, blobs, at, blob.clone(), 0).await?;
        if let Some(entry) = written {
            tx.commit(entry).await?;
        }
        Ok(file)
    };
    let shown = shown.await;
    if shown.is_err() {
        forget(scope, blobs, &blob).await;
    }
    shown
}

/// Whether a file may be written under a path.
pub(super) fn free(around: &Surroundings, path: &ArtifactPath) -> Result<(), ArtifactError> {
    match &around.file_above {
        _ if around.frozen => Err(ArtifactError::Frozen(path.to_string())),
        Some(file) => Err(ArtifactError::BelowFile(file.clone())),
        None if around.is_folder => Err(ArtifactError::IsFolder(path.to_string())),
        None => Ok(()),
    }
}

/// Makes stored bytes the content of a path, in the place of as many as are `going`; the entry to commit with, unless they are its content already.
pub(super) async fn show(tx: &WriteTx, blobs: &Blobs, at: &Location, blob: Blob, going: u64) -> Result<(StoredFile, Option<Entry>), Fault> {
    let path = at.path.clone().file().map_err(ArtifactError::from)?;
    check_active(tx, at.owner).await?;
    repo::lock_tree(tx, at.owner).await?;
    let around = repo::surroundings(tx, at.owner, &path).await?;
    let created_at = tx.now();
    if around.current == Some(blob.digest) {
        return Ok((StoredFile { path, version: around.last_version, blob, created_at }, None));
    }
    free(&around, &path)?;
    let version = around.last_version + 1;
    let entry = entry("artifact.put", tx, at.owner).await?;
    // From here on no other upload of the organization goes on: little is left to do.
    repo::insert_blob(tx, &blob).await?;
    if !blobs.has(tx.tenant().id, blob.digest).await? {
        return Err(ArtifactError::Erased.into());
    }
    if !repo::insert(tx, at.owner, &path, version, &blob, going).await? {
        check(tx, blob.size, going).await?;
    }
    repo::touch(tx, at.owner).await?;
    let entry = entry.detail(json!({ "path": path.as_str(), "version": version, "sha256": blob.digest.to_string(), "size": blob.size }));
    Ok((StoredFile { path, version, blob, created_at }, Some(entry)))
}

/// Takes a file, or a folder with everything in it, out of the tree. An absent path is fine, so is an unknown owner.
///
/// # Errors
/// `Conflict` when something of it belongs to a registered version.
pub async fn remove(grant: Grant<'_, WriteArtifacts>, at: &Location) -> Result<u64, Fault> {
    let tx = grant.begin().await?;
    repo::lock_tree(&tx, at.owner).await?;
    if repo::surroundings(&tx, at.owner, &at.path).await?.frozen {
        return Err(ArtifactError::Frozen(at.path.to_string()).into());
    }
    let files = repo::remove(&tx, at.owner, &at.path).await?;
    if files > 0 {
        repo::touch(&tx, at.owner).await?;
        let entry = entry("artifact.remove", &tx, at.owner).await?;
        tx.commit(entry.detail(json!({ "path": at.path.as_str(), "files": files }))).await?;
    }
    Ok(files)
}

/// The current file under a path.
///
/// # Errors
/// `NotFound` for the owner or the file; `Invalid` when it is a folder.
pub async fn find(grant: Grant<'_, ReadArtifacts>, at: &Location) -> Result<StoredFile, Fault> {
    find_version(grant, at, None).await
}

/// A version of the file under a path; without one the current file.
///
/// # Errors
/// `NotFound` for the owner, the file or the version; `Invalid` when it is a folder.
pub async fn find_version(grant: Grant<'_, ReadArtifacts>, at: &Location, version: Option<i32>) -> Result<StoredFile, Fault> {
    let tx = grant.read().await?;
    match repo::find(tx, at.owner, &at.path, version).await? {
        Some(file) => Ok(file),
        None if repo::is_folder(tx, at.owner, &at.path).await? => Err(ArtifactError::IsFolder(at.path.to_string()).into()),
        None => {
            root_uri(tx, at.owner).await?;
            Err(ArtifactError::Missing(at.path.to_string()).into())
        }
    }
}

/// What lies directly in a folder, by name. Empty for a file and for what does not exist.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn list(grant: Grant<'_, ReadArtifacts>, at: &Location) -> Result<Vec<Artifact>, Fault> {
    let folder = (at.owner, at.path.clone());
    Ok(list_many(grant, std::slice::from_ref(&folder)).await?.pop().unwrap_or_default())
}

/// [`list`] for several folders at once, in the order asked.
///
/// # Errors
/// As [`list`].
pub async fn list_many(grant: Grant<'_, ReadArtifacts>, folders: &[(Owner, ArtifactPath)]) -> Result<Vec<Vec<Artifact>>, Fault> {
    let mut lists = vec![Vec::new(); folders.len()];
    for (place, artifact) in repo::list(grant.read().await?, folders).await? {
        lists[place].push(artifact);
    }
    Ok(lists)
}

/// The current files under some paths, of runs and of the models that they logged: a run's own come before those of its models.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn among(grant: Grant<'_, ReadArtifacts>, runs: &[RunId], paths: &[&str]) -> Result<Vec<(RunId, Artifact)>, Fault> {
    repo::among(grant.read().await?, runs, paths).await
}

/// The versions of each of some files, the newest first, [`VERSIONS`] at most: those since the path was last removed. None of what is no file.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn versions(grant: Grant<'_, ReadArtifacts>, files: &[(Owner, ArtifactPath)]) -> Result<Vec<Vec<Version>>, Fault> {
    let mut lists = vec![Vec::new(); files.len()];
    for (place, version) in repo::versions(grant.read().await?, files, VERSIONS).await? {
        lists[place].push(version);
    }
    Ok(lists)
}

pub(super) async fn check_active<C: Connection>(tx: &C, owner: Owner) -> Result<(), Fault> {
    match (repo::find_owner(tx, owner).await?, owner) {
        (Some(OwnerState::Active), _) => Ok(()),
        (Some(OwnerState::Removed), Owner::Run(id)) => Err(ArtifactError::RunRemoved(id.hex()).into()),
        (None, Owner::Run(id)) => Err(ArtifactError::RunMissing(id.hex()).into()),
        (_, Owner::Model(id)) => Err(ArtifactError::ModelMissing(show_model_id(id)).into()),
    }
}

pub(super) async fn entry<C: Connection>(action: &'static str, tx: &C, owner: Owner) -> Result<Entry, Fault> {
    let kind = match owner {
        Owner::Run(_) => "run",
        Owner::Model(_) => "logged_model",
    };
    Ok(Entry::new(action, Subject::new(kind, owner, repo::owner_name(tx, owner).await?)))
}

/// Makes writers of an owner's files wait until the transaction ends; for whoever is about to freeze them.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn hold(tx: &WriteTx, owner: Owner) -> Result<(), Fault> {
    repo::lock_tree(tx, owner).await
}

/// The URI of an owner's files, for clients.
///
/// # Errors
/// `NotFound` for an unknown owner.
pub async fn root_uri<C: Connection>(tx: &C, owner: Owner) -> Result<String, Fault> {
    match (repo::experiment_of(tx, owner).await?, owner) {
        (Some(experiment), _) => Ok(location::root_uri(&experiment, owner)),
        (None, Owner::Run(id)) => Err(ArtifactError::RunMissing(id.hex()).into()),
        (None, Owner::Model(id)) => Err(ArtifactError::ModelMissing(show_model_id(id)).into()),
    }
}

/// The URI of an owner's files and what lies directly in a folder of them.
///
/// # Errors
/// `NotFound` for an unknown owner.
pub async fn list_with_root(grant: Grant<'_, ReadArtifacts>, at: &Location) -> Result<(String, Vec<Artifact>), Fault> {
    let root = root_uri(grant.read().await?, at.owner).await?;
    Ok((root, list(grant, at).await?))
}
