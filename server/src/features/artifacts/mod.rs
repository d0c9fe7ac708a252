//! Files of runs and logged models: uploaded whole, found by path, stored by digest.
//!
//! What must stay true: a path never reaches a file system; an upload is visible only once its bytes are stored, synced and entered in the audit
//! log, whether they came whole or in parts; replacing a path keeps the version it replaces; files of a registered model version never change; what is stored is counted, and nothing
//! that was refused stays in the store; bytes are never interpreted here.

mod error;
pub mod graphql;
pub mod jobs;
pub mod location;
pub mod media;
mod model;
pub mod path;
mod repo;
mod room;
mod service;
mod text;
pub mod uploads;

pub use error::ArtifactError;
pub use model::{Artifact, StoredFile, Version};
pub use service::{MAX_BYTES, among, find, find_version, hold, list, list_many, list_with_root, put, remove, root_uri, versions};
pub use text::beginning;

use crate::access::{Permission, Reads, Writes};

/// List and download artifacts.
pub struct ReadArtifacts;
impl Permission for ReadArtifacts {
    const NAME: shared::Permission = shared::Permission::ArtifactsRead;
    type Mode = Reads;
}

/// Upload and delete artifacts.
pub struct WriteArtifacts;
impl Permission for WriteArtifacts {
    const NAME: shared::Permission = shared::Permission::ArtifactsWrite;
    type Mode = Writes;
}
