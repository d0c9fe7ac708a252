//! Projects: the shelves of an organization (MLflow's workspaces). The first is `default`.

pub mod graphql;
mod repo;
mod service;

pub use service::{Project, create, list};

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
