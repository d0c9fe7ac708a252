//! Projects: the shelves of an organization (MLflow's workspaces). The first is `default`.
//!
//! What must stay true: the names of experiments and registered models belong to their project; the default project always exists; what a project holds
//! is never removed with it.

mod error;
pub mod graphql;
mod model;
mod repo;
mod service;

pub use error::ProjectError;
pub use model::{Leave, Project};
pub use service::{create, create_named, describe, get, list, reach, remove};

use crate::access::{Permission, Reads, Writes};

/// See projects.
pub struct ListProjects;
impl Permission for ListProjects {
    const NAME: shared::Permission = shared::Permission::ProjectsRead;
    type Mode = Reads;
}

/// Create projects.
pub struct ManageProjects;
impl Permission for ManageProjects {
    const NAME: shared::Permission = shared::Permission::ProjectsWrite;
    type Mode = Writes;
}
