//! Datasets that runs used.
//!
//! What must stay true: a dataset is one thing per (experiment, name, digest); a run has each dataset once, with the tags of the first time.

mod error;
pub mod graphql;
mod model;
mod repo;
mod service;

pub use error::DatasetError;
pub use model::{Input, settle, stored};
pub use service::{log, of_runs};

use crate::access::{Permission, Reads, Writes};

/// See the datasets of runs.
pub struct ReadDatasets;
impl Permission for ReadDatasets {
    const NAME: shared::Permission = shared::Permission::RunsRead;
    type Mode = Reads;
}

/// Log the datasets of runs.
pub struct LogDatasets;
impl Permission for LogDatasets {
    const NAME: shared::Permission = shared::Permission::RunsWrite;
    type Mode = Writes;
}
