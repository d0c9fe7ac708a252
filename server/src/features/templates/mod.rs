//! Templates: finished runs and experiments that the team starts from.
//!
//! What must stay true: of runs only those that finished are templates; a run or an experiment is one once at a time; a name is used once in a project; a removed template can be brought back,
//! and what was started from it stays linked to it.

mod error;
pub mod graphql;
mod model;
mod repo;
mod service;

pub use error::TemplateError;
pub use model::{Origin, TAG, Template};
pub use service::{
    create, create_of_experiment, get, list, of_experiments, of_runs, remove, restore, start_experiment, started, started_experiments, update,
};
