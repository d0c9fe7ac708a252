//! Runs: one execution of a training, with its params, tags and metrics.
//!
//! What must stay true: a param is written once; tag `mlflow.runName` and the run's name are one value; a removed run is readable, not writable;
//! creating a run and ending it have an audit entry, and the latter carries the digest of what was logged; a batch is stored as a whole or not at all.

mod acts;
mod authors;
mod columns;
mod digest;
mod error;
mod facets;
pub mod graphql;
mod held;
mod log;
mod model;
mod names;
mod repo;
mod search;
mod service;
mod values;

pub use acts::{Act, Done, RunActs};
pub use authors::of_services;
pub use error::RunError;
pub use facets::{Facet, facets};
pub use log::{Batch, Link};
pub use model::{NAME_TAG, NewRun, Run, RunChange, RunData, Status, Whole, check_name, check_params, check_tags, is_seed, param_set};
pub use search::{RunQuery, Runs, Total, check_filter, count, search, select};
pub use service::{add_model, data, get, get_many, get_whole, note, outputs, remove, remove_tag, rename, restore, set_tag, set_tags, update, whole};
pub use values::{Keys, Values, values};

use crate::access::{Permission, Reads, Writes};

/// See runs.
pub struct ReadRuns;
impl Permission for ReadRuns {
    const NAME: shared::Permission = shared::Permission::RunsRead;
    type Mode = Reads;
}

/// Create runs, log to them and change them.
pub struct WriteRuns;
impl Permission for WriteRuns {
    const NAME: shared::Permission = shared::Permission::RunsWrite;
    type Mode = Writes;
}
