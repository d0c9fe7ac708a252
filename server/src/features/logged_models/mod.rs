//! Models that runs log: a name, params, tags, metrics and a tree of files.
//!
//! What must stay true: an id is never reused and never changes meaning; a removed model keeps its rows and its id answers "not found"; metrics keep
//! the latest value of each key, run and dataset.

mod error;
pub mod graphql;
mod model;
mod repo;
mod search;
mod service;

pub use error::LoggedModelError;
pub use model::{Dataset, Direction, LoggedModel, ModelLink, ModelMetric, NewModel, Status};
pub use search::{Order, Query};
pub use service::{add_params, create, finalize, get, link, links_of_runs, of_runs, record_metrics, remove, remove_tag, search, set_tags};

use crate::access::{Permission, Reads, Writes};

/// See logged models.
pub struct ReadModels;
impl Permission for ReadModels {
    const NAME: shared::Permission = shared::Permission::ModelsRead;
    type Mode = Reads;
}

/// Log models and change them.
pub struct WriteModels;
impl Permission for WriteModels {
    const NAME: shared::Permission = shared::Permission::ModelsWrite;
    type Mode = Writes;
}
