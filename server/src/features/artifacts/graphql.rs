//! Artifacts in the API. They hang on the objects that own them.

use async_graphql::{Context, Object, Result};
use chrono::{DateTime, Utc};
use shared::ids::RunId;

use super::{
    Artifact as Domain, Version,
    location::{Owner, url},
    media,
    path::ArtifactPath,
};
use crate::{
    fault::Fault,
    graphql::{Batch, batch, scope, services},
};

/// A file or a folder of a run or a logged model.
pub struct Artifact(Domain);

/// A file or folder that a run or model logged.
#[Object]
impl Artifact {
    /// From the root of the artifacts of its run or model.
    async fn path(&self) -> &str {
        &self.0.path
    }
    /// The last part of the path.
    async fn name(&self) -> &str {
        self.0.name()
    }
    /// Whether it is a folder, which has no content of its own.
    async fn is_folder(&self) -> bool {
        self.0.file.is_none()
    }
    /// Bytes; null for a folder.
    async fn size(&self) -> Option<u64> {
        self.0.file.map(|file| file.size)
    }
    /// SHA-256 of the content, in hexadecimal; null for a folder.
    async fn digest(&self) -> Option<String> {
        self.0.file.map(|file| file.digest.to_string())
    }
    /// The media type, by the name's extension; null for a folder.
    async fn content_type(&self) -> Option<&'static str> {
        self.0.file.map(|_| media::content_type(self.0.name()))
    }
    /// Where the file can be downloaded; null for a folder.
    async fn url(&self) -> Option<String> {
        self.0.file.map(|_| url(self.0.owner, &self.0.path))
    }
}

/// A version of a file.
pub struct ArtifactVersion(Version);

/// A content that a file has or had. Whoever uploads to a path that is taken makes a version, and the ones before it stay.
#[Object]
impl ArtifactVersion {
    /// From 1 for the first that was ever uploaded to the path.
    async fn number(&self) -> i32 {
        self.0.number
    }
    /// Whether it is what the file holds now.
    async fn is_current(&self) -> bool {
        self.0.is_current
    }
    /// Bytes.
    async fn size(&self) -> u64 {
        self.0.file.size
    }
    /// SHA-256 of the content, in hexadecimal.
    async fn digest(&self) -> String {
        self.0.file.digest.to_string()
    }
    /// Who uploaded it.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }
    /// When it was uploaded.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// Where it can be downloaded.
    async fn url(&self) -> String {
        format!("{}?version={}", url(self.0.owner, &self.0.path), self.0.number)
    }
}

/// The beginning of a text file.
pub struct ArtifactText {
    pub text: String,
    pub truncated: bool,
}

/// The beginning of a text file.
#[Object]
impl ArtifactText {
    /// At most 256 kB. Bytes that are not UTF-8 show as U+FFFD.
    async fn text(&self) -> &str {
        &self.text
    }
    /// Whether the file goes on.
    async fn truncated(&self) -> bool {
        self.truncated
    }
}

/// What lies directly in a folder of a run. Several runs of one request are asked for at once.
///
/// # Errors
/// `Invalid` naming `path`; `Forbidden`.
pub async fn artifacts_of_run(ctx: &Context<'_>, run: RunId, path: &str) -> Result<Vec<Artifact>> {
    let path = ArtifactPath::parse(path).map_err(Fault::from)?;
    let found = batch(ctx)?.load_one(FolderOf(Owner::Run(run), path)).await?;
    Ok(found.unwrap_or_default().into_iter().map(Artifact).collect())
}

/// The versions of a file of a run, the newest first. Several files of one request are asked for at once.
///
/// # Errors
/// `Invalid` naming `path`; `Forbidden`.
pub async fn artifact_versions_of_run(ctx: &Context<'_>, run: RunId, path: &str) -> Result<Vec<ArtifactVersion>> {
    let path = ArtifactPath::parse(path).map_err(Fault::from)?;
    let found = batch(ctx)?.load_one(VersionsOf(Owner::Run(run), path)).await?;
    Ok(found.unwrap_or_default().into_iter().map(ArtifactVersion).collect())
}

/// The beginning of a text artifact of a run; `None` when there is no such file or it is no text.
///
/// # Errors
/// `Invalid` naming `path`; `IntegrityError`; `Forbidden`.
pub async fn artifact_text_of_run(ctx: &Context<'_>, run: RunId, path: &str, version: Option<i32>) -> Result<Option<ArtifactText>> {
    artifact_text(ctx, Owner::Run(run), path, version).await
}

/// The beginning of a text artifact; `None` when there is no such file or it is no text.
///
/// # Errors
/// As [`artifact_text_of_run`].
pub async fn artifact_text(ctx: &Context<'_>, owner: Owner, path: &str, version: Option<i32>) -> Result<Option<ArtifactText>> {
    let found = super::beginning(scope(ctx)?, &services(ctx)?.blobs, owner, path, version).await?;
    Ok(found.map(|(text, truncated)| ArtifactText { text, truncated }))
}

/// A folder whose content a request asks for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FolderOf(Owner, ArtifactPath);

impl async_graphql::dataloader::Loader<FolderOf> for Batch {
    type Value = Vec<Domain>;
    type Error = std::sync::Arc<Fault>;

    async fn load(&self, keys: &[FolderOf]) -> Result<std::collections::HashMap<FolderOf, Self::Value>, Self::Error> {
        let folders: Vec<_> = keys.iter().map(|FolderOf(owner, path)| (*owner, path.clone())).collect();
        let lists = super::list_many(self.scope().grant()?, &folders).await?;
        Ok(keys.iter().cloned().zip(lists).collect())
    }
}

/// A file whose versions a request asks for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VersionsOf(Owner, ArtifactPath);

impl async_graphql::dataloader::Loader<VersionsOf> for Batch {
    type Value = Vec<Version>;
    type Error = std::sync::Arc<Fault>;

    async fn load(&self, keys: &[VersionsOf]) -> Result<std::collections::HashMap<VersionsOf, Self::Value>, Self::Error> {
        let files: Vec<_> = keys.iter().map(|VersionsOf(owner, path)| (*owner, path.clone())).collect();
        let lists = super::versions(self.scope().grant()?, &files).await?;
        Ok(keys.iter().cloned().zip(lists).collect())
    }
}
