//! Experiments: what runs belong to.
//!
//! What must stay true: a name belongs to one experiment of the organization, also when that is removed; removing or restoring an experiment does the
//! same to all its runs; the default experiment always exists, is never removed, and the MLflow protocol knows it as `0`.

mod error;
pub mod graphql;
mod model;
mod repo;
mod service;

pub use error::ExperimentError;
pub use model::{Experiment, ExperimentQuery, ExperimentRef, Keys, Lifecycle, Stats, mlflow_id};
pub use service::{Found, create, find_by_name, get, get_many, insert_like, keys, list, remove, remove_tag, rename, restore, set_tag, stats, tags};

use crate::access::{Permission, Reads, Writes};

/// See experiments.
pub struct ReadExperiments;
impl Permission for ReadExperiments {
    const NAME: shared::Permission = shared::Permission::ExperimentsRead;
    type Mode = Reads;
}

/// Create, rename, remove and restore experiments.
pub struct WriteExperiments;
impl Permission for WriteExperiments {
    const NAME: shared::Permission = shared::Permission::ExperimentsWrite;
    type Mode = Writes;
}
