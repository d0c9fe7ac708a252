//! The model registry: models under names, their numbered versions, stages, aliases and tags.
//!
//! What must stay true: a version number is never given twice; a version is made only from files of this organization, and once made those files never
//! change; an alias points at one version at a time.

mod error;
pub mod graphql;
mod model;
mod repo;
mod search;
mod service;
mod versions;

pub use error::RegistryError;
pub use model::{Alias, ModelName, ModelVersion, PROMPT_TAG, RegisteredModel, Stage, parse_version};
pub use search::{ModelQuery, VersionQuery};
pub use service::{create, find_by_name, get, list, of_ids, remove, remove_alias, remove_tag, rename, search, set_alias, set_tag, update};
pub use versions::{
    NewVersion, by_alias, create as create_version, download_uri, get as get_version, latest as latest_versions, of_models, remove as remove_version,
    remove_tag as remove_version_tag, search as search_versions, set_tag as set_version_tag, transition, update as update_version,
};

use crate::access::{Permission, Reads, Writes};

/// See registered models and their versions.
pub struct ReadRegistry;
impl Permission for ReadRegistry {
    const NAME: shared::Permission = shared::Permission::ModelsRead;
    type Mode = Reads;
}

/// Register models, tag and alias their versions.
pub struct WriteRegistry;
impl Permission for WriteRegistry {
    const NAME: shared::Permission = shared::Permission::ModelsWrite;
    type Mode = Writes;
}
