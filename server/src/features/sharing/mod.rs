//! Who works in which project, and what is shared with the whole organization.
//!
//! What must stay true: the default project is open; nobody gives a right in a project that they do not have there themselves; every change of who may what
//! raises the organization's authorization epoch in the same transaction. What the rows here say is decided by [`crate::access`] and kept by row policies, so
//! no other slice asks.

mod error;
pub mod graphql;
mod model;
mod repo;
mod service;

pub use error::SharingError;
pub use model::{Access, Worker};
pub use service::{check_within, is_everybodys, open, readers, remove_worker, restrict, set_worker, share, unshare, workers};

use crate::access::{Permission, Reads, Writes};

/// See who works in a project.
pub struct ListWorkers;
impl Permission for ListWorkers {
    const NAME: shared::Permission = shared::Permission::ProjectsRead;
    type Mode = Reads;
}

/// Decide who works in a project, and share its experiments.
pub struct ShareProjects;
impl Permission for ShareProjects {
    const NAME: shared::Permission = shared::Permission::ProjectsShare;
    type Mode = Writes;
}
