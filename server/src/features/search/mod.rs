//! Finding anything by a few letters, for the command palette: a read-only slice over many nouns.
//!
//! What must stay true: a kind of thing is searched only under its own permission, so a hit never
//! shows what its page would not.

pub mod graphql;
mod repo;
mod service;

pub use service::{Hit, Kind, search};

use crate::access::{Permission, Reads};

/// See experiments.
pub struct FindExperiments;
impl Permission for FindExperiments {
    const NAME: shared::Permission = shared::Permission::ExperimentsRead;
    type Mode = Reads;
}

/// See runs.
pub struct FindRuns;
impl Permission for FindRuns {
    const NAME: shared::Permission = shared::Permission::RunsRead;
    type Mode = Reads;
}

/// See models.
pub struct FindModels;
impl Permission for FindModels {
    const NAME: shared::Permission = shared::Permission::ModelsRead;
    type Mode = Reads;
}

/// See members.
pub struct FindMembers;
impl Permission for FindMembers {
    const NAME: shared::Permission = shared::Permission::MembersRead;
    type Mode = Reads;
}
