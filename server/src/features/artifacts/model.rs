//! An artifact, as the product sees it.

use chrono::{DateTime, Utc};

use super::{location::Owner, path::ArtifactPath};
use crate::platform::{Blob, Digest};

/// A file or a folder of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    pub owner: Owner,
    /// From the root of the owner's tree.
    pub path: String,
    /// What a file has and a folder has not.
    pub file: Option<FileFacts>,
}

/// Size and content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Bytes.
    pub size: u64,
    pub digest: Digest,
}

impl Artifact {
    /// The last segment of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// The current file under a path, with what is needed to read its bytes.
#[derive(Clone, Debug)]
pub struct StoredFile {
    pub path: ArtifactPath,
    /// How often the path was uploaded with other content, from 1.
    pub version: i32,
    pub blob: Blob,
    pub created_at: DateTime<Utc>,
}

/// A content that a path has or had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub owner: Owner,
    pub path: String,
    /// From 1; a path keeps counting when it was removed and is uploaded again.
    pub number: i32,
    pub file: FileFacts,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub is_current: bool,
}

/// What a write needs to know of the tree around its path.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// A folder above the path that is a file.
    pub file_above: Option<String>,
    /// Whether something lies below the path.
    pub is_folder: bool,
    /// Whether the path, or something it would touch, belongs to a registered version.
    pub frozen: bool,
    /// The content now under the path.
    pub current: Option<Digest>,
    /// The highest version the path ever had.
    pub last_version: i32,
}

/// Whether the owner of a tree can be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerState {
    Active,
    Removed,
}
